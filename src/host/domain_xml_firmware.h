/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * UEFI of a domain: which kind is asked of libvirt, and the file that holds its variables. Used by the files of domain_xml, and by
 * command/vm_remove.c. Pure. */
#pragma once

#include "model/places.h"

gboolean firmware_is_uefi(int bios);            /* of a BiosType */
/* The fragment of <os> by which libvirt chooses among the firmwares of its host. SECURE: it boots only what is signed, by keys it has. */
const char *firmware_wish(gboolean secure);
/* Where a VM's variables lie: in libvirt's own folder on HOST, by the VM's id, so that no name that is given again leads to them; one file a kind
 * of firmware. Yours; NULL where the host does not tell the folder: libvirt then names the file itself. */
char *firmware_variables(const Host *host, const Id *vm, gboolean secure);
