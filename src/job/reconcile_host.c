/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Hosts and storage domains as they report themselves: up with their facts, lost, short of space; and the counts that follow
 * from VMs and disks. Where single VMs stand is reconcile_state.c's. */
#include "job/merge.h"
#include "job/reconcile_parts.h"

#include "base/log.h"

#define GRACE_BEATS 6                       /* 3 s: a host that is back within this has not been lost to its VMs */
#define SUMS_PAUSE (CLOCK_SECOND / 5)

#define EVENT_HOST_UP 13                    /* oVirt's numbers */
#define EVENT_HOST_LOST 12
#define EVENT_SPACE_LOW 200
#define EVENT_SPACE_GONE 201
#define EVENT_STORAGE_BACK 995
#define EVENT_STORAGE_LOST 996

/* --- up ---------------------------------------------------------------------------------------------------------------------- */

static void
poke_runs(Engine *engine)
{
    g_autoptr(GPtrArray) runs = g_ptr_array_new();
    GHashTableIter iter;
    Run *run;
    g_hash_table_iter_init(&iter, engine->runs);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &run))
        g_ptr_array_add(runs, run);
    for (guint i = 0; i < runs->len; i++)
        run_poke(runs->pdata[i]);
}

/* A network that stands for nothing yet becomes what the first host with something to plug into prefers. */
static void
choose_sources(Batch *batch, const Host *host)
{
    ViewWalk walk = view_walk(changes_head(batch->changes), &network_type);
    for (const Network *network; host->sources.count > 0 && (network = view_next(&walk));) {
        if (network->source)
            continue;
        Network *edit = changes_edit(batch->changes, &network_type, &network->object.id);
        text_set(&edit->source, host->sources.items[0]);
        batch_note(batch, &id_null, 0, SEVERITY_NORMAL,
                   message_new(MSG_FACT_NETWORK_SOURCE, "network", network->name, "source", edit->source, "host", batch_host_name(batch), NULL));
    }
}

/* --- its storage ------------------------------------------------------------------------------------------------------------ */

#define READY_PATIENCE (30 * CLOCK_SECOND)

typedef struct {
    HostLink *link;
    HostStore store;
    char *name;
} Readying;

/* A worker: the host looks after the directory from then on and reports its space. */
static void
make_ready(gpointer data)
{
    g_autofree Readying *readying = data;
    g_autoptr(HostLink) link = readying->link;
    G_GNUC_UNUSED g_autofree char *path = readying->store.path;      /* ours to free */
    g_autofree char *name = readying->name;
    g_autoptr(GError) error = NULL;
    if (!link->ops->store_ready(link, &readying->store, clock_tick() + READY_PATIENCE, &error))
        log_warn("storage domain '%s' is not ready on '%s': %s", name, link->name, error->message);
}

static void
ready_store(HostState *host, const StorageDomain *domain)
{
    Engine *engine = host->reconcile->engine;
    gboolean here = id_is_null(&domain->host.id) || id_equal(&domain->host.id, &host->id);
    g_autoptr(HostLink) link = engine->parts.hosts ? hosts_peek(engine->parts.hosts, &host->id) : NULL;
    if (!link || !link->ops->store_ready || !domain->storage.path || !here || storage_domain_rests(domain) || domain->status == STORAGE_LOCKED || engine->stopping)
        return;
    Readying *readying = g_new(Readying, 1);
    *readying = (Readying) { host_link_ref(link), { domain->object.id, g_strdup(domain->storage.path), !domain->marked }, g_strdup(domain->name) };
    workers_push(engine->workers, make_ready, readying);
}

static void
ready_stores(HostState *host)
{
    ViewWalk walk = view_walk(commit_head(host->reconcile->engine->commit), &storage_domain_type);
    for (const StorageDomain *domain; (domain = view_next(&walk));)
        ready_store(host, domain);
}

static void lose_vms(gpointer data);

/* A host that booted anew runs nothing of what it ran. The first boot we hear of is no boot: what is to start with the next one was not said yet. */
static gboolean
see_boot(Batch *batch, Host *host, const char *before)
{
    if (host->boot && !host->boot_seen && !batch->facts_only)
        text_set(&host->boot_seen, host->boot);
    return before && g_strcmp0(before, host->boot) != 0;
}

void
host_is_up(HostState *host)
{
    static const char *const ours[] = { "status", "status_detail", "summary", NULL };
    Engine *engine = host->reconcile->engine;
    Batch *batch = batch_new(host, NULL);
    Host *object = changes_edit(batch->changes, &host_type, &host->id);
    gboolean news = object && object->status != HOST_UP;
    host->up = TRUE;
    loop_cancel(engine->parts.loop, host->grace);
    host->grace = 0;
    gboolean anew = FALSE;
    if (object) {
        g_autofree char *boot = g_strdup(object->boot);
        if (host->facts)
            devices_keep_users(host->facts, object);
        if (host->facts)
            merge_rows(&host_type, LIVE, ours, object, host->facts);
        anew = see_boot(batch, object, boot);
        object->status = HOST_UP;
        g_clear_pointer(&object->status_detail, g_free);
        choose_sources(batch, object);
    }
    if (news)
        batch_note(batch, &id_null, EVENT_HOST_UP, SEVERITY_NORMAL, message_new(MSG_FACT_HOST_UP, "host", batch_host_name(batch), NULL));
    batch_end(batch);
    if (anew)
        lose_vms(host);
    ready_stores(host);
    sums_changed(host->reconcile);
    poke_runs(engine);
}

/* --- lost -------------------------------------------------------------------------------------------------------------------- */

static void
lose_vm(Batch *batch, const Vm *was, const char *detail)
{
    GHashTable *before = batch->reconcile->before_lost;
    if (!g_hash_table_contains(before, &was->object.id))
        g_hash_table_insert(before, g_memdup2(&was->object.id, sizeof(Id)), GINT_TO_POINTER(was->status));
    Vm *vm = changes_edit(batch->changes, &vm_type, &was->object.id);
    vm->status = VM_UNKNOWN;
    text_set(&vm->status_detail, detail);
}

static void
lose_vms(gpointer data)
{
    HostState *host = data;
    host->grace = 0;
    g_autoptr(View) head = view_ref(commit_head(host->reconcile->engine->commit));
    g_autoptr(GPtrArray) vms = view_collect(head, &vm_type, "home", &host->id);
    guint at = 0;
    while (at < vms->len) {
        Batch *batch = batch_new(host, NULL);
        g_autoptr(Message) silent = message_new(MSG_FACT_HOST_SILENT, "host", batch_host_name(batch), NULL);
        g_autofree char *detail = message_text(silent, LANGUAGE_EN);
        for (guint end = MIN(vms->len, at + RECONCILE_BATCH); at < end; at++) {
            const Vm *vm = vms->pdata[at];
            if (vm->status != VM_UNKNOWN || !vm->status_detail)
                lose_vm(batch, vm, detail);
        }
        batch_end(batch);
    }
}

void
host_is_lost(HostState *host)
{
    Engine *engine = host->reconcile->engine;
    Batch *batch = batch_new(host, NULL);
    Host *object = changes_edit(batch->changes, &host_type, &host->id);
    g_autofree char *why = host->why ? message_text(host->why, LANGUAGE_EN) : g_strdup("no reason is known");
    g_autofree char *told = host->why ? message_encode(host->why) : g_strdup(why);
    gboolean news = object && object->status != HOST_NON_RESPONSIVE;
    host->up = FALSE;
    if (object) {
        object->status = HOST_NON_RESPONSIVE;
        text_set(&object->status_detail, why);
    }
    if (news)
        batch_note(batch, &id_null, EVENT_HOST_LOST, SEVERITY_ERROR,
                   message_new(MSG_FACT_HOST_LOST, "host", batch_host_name(batch), "why", told, NULL));
    batch_end(batch);
    if (!host->grace)
        host->grace = loop_timer(engine->parts.loop, GRACE_BEATS * engine->beat, lose_vms, host);
    sums_changed(host->reconcile);
}

/* --- storage --------------------------------------------------------------------------------------------------------------- */

/* What is told while nothing uses it is late. While a job is changing that it is news, but not of whether it can be used. */
static gboolean
is_told_of(const StorageDomain *domain)
{
    return domain && (domain->status == STORAGE_LOCKED || !storage_domain_rests(domain));
}

static void
copy_space(StorageDomain *domain, const StorageFacts *facts)
{
    const Field *files = type_find(&storage_domain_type, "files");
    domain->available = facts->available;
    domain->used = facts->used;
    if (domain->status != STORAGE_LOCKED)
        domain->status = facts->reachable ? STORAGE_ACTIVE : STORAGE_INACTIVE;
    domain->marked = domain->marked || facts->reachable;
    StorageDomain reported = { .files = facts->files };
    if (files && !field_equal(files, domain, &reported))
        field_assign(files, domain, &reported);
}

/* 0: enough; 1: people should know; 2: nothing new is made. */
static int
scarcity(const StorageDomain *domain)
{
    gint64 whole = domain->available + domain->used;
    if (domain->status != STORAGE_ACTIVE || whole <= 0)
        return 0;
    if (domain->available < domain->critical_space_action_blocker << 30)
        return 2;
    return (double) domain->available * 100 < (double) whole * (double) domain->warning_low_space_indicator;
}

/* Said when it becomes scarce, and again only after there was enough. */
static void
tell_scarcity(Batch *batch, StorageDomain *domain, int before)
{
    int now = scarcity(domain);
    if (now <= before)
        return;
    g_autofree char *free = g_format_size_full((guint64) MAX(domain->available, 0), G_FORMAT_SIZE_IEC_UNITS);
    EventAbout about = { .storage_domain = &domain->object.id };
    changes_event(batch->changes, now == 2 ? EVENT_SPACE_GONE : EVENT_SPACE_LOW, now == 2 ? SEVERITY_ERROR : SEVERITY_WARNING,
                  message_new(now == 2 ? MSG_FACT_SPACE_GONE : MSG_FACT_SPACE_LOW, "storage_domain", domain->name, "free", free, NULL), &about);
}

static Message *
news_of(const StorageDomain *domain, int before, const StorageFacts *facts)
{
    if (before == STORAGE_ACTIVE && !facts->reachable)
        return message_new(MSG_FACT_STORAGE_LOST, "storage_domain", domain->name, "why", facts->why, NULL);
    if (before == STORAGE_INACTIVE && facts->reachable)
        return message_new(MSG_FACT_STORAGE_BACK, "storage_domain", domain->name, NULL);
    return NULL;
}

void
host_storage(HostState *host, const StorageFacts *facts)
{
    Batch *batch = batch_new(host, NULL);
    const StorageDomain *known = changes_find(batch->changes, &storage_domain_type, &facts->storage_domain);
    StorageDomain *domain = is_told_of(known) ? changes_edit(batch->changes, &storage_domain_type, &facts->storage_domain) : NULL;
    if (domain) {
        int before = domain->status, scarce = scarcity(domain);
        copy_space(domain, facts);
        Message *message = news_of(domain, before, facts);
        if (message)
            batch_note(batch, &id_null, facts->reachable ? EVENT_STORAGE_BACK : EVENT_STORAGE_LOST,
                       facts->reachable ? SEVERITY_NORMAL : SEVERITY_ERROR, message);
        tell_scarcity(batch, domain, scarce);
        if (!domain->marked && domain->status != STORAGE_LOCKED)
            ready_store(host, domain);
    }
    batch_end(batch);
}

/* --- sums ------------------------------------------------------------------------------------------------------------------ */

static VmSummary *
summary_of(GHashTable *table, const Id *host)
{
    VmSummary *summary = g_hash_table_lookup(table, host);
    if (!summary) {
        summary = g_new0(VmSummary, 1);
        g_hash_table_insert(table, g_memdup2(host, sizeof(*host)), summary);
    }
    return summary;
}

static void
count_vms(const View *view, GHashTable *table)
{
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        VmSummary *summary = summary_of(table, &vm->home.id);
        summary->total++;
        summary->active += vm_is_running((VmStatus) vm->status) && vm->status != VM_UNKNOWN;
        summary->migrating += vm->status == VM_MIGRATING;
    }
}

static void
sum_hosts(Changes *changes)
{
    g_autoptr(GHashTable) table = g_hash_table_new_full(id_hash, id_equal_key, g_free, g_free);
    count_vms(changes_head(changes), table);
    ViewWalk walk = view_walk(changes_head(changes), &host_type);
    for (const Host *host; (host = view_next(&walk));) {
        const VmSummary *now = summary_of(table, &host->object.id);
        if (memcmp(now, &host->summary, sizeof(*now)) == 0)
            continue;
        Host *edited = changes_edit(changes, &host_type, &host->object.id);
        edited->summary = *now;
    }
}

static void
count_disks(const View *view, GHashTable *table)
{
    ViewWalk walk = view_walk(view, &disk_type);
    for (const Disk *disk; (disk = view_next(&walk));) {
        for (guint i = 0; i < disk->storage_domains.count; i++) {
            const StorageDomainRef *in = disk->storage_domains.items[i];
            gint64 *sum = g_hash_table_lookup(table, &in->storage_domain.id);
            if (!sum) {
                sum = g_new0(gint64, 1);
                g_hash_table_insert(table, g_memdup2(&in->storage_domain.id, sizeof(Id)), sum);
            }
            *sum += disk->provisioned_size;
        }
    }
}

static void
sum_storage(Changes *changes)
{
    g_autoptr(GHashTable) table = g_hash_table_new_full(id_hash, id_equal_key, g_free, g_free);
    count_disks(changes_head(changes), table);
    ViewWalk walk = view_walk(changes_head(changes), &storage_domain_type);
    for (const StorageDomain *domain; (domain = view_next(&walk));) {
        const gint64 *sum = g_hash_table_lookup(table, &domain->object.id);
        gint64 committed = sum ? *sum : 0;
        if (committed == domain->committed)
            continue;
        StorageDomain *edited = changes_edit(changes, &storage_domain_type, &domain->object.id);
        edited->committed = committed;
    }
}

static void
sum_up(gpointer data)
{
    Reconcile *reconcile = data;
    reconcile->sums = 0;
    Changes *changes = commit_begin(reconcile->engine->commit);
    sum_hosts(changes);
    sum_storage(changes);
    devices_tell(changes);
    engine_put(reconcile->engine, changes, NULL, NULL);
}

/* One walk over the estate for however many changes came together, and at most five a second. */
void
sums_changed(Reconcile *reconcile)
{
    if (!reconcile->sums && !reconcile->engine->stopping)
        reconcile->sums = loop_timer(reconcile->engine->parts.loop, SUMS_PAUSE, sum_up, reconcile);
}
