/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which devices of its host a VM may have. Asked when one is given to it, and again, with what the host says at that moment, before it
 * starts with it: only then is a device taken from the host. Used by the verbs of host devices, start and suspend. */
#pragma once

#include "job/command.h"

/* check: the VM of work->parent, which must be down, and whose definition may be edited. NULL with the reason. */
const Vm *host_devices_check(Work *work, GError **error);
/* What goes with DEVICE, itself first: of a PCI device its whole IOMMU group but for the bridges above it. Of const HostDevice *, borrowed. */
GPtrArray *host_devices_group(const List *devices, const HostDevice *device);
/* May VM have it, and all that goes with it? DEVICES is what its home has. FALSE with a sentence. */
gboolean host_devices_may(const Work *work, const List *devices, const HostDevice *device, const Vm *vm, GError **error);
/* Sets the mark by which host_devices_put() and host_devices_take() know them after a restart, too. */
void host_devices_mark(Work *work, const GPtrArray *devices);
void host_devices_put(const Work *work, Vm *vm);
void host_devices_take(const Work *work, Vm *vm);
/* Step without effect: the host is asked, and the marked devices of VM may be had. */
gboolean host_devices_look(Work *work, const Vm *vm, GError **error);

/* start, check: no other VM runs with a device of VM's. */
gboolean host_devices_alone(const Work *work, const Vm *vm, GError **error);
/* start, step: all of VM's are there, and may be had. */
gboolean host_devices_ready(Work *work, const Vm *vm, GError **error);
