/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What hosts report, into the inventory. Nobody else believes a host. Writer only, but for reconcile_report. */
#pragma once

#include "job/machine.h"

Reconcile *reconcile_new(Engine *engine);
void reconcile_free(Reconcile *reconcile);
void reconcile_report(gpointer engine, HostReport *take);                   /* any thread: queues it (a HostListener's report) */
void reconcile_learn(Reconcile *reconcile, const Changes *sealed);          /* of every set: indexes follow */
void reconcile_settled(Reconcile *reconcile, const Work *work);             /* a job has ended: older reports of its VMs are stale */
void reconcile_again(Reconcile *reconcile);                                 /* the head fell back: what is known of hosts is told anew */
gboolean reconcile_owes(const Reconcile *reconcile);                        /* something could not be stored and must be derived again */
