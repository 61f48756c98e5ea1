/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A small certificate authority. Files appear whole or not at all (temporary file, fsync, rename); keys are written before what
 * needs them and are readable by the manager alone. What is there and cannot be used is an error, never replaced: clients have
 * been told to trust it. */
#include "api/pki.h"

#include "base/fault.h"
#include "base/lock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CA_DAYS (20 * 365)
#define SERVER_DAYS 825             /* the most that clients of Apple's accept */
#define RENEW_DAYS 30
#define DAY (24 * 60 * 60)
#define MOST_NAMES 256

struct Pki {
    char *directory;
    char **names;                   /* asked for at the start */
    EVP_PKEY *ca_key;
    X509 *ca;
    Lock lock;                      /* of the two below */
    EVP_PKEY *server_key;
    X509 *server;
};

/* --- files --------------------------------------------------------------------------------------------------------------------- */

static gboolean
say_file(const char *verb, const char *file, GError **error)
{
    return fault_set(error, MSG_API_PKI_FILE, "verb", verb, "file", file, "reason", g_strerror(errno), NULL);
}

static gboolean
say_made(GError **error)
{
    char reason[256];
    ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
    return fault_set(error, MSG_API_PKI_MADE, "reason", reason, NULL);
}

static gboolean
write_all(int file, const char *bytes, gsize length)
{
    while (length > 0) {
        gssize count = write(file, bytes, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return FALSE;
        bytes += count;
        length -= (gsize) count;
    }
    return TRUE;
}

static gboolean
sync_directory(const char *directory)
{
    int file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean well = file >= 0 && fsync(file) == 0;
    if (file >= 0)
        close(file);
    return well;
}

static gboolean
write_file(const Pki *pki, const char *name, mode_t mode, BIO *content, GError **error)
{
    char *bytes = NULL;
    long length = BIO_get_mem_data(content, &bytes);
    g_autofree char *path = g_build_filename(pki->directory, name, NULL);
    g_autofree char *fresh = g_strconcat(path, ".new", NULL);
    unlink(fresh);
    int file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (file < 0)
        return say_file("make", fresh, error);
    gboolean well = fchmod(file, mode) == 0 && write_all(file, bytes, (gsize) length) && fsync(file) == 0;
    close(file);
    if (!well || rename(fresh, path) < 0 || !sync_directory(pki->directory))
        return say_file("write", path, error);
    return TRUE;
}

static gboolean
write_key(const Pki *pki, const char *name, EVP_PKEY *key, GError **error)
{
    BIO *content = BIO_new(BIO_s_mem());
    gboolean well = PEM_write_bio_PrivateKey(content, key, NULL, NULL, 0, NULL, NULL) == 1;
    well = well ? write_file(pki, name, 0600, content, error) : say_made(error);
    BIO_free(content);
    return well;
}

static gboolean
write_certificate(const Pki *pki, const char *name, X509 *certificate, GError **error)
{
    BIO *content = BIO_new(BIO_s_mem());
    gboolean well = PEM_write_bio_X509(content, certificate) == 1;
    well = well ? write_file(pki, name, 0644, content, error) : say_made(error);
    BIO_free(content);
    return well;
}

/* NULL without error: there is no such file. */
static BIO *
read_file(const Pki *pki, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(pki->directory, name, NULL);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) why = NULL;
    gsize length = 0;
    struct stat about;
    if (stat(path, &about) < 0 && errno == ENOENT)
        return NULL;
    if (!g_file_get_contents(path, &bytes, &length, &why)) {
        fault_set(error, MSG_API_PKI_FILE, "verb", "read", "file", path, "reason", why->message, NULL);
        return NULL;
    }
    BIO *content = BIO_new(BIO_s_mem());
    BIO_write(content, bytes, (int) length);
    return content;
}

static EVP_PKEY *
read_key(const Pki *pki, const char *name, GError **error)
{
    BIO *content = read_file(pki, name, error);
    EVP_PKEY *key = content ? PEM_read_bio_PrivateKey(content, NULL, NULL, NULL) : NULL;
    BIO_free(content);
    return key;
}

static X509 *
read_certificate(const Pki *pki, const char *name, GError **error)
{
    BIO *content = read_file(pki, name, error);
    X509 *certificate = content ? PEM_read_bio_X509(content, NULL, NULL, NULL) : NULL;
    BIO_free(content);
    return certificate;
}

static gboolean
is_there(const Pki *pki, const char *name)
{
    g_autofree char *path = g_build_filename(pki->directory, name, NULL);
    return access(path, F_OK) == 0;
}

/* --- certificates ------------------------------------------------------------------------------------------------------------------ */

static gboolean
set_serial(X509 *certificate)
{
    guint8 bytes[16];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return FALSE;
    bytes[0] = (bytes[0] & 0x3f) | 0x40;    /* positive, and never shorter */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    gboolean well = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return well;
}

static gboolean
set_subject(X509 *certificate, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    g_autofree char *cut = g_strndup(name, 64);     /* the most a common name may have */
    return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const guchar *) "Shikiri", -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const guchar *) cut, -1, -1, 0) == 1;
}

static gboolean
extend(X509 *certificate, X509 *issuer, int what, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, what, value);
    gboolean well = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return well;
}

/* An hour back, for clients whose clock is late. */
static X509 *
begin_certificate(const char *name, EVP_PKEY *key, int days)
{
    X509 *certificate = X509_new();
    gboolean well = X509_set_version(certificate, 2) == 1 && set_serial(certificate) && set_subject(certificate, name) &&
                    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) && X509_gmtime_adj(X509_getm_notAfter(certificate), (long) days * DAY) &&
                    X509_set_pubkey(certificate, key) == 1;
    if (well)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static gboolean
make_ca(Pki *pki, GError **error)
{
    char host[HOST_NAME_MAX + 1] = "";
    gethostname(host, sizeof(host) - 1);
    g_autofree char *name = g_strdup_printf("Shikiri CA %.50s", host);
    pki->ca_key = EVP_EC_gen("P-256");
    pki->ca = pki->ca_key ? begin_certificate(name, pki->ca_key, CA_DAYS) : NULL;
    gboolean well = pki->ca && X509_set_issuer_name(pki->ca, X509_get_subject_name(pki->ca)) == 1 &&
                    extend(pki->ca, pki->ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                    extend(pki->ca, pki->ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    extend(pki->ca, pki->ca, NID_subject_key_identifier, "hash") && X509_sign(pki->ca, pki->ca_key, EVP_sha256()) > 0;
    if (!well)
        return say_made(error);
    return write_key(pki, "ca.key", pki->ca_key, error) && write_certificate(pki, "ca.pem", pki->ca, error);
}

static gboolean
is_address(const char *name)
{
    guint8 bytes[16];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* What OpenSSL's list syntax would read otherwise is no name of a machine. */
static gboolean
is_name(const char *name)
{
    gsize length = strlen(name);
    return length > 0 && length <= 253 && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == length;
}

static const char *const always[] = { "localhost", "127.0.0.1", "::1", NULL };

/* "DNS:localhost,IP:127.0.0.1,…" */
static char *
alternative_names(const char *const *names)
{
    GString *list = g_string_new(NULL);
    guint count = 0;
    for (const char *const *set = always; set; set = set == always ? names : NULL) {
        for (const char *const *name = set; *name && count < MOST_NAMES; name++) {
            if (!is_address(*name) && !is_name(*name))
                continue;
            g_string_append_printf(list, "%s%s:%s", count++ ? "," : "", is_address(*name) ? "IP" : "DNS", *name);
        }
    }
    return g_string_free(list, FALSE);
}

static X509 *
issue(Pki *pki, EVP_PKEY *key, const char *const *names, GError **error)
{
    char host[HOST_NAME_MAX + 1] = "localhost";
    gethostname(host, sizeof(host) - 1);
    g_autofree char *alternatives = alternative_names(names);
    X509 *server = begin_certificate(host, key, SERVER_DAYS);
    gboolean well = server && X509_set_issuer_name(server, X509_get_subject_name(pki->ca)) == 1 &&
                    extend(server, pki->ca, NID_basic_constraints, "critical,CA:FALSE") &&
                    extend(server, pki->ca, NID_key_usage, "critical,digitalSignature") &&
                    extend(server, pki->ca, NID_ext_key_usage, "serverAuth") &&
                    extend(server, pki->ca, NID_subject_key_identifier, "hash") &&
                    extend(server, pki->ca, NID_authority_key_identifier, "keyid:always") &&
                    extend(server, pki->ca, NID_subject_alt_name, alternatives) && X509_sign(server, pki->ca_key, EVP_sha256()) > 0;
    if (well)
        return server;
    X509_free(server);
    say_made(error);
    return NULL;
}

/* The key first: a certificate whose key is not there would be unusable, a key without certificate is merely made again. */
static gboolean
make_server(Pki *pki, const char *const *names, GError **error)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key ? issue(pki, key, names, error) : NULL;
    gboolean well = certificate && write_key(pki, "server.key", key, error) && write_certificate(pki, "server.pem", certificate, error);
    if (!well) {
        EVP_PKEY_free(key);
        X509_free(certificate);
        return FALSE;
    }
    LOCK_HOLD(&pki->lock);
    EVP_PKEY_free(pki->server_key);
    X509_free(pki->server);
    pki->server_key = key;
    pki->server = certificate;
    return TRUE;
}

/* --- reading ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
say_broken(const Pki *pki, const char *reason, GError **error)
{
    if (error && *error)
        return FALSE;
    return fault_set(error, MSG_API_PKI_BROKEN, "directory", pki->directory, "reason", reason, NULL);
}

/* A CA without its certificate may be what a first start left that died between the two files: nobody trusts it yet. Where it has
 * signed something somebody does. */
static gboolean
open_ca(Pki *pki, GError **error)
{
    if (!is_there(pki, "ca.pem") && is_there(pki, "server.pem"))
        return say_broken(pki, "ca.pem is missing", error);
    if (!is_there(pki, "ca.pem"))
        return make_ca(pki, error);
    if (!is_there(pki, "ca.key"))
        return say_broken(pki, "ca.key is missing", error);
    pki->ca = read_certificate(pki, "ca.pem", error);
    pki->ca_key = pki->ca ? read_key(pki, "ca.key", error) : NULL;
    if (!pki->ca)
        return say_broken(pki, "ca.pem is no certificate", error);
    if (!pki->ca_key)
        return say_broken(pki, "ca.key is no key", error);
    if (X509_check_private_key(pki->ca, pki->ca_key) != 1)
        return say_broken(pki, "ca.key does not belong to ca.pem", error);
    return TRUE;
}

gboolean
pki_covers(X509 *certificate, const char *const *names)
{
    for (; *names; names++) {
        gboolean found = !is_address(*names) && !is_name(*names);
        found = found || (is_address(*names) ? X509_check_ip_asc(certificate, *names, 0) == 1 : X509_check_host(certificate, *names, 0, 0, NULL) == 1);
        if (!found)
            return FALSE;
    }
    return TRUE;
}

static gboolean
ends_soon(X509 *certificate, Wall now)
{
    time_t limit = (time_t) (now / CLOCK_SECOND) + RENEW_DAYS * DAY;
    return X509_cmp_time(X509_get0_notAfter(certificate), &limit) <= 0;
}

/* The server's certificate can always be made anew, so whatever is wrong with it is mended. */
static gboolean
open_server(Pki *pki, GError **error)
{
    pki->server = read_certificate(pki, "server.pem", NULL);
    pki->server_key = pki->server ? read_key(pki, "server.key", NULL) : NULL;
    EVP_PKEY *ca_key = X509_get0_pubkey(pki->ca);
    gboolean well = pki->server_key && X509_check_private_key(pki->server, pki->server_key) == 1 && X509_verify(pki->server, ca_key) == 1 &&
                    !ends_soon(pki->server, clock_wall()) && pki_covers(pki->server, always) &&
                    pki_covers(pki->server, (const char *const *) pki->names);
    ERR_clear_error();
    return well || make_server(pki, (const char *const *) pki->names, error);
}

Pki *
pki_open(const char *directory, const char *const *names, GError **error)
{
    Pki *pki = g_new0(Pki, 1);
    pki->directory = g_strdup(directory);
    pki->names = g_strdupv((char **) names);
    lock_init(&pki->lock);
    gboolean well = g_mkdir_with_parents(directory, 0755) == 0 || say_file("make", directory, error);
    if (well && open_ca(pki, error) && open_server(pki, error))
        return pki;
    pki_free(pki);
    return NULL;
}

void
pki_free(Pki *pki)
{
    if (!pki)
        return;
    EVP_PKEY_free(pki->ca_key);
    EVP_PKEY_free(pki->server_key);
    X509_free(pki->ca);
    X509_free(pki->server);
    lock_clear(&pki->lock);
    g_strfreev(pki->names);
    g_free(pki->directory);
    g_free(pki);
}

gboolean
pki_is_due(Pki *pki, Wall now)
{
    LOCK_HOLD(&pki->lock);
    return ends_soon(pki->server, now);
}

gboolean
pki_renew(Pki *pki, GError **error)
{
    g_auto(GStrv) names = pki_own_names();
    return make_server(pki, (const char *const *) names, error);
}

X509 *
pki_certificate(Pki *pki)
{
    LOCK_HOLD(&pki->lock);
    X509_up_ref(pki->server);
    return pki->server;
}

EVP_PKEY *
pki_key(Pki *pki)
{
    LOCK_HOLD(&pki->lock);
    EVP_PKEY_up_ref(pki->server_key);
    return pki->server_key;
}

char *
pki_pem(Pki *pki, PkiWhat what)
{
    char *bytes = NULL;
    BIO *content = BIO_new(BIO_s_mem());
    LOCK_HOLD(&pki->lock);
    PEM_write_bio_X509(content, what == PKI_CA ? pki->ca : pki->server);
    long length = BIO_get_mem_data(content, &bytes);
    char *pem = g_strndup(bytes, (gsize) length);
    BIO_free(content);
    return pem;
}

static void
add_field(GByteArray *blob, gconstpointer bytes, gsize length)
{
    guint32 size = g_htonl((guint32) length);
    g_byte_array_append(blob, (const guint8 *) &size, sizeof(size));
    g_byte_array_append(blob, bytes, (guint) length);
}

/* RFC 5656: the curve's names, then the point. */
char *
pki_ssh_key(Pki *pki, PkiWhat what)
{
    guint8 point[256];
    size_t length = 0;
    lock_take(&pki->lock);
    EVP_PKEY *key = X509_get0_pubkey(what == PKI_CA ? pki->ca : pki->server);
    EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", point, sizeof(point), &length);
    lock_drop(&pki->lock);
    g_autoptr(GByteArray) blob = g_byte_array_new();
    add_field(blob, "ecdsa-sha2-nistp256", 19);
    add_field(blob, "nistp256", 8);
    add_field(blob, point, length);
    g_autofree char *text = g_base64_encode(blob->data, blob->len);
    return g_strconcat("ecdsa-sha2-nistp256 ", text, "\n", NULL);
}

/* --- this machine's names -------------------------------------------------------------------------------------------------------------- */

static void
add_own_addresses(GHashTable *names, GHashTable *own)
{
    struct ifaddrs *all = NULL;
    if (getifaddrs(&all) < 0)
        return;
    for (struct ifaddrs *at = all; at; at = at->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *) at->ifa_addr;
        const struct sockaddr_in *four = (const struct sockaddr_in *) at->ifa_addr;
        if (!at->ifa_addr || !(at->ifa_flags & IFF_UP))
            continue;
        if (at->ifa_addr->sa_family == AF_INET)
            inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
        else if (at->ifa_addr->sa_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr))
            inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
        else
            continue;       /* link-local addresses need a scope, which no URL of a client has */
        g_hash_table_add(names, g_strdup(text));
        g_hash_table_add(own, g_strdup(text));
    }
    freeifaddrs(all);
}

/* The hosts file's names of our own addresses. Asking DNS could take as long as its servers are away. */
static void
add_names_of_hosts(GHashTable *names, GHashTable *own)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/etc/hosts", &text, NULL, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", 1000);
    for (char **line = lines; *line; line++) {
        (*line)[strcspn(*line, "#")] = '\0';
        g_auto(GStrv) words = g_strsplit_set(g_strstrip(*line), " \t", 64);
        gboolean mine = words[0] && (g_hash_table_contains(own, words[0]) || g_str_has_prefix(words[0], "127.0.1."));
        for (char **word = words + 1; mine && *word; word++) {
            if (is_name(*word) && !g_str_has_prefix(*word, "ip6-"))
                g_hash_table_add(names, g_ascii_strdown(*word, -1));
            if (!word[1])
                break;
        }
    }
}

static void
add_host_name(GHashTable *names)
{
    char host[HOST_NAME_MAX + 1] = "";
    if (gethostname(host, sizeof(host) - 1) < 0 || !is_name(host))
        return;
    g_hash_table_add(names, g_ascii_strdown(host, -1));
    host[strcspn(host, ".")] = '\0';
    g_hash_table_add(names, g_ascii_strdown(host, -1));
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

char **
pki_own_names(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GPtrArray *sorted = g_ptr_array_new();
    GHashTableIter iter;
    char *name;
    add_host_name(names);
    add_own_addresses(names, own);
    add_names_of_hosts(names, own);
    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, (gpointer *) &name, NULL))
        g_ptr_array_add(sorted, g_strdup(name));
    g_ptr_array_sort(sorted, compare_names);
    g_ptr_array_add(sorted, NULL);
    return (char **) g_ptr_array_free(sorted, FALSE);
}
