/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * /metrics over the wire: numbers are for whoever has said who he is, as everything is that tells of VMs. */
#include "served.h"

#define VMS 2000

static void
assert_refused(const Heard *heard, int status, const char *code)
{
    g_assert_cmpint(heard->status, ==, status);
    g_assert_nonnull(strstr(heard->body.bytes, code));
}

static void
test_who(void)
{
    g_auto(Heard) nobody = caller_ask("GET", "/metrics", "", NULL), wrong = caller_ask("GET", "/metrics", "Authorization: Basic YWRtaW46d3Jvbmc=\r\n", NULL);
    g_autofree char *challenge = heard_header(&nobody, "WWW-Authenticate");
    assert_refused(&nobody, 401, "api.not_authenticated");
    assert_refused(&wrong, 401, "api.login_failed");
    g_assert_cmpstr(challenge, ==, "Basic realm=\"RESTAPI\"");
}

static void
test_text(void)
{
    g_auto(Heard) well = caller_ask("GET", "/metrics", caller_basic(), NULL);
    g_autofree char *media = heard_header(&well, "Content-Type");
    g_assert_cmpint(well.status, ==, 200);
    g_assert_cmpstr(media, ==, "text/plain; version=0.0.4; charset=utf-8");
    g_assert_nonnull(strstr(well.body.bytes, "# TYPE shikiri_vm_up gauge\nshikiri_vm_up{name="));
    guint lines = 0;
    for (const char *at = well.body.bytes; (at = strstr(at, "\nshikiri_vm_up{")); at++)
        lines++;
    g_assert_cmpuint(lines, ==, VMS);
}

/* The text is never whole in memory, so nobody knows its length before; a client that only wants the head gets that and the end. */
static void
test_pieces(void)
{
    g_autofree char *head = g_strdup_printf("HEAD /metrics HTTP/1.1\r\nHost: x\r\n%s\r\n", caller_basic());
    g_autofree char *get = g_strdup_printf("GET /metrics HTTP/1.1\r\nHost: x\r\n%s\r\n", caller_basic());
    Caller curt = caller_open("127.0.0.1"), caller = caller_open("127.0.0.1");
    caller_say(&curt, head, strlen(head));
    g_auto(Heard) first = caller_hear_head(&curt);
    g_autofree char *connection = heard_header(&first, "Connection");
    g_assert_cmpint(first.status, ==, 200);
    g_assert_cmpstr(connection, ==, "close");
    g_assert_true(caller_is_cut(&curt, clock_tick() + 10 * CLOCK_SECOND));
    for (guint i = 0; i < 2; i++) {
        caller_say(&caller, get, strlen(get));
        g_auto(Heard) heard = caller_hear(&caller);
        g_autofree char *encoding = heard_header(&heard, "Transfer-Encoding"), *length = heard_header(&heard, "Content-Length");
        g_assert_cmpstr(encoding, ==, "chunked");
        g_assert_null(length);
        g_assert_cmpuint(heard.body.length, >, VMS * 50);
    }
    caller_close(&curt);
    caller_close(&caller);
}

static void
test_beside(void)
{
    g_auto(Heard) post = caller_ask("POST", "/metrics", caller_basic(), "x"), below = caller_ask("GET", "/metrics/more", caller_basic(), NULL);
    assert_refused(&post, 405, "api.method");
    assert_refused(&below, 404, "api.no_path");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    served_open(VMS, 2);
    g_test_add_func("/scrape/who", test_who);
    g_test_add_func("/scrape/text", test_text);
    g_test_add_func("/scrape/pieces", test_pieces);
    g_test_add_func("/scrape/beside", test_beside);
    int status = g_test_run();
    served_close();
    return status;
}
