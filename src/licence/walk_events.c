/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What an event does to what is known. */
#include "licence/count_parts.h"

void
walk_touch(Walk *walk, int vm)
{
    if (walk->vms[vm].changed)
        return;
    walk->vms[vm].changed = TRUE;
    g_array_append_val(walk->changed, vm);
}

/* What EVENT says of the VM's definition; what it does not say stays. */
static void
define(VmState *vm, const Event *event)
{
    if (event->says & SAYS_PINS)
        vm->pins = event->pins;
    if (event->says & SAYS_CPUSET)
        vm->cpuset = event->cpuset;
    if (event->says & SAYS_EMULATOR)
        vm->emulator = event->emulator;
    if (event->says & SAYS_IOTHREADS)
        vm->iothreads = event->iothreads;
    vm->says_iothreads |= (event->says & SAYS_IOTHREADS) != 0;
    if (event->says & SAYS_MIGRATABLE)
        vm->migratable = (event->says & IS_MIGRATABLE) != 0;
    if (event->says & SAYS_HA)
        vm->ha = (event->says & IS_HA) != 0;
    if (event->says & SAYS_POLICY)
        vm->policy = event->policy;
    if (event->vcpus > 0)
        vm->vcpus = event->vcpus;
    if (event->max_vcpus > 0)
        vm->max_vcpus = event->max_vcpus;
    vm->contradicted = FALSE;
}

/* A start says the whole definition: what it leaves out is not there. */
static void
start(VmState *vm, const Event *event)
{
    vm->pins = vm->cpuset = vm->emulator = vm->iothreads = NULL;
    vm->migratable = vm->ha = vm->says_iothreads = FALSE;
    vm->policy = POLICY_NONE;
    vm->vcpus = vm->max_vcpus = -1;
    define(vm, event);
    vm->host = event->host;
    vm->running = TRUE;
}

/* Whole hosts count in both clusters from here on. */
static void
live_migrate(Walk *walk, VmState *vm, const Event *event)
{
    int from = event->from >= 0 ? event->from : vm->host;
    int ends[] = { from, event->host };
    for (guint i = 0; walk->inside && i < G_N_ELEMENTS(ends); i++) {
        for (guint64 left = ends[i] >= 0 ? vm->tags : 0; left; left &= left - 1)
            walk->found[walk_cell(walk, __builtin_ctzll(left), history_host(walk->history, (guint) ends[i])->cluster)] = TRUE;
        walk_note_presence(walk, event->vm, ends[i], vm->tags);
    }
    define(vm, event);
    vm->host = event->host;
    vm->running = TRUE;
}

/* Its definition goes along but for the pins: those of another host mean other cores, and where none are told there are none. */
static void
cold_move(VmState *vm, const Event *event)
{
    vm->pins = NULL;
    define(vm, event);
    vm->host = event->host;
}

static void
tag(Walk *walk, VmState *vm, const Event *event)
{
    guint64 bit = (guint64) 1 << event->product;
    gpointer key = GSIZE_TO_POINTER((gsize) event->vm * HISTORY_MOST_PRODUCTS + (gsize) event->product + 1);
    vm->tags |= bit;
    vm->tagged = event->t;
    vm->no_failover = event->says & IS_WITHOUT_FAILOVER ? vm->no_failover | bit : vm->no_failover & ~bit;
    if (event->users < 0)
        return;
    NamedUsers *users = g_hash_table_lookup(walk->users, key);
    if (!users)
        g_hash_table_insert(walk->users, key, users = g_new0(NamedUsers, 1));
    users->now = event->users;
    users->most = walk->inside ? MAX(users->most, users->now) : users->now;
}

static void
change_host(Walk *walk, const Event *event)
{
    guint host = (guint) event->host;
    HostState *state = &walk->hosts[host];
    gint64 before = state->factor;
    places_leave(walk, host);
    walk_take_topology(walk, host, event->topology);
    places_change_factor(walk, host, before);
    places_mark(walk, host);
    if (!walk->recording)
        return;
    state->most_cores = MAX(state->most_cores, event->topology->n_cores);
    state->most_sockets = MAX(state->most_sockets, event->topology->n_sockets);
}

static void
apply_to_host(Walk *walk, const Event *event)
{
    HostState *host = &walk->hosts[event->host];
    if (event->kind == EVENT_HOST_CHANGE) {
        change_host(walk, event);
        return;
    }
    host->gaps += event->kind == EVENT_GAP ? 1 : -1u;
    places_mark(walk, (guint) event->host);
    if (event->kind == EVENT_GAP && walk->recording)
        checks_gap(walk, (guint) event->host);
}

static void
apply_to_vm(Walk *walk, const Event *event)
{
    VmState *vm = &walk->vms[event->vm];
    switch ((EventKind) event->kind) {
    case EVENT_START:
        start(vm, event);
        break;
    case EVENT_STOP:
        vm->running = FALSE;
        break;
    case EVENT_PIN:
        define(vm, event);
        break;
    case EVENT_LIVE_MIGRATE:
        live_migrate(walk, vm, event);
        break;
    case EVENT_COLD_MOVE:
        cold_move(vm, event);
        break;
    case EVENT_TAG:
        tag(walk, vm, event);
        break;
    case EVENT_UNTAG:
        vm->tags &= event->product < 0 ? 0 : ~((guint64) 1 << event->product);
        break;
    case EVENT_SCAN:
        vm->scanned = event->t;
        break;
    case EVENT_OBSERVED:        /* checks_event has compared it */
    case EVENT_HOST_CHANGE:
    case EVENT_GAP:
    case EVENT_GAP_END:
    case N_EVENTS:
    default:
        break;
    }
    walk_touch(walk, event->vm);
}

void
walk_apply(Walk *walk, const Event *event)
{
    checks_event(walk, event);
    if (event->vm < 0)
        apply_to_host(walk, event);
    else
        apply_to_vm(walk, event);
}
