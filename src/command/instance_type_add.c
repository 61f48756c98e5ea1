/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Adds a size of VMs. */
#include "command/instance_types.h"
#include "command/rows.h"

/* Yours. What is not said is a small one. */
static InstanceType *
build(const Work *work)
{
    InstanceType *size = object_new(&instance_type_type);
    size->memory = (gint64) 1 << 30;
    size->cpu.topology = (CpuTopology) { 1, 1, 1 };
    size->usb.enabled = size->virtio_scsi.enabled = size->console.enabled = TRUE;
    draft_apply(work->draft, size, ADD);
    size->object.id = work->target;
    return size;
}

static gboolean
check(Work *work, GError **error)
{
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "instance_type", NULL);
    if (!draft_check_needed(work->draft, error))
        return FALSE;
    if (id_is_null(&work->target))
        work->target = id_random();
    InstanceType *size = build(work);
    gboolean well = instance_types_check(work, size, error);
    object_unref(size);
    work_claim(work, &instance_type_type, &work->target);
    return well;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    changes_add(changes, build(work));
    return TRUE;
}

const Command instance_type_add = {
    .verb = "add",
    .on = &instance_type_type,
    .params = &instance_type_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_ADDING_SIZE,
    .done = { 11021, MSG_SIZE_ADDED },
    .failed = { 11022, MSG_SIZE_ADD_FAILED },
    .check = check,
    .stage = stage,
    .help = "Adds a size that new VMs can be made in.",
};
