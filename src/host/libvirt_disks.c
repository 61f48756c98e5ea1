/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Read from the live XML, where libvirt keeps what its block jobs do over its own restarts. */
#include "host/libvirt_disks.h"

#include "host/libvirt_xml.h"

static void
disk_free(gpointer data)
{
    LiveDisk *disk = data;
    g_free(disk->target);
    g_free(disk->path);
    g_free(disk->format);
    g_free(disk->mirror);
    g_free(disk);
}

static BlockJobKind
mirror_kind(xmlDoc *doc, xmlNode *node)
{
    g_autofree char *job = libvirt_xml_text(doc, node, "mirror/@job");
    if (!libvirt_xml_has(doc, node, "mirror"))
        return BLOCK_JOB_NONE;
    if (!job || g_str_equal(job, "copy"))
        return BLOCK_JOB_COPY;
    return g_str_equal(job, "active-commit") ? BLOCK_JOB_COMMIT : BLOCK_JOB_OTHER;
}

static LiveDisk *
read_disk(xmlDoc *doc, xmlNode *node)
{
    LiveDisk *disk = g_new0(LiveDisk, 1);
    g_autofree char *ready = libvirt_xml_text(doc, node, "mirror/@ready");
    disk->target = libvirt_xml_text(doc, node, "target/@dev");
    disk->path = libvirt_xml_text(doc, node, "source/@file");
    disk->format = libvirt_xml_text(doc, node, "driver/@type");
    disk->mirrors = mirror_kind(doc, node);
    disk->mirror = libvirt_xml_text(doc, node, "mirror/source/@file");
    disk->ready = g_strcmp0(ready, "yes") == 0;
    return disk;
}

GPtrArray *
libvirt_disks_read(virDomainPtr domain)
{
    char *xml = virDomainGetXMLDesc(domain, 0);
    g_autoptr(xmlDoc) doc = libvirt_xml_parse(xml);
    free(xml);
    if (!doc)
        return NULL;
    g_autoptr(GPtrArray) nodes = libvirt_xml_nodes(doc, NULL, "/domain/devices/disk");
    GPtrArray *disks = g_ptr_array_new_with_free_func(disk_free);
    for (guint i = 0; i < nodes->len; i++)
        g_ptr_array_add(disks, read_disk(doc, nodes->pdata[i]));
    return disks;
}

const LiveDisk *
libvirt_disks_find(const GPtrArray *disks, const char *target)
{
    for (guint i = 0; i < disks->len; i++) {
        const LiveDisk *disk = disks->pdata[i];
        if (g_strcmp0(disk->target, target) == 0)
            return disk;
    }
    return NULL;
}

const LiveDisk *
libvirt_disks_need(LibvirtCall *call, virDomainPtr domain, const GPtrArray *disks, const char *target, GError **error)
{
    const LiveDisk *disk = libvirt_disks_find(disks, target);
    if (disk && disk->path)
        return disk;
    fault_set(error, MSG_HOST_NO_TARGET, "host", call->host->link.name, "verb", call->verb->verb, "vm", virDomainGetName(domain), "target", target, NULL);
    return NULL;
}
