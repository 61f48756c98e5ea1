/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Few ids are searched for, of many the whole collection is asked for: a table of some attachments must not fetch all disks of an
 * estate. A name that cannot be had is no reason to fail: then the id is printed. */
#include "cli/names.h"

#include "cli/words.h"

#define MOST_SEARCHED 50                /* ids in one search: the manager takes 64 terms and 4 KiB */

/* What OBJECT refers to by ROW, if its name is neither said with it nor known. Known from here on, were it as nothing: nobody asks twice. */
static void
gather(struct json_object *object, const char *row, struct json_object *names, GPtrArray *ids)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(object, row, &value) || !json_object_is_type(value, json_type_object))
        return;
    const char *id = words_string(value, "id");
    if (!*id || *words_string(value, "name") || json_object_object_get_ex(names, id, NULL))
        return;
    json_object_object_add(names, id, json_object_new_string(""));
    g_ptr_array_add(ids, (gpointer) id);
}

static GPtrArray *
gather_all(struct json_object *objects, const char *row, struct json_object *names)
{
    GPtrArray *ids = g_ptr_array_new();
    if (!json_object_is_type(objects, json_type_array))
        gather(objects, row, names, ids);
    for (gsize i = 0; json_object_is_type(objects, json_type_array) && i < json_object_array_length(objects); i++)
        gather(json_object_array_get_idx(objects, i), row, names, ids);
    return ids;
}

/* Yours. */
static char *
path_to(struct json_object *type, const GPtrArray *ids)
{
    g_auto(Text) path = TEXT_EMPTY;
    text_printf(&path, "/%s%s", words_string(type, "path"), ids->len > MOST_SEARCHED ? "" : "?search=");
    for (guint i = 0; i < ids->len && ids->len <= MOST_SEARCHED; i++) {
        g_autofree char *term = g_strdup_printf("%sid=\"%s\"", i ? " or " : "", (const char *) ids->pdata[i]);
        text_add_url(&path, term);
    }
    return g_strndup(path.bytes, path.length);
}

static void
add_names(Client *client, struct json_object *type, const GPtrArray *ids, struct json_object *names)
{
    g_autoptr(GError) ignored = NULL;
    g_autofree char *path = path_to(type, ids);
    struct json_object *reply = client_json(client, "GET", path, NULL, &ignored), *objects = NULL;
    json_object_object_get_ex(reply, words_string(type, "one"), &objects);
    for (gsize i = 0; objects && i < json_object_array_length(objects); i++) {
        struct json_object *object = json_object_array_get_idx(objects, i);
        const char *name = *words_string(object, "name") ? words_string(object, "name") : words_string(object, "alias");
        json_object_object_add(names, words_string(object, "id"), json_object_new_string(name));
    }
    json_object_put(reply);
}

struct json_object *
names_fetch(Client *client, struct json_object *description, struct json_object *type, struct json_object *objects, gboolean shown)
{
    struct json_object *names = json_object_new_object(), *fields = NULL;
    json_object_object_get_ex(type, "fields", &fields);
    for (gsize i = 0; objects && fields && i < json_object_array_length(fields); i++) {
        struct json_object *row = json_object_array_get_idx(fields, i);
        struct json_object *of = g_str_equal(words_string(row, "kind"), "ref") ? words_of(description, row) : NULL;
        if (!of || *words_string(of, "parent") || (shown && !words_field_has(row, "show")))
            continue;
        g_autoptr(GPtrArray) ids = gather_all(objects, words_string(row, "name"), names);
        if (ids->len)
            add_names(client, of, ids, names);
    }
    return names;
}
