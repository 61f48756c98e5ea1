/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A call that may take long or never end: it runs in a thread of the host's pool while its caller waits to a deadline.
 * Calls share up to three connections, four on each; one that its caller gave up on spoils its connection for new calls, and
 * once only such calls are left on it, it is cut, which ends them. So a slow call disturbs nobody, and a hung one is bounded. */
#pragma once

#include "host/libvirt_parts.h"

typedef struct LibvirtCall LibvirtCall;
typedef gboolean (*LibvirtWork)(LibvirtCall *call, GError **error);

/* What a call does, and for its sentences what it is. */
typedef struct {
    LibvirtWork work;
    const char *verb;           /* "start", for "Cannot {verb} VM …" */
    gboolean changes;           /* the world: an end nobody saw is UNKNOWN_OUTCOME. Else it is only UNAVAILABLE */
    gboolean offline;           /* needs no connection: files of this machine */
} LibvirtVerb;

struct LibvirtCall {
    const LibvirtVerb *verb;
    LibvirtHost *host;          /* a reference */
    Tick deadline;
    virConnectPtr connection;   /* for `work`; NULL if offline */
    char *about;                /* owned: the VM or disk it is about, for sentences */
    Id id;                      /* input: the domain or the disk */
    char *text;                 /* input, owned: XML, a path */
    gint64 size;                /* input */
    int format;                 /* input */
    gboolean flag;              /* input: paused, sparse */
    gpointer result;            /* output, owned */
    GDestroyNotify free_result;
    VolumeFacts volume;         /* output */

    gatomicrefcount refs;       /* the rest is libvirt_call.c's; under the host's lock */
    int stage, slot;
    gboolean abandoned, succeeded;
    GError *error;
};

LibvirtCall *libvirt_call_new(HostLink *link, const LibvirtVerb *verb, const Id *id, Tick deadline);
/* Waits for the call to end, at most to its deadline. FALSE with a fault; the outputs are read only after TRUE. */
gboolean libvirt_call_run(LibvirtCall *call, GError **error);
void libvirt_call_unref(LibvirtCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LibvirtCall, libvirt_call_unref)
/* For `work`: sets the fault from libvirt's last error. FALSE. */
gboolean libvirt_call_fail(LibvirtCall *call, GError **error);
