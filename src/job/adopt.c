/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Domains nobody here made: shown as VMs without touching them, their files as disks of the one unmanaged domain; and gone
 * again when somebody undefines them. Nothing here deletes a file, ever: it only adds and removes objects. */
#include "job/reconcile_parts.h"

#include "base/log.h"
#include "host/volume_name.h"

#include <string.h>

#define EVENT_VM_REMOVED 113                 /* oVirt's number */

/* --- who is it ---------------------------------------------------------------------------------------------------------------- */

/* Two hosts may each have a domain of one UUID. The first one seen has the id; the other gets one made of UUID and host. */
static Id
id_of_double(const Id *domain, const Id *host)
{
    char text[ID_TEXT_SIZE];
    return id_named(domain, id_format(host, ID_UUID, text));
}

const Vm *
adopt_find(Batch *batch, const Id *domain)
{
    const Vm *vm = changes_find(batch->changes, &vm_type, domain);
    if (!vm || id_equal(&vm->home.id, &batch->host->id) || id_is_null(&vm->home.id))
        return vm;
    Id other = id_of_double(domain, &batch->host->id);
    return changes_find(batch->changes, &vm_type, &other);
}

/* Is a job of ours making this very domain? Then it is not foreign, and the job tells of it. */
static gboolean
is_being_made(Batch *batch, const DomainFacts *facts)
{
    Engine *engine = batch->reconcile->engine;
    Id job;
    if (engine_claimant(engine, &vm_type, &facts->id))
        return TRUE;
    return facts->job && id_parse(facts->job, ID_UUID, &job) && g_hash_table_contains(engine->runs, &job);
}

/* --- its disks ---------------------------------------------------------------------------------------------------------------- */

static const StorageDomain *
find_unmanaged(Changes *changes)
{
    static const char name[] = "unmanaged";
    ViewWalk walk = view_walk(changes_head(changes), &storage_domain_type);
    for (const StorageDomain *domain; (domain = view_next(&walk));) {
        if (domain->type == STORAGE_USE_UNMANAGED)
            return domain;
    }
    Id id = id_named(&id_null, "unmanaged storage domain");
    const StorageDomain *made = changes_find(changes, &storage_domain_type, &id);
    if (made)
        return made;
    StorageDomain *domain = object_new(&storage_domain_type);
    domain->object.id = id;
    domain->name = g_strdup(name);
    domain->description = g_strdup("Files of virtual machines that were there before, or made outside the manager. Never deleted.");
    domain->type = STORAGE_USE_UNMANAGED;
    domain->status = STORAGE_ACTIVE;
    return changes_add(changes, domain);
}

/* A file below a directory of ours belongs to that storage domain, when its domain says it is ours. */
static const StorageDomain *
find_storage(Changes *changes, const DomainDisk *file)
{
    ViewWalk walk = view_walk(changes_head(changes), &storage_domain_type);
    for (const StorageDomain *domain; !id_is_null(&file->disk) && file->path && (domain = view_next(&walk));) {
        const char *path = domain->storage.path;
        gsize length = path ? strlen(path) : 0;
        if (length > 0 && strncmp(file->path, path, length) == 0 && file->path[length] == '/')
            return domain;
    }
    return find_unmanaged(changes);
}

static const DomainDisk *
find_among(const List *disks, const char *target)
{
    for (guint i = 0; i < disks->count; i++) {
        const DomainDisk *file = disks->items[i];
        if (g_strcmp0(file->target, target) == 0)
            return file;
    }
    return NULL;
}

/* Which image of a disk of ours a file is, by its name and place. */
static gboolean
image_of(const StorageDomain *storage, const Id *disk, const char *path, Id *ret_image)
{
    Id owner;
    g_autofree char *folder = path ? g_path_get_dirname(path) : NULL, *name = path ? g_path_get_basename(path) : NULL;
    gboolean inside = folder && storage->storage.path && g_str_equal(folder, storage->storage.path);
    return inside && volume_name_parse(name, &owner, ret_image) && id_equal(&owner, disk);
}

static const DomainDisk *
find_file(const DomainFacts *facts, const char *target)
{
    return find_among(&facts->disks, target);
}

static void
add_disk(Changes *changes, const Vm *vm, const DiskAttachment *attachment, const DomainDisk *file)
{
    const StorageDomain *storage = find_storage(changes, file);
    gboolean unmanaged = storage->type == STORAGE_USE_UNMANAGED;
    Disk *disk = object_new(&disk_type);
    disk->object.id = attachment->object.id;
    disk->alias = g_strdup_printf("%s_%s", vm->name, attachment->target ? attachment->target : "disk");
    disk->name = g_strdup(disk->alias);
    disk->status = DISK_OK;
    disk->content_type = DISK_CONTENT_DATA;
    disk->storage_type = DISK_STORAGE_IMAGE;
    disk->format = g_strcmp0(file->driver, "qcow2") == 0 ? DISK_FORMAT_COW : DISK_FORMAT_RAW;
    disk->sparse = TRUE;
    disk->shareable = file->shareable;
    disk->read_only = file->read_only;
    disk->bootable = attachment->bootable;
    disk->path = unmanaged ? g_strdup(file->path) : NULL;
    Id image;
    if (!unmanaged && image_of(storage, &disk->object.id, file->path, &image))
        disk_set_image(disk, &image);
    StorageDomainRef *in = g_new0(StorageDomainRef, 1);
    in->storage_domain.id = storage->object.id;
    list_add(&disk->storage_domains, in);
    changes_add(changes, disk);
}

static gboolean
is_unmanaged(Changes *changes, const Disk *disk)
{
    for (guint i = 0; i < disk->storage_domains.count; i++) {
        const StorageDomainRef *in = disk->storage_domains.items[i];
        const StorageDomain *domain = changes_find(changes, &storage_domain_type, &in->storage_domain.id);
        if (domain && domain->type == STORAGE_USE_UNMANAGED)
            return TRUE;
    }
    return FALSE;
}

/* The object of a disk nobody made here goes with its attachment; one of ours stays, floating. */
static void
let_go(Changes *changes, const DiskAttachment *attachment)
{
    const Disk *disk = changes_find(changes, &disk_type, &attachment->object.id);
    if (disk && is_unmanaged(changes, disk))
        changes_remove(changes, &disk_type, &disk->object.id);
}

void
adopt_disks(Changes *changes, Vm *vm, const DomainFacts *facts, const Vm *before)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        DiskAttachment *attachment = vm->disk_attachments.items[i];
        const DomainDisk *file = find_file(facts, attachment->target);
        attachment->disk.id = attachment->object.id;
        if (file && !changes_find(changes, &disk_type, &attachment->object.id))
            add_disk(changes, vm, attachment, file);
    }
    for (guint i = 0; before && i < before->disk_attachments.count; i++) {
        const DiskAttachment *attachment = before->disk_attachments.items[i];
        if (!list_find(&vm->disk_attachments, &attachment->object.id))
            let_go(changes, attachment);
    }
}

static const StorageDomain *
storage_of(Changes *changes, const Disk *disk)
{
    const StorageDomainRef *in = disk->storage_domains.count > 0 ? disk->storage_domains.items[0] : NULL;
    return in ? changes_find(changes, &storage_domain_type, &in->storage_domain.id) : NULL;
}

/* The domain knows which image it writes: after a job that nobody could end, and where somebody else moved it to another of ours. */
void
adopt_images(Batch *batch, const Vm *vm, const DomainFacts *facts)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        Id image, known;
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const DomainDisk *runs = attachment->target ? find_among(&facts->live_disks, attachment->target) : NULL;
        const DomainDisk *file = runs ? runs : attachment->target ? find_file(facts, attachment->target) : NULL;
        const Disk *disk = file ? changes_find(batch->changes, &disk_type, &attachment->object.id) : NULL;
        const StorageDomain *storage = disk ? storage_of(batch->changes, disk) : NULL;
        if (!storage || !image_of(storage, &disk->object.id, file->path, &image))
            continue;
        known = disk_image(disk);
        if (id_equal(&image, &known))
            continue;
        Disk *edit = changes_edit(batch->changes, &disk_type, &disk->object.id);
        disk_set_image(edit, &image);
        edit->format = g_strcmp0(file->driver, "raw") == 0 ? DISK_FORMAT_RAW : DISK_FORMAT_COW;
        batch_note(batch, &vm->object.id, 0, SEVERITY_WARNING, message_new(MSG_FACT_DISK_IMAGE, "disk", disk->alias, "vm", vm->name, "path", file->path, NULL));
    }
}

/* --- twins --------------------------------------------------------------------------------------------------------------------- */

static void
tell_same(Batch *batch, const Vm *vm, const char *what, const Vm *other)
{
    Vm *edited = changes_edit(batch->changes, &vm_type, &vm->object.id);
    text_set(&edited->same_as, other->name);
    batch_note(batch, &vm->object.id, 0, SEVERITY_WARNING,
               message_new(MSG_FACT_VM_SAME_AS, "vm", vm->name, "host", batch_host_name(batch), "what", what, "other", other->name, NULL));
}

static const Vm *
find_owner(Batch *batch, const char *kind, const char *value, const Vm *than)
{
    Id other;
    if (!reconcile_other_owner(batch->reconcile, kind, value, &than->object.id, &other))
        return NULL;
    return changes_find(batch->changes, &vm_type, &other);
}

void
adopt_same(Batch *batch, const Vm *vm)
{
    const Vm *other = find_owner(batch, "name", vm->name, vm);
    if (other)
        tell_same(batch, vm, "name", other);
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        other = find_owner(batch, "mac", nic->mac.address, vm);
        if (other)
            tell_same(batch, vm, "MAC address", other);
    }
    reconcile_learn_vm(batch->reconcile, vm);
}

/* --- coming ------------------------------------------------------------------------------------------------------------------- */

/* A list's facts are nobody else's: their configuration is taken, not copied. */
static Vm *
take_config(DomainFacts *facts)
{
    if (refs_is_one(&facts->refs))
        return g_steal_pointer(&facts->config);
    return object_dup(facts->config);
}

static void
set_place(Batch *batch, Vm *vm)
{
    const Host *host = changes_find(batch->changes, &host_type, &batch->host->id);
    const Type *template_type = inventory_type_of_name("template");
    vm->home.id = batch->host->id;
    if (host && (id_is_null(&vm->cluster.id) || !changes_find(batch->changes, &cluster_type, &vm->cluster.id)))
        vm->cluster.id = host->cluster.id;
    const Object *blank = template_type ? view_find_name(changes_head(batch->changes), template_type, "Blank") : NULL;
    if (blank && id_is_null(&vm->template_.id))
        vm->template_.id = vm->original_template.id = blank->id;
}

static const Network *
find_network(const View *view, const char *source)
{
    ViewWalk walk = view_walk(view, &network_type);
    for (const Network *network; source && (network = view_next(&walk));) {
        if (g_strcmp0(network->source, source) == 0)
            return network;
    }
    return NULL;
}

/* What it is plugged into, where that is a network we know: by libvirt's name of it. */
void
adopt_networks(Changes *changes, Vm *vm)
{
    const View *view = changes_head(changes);
    for (guint i = 0; i < vm->nics.count; i++) {
        Nic *nic = vm->nics.items[i];
        const Network *network = id_is_null(&nic->vnic_profile.id) ? find_network(view, nic->source) : NULL;
        if (!network)
            continue;
        nic->network.id = network->object.id;
        ViewWalk walk = view_walk(view, &vnic_profile_type);
        for (const VnicProfile *profile; id_is_null(&nic->vnic_profile.id) && (profile = view_next(&walk));) {
            if (id_equal(&profile->network.id, &network->object.id))
                nic->vnic_profile.id = profile->object.id;
        }
    }
}

static void
add_active_snapshot(Vm *vm, Wall now)
{
    if (vm->snapshots.count > 0)
        return;
    list_add(&vm->snapshots, snapshot_active_new(&vm->object.id, now));
}

static void
set_manners(Vm *vm, const DomainFacts *facts)
{
    if (!facts->ours) {
        vm->adopted = TRUE;
        vm->delete_protected = TRUE;
        text_set(&vm->origin, "external");
    } else if (!vm->origin) {
        text_set(&vm->origin, "ovirt");
    }
    if (vm->type == 0)
        vm->type = VM_TYPE_SERVER;
    if (!vm->name)
        vm->name = g_strdup("");
}

void
adopt_domain(Batch *batch, DomainFacts *facts)
{
    if (is_being_made(batch, facts))
        return;
    if (batch->facts_only) {
        batch->reconcile->owes = TRUE;      /* when the store can write again */
        return;
    }
    const Vm *twin = changes_find(batch->changes, &vm_type, &facts->id);
    Vm *vm = take_config(facts);
    vm->object.id = twin ? id_of_double(&facts->id, &batch->host->id) : facts->id;
    set_manners(vm, facts);
    set_place(batch, vm);
    adopt_networks(batch->changes, vm);
    add_active_snapshot(vm, batch->when);
    vm->creation_time = vm->creation_time ? vm->creation_time : batch->when;
    state_next_run_set(vm, facts);
    vm->libvirt_autostart = facts->autostart;
    vm->status = VM_UNKNOWN;
    changes_add(batch->changes, vm);
    adopt_disks(batch->changes, vm, facts, NULL);
    state_apply(batch, vm, facts);
    if (facts->xml)
        changes_keep(batch->changes, "domain-xml", &vm->object.id, facts->xml);
    g_ptr_array_add(batch->adopted, g_memdup2(&vm->object.id, sizeof(Id)));
    if (twin)
        tell_same(batch, vm, "UUID", twin);
    adopt_same(batch, vm);
}

/* --- going -------------------------------------------------------------------------------------------------------------------- */

void
adopt_gone(Batch *batch, const Vm *vm, const DomainFacts *facts)
{
    if (engine_claimant(batch->reconcile->engine, &vm_type, &vm->object.id))
        return;                     /* a job of ours is at it */
    if (batch->facts_only) {
        batch->reconcile->owes = TRUE;
        return;
    }
    g_autofree char *words = state_event_words(batch, facts);
    batch_note(batch, &vm->object.id, EVENT_VM_REMOVED, SEVERITY_WARNING,
               message_new(MSG_FACT_VM_GONE, "vm", vm->name, "host", batch_host_name(batch), "event", words, NULL));
    Id id = vm->object.id;
    for (guint i = 0; i < vm->disk_attachments.count; i++)
        let_go(batch->changes, vm->disk_attachments.items[i]);
    changes_keep(batch->changes, "domain-xml", &id, NULL);
    changes_remove(batch->changes, &vm_type, &id);
}
