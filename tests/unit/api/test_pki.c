/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The certificates: what is in them, when they are kept, when they are made anew, what is refused rather than replaced. */
#include "api/pki.h"
#include "base/fault.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>

static char *directory;

static char *
path_of(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static char *
content_of(const char *name)
{
    g_autofree char *path = path_of(name);
    char *content = NULL;
    g_assert_true(g_file_get_contents(path, &content, NULL, NULL));
    return content;
}

static void
begin(void)
{
    directory = g_dir_make_tmp("shikiri-pki-XXXXXX", NULL);
}

static void
end(void)
{
    static const char *const files[] = { "ca.pem", "ca.key", "server.pem", "server.key" };
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = path_of(files[i]);
        g_remove(path);
    }
    g_assert_cmpint(g_rmdir(directory), ==, 0);         /* no temporary file is left */
    g_clear_pointer(&directory, g_free);
}

static Pki *
open_with(const char *const *names)
{
    g_autoptr(GError) error = NULL;
    Pki *pki = pki_open(directory, names, &error);
    g_assert_no_error(error);
    return pki;
}

static const char *const two_names[] = { "manager.example.jp", "192.0.2.7", "2001:db8::7", NULL };

static void
test_first(void)
{
    begin();
    Pki *pki = open_with(two_names);
    X509 *server = pki_certificate(pki);
    static const char *const wanted[] = { "localhost", "127.0.0.1", "::1", "manager.example.jp", "192.0.2.7", "2001:db8::7", NULL };
    static const char *const missing[] = { "other.example.jp", NULL };
    g_assert_true(pki_covers(server, wanted));
    g_assert_false(pki_covers(server, missing));
    g_assert_false(pki_is_due(pki, clock_wall()));
    g_assert_true(pki_is_due(pki, clock_wall() + G_GINT64_CONSTANT(800) * 24 * 3600 * CLOCK_SECOND));
    static const struct { const char *name; guint mode; } files[] = { { "ca.key", 0600 }, { "server.key", 0600 }, { "ca.pem", 0644 }, { "server.pem", 0644 } };
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = path_of(files[i].name);
        struct stat about;
        g_assert_cmpint(stat(path, &about), ==, 0);
        g_assert_cmpint(about.st_mode & 0777, ==, files[i].mode);
    }
    X509_free(server);
    pki_free(pki);
    end();
}

/* As a client would: the chain holds, for the purpose of a server. */
static void
test_chain(void)
{
    begin();
    Pki *pki = open_with(two_names);
    g_autofree char *pem = pki_pem(pki, PKI_CA);
    BIO *content = BIO_new_mem_buf(pem, -1);
    X509 *ca = PEM_read_bio_X509(content, NULL, NULL, NULL), *server = pki_certificate(pki);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_add_cert(store, ca);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, server, NULL);
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
    g_assert_cmpint(X509_verify_cert(context), ==, 1);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(ca);
    X509_free(server);
    BIO_free(content);
    g_autofree char *ssh = pki_ssh_key(pki, PKI_SERVER);
    g_assert_true(g_str_has_prefix(ssh, "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB"));
    pki_free(pki);
    end();
}

static void
test_kept(void)
{
    static const char *const fewer[] = { "192.0.2.7", NULL };
    static const char *const more[] = { "192.0.2.7", "new.example.jp", NULL };
    begin();
    pki_free(open_with(two_names));
    g_autofree char *ca = content_of("ca.pem");
    g_autofree char *server = content_of("server.pem");
    pki_free(open_with(fewer));             /* a name less is no reason */
    g_autofree char *same = content_of("server.pem");
    g_assert_cmpstr(server, ==, same);
    Pki *pki = open_with(more);
    g_autofree char *fresh = content_of("server.pem");
    g_autofree char *same_ca = content_of("ca.pem");
    g_assert_cmpstr(server, !=, fresh);
    g_assert_cmpstr(ca, ==, same_ca);
    X509 *certificate = pki_certificate(pki);
    g_assert_true(pki_covers(certificate, more));
    g_assert_true(pki_renew(pki, NULL));
    g_autofree char *renewed = content_of("server.pem");
    g_assert_cmpstr(renewed, !=, fresh);
    X509_free(certificate);
    pki_free(pki);
    end();
}

static void
spoil(const char *name, const char *content)
{
    g_autofree char *path = path_of(name);
    if (content)
        g_assert_true(g_file_set_contents(path, content, -1, NULL));
    else
        g_assert_cmpint(g_remove(path), ==, 0);
}

/* What clients trust is never replaced behind their backs; what can be made again is. */
static void
test_spoiled(void)
{
    static const struct { const char *file, *content; gboolean well; } rows[] = {
        { "server.pem", NULL, TRUE }, { "server.pem", "x", TRUE }, { "server.key", NULL, TRUE }, { "server.key", "x", TRUE },
        { "ca.key", NULL, FALSE }, { "ca.pem", NULL, FALSE }, { "ca.key", "x", FALSE }, { "ca.pem", "x", FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        begin();
        pki_free(open_with(two_names));
        spoil(rows[i].file, rows[i].content);
        g_autoptr(GError) error = NULL;
        Pki *pki = pki_open(directory, two_names, &error);
        g_assert_true((pki != NULL) == rows[i].well);
        if (!pki)
            g_assert_cmpint(message_code(fault_message(error)), ==, MSG_API_PKI_BROKEN);
        pki_free(pki);
        end();
    }
}

/* A start that died between the two files of the CA: nobody has seen it yet. */
static void
test_half_made(void)
{
    begin();
    pki_free(open_with(two_names));
    spoil("server.pem", NULL);
    spoil("server.key", NULL);
    spoil("ca.pem", NULL);
    spoil("ca.key.new", "torn");
    pki_free(open_with(two_names));
    pki_free(open_with(two_names));
    end();
}

static void
test_own_names(void)
{
    g_auto(GStrv) names = pki_own_names();
    g_autofree char *host = g_ascii_strdown(g_get_host_name(), -1);
    g_assert_true(g_strv_contains((const char *const *) names, "127.0.0.1"));
    g_assert_true(g_strv_contains((const char *const *) names, host));
    for (guint i = 0; names[i] && names[i + 1]; i++)
        g_assert_cmpint(strcmp(names[i], names[i + 1]), <, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pki/first", test_first);
    g_test_add_func("/pki/chain", test_chain);
    g_test_add_func("/pki/kept", test_kept);
    g_test_add_func("/pki/spoiled", test_spoiled);
    g_test_add_func("/pki/half made", test_half_made);
    g_test_add_func("/pki/own names", test_own_names);
    return g_test_run();
}
