/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What starting and stopping all VMs of a host share: which they are, in which order, in which boot of the host, and what is noted of
 * each. The job orders the commands people do, and looks again and again at what has become of them: nothing of it is its own effect. */
#pragma once

#include "job/orders.h"
#include "model/places.h"

#define HOST_VMS_BEAT (CLOCK_SECOND / 4)        /* between two looks */
#define HOST_VMS_PATIENCE ((Tick) 24 * 3600 * CLOCK_SECOND)     /* of who waits for the end of it */

typedef struct { gboolean async; char *reason; } HostVmsParams;
extern const Type host_vms_params_type;

/* The host, if it answers; sets the mark "host" and remembers its boot. NULL with the reason. */
const Host *host_vms_check(Work *work, GError **error);
/* In each look: the host; NULL where it has gone. */
const Host *host_vms_host(const Work *work);
/* FALSE: the host runs since another boot than that of the check. */
gboolean host_vms_same_boot(const Work *work, const Host *host);
/* Its VMs of which WANTED says yes, by order, then name; borrowed of the view. */
GPtrArray *host_vms_list(const Work *work, const Id *host, gboolean (*wanted)(const Work *work, const Vm *vm));

/* What is noted of a VM, a word and a time, as a mark: journaled at each rest. */
void host_vms_note(Work *work, const Id *vm, const char *word);
const char *host_vms_noted(const Work *work, const Id *vm, Tick *ret_when);    /* "" if nothing is; RET may be NULL */
guint host_vms_count(const Work *work, const char *word);       /* of how many VMs is it noted? */

/* How long it has been waited for this VM or host, WHY is a word; the first time 0. A mark too. */
Tick host_vms_waited(Work *work, const char *why, const Id *of);
void host_vms_waits_no_more(Work *work, const char *why, const Id *of);         /* OF NULL: for none of them */
/* In each look, first of all: what was noted in an earlier boot of the manager's own machine, and so lies ahead, counts from now on. */
void host_vms_keep_time(Work *work);
/* What the memory of a VM may take to be saved or to be read back: nobody reports how far that is. */
Tick host_vms_memory_time(const Vm *vm);

/* Is a job of COMMAND upon the VM, ordered by this one, still under way? */
gboolean host_vms_goes_on(const Work *work, const Command *command, const Id *vm);
/* Was the order refused for what passes: another job works on the VM, its host or the store is not there just now? */
gboolean host_vms_was_busy(const GError *why);
