/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the libvirt implementation share: the host, what is known of its domains, and who does what. Included
 * by host/libvirt_*.c alone. A host has three threads: the link (connects, lists, re-reads; uses `control`), the numbers
 * (uses a connection of its own) and the asker (guest agents, storage; through calls); calls run in a pool. */
#pragma once

#include "base/lock.h"
#include "base/workers.h"
#include "host/host.h"
#include "host/libvirt_connection.h"

#include <libxml/tree.h>

#define LIBVIRT_SLOTS 12        /* connections for calls, at most */
#define LIBVIRT_KEPT 3          /* of them, while there is nothing to do */
#define LIBVIRT_LINES 32        /* serial consoles, each with a connection and two threads */
#define LIBVIRT_FILES 8         /* calls that work on files, at most */

/* libvirtd reads what lies in a socket whose other end is gone, and carries it out: one that stood still does so when it goes on, before
 * it answers us. A definition may wait some seconds more, for QEMU to say what it can. */
#define LIBVIRT_LINGER (10 * CLOCK_SECOND)

/* What is known of one domain since the connection came up. */
typedef struct {
    Id id;
    guint64 moves;              /* lifecycle events seen: a reading that began before the last one is not believed */
    guint64 digest;             /* of what was last reported; 0: events said other things since */
    guint64 surface;            /* of what looking sees without understanding it: libvirt_read_surface() */
    gboolean dirty;             /* to be read again */
    char *event;                /* why, in libvirt's words; NULL: nobody said anything */
    char *kept;                 /* alias of the device its guest last said it does not let go of; NULL */
    gboolean running, agent;    /* agent: its channel is connected */
    gboolean saved;             /* its memory is kept, or nobody could say */
    gboolean frozen;            /* we froze its file systems: its agent answers nothing else until they are thawed */
    Tick guest_due;             /* when its guest is to be asked; 0 never */
    Tick guest_pause;           /* between two askings */
    guint64 guest_digest;       /* of what it last said */
} Known;

/* A connection for calls. */
typedef struct {
    LibvirtConnection *connection;
    gboolean busy, opening;
} Slot;

/* What libvirt_events_register() registered, to be taken back. */
#define LIBVIRT_MOST_WATCHES 16
typedef struct {
    int domain[LIBVIRT_MOST_WATCHES];
    guint count;
    int network;                /* -1: none */
    gboolean close;
} LibvirtWatches;

/* The DIR of a storage domain that was made ready: its space is reported from then on. */
typedef struct {
    HostStore store;
} WatchedStore;

typedef struct {
    HostLink link;
    HostListener listener;
    char *uri;
    char *logs;                 /* the folder for what serial consoles print; NULL: none */
    char *seeds;                /* its own folder for what guests are told at their start; NULL: none */
    char **shared;              /* folders that VMs may be given, or parts of them; NULL: none */
    LibvirtPlace place;
    Message *nowhere;           /* its URI names no place that can be reached; NULL: it does */
    int wake;                   /* eventfd: readable from stop on, for those who poll */
    Thread *threads[3];
    Workers *workers;
    Workers *lines;             /* threads of serial consoles */

    Lock lock;                  /* everything below; reports are sent under it, so that they keep their order */
    Condition changed;          /* the threads wait for it */
    Condition calls;            /* calls and their callers do */
    gboolean stopping;
    guint64 generation;         /* of the connection being made or watched */
    gboolean up;                /* the list of this generation was reported */
    gboolean closed;            /* libvirt says the control connection is gone, */
    Message *why;               /* and why; or why it never came */
    GQueue held;                /* HostReport *: events before the list */
    GHashTable *known;          /* Id in Known → Known * */
    guint dirty;                /* how many of them are */
    gboolean refresh;           /* somebody wants all domains re-read */
    gboolean facts_dirty;       /* networks came or went */
    GPtrArray *connections;     /* LibvirtConnection *, borrowed: all there are, for cutting */
    LibvirtConnection *control; /* the link's; borrowed by nobody */
    Slot slots[LIBVIRT_SLOTS];
    guint files;                /* calls that work on files now */
    guint lines_open;
    GArray *seeding;            /* Id: domains that are being started with such a thing */
    GPtrArray *doubtful;        /* libvirt_call.c: calls that change something, given up on and not ended; NULL: none */
    GPtrArray *stores;          /* WatchedStore * */
    guint qemu_user, qemu_group;    /* who QEMU runs as; 0 root or not known */

    Host *facts;                /* link thread only: the last ones read, */
    char *capabilities, *offers;    /* XML, and what libvirt_offers_read() told: libvirt may start QEMU for seconds to know, so both are kept; NULL, */
    guint64 capabilities_of;    /* and the connection it is of, */
    LibvirtWatches watches;     /* what `control` has registered, */
    MessageCode told;           /* why it is lost as last reported; N_MESSAGES: it is not, or nothing was said yet */
} LibvirtHost;

#define LIBVIRT_HOST(pointer) ((LibvirtHost *) (pointer))

/* libvirt_host.c */
LibvirtConnection *libvirt_host_open(LibvirtHost *host, Tick deadline, GError **error);   /* fails at once when stopping */
void libvirt_host_close(LibvirtHost *host, LibvirtConnection *take);
/* Lock held. Sends, or holds back until the list is reported. */
void libvirt_host_report(LibvirtHost *host, HostReport *take);
Known *libvirt_host_know(LibvirtHost *host, const Id *id);                  /* lock held; makes it */
void libvirt_host_mark(LibvirtHost *host, const Id *id, const char *event); /* lock held; to be read again */
gboolean libvirt_host_wait(LibvirtHost *host, Tick until);                  /* lock held; FALSE: stopping */

/* libvirt_link.c, libvirt_numbers.c, libvirt_asker.c: the threads */
gpointer libvirt_link_run(gpointer host);
gpointer libvirt_numbers_run(gpointer host);
gpointer libvirt_asker_run(gpointer host);

/* libvirt_events.c: hears everything the connection announces, for the generation that is current now. */
gboolean libvirt_events_register(LibvirtHost *host, virConnectPtr connection, GError **error);
void libvirt_events_forget(LibvirtHost *host, virConnectPtr connection);    /* what was registered; a connection that has anything registered is never freed */
DomainState libvirt_events_state(int state);                                /* of a virDomainState */
const char *libvirt_events_reason(int state, int reason);                   /* "destroyed", "I/O error"; NULL if it says nothing */

/* libvirt_read.c: reading domains with CONNECTION, in the thread that owns it. */
typedef struct LibvirtFlags LibvirtFlags;       /* which domains are persistent, autostarted, saved: asked once for all */
LibvirtFlags *libvirt_read_flags(const LibvirtHost *host, virConnectPtr connection, GError **error);
void libvirt_read_flags_free(LibvirtFlags *flags);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LibvirtFlags, libvirt_read_flags_free)
typedef struct {
    DomainFacts *facts;
    gboolean agent;             /* its agent's channel is connected */
} DomainReading;
/* The facts' state is ABSENT if the domain went meanwhile. FLAGS may be NULL. */
gboolean libvirt_read_domain(const LibvirtHost *host, virDomainPtr domain, const LibvirtFlags *flags, DomainReading *ret_reading, GError **error);
/* As much as can be seen without parsing: XML, state and flags, no config. The same conventions. */
gboolean libvirt_read_glance(const LibvirtHost *host, virDomainPtr domain, const LibvirtFlags *flags, DomainFacts **ret_facts, GError **error);
gint64 libvirt_read_started(const LibvirtHost *host, virDomainPtr domain);     /* Wall; 0: not known */
guint64 libvirt_read_surface(const DomainFacts *facts);     /* digest of what a glance sees */
guint64 libvirt_read_digest(const DomainFacts *facts);      /* digest of all a listener would see; never 0 */

/* libvirt_sweep.c: the link's looking, over `control`. FALSE: the connection is of no use any more. */
gboolean libvirt_sweep_all(LibvirtHost *host, GError **error);      /* REPORT_DOMAINS; on a connection that comes up also REPORT_UP, and it is up */
gboolean libvirt_sweep_dirty(LibvirtHost *host, GError **error);    /* what events named */
gboolean libvirt_sweep_look(LibvirtHost *host, GError **error);     /* finds what no event announced, and makes it dirty */

/* libvirt_error.c: libvirt's last error of this thread. VERB fits "cannot VERB VM 'x'"; VM (or HOST) NULL or "": about no VM. */
gboolean libvirt_error_set(GError **error, const LibvirtHost *host, const char *verb, const char *vm);     /* FALSE */
int libvirt_error_code(void);       /* a virErrorNumber; 0: none */

/* libvirt_seed.c: takes away what has served; lock not held. (Giving is libvirt_call.h's.) */
void libvirt_seed_sweep(LibvirtHost *host);

/* libvirt_offers.c: what its QEMUs can make, packed (model/machines.h); yours. ARCH, its own, may be NULL. */
char *libvirt_offers_read(virConnectPtr connection, xmlDoc *capabilities, const char *arch, const char *type);
/* libvirt_facts.c: the host as it is now; also learns who QEMU runs as. Link thread. Without FRESH, what libvirt said it can is not
 * asked again. */
Host *libvirt_facts_read(LibvirtHost *host, virConnectPtr connection, gboolean fresh, GError **error);

/* libvirt_nodes.c: of HostDevice, into an empty list. FALSE: libvirt says no. */
gboolean libvirt_nodes_read(const LibvirtHost *host, virConnectPtr connection, List *ret_devices);
gboolean libvirt_nodes_list(HostLink *link, List *ret_devices, Tick deadline, GError **error);

/* libvirt_guest.c */
GuestFacts *libvirt_guest_read(virDomainPtr domain, gboolean agent);       /* NULL: it says nothing */

/* libvirt_domain.c, libvirt_device.c, libvirt_volume.c, libvirt_copy.c, libvirt_chain.c, libvirt_snapshot.c, libvirt_block.c, libvirt_variables.c, libvirt_log.c, libvirt_console.c: the operations of host.h */
gboolean libvirt_domain_define(HostLink *link, const char *xml, Tick deadline, GError **error);
gboolean libvirt_domain_define_strictly(HostLink *link, const char *xml, Tick deadline, GError **error);
gboolean libvirt_domain_undefine(HostLink *link, const Id *domain, gboolean keep, Tick deadline, GError **error);
DomainFacts *libvirt_domain_read(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_domain_start(HostLink *link, const Id *domain, gboolean paused, Tick deadline, GError **error);
gboolean libvirt_domain_start_once(HostLink *link, const Id *domain, const char *xml, GBytes *seed, gboolean paused, Tick deadline, GError **error);
gboolean libvirt_domain_adjust(HostLink *link, const Id *domain, const LiveValue *value, Tick deadline, GError **error);
char *libvirt_pins_all(virConnectPtr connection);       /* the CPUs that are online, as a set; yours, NULL: libvirt does not say */
gboolean libvirt_pins_bind(HostLink *link, const Id *domain, const CpuTune *tune, Tick deadline, GError **error);         /* libvirt_pins.c */
gboolean libvirt_pins_affinity(HostLink *link, const Id *domain, CpuTune *ret_tune, Tick deadline, GError **error);
gboolean libvirt_domain_shutdown(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_domain_destroy(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_domain_reboot(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_domain_reset(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_domain_pause(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_domain_resume(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_domain_save(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_domain_discard(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_agent_freeze(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_agent_thaw(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean libvirt_agent_is_frozen(HostLink *link, const Id *domain, gboolean *ret_frozen, Tick deadline, GError **error);
gboolean libvirt_agent_set_password(HostLink *link, const Id *domain, const char *user, const char *password, Tick deadline, GError **error);
gboolean libvirt_agent_run(HostLink *link, const Id *domain, const GuestCommand *command, GuestRun *ret_run, Tick deadline, GError **error);
gboolean libvirt_device_attach(HostLink *link, const Id *domain, const char *xml, Tick deadline, GError **error);
gboolean libvirt_device_update(HostLink *link, const Id *domain, const char *xml, Tick deadline, GError **error);
gboolean libvirt_device_detach(HostLink *link, const Id *domain, const char *alias, Tick deadline, GError **error);
gboolean libvirt_store_look(HostLink *link, const HostStore *store, Id *ret_id, Tick deadline, GError **error);
gboolean libvirt_store_mark(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean libvirt_store_clear(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean libvirt_store_ready(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean libvirt_store_leave(HostLink *link, const Id *storage, Tick deadline, GError **error);
gboolean libvirt_note_read(HostLink *link, const HostStore *store, const char *name, char **ret_text, Tick deadline, GError **error);
gboolean libvirt_note_write(HostLink *link, const HostStore *store, const char *name, const char *text, Tick deadline, GError **error);
char **libvirt_note_list(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean libvirt_volume_create(HostLink *link, const VolumeSpec *spec, Tick deadline, GError **error);
gboolean libvirt_volume_copy(HostLink *link, const VolumeSpec *spec, const HostVolume *from, const gint *cancelled, Tick deadline, GError **error);
gboolean libvirt_variables_find(HostLink *link, const char *xml, char **ret_path, Tick deadline, GError **error);
gboolean libvirt_variables_look(HostLink *link, const char *path, gboolean *ret_there, Tick deadline, GError **error);
gboolean libvirt_variables_copy(HostLink *link, const char *from, const char *to, Tick deadline, GError **error);
gboolean libvirt_variables_drop(HostLink *link, const char *path, Tick deadline, GError **error);
GBytes *libvirt_log_read(HostLink *link, const char *path, gsize most, Tick deadline, GError **error);
gboolean libvirt_log_drop(HostLink *link, const char *path, Tick deadline, GError **error);
gboolean libvirt_volume_resize(HostLink *link, const HostVolume *volume, gint64 size, Tick deadline, GError **error);
gboolean libvirt_volume_delete(HostLink *link, const HostVolume *volume, Tick deadline, GError **error);
gboolean libvirt_chain_read(HostLink *link, const HostVolume *volume, List *ret_links, Tick deadline, GError **error);
gboolean libvirt_chain_above(HostLink *link, const HostVolume *volume, List *ret_images, Tick deadline, GError **error);
gboolean libvirt_chain_fold(HostLink *link, const HostVolume *volume, const Id *base, const gint *cancelled, Tick deadline, GError **error);
gboolean libvirt_chain_stand(HostLink *link, const HostVolume *volume, const Id *base, Tick deadline, GError **error);
gboolean libvirt_snapshot_take(HostLink *link, const Id *domain, const DiskSwitch *disks, guint count, const char *memory, Tick deadline, GError **error);
gboolean libvirt_snapshot_start(HostLink *link, const Id *domain, const char *memory, const char *xml, gboolean paused, Tick deadline, GError **error);
gboolean libvirt_snapshot_drop(HostLink *link, const HostStore *store, const Id *snapshot, Tick deadline, GError **error);
gboolean libvirt_block_commit(HostLink *link, const Id *domain, const char *target, const char *top, const char *base, gboolean active, Tick deadline, GError **error);
gboolean libvirt_block_copy(HostLink *link, const Id *domain, const char *target, const char *path, int format, gboolean shallow, Tick deadline, GError **error);
gboolean libvirt_block_job(HostLink *link, const Id *domain, const char *target, BlockJob *ret_job, Tick deadline, GError **error);
gboolean libvirt_block_end(HostLink *link, const Id *domain, const char *target, gboolean pivot, Tick deadline, GError **error);
HostImage *libvirt_image_open(HostLink *link, const ImageSpec *spec, Tick deadline, GError **error);
gboolean libvirt_image_settle(HostLink *link, const ImageSpec *spec, gint64 end, Tick deadline, GError **error);
gboolean libvirt_volume_read(HostLink *link, const HostVolume *volume, VolumeFacts *ret_facts, Tick deadline, GError **error);
int libvirt_console_graphics(HostLink *link, const Id *domain, Tick deadline, GError **error);
int libvirt_console_serial(HostLink *link, const Id *domain, gboolean force, Tick deadline, GError **error);
GBytes *libvirt_console_screenshot(HostLink *link, const Id *domain, Tick deadline, GError **error);
