/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits made beside us. libvirt announces some by events and others not at all; either way the inactive XML differs from the
 * one kept when we last looked. A worker reads the kept text and both readings are compared there; the writer then puts what
 * became different into the VM, and says so. Starts are cheap: texts that are equal are never parsed. */
#include "job/outside.h"

#include "job/merge.h"
#include "job/reconcile_parts.h"

#include "base/log.h"
#include "host/domain_xml.h"

#define EVENT_VM_UPDATED 35                 /* oVirt's number */

typedef struct {
    Id vm;
    DomainFacts *facts;             /* as reported */
    DomainFacts *kept;              /* as kept; NULL: nothing was kept, or it is the same text */
    gboolean same;
    gboolean failed;                /* the kept text could not be read: looked at again with the next report */
} Pair;

typedef struct {
    Engine *engine;
    Id host;
    Tick seen;
    GPtrArray *pairs;
} Comparison;

guint64
outside_digest(const char *xml)
{
    guint64 digest = G_GUINT64_CONSTANT(14695981039346656037);      /* FNV-1a */
    for (; *xml; xml++)
        digest = (digest ^ (guint8) *xml) * G_GUINT64_CONSTANT(1099511628211);
    return digest;
}

gboolean
outside_differs(Reconcile *reconcile, const Id *vm, const DomainFacts *facts)
{
    if (engine_claimant(reconcile->engine, &vm_type, vm))
        return FALSE;               /* its job keeps what it made */
    const guint64 *known = g_hash_table_lookup(reconcile->digests, vm);
    return !known || *known != outside_digest(facts->xml);
}

void
outside_note_unread(Reconcile *reconcile, const Id *vm, const DomainFacts *facts)
{
    guint64 digest = outside_digest(facts->xml);
    g_hash_table_replace(reconcile->unread, g_memdup2(vm, sizeof(Id)), g_memdup2(&digest, sizeof(digest)));
}

gboolean
outside_was_unread(Reconcile *reconcile, const Id *vm)
{
    const guint64 *unread = g_hash_table_lookup(reconcile->unread, vm), *known = g_hash_table_lookup(reconcile->digests, vm);
    gboolean differs = unread && (!known || *known != *unread);
    g_hash_table_remove(reconcile->unread, vm);
    return differs;
}

static void
pair_free(Pair *pair)
{
    domain_facts_unref(pair->facts);
    if (pair->kept)
        domain_facts_unref(pair->kept);
    g_free(pair);
}

/* --- in a worker --------------------------------------------------------------------------------------------------------------- */

static void
look_at(Store *store, Pair *pair)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = store_kept(store, "domain-xml", &pair->vm, &error);
    pair->failed = error != NULL;
    pair->same = text && g_str_equal(text, pair->facts->xml);
    if (!text || pair->same)
        return;
    g_autoptr(DomainFacts) kept = domain_facts_new();
    g_autoptr(GError) unreadable = NULL;
    if (domain_xml_read(text, kept, &unreadable) && kept->config)
        pair->kept = g_steal_pointer(&kept);
    else
        log_warn("a kept domain XML cannot be read: %s", unreadable ? unreadable->message : "it has no configuration");
}

static void merge_all(gpointer data);

static void
look_at_all(gpointer data)
{
    Comparison *comparison = data;
    for (guint i = 0; i < comparison->pairs->len; i++)
        look_at(comparison->engine->parts.store, comparison->pairs->pdata[i]);
    loop_post(comparison->engine->parts.loop, merge_all, comparison);
}

/* --- in the writer --------------------------------------------------------------------------------------------------------------- */

static void
note_change(Batch *batch, const Vm *vm, const char *what)
{
    batch_note(batch, &vm->object.id, EVENT_VM_UPDATED, SEVERITY_NORMAL, message_new(MSG_FACT_VM_CHANGED, "vm", vm->name, "what", what, NULL));
}

/* A card that is plugged elsewhere belongs to where it was no more. */
static void
unplug(Vm *vm, const Vm *before, const Vm *after)
{
    for (guint i = 0; before && i < vm->nics.count; i++) {
        Nic *nic = vm->nics.items[i];
        const Nic *was = list_find(&before->nics, &nic->object.id), *now = list_find(&after->nics, &nic->object.id);
        if (!was || !now || g_strcmp0(was->source, now->source) == 0 || !id_equal(&was->vnic_profile.id, &now->vnic_profile.id))
            continue;
        nic->vnic_profile.id = nic->network.id = id_null;
    }
}

Vm *
outside_merge(Changes *changes, const Id *id, const DomainFacts *before, const DomainFacts *after, Text *what)
{
    const Vm *known = changes_find(changes, &vm_type, id);
    if (!known)
        return NULL;
    Vm *was = object_dup(known), *vm = changes_edit(changes, &vm_type, id);
    gboolean changed = merge_changes(&vm_type, vm, before ? before->config : NULL, after->config, what);
    if (changed) {
        unplug(vm, before ? before->config : NULL, after->config);
        adopt_networks(changes, vm);
        adopt_disks(changes, vm, after, was);
    }
    object_unref(was);
    return changed ? vm : NULL;
}

static void
merge(Batch *batch, const Vm *was, Pair *pair)
{
    const DomainFacts *facts = pair->facts;
    g_auto(Text) what = TEXT_EMPTY;
    const Vm *vm = pair->kept || was->adopted ? outside_merge(batch->changes, &was->object.id, pair->kept, facts, &what) : NULL;
    if (vm) {
        adopt_same(batch, vm);
        g_autofree char *words = text_take(&what);
        note_change(batch, vm, words);
    }
    const Vm *now = changes_find(batch->changes, &vm_type, &pair->vm);
    if (now)
        adopt_images(batch, now, facts);
    changes_keep(batch->changes, "domain-xml", &pair->vm, facts->xml);
}

static void
merge_one(Batch *batch, Pair *pair)
{
    Reconcile *reconcile = batch->reconcile;
    const Vm *vm = changes_find(batch->changes, &vm_type, &pair->vm);
    if (!vm || pair->failed || !outside_differs(reconcile, &pair->vm, pair->facts))
        return;
    if (reconcile_is_stale(reconcile, &pair->vm, batch->seen)) {
        batch->ask_again = TRUE;
        return;
    }
    if (pair->same) {
        guint64 digest = outside_digest(pair->facts->xml);
        g_hash_table_replace(reconcile->digests, g_memdup2(&pair->vm, sizeof(Id)), g_memdup2(&digest, sizeof(digest)));
    } else if (pair->facts->config && !batch->facts_only) {
        merge(batch, vm, pair);
    }
}

static void
merge_all(gpointer data)
{
    Comparison *comparison = data;
    Reconcile *reconcile = comparison->engine->reconcile;
    HostState *host = g_hash_table_lookup(reconcile->hosts, &comparison->host);
    Batch *batch = host ? batch_new(host, NULL) : NULL;
    if (batch)
        batch->seen = comparison->seen;
    for (guint i = 0; batch && i < comparison->pairs->len; i++)
        merge_one(batch, comparison->pairs->pdata[i]);
    if (batch)
        batch_end(batch);
    g_ptr_array_unref(comparison->pairs);
    g_free(comparison);
}

void
outside_compare(HostState *host, GPtrArray *take, Tick seen)
{
    Engine *engine = host->reconcile->engine;
    g_autoptr(GPtrArray) domains = take;
    if (engine->stopping)
        return;
    Comparison *comparison = g_new0(Comparison, 1);
    comparison->engine = engine;
    comparison->host = host->id;
    comparison->seen = seen;
    comparison->pairs = g_ptr_array_new_with_free_func((GDestroyNotify) pair_free);
    for (guint i = 0; i < domains->len; i++) {
        Pair *pair = g_new0(Pair, 1);
        pair->facts = domain_facts_ref(domains->pdata[i]);
        pair->vm = pair->facts->id;
        g_ptr_array_add(comparison->pairs, pair);
    }
    workers_push(engine->workers, look_at_all, comparison);
}
