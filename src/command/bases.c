/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows of the same name, field by field: half a group that was sent is completed by the other half. What no client ever says of a VM by a
 * template stays out. */
#include "command/bases.h"

#include "command/refs.h"
#include "model/instance_type.h"

static const char *const own[] = { "name", "description", "comment", "status", "version", "creation_time", "origin", "cluster", "vm", "nics", "disk_attachments", NULL };

const Template *
bases_template(const View *view, const Draft *draft)
{
    const Vm *sent = draft->record;
    if (!draft_has(draft, "template") || id_is_null(&sent->template_.id))
        return NULL;
    return view_find(view, &template_type, &sent->template_.id);
}

static gboolean
is_of(const Field *row, const Field *from)
{
    return row && row->kind == from->kind && row->flags & ADD && (row->kind == KIND_GROUP || row->of == from->of);
}

/* Both members are of one kind, at their own places. */
static void
copy(const Field *row, gpointer record, const Field *from, gconstpointer base)
{
    field_assign(from, (char *) record + row->offset - from->offset, base);
}

void
bases_take(const Type *to_type, gpointer to, const Type *from_type, gconstpointer from)
{
    for (const Field *row = to_type->fields; row->name; row++) {
        const Field *there = type_find(from_type, row->name);
        if (!there || !is_of(row, there) || g_strv_contains(own, row->name))
            continue;
        if (row->kind == KIND_GROUP)
            bases_take(row->of, (char *) to + row->offset, there->of, (const char *) from + there->offset);
        else
            copy(row, to, there, from);
    }
}

static void
fill(Draft *draft, const Type *type, gconstpointer base)
{
    for (const Field *from = type->fields; from->name; from++) {
        const Field *row = type_find(draft->type, from->name);
        if (!is_of(row, from) || g_strv_contains(own, from->name))
            continue;
        if (from->kind == KIND_GROUP) {
            fill(draft_group(draft, row), from->of, (const char *) base + from->offset);
        } else if (!draft_has_row(draft, row) && (from->kind == KIND_BOOL || !field_is_absent(from, base))) {
            copy(row, draft->record, from, base);
            draft_mark_row(draft, row);
        }
    }
}

void
bases_fill(const View *view, Draft *draft)
{
    const Vm *sent = draft->record;
    const Template *template = bases_template(view, draft);
    const InstanceType *size = draft_has(draft, "instance_type") ? view_find(view, &instance_type_type, &sent->instance_type.id) : NULL;
    if (size)
        fill(draft, &instance_type_type, size);
    if (template)
        fill(draft, &template_type, template);
}
