/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri licence plan|count|verify|tables`: what licences are counted by, from files, with no manager and no network. The counting is
 * src/licence; here are options, files and tables for people. Called by main.c. */
#pragma once

#include "base/fault.h"
#include "base/language.h"
#include "base/text.h"

/* Is that what the command line asks for? Options before the word may be --json and --lang. */
gboolean licence_is_asked(int argc, char **argv);
/* Does it. RET_LANGUAGE is set even where it fails. */
gboolean licence_run(int *argc, char ***argv, Language *ret_language, GError **error);

void licence_help(Text *out, Language language);    /* its options, as --help shows them */
void licence_man(Text *out, Language language);     /* the same as a section of the man page */
/* What may be typed behind "licence" and the COUNT words behind it: words, then options that begin with PREFIX; a line each. */
void licence_complete(char *const *words, guint count, const char *prefix);
