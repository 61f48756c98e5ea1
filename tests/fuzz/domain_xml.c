/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Domain XML as hosts hand it over: whoever may define domains there may write anything into it. What is understood must stay byte
 * for byte where nothing is asked, and an edit must give a document that says it. */
#include "fuzz.h"

#include "host/domain_xml.h"
#include "host/domain_xml_override.h"

#include <string.h>

static gboolean
find_disk(gpointer data, const Id *disk, char **ret_path, int *ret_format, gboolean *ret_shareable, GError **error)
{
    (void) data;
    (void) disk;
    (void) error;
    *ret_path = g_strdup("/srv/store/disk");
    *ret_format = DISK_FORMAT_COW;
    *ret_shareable = FALSE;
    return TRUE;
}

static char *
find_iso(gpointer data, const char *file, GError **error)
{
    (void) data;
    (void) file;
    (void) error;
    return g_strdup("/srv/iso/x.iso");
}

static const char *
find_source(gpointer data, const Nic *nic)
{
    (void) data;
    return nic->source;
}

static const DomainWorld world = { NULL, "00000000-0000-4000-8000-00000000070b", find_disk, find_iso, find_source, NULL };

static void
edit(Vm *vm)
{
    text_set(&vm->description, "edited <&>");
    vm->memory = (gint64) 768 << 20;
    if (vm->nics.count > 0)
        ((Nic *) vm->nics.items[0])->linked = FALSE;
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    attachment->object.id = attachment->disk.id = id_named(&id_null, "fuzz");
    attachment->interface = DISK_INTERFACE_VIRTIO;
    attachment->active = TRUE;
    if (list_find(&vm->disk_attachments, &attachment->object.id))
        object_unref(attachment);
    else
        list_add(&vm->disk_attachments, attachment);
}

static void
check_edit(const char *xml, Vm *vm)
{
    GError *error = NULL;
    edit(vm);
    g_autofree char *edited = domain_xml_patch(xml, vm, &world, &error);
    if (!edited && message_code(fault_message(error)) == MSG_DOMAIN_XML_DID_NOT_TAKE) {
        g_clear_error(&error);      /* two disks of one name, two aliases alike: no libvirt has such a domain, and nothing was written */
        return;
    }
    if (!edited) {
        fuzz_refused(error);
        return;
    }
    g_autoptr(DomainFacts) facts = domain_facts_new();
    domain_xml_read(edited, facts, &error);
    g_assert_no_error(error);
    g_assert_true(facts->ours);
    g_assert_cmpstr(facts->config->description, ==, vm->description);
    g_assert_cmpint(facts->config->memory, ==, vm->memory);
    g_assert_cmpuint(facts->config->disk_attachments.count, ==, vm->disk_attachments.count);
    g_assert_cmpuint(facts->config->nics.count, ==, vm->nics.count);
}

/* Sent back as it is shown it is the same; laid beside a bare domain nobody is hurt. */
static void
check_override(const char *xml)
{
    static const char bare[] = "<domain type='kvm'><name>x</name><uuid>c617d419-b5b6-4119-94b9-d4393df00d0d</uuid><os><type>hvm</type></os><devices/></domain>";
    GError *error = NULL;
    g_auto(DomainOverride) same = { 0 }, other = { 0 };
    g_autofree char *shown = domain_xml_shown(xml, &error);
    if (!shown || !domain_xml_override(xml, shown, "x", &same, &error))
        fuzz_refused(g_steal_pointer(&error));
    else    /* a secret where libvirt has none is hidden too, and not put back: what stands there means nothing */
        g_assert_true(same.same || strstr(xml, "passwd") || strstr(xml, "cookies"));
    if (domain_xml_override(bare, xml, "x", &other, &error)) {
        g_auto(DomainOverride) again = { 0 };
        g_assert_true(domain_xml_override(bare, other.xml, "x", &again, NULL));
        g_assert_cmpuint(again.files->len, ==, other.files->len);
    } else {
        fuzz_refused(error);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    g_autofree char *xml = fuzz_text(data, size);
    g_autoptr(DomainFacts) facts = domain_facts_new();
    if (!domain_xml_read(xml, facts, &error)) {
        fuzz_refused(error);
        return 0;
    }
    g_autofree char *same = domain_xml_patch(xml, facts->config, &world, &error);
    if (same)
        g_assert_cmpstr(same, ==, xml);
    else
        fuzz_refused(error);
    check_edit(xml, facts->config);
    check_override(xml);
    return 0;
}
