/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The disks whose content is open just now, by the transfer they are open for and by the ticket that lets a client in. Steps of jobs
 * open and close them and ask how it goes; the API brings clients, who have nothing but a ticket. What a transfer is allowed to be,
 * and when it ends, is decided by jobs: nothing here outlives the process. */
#pragma once

#include "transfer/wire.h"

typedef struct Transfers Transfers;

Transfers *transfers_new(void);
void transfers_stop(Transfers *transfers);  /* closes all, in order where that is soon; before the hosts. Then nothing is opened */
void transfers_free(Transfers *transfers);  /* after everybody who holds a wire; NULL is fine */
/* Where clients are told to go beside the API's own port; 0: there. For transfer_url and proxy_url. */
void transfers_set_ports(Transfers *transfers, guint host, guint proxy);
/* DOOR: "manager:8443", as the client who asked named it. Yours. */
char *transfers_url(const Transfers *transfers, const char *door, const char *ticket, gboolean proxy);

typedef struct {
    Id transfer;
    const char *ticket, *name;              /* copied; NAME: of a downloaded file */
    HostLink *link;                         /* refed */
    ImageSpec spec;
    gboolean ask;                           /* whether anything is on it, before anybody may enter */
} TransferWish;
/* RET_EMPTY: it was asked for, and surely all of it reads as zeros. */
gboolean transfers_open(Transfers *transfers, const TransferWish *wish, Tick deadline, gboolean *ret_empty, GError **error);
typedef struct {
    gboolean lost, closing;                 /* nothing more comes of it; somebody closes it */
    guint clients;                          /* requests under way */
    gint64 moved, end;                      /* as WireLook */
    Tick touched;                           /* when a request last began, ended or moved */
} TransferLook;
gboolean transfers_look(Transfers *transfers, const Id *transfer, TransferLook *ret);   /* FALSE: it is not open */
void transfers_touch(Transfers *transfers, const Id *transfer);     /* somebody is still there */

typedef enum { CLOSE_ABSENT, CLOSE_UNDER_WAY, CLOSE_LOST, CLOSE_WELL } CloseEnd;
/* Clients that come are sent away, what is under way ends; BY and WAIT as of wire_close. UNDER_WAY: it is to be asked again. RET, of one that has ended:
 * how far it came. WELL: what was written is in the file. */
CloseEnd transfers_close(Transfers *transfers, const Id *transfer, Tick by, Tick wait, TransferLook *ret);

/* One client's request. It holds the wire: transfer_seat_leave is the last thing done with it. */
typedef struct {
    Wire *wire;
    gboolean write;                         /* may it write? */
    gboolean own;                           /* the bytes are those of a qcow2 file */
    gint64 size;
    Id transfer;
    char *name;
    struct TransferEntry *entry;
} TransferSeat;
gboolean transfers_enter(Transfers *transfers, const char *ticket, TransferSeat *ret, GError **error);
void transfer_seat_leave(TransferSeat *seat);       /* any thread; also of one that was never entered */
