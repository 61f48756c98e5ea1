/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Opening a VM's console at its host, on a worker, for a host may take long. A serial line is opened once and shared: libvirt knows one reader of it. */
#include "console/consoles_parts.h"

#include "console/png.h"
#include "model/vm.h"

#include <openssl/crypto.h>
#include <unistd.h>

typedef struct {
    Consoles *consoles;
    Ticket ticket;
    gboolean greet;
    ConsoleOpened done;
    gpointer data;
} Opening;

/* --- seats -------------------------------------------------------------------------------------------------------------------------- */

gboolean
opening_reserve(Consoles *consoles, GError **error)
{
    LOCK_HOLD(&consoles->lock);
    if (consoles->stopping)
        return fault_set(error, MSG_CONSOLE_STOPPING, NULL);
    if (consoles->seats >= CONSOLE_MOST)
        return fault_set(error, MSG_CONSOLE_TOO_MANY, "most", G_STRINGIFY(CONSOLE_MOST), NULL);
    consoles->seats++;
    return TRUE;
}

void
opening_release(Consoles *consoles)
{
    LOCK_HOLD(&consoles->lock);
    consoles->seats--;
}

void
opening_settle(Consoles *consoles, const Id *vm, Far *far)
{
    LOCK_HOLD(&consoles->lock);
    if (far)
        g_hash_table_insert(consoles->lines, g_memdup2(vm, sizeof(Id)), far);
    else
        g_hash_table_remove(consoles->lines, vm);
    condition_broadcast(&consoles->opened);
}

void
console_seat_drop(ConsoleSeat *seat)
{
    if (!seat)
        return;
    if (seat->far && seat->far->serial)
        opening_settle(seat->consoles, &seat->ticket.vm, NULL);
    if (seat->far)
        far_free(seat->far);
    opening_release(seat->consoles);
    OPENSSL_cleanse(&seat->ticket, sizeof(seat->ticket));
    g_free(seat);
}

/* --- opening -------------------------------------------------------------------------------------------------------------------------- */

/* The host the VM runs on now. Hosts may go once the room is stopping: the lock says that it is not. */
static HostLink *
find_host(Consoles *consoles, const Id *id, const char *name, GError **error)
{
    g_autoptr(View) view = inventory_view(consoles->inventory);
    const Vm *vm = view_find(view, &vm_type, id);
    if (!vm || !vm_is_running((VmStatus) vm->status)) {
        fault_set(error, vm ? MSG_CONSOLE_NOT_RUNNING : MSG_CONSOLE_VM_GONE, "vm", vm ? vm->name : name, NULL);
        return NULL;
    }
    LOCK_HOLD(&consoles->lock);
    if (!consoles->stopping)
        return hosts_find(consoles->hosts, id_is_null(&vm->host.id) ? &vm->home.id : &vm->host.id, error);
    fault_set(error, MSG_CONSOLE_STOPPING, NULL);
    return NULL;
}

static int
open_descriptor(const Opening *opening, GError **error)
{
    const Ticket *ticket = &opening->ticket;
    Tick deadline = clock_tick() + CONSOLE_OPENING;
    g_autoptr(HostLink) link = find_host(opening->consoles, &ticket->vm, ticket->name, error);
    if (!link)
        return -1;
    if (ticket->kind == CONSOLE_SERIAL)
        return link->ops->open_serial(link, &ticket->vm, ticket->force, deadline, error);
    int descriptor = link->ops->open_graphics(link, &ticket->vm, deadline, error);
    if (descriptor >= 0 && opening->greet && !rfb_enter(descriptor, ticket->name, deadline, error)) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

/* Waits while somebody else opens the same line: the table itself stands for it until he sits there. TRUE: it is open, join it. FALSE: it is ours to open, or ERROR is set. */
static gboolean
joins_line(const Opening *opening, GError **error)
{
    Consoles *consoles = opening->consoles;
    Tick deadline = clock_tick() + 2 * CONSOLE_OPENING;
    gboolean more_time = TRUE;
    LOCK_HOLD(&consoles->lock);
    while (more_time && g_hash_table_lookup(consoles->lines, &opening->ticket.vm) == consoles->lines)
        more_time = condition_wait_until(&consoles->opened, &consoles->lock, deadline);
    if (!more_time)
        fault_set(error, MSG_CONSOLE_LINE_OPENING, "vm", opening->ticket.name, NULL);
    else if (g_hash_table_contains(consoles->lines, &opening->ticket.vm))
        return TRUE;
    else
        g_hash_table_insert(consoles->lines, g_memdup2(&opening->ticket.vm, sizeof(Id)), consoles->lines);
    return FALSE;
}

/* NULL without ERROR: a line that is open is joined. */
static Far *
open_far(const Opening *opening, GError **error)
{
    const Ticket *ticket = &opening->ticket;
    gboolean serial = ticket->kind == CONSOLE_SERIAL;
    g_autoptr(GError) wrong = NULL;
    if (serial && (joins_line(opening, &wrong) || wrong)) {
        if (wrong)
            g_propagate_error(error, g_steal_pointer(&wrong));
        return NULL;
    }
    int descriptor = open_descriptor(opening, error);
    Far *far = descriptor >= 0 ? far_new(opening->consoles, ticket, descriptor) : NULL;
    if (serial && !far)
        opening_settle(opening->consoles, &ticket->vm, NULL);
    return far;
}

static void
run_opening(gpointer data)
{
    g_autofree Opening *opening = data;
    g_autoptr(GError) error = NULL;
    Far *far = open_far(opening, &error);
    ConsoleSeat *seat = NULL;
    if (error) {
        opening_release(opening->consoles);
    } else {
        seat = g_new0(ConsoleSeat, 1);
        *seat = (ConsoleSeat) { opening->consoles, opening->ticket, far };
    }
    OPENSSL_cleanse(&opening->ticket, sizeof(opening->ticket));
    opening->done(opening->data, seat, error);
}

void
opening_begin(Consoles *consoles, const Ticket *ticket, gboolean greet, ConsoleOpened done, gpointer data)
{
    Opening *opening = g_new0(Opening, 1);
    *opening = (Opening) { consoles, *ticket, greet, done, data };
    workers_push(consoles->workers, run_opening, opening);
}

void
consoles_open(Consoles *consoles, ConsoleKind kind, const char *value, ConsoleOpened done, gpointer data)
{
    g_autoptr(GError) error = NULL;
    Ticket ticket;
    if (!opening_reserve(consoles, &error)) {
        done(data, NULL, error);
        return;
    }
    lock_take(&consoles->lock);
    TicketVerdict verdict = tickets_take(consoles->tickets, kind, FALSE, ticket_is_value, value, clock_tick(), &ticket);
    lock_drop(&consoles->lock);
    if (verdict == TICKET_GOOD) {
        opening_begin(consoles, &ticket, FALSE, done, data);
        OPENSSL_cleanse(&ticket, sizeof(ticket));
        return;
    }
    opening_release(consoles);
    fault_set(&error, ticket_refusal(verdict), NULL);
    done(data, NULL, error);
}

/* --- pictures --------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    Consoles *consoles;
    Id vm;
    ConsolePictured done;
    gpointer data;
} Picturing;

static void
run_picturing(gpointer data)
{
    g_autofree Picturing *picturing = data;
    g_autoptr(GError) error = NULL;
    char text[ID_TEXT_SIZE];
    g_autoptr(HostLink) link = find_host(picturing->consoles, &picturing->vm, id_format(&picturing->vm, ID_UUID, text), &error);
    g_autoptr(GBytes) raw = link ? link->ops->screenshot(link, &picturing->vm, clock_tick() + CONSOLE_OPENING, &error) : NULL;
    g_autoptr(GBytes) picture = raw ? png_of(raw, &error) : NULL;
    opening_release(picturing->consoles);
    picturing->done(picturing->data, picture, error);
}

/* It takes a seat meanwhile, so that pictures of hosts that hang do not queue without end. */
void
consoles_picture(Consoles *consoles, const Id *vm, ConsolePictured done, gpointer data)
{
    g_autoptr(GError) error = NULL;
    if (!opening_reserve(consoles, &error)) {
        done(data, NULL, error);
        return;
    }
    Picturing *picturing = g_new(Picturing, 1);
    *picturing = (Picturing) { consoles, *vm, done, data };
    workers_push(consoles->workers, run_picturing, picturing);
}
