/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A whole collection is asked for, and not object by object: hosts, clusters and profiles are few. A name that cannot be had is
 * no reason to fail: then the id is printed. */
#include "cli/names.h"

#include "cli/words.h"

/* Does OBJECT refer to something by ROW, whose name is not said with it? */
static gboolean
lacks_name(struct json_object *object, const char *row)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(object, row, &value) && json_object_is_type(value, json_type_object) && *words_string(value, "id") &&
           !*words_string(value, "name");
}

static gboolean
anybody_lacks(struct json_object *objects, const char *row)
{
    if (!json_object_is_type(objects, json_type_array))
        return lacks_name(objects, row);
    for (gsize i = 0; i < json_object_array_length(objects); i++) {
        if (lacks_name(json_object_array_get_idx(objects, i), row))
            return TRUE;
    }
    return FALSE;
}

static void
add_names(Client *client, struct json_object *type, struct json_object *names)
{
    g_autoptr(GError) ignored = NULL;
    g_autofree char *path = g_strconcat("/", words_string(type, "path"), NULL);
    struct json_object *reply = client_json(client, "GET", path, NULL, &ignored), *objects = NULL;
    json_object_object_get_ex(reply, words_string(type, "one"), &objects);
    for (gsize i = 0; objects && i < json_object_array_length(objects); i++) {
        struct json_object *object = json_object_array_get_idx(objects, i);
        const char *name = *words_string(object, "name") ? words_string(object, "name") : words_string(object, "alias");
        if (*name)
            json_object_object_add(names, words_string(object, "id"), json_object_new_string(name));
    }
    json_object_put(reply);
}

struct json_object *
names_fetch(Client *client, struct json_object *description, struct json_object *type, struct json_object *objects, gboolean shown)
{
    struct json_object *names = json_object_new_object(), *fields = NULL;
    g_autoptr(GHashTable) asked = g_hash_table_new(g_str_hash, g_str_equal);
    json_object_object_get_ex(type, "fields", &fields);
    for (gsize i = 0; objects && fields && i < json_object_array_length(fields); i++) {
        struct json_object *row = json_object_array_get_idx(fields, i);
        struct json_object *of = g_str_equal(words_string(row, "kind"), "ref") ? words_of(description, row) : NULL;
        if (!of || *words_string(of, "parent") || (shown && !words_field_has(row, "show")))
            continue;
        if (anybody_lacks(objects, words_string(row, "name")) && g_hash_table_add(asked, (gpointer) words_string(of, "one")))
            add_names(client, of, names);
    }
    return names;
}
