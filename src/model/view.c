/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Questions asked of a view: by name, by what refers to what, and whether all of it holds together. Scans: a view of tens of
 * thousands of objects is walked in a few milliseconds, and only where a person asked. */
#include "base/fault.h"
#include "model/inventory.h"

const char *
object_text(gconstpointer object, const char *row)
{
    const Field *field = type_find(((const Object *) object)->type, row);
    if (!field || field->kind != KIND_TEXT)
        return NULL;
    return *(char *const *) (gconstpointer) ((const char *) object + field->offset);
}

char *
object_name(gconstpointer object)
{
    static const char *const rows[] = { "name", "alias", "user_name", "description" };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *text = object_text(object, rows[i]);
        if (text && *text)
            return g_strdup(text);
    }
    return g_strdup("");
}

gconstpointer
view_find_name(const View *view, const Type *type, const char *name)
{
    const char *row = type_find(type, "name") ? "name" : type_find(type, "alias") ? "alias" : "user_name";
    gconstpointer object;
    for (ViewWalk walk = view_walk(view, type); (object = view_next(&walk));) {
        if (g_strcmp0(object_text(object, row), name) == 0)
            return object;
    }
    return NULL;
}

static const Ref *
ref_of(gconstpointer object, const Field *row)
{
    return (const Ref *) (gconstpointer) ((const char *) object + row->offset);
}

GPtrArray *
view_collect(const View *view, const Type *type, const char *by, const Id *id)
{
    GPtrArray *found = g_ptr_array_new();
    const Field *row = type_find(type, by);
    gconstpointer object;
    if (!row || row->kind != KIND_REF)
        return found;
    for (ViewWalk walk = view_walk(view, type); (object = view_next(&walk));) {
        if (id_equal(&ref_of(object, row)->id, id))
            g_ptr_array_add(found, (gpointer) object);
    }
    return found;
}

static gboolean
record_refers(const Type *in, gconstpointer record, const Type *type, const Id *id)
{
    for (const Field *row = in->fields; row->name; row++) {
        if (row->kind == KIND_REF && row->of == type && id_equal(&ref_of(record, row)->id, id))
            return TRUE;
        if (row->kind != KIND_LIST && row->kind != KIND_CHILDREN)
            continue;
        const List *list = (const List *) (gconstpointer) ((const char *) record + row->offset);
        for (guint i = 0; i < list->count; i++) {
            if (record_refers(row->of, list->items[i], type, id))
                return TRUE;
        }
    }
    return FALSE;
}

gconstpointer
view_user_of(const View *view, const Type *type, const Id *id)
{
    for (guint t = 0; inventory_types[t]; t++) {
        gconstpointer object;
        for (ViewWalk walk = view_walk(view, inventory_types[t]); (object = view_next(&walk));) {
            if (record_refers(inventory_types[t], object, type, id))
                return object;
        }
    }
    return NULL;
}

static gconstpointer
find_in_view(gpointer data, const Type *type, const Id *id)
{
    for (guint t = 0; inventory_types[t]; t++) {
        if (inventory_types[t] == type)
            return view_find(data, type, id);
    }
    return NULL;
}

SearchWorld
view_world(const View *view)
{
    return (SearchWorld) { find_in_view, (gpointer) view };
}

const Type *
inventory_type_of_path(const char *segment)
{
    for (guint t = 0; inventory_types[t]; t++) {
        if (g_str_equal(inventory_types[t]->path, segment))
            return inventory_types[t];
    }
    return NULL;
}

static const Type *
child_named(const Type *type, const char *one)
{
    for (const Field *row = type->fields; row->name; row++) {
        const Type *child = row->kind == KIND_CHILDREN ? row->of : NULL;
        if (child && g_str_equal(child->one, one))
            return child;
    }
    return NULL;
}

const Type *
inventory_type_of_name(const char *one)
{
    for (guint t = 0; inventory_types[t]; t++) {
        if (g_str_equal(inventory_types[t]->one, one))
            return inventory_types[t];
    }
    for (guint t = 0; inventory_types[t]; t++) {
        const Type *child = child_named(inventory_types[t], one);
        if (child)
            return child;
    }
    return NULL;
}

/* Every stored reference to a type of the inventory points somewhere. */
static gboolean
check_refs(const View *view, gconstpointer object, GError **error)
{
    const Type *type = ((const Object *) object)->type;
    for (const Field *row = type->fields; row->name; row++) {
        if (row->kind != KIND_REF || row->flags & LIVE || id_is_null(&ref_of(object, row)->id))
            continue;
        const Type *to = row->of;
        if (find_in_view((gpointer) view, to, &ref_of(object, row)->id) || inventory_type_of_path(to->path) != to)
            continue;
        char id[ID_TEXT_SIZE];
        g_autofree char *name = object_name(object);
        return fault_set(error, MSG_MODEL_DANGLING, "type", type->one, "name", name, "field", row->name, "id",
                         id_format(&ref_of(object, row)->id, to->ids, id), NULL);
    }
    return TRUE;
}

gboolean
view_check(const View *view, GError **error)
{
    for (guint t = 0; inventory_types[t]; t++) {
        const Object *last = NULL, *object;
        for (ViewWalk walk = view_walk(view, inventory_types[t]); (object = view_next(&walk)); last = object) {
            if (last && id_compare(&last->id, &object->id) >= 0)
                return fault_set(error, MSG_MODEL_ORDER, "type", inventory_types[t]->one, NULL);
            if (!check_refs(view, object, error))
                return FALSE;
        }
    }
    return TRUE;
}
