/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The list is written from the answer of the question, whose objects stand below the storage domain: their paths lead to their action alone. */
#include "api/unregistered.h"

#include "api/links.h"
#include "command/unregistered.h"
#include "model/storage.h"

#include <string.h>

typedef struct {
    Exchange *exchange;
    Place place;
    WorkAnswer *answer;
} Listing;

static const struct { const char *segment; const Type *type; const char *verb; } kinds[] = {
    { "vms", &vm_type, "registervm" },
    { "disks", &disk_type, "registerdisk" },
};

gboolean
unregistered_is_list(const Exchange *exchange, const Place *place)
{
    const Object *above = place->above.object;
    gboolean kind = place->members.type == &vm_type || place->members.type == &disk_type;
    return place->kind == PLACE_LIST && place->row && above && above->type == &storage_domain_type && kind && exchange_flag(exchange, "unregistered", FALSE);
}

/* In the API's usual shape; links of what is not registered lead nowhere, but for its own. */
static void
write_list(const Listing *listing)
{
    Exchange *exchange = listing->exchange;
    const Unregistered *answer = listing->answer->record;
    const Type *type = listing->place.members.type;
    const List *list = type == &vm_type ? &answer->vms : &answer->disks;
    Members members = { .type = type, .root = type->many, .base = g_strconcat(listing->place.above.path, "/", type->path, NULL) };
    Links links = { .view = listing->place.view, .numbers = listing->place.above.numbers, .language = exchange->language };
    Write write = links_write(&links, exchange->reply, exchange->format, exchange_flag(exchange, "all_content", FALSE));
    links_write_list(&write, &members, NULL, list->items, list->count);
    members_clear(&members);
}

static void
answered(gpointer data, G_GNUC_UNUSED const char *text, const GError *error)
{
    Listing *listing = data;
    Exchange *exchange = listing->exchange;
    if (!error)
        write_list(listing);
    place_clear(&listing->place);
    work_answer_unref(listing->answer);
    g_free(listing);
    if (error)
        exchange_end_fault(exchange, error);
    else
        exchange_end(exchange);
}

void
unregistered_list(Exchange *exchange, Place *take)
{
    Listing *listing = g_new0(Listing, 1);
    Work *work = work_new(command_find("unregistered", &storage_domain_type));
    *listing = (Listing) { exchange, *take, work_answer_new(&unregistered_type) };
    *take = (Place) { 0 };
    work->answer = work_answer_ref(listing->answer);
    work->target = ((const Object *) listing->place.above.object)->id;
    work->user = exchange->user;
    engine_plan(exchange->engine, work, answered, listing);
}

gboolean
unregistered_is_register(const char *local, char **ret_local, const char **ret_verb, char **ret_id)
{
    g_auto(GStrv) words = g_strsplit(local + (*local == '/'), "/", -1);
    guint count = g_strv_length(words);
    if (count < 5 || !g_str_equal(words[count - 1], "register") || !g_str_equal(words[count - 5], "storagedomains"))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!g_str_equal(words[count - 3], kinds[i].segment))
            continue;
        *ret_local = g_strconcat("/storagedomains/", words[count - 4], NULL);
        *ret_verb = kinds[i].verb;
        *ret_id = g_strdup(words[count - 2]);
        return TRUE;
    }
    return FALSE;
}
