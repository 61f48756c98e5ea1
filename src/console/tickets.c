/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A short row, oldest first: what nobody would ask after any more falls off its front. */
#include "console/tickets.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

#define MOST 1024                   /* remembered, living or not */
#define MOST_WAITING 256
#define MOST_WAITING_OF_ONE 32
#define REMEMBERED (10 * 60 * CLOCK_SECOND)

typedef struct {
    Ticket ticket;
    gboolean used;
} Entry;

struct Tickets {
    GQueue entries;                 /* Entry *, oldest first */
};

Tickets *
tickets_new(void)
{
    Tickets *tickets = g_new0(Tickets, 1);
    g_queue_init(&tickets->entries);
    return tickets;
}

static void
entry_free(Entry *entry)
{
    OPENSSL_cleanse(entry, sizeof(*entry));
    g_free(entry);
}

void
tickets_free(Tickets *tickets)
{
    if (!tickets)
        return;
    g_queue_clear_full(&tickets->entries, (GDestroyNotify) entry_free);
    g_free(tickets);
}

static gboolean
is_waiting(const Entry *entry, Tick now)
{
    return !entry->used && now < entry->ticket.expires;
}

static guint
count_waiting(const Tickets *tickets, const Id *user, Tick now)
{
    guint count = 0;
    for (const GList *at = tickets->entries.head; at; at = at->next) {
        const Entry *entry = at->data;
        count += is_waiting(entry, now) && (!user || id_equal(&entry->ticket.holder.user, user));
    }
    return count;
}

static void
forget_old(Tickets *tickets, Tick now)
{
    for (const Entry *entry; (entry = g_queue_peek_head(&tickets->entries));) {
        if (now < entry->ticket.expires + REMEMBERED && tickets->entries.length < MOST)
            return;
        entry_free(g_queue_pop_head(&tickets->entries));
    }
}

static void
make_value(char value[TICKET_CHARS + 1])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    guint8 bytes[TICKET_CHARS];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        g_error("the system gives no random bytes");
    for (guint i = 0; i < TICKET_CHARS; i++)
        value[i] = letters[bytes[i] & 63];
    value[TICKET_CHARS] = '\0';
    OPENSSL_cleanse(bytes, sizeof(bytes));
}

const Ticket *
tickets_add(Tickets *tickets, const Ticket *wish, gint64 seconds, Tick now, GError **error)
{
    forget_old(tickets, now);
    if (count_waiting(tickets, NULL, now) >= MOST_WAITING || count_waiting(tickets, &wish->holder.user, now) >= MOST_WAITING_OF_ONE) {
        fault_set(error, MSG_CONSOLE_TOO_MANY_TICKETS, NULL);
        return NULL;
    }
    Entry *entry = g_new0(Entry, 1);
    entry->ticket = *wish;
    entry->ticket.expires = now + CLAMP(seconds > 0 ? seconds : TICKET_SECONDS, 1, TICKET_SECONDS_MOST) * CLOCK_SECOND;
    make_value(entry->ticket.value);
    g_queue_push_tail(&tickets->entries, entry);
    return &entry->ticket;
}

gboolean
ticket_is_value(const Ticket *ticket, gconstpointer value)
{
    return strlen(value) == TICKET_CHARS && CRYPTO_memcmp(ticket->value, value, TICKET_CHARS) == 0;
}

TicketVerdict
tickets_take(Tickets *tickets, ConsoleKind kind, gboolean viewer, TicketProves proves, gconstpointer proof, Tick now, Ticket *ret_ticket)
{
    Entry *found = NULL;
    for (GList *at = tickets->entries.head; at; at = at->next) {
        Entry *entry = at->data;
        gboolean proven = proves(&entry->ticket, proof);        /* of each, whatever came before */
        if (proven && entry->ticket.kind == kind && (!viewer || *entry->ticket.door) && (!found || is_waiting(entry, now)))
            found = entry;
    }
    if (!found)
        return TICKET_WRONG;
    if (found->used)
        return TICKET_USED;
    if (now >= found->ticket.expires)
        return TICKET_EXPIRED;
    found->used = TRUE;
    *ret_ticket = found->ticket;
    return TICKET_GOOD;
}

gboolean
tickets_awaited(Tickets *tickets, const char *door, Tick now)
{
    for (const GList *at = tickets->entries.head; at; at = at->next) {
        const Entry *entry = at->data;
        if (is_waiting(entry, now) && strcmp(entry->ticket.door, door) == 0)
            return TRUE;
    }
    return FALSE;
}

MessageCode
ticket_refusal(TicketVerdict verdict)
{
    return verdict == TICKET_USED ? MSG_CONSOLE_TICKET_USED : verdict == TICKET_EXPIRED ? MSG_CONSOLE_TICKET_EXPIRED : MSG_CONSOLE_TICKET_WRONG;
}
