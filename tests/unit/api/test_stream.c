/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The event stream: what changes comes at once and once, a follower resumes where it was, and is told when it cannot. */
#include "served.h"

#include "api/limits.h"
#include "model/vm.h"

#include <string.h>

#define STREAM "/ovirt-engine/api/events/stream"
#define FORM "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=correct+horse"

static Caller
follow(const char *query, const char *headers)
{
    Caller caller = caller_open("127.0.0.1");
    g_autofree char *asked = g_strdup_printf("GET " STREAM "%s HTTP/1.1\r\nHost: x\r\n%s%s\r\n", query, caller_basic(), headers);
    caller_say(&caller, asked, strlen(asked));
    g_auto(Heard) head = caller_hear_head(&caller);
    g_autofree char *media = heard_header(&head, "Content-Type");
    g_assert_cmpint(head.status, ==, 200);
    g_assert_cmpstr(media, ==, "text/event-stream");
    return caller;
}

/* The next line that begins with PREFIX, without it; NULL if none comes soon. */
static char *
next(Caller *caller, const char *prefix)
{
    Tick limit = clock_tick() + 3 * CLOCK_SECOND;
    for (char *line; (line = caller_hear_line(caller, limit)); g_free(line)) {
        if (!g_str_has_prefix(line, prefix))
            continue;
        char *rest = g_strdup(line + strlen(prefix));
        g_free(line);
        return rest;
    }
    return NULL;
}

static void
put_vm(guint number, const char *description)
{
    g_autofree char *name = g_strdup_printf("stream%u", number);
    Vm *vm = object_new(&vm_type);
    vm->object.id = id_named(&id_null, name);
    vm->name = g_strdup(name);
    vm->cluster.id = id_named(&id_null, "cluster");
    text_set(&vm->description, description);
    served_put(vm);
}

static void
test_changes(void)
{
    Caller caller = follow("?types=vm", "");
    put_vm(1, "first");
    g_autofree char *id = next(&caller, "id: ");
    g_autofree char *added = next(&caller, "data: ");
    g_assert_nonnull(id);
    g_assert_true(g_str_has_prefix(added, "{\"op\":\"add\",\"type\":\"vm\",\"id\":\""));
    g_assert_nonnull(strstr(added, "\"name\":\"stream1\""));
    g_assert_nonnull(strstr(added, "\"href\":\"/ovirt-engine/api/vms/"));
    put_vm(1, "second");
    g_autofree char *updated = next(&caller, "data: ");
    g_test_message("%s", updated);
    g_assert_true(g_str_has_prefix(updated, "{\"op\":\"update\""));
    g_assert_nonnull(strstr(updated, "\"description\":\"second\""));
    caller_close(&caller);
}

/* Who has logged out hears nothing more. */
static void
test_logged_out(void)
{
    g_auto(Heard) given = caller_ask("POST", "/ovirt-engine/sso/oauth/token", "Content-Type: application/x-www-form-urlencoded\r\n", FORM);
    char *token = strstr(given.body.bytes, "\"access_token\":\"");
    g_assert_nonnull(token);
    g_autofree char *secret = g_strndup(token + strlen("\"access_token\":\""), 43);
    g_autofree char *bearer = g_strdup_printf("Authorization: Bearer %s\r\n", secret), *form = g_strdup_printf("token=%s", secret);
    Caller caller = caller_open("127.0.0.1");
    g_autofree char *asked = g_strdup_printf("GET " STREAM "?types=vm HTTP/1.1\r\nHost: x\r\n%s\r\n", bearer);
    caller_say(&caller, asked, strlen(asked));
    g_auto(Heard) head = caller_hear_head(&caller);
    g_assert_cmpint(head.status, ==, 200);
    g_auto(Heard) revoked = caller_ask("POST", "/ovirt-engine/sso/oauth/revoke", "Content-Type: application/x-www-form-urlencoded\r\n", form);
    g_assert_cmpint(revoked.status, ==, 200);
    put_vm(9, "after the end");
    g_autofree char *heard = next(&caller, "data: ");
    g_assert_null(heard);
    caller_close(&caller);
}

static void
test_types(void)
{
    Caller caller = follow("?types=disk,job", "");
    put_vm(2, "not followed");
    g_autofree char *first = next(&caller, "data: ");
    g_assert_null(first);
    caller_close(&caller);
    g_auto(Heard) wrong = caller_ask("GET", STREAM "?types=vm,nonsense", caller_basic(), NULL);
    g_assert_cmpint(wrong.status, ==, 400);
    g_auto(Heard) posted = caller_ask("DELETE", STREAM, caller_basic(), NULL);
    g_assert_cmpint(posted.status, ==, 405);
    g_auto(Heard) stranger = caller_ask("GET", STREAM, "", NULL);
    g_assert_cmpint(stranger.status, ==, 401);
}

/* What happened while nobody listened comes first, each object once and at its newest. */
static void
test_resume(void)
{
    Caller caller = follow("?types=vm", "");
    put_vm(3, "a");
    g_free(next(&caller, "id: "));      /* of the greeting */
    g_autofree char *id = next(&caller, "id: ");
    g_autofree char *seen = next(&caller, "data: ");
    g_assert_nonnull(strstr(seen, "stream3"));
    caller_close(&caller);
    put_vm(4, "b");
    put_vm(5, "c");
    put_vm(4, "b again");
    g_autofree char *header = g_strdup_printf("Last-Event-ID: %s\r\n", id);
    g_autofree char *query = g_strdup_printf("?types=vm&from=%s", id);
    for (guint i = 0; i < 2; i++) {
        caller = follow(i == 0 ? "?types=vm" : query, i == 0 ? header : "");
        g_autofree char *first = next(&caller, "data: ");
        g_autofree char *second = next(&caller, "data: ");
        g_assert_nonnull(strstr(first, "stream5"));
        g_assert_nonnull(strstr(second, "b again"));
        caller_close(&caller);
    }
}

static void
test_reset(void)
{
    static const struct { const char *token, *reason; } rows[] = {
        { "deadbeef-1", "another start" }, { "nonsense", "another start" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *query = g_strdup_printf("?types=vm&from=%s", rows[i].token);
        Caller caller = follow(query, "");
        g_autofree char *event = next(&caller, "event: ");
        g_autofree char *data = next(&caller, "data: ");
        g_assert_cmpstr(event, ==, "reset");
        g_assert_nonnull(strstr(data, rows[i].reason));
        put_vm(6, rows[i].token);           /* and goes on from here */
        g_autofree char *then = next(&caller, "data: ");
        g_assert_nonnull(strstr(then, "stream6"));
        caller_close(&caller);
    }
    /* The feed keeps 1000 objects: who comes from before them cannot be told what he missed. */
    Caller caller = follow("?types=vm", "");
    g_autofree char *id = next(&caller, "id: ");
    caller_close(&caller);
    for (guint i = 0; i < 1100; i++)
        put_vm(1000 + i, "many");
    g_autofree char *query = g_strdup_printf("?from=%s", id);
    caller = follow(query, "");
    g_autofree char *event = next(&caller, "event: ");
    g_autofree char *data = next(&caller, "data: ");
    g_assert_cmpstr(event, ==, "reset");
    g_assert_nonnull(strstr(data, "too old"));
    caller_close(&caller);
}

/* Many objects at once: none is lost between the batches. */
static void
test_many(void)
{
    Caller caller = follow("?types=vm", "");
    for (guint i = 0; i < 300; i++)
        put_vm(5000 + i, "batch");
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    while (g_hash_table_size(seen) < 300) {
        g_autofree char *data = next(&caller, "data: ");
        g_assert_nonnull(data);
        const char *name = strstr(data, "\"name\":\"stream5");
        if (!name)
            g_error("after %u VMs there came: %s", g_hash_table_size(seen), data);
        g_hash_table_add(seen, g_strndup(name + 8, strcspn(name + 8, "\"")));
    }
    caller_close(&caller);
}

static int
compare_ticks(gconstpointer a, gconstpointer b)
{
    return *(const Tick *) a < *(const Tick *) b ? -1 : *(const Tick *) a > *(const Tick *) b;
}

/* From publishing to the line in the client, within this process: told, and never seconds. */
static void
test_latency(void)
{
    Tick spent[200];
    Caller caller = follow("?types=vm", "");
    for (guint i = 0; i < G_N_ELEMENTS(spent); i++) {
        g_autofree char *description = g_strdup_printf("turn %u", i);
        Tick begun = clock_tick();
        put_vm(9, description);
        g_autofree char *data = next(&caller, "data: ");
        spent[i] = clock_tick() - begun;
        g_assert_nonnull(strstr(data, description));
    }
    qsort(spent, G_N_ELEMENTS(spent), sizeof(Tick), compare_ticks);
    g_test_message("median %" G_GINT64_FORMAT " us, p99 %" G_GINT64_FORMAT " us", spent[100], spent[198]);
    g_assert_cmpint(spent[100], <, 100000);
    caller_close(&caller);
}

static void
test_too_many(void)
{
    GArray *followers = g_array_new(FALSE, FALSE, sizeof(Caller));
    for (guint i = 0; i < LIMIT_STREAMS; i++) {
        Caller caller = follow("", "");
        g_array_append_val(followers, caller);
    }
    g_auto(Heard) refused = caller_ask("GET", STREAM, caller_basic(), NULL);
    g_assert_cmpint(refused.status, ==, 503);
    put_vm(7, "to all");
    for (guint i = 0; i < followers->len; i++) {
        Caller *caller = &g_array_index(followers, Caller, i);
        g_autofree char *data = next(caller, "data: ");
        g_assert_nonnull(strstr(data, "stream7"));
        caller_close(caller);
    }
    g_array_unref(followers);
    /* Their places are free again, though nothing has happened since. */
    g_usleep(CLOCK_SECOND / 2);
    Caller caller = follow("", "");
    caller_close(&caller);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    served_open(0, 2);
    g_test_add_func("/stream/changes", test_changes);
    g_test_add_func("/stream/logged out", test_logged_out);
    g_test_add_func("/stream/types", test_types);
    g_test_add_func("/stream/resume", test_resume);
    g_test_add_func("/stream/reset", test_reset);
    g_test_add_func("/stream/many", test_many);
    g_test_add_func("/stream/latency", test_latency);
    g_test_add_func("/stream/too many", test_too_many);
    int result = g_test_run();
    served_close();
    return result;
}
