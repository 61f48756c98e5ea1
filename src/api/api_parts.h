/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What one api holds. Private to the front half (api.c makes it; door.c and those behind it use it). */
#pragma once

#include "api/cache.h"
#include "api/login.h"
#include "api/pki.h"
#include "api/server.h"
#include "api/session.h"
#include "api/tls.h"

struct Api {
    Engine *engine;
    Metrics *metrics;               /* NULL: none are kept */
    char *data_dir;
    char *host, *listen;            /* "0.0.0.0", "0.0.0.0:8443" */
    guint port, n_servers;
    struct sockaddr_storage address;    /* the one PORT is bound at */
    socklen_t address_length;
    Server **servers;
    int *listeners;                 /* until their servers take them; -1 then */
    TlsCensus *census;
    ServerLoad load;
    Workers *workers;
    Cache *cache;
    Consoles *consoles;             /* borrowed; NULL: none */
    Transfers *transfers;           /* borrowed; NULL: none */
    Pki *pki;
    Sessions *sessions;
    Login *login;
    guint *followers;               /* of the feed, one a server */
    gboolean serving;
    gint renewing;                  /* atomic: somebody looks at the certificate */
};
