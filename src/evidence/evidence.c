/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The recorder's thread: what the feed says has changed of VMs that are bound to cores, and of hosts, becomes records. A VM is recorded from the first time
 * it is bound on, also when it is bound no more; one whose host does not answer is left as it was, and the host's silence is recorded instead. */
#include "evidence/evidence_parts.h"

#include "base/log.h"

#define MOST_ITEMS 1000
#define MOST_LOOKS 4                        /* at a time */
#define BEAT CLOCK_SECOND
#define REST (10 * CLOCK_SECOND)
#define SETTLE CLOCK_SECOND                 /* from a start to the first look: libvirt binds threads when they are there */
#define FIRST_GAP (10 * CLOCK_SECOND)
#define STOPPING CLOCK_SECOND

static void
witness_free(gpointer data)
{
    Witness *witness = data;
    g_free(witness->name);
    g_free(witness->facts);
    g_free(witness->product);
    g_free(witness);
}

static void
place_free(gpointer data)
{
    Place *place = data;
    g_free(place->name);
    g_free(place->topology);
    g_free(place);
}

/* --- hosts ------------------------------------------------------------------------------------------------------------------------ */

static void
take_topology(Evidence *evidence, Place *place, const Host *host)
{
    g_auto(Facts) facts = { 0 };
    if (host->cpu_units.count == 0)
        return;
    facts_of_host(&facts, host);
    g_autofree char *text = facts_text(&facts);
    if (g_strcmp0(text, place->topology) == 0)
        return;
    book_write(evidence->book, clock_wall(), "topology", &facts);
    text_set(&place->topology, text);
}

static void
write_gap(Evidence *evidence, Place *place, Wall now)
{
    char date[CLOCK_DATE_SIZE];
    g_auto(Facts) facts = { 0 };
    place->told = now + MAX(FIRST_GAP, (now - place->since) / 10);
    facts_add(&facts, "host", place->name);
    facts_add(&facts, "until", clock_format(place->told, date));
    book_write(evidence->book, now, "gap", &facts);
}

static void
take_host(Evidence *evidence, const Host *host)
{
    gboolean up = host->status == HOST_UP || host->status == HOST_MAINTENANCE;
    Place *place = g_hash_table_lookup(evidence->hosts, &host->object.id);
    if (!place) {
        place = g_new0(Place, 1);
        place->id = host->object.id;
        g_hash_table_insert(evidence->hosts, &place->id, place);
    }
    text_set(&place->name, host->name);
    if (up)
        take_topology(evidence, place, host);
    if (!up && !place->away) {
        place->since = clock_wall();
        write_gap(evidence, place, place->since);
    }
    place->away = !up;
}

/* So long as one does not answer what is recorded of it reaches a little beyond now, by more the longer it lasts. */
static gboolean
extend_gaps(Evidence *evidence)
{
    GHashTableIter iter;
    Place *place;
    gboolean any = FALSE;
    Wall now = clock_wall();
    g_hash_table_iter_init(&iter, evidence->hosts);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &place)) {
        any |= place->away;
        if (place->away && now >= place->told - 2 * BEAT)
            write_gap(evidence, place, now);
    }
    return any;
}

/* --- VMs -------------------------------------------------------------------------------------------------------------------------- */

/* Does its host say how it is? One that is only on its way is as it was. */
static gboolean
is_known(const Vm *vm)
{
    switch ((VmStatus) vm->status) {
    case VM_NONE_:
    case VM_UNASSIGNED:
    case VM_UNKNOWN:
    case VM_NOT_RESPONDING:
    case VM_WAIT_FOR_LAUNCH:
    case VM_RESTORING_STATE:
        return FALSE;
    case VM_DOWN:
    case VM_SUSPENDED:
    case VM_IMAGE_LOCKED:
        return TRUE;
    case VM_UP:
    case VM_POWERING_UP:
    case VM_PAUSED:
    case VM_MIGRATING:
    case VM_REBOOT_IN_PROGRESS:
    case VM_SAVING_STATE:
    case VM_POWERING_DOWN:
        return vm->running_pins && !id_is_null(&vm->host.id);   /* else a report with them follows */
    }
    return FALSE;
}

static const char *
host_name(Evidence *evidence, const Id *id)
{
    const Place *place = g_hash_table_lookup(evidence->hosts, id);
    return place ? place->name : "";
}

static void
write_stop(Evidence *evidence, const Id *vm)
{
    char id[ID_TEXT_SIZE];
    g_auto(Facts) facts = { 0 };
    facts_add(&facts, "vm", id_format(vm, ID_UUID, id));
    book_write(evidence->book, clock_wall(), "stop", &facts);
}

static void
write_run(Evidence *evidence, Witness *witness, const Vm *vm, Facts *facts, gboolean changed)
{
    gboolean moved = witness->running && !id_equal(&witness->host, &vm->host.id);
    const char *type = moved ? "live_migrate" : witness->running ? "pin" : "start";
    if (witness->running && !moved && !changed)
        return;
    if (moved) {
        facts_add(facts, "from", host_name(evidence, &witness->host));
        facts_add(facts, "to", host_name(evidence, &vm->host.id));
    } else if (!witness->running) {
        facts_add(facts, "host", host_name(evidence, &vm->host.id));
    }
    book_write(evidence->book, clock_wall(), type, facts);
    witness->look_due = clock_tick() + (witness->running && !moved ? 0 : SETTLE);
    witness->running = TRUE;
    witness->host = vm->host.id;
}

/* Nothing was recorded of it yet in this life: the last one may have left it running. */
static void
write_rest(Evidence *evidence, Witness *witness, const Vm *vm, const Facts *facts, gboolean changed)
{
    if (witness->running || !witness->facts)
        write_stop(evidence, &vm->object.id);
    if (changed)
        book_write(evidence->book, clock_wall(), "pin", facts);
    witness->running = witness->doubted = witness->outside = witness->unseen = FALSE;
    witness->look_due = 0;
}

static void
write_product(Evidence *evidence, const char *type, const Id *vm, const char *product)
{
    char id[ID_TEXT_SIZE];
    g_auto(Facts) facts = { 0 };
    facts_add(&facts, "vm", id_format(vm, ID_UUID, id));
    facts_add(&facts, "product", product);
    book_write(evidence->book, clock_wall(), type, &facts);
}

/* By its boundary. */
static void
take_product(Evidence *evidence, Witness *witness, const Vm *vm)
{
    g_autoptr(View) view = inventory_view(evidence->parts.inventory);
    const LicenceBoundary *boundary = id_is_null(&vm->licence_boundary.id) ? NULL : view_find(view, &licence_boundary_type, &vm->licence_boundary.id);
    const char *product = boundary ? boundary->product : NULL;
    if (g_strcmp0(product, witness->product) == 0)
        return;
    if (witness->product)
        write_product(evidence, "untag", &vm->object.id, witness->product);
    if (product)
        write_product(evidence, "tag", &vm->object.id, product);
    text_set(&witness->product, product);
}

static void
take_vm(Evidence *evidence, const Vm *vm)
{
    Witness *witness = g_hash_table_lookup(evidence->vms, &vm->object.id);
    if ((!witness && !facts_is_bound(vm)) || !is_known(vm))
        return;
    if (!witness) {
        witness = g_new0(Witness, 1);
        witness->id = vm->object.id;
        g_hash_table_insert(evidence->vms, &witness->id, witness);
    }
    g_auto(Facts) facts = { 0 };
    facts_of_vm(&facts, vm);
    g_autofree char *text = facts_text(&facts);
    gboolean changed = g_strcmp0(text, witness->facts) != 0;
    text_set(&witness->name, vm->name);
    take_product(evidence, witness, vm);
    if (vm_is_running((VmStatus) vm->status))
        write_run(evidence, witness, vm, &facts, changed);
    else
        write_rest(evidence, witness, vm, &facts, changed);
    text_set(&witness->facts, text);
}

static void
vm_is_gone(Evidence *evidence, const Id *id)
{
    const Witness *witness = g_hash_table_lookup(evidence->vms, id);
    if (witness && witness->running)
        write_stop(evidence, id);
    g_hash_table_remove(evidence->vms, id);
}

/* --- boundaries ------------------------------------------------------------------------------------------------------------------- */

static void
take_boundary(Evidence *evidence, const View *view, const LicenceBoundary *boundary)
{
    g_auto(Facts) facts = { 0 };
    const Host *host = view_find(view, &host_type, &boundary->host.id);
    facts_of_boundary(&facts, boundary, host ? host->name : "");
    book_write(evidence->book, clock_wall(), "boundary", &facts);
}

/* What a boundary refused, and who may leave one: as the event log says it. */
static void
take_event(Evidence *evidence, const Event *event)
{
    char id[ID_TEXT_SIZE];
    g_auto(Facts) facts = { 0 };
    if (event->code != 11054 && event->code != 11055)
        return;
    facts_add(&facts, "text", event->description);
    if (!id_is_null(&event->vm.id))
        facts_add(&facts, "vm", id_format(&event->vm.id, ID_UUID, id));
    book_write(evidence->book, clock_wall(), event->code == 11054 ? "exception" : "refused", &facts);
}

/* --- the feed --------------------------------------------------------------------------------------------------------------------- */

static void
take_all(Evidence *evidence)
{
    g_autoptr(View) view = inventory_view(evidence->parts.inventory);
    ViewWalk hosts = view_walk(view, &host_type), vms = view_walk(view, &vm_type), boundaries = view_walk(view, &licence_boundary_type);
    for (const Host *host; (host = view_next(&hosts));)
        take_host(evidence, host);
    for (const LicenceBoundary *boundary; (boundary = view_next(&boundaries));)
        take_boundary(evidence, view, boundary);
    for (const Vm *vm; (vm = view_next(&vms));)
        take_vm(evidence, vm);
}

static void
take_item(Evidence *evidence, const FeedItem *item)
{
    evidence->serial = item->serial;
    if (item->type == &host_type && item->object)
        take_host(evidence, item->object);
    else if (item->type == &vm_type && item->object)
        take_vm(evidence, item->object);
    else if (item->type == &licence_boundary_type && item->object)
        take_all(evidence);         /* products of its VMs too */
    else if (item->type == &event_type && item->object)
        take_event(evidence, item->object);
    else if (item->type == &vm_type)
        vm_is_gone(evidence, &item->id);
}

static void
read_feed(Evidence *evidence)
{
    gboolean reset = FALSE, more = TRUE;
    while (more) {
        g_autoptr(GPtrArray) items = feed_since(evidence->parts.feed, evidence->serial, MOST_ITEMS, &reset);
        for (guint i = 0; !reset && i < items->len; i++)
            take_item(evidence, items->pdata[i]);
        more = !reset && items->len == MOST_ITEMS;
    }
    if (!reset)
        return;
    evidence->serial = feed_serial(evidence->parts.feed);
    take_all(evidence);
}

/* --- the thread ------------------------------------------------------------------------------------------------------------------- */

/* The ledger knows nothing of what is now. */
static void
tell_anew(Evidence *evidence)
{
    GHashTableIter iter;
    gpointer known;
    g_hash_table_iter_init(&iter, evidence->hosts);
    while (g_hash_table_iter_next(&iter, NULL, &known)) {
        g_clear_pointer(&((Place *) known)->topology, g_free);
        ((Place *) known)->told = 0;
    }
    g_hash_table_iter_init(&iter, evidence->vms);
    while (g_hash_table_iter_next(&iter, NULL, &known)) {
        Witness *witness = known;
        g_clear_pointer(&witness->facts, g_free);
        g_clear_pointer(&witness->product, g_free);
        witness->running = FALSE;
    }
    take_all(evidence);
}

/* When the next one is due. */
static Tick
look_around(Evidence *evidence)
{
    GHashTableIter iter;
    Witness *witness;
    Tick next = G_MAXINT64, now = clock_tick();
    g_hash_table_iter_init(&iter, evidence->vms);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &witness)) {
        if (witness->look_due > 0 && witness->look_due <= now && !witness->looked_at)
            looks_begin(evidence, witness);
        if (witness->look_due > 0 && !witness->looked_at)
            next = MIN(next, witness->look_due);
    }
    return next;
}

static Tick
beat(Evidence *evidence)
{
    looks_take(evidence);
    read_feed(evidence);
    book_watch_clock(evidence->book);
    if (book_beat(evidence->book))
        tell_anew(evidence);
    gboolean away = extend_gaps(evidence);
    Tick due = look_around(evidence);
    if (g_hash_table_size(evidence->vms) > 0)
        book_live(evidence->book);
    gboolean soon = !book_sync(evidence->book) || away;
    return MIN(due, clock_tick() + (soon ? BEAT : REST));
}

static gpointer
run(gpointer data)
{
    Evidence *evidence = data;
    lock_take(&evidence->lock);
    while (!evidence->stopping) {
        evidence->woken = FALSE;
        lock_drop(&evidence->lock);
        Tick next = beat(evidence);
        lock_take(&evidence->lock);
        while (!evidence->stopping && !evidence->woken && evidence->ended->len == 0 && condition_wait_until(&evidence->wake, &evidence->lock, next))
            continue;
    }
    lock_drop(&evidence->lock);
    book_end(evidence->book);
    return NULL;
}

static void
wake(gpointer data)
{
    Evidence *evidence = data;
    LOCK_HOLD(&evidence->lock);
    evidence->woken = TRUE;
    condition_signal(&evidence->wake);
}

Evidence *
evidence_new(const EvidenceParts *parts)
{
    Evidence *evidence = g_new0(Evidence, 1);
    evidence->parts = *parts;
    lock_init(&evidence->lock);
    condition_init(&evidence->wake);
    evidence->ended = g_ptr_array_new();
    evidence->vms = g_hash_table_new_full(id_hash, id_equal_key, NULL, witness_free);
    evidence->hosts = g_hash_table_new_full(id_hash, id_equal_key, NULL, place_free);
    evidence->workers = workers_new("evidence look", MOST_LOOKS);
    evidence->book = book_new(evidence);
    evidence->serial = feed_serial(parts->feed);
    evidence->follower = feed_follow(parts->feed, wake, evidence);
    evidence->thread = thread_new("evidence", run, evidence);
    return evidence;
}

void
evidence_stop(Evidence *evidence)
{
    if (!evidence || !evidence->thread)
        return;
    feed_unfollow(evidence->parts.feed, evidence->follower);
    lock_take(&evidence->lock);
    evidence->stopping = TRUE;
    condition_signal(&evidence->wake);
    lock_drop(&evidence->lock);
    thread_join(g_steal_pointer(&evidence->thread));
}

/* A look that hangs in a call keeps the rest in memory: the process ends then. */
void
evidence_free(Evidence *evidence)
{
    if (!evidence)
        return;
    evidence_stop(evidence);
    if (!workers_stop(evidence->workers, clock_tick() + STOPPING))
        return;
    looks_forget(evidence);
    book_free(evidence->book);
    g_hash_table_unref(evidence->vms);
    g_hash_table_unref(evidence->hosts);
    condition_clear(&evidence->wake);
    lock_clear(&evidence->lock);
    g_free(evidence);
}
