/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Opens a disk for a client who moves its content. The job lives as long as the transfer: it holds the disk, opens and closes it as the
 * transfer's phase says, and ends when somebody ends it. What it does meanwhile is transfer_serve.c's. */
#include "command/devices.h"
#include "command/guards.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/transfer_serve.h"
#include "command/volumes.h"
#include "model/transfer.h"

#define INACTIVITY_USUAL 60             /* seconds, as oVirt's */
#define INACTIVITY_MOST (7 * 24 * 3600)

/* --- check ---------------------------------------------------------------------------------------------------------------- */

/* oVirt's older clients name the volume of the disk, which has an id of its own there. */
static void
find_by_image(const Work *work, ImageTransfer *sent)
{
    char text[ID_TEXT_SIZE];
    id_format(&sent->image.id, ID_UUID, text);
    if (id_is_null(&sent->image.id) || view_find(work->view, &disk_type, &sent->image.id))
        return;
    ViewWalk walk = view_walk(work->view, &disk_type);
    for (const Disk *disk; (disk = view_next(&walk));) {
        if (g_strcmp0(disk->image_id, text) == 0)
            sent->image.id = disk->object.id;
    }
}

static const Disk *
choose_disk(Work *work, GError **error)
{
    char text[ID_TEXT_SIZE];
    ImageTransfer *sent = work->draft->record;
    if (draft_has(work->draft, "snapshot") && !view_find(work->view, &disk_type, &sent->snapshot.id)) {
        fault_set(error, MSG_NO_SUCH_DISK_SNAPSHOT, "id", id_format(&sent->snapshot.id, ID_UUID, text), NULL);
        return NULL;
    }
    find_by_image(work, sent);
    if (!refs_resolve(work, error))
        return NULL;
    const Id *id = !id_is_null(&sent->disk.id) ? &sent->disk.id : !id_is_null(&sent->image.id) ? &sent->image.id : &sent->snapshot.id;
    if (id_is_null(id)) {
        fault_set(error, MSG_TRANSFER_NEEDS_DISK, NULL);
        return NULL;
    }
    return guard_disk(work, id, sent->direction != TRANSFER_DOWNLOAD, error);
}

/* Nobody may write while it is read, and nobody read while it is written: only VMs that are surely down. */
static gboolean
check_vms(const Work *work, const Disk *disk, GError **error)
{
    g_autoptr(GPtrArray) vms = devices_vms_of_disk(work->view, &disk->object.id);
    for (guint i = 0; i < vms->len; i++) {
        const Vm *vm = vms->pdata[i];
        if (vm->status == VM_DOWN && !vm->locked)
            continue;
        return fault_set(error, MSG_TRANSFER_NEEDS_DOWN, "disk", disk->alias, "vm", vm->name, "status", names_get(&vm_status_names, vm->status), NULL);
    }
    return guard_file_is_alone(work->view, disk, error);
}

static gboolean
check_format(const ImageTransfer *sent, const Disk *disk, GError **error)
{
    Id image = disk_image(disk);
    gboolean own = sent->format == DISK_FORMAT_COW;
    if (own && !id_equal(&image, &disk->object.id))
        return fault_set(error, MSG_TRANSFER_OF_CHAIN, "disk", disk->alias, NULL);
    if (!own || disk->format == DISK_FORMAT_COW)
        return TRUE;
    return fault_set(error, MSG_TRANSFER_FORMAT, "disk", disk->alias, NULL);
}

static gboolean
check_storage(Work *work, const Disk *disk, GError **error)
{
    Id host;
    const StorageDomain *storage = guard_disk_storage(work->view, disk);
    if (!storage)
        return fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
    if (guard_is_unmanaged(work->view, disk))
        return fault_set(error, MSG_TRANSFER_UNMANAGED, "disk", disk->alias, NULL);
    if (!guard_storage(work, &storage->object.id, &host, error))
        return FALSE;
    work_set_mark_id(work, "host", &host);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "image transfer", NULL);
    const ImageTransfer *sent = work->draft->record;
    const Disk *disk = choose_disk(work, error);
    if (!disk)
        return FALSE;
    work_set_about(work, "name", disk->alias);
    work_set_about(work, "disk", disk->alias);
    if (sent->inactivity_timeout < 0 || sent->inactivity_timeout > INACTIVITY_MOST)
        return fault_set(error, MSG_TRANSFER_TIMEOUT, "most", G_STRINGIFY(INACTIVITY_MOST), NULL);
    if (!check_format(sent, disk, error) || !check_vms(work, disk, error) || !check_storage(work, disk, error))
        return FALSE;
    if (id_is_null(&work->target))
        work->target = id_random();
    work_set_mark_id(work, "disk", &disk->object.id);
    work_claim(work, &disk_type, &disk->object.id);
    return TRUE;
}

/* --- stage ---------------------------------------------------------------------------------------------------------------- */

static void
set_addresses(const Work *work, ImageTransfer *transfer)
{
    char ticket[ID_TEXT_SIZE];
    Id random = id_random();
    const char *door = work->door ? work->door : g_get_host_name();
    transfer->ticket = g_strdup(id_format(&random, ID_UUID, ticket));
    transfer->transfer_url = work->transfers ? transfers_url(work->transfers, door, ticket, FALSE) : NULL;
    transfer->proxy_url = work->transfers ? transfers_url(work->transfers, door, ticket, TRUE) : NULL;
}

static ImageTransfer *
make(const Work *work, const Disk *disk)
{
    char job[ID_TEXT_SIZE];
    const ImageTransfer *sent = work->draft->record;
    ImageTransfer *transfer = object_new(&image_transfer_type);
    transfer->object.id = work->target;
    transfer->phase = TRANSFER_PHASE_INITIALIZING;
    transfer->direction = sent->direction ? sent->direction : TRANSFER_UPLOAD;
    transfer->format = sent->format ? sent->format : disk->format;
    transfer->timeout_policy = sent->timeout_policy ? sent->timeout_policy : TRANSFER_POLICY_LEGACY;
    transfer->inactivity_timeout = draft_has(work->draft, "inactivity_timeout") ? sent->inactivity_timeout : INACTIVITY_USUAL;
    transfer->shallow = sent->shallow;
    transfer->disk.id = transfer->image.id = disk->object.id;
    work_mark_id(work, "host", &transfer->host.id);
    transfer->job = g_strdup(id_format(&work->job, ID_UUID, job));
    set_addresses(work, transfer);
    return transfer;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    Id id;
    (void) error;
    work_mark_id(work, "disk", &id);
    changes_add(changes, make(work, view_find(work->view, &disk_type, &id)));
    volumes_lock(work, changes, &id);
    return TRUE;
}

static char *
plan(Work *work, GError **error)
{
    (void) error;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_TRANSFER, "disk", work_mark(work, "about.disk"), NULL);
    return g_strdup(text->str);
}

/* --- the row ---------------------------------------------------------------------------------------------------------------- */

/* One that was cancelled has ended well and is told otherwise. */
static const Command cancelled = {
    .verb = "add",
    .on = &image_transfer_type,
    .title = MSG_TRANSFERRING_DISK,
    .done = { 1033, MSG_TRANSFER_CANCELLED },
    .failed = { 1034, MSG_TRANSFER_FAILED },
};

static const Command *
words(const Work *work)
{
    return transfer_serve_is_cancelled(work) ? &cancelled : &transfer_add;
}

const Command transfer_add = {
    .verb = "add",
    .on = &image_transfer_type,
    .params = &image_transfer_type,
    .permit = PERMIT_EDIT_DISK,
    .title = MSG_TRANSFERRING_DISK,
    .started = { 1031, MSG_TRANSFER_STARTED },
    .done = { 1032, MSG_TRANSFER_DONE },
    .failed = { 1034, MSG_TRANSFER_FAILED },
    .words = words,
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at the disk", transfer_serve_look, NULL, NULL, FALSE, TRUE },
        { "move the content", transfer_serve_run, NULL, transfer_serve_undo, FALSE, TRUE },
        { "look at what came", transfer_serve_settle, NULL, NULL, FALSE, TRUE },
        { "delete the volume", volumes_delete, volumes_deleted, NULL, TRUE },
        { 0 },
    },
    .note = transfer_serve_note,
    .finish = transfer_serve_finish,
    .revert = transfer_serve_revert,
    .lasts = TRUE,
    .help = "Opens a disk, so that a client can upload its content or download it.",
};
