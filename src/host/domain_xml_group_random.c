/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Random numbers from the host. What comes of a daemon (egd) is somebody's own and left alone. */
#include "host/domain_xml_group.h"

static char *
backend_of(int source)
{
    return g_strdup_printf("<backend model='random'>/dev/%s</backend>", names_get(&rng_source_names, source));
}

static char *
rate_of(const Rate *rate)
{
    g_autofree char *period = rate->period > 0 ? g_strdup_printf(" period='%" G_GINT64_FORMAT "'", rate->period) : g_strdup("");
    return rate->bytes > 0 ? g_strdup_printf("<rate bytes='%" G_GINT64_FORMAT "'%s/>", rate->bytes, period) : NULL;
}

static char *
fragment_of(const RngDevice *rng)
{
    g_autofree char *backend = backend_of(rng->source), *rate = rate_of(&rng->rate);
    return rate ? g_strdup_printf("<rng model='virtio'>\n  %s\n  %s\n</rng>", rate, backend) : g_strdup_printf("<rng model='virtio'>\n  %s\n</rng>", backend);
}

static gboolean
add_random(Build *build, GError **error)
{
    (void) error;
    g_autofree char *fragment = build->vm->rng_device.source ? fragment_of(&build->vm->rng_device) : NULL;
    if (fragment)
        build_lines(build, 2, fragment);
    return TRUE;
}

/* A file by its name; QEMU's own generator asks the kernel, as urandom does. */
static int
source_of(const ScanDoc *doc, const ScanNode *rng)
{
    const ScanNode *backend = scan_child(doc, rng, "backend");
    if (scan_has(doc, backend, "model", "builtin"))
        return RNG_URANDOM;
    g_autofree char *path = scan_has(doc, backend, "model", "random") ? scan_text(doc, backend) : NULL;
    if (!path)
        return 0;
    g_strstrip(path);
    return g_str_has_prefix(path, "/dev/") ? names_find(&rng_source_names, path + 5) : *path ? 0 : RNG_URANDOM;
}

static const ScanNode *
find_random(const ScanDoc *doc, const ScanNode *devices)
{
    const ScanNode *node = scan_child(doc, devices, "rng");
    while (node && source_of(doc, node) == 0)
        node = scan_next(doc, node);
    return node;
}

static void
read_random(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *node = find_random(doc, reading->devices), *rate = scan_child(doc, node, "rate");
    RngDevice *rng = &reading->vm->rng_device;
    if (!node)
        return;
    rng->source = source_of(doc, node);
    scan_get_number(doc, rate, "bytes", &rng->rate.bytes);
    scan_get_number(doc, rate, "period", &rng->rate.period);
}

static void
set_rate(Patch *patch, const ScanNode *node, const Rate *wished)
{
    const ScanNode *rate = scan_child(patch->now->doc, node, "rate");
    g_autofree char *fragment = rate_of(wished);
    if (rate && fragment)
        splice_replace(&patch->splices, rate, fragment);
    else if (rate)
        splice_remove(&patch->splices, rate);
    else if (fragment)
        splice_insert(&patch->splices, node, NULL, fragment);
}

static gboolean
patch_random(Patch *patch, GError **error)
{
    (void) error;
    const RngDevice *now = &patch->now->vm->rng_device, *wished = &patch->vm->rng_device;
    const ScanNode *node = find_random(patch->now->doc, patch->now->devices);
    g_autofree char *fragment = !node && wished->source ? fragment_of(wished) : NULL;
    if (fragment)
        patch_insert(patch, patch->now->devices, "rng", fragment);
    if (node && !wished->source)
        splice_remove(&patch->splices, node);
    if (!node || !wished->source)
        return TRUE;
    g_autofree char *backend = backend_of(wished->source);
    if (wished->source != now->source)
        splice_replace(&patch->splices, scan_child(patch->now->doc, node, "backend"), backend);
    if (wished->rate.bytes != now->rate.bytes || wished->rate.period != now->rate.period)
        set_rate(patch, node, &wished->rate);
    return TRUE;
}

const DomainGroup group_random = { .ports = group_one_port, .build = add_random, .read = read_random, .patch = patch_random };
