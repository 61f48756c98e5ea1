/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A ledger as the recorder writes it becomes a history that is counted: hosts with their cores, VMs by name, what nobody looked at, names that are none. */
#include "licence/count.h"
#include "licence/ledger.h"
#include "licence/ledger_history.h"

#include <string.h>

#define DAY (86400ll * CLOCK_SECOND)
#define VM "5ca1ab1e-0000-4000-8000-000000000001"
#define OTHER "5ca1ab1e-0000-4000-8000-000000000002"

static char *folder;
static Ledger *ledger;
static Wall now;

#define WORD(n, value) { .name = n, .kind = LEDGER_TEXT, .text = value }
#define NUMBER(n, value) { .name = n, .kind = LEDGER_NUMBER, .number = value }
#define SETS(n, ...) { .name = n, .kind = LEDGER_TEXTS, .texts = (const char *const[]) { __VA_ARGS__ }, .count = sizeof((const char *[]) { __VA_ARGS__ }) / sizeof(char *) }
#define write(type, ...) append(type, (const LedgerFact[]) { __VA_ARGS__, { .name = NULL } })

static void
append(const char *type, const LedgerFact *facts)
{
    GError *error = NULL;
    now += DAY;
    ledger_append(ledger, now, type, facts, &error);
    g_assert_no_error(error);
}

static void
open_ledger(void)
{
    GError *error = NULL;
    folder = g_dir_make_tmp("shikiri-history-XXXXXX", NULL);
    g_autofree char *key = g_build_filename(folder, "key.pem", NULL);
    g_assert_true(clock_parse("2026-01-01T00:00:00Z", &now));
    ledger = ledger_open(folder, key, now, &error);
    g_assert_no_error(error);
    write("recording", WORD("program", "1"), WORD("tail", "whole"));
    write("topology", WORD("host", "n1"), WORD("arch", "x86_64"), WORD("model", "Fake \"CPU\""), SETS("cpus", "0/0+2/0/0", "1/1+3/0/0", "2/0+2/0/0", "3/1+3/0/0"));
}

static void
close_ledger(void)
{
    ledger_close(ledger);
    g_autofree char *command = g_strconcat("rm -rf ", folder, NULL);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(folder);
}

static char *
history(const LedgerTag *tags, guint count, GError **error)
{
    g_auto(Text) out = TEXT_EMPTY;
    char *paths[] = { folder, NULL };
    g_assert_true(ledger_sync(ledger, NULL));
    return ledger_history(paths, tags, count, &out, error) ? text_take(&out) : NULL;
}

static void
write_run(void)
{
    write("start", WORD("vm", VM), WORD("name", "db \"one\""), WORD("host", "n1"), NUMBER("vcpus", 2), SETS("pins", "0", "2"), WORD("cpuset", "0,2"), WORD("emulator", "0,2"),
          WORD("policy", "manual"));
    write("observed", WORD("vm", VM), SETS("pins", "0", "2"), WORD("emulator", "0,2"));
    write("pin", WORD("vm", VM), WORD("name", "db1"), NUMBER("vcpus", 2), SETS("pins", "1", "3"), WORD("cpuset", "1,3"), WORD("emulator", "1,3"));
    write("alive", WORD("program", "1"));
    write("stop", WORD("vm", VM));
}

/* One core at a time, two in all. */
static void
test_count(void)
{
    GError *error = NULL;
    const LedgerTag tag = { "db1", "EE" };
    const CountOptions options = { 0 };
    open_ledger();
    write_run();
    g_autofree char *text = history(&tag, 1, &error);
    g_assert_no_error(error);
    g_autoptr(History) read = history_read(text, strlen(text), NULL, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(Tables) tables = tables_new();
    g_autoptr(Count) count = count_run(read, tables, &options, &error);
    g_assert_no_error(error);
    const CountProduct *product = &g_array_index(count->products, CountProduct, 0);
    g_assert_cmpuint(product->cores.concurrent_peak, ==, 1);
    g_assert_cmpuint(product->cores.union_ever, ==, 2);
    g_assert_true(product->proven);
    g_assert_nonnull(strstr(text, "\"vm\":\"db1 [5ca1ab1e]\""));
    g_assert_nonnull(strstr(text, "\"model\":\"Fake \\\"CPU\\\"\""));
    g_assert_null(strstr(text, "alive"));
    close_ledger();
}

/* Nobody looked: all cores count. A host that was told twice is changed, not doubled. */
static void
test_gap(void)
{
    GError *error = NULL;
    const LedgerTag tag = { VM, "EE" };
    const CountOptions options = { 0 };
    char date[CLOCK_DATE_SIZE];
    open_ledger();
    write("start", WORD("vm", VM), WORD("name", "db1"), WORD("host", "n1"), NUMBER("vcpus", 1), SETS("pins", "0"), WORD("cpuset", "0"));
    g_autofree char *until = g_strdup(clock_format(now + 3 * DAY, date));
    write("gap", WORD("host", "n1"), WORD("until", until));
    write("topology", WORD("host", "n1"), WORD("arch", "x86_64"), SETS("cpus", "0/0/0/0", "1/1/0/0", "2/2/0/0", "nonsense", "3/3/x/0"));
    g_autofree char *text = history(&tag, 1, &error);
    g_assert_no_error(error);
    g_autoptr(History) read = history_read(text, strlen(text), NULL, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(Tables) tables = tables_new();
    g_autoptr(Count) count = count_run(read, tables, &options, &error);
    g_assert_no_error(error);
    const CountProduct *product = &g_array_index(count->products, CountProduct, 0);
    g_assert_false(product->proven);
    g_assert_cmpuint(product->cores.concurrent_peak, >, 1);
    g_assert_nonnull(strstr(text, "host_change"));
    close_ledger();
}

static void
test_names(void)
{
    g_autoptr(GError) nobody = NULL, several = NULL;
    const LedgerTag unknown = { "db9", "EE" }, twice = { "db1", "EE" };
    open_ledger();
    write_run();
    write("stop", WORD("vm", OTHER), WORD("name", "db1"));
    g_assert_null(history(&unknown, 1, &nobody));
    g_assert_cmpstr(nobody->message, ==, "The ledger knows no VM 'db9'.");
    g_assert_null(history(&twice, 1, &several));
    g_assert_cmpstr(several->message, ==, "The ledger knows several VMs 'db1'.");
    close_ledger();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ledger_history/count", test_count);
    g_test_add_func("/ledger_history/gap", test_gap);
    g_test_add_func("/ledger_history/names", test_names);
    return g_test_run();
}
