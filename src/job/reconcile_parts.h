/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of reconcile share: reconcile.c takes reports, reconcile_host.c hosts and storage, reconcile_state.c where VMs
 * stand, adopt.c domains nobody here made, outside.c edits made beside us. Writer only. */
#pragma once

#include "job/reconcile.h"

#define RECONCILE_BATCH 1000        /* objects a change set, at most */

/* One host as it last reported. */
typedef struct {
    Reconcile *reconcile;
    Id id;
    guint64 generation;
    gboolean heard;                 /* it has reported since we run */
    gboolean up;
    Host *facts;                    /* of the last REPORT_UP */
    Message *why;                   /* of the last REPORT_LOST */
    guint grace;                    /* timer: from lost to "its VMs are unknown" */
    GQueue backlog;                 /* HostReport *: wait until the list is through */
    HostReport *list;               /* a DOMAINS report being taken in batches; NULL */
    guint list_at;
    GHashTable *listed;             /* Id: the VMs of the list */
} HostState;

/* A deed to be told and stored after the LIVE set that shows it. */
typedef struct {
    Id vm;
    int code;
    Severity severity;
    Message *message;               /* NULL: nothing to tell */
    Wall stopped;                   /* to be stored in the VM; 0: leave */
} Note;

struct Reconcile {
    Engine *engine;
    GHashTable *hosts;              /* Id in HostState → HostState *, owned */
    GHashTable *digests;            /* Id * → guint64 *: the kept inactive XML of each VM, once known */
    GHashTable *settled;            /* Id * → Tick *: when our last job with that VM ended */
    GHashTable *heard;              /* Id * → VmStatus: the last word about a claimed VM */
    GHashTable *unread;             /* Id * → guint64 *: the digest of the last inactive XML reported of a claimed VM */
    GHashTable *leaving;            /* Id * → Tick *: since when a VM is powering down, or rebooting */
    guint patience;                 /* timer: their hosts are to be asked */
    GHashTable *before_lost;        /* Id * → VmStatus: what a VM was when its host was lost */
    GHashTable *owners;             /* "name:…" and "mac:…" → Id *: the first VM that has it; NULL until it is asked for */
    guint sums;                     /* timer: summaries are to be counted again */
    gboolean owes;
};

/* One report, or one batch of a list, on its way into the inventory. */
typedef struct {
    Reconcile *reconcile;
    HostState *host;
    Changes *changes;               /* LIVE where possible */
    GPtrArray *notes;               /* Note * */
    GPtrArray *compare;             /* DomainFacts *: whose configuration must be looked at */
    GPtrArray *adopted;             /* Id *: VMs this batch adopted */
    Wall when;
    Tick seen;
    const char *event;              /* libvirt's word, or NULL */
    gboolean ask_again;             /* what it said of some VM came too late to be believed, and may be so */
    gboolean facts_only;            /* the store cannot write */
} Batch;

/* reconcile_learn.c */
void reconcile_learn_vm(Reconcile *reconcile, const Vm *vm);       /* its name and MACs are taken, if they were free */
/* Another VM that has it ("name" or "mac"), by the newest sealed sets; FALSE if there is none. */
gboolean reconcile_other_owner(Reconcile *reconcile, const char *kind, const char *value, const Id *than, Id *ret_other);

/* reconcile.c */
Batch *batch_new(HostState *host, const HostReport *report);
void batch_end(Batch *batch);       /* puts what was gathered, frees it */
void batch_note(Batch *batch, const Id *vm, int code, Severity severity, Message *take);
const char *batch_host_name(Batch *batch);
gboolean reconcile_is_stale(Reconcile *reconcile, const Id *vm, Tick seen);       /* from before our last job with it ended */
void reconcile_ask(Reconcile *reconcile, const Id *host);        /* to read its domains again */

/* reconcile_host.c */
void host_is_up(HostState *host);
void host_is_lost(HostState *host);
void host_storage(HostState *host, const StorageFacts *facts);
void sums_changed(Reconcile *reconcile);                /* the counts of hosts and storage domains follow soon */

/* reconcile_devices.c */
void devices_tell(Changes *changes);                    /* hosts who runs with their devices, VMs what theirs are */
void devices_keep_users(Host *facts, const Host *before);       /* who runs with them is not the host's to say */

/* reconcile_state.c */
void state_apply(Batch *batch, const Vm *vm, const DomainFacts *facts);
void state_next_run_set(Vm *vm, const DomainFacts *facts);
void state_next_run(Batch *batch, const Vm *vm, const DomainFacts *facts);     /* what its next start will change */
void state_autostart(Batch *batch, const Vm *vm, const DomainFacts *facts);    /* does libvirt start it by itself? */
void state_guest(Batch *batch, const Id *domain, const GuestFacts *guest);
gboolean state_agrees(const Vm *vm, VmStatus fact);     /* is it shown as it was reported, near enough? */
VmStatus state_status(const DomainFacts *facts);
void state_forget(Reconcile *reconcile, const Id *vm);
void state_learn(Reconcile *reconcile, const Vm *before, const Vm *after);     /* of every sealed set: its guest was asked to leave, or has left */
/* "libvirt: {…}" of an event: its words, or what the re-read said. Yours. */
char *state_event_words(const Batch *batch, const DomainFacts *facts);

/* adopt.c */
const Vm *adopt_find(Batch *batch, const Id *domain);   /* the VM a domain of this host is; NULL */
void adopt_domain(Batch *batch, DomainFacts *facts);
void adopt_disks(Changes *changes, Vm *vm, const DomainFacts *facts, const Vm *before);    /* objects for disks that are new, none for those gone */
void adopt_images(Batch *batch, const Vm *vm, const DomainFacts *facts);    /* which image each disk of ours is written to */
void adopt_networks(Changes *changes, Vm *vm);          /* of cards that have none: what they are plugged into, where it is one we know */
void adopt_gone(Batch *batch, const Vm *vm, const DomainFacts *facts);
void adopt_same(Batch *batch, const Vm *vm);            /* is there another of that name or MAC? */

/* outside.c */
guint64 outside_digest(const char *xml);
gboolean outside_differs(Reconcile *reconcile, const Id *vm, const DomainFacts *facts);    /* not known to be as kept */
void outside_note_unread(Reconcile *reconcile, const Id *vm, const DomainFacts *facts);    /* a job has it: looked at when that ends */
gboolean outside_was_unread(Reconcile *reconcile, const Id *vm);       /* and is not as kept by now? Forgets it */
void outside_compare(HostState *host, GPtrArray *take, Tick seen);     /* in a worker, then merged by the writer */
