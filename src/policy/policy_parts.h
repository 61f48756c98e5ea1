/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the policies share: the view to look at, and the way to a command. Included by policy/ alone. */
#pragma once

#include "policy/policy.h"

typedef struct Thaw Thaw;

struct Policy {
    PolicyParts parts;
    guint follower, timer;
    gint woken;                     /* atomic: a look is on its way */
    guint64 seen;                   /* serial of the feed */
    gboolean stopped;
    Thaw *thaw;
};

/* Submits VERB of the VM, as nobody. DONE may be NULL. */
void policy_submit(Policy *policy, const char *verb, const Type *on, const Id *target, EngineDone done, gpointer data);

/* thaw.c */
Thaw *thaw_new(Policy *policy);
void thaw_free(Thaw *thaw);
void thaw_see(Thaw *thaw, const Vm *vm, gboolean begins);       /* as it is now; BEGINS: as the last life of the manager left it */
void thaw_beat(Thaw *thaw);
gboolean thaw_waits(const Thaw *thaw);                          /* for a beat */
