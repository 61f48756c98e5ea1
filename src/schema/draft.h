/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What somebody sent: a struct of the type and, for it and each group in it, a bit a row that was really there. Absent is
 * not zero: draft_apply copies only what was sent. Read by the XML and JSON readers, made by policy and tests by hand. */
#pragma once

#include "schema/type.h"

typedef struct Draft Draft;
struct Draft {
    const Type *type;
    gpointer record;                /* a struct of TYPE, owned (an Object where the type is one: id is set if one was sent) */
    guint64 has[TYPE_MOST_FIELDS / 64];
    gboolean has_id;
    Draft **groups;                 /* by row number: the draft of a GROUP that was sent; its record lies inside ours */
    GPtrArray **lists;              /* by row number: Drafts of the items of a LIST or CHILDREN that was sent; their records lie in the List */
};

Draft *draft_new(const Type *type);
void draft_free(Draft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Draft, draft_free)

gboolean draft_has(const Draft *draft, const char *path);               /* "cpu.topology.cores" */
void draft_mark(Draft *draft, const char *path);                        /* after setting the member by hand */
/* For readers: the draft of a GROUP row (made and marked), and of a new item of a LIST or CHILDREN row. Borrowed. */
Draft *draft_group(Draft *draft, const Field *row);
Draft *draft_item(Draft *draft, const Field *row);
/* Of a REF row: the row for what stands in it under NAME, and *RET_DRAFT the draft it is of, made and marked. NULL: nobody wants that. */
const Field *draft_inside_ref(Draft *draft, const Field *row, const char *name, Draft **ret_draft);
gboolean draft_has_row(const Draft *draft, const Field *row);
void draft_mark_row(Draft *draft, const Field *row);
gpointer draft_record(const Draft *draft);
/* Sets one field from text as the CLI and query parameters have it ("memory" "2GiB", "cpu.topology.cores" "2", "cluster" "Default"). */
gboolean draft_set_text(Draft *draft, const char *path, const char *value, GError **error);
/* FALSE: the refusal of a field that DRAFT's type has not, with those it has. */
gboolean draft_unknown(const Draft *draft, const char *field, GError **error);

/* Copies to OBJECT what was sent and MASK (ADD or SET) allows; the rest of what was sent is ignored, as oVirt does.
 * LIST and WORDS replace the whole list. CHILDREN are left alone: commands handle them one by one. */
void draft_apply(const Draft *draft, gpointer object, guint mask);
/* INCOMPLETE with "Vm [name] required for add" if a NEED row is absent. */
gboolean draft_check_needed(const Draft *draft, GError **error);
/* Resolves each Ref that was sent by name through FIND and checks each sent by id. FIND sets the error. */
typedef gboolean (*DraftFind)(gpointer data, const Type *type, Ref *ref, GError **error);
gboolean draft_resolve(Draft *draft, DraftFind find, gpointer data, GError **error);
/* Which rows differ: the names of sent rows whose value is not the same in OBJECT. Used by audit and plan. Yours, borrowed strings. */
GPtrArray *draft_differences(const Draft *draft, gconstpointer object);
