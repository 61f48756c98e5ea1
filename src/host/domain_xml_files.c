/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only disks that are files are exchanged: others have no chain of ours. */
#include "host/domain_xml_files.h"

#include "host/domain_xml_scan.h"
#include "host/domain_xml_splice.h"
#include "model/storage.h"

void
domain_file_clear(gpointer data)
{
    DomainFile *file = data;
    g_free(file->target);
    g_free(file->path);
}

GArray *
domain_files_new(void)
{
    GArray *files = g_array_new(FALSE, FALSE, sizeof(DomainFile));
    g_array_set_clear_func(files, domain_file_clear);
    return files;
}

void
domain_files_add(GArray *files, const char *target, const char *path, int format)
{
    DomainFile file = { g_strdup(target), g_strdup(path), format };
    g_array_append_val(files, file);
}

static const ScanNode *
find_disk(const ScanDoc *doc, const char *target)
{
    const ScanNode *node = scan_path(doc, doc->root, "devices/disk");
    for (; node; node = scan_next(doc, node)) {
        if (scan_has(doc, scan_child(doc, node, "target"), "dev", target) && scan_has(doc, node, "type", "file"))
            return node;
    }
    return NULL;
}

static void
set_file(Splices *splices, const ScanDoc *doc, const ScanNode *disk, const DomainFile *file)
{
    const ScanNode *driver = scan_child(doc, disk, "driver"), *beneath = scan_child(doc, disk, "backingStore");
    splice_attribute(splices, scan_child(doc, disk, "source"), "file", file->path);
    if (driver)
        splice_attribute(splices, driver, "type", file->format == DISK_FORMAT_COW ? "qcow2" : "raw");
    if (beneath)
        splice_remove(splices, beneath);
}

char *
domain_xml_with_files(const char *xml, const GArray *files, GError **error)
{
    g_auto(Splices) splices = { 0 };
    g_autoptr(ScanDoc) doc = scan_new(xml, error);
    if (!doc)
        return NULL;
    splice_begin(&splices, doc);
    for (guint i = 0; i < files->len; i++) {
        const DomainFile *file = &g_array_index(files, DomainFile, i);
        const ScanNode *disk = find_disk(doc, file->target);
        if (!disk || !scan_child(doc, disk, "source")) {
            fault_set(error, MSG_DOMAIN_XML_TARGET, "target", file->target, NULL);
            return NULL;
        }
        set_file(&splices, doc, disk, file);
    }
    return splice_apply(&splices);
}
