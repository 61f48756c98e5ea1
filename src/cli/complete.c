/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Candidates by place: verb, type, name, field=value. Whatever cannot be had is left out without a word: the person is typing. */
#include "cli/complete.h"

#include "cli/words.h"

#include <stdio.h>

typedef struct {
    Client *client;
    const Options *typed;
    const char *partial;
    struct json_object *description;    /* NULL: no manager */
    struct json_object *type;           /* NULL: none was typed, or it is unknown */
} Completing;

static void
offer(const Completing *at, const char *before, const char *word, const char *after)
{
    g_autofree char *whole = g_strconcat(before, word, after, NULL);
    if (*word && g_str_has_prefix(whole, at->partial) && !strpbrk(whole, "\n\t"))
        puts(whole);
}

/* The items of OBJECT's array KEY; NULL and 0 if it has none. */
static gsize
items(struct json_object *object, const char *key, struct json_object **ret_array)
{
    *ret_array = NULL;
    return object && json_object_object_get_ex(object, key, ret_array) ? json_object_array_length(*ret_array) : 0;
}

static void
offer_verbs(const Completing *at)
{
    static const char *const always[] = { "list", "show", "add", "update", "remove", "describe", "console", "freeze", "thaw", "setpassword", "exec", "xml", "log", "upload", "download",
                                          "unregistered", "register",
                                          "watch", "licence", "help" };
    struct json_object *types, *verbs;
    g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < G_N_ELEMENTS(always); i++)
        offer(at, "", always[i], "");
    gsize count = items(at->description, "types", &types);
    for (gsize t = 0; t < count; t++) {
        gsize known = items(json_object_array_get_idx(types, t), "verbs", &verbs);
        for (gsize v = 0; v < known; v++) {
            const char *verb = json_object_get_string(json_object_array_get_idx(verbs, v));
            if (g_hash_table_add(told, (gpointer) verb))
                offer(at, "", verb, "");
        }
    }
}

/* For a verb that only some types have, those. */
static void
offer_types(const Completing *at)
{
    static const char *const general[] = { "list", "show", "add", "update", "remove", "describe", NULL };
    const char *verb = at->typed->request.verb;
    struct json_object *types;
    if (g_str_equal(verb, "help")) {
        offer(at, "", "types", "");
        offer(at, "", "man", "");
        return;
    }
    gsize count = items(at->description, "types", &types);
    for (gsize i = 0; i < count; i++) {
        struct json_object *type = json_object_array_get_idx(types, i);
        if (g_strv_contains(general, verb) || words_verb(type, verb))
            offer(at, "", words_string(type, "one"), "");
    }
}

/* Objects of TYPE that stand by themselves, as BEFORE and their name. */
static void
offer_names(const Completing *at, struct json_object *type, const char *before)
{
    g_autoptr(GError) ignored = NULL;
    g_autofree char *path = g_strconcat("/", words_string(type, "path"), "?max=1000", NULL);
    struct json_object *reply = *words_string(type, "parent") ? NULL : client_json(at->client, "GET", path, NULL, &ignored), *objects;
    gsize count = items(reply, words_string(type, "one"), &objects);
    for (gsize i = 0; i < count; i++) {
        struct json_object *object = json_object_array_get_idx(objects, i);
        const char *name = words_string(object, "name"), *alias = words_string(object, "alias");
        offer(at, before, *name ? name : *alias ? alias : words_string(object, "id"), "");
    }
    json_object_put(reply);
}

/* Behind "field=": the values of an enum, names of what a reference takes. */
static void
offer_values(const Completing *at, const char *equals)
{
    g_autofree char *path = g_strndup(at->partial, (gsize) (equals - at->partial)), *before = g_strconcat(path, "=", NULL);
    struct json_object *field = words_field(at->description, at->type, path), *values;
    gboolean parent = g_str_equal(path, words_string(at->type, "parent"));
    struct json_object *of = parent ? words_type(at->description, path, NULL) : field ? words_of(at->description, field) : NULL;
    gsize count = items(field, "values", &values);
    for (gsize i = 0; i < count; i++)
        offer(at, before, json_object_get_string(json_object_array_get_idx(values, i)), "");
    if (g_str_equal(words_string(field, "kind"), "bool")) {
        offer(at, before, "true", "");
        offer(at, before, "false", "");
    }
    if (of)
        offer_names(at, of, before);
}

static void
offer_fields(const Completing *at, struct json_object *holder, const char *before)
{
    struct json_object *fields;
    const char *flag = g_str_equal(at->typed->request.verb, "update") ? "set" : "add";
    gsize count = items(holder, "fields", &fields);
    for (gsize i = 0; i < count; i++) {
        struct json_object *field = json_object_array_get_idx(fields, i);
        g_autofree char *inside = g_strconcat(before, words_string(field, "name"), ".", NULL);
        if (g_str_equal(words_string(field, "kind"), "group"))
            offer_fields(at, field, inside);
        else if (words_field_has(field, flag))
            offer(at, before, words_string(field, "name"), "=");
    }
}

static void
offer_pairs(const Completing *at)
{
    const char *verb = at->typed->request.verb, *equals = strchr(at->partial, '=');
    if (!at->type)
        return;
    if (equals) {
        offer_values(at, equals);
        return;
    }
    offer(at, "", words_string(at->type, "parent"), "=");
    if (g_str_equal(verb, "add") || g_str_equal(verb, "update"))
        offer_fields(at, at->type, "");
}

/* Behind "console": a VM, then how. */
static void
offer_console(const Completing *at)
{
    static const char *const ways[] = { "force", "look", "file" };
    struct json_object *vm = at->description && !at->typed->request.type ? words_type(at->description, "vm", NULL) : NULL;
    if (vm)
        offer_names(at, vm, "");
    for (guint i = 0; at->typed->request.type && !at->typed->request.name && i < G_N_ELEMENTS(ways); i++)
        offer(at, "", ways[i], "");
}

void
complete_print(Client *client, const Options *typed, const char *partial)
{
    const Request *request = &typed->request;
    Completing at = { .client = client, .typed = typed, .partial = partial };
    if (*partial == '-') {
        options_each_word(partial);
        return;
    }
    at.description = client ? words_fetch(client, NULL) : NULL;
    at.type = at.description && request->type ? words_type(at.description, request->type, NULL) : NULL;
    if (!request->verb)
        offer_verbs(&at);
    else if (g_str_equal(request->verb, "console"))
        offer_console(&at);
    else if (!request->type)
        offer_types(&at);
    else
        offer_pairs(&at);
    if (at.type && !g_str_equal(request->verb, "console") && !request->name && !strchr(partial, '=') && !g_str_equal(request->verb, "list") && !g_str_equal(request->verb, "add") &&
        !g_str_equal(request->verb, "describe"))
        offer_names(&at, at.type, "");
    json_object_put(at.description);
}
