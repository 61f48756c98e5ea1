/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where a path leads: to a collection, to one object, or to an action of one. Found by the tables alone, segment by segment,
 * in one view that is held as long as the place. */
#pragma once

#include "api/members.h"
#include "base/fault.h"

typedef enum { PLACE_LIST, PLACE_ONE, PLACE_ACTION } PlaceKind;

typedef struct {
    PlaceKind kind;
    View *view;                     /* owned */
    Above above;                    /* object NULL at the top */
    const Field *row;               /* that leads here from above; NULL at the top */
    Members members;                /* of the collection this is, or is in */
    gconstpointer object;           /* ONE, ACTION */
    gboolean made;                  /* OBJECT was made for this place */
    char *path;                     /* of OBJECT without the API's root */
    char *above_path;               /* what above.path points at */
    char *word;                     /* ACTION: "start" */
} Place;

/* LOCAL: "/vms/ID/nics". NOT_FOUND says how far the path leads. RET is to be cleared in any case. */
gboolean place_find(Place *ret, View *view, Statistics *numbers, const char *local, GError **error);
void place_clear(Place *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

char *place_type_word(const Type *type);    /* "storage domain", "VM": for sentences; yours */
