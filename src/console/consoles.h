/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Consoles of VMs, for the people who look at them: graphics for a browser (RFB in a WebSocket) and for a viewer (RFB in TLS, at a port
 * that listens only while a ticket for it lives), serial lines for both kinds of terminals. Whoever comes has a ticket, made for one VM and
 * used once. One thread relays for all; hosts are asked by workers. Knows no HTTP and no sessions: the API hands in descriptors,
 * and is asked whether a ticket's holder may still look. */
#pragma once

#include "console/tickets.h"
#include "host/hosts.h"
#include "model/inventory.h"

#include <openssl/ssl.h>

typedef struct Consoles Consoles;

/* Callbacks come from the consoles' threads and must not block. */
typedef struct {
    gboolean (*may)(gpointer data, const TicketHolder *holder);     /* about once a second for each open console; FALSE ends it */
    void (*told)(gpointer data, const Ticket *ticket, gboolean begins);     /* somebody looks at a VM, or no more */
    gpointer data;
} ConsolesWatch;

/* FIRST to LAST: the ports a viewer may be given; 0: none. */
Consoles *consoles_new(Hosts *hosts, Inventory *inventory, guint first, guint last);
void consoles_start(Consoles *consoles, const ConsolesWatch *watch);    /* copied */
void consoles_stop(Consoles *consoles);    /* ends every console and lets nobody in; before the API and the hosts */
void consoles_free(Consoles *consoles);                     /* after the API; NULL is fine */
/* What viewers are shown; also anew. Any thread. */
gboolean consoles_certify(Consoles *consoles, X509 *certificate, EVP_PKEY *key, GError **error);

/* A ticket as WISH says (kind, vm, name, force, only_look, holder, language, door). With a door that address listens at RET_PORT from here
 * on, until no ticket for it lives. FALSE: too many tickets, or no port is free. */
gboolean consoles_ticket(Consoles *consoles, const Ticket *wish, gint64 seconds, Ticket *ret_ticket, guint *ret_port, GError **error);
guint consoles_port(const Consoles *consoles);              /* the one a viewer is most likely given; 0: none */

/* Takes the ticket of VALUE and opens its console on a worker. DONE gets a seat, or why there is none: once, in any thread. */
typedef struct ConsoleSeat ConsoleSeat;
typedef void (*ConsoleOpened)(gpointer data, ConsoleSeat *take, const GError *error);
void consoles_open(Consoles *consoles, ConsoleKind kind, const char *value, ConsoleOpened done, gpointer data);
void console_seat_drop(ConsoleSeat *seat);                  /* nobody sits down after all */
/* A browser's WebSocket at DESCRIPTOR (copied; not closed), of which EXTRA was read already. CLOSED is called once, when nothing of it is used any more. */
void console_seat_take(ConsoleSeat *take, int descriptor, const char *extra, gsize length, void (*closed)(gpointer data), gpointer data);

guint consoles_count(Consoles *consoles);                   /* open and opening */
/* What a VM shows just now, as PNG (borrowed by DONE). DONE is called once, in any thread. */
typedef void (*ConsolePictured)(gpointer data, GBytes *picture, const GError *error);
void consoles_picture(Consoles *consoles, const Id *vm, ConsolePictured done, gpointer data);
