/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Health, certificates and the page at the root. */
#include "api/statics.h"

#include "api/api_parts.h"
#include "base/fault.h"

#include <string.h>

static const char page[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Shikiri</title></head><body>\n"
    "<h1>Shikiri</h1>\n<p>This is Shikiri " SHIKIRI_VERSION ". It manages the virtual machines of this machine, and serves the oVirt REST API.</p>\n"
    "<ul>\n<li><a href=\"/ovirt-engine/api\">The API</a>, for clients of oVirt and Oracle Linux Virtualization Manager</li>\n"
    "<li><a href=\"/ca.crt\">The certificate of its authority</a>, to be trusted by those clients</li>\n"
    "<li><a href=\"/ovirt-engine/services/health\">Its health</a></li>\n</ul>\n"
    "<p>The command line is <code>shikiri</code>: try <code>shikiri list vms</code>.</p>\n</body></html>\n";

void
statics_serve_page(Exchange *exchange)
{
    exchange->media = "text/html;charset=UTF-8";
    exchange_reply_header(exchange, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    exchange_reply_header(exchange, "X-Content-Type-Options", "nosniff");
    text_add(exchange->reply, page);
    exchange_end(exchange);
}

static void
serve_text(Exchange *exchange, const char *media, char *take)
{
    exchange->media = media;
    text_add(exchange->reply, take);
    g_free(take);
    exchange_end(exchange);
}

void
statics_serve_ca(Exchange *exchange)
{
    serve_text(exchange, "application/x-x509-ca-cert", pki_pem(exchange->api->pki, PKI_CA));
}

static gboolean
find_resource(const char *name, PkiWhat *ret_what)
{
    static const struct { const char *name; PkiWhat what; } known[] = {
        { "ca-certificate", PKI_CA }, { "qemu-ca-certificate", PKI_CA }, { "engine-certificate", PKI_SERVER },
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_strcmp0(known[i].name, name) == 0) {
            *ret_what = known[i].what;
            return TRUE;
        }
    }
    return FALSE;
}

void
statics_serve_pki(Exchange *exchange)
{
    const char *resource = exchange_parameter(exchange, "resource"), *format = exchange_parameter(exchange, "format");
    g_autoptr(GError) error = NULL;
    PkiWhat what = PKI_CA;
    if (!find_resource(resource, &what)) {
        fault_set(&error, MSG_API_PKI_RESOURCE, "what", resource ? resource : "(no resource)", NULL);
        exchange_end_fault(exchange, error);
    } else if (!format || strcmp(format, "X509-PEM") == 0) {
        serve_text(exchange, "application/x-x509-cert", pki_pem(exchange->api->pki, what));
    } else if (strcmp(format, "X509-PEM-CA") == 0) {
        serve_text(exchange, "application/x-x509-ca-cert", pki_pem(exchange->api->pki, what));
    } else if (strcmp(format, "OPENSSH-PUBKEY") == 0) {
        serve_text(exchange, "text/plain", pki_ssh_key(exchange->api->pki, what));
    } else {
        fault_set(&error, MSG_API_PKI_RESOURCE, "what", format, NULL);
        exchange_end_fault(exchange, error);
    }
}

/* Watchers look for the last words, and for the status. */
void
statics_serve_health(Exchange *exchange)
{
    g_autoptr(Message) trouble = engine_trouble(exchange->engine);
    exchange_reply_header(exchange, "Cache-Control", "no-store");
    if (!trouble) {
        serve_text(exchange, "text/plain;charset=UTF-8", g_strdup("DB Up!Welcome to Health Status!"));
        return;
    }
    exchange->status = 503;
    serve_text(exchange, "text/plain;charset=UTF-8", message_text(trouble, exchange->language));
}
