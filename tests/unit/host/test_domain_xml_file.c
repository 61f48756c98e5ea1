/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The files of a domain's disks: which image each is, and a definition whose disk names another. */
#include "host/domain_xml.h"

#include <string.h>

#define VM "11111111-2222-4333-8444-555555555555"
#define DISK "0a1b2c3d-0000-4000-8000-00000000000d"
#define IMAGE "0a1b2c3d-0000-4000-8000-00000000000e"

static char *
xml_of(const char *format, const char *path, const char *more)
{
    return g_strdup_printf(
        "<domain type='kvm'>\n  <name>web</name>\n  <uuid>" VM "</uuid>\n  <metadata>\n    <shikiri:vm xmlns:shikiri='urn:shikiri:domain:1' id='" VM "'/>\n  </metadata>\n"
        "  <memory unit='KiB'>1048576</memory>\n  <vcpu>1</vcpu>\n  <os>\n    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>\n  </os>\n  <devices>\n"
        "    <disk type='file' device='cdrom'>\n      <source file='/iso/a.iso'/>\n      <target dev='sda' bus='sata'/>\n    </disk>\n"
        "    <disk type='file' device='disk'>\n      <driver name='qemu' type='%s' cache='none'/>\n      <source file='%s'/>\n%s"
        "      <target dev='vda' bus='virtio'/>\n      <alias name='ua-" DISK "'/>\n    </disk>\n  </devices>\n</domain>\n",
        format, path, more);
}

static Id
image_in(const char *xml)
{
    GError *error = NULL;
    char text[ID_TEXT_SIZE];
    g_autoptr(DomainFacts) facts = domain_facts_new();
    domain_xml_read(xml, facts, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(facts->disks.count, ==, 2);
    const DomainDisk *disk = facts->disks.items[1];
    g_assert_cmpstr(id_format(&disk->disk, ID_UUID, text), ==, DISK);
    return disk->image;
}

static void
test_image(void)
{
    static const struct { const char *path, *image; } rows[] = {
        { "/srv/" DISK, DISK }, { "/srv/" DISK "." IMAGE, IMAGE }, { "/srv/" IMAGE, NULL }, { "/srv/" IMAGE "." DISK, NULL }, { "/srv/web.qcow2", NULL },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        char text[ID_TEXT_SIZE];
        g_autofree char *xml = xml_of("qcow2", rows[i].path, "");
        Id image = image_in(xml);
        g_assert_cmpstr(id_is_null(&image) ? NULL : id_format(&image, ID_UUID, text), ==, rows[i].image);
    }
}

static void
test_another(void)
{
    g_autofree char *raw = xml_of("raw", "/srv/" DISK, ""), *cow = xml_of("qcow2", "/srv/" DISK "." IMAGE, "");
    g_autofree char *there = domain_xml_with_file(raw, "vda", "/srv/" DISK "." IMAGE, DISK_FORMAT_COW);
    g_autofree char *back = domain_xml_with_file(there, "vda", "/srv/" DISK, DISK_FORMAT_RAW);
    g_assert_cmpstr(there, ==, cow);
    g_assert_cmpstr(back, ==, raw);
    g_assert_null(domain_xml_with_file(raw, "vdb", "/srv/x", DISK_FORMAT_COW));
    g_assert_null(domain_xml_with_file(raw, "sda", "/srv/x", DISK_FORMAT_COW));     /* it says no driver */
    g_assert_null(domain_xml_with_file("no xml", "vda", "/srv/x", DISK_FORMAT_COW));
}

/* As libvirt shows a disk that runs. */
static void
test_beneath_goes(void)
{
    g_autofree char *runs = xml_of("qcow2", "/srv/" DISK "." IMAGE,
                                   "      <backingStore type='file' index='3'>\n        <format type='raw'/>\n        <source file='/srv/" DISK "'/>\n        <backingStore/>\n"
                                   "      </backingStore>\n      <mirror type='file' job='active-commit'>\n        <source file='/srv/" DISK "'/>\n      </mirror>\n");
    g_autofree char *next = domain_xml_with_file(runs, "vda", "/srv/a&b", DISK_FORMAT_COW), *plain = xml_of("qcow2", "/srv/a&amp;b", "");
    g_assert_cmpstr(next, ==, plain);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain_xml_file/image", test_image);
    g_test_add_func("/domain_xml_file/another", test_another);
    g_test_add_func("/domain_xml_file/beneath_goes", test_beneath_goes);
    return g_test_run();
}
