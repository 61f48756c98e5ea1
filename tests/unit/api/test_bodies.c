/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bodies of requests over real TLS: announced and not sent, sent and not wanted, too large, in pieces. */
#include "served.h"

#include "api/limits.h"
#include "api/tls.h"

#include <signal.h>
#include <string.h>

#define ROOT "/ovirt-engine/api"

static void
say(Caller *caller, const char *text)
{
    caller_say(caller, text, strlen(text));
}

static void
assert_fault(const Heard *heard, int status, const char *code)
{
    g_autofree char *element = g_strdup_printf("<code>%s</code>", code);
    g_assert_cmpint(heard->status, ==, status);
    if (!strstr(heard->body.bytes, element) || !g_str_has_prefix(heard->body.bytes, "<fault>"))
        g_error("not %s: %s", code, heard->body.bytes);
}

/* A GET's body is waited for by nobody: whether it comes, comes in part or not at all, there is one answer, and the connection ends. */
static void
test_body_of_get(void)
{
    static const char *const bodies[] = { "", "<action>", "<action></action>", "<action></action>GET / HTTP/1.1\r\n\r\n" };
    g_autofree char *head = g_strdup_printf("GET " ROOT "/vms?max=1 HTTP/1.1\r\nHost: x\r\n%sContent-Type: application/xml\r\nContent-Length: 17\r\n\r\n",
                                            caller_basic());
    for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
        Caller caller = caller_open("127.0.0.1");
        say(&caller, head);
        say(&caller, bodies[i]);
        g_auto(Heard) heard = caller_hear(&caller);
        g_autofree char *connection = heard_header(&heard, "Connection");
        g_assert_cmpint(heard.status, ==, 200);
        g_assert_cmpstr(connection, ==, "close");
        g_assert_true(caller_is_cut(&caller, clock_tick() + 5 * CLOCK_SECOND));
        caller_close(&caller);
    }
    Caller caller = caller_open("127.0.0.1");
    say(&caller, "GET " ROOT " HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n");
    g_auto(Heard) refused = caller_hear(&caller);
    g_assert_cmpint(refused.status, ==, 401);
    caller_close(&caller);
}

static void
test_continue(void)
{
    Caller caller = caller_open("127.0.0.1");
    g_autofree char *head = g_strdup_printf("POST " ROOT "/vms HTTP/1.1\r\nHost: x\r\n%sContent-Type: application/xml\r\nContent-Length: 9\r\n"
                                            "Expect: 100-continue\r\n\r\n", caller_basic());
    say(&caller, head);
    g_auto(Heard) go_on = caller_hear_head(&caller);
    g_assert_cmpint(go_on.status, ==, 100);
    say(&caller, "<vm></vm>");
    g_auto(Heard) heard = caller_hear(&caller);
    g_assert_cmpint(heard.status, ==, 400);             /* a VM needs a name: the body has come */
    caller_close(&caller);
    /* Refused before the body: the answer is the refusal, and no body is waited for. */
    caller = caller_open("127.0.0.1");
    say(&caller, "POST " ROOT "/vms HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n");
    g_auto(Heard) refused = caller_hear_head(&caller);
    g_assert_cmpint(refused.status, ==, 401);
    caller_close(&caller);
}

static void
say_chunks(Caller *caller, gsize total)
{
    g_autofree char *piece = g_malloc(16000 + 10);
    memcpy(piece, "3E80\r\n", 6);
    memset(piece + 6, 'x', 16000);
    memcpy(piece + 6 + 16000, "\r\n", 2);
    for (gsize sent = 0; sent < total; sent += 16000)
        caller_say(caller, piece, 16000 + 8);
    caller_say(caller, "0\r\n\r\n", 5);
}

static void
test_large_bodies(void)
{
    g_autofree char *head = g_strdup_printf("POST " ROOT "/vms HTTP/1.1\r\nHost: x\r\n%sContent-Type: application/xml\r\n", caller_basic());
    g_autofree char *announced = g_strdup_printf("%sContent-Length: 5000000\r\n\r\n", head);
    g_autofree char *chunked = g_strdup_printf("%sTransfer-Encoding: chunked\r\n\r\n", head);
    Caller caller = caller_open("127.0.0.1");
    say(&caller, announced);
    g_auto(Heard) first = caller_hear(&caller);
    assert_fault(&first, 413, "api.body_too_large");
    caller_close(&caller);
    caller = caller_open("127.0.0.1");
    say(&caller, chunked);
    say_chunks(&caller, 5000000);
    g_auto(Heard) second = caller_hear(&caller);
    assert_fault(&second, 413, "api.body_too_large");
    caller_close(&caller);
    /* What is refused for another reason and short leaves the connection whole. */
    caller = caller_open("127.0.0.1");
    for (guint i = 0; i < 2; i++) {
        say(&caller, "POST " ROOT "/vms HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n<vm/>");
        g_auto(Heard) third = caller_hear(&caller);
        g_assert_cmpint(third.status, ==, 401);
        g_assert_false(third.closed);
    }
    caller_close(&caller);
    g_autofree char *form = g_strnfill(LIMIT_FORM + 1, 'x');
    g_auto(Heard) login = caller_ask("POST", "/ovirt-engine/sso/oauth/token", "", form);
    assert_fault(&login, 413, "api.body_too_large");
    g_auto(Heard) media = caller_ask("POST", ROOT "/vms", caller_basic(), "<vm/>");
    assert_fault(&media, 415, "api.content_type");
}

/* A body of 3 MiB comes whole: the reader says what is wrong at its end. */
static void
test_whole_body(void)
{
    g_autofree char *padding = g_strnfill(3 << 20, ' ');
    g_autofree char *body = g_strdup_printf("<vm>%s</oops>", padding);
    g_autofree char *headers = g_strconcat(caller_basic(), "Content-Type: application/xml\r\n", NULL);
    g_auto(Heard) heard = caller_ask("POST", ROOT "/vms", headers, body);
    g_assert_cmpint(heard.status, ==, 400);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);           /* the client writes to connections that the server has cut */
    served_open(10, 2);
    g_test_add_func("/bodies/of a GET", test_body_of_get);
    g_test_add_func("/bodies/continue", test_continue);
    g_test_add_func("/bodies/large", test_large_bodies);
    g_test_add_func("/bodies/whole", test_whole_body);
    int status = g_test_run();
    served_close();
    return status;
}
