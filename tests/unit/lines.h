/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Golden cases as text: a line a thing, `WORD path=value path='two words'`, `#` comments. Paths are rows of the type's table,
 * values as the API has them ("2GiB", "true"); lists of words stand with commas; a reference is a UUID or any name, which is
 * then the same UUID wherever it stands. Used by the tests of placement and of host's domain_xml. */
#pragma once

#include "schema/read.h"

#include <string.h>

static inline Id
lines_id(const char *name)
{
    Id id;
    return id_parse(name, ID_UUID, &id) ? id : id_named(&id_null, name);
}

/* NULL path or type mistakes end the test: a case that is misread proves nothing. */
static inline void
lines_set(const Type *type, gpointer record, const char *path, const char *value)
{
    g_autoptr(GError) error = NULL;
    gconstpointer holder = NULL;
    const Field *field = type_walk(type, record, path, &holder);
    if (!field)
        g_error("%s has no field %s", type->one, path);
    gpointer member = (char *) holder + field->offset;
    if (field->kind == KIND_REF) {
        ((Ref *) member)->id = *value ? lines_id(value) : id_null;
    } else if (field->kind == KIND_WORDS) {
        g_auto(GStrv) words = *value ? g_strsplit(value, ",", -1) : g_new0(char *, 1);
        words_set(member, (const char *const *) words);
    } else if (!*value && field->kind == KIND_TEXT) {
        text_set(member, NULL);
    } else if (!read_scalar(type, field, (gpointer) holder, value, TRUE, &error)) {
        g_error("%s.%s: %s", type->one, path, error->message);
    }
}

/* The words of a line, quotes resolved; NULL for an empty line or a comment. */
static inline char **
lines_words(const char *line)
{
    g_auto(GStrv) words = NULL;
    g_autofree char *text = g_strstrip(g_strdup(line));
    if (!*text || *text == '#' || !g_shell_parse_argv(text, NULL, &words, NULL))
        return NULL;
    return g_steal_pointer(&words);
}

/* The value of `name=…` among WORDS; NULL. */
static inline const char *
lines_get(char **words, const char *name)
{
    gsize length = strlen(name);
    for (; *words; words++) {
        if (strncmp(*words, name, length) == 0 && (*words)[length] == '=')
            return *words + length + 1;
    }
    return NULL;
}

/* Sets every `path=value` of WORDS but those in EXCEPT (ends in NULL); `id=` sets an Object's id. */
static inline void
lines_apply(const Type *type, gpointer record, char **words, const char *const *except)
{
    for (; *words; words++) {
        const char *equals = strchr(*words, '=');
        if (!equals)
            continue;
        g_autofree char *path = g_strndup(*words, (gsize) (equals - *words));
        if (except && g_strv_contains(except, path))
            continue;
        if (g_str_equal(path, "id"))
            ((Object *) record)->id = lines_id(equals + 1);
        else
            lines_set(type, record, path, equals + 1);
    }
}

static inline int
lines_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Every file of FOLDER whose name ends in SUFFIX, sorted; owned paths. */
static inline GPtrArray *
lines_files(const char *folder, const char *suffix)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        if (g_str_has_suffix(name, suffix))
            g_ptr_array_add(files, g_build_filename(folder, name, NULL));
    }
    g_ptr_array_sort(files, lines_compare);
    return files;
}

/* The whole of a golden answer, compared; with REGENERATE=1 written instead. */
static inline void
lines_check(const char *path, const char *text)
{
    g_autofree char *wanted = NULL;
    if (g_getenv("REGENERATE"))
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
    if (!g_file_get_contents(path, &wanted, NULL, NULL))
        g_error("there is no %s; REGENERATE=1 writes it", path);
    if (!g_str_equal(text, wanted))
        g_test_message("%s is otherwise now:\n%s", path, text);
    g_assert_cmpstr(text, ==, wanted);
}
