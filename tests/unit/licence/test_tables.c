/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The tables: what is compiled in reads back as it was written; what a person edits is taken, or refused by the name of the field. */
#include "base/fault.h"
#include "licence/tables.h"

static void
assert_factor(const Tables *tables, const char *arch, const char *vendor, const char *model, gint64 wanted)
{
    const CoreFactor *row = tables_factor(tables, arch, vendor, model);
    g_assert_cmpint(row ? row->factor : TABLES_UNIT, ==, wanted);
}

static void
test_compiled_in(void)
{
    g_autoptr(Tables) tables = tables_new();
    assert_factor(tables, "x86_64", "Intel", "Westmere", 500000);
    assert_factor(tables, "x86_64", NULL, NULL, 500000);
    assert_factor(tables, "aarch64", "Ampere", "Neoverse-N1", 250000);
    assert_factor(tables, "aarch64", "ARM", "cortex-a72", 1000000);
    assert_factor(tables, "ppc64le", "IBM", "POWER9", 1000000);
    assert_factor(tables, "riscv64", NULL, NULL, 1000000);
    g_assert_cmpint(tables_product(tables, "EE")->nup_per_licence, ==, 25);
    g_assert_cmpint(tables_product(tables, "SE2")->metric, ==, METRIC_SOCKET);
    g_assert_null(tables_product(tables, "ee"));
}

static void
test_round_trip(void)
{
    g_autoptr(Tables) tables = tables_new(), again = tables_new();
    g_auto(Text) factors = TEXT_EMPTY, products = TEXT_EMPTY, more = TEXT_EMPTY;
    g_autoptr(GError) error = NULL;
    tables_write_factors(&factors, tables);
    tables_write_products(&products, tables);
    g_assert_true(tables_read_factors(again, factors.bytes, factors.length, &error));
    g_assert_true(tables_read_products(again, products.bytes, products.length, &error));
    g_assert_no_error(error);
    tables_write_factors(&more, again);
    g_assert_cmpmem(more.bytes, more.length, factors.bytes, factors.length);
    text_reset(&more);
    tables_write_products(&more, again);
    g_assert_cmpmem(more.bytes, more.length, products.bytes, products.length);
}

static void
test_edited(void)
{
    static const char text[] = "{\"date\":\"2027-01-01\",\"source\":\"me\",\"factors\":[{\"arch\":\"x86_64\",\"vendor\":\"AMD\",\"factor\":0.333333},{\"factor\":1}]}";
    g_autoptr(Tables) tables = tables_new();
    g_assert_true(tables_read_factors(tables, text, strlen(text), NULL));
    g_assert_cmpstr(tables->factors_date, ==, "2027-01-01");
    assert_factor(tables, "x86_64", "amd", NULL, 333333);
    assert_factor(tables, "x86_64", "Intel", NULL, 1000000);
}

static void
test_refused(void)
{
    static const struct { const char *text, *field; } bad[] = {
        { "{\"date\":\"x\",\"factors\":[]}", "'source'" },
        { "{\"date\":\"x\",\"source\":\"y\",\"factors\":[{}]}", "'factors[0].factor'" },
        { "{\"date\":\"x\",\"source\":\"y\",\"factors\":[{\"factor\":0}]}", "'factors[0].factor'" },
        { "{\"date\":\"x\",\"source\":\"y\",\"factors\":[{\"factor\":0.1234567}]}", "'factors[0].factor'" },
        { "{\"date\":\"x\",\"source\":\"y\",\"factors\":[{\"factor\":1e0}]}", "'factors[0].factor'" },
        { "{\"date\":\"x\",\"source\":\"y\",\"factors\":[{\"factor\":11}]}", "'factors[0].factor'" },
        { "{\"date\":\"x\",\"source\":\"y\",\"factors\":[{\"factor\":0.5,\"cpu\":1}]}", "'factors[0].cpu'" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(Tables) tables = tables_new();
        g_autoptr(GError) error = NULL;
        g_assert_false(tables_read_factors(tables, bad[i].text, strlen(bad[i].text), &error));
        if (!strstr(error->message, bad[i].field))
            g_error("\"%s\" does not name %s", error->message, bad[i].field);
        assert_factor(tables, "x86_64", NULL, NULL, 500000);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tables/compiled_in", test_compiled_in);
    g_test_add_func("/tables/round_trip", test_round_trip);
    g_test_add_func("/tables/edited", test_edited);
    g_test_add_func("/tables/refused", test_refused);
    return g_test_run();
}
