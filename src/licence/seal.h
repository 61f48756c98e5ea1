/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What makes a ledger one: each record is hashed together with the hash of all before it, and that is signed (SHA-256, Ed25519). A record's signature is
 * valid only if every byte before it is as it was written. Shared by ledger.c, which writes, and ledger_check.c, which reads. */
#pragma once

#include <glib.h>
#include <openssl/evp.h>

#define SEAL_HASH 32
#define SEAL_SIGNATURE 88           /* letters of base64 */
#define SEAL_KEY 44                 /* of a public key */

typedef struct { guint8 bytes[SEAL_HASH]; } Hash;

extern const Hash hash_none;        /* before the first record of all */

Hash hash_next(const Hash *before, const char *bytes, gsize length);
char *hash_text(const Hash *hash);                                  /* base64, yours */
gboolean hash_parse(const char *text, gsize length, Hash *ret_hash);

/* A private key in PEM, made where FILE is not there; its public half goes to FILE.pub. NULL with a fault. */
EVP_PKEY *seal_key(const char *file, GError **error);
/* A public key in PEM. */
EVP_PKEY *seal_public_key(const char *file, GError **error);
char *seal_key_text(EVP_PKEY *key);                                 /* its public half in base64, yours */
EVP_PKEY *seal_key_parse(const char *text, gsize length);           /* NULL: it is none */
char *seal_sign(EVP_PKEY *key, const Hash *hash);                   /* base64, yours; NULL: the library failed */
gboolean seal_is_valid(EVP_PKEY *key, const Hash *hash, const char *signature);
