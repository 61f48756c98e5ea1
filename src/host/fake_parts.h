/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the fake host share: the hosts with their domains and volumes, and who does what. Included by
 * host/fake*.c alone. */
#pragma once

#include "base/lock.h"
#include "host/fake.h"
#include "host/volume_name.h"

typedef struct FakeHost FakeHost;

/* XML NULL: the one that fake_domain_xml makes of NUMBER, so that ten thousand cost little. */
typedef struct {
    Id id;
    guint number;               /* from 1; 0: somebody defined it */
    char *xml;
    char *live;                 /* as it runs, or is saved; NULL: as XML says */
    DomainState state;
    gboolean saved;             /* its memory is kept; SHUTOFF */
    gboolean frozen;            /* its guest's file systems are */
    gboolean leaving;           /* its guest was asked to shut down, and does, whoever dies meanwhile */
    gboolean autostart;         /* started when its host boots */
    Wall started;
    GPtrArray *devices;         /* char *: names of its disks and NICs in XML; NULL: not read yet */
    GPtrArray *jobs;            /* FakeJob *: of what runs; NULL: none */
} FakeDomain;

/* A block job of a disk; all texts are its own. */
typedef struct {
    char *target, *top, *base;  /* paths; COPY: base is the copy */
    BlockJobKind kind;
    gboolean active, shallow;
    int format;
    Tick begun;                 /* 0: in an earlier life of the manager */
} FakeJob;

#define FAKE_PLACES 8

typedef struct {
    char *path;
    int format;
    gint64 size;
    gboolean partial;
    char *backing;              /* the name of the file it stands on; NULL: none */
    int backing_format;
    guint32 pattern[FAKE_PLACES];       /* what its guest wrote into so many places; 0: nothing, and what is beneath shines through */
} FakeVolume;

/* A change somebody asked for; text is owned once it is kept. */
typedef struct FakeOrder FakeOrder;
struct FakeOrder {
    const char *operation;
    gboolean (*work)(FakeHost *host, const FakeOrder *order, GError **error);   /* lock held */
    Id id;                      /* of the domain or the disk */
    HostVolume volume;          /* its path owned once it is kept; NULL: it is about none */
    HostVolume from;            /* what is copied; the same */
    const char *text;           /* XML, or the storage's directory */
    const char *more;           /* owned as TEXT is; NULL */
    gint64 size;
    int format;
    gboolean flag;
    gboolean deaf;              /* its guest is asked, and does not obey */
    gpointer answer;            /* where what was asked is told, by one that does not outlast its caller */
};

struct FakeHost {
    HostLink link;              /* valid once LINKED */
    Fake *fake;
    char *name;
    gint64 cpus, memory, sockets, threads;
    guint vms, first;           /* how many it has from the start, and the number of the first */
    gboolean linked, stopped, up;
    guint boots;                /* since it was made */
    HostListener listener;
    guint64 generation;
    GHashTable *domains;        /* Id in FakeDomain → FakeDomain * */
    gboolean any_gone;          /* the state file names one that is gone */
    GPtrArray *stores;          /* HostStore *: made ready */
    GHashTable *counts;         /* operation → times called */
    GPtrArray *late;            /* FakeOrder *: not ended, though the caller went */
};

#define FAKE_SEEDS "/nowhere/seeds"              /* where what guests are told at their start lies */
#define FAKE_HOST(link) ((FakeHost *) (link))   /* its first member */

/* One call of an operation. */
typedef struct {
    FakeHost *host;
    const char *operation;
    const Id *id;
    gboolean question;          /* changes nothing */
    gboolean silent;            /* done, but nobody learns so, */
    gboolean late;              /* and only after a while */
    gboolean deaf;              /* done, and the guest does not obey */
} FakeCall;

typedef enum { FAKE_FAIL, FAKE_HANG, FAKE_UNKNOWN, FAKE_LOST, FAKE_LATE, FAKE_DEAF } FakeKind;
typedef struct FakeGuests FakeGuests;
typedef struct { char *host, *operation; guint number; FakeKind kind; } FakeFault;      /* number 0: each time */
typedef struct { char *host, *operation; Tick pause; } FakeDelay;

typedef struct {
    Tick due;
    void (*run)(FakeHost *host, const Id *domain);      /* lock held */
    FakeHost *host;
    Id domain;
} FakeErrand;

struct Fake {
    Lock lock;                  /* everything */
    Condition wake;
    Thread *thread;             /* made with the first link */
    gboolean stopping;
    GPtrArray *hosts;           /* FakeHost * */
    GPtrArray *faults, *delays;
    GPtrArray *networks;        /* char * */
    gboolean devices;           /* its hosts have some that a VM can have */
    GPtrArray *errands;         /* FakeErrand * */
    GHashTable *volumes;        /* path → FakeVolume * */
    GHashTable *notes;          /* "DIR name" → text: what storage domains say of themselves; their id under "id" */
    char *state, *control;
    Wall control_changed;
    int log;                    /* the state file, appended to; -1: nowhere */
    guint vms;                  /* numbers given so far */
    FakeGuests *guests;         /* at their consoles; NULL until somebody looks */
};

/* fake.c: the files */
FakeHost *fake_find_host(Fake *fake, const char *name);                 /* NULL */
gboolean fake_read_line(Fake *fake, const char *line, GError **error);  /* lock held, or nobody else there yet */
void fake_read_control(Fake *fake);                                     /* lock held */

/* fake_state.c: what survives */
char *fake_domain_xml(const FakeHost *host, guint number);
const char *fake_xml_of(const FakeHost *host, const FakeDomain *domain, char **ret_made);   /* borrowed of the domain, or of RET */
FakeDomain *fake_put_domain(FakeHost *host, const Id *id);              /* found or made */
void fake_keep_domain(FakeHost *host, const FakeDomain *domain);        /* into the state file */
void fake_set_live(FakeDomain *domain, const char *xml);                /* NULL: as XML */
void fake_keep_boot(const FakeHost *host);
void fake_drop_domain(FakeHost *host, const Id *id);
FakeVolume *fake_put_volume(Fake *fake, const char *path);
void fake_keep_volume(Fake *fake, const FakeVolume *volume);
void fake_drop_volume(Fake *fake, const char *path);
void fake_set_note(Fake *fake, const char *key, const char *text);      /* NULL: it goes. Also into the state file */
gboolean fake_state_open(Fake *fake, GError **error);                   /* reads and compacts it */

/* fake_life.c: what is done with domains, by orders that carry what it takes; lock held */
gboolean fake_set_state(FakeHost *host, FakeDomain *domain, DomainState state, const char *event);     /* TRUE */
void fake_life_take_seed(FakeHost *host, const FakeDomain *domain);     /* it has served */
FakeDomain *fake_need_domain(FakeHost *host, const char *verb, const Id *id, GError **error);   /* NULL with the reason */
void fake_life_boot(FakeHost *host);                                    /* loses its connection, and is back a little later */
gboolean fake_life_start(FakeHost *host, const FakeOrder *order, GError **error);
gboolean fake_life_start_once(FakeHost *host, const FakeOrder *order, GError **error);
gboolean fake_life_adjust(FakeHost *host, const FakeOrder *order, GError **error);      /* `format`: the LiveKind */
gboolean fake_life_shutdown(FakeHost *host, const FakeOrder *order, GError **error);
void fake_life_go_on(FakeHost *host);                                 /* guests that were asked in an earlier life of the manager */
gboolean fake_life_reboot(FakeHost *host, const FakeOrder *order, GError **error);
gboolean fake_life_reset(FakeHost *host, const FakeOrder *order, GError **error);
gboolean fake_life_pause(FakeHost *host, const FakeOrder *order, GError **error);
gboolean fake_life_resume(FakeHost *host, const FakeOrder *order, GError **error);
gboolean fake_life_save(FakeHost *host, const FakeOrder *order, GError **error);
gboolean fake_life_discard(FakeHost *host, const FakeOrder *order, GError **error);

/* fake_live.c */
char *fake_live_changed(const char *xml, const LiveValue *value, GError **error);       /* what runs with VALUE; NULL: it has no room for it. Yours */

/* fake_report.c: telling; lock held */
DomainFacts *fake_facts(const FakeHost *host, const FakeDomain *domain, gboolean whole);
char *fake_live_xml(const FakeHost *host, const FakeDomain *domain);    /* as it runs; yours */
void fake_facts_add_live(const FakeHost *host, const FakeDomain *domain, DomainFacts *facts);    /* what `read` alone gives */
void fake_report_up(FakeHost *host);                                    /* and the list */
void fake_report_lost(FakeHost *host);
void fake_report_domain(FakeHost *host, const Id *id, ReportKind kind, const char *event);
void fake_report_storage(FakeHost *host, const HostStore *store);
void fake_later(FakeHost *host, Tick pause, void (*run)(FakeHost *, const Id *), const Id *domain);
gpointer fake_thread(gpointer fake);

/* fake_orders.c: whether they are obeyed; lock held in the first two */
gboolean fake_begin(FakeCall *call, Tick deadline, GError **error);     /* may the operation be done now? */
gboolean fake_unknown(const FakeCall *call, GError **error);            /* FALSE: nobody learns how it ended */
gboolean fake_obey(HostLink *link, const FakeOrder *order, Tick deadline, GError **error);     /* takes the lock; heeds faults on order */
void fake_order_free(gpointer order);
gboolean fake_wait(FakeHost *host, Tick until, Tick deadline);          /* lock held; dropped meanwhile. FALSE: the deadline came first, or the end */

/* fake_calls.c: the operations; lock held in the first */
gboolean fake_do(FakeHost *host, const char *verb, const Id *id, const char *xml, GError **error);    /* start, destroy, shutdown, define, undefine, suspend, resume, crash */
extern const HostOps fake_ops;

/* fake_devices.c */
gboolean fake_device_attach(HostLink *link, const Id *domain, const char *xml, Tick deadline, GError **error);
gboolean fake_device_update(HostLink *link, const Id *domain, const char *xml, Tick deadline, GError **error);
gboolean fake_device_detach(HostLink *link, const Id *domain, const char *alias, Tick deadline, GError **error);

/* fake_image.c */
HostImage *fake_image_open(HostLink *link, const ImageSpec *spec, Tick deadline, GError **error);
gboolean fake_image_settle(HostLink *link, const ImageSpec *spec, gint64 end, Tick deadline, GError **error);
void fake_image_drop(const Fake *fake, const char *path);
/* Where content is real: it follows; lock held. */
void fake_image_fold(FakeHost *host, const FakeVolume *top, const FakeVolume *base);     /* all from TOP down to BASE goes into that */
void fake_image_stand(FakeHost *host, const FakeVolume *volume, const FakeVolume *base);
void fake_image_copy(FakeHost *host, const FakeVolume *from, const FakeVolume *to);

/* fake_nodes.c; lock held in the first */
void fake_nodes_tell(const Fake *fake, List *ret_devices);
gboolean fake_nodes_list(HostLink *link, List *ret_devices, Tick deadline, GError **error);

/* fake_volume.c */
gboolean fake_volume_create(HostLink *link, const VolumeSpec *spec, Tick deadline, GError **error);
gboolean fake_volume_copy(HostLink *link, const VolumeSpec *spec, const HostVolume *from, const gint *cancelled, Tick deadline, GError **error);
gboolean fake_volume_resize(HostLink *link, const HostVolume *volume, gint64 size, Tick deadline, GError **error);
gboolean fake_volume_delete(HostLink *link, const HostVolume *volume, Tick deadline, GError **error);
gboolean fake_volume_read(HostLink *link, const HostVolume *volume, VolumeFacts *ret_facts, Tick deadline, GError **error);

/* fake_chain.c; lock held in all but the operations */
FakeVolume *fake_chain_beneath(const Fake *fake, const FakeVolume *volume);     /* NULL: nothing, or no such file */
guint32 fake_chain_pattern(const Fake *fake, const FakeVolume *volume, guint place);    /* what a guest reads there */
gboolean fake_chain_stands(const FakeVolume *volume, const char *path);
const FakeVolume *fake_chain_above(const Fake *fake, const char *path, const FakeVolume *but);
gboolean fake_chain_need_top(const Fake *fake, const FakeVolume *volume, const FakeVolume *but, GError **error);  /* nothing but BUT stands on it */
void fake_chain_merge(FakeHost *host, const FakeVolume *top, FakeVolume *base);
void fake_chain_set_base(FakeHost *host, FakeVolume *volume, const FakeVolume *base);   /* NULL: none */
FakeVolume *fake_chain_written(const FakeHost *host, const FakeDomain *domain, const char *target);     /* NULL: it does not run, or has none there */
gboolean fake_chain_write(FakeHost *host, const FakeDomain *domain, const char *target, guint place, guint32 pattern);
gboolean fake_chain_read(HostLink *link, const HostVolume *volume, List *ret_links, Tick deadline, GError **error);
gboolean fake_chain_above_of(HostLink *link, const HostVolume *volume, List *ret_images, Tick deadline, GError **error);
gboolean fake_chain_fold(HostLink *link, const HostVolume *volume, const Id *base, const gint *cancelled, Tick deadline, GError **error);
gboolean fake_chain_stand(HostLink *link, const HostVolume *volume, const Id *base, Tick deadline, GError **error);

/* fake_snapshot.c; lock held in the first two */
char *fake_snapshot_path(const char *xml, const char *target);          /* of the file there; yours; NULL */
gboolean fake_snapshot_switch(FakeHost *host, FakeDomain *domain, const char *target, const char *path, int format);
gboolean fake_snapshot_take(HostLink *link, const Id *domain, const DiskSwitch *disks, guint count, const char *memory, Tick deadline, GError **error);
gboolean fake_snapshot_start(HostLink *link, const Id *domain, const char *memory, const char *xml, gboolean paused, Tick deadline, GError **error);
gboolean fake_snapshot_drop(HostLink *link, const HostStore *store, const Id *snapshot, Tick deadline, GError **error);

/* fake_block.c; lock held in the first three */
void fake_block_job_free(gpointer job);
void fake_block_add(FakeDomain *domain, FakeJob *take);
void fake_block_go_on(FakeHost *host);                                  /* jobs of an earlier life of the manager */
gboolean fake_block_commit(HostLink *link, const Id *domain, const char *target, const char *top, const char *base, gboolean active, Tick deadline, GError **error);
gboolean fake_block_copy(HostLink *link, const Id *domain, const char *target, const char *path, int format, gboolean shallow, Tick deadline, GError **error);
gboolean fake_block_look(HostLink *link, const Id *domain, const char *target, BlockJob *ret_job, Tick deadline, GError **error);
gboolean fake_block_end(HostLink *link, const Id *domain, const char *target, gboolean pivot, Tick deadline, GError **error);

/* fake_pins.c; lock held in the first: TEXT is a cpu_tune_text(). What runs, with its threads where TUNE says; as libvirt has it, what may run anywhere runs on
 * ALL CPUs and says so (NULL: it says nothing). Its set for all threads, and its memory, stay. Yours */
char *fake_pins_all(const FakeHost *host);      /* yours */
char *fake_pins_xml(const char *xml, const char *all, const CpuTune *tune, GError **error);
gboolean fake_pins_tell(FakeHost *host, const Id *id, const char *text, GError **error);
gboolean fake_pins_bind(HostLink *link, const Id *domain, const CpuTune *tune, Tick deadline, GError **error);
gboolean fake_pins_affinity(HostLink *link, const Id *id, CpuTune *ret_tune, Tick deadline, GError **error);

/* fake_store.c: storage domains */
gboolean fake_store_ready(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean fake_store_leave(HostLink *link, const Id *storage, Tick deadline, GError **error);
gboolean fake_store_look(HostLink *link, const HostStore *store, Id *ret_id, Tick deadline, GError **error);
gboolean fake_store_mark(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean fake_store_clear(HostLink *link, const HostStore *store, Tick deadline, GError **error);
gboolean fake_note_read(HostLink *link, const HostStore *store, const char *name, char **ret_text, Tick deadline, GError **error);
gboolean fake_note_write(HostLink *link, const HostStore *store, const char *name, const char *text, Tick deadline, GError **error);
char **fake_note_list(HostLink *link, const HostStore *store, Tick deadline, GError **error);

/* fake_guest.c: an agent in every guest */
gboolean fake_guest_freeze(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean fake_guest_thaw(HostLink *link, const Id *domain, Tick deadline, GError **error);
gboolean fake_guest_is_frozen(HostLink *link, const Id *domain, gboolean *ret_frozen, Tick deadline, GError **error);
gboolean fake_guest_set_password(HostLink *link, const Id *domain, const char *user, const char *password, Tick deadline, GError **error);
gboolean fake_guest_run(HostLink *link, const Id *domain, const GuestCommand *command, GuestRun *ret_run, Tick deadline, GError **error);

/* fake_console.c: what shows on a console; lock held in the first two */
int fake_console_open(FakeHost *host, const FakeDomain *domain, gboolean serial);    /* -1: no descriptor left */
GBytes *fake_console_picture(const FakeDomain *domain);
GBytes *fake_console_log(gint64 starts, gsize most);                     /* the last MOST bytes of what its line printed in so many runs */
void fake_console_close(Fake *fake);                                    /* lock not held */
