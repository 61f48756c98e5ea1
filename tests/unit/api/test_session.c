/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sessions: their bounds, their expiry; and the hashes of passwords. */
#include "api/password.h"
#include "api/session.h"

#include <string.h>

#define LONG (60 * CLOCK_SECOND)

static void
test_tokens(void)
{
    Sessions *sessions = sessions_new(100, 100);
    Id user = id_number(7), found = id_null;
    g_autofree char *token = session_open(sessions, SESSION_TOKEN, &user, LONG);
    g_autofree char *other = session_open(sessions, SESSION_TOKEN, &user, LONG);
    g_assert_cmpuint(strlen(token), ==, 43);
    g_assert_cmpstr(token, !=, other);
    g_assert_cmpuint(strspn(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), ==, 43);
    found = session_user(sessions, SESSION_TOKEN, token);
    g_assert_true(id_equal(&found, &user));
    found = session_user(sessions, SESSION_COOKIE, token);       /* a token is no cookie */
    g_assert_true(id_is_null(&found));
    g_assert_true(session_close(sessions, SESSION_TOKEN, token, &found));
    g_assert_true(id_equal(&found, &user));
    g_assert_false(session_close(sessions, SESSION_TOKEN, token, &found));
    found = session_user(sessions, SESSION_TOKEN, token);
    g_assert_true(id_is_null(&found));
    found = session_user(sessions, SESSION_TOKEN, other);
    g_assert_true(id_equal(&found, &user));
    g_autofree char *longer = g_strnfill(5000, 'x');
    found = session_user(sessions, SESSION_TOKEN, longer);
    g_assert_true(id_is_null(&found));
    sessions_free(sessions);
}

/* Logging out is logging out everywhere the token let in; and nobody else. */
static void
test_below(void)
{
    Sessions *sessions = sessions_new(100, 100);
    Id user = id_number(7), found = id_null;
    g_autofree char *token = session_open(sessions, SESSION_TOKEN, &user, LONG);
    g_autofree char *other = session_open(sessions, SESSION_TOKEN, &user, LONG);
    g_autofree char *cookie = session_open_below(sessions, token, &user, LONG);
    g_autofree char *its = session_open_below(sessions, other, &user, LONG);
    g_autofree char *own = session_open(sessions, SESSION_COOKIE, &user, LONG);
    g_assert_true(session_close(sessions, SESSION_COOKIE, own, &found));
    g_assert_cmpuint(sessions_count(sessions), ==, 4);
    g_assert_true(session_close(sessions, SESSION_TOKEN, token, &found));
    g_assert_cmpuint(sessions_count(sessions), ==, 2);
    found = session_user(sessions, SESSION_COOKIE, cookie);
    g_assert_true(id_is_null(&found));
    found = session_user(sessions, SESSION_COOKIE, its);
    g_assert_true(id_equal(&found, &user));
    sessions_free(sessions);
}

static void
test_expiry(void)
{
    Sessions *sessions = sessions_new(100, 100);
    Id user = id_number(7), found;
    g_autofree char *brief = session_open(sessions, SESSION_TOKEN, &user, CLOCK_SECOND);
    g_autofree char *lasting = session_open(sessions, SESSION_TOKEN, &user, LONG);
    g_assert_nonnull(lasting);
    g_usleep(500000);
    found = session_user(sessions, SESSION_TOKEN, brief);       /* use keeps it alive */
    g_assert_true(id_equal(&found, &user));
    g_usleep(1500000);
    found = session_user(sessions, SESSION_TOKEN, brief);
    g_assert_true(id_is_null(&found));
    g_assert_cmpuint(sessions_count(sessions), ==, 1);
    sessions_free(sessions);
}

/* The least lately used go; one user cannot push out another. */
static void
test_bounds(void)
{
    Sessions *sessions = sessions_new(10, 4);
    Id greedy = id_number(1), modest = id_number(2), found;
    g_autofree char *mine = session_open(sessions, SESSION_TOKEN, &modest, LONG);
    g_autofree char *first = session_open(sessions, SESSION_TOKEN, &greedy, LONG);
    g_autofree char *second = session_open(sessions, SESSION_TOKEN, &greedy, LONG);
    session_user(sessions, SESSION_TOKEN, first);
    for (guint i = 0; i < 3; i++)
        g_free(session_open(sessions, SESSION_TOKEN, &greedy, LONG));
    g_assert_cmpuint(sessions_count(sessions), ==, 5);
    found = session_user(sessions, SESSION_TOKEN, second);
    g_assert_true(id_is_null(&found));
    found = session_user(sessions, SESSION_TOKEN, first);
    g_assert_true(id_equal(&found, &greedy));
    found = session_user(sessions, SESSION_TOKEN, mine);
    g_assert_true(id_equal(&found, &modest));
    for (guint i = 0; i < 40; i++) {
        Id user = id_number(100 + i);
        g_free(session_open(sessions, SESSION_TOKEN, &user, LONG));
    }
    g_assert_cmpuint(sessions_count(sessions), ==, 10);
    sessions_free(sessions);
}

static void
test_passwords(void)
{
    g_autofree char *hash = password_hash("correct horse");
    g_autofree char *again = password_hash("correct horse");
    g_assert_true(g_str_has_prefix(hash, "scrypt$16384$8$1$"));
    g_assert_cmpstr(hash, !=, again);
    g_assert_true(password_matches(hash, "correct horse"));
    g_assert_true(password_matches(again, "correct horse"));
    g_assert_false(password_matches(hash, "correct horsf"));
    g_assert_false(password_matches(hash, ""));
    g_autofree char *nobody = password_hash_of_nobody(), *another = password_hash_of_nobody();
    g_assert_true(g_str_has_prefix(nobody, "scrypt$16384$8$1$"));    /* checked as long as anybody's */
    g_assert_cmpuint(strlen(nobody), ==, strlen(hash));
    g_assert_cmpstr(nobody, !=, another);
    g_assert_false(password_matches(nobody, ""));
    g_autofree char *random = password_random();
    g_autofree char *other = password_random();
    g_assert_cmpuint(strlen(random), ==, 20);
    g_assert_cmpstr(random, !=, other);
}

/* The test vector of RFC 7914 §12: N 16384, r 8, p 1; the first 32 bytes are what a key of 32 is. */
static void
test_known_hash(void)
{
    static const guint8 key[32] = { 0x70, 0x23, 0xbd, 0xcb, 0x3a, 0xfd, 0x73, 0x48, 0x46, 0x1c, 0x06, 0xcd, 0x81, 0xfd, 0x38, 0xeb,
                                    0xfd, 0xa8, 0xfb, 0xba, 0x90, 0x4f, 0x8e, 0x3e, 0xa9, 0xb5, 0x43, 0xf6, 0x54, 0x5d, 0xa1, 0xf2 };
    g_autofree char *salt = g_base64_encode((const guchar *) "SodiumChloride", 14);
    g_autofree char *text = g_base64_encode(key, sizeof(key));
    g_autofree char *hash = g_strdup_printf("scrypt$16384$8$1$%s$%s", salt, text);
    g_assert_true(password_matches(hash, "pleaseletmein"));
}

static void
test_broken_hashes(void)
{
    static const char *const broken[] = {
        "", "scrypt", "scrypt$$$$$", "md5$16384$8$1$AAAAAAAAAAAAAAAA$AAAA", "scrypt$16384$8$1$AAAAAAAAAAAAAAAA$AAAA", "scrypt$0$8$1$AAAAAAAAAAAAAAAA$AAAA",
        "scrypt$1000000000$8$1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "scrypt$16383$8$1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "scrypt$16384$8$1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=$x", "scrypt$-1$8$1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    };
    for (guint i = 0; i < G_N_ELEMENTS(broken); i++)
        g_assert_false(password_matches(broken[i], ""));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/session/tokens", test_tokens);
    g_test_add_func("/session/below", test_below);
    g_test_add_func("/session/expiry", test_expiry);
    g_test_add_func("/session/bounds", test_bounds);
    g_test_add_func("/password/round", test_passwords);
    g_test_add_func("/password/known", test_known_hash);
    g_test_add_func("/password/broken", test_broken_hashes);
    return g_test_run();
}
