/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What this machine's own files say of it beyond what libvirt tells: operating system, hardware, network cards, bridges.
 * Asked only for a host that is this machine. Nothing that is missing is an error. */
#pragma once

#include "model/places.h"

/* Fills FACTS (os, nics, and hardware_information where it is empty yet). ROOT: "" for this machine; a test's folder. */
void local_facts_read(const char *root, Host *facts);
gint64 local_facts_memory(const char *root);            /* bytes that the kernel has; 0: not known */
/* Is the card in use? One that is not seen from here (it is in another namespace) has its LINK said. */
gboolean local_facts_card_is_up(const char *root, const char *card, gboolean has_link);
/* Could the disk be taken whole: nothing of it is mounted, a part of something, swapped to, or locked by a program, as QEMU locks the disks
 * of a guest? What cannot be looked at is not free. A program that reads and writes it without either is not seen. */
gboolean local_facts_disk_is_free(const char *path);
gboolean local_facts_bounds_logs(const char *root);     /* FALSE: its libvirt lets QEMU itself write them */
gboolean local_facts_has_virtiofsd(const char *root);   /* one that describes itself, as libvirt looks for it */
GPtrArray *local_facts_bridges(const char *root);       /* names of all bridges, sorted; char *, freed with the array */
