/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Looks at the threads of VMs: in a pool, since a host may hang, and what was seen into the ledger by the recorder's own thread. What is seen outside of the
 * cores a VM is bound to is told once, and so is that it is back. */
#include "evidence/evidence_parts.h"

#define CONFIRM (7 * CLOCK_SECOND / 10)

static void
look_free(gpointer data)
{
    Look *look = data;
    cpu_tune_clear(&look->seen);
    host_link_unref(look->link);
    g_free(look);
}

static void
have_a_look(gpointer data)
{
    Look *look = data;
    Evidence *evidence = look->evidence;
    g_autoptr(GError) unheard = NULL;
    look->well = look->link->ops->affinity && look->link->ops->affinity(look->link, &look->vm, &look->seen, clock_tick() + EVIDENCE_LOOK_MOST, &unheard);
    LOCK_HOLD(&evidence->lock);
    if (evidence->stopping) {
        look_free(look);
        return;
    }
    g_ptr_array_add(evidence->ended, look);
    condition_signal(&evidence->wake);
}

void
looks_forget(Evidence *evidence)
{
    for (guint i = 0; i < evidence->ended->len; i++)
        look_free(evidence->ended->pdata[i]);
    g_ptr_array_unref(evidence->ended);
}

void
looks_begin(Evidence *evidence, Witness *vm)
{
    vm->look_due = clock_tick() + evidence->parts.period;
    HostLink *link = hosts_find(evidence->parts.hosts, &vm->host, NULL);
    if (!link)
        return;                     /* that it is away is told of the host */
    Look *look = g_new0(Look, 1);
    look->evidence = evidence;
    look->vm = vm->id;
    look->link = link;
    vm->looked_at = TRUE;
    workers_push(evidence->workers, have_a_look, look);
}

/* --- what was seen ------------------------------------------------------------------------------------------------------------------ */

static void
tell(Evidence *evidence, const Vm *vm, int code, Severity severity, Message *take)
{
    evidence->parts.tell(evidence->parts.data, code, severity, take, &vm->object.id, &vm->host.id);
}

static const char *
own_set(const CpuTune *seen, gint64 vcpu)
{
    const char *set = cpu_tune_vcpu(seen, vcpu);
    return set ? set : "";
}

/* A job that binds it elsewhere moves its threads a moment before the inventory says so: what is seen twice is so. */
static void
compare(Evidence *evidence, Witness *witness, const Vm *vm, const CpuTune *seen)
{
    const CpuTune *tune = &vm->cpu.cpu_tune;
    gint64 vcpu = facts_outside(tune, seen, vm_cpus(vm));
    gboolean first = vcpu >= 0 && !witness->doubted;
    witness->doubted = vcpu >= 0;
    if (first)
        witness->look_due = clock_tick() + CONFIRM;
    if (first)
        return;
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, vcpu);
    if (vcpu >= 0 && !witness->outside)
        tell(evidence, vm, 11041, SEVERITY_ALERT, message_new(MSG_EVIDENCE_OUTSIDE, "vm", vm->name, "vcpu", number, "seen", own_set(seen, vcpu),
                                                              "set", cpu_tune_vcpu(tune, vcpu), NULL));
    if (vcpu < 0 && witness->outside)
        tell(evidence, vm, 11042, SEVERITY_NORMAL, message_new(MSG_EVIDENCE_INSIDE, "vm", vm->name, NULL));
    witness->outside = vcpu >= 0;
}

static void
record_sight(Evidence *evidence, const Vm *vm, const CpuTune *seen)
{
    char id[ID_TEXT_SIZE];
    g_auto(Facts) facts = { 0 };
    facts_add(&facts, "vm", id_format(&vm->object.id, ID_UUID, id));
    facts_of_look(&facts, seen, vm_cpus(vm), vm->io.threads);
    book_write(evidence->book, clock_wall(), "observed", &facts);
}

/* Nothing was seen of it: until the next look nobody knows where its threads are. */
static void
record_blindness(Evidence *evidence, Witness *witness, const Vm *vm)
{
    char date[CLOCK_DATE_SIZE];
    Wall now = clock_wall();
    g_auto(Facts) facts = { 0 };
    const Place *host = g_hash_table_lookup(evidence->hosts, &witness->host);
    if (!host || host->away)
        return;
    facts_add(&facts, "host", host->name);
    facts_add(&facts, "until", clock_format(now + evidence->parts.period, date));
    book_write(evidence->book, now, "gap", &facts);
    if (!witness->unseen)
        tell(evidence, vm, 11047, SEVERITY_WARNING, message_new(MSG_EVIDENCE_UNSEEN, "vm", vm->name, "host", host->name, NULL));
    witness->unseen = TRUE;
}

/* It may have stopped, or moved, while it was looked at: then what was seen is nobody's. */
static void
take_look(Evidence *evidence, const View *view, const Look *look)
{
    Witness *witness = g_hash_table_lookup(evidence->vms, &look->vm);
    const Vm *vm = view_find(view, &vm_type, &look->vm);
    if (!witness)
        return;
    witness->looked_at = FALSE;
    if (!vm || !witness->running || !vm_is_running((VmStatus) vm->status) || !id_equal(&look->link->id, &vm->host.id))
        return;
    if (!look->well) {
        record_blindness(evidence, witness, vm);
        return;
    }
    witness->unseen = FALSE;
    record_sight(evidence, vm, &look->seen);
    compare(evidence, witness, vm, &look->seen);
}

void
looks_take(Evidence *evidence)
{
    g_autoptr(GPtrArray) ended = g_ptr_array_new_with_free_func(look_free);
    lock_take(&evidence->lock);
    for (guint i = 0; i < evidence->ended->len; i++)
        g_ptr_array_add(ended, evidence->ended->pdata[i]);
    g_ptr_array_set_size(evidence->ended, 0);
    lock_drop(&evidence->lock);
    if (ended->len == 0)
        return;
    g_autoptr(View) view = inventory_view(evidence->parts.inventory);
    for (guint i = 0; i < ended->len; i++)
        take_look(evidence, view, ended->pdata[i]);
}
