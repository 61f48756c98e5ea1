/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * HTTPS: the oVirt REST API v4 and what stands beside it (tokens, certificates, health, the event stream). Made, started and
 * stopped by daemon; everything else of the folder is private to it. */
#pragma once

#include "console/consoles.h"
#include "job/engine.h"
#include "metrics/metrics.h"
#include "transfer/transfers.h"

typedef struct Api Api;

typedef struct {
    const char *listen;             /* "127.0.0.1:8443", "0.0.0.0:443", "[::]:443"; port 0: any free one */
    const char *data_dir;           /* DIR/pki is made at the first start: a CA and this machine's certificate */
    guint threads;                  /* 0: one a core, at most 4 */
    Metrics *metrics;               /* the numbers of the past; NULL: none are kept. Outlives the api */
    Transfers *transfers;           /* borrowed: of what disks the content may be moved; NULL: of none */
    const guint16 *more_ports;      /* served besides, at the same address; ends with 0. NULL: none */
    Consoles *consoles;             /* borrowed: started and stopped with the api; NULL: it shows none */
} ApiConfig;

/* Makes or reads the certificates and binds the port, serves nothing yet. The engine outlives it; strings are copied. */
Api *api_new(const ApiConfig *config, Engine *engine, GError **error);
void api_start(Api *api);           /* from here on requests are served */
void api_stop(Api *api);            /* no new ones; answers under way get 1 s; streams end. Before engine_stop */
void api_free(Api *api);             /* after engine_stop: what the engine still answers is told to orphans of the api */
guint api_port(const Api *api);
