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
