/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a guest is told at its start, as a small medium: a few files in the root of an ISO 9660 image with Joliet, made in memory by code of
 * ours, so that no other program and no half-written file ever holds a password (decision 0046). Where it lies, and how it stands in the XML of a run. */
#pragma once

#include "base/id.h"

#define SEED_MOST_FILES 8
#define SEED_ALIAS "ua-seed"            /* of its device: it is nobody's disk */

typedef struct {
    const char *name;                   /* ASCII, at most 31 characters */
    const char *text;
    gsize length;
} SeedFile;

/* The same bytes of the same files. LABEL: at most 16 characters of ASCII. */
GBytes *seed_image(const char *label, const SeedFile *files, guint count);
/* Where that of DOMAIN lies in FOLDER, a host's own (MACHINES_SEEDS); yours. */
char *seed_path(const char *folder, const Id *domain);
/* Which domain's it is, by the name of its file; FALSE: it is none. */
gboolean seed_domain(const char *name, Id *ret_domain);
/* XML, a domain's, with that medium put in for this run: a disk that is only read, or a CD in a drive of its own. Yours; NULL: there is no place left. */
char *seed_in_domain(const char *xml, const char *path, gboolean drive);
