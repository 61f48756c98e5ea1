/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Adds a disk that no VM has yet: a file in a storage domain, named after the disk's id. */
#include "command/guards.h"
#include "command/new_disk.h"
#include "command/plan.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/volumes.h"

static gboolean
choose_id(Work *work, GError **error)
{
    char text[ID_TEXT_SIZE];
    if (id_is_null(&work->target) && work->draft->has_id)
        work->target = ((const Object *) work->draft->record)->id;
    if (id_is_null(&work->target))
        work->target = id_random();
    const Disk *there = view_find(work->view, &disk_type, &work->target);
    return !there || fault_set(error, MSG_DISK_ID_TAKEN, "id", id_format(&work->target, ID_UUID, text), "disk", there->alias, NULL);
}

static gboolean
check(Work *work, GError **error)
{
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "disk", NULL);
    if (!refs_resolve(work, error) || !choose_id(work, error) || !new_disk_check(work, work->draft, error))
        return FALSE;
    work_claim(work, &disk_type, &work->target);
    return TRUE;
}

static Disk *
make(const Work *work)
{
    char text[ID_TEXT_SIZE];
    return new_disk_make(work, work->draft, &work->target, id_format(&work->target, ID_UUID, text));
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    const Disk *disk = changes_add(changes, make(work));
    volumes_plan(work, disk, new_disk_storage(work));
    return TRUE;
}

static void
finish(Work *work, Changes *changes)
{
    Disk *disk = changes_edit(changes, &disk_type, &work->target);
    if (disk)
        disk->status = DISK_OK;
}

static void
revert(Work *work, Changes *changes)
{
    changes_remove(changes, &disk_type, &work->target);
}

static char *
plan(Work *work, GError **error)
{
    if (!volumes_look(work, error))
        return NULL;
    Disk *disk = make(work);
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_MAKE_DISK, "disk", disk->alias, "storage_domain", new_disk_storage(work)->name, NULL);
    object_unref(disk);
    return g_strdup(text->str);
}

const Command disk_add = {
    .verb = "add",
    .on = &disk_type,
    .params = &disk_type,
    .permit = PERMIT_CREATE_DISK,
    .title = MSG_ADDING_DISK,
    .started = { 2020, MSG_DISK_ADD_STARTED },
    .done = { 2021, MSG_DISK_ADDED },
    .failed = { 2022, MSG_DISK_ADD_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "look at the storage", volumes_look, NULL, NULL, FALSE },
        { "create the volume", volumes_create, volumes_created, volumes_undo, FALSE },
        { 0 },
    },
    .finish = finish,
    .revert = revert,
    .help = "Adds a disk to a storage domain, attached to no VM.",
};
