/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The api of served.h. The store's symbols are defined here, so the real one is not linked. */
#include "served.h"

#include "api/password.h"
#include "base/lock.h"
#include "job/machine.h"
#include "model/places.h"
#include "model/vm.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static struct {
    Loop *loop;
    Thread *thread;
    Inventory *inventory;
    Feed *feed;
    Statistics *statistics;
    Hosts *hosts;
    Engine *engine;
    Api *api;
    char *dir;
    Id admin;
    SSL_CTX *context;
} served;

/* --- the store: takes everything ----------------------------------------------------------------------------------------------- */

void
store_write(G_GNUC_UNUSED Store *store, G_GNUC_UNUSED const Changes *changes, StoreDone done, gpointer data)
{
    done(data, NULL);
}

void
store_resume(G_GNUC_UNUSED Store *store)
{
}

Message *
store_trouble(G_GNUC_UNUSED Store *store)
{
    return NULL;
}

char *
store_kept(G_GNUC_UNUSED Store *store, G_GNUC_UNUSED const char *space, G_GNUC_UNUSED const Id *id, G_GNUC_UNUSED GError **error)
{
    return NULL;
}

guint64
store_next_event(G_GNUC_UNUSED Store *store)
{
    return 1;
}

static guint vms_wanted;

static gpointer
add_named(Changes *changes, const Type *type, const char *name)
{
    Object *object = object_new(type);
    object->id = id_named(&id_null, name);
    return changes_add(changes, object);
}

static void
add_vms(Changes *changes, const Id *cluster)
{
    for (guint i = 0; i < vms_wanted; i++) {
        g_autofree char *name = g_strdup_printf("vm%05u", i);
        Vm *vm = add_named(changes, &vm_type, name);
        vm->name = g_strdup(name);
        vm->memory = G_GINT64_CONSTANT(1) << 30;
        vm->cluster.id = *cluster;
    }
}

gboolean
store_load(G_GNUC_UNUSED Store *store, Changes *changes, G_GNUC_UNUSED GError **error)
{
    DataCenter *center = add_named(changes, &data_center_type, "center");
    center->name = g_strdup("Default");
    Cluster *cluster = add_named(changes, &cluster_type, "cluster");
    cluster->name = g_strdup("Default");
    cluster->data_center.id = center->object.id;
    User *user = add_named(changes, &user_type, "admin");
    served.admin = user->object.id;
    user->name = g_strdup("admin");
    user->user_name = g_strdup("admin@internal-authz");
    user->password = password_hash(SERVED_PASSWORD);
    add_vms(changes, &cluster->object.id);
    return TRUE;
}

/* --- life ------------------------------------------------------------------------------------------------------------------------ */

static gpointer
run_loop(gpointer data)
{
    loop_run(data);
    return NULL;
}

static void
open_engine(void)
{
    g_autoptr(GError) error = NULL;
    served.loop = loop_new();
    served.inventory = inventory_new();
    served.feed = feed_new(1000);
    served.statistics = statistics_new();
    served.hosts = hosts_new();
    EngineParts parts = { .loop = served.loop, .inventory = served.inventory, .feed = served.feed, .hosts = served.hosts,
                          .statistics = served.statistics, .workers = 2 };
    served.engine = engine_new(&parts);
    g_assert_true(engine_start(served.engine, &error));
    g_assert_no_error(error);
}

static void
open_client(void)
{
    g_autofree char *ca = g_build_filename(served.dir, "pki", "ca.pem", NULL);
    served.context = SSL_CTX_new(TLS_client_method());
    g_assert_cmpint(SSL_CTX_load_verify_locations(served.context, ca, NULL), ==, 1);
    SSL_CTX_set_verify(served.context, SSL_VERIFY_PEER, NULL);
}

void
served_open(guint vms, guint threads)
{
    g_autoptr(GError) error = NULL;
    vms_wanted = vms;
    served.dir = g_dir_make_tmp("shikiri-api-XXXXXX", NULL);
    open_engine();
    ApiConfig config = { .listen = "127.0.0.1:0", .data_dir = served.dir, .threads = threads };
    served.api = api_new(&config, served.engine, &error);
    g_assert_no_error(error);
    served.thread = thread_new("writer", run_loop, served.loop);
    api_start(served.api);
    open_client();
}

static void
remove_dir(void)
{
    static const char *const files[] = { "pki/ca.pem", "pki/ca.key", "pki/server.pem", "pki/server.key", "pki", "." };
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(served.dir, files[i], NULL);
        g_remove(path);
    }
    g_rmdir(served.dir);
}

void
served_close(void)
{
    api_stop(served.api);
    loop_quit(served.loop);
    thread_join(served.thread);
    engine_stop(served.engine);
    api_free(served.api);
    engine_free(served.engine);
    hosts_free(served.hosts);
    statistics_free(served.statistics);
    feed_free(served.feed);
    inventory_free(served.inventory);
    loop_free(served.loop);
    SSL_CTX_free(served.context);
    remove_dir();
    g_free(served.dir);
    memset(&served, 0, sizeof(served));
}

guint
served_port(void)
{
    return api_port(served.api);
}

Engine *
served_engine(void)
{
    return served.engine;
}

const char *
served_dir(void)
{
    return served.dir;
}

Id
served_admin(void)
{
    return served.admin;
}

typedef struct {
    gpointer object;
    gint done;
} Put;

static void
note_put(gpointer data, const GError *error)
{
    g_assert_no_error(error);
    g_atomic_int_set((gint *) data, 1);
}

static void
put_now(gpointer data)
{
    Put *put = data;
    Object *object = put->object;
    Changes *changes = commit_begin(served.engine->commit);
    Vm *known = changes_edit(changes, object->type, &object->id);
    if (known) {
        text_set(&known->description, ((const Vm *) put->object)->description);
        object_unref(object);
    } else {
        changes_add(changes, object);
    }
    g_assert_true(commit_put(served.engine->commit, changes, note_put, &put->done, NULL));
}

void
served_put(gpointer take)
{
    Put put = { take, 0 };
    loop_post(served.loop, put_now, &put);
    while (!g_atomic_int_get(&put.done))
        g_usleep(100);
}

guint
served_events(int code)
{
    g_autoptr(View) view = inventory_view(served.inventory);
    guint count = 0;
    ViewWalk walk = view_walk(view, &event_type);
    for (const Event *event; (event = view_next(&walk));)
        count += event->code == code;
    return count;
}

/* --- the client -------------------------------------------------------------------------------------------------------------------- */

Caller
caller_open(const char *from)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = g_htons((guint16) served_port()) }, own = { .sin_family = AF_INET };
    Caller caller = { socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), NULL };
    int yes = 1;
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    inet_pton(AF_INET, from, &own.sin_addr);
    setsockopt(caller.socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    g_assert_cmpint(bind(caller.socket, (struct sockaddr *) &own, sizeof(own)), ==, 0);
    g_assert_cmpint(connect(caller.socket, (struct sockaddr *) &to, sizeof(to)), ==, 0);
    caller.ssl = SSL_new(served.context);
    SSL_set_fd(caller.ssl, caller.socket);
    if (SSL_connect(caller.ssl) != 1) {
        SSL_free(caller.ssl);
        caller.ssl = NULL;
    }
    return caller;
}

void
caller_close(Caller *caller)
{
    SSL_free(caller->ssl);
    if (caller->socket >= 0)
        close(caller->socket);
    *caller = (Caller) { -1, NULL };
}

/* A server that has said its last word may close while we speak. */
void
caller_say(Caller *caller, const char *bytes, gsize length)
{
    size_t written;
    if (length)
        SSL_write_ex(caller->ssl, bytes, length, &written);
}

void
caller_goodbye(Caller *caller)
{
    SSL_shutdown(caller->ssl);
    shutdown(caller->socket, SHUT_WR);
}

static gboolean
wait_for_bytes(Caller *caller, Tick limit)
{
    struct pollfd wait = { .fd = caller->socket, .events = POLLIN };
    if (SSL_has_pending(caller->ssl))
        return TRUE;
    return poll(&wait, 1, (int) (MAX(limit - clock_tick(), 0) / 1000)) > 0;
}

/* -1: nothing until LIMIT; 0: the end. */
static int
read_byte(Caller *caller, char *ret_byte, Tick limit)
{
    size_t count;
    if (!wait_for_bytes(caller, limit))
        return -1;
    return SSL_read_ex(caller->ssl, ret_byte, 1, &count) == 1 ? 1 : 0;
}

static gboolean
read_line(Caller *caller, Text *line, Tick limit)
{
    char byte = 0;
    text_reset(line);
    text_grow(line, 1);
    while (read_byte(caller, &byte, limit) == 1) {
        if (byte == '\n') {
            line->length -= line->length && line->bytes[line->length - 1] == '\r';
            line->bytes[line->length] = '\0';
            return TRUE;
        }
        text_add_bytes(line, &byte, 1);
    }
    return FALSE;
}

static gboolean
read_bytes(Caller *caller, Text *body, gsize count)
{
    gsize start = body->length;
    text_grow(body, count);
    while (body->length - start < count) {
        size_t got = 0;
        if (SSL_read_ex(caller->ssl, body->bytes + body->length, count - (body->length - start), &got) != 1)
            return FALSE;
        body->length += got;
    }
    return TRUE;
}

void
heard_clear(Heard *heard)
{
    g_clear_pointer(&heard->head, g_free);
    text_clear(&heard->body);
}

char *
heard_header(const Heard *heard, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(heard->head ? heard->head : "", "\n", -1);
    gsize length = strlen(name);
    for (char **line = lines; *line; line++) {
        if (g_ascii_strncasecmp(*line, name, length) == 0 && (*line)[length] == ':')
            return g_strstrip(g_strdup(*line + length + 1));
    }
    return NULL;
}

Heard
caller_hear_head(Caller *caller)
{
    Heard heard = { 0 };
    g_auto(Text) line = TEXT_EMPTY, head = TEXT_EMPTY;
    Tick limit = clock_tick() + 60 * CLOCK_SECOND;
    while (read_line(caller, &line, limit)) {
        if (line.length == 0) {
            heard.head = text_take(&head);
            heard.status = strlen(heard.head) > 12 ? atoi(heard.head + 9) : 0;
            return heard;
        }
        text_add_bytes(&head, line.bytes, line.length);
        text_add_literal(&head, "\n");
    }
    heard.closed = TRUE;
    return heard;
}

static void
read_chunks(Caller *caller, Heard *heard)
{
    g_auto(Text) line = TEXT_EMPTY;
    Tick limit = clock_tick() + 60 * CLOCK_SECOND;
    while (read_line(caller, &line, limit)) {
        gsize size = g_ascii_strtoull(line.bytes, NULL, 16);
        if (size && !read_bytes(caller, &heard->body, size))
            break;
        if (!read_line(caller, &line, limit) || size == 0)
            break;
    }
}

Heard
caller_hear(Caller *caller)
{
    Heard heard = caller_hear_head(caller);
    g_autofree char *length = heard_header(&heard, "Content-Length");
    g_autofree char *encoding = heard_header(&heard, "Transfer-Encoding");
    g_autofree char *connection = heard_header(&heard, "Connection");
    if (heard.status == 100) {
        heard_clear(&heard);
        return caller_hear(caller);
    }
    if (length)
        read_bytes(caller, &heard.body, g_ascii_strtoull(length, NULL, 10));
    else if (encoding)
        read_chunks(caller, &heard);
    text_grow(&heard.body, 1);
    heard.body.bytes[heard.body.length] = '\0';
    heard.closed |= connection && g_ascii_strcasecmp(connection, "close") == 0;
    return heard;
}

/* A line of at most four hexadecimal digits is a chunk's length; our stream has no such lines. */
/* Chunks end where they like, also within a line. */
static gboolean
read_chunked_byte(Caller *caller, char *byte, Tick limit)
{
    g_auto(Text) line = TEXT_EMPTY;
    while (caller->chunk == 0) {
        if (!read_line(caller, &line, limit))
            return FALSE;
        caller->chunk = g_ascii_strtoull(line.bytes, NULL, 16);
        if (line.length && caller->chunk == 0)
            return FALSE;           /* the last */
    }
    caller->chunk--;
    return read_byte(caller, byte, limit) == 1;
}

char *
caller_hear_line(Caller *caller, Tick limit)
{
    g_autoptr(GString) line = g_string_new(NULL);
    for (char byte; read_chunked_byte(caller, &byte, limit);) {
        if (byte != '\n')
            g_string_append_c(line, byte);
        else if (line->len)
            return g_strdup(line->str);
    }
    return NULL;
}

gboolean
caller_is_cut(Caller *caller, Tick limit)
{
    char byte;
    int got;
    while ((got = read_byte(caller, &byte, limit)) == 1)
        continue;
    return got == 0;
}

Heard
caller_ask(const char *method, const char *target, const char *headers, const char *body)
{
    Caller caller = caller_open("127.0.0.1");
    g_auto(Text) text = TEXT_EMPTY;
    text_printf(&text, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s", method, target, headers);
    if (body)
        text_printf(&text, "Content-Length: %" G_GSIZE_FORMAT "\r\n", strlen(body));
    text_printf(&text, "\r\n%s", body ? body : "");
    caller_say(&caller, text.bytes, text.length);
    Heard heard = g_str_equal(method, "HEAD") ? caller_hear_head(&caller) : caller_hear(&caller);
    caller_close(&caller);
    return heard;
}

const char *
caller_basic(void)
{
    static char line[256];
    g_autofree char *text = g_strdup_printf("admin@internal:%s", SERVED_PASSWORD);
    g_autofree char *encoded = g_base64_encode((const guchar *) text, strlen(text));
    g_snprintf(line, sizeof(line), "Authorization: Basic %s\r\n", encoded);
    return line;
}
