/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A short list under one lock, which is never held while a wire is opened or closed: that takes as long as a disk takes. */
#include "transfer/transfers.h"

#include "base/lock.h"
#include "transfer/emptiness.h"

#include <string.h>

#define MOST 16                         /* open at once; each has a process and a thread */
#define MOST_CLIENTS 12                 /* of one: imageio's clients use 8 connections at most */
#define STOP_TIME (CLOCK_SECOND / 2)

typedef struct TransferEntry Entry;
struct TransferEntry {
    Refs refs;                          /* the table's, and one for each seat */
    Transfers *transfers;
    Id transfer;
    char *ticket, *name;
    gboolean write, own, held;
    Wire *wire;                         /* NULL: it is being opened */
    guint clients;
    gint64 looked;                      /* bytes that we read ourselves */
    Tick touched;
};

struct Transfers {
    Lock lock;                          /* of the table and its entries */
    GPtrArray *entries;                 /* Entry * */
    gboolean stopping;
    guint host_port, proxy_port;
};

Transfers *
transfers_new(void)
{
    Transfers *transfers = g_new0(Transfers, 1);
    lock_init(&transfers->lock);
    transfers->entries = g_ptr_array_new();
    return transfers;
}

static void
entry_unref(Entry *entry)
{
    if (!refs_dec(&entry->refs))
        return;
    wire_unref(entry->wire);
    g_free(entry->ticket);
    g_free(entry->name);
    g_free(entry);
}

/* Lock held. NULL. */
static Entry *
find(const Transfers *transfers, const Id *transfer)
{
    for (guint i = 0; i < transfers->entries->len; i++) {
        Entry *entry = transfers->entries->pdata[i];
        if (id_equal(&entry->transfer, transfer))
            return entry;
    }
    return NULL;
}

/* --- opening and closing ------------------------------------------------------------------------------------------------------------------ */

static Entry *
reserve(Transfers *transfers, const TransferWish *wish, GError **error)
{
    LOCK_HOLD(&transfers->lock);
    if (transfers->stopping || find(transfers, &wish->transfer)) {
        fault_set(error, MSG_TRANSFER_CLOSED, NULL);
        return NULL;
    }
    if (transfers->entries->len >= MOST) {
        fault_set(error, MSG_TRANSFER_TOO_MANY, "most", G_STRINGIFY(MOST), NULL);
        return NULL;
    }
    Entry *entry = g_new0(Entry, 1);
    refs_init(&entry->refs);
    entry->transfers = transfers;
    entry->transfer = wish->transfer;
    entry->ticket = g_strdup(wish->ticket);
    entry->name = g_strdup(wish->name);
    entry->write = wish->spec.write;
    entry->own = wish->spec.own;
    entry->touched = clock_tick();
    g_ptr_array_add(transfers->entries, entry);
    return entry;
}

/* NULL: it cannot be opened, or is lost already. */
static Wire *
open_and_look(const TransferWish *wish, Tick deadline, gboolean *ret_empty, GError **error)
{
    char disk[ID_TEXT_SIZE];
    Wire *wire = wire_open(wish->link, &wish->spec, deadline, error);
    *ret_empty = wire && wish->ask && emptiness_is_sure(wire, deadline);
    if (!wire || !wire_is_lost(wire))
        return wire;
    wire_close(wire, clock_tick(), 0);
    wire_unref(wire);
    fault_set(error, MSG_TRANSFER_NOT_SERVED, "disk", id_format(&wish->spec.volume.disk, ID_UUID, disk), "host", wish->link->name, NULL);
    return NULL;
}

gboolean
transfers_open(Transfers *transfers, const TransferWish *wish, Tick deadline, gboolean *ret_empty, GError **error)
{
    Entry *entry = reserve(transfers, wish, error);
    if (!entry)
        return FALSE;
    Wire *wire = open_and_look(wish, deadline, ret_empty, error);
    lock_take(&transfers->lock);
    entry->wire = wire;
    entry->looked = wire ? wire_look(wire).moved : 0;
    entry->touched = clock_tick();
    gboolean late = wire && transfers->stopping;
    if (!wire || late)
        g_ptr_array_remove(transfers->entries, entry);
    lock_drop(&transfers->lock);
    if (wire && !late)
        return TRUE;
    if (late) {
        wire_close(wire, clock_tick() + STOP_TIME, 0);
        fault_set(error, MSG_TRANSFER_CLOSED, NULL);
    }
    entry_unref(entry);
    return FALSE;
}

/* It stands in the table until its process has ended: nobody opens the disk a second time before. */
CloseEnd
transfers_close(Transfers *transfers, const Id *transfer, Tick by, Tick wait, TransferLook *ret)
{
    lock_take(&transfers->lock);
    Entry *entry = find(transfers, transfer);
    Wire *wire = entry && entry->wire ? wire_ref(entry->wire) : NULL;
    gint64 looked = entry ? entry->looked : 0;
    if (wire)
        entry->held = TRUE;
    lock_drop(&transfers->lock);
    if (!wire)
        return CLOSE_ABSENT;
    WireEnd end = wire_close(wire, by, wait);
    WireLook look = wire_look(wire);
    wire_unref(wire);
    if (end == WIRE_ENDS)
        return CLOSE_UNDER_WAY;
    *ret = (TransferLook) { end != WIRE_ENDED_WELL, TRUE, 0, look.moved - looked, look.end, look.touched };
    lock_take(&transfers->lock);
    gboolean ours = g_ptr_array_remove(transfers->entries, entry);
    lock_drop(&transfers->lock);
    if (ours)
        entry_unref(entry);
    return end == WIRE_ENDED_WELL ? CLOSE_WELL : CLOSE_LOST;
}

void
transfers_touch(Transfers *transfers, const Id *transfer)
{
    LOCK_HOLD(&transfers->lock);
    Entry *entry = find(transfers, transfer);
    if (entry)
        entry->touched = clock_tick();
}

void
transfers_stop(Transfers *transfers)
{
    Tick deadline = clock_tick() + STOP_TIME;
    if (!transfers)
        return;
    lock_take(&transfers->lock);
    transfers->stopping = TRUE;
    lock_drop(&transfers->lock);
    for (;;) {
        lock_take(&transfers->lock);
        Entry *entry = transfers->entries->len > 0 ? transfers->entries->pdata[0] : NULL;
        Id transfer = entry ? entry->transfer : id_null;
        gboolean opening = entry && !entry->wire;
        if (opening)
            g_ptr_array_remove_index(transfers->entries, 0);    /* whoever opens it sees that it is too late */
        lock_drop(&transfers->lock);
        if (!entry)
            return;
        TransferLook look;
        if (!opening)
            transfers_close(transfers, &transfer, deadline, 0, &look);
    }
}

void
transfers_free(Transfers *transfers)
{
    if (!transfers)
        return;
    transfers_stop(transfers);
    g_ptr_array_unref(transfers->entries);
    lock_clear(&transfers->lock);
    g_free(transfers);
}

/* --- how it goes ----------------------------------------------------------------------------------------------------------------------------- */

gboolean
transfers_look(Transfers *transfers, const Id *transfer, TransferLook *ret)
{
    LOCK_HOLD(&transfers->lock);
    const Entry *entry = find(transfers, transfer);
    if (!entry || !entry->wire)
        return FALSE;
    WireLook look = wire_look(entry->wire);
    *ret = (TransferLook) { wire_is_lost(entry->wire), entry->held, entry->clients, look.moved - entry->looked, look.end, MAX(look.touched, entry->touched) };
    return TRUE;
}

/* --- clients --------------------------------------------------------------------------------------------------------------------------------- */

/* How long it takes says nothing of where they differ. */
static gboolean
is_ticket(const char *ticket, const char *said)
{
    gsize length = strlen(ticket);
    guint differs = 0;
    if (strlen(said) != length)
        return FALSE;
    for (gsize i = 0; i < length; i++)
        differs |= (guint) (guchar) (ticket[i] ^ said[i]);
    return differs == 0;
}

gboolean
transfers_enter(Transfers *transfers, const char *ticket, TransferSeat *ret, GError **error)
{
    LOCK_HOLD(&transfers->lock);
    Entry *found = NULL;
    for (guint i = 0; i < transfers->entries->len; i++) {
        Entry *entry = transfers->entries->pdata[i];
        if (is_ticket(entry->ticket, ticket))
            found = entry;
    }
    if (!found || !found->wire)
        return fault_set(error, MSG_TRANSFER_NO_TICKET, NULL);
    if (found->held || wire_is_lost(found->wire))
        return fault_set(error, MSG_TRANSFER_HELD, NULL);
    if (found->clients >= MOST_CLIENTS)
        return fault_set(error, MSG_TRANSFER_CLIENTS, "most", G_STRINGIFY(MOST_CLIENTS), NULL);
    found->clients++;
    found->touched = clock_tick();
    refs_inc(&found->refs);
    *ret = (TransferSeat) { wire_ref(found->wire), found->write, found->own, wire_size(found->wire), found->transfer, g_strdup(found->name), found };
    return TRUE;
}

void
transfer_seat_leave(TransferSeat *seat)
{
    Entry *entry = seat->entry;
    if (!entry)
        return;
    lock_take(&entry->transfers->lock);
    entry->clients--;
    entry->touched = clock_tick();
    lock_drop(&entry->transfers->lock);
    wire_unref(seat->wire);
    g_free(seat->name);
    entry_unref(entry);
    *seat = (TransferSeat) { 0 };
}

/* --- where it is ------------------------------------------------------------------------------------------------------------------------------ */

void
transfers_set_ports(Transfers *transfers, guint host, guint proxy)
{
    transfers->host_port = host;
    transfers->proxy_port = proxy;
}

char *
transfers_url(const Transfers *transfers, const char *door, const char *ticket, gboolean proxy)
{
    guint port = proxy ? transfers->proxy_port : transfers->host_port;
    const char *bracket = strrchr(door, ']'), *colon = strrchr(door, ':');
    gsize length = colon && colon > (bracket ? bracket : door) ? (gsize) (colon - door) : strlen(door);
    if (port == 0)
        return g_strdup_printf("https://%s/images/%s", door, ticket);
    return g_strdup_printf("https://%.*s:%u/images/%s", (int) length, door, port, ticket);
}
