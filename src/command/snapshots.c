/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A disk that goes on with another image: chosen in `stage`, looked at before, read from the domain afterwards. What is done to images that are
 * no longer written is each verb's own. */
#include "command/snapshots.h"

#include "command/definition.h"
#include "command/guards.h"
#include "command/plan.h"
#include "command/volumes.h"
#include "host/domain_xml.h"

#define SWITCH "switch."            /* switch.0, switch.1 …: "DISK FROM TO FORMAT SIZE" */
#define LOCKED "locked."            /* locked.0 …: a disk that was locked */
#define TAKES "takes."              /* with the disk's id: bytes of all its images */
#define OVERLAY_ROOM (1 << 20)      /* bytes of an empty image */

/* --- check -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
check_status(const Vm *vm, gboolean running, GError **error)
{
    gboolean runs = vm->status == VM_UP || vm->status == VM_POWERING_UP || vm->status == VM_PAUSED || vm->status == VM_POWERING_DOWN ||
                    vm->status == VM_REBOOT_IN_PROGRESS;
    if (running && runs)
        return TRUE;
    return guard_down(vm, running ? MSG_SNAPSHOT_STATUS : MSG_SNAPSHOT_NEEDS_DOWN, error);
}

const Vm *
snapshots_check(Work *work, const Id *id, guint flags, GError **error)
{
    const Vm *vm = guard_vm(work, id, error);
    if (!vm || (work->draft && !guard_texts(work->draft, error)) || !check_status(vm, flags & SNAPSHOTS_RUNNING, error))
        return NULL;
    const Snapshot *preview = snapshot_find(&vm->snapshots, SNAPSHOT_PREVIEW);
    if (preview && !(flags & SNAPSHOTS_PREVIEW)) {
        fault_set(error, MSG_SNAPSHOT_PREVIEWED, "vm", vm->name, NULL);
        return NULL;
    }
    if (!preview && flags & SNAPSHOTS_PREVIEW) {
        fault_set(error, MSG_SNAPSHOT_NOT_PREVIEWED, "vm", vm->name, NULL);
        return NULL;
    }
    work_set_about(work, "vm", vm->name);
    return guard_home(work, vm, error) ? vm : NULL;
}

const Snapshot *
snapshots_regular(const Work *work, const Vm *vm, const Id *id, gboolean whole, GError **error)
{
    (void) work;
    char text[ID_TEXT_SIZE];
    const Snapshot *snapshot = list_find(&vm->snapshots, id);
    if (!snapshot)
        fault_set(error, MSG_NO_SUCH_SNAPSHOT, "vm", vm->name, "id", id_format(id, ID_UUID, text), NULL);
    else if (!snapshot_is(snapshot, SNAPSHOT_REGULAR))
        fault_set(error, MSG_SNAPSHOT_ACTIVE, "vm", vm->name, NULL);
    else if (whole && g_strcmp0(snapshot->snapshot_status, SNAPSHOT_LOCKED) == 0)
        fault_set(error, MSG_SNAPSHOT_BROKEN, "snapshot", snapshot->description, "vm", vm->name, NULL);
    else
        return snapshot;
    return NULL;
}

const Disk *
snapshots_check_disk(Work *work, const Id *id, GError **error)
{
    const Disk *disk = guard_disk(work, id, FALSE, error);
    const StorageDomain *storage = disk ? guard_disk_storage(work->view, disk) : NULL;
    if (disk && !storage)
        fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
    if (!storage || !guard_storage(work, &storage->object.id, NULL, error) || !guard_file_is_alone(work->view, disk, error))
        return NULL;
    work_claim(work, &disk_type, &disk->object.id);
    return disk;
}

gboolean
snapshots_let_go(const Vm *vm, const Disk *disk, gboolean deleted, GError **error)
{
    const Snapshot *holder = snapshot_holder(&vm->snapshots, &disk->object.id);
    if (holder && snapshot_find(&vm->snapshots, SNAPSHOT_PREVIEW))
        return fault_set(error, MSG_SNAPSHOT_PREVIEWED, "vm", vm->name, NULL);
    if (!holder || deleted)
        return TRUE;
    return fault_set(error, MSG_SNAPSHOT_HOLDS, "disk", disk->alias, "snapshot", holder->description, "vm", vm->name, NULL);
}

Snapshot *
snapshots_edit(Vm *vm, const Id *id)
{
    return vm ? list_find(&vm->snapshots, id) : NULL;
}

/* --- stage -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
locked_disk(const Work *work, guint number, Id *ret)
{
    g_autofree char *mark = g_strdup_printf(LOCKED "%u", number);
    return work_mark_id(work, mark, ret);
}

void
snapshots_lock(Work *work, Changes *changes, Vm *vm)
{
    guint number = 0;
    if (vm->status == VM_DOWN)
        vm_lock(vm);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const Id *id = &((const Object *) vm->disk_attachments.items[i])->id;
        char text[ID_TEXT_SIZE];
        g_autofree char *claim = g_strconcat("disk:", id_format(id, ID_UUID, text), NULL), *mark = g_strdup_printf(LOCKED "%u", number);
        if (!g_ptr_array_find_with_equal_func(work->claims, claim, g_str_equal, NULL))
            continue;
        work_set_mark_id(work, mark, id);
        volumes_lock(work, changes, id);
        number++;
    }
}

void
snapshots_unlock(Work *work, Changes *changes, Vm *vm)
{
    Id id;
    if (vm)
        vm_unlock(vm);
    for (guint i = 0; locked_disk(work, i, &id); i++)
        volumes_unlock(work, changes, &id);
}

static void
put_switch(Work *work, const SnapshotSwitch *change)
{
    guint number = 0;
    SnapshotSwitch there;
    char texts[3][ID_TEXT_SIZE];
    while (snapshots_get_switch(work, number, &there))
        number++;
    g_autofree char *mark = g_strdup_printf(SWITCH "%u", number);
    g_autofree char *words = g_strdup_printf("%s %s %s %s %" G_GINT64_FORMAT, id_format(&change->disk, ID_UUID, texts[0]), id_format(&change->from, ID_UUID, texts[1]),
                                             id_format(&change->to, ID_UUID, texts[2]), names_get(&disk_format_names, change->format), change->size);
    work_set_mark(work, mark, words);
}

void
snapshots_plan_switch(Work *work, const Disk *disk, const Id *to, int format, gint64 size)
{
    SnapshotSwitch change = { disk->object.id, disk_image(disk), *to, format, size };
    put_switch(work, &change);
}

gboolean
snapshots_get_switch(const Work *work, guint number, SnapshotSwitch *ret)
{
    g_autofree char *name = g_strdup_printf(SWITCH "%u", number);
    const char *mark = work_mark(work, name);
    g_auto(GStrv) words = mark ? g_strsplit(mark, " ", 5) : NULL;
    if (!words || g_strv_length(words) != 5 || !id_parse(words[0], ID_UUID, &ret->disk) || !id_parse(words[1], ID_UUID, &ret->from) ||
        !id_parse(words[2], ID_UUID, &ret->to))
        return FALSE;
    ret->format = names_find(&disk_format_names, words[3]);
    ret->size = g_ascii_strtoll(words[4], NULL, 10);
    return TRUE;
}

void
snapshots_plan_overlay(Work *work, const Disk *disk, const Id *image, int format, gint64 size)
{
    Id overlay = id_random();
    VolumeBeneath beneath = { *image, format, size };
    volumes_plan_overlay(work, disk, guard_disk_storage(work->view, disk), &overlay, &beneath);
    snapshots_plan_switch(work, disk, &overlay, DISK_FORMAT_COW, size);
}

/* --- steps -------------------------------------------------------------------------------------------------------------------------- */

static char *
taken_mark(const Id *disk)
{
    char text[ID_TEXT_SIZE];
    return g_strconcat(TAKES, id_format(disk, ID_UUID, text), NULL);
}

static void
note_taken(Work *work, const Chain *chain)
{
    gint64 bytes = 0;
    for (guint i = 0; i < chain->images->len; i++)
        bytes += g_array_index(chain->images, ChainImage, i).allocation;
    g_autofree char *mark = taken_mark(&chain->disk->object.id), *number = g_strdup_printf("%" G_GINT64_FORMAT, bytes);
    work_set_mark(work, mark, number);
}

static gboolean
look_at(Work *work, const Vm *vm, const DomainFacts *facts, const Id *id, GError **error)
{
    char text[ID_TEXT_SIZE];
    const Disk *disk = view_find(work->view, &disk_type, id);
    if (!disk)
        return fault_set(error, MSG_NO_SUCH_DISK, "id", id_format(id, ID_UUID, text), NULL);
    g_autoptr(Chain) chain = chains_read(work, vm, disk, error);
    if (!chain || !chains_agree(facts, chain, error))
        return FALSE;
    note_taken(work, chain);
    return TRUE;
}

DomainFacts *
snapshots_look(Work *work, GError **error)
{
    Id id;
    SnapshotSwitch change;
    const Vm *vm = work_mark_id(work, "vm", &id) ? view_find(work->view, &vm_type, &id) : NULL;
    g_autoptr(DomainFacts) facts = vm ? definition_read(work, error) : NULL;
    if (!facts) {
        if (!vm)
            fault_set(error, MSG_HOST_GONE, NULL);
        return NULL;
    }
    const char *fault = facts->state == DOMAIN_ABSENT || !facts->config || !facts->xml ? "absent" : facts->managed_save ? "saved" : NULL;
    if (fault) {
        fault_set(error, *fault == 'a' ? MSG_VM_NOT_ON_HOST : MSG_VM_SUSPENDED, "vm", vm->name, NULL);
        return NULL;
    }
    if (definition_runs(facts) && !facts->live_xml) {
        fault_set(error, MSG_VM_LIVE_UNREAD, "vm", vm->name, NULL);
        return NULL;
    }
    for (guint i = 0; snapshots_get_switch(work, i, &change); i++) {
        if (!look_at(work, vm, facts, &change.disk, error))
            return NULL;
    }
    work_set_mark(work, "configuration", facts->xml);
    return g_steal_pointer(&facts);
}

char *
snapshots_switched_xml(Work *work, const DomainFacts *facts, const char *xml, GError **error)
{
    SnapshotSwitch change;
    char *text = g_strdup(xml);
    for (guint i = 0; text && snapshots_get_switch(work, i, &change); i++) {
        g_autofree char *before = text;
        const Disk *disk = view_find(work->view, &disk_type, &change.disk);
        const Chain place = { .disk = disk, .storage = disk ? guard_disk_storage(work->view, disk) : NULL };
        text = place.storage ? chains_renamed(&place, facts, before, &change.to, change.format, error) : NULL;
        if (!place.storage)
            fault_set(error, MSG_DISK_NOWHERE, "disk", disk ? disk->alias : "", NULL);
    }
    return text;
}

Probe
snapshots_switched(Work *work, const DomainFacts *facts)
{
    guint done = 0, all = 0;
    SnapshotSwitch change;
    for (guint i = 0; snapshots_get_switch(work, i, &change); i++) {
        const Disk *disk = view_find(work->view, &disk_type, &change.disk);
        const StorageDomain *storage = disk ? guard_disk_storage(work->view, disk) : NULL;
        const char *target = chains_target(facts, &change.disk);
        g_autofree char *path = storage ? chains_path(disk, storage, &change.to) : NULL;
        g_autofree char *named = !target ? NULL : definition_runs(facts) ? chains_running(facts, target) : chains_defined(facts, target);
        all += target ? 1 : 0;
        done += target && path && g_strcmp0(named, path) == 0 ? 1 : 0;
    }
    return done == all ? PROBE_DONE : done == 0 ? PROBE_NOT_DONE : PROBE_UNKNOWN;
}

/* --- ends --------------------------------------------------------------------------------------------------------------------------- */

void
snapshots_finish_switches(Work *work, Changes *changes)
{
    SnapshotSwitch change;
    for (guint i = 0; snapshots_get_switch(work, i, &change); i++) {
        Disk *disk = changes_edit(changes, &disk_type, &change.disk);
        if (!disk)
            continue;
        g_autofree char *mark = taken_mark(&change.disk);
        disk->total_size = (work_mark(work, mark) ? g_ascii_strtoll(work_mark(work, mark), NULL, 10) : 0) + OVERLAY_ROOM;
        disk->actual_size = OVERLAY_ROOM;
        disk->format = change.format;
        disk->provisioned_size = change.size;
        disk_set_image(disk, &change.to);
        if (disk->format == DISK_FORMAT_COW && !disk->qcow_version)
            text_set(&disk->qcow_version, "qcow2_v3");
    }
}

Vm *
snapshots_configuration(const Snapshot *snapshot)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    if (!snapshot->configuration || !domain_xml_read(snapshot->configuration, facts, NULL))
        return NULL;
    return g_steal_pointer(&facts->config);
}

void
snapshots_tell(GString *text, const Work *work)
{
    SnapshotSwitch change;
    for (guint i = 0; snapshots_get_switch(work, i, &change); i++) {
        char image[ID_TEXT_SIZE];
        const Disk *disk = view_find(work->view, &disk_type, &change.disk);
        if (disk)
            plan_tell(text, MSG_PLAN_SWITCH_IMAGE, "disk", disk->alias, "image", id_format(&change.to, ID_UUID, image), NULL);
    }
}
