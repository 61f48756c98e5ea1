/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file of virtlogd, with its pieces: a full one is renamed to PATH.0, that to PATH.1 and so on, and the last is dropped. Guests fill them with what
 * they like; no link is followed. Of this machine. */
#pragma once

#include <glib.h>

/* The last MOST bytes of them all, none where there is no file; NULL: *RET_WHY is the errno. Yours. */
GBytes *log_pieces_read(const char *path, gsize most, int *ret_why);
/* 0, also where there is none; or errno. */
int log_pieces_drop(const char *path);
