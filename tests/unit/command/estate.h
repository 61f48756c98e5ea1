/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A small estate for the tests of verbs: one host that is a table in memory, an inventory, and a walk through a command's steps
 * as the engine does it, with a crash or a failure at any step. No disk, no threads, no libvirt. */
#pragma once

#include "command/rows.h"
#include "model/places.h"
#include "model/storage.h"

typedef struct {
    Inventory *inventory;
    View *view;                     /* the head */
    Hosts *hosts;
    HostLink *link;
    Transfers *transfers;
    const Command *wish;            /* what somebody does to the transfer that rests, as soon as it may be done; NULL */
    Id data_center, cluster, host, storage, small, unmanaged, network, profile, user;
    Id hello;                       /* down; with a NIC and a bootable disk */
    Id running;                     /* up; boots from a kernel */
    Id adopted;                     /* down; of somebody else, its disk unmanaged */
    Id disk;                        /* of hello */
    Id floating;                    /* of nobody */
    Id foreign;                     /* of adopted */
    Id iso;                         /* a file of the storage domain */
    guint events;                   /* told so far */
    char *last_event;
    guint keeps;                    /* kept XMLs so far */
    guint rests;                    /* how often a step of the last walk rested */
    gboolean dies;                  /* the manager does, at each of them */
    void (*deed)(guint rest);       /* what happens then; NULL */
} Estate;
extern Estate estate;

#define ESTATE_PATH "/nowhere/shikiri"
#define STORAGE_PATH ESTATE_PATH "/data"
#define ESTATE_VARIABLES ESTATE_PATH "/nvram"       /* where firmwares keep theirs, as NAME_VARS.fd, if a definition does not say */

#define ESTATE_SHARED ESTATE_PATH "/shared"        /* below it VMs may be given folders */
#define ESTATE_LOGS ESTATE_PATH "/console"
#define ESTATE_SEEDS ESTATE_PATH "/seeds"

void estate_open(void);
void estate_close(void);
/* Puts an object into the inventory, as if a change set had. */
void estate_put(gpointer take);
/* A copy to edit and put back. */
gpointer estate_edit(const Type *type, const Id *id);
gconstpointer estate_find(const Type *type, const Id *id);
const Vm *estate_vm(const Id *id);
void estate_set_machine(const char *key, const char *value);    /* of what the host can: these lines are that one; NULL: none */

/* --- the host in memory: estate_host.c --- */
extern const HostOps estate_host_ops;
void estate_host_open(void);
void estate_host_close(void);
typedef enum { FAULT_OFF, FAULT_REFUSES, FAULT_IS_SILENT, FAULT_DOES_AND_IS_SILENT } HostFault;
void estate_fault(HostFault fault);             /* the next operation that changes something */
void estate_deaf(gboolean deaf);                /* no operation answers */
typedef enum { GUEST_LETS_GO, GUEST_IS_SILENT, GUEST_SAYS_NO } GuestManner;
void estate_guest(GuestManner manner);          /* what guests do when they shall let go of a device */
char *estate_picture(void);                     /* every domain and volume, as text; yours */
const char *estate_xml(const Id *vm);           /* NULL: no such domain */
void estate_set_xml(const Id *vm, const char *xml);     /* what virsh edit does */
void estate_put_domain(const Id *vm, const char *xml);  /* virsh define */
void estate_forget_domain(const Id *vm);                /* virsh undefine */
DomainState estate_state(const Id *vm);
void estate_set_state(const Id *vm, DomainState state);
void estate_set_saved(const Id *vm, gboolean saved);    /* virsh managedsave of one that is off */
const char *estate_live(const Id *vm);          /* what it runs by; NULL: it does not */
GBytes *estate_seed(const Id *vm);              /* what its guest is told while it runs; NULL: nothing. Borrowed */
void estate_hide_live(const Id *vm);            /* it runs, and what it runs by cannot be read any more */
gint64 estate_adjusted(const Id *vm, LiveKind kind);    /* 0: never; of a description its length */
guint estate_pressed(const Id *vm);             /* how often it was reset or asked to reboot */
void estate_put_volume(const Id *disk, gint64 size);
gboolean estate_has_volume(const Id *disk);
void estate_mark_store(const char *path, const Id *id);         /* a directory carries the id of a storage domain */
void estate_note(const char *path, const char *name, const char *text);
const char *estate_noted(const char *path, const char *name);  /* NULL: there is none of that name */
void estate_lose_device(const char *name);       /* somebody pulls a device of the host's out; NULL: all are there again */
void estate_put_variables(const char *path);    /* a firmware's, as the first start makes them */
gboolean estate_has_variables(const char *path);
void estate_print(const Id *vm, const char *bytes, gsize length);   /* its serial console, into the manager's file of it; borrowed */
gboolean estate_has_log(const Id *vm);

/* --- the agents in its guests: estate_guest.c --- */
gboolean estate_change(const Id *id, void (*effect)(const Id *id), GError **error);     /* estate_host.c: with the fault that was ordered */
gboolean estate_guest_freeze(HostLink *link, const Id *id, Tick deadline, GError **error);
gboolean estate_guest_thaw(HostLink *link, const Id *id, Tick deadline, GError **error);
gboolean estate_guest_is_frozen(HostLink *link, const Id *id, gboolean *ret_frozen, Tick deadline, GError **error);
gboolean estate_guest_set_password(HostLink *link, const Id *id, const char *user, const char *password, Tick deadline, GError **error);
gboolean estate_guest_run(HostLink *link, const Id *id, const GuestCommand *command, GuestRun *ret_run, Tick deadline, GError **error);
void estate_guest_close(void);
gboolean estate_is_frozen(const Id *vm);
void estate_set_frozen(const Id *vm, gboolean frozen);
const char *estate_password(void);              /* as it was last set: "USER PASSWORD"; NULL */
void estate_answer(const GuestRun *run);        /* what the next command comes to; copied. As it is else: exit code 0 */

/* --- images of disks: estate_images.c --- */
void estate_write(const Id *disk, guint cell, char what);      /* what a guest does, into the image that its domain names */
char *estate_content(const Id *disk);           /* what it reads: ESTATE_CELLS characters, '.' where nothing was written; yours */
char *estate_content_at(const Id *disk, const Id *image);
guint estate_images(const Id *disk);            /* how many there are */
void estate_lose_image(const Id *disk, const Id *image);       /* somebody deletes it */
void estate_stand_by_hand(const Id *disk, const Id *image);    /* qemu-img create -b, by somebody */
void estate_kill_jobs(void);                    /* QEMU's merges end before their end */

/* --- works --- */
/* BODY is XML, or NULL. */
Work *estate_work(const Command *command, const Id *target, const char *body);
Work *estate_child_work(const Command *command, const Id *parent, const Id *target, const char *body);
void estate_query(Work *work, const char *name, const char *value);
/* Checks; NULL, or the refusal with its hint behind " | ". Yours. */
char *estate_refusal(Work *take);
#define estate_refused(work, part) estate_refused_at(work, part, __LINE__)
void estate_refused_at(Work *take, const char *part, int line);

typedef enum { WALK_WELL, WALK_REFUSED, WALK_SOFT_FAILURE, WALK_CRASH_BEFORE, WALK_CRASH_AFTER, WALK_SILENT, WALK_DOES_SILENT } WalkKind;
typedef enum { ENDED_DONE, ENDED_UNDONE, ENDED_WAITING } WalkEnd;   /* WAITING: it can only go forward, and cannot now */
extern const char *const estate_kinds[];
/* Takes a work through check, stage, steps and its end. AT: the step something happens at. */
WalkEnd estate_walk(Work *take, WalkKind kind, int at);
/* Called before step AT of the next walk: what somebody does outside the manager at that moment. Once. */
void estate_meanwhile(int at, void (*deed)(void));
/* A walk that may end as it likes: a step that refuses is no failure of the test, and its sentence is kept. */
WalkEnd estate_try(Work *take, char **ret_said);
void estate_do(Work *take);                     /* WELL, and must end done */
char *estate_plan(Work *take);                  /* the text of ?plan=1; asserts that nothing changed */
/* All VMs and disks of the model, as text. Yours. */
char *estate_model(void);
