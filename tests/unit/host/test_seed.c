/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The image of a seed, read by a reader that knows ISO 9660 from its standard and nothing from the writer; and where it stands in a domain. */
#include "host/domain_xml.h"
#include "host/seed.h"

#include <string.h>

#define SECTOR 2048

static const guint8 *bytes;
static gsize size;

/* Both orders say the same, or it is no image. */
static guint32
both(const guint8 *at, guint width)
{
    guint32 little = 0, big = 0;
    for (guint i = 0; i < width; i++) {
        little |= (guint32) at[i] << (8 * i);
        big = big << 8 | at[width + i];
    }
    g_assert_cmpuint(little, ==, big);
    return little;
}

static char *
name_of(const guint8 *record, gboolean joliet)
{
    GString *name = g_string_new(NULL);
    for (guint i = 0; i < record[32]; i += joliet ? 2 : 1) {
        g_assert_true(!joliet || record[33 + i] == 0);
        g_string_append_c(name, (char) record[33 + i + (joliet ? 1 : 0)]);
    }
    return g_string_free(name, FALSE);
}

/* The files of one tree as "name=content" lines, in the order of its folder. */
static char *
read_tree(guint sector, gboolean joliet)
{
    const guint8 *volume = bytes + sector * SECTOR, *root = volume + 156;
    GString *files = g_string_new(NULL);
    g_assert_cmpint(memcmp(volume + 1, "CD001\1", 6), ==, 0);
    g_assert_cmpuint(volume[0], ==, joliet ? 2 : 1);
    g_assert_cmpuint((gsize) both(volume + 80, 4) * SECTOR, ==, size);
    g_assert_cmpuint(both(volume + 128, 2), ==, SECTOR);
    const guint8 *at = bytes + (gsize) both(root + 2, 4) * SECTOR, *end = at + both(root + 10, 4);
    for (guint number = 0; at < end && at[0]; at += at[0], number++) {
        gsize length = both(at + 10, 4), from = (gsize) both(at + 2, 4) * SECTOR;
        g_assert_true(at + at[0] <= end && at[0] % 2 == 0 && from + length <= size);
        g_assert_cmpint(!!(at[25] & 2), ==, number < 2);
        g_autofree char *name = number < 2 ? NULL : name_of(at, joliet);
        if (name)
            g_string_append_printf(files, "%s=%.*s\n", name, (int) length, (const char *) bytes + from);
    }
    return g_string_free(files, FALSE);
}

static void
test_image(void)
{
    g_autofree char *large = g_strnfill(5000, 'x');
    const SeedFile files[] = { { "user-data", large, 5000 }, { "meta-data", "m\n", 2 }, { "network-config", "", 0 } };
    g_autoptr(GBytes) image = seed_image("cidata", files, 3), again = seed_image("cidata", files, 3);
    g_autofree char *wanted = g_strconcat("meta-data;1=m\n\nnetwork-config;1=\nuser-data;1=", large, "\n", NULL);
    bytes = g_bytes_get_data(image, &size);
    g_assert_true(g_bytes_equal(image, again));
    g_autofree char *plain = read_tree(16, FALSE), *joliet = read_tree(17, TRUE);
    g_assert_cmpstr(plain, ==, wanted);
    g_assert_cmpstr(joliet, ==, wanted);
    g_assert_cmpint(memcmp(bytes + 16 * SECTOR + 40, "cidata    ", 10), ==, 0);
    g_assert_cmpint(memcmp(bytes + 17 * SECTOR + 40, "\0c\0i\0d\0a\0t\0a\0 ", 14), ==, 0);
    g_assert_cmpint(memcmp(bytes + 18 * SECTOR, "\377CD001\1", 7), ==, 0);
}

static void
test_path(void)
{
    Id id = id_named(&id_null, "vm"), read;
    g_autofree char *path = seed_path("/seeds", &id), *name = g_path_get_basename(path);
    g_assert_true(seed_domain(name, &read) && id_equal(&read, &id));
    g_assert_false(seed_domain("notes.txt", &read) || seed_domain(".seed", &read) || seed_domain("x.seed", &read));
}

#define DOMAIN(machine, disks)                                                                                        \
    "<domain type='kvm'>\n  <name>a</name>\n  <uuid>11111111-1111-4111-8111-111111111111</uuid>\n  <os>\n    <type machine='" machine \
    "'>hvm</type>\n  </os>\n  <devices>\n" disks "  </devices>\n</domain>"
#define DISK(kind, target, bus) "    <disk type='file' device='" kind "'>\n      <target dev='" target "' bus='" bus "'/>\n    </disk>\n"

static void
assert_place(const char *xml, gboolean drive, const char *wanted)
{
    g_autofree char *with = seed_in_domain(xml, "/seeds/it's.seed", drive);
    g_assert_cmpint(with != NULL, ==, wanted != NULL);
    if (!with)
        return;
    g_assert_nonnull(strstr(with, wanted));
    g_assert_nonnull(strstr(with, drive ? "device='cdrom'" : "device='disk'"));
    g_assert_nonnull(strstr(with, "<readonly/>"));
    g_autoptr(DomainFacts) facts = domain_facts_new(), before = domain_facts_new();
    g_assert_true(domain_xml_read(with, facts, NULL) && domain_xml_read(xml, before, NULL));
    g_assert_cmpuint(facts->config->disk_attachments.count, ==, before->config->disk_attachments.count);
    g_assert_cmpuint(facts->config->cdroms.count, ==, before->config->cdroms.count);
}

static void
test_domain(void)
{
    assert_place(DOMAIN("pc-q35-7.2", DISK("disk", "vda", "virtio")), FALSE, "<target dev='vdz' bus='virtio'/>");
    assert_place(DOMAIN("pc-q35-7.2", DISK("disk", "vdz", "virtio")), FALSE, "<target dev='vdy' bus='virtio'/>");
    assert_place(DOMAIN("pc-q35-7.2", ""), TRUE, "<target dev='sda' bus='sata'/>");
    assert_place(DOMAIN("pc-q35-7.2", DISK("disk", "sda", "sata") DISK("cdrom", "sdb", "sata")), TRUE, "<target dev='sdc' bus='sata'/>");
    assert_place(DOMAIN("pc-i440fx-7.2", DISK("cdrom", "hdc", "ide")), TRUE, "<target dev='hda' bus='ide'/>");
    assert_place(DOMAIN("virt-7.2", ""), TRUE, "<target dev='sda' bus='scsi'/>");
    assert_place(DOMAIN("pc-i440fx-7.2", DISK("disk", "hda", "ide") DISK("disk", "hdb", "ide") DISK("cdrom", "hdc", "ide") DISK("disk", "hdd", "ide")), TRUE, NULL);
    assert_place("no domain", FALSE, NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/seed/image", test_image);
    g_test_add_func("/seed/path", test_path);
    g_test_add_func("/seed/domain", test_domain);
    return g_test_run();
}
