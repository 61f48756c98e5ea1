/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A change set: staged copies by (type, id), in the order they were first touched. Sealing drops what did not change, gives
 * versions and event numbers, and fixes the rows; after that it is read by the store and the feed in other threads. */
#include "model/changes.h"

#include "base/clock.h"
#include "base/fault.h"
#include "model/fixed.h"

#include <string.h>

typedef struct {
    const Type *type;
    Id id;
    gconstpointer before;           /* refed; NULL: new */
    gpointer after;                 /* owned; NULL: removed */
} Staged;

struct Changes {
    View *head;
    Inventory *inventory;
    GPtrArray *staged;              /* Staged */
    GHashTable *by_key;             /* Staged, keyed by itself */
    GArray *rows;                   /* Change; after sealing */
    GArray *keeps;                  /* Keep */
    gboolean sealed, stored;
};

static guint
staged_hash(gconstpointer key)
{
    const Staged *staged = key;
    return id_hash(&staged->id) ^ g_direct_hash(staged->type);
}

static gboolean
staged_equal(gconstpointer a, gconstpointer b)
{
    const Staged *left = a, *right = b;
    return left->type == right->type && id_equal(&left->id, &right->id);
}

static void
staged_free(gpointer data)
{
    Staged *staged = data;
    object_unref(staged->before);
    object_unref(staged->after);
    g_free(staged);
}

static void
keep_clear(gpointer data)
{
    Keep *keep = data;
    g_free(keep->space);
    g_free(keep->text);
}

Changes *
changes_new(View *head, Inventory *inventory)
{
    Changes *changes = g_new0(Changes, 1);
    changes->head = view_ref(head);
    changes->inventory = inventory;
    changes->staged = g_ptr_array_new_with_free_func(staged_free);
    changes->by_key = g_hash_table_new(staged_hash, staged_equal);
    changes->rows = g_array_new(FALSE, FALSE, sizeof(Change));
    changes->keeps = g_array_new(FALSE, FALSE, sizeof(Keep));
    g_array_set_clear_func(changes->keeps, keep_clear);
    return changes;
}

void
changes_free(Changes *changes)
{
    if (!changes)
        return;
    g_hash_table_unref(changes->by_key);
    g_ptr_array_unref(changes->staged);
    g_array_unref(changes->rows);
    g_array_unref(changes->keeps);
    view_unref(changes->head);
    g_free(changes);
}

const View *
changes_head(const Changes *changes)
{
    return changes->head;
}

static Staged *
find_staged(Changes *changes, const Type *type, const Id *id)
{
    Staged key = { .type = type, .id = *id };
    return g_hash_table_lookup(changes->by_key, &key);
}

static Staged *
stage(Changes *changes, const Type *type, const Id *id, gconstpointer before, gpointer after)
{
    g_assert(!changes->sealed);
    Staged *staged = g_new0(Staged, 1);
    staged->type = type;
    staged->id = *id;
    staged->before = before ? object_ref(before) : NULL;
    staged->after = after;
    g_ptr_array_add(changes->staged, staged);
    g_hash_table_add(changes->by_key, staged);
    return staged;
}

gconstpointer
changes_find(Changes *changes, const Type *type, const Id *id)
{
    Staged *staged = find_staged(changes, type, id);
    return staged ? staged->after : view_find(changes->head, type, id);
}

gpointer
changes_edit(Changes *changes, const Type *type, const Id *id)
{
    Staged *staged = find_staged(changes, type, id);
    if (staged)
        return staged->after;
    gconstpointer before = view_find(changes->head, type, id);
    return before ? stage(changes, type, id, before, object_dup(before))->after : NULL;
}

gpointer
changes_add(Changes *changes, gpointer take)
{
    Object *object = take;
    Staged *staged = find_staged(changes, object->type, &object->id);
    if (!staged)
        return stage(changes, object->type, &object->id, view_find(changes->head, object->type, &object->id), take)->after;
    g_assert(!changes->sealed);
    object_unref(staged->after);
    staged->after = take;
    return take;
}

void
changes_remove(Changes *changes, const Type *type, const Id *id)
{
    Staged *staged = find_staged(changes, type, id);
    gconstpointer before = staged ? NULL : view_find(changes->head, type, id);
    g_assert(!changes->sealed);
    if (staged)
        object_unref(g_steal_pointer(&staged->after));
    else if (before)
        stage(changes, type, id, before, NULL);
}

void
changes_keep(Changes *changes, const char *space, const Id *id, const char *text)
{
    Keep keep = { g_strdup(space), *id, g_strdup(text) };
    g_array_append_val(changes->keeps, keep);
}

static void
set_ref(Ref *ref, const Id *id)
{
    if (id)
        ref->id = *id;
}

Event *
changes_event(Changes *changes, int code, Severity severity, Message *take, const EventAbout *about)
{
    Event *event = object_new(&event_type);
    event->index = (gint64) inventory_next_event(changes->inventory);
    event->object.id = id_number((guint64) event->index);
    event->code = code;
    event->severity = (int) severity;
    event->time = clock_wall();
    event->origin = g_strdup("oVirt");
    event->description = message_text(take, LANGUAGE_EN);
    event->message = message_encode(take);
    message_unref(take);
    if (about) {
        set_ref(&event->vm, about->vm);
        set_ref(&event->host, about->host);
        set_ref(&event->cluster, about->cluster);
        set_ref(&event->data_center, about->data_center);
        set_ref(&event->storage_domain, about->storage_domain);
        set_ref(&event->template_, about->template_);
        set_ref(&event->user, about->user);
        event->correlation_id = g_strdup(about->correlation);
    }
    return changes_add(changes, event);
}

gboolean
changes_touch_stored(const Type *type, gconstpointer before, gconstpointer after)
{
    if (!before || !after)
        return TRUE;
    for (const Field *row = type->fields; row->name; row++) {
        if (!(row->flags & LIVE) && !field_equal(row, before, after))
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_unchanged(const Staged *staged)
{
    if (!staged->before || !staged->after)
        return !staged->before && !staged->after;
    return type_equal(staged->type, staged->before, staged->after);
}

static gboolean
refuse_fixed(const Staged *staged, GError **error)
{
    g_autofree char *name = object_name(staged->before ? staged->before : staged->after);
    g_autofree char *word = g_strdelimit(g_strdup(staged->type->one), "_", ' ');
    return fault_set(error, MSG_MODEL_FIXED, "type", word, "name", name, NULL);
}

gboolean
changes_seal(Changes *changes, GError **error)
{
    g_assert(!changes->sealed);
    for (guint i = 0; i < changes->staged->len; i++) {
        Staged *staged = g_ptr_array_index(changes->staged, i);
        if (is_unchanged(staged))
            continue;
        if (fixed_has(staged->type, &staged->id))
            return refuse_fixed(staged, error);
        Change change = { staged->before, staged->after, changes_touch_stored(staged->type, staged->before, staged->after) };
        if (staged->after)
            ((Object *) staged->after)->version = inventory_next_version(changes->inventory);
        changes->stored = changes->stored || change.stored;
        g_array_append_val(changes->rows, change);
    }
    changes->stored = changes->stored || changes->keeps->len > 0;
    changes->sealed = TRUE;
    return TRUE;
}

gboolean
changes_are_empty(const Changes *changes)
{
    return changes->rows->len == 0 && changes->keeps->len == 0;
}

gboolean
changes_are_stored(const Changes *changes)
{
    return changes->stored;
}

const Change *
changes_rows(const Changes *changes, guint *ret_count)
{
    *ret_count = changes->rows->len;
    return (const Change *) (gconstpointer) changes->rows->data;
}

const Keep *
changes_keeps(const Changes *changes, guint *ret_count)
{
    *ret_count = changes->keeps->len;
    return (const Keep *) (gconstpointer) changes->keeps->data;
}

View *
changes_apply(const Changes *changes)
{
    guint count = changes->rows->len;
    g_autofree gpointer *objects = g_new(gpointer, count + 1);
    g_autofree gboolean *remove = g_new(gboolean, count + 1);
    for (guint i = 0; i < count; i++) {
        const Change *change = &g_array_index(changes->rows, Change, i);
        objects[i] = (gpointer) (change->after ? change->after : change->before);
        remove[i] = !change->after;
    }
    return view_with(changes->head, objects, remove, count);
}
