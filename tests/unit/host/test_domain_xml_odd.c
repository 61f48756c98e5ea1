/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Domain XML that is none, or that only an accident or a hand could have made. */
#include "golden.h"

#include <string.h>

#define JOB "00000000-0000-4000-8000-00000000070b"

static void
test_unreadable(void)
{
    static const char *const bad[] = {
        "", "x", "<", "<domain>", "<domain/>", "<domain><uuid/></domain>", "<domain><uuid>nonsense</uuid></domain>", "<network><uuid/></network>",
        "<!DOCTYPE domain><domain><uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid></domain>",
        "<!DOCTYPE d [<!ENTITY e 'x'>]><domain><uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid><name>&e;</name></domain>",
        "<domain><uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid><name>&e;</name></domain>",
        "<domain><uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid><name a='1' a='2'/></domain>",
        "<domain><uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid></domain><domain/>",
        "<?xml version='1.0' encoding='UTF-16'?><domain><uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid></domain>",
        "<domain><uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid><name>\xff</name></domain>",
        "<domain><uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid><name>\x01</name></domain>",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(DomainFacts) facts = domain_facts_new();
        if (domain_xml_read(bad[i], facts, &error))
            g_error("'%s' was taken for a domain", bad[i]);
        g_assert_error(error, SHIKIRI_FAULT, FAULT_CONFLICT);
        g_assert_null(facts->config);
    }
}

/* Values no XML can hold are refused before anything is written, and the sentence names the VM. */
static void
test_control_characters(void)
{
    g_autofree char *folder = golden_folder("foreign/virt-manager-linux.xml"), *xml = golden_text(folder);
    g_autoptr(DomainFacts) facts = golden_read(xml);
    g_autoptr(GError) error = NULL;
    DomainWorld world;
    golden_world(&world, NULL, JOB);
    text_set(&facts->config->description, "a\x02" "b");
    g_autofree char *edited = domain_xml_patch(xml, facts->config, &world, &error);
    g_assert_null(edited);
    g_assert_error(error, SHIKIRI_FAULT, FAULT_BAD_REQUEST);
    g_assert_nonnull(strstr(error->message, "fedora38"));
}

/* A row in our mark of a card that nobody has: it bothers nobody, and goes with the next edit. */
static void
test_stale_row(void)
{
    g_autofree char *path = golden_folder("new/x86_64-qemu-buses.xml"), *xml = golden_text(path);
    char *row = strstr(xml, "nic id='35b65f33");
    g_assert_nonnull(row);
    memcpy(row + strlen("nic id='"), "ffffffff", 8);
    GError *error = NULL;
    DomainWorld world;
    golden_world(&world, NULL, JOB);
    golden_check_unmoved(xml, &world);
    g_autoptr(DomainFacts) facts = golden_read(xml);
    text_set(&facts->config->description, "edited");
    g_autofree char *edited = domain_xml_patch(xml, facts->config, &world, &error);
    g_assert_no_error(error);
    g_assert_null(strstr(edited, "ffffffff"));
    golden_check_unmoved(edited, &world);
    g_autoptr(DomainFacts) taken = golden_read(edited);
    g_assert_cmpstr(taken->config->description, ==, "edited");
}

/* Two cards of one address, of which one is unplugged: the other one stays who it is. */
static void
test_one_of_two_alike(void)
{
    g_autofree char *path = golden_folder("foreign/multi-disk.xml"), *xml = golden_text(path);
    GError *error = NULL;
    DomainWorld world;
    golden_world(&world, NULL, JOB);
    g_autoptr(DomainFacts) facts = golden_read(xml);
    Id second = ((Object *) facts->config->nics.items[1])->id;
    ((Nic *) facts->config->nics.items[0])->plugged = FALSE;
    g_autofree char *once = domain_xml_patch(xml, facts->config, &world, &error);
    g_assert_no_error(error);
    g_autoptr(DomainFacts) now = golden_read(once);
    const Nic *left = list_find(&now->config->nics, &second);
    g_assert_true(left && left->plugged);
    ((Nic *) now->config->nics.items[0])->linked = FALSE;
    g_autofree char *twice = domain_xml_patch(once, now->config, &world, &error);
    g_assert_no_error(error);
    g_autoptr(DomainFacts) then = golden_read(twice);
    const Nic *pulled = list_find(&then->config->nics, &second);
    g_assert_true(pulled && !pulled->linked);
    g_assert_cmpuint(then->config->nics.count, ==, 2);
}

/* Secrets are hidden, and nothing else is touched: an own mark that is called as one, what is no XML at all. */
static void
test_shown(void)
{
    static const char xml[] = "<domain>\n  <name>passwd='a'</name>\n  <devices>\n    <disk>\n      <source protocol='https'>\n        <cookies>\n"
                              "          <cookie name='c'>secret</cookie>\n        </cookies>\n      </source>\n    </disk>\n"
                              "    <graphics type='vnc' passwd=\"secret\" passwdValidTo='2030-01-01T00:00:00'/>\n    <graphics type='spice'/>\n  </devices>\n</domain>\n";
    static const char shown[] = "<domain>\n  <name>passwd='a'</name>\n  <devices>\n    <disk>\n      <source protocol='https'>\n      </source>\n    </disk>\n"
                                "    <graphics type='vnc' passwdValidTo='2030-01-01T00:00:00'/>\n    <graphics type='spice'/>\n  </devices>\n</domain>\n";
    g_autoptr(GError) error = NULL;
    g_autofree char *hidden = domain_xml_shown(xml, &error), *again = domain_xml_shown(shown, NULL), *none = domain_xml_shown("<domain", &error);
    g_assert_cmpstr(hidden, ==, shown);
    g_assert_cmpstr(again, ==, shown);
    g_assert_null(none);
    g_assert_error(error, SHIKIRI_FAULT, FAULT_CONFLICT);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain_xml_odd/unreadable", test_unreadable);
    g_test_add_func("/domain_xml_odd/control_characters", test_control_characters);
    g_test_add_func("/domain_xml_odd/stale_row", test_stale_row);
    g_test_add_func("/domain_xml_odd/one_of_two_alike", test_one_of_two_alike);
    g_test_add_func("/domain_xml_odd/shown", test_shown);
    return g_test_run();
}
