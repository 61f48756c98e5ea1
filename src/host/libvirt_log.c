/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What serial consoles printed, as work on this machine's files. */
#include "host/libvirt_call.h"

#include "host/log_pieces.h"

static gboolean
fail(const LibvirtCall *call, const char *verb, int why, GError **error)
{
    return fault_set(error, MSG_LOG_FAILED, "path", call->text, "verb", verb, "host", call->host->link.name, "reason", g_strerror(why), NULL);
}

static LibvirtCall *
log_call(HostLink *link, const LibvirtVerb *verb, const char *path, Tick deadline)
{
    Id id = id_named(&id_null, path);
    LibvirtCall *call = libvirt_call_new(link, verb, &id, deadline);
    libvirt_call_name(call, path);
    call->text = g_strdup(path);
    return call;
}

static gboolean
work_read(LibvirtCall *call, GError **error)
{
    int why = 0;
    call->result = log_pieces_read(call->text, (gsize) call->size, &why);
    call->free_result = (GDestroyNotify) g_bytes_unref;
    return call->result || fail(call, "read", why, error);
}

GBytes *
libvirt_log_read(HostLink *link, const char *path, gsize most, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_read, "read", FALSE, TRUE };
    g_autoptr(LibvirtCall) call = log_call(link, &verb, path, deadline);
    call->size = (gint64) most;
    return libvirt_call_run(call, error) ? g_steal_pointer(&call->result) : NULL;
}

static gboolean
work_drop(LibvirtCall *call, GError **error)
{
    int why = log_pieces_drop(call->text);
    return why == 0 || fail(call, "removed", why, error);
}

gboolean
libvirt_log_drop(HostLink *link, const char *path, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_drop, "remove", TRUE, TRUE };
    g_autoptr(LibvirtCall) call = log_call(link, &verb, path, deadline);
    return libvirt_call_run(call, error);
}
