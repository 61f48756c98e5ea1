/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The mark and the notes of a storage domain, in real directories: whole or not there, nobody else's, and never another's. */
#include "host/volume_mark.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir;

static char *
inner(const char *name)
{
    return g_build_filename(dir, ".shikiri", name, NULL);
}

static void
open_dir(void)
{
    dir = g_dir_make_tmp("mark-XXXXXX", NULL);
    g_assert_nonnull(dir);
}

static void
close_dir(void)
{
    g_autofree char *command = g_strconcat("rm -rf ", dir, NULL);
    g_assert_cmpint(system(command), ==, 0);
    g_clear_pointer(&dir, g_free);
}

static void
fails(gboolean well, GError **error, MessageCode code)
{
    g_assert_false(well);
    g_assert_nonnull(*error);
    g_assert_cmpint(message_code(fault_message(*error)), ==, code);
    g_clear_error(error);
}

static void
test_mark(void)
{
    GError *error = NULL;
    Id one = id_random(), two = id_random(), there;
    open_dir();
    g_assert_true(volume_mark_read(dir, "h", &there, &error));
    g_assert_true(id_is_null(&there));
    fails(volume_mark_verify(dir, "h", &one, &error), &error, MSG_STORE_UNMARKED);
    g_assert_true(volume_mark_write(dir, "h", &one, &error));
    g_assert_true(volume_mark_write(dir, "h", &one, &error));
    g_assert_true(volume_mark_verify(dir, "h", &one, &error));
    fails(volume_mark_write(dir, "h", &two, &error), &error, MSG_STORE_MARKED);
    fails(volume_mark_verify(dir, "h", &two, &error), &error, MSG_STORE_OF_OTHER);
    fails(volume_mark_clear(dir, "h", &two, &error), &error, MSG_STORE_MARKED);
    g_assert_true(volume_mark_clear(dir, "h", &one, &error));
    g_assert_true(volume_mark_clear(dir, "h", &one, &error));
    g_autofree char *box = inner(NULL);
    g_assert_false(g_file_test(box, G_FILE_TEST_EXISTS));
    close_dir();
    fails(volume_mark_write("/nowhere/at/all", "h", &one, &error), &error, MSG_STORE_MISSING);
}

static void
test_notes(void)
{
    GError *error = NULL;
    Id id = id_random();
    char *text = NULL;
    open_dir();
    g_assert_true(volume_note_write(dir, "h", "domain", NULL, &error));
    g_auto(GStrv) none = volume_note_list(dir, "h", &error);
    g_assert_true(none && !none[0]);
    g_assert_true(volume_mark_write(dir, "h", &id, &error));
    g_assert_true(volume_note_read(dir, "h", "domain", &text, &error));
    g_assert_null(text);
    g_assert_true(volume_note_write(dir, "h", "domain", "one\n", &error) && volume_note_write(dir, "h", "domain", "two\n", &error));
    g_assert_true(volume_note_read(dir, "h", "domain", &text, &error));
    g_assert_cmpstr(text, ==, "two\n");
    g_clear_pointer(&text, g_free);
    g_autofree char *half = inner(".half");
    g_assert_true(g_file_set_contents(half, "half", -1, &error));
    g_auto(GStrv) names = volume_note_list(dir, "h", &error);
    g_assert_true(names && g_strv_length(names) == 1 && g_str_equal(names[0], "domain"));      /* neither the mark nor what is half */
    static const char *const bad[] = { "id", "", "a/b", "..", "A", "../x" };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        fails(volume_note_write(dir, "h", bad[i], "x", &error), &error, MSG_STORE_MARK_FAILED);
    g_assert_true(volume_note_write(dir, "h", "domain", NULL, &error));
    g_assert_true(volume_note_read(dir, "h", "domain", &text, &error));
    g_assert_null(text);
    g_assert_true(volume_note_write(dir, "h", "domain", "x", &error) && volume_mark_clear(dir, "h", &id, &error));
    g_autofree char *box = inner(NULL);
    g_assert_false(g_file_test(box, G_FILE_TEST_EXISTS));
    close_dir();
}

/* A half that a dead process left is no note, and in nobody's way. */
static void
test_leftovers(void)
{
    GError *error = NULL;
    Id id = id_random();
    open_dir();
    g_autofree char *box = inner(NULL), *half = inner(".half"), *mark = inner("id");
    g_assert_cmpint(g_mkdir(box, 0700), ==, 0);
    g_assert_true(g_file_set_contents(half, "half", -1, NULL));
    g_assert_true(volume_mark_write(dir, "h", &id, &error) && volume_mark_verify(dir, "h", &id, &error));
    g_assert_false(g_file_test(half, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_set_contents(mark, "rubbish", -1, NULL));
    fails(volume_mark_verify(dir, "h", &id, &error), &error, MSG_STORE_MARK_STRANGE);
    fails(volume_mark_write(dir, "h", &id, &error), &error, MSG_STORE_MARK_STRANGE);
    close_dir();
}

/* What others could have put there is not believed. */
static void
test_others(void)
{
    GError *error = NULL;
    Id id = id_random();
    char *text = NULL;
    open_dir();
    g_autofree char *box = inner(NULL), *note = inner("domain"), *elsewhere = g_build_filename(dir, "elsewhere", NULL);
    g_assert_cmpint(g_mkdir(elsewhere, 0700), ==, 0);
    g_assert_cmpint(symlink(elsewhere, box), ==, 0);
    fails(volume_mark_write(dir, "h", &id, &error), &error, MSG_STORE_MARK_FAILED);
    g_assert_cmpint(unlink(box), ==, 0);
    g_assert_true(volume_mark_write(dir, "h", &id, &error));
    g_assert_cmpint(symlink("/etc/passwd", note), ==, 0);
    fails(volume_note_read(dir, "h", "domain", &text, &error), &error, MSG_STORE_MARK_FAILED);
    g_assert_true(volume_note_write(dir, "h", "domain", "ours", &error));
    g_assert_true(volume_note_read(dir, "h", "domain", &text, &error));
    g_assert_cmpstr(text, ==, "ours");
    g_free(text);
    g_assert_cmpint(chmod(box, 0777), ==, 0);
    fails(volume_mark_verify(dir, "h", &id, &error), &error, MSG_STORE_MARK_OPEN);
    close_dir();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/volume mark/mark", test_mark);
    g_test_add_func("/volume mark/notes", test_notes);
    g_test_add_func("/volume mark/leftovers", test_leftovers);
    g_test_add_func("/volume mark/others", test_others);
    return g_test_run();
}
