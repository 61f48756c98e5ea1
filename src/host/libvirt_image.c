/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Served images of this machine's disks: files are looked at in the host's pool, as all work on them is, since storage may hang; the process
 * is started by who asked, whose thread it lives with. */
#include "host/libvirt_call.h"

#include "host/image_file.h"

typedef struct {
    ImageSpec spec;
    char *path, *file;          /* the storage's directory; RET: what is served */
    gint64 end;
} Order;

static void
order_free(gpointer data)
{
    Order *order = data;
    g_free(order->path);
    g_free(order->file);
    g_free(order);
}

/* The work may outlive who asked: it has a copy of all. */
static LibvirtCall *
call_new(HostLink *link, const LibvirtVerb *verb, const ImageSpec *spec, Tick deadline)
{
    char name[VOLUME_NAME_SIZE];
    LibvirtCall *call = libvirt_call_new(link, verb, &spec->volume.disk, deadline);
    Order *order = g_new0(Order, 1);
    order->spec = *spec;
    order->path = g_strdup(spec->volume.store.path);
    order->spec.volume.store.path = order->path;
    call->result = order;
    call->free_result = order_free;
    g_autofree char *about = g_strdup_printf("disk %s", volume_name_format(&spec->volume.disk, &spec->volume.image, name));
    libvirt_call_name(call, about);
    return call;
}

static gboolean
work_prepare(LibvirtCall *call, GError **error)
{
    Order *order = call->result;
    g_auto(VolumeFile) file = { .dir = -1 };
    return volume_file_open(&file, call->host->link.name, &order->spec.volume, error) &&
           image_file_prepare(&file, &order->spec, &order->file, error);
}

HostImage *
libvirt_image_open(HostLink *link, const ImageSpec *spec, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_prepare, "open", TRUE, TRUE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, spec, deadline);
    if (!libvirt_call_run(call, error))
        return NULL;
    const Order *order = call->result;
    return image_file_serve(link->name, order->file, spec, error);
}

static gboolean
work_settle(LibvirtCall *call, GError **error)
{
    Order *order = call->result;
    g_auto(VolumeFile) file = { .dir = -1 };
    return volume_file_open(&file, call->host->link.name, &order->spec.volume, error) &&
           image_file_settle(&file, &order->spec, order->end, call->host->wake, call->deadline, error);
}

gboolean
libvirt_image_settle(HostLink *link, const ImageSpec *spec, gint64 end, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_settle, "look at what came onto", TRUE, TRUE };
    g_autoptr(LibvirtCall) call = call_new(link, &verb, spec, deadline);
    ((Order *) call->result)->end = end;
    return libvirt_call_run(call, error);
}
