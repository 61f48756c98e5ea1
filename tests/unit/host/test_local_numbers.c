/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * /proc as text: understood, cut short, and as rates. */
#include "host/local_numbers.h"

#include <string.h>

static const char stat_text[] = "cpu  100 20 30 400 50 6 7 8 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\nintr 12345\nbtime 1700000000\nprocesses 7\n";
static const char memory_text[] = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:   12000 kB\nSwapTotal:       2000 kB\nSwapFree:        500 kB\n";
static const char net_text[] =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
    "    lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0\n"
    "  eth0: 1000 2 0 0 0 0 0 0 3000 4 0 0 0 0 0 0\n"
    "  eth1:5 2 0 0 0 0 0 0 7 4 0 0 0 0 0 0\n"
    " vnet0: 70 2 0 0 0 0 0 0 80 4 0 0 0 0 0 0\n";

static gboolean
is_eth(const char *name)
{
    return g_str_has_prefix(name, "eth");
}

static void
test_texts(void)
{
    LocalCounters counters = { 0 };
    HostNumbers numbers = { 0 };
    local_numbers_cpu(stat_text, &counters, &numbers);
    g_assert_cmpuint(counters.user, ==, 120);
    g_assert_cmpuint(counters.system, ==, 30 + 6 + 7 + 8);
    g_assert_cmpuint(counters.idle, ==, 450);
    g_assert_cmpint(numbers.boot_time, ==, G_GINT64_CONSTANT(1700000000) * CLOCK_SECOND);
    local_numbers_memory(memory_text, &numbers);
    g_assert_cmpint(numbers.memory_total, ==, 16000 * 1024);
    g_assert_cmpint(numbers.memory_free, ==, 12000 * 1024);
    g_assert_cmpint(numbers.memory_used, ==, 4000 * 1024);
    g_assert_cmpint(numbers.swap_used, ==, 1500 * 1024);
    local_numbers_load("0.10 0.25 0.30 1/200 4711\n", &numbers);
    g_assert_cmpfloat(numbers.load, ==, 0.25);
    local_numbers_net(net_text, is_eth, &counters);
    g_assert_cmpuint(counters.rx, ==, 1005);
    g_assert_cmpuint(counters.tx, ==, 3007);
}

/* Nothing is read beyond any end, and nothing becomes negative. */
static void
test_cut_short(void)
{
    static const char *const texts[] = { stat_text, memory_text, net_text, "cpu ", "cpu", "\n\n", "eth0:", "MemTotal: 99999999999999999999 kB\n" };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        for (gsize length = 0; length <= strlen(texts[i]); length++) {
            g_autofree char *text = g_strndup(texts[i], length);
            LocalCounters counters = { 0 };
            HostNumbers numbers = { 0 };
            local_numbers_cpu(text, &counters, &numbers);
            local_numbers_memory(text, &numbers);
            local_numbers_load(text, &numbers);
            local_numbers_net(text, is_eth, &counters);
            g_assert_cmpint(numbers.memory_used, >=, 0);
            g_assert_cmpint(numbers.memory_free, >=, 0);
            g_assert_cmpint(numbers.swap_used, >=, 0);
        }
    }
}

static void
test_rates(void)
{
    LocalCounters before = { .user = 100, .system = 50, .idle = 850, .rx = 1000, .tx = 2000, .when = 10 * CLOCK_SECOND };
    LocalCounters now = { .user = 150, .system = 75, .idle = 875, .rx = 21000, .tx = 1000, .when = 20 * CLOCK_SECOND };
    HostNumbers numbers = { 0 };
    local_numbers_rates(&before, &now, &numbers);
    g_assert_cmpfloat_with_epsilon(numbers.cpu_user, 50, 0.001);
    g_assert_cmpfloat_with_epsilon(numbers.cpu_system, 25, 0.001);
    g_assert_cmpfloat_with_epsilon(numbers.cpu_idle, 25, 0.001);
    g_assert_cmpint(numbers.net_rx, ==, 2000);
    g_assert_cmpint(numbers.net_tx, ==, 0);         /* a card went away: no negative rate */
    local_numbers_rates(&now, &now, &numbers);
    g_assert_cmpfloat(numbers.cpu_user, ==, 0);
    g_assert_cmpint(numbers.net_rx, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/local_numbers/texts", test_texts);
    g_test_add_func("/local_numbers/cut_short", test_cut_short);
    g_test_add_func("/local_numbers/rates", test_rates);
    return g_test_run();
}
