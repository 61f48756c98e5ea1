/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is bound where: one line and back, what a thread without a pin does, what is the same by another spelling, texts that are none. */
#include "model/vm.h"

#include <string.h>

static void
test_text(void)
{
    static const char *const texts[] = { "", "all=0-3", "vcpu0=2;vcpu1=66;vcpu10=3", "all=2-3,66-67;vcpu0=2;emulator=2-3;io1=2;io2=3;memory=0" };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_auto(CpuTune) tune = { 0 };
        cpu_tune_read(texts[i], &tune);
        g_autofree char *back = cpu_tune_text(&tune);
        g_assert_cmpstr(back, ==, texts[i]);
        g_assert_true(cpu_tune_is_empty(&tune) == !*texts[i]);
    }
    g_auto(CpuTune) sorted = { 0 };
    cpu_tune_read("vcpu10=3;vcpu1=1;vcpu1=2;nobody=1;vcpu=1;vcpu9999=1;vcpu-1=2;io3;=;;memory=", &sorted);
    g_autofree char *text = cpu_tune_text(&sorted);
    g_assert_cmpstr(text, ==, "vcpu1=2;vcpu10=3");
}

static void
test_cut_short(void)
{
    const char *whole = "all=2-3,66-67;vcpu0=2;emulator=2-3;io1=2;io2=3;memory=0";
    for (gsize length = 0; length <= strlen(whole); length++) {
        g_auto(CpuTune) tune = { 0 };
        g_autofree char *text = g_strndup(whole, length);
        cpu_tune_read(text, &tune);
    }
}

static void
test_places(void)
{
    g_auto(CpuTune) pinned = { 0 }, inherited = { 0 }, half = { 0 };
    cpu_tune_read("vcpu0=0-1;vcpu1=0-1;emulator=0-1;io1=0-1", &pinned);
    cpu_tune_read("all=0-1", &inherited);
    cpu_tune_read("vcpu0=0-1;emulator=0-1;io1=0-1", &half);
    g_assert_true(cpu_tune_same_places(&pinned, &inherited, 2, 1));
    g_assert_false(cpu_tune_same_places(&pinned, &inherited, 3, 1));        /* the third may run anywhere, or not */
    g_assert_false(cpu_tune_same_places(&pinned, &inherited, 2, 2));
    g_assert_true(cpu_tune_binds_all(&inherited, 240) && cpu_tune_binds_all(&pinned, 2) && !cpu_tune_binds_all(&pinned, 3));
    g_assert_false(cpu_tune_binds_all(&half, 2) || cpu_tune_binds_all(&half, 0));
    g_assert_null(cpu_tune_vcpu(&half, 1));
    text_set(&pinned.memory_node_set, "0");
    g_assert_false(cpu_tune_same_places(&pinned, &inherited, 2, 1));
}

static void
test_cut(void)
{
    g_auto(CpuTune) tune = { 0 };
    cpu_tune_read("vcpu0=0;vcpu1=1;vcpu2=2;io1=0;io2=1", &tune);
    cpu_tune_cut(&tune, 2, 1);
    g_autofree char *text = cpu_tune_text(&tune);
    g_assert_cmpstr(text, ==, "vcpu0=0;vcpu1=1;io1=0");
    cpu_tune_pin_vcpu(&tune, 0, NULL);
    cpu_tune_cut(&tune, 0, 0);
    g_assert_true(cpu_tune_is_empty(&tune));
    cpu_tune_pin_vcpu(&tune, 0, "7");
    cpu_tune_pin_vcpu(&tune, 0, cpu_tune_vcpu(&tune, 0));
    g_assert_cmpstr(cpu_tune_vcpu(&tune, 0), ==, "7");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cpu_tune/text", test_text);
    g_test_add_func("/cpu_tune/cut_short", test_cut_short);
    g_test_add_func("/cpu_tune/places", test_places);
    g_test_add_func("/cpu_tune/cut", test_cut);
    return g_test_run();
}
