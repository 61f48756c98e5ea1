/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cores are chosen once, by the writer, and stand in marks: what is then written into the definition and told to what runs is the same, also after a
 * restart. oVirt chooses anew at each start where a policy says so; that would touch more cores over the time, and each that was ever touched may
 * have to be licensed. */
#include "command/pinning.h"

#include "command/boundaries.h"
#include "command/cores.h"
#include "command/guards.h"
#include "command/plan.h"
#include "placement/capacity.h"

#include <string.h>

#define TUNE "pins"                 /* mark: what is bound where, all of it */
#define POLICY "pins.policy"        /* mark: as which policy it is kept */
#define THREADS "pins.threads"      /* mark: vCPUs that are neighbours and share a core */
#define BEFORE "pins.before"        /* mark: where the threads of what runs might run before; "-": it did not run */

/* --- choosing ----------------------------------------------------------------------------------------------------------------------- */

static void
pin_to(CpuTune *tune, gint64 vcpu, const Cpus *cpus)
{
    g_autofree char *set = cpus_text(cpus);
    cpu_tune_pin_vcpu(tune, vcpu, set);
}

static void
pin_to_cpu(CpuTune *tune, gint64 vcpu, guint cpu)
{
    g_auto(Cpus) one = CPUS_EMPTY;
    cpus_add(&one, cpu);
    pin_to(tune, vcpu, &one);
}

/* So many cores as were wished: a thread for each vCPU where that comes out even, a core each where there are enough, and else all of them for all. */
static void
pin_to_cores(CpuTune *tune, const Plan *plan, const Topology *topology, gint64 vcpus)
{
    gboolean even = vcpus == cpus_count(&plan->cpus);
    gint64 vcpu = 0;
    for (guint i = 0; i < plan->n_cores && vcpus <= plan->n_cores && vcpu < vcpus; i++) {
        g_auto(Cpus) core = CPUS_EMPTY;
        cores_join(topology, plan->cores[i], &core);
        pin_to(tune, vcpu++, &core);
    }
    for (guint i = 0; i < plan->n_cores && even && vcpu < vcpus; i++) {
        g_auto(Cpus) core = CPUS_EMPTY;
        cores_join(topology, plan->cores[i], &core);
        for (int cpu = -1; (cpu = cpus_next(&core, cpu)) >= 0 && vcpu < vcpus;)
            pin_to_cpu(tune, vcpu++, (guint) cpu);
    }
    while (vcpu < vcpus)
        pin_to(tune, vcpu++, &plan->cpus);
}

static void
nodes_of(const Plan *plan, const Topology *topology, Cpus *nodes)
{
    for (guint i = 0; i < plan->n_cores; i++) {
        int core = topology_core(topology, plan->cores[i]);
        if (core >= 0)
            cpus_add(nodes, topology->nodes[topology->cores[core].node]);
    }
}

/* Only where the host has nodes, they have room, and the VM has no nodes that say it already. */
static char *
choose_memory(const Work *work, const Vm *vm, const Host *host, const Plan *plan, const Topology *topology)
{
    g_auto(Cpus) nodes = CPUS_EMPTY;
    nodes_of(plan, topology, &nodes);
    if (topology->n_nodes < 2 || vm->numa_nodes.count > 0 || cores_memory_left(work->view, host, &vm->object.id, &nodes) < capacity_needed(vm))
        return NULL;
    return cpus_text(&nodes);
}

static void
keep_choice(Work *work, const CpuTune *tune, const char *policy)
{
    g_autofree char *text = cpu_tune_text(tune);
    work_set_mark(work, TUNE, text);
    work_set_mark(work, POLICY, policy);
}

/* Rather where its memory is too; but cores decide. */
static Plan *
choose_cores(const Work *work, const Vm *vm, const Host *host, const Topology *topology, const PinningWish *wish, GError **error)
{
    g_auto(Cpus) busy = CPUS_EMPTY, reserved = CPUS_EMPTY, with_memory = CPUS_EMPTY;
    const gint64 vcpus = wish->cores > 0 ? wish->cores : vm_cpus(vm);
    PlanNeed need = { .vcpus = (guint) vcpus, .mode = wish->cores > 0 ? PLAN_CORES : wish->mode, .most_sockets = (guint) wish->most_sockets };
    if (wish->reserved && *wish->reserved && !cpus_parse(wish->reserved, strlen(wish->reserved), &reserved)) {
        fault_set(error, MSG_PIN_SET, "what", "the reserved CPUs", "vm", vm->name, "set", wish->reserved, NULL);
        return NULL;
    }
    boundaries_reserve(work->view, vm, host, topology, &reserved);
    cores_busy(work->view, host, &vm->object.id, topology, &busy);
    cores_short_of_memory(work->view, host, &vm->object.id, capacity_needed(vm), &with_memory);
    cpus_join(&with_memory, &reserved);
    need.busy = busy;
    need.reserved = with_memory;
    g_autoptr(Plan) plan = topology->n_nodes > 1 ? plan_choose(topology, &need, NULL) : NULL;
    need.reserved = reserved;
    return plan ? g_steal_pointer(&plan) : plan_choose(topology, &need, error);
}

static void
keep_threads(Work *work, const Plan *plan, const PinningWish *wish, gint64 vcpus)
{
    gint64 threads = wish->cores == 0 ? plan->threads : vcpus == cpus_count(&plan->cpus) ? vcpus / plan->n_cores : 1;
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, threads);
    work_set_mark(work, THREADS, text);
}

gint64
pinning_threads(const Work *work)
{
    const char *text = work_mark(work, THREADS);
    return text ? g_ascii_strtoll(text, NULL, 10) : 1;
}

gboolean
pinning_choose(Work *work, const Vm *vm, const Host *host, const PinningWish *wish, GError **error)
{
    g_auto(CpuTune) tune = { 0 };
    g_autoptr(Topology) topology = cores_topology(host, error);
    g_autoptr(Plan) plan = topology ? choose_cores(work, vm, host, topology, wish, error) : NULL;
    if (!plan)
        return FALSE;
    if (wish->cores > 0)
        pin_to_cores(&tune, plan, topology, vm_cpus(vm));
    for (guint i = 0; i < plan->n_vcpus && wish->cores == 0; i++)
        pin_to_cpu(&tune, i, plan->pins[i]);
    tune.cpu_set = cpus_text(&plan->cpus);
    tune.emulator_cpu_set = g_strdup(tune.cpu_set);
    tune.memory_node_set = choose_memory(work, vm, host, plan, topology);
    keep_choice(work, &tune, wish->policy);
    keep_threads(work, plan, wish, vm_cpus(vm));
    work_set_about(work, "cpus", tune.cpu_set);
    guard_claim_word(work, "The choice of cores of host '%s'", host->name);
    return TRUE;
}

void
pinning_choose_none(Work *work)
{
    const CpuTune none = { 0 };
    keep_choice(work, &none, PINNING_NONE);
}

gboolean
pinning_is_chosen(const Work *work)
{
    return work_mark(work, TUNE) != NULL;
}

/* --- what was sent -------------------------------------------------------------------------------------------------------------------- */

static gboolean
check_set(const Vm *vm, const Topology *topology, const Host *host, const char *what, const char *set, GError **error)
{
    g_auto(Cpus) cpus = CPUS_EMPTY;
    if (!set || !cpus_parse(set, strlen(set), &cpus))
        return fault_set(error, MSG_PIN_SET, "what", what, "vm", vm->name, "set", set ? set : "", NULL);
    for (int cpu = -1; topology && (cpu = cpus_next(&cpus, cpu)) >= 0;) {
        g_autofree char *number = g_strdup_printf("%d", cpu);
        if (topology_core(topology, (guint) cpu) < 0)
            return fault_set(error, MSG_PIN_NO_CPU, "what", what, "vm", vm->name, "cpu", number, "host", host->name, NULL);
    }
    return TRUE;
}

static gboolean
check_nodes(const Vm *vm, const Host *host, const char *set, GError **error)
{
    g_auto(Cpus) nodes = CPUS_EMPTY;
    if (!cpus_parse(set, strlen(set), &nodes))
        return fault_set(error, MSG_PIN_SET, "what", "the memory", "vm", vm->name, "set", set, NULL);
    for (guint i = 0; i < host->host_numa_nodes.count; i++) {
        gint64 index = ((const NumaNode *) host->host_numa_nodes.items[i])->index;
        if (index >= 0 && index < CPUS_MOST)
            cpus_remove(&nodes, (guint) index);
    }
    g_autofree char *missing = cpus_text(&nodes);
    return cpus_count(&nodes) == 0 || fault_set(error, MSG_PIN_NO_NODE, "vm", vm->name, "node", missing, "host", host->name, NULL);
}

/* Pins of either kind: a number, which must be from FIRST to LAST, and a set. */
typedef struct {
    const char *what;
    const List *pins;
    gint64 first, last;
} PinRange;

static gboolean
check_pins(const Vm *vm, const Topology *topology, const Host *host, const PinRange *range, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = 0; i < range->pins->count; i++) {
        VcpuPin *pin = range->pins->items[i];
        g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, pin->vcpu), *last = g_strdup_printf("%" G_GINT64_FORMAT, range->last);
        if (pin->vcpu < range->first || pin->vcpu > range->last)
            return fault_set(error, MSG_PIN_NO_THREAD, "what", range->what, "vm", vm->name, "number", number, "last", last, NULL);
        if (!g_hash_table_add(seen, &pin->vcpu))
            return fault_set(error, MSG_PIN_TWICE, "what", range->what, "vm", vm->name, "number", number, NULL);
        if (!check_set(vm, topology, host, range->what, pin->cpu_set, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
is_given(const char *set)
{
    return set && *set;
}

static gboolean
check_sent(const Vm *edited, const CpuTune *sent, const Host *host, GError **error)
{
    g_autoptr(Topology) topology = cores_topology(host, NULL);
    const PinRange vcpus = { "a vCPU", &sent->vcpu_pins, 0, vm_cpus(edited) - 1 };
    const PinRange threads = { "an I/O thread", &sent->io_thread_pins, 1, edited->io.threads };
    return check_pins(edited, topology, host, &vcpus, error) && check_pins(edited, topology, host, &threads, error) &&
           (!is_given(sent->cpu_set) || check_set(edited, topology, host, "the threads", sent->cpu_set, error)) &&
           (!is_given(sent->emulator_cpu_set) || check_set(edited, topology, host, "the emulator", sent->emulator_cpu_set, error)) &&
           (!is_given(sent->memory_node_set) || check_nodes(edited, host, sent->memory_node_set, error));
}

static gboolean
choose_policy(Work *work, const Vm *edited, const Host *host, const char *policy, GError **error)
{
    const struct { const char *name; PlanMode mode; } chosen[] = { { "dedicated", PLAN_THREADS }, { "isolate_threads", PLAN_CORES } };
    for (guint i = 0; i < G_N_ELEMENTS(chosen); i++) {
        const PinningWish wish = { .mode = chosen[i].mode, .policy = chosen[i].name };
        if (g_str_equal(policy, chosen[i].name))
            return pinning_choose(work, edited, host, &wish, error);
    }
    return fault_set(error, g_str_equal(policy, "resize_and_pin_numa") ? MSG_PIN_POLICY_RESIZES : MSG_PIN_POLICY_UNKNOWN, "vm", edited->name, "policy", policy, NULL);
}

static gboolean
change_policy(Work *work, const Vm *edited, const Host *host, const char *policy, gboolean pins, GError **error)
{
    if (g_str_equal(policy, PINNING_MANUAL)) {
        work_set_mark(work, POLICY, policy);
        return edited->cpu.cpu_tune.vcpu_pins.count > 0 || fault_set(error, MSG_PIN_MANUAL_WITHOUT, "vm", edited->name, NULL);
    }
    if (pins)
        return fault_set(error, MSG_PIN_POLICY_WITH_PINS, "vm", edited->name, "policy", policy, NULL);
    if (!g_str_equal(policy, PINNING_NONE))
        return choose_policy(work, edited, host, policy, error);
    pinning_choose_none(work);
    return TRUE;
}

/* Clients send back all they have read: what stays as it is is nobody's wish. */
static gboolean
is_sent_back(const Draft *draft, const Vm *now)
{
    const Vm *sent = draft->record;
    for (const Field *row = cpu_tune_type.fields; row->name; row++) {
        g_autofree char *path = g_strconcat("cpu.cpu_tune.", row->name, NULL);
        if (draft_has(draft, path) && !field_equal(row, &sent->cpu.cpu_tune, &now->cpu.cpu_tune))
            return FALSE;
    }
    return TRUE;
}

gboolean
pinning_check(Work *work, const Vm *now, const Vm *edited, const Host *host, GError **error)
{
    const Vm *sent = work->draft->record;
    const CpuTune *tune = &edited->cpu.cpu_tune;
    gboolean same = now && is_sent_back(work->draft, now);
    gboolean new_pins = draft_has(work->draft, "cpu.cpu_tune.vcpu_pins") && !same;
    const char *was = now && is_given(now->cpu_pinning_policy) ? now->cpu_pinning_policy : PINNING_NONE;
    const char *policy = !draft_has(work->draft, "cpu_pinning_policy") ? was : is_given(sent->cpu_pinning_policy) ? sent->cpu_pinning_policy : PINNING_NONE;
    if (draft_has(work->draft, "cpu.cpu_tune") && !same && !check_sent(edited, &sent->cpu.cpu_tune, host, error))
        return FALSE;
    if (!g_str_equal(policy, was))
        return change_policy(work, edited, host, policy, new_pins && tune->vcpu_pins.count > 0, error);
    if (new_pins)
        work_set_mark(work, POLICY, tune->vcpu_pins.count > 0 ? PINNING_MANUAL : PINNING_NONE);
    return TRUE;
}

/* --- upon a VM ------------------------------------------------------------------------------------------------------------------------ */

static void
tidy_text(char **set)
{
    char *plain = cores_plain(*set);
    g_free(*set);
    *set = plain;
}

static void
tidy(CpuTune *tune)
{
    g_auto(CpuTune) plain = { 0 };
    for (guint i = 0; i < tune->vcpu_pins.count; i++) {
        const VcpuPin *pin = tune->vcpu_pins.items[i];
        g_autofree char *set = cores_plain(pin->cpu_set);
        cpu_tune_pin_vcpu(&plain, pin->vcpu, set);
    }
    for (guint i = 0; i < tune->io_thread_pins.count; i++) {
        const IoThreadPin *pin = tune->io_thread_pins.items[i];
        g_autofree char *set = cores_plain(pin->cpu_set);
        cpu_tune_pin_io_thread(&plain, pin->io_thread, set);
    }
    const CpuTune swap = { .vcpu_pins = plain.vcpu_pins, .io_thread_pins = plain.io_thread_pins };
    plain.vcpu_pins = tune->vcpu_pins;
    plain.io_thread_pins = tune->io_thread_pins;
    tune->vcpu_pins = swap.vcpu_pins;
    tune->io_thread_pins = swap.io_thread_pins;     /* the untidy ones go with PLAIN */
    tidy_text(&tune->cpu_set);
    tidy_text(&tune->emulator_cpu_set);
    tidy_text(&tune->memory_node_set);
}

/* Of threads for I/O there may be others than when it was chosen. */
static void
take_choice(const Work *work, Vm *vm)
{
    CpuTune *tune = &vm->cpu.cpu_tune;
    cpu_tune_clear(tune);
    cpu_tune_read(work_mark(work, TUNE), tune);
    for (gint64 thread = 1; thread <= vm->io.threads && tune->cpu_set; thread++)
        cpu_tune_pin_io_thread(tune, thread, tune->cpu_set);
}

void
pinning_settle(const Work *work, Vm *vm)
{
    const char *policy = work_mark(work, POLICY);
    if (pinning_is_chosen(work))
        take_choice(work, vm);
    else if (work->draft && draft_has(work->draft, "cpu.cpu_tune"))
        tidy(&vm->cpu.cpu_tune);
    if (policy)
        text_set(&vm->cpu_pinning_policy, policy);
    cpu_tune_cut(&vm->cpu.cpu_tune, vm_cpus(vm), vm->io.threads);
}

/* --- what runs ------------------------------------------------------------------------------------------------------------------------ */

/* Where it is bound in the end: as the definition that was written says. */
static gboolean
wished_tune(const Work *work, CpuTune *ret)
{
    cpu_tune_read(work_mark(work, TUNE), ret);
    return pinning_is_chosen(work);
}

/* Where nothing is wished it may run anywhere: with no set, or with every CPU of its host, as libvirt has it once it was told so. */
static gboolean
is_at(const char *now, const char *wished, const Cpus *all)
{
    g_auto(Cpus) cpus = CPUS_EMPTY;
    if (wished || !now)
        return g_strcmp0(now, wished) == 0;
    return cpus_parse(now, strlen(now), &cpus) && cpus_is_within(all, &cpus);
}

static gboolean
is_as(const Vm *live, const CpuTune *wished, const Cpus *all)
{
    const CpuTune *now = &live->cpu.cpu_tune;
    for (gint64 vcpu = 0; vcpu < vm_cpus(live); vcpu++) {
        if (!is_at(cpu_tune_vcpu(now, vcpu), cpu_tune_vcpu(wished, vcpu), all))
            return FALSE;
    }
    for (gint64 thread = 1; thread <= live->io.threads; thread++) {
        if (!is_at(cpu_tune_io_thread(now, thread), cpu_tune_io_thread(wished, thread), all))
            return FALSE;
    }
    return is_at(cpu_tune_emulator(now), cpu_tune_emulator(wished), all);
}

static void
all_cpus(const Work *work, Cpus *ret_all)
{
    Id id;
    const Host *host = work_mark_id(work, "host", &id) ? view_find(work->view, &host_type, &id) : NULL;
    for (guint i = 0; host && i < host->cpu_units.count; i++) {
        gint64 cpu = ((const HostCpuUnit *) host->cpu_units.items[i])->cpu_id;
        if (cpu >= 0 && cpu < CPUS_MOST)
            cpus_add(ret_all, (guint) cpu);
    }
}

gboolean
pinning_look(Work *work, GError **error)
{
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    const Vm *vm = facts->config;
    if (definition_runs(facts) && !facts->live)
        return fault_set(error, MSG_VM_LIVE_UNREAD, "vm", vm && vm->name ? vm->name : "", NULL);
    g_autofree char *before = definition_runs(facts) ? cpu_tune_text(&facts->live->cpu.cpu_tune) : g_strdup("-");
    work_set_mark(work, BEFORE, before);
    return TRUE;
}

static gboolean
tell_host(Work *work, const CpuTune *tune, GError **error)
{
    Id vm;
    g_autoptr(HostLink) link = work_host(work, error);
    return link && work_mark_id(work, "vm", &vm) && link->ops->bind(link, &vm, tune, work->deadline, error);
}

gboolean
pinning_bind(Work *work, GError **error)
{
    g_auto(CpuTune) wished = { 0 };
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    if (wished_tune(work, &wished) && definition_runs(facts) && !tell_host(work, &wished, error))
        return FALSE;
    definition_reread(work);
    return TRUE;
}

/* What does not run has it from its definition. */
Probe
pinning_bound(Work *work, GError **error)
{
    g_auto(CpuTune) wished = { 0 };
    g_auto(Cpus) all = CPUS_EMPTY;
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts || (definition_runs(facts) && !facts->live))
        return PROBE_UNKNOWN;
    all_cpus(work, &all);
    if (wished_tune(work, &wished) && definition_runs(facts) && !is_as(facts->live, &wished, &all))
        return PROBE_NOT_DONE;
    definition_reread(work);
    return PROBE_DONE;
}

static gboolean
is_doubtful(const GError *error)
{
    Fault fault = fault_of(error);
    return fault == FAULT_UNKNOWN_OUTCOME || fault == FAULT_UNAVAILABLE;
}

/* What its host refuses it would refuse for ever: then what runs differs from its definition, and is told as that. */
gboolean
pinning_bind_back(Work *work, GError **error)
{
    g_auto(CpuTune) before = { 0 };
    g_autoptr(GError) refusal = NULL;
    const char *text = work_mark(work, BEFORE);
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return FALSE;
    if (!text || g_str_equal(text, "-") || !definition_runs(facts) || g_strcmp0(facts->pins, text) == 0)
        return TRUE;
    cpu_tune_read(text, &before);
    if (tell_host(work, &before, &refusal) || !is_doubtful(refusal))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&refusal));
    return FALSE;
}

/* --- telling -------------------------------------------------------------------------------------------------------------------------- */

/* The vCPUs that may run on one of the core's threads; "": none, so that it stays empty. */
static char *
vcpus_on(const Vm *vm, const CpuTune *tune, const TopologyCore *core)
{
    g_auto(Cpus) here = CPUS_EMPTY;
    for (gint64 vcpu = 0; vcpu < MIN(vm_cpus(vm), CPUS_MOST); vcpu++) {
        g_auto(Cpus) pin = CPUS_EMPTY;
        const char *set = cpu_tune_vcpu(tune, vcpu);
        if (!set || !cpus_parse(set, strlen(set), &pin))
            continue;
        for (guint i = 0; i < core->n_threads; i++) {
            if (cpus_has(&pin, core->threads[i]))
                cpus_add(&here, (guint) vcpu);
        }
    }
    return cpus_text(&here);
}

static void
tell_core(GString *text, const Vm *vm, const CpuTune *tune, const Topology *topology, const TopologyCore *core)
{
    g_auto(Cpus) threads = CPUS_EMPTY;
    g_autofree char *socket = g_strdup_printf("%u", topology->sockets[core->socket]), *node = g_strdup_printf("%u", topology->nodes[core->node]);
    g_autofree char *vcpus = vcpus_on(vm, tune, core);
    for (guint i = 0; i < core->n_threads; i++)
        cpus_add(&threads, core->threads[i]);
    g_autofree char *cpus = cpus_text(&threads);
    plan_tell(text, *vcpus ? MSG_PLAN_CORE : MSG_PLAN_CORE_EMPTY, "socket", socket, "node", node, "cpus", cpus, "vcpus", vcpus, NULL);
}

void
pinning_tell(GString *text, const Work *work, const Vm *vm, const Host *host)
{
    g_auto(CpuTune) tune = { 0 };
    g_auto(Cpus) all = CPUS_EMPTY;
    g_autoptr(Topology) topology = cores_topology(host, NULL);
    if (!wished_tune(work, &tune) || !tune.cpu_set || !topology || !cpus_parse(tune.cpu_set, strlen(tune.cpu_set), &all))
        return;
    guint count = 0;
    for (guint i = 0; i < topology->n_cores; i++)
        count += cpus_has(&all, topology->cores[i].first);
    g_autofree char *cores = g_strdup_printf("%u", count);
    plan_tell(text, MSG_PLAN_BIND, "vm", vm->name, "host", host->name, "cores", cores, NULL);
    for (guint i = 0; i < topology->n_cores; i++) {
        if (cpus_has(&all, topology->cores[i].first))
            tell_core(text, vm, &tune, topology, &topology->cores[i]);
    }
    if (tune.memory_node_set)
        plan_tell(text, MSG_PLAN_BIND_MEMORY, "nodes", tune.memory_node_set, NULL);
    if (topology->doubts)
        plan_tell(text, MSG_LICENCE_PLAN_UNCERTAIN, "why", topology_doubt(topology->doubts), NULL);
}
