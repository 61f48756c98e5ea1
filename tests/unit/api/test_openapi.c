/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The OpenAPI document by its own rules: every reference leads somewhere, every operation has an id of its own and answers, every {name}
 * of a path is a parameter; and by ours: every verb and every collection is in it. */
#include "api/openapi.h"
#include "job/command.h"
#include "model/inventory.h"

#include <json-c/json.h>
#include <string.h>

static struct json_object *document;

static struct json_object *
member(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(object, name, &value))
        g_error("there is no member '%s'", name);
    return value;
}

/* "#/components/schemas/vm" */
static void
assert_leads(const char *reference)
{
    g_auto(GStrv) parts = g_strsplit(reference, "/", -1);
    struct json_object *at = document;
    g_assert_cmpstr(parts[0], ==, "#");
    for (guint i = 1; parts[i]; i++)
        at = member(at, parts[i]);
}

static void
walk_references(struct json_object *value)
{
    if (json_object_is_type(value, json_type_array)) {
        for (gsize i = 0; i < json_object_array_length(value); i++)
            walk_references(json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, name, inner) {
            if (g_str_equal(name, "$ref") && json_object_is_type(inner, json_type_string)) {
                assert_leads(json_object_get_string(inner));
                g_assert_cmpint(json_object_object_length(value), ==, 1);
            } else {
                walk_references(inner);
            }
        }
    }
}

static gboolean
has_parameter(struct json_object *item, const char *wanted)
{
    struct json_object *parameters = NULL;
    json_object_object_get_ex(item, "parameters", &parameters);
    for (gsize i = 0; parameters && i < json_object_array_length(parameters); i++) {
        struct json_object *parameter = json_object_array_get_idx(parameters, i);
        if (g_str_equal(json_object_get_string(member(parameter, "name")), wanted)) {
            g_assert_cmpstr(json_object_get_string(member(parameter, "in")), ==, "path");
            g_assert_true(json_object_get_boolean(member(parameter, "required")));
            return TRUE;
        }
    }
    return FALSE;
}

static void
check_path(const char *path, struct json_object *item, GHashTable *ids)
{
    static const char *const methods[] = { "get", "post", "put", "delete", NULL };
    g_autoptr(GRegex) regex = g_regex_new("\\{([a-z]+)\\}", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    for (g_regex_match(regex, path, 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
        g_autofree char *name = g_match_info_fetch(match, 1);
        if (!has_parameter(item, name))
            g_error("%s has no parameter %s", path, name);
    }
    json_object_object_foreach(item, name, operation) {
        if (g_str_equal(name, "parameters"))
            continue;
        g_assert_true(g_strv_contains(methods, name));
        if (!g_hash_table_add(ids, (gpointer) json_object_get_string(member(operation, "operationId"))))
            g_error("%s %s: its operationId is used twice", name, path);
        g_assert_cmpint(json_object_object_length(member(operation, "responses")), >=, 2);
    }
}

static void
test_document(void)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    g_assert_cmpstr(json_object_get_string(member(document, "openapi")), ==, "3.0.3");
    walk_references(document);
    json_object_object_foreach(member(document, "paths"), at, item)
        check_path(at, item, ids);
    for (const Command *const *row = command_registry; *row; row++) {
        g_autofree char *name = command_name(*row);
        if (!g_hash_table_contains(ids, name))
            g_error("%s is not in the document", name);
    }
    for (const Type *const *type = inventory_types; *type; type++) {
        g_autofree char *path = g_strconcat("/", (*type)->path, NULL);
        member(member(document, "paths"), path);
        member(member(member(document, "components"), "schemas"), (*type)->one);
    }
}

static void
test_secrets(void)
{
    struct json_object *user = member(member(member(member(document, "components"), "schemas"), "user"), "properties");
    g_assert_false(json_object_object_get_ex(user, "password", NULL));
    g_assert_true(json_object_object_get_ex(user, "user_name", NULL));
}

int
main(int argc, char **argv)
{
    g_auto(Text) text = TEXT_EMPTY;
    g_test_init(&argc, &argv, NULL);
    openapi_write(&text);
    text_grow(&text, 1);
    text.bytes[text.length] = '\0';
    document = json_tokener_parse(text.bytes);
    g_assert_nonnull(document);
    g_test_add_func("/openapi/document", test_document);
    g_test_add_func("/openapi/secrets", test_secrets);
    int status = g_test_run();
    json_object_put(document);
    return status;
}
