/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a guest answers, honest and hostile. */
#include "host/guest_answer.h"

#include <string.h>

typedef struct {
    GuestAnswer answer;
    int room;
} Making;

static void
add_text(Making *making, const char *value, const char *format, guint a, guint b)
{
    g_autofree char *name = g_strdup_printf(format, a, b);
    g_assert_cmpint(virTypedParamsAddString(&making->answer.items, &making->answer.count, &making->room, name, value), ==, 0);
}

static void
add_count(Making *making, guint value, const char *format, guint a)
{
    g_autofree char *name = g_strdup_printf(format, a);
    g_assert_cmpint(virTypedParamsAddUInt(&making->answer.items, &making->answer.count, &making->room, name, value), ==, 0);
}

static void
making_clear(Making *making)
{
    virTypedParamsFree(making->answer.items, making->answer.count);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Making, making_clear)

static void
add_card(Making *making, guint at, const char *name, const char *mac, const char *address)
{
    add_text(making, name, "if.%u.name", at, 0);
    add_text(making, mac, "if.%u.hwaddr", at, 0);
    add_count(making, address ? 1 : 0, "if.%u.addr.count", at);
    if (address)
        add_text(making, address, "if.%u.addr.%u.addr", at, 0);
}

static const ReportedDevice *
device(const GuestFacts *facts, guint at)
{
    return facts->devices.items[at];
}

static void
test_honest(void)
{
    const Id id = id_random();
    g_auto(Making) making = { 0 };
    GuestFacts *facts = g_new0(GuestFacts, 1);
    add_count(&making, 3, "if.count", 0);
    add_card(&making, 0, "lo", "00:00:00:00:00:00", "127.0.0.1");
    add_card(&making, 1, "eth0", "52:54:00:AA:bb:01", "192.168.122.5");
    add_card(&making, 2, "eth1", "52:54:00:aa:bb:02", "fe80::1");
    guest_answer_devices(&making.answer, &id, facts);
    g_assert_cmpuint(facts->devices.count, ==, 2);
    g_assert_cmpstr(device(facts, 0)->name, ==, "eth0");
    g_assert_cmpstr(device(facts, 0)->mac.address, ==, "52:54:00:aa:bb:01");
    const Ip *ip = device(facts, 0)->ips.items[0];
    g_assert_cmpstr(ip->address, ==, "192.168.122.5");
    g_assert_cmpstr(ip->version, ==, "v4");
    g_assert_cmpstr(((const Ip *) device(facts, 1)->ips.items[0])->version, ==, "v6");
    guest_facts_free(facts);
}

static void
test_system(void)
{
    g_auto(Making) making = { 0 };
    GuestFacts *facts = g_new0(GuestFacts, 1);
    static const char *const pairs[][2] = {
        { "os.id", "debian" }, { "os.name", "Debian GNU/Linux" }, { "os.version", "12 (bookworm)" }, { "os.version-id", "12" },
        { "os.kernel-release", "6.1.0-31-cloud-amd64" }, { "os.machine", "x86_64" }, { "hostname", "web1.example.org" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++)
        add_text(&making, pairs[i][1], pairs[i][0], 0, 0);
    guest_answer_system(&making.answer, &facts->os);
    guest_answer_name(&making.answer, &facts->fqdn);
    g_assert_cmpstr(facts->fqdn, ==, "web1.example.org");
    g_assert_cmpstr(facts->os.distribution, ==, "Debian GNU/Linux");
    g_assert_cmpstr(facts->os.codename, ==, "bookworm");
    g_assert_cmpstr(facts->os.family, ==, "Linux");
    g_assert_cmpint(facts->os.version.major, ==, 12);
    g_assert_cmpint(facts->os.kernel.major, ==, 6);
    g_assert_cmpint(facts->os.kernel.minor, ==, 1);
    g_assert_cmpint(facts->os.kernel.build, ==, 0);
    g_assert_cmpstr(facts->os.kernel.full_version, ==, "6.1.0-31-cloud-amd64");
    guest_facts_free(facts);
}

static void
test_hostile_text(void)
{
    g_auto(Making) making = { 0 };
    g_autofree char *name = NULL;
    g_autofree char *flood = g_strnfill(100000, 'x');
    GuestOperatingSystem os = { 0 };
    add_text(&making, "we\nb\x1b[31m\xff\xfe\xe2\x80\xae" "1 ", "hostname", 0, 0);
    add_text(&making, flood, "os.name", 0, 0);
    add_text(&making, "\n\t\x01", "os.machine", 0, 0);
    add_text(&making, "99999999999999999999.99999999999999999999.1", "os.version-id", 0, 0);
    add_text(&making, "(", "os.version", 0, 0);
    guest_answer_name(&making.answer, &name);
    guest_answer_system(&making.answer, &os);
    g_assert_true(g_utf8_validate(name, -1, NULL));
    g_assert_null(strpbrk(name, "\n\x1b"));
    g_assert_null(strstr(name, "\xe2\x80\xae"));        /* turns the text around */
    g_assert_true(g_str_has_prefix(name, "web[31m"));
    g_assert_cmpuint(strlen(os.distribution), <, 256);
    g_assert_null(os.architecture);
    g_assert_null(os.codename);
    g_assert_cmpint(os.version.major, ==, G_MAXINT32);
    g_assert_null(os.family);
    Vm vm = { .guest_operating_system = os };
    type_clear(type_find(&vm_type, "guest_operating_system")->of, &vm.guest_operating_system);
}

static void
test_hostile_cards(void)
{
    const Id id = id_random();
    g_auto(Making) making = { 0 };
    GuestFacts *facts = g_new0(GuestFacts, 1);
    add_count(&making, 4000000000u, "if.count", 0);
    for (guint i = 0; i < 60; i++) {
        g_autofree char *name = g_strdup_printf("eth%u", i);
        add_text(&making, name, "if.%u.name", i, 0);
        add_text(&making, "not a mac", "if.%u.hwaddr", i, 0);
        add_count(&making, 4000000000u, "if.%u.addr.count", i);
        for (guint k = 0; k < 40; k++)
            add_text(&making, k % 2 ? "10.0.0.1" : "</ip><evil/>", "if.%u.addr.%u.addr", i, k);
    }
    guest_answer_devices(&making.answer, &id, facts);
    g_assert_cmpuint(facts->devices.count, ==, 32);
    for (guint i = 0; i < facts->devices.count; i++) {
        g_assert_null(device(facts, i)->mac.address);
        g_assert_cmpuint(device(facts, i)->ips.count, ==, 8);
        for (guint k = 0; k < 8; k++)
            g_assert_cmpstr(((const Ip *) device(facts, i)->ips.items[k])->address, ==, "10.0.0.1");
    }
    guest_facts_free(facts);
}

static void
test_same_card_twice(void)
{
    const Id id = id_random();
    g_auto(Making) making = { 0 };
    GuestFacts *facts = g_new0(GuestFacts, 1);
    add_count(&making, 3, "if.count", 0);
    add_card(&making, 0, "eth0", "52:54:00:00:00:01", "10.0.0.1");
    add_card(&making, 1, "eth0", "52:54:00:00:00:01", "10.0.0.2");
    add_text(&making, "a name of the wrong type", "if.%u.addr.count", 2, 0);
    guest_answer_devices(&making.answer, &id, facts);
    g_assert_cmpuint(facts->devices.count, ==, 2);      /* the third has neither name nor address */
    guest_facts_free(facts);
}

static void
add_number(Making *making, guint64 value, const char *format, guint a)
{
    g_autofree char *name = g_strdup_printf(format, a);
    g_assert_cmpint(virTypedParamsAddULLong(&making->answer.items, &making->answer.count, &making->room, name, value), ==, 0);
}

static void
add_zone(Making *making, const char *name, int offset)
{
    add_text(making, name, "timezone.name", 0, 0);
    g_assert_cmpint(virTypedParamsAddInt(&making->answer.items, &making->answer.count, &making->room, "timezone.offset", offset), ==, 0);
}

static void
test_life(void)
{
    const Id id = id_random();
    g_auto(Making) making = { 0 };
    GuestFacts *facts = g_new0(GuestFacts, 1);
    add_zone(&making, "JST", 9 * 3600);
    add_count(&making, 2, "user.count", 0);
    add_text(&making, "mike", "user.%u.name", 0, 0);
    add_number(&making, 1700000000123, "user.%u.login-time", 0);
    add_text(&making, "Administrator", "user.%u.name", 1, 0);
    add_text(&making, "EXAMPLE", "user.%u.domain", 1, 0);
    add_count(&making, 2, "fs.count", 0);
    add_text(&making, "/", "fs.%u.mountpoint", 0, 0);
    add_text(&making, "xfs", "fs.%u.fstype", 0, 0);
    add_text(&making, "dm-0", "fs.%u.name", 0, 0);
    add_number(&making, 1000, "fs.%u.total-bytes", 0);
    add_number(&making, 250, "fs.%u.used-bytes", 0);
    add_count(&making, 1, "fs.%u.disk.count", 0);
    add_text(&making, "/dev/vda", "fs.%u.disk.%u.device", 0, 0);
    add_text(&making, "/", "fs.%u.mountpoint", 1, 0);
    guest_answer_zone(&making.answer, &facts->zone);
    guest_answer_sessions(&making.answer, &id, facts);
    guest_answer_file_systems(&making.answer, &id, facts);
    g_assert_cmpstr(facts->zone.name, ==, "JST");
    g_assert_cmpstr(facts->zone.utc_offset, ==, "+09:00");
    g_assert_cmpuint(facts->sessions.count, ==, 2);
    const Session *first = facts->sessions.items[0], *second = facts->sessions.items[1];
    g_assert_cmpstr(first->user.user_name, ==, "mike");
    g_assert_cmpint(first->login_time, ==, G_GINT64_CONSTANT(1700000000123000));
    g_assert_cmpstr(second->user.domain, ==, "EXAMPLE");
    g_assert_cmpuint(facts->file_systems.count, ==, 1);
    const FileSystem *root = facts->file_systems.items[0];
    g_assert_cmpstr(root->type, ==, "xfs");
    g_assert_cmpint(root->used, ==, 250);
    g_assert_cmpuint(root->disks.count, ==, 1);
    guest_facts_free(facts);
}

/* Counts without end, sizes beyond any disk, offsets of no place, more used than there is, text of a megabyte. */
static void
test_hostile_life(void)
{
    const Id id = id_random();
    g_auto(Making) making = { 0 };
    GuestFacts *facts = g_new0(GuestFacts, 1);
    g_autofree char *long_text = g_strnfill(1 << 20, 'x');
    add_zone(&making, "\x1b[2J", G_MININT);
    add_count(&making, G_MAXUINT, "user.count", 0);
    add_count(&making, G_MAXUINT, "fs.count", 0);
    for (guint i = 0; i < 200; i++) {
        add_text(&making, i % 2 ? "a\nb" : long_text, "user.%u.name", i, 0);
        add_number(&making, G_MAXUINT64, "user.%u.login-time", i);
        g_autofree char *place = g_strdup_printf("/m%u", i);
        add_text(&making, place, "fs.%u.mountpoint", i, 0);
        add_number(&making, i % 2 ? G_MAXUINT64 : 100, "fs.%u.total-bytes", i);
        add_number(&making, 200, "fs.%u.used-bytes", i);
        add_count(&making, G_MAXUINT, "fs.%u.disk.count", i);
    }
    guest_answer_zone(&making.answer, &facts->zone);
    guest_answer_sessions(&making.answer, &id, facts);
    guest_answer_file_systems(&making.answer, &id, facts);
    g_assert_null(facts->zone.utc_offset);
    g_assert_cmpuint(facts->sessions.count, ==, 64);
    g_assert_cmpuint(facts->file_systems.count, ==, 64);
    for (guint i = 0; i < 64; i++) {
        const Session *session = facts->sessions.items[i];
        const FileSystem *system = facts->file_systems.items[i];
        g_assert_cmpuint(strlen(session->name), <, 256);
        g_assert_null(strchr(session->name, '\n'));
        g_assert_cmpint(session->login_time, ==, 0);
        g_assert_cmpint(system->used, <=, system->total);
    }
    guest_facts_free(facts);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (virInitialize() < 0)        /* its errors have no place in a thread before */
        return 1;
    g_test_add_func("/guest_answer/honest", test_honest);
    g_test_add_func("/guest_answer/system", test_system);
    g_test_add_func("/guest_answer/hostile_text", test_hostile_text);
    g_test_add_func("/guest_answer/hostile_cards", test_hostile_cards);
    g_test_add_func("/guest_answer/life", test_life);
    g_test_add_func("/guest_answer/hostile_life", test_hostile_life);
    g_test_add_func("/guest_answer/same_card_twice", test_same_card_twice);
    return g_test_run();
}
