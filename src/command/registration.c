/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading the note, and what verbs of registering share. */
#include "command/registration.h"

#include "command/guards.h"
#include "command/storages.h"

/* --- check ------------------------------------------------------------------------------------------------------------------------------- */

/* Nobody takes it away meanwhile, and no two take the same. */
const StorageDomain *
registration_check(Work *work, const Type *type, const char *text, GError **error)
{
    Id id, host;
    const StorageDomain *storage = guard_storage(work, &work->target, &host, error);
    if (!storage)
        return NULL;
    if (!text || !id_parse(text, ID_UUID, &id) || id_is_null(&id)) {
        fault_set(error, MSG_REGISTER_NEEDS_ID, "type", type->one, NULL);
        return NULL;
    }
    storages_mark(work, storage, &host);
    work_set_mark_id(work, "note", &id);
    work_claim_use(work, &storage_domain_type, &storage->object.id);
    g_autofree char *name = note_name(type, &id);
    guard_claim_word(work, "The note %s", name);
    work_set_about(work, "storage_domain", storage->name);
    return storage;
}

/* --- the note -------------------------------------------------------------------------------------------------------------------------------- */

char *
registration_note(Work *work, HostLink *link, const Type *type, const Id *id, GError **error)
{
    char *text = NULL, word[ID_TEXT_SIZE];
    HostStore store = storages_store(work);
    g_autofree char *name = note_name(type, id);
    if (!link->ops->note_read(link, &store, name, &text, work->deadline, error))
        return NULL;
    if (!text)
        fault_set(error, MSG_REGISTER_NO_NOTE, "storage_domain", work_mark(work, "name"), "type", type->one, "id", id_format(id, ID_UUID, word), NULL);
    return text;
}

gboolean
registration_open(Registration *ret, Work *work, GError **error)
{
    static const RegisterVmParams nothing;
    Id storage, host;
    *ret = (Registration) { .work = work, .sent = work->draft ? work->draft->record : &nothing, .left = g_string_new(NULL),
                            .disks = g_ptr_array_new_with_free_func((GDestroyNotify) object_unref) };
    ret->storage = work_mark_id(work, "storage", &storage) ? view_find(work->view, &storage_domain_type, &storage) : NULL;
    ret->host = work_mark_id(work, "host", &host) ? view_find(work->view, &host_type, &host) : NULL;
    ret->link = work_host(work, error);
    if (!ret->link)
        return FALSE;
    if (!ret->storage || !ret->host || !work_mark_id(work, "note", &ret->told))
        return fault_set(error, MSG_HOST_GONE, NULL);
    g_autofree char *text = registration_note(work, ret->link, &vm_type, &ret->told, error);
    return text && note_read_vm(text, &ret->told, &ret->note, error);
}

void
registration_close(Registration *registration)
{
    note_vm_clear(&registration->note);
    object_unref(registration->vm);
    g_clear_pointer(&registration->disks, g_ptr_array_unref);
    g_clear_pointer(&registration->link, host_link_unref);
    if (registration->left)
        g_string_free(registration->left, TRUE);
    registration->left = NULL;
    registration->vm = NULL;
}

void
registration_leave_out(Registration *registration, const char *what, const char *which)
{
    GString *left = registration->left;
    g_string_append_printf(left, "%s%s%s%s", left->len ? ", " : "", what, which ? " " : "", which ? which : "");
}
