/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which files the disks of a domain are, in its XML: told, and exchanged where a disk goes on with another image of its chain. Whatever else
 * stands there stays byte for byte. Pure. */
#pragma once

#include "host/host.h"

typedef struct {
    char *target;               /* "vda"; owned */
    char *path;                 /* owned */
    int format;                 /* DiskFormat */
} DomainFile;
void domain_file_clear(gpointer file);
GArray *domain_files_new(void);                 /* of DomainFile */
void domain_files_add(GArray *files, const char *target, const char *path, int format);

/* XML where the disk of each target names its file. What was said of the chain beneath the old one goes. NULL: one of the targets is not there. Yours. */
char *domain_xml_with_files(const char *xml, const GArray *files, GError **error);
