/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What others do outside the manager, at the worst moment of a verb: between its look and its deed, between two deeds. Nobody's edit is
 * overwritten, nobody's file deleted, no running guest loses its disk; the verb ends undone with a sentence, or waits. */
#include "estate.h"

#include <string.h>

/* --- deeds ------------------------------------------------------------------------------------------------------------------------ */

static void
edit_hello(void)
{
    g_auto(GStrv) halves = g_strsplit(estate_xml(&estate.hello), "</domain>", 2);
    g_autofree char *xml = g_strconcat(halves[0], "  <!-- by hand -->\n</domain>", halves[1], NULL);
    estate_set_xml(&estate.hello, xml);
}

static void
start_hello(void)
{
    estate_set_state(&estate.hello, DOMAIN_RUNNING);
}

static void
undefine_hello(void)
{
    estate_forget_domain(&estate.hello);
}

static void
put_file(void)
{
    Id id;
    id_parse("d0000000-0000-4000-8000-000000000001", ID_UUID, &id);
    estate_put_volume(&id, 4711);
}

static void
define_new(void)
{
    Id id;
    id_parse("a0000000-0000-4000-8000-000000000001", ID_UUID, &id);
    estate_put_domain(&id, "<domain type='qemu'><name>theirs</name><uuid>a0000000-0000-4000-8000-000000000001</uuid><os><type>hvm</type></os><devices/></domain>");
}

/* --- verbs ------------------------------------------------------------------------------------------------------------------------ */

static Work *
edit(void)
{
    return estate_work(&vm_update, &estate.hello, "<vm><memory>536870912</memory></vm>");
}

static Work *
override_xml(void)
{
    g_auto(GStrv) halves = g_strsplit(estate_xml(&estate.hello), "</devices>", 2);
    g_autofree char *xml = g_strconcat(halves[0], "<watchdog model='i6300esb'/></devices>", halves[1], NULL);
    g_autofree char *body = g_markup_printf_escaped("<action><xml>%s</xml></action>", xml);
    return estate_work(&vm_overridexml, &estate.hello, body);
}

static Work *
attach_new(void)
{
    return estate_child_work(&disk_attachment_add, &estate.hello, NULL,
                             "<disk_attachment><disk id='d0000000-0000-4000-8000-000000000001'><provisioned_size>4096</provisioned_size></disk></disk_attachment>");
}

static Work *
add_disk(void)
{
    return estate_work(&disk_add, NULL, "<disk id='d0000000-0000-4000-8000-000000000001'><alias>d</alias><provisioned_size>4096</provisioned_size></disk>");
}

static Work *
add_vm(void)
{
    return estate_work(&vm_add, NULL, "<vm id='a0000000-0000-4000-8000-000000000001'><name>new</name></vm>");
}

static Work *
remove_vm(void)
{
    return estate_work(&vm_remove, &estate.hello, NULL);
}

static Work *
delete_attached(void)
{
    return estate_work(&disk_remove, &estate.disk, NULL);
}

static Work *
add_nic(void)
{
    return estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>n</name><mac><address>56:6f:00:00:00:77</address></mac></nic>");
}

static Work *
start(void)
{
    return estate_work(&vm_start, &estate.hello, NULL);
}

typedef struct {
    const char *name;
    Work *(*make)(void);
    int at;                         /* before this step */
    void (*deed)(void);
    WalkEnd ending;
    const char *said;               /* part of the sentence; NULL: it says nothing */
} Case;

static const Case cases[] = {
    { "edited while editing", edit, 1, edit_hello, ENDED_UNDONE, "was changed outside the manager at this very moment. Nothing was written." },
    { "started while editing", edit, 1, start_hello, ENDED_UNDONE, "somebody started it outside the manager" },
    { "started before editing", edit, 0, start_hello, ENDED_UNDONE, "somebody started it outside the manager" },
    { "undefined while editing", edit, 1, undefine_hello, ENDED_UNDONE, "somebody undefined it outside the manager" },
    { "edited while writing its XML", override_xml, 1, edit_hello, ENDED_UNDONE, "was changed outside the manager at this very moment. Nothing was written." },
    { "started while writing its XML", override_xml, 1, start_hello, ENDED_UNDONE, "somebody started it outside the manager" },
    { "undefined before its XML is read", override_xml, 0, undefine_hello, ENDED_UNDONE, "somebody undefined it outside the manager" },
    { "edited while attaching", attach_new, 3, edit_hello, ENDED_UNDONE, "was changed outside the manager" },
    { "started while attaching", attach_new, 3, start_hello, ENDED_UNDONE, "somebody started it" },
    { "started while adding a card", add_nic, 1, start_hello, ENDED_UNDONE, "somebody started it" },
    { "edited while adding a card", add_nic, 1, edit_hello, ENDED_UNDONE, "was changed outside the manager" },
    { "a file in the place of a disk", add_disk, 0, put_file, ENDED_UNDONE, "is there already, and the manager did not make it" },
    { "a file in the place of an attached disk", attach_new, 0, put_file, ENDED_UNDONE, "is there already" },
    { "a domain in the place of a VM", add_vm, 0, define_new, ENDED_UNDONE, "has a domain with the id a0000000" },
    { "started before removing", remove_vm, 0, start_hello, ENDED_UNDONE, "somebody started it" },
    { "undefined before removing", remove_vm, 0, undefine_hello, ENDED_DONE, NULL },
    { "started while detaching", delete_attached, 2, start_hello, ENDED_UNDONE, "somebody started it" },
    { "started before its disk goes", delete_attached, 4, start_hello, ENDED_UNDONE, "somebody started it" },
    { "started before starting", start, 1, start_hello, ENDED_UNDONE, "it runs already" },
};

/* Without what differs from estate to estate: jobs, ids of cards and their addresses, passwords, the time; and what a guest got that
 * somebody started half-way. */
static char *
world(void)
{
    g_autofree char *picture = estate_picture();
    g_autoptr(GRegex) regex = g_regex_new(" job='[^']*'| created='[^']*'| passwd='[^']*'|live [^\n]*|\n|nic id='[^']*'|address='56[^']*'|ua-[0-9a-f-]*", 0, 0, NULL);
    return g_regex_replace_literal(regex, picture, -1, 0, "", 0, NULL);
}

/* The world as it is if only the deed is done. */
static char *
world_of_deed(const Case *one)
{
    estate_open();
    one->deed();
    char *wanted = world();
    estate_close();
    return wanted;
}

static void
test_meanwhile(gconstpointer data)
{
    const Case *one = data;
    g_autofree char *wanted = world_of_deed(one);
    estate_open();
    g_autofree char *model = estate_model(), *said = NULL;
    estate_meanwhile(one->at, one->deed);
    WalkEnd ending = estate_try(one->make(), &said);
    g_test_message("%s: %s", one->name, said ? said : "done");
    g_assert_cmpint(ending, ==, one->ending);
    if (one->said)
        g_assert_nonnull(strstr(said, one->said));
    if (ending == ENDED_UNDONE) {
        g_autofree char *model_after = estate_model(), *after = world();
        g_assert_cmpstr(model, ==, model_after);
        g_assert_cmpstr(after, ==, wanted);
    }
    estate_close();
}

/* Defined anew, and running: with what was its disk. */
static void
start_again(void)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *xml = g_strdup_printf("<domain type='qemu'><name>hello</name><uuid>%s</uuid><os><type>hvm</type></os><devices/></domain>",
                                           id_format(&estate.hello, ID_UUID, text));
    estate_put_domain(&estate.hello, xml);
    estate_set_state(&estate.hello, DOMAIN_RUNNING);
}

/* Half-way removed: the domain is gone, and a file is in use by whom nobody here knows. It waits, and keeps the file. */
static void
test_files_wait(void)
{
    estate_open();
    g_autofree char *said = NULL;
    estate_meanwhile(2, start_again);
    WalkEnd ending = estate_try(remove_vm(), &said);
    g_assert_cmpint(ending, ==, ENDED_WAITING);
    g_assert_nonnull(strstr(said, "somebody started it"));
    g_assert_true(estate_has_volume(&estate.disk));
    estate_close();
}

/* --- edited upon what the verb wrote --------------------------------------------------------------------------------------------------- */

static char *
by_hand(const char *xml)
{
    g_auto(GStrv) parts = g_strsplit(xml, "</uuid>", 2);
    return g_strjoin("</uuid><title>by hand</title><description>by hand</description>", parts[0], parts[1], NULL);
}

static void
edit_and_refuse(void)
{
    g_autofree char *edited = by_hand(estate_xml(&estate.hello));
    estate_set_xml(&estate.hello, edited);
    estate_fault(FAULT_REFUSES);
}

static char *
plain(const char *xml)
{
    g_autoptr(GRegex) regex = g_regex_new(" job='[^']*'|\\s+", 0, 0, NULL);
    return g_regex_replace_literal(regex, xml, -1, 0, "", 0, NULL);
}

/* The host refuses to plug the card in: it goes out of the definition again, and what a person wrote there meanwhile stays. */
static void
test_undone_around_an_edit(void)
{
    estate_open();
    estate_do(start());
    g_autofree char *wanted = by_hand(estate_xml(&estate.hello)), *said = NULL;
    estate_meanwhile(2, edit_and_refuse);
    g_assert_cmpint(estate_try(add_nic(), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "the host refuses"));
    g_autofree char *expected = plain(wanted), *after = plain(estate_xml(&estate.hello));
    g_assert_cmpstr(after, ==, expected);
    estate_close();
}

static void
edit_card_and_refuse(void)
{
    g_auto(GStrv) parts = g_strsplit(estate_xml(&estate.hello), "<mac address='56:6f:00:00:00:77'/>", 2);
    g_assert_nonnull(parts[1]);
    g_autofree char *edited = g_strjoin("<mac address='56:6f:00:00:00:78'/>", parts[0], parts[1], NULL);
    estate_set_xml(&estate.hello, edited);
    estate_fault(FAULT_REFUSES);
}

/* The very card was edited: whose it is now nobody can say. It stays, and that is told. */
static void
test_an_edit_of_ours_is_left(void)
{
    estate_open();
    estate_do(start());
    g_autofree char *said = NULL;
    estate_meanwhile(2, edit_card_and_refuse);
    g_assert_cmpint(estate_try(add_nic(), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(estate_xml(&estate.hello), "<mac address='56:6f:00:00:00:78'/>"));
    g_assert_nonnull(strstr(estate.last_event, "The configuration of VM hello was changed outside the manager while the manager edited it."));
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/outside/", cases[i].name, NULL);
        g_strdelimit(path, " ", '_');
        g_test_add_data_func(path, &cases[i], test_meanwhile);
    }
    g_test_add_func("/outside/files_wait", test_files_wait);
    g_test_add_func("/outside/undone_around_an_edit", test_undone_around_an_edit);
    g_test_add_func("/outside/an_edit_of_ours_is_left", test_an_edit_of_ours_is_left);
    return g_test_run();
}
