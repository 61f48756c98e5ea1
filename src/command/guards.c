/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The refusals that verbs share. Decides nothing that one verb alone knows (boot devices, memory, sizes): that stands in the
 * verb's own file. Called by `check`; looks at the view and nothing else. */
#include "command/guards.h"

#include "base/text.h"
#include "command/devices.h"
#include "host/volume_name.h"
"model/template.h"

#define TEXT_MOST 4096

const Vm *
guard_vm(const Work *work, const Id *id, GError **error)
{
    char text[ID_TEXT_SIZE];
    const Vm *vm = view_find(work->view, &vm_type, id);
    if (!vm) {
        fault_set(error, MSG_NO_SUCH_VM, "id", id_format(id, ID_UUID, text), NULL);
        return NULL;
    }
    if (vm->locked) {
        fault_set(error, MSG_VM_LOCKED, "vm", vm->name, NULL);
        return NULL;
    }
    return vm;
}

gboolean
guard_down(const Vm *vm, MessageCode running, GError **error)
{
    const char *status = names_get(&vm_status_names, vm->status);
    switch ((VmStatus) vm->status) {
    case VM_DOWN:
        return TRUE;
    case VM_NONE_:
    case VM_UNKNOWN:
    case VM_UNASSIGNED:
    case VM_NOT_RESPONDING:
        return fault_set(error, MSG_VM_NOT_KNOWN, "vm", vm->name, NULL);
    case VM_SUSPENDED:
        return fault_set(error, MSG_VM_SUSPENDED, "vm", vm->name, NULL);
    case VM_IMAGE_LOCKED:
        return fault_set(error, MSG_VM_LOCKED, "vm", vm->name, NULL);
    case VM_UP:
    case VM_POWERING_UP:
    case VM_PAUSED:
    case VM_MIGRATING:
    case VM_WAIT_FOR_LAUNCH:
    case VM_REBOOT_IN_PROGRESS:
    case VM_SAVING_STATE:
    case VM_RESTORING_STATE:
    case VM_POWERING_DOWN:
        break;
    }
    return fault_set(error, running, "vm", vm->name, "status", status, NULL);
}

gboolean
guard_reach(Work *work, const Vm *vm, GError **error)
{
    const Host *host = view_find(work->view, &host_type, &vm->home.id);
    if (!host)
        return fault_set(error, MSG_VM_WITHOUT_HOME, "vm", vm->name, NULL);
    if (host->status != HOST_UP && host->status != HOST_MAINTENANCE)
        return fault_set(error, MSG_VM_HOME_AWAY, "vm", vm->name, "host", host->name, "status", names_get(&host_status_names, host->status), NULL);
    work_set_mark_id(work, "host", &vm->home.id);
    work_set_mark_id(work, "vm", &vm->object.id);
    return TRUE;
}

gboolean
guard_home(Work *work, const Vm *vm, GError **error)
{
    if (!guard_reach(work, vm, error))
        return FALSE;
    work_claim(work, &vm_type, &vm->object.id);
    return TRUE;
}

static const char *
template_name(const Work *work, const Id *id)
{
    const Template *template = view_find(work->view, &template_type, id);
    return template ? template->name : "";
}

const Disk *
guard_disk(const Work *work, const Id *id, gboolean illegal_too, GError **error)
{
    char text[ID_TEXT_SIZE];
    const Disk *disk = view_find(work->view, &disk_type, id);
    if (!disk)
        fault_set(error, MSG_NO_SUCH_DISK, "id", id_format(id, ID_UUID, text), NULL);
    else if (disk->status == DISK_LOCKED)
        fault_set(error, MSG_DISK_LOCKED, "disk", disk->alias, NULL);
    else if (disk->status == DISK_ILLEGAL && !illegal_too)
        fault_set(error, MSG_DISK_ILLEGAL, "disk", disk->alias, NULL);
    else if (!id_is_null(&disk->template_.id))
        fault_set(error, MSG_DISK_OF_TEMPLATE, "disk", disk->alias, "template", template_name(work, &disk->template_.id), NULL);
    else
        return disk;
    return NULL;
}

/* Local ones lie on their host; the others on any that answers. */
const Host *
guard_host_of_storage(const View *view, const StorageDomain *storage)
{
    if (!id_is_null(&storage->host.id))
        return view_find(view, &host_type, &storage->host.id);
    ViewWalk walk = view_walk(view, &host_type);
    for (const Host *host; (host = view_next(&walk));) {
        if (host->status == HOST_UP)
            return host;
    }
    return NULL;
}

const StorageDomain *
guard_storage(const Work *work, const Id *id, Id *ret_host, GError **error)
{
    char text[ID_TEXT_SIZE];
    const StorageDomain *storage = view_find(work->view, &storage_domain_type, id);
    const Host *host = storage ? guard_host_of_storage(work->view, storage) : NULL;
    const char *path = storage ? storage->storage.path : NULL;
    if (!storage)
        fault_set(error, MSG_NO_SUCH_STORAGE, "id", id_format(id, ID_UUID, text), NULL);
    else if (storage->type != STORAGE_USE_DATA || !path || *path != '/')
        fault_set(error, MSG_STORAGE_NOT_DATA, "storage_domain", storage->name, "use", names_get(&storage_use_names, storage->type), NULL);
    else if (storage->status != STORAGE_ACTIVE)
        fault_set(error, MSG_STORAGE_NOT_ACTIVE, "storage_domain", storage->name, "status", names_get(&storage_status_names, storage->status), NULL);
    else if (!host || host->status != HOST_UP)
        fault_set(error, MSG_STORAGE_HOST_AWAY, "storage_domain", storage->name, "host", host ? host->name : "", NULL);
    else {
        if (ret_host)
            *ret_host = host->object.id;
        return storage;
    }
    return NULL;
}

const StorageDomain *
guard_disk_storage(const View *view, const Disk *disk)
{
    for (guint i = 0; i < disk->storage_domains.count; i++) {
        const StorageDomainRef *in = disk->storage_domains.items[i];
        const StorageDomain *storage = view_find(view, &storage_domain_type, &in->storage_domain.id);
        if (storage)
            return storage;
    }
    return NULL;
}

gboolean
guard_is_unmanaged(const View *view, const Disk *disk)
{
    const StorageDomain *storage = guard_disk_storage(view, disk);
    return !storage || storage->type == STORAGE_USE_UNMANAGED;
}

/* Any of its images. */
static gboolean
is_image_of(const Disk *foreign, const char *folder, const Disk *disk)
{
    Id id, image;
    g_autofree char *there = foreign->path ? g_path_get_dirname(foreign->path) : NULL, *name = there ? g_path_get_basename(foreign->path) : NULL;
    return there && g_str_equal(there, folder) && volume_name_parse(name, &id, &image) && id_equal(&id, &disk->object.id);
}

const Vm *
guard_file_user(const View *view, const Disk *disk)
{
    const StorageDomain *storage = guard_disk_storage(view, disk);
    if (!storage || !storage->storage.path)
        return NULL;
    ViewWalk walk = view_walk(view, &disk_type);
    for (const Disk *other; (other = view_next(&walk));) {
        g_autoptr(GPtrArray) vms = is_image_of(other, storage->storage.path, disk) ? devices_vms_of_disk(view, &other->object.id) : NULL;
        if (vms && vms->len > 0)
            return vms->pdata[0];
    }
    return NULL;
}

gboolean
guard_file_is_alone(const View *view, const Disk *disk, GError **error)
{
    const Vm *other = guard_file_user(view, disk);
    return !other || fault_set(error, MSG_DISK_FILE_SHARED, "disk", disk->alias, "vm", other->name, NULL);
}

void
guard_claim_word(Work *work, const char *format, const char *word)
{
    g_auto(GStrv) parts = g_strsplit(format, "%s", 2);
    g_ptr_array_add(work->claims, g_strconcat(parts[0], word, parts[1], NULL));
}

/* What may stand in a sentence of somebody else's text. */
static char *
shown(const char *text)
{
    gsize length = strlen(text);
    g_autofree char *valid = g_utf8_make_valid(text, (gssize) MIN(length, 64));
    for (char *p = valid; *p; p++) {
        if ((guchar) *p < 0x20 || *p == 0x7f)
            *p = '?';
    }
    return length > 64 ? g_strconcat(valid, "…", NULL) : g_steal_pointer(&valid);
}

gboolean
guard_name(const char *type, const char *field, const char *text, GError **error)
{
    gsize length = text ? strlen(text) : 0;
    if (text && text_is_name(text) && !g_ascii_isspace(text[0]) && !g_ascii_isspace(text[length - 1]))
        return TRUE;
    g_autofree char *value = shown(text ? text : "");
    return fault_set(error, MSG_BAD_NAME, "type", type, "field", field, "value", value, NULL);
}

gboolean
guard_is_prose(const char *text, gsize most)
{
    gsize length = strlen(text);
    if (length > most || !g_utf8_validate(text, (gssize) length, NULL))
        return FALSE;
    for (const char *p = text; *p; p++) {
        gboolean no_character = g_str_has_prefix(p, "\357\277\276") || g_str_has_prefix(p, "\357\277\277");    /* U+FFFE, U+FFFF: XML may not hold them */
        if (no_character || ((guchar) *p < 0x20 && *p != '\n' && *p != '\t' && *p != '\r') || *p == 0x7f)
            return FALSE;
    }
    return TRUE;
}

gboolean
guard_texts(const Draft *draft, GError **error)
{
    for (const Field *row = draft->type->fields; row->name; row++) {
        guint index = type_index(draft->type, row);
        const Draft *group = draft->groups[index];
        if (group && group->type != &initialization_type && !guard_texts(group, error))     /* that one has bounds of its own */
            return FALSE;
        const char *text = row->kind == KIND_TEXT && draft_has_row(draft, row) ? *(char *const *) ((const char *) draft->record + row->offset) : NULL;
        if (text && !guard_is_prose(text, TEXT_MOST))
            return fault_set(error, MSG_BAD_TEXT, "type", draft->type->one, "field", row->name, NULL);
    }
    return TRUE;
}
