/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Registers a disk that lies in a storage domain, that no VM has and nobody here knows. */
#include "base/text.h"
#include "command/guards.h"
#include "command/plan.h"
#include "command/registration.h"
#include "command/rows.h"
#include "schema/body.h"

#define BODY "body"                 /* mark */

typedef struct { gboolean async; char *id, *name; } RegisterDiskParams;

/* clang-format off */
static const Type register_disk_type = { .one = "action", .many = "actions", .size = sizeof(RegisterDiskParams), .help = "Which.", .fields = (const Field[]) {
    BOOL(RegisterDiskParams, async, ADD, "Answer before it is done."),
    TEXT(RegisterDiskParams, id,    ADD, "Its id, as the list of what is not registered has it."),
    TEXT(RegisterDiskParams, name,  ADD, "Another name than it had."),
    { 0 } } };
/* clang-format on */

static gboolean
check(Work *work, GError **error)
{
    char text[ID_TEXT_SIZE];
    Id id;
    if (!work->draft)
        return fault_set(error, MSG_REGISTER_NEEDS_ID, "type", "disk", NULL);
    const RegisterDiskParams *sent = work->draft->record;
    const char *name = sent->name && *sent->name ? sent->name : NULL;
    if (!guard_texts(work->draft, error) || (name && !guard_name("disk", "name", name, error)) || !registration_check(work, &disk_type, sent->id, error) ||
        !work_mark_id(work, "note", &id))
        return FALSE;
    const Disk *there = view_find(work->view, &disk_type, &id);
    if (there)
        return fault_set(error, MSG_REGISTER_DISK_THERE, "disk", there->alias, "id", id_format(&id, ID_UUID, text), NULL);
    work_claim(work, &disk_type, &id);
    work_set_mark_id(work, "disk", &id);
    work_set_about(work, "disk", name ? name : sent->id);
    return TRUE;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) changes;
    (void) error;
    work_keep_draft(work);
    return TRUE;
}

static gboolean
settle(Work *work, HostLink *link, Disk *disk, GError **error)
{
    Id storage_id;
    const RegisterDiskParams *sent = work->draft ? work->draft->record : NULL;
    const StorageDomain *storage = work_mark_id(work, "storage", &storage_id) ? view_find(work->view, &storage_domain_type, &storage_id) : NULL;
    if (!storage)
        return fault_set(error, MSG_HOST_GONE, NULL);
    if (sent && sent->name && *sent->name)
        text_set(&disk->alias, sent->name);
    if (!registration_settle_disk(work, link, storage, disk, error))
        return FALSE;
    g_auto(Text) body = TEXT_EMPTY;
    body_write(&body, &disk_type, disk);
    g_autofree char *encoded = g_base64_encode((const guchar *) body.bytes, body.length);
    work_set_mark(work, BODY, encoded);
    work_set_about(work, "disk", disk->alias);
    return TRUE;
}

static gboolean
read_note(Work *work, GError **error)
{
    Id id;
    g_autoptr(HostLink) link = work_host(work, error);
    g_autofree char *text = link && work_mark_id(work, "note", &id) ? registration_note(work, link, &disk_type, &id, error) : NULL;
    Disk *disk = text ? note_read_disk(text, &id, error) : NULL;
    gboolean well = disk && settle(work, link, disk, error);
    object_unref(disk);
    return well;
}

static void
finish(Work *work, Changes *changes)
{
    Id id;
    gsize length = 0;
    const char *mark = work_mark(work, BODY);
    g_autofree guchar *bytes = mark ? g_base64_decode(mark, &length) : NULL;
    Disk *disk = bytes && work_mark_id(work, "note", &id) ? body_read(&disk_type, &id, bytes, length, NULL) : NULL;
    if (disk)
        changes_add(changes, disk);
}

static char *
plan(Work *work, GError **error)
{
    if (!read_note(work, error))
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    plan_tell(text, MSG_PLAN_REGISTER_DISK, "disk", work_mark(work, "about.disk"), "storage_domain", work_mark(work, "name"), NULL);
    return g_strdup(text->str);
}

const Command storage_domain_registerdisk = {
    .verb = "registerdisk",
    .on = &storage_domain_type,
    .params = &register_disk_type,
    .permit = PERMIT_CREATE_DISK,
    .title = MSG_REGISTERING_DISK,
    .done = { 2021, MSG_DISK_REGISTERED },
    .failed = { 2022, MSG_DISK_REGISTER_FAILED },
    .check = check,
    .stage = stage,
    .plan = plan,
    .steps = (const Step[]) {
        { "read the catalogue", read_note, NULL, NULL, FALSE },
        { 0 },
    },
    .finish = finish,
    .help = "Registers a disk that came with a storage domain and that no VM has.",
};
