/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Drafts: what was really sent. A draft of a group shares its record with the draft around it; only the outermost owns. */
#include "schema/draft.h"

#include "base/fault.h"
#include "base/text.h"
#include "schema/read.h"

#include <string.h>

static guint
row_count(const Type *type)
{
    guint count = 0;
    while (type->fields[count].name)
        count++;
    return count;
}

static Draft *
draft_around(const Type *type, gpointer record)
{
    Draft *draft = g_new0(Draft, 1);
    guint rows = row_count(type);
    draft->type = type;
    draft->record = record;
    draft->groups = g_new0(Draft *, rows + 1);
    draft->lists = g_new0(GPtrArray *, rows + 1);
    return draft;
}

Draft *
draft_new(const Type *type)
{
    return draft_around(type, type->path ? object_new(type) : g_malloc0(type->size));
}

/* Frees the bookkeeping and not the record: that belongs to the outermost draft. */
static void
free_around(gpointer data)
{
    Draft *draft = data;
    guint rows = row_count(draft->type);
    for (guint i = 0; i < rows; i++) {
        if (draft->groups[i])
            free_around(draft->groups[i]);
        if (draft->lists[i])
            g_ptr_array_unref(draft->lists[i]);
    }
    g_free(draft->groups);
    g_free(draft->lists);
    g_free(draft);
}

void
draft_free(Draft *draft)
{
    if (!draft)
        return;
    if (draft->type->path) {
        object_unref(draft->record);
    } else {
        type_clear(draft->type, draft->record);
        g_free(draft->record);
    }
    free_around(draft);
}

Draft *
draft_group(Draft *draft, const Field *row)
{
    guint index = type_index(draft->type, row);
    draft->has[index / 64] |= 1ull << (index % 64);
    if (!draft->groups[index])
        draft->groups[index] = draft_around(row->of, (char *) draft->record + row->offset);
    return draft->groups[index];
}

const Field *
draft_inside_ref(Draft *draft, const Field *row, const char *name, Draft **ret_draft)
{
    const Field *takes = row->by ? type_find(draft->type, row->by) : NULL;
    const Field *inner = takes ? type_find(takes->of, name) : NULL;
    if (inner)
        *ret_draft = draft_group(draft, takes);
    return inner;
}

Draft *
draft_item(Draft *draft, const Field *row)
{
    guint index = type_index(draft->type, row);
    const Type *type = row->of;
    gpointer record = type->path ? object_new(type) : g_malloc0(type->size);
    draft->has[index / 64] |= 1ull << (index % 64);
    list_add((List *) (gpointer) ((char *) draft->record + row->offset), record);
    if (!draft->lists[index])
        draft->lists[index] = g_ptr_array_new_with_free_func(free_around);
    Draft *item = draft_around(type, record);
    g_ptr_array_add(draft->lists[index], item);
    return item;
}

gboolean
draft_has_row(const Draft *draft, const Field *row)
{
    guint index = type_index(draft->type, row);
    return (draft->has[index / 64] >> (index % 64)) & 1;
}

void
draft_mark_row(Draft *draft, const Field *row)
{
    guint index = type_index(draft->type, row);
    draft->has[index / 64] |= 1ull << (index % 64);
}

/* The draft of the group in which the last part of PATH lies; *RET_NAME is that part. MAKE: groups on the way are marked. */
static Draft *
walk(const Draft *draft, const char *path, gboolean make, const char **ret_name)
{
    const char *dot;
    while (draft && (dot = strchr(path, '.'))) {
        g_autofree char *name = g_strndup(path, (gsize) (dot - path));
        const Field *row = type_find(draft->type, name);
        if (!row || row->kind != KIND_GROUP)
            return NULL;
        draft = make ? draft_group((Draft *) draft, row) : draft->groups[type_index(draft->type, row)];
        path = dot + 1;
    }
    *ret_name = path;
    return (Draft *) draft;
}

gboolean
draft_has(const Draft *draft, const char *path)
{
    const char *name = NULL;
    const Draft *inner = draft ? walk(draft, path, FALSE, &name) : NULL;
    const Field *row = inner ? type_find(inner->type, name) : NULL;
    return row && draft_has_row(inner, row);
}

void
draft_mark(Draft *draft, const char *path)
{
    const char *name = NULL;
    Draft *inner = walk(draft, path, TRUE, &name);
    const Field *row = inner ? type_find(inner->type, name) : NULL;
    g_return_if_fail(row);
    if (row->kind == KIND_GROUP)
        draft_group(inner, row);
    else
        draft_mark_row(inner, row);
}

gpointer
draft_record(const Draft *draft)
{
    return draft->record;
}

static gboolean
set_words(Draft *draft, const Field *row, const char *value)
{
    g_auto(GStrv) words = g_strsplit(value, ",", -1);
    words_set((Words *) (gpointer) ((char *) draft->record + row->offset), (const char *const *) words);
    return TRUE;
}

static gboolean
set_ref(Draft *draft, const Field *row, const char *value)
{
    Ref *ref = (Ref *) (gpointer) ((char *) draft->record + row->offset);
    const Type *type = row->of;
    if (!id_parse(value, type->ids, &ref->id))
        text_set(&ref->name, value);
    return TRUE;
}

gboolean
draft_unknown(const Draft *draft, const char *field, GError **error)
{
    g_auto(Text) fields = TEXT_EMPTY;
    for (const Field *row = draft->type->fields; row->name; row++) {
        if (row->flags & (ADD | SET)) {
            text_add(&fields, fields.length ? ", " : "");
            text_add(&fields, row->name);
        }
    }
    g_autofree char *all = text_take(&fields);
    return fault_set(error, MSG_SCHEMA_UNKNOWN_FIELD, "type", draft->type->one, "field", field, "fields", all, NULL);
}

gboolean
draft_set_text(Draft *draft, const char *path, const char *value, GError **error)
{
    const char *name = NULL;
    Draft *inner = walk(draft, path, TRUE, &name);
    const Field *row = inner ? type_find(inner->type, name) : NULL;
    if (!row || row->kind == KIND_GROUP || row->kind == KIND_LIST || row->kind == KIND_CHILDREN || row->kind == KIND_COLLECT)
        return draft_unknown(draft, path, error);
    gboolean well = row->kind == KIND_WORDS ? set_words(inner, row, value)
                    : row->kind == KIND_REF ? set_ref(inner, row, value)
                                            : read_scalar(inner->type, row, inner->record, value, TRUE, error);
    if (well)
        draft_mark_row(inner, row);
    return well;
}

void
draft_apply(const Draft *draft, gpointer object, guint mask)
{
    for (const Field *row = draft->type->fields; row->name; row++) {
        if (!draft_has_row(draft, row) || row->kind == KIND_CHILDREN || row->kind == KIND_COLLECT)
            continue;
        const Draft *group = row->kind == KIND_GROUP ? draft->groups[type_index(draft->type, row)] : NULL;
        if (group && (!row->flags || row->flags & mask))
            draft_apply(group, (char *) object + row->offset, mask);
        else if (!group && row->flags & mask)
            field_assign(row, object, draft->record);
    }
}

/* "Vm", "DiskAttachment": how oVirt names a type in its sentences. */
static char *
class_name(const Type *type)
{
    GString *out = g_string_new(NULL);
    gboolean upper = TRUE;
    for (const char *p = type->one; *p; p++) {
        if (*p == '_') {
            upper = TRUE;
        } else {
            g_string_append_c(out, upper ? g_ascii_toupper(*p) : *p);
            upper = FALSE;
        }
    }
    return g_string_free(out, FALSE);
}

gboolean
draft_check_needed(const Draft *draft, GError **error)
{
    g_auto(Text) missing = TEXT_EMPTY;
    for (const Field *row = draft->type->fields; row->name; row++) {
        if (!(row->flags & NEED) || (draft_has_row(draft, row) && !field_is_absent(row, draft->record)))
            continue;
        if (missing.length)
            text_add_literal(&missing, ", ");
        text_add(&missing, row->name);
    }
    if (!missing.length)
        return TRUE;
    g_autofree char *class = class_name(draft->type);
    g_autofree char *fields = text_take(&missing);
    return fault_set(error, MSG_SCHEMA_INCOMPLETE, "type", class, "fields", fields, NULL);
}

gboolean
draft_resolve(Draft *draft, DraftFind find, gpointer data, GError **error)
{
    for (const Field *row = draft->type->fields; row->name; row++) {
        guint index = type_index(draft->type, row);
        if (!draft_has_row(draft, row))
            continue;
        Ref *ref = row->kind == KIND_REF ? (Ref *) (gpointer) ((char *) draft->record + row->offset) : NULL;
        if (ref && !field_is_absent(row, draft->record) && !find(data, row->of, ref, error))
            return FALSE;
        if (ref)
            g_clear_pointer(&ref->name, g_free);
        if (draft->groups[index] && !draft_resolve(draft->groups[index], find, data, error))
            return FALSE;
        for (guint i = 0; draft->lists[index] && i < draft->lists[index]->len; i++) {
            if (!draft_resolve(g_ptr_array_index(draft->lists[index], i), find, data, error))
                return FALSE;
        }
    }
    return TRUE;
}

GPtrArray *
draft_differences(const Draft *draft, gconstpointer object)
{
    GPtrArray *names = g_ptr_array_new();
    for (const Field *row = draft->type->fields; row->name; row++) {
        if (!draft_has_row(draft, row) || row->kind == KIND_CHILDREN || row->kind == KIND_COLLECT)
            continue;
        const Draft *group = draft->groups[type_index(draft->type, row)];
        g_autoptr(GPtrArray) inner = group ? draft_differences(group, (const char *) object + row->offset) : NULL;
        if (group ? inner->len > 0 : !field_equal(row, draft->record, object))
            g_ptr_array_add(names, (gpointer) row->name);
    }
    return names;
}
