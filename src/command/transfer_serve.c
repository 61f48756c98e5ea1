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

#define BEAT (CLOCK_SECOND / 20)
#define SETTLE_TIME (600 * CLOCK_SECOND)    /* what stands in the page cache goes to a slow disk */
#define DROP_TIME (10 * CLOCK_SECOND)       /* to close what nobody needs */
#define ROOM_FOR_TABLES (64 << 20)
#define BLOCK (1 << 20)
#define TOLD_EVERY CLOCK_SECOND         /* each note of how far it is is a record in the store */

#define BEGUN "begun"
#define REPLACED "replaced"             /* begun, and by that emptied */
#define FRESH "fresh"
#define END "end"                       /* how it ends: */
#define FINALIZED "finalized"
#define CANCELLED "cancelled"
#define PHASE "phase"                   /* where the last look moved it, */
#define MOVES "moves"                   /* and how often it was moved: what is the same again is recorded again */
#define MOVED "moved"
#define TOLD "told"                     /* the tick of that */
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
        .volume = { { storage->object.id, storage->storage.path, FALSE }, disk->object.id, disk_image(disk) }, .format = disk->format, .size = disk->provisioned_size,
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

/* Opening it will cut off what it holds; elsewhere that is asked once it is open. */
static gboolean
look_before_replaced(Work *work, const Disk *disk, const ImageSpec *spec, GError **error)
{
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link)
        return FALSE;
    if (has_no_vm(work, disk) && emptiness_look(link, spec, work->deadline))
        work_set_mark(work, FRESH, "yes");
    work_set_mark(work, BEGUN, "yes");
    work_set_mark(work, REPLACED, "yes");
    return TRUE;
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
    return !(spec.own && spec.write) || look_before_replaced(work, disk, &spec, error);
}

/* --- open and closed ---------------------------------------------------------------------------------------------------------- */

/* Opening it was refused. A file that was cut off is no image any more, and one that cannot be looked at may have been. */
static void
forgive(Work *work, const ImageTransfer *transfer, const Disk *disk)
{
    ImageSpec spec;
    VolumeFacts facts = { VOLUME_ABSENT, 0, 0, 0 };
    if (!work_mark(work, REPLACED) || number_of(work, OPENED) > 0 || !make_spec(work, transfer, disk, &spec, NULL) || !read_volume(work, &spec, &facts, NULL))
        return;
    if (facts.state != VOLUME_WHOLE || facts.format != spec.format || facts.size != spec.size)
        return;
    work_set_mark(work, BEGUN, NULL);
    work_set_mark(work, REPLACED, NULL);
}

static gboolean
open_disk(Work *work, const ImageTransfer *transfer, const Disk *disk, GError **error)
{
    gboolean empty = FALSE;
    TransferWish wish = { .transfer = work->target, .ticket = transfer->ticket, .name = disk->alias };
    g_autoptr(HostLink) link = work_host(work, error);
    if (!link || !make_spec(work, transfer, disk, &wish.spec, error))
        return FALSE;
    wish.link = link;
    wish.ask = wish.spec.write && !wish.spec.own && number_of(work, OPENED) == 0 && has_no_vm(work, disk);
    if (!transfers_open(work->transfers, &wish, work->deadline, &empty, error))
        return FALSE;
    set_number(work, OPENED, number_of(work, OPENED) + 1);
    if (wish.spec.write)
        work_set_mark(work, BEGUN, "yes");
    if (empty)
        work_set_mark(work, FRESH, "yes");
    return TRUE;
}

static void
note_closed(Work *work, CloseEnd how, const TransferLook *look)
{
    work_set_mark(work, ACTIVE, NULL);
    if (how == CLOSE_ABSENT)
        return;
    set_number(work, MOVED, look->moved);
    set_number(work, WRITTEN, look->end);
    /* Not a byte was to be written: the disk is what it was. */
    if (how == CLOSE_WELL && look->end == 0 && number_of(work, OPENED) == 1 && !work_mark(work, REPLACED))
        work_set_mark(work, BEGUN, NULL);
}

/* A slow disk holds up no thread of ours: where it is UNDER_WAY the step rests, and asks again. TIME: as long as it is needed. */
static CloseEnd
close_disk(Work *work, Tick time)
{
    TransferLook look;
    Tick now = clock_tick();
    CloseEnd how = transfers_close(work->transfers, &work->target, now + time, now + BEAT, &look);
    if (how != CLOSE_UNDER_WAY)
        note_closed(work, how, &look);
    return how;
}

gboolean
transfer_serve_undo(Work *work, GError **error)
{
    TransferLook look;
    (void) error;
    CloseEnd how = transfers_close(work->transfers, &work->target, clock_tick() + DROP_TIME, 0, &look);
    note_closed(work, how, &look);
    return TRUE;
}

/* --- looks -------------------------------------------------------------------------------------------------------------------- */

static void
move_to(Work *work, TransferPhase phase)
{
    work_set_mark(work, PHASE, names_get(&transfer_phase_names, phase));
    set_number(work, MOVES, number_of(work, MOVES) + 1);
}

/* It is closed at the next look, when that is known: whoever finalizes meanwhile is told what became of it. */
static void
pause_it(Work *work, const Disk *disk, const Message *why)
{
    g_autofree char *text = message_encode(why);
    orders_tell(work, SEVERITY_WARNING, message_new(MSG_TRANSFER_PAUSED, "disk", disk->alias, "why", text, NULL), NULL);
    move_to(work, TRANSFER_PHASE_PAUSED_SYSTEM);
}

/* The first time nothing has happened yet, so that a refusal is the end; later the client may try again. */
static gboolean
begin(Work *work, const ImageTransfer *transfer, const Disk *disk, GError **error)
{
    TransferLook look;
    g_autoptr(GError) why = NULL;
    gboolean serves = transfers_look(work->transfers, &work->target, &look) && !look.lost && !look.closing;
    if (!serves && close_disk(work, SETTLE_TIME) == CLOSE_UNDER_WAY)
        return TRUE;
    if (serves || open_disk(work, transfer, disk, &why)) {
        move_to(work, TRANSFER_PHASE_TRANSFERRING);
        return TRUE;
    }
    if (transfer->phase == TRANSFER_PHASE_INITIALIZING) {
        forgive(work, transfer, disk);
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    pause_it(work, disk, fault_message(why));
    return TRUE;
}

/* Nobody has moved a byte for too long. */
static void
give_up(Work *work, const ImageTransfer *transfer, const Disk *disk)
{
    g_autoptr(Message) why = message_new(MSG_TRANSFER_IDLE, NULL);
    gboolean ends = transfer->timeout_policy == TRANSFER_POLICY_CANCEL || (transfer->timeout_policy != TRANSFER_POLICY_PAUSE && !is_upload(transfer));
    if (ends)
        move_to(work, TRANSFER_PHASE_CANCELLED_SYSTEM);
    else
        pause_it(work, disk, why);
}

/* Between two requests of a client it is active, too. */
static void
note_progress(Work *work, const TransferLook *look)
{
    Tick now = clock_tick(), told = number_of(work, TOLD);
    gboolean active = look->clients > 0 || now - look->touched < TOLD_EVERY, due = now - told >= TOLD_EVERY || now < told;
    work_set_mark(work, ACTIVE, active ? "yes" : NULL);
    if (look->moved == number_of(work, MOVED) || (active && !due))
        return;
    set_number(work, MOVED, look->moved);
    set_number(work, TOLD, now);
}

static void
watch(Work *work, const ImageTransfer *transfer, const Disk *disk)
{
    TransferLook look;
    if (!transfers_look(work->transfers, &work->target, &look) || look.lost) {
        g_autoptr(Message) why = message_new(MSG_TRANSFER_BROKEN, NULL);
        pause_it(work, disk, why);
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

/* The process that wrote it is gone with the manager's, and with it what it had in its own memory. Bytes of a plain file were the kernel's. */
static gboolean
may_lack_tables(const ImageTransfer *transfer, const Disk *disk)
{
    return disk->format == DISK_FORMAT_COW && transfer->format != DISK_FORMAT_COW;
}

/* Somebody is through with it. It rests until the disk is closed. */
static gboolean
end(Work *work, const ImageTransfer *transfer, const Disk *disk, GError **error)
{
    gboolean cancel = transfer->phase != TRANSFER_PHASE_FINALIZING_SUCCESS, kept = !cancel && is_upload(transfer);
    CloseEnd how = close_disk(work, kept ? SETTLE_TIME : DROP_TIME);
    if (how == CLOSE_UNDER_WAY) {
        work->rest = BEAT;
        return TRUE;
    }
    if (kept && (how == CLOSE_LOST || (how == CLOSE_ABSENT && may_lack_tables(transfer, disk))))
        return fault_set(error, MSG_TRANSFER_NOT_WRITTEN, "disk", disk->alias, NULL);
    work_set_mark(work, END, cancel ? CANCELLED : FINALIZED);
    if (cancel && is_upload(transfer) && work_mark(work, FRESH) && has_no_vm(work, disk) && guard_file_is_alone(work->view, disk, NULL))
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
        close_disk(work, SETTLE_TIME);      /* paused: the file is nobody's meanwhile but by its claim */
    }
    work->rest = BEAT;
    return TRUE;
}

/* --- at the end ----------------------------------------------------------------------------------------------------------------- */

/* The host is away, or does not say in time. It is asked again: what came is there, and only looked at. */
static gboolean
says_it_later(const GError *why)
{
    return fault_of(why) == FAULT_UNKNOWN_OUTCOME || message_code(fault_message(why)) == MSG_HOST_NOT_CONNECTED;
}

static gboolean
settle(Work *work, const ImageTransfer *transfer, const Disk *disk, GError **error)
{
    ImageSpec spec;
    VolumeFacts facts;
    g_autoptr(HostLink) link = work_host(work, error);
    gint64 written = number_of(work, OPENED) == 1 ? number_of(work, WRITTEN) : 0;
    if (!link || !make_spec(work, transfer, disk, &spec, error) ||
        !link->ops->image_settle(link, &spec, written, MAX(work->deadline, clock_tick() + SETTLE_TIME), error))
        return FALSE;
    if (read_volume(work, &spec, &facts, NULL))
        set_number(work, ACTUAL, facts.allocation);
    return TRUE;
}

gboolean
transfer_serve_settle(Work *work, GError **error)
{
    const Disk *disk;
    g_autoptr(GError) why = NULL;
    const ImageTransfer *transfer = find_transfer(work, &disk, error);
    if (!transfer)
        return FALSE;
    if (transfer_serve_is_cancelled(work) || !is_upload(transfer) || settle(work, transfer, disk, &why))
        return TRUE;
    if (says_it_later(why)) {
        work->rest = CLOCK_SECOND;
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
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
