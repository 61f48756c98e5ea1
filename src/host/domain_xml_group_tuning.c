/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain's threads for I/O, and which of its disks they serve. Where they run is domain_xml_group_pins.c's. */
#include "host/domain_xml_group.h"

static void
add_tuning(Build *build)
{
    if (build->vm->io.threads > 0)
        build_format(build, 1, "<iothreads>%" G_GINT64_FORMAT "</iothreads>", build->vm->io.threads);
}

static void
read_tuning(Reading *reading)
{
    reading->vm->io.threads = reading_number(reading, "iothreads");
}

static void
set_thread(Patch *patch, const ScanNode *node, gint64 thread)
{
    const ScanNode *driver = scan_child(patch->now->doc, node, "driver");
    g_autofree char *number = thread > 0 ? g_strdup_printf("%" G_GINT64_FORMAT, thread) : NULL;
    g_autofree char *fragment = thread > 0 ? g_strdup_printf("<driver iothread='%s'/>", number) : NULL;
    if (driver)
        splice_attribute(&patch->splices, driver, "iothread", number);
    else if (fragment)
        splice_insert(&patch->splices, node, NULL, fragment);
}

/* Disks of virtio take turns, as new ones do; a SCSI controller has one thread for all of its disks. None may name a thread that is not there. */
static void
share_threads(Patch *patch, gint64 threads)
{
    const ScanDoc *doc = patch->now->doc;
    gint64 turn = 0;
    for (const ScanNode *disk = scan_child(doc, patch->now->devices, "disk"); disk; disk = scan_next(doc, disk)) {
        gboolean virtio = scan_has(doc, scan_child(doc, disk, "target"), "bus", "virtio");
        if (virtio || threads == 0)
            set_thread(patch, disk, virtio && threads > 0 ? turn++ % threads + 1 : 0);
    }
    for (const ScanNode *node = scan_child(doc, patch->now->devices, "controller"); node; node = scan_next(doc, node)) {
        if (scan_has(doc, node, "type", "scsi") && (threads == 0 || scan_has(doc, node, "model", "virtio-scsi")))
            set_thread(patch, node, MIN(threads, 1));
    }
}

static void
patch_io_threads(Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    gint64 threads = patch->vm->io.threads;
    if (threads == patch->now->vm->io.threads || threads < 0)
        return;
    const ScanNode *node = scan_child(doc, doc->root, "iothreads"), *ids = scan_child(doc, doc->root, "iothreadids");
    if (node || threads == 0)
        patch_child_number(patch, doc->root, "iothreads", threads);
    if (ids)
        splice_remove(&patch->splices, ids);        /* whose ids are not from 1 on */
    g_autofree char *whole = g_strdup_printf("<iothreads>%" G_GINT64_FORMAT "</iothreads>", threads);
    if (!node && threads > 0)
        patch_insert(patch, doc->root, "vcpu", whole);
    share_threads(patch, threads);
}

static gboolean
patch_tuning(Patch *patch, GError **error)
{
    (void) error;
    patch_io_threads(patch);
    return TRUE;
}

const DomainGroup group_tuning = { .machine = add_tuning, .read = read_tuning, .patch = patch_tuning };
