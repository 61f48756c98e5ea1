/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is told about a type: JSON that a JSON reader reads and says what the rows say, Markdown with a line a row, and no
 * word of what is secret. */
#include "estate.h"

#include "schema/describe.h"

#include <json-c/json.h>
#include <string.h>

static struct json_object *
row_of(struct json_object *type, const char *name)
{
    struct json_object *fields = json_object_object_get(type, "fields");
    for (gsize i = 0; i < json_object_array_length(fields); i++) {
        struct json_object *row = json_object_array_get_idx(fields, i);
        if (g_str_equal(json_object_get_string(json_object_object_get(row, "name")), name))
            return row;
    }
    return NULL;
}

static const char *
say(struct json_object *row, const char *key)
{
    return json_object_to_json_string_ext(json_object_object_get(row, key), JSON_C_TO_STRING_PLAIN);
}

static void
test_json(void)
{
    static const char *const verbs[] = { "sail", "moor", NULL };
    g_auto(Text) out = TEXT_EMPTY;
    describe_json(&out, &ship_type, ship_words, verbs, LANGUAGE_EN);
    g_autofree char *text = text_take(&out);
    struct json_object *type = json_tokener_parse(text);
    g_assert_nonnull(type);
    g_assert_cmpstr(say(type, "one"), ==, "\"ship\"");
    g_assert_cmpstr(say(type, "path"), ==, "\"ships\"");
    g_assert_cmpstr(say(type, "verbs"), ==, "[\"sail\",\"moor\"]");
    g_assert_cmpstr(say(row_of(type, "name"), "flags"), ==, "[\"add\",\"set\",\"find\",\"show\",\"need\"]");
    g_assert_cmpstr(say(row_of(type, "status"), "values"), ==, "[\"at_sea\",\"in_port\",\"laid_up\"]");
    g_assert_cmpstr(say(row_of(type, "home_port"), "of"), ==, "\"port\"");
    g_assert_cmpstr(say(row_of(type, "flags"), "item"), ==, "\"flag\"");
    g_assert_cmpstr(say(row_of(type, "passengers"), "path"), ==, "\"passengers\"");
    g_assert_cmpstr(say(row_of(row_of(type, "motor"), "power"), "kind"), ==, "\"int\"");
    g_assert_cmpuint(json_object_array_length(json_object_object_get(type, "search")), ==, 16);
    g_assert_null(row_of(type, "secret"));
    g_assert_null(strstr(text, "Never told"));
    json_object_put(type);
}

static void
test_markdown(void)
{
    static const char *const verbs[] = { "sail", NULL };
    g_auto(Text) out = TEXT_EMPTY;
    describe_markdown(&out, &ship_type, ship_words, verbs);
    g_autofree char *text = text_take(&out);
    g_assert_nonnull(strstr(text, "## ship\n\nWhat floats.\n\nPath: `/ships`.\n"));
    g_assert_nonnull(strstr(text, "| `name` | text | needed to add, set, search | Its name. |\n"));
    g_assert_nonnull(strstr(text, "| `status` | `at_sea`, `in_port`, `laid_up` | reported by its host, search | Where it is. |\n"));
    g_assert_nonnull(strstr(text, "| `motor.maker` | text | add, set, search | Who built it \\| and where. |\n"));
    g_assert_nonnull(strstr(text, "Verbs: `sail`.\n"));
    g_assert_nonnull(strstr(text, "Search words: `built`, "));
    g_assert_null(strstr(text, "secret"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/describe/json", test_json);
    g_test_add_func("/describe/markdown", test_markdown);
    return g_test_run();
}
