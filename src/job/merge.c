/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Three-way merging by tables. BEFORE and AFTER are two readings of the same domain's XML, TARGET the manager's object: only
 * a difference between the readings is somebody's deed. */
#include "job/merge.h"

static gpointer
member_of(const Field *field, gpointer record)
{
    return (char *) record + field->offset;
}

static gconstpointer
const_member_of(const Field *field, gconstpointer record)
{
    return (const char *) record + field->offset;
}

static gboolean
is_named(const char *const *names, const char *name)
{
    for (; names && *names; names++) {
        if (g_str_equal(*names, name))
            return TRUE;
    }
    return FALSE;
}

gboolean
merge_rows(const Type *type, guint wanted, const char *const *except, gpointer to, gconstpointer from)
{
    gboolean changed = FALSE;
    for (const Field *field = type->fields; field->name; field++) {
        if (field->kind == KIND_COLLECT || (field->flags & wanted) != wanted || is_named(except, field->name))
            continue;
        if (field_equal(field, to, from))
            continue;
        field_assign(field, to, from);
        changed = TRUE;
    }
    return changed;
}

static gboolean merge_record(const Type *type, gpointer target, gconstpointer before, gconstpointer after, Text *what);

static gboolean
merge_child(const Field *field, List *list, gconstpointer before, gconstpointer after)
{
    const Object *head = after;
    gpointer target = list_find(list, &head->id);
    if (!target) {
        list_add(list, object_dup(after));
        return TRUE;
    }
    return merge_record(field->of, target, before, after, NULL);
}

/* Children by id: those that came, went, or changed between the readings. */
static gboolean
merge_children(const Field *field, List *list, const List *before, const List *after)
{
    gboolean changed = FALSE;
    for (guint i = 0; i < after->count; i++) {
        const Object *child = after->items[i];
        gconstpointer old = before ? list_find(before, &child->id) : NULL;
        if (!old || !type_equal(field->of, old, child))
            changed |= merge_child(field, list, old, child);
    }
    for (guint i = 0; before && i < before->count; i++) {
        const Object *child = before->items[i];
        if (!list_find(after, &child->id))
            changed |= list_remove(list, field->of, &child->id);
    }
    return changed;
}

static gboolean
merge_field(const Field *field, gpointer target, gconstpointer before, gconstpointer after)
{
    if (before && field_equal(field, before, after))
        return FALSE;
    if (!before && field_is_absent(field, after))
        return FALSE;
    if (field->kind == KIND_CHILDREN)
        return merge_children(field, member_of(field, target), before ? const_member_of(field, before) : NULL, const_member_of(field, after));
    if (field->kind == KIND_GROUP)
        return merge_record(field->of, member_of(field, target), before ? const_member_of(field, before) : NULL,
                            const_member_of(field, after), NULL);
    if (field_equal(field, target, after))
        return FALSE;
    field_assign(field, target, after);
    return TRUE;
}

static gboolean
merge_record(const Type *type, gpointer target, gconstpointer before, gconstpointer after, Text *what)
{
    gboolean changed = FALSE;
    for (const Field *field = type->fields; field->name; field++) {
        if (field->kind == KIND_COLLECT || (field->flags & LIVE) || !merge_field(field, target, before, after))
            continue;
        changed = TRUE;
        if (!what)
            continue;
        if (what->length > 0)
            text_add(what, ", ");
        text_add(what, field->name);
    }
    return changed;
}

gboolean
merge_changes(const Type *type, gpointer target, gconstpointer before, gconstpointer after, Text *what)
{
    return merge_record(type, target, before, after, what);
}
