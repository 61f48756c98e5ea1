/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The CLI's side of the wire: one HTTPS connection to the manager by libcurl, JSON in and out by json-c. Knows paths and
 * faults, not what a VM is: types come from the description the manager serves. Called by the rest of cli/. */
#pragma once

#include "base/fault.h"
#include "base/language.h"
#include "base/text.h"

#include <json-c/json.h>

#define CLIENT_ROOT "/ovirt-engine/api"

typedef struct {
    char *url;              /* "https://host:8443" */
    char *user;             /* "admin@internal" */
    char *password;
    char *ca;               /* file; NULL: the system's */
    Language language;      /* of the manager's sentences */
    gboolean hasty;         /* somebody is typing: give up after a moment */
    gboolean xml;           /* what is shown as it came is XML (--xml) */
    gboolean strict;        /* unknown fields are a fault */
    gboolean wait;          /* --wait: answer when the work is done */
} ClientConfig;

typedef struct Client Client;

Client *client_new(const ClientConfig *config);     /* borrows CONFIG */
void client_free(Client *client);
Language client_language(const Client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Client, client_free)

/* METHOD on PATH (below CLIENT_ROOT, "/vms?search=…"), BODY may be NULL. The reply's bytes in RET_BODY. A fault of the
 * manager becomes ERROR with its status mapped to our Fault and its own sentence. */
gboolean client_call(Client *client, const char *method, const char *path, const char *body, Text *ret_body, GError **error);
/* The same, and the reply is printed as it came: what --json and --xml ask for. */
gboolean client_show(Client *client, const char *method, const char *path, const char *body, GError **error);
/* In JSON whatever was asked for, parsed; yours to json_object_put. NULL with ERROR. */
struct json_object *client_json(Client *client, const char *method, const char *path, const char *body, GError **error);
/* Follows PATH line by line for ever (server-sent events); LINE returns FALSE to stop. */
typedef gboolean (*ClientLine)(gpointer data, const char *line);
gboolean client_follow(Client *client, const char *path, ClientLine line, gpointer data, GError **error);

/* The connection alone, as bytes in TLS: for what is no HTTP any more. */
typedef struct ClientWire ClientWire;
ClientWire *client_dial(Client *client, GError **error);
void client_hang_up(ClientWire *wire);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClientWire, client_hang_up)
int client_wire_descriptor(const ClientWire *wire);
gssize client_wire_read(ClientWire *wire, char *bytes, gsize room, gboolean wait);     /* 0: nothing now (never with WAIT); -1: the end */
gboolean client_wire_write(ClientWire *wire, const char *bytes, gsize length, GError **error);     /* all of it */
const char *client_host(const Client *client);      /* "host:8443" of the URL */
/* Of a whole reply that is no success, as it came: FALSE with its sentence. */
gboolean client_say_refusal(Client *client, const Text *reply, GError **error);
