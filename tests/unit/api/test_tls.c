/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The front alone, turn by turn, with a client at a socket of the same process: what a client that takes nothing may cost. */
#include "api/pki.h"
#include "api/tls_parts.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/un.h>
#include <unistd.h>

#define KEYS 50000

/* --- the house ----------------------------------------------------------------------------------------------------------------- */

static void
open_pair(gpointer data, TlsLink *link, int take_pair)
{
    (void) data;
    (void) link;
    (void) take_pair;
    g_error("nobody has said anything");
}

static gboolean
pump(gpointer data)
{
    (void) data;
    return FALSE;
}

static void
gone(gpointer data, TlsLink *link)
{
    (void) data;
    (void) link;
}

static void
nothing(gpointer data)
{
    (void) data;
}

static SSL_CTX *
make_context(void)
{
    static const char *const names[] = { "localhost", NULL }, *const files[] = { "ca.pem", "ca.key", "server.pem", "server.key" };
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("shikiri-tls-XXXXXX", NULL);
    Pki *pki = pki_open(dir, names, &error);
    g_assert_no_error(error);
    X509 *certificate = pki_certificate(pki);
    EVP_PKEY *key = pki_key(pki);
    SSL_CTX *context = tls_context_new(certificate, key, &error);
    g_assert_no_error(error);
    X509_free(certificate);
    EVP_PKEY_free(key);
    pki_free(pki);
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(dir, files[i], NULL);
        g_remove(path);
    }
    g_assert_cmpint(g_rmdir(dir), ==, 0);
    return context;
}

/* The kernel keeps little for such a socket, so that little must be said before it takes no more. The address is the kernel's choice. */
static int
listen_here(struct sockaddr_un *ret_address, socklen_t *ret_length)
{
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *ret_address = (struct sockaddr_un) { .sun_family = AF_UNIX };
    *ret_length = sizeof(*ret_address);
    g_assert_cmpint(bind(listener, (struct sockaddr *) ret_address, sizeof(sa_family_t)), ==, 0);
    g_assert_cmpint(getsockname(listener, (struct sockaddr *) ret_address, ret_length), ==, 0);
    g_assert_cmpint(listen(listener, 1), ==, 0);
    return listener;
}

/* --- who asks and does not listen ----------------------------------------------------------------------------------------------- */

/* Says it once, as soon as there is room. FALSE: the other side is gone. */
static gboolean
ask_for_key(SSL *client, Tls *tls)
{
    int result;
    if (SSL_key_update(client, SSL_KEY_UPDATE_REQUESTED) != 1)
        return FALSE;
    while ((result = SSL_do_handshake(client)) != 1 && SSL_get_error(client, result) == SSL_ERROR_WANT_WRITE)
        tls_turn(tls, 0);
    return result == 1;
}

/* New keys asked for again and again: each is answered, and no answer taken. */
static void
test_unread_answers(void)
{
    static const TlsOps ops = { .open = open_pair, .pump = pump, .gone = gone, .woken = nothing, .second = nothing };
    struct sockaddr_un address;
    socklen_t length;
    guint asked = 0;
    gsize most = 0;
    TlsCensus *census = tls_census_new(10, 10);
    SSL_CTX *ours = make_context(), *theirs = SSL_CTX_new(TLS_client_method());
    Tls *tls = tls_new(ours, census, listen_here(&address, &length), &ops, NULL);
    int wire = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(wire, (struct sockaddr *) &address, length), ==, 0);
    SSL *client = SSL_new(theirs);
    SSL_set_fd(client, wire);
    while (SSL_connect(client) != 1)
        tls_turn(tls, 0);
    g_assert_cmpint(SSL_version(client), ==, TLS1_3_VERSION);
    for (; asked < KEYS && tls_count(tls) > 0 && ask_for_key(client, tls); asked++) {
        if (asked % 50 == 0)
            tls_turn(tls, 0);
        const TlsLink *link = g_queue_peek_head(&tls->links);
        most = MAX(most, link ? link->unsent_length : 0);
    }
    g_assert_cmpuint(most, >, TLS_SCRATCH);
    g_assert_cmpuint(most, <=, 2 * TLS_SCRATCH);
    g_assert_cmpuint(asked, <, KEYS);
    tls_turn(tls, 0);
    g_assert_cmpuint(tls_count(tls), ==, 0);
    SSL_free(client);
    close(wire);
    tls_free(tls);
    tls_census_free(census);
    SSL_CTX_free(ours);
    SSL_CTX_free(theirs);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);           /* the client writes to a connection that the front has cut */
    g_test_add_func("/tls/unread answers", test_unread_answers);
    return g_test_run();
}
