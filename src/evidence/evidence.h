/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What was bound when: a thread that follows the inventory, has a look at the threads of VMs that are bound to cores, and writes both into the ledger
 * (licence/ledger.h). It holds up nobody: not the writer, which only wakes it, and no disk or host holds up it for longer than a call's deadline.
 * Made and ended by daemon/shikiri.c. */
#pragma once

#include "host/hosts.h"
#include "model/feed.h"
#include "model/record.h"

typedef struct Evidence Evidence;

/* An event about a VM or a host (each may be NULL); called in its own thread, must only queue. */
typedef void (*EvidenceTell)(gpointer data, int code, Severity severity, Message *take, const Id *vm, const Id *host);

typedef struct {
    Inventory *inventory;
    Feed *feed;
    Hosts *hosts;
    const char *data_dir;           /* its ledger lies in DIR/ledger, its key in DIR/ledger-key.pem */
    Tick period;                    /* between two looks at a VM where nothing changes */
    EvidenceTell tell;
    gpointer data;
} EvidenceParts;

Evidence *evidence_new(const EvidenceParts *parts);     /* borrows all parts; starts its thread */
void evidence_stop(Evidence *evidence);                 /* no more looks and records; before the hosts go. NULL is fine */
void evidence_free(Evidence *evidence);                 /* after evidence_stop; NULL is fine */
