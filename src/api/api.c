/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Puts the parts of an api together: certificates, the port (shared by several server threads), who is logged in, and the
 * threads themselves. Called by daemon. */
#include "api/api.h"

#include "api/api_parts.h"
#include "api/console_door.h"
#include "base/fault.h"
#include "base/log.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MOST_SERVERS 4
#define WORKERS 4
#define CACHE_BYTES (64u << 20)
#define STOP_TIME CLOCK_SECOND
#define CHECK_TIME (30 * CLOCK_SECOND)  /* a password's check hangs nowhere, but computes long on a busy machine */

/* --- the port --------------------------------------------------------------------------------------------------------------------- */

static gboolean
say_listen(const Api *api, const char *reason, GError **error)
{
    return fault_set(error, MSG_API_LISTEN, "address", api->listen, "reason", reason, NULL);
}

/* "ADDRESS:PORT"; brackets around IPv6; nothing before the colon: every address. */
static gboolean
split_listen(Api *api, char **ret_port, GError **error)
{
    const char *colon = strrchr(api->listen, ':');
    if (!colon || strspn(colon + 1, "0123456789") != strlen(colon + 1) || !colon[1] || strlen(colon + 1) > 5)
        return say_listen(api, "it has no port", error);
    api->host = g_strndup(api->listen, (gsize) (colon - api->listen));
    gsize length = strlen(api->host);
    if (length > 1 && api->host[0] == '[' && api->host[length - 1] == ']') {
        api->host[length - 1] = '\0';
        memmove(api->host, api->host + 1, length - 1);
    } else if (strchr(api->host, ':')) {
        return say_listen(api, "an IPv6 address stands in brackets", error);
    } else if (strcmp(api->host, "localhost") == 0) {
        g_free(api->host);
        api->host = g_strdup("127.0.0.1");
    }
    *ret_port = g_strdup(colon + 1);
    return TRUE;
}

static struct addrinfo *
resolve(Api *api, GError **error)
{
    g_autofree char *port = NULL;
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM }, *found = NULL;
    if (!split_listen(api, &port, error))
        return NULL;
    hints.ai_family = *api->host && strcmp(api->host, "*") != 0 ? AF_UNSPEC : AF_INET6;
    int result = getaddrinfo(hints.ai_family == AF_INET6 ? NULL : api->host, port, &hints, &found);
    if (result == 0)
        return found;
    say_listen(api, "it is not a numeric address and port", error);
    return NULL;
}

static int
bind_one(const struct sockaddr *address, socklen_t length, gboolean shared)
{
    int yes = 1, no = 0;
    int listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0)
        return -1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (shared)
        setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes));
    if (address->sa_family == AF_INET6)
        setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
    if (bind(listener, address, length) == 0 && listen(listener, LIMIT_BACKLOG) == 0)
        return listener;
    int why = errno;
    close(listener);
    errno = why;
    return -1;
}

/* Sockets that share a port would share it with a second manager, too: the first is bound alone, to see whether it is free. */
static gboolean
bind_all(Api *api, struct addrinfo *found, GError **error)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    int alone = bind_one(found->ai_addr, found->ai_addrlen, FALSE);
    if (alone < 0 || getsockname(alone, (struct sockaddr *) &address, &length) < 0) {
        say_listen(api, g_strerror(errno), error);
        if (alone >= 0)
            close(alone);
        return FALSE;
    }
    close(alone);
    api->port = g_ntohs(((const struct sockaddr_in *) &address)->sin_port);     /* at the same place for IPv6 */
    api->address = address;
    api->address_length = length;
    for (guint i = 0; i < api->n_servers; i++) {
        api->listeners[i] = bind_one((struct sockaddr *) &address, length, TRUE);
        if (api->listeners[i] < 0)
            return say_listen(api, g_strerror(errno), error);
    }
    return TRUE;
}

static gboolean
open_port(Api *api, GError **error)
{
    struct addrinfo *found = resolve(api, error);
    gboolean well = found && bind_all(api, found, error);
    if (found)
        freeaddrinfo(found);
    return well;
}

/* Three descriptors a connection. What is not allowed to be opened is not promised. */
static guint
most_connections(void)
{
    struct rlimit limit;
    rlim_t wanted = LIMIT_CONNECTIONS * 3 + 1000;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 200;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = MIN(wanted, limit.rlim_max);
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    return (guint) MIN(LIMIT_CONNECTIONS, limit.rlim_cur > 500 ? (limit.rlim_cur - 300) / 3 : 50);
}

/* --- life --------------------------------------------------------------------------------------------------------------------------- */

static SSL_CTX *
make_context(Api *api, GError **error)
{
    X509 *certificate = pki_certificate(api->pki);
    EVP_PKEY *key = pki_key(api->pki);
    SSL_CTX *context = tls_context_new(certificate, key, error);
    if (context && api->consoles && !consoles_certify(api->consoles, certificate, key, error))
        g_clear_pointer(&context, SSL_CTX_free);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

/* On a worker: a certificate that ends soon is made anew, and whoever connects from now on sees it. */
static void
renew_certificate(gpointer data)
{
    Api *api = data;
    g_autoptr(GError) error = NULL;
    SSL_CTX *context = pki_renew(api->pki, &error) ? make_context(api, &error) : NULL;
    for (guint i = 0; context && i < api->n_servers; i++)
        server_renew(api->servers[i], context);
    SSL_CTX_free(context);
    g_atomic_int_set(&api->renewing, 0);
    if (error)
        log_error("the server's certificate ends soon and could not be renewed: %s", error->message);
    else
        log_info("the server's certificate was renewed");
}

static void
look_after_certificate(Api *api)
{
    if (pki_is_due(api->pki, clock_wall()) && g_atomic_int_compare_and_exchange(&api->renewing, 0, 1))
        workers_push(api->workers, renew_certificate, api);
}

static gboolean
make_servers(Api *api, GError **error)
{
    SSL_CTX *context = make_context(api, error);
    ServerParts parts = { .api = api, .context = context, .census = api->census, .load = &api->load,
                          .model = { .engine = api->engine, .workers = api->workers, .cache = api->cache, .metrics = api->metrics, .transfers = api->transfers } };
    gboolean well = context != NULL;
    for (guint i = 0; well && i < api->n_servers; i++) {
        parts.hourly = i == 0 ? look_after_certificate : NULL;
        api->servers[i] = server_new(&parts, api->listeners[i], error);
        api->listeners[i] = -1;
        well = api->servers[i] != NULL;
    }
    SSL_CTX_free(context);
    return well;
}

static gboolean
open_pki(Api *api, GError **error)
{
    g_autofree char *directory = g_build_filename(api->data_dir, "pki", NULL);
    g_auto(GStrv) names = pki_own_names();
    api->pki = pki_open(directory, (const char *const *) names, error);
    return api->pki != NULL;
}

/* The same address at another port, for each server. */
static gboolean
open_more(Api *api, guint16 port, GError **error)
{
    struct sockaddr_storage address = api->address;
    ((struct sockaddr_in *) &address)->sin_port = g_htons(port);        /* at the same place for IPv6 */
    for (guint i = 0; i < api->n_servers; i++) {
        int listener = bind_one((struct sockaddr *) &address, api->address_length, TRUE);
        if (listener < 0) {
            g_autofree char *reason = g_strdup_printf("port %u: %s", port, g_strerror(errno));
            return say_listen(api, reason, error);
        }
        server_add_listener(api->servers[i], listener);
    }
    return TRUE;
}

static gboolean
open_more_ports(Api *api, const guint16 *ports, GError **error)
{
    for (guint i = 0; ports && ports[i] != 0; i++) {
        if (!open_more(api, ports[i], error))
            return FALSE;
    }
    return TRUE;
}

Api *
api_new(const ApiConfig *config, Engine *engine, GError **error)
{
    Api *api = g_new0(Api, 1);
    api->engine = engine;
    api->metrics = config->metrics;
    api->consoles = config->consoles;
    api->transfers = config->transfers;
    api->data_dir = g_strdup(config->data_dir);
    api->listen = g_strdup(config->listen);
    api->n_servers = config->threads ? config->threads : CLAMP((guint) g_get_num_processors(), 1, MOST_SERVERS);
    api->servers = g_new0(Server *, api->n_servers);
    api->listeners = g_new(int, api->n_servers);
    api->followers = g_new0(guint, api->n_servers);
    memset(api->listeners, -1, api->n_servers * sizeof(int));
    api->census = tls_census_new(most_connections(), LIMIT_CONNECTIONS_OF_ONE);
    api->workers = workers_new("api work", WORKERS);
    api->cache = cache_new(CACHE_BYTES);
    api->sessions = sessions_new(LIMIT_SESSIONS, LIMIT_SESSIONS_OF_ONE);
    api->login = login_new(engine);
    if (open_port(api, error) && open_pki(api, error) && make_servers(api, error) && open_more_ports(api, config->more_ports, error))
        return api;
    api_free(api);
    return NULL;
}

void
api_start(Api *api)
{
    if (api->consoles)
        consoles_start(api->consoles, &(const ConsolesWatch) { console_door_may, console_door_told, api });
    for (guint i = 0; i < api->n_servers; i++) {
        server_start(api->servers[i]);
        api->followers[i] = feed_follow(engine_feed(api->engine), server_wake_streams, api->servers[i]);
    }
    api->serving = TRUE;
}

void
api_stop(Api *api)
{
    Tick deadline = clock_tick() + STOP_TIME;
    if (!api->serving)
        return;
    api->serving = FALSE;
    login_stop(api->login);
    consoles_stop(api->consoles);
    for (guint i = 0; i < api->n_servers; i++) {
        feed_unfollow(engine_feed(api->engine), api->followers[i]);
        server_tell_stop(api->servers[i], deadline);
    }
    for (guint i = 0; i < api->n_servers; i++)
        server_join(api->servers[i]);
}

void
api_free(Api *api)
{
    if (!api)
        return;
    api_stop(api);
    Tick deadline = clock_tick() + STOP_TIME;
    gboolean ended = workers_stop(api->workers, deadline);
    ended &= login_free(api->login, clock_tick() + CHECK_TIME);
    if (!ended)
        return;                     /* a thread that comes back looks at servers, sessions and cache: they stay */
    cache_free(api->cache);
    for (guint i = 0; i < api->n_servers; i++) {
        server_free(api->servers[i]);
        if (api->listeners[i] >= 0)
            close(api->listeners[i]);
    }
    sessions_free(api->sessions);
    pki_free(api->pki);
    tls_census_free(api->census);
    g_free(api->followers);
    g_free(api->listeners);
    g_free(api->servers);
    g_free(api->host);
    g_free(api->listen);
    g_free(api->data_dir);
    g_free(api);
}

guint
api_port(const Api *api)
{
    return api->port;
}
