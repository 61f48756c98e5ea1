/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every storage domain for disks that is active is asked what lies in it unregistered; a name must be there once. */
#include "cli/registration.h"

#include "cli/print.h"
#include "cli/words.h"

#include <stdio.h>
#include <string.h>

#define USAGE "It is: shikiri unregistered [STORAGE-DOMAIN], or shikiri register vm|disk NAME [storage_domain=NAME] [name=NEW] [clone=true] [allow_partial_import=true] [reassign_bad_macs=true]."

static const struct { const char *type, *list, *item, *verb; } kinds[] = {
    { "vm", "unregistered_vms", "unregistered_vm", "registervm" },
    { "disk", "unregistered_disks", "unregistered_disk", "registerdisk" },
};

typedef struct {
    Client *client;
    const Request *request;
    const char *storage;            /* NULL: all */
    guint kind;
    GPtrArray *cells;               /* of the table that is printed */
    guint found;                    /* of what is sought */
    char *id, *storage_id;          /* of the last one found */
} Seeking;

gboolean
registration_has(const Request *request)
{
    return g_str_equal(request->verb, "unregistered") || g_str_equal(request->verb, "register");
}

static gsize
items(struct json_object *object, const char *list, const char *item, struct json_object **ret_array)
{
    struct json_object *holder = NULL;
    *ret_array = NULL;
    return json_object_object_get_ex(object, list, &holder) && json_object_object_get_ex(holder, item, ret_array) ? json_object_array_length(*ret_array) : 0;
}

typedef void (*See)(Seeking *seeking, struct json_object *object, guint kind, struct json_object *storage);

static gboolean
see_storage(Seeking *seeking, struct json_object *storage, See see, GError **error)
{
    struct json_object *array;
    g_autofree char *path = g_strconcat("/storagedomains/", words_string(storage, "id"), "/unregistered", NULL);
    struct json_object *reply = client_json(seeking->client, "GET", path, NULL, error);
    for (guint kind = 0; reply && kind < G_N_ELEMENTS(kinds); kind++) {
        gsize count = items(reply, kinds[kind].list, kinds[kind].item, &array);
        for (gsize i = 0; i < count; i++)
            see(seeking, json_object_array_get_idx(array, i), kind, storage);
    }
    json_object_put(reply);
    return reply != NULL;
}

static gboolean
is_asked(const Seeking *seeking, struct json_object *storage)
{
    const char *wished = seeking->storage;
    if (wished)
        return g_str_equal(words_string(storage, "name"), wished) || g_str_equal(words_string(storage, "id"), wished);
    return g_str_equal(words_string(storage, "type"), "data") && g_str_equal(words_string(storage, "status"), "active");
}

static gboolean
see_all(Seeking *seeking, See see, GError **error)
{
    struct json_object *array = NULL, *reply = client_json(seeking->client, "GET", "/storagedomains", NULL, error);
    gboolean well = reply != NULL, any = FALSE;
    if (reply)
        json_object_object_get_ex(reply, "storage_domain", &array);
    for (gsize i = 0; well && array && i < json_object_array_length(array); i++) {
        struct json_object *storage = json_object_array_get_idx(array, i);
        if (!is_asked(seeking, storage))
            continue;
        any = TRUE;
        well = see_storage(seeking, storage, see, error);
    }
    json_object_put(reply);
    if (well && !any && seeking->storage)
        well = fault_set(error, MSG_CLI_NO_SUCH, "type", "storage_domain", "name", seeking->storage, "many", "storage_domains", NULL);
    return well;
}

/* --- unregistered ------------------------------------------------------------------------------------------------------------------------ */

static void
add_row(Seeking *seeking, struct json_object *object, guint kind, struct json_object *storage)
{
    const char *cells[] = { kinds[kind].type, words_string(object, "name"), words_string(object, "id"), words_string(storage, "name") };
    for (guint i = 0; i < G_N_ELEMENTS(cells); i++)
        g_ptr_array_add(seeking->cells, g_strdup(cells[i]));
}

static gboolean
list(Seeking *seeking, GError **error)
{
    static const char *const heads[] = { "TYPE", "NAME", "ID", "STORAGE_DOMAIN" };
    const Request *request = seeking->request;
    if (request->name || request->pairs[0])
        return fault_set(error, MSG_CLI_USAGE, "text", USAGE, NULL);
    seeking->storage = request->type;
    for (guint i = 0; i < G_N_ELEMENTS(heads); i++)
        g_ptr_array_add(seeking->cells, g_strdup(heads[i]));
    if (!see_all(seeking, add_row, error))
        return FALSE;
    print_cells(seeking->cells, G_N_ELEMENTS(heads));
    return TRUE;
}

/* --- register ------------------------------------------------------------------------------------------------------------------------------ */

static void
find_one(Seeking *seeking, struct json_object *object, guint kind, struct json_object *storage)
{
    const char *name = seeking->request->name;
    if (kind != seeking->kind || !(g_str_equal(words_string(object, "name"), name) || g_str_equal(words_string(object, "id"), name)))
        return;
    seeking->found++;
    g_free(seeking->id);
    g_free(seeking->storage_id);
    seeking->id = g_strdup(words_string(object, "id"));
    seeking->storage_id = g_strdup(words_string(storage, "id"));
}

static gboolean
check_found(const Seeking *seeking, GError **error)
{
    const char *type = kinds[seeking->kind].type, *name = seeking->request->name;
    g_autofree char *count = g_strdup_printf("%u", seeking->found);
    if (seeking->found == 0)
        return fault_set(error, MSG_CLI_NOT_UNREGISTERED, "type", type, "name", name, NULL);
    return seeking->found == 1 || fault_set(error, MSG_CLI_FOUND_TWICE, "count", count, "type", type, "name", name, NULL);
}

static void
set(struct json_object *body, const char *key, const char *value)
{
    json_object_object_add(body, key, json_object_new_string(value));
}

static void
set_name(struct json_object *body, const char *key, const char *value)
{
    struct json_object *group = json_object_new_object();
    set(group, "name", value);
    json_object_object_add(body, key, group);
}

/* Yours; NULL: a word is not understood. */
static struct json_object *
body_of(Seeking *seeking)
{
    struct json_object *body = json_object_new_object();
    gboolean vm = seeking->kind == 0;
    for (char **pair = seeking->request->pairs; *pair; pair++) {
        g_auto(GStrv) halves = g_strsplit(*pair, "=", 2);
        if (!halves[0] || !halves[1]) {
            json_object_put(body);
            return NULL;
        }
        if (g_str_equal(halves[0], "storage_domain"))
            continue;
        if (vm && (g_str_equal(halves[0], "name") || g_str_equal(halves[0], "cluster")))
            set_name(body, g_str_equal(halves[0], "name") ? "vm" : "cluster", halves[1]);
        else
            set(body, halves[0], halves[1]);
    }
    return body;
}

static void
find_storage_word(Seeking *seeking)
{
    for (char **pair = seeking->request->pairs; *pair; pair++) {
        if (g_str_has_prefix(*pair, "storage_domain="))
            seeking->storage = *pair + strlen("storage_domain=");
    }
}

static gboolean
send(Seeking *seeking, struct json_object *body, GError **error)
{
    const Request *request = seeking->request;
    g_autofree char *path = g_strconcat("/storagedomains/", seeking->storage_id, "/", kinds[seeking->kind].verb, "?wait=1", request->plan ? "&plan=1" : "", NULL);
    set(body, "id", seeking->id);
    if (request->json || request->xml)
        return client_show(seeking->client, "POST", path, json_object_to_json_string(body), error);
    struct json_object *reply = client_json(seeking->client, "POST", path, json_object_to_json_string(body), error);
    if (reply && request->plan)
        puts(words_string(reply, "plan"));
    else if (reply)
        printf("%s %s: %s\n", kinds[seeking->kind].type, request->name, language_word("done", client_language(seeking->client)));
    json_object_put(reply);
    return reply != NULL;
}

static gboolean
take(Seeking *seeking, GError **error)
{
    const Request *request = seeking->request;
    while (seeking->kind < G_N_ELEMENTS(kinds) && g_strcmp0(request->type, kinds[seeking->kind].type) != 0)
        seeking->kind++;
    struct json_object *body = seeking->kind < G_N_ELEMENTS(kinds) && request->name ? body_of(seeking) : NULL;
    if (!body)
        return fault_set(error, MSG_CLI_USAGE, "text", USAGE, NULL);
    find_storage_word(seeking);
    gboolean well = see_all(seeking, find_one, error) && check_found(seeking, error) && send(seeking, body, error);
    json_object_put(body);
    return well;
}

gboolean
registration_run(Client *client, const Request *request, GError **error)
{
    Seeking seeking = { .client = client, .request = request, .cells = g_ptr_array_new_with_free_func(g_free) };
    gboolean well = g_str_equal(request->verb, "register") ? take(&seeking, error) : list(&seeking, error);
    g_ptr_array_unref(seeking.cells);
    g_free(seeking.id);
    g_free(seeking.storage_id);
    return well;
}
