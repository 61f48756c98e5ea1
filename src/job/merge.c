/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Three-way merging by tables. BEFORE and AFTER are two readings of the same domain's XML, TARGET the manager's object: only
 * a difference between the readings is somebody's deed. Used by reconcile alone. */
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

static void
free_list(List *list, const Field *field)
{
    const Type *type = field->of;
    for (guint i = 0; i < list->count; i++) {
        if (field->kind == KIND_CHILDREN) {
            object_unref(list->items[i]);
        } else {
            type_clear(type, list->items[i]);
            g_free(list->items[i]);
        }
    }
    g_free(list->items);
    *list = (List) { NULL, 0 };
}

static gpointer
copy_item(const Field *field, gconstpointer item)
{
    if (field->kind == KIND_CHILDREN)
        return object_dup(item);
    const Type *type = field->of;
    gpointer copy = g_malloc0(type->size);
    type_copy(type, copy, item);
    return copy;
}

static void
copy_list(const Field *field, List *to, const List *from)
{
    free_list(to, field);
    for (guint i = 0; i < from->count; i++)
        list_add(to, copy_item(field, from->items[i]));
}

static void
copy_words(Words *to, const Words *from)
{
    g_autofree const char **items = g_new0(const char *, from->count + 1);
    for (guint i = 0; i < from->count; i++)
        items[i] = from->items[i];
    words_set(to, items);
}

static void
copy_group(const Type *type, gpointer to, gconstpointer from)
{
    type_clear(type, to);
    memset(to, 0, type->size);
    type_copy(type, to, from);
}

void
merge_copy(const Field *field, gpointer to, gconstpointer from)
{
    gpointer target = member_of(field, to);
    gconstpointer source = const_member_of(field, from);
    switch (field->kind) {
    case KIND_TEXT:
        text_set(target, *(char *const *) source);
        break;
    case KIND_BOOL:
    case KIND_ENUM:
        *(int *) target = *(const int *) source;
        break;
    case KIND_INT:
    case KIND_TIME:
        *(gint64 *) target = *(const gint64 *) source;
        break;
    case KIND_REAL:
        *(double *) target = *(const double *) source;
        break;
    case KIND_REF:
        ((Ref *) target)->id = ((const Ref *) source)->id;
        break;
    case KIND_GROUP:
        copy_group(field->of, target, source);
        break;
    case KIND_LIST:
    case KIND_CHILDREN:
        copy_list(field, target, source);
        break;
    case KIND_WORDS:
        copy_words(target, source);
        break;
    case KIND_COLLECT:
        break;
    }
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
        merge_copy(field, to, from);
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
    merge_copy(field, target, after);
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
