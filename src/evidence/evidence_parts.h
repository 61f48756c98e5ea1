/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the recorder share: what is known of VMs and hosts, and who does what. All of it belongs to its thread, but for what stands below
 * the lock. Included by evidence/ alone. */
#pragma once

#include "base/lock.h"
#include "base/workers.h"
#include "evidence/evidence.h"
#include "licence/cpus.h"
#include "licence/ledger.h"
#include "model/licence_boundary.h"
#include "model/places.h"

#define EVIDENCE_LOOK_MOST (5 * CLOCK_SECOND)       /* so long a look may take */

typedef struct Book Book;

/* A VM that is recorded: since it was first bound. */
typedef struct {
    Id id, host;                    /* HOST: where it runs, or ran last */
    char *name;                     /* as last told */
    char *facts;                    /* of its definition as last recorded; NULL: nothing is */
    char *product;                  /* as last recorded; NULL: it has none that is licensed by the core */
    gboolean running;               /* as last recorded */
    Tick look_due;                  /* 0: it does not run */
    gboolean looked_at;             /* a look is under way */
    gboolean doubted;               /* they were the last time, and may be about to be bound there by a job */
    gboolean outside;               /* its threads were seen where they should not be, which was told */
    gboolean unseen;                /* the last look saw nothing, which was told */
} Witness;

typedef struct {
    Id id;
    char *name;
    char *topology;                 /* as last recorded */
    gboolean away;                  /* it does not answer; */
    Wall since, told;               /* since when, and up to when that is recorded */
} Place;

/* A look that has ended. */
typedef struct {
    Evidence *evidence;
    Id vm;
    HostLink *link;                 /* a reference */
    CpuTune seen;
    gboolean well;
} Look;

struct Evidence {
    EvidenceParts parts;
    Thread *thread;
    Workers *workers;
    guint follower;
    guint64 serial;                 /* of the feed, up to where it was read */
    Book *book;
    GHashTable *vms, *hosts;        /* Id in Witness → Witness *, Id in Place → Place *; owned */

    Lock lock;
    Condition wake;
    gboolean woken, stopping;
    GPtrArray *ended;               /* Look *, owned */
};

/* facts.c: what is written of objects; pure */
gboolean facts_is_bound(const Vm *vm);
/* Of the VM as it runs, or as it is defined: rows for the ledger, with what they point into. */
typedef struct {
    LedgerFact rows[16];
    GPtrArray *owned;
} Facts;
void facts_of_vm(Facts *facts, const Vm *vm);
void facts_of_host(Facts *facts, const Host *host);
void facts_of_boundary(Facts *facts, const LicenceBoundary *boundary, const char *host);
void facts_of_look(Facts *facts, const CpuTune *seen, gint64 vcpus, gint64 io_threads);
void facts_add(Facts *facts, const char *name, const char *text);
void facts_add_number(Facts *facts, const char *name, gint64 number);
char *facts_text(const Facts *facts);       /* all of them, to be compared; yours */
void facts_clear(Facts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Facts, facts_clear)
/* The first vCPU that was seen outside of where TUNE has it; -1: none. */
gint64 facts_outside(const CpuTune *tune, const CpuTune *seen, gint64 vcpus);

/* book.c: the ledger, as it can be written. One that cannot is tried again, and what was missed is told as a time in which nobody looked. */
Book *book_new(Evidence *evidence);
void book_free(Book *book);
/* FALSE: it cannot be written now; nobody need remember what, since book_beat() says when all is to be told anew. */
gboolean book_write(Book *book, Wall when, const char *type, const Facts *facts);
gboolean book_beat(Book *book);             /* TRUE: it can be written, again or for the first time, and knows nothing of what is now */
gboolean book_sync(Book *book);             /* FALSE: not all that was to be written is on the disk */
void book_live(Book *book);                 /* a record that it looks on, where there was none for a period */
void book_end(Book *book);                  /* in order: from now on nobody looks */
void book_watch_clock(Book *book);         /* one that is set back is recorded and told */

/* looks.c */
void looks_begin(Evidence *evidence, Witness *vm);
void looks_forget(Evidence *evidence);      /* those nobody took; after the pool has ended */
void looks_take(Evidence *evidence);        /* those that have ended, into the ledger and the events */
