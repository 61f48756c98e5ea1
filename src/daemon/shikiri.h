/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The manager as one thing: everything made and joined in the order its parts need, and taken apart backwards. Called by
 * main(); the only file that knows all layers. */
#pragma once

#include "daemon/options.h"

#define SHIKIRI_FILE "shikiri.db"         /* in the data directory */

typedef struct Shikiri Shikiri;

/* Loads the state, takes up unfinished jobs, connects hosts in the background, binds the port. */
Shikiri *shikiri_new(const Options *options, GError **error);
char *shikiri_url(const Shikiri *shikiri);          /* "https://ADDR:PORT"; yours */
void shikiri_run(Shikiri *shikiri);                 /* serves until SIGTERM or SIGINT */
void shikiri_free(Shikiri *shikiri);                /* within 2 s */
