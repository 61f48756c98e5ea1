/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A unified diff of two texts by lines, as people know it from `diff -u`: what ?plan=1 shows of domain XML. Pure. */
#pragma once

#include <glib.h>

/* Hunks with three lines of context, without file names. "" where the texts are the same. NULL is an empty text. Yours. */
char *diff_unified(const char *before, const char *after);
