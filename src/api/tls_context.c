/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What OpenSSL is told once: versions, session tickets, the protocol spoken inside, little memory for idle connections. */
#include "api/tls.h"

#include "base/fault.h"

#include <openssl/err.h>
#include <string.h>

/* Clients that offer HTTP/2 too must be told that it is HTTP/1.1. */
static int
choose_protocol(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_length, const unsigned char *offered, unsigned int length, void *data)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *found = NULL;
    if (SSL_select_next_proto(&found, ret_length, ours, sizeof(ours) - 1, offered, length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *ret_name = found;
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *
tls_context_new(X509 *certificate, EVP_PKEY *key, GError **error)
{
    static const unsigned char name[] = "shikiri";
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);       /* one record a call: the front has its own loop */
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    if (SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1)
        return context;
    char reason[256];
    ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
    SSL_CTX_free(context);
    fault_set(error, MSG_API_PKI_MADE, "reason", reason, NULL);
    return NULL;
}
