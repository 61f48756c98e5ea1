/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lets one VM of a licence boundary run outside of it for a while, for a reason. It stands in the event log and in the evidence ledger. */
#include "command/boundaries.h"
#include "command/guards.h"
#include "command/refs.h"
#include "command/rows.h"

#define MINUTES 60
#define MINUTES_MOST (31 * 24 * 60)

typedef struct { gboolean async; char *reason; gint64 minutes; Ref vm; } ExceptParams;

/* clang-format off */
static const Type except_params_type = { .one = "action", .many = "actions", .size = sizeof(ExceptParams), .help = "What is excepted.", .fields = (const Field[]) {
    BOOL(ExceptParams, async,   ADD,     "Answer before it is done."),
    INT (ExceptParams, minutes, ADD,     "For so long; without it an hour, 0 ends it."),
    TEXT(ExceptParams, reason,  ADD,     "Why; it stands in the ledger."),
    REF (ExceptParams, vm, vm_type, ADD, "Which VM of the boundary."),
    { 0 } } };
/* clang-format on */

static gint64
minutes_of(const Work *work)
{
    const ExceptParams *sent = work->draft->record;
    return draft_has(work->draft, "minutes") ? sent->minutes : MINUTES;
}

static gboolean
check(Work *work, GError **error)
{
    const LicenceBoundary *boundary = view_find(work->view, &licence_boundary_type, &work->target);
    if (!boundary)
        return fault_set(error, MSG_NO_SUCH_BOUNDARY, NULL);
    if (!work->draft)
        return fault_set(error, MSG_BOUNDARY_EXCEPT_NEEDS, "boundary", boundary->name, NULL);
    if (!refs_resolve(work, error) || !guard_texts(work->draft, error))
        return FALSE;
    const ExceptParams *sent = work->draft->record;
    const Vm *vm = view_find(work->view, &vm_type, &sent->vm.id);
    g_autofree char *most = g_strdup_printf("%d", MINUTES_MOST);
    if (!vm || !sent->reason || !*sent->reason)
        return fault_set(error, MSG_BOUNDARY_EXCEPT_NEEDS, "boundary", boundary->name, NULL);
    if (!id_equal(&vm->licence_boundary.id, &boundary->object.id))
        return fault_set(error, MSG_BOUNDARY_NOT_MEMBER, "boundary", boundary->name, "vm", vm->name, NULL);
    if (minutes_of(work) < 0 || minutes_of(work) > MINUTES_MOST)
        return fault_set(error, MSG_BOUNDARY_EXCEPT_MINUTES, "most", most, NULL);
    g_autofree char *minutes = g_strdup_printf("%" G_GINT64_FORMAT, minutes_of(work));
    work_set_about(work, "vm", vm->name);
    work_set_about(work, "reason", sent->reason);
    work_set_about(work, "minutes", minutes);
    return TRUE;
}

static void
forget(List *exceptions, const Id *vm, Wall now)
{
    guint kept = 0;
    for (guint i = 0; i < exceptions->count; i++) {
        BoundaryException *exception = exceptions->items[i];
        if (!id_equal(&exception->vm.id, vm) && exception->until > now) {
            exceptions->items[kept++] = exception;
            continue;
        }
        g_free(exception->reason);
        g_free(exception);
    }
    exceptions->count = kept;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    const ExceptParams *sent = work->draft->record;
    LicenceBoundary *boundary = changes_edit(changes, &licence_boundary_type, &work->target);
    Wall now = clock_wall();
    forget(&boundary->exceptions, &sent->vm.id, now);
    if (minutes_of(work) == 0)
        return TRUE;
    BoundaryException *exception = g_new0(BoundaryException, 1);
    exception->vm.id = sent->vm.id;
    exception->user.id = work->user;
    exception->until = now + minutes_of(work) * 60 * CLOCK_SECOND;
    exception->reason = g_strdup(sent->reason);
    list_add(&boundary->exceptions, exception);
    return TRUE;
}

const Command licence_boundary_except = {
    .verb = "except",
    .on = &licence_boundary_type,
    .params = &except_params_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_EXCEPTING_VM,
    .done = { 11054, MSG_BOUNDARY_EXCEPTED },
    .check = check,
    .stage = stage,
    .help = "Lets a VM of a licence boundary run outside of it for a while.",
};
