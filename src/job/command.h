/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A verb: one complete row, one file of command/. Router, permissions, CLI, docs, audit text and ?plan=1 read the row; the job engine
 * walks its steps. Here because the engine runs commands without knowing any; the rows themselves stand in command/.
 *
 * The life of one: the API reads a body into a Draft and submits a Work. In the writer: `check` (pure: may it be done now, and if not,
 * why), `stage` (pure: what the model says meanwhile, and the marks: everything chosen beforehand, ids, host, file names, so that a
 * probe after a crash can find what a dead process did). One change set carries job, claims and staging; once it is stored the steps run
 * on a worker, each journaled before and after. Then in the writer `finish` or, after the undos, `revert` — and the job ends. */
#pragma once

#include "host/hosts.h"
#include "model/changes.h"
#include "model/vm.h"
#include "schema/draft.h"
#include "transfer/transfers.h"

#define PERMITS(P)                                                                                                   \
    P(NONE, "none") P(LOGIN, "login") P(CREATE_VM, "create_vm") P(EDIT_VM, "edit_vm_properties") P(DELETE_VM, "delete_vm") \
    P(CREATE_TEMPLATE, "create_template") P(EDIT_TEMPLATE, "edit_template_properties") P(DELETE_TEMPLATE, "delete_template") \
    P(RUN_VM, "run_vm") P(STOP_VM, "stop_vm") P(SHUT_DOWN_VM, "shut_down_vm") P(REBOOT_VM, "reboot_vm") P(RESET_VM, "reset_vm") P(HIBERNATE_VM, "hibernate_vm") \
    P(CHANGE_VM_CD, "change_vm_cd") P(CREATE_DISK, "create_disk") P(ATTACH_DISK, "attach_disk") P(EDIT_DISK, "edit_disk_properties") \
    P(DELETE_DISK, "delete_disk") P(SNAPSHOTS, "manipulate_vm_snapshots") P(VM_NETWORK, "configure_vm_network") P(VM_STORAGE, "configure_vm_storage") \
    P(FREEZE_VM, "freeze_vm_filesystems") P(SET_GUEST_PASSWORD, "set_guest_password") P(RUN_GUEST_COMMAND, "run_guest_command") \
    P(CREATE_STORAGE, "create_storage_domain") P(EDIT_STORAGE, "edit_storage_domain_configuration") P(DELETE_STORAGE, "delete_storage_domain") \
    P(MANIPULATE_STORAGE, "manipulate_storage_domain") P(MANIPULATE_HOST, "manipulate_host") P(CONFIGURE_ENGINE, "configure_engine")
typedef enum {
#define P(name, word) PERMIT_##name,
    PERMITS(P)
#undef P
    N_PERMITS
} Permit;
const char *permit_name(Permit permit);

typedef struct Command Command;
typedef struct Work Work;
typedef struct Orders Orders;

/* What a run tells whoever waits for it, beside how it ended: written by a step, never journaled, gone with who waits. */
typedef struct {
    Refs refs;
    const Type *type;
    gpointer record;                /* of TYPE; a step may write it until the run has ended */
} WorkAnswer;
WorkAnswer *work_answer_new(const Type *type);
WorkAnswer *work_answer_ref(WorkAnswer *answer);
void work_answer_unref(WorkAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WorkAnswer, work_answer_unref)

typedef enum { PROBE_DONE, PROBE_NOT_DONE, PROBE_UNKNOWN } Probe;

/* What may a step look at: the marks, the newest view, hosts. It changes the model only through marks that `finish` reads. Worker thread. */
typedef struct {
    const char *name;                                       /* "start domain": told to people, in lower case */
    gboolean (*run)(Work *work, GError **error);            /* the effect. UNKNOWN_OUTCOME: the engine probes until it knows */
    Probe (*probe)(Work *work, GError **error);             /* did it happen? Asks the world, by marks. NULL: the step has no effect outside */
    gboolean (*undo)(Work *work, GError **error);           /* only what carries our mark; done twice is done once. NULL: nothing to undo */
    gboolean forward;                                       /* once it may have happened recovery only goes forward. Of one that rests and has no probe, since it
                                                             * sees each time how far it is: once it has rested */
    gboolean rests;                                         /* it rests, with steps behind it that have effects: what it rests with is recorded, and a
                                                             * restart runs it again, since nothing behind it has begun. What it holds meanwhile ends
                                                             * with the process; its undo lets go of that */
} Step;

/* A yes or no that stands in the query of the request, behind no field of the body: "detach_only". A table ends with a row whose name is NULL. */
typedef struct {
    const char *name, *help;
} CommandFlag;

struct Command {
    const char *verb;               /* "add", "update", "remove", or the action's path segment: "start" */
    const Type *on;                 /* vm_type; nic_type for /vms/{}/nics */
    const Type *params;             /* the body: ON itself for add and update, an action's own record type, or NULL */
    const Type *answer;             /* what it tells who waits; NULL: how it ended alone */
    const CommandFlag *flags;       /* what else may be said with it; NULL: nothing. An action's own are rows of its body */
    const CommandFlag *numbers;     /* of a question: whole numbers that stand in its query; NULL: none */
    Permit permit;
    MessageCode title;              /* of the job: "Starting VM {vm}"; its arguments: see work_about below */
    /* What the event log says, with oVirt's numbers (OVIRT-API.md §8). Message 0: at the end a general
     * sentence made of the title, at the start nothing. FAILED may use {why}; its severity is error. */
    struct { int code; MessageCode message; } started, done, failed;
    const Command *(*words)(const Work *work);  /* the row whose title and events fit this run (`start` of a VM that stands still resumes it), by
                                                 * marks that `check` set; NULL: this one's own */
    gboolean unsaid;                /* of such a row: where it ends well no event says so, since there was nothing to do */
    gboolean (*check)(Work *work, GError **error);          /* writer; pure */
    gboolean (*stage)(Work *work, Changes *changes, GError **error);   /* writer; pure; may be NULL */
    char *(*plan)(Work *work, GError **error);              /* worker; what would happen, as text (XML diff, host and refusals); no effect; NULL: title only */
    gboolean (*edit)(Work *work, Vm *vm, GError **error);   /* of a verb that edits a VM's definition in steps that others have too: what it changes, in what
                                                             * the host has (worker) and in the model (writer, without ERROR), by what was sent and by marks alone */
    const Step *steps;              /* ends with a row whose name is NULL; NULL: all is in stage (plain model changes) */
    void (*note)(Work *work, Changes *changes);             /* writer; with each record of a step that rests: what the model says meanwhile, by marks */
    void (*finish)(Work *work, Changes *changes);           /* writer; all steps done */
    void (*revert)(Work *work, Changes *changes);           /* writer; all undone: the model as before `stage` */
    gboolean reads;                 /* a question: GET on its path. `check` and then `plan`, which writes the answer, are all of it; no job comes of it */
    Tick patience;                  /* how long who waits for its end is kept; 0: the usual. That of what takes as long as guests take */
    gboolean lasts;                 /* its job ends when somebody ends it: who asks for it is answered as soon as it stands */
    gboolean once;                  /* not repeatable (reboot, reset, shutdown): recovery never runs it again; it ends done or not known */
    const char *help;               /* one sentence */
};

/* Arguments of title and events, by name, all always given ("" if there is none): {name} the target's, {type} its type's word,
 * {vm} {disk} {nic} … the target or parent under its type's word, {user}, {host} (mark "host", else the VM's home), {why}, and each set by
 * work_set_about (which wins). */

/* One run of one command. Made by the API or policy, then owned by the job engine. */
struct Work {
    const Command *command;
    Id target;                      /* the object (add: of the new one, chosen by `check` or the client) */
    Id parent;                      /* the VM of a NIC, attachment, CD-ROM; null otherwise */
    Draft *draft;                   /* what was sent, references resolved; NULL without a body, and after a restart unless a mark keeps it */
    GHashTable *query;              /* query, matrix and header parameters: char * → char *; "detach_only", "next_run", "force" */
    WorkAnswer *answer;                 /* of the command's type; NULL: nobody waits for it, or there is none */
    Id user;
    char *correlation;              /* never NULL */
    char *door;                     /* "manager:8443", where its client came in; NULL: there was none. Gone after a restart */
    View *view;                     /* check, stage: the writer's head; steps: newest when the step began; finish, revert: head */
    GHashTable *marks;              /* char * → char *: journaled with every record */
    GPtrArray *claims;              /* char *: added by check through work_claim; journaled */
    Id job;                         /* set by the engine before `stage` */
    Hosts *hosts;                   /* set by the engine, as is the next */
    Transfers *transfers;
    const char *data_dir;           /* the manager's; NULL: it has none */
    Tick deadline;                  /* of the running step's calls */
    gint cancelled;                 /* atomic */
    Orders *orders;                 /* set by the engine: what its steps order (job/orders.h) */
    Tick rest;                      /* set by a step without probe that is not done: it is run again after so long, its marks recorded before. Else 0 */
};

Work *work_new(const Command *command);
void work_free(Work *work);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Work, work_free)

/* Claims the object for this job; refused while a live job holds it (engine, after check). A NIC's or attachment's claim is its VM's. */
void work_claim(Work *work, const Type *type, const Id *id);
/* Claims that the object stays as it is: other jobs may do so too, and while one does none gets the object itself. */
void work_claim_use(Work *work, const Type *type, const Id *id);
/* The row that has the title and the events of this run: never NULL. */
const Command *work_words(const Work *work);
/* An argument for title and events ("disk" → "data1"); kept with the marks. */
void work_set_about(Work *work, const char *argument, const char *value);
/* Keeps the draft in the journal, so that steps find it after a restart too. Called by check or stage. */
void work_keep_draft(Work *work);
const char *work_mark(const Work *work, const char *name);                 /* NULL if not set */
void work_set_mark(Work *work, const char *name, const char *value);       /* NULL removes */
void work_set_mark_id(Work *work, const char *name, const Id *id);
gboolean work_mark_id(const Work *work, const char *name, Id *ret_id);
/* A flag of the command, from the query; or a yes or no of an action's body, which may stand in the query too. Nothing else may be asked for. */
gboolean work_flag(const Work *work, const char *parameter, gboolean otherwise);
HostLink *work_host(Work *work, GError **error);        /* of mark "host" */
gconstpointer work_find(const Work *work, const Type *type, const Id *id);          /* in the view */

/* The table of all commands, filled by command/registry.c (a listener table: job and api must not know the rows' files). */
extern const Command *const command_registry[];         /* NULL-terminated; defined in command/registry.c */
const Command *command_find(const char *verb, const Type *on);     /* NULL */
const char *const *command_verbs(const Type *on);       /* action segments only (not add, update, remove, nor questions), NULL-terminated; NULL if none */
gboolean command_takes(const Command *command, const char *flag);   /* may work_flag() be asked for it? */
char *command_name(const Command *command);             /* "vm.start": stored in jobs; yours */
const Command *command_of_name(const char *name);
