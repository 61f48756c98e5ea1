/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What share of the processors a domain has, and its threads for I/O. */
#include "host/domain_xml_group.h"

static void
add_tuning(Build *build)
{
    if (build->vm->io.threads > 0)
        build_format(build, 1, "<iothreads>%" G_GINT64_FORMAT "</iothreads>", build->vm->io.threads);
    if (build->vm->cpu_shares > 0)
        build_format(build, 1, "<cputune>\n    <shares>%" G_GINT64_FORMAT "</shares>\n  </cputune>", build->vm->cpu_shares);
}

static void
read_tuning(Reading *reading)
{
    reading->vm->cpu_shares = reading_number(reading, "cputune/shares");
    reading->vm->io.threads = reading_number(reading, "iothreads");
}

static void
patch_shares(Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *tune = scan_child(doc, doc->root, "cputune");
    gint64 shares = patch->vm->cpu_shares;
    if (shares == patch->now->vm->cpu_shares || shares < 0)
        return;
    g_autofree char *whole = g_strdup_printf("<cputune>\n  <shares>%" G_GINT64_FORMAT "</shares>\n</cputune>", shares);
    if (tune)
        patch_child_number(patch, tune, "shares", shares);
    else
        patch_insert(patch, doc->root, "vcpu", whole);
}

/* Without threads no disk may name one. */
static void
patch_io_threads(Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    gint64 threads = patch->vm->io.threads;
    if (threads == patch->now->vm->io.threads || threads < 0)
        return;
    const ScanNode *node = scan_child(doc, doc->root, "iothreads");
    if (node || threads == 0)
        patch_child_number(patch, doc->root, "iothreads", threads);
    g_autofree char *whole = g_strdup_printf("<iothreads>%" G_GINT64_FORMAT "</iothreads>", threads);
    if (!node && threads > 0)
        patch_insert(patch, doc->root, "vcpu", whole);
    const ScanNode *disk = threads == 0 ? scan_child(doc, patch->now->devices, "disk") : NULL;
    for (; disk; disk = scan_next(doc, disk)) {
        if (scan_child(doc, disk, "driver"))
            splice_attribute(&patch->splices, scan_child(doc, disk, "driver"), "iothread", NULL);
    }
}

static gboolean
patch_tuning(Patch *patch, GError **error)
{
    (void) error;
    patch_shares(patch);
    patch_io_threads(patch);
    return TRUE;
}

const DomainGroup group_tuning = { .machine = add_tuning, .read = read_tuning, .patch = patch_tuning };
