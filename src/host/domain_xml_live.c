/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Domains that run: their XML understood beside their definition, and one device of it as the text that hosts are given. Which
 * edit a device needs is the verbs' business, how it looks domain_xml_patch's. */
#include "host/domain_xml.h"

#include "host/domain_xml_reading.h"
#include "host/domain_xml_splice.h"

#include <string.h>

#define OURS "ua-"                  /* aliases of the manager's, which libvirt keeps as they are */

/* --- reading ---------------------------------------------------------------------------------------------------------------- */

static void
copy_media(Vm *next, const Vm *live)
{
    for (guint i = 0; i < next->cdroms.count; i++) {
        Cdrom *cdrom = next->cdroms.items[i];
        const Cdrom *now = list_find(&live->cdroms, &cdrom->object.id);
        text_set(&cdrom->current.id, now ? now->file.id : NULL);
    }
}

/* The same file is the same medium, whatever the definition's mark calls it. */
static void
name_medium(const Reading *reading, const DomainFacts *next, Cdrom *cdrom)
{
    const Cdrom *known = list_find(&next->config->cdroms, &cdrom->object.id);
    if (!known || !known->file.id || !cdrom->target)
        return;
    g_autoptr(GPtrArray) files = reading_files(reading);
    const char *now = NULL, *then = NULL;
    for (guint i = 0; i < files->len; i++) {
        const DomainDisk *file = files->pdata[i];
        now = g_strcmp0(file->target, cdrom->target) == 0 ? file->path : now;
    }
    for (guint i = 0; i < next->disks.count; i++) {
        const DomainDisk *file = next->disks.items[i];
        then = g_strcmp0(file->target, known->target) == 0 ? file->path : then;
    }
    if (now && g_strcmp0(now, then) == 0)
        text_set(&cdrom->file.id, known->file.id);
    for (guint i = 0; i < files->len; i++)
        domain_disk_free(files->pdata[i]);
}

gboolean
domain_xml_read_live(const char *xml, DomainFacts *next, GError **error)
{
    g_autoptr(Reading) reading = reading_new(xml, next, error);
    if (!reading)
        return FALSE;
    for (guint i = 0; i < reading->vm->cdroms.count; i++)
        name_medium(reading, next, reading->vm->cdroms.items[i]);
    domain_facts_forget_live(next);
    domain_facts_forget_live_disks(next);
    next->live = g_steal_pointer(&reading->vm);
    next->live_xml = g_strdup(xml);
    g_autoptr(GPtrArray) files = reading_files(reading);
    for (guint i = 0; i < files->len; i++)
        list_add(&next->live_disks, files->pdata[i]);
    copy_media(next->config, next->live);
    return TRUE;
}

/* --- one device as text ------------------------------------------------------------------------------------------------------- */

static char *
element_text(const ScanDoc *doc, const ScanNode *node, gboolean fresh)
{
    static const char *const given[] = { "address", "boot" };
    g_autofree char *whole = g_strndup(doc->bytes + node->start, node->end - node->start);
    g_autoptr(ScanDoc) alone = fresh ? scan_new(whole, NULL) : NULL;
    if (!alone)
        return g_steal_pointer(&whole);
    g_auto(Splices) splices;
    splice_begin(&splices, alone);
    for (guint i = 0; i < G_N_ELEMENTS(given); i++) {
        const ScanNode *child = scan_child(alone, alone->root, given[i]);
        if (child)
            splice_remove(&splices, child);
    }
    return splice_apply(&splices);
}

char *
domain_xml_device(const char *xml, const DomainFacts *next, DeviceKind kind, const Id *id, gboolean fresh)
{
    g_autoptr(Reading) reading = reading_new(xml, next, NULL);
    const Device *device = reading ? reading_find(reading, kind, id) : NULL;
    return device ? element_text(reading->doc, device->node, fresh) : NULL;
}

static char *
alias_of(const ScanDoc *doc, const ScanNode *node)
{
    return scan_get(doc, scan_child(doc, node, "alias"), "name");
}

char *
domain_xml_alias(const char *device)
{
    g_autoptr(ScanDoc) doc = scan_new(device, NULL);
    return doc ? alias_of(doc, doc->root) : NULL;
}

/* --- one device among others -------------------------------------------------------------------------------------------------- */

static gboolean
same_value(const ScanDoc *a, const ScanNode *x, const ScanDoc *b, const ScanNode *y, const char *child, const char *attribute)
{
    g_autofree char *one = scan_get(a, scan_child(a, x, child), attribute), *other = scan_get(b, scan_child(b, y, child), attribute);
    return one && other && g_ascii_strcasecmp(one, other) == 0;
}

static gboolean
same_attribute(const ScanDoc *a, const ScanNode *x, const ScanDoc *b, const ScanNode *y, const char *name)
{
    g_autofree char *one = scan_get(a, x, name), *other = scan_get(b, y, name);
    return g_strcmp0(one, other) == 0;
}

static gboolean
same_source(const ScanDoc *a, const ScanNode *x, const ScanDoc *b, const ScanNode *y)
{
    static const char *const names[] = { "file", "dev", "pool", "volume", "protocol", "name" };
    gboolean same = TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        same &= same_attribute(a, scan_child(a, x, "source"), b, scan_child(b, y, "source"), names[i]);
    return same;
}

/* One that has an alias of ours is known by that alone: its place in the guest may be another's by now. Else the same card, or the same file
 * at the same place; a drive is the same whatever lies in it. */
static gboolean
is_same(const ScanDoc *doc, const ScanNode *node, const ScanDoc *device)
{
    const ScanNode *root = device->root;
    g_autofree char *alias = alias_of(device, root);
    if (same_value(doc, node, device, root, "alias", "name"))
        return TRUE;
    if (alias && g_str_has_prefix(alias, OURS))
        return FALSE;
    gboolean there = same_value(doc, node, device, root, "target", "dev");
    return same_value(doc, node, device, root, "mac", "address") || (there && (scan_has(doc, node, "device", "cdrom") || same_source(doc, node, device, root)));
}

static const ScanNode *
find_same(const ScanDoc *doc, const ScanDoc *device)
{
    const ScanNode *devices = scan_child(doc, doc->root, "devices");
    for (const ScanNode *node = devices ? devices->first : NULL; node; node = node->next) {
        if (is_same(doc, node, device))
            return node;
    }
    return NULL;
}

gboolean
domain_xml_has_device(const char *xml, const char *device)
{
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL), piece = scan_new(device, NULL);
    return doc && piece && find_same(doc, piece);
}

static char *
find_taken(const ScanDoc *doc, const ScanDoc *device)
{
    static const char *const places[][2] = { { "target", "dev" }, { "mac", "address" } };
    const ScanNode *devices = scan_child(doc, doc->root, "devices");
    for (const ScanNode *node = devices ? devices->first : NULL; node; node = node->next) {
        for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
            if (same_value(doc, node, device, device->root, places[i][0], places[i][1]))
                return scan_get(doc, scan_child(doc, node, places[i][0]), places[i][1]);
        }
    }
    return NULL;
}

char *
domain_xml_place_taken(const char *xml, const char *device)
{
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL), piece = scan_new(device, NULL);
    return doc && piece ? find_taken(doc, piece) : NULL;
}

gboolean
domain_xml_device_is(const char *xml, const char *device)
{
    static const char *const names[] = { "file", "dev", "network", "bridge" };
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL), piece = scan_new(device, NULL);
    const ScanNode *node = doc && piece ? find_same(doc, piece) : NULL;
    if (!node)
        return FALSE;
    const ScanNode *now = scan_child(doc, node, "source"), *then = scan_child(piece, piece->root, "source");
    gboolean now_down = scan_has(doc, scan_child(doc, node, "link"), "state", "down");
    gboolean then_down = scan_has(piece, scan_child(piece, piece->root, "link"), "state", "down");
    gboolean same = now_down == then_down && same_attribute(doc, node, piece, piece->root, "type");
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        same &= same_attribute(doc, now, piece, then, names[i]);
    return same;
}

gboolean
domain_xml_has_scsi(const char *xml)
{
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL);
    const ScanNode *node = doc ? scan_path(doc, doc->root, "devices/controller") : NULL;
    for (; node; node = scan_next(doc, node)) {
        if (scan_has(doc, node, "type", "scsi"))
            return TRUE;
    }
    return FALSE;
}

gboolean
domain_xml_is_on_scsi(const char *device)
{
    g_autoptr(ScanDoc) doc = scan_new(device, NULL);
    return doc && scan_has(doc, scan_child(doc, doc->root, "target"), "bus", "scsi");
}

/* --- for hosts that are not there ------------------------------------------------------------------------------------------------ */

char *
domain_xml_as_running(const char *xml)
{
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL);
    const ScanNode *devices = doc ? scan_child(doc, doc->root, "devices") : NULL;
    guint number = 0;
    g_auto(Splices) splices;
    if (!devices)
        return g_strdup(xml);
    splice_begin(&splices, doc);
    for (const ScanNode *node = devices->first; node; node = node->next, number++) {
        g_autofree char *alias = alias_of(doc, node), *name = scan_local_name(doc, node);
        g_autofree char *fragment = g_strdup_printf("<alias name='%s%u'/>", name, number);
        if (!alias && !scan_is(doc, node, "emulator"))
            splice_insert(&splices, node, NULL, fragment);
    }
    return splice_apply(&splices);
}

char *
domain_xml_with_device(const char *xml, const char *device)
{
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL), piece = scan_new(device, NULL);
    const ScanNode *devices = doc ? scan_child(doc, doc->root, "devices") : NULL;
    g_autofree char *taken = devices && piece ? find_taken(doc, piece) : NULL;
    if (!devices || !piece || taken || find_same(doc, piece))
        return NULL;
    g_auto(Splices) splices;
    splice_begin(&splices, doc);
    splice_insert(&splices, devices, NULL, device);
    return splice_apply(&splices);
}

char *
domain_xml_with_device_changed(const char *xml, const char *device)
{
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL), piece = scan_new(device, NULL);
    const ScanNode *node = doc && piece ? find_same(doc, piece) : NULL;
    if (!node)
        return NULL;
    g_auto(Splices) splices;
    splice_begin(&splices, doc);
    splice_replace(&splices, node, device);
    return splice_apply(&splices);
}

char *
domain_xml_without_device(const char *xml, const char *alias)
{
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL);
    const ScanNode *devices = doc ? scan_child(doc, doc->root, "devices") : NULL;
    for (const ScanNode *node = devices ? devices->first : NULL; node; node = node->next) {
        g_autofree char *name = alias_of(doc, node);
        if (g_strcmp0(name, alias) != 0)
            continue;
        g_auto(Splices) splices;
        splice_begin(&splices, doc);
        splice_remove(&splices, node);
        return splice_apply(&splices);
    }
    return NULL;
}
