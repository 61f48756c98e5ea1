/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A host: what may be asked of it and what it reports. Two implementations, libvirt (host/libvirt_*.c) and a whole fake one
 * (host/fake.c), behind one table of operations. Calls block their thread until they end or their deadline passes; a
 * call whose outcome is not known ends in UNKNOWN_OUTCOME and the caller must probe. Reports come on the host's own
 * threads through the listener, which only queues them. Knows nothing of jobs, commands, or the inventory's writer. */
#pragma once

#include "base/clock.h"
#include "base/fault.h"
#include "base/refs.h"
#include "model/guest_run.h"
#include "model/places.h"
#include "model/statistics.h"
#include "model/storage.h"
#include "model/vm.h"

typedef struct HostLink HostLink;       /* one managed host, connected or trying to be */

/* Where a domain stands, in libvirt's words. */
typedef enum {
    DOMAIN_ABSENT, DOMAIN_SHUTOFF, DOMAIN_RUNNING, DOMAIN_PAUSED, DOMAIN_SHUTTING_DOWN, DOMAIN_CRASHED, DOMAIN_SUSPENDED, DOMAIN_BLOCKED,
} DomainState;

#define HOST_REASON_SAVING "saving its memory"      /* why one is PAUSED while `save` is at it */

/* One domain as read: its configuration as a Vm (from the inactive XML: name, memory, cpu, os, devices with ids; id = domain UUID;
 * description, delete_protected, cluster… only if our metadata has them) and where it stands. */
typedef struct {
    Refs refs;
    Id id;
    Vm *config;                         /* owned; NULL in a report of state alone */
    char *xml;                          /* its inactive XML; NULL in a report of state alone */
    gboolean ours;                      /* carries our metadata */
    Words differing;                    /* running: rows whose values the next start will change */
    gboolean run_once;                  /* running with settings for this one time, which `start_once` gave it */
    gboolean autostart, persistent;
    gboolean managed_save;
    List disks;                         /* of DomainDisk: what files its devices name */
    DomainState state;
    char *reason;                       /* libvirt's word: "destroyed", "crashed", "I/O error" … */
    gint64 started;                     /* Wall; 0 not known */
    char *job;                          /* the mark of the job that made it, from our metadata; NULL */
    Vm *live;                           /* as it runs now: its devices carry the ids they have in `config`. NULL where it does not run; only `read` gives it */
    char *live_xml;                     /* and the XML that says so */
    List live_disks;                    /* of DomainDisk: where it runs, the files it writes now. Reports have it, too */
    char *pins;                         /* running: where its threads are bound now, a cpu_tune_text(); NULL: it does not run, or that was not read */
} DomainFacts;
typedef struct {
    char *target, *path, *driver, *device;
    Id disk;                            /* ours, by alias or serial; else null */
    Id image;                           /* by its path's name, where that is of this disk; else null */
    gboolean read_only, shareable;
    int interface;
} DomainDisk;
void domain_disk_free(DomainDisk *disk);
DomainFacts *domain_facts_new(void);
DomainFacts *domain_facts_ref(DomainFacts *facts);
void domain_facts_forget_live(DomainFacts *facts);           /* but its files */
void domain_facts_forget_live_disks(DomainFacts *facts);
void domain_facts_unref(DomainFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DomainFacts, domain_facts_unref)

/* What a guest says of itself. */
typedef struct {
    char *fqdn;
    GuestOperatingSystem os;
    TimeZone zone;
    List devices, sessions, file_systems;   /* ReportedDevice, Session, FileSystem */
} GuestFacts;
void guest_facts_free(GuestFacts *guest);

typedef enum {
    REPORT_UP,              /* connected; `facts` has the host as it is; a REPORT_DOMAINS follows */
    REPORT_LOST,            /* connection gone or never came; `why` says so; state of its domains unknown until it is back */
    REPORT_DOMAINS,         /* the full list, after (re)connection: what is not in it is not there */
    REPORT_DOMAIN,          /* one domain: configuration and state */
    REPORT_STATE,           /* one domain: state alone (lifecycle event), the fast path */
    REPORT_GONE,            /* one domain undefined */
    REPORT_GUEST,           /* the agent's answer for one domain */
    REPORT_STORAGE,         /* space and volumes of one storage domain */
} ReportKind;

/* A file of ours in a storage, as its name alone says. */
typedef enum { SEEN_IMAGE, SEEN_HALF, SEEN_MEMORY } SeenKind;      /* half: of an image that was not finished; memory: of a snapshot */
typedef struct {
    SeenKind kind;
    Id disk, image;         /* MEMORY: null, and the snapshot */
    gint64 length, allocation;      /* of the file, bytes */
} VolumeSeen;
typedef struct {
    Id storage_domain;
    gint64 available, used;
    gboolean reachable;
    char *why;
    List files;             /* File: those that are none of ours */
    GArray *volumes;        /* VolumeSeen, by name; NULL where it is not reachable */
    gboolean more;          /* there are more files than were looked at: what is not in these lists may be there */
} StorageFacts;
void storage_facts_free(StorageFacts *storage);

typedef struct {
    ReportKind kind;
    guint64 generation;     /* of the connection: reports of an older one than the last REPORT_UP are stale */
    Wall when;
    Tick seen;              /* when what it says was read, at the latest: it was so then or later */
    char *host;             /* the link's id as text */
    Host *facts;            /* UP */
    Message *why;           /* LOST */
    GPtrArray *domains;     /* DOMAINS: DomainFacts */
    DomainFacts *domain;    /* DOMAIN, STATE, GONE */
    char *event;            /* DOMAIN, STATE, GONE: libvirt's event and detail, "stopped:destroyed"; NULL when found by re-reading */
    GuestFacts *guest;      /* GUEST */
    StorageFacts *storage;  /* STORAGE */
} HostReport;
void host_report_free(HostReport *report);

typedef struct {
    void (*report)(gpointer data, HostReport *take);    /* any thread; must only queue */
    void (*numbers)(gpointer data, Sheet *take);        /* a sample; may go straight to model/statistics */
    gpointer data;
} HostListener;

typedef struct {
    Id storage_domain;
    char *path;             /* its directory on the host */
    gboolean fresh;         /* `store_ready` marks it, since nobody has yet; else a directory that does not carry its id is not it */
} HostStore;

/* One image of a disk: the file DIR/<disk> where IMAGE is the disk's own id, else DIR/<disk>.<image> (decision 0042). */
typedef struct {
    HostStore store;
    Id disk, image;
} HostVolume;

typedef struct {
    HostVolume volume;
    int format;             /* DiskFormat */
    gint64 size;            /* bytes */
    gboolean sparse;
    Id backing;             /* the image beneath, of the same disk; null: none */
    Id backing_disk;        /* null: the same disk; else that of the template it is a thin clone of */
    int backing_format;
    char *job;              /* mark */
    int from_format;        /* of what `volume_copy` copies; 0: as its file says */
} VolumeSpec;

/* One link of a chain, as the file itself says. */
typedef struct {
    Id disk, image;         /* null where the file's name is none of ours */
    int format;             /* DiskFormat */
    gint64 size, allocation;
    char *path, *backing;   /* as written in the file; NULL: nothing beneath */
} VolumeLink;
void volume_link_free(VolumeLink *link);

/* A disk of a running domain that goes on with another file. */
typedef struct {
    const char *target;     /* "vda" */
    const char *path;       /* of the empty overlay, which is there */
} DiskSwitch;

typedef enum { BLOCK_JOB_NONE, BLOCK_JOB_COMMIT, BLOCK_JOB_COPY, BLOCK_JOB_OTHER } BlockJobKind;
typedef struct { BlockJobKind kind; gboolean ready; guint64 done, all; } BlockJob;     /* ready: waits to be ended with a pivot */

typedef enum { VOLUME_ABSENT, VOLUME_PARTIAL, VOLUME_WHOLE } VolumeState;
typedef struct { VolumeState state; int format; gint64 size, allocation; } VolumeFacts;

/* What of a disk is served to who moves its content, and how. */
typedef struct {
    HostVolume volume;
    int format;             /* DiskFormat of the image */
    gint64 size;            /* what its guest sees */
    gboolean own;           /* the bytes of its file as they are, and not what its guest sees */
    gboolean write;
    gboolean sparse;        /* what is zeroed need take no room */
    gboolean fresh;         /* OWN and WRITE: nothing was written yet, what the file holds goes */
    gint64 most;            /* OWN and WRITE: so long the file may become */
} ImageSpec;

typedef struct HostImage HostImage;     /* host/image.h */

/* One value of a running domain. */
typedef enum { LIVE_CPUS, LIVE_MEMORY, LIVE_DESCRIPTION } LiveKind;
typedef struct {
    LiveKind kind;
    gint64 number;          /* CPUS: present ones, at most those it has room for; MEMORY: bytes, see below */
    const char *text;       /* DESCRIPTION */
} LiveValue;

/* Up to what it has now memory is what the balloon leaves it. More is plugged in, in whole blocks, where the machine was started with room for it:
 * of what is no whole number of them the rest waits for the next start, and less than one is refused. */
#define LIVE_MEMORY_BLOCK (256ll << 20)

/* A command for the agent in a guest. */
typedef struct {
    const char *path;
    const char *const *arguments;       /* NULL-terminated, without the program itself */
    GBytes *input;                      /* NULL: none */
} GuestCommand;

/* Every operation may be NULL only in a double for a unit test. DEADLINE is a Tick. */
typedef struct {
    const char *name;                                                   /* "libvirt", "fake" */
    Tick linger;    /* so long after the host answers (again) it may still carry out a call whose caller died or lost the connection */
    /* configuration. A definition under another name changes all else first and the name then: who is killed between finds the new definition under
     * the old name */
    gboolean (*define)(HostLink *link, const char *xml, Tick deadline, GError **error);
    /* The same, of a text a person wrote: what the host does not know of it is refused. Its name is what it was. */
    gboolean (*define_strictly)(HostLink *link, const char *xml, Tick deadline, GError **error);
    /* Also its managed save. Its firmware's variables and its TPM's state, files of the host, go with it unless KEEP: those of somebody else's
     * domain. ABSENT is success. */
    gboolean (*undefine)(HostLink *link, const Id *domain, gboolean keep, Tick deadline, GError **error);
    DomainFacts *(*read)(HostLink *link, const Id *domain, Tick deadline, GError **error);      /* state ABSENT if there is none */
    /* life */
    gboolean (*start)(HostLink *link, const Id *domain, gboolean paused, Tick deadline, GError **error);
    /* For this one run by XML, which names the same domain. The inactive one stays as it is, whatever happens; one that is saved is refused. SEED (NULL: none)
     * is written to its place first (host/seed.h), which XML names, and is gone when the domain has neither a process nor saved memory any more. */
    gboolean (*start_once)(HostLink *link, const Id *domain, const char *xml, GBytes *seed, gboolean paused, Tick deadline, GError **error);
    gboolean (*adjust)(HostLink *link, const Id *domain, const LiveValue *value, Tick deadline, GError **error);    /* what runs alone; done twice is done once */
    /* Of what runs alone: each vCPU, also those that may still be plugged in, the emulator and each thread for I/O run where TUNE says from then on; where
     * it says nothing, anywhere. Its memory stays. Done twice is done once. */
    gboolean (*bind)(HostLink *link, const Id *domain, const CpuTune *tune, Tick deadline, GError **error);
    /* Where they may run now as the host's kernel says, into an empty one; each thread has a pin then. */
    gboolean (*affinity)(HostLink *link, const Id *domain, CpuTune *ret_tune, Tick deadline, GError **error);
    gboolean (*shutdown)(HostLink *link, const Id *domain, Tick deadline, GError **error);      /* asks the guest: agent, then ACPI */
    gboolean (*destroy)(HostLink *link, const Id *domain, Tick deadline, GError **error);       /* ABSENT or SHUTOFF is success */
    gboolean (*reboot)(HostLink *link, const Id *domain, Tick deadline, GError **error);        /* asks the guest: agent, then ACPI */
    gboolean (*reset)(HostLink *link, const Id *domain, Tick deadline, GError **error);         /* the guest is not asked; its process stays */
    gboolean (*pause)(HostLink *link, const Id *domain, Tick deadline, GError **error);         /* PAUSED is success */
    gboolean (*resume)(HostLink *link, const Id *domain, Tick deadline, GError **error);        /* RUNNING is success */
    gboolean (*save)(HostLink *link, const Id *domain, Tick deadline, GError **error);          /* its memory is kept, its process ends; `start` goes on from
                                                                                                   there. One that is saved is success. May take minutes */
    gboolean (*discard)(HostLink *link, const Id *domain, Tick deadline, GError **error);       /* what `save` kept; nothing there is success */
    /* devices of a domain that runs; never its definition. XML is one element of <devices>, with our alias where it comes new */
    gboolean (*device_attach)(HostLink *link, const Id *domain, const char *xml, Tick deadline, GError **error);
    gboolean (*device_update)(HostLink *link, const Id *domain, const char *xml, Tick deadline, GError **error);    /* link, network, medium */
    /* Asks the guest to let go of the device and waits until it has: only libvirt's word that the device is gone is the end of it. UNKNOWN_OUTCOME
     * where the guest has not let go by the deadline: it may still. A device that is not there, or a domain that does not run, is success. */
    gboolean (*device_detach)(HostLink *link, const Id *domain, const char *alias, Tick deadline, GError **error);
    /* the agent in its guest. An agent that may have heard and has not answered in time: UNKNOWN_OUTCOME */
    gboolean (*freeze)(HostLink *link, const Id *domain, Tick deadline, GError **error);       /* its file systems; frozen ones are refused */
    gboolean (*thaw)(HostLink *link, const Id *domain, Tick deadline, GError **error);         /* nothing frozen is success */
    gboolean (*is_frozen)(HostLink *link, const Id *domain, gboolean *ret_frozen, Tick deadline, GError **error);
    gboolean (*set_password)(HostLink *link, const Id *domain, const char *user, const char *password, Tick deadline, GError **error);
    /* Begins it, and waits for its end till the deadline; RET, which is cleared first, says how far it came. FALSE: it was not begun, or nobody knows. */
    gboolean (*run)(HostLink *link, const Id *domain, const GuestCommand *command, GuestRun *ret_run, Tick deadline, GError **error);
    /* storage domains: directories that carry their id; volumes: files in one */
    gboolean (*store_ready)(HostLink *link, const HostStore *store, Tick deadline, GError **error);     /* is it there and can it be used? In any case reported from now on */
    gboolean (*store_leave)(HostLink *link, const Id *storage, Tick deadline, GError **error);          /* no more; one that is not watched is success */
    gboolean (*store_look)(HostLink *link, const HostStore *store, Id *ret_id, Tick deadline, GError **error);     /* may it be one, and which is it; null: none yet */
    gboolean (*store_mark)(HostLink *link, const HostStore *store, Tick deadline, GError **error);      /* with its id: another's is a fault, its own success */
    gboolean (*store_clear)(HostLink *link, const HostStore *store, Tick deadline, GError **error);     /* of mark and notes; nothing there is success */
    /* Small texts a storage domain keeps of itself, at most 16 MiB each. *RET_TEXT yours; NULL: none of that name. TEXT NULL: it goes */
    gboolean (*note_read)(HostLink *link, const HostStore *store, const char *name, char **ret_text, Tick deadline, GError **error);
    gboolean (*note_write)(HostLink *link, const HostStore *store, const char *name, const char *text, Tick deadline, GError **error);
    char **(*note_list)(HostLink *link, const HostStore *store, Tick deadline, GError **error);         /* the names of all, in no order; yours (g_strfreev) */
    gboolean (*volume_create)(HostLink *link, const VolumeSpec *spec, Tick deadline, GError **error);
    /* As SPEC says, standing alone, with what a guest would read from FROM and all beneath it, on any storage of this host, which nobody may have open to write. Ends soon,
     * undone, when *CANCELLED (atomic; of the caller) says so. */
    gboolean (*volume_copy)(HostLink *link, const VolumeSpec *spec, const HostVolume *from, const gint *cancelled, Tick deadline, GError **error);
    gboolean (*volume_resize)(HostLink *link, const HostVolume *volume, gint64 size, Tick deadline, GError **error);
    gboolean (*volume_delete)(HostLink *link, const HostVolume *volume, Tick deadline, GError **error);    /* ABSENT is success; one that another stands upon is refused */
    gboolean (*volume_read)(HostLink *link, const HostVolume *volume, VolumeFacts *ret_facts, Tick deadline, GError **error);
    /* The chain from VOLUME down, as the files say, of VolumeLink into an empty list; also of one that is being written. A backing file that is no volume of
     * this storage is a link with null ids and the end of the list: it is named and never opened. */
    gboolean (*volume_chain)(HostLink *link, const HostVolume *volume, List *ret_links, Tick deadline, GError **error);
    /* Every image of the storage whose backing file is VOLUME, of Id (its image; null: a file whose name is none of ours) into an empty list: those that a
     * change of VOLUME would destroy. */
    gboolean (*volume_above)(HostLink *link, const HostVolume *volume, List *ret_links, Tick deadline, GError **error);
    /* What stands in VOLUME alone goes into the one beneath, which is BASE; both closed. Done twice is done once; never undone. */
    gboolean (*volume_fold)(HostLink *link, const HostVolume *volume, const Id *base, const gint *cancelled, Tick deadline, GError **error);
    /* VOLUME names BASE as what is beneath it; null: nothing. An image of the same disk, or the first one of a template's. The bytes are the caller's word. */
    gboolean (*volume_stand)(HostLink *link, const HostVolume *volume, const Id *base, Tick deadline, GError **error);
    /* A running domain writes the overlays from one instant on; MEMORY: also its memory goes to that new file, and it runs on. All disks or none. Whether it
     * happened is read from the domain. */
    gboolean (*snapshot_take)(HostLink *link, const Id *domain, const DiskSwitch *disks, guint count, const char *memory, Tick deadline, GError **error);
    /* Starts it from such a file by XML, its definition; paused or not as PAUSED says. */
    gboolean (*memory_start)(HostLink *link, const Id *domain, const char *memory, const char *xml, gboolean paused, Tick deadline, GError **error);
    gboolean (*memory_drop)(HostLink *link, const HostStore *store, const Id *snapshot, Tick deadline, GError **error);      /* DIR/<snapshot>.memory; nothing there is success */
    /* Begins to merge the images of the running TARGET from TOP down into BASE (paths); TOP is what the domain writes where ACTIVE, and then the job waits for
     * its pivot. One that runs already is success. */
    gboolean (*block_commit)(HostLink *link, const Id *domain, const char *target, const char *top, const char *base, gboolean active, Tick deadline, GError **error);
    /* Begins to copy TARGET to PATH, a volume that is there, and to mirror what is written; waits for its pivot. */
    gboolean (*block_copy)(HostLink *link, const Id *domain, const char *target, const char *path, int format, gboolean shallow, Tick deadline, GError **error);
    gboolean (*block_job)(HostLink *link, const Id *domain, const char *target, BlockJob *ret_job, Tick deadline, GError **error);
    gboolean (*block_end)(HostLink *link, const Id *domain, const char *target, gboolean pivot, Tick deadline, GError **error);     /* no job there is success; without PIVOT: as before it */
    /* The content of a disk that nobody has open, served by a process that ends with the thread that calls this, at the latest. */
    HostImage *(*image_open)(HostLink *link, const ImageSpec *spec, Tick deadline, GError **error);
    /* After it was written and closed: it is durable and a plain image, or this says why not. END: behind the last byte that was written; 0 not known */
    gboolean (*image_settle)(HostLink *link, const ImageSpec *spec, gint64 end, Tick deadline, GError **error);
    /* consoles: a connected socket, yours; -1 */
    int (*open_graphics)(HostLink *link, const Id *domain, Tick deadline, GError **error);      /* VNC, whose QEMU asks for no password on it */
    int (*open_serial)(HostLink *link, const Id *domain, gboolean force, Tick deadline, GError **error);    /* one at a time; FORCE ends the one before */
    GBytes *(*screenshot)(HostLink *link, const Id *domain, Tick deadline, GError **error);     /* binary PPM, or PNG */
    /* The file of a firmware's variables. Where the host keeps those of a domain whose XML names no file: *RET_PATH yours, NULL: it has none. */
    gboolean (*variables_find)(HostLink *link, const char *xml, char **ret_path, Tick deadline, GError **error);
    gboolean (*variables_look)(HostLink *link, const char *path, gboolean *ret_there, Tick deadline, GError **error);
    gboolean (*variables_copy)(HostLink *link, const char *from, const char *to, Tick deadline, GError **error);     /* something at TO is success */
    gboolean (*variables_drop)(HostLink *link, const char *path, Tick deadline, GError **error);                     /* nothing there is success */
    /* What a serial console printed, in a file that whoever relays it cuts into pieces (decision 0037): the last MOST bytes of them all; none where there
     * is none. Dropping takes all pieces; nothing there is success. */
    GBytes *(*log_read)(HostLink *link, const char *path, gsize most, Tick deadline, GError **error);
    gboolean (*log_drop)(HostLink *link, const char *path, Tick deadline, GError **error);
    /* devices of its own that a VM can have, of HostDevice, as they are now; into an empty list */
    gboolean (*devices)(HostLink *link, List *ret_devices, Tick deadline, GError **error);
    /* what it has, for the first start: "network:default", "bridge:br0" … newest facts without blocking */
    void (*refresh)(HostLink *link);                                    /* re-read domains soon; never blocks */
    void (*stop)(HostLink *link);                                       /* ends its threads; returns within 2 s even if libvirt hangs; no report after it */
    void (*free)(HostLink *link);                                       /* called by host_link_unref for the last reference, after stop; NULL: nothing to free */
} HostOps;

struct HostLink {
    const HostOps *ops;
    Id id;                  /* the Host object's */
    char *name;
    Refs refs;
    gint lost;              /* atomic: not connected now */
};
HostLink *host_link_ref(HostLink *link);
void host_link_unref(HostLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostLink, host_link_unref)

/* For implementations: refs 1, lost until it is connected. The name is copied. */
void host_link_init(HostLink *link, const HostOps *ops, const Id *id, const char *name);
void host_link_clear(HostLink *link);       /* what host_link_init allocated; for `free` */
/* A report of LINK, `when` now; the rest zero. */
HostReport *host_report_new(const HostLink *link, ReportKind kind, guint64 generation);

/* The implementations. Both return at once and connect in the background, for ever, with back-off. */
/* Of this machine; each may be NULL. */
typedef struct {
    const char *logs;                   /* where what serial consoles print is kept */
    const char *seeds;                  /* where what guests are told at their start lies, in a folder for each host */
    const char *const *shared;          /* those that VMs may be given, or parts of them; NULL-terminated */
} HostFolders;
HostLink *libvirt_host_new(const Id *id, const char *name, const char *uri, const HostFolders *folders, const HostListener *listener);
/* FILE: lines `host NAME cpus N memory 64G [vms N]` and `hosts COUNT cpus N memory 64G vms N`; see host/fake.h for faults on order. */
