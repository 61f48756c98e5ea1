/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Folders of the host that a domain has as file systems. virtiofsd reads and writes the guest's memory, so that it must be of a kind that two
 * processes can have. */
#include "host/domain_xml_group.h"

/* --- reading ---------------------------------------------------------------------------------------------------------------------- */

static char *
path_of(const ScanDoc *doc, const ScanNode *source)
{
    static const char *const names[] = { "dir", "file", "dev", "name", "pool", "usage" };
    char *path = NULL;
    for (guint i = 0; !path && i < G_N_ELEMENTS(names); i++)
        path = scan_get(doc, source, names[i]);
    return path;
}

/* What libvirt makes of a folder without a word on how is 9p. */
static char *
driver_of(const ScanDoc *doc, const ScanNode *node)
{
    g_autofree char *driver = scan_get(doc, scan_child(doc, node, "driver"), "type"), *type = scan_get(doc, node, "type");
    if (g_strcmp0(driver, SHARED_VIRTIOFS) == 0)
        return g_steal_pointer(&driver);
    return g_strdup(type && !g_str_equal(type, "mount") ? type : "9p");
}

static char *
name_of(const ScanDoc *doc, const ScanNode *node)
{
    char *name = scan_get(doc, scan_child(doc, node, "target"), "dir");
    return name ? name : g_strdup("");
}

static void
read_folders(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    for (const ScanNode *node = scan_child(doc, reading->devices, "filesystem"); node; node = scan_next(doc, node)) {
        g_autofree char *name = name_of(doc, node);
        Id id = shared_folder_id(&reading->id, name);
        if (list_find(&reading->vm->shared_folders, &id))
            continue;
        SharedFolder *folder = object_new(&shared_folder_type);
        folder->object.id = id;
        folder->name = g_steal_pointer(&name);
        folder->path = path_of(doc, scan_child(doc, node, "source"));
        folder->driver = driver_of(doc, node);
        list_add(&reading->vm->shared_folders, folder);
    }
}

/* --- memory for two --------------------------------------------------------------------------------------------------------------- */

/* What says that it is the guest's alone, somebody chose. */
static gboolean
is_private(const ScanDoc *doc)
{
    const ScanNode *backing = scan_child(doc, doc->root, "memoryBacking"), *access = scan_child(doc, backing, "access"), *source = scan_child(doc, backing, "source");
    if ((access && !scan_has(doc, access, "mode", "shared")) || (source && scan_has(doc, source, "type", "anonymous")))
        return TRUE;
    for (const ScanNode *cell = scan_path(doc, doc->root, "cpu/numa/cell"); cell; cell = scan_next(doc, cell)) {
        if (scan_has(doc, cell, "memAccess", "private"))
            return TRUE;
    }
    return FALSE;
}

static gboolean
share_memory(Patch *patch, GError **error)
{
    static const char *const source = "<source type='memfd'/>", *const access = "<access mode='shared'/>";
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *backing = scan_child(doc, doc->root, "memoryBacking");
    if (is_private(doc))
        return fault_set(error, MSG_DOMAIN_XML_MEMORY_PRIVATE, "vm", patch->vm->name, NULL);
    if (!backing) {
        patch_insert(patch, doc->root, "memory", "<memoryBacking>\n  <source type='memfd'/>\n  <access mode='shared'/>\n</memoryBacking>");
        return TRUE;
    }
    if (!scan_child(doc, backing, "source"))
        splice_insert(&patch->splices, backing, NULL, source);
    if (!scan_child(doc, backing, "access"))
        splice_insert(&patch->splices, backing, NULL, access);
    return TRUE;
}

/* --- patching --------------------------------------------------------------------------------------------------------------------- */

static void
remove_folders(Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    for (const ScanNode *node = scan_child(doc, patch->now->devices, "filesystem"); node; node = scan_next(doc, node)) {
        g_autofree char *name = name_of(doc, node);
        Id id = shared_folder_id(&patch->now->id, name);
        if (!list_find(&patch->vm->shared_folders, &id))
            splice_remove(&patch->splices, node);
    }
}

static char *
fragment_of(const SharedFolder *folder)
{
    g_auto(Text) out = TEXT_EMPTY;
    text_add_literal(&out, "<filesystem type='mount' accessmode='passthrough'>\n  <driver type='virtiofs'/>\n  <source dir='");
    splice_add_value(&out, folder->path);
    text_add_literal(&out, "'/>\n  <target dir='");
    splice_add_value(&out, folder->name);
    text_add_literal(&out, "'/>\n</filesystem>");
    return text_take(&out);
}

static gboolean
patch_folders(Patch *patch, GError **error)
{
    gboolean any = FALSE;
    remove_folders(patch);
    for (guint i = 0; i < patch->vm->shared_folders.count; i++) {
        const SharedFolder *folder = patch->vm->shared_folders.items[i];
        if (list_find(&patch->now->vm->shared_folders, &folder->object.id))
            continue;
        g_autofree char *fragment = fragment_of(folder);
        patch_insert(patch, patch->now->devices, "filesystem", fragment);
        any = TRUE;
    }
    return !any || share_memory(patch, error);
}

const DomainGroup group_folders = { .read = read_folders, .patch = patch_folders };
