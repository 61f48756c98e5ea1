/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What shikiri was told on its command line, and what it says of itself: help, man page. Called by main.c. */
#pragma once

#include "base/usage.h"
#include "cli/request.h"

typedef struct {
    ClientConfig config;            /* language and what was given; the rest is completed by main.c */
    Request request;
    char *password_file, *search, *timeout, *lang;
    char **words;
    gboolean help, version;
    GPtrArray *pairs;               /* what request.pairs points at */
} Options;

/* FALSE with a sentence. The language is set even then. */
gboolean options_parse(Options *options, int *argc, char ***argv, GError **error);
void options_clear(Options *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

void options_help(Language language);               /* to standard output */
void options_each_word(const char *prefix);         /* "--wait", "--url=": those that begin so, a line each, for completion */
void options_man(Language language);                /* shikiri(1), as roff */
