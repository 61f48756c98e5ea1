/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reports of hosts, in order, into change sets. The top is take_report(); a long list is taken in batches with the loop's
 * other work between them, and what the host says meanwhile waits behind it. LIVE facts go first and at once; what must be
 * told and stored about them follows in a second set, so that a slow or full disk delays no fact. */
#include "job/reconcile_parts.h"

#include "base/log.h"

#define NAMED_MOST 5                /* so many adopted VMs are told one by one */

/* --- the tables ------------------------------------------------------------------------------------------------------------ */

static void
host_state_free(HostState *host)
{
    loop_cancel(host->reconcile->engine->parts.loop, host->grace);
    object_unref(host->facts);
    if (host->why)
        message_unref(host->why);
    g_queue_clear_full(&host->backlog, (GDestroyNotify) host_report_free);
    if (host->list)
        host_report_free(host->list);
    g_clear_pointer(&host->listed, g_hash_table_unref);
    g_free(host);
}

static GHashTable *
table_by_id(void)
{
    return g_hash_table_new_full(id_hash, id_equal_key, g_free, g_free);
}

Reconcile *
reconcile_new(Engine *engine)
{
    Reconcile *reconcile = g_new0(Reconcile, 1);
    reconcile->engine = engine;
    reconcile->hosts = g_hash_table_new_full(id_hash, id_equal_key, NULL, (GDestroyNotify) host_state_free);
    reconcile->digests = table_by_id();
    reconcile->settled = table_by_id();
    reconcile->leaving = table_by_id();
    reconcile->heard = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    reconcile->unread = g_hash_table_new_full(id_hash, id_equal_key, g_free, g_free);
    reconcile->before_lost = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    return reconcile;
}

void
reconcile_free(Reconcile *reconcile)
{
    if (!reconcile)
        return;
    loop_cancel(reconcile->engine->parts.loop, reconcile->sums);
    loop_cancel(reconcile->engine->parts.loop, reconcile->patience);
    g_hash_table_unref(reconcile->hosts);
    g_hash_table_unref(reconcile->digests);
    g_hash_table_unref(reconcile->settled);
    g_hash_table_unref(reconcile->leaving);
    g_hash_table_unref(reconcile->heard);
    g_hash_table_unref(reconcile->unread);
    g_hash_table_unref(reconcile->before_lost);
    g_clear_pointer(&reconcile->owners, g_hash_table_unref);
    g_free(reconcile);
}

static HostState *
host_state(Reconcile *reconcile, const Id *id)
{
    HostState *host = g_hash_table_lookup(reconcile->hosts, id);
    if (host)
        return host;
    host = g_new0(HostState, 1);
    host->reconcile = reconcile;
    host->id = *id;
    g_queue_init(&host->backlog);
    g_hash_table_insert(reconcile->hosts, &host->id, host);
    return host;
}

gboolean
reconcile_owes(const Reconcile *reconcile)
{
    return reconcile->owes;
}

gboolean
reconcile_is_stale(Reconcile *reconcile, const Id *vm, Tick seen)
{
    const Tick *settled = g_hash_table_lookup(reconcile->settled, vm);
    return settled && seen < *settled;
}

/* --- one batch ------------------------------------------------------------------------------------------------------------- */

static void
note_free(Note *note)
{
    if (note->message)
        message_unref(note->message);
    g_free(note);
}

Batch *
batch_new(HostState *host, const HostReport *report)
{
    Batch *batch = g_new0(Batch, 1);
    batch->reconcile = host->reconcile;
    batch->host = host;
    batch->changes = commit_begin(host->reconcile->engine->commit);
    batch->notes = g_ptr_array_new_with_free_func((GDestroyNotify) note_free);
    batch->compare = g_ptr_array_new_with_free_func((GDestroyNotify) domain_facts_unref);
    batch->adopted = g_ptr_array_new_with_free_func(g_free);
    batch->when = report ? report->when : clock_wall();
    batch->seen = report ? report->seen : clock_tick();
    batch->event = report ? report->event : NULL;
    batch->facts_only = engine_facts_only(host->reconcile->engine);
    host->reconcile->owes |= batch->facts_only;
    return batch;
}

void
batch_note(Batch *batch, const Id *vm, int code, Severity severity, Message *take)
{
    Note *note = g_new0(Note, 1);
    *note = (Note) { *vm, code, severity, take, 0 };
    g_ptr_array_add(batch->notes, note);
}

const char *
batch_host_name(Batch *batch)
{
    const Host *host = changes_find(batch->changes, &host_type, &batch->host->id);
    return host && host->name ? host->name : "";
}

static void
stamp(Changes *changes, const Note *note)
{
    Vm *vm = note->stopped > 0 ? changes_edit(changes, &vm_type, &note->vm) : NULL;
    if (!vm)
        return;
    vm->stop_time = note->stopped;
    if (vm->status != VM_SUSPENDED)
        vm->frozen_until = 0;       /* what froze is gone */
}

/* The second set: what is told and stored of the facts the first one showed. */
static void
put_notes(Batch *batch)
{
    Engine *engine = batch->reconcile->engine;
    g_autoptr(Changes) changes = commit_begin(engine->commit);
    for (guint i = 0; i < batch->notes->len; i++) {
        Note *note = batch->notes->pdata[i];
        const Vm *vm = changes_find(changes, &vm_type, &note->vm);
        EventAbout about = { .vm = vm ? &note->vm : NULL, .cluster = vm ? &vm->cluster.id : NULL, .host = &batch->host->id };
        if (note->message)
            engine_tell(engine, changes, note->code, note->severity, g_steal_pointer(&note->message), &about);
        if (!batch->facts_only)
            stamp(changes, note);
    }
    if (!engine_put(engine, g_steal_pointer(&changes), NULL, NULL))
        batch->reconcile->owes = TRUE;
}

void
batch_end(Batch *batch)
{
    Engine *engine = batch->reconcile->engine;
    gboolean taken = engine_put(engine, g_steal_pointer(&batch->changes), NULL, NULL);
    if (!taken)
        batch->reconcile->owes = TRUE;
    if (taken && batch->notes->len > 0)
        put_notes(batch);
    if (taken && batch->compare->len > 0)
        outside_compare(batch->host, g_steal_pointer(&batch->compare), batch->seen);
    if (batch->ask_again)
        reconcile_ask(batch->reconcile, &batch->host->id);
    g_ptr_array_unref(batch->notes);
    g_clear_pointer(&batch->compare, g_ptr_array_unref);
    g_ptr_array_unref(batch->adopted);
    g_free(batch);
}

void
reconcile_ask(Reconcile *reconcile, const Id *host)
{
    g_autoptr(HostLink) link = reconcile->engine->parts.hosts ? hosts_peek(reconcile->engine->parts.hosts, host) : NULL;
    if (link && link->ops->refresh)
        link->ops->refresh(link);
}

/* --- one domain ------------------------------------------------------------------------------------------------------------ */

/* What was seen before our job with the VM ended is not believed: the job may have changed it since. But nobody may ever say more
 * of it, so where it is not what we show its host is asked again. */
static void
doubt(Batch *batch, const Vm *vm, const DomainFacts *facts)
{
    gboolean agrees = facts->state != DOMAIN_ABSENT && state_agrees(vm, state_status(facts)) && (!facts->xml || g_strcmp0(vm->running_pins, facts->pins) == 0);
    if (!agrees || (facts->xml && outside_differs(batch->reconcile, &vm->object.id, facts)))
        batch->ask_again = TRUE;
}

/* What lies in the drives of the guest that runs, which is not always what its definition says. */
static void
take_media(Batch *batch, const Vm *vm, const DomainFacts *facts)
{
    for (guint i = 0; i < vm->cdroms.count; i++) {
        const Cdrom *cdrom = vm->cdroms.items[i], *now = list_find(&facts->config->cdroms, &cdrom->object.id);
        if (!now || g_strcmp0(now->current.id, cdrom->current.id) == 0)
            continue;
        Vm *edit = changes_edit(batch->changes, &vm_type, &vm->object.id);
        text_set(&((Cdrom *) list_find(&edit->cdroms, &cdrom->object.id))->current.id, now->current.id);
    }
}

/* A job that waits for the guest learns at once that something has moved there. */
static void
poke_job(Engine *engine, const Id *vm)
{
    const Claimant *by = engine_claimant(engine, &vm_type, vm);
    Run *run = by ? g_hash_table_lookup(engine->runs, &by->job) : NULL;
    if (run)
        run_poke(run);
}

static void
take_domain(Batch *batch, DomainFacts *facts)
{
    Reconcile *reconcile = batch->reconcile;
    const Vm *vm = adopt_find(batch, &facts->id);
    if (reconcile_is_stale(reconcile, vm ? &vm->object.id : &facts->id, batch->seen)) {
        if (vm)
            doubt(batch, vm, facts);
        return;
    }
    if (!vm) {
        if (facts->config && facts->state != DOMAIN_ABSENT)
            adopt_domain(batch, facts);
        return;
    }
    if (facts->state == DOMAIN_ABSENT) {
        adopt_gone(batch, vm, facts);
        return;
    }
    state_apply(batch, vm, facts);
    poke_job(reconcile->engine, &vm->object.id);
    gboolean is_free = !engine_claimant(reconcile->engine, &vm_type, &vm->object.id);      /* a job says itself how it leaves the media */
    if (is_free && facts->xml && facts->config)
        take_media(batch, vm, facts);
    if (!is_free && facts->xml)
        outside_note_unread(reconcile, &vm->object.id, facts);
    if (facts->xml) {
        state_next_run(batch, vm, facts);
        state_autostart(batch, vm, facts);
    }
    if (facts->xml && !batch->facts_only && outside_differs(reconcile, &vm->object.id, facts))
        g_ptr_array_add(batch->compare, domain_facts_ref(facts));
}

static void
domain_is_gone(Batch *batch, DomainFacts *facts)
{
    const Vm *vm = adopt_find(batch, &facts->id);
    if (!vm)
        return;
    if (reconcile_is_stale(batch->reconcile, &vm->object.id, batch->seen))
        batch->ask_again = TRUE;
    else if (facts->state == DOMAIN_ABSENT || facts->state == DOMAIN_SHUTOFF)
        adopt_gone(batch, vm, facts);
    else
        state_apply(batch, vm, facts);      /* undefined while it runs: it goes when it stops */
}

static void
take_guest(Batch *batch, HostReport *report)
{
    Id id;
    if (report->domain)
        state_guest(batch, &report->domain->id, report->guest);
    else if (report->host && id_parse(report->host, ID_UUID, &id))
        log_debug("a guest's report without a domain");
}

/* --- a whole list ------------------------------------------------------------------------------------------------------------ */

static void next_report(HostState *host);

static void
end_list(HostState *host)
{
    host_report_free(g_steal_pointer(&host->list));
    g_clear_pointer(&host->listed, g_hash_table_unref);
    next_report(host);
}

static gboolean
is_missing(HostState *host, const Vm *vm)
{
    Reconcile *reconcile = host->reconcile;
    if (g_hash_table_contains(host->listed, &vm->object.id))
        return FALSE;
    if (vm->locked || engine_claimant(reconcile->engine, &vm_type, &vm->object.id))
        return FALSE;               /* its job will say */
    if (!reconcile_is_stale(reconcile, &vm->object.id, host->list->seen))
        return TRUE;
    reconcile_ask(reconcile, &host->id);
    return FALSE;
}

static GPtrArray *
find_missing(HostState *host, View *head, guint *ret_all)
{
    GPtrArray *missing = g_ptr_array_new();
    g_autoptr(GPtrArray) all = view_collect(head, &vm_type, "home", &host->id);
    for (guint i = 0; i < all->len; i++) {
        if (is_missing(host, all->pdata[i]))
            g_ptr_array_add(missing, all->pdata[i]);
    }
    *ret_all = all->len;
    return missing;
}

/* A host that suddenly knows none of its many VMs has more likely lost its libvirt's configuration than them. */
static void
doubt_emptiness(Batch *batch, const GPtrArray *missing)
{
    gboolean news = FALSE;
    for (guint i = 0; i < missing->len; i++) {
        const Vm *was = missing->pdata[i];
        if (was->status == VM_UNKNOWN && was->status_detail)
            continue;
        Vm *vm = changes_edit(batch->changes, &vm_type, &was->object.id);
        vm->status = VM_UNKNOWN;
        text_set(&vm->status_detail, "its host does not report it");
        news = TRUE;
    }
    g_autofree char *count = g_strdup_printf("%u", missing->len);
    Message *message = message_new(MSG_FACT_HOST_EMPTY, "host", batch_host_name(batch), "count", count, NULL);
    if (news)
        batch_note(batch, &id_null, 0, SEVERITY_ALERT, message);
    else
        message_unref(message);
}

static void
take_missing(HostState *host)
{
    guint all;
    g_autoptr(View) head = view_ref(commit_head(host->reconcile->engine->commit));
    g_autoptr(GPtrArray) missing = find_missing(host, head, &all);
    if (missing->len == 0)
        return;
    gboolean doubtful = missing->len > 2 && missing->len == all;
    Batch *batch = batch_new(host, host->list);
    if (doubtful)
        doubt_emptiness(batch, missing);
    for (guint i = 0; !doubtful && i < MIN(missing->len, RECONCILE_BATCH); i++)
        adopt_gone(batch, missing->pdata[i], NULL);     /* the rest goes with the next list */
    batch_end(batch);
}

/* A few are told by name, a whole estate in one sentence. */
static void
tell_adopted(Batch *batch)
{
    guint count = batch->adopted->len;
    for (guint i = 0; i < count && count <= NAMED_MOST; i++) {
        const Id *id = batch->adopted->pdata[i];
        const Vm *vm = changes_find(batch->changes, &vm_type, id);
        batch_note(batch, id, 0, SEVERITY_NORMAL, message_new(MSG_FACT_VM_ADOPTED, "vm", vm->name, "host", batch_host_name(batch), NULL));
    }
    if (count <= NAMED_MOST)
        return;
    g_autofree char *text = g_strdup_printf("%u", count);
    batch_note(batch, &id_null, 0, SEVERITY_NORMAL, message_new(MSG_FACT_VMS_ADOPTED, "count", text, "host", batch_host_name(batch), NULL));
}

static void
next_batch(gpointer data)
{
    HostState *host = data;
    HostReport *list = host->list;
    if (list->generation < host->generation) {
        end_list(host);             /* the connection it came by is gone */
        return;
    }
    Batch *batch = batch_new(host, list);
    guint end = MIN(list->domains->len, host->list_at + RECONCILE_BATCH);
    for (; host->list_at < end; host->list_at++) {
        DomainFacts *facts = list->domains->pdata[host->list_at];
        take_domain(batch, facts);
        const Vm *vm = adopt_find(batch, &facts->id);
        if (vm)
            g_hash_table_add(host->listed, g_memdup2(&vm->object.id, sizeof(Id)));
    }
    tell_adopted(batch);
    batch_end(batch);
    if (end < list->domains->len) {
        loop_post(host->reconcile->engine->parts.loop, next_batch, host);
        return;
    }
    take_missing(host);
    end_list(host);
}

static void
begin_list(HostState *host, HostReport *take)
{
    host->list = take;
    host->list_at = 0;
    host->listed = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    next_batch(host);
}

/* --- reports ----------------------------------------------------------------------------------------------------------------- */

static void
take_one(HostState *host, HostReport *report, void (*take)(Batch *batch, DomainFacts *facts))
{
    Batch *batch = batch_new(host, report);
    take(batch, report->domain);
    tell_adopted(batch);
    batch_end(batch);
}

static void
take_guest_report(HostState *host, HostReport *report)
{
    Batch *batch = batch_new(host, report);
    take_guest(batch, report);
    batch_end(batch);
}

static void
take_connection(HostState *host, HostReport *report)
{
    host->heard = TRUE;
    if (report->kind == REPORT_UP) {
        object_unref(host->facts);
        host->facts = g_steal_pointer(&report->facts);
        host_is_up(host);
    } else {
        if (host->why)
            message_unref(host->why);
        host->why = g_steal_pointer(&report->why);
        host_is_lost(host);
    }
}

static void
take_report(HostState *host, HostReport *report)
{
    if (report->generation < host->generation) {
        host_report_free(report);
        return;
    }
    switch (report->kind) {
    case REPORT_UP:
    case REPORT_LOST:
        take_connection(host, report);
        break;
    case REPORT_DOMAINS:
        begin_list(host, report);
        return;
    case REPORT_DOMAIN:
    case REPORT_STATE:
        take_one(host, report, take_domain);
        break;
    case REPORT_GONE:
        take_one(host, report, domain_is_gone);
        break;
    case REPORT_GUEST:
        take_guest_report(host, report);
        break;
    case REPORT_STORAGE:
        host_storage(host, report->storage);
        break;
    }
    host_report_free(report);
}

static void
next_report(HostState *host)
{
    while (!host->list && host->backlog.length > 0)
        take_report(host, g_queue_pop_head(&host->backlog));
}

typedef struct {
    Engine *engine;
    HostReport *report;
} Envelope;

static void
open_envelope(gpointer data)
{
    g_autofree Envelope *envelope = data;
    Engine *engine = envelope->engine;
    HostReport *report = envelope->report;
    Id id;
    gboolean known = report->host && id_parse(report->host, ID_UUID, &id) && view_find(commit_head(engine->commit), &host_type, &id);
    if (!known || engine->stopping) {
        host_report_free(report);
        return;
    }
    HostState *host = host_state(engine->reconcile, &id);
    if (report->kind == REPORT_UP)
        host->generation = MAX(host->generation, report->generation);
    if (host->list)
        g_queue_push_tail(&host->backlog, report);
    else
        take_report(host, report);
}

void
reconcile_report(gpointer data, HostReport *take)
{
    Engine *engine = data;
    Envelope *envelope = g_new0(Envelope, 1);
    *envelope = (Envelope) { engine, take };
    loop_post(engine->parts.loop, open_envelope, envelope);
}
