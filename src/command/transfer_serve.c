/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A transfer's life, a look at a time. What people want stands in the transfer's phase, what is open in `transfers`, which the end of a
 * process forgets: so a look that finds a transfer under way and nothing open says that it is paused. Once an upload may have touched its
 * disk (mark "begun") the disk is what the upload makes of it: whole at the end, or illegal. Only a disk that was empty and
 * in no VM (mark "fresh") goes with an upload that is cancelled. */
#include "command/transfer_serve.h"

#include "command/devices.h"
#include "command/guards.h"
#include "command/volumes.h"
#include "job/orders.h"
#include "model/transfer.h"
#include "transfer/emptiness.h"

#define BEAT (CLOCK_SECOND / 5)
#define SETTLE_TIME (600 * CLOCK_SECOND)    /* what stands in the page cache goes to a slow disk */
#define ROOM_FOR_TABLES (64 << 20)
#define BLOCK (1 << 20)
#define TOLD_EVERY (64 << 20)           /* bytes between two notes of how far it is */

#define BEGUN "begun"
#define REPLACED "replaced"             /* begun, and by that emptied */
#define FRESH "fresh"
#define END "end"                       /* how it ends: */
#define FINALIZED "finalized"
#define CANCELLED "cancelled"
#define PHASE "phase"                   /* where the last look moved it, */
#define MOVES "moves"                   /* and how often it was moved: what is the same again is recorded again */
#define MOVED "moved"
#define ACTIVE "active"
#define OPENED "opened"                 /* how often */
#define WRITTEN "written"               /* behind the last byte, while it was opened once */
#define EXTENDED "extended"
#define ACTUAL "actual"

static gint64
number_of(const Work *work, const char *mark)
{
    const char *text = work_mark(work, mark);
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

static void
set_number(Work *work, const char *mark, gint64 value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
    work_set_mark(work, mark, text);
}

gboolean
transfer_serve_is_cancelled(const Work *work)
{
    return g_strcmp0(work_mark(work, END), CANCELLED) == 0;
}

static gboolean
is_upload(const ImageTransfer *transfer)
{
    return transfer->direction != TRANSFER_DOWNLOAD;
}

static const ImageTransfer *
find_transfer(const Work *work, const Disk **ret_disk, GError **error)
{
    char text[ID_TEXT_SIZE];
    const ImageTransfer *transfer = view_find(work->view, &image_transfer_type, &work->target);
    *ret_disk = transfer ? view_find(work->view, &disk_type, &transfer->disk.id) : NULL;
    if (*ret_disk)
        return transfer;
    fault_set(error, MSG_NO_SUCH_TRANSFER, "id", id_format(&work->target, ID_UUID, text), NULL);
    return NULL;
}

/* --- the disk --------------------------------------------------------------------------------------------------------------- */

/* So long the file of a whole image may be: its data, its tables, and some. */
static gint64
most_of_own(const Disk *disk)
{
    gint64 most = MAX(disk->provisioned_size + disk->provisioned_size / 10, disk->initial_size) + ROOM_FOR_TABLES;
    return most / BLOCK * BLOCK;
}

static gboolean
make_spec(const Work *work, const ImageTransfer *transfer, const Disk *disk, ImageSpec *ret, GError **error)
{
    const StorageDomain *storage = guard_disk_storage(work->view, disk);
    if (!storage)
        return fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
    gboolean own = transfer->format == DISK_FORMAT_COW;
    *ret = (ImageSpec) {
        .volume = { { storage->object.id, storage->storage.path, FALSE }, disk->object.id, disk->object.id }, .format = disk->format, .size = disk->provisioned_size,
        .own = own, .write = is_upload(transfer), .sparse = disk->sparse, .fresh = number_of(work, OPENED) == 0, .most = own ? most_of_own(disk) : 0,
    };
    return TRUE;
}

static gboolean
read_volume(Work *work, const ImageSpec *spec, VolumeFacts *ret, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    return link && link->ops->volume_read(link, &spec->volume, ret, work->deadline, error);
}

static gboolean
has_no_vm(const Work *work, const Disk *disk)
{
    g_autoptr(GPtrArray) vms = devices_vms_of_disk(work->view, &disk->object.id);
    return vms->len == 0;
}

/* Before anything may touch it. */
gboolean
transfer_serve_look(Work *work, GError **error)
{
    ImageSpec spec;
    VolumeFacts facts = { VOLUME_ABSENT, 0, 0, 0 };
    const Disk *disk;
    const ImageTransfer *transfer = find_transfer(work, &disk, error);
    if (!transfer || !make_spec(work, transfer, disk, &spec, error) || !read_volume(work, &spec, &facts, error))
        return FALSE;
    if (facts.state == VOLUME_ABSENT)
        return fault_set(error, MSG_VOLUME_MISSING, "disk", disk->alias, "storage_domain", guard_disk_storage(work->view, disk)->name, NULL);
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link)
        return FALSE;
    if (is_upload(transfer) && has_no_vm(work, disk) && emptiness_is_sure(link, &spec, work->deadline))
        work_set_mark(work, FRESH, "yes");
    if (spec.own && spec.write) {
        work_set_mark(work, BEGUN, "yes");      /* opening it cuts off what it holds */
        work_set_mark(work, REPLACED, "yes");
    }
    return TRUE;
}

/* --- open and closed ---------------------------------------------------------------------------------------------------------- */

static gboolean
open_disk(Work *work, const ImageTransfer *transfer, const Disk *disk, GError **error)
{
    TransferWish wish = { .transfer = work->target, .ticket = transfer->ticket, .name = disk->alias };
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !make_spec(work, transfer, disk, &wish.spec, error))
        return FALSE;
    wish.link = link;
    if (!transfers_open(work->transfers, &wish, work->deadline, error))
        return FALSE;
    set_number(work, OPENED, number_of(work, OPENED) + 1);
    if (wish.spec.write)
        work_set_mark(work, BEGUN, "yes");
    return TRUE;
}

/* FALSE: what was written may not be in the file. */
static gboolean
close_disk(Work *work)
{
    TransferLook look;
    Tick deadline = MAX(work->deadline, clock_tick() + SETTLE_TIME);
    CloseEnd how = transfers_close(work->transfers, &work->target, deadline, &look);
    work_set_mark(work, ACTIVE, NULL);
    if (how == CLOSE_ABSENT)
        return TRUE;
    set_number(work, MOVED, look.moved);
    set_number(work, WRITTEN, look.end);
    /* Nobody has written a byte: the disk is what it was. */
    if (how == CLOSE_WELL && look.end == 0 && number_of(work, OPENED) == 1 && !work_mark(work, REPLACED))
        work_set_mark(work, BEGUN, NULL);
    return how == CLOSE_WELL;
}

gboolean
transfer_serve_undo(Work *work, GError **error)
{
    (void) error;
    close_disk(work);
    return TRUE;
}

/* --- looks -------------------------------------------------------------------------------------------------------------------- */

static void
move_to(Work *work, TransferPhase phase)
{
    work_set_mark(work, PHASE, names_get(&transfer_phase_names, phase));
    set_number(work, MOVES, number_of(work, MOVES) + 1);
}

static void
tell_paused(Work *work, const Disk *disk, MessageCode why)
{
    g_autoptr(Message) reason = message_new(why, NULL);
    g_autofree char *text = message_encode(reason);
    orders_tell(work, SEVERITY_WARNING, message_new(MSG_TRANSFER_PAUSED, "disk", disk->alias, "why", text, NULL), NULL);
    move_to(work, TRANSFER_PHASE_PAUSED_SYSTEM);
}

/* The first time nothing has happened yet, so that a refusal is the end; later the client may try again. */
static gboolean
begin(Work *work, const ImageTransfer *transfer, const Disk *disk, GError **error)
{
    TransferLook look;
    g_autoptr(GError) why = NULL;
    if (transfers_look(work->transfers, &work->target, &look) && !look.lost) {
        move_to(work, TRANSFER_PHASE_TRANSFERRING);
        return TRUE;
    }
    close_disk(work);
    if (open_disk(work, transfer, disk, &why)) {
        move_to(work, TRANSFER_PHASE_TRANSFERRING);
        return TRUE;
    }
    if (transfer->phase == TRANSFER_PHASE_INITIALIZING) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    g_autofree char *text = message_encode(fault_message(why));
    orders_tell(work, SEVERITY_WARNING, message_new(MSG_TRANSFER_PAUSED, "disk", disk->alias, "why", text, NULL), NULL);
    move_to(work, TRANSFER_PHASE_PAUSED_SYSTEM);
    return TRUE;
}

/* Nobody has moved a byte for too long. */
static void
give_up(Work *work, const ImageTransfer *transfer, const Disk *disk)
{
    gboolean ends = transfer->timeout_policy == TRANSFER_POLICY_CANCEL || (transfer->timeout_policy != TRANSFER_POLICY_PAUSE && !is_upload(transfer));
    close_disk(work);
    if (ends)
        move_to(work, TRANSFER_PHASE_CANCELLED_SYSTEM);
    else
        tell_paused(work, disk, MSG_TRANSFER_IDLE);
}

static void
note_progress(Work *work, const TransferLook *look)
{
    gint64 noted = number_of(work, MOVED);
    gboolean active = look->clients > 0;
    if (look->moved - noted >= TOLD_EVERY || (!active && look->moved != noted))
        set_number(work, MOVED, look->moved);
    work_set_mark(work, ACTIVE, active ? "yes" : NULL);
}

static void
watch(Work *work, const ImageTransfer *transfer, const Disk *disk)
{
    TransferLook look;
    if (!transfers_look(work->transfers, &work->target, &look) || look.lost) {
        close_disk(work);
        tell_paused(work, disk, MSG_TRANSFER_BROKEN);
        return;
    }
    note_progress(work, &look);
    if (transfer->extensions != number_of(work, EXTENDED)) {
        set_number(work, EXTENDED, transfer->extensions);
        transfers_touch(work->transfers, &work->target);
    } else if (transfer->inactivity_timeout > 0 && look.clients == 0 && clock_tick() - look.touched > transfer->inactivity_timeout * CLOCK_SECOND) {
        give_up(work, transfer, disk);
    }
}

/* Somebody is through with it. */
static gboolean
end(Work *work, const ImageTransfer *transfer, const Disk *disk, GError **error)
{
    gboolean cancel = transfer->phase == TRANSFER_PHASE_CANCELLED_USER || transfer->phase == TRANSFER_PHASE_CANCELLED_SYSTEM;
    gboolean well = close_disk(work);
    if (!well && !cancel && is_upload(transfer))
        return fault_set(error, MSG_TRANSFER_NOT_WRITTEN, "disk", disk->alias, NULL);
    work_set_mark(work, END, cancel ? CANCELLED : FINALIZED);
    if (cancel && is_upload(transfer) && work_mark(work, FRESH) && has_no_vm(work, disk))
        volumes_doom(work, disk, guard_disk_storage(work->view, disk));
    return TRUE;
}

gboolean
transfer_serve_run(Work *work, GError **error)
{
    const Disk *disk;
    const ImageTransfer *transfer = find_transfer(work, &disk, error);
    work_set_mark(work, PHASE, NULL);
    if (!transfer)
        return FALSE;
    if (transfer->phase == TRANSFER_PHASE_FINALIZING_SUCCESS || transfer->phase == TRANSFER_PHASE_CANCELLED_USER ||
        transfer->phase == TRANSFER_PHASE_CANCELLED_SYSTEM)
        return end(work, transfer, disk, error);
    if (transfer->phase == TRANSFER_PHASE_INITIALIZING || transfer->phase == TRANSFER_PHASE_RESUMING) {
        if (!begin(work, transfer, disk, error))
            return FALSE;
    } else if (transfer->phase == TRANSFER_PHASE_TRANSFERRING) {
        watch(work, transfer, disk);
    } else {
        close_disk(work);           /* paused: the file is nobody's meanwhile but by its claim */
    }
    work->rest = BEAT;
    return TRUE;
}

/* --- at the end ----------------------------------------------------------------------------------------------------------------- */

gboolean
transfer_serve_settle(Work *work, GError **error)
{
    ImageSpec spec;
    VolumeFacts facts;
    const Disk *disk;
    const ImageTransfer *transfer = find_transfer(work, &disk, error);
    if (!transfer)
        return FALSE;
    if (transfer_serve_is_cancelled(work) || !is_upload(transfer))
        return TRUE;
    g_autoptr(HostLink) link = work_host(work, error);
    gint64 written = number_of(work, OPENED) == 1 ? number_of(work, WRITTEN) : 0;
    if (!link || !make_spec(work, transfer, disk, &spec, error) ||
        !link->ops->image_settle(link, &spec, written, MAX(work->deadline, clock_tick() + SETTLE_TIME), error))
        return FALSE;
    if (read_volume(work, &spec, &facts, NULL))
        set_number(work, ACTUAL, facts.allocation);
    return TRUE;
}

void
transfer_serve_note(Work *work, Changes *changes)
{
    ImageTransfer *transfer = changes_edit(changes, &image_transfer_type, &work->target);
    const char *phase = work_mark(work, PHASE);
    int to = phase ? names_find(&transfer_phase_names, phase) : 0;
    if (!transfer)
        return;
    if (transfer_may(transfer->phase, to))
        transfer->phase = to;
    transfer->active = work_mark(work, ACTIVE) != NULL;
    transfer->transferred = number_of(work, MOVED);
}

static ImageTransfer *
close_transfer(const Work *work, Changes *changes, TransferPhase phase)
{
    ImageTransfer *transfer = changes_edit(changes, &image_transfer_type, &work->target);
    if (!transfer)
        return NULL;
    transfer->phase = phase;
    transfer->active = FALSE;
    transfer->transferred = number_of(work, MOVED);
    return transfer;
}

/* What an upload that did not come to its end has left. */
static void
leave_disk(Work *work, Changes *changes)
{
    Id id;
    if (!work_mark_id(work, "disk", &id))
        return;
    volumes_unlock(work, changes, &id);
    Disk *disk = work_mark(work, BEGUN) ? changes_edit(changes, &disk_type, &id) : NULL;
    if (disk)
        disk->status = DISK_ILLEGAL;
}

static void
keep_disk(Work *work, Changes *changes, const Id *id)
{
    volumes_unlock(work, changes, id);
    Disk *disk = work_mark(work, BEGUN) ? changes_edit(changes, &disk_type, id) : NULL;
    if (!disk)
        return;
    disk->status = DISK_OK;
    if (work_mark(work, ACTUAL))
        disk->actual_size = disk->total_size = number_of(work, ACTUAL);
}

void
transfer_serve_finish(Work *work, Changes *changes)
{
    Id id = id_null;
    work_mark_id(work, "disk", &id);
    gboolean cancel = transfer_serve_is_cancelled(work);
    ImageTransfer *transfer = close_transfer(work, changes, cancel ? TRANSFER_PHASE_FINISHED_CLEANUP : TRANSFER_PHASE_FINISHED_SUCCESS);
    if (volumes_is_doomed(work, &id)) {
        changes_remove(changes, &disk_type, &id);
        if (transfer)
            transfer->disk.id = transfer->image.id = id_null;
    } else if (cancel) {
        leave_disk(work, changes);
    } else {
        keep_disk(work, changes, &id);
    }
}

void
transfer_serve_revert(Work *work, Changes *changes)
{
    close_transfer(work, changes, TRANSFER_PHASE_FINISHED_FAILURE);
    leave_disk(work, changes);
}
