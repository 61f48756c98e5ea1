/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a guest gets that its client did not say, by its operating system; and what of firmware, TPM and architecture goes together. Pure. */
#pragma once

#include "job/command.h"

/* For a VM that is being made, after the draft was applied and before vm_set_defaults(): architecture, firmware, TPM, memory, and for Windows a second drive with
 * its virtio drivers where the storage domains have them. Never against what DRAFT says. */
void guest_defaults_apply(const View *view, const Draft *draft, Vm *vm);
/* cluster_default becomes what VM's cluster says, where that is not what it means everywhere. */
void guest_defaults_settle(const View *view, Vm *vm);
/* Of a disk and a NIC whose client says none: what the guest has drivers for. DiskInterface, NicInterface. */
int guest_defaults_disk(const View *view, const Vm *vm);
int guest_defaults_nic(const View *view, const Vm *vm);
/* BEFORE NULL: a new VM. What an edit leaves as it was is nobody's wish. */
gboolean guest_defaults_check(const View *view, const Vm *before, const Vm *vm, GError **error);
