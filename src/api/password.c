/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Passwords by OpenSSL's scrypt. The parameters stand in each hash, so that they can grow; those read are bounded, so that a
 * stored hash cannot make the manager use all its memory. */
#include "api/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define COST 16384
#define BLOCK 8
#define PARALLEL 1
#define SALT 16
#define KEY 32
#define MOST_MEMORY (64u << 20)

static gboolean
derive(const char *password, const guint8 *salt, gsize salt_length, const guint64 cost[3], guint8 ret_key[KEY])
{
    return EVP_PBE_scrypt(password, strlen(password), salt, salt_length, cost[0], cost[1], cost[2], MOST_MEMORY, ret_key, KEY) == 1;
}

static char *
spell(const guint8 salt[SALT], const guint8 key[KEY])
{
    g_autofree char *salt_text = g_base64_encode(salt, SALT);
    g_autofree char *key_text = g_base64_encode(key, KEY);
    return g_strdup_printf("scrypt$%d$%d$%d$%s$%s", COST, BLOCK, PARALLEL, salt_text, key_text);
}

char *
password_hash(const char *password)
{
    static const guint64 cost[3] = { COST, BLOCK, PARALLEL };
    guint8 salt[SALT], key[KEY];
    if (RAND_bytes(salt, sizeof(salt)) != 1 || !derive(password, salt, sizeof(salt), cost, key))
        g_error("the system gives no random bytes or no memory for a password");
    char *hash = spell(salt, key);
    OPENSSL_cleanse(key, sizeof(key));
    return hash;
}

char *
password_hash_of_nobody(void)
{
    guint8 salt[SALT], key[KEY];
    if (RAND_bytes(salt, sizeof(salt)) != 1 || RAND_bytes(key, sizeof(key)) != 1)
        g_error("the system gives no random bytes");
    return spell(salt, key);
}

static gboolean
read_cost(char *const *parts, guint64 ret_cost[3])
{
    static const guint64 most[3] = { 65536, 16, 4 };
    for (guint i = 0; i < 3; i++) {
        char *end = NULL;
        ret_cost[i] = g_ascii_strtoull(parts[i], &end, 10);
        if (!*parts[i] || *end || ret_cost[i] == 0 || ret_cost[i] > most[i])
            return FALSE;
    }
    return (ret_cost[0] & (ret_cost[0] - 1)) == 0 && ret_cost[0] > 1;
}

gboolean
password_matches(const char *hash, const char *password)
{
    guint64 cost[3];
    guint8 key[KEY];
    gsize salt_length = 0, wanted_length = 0;
    g_auto(GStrv) parts = g_strsplit(hash, "$", 7);
    if (g_strv_length(parts) != 6 || strcmp(parts[0], "scrypt") != 0 || !read_cost(parts + 1, cost))
        return FALSE;
    g_autofree guint8 *salt = g_base64_decode(parts[4], &salt_length);
    g_autofree guint8 *wanted = g_base64_decode(parts[5], &wanted_length);
    if (salt_length < 8 || wanted_length != KEY || !derive(password, salt, salt_length, cost, key))
        return FALSE;
    gboolean same = CRYPTO_memcmp(key, wanted, KEY) == 0;
    OPENSSL_cleanse(key, sizeof(key));
    return same;
}

/* Letters and digits that cannot be taken for each other; 55 of them, so 20 hold 115 bits. */
char *
password_random(void)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    char *password = g_malloc0(21);
    for (guint i = 0; i < 20;) {
        guint8 byte;
        if (RAND_bytes(&byte, 1) != 1)
            g_error("the system gives no random bytes");
        /* Bytes beyond the last whole run would make some letters likelier. */
        if (byte < 256 / (sizeof(letters) - 1) * (sizeof(letters) - 1))
            password[i++] = letters[byte % (sizeof(letters) - 1)];
    }
    return password;
}
