/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tickets to consoles: random, of one VM and one kind, taken once, soon over. Used and expired ones are remembered for a while, so that
 * whoever comes with one hears which it is. Proofs are compared with every ticket in the same time. Not locked: its owner is. */
#pragma once

#include "base/clock.h"
#include "base/fault.h"
#include "base/id.h"

#define TICKET_CHARS 24             /* of 64 each; a VNC password is the first eight */
#define TICKET_SECONDS 120
#define TICKET_SECONDS_MOST 600

typedef enum { CONSOLE_GRAPHICS, CONSOLE_SERIAL } ConsoleKind;

/* For whom it was made. */
typedef struct {
    Id user;
    gboolean in_session;            /* logged in by token or cookie: the console ends with it */
    guint8 session[32];
} TicketHolder;

typedef struct {
    char value[TICKET_CHARS + 1];
    ConsoleKind kind;
    Id vm;
    char name[256];                 /* the VM's, for sentences */
    gboolean force;                 /* serial: takes the console from whoever has it */
    gboolean only_look;             /* serial: reads, writes nothing */
    TicketHolder holder;
    Language language;
    Tick expires;
    char door[64];                  /* the address a viewer may come in at; "": it is for browsers alone */
} Ticket;

typedef struct Tickets Tickets;
typedef enum { TICKET_GOOD, TICKET_WRONG, TICKET_USED, TICKET_EXPIRED } TicketVerdict;

Tickets *tickets_new(void);
void tickets_free(Tickets *tickets);
/* WISH with a value and an end SECONDS from NOW (0: the usual; more than the most: the most). NULL: too many are waiting to be used. Borrowed until the next call. */
const Ticket *tickets_add(Tickets *tickets, const Ticket *wish, gint64 seconds, Tick now, GError **error);
/* Does PROOF stand for TICKET? Asked of every ticket. */
typedef gboolean (*TicketProves)(const Ticket *ticket, gconstpointer proof);
gboolean ticket_is_value(const Ticket *ticket, gconstpointer value);        /* a TicketProves: the whole value */
/* GOOD: RET_TICKET is yours, and nobody gets it again. VIEWER: only tickets with a door count. */
TicketVerdict tickets_take(Tickets *tickets, ConsoleKind kind, gboolean viewer, TicketProves proves, gconstpointer proof, Tick now, Ticket *ret_ticket);
gboolean tickets_awaited(Tickets *tickets, const char *door, Tick now);     /* may somebody still come in at DOOR? */
MessageCode ticket_refusal(TicketVerdict verdict);
