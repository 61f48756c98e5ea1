/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The reader's door: a domain XML into the facts that reconcile believes. Understanding itself is in domain_xml_reading.c,
 * building in domain_xml_build.c, editing in domain_xml_patch.c. */
#include "host/domain_xml.h"

#include "host/domain_xml_reading.h"
#include "host/domain_xml_scan.h"
#include "host/domain_xml_splice.h"

gboolean
domain_xml_read(const char *xml, DomainFacts *facts, GError **error)
{
    g_autoptr(Reading) reading = reading_new(xml, NULL, error);
    if (!reading)
        return FALSE;
    g_autoptr(GPtrArray) files = reading_files(reading);
    facts->id = reading->id;
    facts->ours = reading->ours;
    object_unref(facts->config);
    facts->config = g_steal_pointer(&reading->vm);
    g_free(facts->job);
    facts->job = g_steal_pointer(&reading->job);
    for (guint i = 0; i < files->len; i++)
        list_add(&facts->disks, files->pdata[i]);
    return TRUE;
}

static const ScanNode *
find_disk(const ScanDoc *doc, const char *target)
{
    const ScanNode *devices = scan_child(doc, doc->root, "devices");
    for (const ScanNode *node = scan_child(doc, devices, "disk"); node; node = scan_next(doc, node)) {
        if (scan_has(doc, scan_child(doc, node, "target"), "dev", target))
            return node;
    }
    return NULL;
}

/* What libvirt remembers of the file before goes: it looks again. */
static void
forget_file(Splices *splices, const ScanNode *disk)
{
    static const char *const names[] = { "backingStore", "mirror" };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const ScanNode *node = scan_child(splices->doc, disk, names[i]);
        if (node)
            splice_remove(splices, node);
    }
}

char *
domain_xml_with_file(const char *xml, const char *target, const char *path, int format)
{
    g_auto(Splices) splices = { 0 };
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL);
    const ScanNode *disk = doc ? find_disk(doc, target) : NULL, *source = doc ? scan_child(doc, disk, "source") : NULL;
    const ScanNode *driver = doc ? scan_child(doc, disk, "driver") : NULL;
    if (!source || !driver || !scan_attribute(doc, source, "file"))
        return NULL;
    splice_begin(&splices, doc);
    splice_attribute(&splices, driver, "type", format == DISK_FORMAT_RAW ? "raw" : "qcow2");
    splice_attribute(&splices, source, "file", path);
    forget_file(&splices, disk);
    return splice_apply(&splices);
}

char *
domain_xml_renamed(const char *xml, const char *name)
{
    g_auto(Splices) splices = { 0 };
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL);
    const ScanNode *node = doc ? scan_child(doc, doc->root, "name") : NULL;
    if (!node)
        return NULL;
    splice_begin(&splices, doc);
    splice_text(&splices, node, name);
    return splice_apply(&splices);
}
