/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is said to an agent, and what its answers come to: honest ones, and those of a guest that is nobody's friend. */
#include "host/guest_command.h"

#include <string.h>

static void
test_words(void)
{
    static const char *const arguments[] = { "a \"quoted\" one", "\n", NULL };
    g_autoptr(GBytes) input = g_bytes_new_static("\0\1", 2);
    const GuestCommand command = { "/bin/x", arguments, input };
    g_autofree char *begin = guest_command_begin(&command), *ask = guest_command_ask(12);
    g_assert_cmpstr(begin, ==, "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"/bin/x\",\"arg\":[\"a \\\"quoted\\\" one\",\"\\n\"],"
                                "\"input-data\":\"AAE=\",\"capture-output\":true}}");
    g_assert_cmpstr(ask, ==, "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":12}}");
}

static void
test_begun(void)
{
    static const char *const bad[] = { "", "x", "{}", "[]", "null", "{\"return\":1}", "{\"return\":{}}", "{\"return\":{\"pid\":\"1\"}}", "{\"return\":{\"pid\":-1}}",
                                       "{\"return\":{\"pid\":99999999999}}", "{\"return\":{\"pid\":1}", "{\"return\":{\"pid\":[[[[[[1]]]]]]}}" };
    gint64 pid = 5;
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(guest_command_begun(bad[i], &pid));
    g_assert_cmpint(pid, ==, 5);
    g_assert_true(guest_command_begun("{\"return\":{\"pid\":812}}", &pid));
    g_assert_cmpint(pid, ==, 812);
}

static GuestRun
read_answer(const char *answer)
{
    GuestRun run = { 0 };
    guest_run_clear(&run);
    run.pid = 9;
    guest_command_read(answer, &run);
    g_assert_cmpint(run.pid, ==, 9);
    return run;
}

static void
test_ends(void)
{
    GuestRun run = read_answer("{\"return\":{\"exited\":true,\"exitcode\":3,\"out-data\":\"AAECA/8=\",\"err-truncated\":true}}");
    g_assert_cmpint(run.state, ==, GUEST_RUN_EXITED);
    g_assert_cmpint(run.exit_code, ==, 3);
    g_assert_cmpint(run.signal, ==, -1);
    g_assert_cmpstr(run.out_data, ==, "AAECA/8=");
    g_assert_null(run.err_data);
    g_assert_true(!run.out_truncated && run.err_truncated);
    guest_run_clear(&run);
    run = read_answer("{\"return\":{\"exited\":true,\"signal\":15}}");
    g_assert_cmpint(run.state, ==, GUEST_RUN_SIGNALLED);
    g_assert_cmpint(run.signal, ==, 15);
    g_assert_cmpint(run.exit_code, ==, -1);
    run = read_answer("{\"return\":{\"exited\":false}}");
    g_assert_cmpint(run.state, ==, GUEST_RUN_RUNNING);
}

static void
test_no_answers(void)
{
    static const char *const bad[] = { "", "\xff\xfe", "{\"return\":null}", "{\"return\":{\"exited\":1}}", "{\"return\":{\"exited\":true}}",
                                       "{\"return\":{\"exited\":true,\"exitcode\":\"0\"}}", "{\"return\":{\"exited\":true,\"exitcode\":-7}}", "{\"error\":{}}" };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        GuestRun run = read_answer(bad[i]);
        g_assert_cmpint(run.state, ==, GUEST_RUN_UNKNOWN);
        guest_run_clear(&run);
    }
    GString *deep = g_string_new("{\"return\":");
    for (guint i = 0; i < 100000; i++)
        g_string_append(deep, "{\"return\":");
    GuestRun run = read_answer(deep->str);
    g_assert_cmpint(run.state, ==, GUEST_RUN_UNKNOWN);
    g_string_free(deep, TRUE);
}

static void
test_much_is_cut(void)
{
    g_autofree guchar *bytes = g_malloc0(3 * GUEST_RUN_MOST);
    g_autofree char *encoded = g_base64_encode(bytes, 3 * GUEST_RUN_MOST);
    g_autofree char *answer = g_strdup_printf("{\"return\":{\"exited\":true,\"exitcode\":0,\"out-data\":\"%s\"}}", encoded);
    GuestRun run = read_answer(answer);
    gsize length;
    g_autofree guchar *kept = g_base64_decode(run.out_data, &length);
    g_assert_cmpuint(length, ==, GUEST_RUN_MOST);
    g_assert_true(run.out_truncated && !run.err_truncated);
    guest_run_clear(&run);
    g_autofree char *endless = g_strnfill(GUEST_COMMAND_ANSWER + 2, ' ');
    run = read_answer(endless);
    g_assert_cmpint(run.state, ==, GUEST_RUN_UNKNOWN);
}

static void
test_frozen(void)
{
    gboolean frozen = TRUE;
    g_assert_false(guest_command_frozen("{\"return\":\"melting\"}", &frozen));
    g_assert_false(guest_command_frozen("{\"return\":{}}", &frozen));
    g_assert_true(guest_command_frozen("{\"return\":\"thawed\"}", &frozen));
    g_assert_false(frozen);
    g_assert_true(guest_command_frozen("{\"return\":\"frozen\"}", &frozen));
    g_assert_true(frozen);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guest_command/words", test_words);
    g_test_add_func("/guest_command/begun", test_begun);
    g_test_add_func("/guest_command/ends", test_ends);
    g_test_add_func("/guest_command/no_answers", test_no_answers);
    g_test_add_func("/guest_command/much_is_cut", test_much_is_cut);
    g_test_add_func("/guest_command/frozen", test_frozen);
    return g_test_run();
}
