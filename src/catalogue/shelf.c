/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A VM is on the shelf of every storage domain that has a disk of it; one without disks on none: nothing of it lies anywhere, and it stays
 * with its manager. What is not in the view is not gone for that: it may wait to be registered. Its note goes only when everything it speaks
 * of is elsewhere in the view or not in the storage domain any more. */
#include "catalogue/shelf.h"

#include "catalogue/note.h"
#include "host/volume_name.h"
#include "host/volume_turn.h"

/* --- what lies there ------------------------------------------------------------------------------------------------------------------- */

gboolean
shelf_disk_lies_in(const Disk *disk, const Id *storage)
{
    for (guint i = 0; i < disk->storage_domains.count; i++) {
        const StorageDomainRef *in = disk->storage_domains.items[i];
        if (id_equal(&in->storage_domain.id, storage))
            return TRUE;
    }
    return FALSE;
}

static gboolean
has_disk_in(const View *view, const Vm *vm, const Id *storage)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = view_find(view, &disk_type, &attachment->object.id);
        if (disk && shelf_disk_lies_in(disk, storage))
            return TRUE;
    }
    return FALSE;
}

GPtrArray *
shelf_vms(const View *view, const Id *storage)
{
    GPtrArray *vms = g_ptr_array_new();
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        if (has_disk_in(view, vm, storage))
            g_ptr_array_add(vms, (gpointer) vm);
    }
    return vms;
}

static GHashTable *
attached(const View *view)
{
    GHashTable *ids = g_hash_table_new(id_hash, id_equal_key);
    ViewWalk walk = view_walk(view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));) {
        for (guint i = 0; i < vm->disk_attachments.count; i++)
            g_hash_table_add(ids, &((Object *) vm->disk_attachments.items[i])->id);
    }
    return ids;
}

GPtrArray *
shelf_floating(const View *view, const Id *storage)
{
    GPtrArray *disks = g_ptr_array_new();
    g_autoptr(GHashTable) ids = attached(view);
    ViewWalk walk = view_walk(view, &disk_type);
    for (const Disk *disk; (disk = view_next(&walk));) {
        if (shelf_disk_lies_in(disk, storage) && !g_hash_table_contains(ids, &disk->object.id))
            g_ptr_array_add(disks, (gpointer) disk);
    }
    return disks;
}

char *
shelf_variables(const char *dir, const Id *vm)
{
    g_autofree char *name = note_name(&vm_type, vm);
    g_autofree char *file = g_strconcat("variables-", name, NULL);
    return g_build_filename(dir, ".shikiri", file, NULL);
}

/* --- notes ------------------------------------------------------------------------------------------------------------------------------ */

/* Changes whenever the VM or one of its disks does. */
static guint64
state_of(const View *view, const Object *object)
{
    guint64 state = object->version;
    const Vm *vm = object->type == &vm_type ? (const Vm *) object : NULL;
    for (guint i = 0; vm && i < vm->disk_attachments.count; i++) {
        const Object *disk = view_find(view, &disk_type, &((const Object *) vm->disk_attachments.items[i])->id);
        state = state * 31 + (disk ? disk->version : 0);
    }
    return state;
}

static gboolean
is_known(const Shelf *shelf, const char *name, guint64 state)
{
    const guint64 *known = shelf->known ? g_hash_table_lookup(shelf->known, name) : NULL;
    return known && *known == state;
}

static char *
text_of(const Shelf *shelf, const Object *object)
{
    if (object->type == &disk_type)
        return note_write_disk((const Disk *) object);
    g_autofree char *xml = shelf->xml ? shelf->xml(shelf->data, &object->id) : NULL;
    gboolean variables = shelf->variables && g_hash_table_contains(shelf->variables, &object->id);
    return note_write_vm(shelf->view, (const Vm *) object, xml, variables);
}

static gboolean
stands(const Shelf *shelf, const char *name, const char *text, gboolean *ret_stands, GError **error)
{
    g_autofree char *there = NULL;
    if (!shelf->link->ops->note_read(shelf->link, &shelf->store, name, &there, shelf->deadline, error))
        return FALSE;
    *ret_stands = g_strcmp0(there, text) == 0;
    return TRUE;
}

/* Whatever its writing came to: what is read afterwards counts. TEXT NULL: it goes. */
static gboolean
put(const Shelf *shelf, const char *name, const char *text, GError **error)
{
    gboolean well = FALSE;
    g_autoptr(GError) why = NULL;
    if (!stands(shelf, name, text, &well, error) || well)
        return well;
    gboolean written = shelf->link->ops->note_write(shelf->link, &shelf->store, name, text, shelf->deadline, &why);
    if (!written && fault_of(why) != FAULT_UNKNOWN_OUTCOME) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    if (stands(shelf, name, text, &well, NULL) && well)
        return TRUE;
    if (!why)
        return fault_set(error, MSG_NOTE_NOT_KEPT, "note", name, "path", shelf->store.path, NULL);
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static gboolean
keep(const Shelf *shelf, const Object *object, GError **error)
{
    g_autofree char *name = note_name(object->type, &object->id);
    guint64 state = state_of(shelf->view, object);
    if (is_known(shelf, name, state))
        return TRUE;
    g_autofree char *text = text_of(shelf, object);
    if (!put(shelf, name, text, error))
        return FALSE;
    if (shelf->known)
        g_hash_table_replace(shelf->known, g_steal_pointer(&name), g_memdup2(&state, sizeof(state)));
    return TRUE;
}

/* All that have a note; yours, borrowed from the view. */
static GPtrArray *
all_of(const Shelf *shelf)
{
    GPtrArray *all = shelf_vms(shelf->view, &shelf->store.storage_domain);
    g_autoptr(GPtrArray) disks = shelf_floating(shelf->view, &shelf->store.storage_domain);
    g_ptr_array_extend(all, disks, NULL, NULL);
    return all;
}

/* --- what is gone ------------------------------------------------------------------------------------------------------------------------ */

/* Is DISK, which a note speaks of, still something that could be registered? */
static gboolean
waits(const Shelf *shelf, const Disk *disk, gboolean *ret_waits, GError **error)
{
    VolumeFacts facts = { VOLUME_ABSENT, 0, 0, 0 };
    const Id *id = &disk->object.id;
    HostVolume volume = { shelf->store, *id, *id };
    *ret_waits = FALSE;
    if (!shelf_disk_lies_in(disk, &shelf->store.storage_domain) || (view_find(shelf->view, &disk_type, id) && !disk->shareable))
        return TRUE;
    if (!shelf->link->ops->volume_read(shelf->link, &volume, &facts, shelf->deadline, error))
        return FALSE;
    *ret_waits = facts.state != VOLUME_ABSENT;
    return TRUE;
}

static gboolean
any_waits(const Shelf *shelf, const GPtrArray *disks, gboolean *ret_waits, GError **error)
{
    *ret_waits = FALSE;
    for (guint i = 0; i < disks->len && !*ret_waits; i++) {
        if (!waits(shelf, disks->pdata[i], ret_waits, error))
            return FALSE;
    }
    return TRUE;
}

/* One that cannot be read stays: a person may mend it. */
static gboolean
is_of_nothing(const Shelf *shelf, const char *name, const Type *type, const Id *id, gboolean *ret_nothing, GError **error)
{
    g_autofree char *text = NULL;
    gboolean waiting = TRUE;
    *ret_nothing = FALSE;
    if (!shelf->link->ops->note_read(shelf->link, &shelf->store, name, &text, shelf->deadline, error))
        return FALSE;
    if (!text)
        return TRUE;
    if (type == &vm_type) {
        g_auto(NoteVm) note = { NULL, NULL, NULL, NULL, FALSE };
        if (note_read_vm(text, id, &note, NULL) && !any_waits(shelf, note.disks, &waiting, error))
            return FALSE;
    } else {
        Disk *disk = note_read_disk(text, id, NULL);
        gboolean well = !disk || waits(shelf, disk, &waiting, error);
        object_unref(disk);
        if (!well)
            return FALSE;
    }
    *ret_nothing = !waiting;
    return TRUE;
}

static gboolean
sweep_one(const Shelf *shelf, const char *name, GError **error)
{
    const Type *type;
    Id id;
    gboolean nothing = TRUE;
    if (!note_parse_name(name, &type, &id))
        return TRUE;
    if (!view_find(shelf->view, type, &id) && !is_of_nothing(shelf, name, type, &id, &nothing, error))
        return FALSE;
    if (!nothing)
        return TRUE;
    return put(shelf, name, NULL, error);
}

static gboolean
is_not_needed(gpointer name, G_GNUC_UNUSED gpointer state, gpointer needed)
{
    return !g_hash_table_contains(needed, name);
}

static gboolean
sweep(const Shelf *shelf, const GPtrArray *all, GError **error)
{
    g_autoptr(GHashTable) needed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) names = shelf->link->ops->note_list(shelf->link, &shelf->store, shelf->deadline, error);
    for (guint i = 0; i < all->len; i++) {
        const Object *object = all->pdata[i];
        g_hash_table_add(needed, note_name(object->type, &object->id));
    }
    for (guint i = 0; names && names[i]; i++) {
        if (!g_hash_table_contains(needed, names[i]) && !sweep_one(shelf, names[i], error))
            return FALSE;
    }
    if (names && shelf->known)
        g_hash_table_foreach_remove(shelf->known, is_not_needed, needed);
    return names != NULL;
}

/* More were written than there are: some are of what is gone. */
static gboolean
has_gone(const Shelf *shelf, const GPtrArray *all)
{
    return shelf->known && g_hash_table_size(shelf->known) > all->len;
}

/* --- together ---------------------------------------------------------------------------------------------------------------------------- */

static char *
turn_of(const Shelf *shelf)
{
    return g_build_filename(shelf->store.path, ".shikiri", NULL);
}

static gboolean
take_turn(const Shelf *shelf, GError **error)
{
    g_autofree char *turn = turn_of(shelf);
    return volume_turn_take(turn, shelf->deadline) || fault_set(error, MSG_NOTES_BUSY, "path", shelf->store.path, NULL);
}

static void
drop_turn(const Shelf *shelf)
{
    g_autofree char *turn = turn_of(shelf);
    volume_turn_drop(turn);
}

gboolean
shelf_write(const Shelf *shelf, GError **error)
{
    g_autoptr(GPtrArray) all = all_of(shelf);
    if (!take_turn(shelf, error))
        return FALSE;
    gboolean well = TRUE;
    for (guint i = 0; i < all->len && well; i++)
        well = keep(shelf, all->pdata[i], error);
    if (well && (shelf->whole || has_gone(shelf, all)))
        well = sweep(shelf, all, error);
    drop_turn(shelf);
    return well;
}

gboolean
shelf_compare(const Shelf *shelf, gboolean *ret_same, GError **error)
{
    g_autoptr(GPtrArray) all = all_of(shelf);
    gboolean same = TRUE;
    for (guint i = 0; i < all->len && same; i++) {
        const Object *object = all->pdata[i];
        g_autofree char *name = note_name(object->type, &object->id), *text = text_of(shelf, object);
        if (!stands(shelf, name, text, &same, error))
            return FALSE;
    }
    *ret_same = same;
    return TRUE;
}
