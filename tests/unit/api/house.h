/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A whole manager behind the API for unit tests: the real engine and commands over the estate of tests/unit/command, a store
 * that takes everything, no network. A request is text in, a reply is text out. */
#pragma once

#include "../command/estate.h"
#include "api/request.h"

typedef struct {
    int status;
    char *headers;                  /* "Name: value\n…" of the reply */
    char *text;
    gsize length;
    const char *media;
    guint pieces;
} Reply;
void reply_clear(Reply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reply, reply_clear)

void house_open(void);
void house_close(void);
Inventory *house_inventory(void);
/* HEADERS: "Name: value" lines or NULL. TARGET as on the wire, without the API's root where it begins so: "/vms". */
Reply house_ask(const char *method, const char *target, const char *headers, const char *body);
Reply house_get(const char *target);            /* XML */
Reply house_get_json(const char *target);
/* Puts an object into the published inventory, outside the engine. */
void house_put(gpointer take);
void house_remove(const Type *type, const Id *id);
/* One object of every type of the inventory with every row and every child filled in, references among them. */
void house_populate(void);
Id house_id_of(const Type *type);               /* of the object house_populate made */
void house_settle(void);                        /* until no job runs and the loop is idle */
