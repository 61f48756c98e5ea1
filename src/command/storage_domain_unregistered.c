/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What lies in a storage domain without being registered here, asked of the storage itself at that moment. A note that cannot be read is told,
 * and hides nothing else. */
#include "catalogue/note.h"
#include "command/guards.h"
#include "command/rows.h"
#include "command/storages.h"
#include "command/unregistered.h"

#define PATIENCE (30 * CLOCK_SECOND)

/* clang-format off */
static const Type unregistered_vm_type = { .one = "unregistered_vm", .many = "unregistered_vms", .size = sizeof(UnregisteredVm), .help = "A VM that came with a storage domain.", .fields = (const Field[]) {
    TEXT (UnregisteredVm, id,          0, "By which it is registered."),
    TEXT (UnregisteredVm, name,        0, "As it was called."),
    TEXT (UnregisteredVm, description, 0, "For people."),
    INT  (UnregisteredVm, memory,      0, "Bytes."),
    INT  (UnregisteredVm, processors,  0, "How many."),
    WORDS(UnregisteredVm, disks, "disk", 0, "The names of its disks."),
    { 0 } } };
static const Type unregistered_disk_type = { .one = "unregistered_disk", .many = "unregistered_disks", .size = sizeof(UnregisteredDisk), .help = "A disk that came with a storage domain.", .fields = (const Field[]) {
    TEXT(UnregisteredDisk, id,          0, "By which it is registered."),
    TEXT(UnregisteredDisk, name,        0, "As it was called."),
    TEXT(UnregisteredDisk, description, 0, "For people."),
    INT (UnregisteredDisk, provisioned_size, 0, "Bytes a guest sees."),
    { 0 } } };
static const Type unreadable_note_type = { .one = "unreadable_note", .many = "unreadable_notes", .size = sizeof(UnreadableNote), .help = "A note that cannot be used.", .fields = (const Field[]) {
    TEXT(UnreadableNote, note,   0, "What it is called."),
    TEXT(UnreadableNote, reason, 0, "Why."),
    { 0 } } };
const Type unregistered_type = { .one = "unregistered", .many = "unregistereds", .size = sizeof(Unregistered), .help = "What lies in a storage domain and is not registered.", .fields = (const Field[]) {
    LIST(Unregistered, unregistered_vms, unregistered_vm_type, OPT,     "VMs."),
    LIST(Unregistered, unregistered_disks, unregistered_disk_type, OPT, "Disks that no VM has."),
    LIST(Unregistered, unreadable_notes, unreadable_note_type, OPT,     "What could not be read."),
    CHILDREN(Unregistered, vms, vm_type, SECRET,     "The VMs themselves."),
    CHILDREN(Unregistered, disks, disk_type, SECRET, "The disks themselves."),
    { 0 } } };
/* clang-format on */

static gboolean
check(Work *work, GError **error)
{
    Id host;
    const StorageDomain *storage = guard_storage(work, &work->target, &host, error);
    if (storage)
        storages_mark(work, storage, &host);
    return storage != NULL;
}

static void
add_unreadable(Unregistered *answer, const char *name, GError *take_why)
{
    UnreadableNote *note = g_new0(UnreadableNote, 1);
    note->note = g_strdup(name);
    note->reason = g_strdup(take_why->message);
    list_add(&answer->unreadable_notes, note);
    g_error_free(take_why);
}

static void
add_vm(Unregistered *answer, const NoteVm *note)
{
    char text[ID_TEXT_SIZE];
    UnregisteredVm *row = g_new0(UnregisteredVm, 1);
    Vm *vm = object_dup(note->vm);
    row->id = g_strdup(id_format(&vm->object.id, ID_UUID, text));
    row->name = g_strdup(vm->name);
    row->description = g_strdup(vm->description);
    row->memory = vm->memory;
    row->processors = vm_cpus(vm);
    for (guint i = 0; i < note->disks->len; i++) {
        const Disk *disk = note->disks->pdata[i];
        words_add(&row->disks, disk->alias ? disk->alias : "");
    }
    list_add(&answer->unregistered_vms, row);
    vm->status = VM_DOWN;
    list_add(&answer->vms, vm);
}

static void
add_disk(Unregistered *answer, Disk *take)
{
    char text[ID_TEXT_SIZE];
    UnregisteredDisk *row = g_new0(UnregisteredDisk, 1);
    row->id = g_strdup(id_format(&take->object.id, ID_UUID, text));
    row->name = g_strdup(take->alias);
    row->description = g_strdup(take->description);
    row->provisioned_size = take->provisioned_size;
    list_add(&answer->unregistered_disks, row);
    list_add(&answer->disks, take);
}

static gboolean
add(Work *work, HostLink *link, const char *name, GError **error)
{
    const Type *type;
    Id id;
    g_autofree char *text = NULL;
    HostStore store = storages_store(work);
    Unregistered *answer = work->answer->record;
    GError *why = NULL;
    if (!note_parse_name(name, &type, &id) || view_find(work->view, type, &id))
        return TRUE;
    if (!link->ops->note_read(link, &store, name, &text, work->deadline, error))
        return FALSE;
    if (text && type == &vm_type) {
        g_auto(NoteVm) note = { NULL, NULL, NULL, NULL, FALSE };
        if (note_read_vm(text, &id, &note, &why))
            add_vm(answer, &note);
    } else if (text) {
        Disk *disk = note_read_disk(text, &id, &why);
        if (disk)
            add_disk(answer, disk);
    }
    if (why)
        add_unreadable(answer, name, why);
    return TRUE;
}

static int
by_name(const void *a, const void *b)
{
    return g_strcmp0(*(char *const *) a, *(char *const *) b);
}

/* A plan of nothing: what was found is the answer. */
static char *
look(Work *work, GError **error)
{
    HostStore store = storages_store(work);
    g_autoptr(HostLink) link = work_host(work, error);
    work->deadline = clock_tick() + PATIENCE;
    g_auto(GStrv) names = link ? link->ops->note_list(link, &store, work->deadline, error) : NULL;
    if (!names)
        return NULL;
    qsort(names, g_strv_length(names), sizeof(char *), by_name);
    for (guint i = 0; names[i]; i++) {
        if (!add(work, link, names[i], error))
            return NULL;
    }
    return g_strdup("");
}

const Command storage_domain_unregistered = {
    .verb = "unregistered",
    .on = &storage_domain_type,
    .answer = &unregistered_type,
    .permit = PERMIT_MANIPULATE_STORAGE,
    .title = MSG_READING_CATALOGUE,
    .check = check,
    .plan = look,
    .reads = TRUE,
    .help = "Lists the VMs and disks that lie in a storage domain and are not registered here.",
};
