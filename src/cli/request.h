/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a command line asks for, run: list, show, add, update, remove, the verbs of a type, describe, watch. Called by main.c. */
#pragma once

#include "cli/client.h"

typedef struct {
    const char *verb, *type, *name; /* any may be NULL */
    char **pairs;                   /* "field=value", NULL-terminated */
    gboolean json, xml, wait, plan;
    const char *search;
    const char *timeout;            /* exec: seconds; NULL: the manager's own */
    gboolean input;                 /* exec: it reads our standard input */
} Request;

gboolean request_run(Client *client, const Request *request, GError **error);
/* `shikiri watch [TYPE…]`: a line a change, until interrupted. */
gboolean watch_run(Client *client, const Request *request, GError **error);
