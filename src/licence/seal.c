/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * By OpenSSL. A key file is written whole and readable by its owner alone before anything is signed with it. */
#include "licence/seal.h"

#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RAW_KEY 32
#define RAW_SIGNATURE 64

const Hash hash_none;

Hash
hash_next(const Hash *before, const char *bytes, gsize length)
{
    Hash hash = hash_none;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 || EVP_DigestUpdate(context, before->bytes, SEAL_HASH) != 1 ||
        EVP_DigestUpdate(context, bytes, length) != 1 || EVP_DigestFinal_ex(context, hash.bytes, NULL) != 1)
        g_error("SHA-256 cannot be computed");
    EVP_MD_CTX_free(context);
    return hash;
}

char *
hash_text(const Hash *hash)
{
    return g_base64_encode(hash->bytes, SEAL_HASH);
}

/* LENGTH letters of base64 to exactly SIZE bytes. */
static gboolean
decode(const char *text, gsize length, guint8 *ret_bytes, gsize size)
{
    gsize got;
    g_autofree char *copy = g_strndup(text, length);
    g_autofree guchar *bytes = g_base64_decode(copy, &got);
    g_autofree char *again = g_base64_encode(bytes, got);
    if (got != size || !g_str_equal(again, copy))
        return FALSE;
    memcpy(ret_bytes, bytes, size);
    return TRUE;
}

gboolean
hash_parse(const char *text, gsize length, Hash *ret_hash)
{
    return decode(text, length, ret_hash->bytes, SEAL_HASH);
}

/* --- keys ------------------------------------------------------------------------------------------------------------------- */

static EVP_PKEY *
no_key(const char *file, const char *reason, GError **error)
{
    fault_set(error, MSG_LICENCE_KEY, "file", file, "reason", reason, NULL);
    return NULL;
}

static gboolean
write_pem(const char *file, mode_t mode, EVP_PKEY *key, gboolean is_private)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!stream) {
        if (fd >= 0)
            close(fd);
        return FALSE;
    }
    gboolean well = is_private ? PEM_write_PrivateKey(stream, key, NULL, NULL, 0, NULL, NULL) == 1 : PEM_write_PUBKEY(stream, key) == 1;
    well = fflush(stream) == 0 && fsync(fd) == 0 && well;
    return fclose(stream) == 0 && well;
}

static EVP_PKEY *
make_key(const char *file, GError **error)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    g_autofree char *public_file = g_strconcat(file, ".pub", NULL);
    if (!key)
        return no_key(file, "OpenSSL makes no Ed25519 key", error);
    if (write_pem(public_file, 0644, key, FALSE) && write_pem(file, 0600, key, TRUE))
        return key;
    no_key(file, g_strerror(errno), error);
    EVP_PKEY_free(key);
    return NULL;
}

static EVP_PKEY *
read_key(const char *file, EVP_PKEY *(*read)(FILE *stream, EVP_PKEY **key, pem_password_cb *ask, void *data), GError **error)
{
    FILE *stream = fopen(file, "re");
    if (!stream)
        return no_key(file, g_strerror(errno), error);
    EVP_PKEY *key = read(stream, NULL, NULL, "");
    fclose(stream);
    if (key && EVP_PKEY_is_a(key, "ED25519"))
        return key;
    EVP_PKEY_free(key);
    return no_key(file, "it is no Ed25519 key in PEM", error);
}

EVP_PKEY *
seal_key(const char *file, GError **error)
{
    return g_file_test(file, G_FILE_TEST_EXISTS) ? read_key(file, PEM_read_PrivateKey, error) : make_key(file, error);
}

EVP_PKEY *
seal_public_key(const char *file, GError **error)
{
    return read_key(file, PEM_read_PUBKEY, error);
}

char *
seal_key_text(EVP_PKEY *key)
{
    guint8 raw[RAW_KEY];
    size_t length = sizeof(raw);
    return EVP_PKEY_get_raw_public_key(key, raw, &length) == 1 ? g_base64_encode(raw, length) : NULL;
}

EVP_PKEY *
seal_key_parse(const char *text, gsize length)
{
    guint8 raw[RAW_KEY];
    return decode(text, length, raw, sizeof(raw)) ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw)) : NULL;
}

/* --- signatures ------------------------------------------------------------------------------------------------------------- */

char *
seal_sign(EVP_PKEY *key, const Hash *hash)
{
    guint8 raw[RAW_SIGNATURE];
    size_t length = sizeof(raw);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    gboolean well = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 && EVP_DigestSign(context, raw, &length, hash->bytes, SEAL_HASH) == 1;
    EVP_MD_CTX_free(context);
    return well ? g_base64_encode(raw, length) : NULL;
}

gboolean
seal_is_valid(EVP_PKEY *key, const Hash *hash, const char *signature)
{
    guint8 raw[RAW_SIGNATURE];
    if (!decode(signature, SEAL_SIGNATURE, raw, sizeof(raw)))
        return FALSE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    gboolean well = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 && EVP_DigestVerify(context, raw, sizeof(raw), hash->bytes, SEAL_HASH) == 1;
    EVP_MD_CTX_free(context);
    return well;
}
