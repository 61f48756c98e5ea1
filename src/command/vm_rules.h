/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which values a VM may have, whoever sets them: names, memory, processors, boot files. Used by adding and editing. Pure. */
#pragma once

#include "job/command.h"

/* Rewrites what was sent into what is kept: boot files become absolute paths. Refuses texts, names and sizes
 * nobody may give. NAME is the VM's. */
gboolean vm_rules_check_draft(Work *work, const char *name, GError **error);
/* Copies the draft, and lets what was not sent follow: guaranteed memory never exceeds the memory by itself. */
void vm_rules_apply(const Draft *draft, Vm *vm, guint mask);
/* The VM as it would be: what was sent, or all of a new one. Somebody else's domain may hold values we would not give. */
gboolean vm_rules_check(const Draft *draft, const Vm *vm, gboolean adding, GError **error);
/* Is its name free in the cluster's data center, but for the VM itself? Claims it, since an edit shows only at its end. ADDING chooses
 * the sentence. */
gboolean vm_rules_name_is_free(Work *work, const Vm *vm, gboolean adding, GError **error);
gboolean vm_rules_is_boot_device(const char *word);     /* hd, cdrom, network */
gboolean vm_rules_check_memory(const char *name, gint64 bytes, GError **error);    /* may a VM of that name have so much? */
/* Can it start from anything: an active bootable disk, a kernel, a CD-ROM, the network? */
gboolean vm_rules_can_boot(const Vm *vm);
