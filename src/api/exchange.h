/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One request and its reply, between the server (which makes and sends it) and the handlers (which read and fill it). A
 * handler runs in a server thread and must not block: what waits for the engine ends the exchange later, from any thread,
 * and what takes long goes to the workers first. Every exchange is ended exactly once. */
#pragma once

#include "api/api.h"
#include "base/workers.h"
#include "schema/read.h"
#include "schema/write.h"
#include "transfer/transfers.h"

typedef enum { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_DELETE, METHOD_OPTIONS, METHOD_PATCH, METHOD_OTHER } Method;

typedef struct Exchange Exchange;
typedef struct Cache Cache;         /* api/cache.h */
struct Exchange {
    Api *api;
    Engine *engine;
    Workers *workers;               /* for what takes long (a list of thousands) */
    Cache *cache;                   /* the api's: lists as bytes */
    Metrics *metrics;               /* NULL: no numbers of the past are kept */
    Transfers *transfers;           /* whose content may be moved; NULL: nobody's */
    /* the request; all borrowed until the end */
    Method method;
    const char *path;               /* percent-decoded, without query and matrix parameters, checked UTF-8: "/ovirt-engine/api/vms/ID" */
    const char *local;              /* of PATH what is behind the API's root and an optional /v4: "", "/vms/ID"; NULL outside the API */
    const char *host;               /* "manager:8443" as the client named it, for absolute URLs; never NULL */
    const char *body;               /* NULL without one */
    gsize body_length;
    gboolean body_is_json;          /* by Content-Type; else XML */
    Format format;                  /* of the reply, by Accept */
    Language language;
    ReadOptions read;               /* strict where the client prefers it */
    gboolean expects_end;           /* Expect: 201-created */
    Id user;                        /* who; null where nobody need be */
    char correlation[40];           /* the client's, cleaned, or a new one */
    /* the reply */
    int status;                     /* 200 unless set */
    Text *reply;                    /* empty at first */
    const char *media;              /* static; by FORMAT unless set */
    gboolean plain;                 /* faults are a line of text, as imageio's clients expect them */
};

const char *exchange_header(const Exchange *exchange, const char *name);            /* NULL */
/* Query parameters first, then matrix parameters of the last segment, then (filter, all_content) headers. "" for one without value. */
const char *exchange_parameter(const Exchange *exchange, const char *name);         /* NULL */
gboolean exchange_flag(const Exchange *exchange, const char *name, gboolean otherwise);    /* oVirt's booleans; no value is true */
GHashTable *exchange_parameters(const Exchange *exchange);                          /* all, char * → char *, as Work.query has them; yours */
void exchange_reply_header(Exchange *exchange, const char *name, const char *value);    /* copied */
#define MADE_TO_ITS_END G_MAXUINT64     /* a size nobody knows: READ says 0 at the end */
/* A body that is made while it is sent, instead of what stands in REPLY: SIZE bytes in all. READ puts the next into BUFFER, at least one
 * and mostly fewer than ROOM; it is called in the server's thread. MEMORY: what DATA costs, of what it shares with others a part. */
typedef struct {
    guint64 size;
    gsize memory;
    gsize (*read)(gpointer data, char *buffer, gsize room);
    GDestroyNotify free;
    gpointer data;
} Made;
void exchange_reply_made(Exchange *exchange, const Made *take);
/* Sends what stands in STATUS and REPLY, or is made. Any thread. The exchange is gone afterwards. */
void exchange_end(Exchange *exchange);
/* The same with a fault as body, in the exchange's format and language (api/fault.c writes it). For actions the body is an <action>. */
void exchange_end_fault(Exchange *exchange, const GError *error);
void exchange_end_action_fault(Exchange *exchange, const GError *error);
