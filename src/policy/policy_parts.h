/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the policies share: the view to look at, and the way to a command. Included by policy/ alone. */
#pragma once

#include "policy/policy.h"

typedef struct Booting Booting;
typedef struct Thaw Thaw;

struct Policy {
    PolicyParts parts;
    guint follower, timer;
    gint woken;                     /* atomic: a look is on its way */
    guint64 seen;                   /* serial of the feed */
    gboolean stopped;
    Booting *boot;
    Thaw *thaw;
};

/* Submits VERB of the target, as nobody. WAIT: DONE is called at its end, else when it is admitted. */
void policy_submit(Policy *policy, const char *verb, const Type *on, const Id *target, gboolean wait, EngineDone done, gpointer data);

/* boot.c */
Booting *boot_new(Policy *policy);
void boot_free(Booting *boot);
void boot_see(Booting *boot, const Host *host);
void boot_beat(Booting *boot);
gboolean boot_waits(const Booting *boot);

/* thaw.c */
Thaw *thaw_new(Policy *policy);
void thaw_free(Thaw *thaw);
void thaw_see(Thaw *thaw, const Vm *vm, gboolean begins);       /* as it is now; BEGINS: as the last life of the manager left it */
void thaw_beat(Thaw *thaw);
gboolean thaw_waits(const Thaw *thaw);                          /* for a beat */
