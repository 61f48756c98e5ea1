/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What makes a directory a storage domain: its id in DIR/.shikiri/id, and small texts beside it (notes) that say of the domain what must be known
 * where our database is not. So an empty mount point, or another disk mounted in its place, is no storage domain. Of this machine; what is
 * written is whole and durable or not there, and nothing that is there is ever written over but notes. */
#pragma once

#include "base/fault.h"
#include "base/id.h"

/* Whose it is; the null id: nobody's. FALSE where that cannot be read. HOST is its name, for sentences, here and below. */
gboolean volume_mark_read(const char *path, const char *host, Id *ret_id, GError **error);
/* Its own id there already is success, another's is a fault. */
gboolean volume_mark_write(const char *path, const char *host, const Id *id, GError **error);
/* Takes mark and notes away; nothing there is success, another's is a fault. */
gboolean volume_mark_clear(const char *path, const char *host, const Id *id, GError **error);
/* Is it the storage domain ID? FALSE with the sentence for a person. */
gboolean volume_mark_verify(const char *path, const char *host, const Id *id, GError **error);

#define VOLUME_NOTE_MOST (16 << 20)     /* bytes */

/* NAME: letters, digits, dashes. *RET_TEXT yours; NULL: there is none. */
gboolean volume_note_read(const char *path, const char *host, const char *name, char **ret_text, GError **error);
/* The names of all; yours (g_strfreev). */
char **volume_note_list(const char *path, const char *host, GError **error);
/* TEXT NULL: it goes, and gone is success. */
gboolean volume_note_write(const char *path, const char *host, const char *name, const char *text, GError **error);
