/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What reconcile keeps in mind beside the inventory, and how it follows: which MAC is whose, what each kept XML was, when our
 * own jobs ended. Every sealed set passes reconcile_learn(); a fall of the head passes reconcile_again(). Takes no report. */
#include "job/reconcile_parts.h"

#define SETTLED_MOST 1000
#define SETTLED_LIFE (60 * CLOCK_SECOND)

/* --- who has which name and MAC ------------------------------------------------------------------------------------------------- */

static char *
owner_key(const char *kind, const char *value)
{
    return g_strconcat(kind, ":", value, NULL);
}

/* Made from the head when it is asked for first: no start waits for it. */
static GHashTable *
owners(Reconcile *reconcile)
{
    if (reconcile->owners)
        return reconcile->owners;
    reconcile->owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    ViewWalk walk = view_walk(commit_head(reconcile->engine->commit), &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));)
        reconcile_learn_vm(reconcile, vm);
    return reconcile->owners;
}

static void
own(Reconcile *reconcile, const char *kind, const char *value, const Id *vm)
{
    char *key = value ? owner_key(kind, value) : NULL;
    if (key && !g_hash_table_contains(reconcile->owners, key))
        g_hash_table_insert(reconcile->owners, key, g_memdup2(vm, sizeof(*vm)));
    else
        g_free(key);
}

static void
disown(Reconcile *reconcile, const char *kind, const char *value, const Id *vm)
{
    g_autofree char *key = value ? owner_key(kind, value) : NULL;
    const Id *owner = key ? g_hash_table_lookup(reconcile->owners, key) : NULL;
    if (owner && id_equal(owner, vm))
        g_hash_table_remove(reconcile->owners, key);
}

void
reconcile_learn_vm(Reconcile *reconcile, const Vm *vm)
{
    owners(reconcile);
    own(reconcile, "name", vm->name, &vm->object.id);
    for (guint i = 0; i < vm->nics.count; i++)
        own(reconcile, "mac", ((const Nic *) vm->nics.items[i])->mac.address, &vm->object.id);
}

static void
unlearn_vm(Reconcile *reconcile, const Vm *vm)
{
    disown(reconcile, "name", vm->name, &vm->object.id);
    for (guint i = 0; i < vm->nics.count; i++)
        disown(reconcile, "mac", ((const Nic *) vm->nics.items[i])->mac.address, &vm->object.id);
}

gboolean
reconcile_other_owner(Reconcile *reconcile, const char *kind, const char *value, const Id *than, Id *ret_other)
{
    g_autofree char *key = value ? owner_key(kind, value) : NULL;
    const Id *owner = key ? g_hash_table_lookup(owners(reconcile), key) : NULL;
    if (!owner || id_equal(owner, than))
        return FALSE;
    *ret_other = *owner;
    return TRUE;
}

/* What was learnt from sets that were taken back is not so. */
static void
learn_anew(Reconcile *reconcile)
{
    g_hash_table_remove_all(reconcile->digests);
    g_clear_pointer(&reconcile->owners, g_hash_table_unref);
}

void
reconcile_again(Reconcile *reconcile)
{
    GHashTableIter iter;
    HostState *host;
    reconcile->owes = FALSE;
    learn_anew(reconcile);
    sums_changed(reconcile);        /* what was summed up may have been in what fell */
    g_hash_table_iter_init(&iter, reconcile->hosts);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &host)) {
        if (!host->heard)
            continue;
        if (host->up)
            host_is_up(host);
        else
            host_is_lost(host);
    }
}

static void
drop_old_settled(Reconcile *reconcile, Tick now)
{
    GHashTableIter iter;
    Tick *settled;
    if (g_hash_table_size(reconcile->settled) < SETTLED_MOST)
        return;
    g_hash_table_iter_init(&iter, reconcile->settled);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &settled)) {
        if (now - *settled > SETTLED_LIFE)
            g_hash_table_iter_remove(&iter);
    }
}

/* What was heard last about a VM while a job had it must agree with how the job left it, and so must its definition; else its host is asked again:
 * somebody may have edited it beside a job that then changed nothing. */
static void
check_heard(Reconcile *reconcile, const Id *id)
{
    gpointer fact = NULL;
    gboolean heard = g_hash_table_lookup_extended(reconcile->heard, id, NULL, &fact), unread = outside_was_unread(reconcile, id);
    g_hash_table_remove(reconcile->heard, id);
    const Vm *vm = heard || unread ? view_find(commit_head(reconcile->engine->commit), &vm_type, id) : NULL;
    if (vm && (unread || (heard && !state_agrees(vm, (VmStatus) GPOINTER_TO_INT(fact)))))
        reconcile_ask(reconcile, &vm->home.id);
}

void
reconcile_settled(Reconcile *reconcile, const Work *work)
{
    Tick now = clock_tick();
    drop_old_settled(reconcile, now);
    for (guint i = 0; i < work->claims->len; i++) {
        const char *claim = work->claims->pdata[i];
        Id id;
        if (!g_str_has_prefix(claim, "vm:") || !id_parse(claim + 3, ID_UUID, &id))
            continue;
        g_hash_table_replace(reconcile->settled, g_memdup2(&id, sizeof(id)), g_memdup2(&now, sizeof(now)));
        check_heard(reconcile, &id);
    }
}

static gboolean
names_are_same(const Vm *a, const Vm *b)
{
    if (!a || !b || a->nics.count != b->nics.count || g_strcmp0(a->name, b->name) != 0)
        return FALSE;
    for (guint i = 0; i < a->nics.count; i++) {
        const Nic *one = a->nics.items[i], *other = b->nics.items[i];
        if (g_strcmp0(one->mac.address, other->mac.address) != 0)
            return FALSE;
    }
    return TRUE;
}

static gboolean
devices_are_same(const Vm *before, const Vm *after)
{
    return (before->host_devices.count == 0 && after->host_devices.count == 0) || field_equal(type_find(&vm_type, "host_devices"), before, after);
}

static void
learn_vm(Reconcile *reconcile, const Vm *before, const Vm *after)
{
    if (reconcile->owners && !names_are_same(before, after)) {
        if (before)
            unlearn_vm(reconcile, before);
        if (after)
            reconcile_learn_vm(reconcile, after);
    }
    if (after)
        state_learn(reconcile, before, after);
    else
        state_forget(reconcile, &before->object.id);
    if (!before || !after || before->status != after->status || !id_equal(&before->home.id, &after->home.id) || !devices_are_same(before, after))
        sums_changed(reconcile);
}

static void
learn_keep(Reconcile *reconcile, const Keep *keep)
{
    if (!g_str_equal(keep->space, "domain-xml"))
        return;
    if (!keep->text) {
        g_hash_table_remove(reconcile->digests, &keep->id);
        return;
    }
    guint64 digest = outside_digest(keep->text);
    g_hash_table_replace(reconcile->digests, g_memdup2(&keep->id, sizeof(Id)), g_memdup2(&digest, sizeof(digest)));
}

void
reconcile_learn(Reconcile *reconcile, const Changes *sealed)
{
    guint count;
    const Change *rows = changes_rows(sealed, &count);
    for (guint i = 0; i < count; i++) {
        const Object *object = rows[i].after ? rows[i].after : rows[i].before;
        if (object->type == &vm_type)
            learn_vm(reconcile, rows[i].before, rows[i].after);
        else if (object->type == &disk_type)
            sums_changed(reconcile);
    }
    const Keep *keeps = changes_keeps(sealed, &count);
    for (guint i = 0; i < count; i++)
        learn_keep(reconcile, &keeps[i]);
}
