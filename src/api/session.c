/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sessions in a table by digest and in a queue by last use, oldest first: what has expired is at the front, and what must make
 * room too. Does not know passwords or requests. */
#include "api/session.h"

#include "base/lock.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define SECRET 32

typedef struct {
    guint8 digest[32];              /* of kind and secret */
    guint8 above[32];               /* of a cookie: the digest of the token it was given for; else zeros */
    Id user;
    Tick idle, used;
    GList place;
} Session;

struct Sessions {
    Lock lock;
    GHashTable *by_digest;          /* Session *, keyed by its digest */
    GHashTable *per_user;           /* Id * → count */
    GQueue by_use;                  /* least lately used first */
    guint most, most_of_one;
};

/* The digest of a secret is as random as the secret: any eight bytes of it hash well. */
static guint
digest_hash(gconstpointer digest)
{
    guint hash;
    memcpy(&hash, digest, sizeof(hash));
    return hash;
}

static gboolean
digest_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, 32) == 0;
}

/* The algorithm is fetched once: OpenSSL would look it up for every token. */
static void
digest_of(SessionKind kind, const char *secret, guint8 ret_digest[32])
{
    static gsize fetched;
    static EVP_MD *algorithm;
    char text[2 * SECRET + 4];
    unsigned int length = 32;
    if (g_once_init_enter(&fetched)) {
        algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
        g_once_init_leave(&fetched, 1);
    }
    text[0] = kind == SESSION_TOKEN ? 't' : 'c';
    gsize size = g_strlcpy(text + 1, secret, sizeof(text) - 1);
    EVP_Digest(text, MIN(size, sizeof(text) - 2) + 1, ret_digest, &length, algorithm, NULL);
}

Sessions *
sessions_new(guint most, guint most_of_one)
{
    Sessions *sessions = g_new0(Sessions, 1);
    lock_init(&sessions->lock);
    sessions->by_digest = g_hash_table_new(digest_hash, digest_equal);
    sessions->per_user = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    g_queue_init(&sessions->by_use);
    sessions->most = most;
    sessions->most_of_one = most_of_one;
    return sessions;
}

static void
count_user(Sessions *sessions, const Id *user, int more)
{
    int count = GPOINTER_TO_INT(g_hash_table_lookup(sessions->per_user, user)) + more;
    if (count > 0)
        g_hash_table_insert(sessions->per_user, g_memdup2(user, sizeof(Id)), GINT_TO_POINTER(count));
    else
        g_hash_table_remove(sessions->per_user, user);
}

static void
drop(Sessions *sessions, Session *session)
{
    g_hash_table_remove(sessions->by_digest, session->digest);
    g_queue_unlink(&sessions->by_use, &session->place);
    count_user(sessions, &session->user, -1);
    g_free(session);
}

void
sessions_free(Sessions *sessions)
{
    if (!sessions)
        return;
    while (sessions->by_use.head)
        drop(sessions, sessions->by_use.head->data);
    g_hash_table_unref(sessions->by_digest);
    g_hash_table_unref(sessions->per_user);
    lock_clear(&sessions->lock);
    g_free(sessions);
}

static gboolean
has_expired(const Session *session, Tick now)
{
    return now - session->used > session->idle;
}

/* Idle times differ, so an expired one may stand behind a living one; it is found when asked for, or when it gets to the front. */
static void
make_room(Sessions *sessions, const Id *user, Tick now)
{
    while (sessions->by_use.head && has_expired(sessions->by_use.head->data, now))
        drop(sessions, sessions->by_use.head->data);
    guint of_one = GPOINTER_TO_UINT(g_hash_table_lookup(sessions->per_user, user));
    for (GList *at = sessions->by_use.head, *next; at && of_one >= sessions->most_of_one; at = next) {
        next = at->next;
        if (id_equal(&((Session *) at->data)->user, user)) {
            drop(sessions, at->data);
            of_one--;
        }
    }
    while (sessions->by_use.length >= sessions->most)
        drop(sessions, sessions->by_use.head->data);
}

static char *
open_session(Sessions *sessions, SessionKind kind, const char *above, const Id *user, Tick idle)
{
    guint8 bytes[SECRET];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        g_error("the system gives no random bytes");
    char *secret = g_base64_encode(bytes, sizeof(bytes));
    for (char *at = secret; *at; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at == '=' ? '\0' : *at;       /* as it may stand in a URL */
    Session *session = g_new0(Session, 1);
    digest_of(kind, secret, session->digest);
    if (above)
        digest_of(SESSION_TOKEN, above, session->above);
    session->user = *user;
    session->idle = idle;
    session->used = clock_tick();
    session->place.data = session;
    LOCK_HOLD(&sessions->lock);
    make_room(sessions, user, session->used);
    g_hash_table_insert(sessions->by_digest, session->digest, session);
    g_queue_push_tail_link(&sessions->by_use, &session->place);
    count_user(sessions, user, 1);
    return secret;
}

char *
session_open(Sessions *sessions, SessionKind kind, const Id *user, Tick idle)
{
    return open_session(sessions, kind, NULL, user, idle);
}

char *
session_open_below(Sessions *sessions, const char *token, const Id *user, Tick idle)
{
    return open_session(sessions, SESSION_COOKIE, token, user, idle);
}

/* The lock is held. */
static Session *
find_digest(Sessions *sessions, const guint8 digest[32])
{
    Tick now = clock_tick();
    Session *session = g_hash_table_lookup(sessions->by_digest, digest);
    if (session && has_expired(session, now)) {
        drop(sessions, session);
        return NULL;
    }
    return session;
}

static Session *
find(Sessions *sessions, SessionKind kind, const char *secret)
{
    guint8 digest[32];
    if (strlen(secret) > 2 * SECRET)
        return NULL;
    digest_of(kind, secret, digest);
    return find_digest(sessions, digest);
}

static void
note_use(Sessions *sessions, Session *session)
{
    session->used = clock_tick();
    g_queue_unlink(&sessions->by_use, &session->place);
    g_queue_push_tail_link(&sessions->by_use, &session->place);
}

Id
session_user(Sessions *sessions, SessionKind kind, const char *secret)
{
    LOCK_HOLD(&sessions->lock);
    Session *session = find(sessions, kind, secret);
    if (!session)
        return id_null;
    note_use(sessions, session);
    return session->user;
}

void
session_digest(SessionKind kind, const char *secret, guint8 digest[32])
{
    digest_of(kind, secret, digest);
}

gboolean
session_lives(Sessions *sessions, const guint8 digest[32])
{
    LOCK_HOLD(&sessions->lock);
    Session *session = find_digest(sessions, digest);
    if (session)
        note_use(sessions, session);
    return session != NULL;
}

/* Who logs out has not logged out where a cookie of his goes on. The lock is held. */
static void
drop_below(Sessions *sessions, const Session *above)
{
    for (GList *at = sessions->by_use.head, *next; at; at = next) {
        Session *session = at->data;
        next = at->next;
        if (memcmp(session->above, above->digest, sizeof(session->above)) == 0)
            drop(sessions, session);
    }
}

gboolean
session_close(Sessions *sessions, SessionKind kind, const char *secret, Id *ret_user)
{
    LOCK_HOLD(&sessions->lock);
    Session *session = find(sessions, kind, secret);
    if (!session)
        return FALSE;
    *ret_user = session->user;
    if (kind == SESSION_TOKEN)
        drop_below(sessions, session);
    drop(sessions, session);
    return TRUE;
}

guint
sessions_count(Sessions *sessions)
{
    LOCK_HOLD(&sessions->lock);
    return sessions->by_use.length;
}
