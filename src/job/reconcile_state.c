/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where a VM stands, from what libvirt says of its domain. A fact is believed; while a job of ours works on the VM the
 * facts it makes are not told as somebody else's deeds, and a status it staged is kept until its end. */
#include "job/merge.h"
#include "job/reconcile_parts.h"

#include <string.h>

#define LEAVING_BEATS 300           /* half seconds: a guest that runs on this long after it was asked will not shut down, or reboot */
#define REBOOTED "rebooted"         /* the word of the event by which a host tells it */

#define WATCHDOG "watchdog:"        /* and what it did */
#define STARTING "starting"                     /* why libvirt holds a domain whose QEMU has only just come */

#define EVENT_VM_DOWN 61                        /* oVirt's numbers */
#define EVENT_VM_DOWN_ERROR 119
#define EVENT_VM_RUN 32
#define EVENT_VM_PAUSED 1025
#define EVENT_VM_RESUMED 1026
#define EVENT_VM_WATCHDOG 9901
#define EVENT_VM_STAYS_UP 74
#define EVENT_VM_STAYS_AS_IT_IS 158

VmStatus
state_status(const DomainFacts *facts)
{
    switch (facts->state) {
    case DOMAIN_ABSENT:
        return VM_UNKNOWN;
    case DOMAIN_SHUTOFF:
        return facts->managed_save ? VM_SUSPENDED : VM_DOWN;
    case DOMAIN_RUNNING:
    case DOMAIN_BLOCKED:
        return VM_UP;
    case DOMAIN_SHUTTING_DOWN:
        return VM_POWERING_DOWN;
    case DOMAIN_PAUSED:
        return g_strcmp0(facts->reason, STARTING) == 0 ? VM_WAIT_FOR_LAUNCH : VM_PAUSED;
    case DOMAIN_CRASHED:            /* its process is kept for a look at it */
    case DOMAIN_SUSPENDED:          /* asleep by its guest's own wish; the process is there */
        return VM_PAUSED;
    }
    return VM_UNKNOWN;
}

/* Whoever is unknown agrees with nothing. On its way and there are the same: what is missing comes by an event. */
gboolean
state_agrees(const Vm *vm, VmStatus fact)
{
    gboolean held = vm->status == VM_PAUSED, paused = fact == VM_PAUSED || fact == VM_WAIT_FOR_LAUNCH;
    return vm->status != VM_UNKNOWN && vm_is_running((VmStatus) vm->status) == vm_is_running(fact) && held == paused;
}

void
state_forget(Reconcile *reconcile, const Id *vm)
{
    g_hash_table_remove(reconcile->leaving, vm);
    g_hash_table_remove(reconcile->heard, vm);
    g_hash_table_remove(reconcile->unread, vm);
    g_hash_table_remove(reconcile->before_lost, vm);
    g_hash_table_remove(reconcile->digests, vm);
}

/* --- what a fact means while something is on its way ---------------------------------------------------------------------- */

static gboolean
is_starting(int status)
{
    return status == VM_WAIT_FOR_LAUNCH || status == VM_POWERING_UP || status == VM_RESTORING_STATE;
}

static gboolean
has_rebooted(const Batch *batch)
{
    return batch->event && g_str_has_prefix(batch->event, REBOOTED);
}

/* Our own job is at it: what it staged stays until it ends, but for a start that is seen to run and a reboot that is seen. */
static VmStatus
status_in_job(const Batch *batch, const Vm *vm, VmStatus fact)
{
    if (vm->locked && fact == VM_DOWN)
        return VM_IMAGE_LOCKED;
    if (is_starting(vm->status))
        return fact == VM_UP ? VM_POWERING_UP : (VmStatus) vm->status;
    if (vm->status == VM_SAVING_STATE)
        return fact == VM_UP || fact == VM_PAUSED ? VM_SAVING_STATE : fact;     /* it stands still to be saved */
    if (vm->status == VM_REBOOT_IN_PROGRESS)
        return (fact == VM_UP && !has_rebooted(batch)) || fact == VM_POWERING_DOWN ? VM_REBOOT_IN_PROGRESS : fact;
    if (vm->status == VM_POWERING_DOWN || vm->status == VM_MIGRATING)
        return fact == VM_UP ? (VmStatus) vm->status : fact;
    return fact;
}

static gboolean
is_leaving(int status)
{
    return status == VM_POWERING_DOWN || status == VM_REBOOT_IN_PROGRESS;
}

/* A guest that was asked to shut down runs until it has; one that was asked to reboot shuts down, and runs again. */
static VmStatus
status_when_leaving(const Batch *batch, const Vm *vm, VmStatus fact)
{
    Reconcile *reconcile = batch->reconcile;
    gboolean reboots = vm->status == VM_REBOOT_IN_PROGRESS;
    if (!is_leaving(vm->status) || (reboots && has_rebooted(batch)) || (fact != VM_UP && !(reboots && fact == VM_POWERING_DOWN)))
        return fact;
    const Tick *since = g_hash_table_lookup(reconcile->leaving, &vm->object.id);
    return since && clock_tick() - *since < LEAVING_BEATS * reconcile->engine->beat ? (VmStatus) vm->status : fact;
}

static void arm_patience(Reconcile *reconcile);

/* A guest that does nothing makes no event: its host is asked where it stands. */
static void
patience_over(gpointer data)
{
    Reconcile *reconcile = data;
    const View *head = commit_head(reconcile->engine->commit);
    GHashTableIter iter;
    gpointer id, since;
    reconcile->patience = 0;
    g_hash_table_iter_init(&iter, reconcile->leaving);
    while (g_hash_table_iter_next(&iter, &id, &since)) {
        const Vm *vm = view_find(head, &vm_type, id);
        gboolean over = clock_tick() - *(const Tick *) since >= LEAVING_BEATS * reconcile->engine->beat;
        g_autoptr(HostLink) link = vm && over && reconcile->engine->parts.hosts ? hosts_peek(reconcile->engine->parts.hosts, &vm->home.id) : NULL;
        if (link && link->ops->refresh)
            link->ops->refresh(link);
    }
    if (g_hash_table_size(reconcile->leaving) > 0)
        arm_patience(reconcile);
}

static void
arm_patience(Reconcile *reconcile)
{
    Tick beat = reconcile->engine->beat;
    if (!reconcile->patience)
        reconcile->patience = loop_timer(reconcile->engine->parts.loop, (LEAVING_BEATS / 10 + 1) * beat, patience_over, reconcile);
}

void
state_learn(Reconcile *reconcile, const Vm *before, const Vm *after)
{
    if (!is_leaving(after->status)) {
        g_hash_table_remove(reconcile->leaving, &after->object.id);
        return;
    }
    if (before && before->status == after->status)
        return;
    Tick now = clock_tick();
    g_hash_table_insert(reconcile->leaving, g_memdup2(&after->object.id, sizeof(Id)), g_memdup2(&now, sizeof(now)));
    arm_patience(reconcile);
}

/* --- sentences ---------------------------------------------------------------------------------------------------------------- */

char *
state_event_words(const Batch *batch, const DomainFacts *facts)
{
    const char *event = batch->event ? batch->event : facts && facts->reason ? facts->reason : "found by looking";
    g_auto(GStrv) parts = g_strsplit(event, ":", 2);
    return parts[0] && parts[1] ? g_strdup_printf("%s, %s", parts[0], parts[1]) : g_strdup(event);
}

static gboolean
says(const char *words, const char *word)
{
    return strstr(words, word) != NULL;
}

static MessageCode
down_sentence(const char *words)
{
    if (says(words, "destroyed"))
        return MSG_FACT_VM_DESTROYED;
    if (says(words, "crashed") || says(words, "failed"))
        return MSG_FACT_VM_CRASHED;
    if (says(words, "shutdown") || says(words, "shut down"))
        return MSG_FACT_VM_SHUT_DOWN;
    return MSG_FACT_VM_DOWN;
}

typedef struct {
    MessageCode message;
    int code;
    Severity severity;
} Telling;

static Telling
tell_move(int before, VmStatus after, const char *words)
{
    if (after == VM_DOWN) {
        MessageCode sentence = down_sentence(words);
        gboolean crash = sentence == MSG_FACT_VM_CRASHED;
        return (Telling) { sentence, crash ? EVENT_VM_DOWN_ERROR : EVENT_VM_DOWN, crash ? SEVERITY_ERROR : SEVERITY_NORMAL };
    }
    if (before == VM_POWERING_DOWN && after == VM_UP)
        return (Telling) { MSG_FACT_VM_STAYS_UP, EVENT_VM_STAYS_UP, SEVERITY_WARNING };
    if (before == VM_REBOOT_IN_PROGRESS && after == VM_UP && says(words, REBOOTED))
        return (Telling) { MSG_FACT_VM_REBOOTED, 0, SEVERITY_NORMAL };
    if (before == VM_REBOOT_IN_PROGRESS && after == VM_UP)
        return (Telling) { MSG_FACT_VM_STAYS_AS_IT_IS, EVENT_VM_STAYS_AS_IT_IS, SEVERITY_WARNING };
    if (after == VM_SUSPENDED)
        return (Telling) { MSG_FACT_VM_SAVED, EVENT_VM_DOWN, SEVERITY_NORMAL };
    if (after == VM_PAUSED)
        return (Telling) { MSG_FACT_VM_PAUSED, EVENT_VM_PAUSED, SEVERITY_WARNING };
    if (after == VM_UP && before == VM_PAUSED)
        return (Telling) { MSG_FACT_VM_RESUMED, EVENT_VM_RESUMED, SEVERITY_NORMAL };
    if (after == VM_UP && (before == VM_DOWN || before == VM_SUSPENDED || before == VM_WAIT_FOR_LAUNCH))
        return (Telling) { MSG_FACT_VM_STARTED, EVENT_VM_RUN, SEVERITY_NORMAL };
    return (Telling) { MSG_FACT_VM_MOVED, 0, SEVERITY_NORMAL };
}

static void
note_move(Batch *batch, const Vm *vm, int before, const DomainFacts *facts)
{
    g_autofree char *words = state_event_words(batch, facts);
    Telling told = tell_move(before, (VmStatus) vm->status, words);
    Message *message = message_new(told.message, "vm", vm->name, "host", batch_host_name(batch), "event", words,
                                   "before", names_get(&vm_status_names, before), "after", names_get(&vm_status_names, vm->status), NULL);
    batch_note(batch, &vm->object.id, told.code, told.severity, message);
}

/* A guest that hung and was reset looks as before: its watchdog is told of whatever became of it. */
static void
note_watchdog(Batch *batch, const Vm *vm)
{
    if (!batch->event || !g_str_has_prefix(batch->event, WATCHDOG))
        return;
    Message *message = message_new(MSG_FACT_VM_WATCHDOG, "vm", vm->name, "host", batch_host_name(batch), "action", batch->event + strlen(WATCHDOG), NULL);
    batch_note(batch, &vm->object.id, EVENT_VM_WATCHDOG, SEVERITY_WARNING, message);
}

static void
note_unwatched(Batch *batch, const Vm *vm, int before)
{
    Message *message = message_new(MSG_FACT_VM_UNWATCHED, "vm", vm->name, "host", batch_host_name(batch),
                                   "before", names_get(&vm_status_names, before), "after", names_get(&vm_status_names, vm->status), NULL);
    batch_note(batch, &vm->object.id, vm->status == VM_DOWN ? EVENT_VM_DOWN : 0, SEVERITY_WARNING, message);
}

/* When it stopped is stored, so it goes with the notes; since when it runs is a fact. */
static void
set_times(Batch *batch, Vm *vm, int before, const DomainFacts *facts)
{
    gboolean ran = vm_is_running((VmStatus) before), runs = vm_is_running((VmStatus) vm->status);
    if (runs && facts->started > 0)
        vm->start_time = facts->started;
    else if (runs && (!ran || vm->start_time == 0))
        vm->start_time = batch->when;
    else if (!runs)
        vm->start_time = 0;
    if (!ran || runs || before == VM_UNKNOWN)
        return;
    batch_note(batch, &vm->object.id, 0, SEVERITY_NORMAL, NULL);
    ((Note *) batch->notes->pdata[batch->notes->len - 1])->stopped = batch->when;
}

/* --- the move ------------------------------------------------------------------------------------------------------------------ */

static gboolean
expects_moves(const Claimant *by)
{
    const Command *command = by ? by->command : NULL;
    return by && (!command || (command->on == &vm_type && !g_str_equal(command->verb, "update")));
}

static const char *
detail_of(const DomainFacts *facts)
{
    if (facts->state == DOMAIN_PAUSED || facts->state == DOMAIN_CRASHED)
        return facts->reason;
    return facts->state == DOMAIN_SUSPENDED ? "asleep by its guest's own wish" : NULL;
}

static void
tell(Batch *batch, const Vm *vm, int before, const DomainFacts *facts)
{
    gpointer lost;
    GHashTable *table = batch->reconcile->before_lost;
    if (before != VM_UNKNOWN) {
        note_move(batch, vm, before, facts);
    } else if (g_hash_table_lookup_extended(table, &vm->object.id, NULL, &lost)) {
        if (GPOINTER_TO_INT(lost) != vm->status && GPOINTER_TO_INT(lost) != VM_UNKNOWN)
            note_unwatched(batch, vm, GPOINTER_TO_INT(lost));
        g_hash_table_remove(table, &vm->object.id);
    }
}

static void
forget_all(List *list, const Type *type)
{
    while (list->count > 0) {
        Id id = ((const Object *) list->items[0])->id;
        list_remove(list, type, &id);
    }
}

static void
forget_reported(List *reported)
{
    forget_all(reported, &reported_device_type);
}

/* What its agent said was said of a guest that is no more, and what it ran with has ended with it. */
static void
forget_guest(Vm *vm)
{
    const Field *os = type_find(&vm_type, "guest_operating_system");
    const Vm nothing = { 0 };
    text_set(&vm->fqdn, NULL);
    vm->run_once = FALSE;
    text_set(&vm->running_pins, NULL);
    field_assign(os, vm, &nothing);
    field_assign(type_find(&vm_type, "guest_time_zone"), vm, &nothing);
    forget_all(&vm->sessions, &session_type);
    forget_all(&vm->file_systems, &file_system_type);
    forget_reported(&vm->reported_devices);
    for (guint i = 0; i < vm->cdroms.count; i++)
        text_set(&((Cdrom *) vm->cdroms.items[i])->current.id, NULL);
    vm->next_run_configuration_exists = FALSE;
    for (guint i = 0; i < vm->nics.count; i++)
        forget_reported(&((Nic *) vm->nics.items[i])->reported_devices);
}

void
state_apply(Batch *batch, const Vm *was, const DomainFacts *facts)
{
    Reconcile *reconcile = batch->reconcile;
    const Claimant *by = engine_claimant(reconcile->engine, &vm_type, &was->object.id);
    VmStatus fact = state_status(facts);
    VmStatus status = by ? status_in_job(batch, was, fact) : status_when_leaving(batch, was, fact);
    if (by)
        g_hash_table_replace(reconcile->heard, g_memdup2(&was->object.id, sizeof(Id)), GINT_TO_POINTER((int) fact));
    Id host = fact == VM_DOWN || fact == VM_SUSPENDED ? id_null : batch->host->id;
    const char *detail = detail_of(facts);
    int before = was->status;
    note_watchdog(batch, was);
    if (before == (int) status && id_equal(&was->host.id, &host) && g_strcmp0(was->status_detail, detail) == 0)
        return;
    Vm *vm = changes_edit(batch->changes, &vm_type, &was->object.id);
    vm->status = status;
    vm->host.id = host;
    text_set(&vm->status_detail, detail);
    if (before == (int) status)
        return;
    if (!vm_is_running(status))
        forget_guest(vm);
    if ((!expects_moves(by) || (before == VM_REBOOT_IN_PROGRESS && status == VM_UP)) && status != VM_WAIT_FOR_LAUNCH && status != VM_POWERING_DOWN)
        tell(batch, vm, before, facts);         /* what is only on its way is told when it is there */
    set_times(batch, vm, before, facts);
}

void
state_next_run_set(Vm *vm, const DomainFacts *facts)
{
    words_set(&vm->next_run_differences, (const char *const[]) { NULL });
    for (guint i = 0; i < facts->differing.count; i++)
        words_add(&vm->next_run_differences, facts->differing.items[i]);
    vm->next_run_configuration_exists = facts->differing.count > 0;
    vm->run_once = facts->run_once;
    text_set(&vm->running_pins, facts->pins);
}

void
state_autostart(Batch *batch, const Vm *was, const DomainFacts *facts)
{
    if (!was->libvirt_autostart != !facts->autostart)
        ((Vm *) changes_edit(batch->changes, &vm_type, &was->object.id))->libvirt_autostart = facts->autostart;
}

void
state_next_run(Batch *batch, const Vm *was, const DomainFacts *facts)
{
    const Vm said = { .next_run_differences = facts->differing };
    gboolean same = was->run_once == facts->run_once && was->next_run_configuration_exists == (facts->differing.count > 0);
    if (!same || g_strcmp0(was->running_pins, facts->pins) != 0 || !field_equal(type_find(&vm_type, "next_run_differences"), was, &said))
        state_next_run_set(changes_edit(batch->changes, &vm_type, &was->object.id), facts);
}

/* --- what guests say ------------------------------------------------------------------------------------------------------------ */

static void
copy_reported(List *to, const List *from, const char *mac)
{
    forget_reported(to);
    for (guint i = 0; i < from->count; i++) {
        const ReportedDevice *device = from->items[i];
        if (!mac || (device->mac.address && g_ascii_strcasecmp(mac, device->mac.address) == 0))
            list_add(to, object_dup(device));
    }
}

static void
copy_all(List *to, const List *from, const Type *type)
{
    forget_all(to, type);
    for (guint i = 0; i < from->count; i++)
        list_add(to, object_dup(from->items[i]));
}

static void
copy_row(Vm *vm, const Vm *said, const char *name)
{
    const Field *row = type_find(&vm_type, name);
    if (row && !field_equal(row, vm, said))
        field_assign(row, vm, said);
}

void
state_guest(Batch *batch, const Id *domain, const GuestFacts *guest)
{
    const Vm *was = adopt_find(batch, domain);
    Vm *vm = was && guest ? changes_edit(batch->changes, &vm_type, &was->object.id) : NULL;
    if (!vm)
        return;
    text_set(&vm->fqdn, guest->fqdn);
    const Vm said = { .guest_operating_system = guest->os, .guest_time_zone = guest->zone };
    copy_row(vm, &said, "guest_operating_system");
    copy_row(vm, &said, "guest_time_zone");
    copy_all(&vm->sessions, &guest->sessions, &session_type);
    copy_all(&vm->file_systems, &guest->file_systems, &file_system_type);
    copy_reported(&vm->reported_devices, &guest->devices, NULL);
    for (guint i = 0; i < vm->nics.count; i++) {
        Nic *nic = vm->nics.items[i];
        if (nic->mac.address)
            copy_reported(&nic->reported_devices, &guest->devices, nic->mac.address);
    }
}
