/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A host that is not there: a complete implementation of host/host.h in memory, with a file for its memory. Demo mode, UI work, flow
 * tests and scale benches run on it. Domains survive the manager's death in STATE (a file beside the database), as real ones do.
 *
 * Its file: a line a thing, `#` comments:
 *   host NAME cpus N memory 64G [vms N] [cores-per-socket N] [threads N]
 *   hosts COUNT cpus N memory 64G vms N          (named host-001 …, VMs vm-00001 …, half of them up)
 *   fault HOST OPERATION N fail|hang|unknown|lost|late|deaf   (the Nth call of an operation from the start; late: told as
 *                                                unknown, and done after three seconds; deaf: a guest that is asked does not obey)
 *   delay HOST OPERATION MILLISECONDS
 *   heal                                         (all faults and delays are forgotten)
 *   boot HOST                                    (it boots anew: nothing runs; ordered while it runs)
 *   virsh HOST VERB DOMAIN                       (outside the manager: start, destroy, shutdown …, autostart: libvirt starts it by itself)
 *   write HOST DOMAIN TARGET PLACE PATTERN      (its guest writes the number PATTERN to one of eight places of a disk)
 *   network NAME
 *   devices                                      (its hosts have PCI, USB and mediated devices that a VM can have)
 * Faults may be ordered while it runs through its control file STATE.control (same lines; read when it changes). */
#pragma once

#include "host/host.h"

typedef struct Fake Fake;
Fake *fake_open(const char *file, const char *state, GError **error);
void fake_close(Fake *fake);
guint fake_count(const Fake *fake);
const char *fake_host_name(const Fake *fake, guint index);
HostLink *fake_host_new(Fake *fake, guint index, const Id *id, const HostListener *listener);
/* Test hooks: what virsh would do behind our back. */
guint fake_pattern(Fake *fake, const char *path, guint place);          /* what a guest would read there through the image PATH; 0: nothing was written */
gboolean fake_outside(Fake *fake, const char *host, const char *verb, const char *domain, GError **error);
