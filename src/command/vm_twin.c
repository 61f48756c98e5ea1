/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every device of a clone has an id and a MAC of its own. One whose id follows from its domain's UUID and its place, as those of
 * VMs nobody here made do, gets what follows from the clone's. */
#include "command/vm_twin.h"

#include "command/console_log.h"
#include "command/devices.h"

#include "host/domain_xml_twin.h"

#include <string.h>

/* --- marks: twin.0, twin.1 …: "FROM TO MAC" ----------------------------------------------------------------------------------- */

typedef struct {
    Id from, to;
    char mac[18];               /* "": no NIC */
} Twin;

static gboolean
get(const Work *work, guint number, Twin *ret)
{
    g_autofree char *name = g_strdup_printf("twin.%u", number);
    const char *mark = work_mark(work, name);
    g_auto(GStrv) words = mark ? g_strsplit(mark, " ", 3) : NULL;
    if (!words || g_strv_length(words) < 2 || !id_parse(words[0], ID_UUID, &ret->from) || !id_parse(words[1], ID_UUID, &ret->to))
        return FALSE;
    g_strlcpy(ret->mac, words[2] ? words[2] : "", sizeof(ret->mac));
    return TRUE;
}

static void
put(Work *work, guint number, const Id *from, const Id *to, const char *mac)
{
    char texts[2][ID_TEXT_SIZE];
    g_autofree char *name = g_strdup_printf("twin.%u", number);
    g_autofree char *words = g_strdup_printf("%s %s%s%s", id_format(from, ID_UUID, texts[0]), id_format(to, ID_UUID, texts[1]), mac ? " " : "", mac ? mac : "");
    work_set_mark(work, name, words);
}

static gboolean
find(const Work *work, const Id *id, gboolean by_new, Twin *ret)
{
    for (guint i = 0; get(work, i, ret); i++) {
        if (id_equal(by_new ? &ret->to : &ret->from, id))
            return TRUE;
    }
    return FALSE;
}

/* --- choosing -------------------------------------------------------------------------------------------------------------------- */

static Id
choose(const Vm *vm, const Id *clone, const Id *device, const char *kind, const char *key)
{
    g_autofree char *place = g_strconcat(kind, key ? key : "", NULL);
    g_autofree char *lower = g_ascii_strdown(place, -1);
    Id derived = id_named(&vm->object.id, lower);
    return id_equal(&derived, device) ? id_named(clone, lower) : id_random();
}

void
vm_twin_choose(Work *work, const Vm *vm, const char *name, const char *description)
{
    guint number = 0;
    Id clone = id_random();
    work_set_mark_id(work, "clone", &clone);
    work_set_about(work, "vm", vm->name);
    work_set_about(work, "clone", name);
    work_set_mark(work, "description", description);
    g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, clock_wall());
    work_set_mark(work, "created", now);
    put(work, number++, &vm->object.id, &clone, NULL);
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        Id id = choose(vm, &clone, &nic->object.id, "", nic->mac.address);
        g_autofree char *mac = devices_new_mac(work->view, &id);
        put(work, number++, &nic->object.id, &id, mac);
    }
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        Id id = choose(vm, &clone, &attachment->object.id, "disk:", attachment->target);
        put(work, number++, &attachment->object.id, &id, NULL);
    }
    for (guint i = 0; i < vm->cdroms.count; i++) {
        const Cdrom *cdrom = vm->cdroms.items[i];
        Id id = choose(vm, &clone, &cdrom->object.id, "cdrom:", cdrom->target);
        put(work, number++, &cdrom->object.id, &id, NULL);
    }
}

GArray *
vm_twin_ids(const Work *work)
{
    Twin twin;
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(DomainTwinId));
    for (guint i = 0; get(work, i, &twin); i++) {
        DomainTwinId id = { twin.from, twin.to };
        g_array_append_val(ids, id);
    }
    return ids;
}

/* --- making ------------------------------------------------------------------------------------------------------------------------ */

static void
give_words(const Work *work, Vm *vm)
{
    text_set(&vm->name, work_mark(work, "about.clone"));
    if (work_mark(work, "description"))
        text_set(&vm->description, work_mark(work, "description"));
    vm->creation_time = g_ascii_strtoll(work_mark(work, "created"), NULL, 10);
}

static void
give_ids(const Work *work, Vm *clone)
{
    Twin twin;
    for (guint i = 0; i < clone->nics.count; i++) {
        Nic *nic = clone->nics.items[i];
        if (!find(work, &nic->object.id, FALSE, &twin))
            continue;
        nic->object.id = twin.to;
        text_set(&nic->mac.address, twin.mac);
    }
    for (guint i = 0; i < clone->disk_attachments.count; i++) {
        DiskAttachment *attachment = clone->disk_attachments.items[i];
        if (find(work, &attachment->object.id, FALSE, &twin))
            attachment->object.id = attachment->disk.id = twin.to;
    }
    for (guint i = 0; i < clone->cdroms.count; i++) {
        Cdrom *cdrom = clone->cdroms.items[i];
        if (find(work, &cdrom->object.id, FALSE, &twin))
            cdrom->object.id = twin.to;
    }
}

static void
forget_past(Vm *clone)
{
    clone->adopted = clone->autostart.enabled = clone->libvirt_autostart = FALSE;
    text_set(&clone->origin, "ovirt");
    clone->start_time = clone->stop_time = clone->frozen_until = 0;
    clone->next_run_configuration_exists = clone->run_once = FALSE;
    words_set(&clone->next_run_differences, (const char *const[]) { NULL });
    text_set(&clone->stop_reason, NULL);
    text_set(&clone->status_detail, NULL);
    text_set(&clone->same_as, NULL);
    for (guint i = 0; i < clone->watchdogs.count; i++)
        ((Object *) clone->watchdogs.items[i])->id = id_named(&clone->object.id, "watchdog");
    for (guint i = 0; i < clone->shared_folders.count; i++) {
        SharedFolder *folder = clone->shared_folders.items[i];
        folder->object.id = shared_folder_id(&clone->object.id, folder->name);
    }
    for (guint i = 0; i < clone->numa_nodes.count; i++) {
        VirtualNode *node = clone->numa_nodes.items[i];
        node->object.id = virtual_node_id(&clone->object.id, node->index);
    }
    while (clone->snapshots.count > 0) {
        Id id = ((const Object *) clone->snapshots.items[0])->id;
        list_remove(&clone->snapshots, &snapshot_type, &id);
    }
    list_add(&clone->snapshots, snapshot_active_new(&clone->object.id, clone->creation_time));
}

Vm *
vm_twin_make(const Work *work, const Vm *vm)
{
    Vm *clone = object_dup(vm);
    work_mark_id(work, "clone", &clone->object.id);
    clone->status = VM_DOWN;
    vm_lock(clone);
    give_words(work, clone);
    give_ids(work, clone);
    forget_past(clone);
    console_log_settle_anew(work, clone);
    return clone;
}

Disk *
vm_twin_disk(const Vm *vm, const Vm *clone, const Disk *disk, const Id *id)
{
    Disk *copy = object_dup(disk);
    const char *alias = disk->alias ? disk->alias : "";
    gboolean named_after = g_str_has_prefix(alias, vm->name);
    g_autofree char *name = g_strconcat(clone->name, named_after ? "" : "_", named_after ? alias + strlen(vm->name) : alias, NULL);
    copy->object.id = *id;
    disk_set_image(copy, id);
    copy->actual_size = copy->total_size;       /* one file, until it is looked at */
    copy->status = DISK_LOCKED;
    text_set(&copy->alias, name);
    text_set(&copy->name, name);
    return copy;
}

gboolean
vm_twin_rename(const Work *work, Vm *config)
{
    Twin twin;
    give_words(work, config);
    console_log_settle_anew(work, config);
    for (guint i = 0; i < config->nics.count; i++) {
        Nic *nic = config->nics.items[i];
        if (!find(work, &nic->object.id, TRUE, &twin))
            return FALSE;
        text_set(&nic->mac.address, twin.mac);
    }
    for (guint i = 0; i < config->disk_attachments.count; i++) {
        if (!find(work, &((const DiskAttachment *) config->disk_attachments.items[i])->object.id, TRUE, &twin))
            return FALSE;
    }
    return TRUE;
}
