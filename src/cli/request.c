/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One request from a command line. A name becomes an id by a search, so that two objects of one name are said and not
 * guessed between; a child type (nic) is found below the object its parent's word names (vm=web1). */
#include "cli/request.h"

#include "base/id.h"
#include "cli/describe.h"
#include "cli/names.h"
#include "cli/print.h"
#include "cli/words.h"

#include <stdio.h>

typedef struct {
    Client *client;
    const Request *request;
    struct json_object *description;
    struct json_object *type;
    char *collection;               /* "/vms" or "/vms/ID/nics" */
    char *path;                     /* of the one object, NULL if none was named */
    char *many;                     /* what `shikiri list` takes to show the collection: "nics vm=web1" */
    GPtrArray *pairs;               /* what is left after the parent's word and the flags; NULL-terminated */
    GString *flags;                 /* "current=true", as they stand in a query */
} Run;

static void
run_clear(Run *run)
{
    json_object_put(run->description);
    g_free(run->collection);
    g_free(run->path);
    g_free(run->many);
    g_clear_pointer(&run->pairs, g_ptr_array_unref);
    if (run->flags)
        g_string_free(run->flags, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static const char *const everywhere[] = { "list", "show", "add", "update", "remove", NULL };
static const char *const without_pairs[] = { "list", "show", "remove", NULL };

/* The objects of a list reply; NULL if it is empty. Borrowed. */
static struct json_object *
list_of(struct json_object *reply, struct json_object *type)
{
    struct json_object *objects = NULL;
    json_object_object_get_ex(reply, words_string(type, "one"), &objects);
    return objects;
}

static gboolean
matches(struct json_object *object, const char *name)
{
    return g_str_equal(words_string(object, "id"), name) || g_str_equal(words_string(object, "name"), name) ||
           g_str_equal(words_string(object, "alias"), name);
}

/* COLLECTION, or the search in it that holds what is called NAME; yours. */
static char *
search_for(struct json_object *type, const char *collection, const char *name)
{
    const char *word = words_name_search(type);
    if (!word || strpbrk(name, "\"*\\"))
        return g_strdup(collection);
    g_autofree char *query = g_strdup_printf("%s=\"%s\" or id=\"%s\"", word, name, name);
    g_auto(Text) path = TEXT_EMPTY;
    text_add(&path, collection);
    text_add(&path, "?case_sensitive=true&search=");
    text_add_url(&path, query);
    return g_strndup(path.bytes, path.length);
}

/* The id of what NAME names in COLLECTION; yours. An id of the usual form is believed: the manager says if there is no such object. */
static char *
id_of(Run *run, struct json_object *type, const char *collection, const char *name, GError **error)
{
    Id id;
    g_autofree char *found = NULL;
    guint count = 0;
    if (id_parse(name, ID_UUID, &id))
        return g_strdup(name);
    g_autofree char *path = search_for(type, collection, name);
    struct json_object *reply = client_json(run->client, "GET", path, NULL, error);
    if (!reply)
        return NULL;
    struct json_object *objects = list_of(reply, type);
    for (gsize i = 0; objects && i < json_object_array_length(objects); i++) {
        struct json_object *object = json_object_array_get_idx(objects, i);
        if (matches(object, name) && ++count) {
            g_free(found);
            found = g_strdup(words_string(object, "id"));
        }
    }
    json_object_put(reply);
    const char *one = words_string(type, "one"), *many = type == run->type && run->many ? run->many : words_string(type, "many");
    if (count == 0)
        fault_set(error, MSG_CLI_NO_SUCH, "type", one, "name", name, "many", many, NULL);
    g_autofree char *number = g_strdup_printf("%u", count);
    if (count > 1)
        fault_set(error, MSG_CLI_AMBIGUOUS, "count", number, "many", many, "name", name, NULL);
    return count == 1 ? g_steal_pointer(&found) : NULL;
}

/* Takes the word that names the parent (vm=web1) out of the pairs and finds the collection below it. */
static gboolean
find_collection(Run *run, GError **error)
{
    const char *parent = words_string(run->type, "parent");
    const char *segment = words_string(run->type, "path");
    if (!*parent) {
        run->collection = g_strconcat("/", segment, NULL);
        return TRUE;
    }
    struct json_object *above = words_type(run->description, parent, error);
    g_autofree char *word = g_strconcat(parent, "=", NULL);
    for (guint i = 0; above && i < run->pairs->len; i++) {
        const char *pair = g_ptr_array_index(run->pairs, i);
        if (!pair || !g_str_has_prefix(pair, word))
            continue;
        g_autofree char *top = g_strconcat("/", words_string(above, "path"), NULL);
        g_autofree char *id = id_of(run, above, top, pair + strlen(word), error);
        if (!id)
            return FALSE;
        run->collection = g_strconcat(top, "/", id, "/", segment, NULL);
        run->many = g_strconcat(words_string(run->type, "many"), " ", pair, NULL);
        g_ptr_array_remove_index(run->pairs, i);
        return TRUE;
    }
    return above && fault_set(error, MSG_CLI_NEEDS_PARENT, "type", words_string(run->type, "one"), "parent", parent, NULL);
}

/* Nobody knows the id of a drive, and a VM has one: where there is one alone it need not be named. Only a look or an edit goes by that. */
static gboolean
find_only(Run *run)
{
    const char *verb = run->request->verb;
    if (!*words_string(run->type, "parent") || !(g_str_equal(verb, "show") || g_str_equal(verb, "update")))
        return FALSE;
    g_autoptr(GError) unheard = NULL;
    struct json_object *reply = client_json(run->client, "GET", run->collection, NULL, &unheard);
    struct json_object *objects = reply ? list_of(reply, run->type) : NULL;
    if (objects && json_object_array_length(objects) == 1)
        run->path = g_strconcat(run->collection, "/", words_string(json_object_array_get_idx(objects, 0), "id"), NULL);
    json_object_put(reply);
    return run->path != NULL;
}

static gboolean
find_object(Run *run, GError **error)
{
    const char *name = run->request->name;
    if (!name && find_only(run))
        return TRUE;
    if (!name)
        return fault_set(error, MSG_CLI_NEEDS_NAME, "verb", run->request->verb, "type", words_string(run->type, "one"), NULL);
    g_autofree char *id = id_of(run, run->type, run->collection, name, error);
    if (id)
        run->path = g_strconcat(run->collection, "/", id, NULL);
    return id != NULL;
}

static char *
with_query(const Run *run, const char *path)
{
    const char *const parts[] = { run->request->wait ? "wait=1" : "", run->request->plan ? "plan=1" : "", run->flags->str };
    GString *out = g_string_new(path);
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (*parts[i])
            g_string_append_printf(out, "%s%s", strchr(out->str, '?') ? "&" : "?", parts[i]);
    }
    return g_string_free(out, FALSE);
}

/* As people call it; an attachment has nothing but its id. */
static const char *
name_of(struct json_object *object)
{
    const char *name = words_string(object, "name"), *alias = words_string(object, "alias");
    return *name ? name : *alias ? alias : words_string(object, "id");
}

static gboolean
show_reply(Run *run, const char *method, const char *path, const char *body, GError **error)
{
    if (run->request->json || run->request->xml)
        return client_show(run->client, method, path, body, error);
    struct json_object *object = client_json(run->client, method, path, body, error);
    if (!object)
        return FALSE;
    if (g_str_equal(method, "GET")) {
        struct json_object *names = names_fetch(run->client, run->description, run->type, object, FALSE);
        print_sheet(run->type, object, names);
        json_object_put(names);
    } else if (run->request->plan)
        puts(words_string(object, "plan"));
    else
        printf("%s %s: %s\n", words_string(run->type, "one"), run->request->name ? run->request->name : name_of(object),
               *words_string(object, "status") ? words_string(object, "status") : language_word("done", client_language(run->client)));
    json_object_put(object);
    return TRUE;
}

/* What is told by its time, as jobs are. */
static int
newest_first(const void *a, const void *b)
{
    gint64 first = json_object_get_int64(json_object_object_get(*(struct json_object *const *) a, "start_time"));
    gint64 second = json_object_get_int64(json_object_object_get(*(struct json_object *const *) b, "start_time"));
    return (first < second) - (first > second);
}

static gboolean
run_list(Run *run, GError **error)
{
    g_auto(Text) path = TEXT_EMPTY;
    gboolean table = !run->request->json && !run->request->xml;
    text_add(&path, run->collection);
    text_add(&path, table && words_row(run->type, PRINT_ADDRESSES) ? "?follow=" PRINT_ADDRESSES : "?");
    text_printf(&path, "&%s", run->flags->str);
    if (run->request->search) {
        text_add(&path, "&search=");
        text_add_url(&path, run->request->search);
    }
    text_add_bytes(&path, "", 1);
    if (!table)
        return show_reply(run, "GET", path.bytes, NULL, error);
    struct json_object *reply = client_json(run->client, "GET", path.bytes, NULL, error);
    if (!reply)
        return FALSE;
    if (list_of(reply, run->type) && words_field_has(words_row(run->type, "start_time"), "show"))
        json_object_array_sort(list_of(reply, run->type), newest_first);
    struct json_object *names = names_fetch(run->client, run->description, run->type, list_of(reply, run->type), TRUE);
    print_table(run->type, list_of(reply, run->type), names);
    json_object_put(names);
    json_object_put(reply);
    return TRUE;
}

static gboolean
run_add(Run *run, GError **error)
{
    g_autofree char *named = run->request->name ? g_strconcat("name=", run->request->name, NULL) : NULL;
    if (named)
        g_ptr_array_insert(run->pairs, 0, g_steal_pointer(&named));
    g_autofree char *body = words_body(run->description, run->type, (char **) run->pairs->pdata, error);
    g_autofree char *path = with_query(run, run->collection);
    return body && show_reply(run, "POST", path, body, error);
}

static gboolean
run_update(Run *run, GError **error)
{
    g_autofree char *body = words_body(run->description, run->type, (char **) run->pairs->pdata, error);
    g_autofree char *path = with_query(run, run->path);
    return body && show_reply(run, "PUT", path, body, error);
}

/* A.B=VALUE: B in the group A. */
static void
put_pair(struct json_object *body, const char *name, const char *value)
{
    g_auto(GStrv) path = g_strsplit(name, ".", -1);
    guint last = MAX(g_strv_length(path), 1) - 1;
    for (guint i = 0; i < last; i++) {
        struct json_object *group = NULL;
        if (!json_object_object_get_ex(body, path[i], &group) || !json_object_is_type(group, json_type_object)) {
            group = json_object_new_object();
            json_object_object_add(body, path[i], group);
        }
        body = group;
    }
    json_object_object_add(body, path[last] ? path[last] : "", json_object_new_string(value));
}

static gboolean
run_action(Run *run, GError **error)
{
    const char *verb = run->request->verb;
    struct json_object *body = json_object_new_object();
    for (guint i = 0; i + 1 < run->pairs->len; i++) {
        g_auto(GStrv) halves = g_strsplit(g_ptr_array_index(run->pairs, i), "=", 2);
        put_pair(body, halves[0], halves[1]);
    }
    g_autofree char *action = g_strconcat(run->path, "/", verb, NULL);
    g_autofree char *path = with_query(run, action);
    gboolean well = show_reply(run, "POST", path, json_object_to_json_string(body), error);
    json_object_put(body);
    return well;
}

/* Before anything is asked for: what is wrong with "lits vms" is its verb, and not that it names no VM. */
static gboolean
check_verb(const Run *run, GError **error)
{
    const char *verb = run->request->verb;
    struct json_object *verbs = NULL;
    g_autoptr(GString) all = g_string_new("list, show, add, update, remove");
    if (g_strv_contains(everywhere, verb) || words_verb(run->type, verb))
        return TRUE;
    json_object_object_get_ex(run->type, "verbs", &verbs);
    for (gsize i = 0; verbs && i < json_object_array_length(verbs); i++)
        g_string_append_printf(all, ", %s", json_object_get_string(json_object_array_get_idx(verbs, i)));
    return fault_set(error, MSG_CLI_UNKNOWN_VERB, "type", words_string(run->type, "one"), "verb", verb, "verbs", all->str, NULL);
}

static gboolean
is_yes_or_no(const char *value)
{
    static const char *const words[] = { "true", "false", "yes", "no", "1", "0", NULL };
    return g_strv_contains(words, value);
}

/* Takes what is said beside the fields out of the pairs: what a field is called is a field. */
static gboolean
take_flags(Run *run, GError **error)
{
    for (guint i = 0; i + 1 < run->pairs->len;) {
        g_auto(GStrv) halves = g_strsplit(g_ptr_array_index(run->pairs, i), "=", 2);
        gboolean is_field = !g_strv_contains(without_pairs, run->request->verb) && words_row(run->type, halves[0]);
        if (!halves[0] || !halves[1] || is_field || !words_flag(run->description, run->type, run->request->verb, halves[0])) {
            i++;
            continue;
        }
        if (!is_yes_or_no(halves[1]))
            return fault_set(error, MSG_CLI_BAD_FLAG, "value", halves[1], "flag", halves[0], NULL);
        g_string_append_printf(run->flags, "%s%s=%s", run->flags->len ? "&" : "", halves[0], halves[1]);
        g_ptr_array_remove_index(run->pairs, i);
    }
    return TRUE;
}

/* Every word must have had a use: "update vm web1 memory 2GiB" would change nothing and say nothing. */
static gboolean
check_words(const Run *run, GError **error)
{
    const char *verb = run->request->verb, *one = words_string(run->type, "one");
    gboolean takes_pairs = !g_strv_contains(without_pairs, verb);
    for (guint i = 0; i + 1 < run->pairs->len; i++) {
        const char *word = g_ptr_array_index(run->pairs, i), *equals = strchr(word, '=');
        if (!takes_pairs || !equals || equals == word)
            return fault_set(error, MSG_CLI_STRAY_WORD, "word", word, "verb", verb, "type", one, NULL);
    }
    if (run->pairs->len == 1 && g_str_equal(verb, "update"))
        return fault_set(error, MSG_CLI_NOTHING_TO_CHANGE, "type", one, NULL);
    if (g_str_equal(verb, "list") && run->request->name)
        return fault_set(error, MSG_CLI_STRAY_WORD, "word", run->request->name, "verb", verb, "type", one, NULL);
    return TRUE;
}

static gboolean
run_verb(Run *run, GError **error)
{
    const char *verb = run->request->verb;
    if (g_str_equal(verb, "list"))
        return run_list(run, error);
    if (g_str_equal(verb, "add"))
        return run_add(run, error);
    if (!find_object(run, error))
        return FALSE;
    if (g_str_equal(verb, "show")) {
        g_autofree char *path = with_query(run, run->path);
        return show_reply(run, "GET", path, NULL, error);
    }
    if (g_str_equal(verb, "update"))
        return run_update(run, error);
    if (g_str_equal(verb, "remove")) {
        g_autofree char *path = with_query(run, run->path);
        return show_reply(run, "DELETE", path, NULL, error);
    }
    return run_action(run, error);
}

gboolean
request_run(Client *client, const Request *request, GError **error)
{
    g_auto(Run) run = { .client = client, .request = request };
    run.description = words_fetch(client, error);
    run.type = run.description ? words_type_of(run.description, request->type, request->pairs, error) : NULL;
    if (!run.type)
        return FALSE;
    if (g_str_equal(request->verb, "describe") || g_str_equal(request->verb, "help")) {
        describe_print(run.description, run.type, client_language(client));
        return TRUE;
    }
    run.pairs = g_ptr_array_new_with_free_func(g_free);
    for (char **pair = request->pairs; *pair; pair++)
        g_ptr_array_add(run.pairs, g_strdup(*pair));
    g_ptr_array_add(run.pairs, NULL);
    run.flags = g_string_new(NULL);
    return check_verb(&run, error) && find_collection(&run, error) && take_flags(&run, error) && check_words(&run, error) && run_verb(&run, error);
}
