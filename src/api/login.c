/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From a name and a password to a user. One table remembers verified credentials (by HMAC, never the password), one the
 * failures of a name from an address. Both are bounded and forget. No thread of the server ever runs scrypt. */
#include "api/login.h"

#include "api/password.h"
#include "base/fault.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define THREADS 2
#define DIGEST 32
#define FORGIVEN ((Tick) 15 * 60 * CLOCK_SECOND)   /* failures are forgotten after so long */
#define FARTHEST (30 * CLOCK_SECOND)        /* a try that would have to wait longer is refused unchecked */
#define EVENT_LOGIN 30
#define EVENT_FAILED 114

typedef struct {
    guint8 digest[DIGEST];
    Id user;
    char *hash;                     /* what the password was checked against: another one ends this */
    Tick used;
} Credential;

typedef struct {
    guint failures;
    Tick last, until;               /* the last failure; no try before */
} Suspect;

struct Login {
    Engine *engine;
    Workers *workers;
    gint over;                      /* nothing is checked any more */
    guint8 key[DIGEST];
    char *nobody;                   /* a hash no password fits: an unknown user's is checked against it, and takes as long */
    Lock lock;                      /* of the rest */
    GHashTable *credentials;        /* Credential by digest */
    GHashTable *suspects;           /* Suspect by "name\naddress", and by "\naddress" for all names */
    guint waiting;
    guint told;                     /* failures the event log was told of in this minute */
    Tick told_since;
};

/* One try; kept by its request. */
typedef struct {
    Login *login;
    char *name, *password;
    char *suspect, *address;        /* keys of `suspects`: "name\naddress", "\naddress" */
    RequestCall then;
    Id user;
    GError *error;
} Try;

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
    return CRYPTO_memcmp(a, b, DIGEST) == 0;
}

static void
credential_free(gpointer data)
{
    Credential *credential = data;
    g_free(credential->hash);
    g_free(credential);
}

Login *
login_new(Engine *engine)
{
    Login *login = g_new0(Login, 1);
    login->engine = engine;
    login->workers = workers_new("login", THREADS);
    if (RAND_bytes(login->key, sizeof(login->key)) != 1)
        g_error("the system gives no random bytes");
    login->nobody = password_hash_of_nobody();
    lock_init(&login->lock);
    login->credentials = g_hash_table_new_full(digest_hash, digest_equal, NULL, credential_free);
    login->suspects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return login;
}

void
login_stop(Login *login)
{
    g_atomic_int_set(&login->over, TRUE);
}

gboolean
login_free(Login *login, Tick deadline)
{
    if (!login)
        return TRUE;
    login_stop(login);
    if (!workers_stop(login->workers, deadline))
        return FALSE;               /* a thread still looks at it */
    OPENSSL_cleanse(login->key, sizeof(login->key));
    g_hash_table_unref(login->credentials);
    g_hash_table_unref(login->suspects);
    lock_clear(&login->lock);
    g_free(login->nobody);
    g_free(login);
    return TRUE;
}

/* --- users ---------------------------------------------------------------------------------------------------------------------- */

/* The part before the profile; NULL: a profile there is not. Yours. */
static char *
internal_name(const char *name)
{
    const char *at = strrchr(name, '@');
    if (!at)
        return g_strdup(name);
    if (strcmp(at, "@internal") != 0 && strcmp(at, "@internal-authz") != 0)
        return NULL;
    return g_strndup(name, (gsize) (at - name));
}

const User *
login_find_user(const View *view, const char *name)
{
    g_autofree char *wanted = internal_name(name);
    if (!wanted || !*wanted)
        return NULL;
    ViewWalk walk = view_walk(view, &user_type);
    for (const User *user; (user = view_next(&walk));) {
        g_autofree char *own = user->user_name ? internal_name(user->user_name) : NULL;
        if (own && strcmp(own, wanted) == 0)
            return user;
    }
    return NULL;
}

/* --- what was verified lately ----------------------------------------------------------------------------------------------------- */

static void
digest_of(Login *login, const char *name, const char *password, guint8 ret_digest[DIGEST])
{
    guint8 text[2 * LIMIT_PASSWORD + 2];
    gsize name_length = strlen(name), password_length = strlen(password);
    unsigned int length = DIGEST;
    memcpy(text, name, name_length + 1);
    memcpy(text + name_length + 1, password, password_length);
    HMAC(EVP_sha256(), login->key, sizeof(login->key), text, name_length + 1 + password_length, ret_digest, &length);
    OPENSSL_cleanse(text, name_length + 1 + password_length);
}

static gboolean
is_sane(const char *name, const char *password)
{
    return strlen(name) <= LIMIT_PASSWORD && strlen(password) <= LIMIT_PASSWORD;
}

/* The user whose credentials these were, and against which hash. */
static Id
recall(Login *login, const guint8 digest[DIGEST], char **ret_hash)
{
    Tick now = clock_tick();
    LOCK_HOLD(&login->lock);
    Credential *credential = g_hash_table_lookup(login->credentials, digest);
    if (!credential || now - credential->used > LIMIT_CREDENTIAL_LIFE)
        return id_null;
    credential->used = now;
    *ret_hash = g_strdup(credential->hash);
    return credential->user;
}

Id
login_known(Login *login, const char *name, const char *password)
{
    guint8 digest[DIGEST];
    g_autofree char *hash = NULL;
    if (!is_sane(name, password))
        return id_null;
    digest_of(login, name, password, digest);
    Id id = recall(login, digest, &hash);
    if (id_is_null(&id))
        return id_null;
    g_autoptr(View) view = inventory_view(engine_inventory(login->engine));
    const User *user = view_find(view, &user_type, &id);
    return user && g_strcmp0(user->password, hash) == 0 ? id : id_null;
}

static gboolean
is_stale(gpointer key, gpointer value, gpointer now)
{
    return *(Tick *) now - ((Credential *) value)->used > LIMIT_CREDENTIAL_LIFE;
}

static void
remember(Login *login, const Try *try, const User *user)
{
    Credential *credential = g_new0(Credential, 1);
    Tick now = clock_tick();
    digest_of(login, try->name, try->password, credential->digest);
    credential->user = user->object.id;
    credential->hash = g_strdup(user->password);
    credential->used = now;
    LOCK_HOLD(&login->lock);
    g_hash_table_remove(login->suspects, try->suspect);
    g_hash_table_foreach_remove(login->credentials, is_stale, &now);
    if (g_hash_table_size(login->credentials) >= LIMIT_CREDENTIALS)
        g_hash_table_remove_all(login->credentials);    /* costs everybody one check */
    g_hash_table_replace(login->credentials, credential->digest, credential);
}

/* --- who fails again and again ------------------------------------------------------------------------------------------------------ */

/* How long after so many failures of KEY. A name with no name before its line break stands for all names of an address. */
static Tick
pause_after(const char *key, guint failures)
{
    if (*key == '\n')
        return failures < LIMIT_FREE_OF_ADDRESS ? 0 : CLOCK_SECOND;
    if (failures < LIMIT_FREE_FAILURES)
        return 0;
    return MIN((Tick) CLOCK_SECOND << MIN(failures - LIMIT_FREE_FAILURES, 10u), LIMIT_SLOWEST_TRY);
}

static gboolean
is_forgiven(gpointer key, gpointer value, gpointer now)
{
    return *(Tick *) now - ((Suspect *) value)->last > FORGIVEN;
}

/* When a try of KEY may be checked; the next must wait longer. The lock is held. */
static Tick
queue_up(Login *login, const char *key, Tick now)
{
    Suspect *suspect = g_hash_table_lookup(login->suspects, key);
    if (!suspect)
        return now;
    if (is_forgiven(NULL, suspect, &now)) {
        g_hash_table_remove(login->suspects, key);
        return now;
    }
    Tick at = MAX(suspect->until, now);
    if (at - now <= FARTHEST)
        suspect->until = at + pause_after(key, suspect->failures);
    return at;
}

/* FALSE: too many wait already. *RET_AT 0: at once. */
static gboolean
reserve(Login *login, const Try *try, Tick *ret_at)
{
    Tick now = clock_tick();
    LOCK_HOLD(&login->lock);
    Tick at = MAX(queue_up(login, try->suspect, now), queue_up(login, try->address, now));
    *ret_at = at > now ? at : 0;
    return at - now <= FARTHEST;
}

/* The lock is held. Who fills the table with names loses the count of all: forgetting is better than growing. */
static Suspect *
suspect_of(Login *login, const char *key, Tick now)
{
    Suspect *suspect = g_hash_table_lookup(login->suspects, key);
    if (suspect)
        return suspect;
    if (g_hash_table_size(login->suspects) >= LIMIT_SUSPECTS)
        g_hash_table_foreach_remove(login->suspects, is_forgiven, &now);
    if (g_hash_table_size(login->suspects) >= LIMIT_SUSPECTS)
        g_hash_table_remove_all(login->suspects);
    suspect = g_new0(Suspect, 1);
    g_hash_table_insert(login->suspects, g_strdup(key), suspect);
    return suspect;
}

static guint
count_one(Login *login, const char *key, Tick now)
{
    Suspect *suspect = suspect_of(login, key, now);
    suspect->failures++;
    suspect->last = now;
    suspect->until = MAX(suspect->until, now + pause_after(key, suspect->failures));
    return suspect->failures;
}

/* Returns how often this name has failed from there. TELL: the event log should hear of it: the first failures, then every tenth,
 * and of all names together no more than a few a minute. */
static guint
count_failure(Login *login, const Try *try, gboolean *ret_tell)
{
    Tick now = clock_tick();
    LOCK_HOLD(&login->lock);
    count_one(login, try->address, now);
    guint count = count_one(login, try->suspect, now);
    if (now - login->told_since > 60 * CLOCK_SECOND) {
        login->told_since = now;
        login->told = 0;
    }
    *ret_tell = (count <= 5 || count % 10 == 0) && login->told < LIMIT_FAILURES_TOLD;
    login->told += *ret_tell;
    return count;
}

/* --- one try -------------------------------------------------------------------------------------------------------------------------- */

static void
try_free(gpointer data)
{
    Try *try = data;
    OPENSSL_cleanse(try->password, strlen(try->password));
    g_free(try->password);
    g_free(try->name);
    g_free(try->suspect);
    g_free(try->address);
    g_clear_error(&try->error);
    g_free(try);
}

/* The name as it may stand in a sentence: what a stranger sent is cut. */
static char *
sayable(const char *name)
{
    g_autofree char *valid = g_utf8_make_valid(name, -1);
    return g_utf8_strlen(valid, -1) > 64 ? g_utf8_substring(valid, 0, 64) : g_steal_pointer(&valid);
}

static void
tell_failure(Request *request, Try *try)
{
    gboolean tell = FALSE;
    guint count = count_failure(try->login, try, &tell);
    g_autofree char *name = sayable(try->name);
    g_autofree char *number = g_strdup_printf("%u", count);
    fault_set(&try->error, MSG_API_LOGIN_FAILED, "user", name, NULL);
    if (!tell)
        return;
    Message *message = message_new(MSG_API_LOGIN_REFUSED, "user", name, "address", request->address, "count", number, NULL);
    engine_event(try->login->engine, EVENT_FAILED, SEVERITY_WARNING, message, NULL, request->exchange.correlation);
}

static void
tell_success(Request *request, Try *try, const User *user)
{
    try->user = user->object.id;
    remember(try->login, try, user);
    Message *message = message_new(MSG_API_LOGGED_IN, "user", user->user_name, "address", request->address, NULL);
    engine_event(try->login->engine, EVENT_LOGIN, SEVERITY_NORMAL, message, &try->user, request->exchange.correlation);
}

static void
stop_waiting(Login *login)
{
    LOCK_HOLD(&login->lock);
    login->waiting--;
}

static void
check_password(Request *request, Try *try)
{
    g_autoptr(View) view = inventory_view(engine_inventory(try->login->engine));
    const User *user = login_find_user(view, try->name);
    gboolean known = user && user->password && *user->password;
    gboolean well = password_matches(known ? user->password : try->login->nobody, try->password) && known;
    if (well)
        tell_success(request, try, user);
    else
        tell_failure(request, try);
}

/* On a thread of the pool. At the end a queue of passwords to be checked would outlast everything else. */
static void
check(gpointer data)
{
    Request *request = data;
    Try *try = request->kept;
    if (g_atomic_int_get(&try->login->over))
        fault_set(&try->error, MSG_JOB_STOPPING, NULL);
    else
        check_password(request, try);
    stop_waiting(try->login);
    request_call(request, 0, try->then);
}

static gboolean
may_wait(Login *login)
{
    LOCK_HOLD(&login->lock);
    if (login->waiting >= LIMIT_LOGINS_WAITING)
        return FALSE;
    login->waiting++;
    return TRUE;
}

static void
begin_check(Request *request)
{
    Try *try = request->kept;
    if (may_wait(try->login)) {
        workers_push(try->login->workers, check, request);
        return;
    }
    fault_set(&try->error, MSG_API_TOO_BUSY, NULL);
    request_call(request, 0, try->then);
}

void
login_check(Login *login, Request *request, const char *name, const char *password, RequestCall then)
{
    Try *try = g_new0(Try, 1);
    Tick at = 0;
    gboolean sane = is_sane(name, password);
    try->login = login;
    try->name = g_strdup(sane ? name : "");
    try->password = g_strdup(sane ? password : "");
    try->suspect = g_strdup_printf("%s\n%s", try->name, request->address);
    try->address = g_strdup_printf("\n%s", request->address);
    try->then = then;
    request->kept = try;
    request->kept_free = try_free;
    if (!sane || strchr(name, '\n'))
        fault_set(&try->error, MSG_API_LOGIN_FAILED, "user", "", NULL);
    else if (!reserve(login, try, &at)) {
        g_autofree char *said = sayable(name);
        fault_set(&try->error, MSG_API_LOGIN_TOO_OFTEN, "user", said, NULL);
    }
    request_call(request, at, try->error ? then : begin_check);
}

Id
login_result(Request *request, GError **error)
{
    Try *try = request->kept;
    if (try->error)
        g_propagate_error(error, g_steal_pointer(&try->error));
    return try->user;
}
