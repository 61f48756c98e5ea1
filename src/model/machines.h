/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What Host.machines holds: what a host's libvirt and QEMU can make, packed as lines `key value` so that it travels as one
 * text field. Written by host/libvirt_offers.c, host/libvirt_facts.c and host/fake_report.c, read by host/domain_xml*.c, by placement, and by whoever looks for a
 * network to begin with. Keys, each may stand several times, the preferred first:
 *
 *     arch x86_64                          the host's own architecture
 *     type qemu                            what a new domain's type is: "kvm" or "qemu"
 *     emulator /usr/bin/qemu-system-x86_64
 *     machine pc-q35-7.2                   the machine behind the alias "q35" ("virt" on aarch64), else the default one
 *     machine pc-i440fx-7.2
 *     firmware bios | efi | secure-boot    what libvirt finds when it is asked for such: SeaBIOS, UEFI, UEFI with Secure Boot and its keys
 *     variables /var/lib/libvirt/qemu/nvram   the folder where libvirt keeps the variables of UEFI
 *     loader /usr/share/OVMF/OVMF_CODE_4M.fd
 *     graphics vnc | spice                 video virtio | vga | qxl …       bus virtio | scsi | sata …
 *     cpu-mode host-passthrough | host-model | custom       cpu-model qemu64     (usable ones)
 *     tpm yes | no                         can a TPM 2.0 be emulated (swtpm)?
 *     filesystem virtiofs | path | handle  how its QEMU can give folders to guests
 *     hyperv vpindex                       what of Hyper-V its guests can be shown
 *     guest aarch64                        another architecture it can emulate; what it has for that one stands under "aarch64/firmware" …
 *     logs /var/lib/shikiri/console        the folder for what serial consoles print
 *     logs-bounded yes | no                does libvirt let virtlogd write them, which bounds them?
 *     seeds /var/lib/shikiri/seeds        the folder for what guests are told at their first start
 *     share /srv/shared                    a folder that VMs may be given, or parts of it
 *     virtiofs yes | no                    are there a virtiofsd and a QEMU that speaks with it?
 *     network default                      an active libvirt network
 *     bridge br0                           a bridge of the host itself (none that a libvirt network made) */
#pragma once

#include <glib.h>

#define MACHINES_SHARE "share"
#define MACHINES_VIRTIOFS "virtiofs"
#define MACHINES_LOGS "logs"
#define MACHINES_SEEDS "seeds"
#define MACHINES_LOGS_BOUNDED "logs-bounded"

void machines_add(GString *packed, const char *key, const char *value);     /* values with a line break are left out */
/* The first value of KEY; yours; NULL if there is none (or PACKED is NULL). */
char *machines_dup(const char *packed, const char *key);
/* All values of KEY, in order; never NULL. */
char **machines_dup_all(const char *packed, const char *key);
/* KEY as it is for guests of ARCHITECTURE (NULL: the host's own). Yours. */
char *machines_key(const char *packed, const char *architecture, const char *key);
gboolean machines_has(const char *packed, const char *key, const char *value);
