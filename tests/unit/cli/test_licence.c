/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri licence` as it was built. tests/golden/licence/vectors has what the rules give, reckoned by hand, as members of the JSON; each *.cmd beside it a command
 * a line, with all that it prints in its .out (REGENERATE=1 writes them). No manager is there, and none is asked. */
#include "licence/ledger.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <json-c/json.h>
#include <string.h>

static char *program, *folder;

/* Runs shikiri with LINE's words in the folder of the cases; the exit status. */
static int
run(const char *line, const char *more, char **ret_out, char **ret_err)
{
    g_auto(GStrv) words = NULL;
    g_autofree char *whole = g_strconcat("shikiri ", line, more, NULL);
    g_autoptr(GError) error = NULL;
    int status = -1;
    g_assert_true(g_shell_parse_argv(whole, NULL, &words, NULL));
    g_free(words[0]);
    words[0] = g_strdup(program);
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "LC_ALL", "C", TRUE);
    g_spawn_sync(folder, words, environment, G_SPAWN_DEFAULT, NULL, NULL, ret_out, ret_err, &status, &error);
    g_assert_no_error(error);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* --- vectors ---------------------------------------------------------------------------------------------------------------- */

/* "findings.id": of a list the member of each. Yours to put. */
static struct json_object *
member(struct json_object *object, char *const *path)
{
    struct json_object *found = NULL;
    if (!*path)
        return json_object_get(object);
    if (json_object_is_type(object, json_type_array)) {
        struct json_object *all = json_object_new_array();
        for (gsize i = 0; i < json_object_array_length(object); i++)
            json_object_array_add(all, member(json_object_array_get_idx(object, i), path));
        return all;
    }
    json_object_object_get_ex(object, *path, &found);
    return member(found, path + 1);
}

static void
assert_member(const char *id, struct json_object *reply, char *line)
{
    char *value = strchr(g_strchug(line), ' ');
    g_assert_nonnull(value);
    *value = '\0';
    g_auto(GStrv) path = g_strsplit(line, ".", -1);
    struct json_object *found = member(reply, path);
    const char *given = json_object_to_json_string_ext(found, JSON_C_TO_STRING_PLAIN);
    if (!g_str_equal(given, g_strchug(value + 1)))
        g_error("%s: %s is %s and not %s", id, line, given, value + 1);
    json_object_put(found);
}

static void
test_vectors(void)
{
    g_autofree char *file = g_build_filename(folder, "vectors", NULL), *text = NULL;
    g_autofree char *id = NULL;
    struct json_object *reply = NULL;
    guint commands = 0, members = 0;
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (!**line || **line == '#')
            continue;
        if (**line == ' ') {
            assert_member(id, reply, *line);
            members++;
            continue;
        }
        g_autofree char *out = NULL, *err = NULL;
        char *command = strchr(*line, ' ');
        g_free(id);
        id = g_strndup(*line, (gsize) (command - *line));
        g_autofree char *whole = g_strconcat("licence", command, NULL);
        if (run(whole, " --json", &out, &err) != 0)
            g_error("%s: %s", *line, err);
        json_object_put(reply);
        reply = json_tokener_parse(out);
        g_assert_nonnull(reply);
        commands++;
    }
    json_object_put(reply);
    g_assert_cmpuint(commands, >, 15);
    g_assert_cmpuint(members, >, 40);
}

/* --- what is printed -------------------------------------------------------------------------------------------------------- */

static void
test_printed(gconstpointer name)
{
    g_autofree char *file = g_build_filename(folder, name, NULL), *commands = NULL, *wanted = NULL;
    g_autofree char *stem = g_strndup(file, strlen(file) - strlen(".cmd")), *kept = g_strconcat(stem, ".out", NULL);
    GString *all = g_string_new(NULL);
    g_assert_true(g_file_get_contents(file, &commands, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(g_strchomp(commands), "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *out = NULL, *err = NULL;
        int status = run(*line, "", &out, &err);
        g_string_append_printf(all, "$ shikiri %s\n%s%s[%d]\n", *line, out, err, status);
    }
    g_autofree char *said = g_string_free(all, FALSE);
    if (g_getenv("REGENERATE"))
        g_assert_true(g_file_set_contents(kept, said, -1, NULL));
    g_file_get_contents(kept, &wanted, NULL, NULL);
    if (g_strcmp0(said, wanted) != 0)
        g_error("%s: not what is kept beside it, but:\n%s", (const char *) name, said);
}

/* --- ledgers ---------------------------------------------------------------------------------------------------------------- */

static void
remove_folder(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_unlink(file);
    }
    g_rmdir(path);
}

static void
test_verify(void)
{
    g_autofree char *place = g_dir_make_tmp("shikiri-verify-XXXXXX", NULL), *key = g_build_filename(place, "key", NULL), *file = g_build_filename(place, "000001.ledger", NULL);
    g_autofree char *line = g_strdup_printf("licence verify %s --key %s.pub", place, key), *bytes = NULL;
    g_autofree char *good = NULL, *quiet = NULL, *bad = NULL, *why = NULL, *japanese = NULL;
    const LedgerFact facts[] = { { .name = "vm", .kind = LEDGER_TEXT, .text = "A" }, { .name = NULL } };
    Wall now = (Wall) 1767571200 * CLOCK_SECOND;
    Ledger *ledger = ledger_open(place, key, now, NULL);
    g_assert_nonnull(ledger);
    for (guint i = 0; i < 4; i++)
        g_assert_true(ledger_append(ledger, now + i * CLOCK_SECOND, i == 2 ? "gap" : "stop", facts, NULL));
    ledger_close(ledger);
    g_assert_cmpint(run(line, "", &good, &quiet), ==, 0);
    g_assert_nonnull(strstr(good, "Records: 5; segments: 1; from 2026-01-05T00:00:00.000Z to 2026-01-05T00:00:03.000Z: all are as they were written."));
    g_assert_nonnull(strstr(good, "Gaps in which nothing was observed: 1."));
    g_assert_true(g_file_get_contents(file, &bytes, NULL, NULL));
    strstr(bytes, "\"vm\":\"A\"")[6] = 'B';
    g_assert_true(g_file_set_contents(file, bytes, -1, NULL));
    g_assert_cmpint(run(line, " --json", &bad, &why), ==, 6);
    g_assert_nonnull(strstr(bad, "\"bad\":{\"record\":2,\"line\":2,"));
    g_assert_nonnull(strstr(why, "is not as it was written: Its signature does not fit what it says."));
    g_free(why);
    g_assert_cmpint(run(line, " --lang=ja", &japanese, &why), ==, 6);
    g_assert_nonnull(strstr(why, "署名が内容と一致しません。"));
    remove_folder(place);
}

/* Tables that a person edits, in a folder of their own, and as they are printed. */
static void
test_tables(void)
{
    g_autofree char *place = g_dir_make_tmp("shikiri-tables-XXXXXX", NULL), *file = g_build_filename(place, "core-factors.json", NULL);
    g_autofree char *line = g_strdup_printf("licence plan --topology=E5649.json --vcpus=4 --json --tables=%s", place);
    g_autofree char *out = NULL, *err = NULL, *factors = NULL, *none = NULL, *changed = NULL, *wrong = NULL;
    g_assert_cmpint(run(line, "", &out, &err), ==, 2);
    g_assert_cmpint(run("licence tables core-factors", "", &factors, &none), ==, 0);
    g_assert_true(g_file_set_contents(file, "{\"date\":\"2030-01-01\",\"source\":\"x\",\"factors\":[{\"factor\":1}]}", -1, NULL));
    g_free(err);
    g_assert_cmpint(run(line, "", &changed, &err), ==, 0);
    g_assert_nonnull(strstr(changed, "\"licences\":2"));
    g_assert_nonnull(strstr(changed, "2030-01-01"));
    g_assert_true(g_file_set_contents(file, factors, -1, NULL));
    g_free(changed);
    g_free(err);
    g_assert_cmpint(run(line, "", &changed, &err), ==, 0);
    g_assert_nonnull(strstr(changed, "\"licences\":1"));
    g_assert_true(g_file_set_contents(file, "{}", -1, NULL));
    g_free(err);
    g_assert_cmpint(run(line, "", &wrong, &err), ==, 2);
    g_assert_nonnull(strstr(err, "'date'"));
    remove_folder(place);
}

int
main(int argc, char **argv)
{
    g_autofree char *here = g_path_get_dirname(argv[0]), *absolute = g_canonicalize_filename(here, NULL);
    g_test_init(&argc, &argv, NULL);
    program = g_build_filename(absolute, "..", "..", "..", "shikiri", NULL);
    folder = g_test_build_filename(G_TEST_DIST, "tests", "golden", "licence", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));) {
        if (!g_str_has_suffix(name, ".cmd"))
            continue;
        g_ptr_array_add(names, g_strdup(name));
        g_autofree char *test = g_strconcat("/licence/", name, NULL);
        g_test_add_data_func(test, names->pdata[names->len - 1], test_printed);
    }
    g_assert_cmpuint(names->len, >, 2);
    g_test_add_func("/licence/vectors", test_vectors);
    g_test_add_func("/licence/verify", test_verify);
    g_test_add_func("/licence/tables", test_tables);
    int status = g_test_run();
    g_free(program);
    g_free(folder);
    return status;
}
