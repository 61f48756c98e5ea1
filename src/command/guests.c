/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checks of verbs upon guests, how many are asked at once, and what is noted of a request that nobody can see afterwards. */
#include "command/guests.h"

#include "base/lock.h"
#include "command/guards.h"

#define HEARD "asked"
#define REFUSED "refused"

#define MOST 6                  /* requests at once: each holds a thread of the engine */
#define RESERVE 8               /* and so many more that thaw */

typedef struct {
    Id vm;
    gboolean taken, thaws;
} Seat;

static Lock seats_lock = { PTHREAD_MUTEX_INITIALIZER };
static Seat seats[MOST + RESERVE];

const Vm *
guests_check(Work *work, MessageCode needs_up, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    if (!vm)
        return NULL;
    if (vm->status != VM_UP && vm->status != VM_POWERING_UP) {
        fault_set(error, needs_up, "vm", vm->name, "status", names_get(&vm_status_names, vm->status), NULL);
        return NULL;
    }
    return guard_reach(work, vm, error) ? vm : NULL;
}

gboolean
guests_seconds(const Draft *draft, gint64 sent, gint64 otherwise, gint64 most, gint64 *ret_seconds, GError **error)
{
    gboolean given = draft && draft_has(draft, "timeout");
    if (given && (sent < 1 || sent > most)) {
        g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, sent), *limit = g_strdup_printf("%" G_GINT64_FORMAT, most);
        return fault_set(error, MSG_GUEST_TIMEOUT, "given", text, "most", limit, NULL);
    }
    *ret_seconds = given ? sent : otherwise;
    return TRUE;
}

gboolean
guests_note(Work *work, GError *take_refusal, GError **error)
{
    work_set_mark(work, HEARD, take_refusal ? NULL : "yes");
    work_set_mark(work, REFUSED, take_refusal && fault_of(take_refusal) != FAULT_UNKNOWN_OUTCOME ? "yes" : NULL);
    if (!take_refusal)
        return TRUE;
    g_propagate_error(error, take_refusal);
    return FALSE;
}

Probe
guests_noted(Work *work, G_GNUC_UNUSED GError **error)
{
    return work_mark(work, HEARD) ? PROBE_DONE : work_mark(work, REFUSED) ? PROBE_NOT_DONE : PROBE_UNKNOWN;
}

/* --- taking turns ----------------------------------------------------------------------------------------------------------- */

static Seat *
refuse(const Work *work, MessageCode code, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    g_autofree char *most = g_strdup_printf("%d", MOST);
    fault_set(error, code, "vm", vm ? vm->name : "", "most", most, NULL);
    return NULL;
}

static Seat *
take_seat(const Work *work, gboolean thaws, GError **error)
{
    LOCK_HOLD(&seats_lock);
    Seat *free = NULL;
    guint taken = 0;
    for (guint i = 0; i < G_N_ELEMENTS(seats); i++) {
        if (seats[i].taken && seats[i].thaws == thaws && id_equal(&seats[i].vm, &work->target))
            return refuse(work, MSG_GUEST_BUSY, error);
        taken += seats[i].taken ? 1 : 0;
        free = seats[i].taken ? free : &seats[i];
    }
    if (!free || (!thaws && taken >= MOST))
        return refuse(work, MSG_GUESTS_TOO_MANY, error);
    *free = (Seat) { work->target, TRUE, thaws };
    return free;
}

static void
leave_seat(Seat *seat)
{
    LOCK_HOLD(&seats_lock);
    seat->taken = FALSE;
}

static gboolean
ask_in_turn(Work *work, GuestRequest request, gboolean thaws, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    Seat *seat = link ? take_seat(work, thaws, error) : NULL;
    if (!seat)
        return FALSE;
    gboolean well = request(work, link, error);
    leave_seat(seat);
    return well;
}

gboolean
guests_ask(Work *work, GuestRequest request, GError **error)
{
    return ask_in_turn(work, request, FALSE, error);
}

static gboolean
thaw(Work *work, HostLink *link, GError **error)
{
    return link->ops->thaw(link, &work->target, work->deadline, error);
}

gboolean
guests_thaw(Work *work, GError **error)
{
    return ask_in_turn(work, thaw, TRUE, error);
}

gboolean
guests_is_frozen(Work *work, gboolean *ret_frozen, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    Seat *seat = link ? take_seat(work, TRUE, error) : NULL;
    if (!seat)
        return FALSE;
    gboolean well = link->ops->is_frozen(link, &work->target, ret_frozen, work->deadline, error);
    leave_seat(seat);
    return well;
}
