/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The manager's own certificates, in DATA_DIR/pki: a CA, made once and kept, and this machine's certificate with all its names
 * and addresses, made anew when a name is missing or it ends soon. Elliptic curve P-256 for both. */
#pragma once

#include "base/clock.h"

#include <openssl/x509.h>

typedef struct Pki Pki;
typedef enum { PKI_CA, PKI_SERVER } PkiWhat;

/* Reads or makes what is in DIRECTORY (made if missing). NAMES: DNS names and addresses that must be in, beside localhost. */
Pki *pki_open(const char *directory, const char *const *names, GError **error);
void pki_free(Pki *pki);
gboolean pki_is_due(Pki *pki, Wall now);            /* does the server's certificate end within 30 days? */
gboolean pki_renew(Pki *pki, GError **error);       /* a new one with the names of now */

X509 *pki_certificate(Pki *pki);            /* the server's; yours */
EVP_PKEY *pki_key(Pki *pki);                /* yours */
char *pki_pem(Pki *pki, PkiWhat what);      /* yours */
char *pki_ssh_key(Pki *pki, PkiWhat what);  /* "ecdsa-sha2-nistp256 AAAA…"; yours */
/* This machine's names and addresses without asking the network; NULL-terminated, sorted, yours (g_strfreev). */
char **pki_own_names(void);
/* Are all NAMES in the certificate? */
gboolean pki_covers(X509 *certificate, const char *const *names);
