/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A call that may take long or never end: it runs in a thread of the host's pool while its caller waits to a deadline.
 * Each has a connection to itself meanwhile: libvirt's client sends a second call on a busy one only when something arrives for
 * the first (9.0). A question whose asker went is cut. A change whose caller went is waited for until libvirtd answers or ends:
 * before that nobody can say how it ends, so that questions about the same domain are refused and other changes of it wait. Work
 * on this machine's files goes the same way without a connection. */
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
    gboolean guest;             /* it changes nothing but within the guest: nothing else waits for its end */
} LibvirtVerb;

struct LibvirtCall {
    const LibvirtVerb *verb;
    LibvirtHost *host;          /* a reference */
    Tick deadline;
    virConnectPtr connection;   /* for `work`; NULL if offline */
    Id id;                      /* input: the domain or the disk */
    char *text;                 /* input, owned: XML, a storage's directory */
    char *mark;                 /* input, owned: the job's; where a file is copied to */
    Id image;                   /* input: of the disk */
    HostVolume from;            /* input, its path owned: what is copied; the disk and image that lie beneath, or shall */
    int from_format;            /* input: its DiskFormat; 0: not known */
    Id store;                   /* input: the storage domain the disk lies in. Output of looking at a directory: whose it is */
    char *note;                 /* input, owned: what a note shall say */
    GBytes *seed;               /* input, owned: what its guest is told; NULL: nothing */
    const gint *cancelled;      /* input: for the waiter alone; NULL: it never is */
    gint64 size;                /* input */
    int format;                 /* input */
    gboolean secret;            /* input: TEXT is wiped when the call is over */
    gboolean flag;              /* input: paused, sparse */
    gpointer result;            /* output, owned */
    GDestroyNotify free_result;
    VolumeFacts volume;         /* output */

    Refs refs;                  /* the rest is libvirt_call.c's; under the host's lock */
    char *about;                /* what it is about, for sentences */
    int stage, slot;
    gboolean abandoned, succeeded;
    GError *error;
};

LibvirtCall *libvirt_call_new(HostLink *link, const LibvirtVerb *verb, const Id *id, Tick deadline);
void libvirt_call_name(LibvirtCall *call, const char *about);       /* the name or id of the VM or disk; also from within `work` */
/* Waits for the call to end, at most to its deadline. FALSE with a fault; the outputs are read only after TRUE. */
gboolean libvirt_call_run(LibvirtCall *call, GError **error);
/* The same without waiting; the host's lock is held. FALSE: it is not up. `changed` is told when it ends. */
gboolean libvirt_call_begin(LibvirtCall *call);
typedef enum { CALL_RUNS, CALL_LATE, CALL_SUCCEEDED, CALL_FAILED } CallStand;
CallStand libvirt_call_look(LibvirtCall *call);     /* also gives it up when its deadline has passed */
/* For `work`, before what cannot be taken back: does its caller still wait? */
gboolean libvirt_call_is_wanted(LibvirtCall *call);
void libvirt_call_unref(LibvirtCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LibvirtCall, libvirt_call_unref)
/* libvirt_domain.c: the domain of call->id; keeps its name for the sentences. NULL if there is none, or with libvirt's error another than that. */
virDomainPtr libvirt_domain_find(LibvirtCall *call);
LibvirtCall *libvirt_domain_call(HostLink *link, const LibvirtVerb *verb, const Id *domain, Tick deadline);
/* libvirt_seed.c, for `work`: writes call->seed to its place, and when the domain was started, or not. */
gboolean libvirt_seed_give(LibvirtCall *call, GError **error);
void libvirt_seed_given(LibvirtCall *call);
/* For `work`: sets the fault from libvirt's last error. FALSE. */
gboolean libvirt_call_fail(LibvirtCall *call, GError **error);
