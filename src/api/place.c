/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Paths to places. No path is written down here: what may follow what is in the types' tables. */
#include "api/place.h"

#include "api/links.h"
#include "job/command.h"
#include "model/storage.h"

#include <string.h>

#define MOST_SEGMENTS 12

char *
place_type_word(const Type *type)
{
    static const struct { const char *one, *word; } spelled[] = {
        { "vm", "VM" }, { "nic", "NIC" }, { "host_nic", "host NIC" }, { "cdrom", "CD-ROM drive" }, { "vnic_profile", "vNIC profile" },
        { "mac_pool", "MAC pool" }, { "vm_pool", "VM pool" }, { "cpu_profile", "CPU profile" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(spelled); i++) {
        if (g_str_equal(spelled[i].one, type->one))
            return g_strdup(spelled[i].word);
    }
    return g_strdelimit(g_strdup(type->one), "_", ' ');
}

static gboolean
refuse_path(const char *local, GError **error)
{
    return fault_set(error, MSG_API_NO_PATH, "path", local, NULL);
}

static gboolean
refuse_object(const Place *place, const char *id, GError **error)
{
    g_autofree char *word = place->members.type ? place_type_word(place->members.type) : g_strdelimit(g_strdup(place->members.root), "_", ' ');
    if (!place->members.type)
        return fault_set(error, MSG_API_NOTHING_IN, "list", word, "id", id, NULL);
    return fault_set(error, MSG_API_NO_OBJECT, "type", word, "id", id, NULL);
}

/* Files are also found by their name. */
static gconstpointer
find_by_name(const Place *place, const char *name)
{
    if (place->members.type != &file_type)
        return NULL;
    g_autoptr(GPtrArray) items = members_list(&place->members, &place->above, place->row);
    for (guint i = 0; i < items->len; i++) {
        if (g_strcmp0(object_text(items->pdata[i], "name"), name) == 0)
            return items->pdata[i];
    }
    return NULL;
}

static gboolean
enter_object(Place *place, const char *segment, GError **error)
{
    const Type *type = place->members.type;
    Id id;
    if (type && id_parse(segment, type->ids, &id))
        place->object = members_find(&place->members, &place->above, place->row, &id, &place->made);
    if (type && !place->object)
        place->object = find_by_name(place, segment);
    if (!place->object)
        return refuse_object(place, segment, error);
    place->kind = PLACE_ONE;
    place->path = links_path(place->members.base, place->object);
    return TRUE;
}

/* From an object into its sub-collection. */
static void
enter_row(Place *place, const Field *row)
{
    gconstpointer owner = place->row && place->row->kind == KIND_CHILDREN ? place->above.object : NULL;
    g_free(place->above_path);
    place->above_path = g_steal_pointer(&place->path);
    place->above.owner = owner;
    place->above.object = place->object;
    place->above.path = place->above_path;
    place->object = NULL;
    place->row = row;
    members_clear(&place->members);
    members_below(&place->members, &place->above, row);
    place->kind = PLACE_LIST;
}

static gboolean
enter_below(Place *place, char **segments, const char *local, GError **error)
{
    const Type *type = ((const Object *) place->object)->type;
    const Field *row = members_row(type, segments[0]);
    if (row && !place->made) {
        enter_row(place, row);
        return TRUE;
    }
    if (segments[1])
        return refuse_path(local, error);
    place->kind = PLACE_ACTION;
    place->word = g_strdup(segments[0]);
    return TRUE;
}

gboolean
place_find(Place *ret, View *view, Statistics *numbers, const char *local, GError **error)
{
    g_auto(GStrv) segments = g_strsplit(local + (*local == '/'), "/", MOST_SEGMENTS + 1);
    guint count = g_strv_length(segments);
    if (count && !*segments[count - 1]) {       /* a slash at the end says nothing */
        count--;
        g_clear_pointer(&segments[count], g_free);
    }
    *ret = (Place) { .view = view_ref(view), .above = { .view = view, .numbers = numbers } };
    const Type *type = count && count <= MOST_SEGMENTS ? inventory_type_of_path(segments[0]) : NULL;
    if (!type)
        return refuse_path(local, error);
    members_top(&ret->members, type);
    for (char **segment = segments + 1; *segment; segment++) {
        gboolean well = ret->kind == PLACE_LIST ? enter_object(ret, *segment, error) : enter_below(ret, segment, local, error);
        if (!well)
            return FALSE;
    }
    return TRUE;
}

void
place_clear(Place *place)
{
    if (place->made)
        object_unref(place->object);
    members_clear(&place->members);
    g_clear_pointer(&place->path, g_free);
    g_clear_pointer(&place->above_path, g_free);
    g_clear_pointer(&place->word, g_free);
    g_clear_pointer(&place->view, view_unref);
}
