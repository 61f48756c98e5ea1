/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What stands in a collection: all objects of a type, the children of one, or what is computed for one (the disks of a
 * storage domain, the numbers of a VM). Called by place.c for paths and by links.c for what is followed. Pure, but for
 * reading the newest numbers. */
#pragma once

#include "model/inventory.h"
#include "model/statistics.h"

/* The object a collection belongs to. */
typedef struct {
    const View *view;
    Statistics *numbers;
    gconstpointer object;           /* NULL: a collection of its own, below nothing */
    gconstpointer owner;            /* the inventory's object that OBJECT is a child of; NULL if it is one itself */
    const char *path;               /* of OBJECT, without the API's root: "/vms/ID" */
} Above;

typedef struct {
    const Type *type;               /* NULL: nothing of the kind is there in this program, the collection is empty */
    const char *root;               /* element around the list: "vms" */
    const char *by;                 /* a member is added by this REF of it ("data_center"); NULL */
    char *base;                     /* a member's href is BASE "/" id */
    gboolean theirs;                /* membership is another thing than the object: adding and removing are not the type's own verbs */
    const char *join, *leave;       /* but these of the member, whose body names what is above by `by`; NULL: there are none */
} Members;

void members_top(Members *ret, const Type *type);
/* Of the sub-collection behind ROW, a CHILDREN or COLLECT row of ABOVE's type. */
void members_below(Members *ret, const Above *above, const Field *row);
void members_clear(Members *members);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Members, members_clear)

/* All of them, in no order; yours, items borrowed from the view or owned by the array. ROW is NULL for all of a type. */
GPtrArray *members_list(const Members *members, const Above *above, const Field *row);
/* The one of that id, or NULL. *RET_MADE: it was made for this call and is yours to object_unref. */
gconstpointer members_find(const Members *members, const Above *above, const Field *row, const Id *id, gboolean *ret_made);
/* The row of a sub-collection by its segment in a path; NULL. */
const Field *members_row(const Type *type, const char *segment);
gboolean members_stand_alone(const Type *type);     /* a type of the inventory: its objects have a path of their own */
