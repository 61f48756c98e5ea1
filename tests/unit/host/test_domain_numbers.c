/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What libvirt counts, made into numbers: of several disks and NICs, of a QEMU that hangs, of devices that come and go, of
 * names that are none. */
#include "host/domain_numbers.h"

#include <string.h>

typedef struct {
    virTypedParameterPtr items;
    int count, room;
} Answer;

static void
say(Answer *answer, const char *name, guint64 value)
{
    virTypedParamsAddULLong(&answer->items, &answer->count, &answer->room, name, value);
}

static void
name(Answer *answer, const char *field, const char *value)
{
    virTypedParamsAddString(&answer->items, &answer->count, &answer->room, field, value);
}

static void
say_qemu(Answer *answer, guint64 scale)
{
    say(answer, "vcpu.0.time", 3000000000u * scale);
    say(answer, "vcpu.1.time", 1000000000u * scale);
    say(answer, "balloon.current", 1048576);
    say(answer, "balloon.usable", 524288);
    say(answer, "block.count", 2);
    name(answer, "block.0.name", "vda");
    say(answer, "block.0.rd.bytes", 1000000 * scale);
    say(answer, "block.0.rd.reqs", 100 * scale);
    say(answer, "block.0.rd.times", 50000000 * scale);
    say(answer, "block.0.wr.bytes", 0);
    say(answer, "block.0.fl.reqs", 3);
    name(answer, "block.1.name", "vdb");
    say(answer, "block.1.rd.bytes", 500000 * scale);
    say(answer, "block.1.wr.bytes", 20000 * scale);
    say(answer, "block.1.wr.reqs", 10 * scale);
    say(answer, "block.1.wr.times", 10000000 * scale);
}

static void
say_host(Answer *answer, guint64 scale)
{
    say(answer, "cpu.time", 5000000000u * scale);
    say(answer, "net.count", 1);
    name(answer, "net.0.name", "vnet7");
    say(answer, "net.0.rx.bytes", 10000 * scale);
    say(answer, "net.0.rx.pkts", 10 * scale);
    say(answer, "net.0.rx.drop", scale);
    say(answer, "net.0.tx.errs", 2 * scale);
}

static DomainCount *
count_new(Answer *answer, Tick when)
{
    Id id = id_number(1);
    DomainCount *count = domain_count_new(&id, when, answer->items, answer->count);
    virTypedParamsFree(answer->items, answer->count);
    *answer = (Answer) { NULL, 0, 0 };
    return count;
}

static const char *
mac_of(gpointer data, const char *tap)
{
    (void) data;
    return strcmp(tap, "vnet7") == 0 ? "52:54:00:00:00:07" : NULL;
}

static Sheet *
new_sheet(void)
{
    HostNumbers host = { .fresh = TRUE };
    return sheet_new(&host, 0, 1);
}

static void
test_rates(void)
{
    Answer answer = { NULL, 0, 0 };
    guint count;
    g_autoptr(Sheet) sheet = new_sheet();
    say_host(&answer, 1), say_qemu(&answer, 1);
    g_autoptr(DomainCount) before = count_new(&answer, CLOCK_SECOND);
    say_host(&answer, 2), say_qemu(&answer, 2);
    g_autoptr(DomainCount) now = count_new(&answer, 11 * CLOCK_SECOND);
    const VmNumbers *vm = domain_count_put(now, before, sheet, mac_of, NULL);
    g_assert_cmpuint(vm->missing, ==, 0);
    g_assert_cmpfloat(vm->cpu_total, ==, 50);
    g_assert_cmpfloat(vm->cpu_guest, ==, 40);
    g_assert_cmpint(vm->memory_used, ==, 512 << 20);
    g_assert_cmpint(vm->disk_read, ==, 150000);
    g_assert_cmpint(vm->disk_write, ==, 2000);
    g_assert_cmpint(vm->net_rx, ==, 1000);
    g_assert_cmpint(vm->net_rx_total, ==, 20000);
    const DiskNumbers *disks = sheet_disks(sheet, NULL, &count);
    g_assert_cmpuint(count, ==, 2);
    g_assert_cmpstr(disks[0].target, ==, "vda");
    g_assert_cmpfloat(disks[0].read, ==, 100000);
    g_assert_cmpfloat(disks[0].read_ops, ==, 10);
    g_assert_cmpfloat_with_epsilon(disks[0].read_latency, 0.0005, 1e-9);
    g_assert_cmpint(disks[0].flush_total, ==, 3);
    g_assert_cmpfloat_with_epsilon(disks[1].write_latency, 0.001, 1e-9);
    g_assert_cmpint(disks[1].read_total, ==, 1000000);
    const NicNumbers *nics = sheet_nics(sheet, NULL, &count);
    g_assert_cmpuint(count, ==, 1);
    g_assert_cmpstr(nics[0].mac, ==, "52:54:00:00:00:07");
    g_assert_cmpfloat(nics[0].rx_packets, ==, 1);
    g_assert_cmpfloat_with_epsilon(nics[0].drops, 0.1, 1e-9);
    g_assert_cmpfloat_with_epsilon(nics[0].errors, 0.2, 1e-9);
}

/* The first time there are totals and no rates. */
static void
test_first(void)
{
    Answer answer = { NULL, 0, 0 };
    guint count;
    g_autoptr(Sheet) sheet = new_sheet();
    say_host(&answer, 1), say_qemu(&answer, 1);
    g_autoptr(DomainCount) now = count_new(&answer, CLOCK_SECOND);
    const VmNumbers *vm = domain_count_put(now, NULL, sheet, mac_of, NULL);
    g_assert_cmpuint(vm->missing, ==, MISSING_CPU | MISSING_DISKS | MISSING_NICS);
    g_assert_cmpint(vm->memory_installed, ==, 1 << 30);
    g_assert_true(sheet_disks(sheet, NULL, &count)[0].fresh);
    g_assert_true(sheet_nics(sheet, NULL, &count)[0].fresh);
}

/* Of a QEMU that does not answer libvirt tells what the host's kernel counts; the disks are missing and not idle. */
static void
test_hung(void)
{
    Answer answer = { NULL, 0, 0 };
    guint count;
    g_autoptr(Sheet) sheet = new_sheet();
    say_host(&answer, 1), say_qemu(&answer, 1);
    g_autoptr(DomainCount) before = count_new(&answer, CLOCK_SECOND);
    say_host(&answer, 2);
    say(&answer, "balloon.current", 1048576);
    say(&answer, "block.count", 2);
    name(&answer, "block.0.name", "vda");
    g_autoptr(DomainCount) now = count_new(&answer, 11 * CLOCK_SECOND);
    const VmNumbers *vm = domain_count_put(now, before, sheet, mac_of, NULL);
    g_assert_cmpuint(vm->missing, ==, MISSING_MEMORY | MISSING_DISKS);
    g_assert_cmpint(vm->memory_installed, ==, 1 << 30);
    g_assert_cmpfloat(vm->cpu_total, ==, 50);
    g_assert_cmpint(vm->net_rx, ==, 1000);
    g_assert_null(sheet_disks(sheet, &now->id, &count));
    g_assert_cmpuint(count, ==, 0);
    /* and when it goes on there is no rate over what was not seen */
    g_autoptr(Sheet) next = new_sheet();
    say_host(&answer, 3), say_qemu(&answer, 3);
    g_autoptr(DomainCount) later = count_new(&answer, 21 * CLOCK_SECOND);
    vm = domain_count_put(later, now, next, mac_of, NULL);
    g_assert_cmpuint(vm->missing, ==, MISSING_DISKS);
    g_assert_true(sheet_disks(next, NULL, &count)[0].fresh);
}

/* No disk and no NIC is nothing read and nothing received, which is known. */
static void
test_bare(void)
{
    Answer answer = { NULL, 0, 0 };
    g_autoptr(Sheet) sheet = new_sheet();
    DomainCount *counts[2];
    for (guint i = 0; i < 2; i++) {
        say(&answer, "cpu.time", 0);
        say(&answer, "balloon.current", 65536);
        say(&answer, "balloon.rss", 40000);
        say(&answer, "block.count", 0);
        say(&answer, "net.count", 0);
        counts[i] = count_new(&answer, (1 + i) * CLOCK_SECOND);
    }
    g_assert_cmpuint(domain_count_put(counts[1], counts[0], sheet, mac_of, NULL)->missing, ==, 0);
    domain_count_free(counts[0]);
    domain_count_free(counts[1]);
}

/* A counter that fell began anew; a number beyond any device is none; a name without an end is cut. */
static void
test_odd(void)
{
    Answer answer = { NULL, 0, 0 };
    guint count;
    g_autoptr(Sheet) sheet = new_sheet();
    say_host(&answer, 5), say_qemu(&answer, 5);
    g_autoptr(DomainCount) before = count_new(&answer, CLOCK_SECOND);
    say_host(&answer, 2), say_qemu(&answer, 2);
    say(&answer, "block.4000000000.rd.bytes", 1);
    say(&answer, "block.99999999999999999999999.rd.bytes", 1);
    say(&answer, "block..rd.bytes", 1);
    say(&answer, "block.2", 1);
    say(&answer, "net.-1.rx.bytes", 1);
    name(&answer, "block.2.name", "a-target-that-is-far-too-long-for-any-disk");
    g_autoptr(DomainCount) now = count_new(&answer, 11 * CLOCK_SECOND);
    const VmNumbers *vm = domain_count_put(now, before, sheet, mac_of, NULL);
    g_assert_cmpint(vm->disk_read, ==, 0);
    g_assert_cmpfloat(vm->cpu_total, ==, 0);
    const DiskNumbers *disks = sheet_disks(sheet, NULL, &count);
    g_assert_cmpuint(count, ==, 3);
    g_assert_true(disks[0].fresh);
    g_assert_cmpuint(strlen(disks[2].target), ==, sizeof(disks[2].target) - 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain numbers/rates", test_rates);
    g_test_add_func("/domain numbers/first", test_first);
    g_test_add_func("/domain numbers/hung", test_hung);
    g_test_add_func("/domain numbers/bare", test_bare);
    g_test_add_func("/domain numbers/odd", test_odd);
    return g_test_run();
}
