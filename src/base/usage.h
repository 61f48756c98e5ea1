/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a program says of itself, from its table of options (GOptionEntry): --help in the reader's language, whole as UTF-8 in any locale
 * (GLib's own help turns what the locale lacks into '?'), and the OPTIONS of its man page. Called by daemon and cli. */
#pragma once

#include "base/language.h"
#include "base/text.h"

typedef struct {
    const char *program;            /* "shikiri" */
    const char *section;            /* "1" */
    const char *does;               /* one line, a word of the table: what it is */
    const char *const *synopsis;    /* what stands behind the program's name, a line each; NULL-terminated */
    const GOptionEntry *options;    /* ends with a row without name; help texts are words of the table */
} Usage;

void usage_help(Text *out, const Usage *usage, Language language);
/* .TH to .SH OPTIONS; the caller goes on with what else there is. */
void usage_man(Text *out, const Usage *usage, Language language);
void usage_man_head(Text *out, const char *head, Language language);                /* .SH HEAD, a word of the table */
void usage_man_text(Text *out, const char *text);                                   /* escaped for roff */
void usage_man_item(Text *out, const char *item, const char *text, Language language);    /* ITEM as it is, TEXT a word of the table */
/* .SH EXIT STATUS from the fault table. */
void usage_man_faults(Text *out, Language language);
