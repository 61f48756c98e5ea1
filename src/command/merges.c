/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How a merge is done depends on who has the images open at that moment: QEMU merges what it has open, qemu-img what nobody has. That may
 * change between two looks (a guest shuts down, a person starts it), so it is asked anew each time, and of the domain itself. What must never
 * happen is that an image is merged a second time into one that was written since: the one that was written is the one the domain names. */
#include "command/merges.h"

#include "command/definition.h"
#include "command/guards.h"
#include "command/plan.h"
#include "host/domain_xml.h"
#include "host/volume_name.h"

#include <string.h>

#define DEED "deed."                /* deed.0, deed.1 …: "DISK IMAGE ONTO FORMAT", or "DISK IMAGE" where it goes */
#define DONE "deeds.done"
#define BEGUN "deed.begun"          /* the number of the one that was begun */
#define SIZES "sizes."              /* with the disk's id: "ACTUAL TOTAL" */

#define BEAT (CLOCK_SECOND / 4)
#define SLOWEST (20 * 1024 * 1024)  /* bytes a second an image is surely merged at */
#define FOLD_LEAST (120 * CLOCK_SECOND)

typedef enum { MERGE_FAILED, MERGE_UNDER_WAY, MERGE_DONE } Progress;

/* What a deed is about, each time anew. */
typedef struct {
    Work *work;
    HostLink *link;
    const ChainDeed *deed;
    Chain place;                    /* without images */
    DomainFacts *facts;
    const char *target;             /* NULL: not plugged in */
    char *running;                  /* the file that is being written; NULL: nobody has it open */
    char *upper, *lower;
} Scene;

/* --- marks -------------------------------------------------------------------------------------------------------------------------- */

static char *
deed_mark(guint number)
{
    return g_strdup_printf(DEED "%u", number);
}

static gboolean
get(const Work *work, guint number, ChainDeed *ret)
{
    g_autofree char *name = deed_mark(number);
    const char *mark = work_mark(work, name);
    g_auto(GStrv) words = mark ? g_strsplit(mark, " ", 4) : NULL;
    guint count = words ? g_strv_length(words) : 0;
    *ret = (ChainDeed) { 0 };
    if ((count != 2 && count != 4) || !id_parse(words[0], ID_UUID, &ret->disk) || !id_parse(words[1], ID_UUID, &ret->image))
        return FALSE;
    if (count == 2)
        return TRUE;
    ret->format = names_find(&disk_format_names, words[3]);
    return id_parse(words[2], ID_UUID, &ret->onto);
}

static void
put(Work *work, guint number, const ChainDeed *deed)
{
    char texts[3][ID_TEXT_SIZE];
    g_autofree char *name = deed_mark(number);
    g_autofree char *words = g_strdup_printf("%s %s %s %s", id_format(&deed->disk, ID_UUID, texts[0]), id_format(&deed->image, ID_UUID, texts[1]),
                                             id_format(&deed->onto, ID_UUID, texts[2]), names_get(&disk_format_names, deed->format));
    if (id_is_null(&deed->onto))
        words[strlen(texts[0]) + 1 + strlen(texts[1])] = '\0';
    work_set_mark(work, name, words);
}

static guint
done(const Work *work)
{
    const char *mark = work_mark(work, DONE);
    return mark ? (guint) g_ascii_strtoull(mark, NULL, 10) : 0;
}

static void
set_number(Work *work, const char *mark, guint number)
{
    g_autofree char *text = g_strdup_printf("%u", number);
    work_set_mark(work, mark, text);
}

gboolean
merges_are_done(const Work *work)
{
    ChainDeed deed;
    return !get(work, done(work), &deed);
}

void
merges_forget(Work *work)
{
    ChainDeed deed;
    for (guint i = 0; get(work, i, &deed); i++) {
        g_autofree char *mark = deed_mark(i);
        work_set_mark(work, mark, NULL);
    }
}

/* What keeps the storage's last bytes free for others does not hold here: merging is how room is made. */
static gboolean
has_room(const Chain *chain, const ChainDeed *deed, GError **error)
{
    gint64 need = chains_need(chain, deed);
    const StorageDomain *storage = chain->storage;
    if (need <= storage->available || (!storage->available && !storage->used))
        return TRUE;
    g_autofree char *wanted = g_format_size_full((guint64) need, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *free = g_format_size_full((guint64) storage->available, G_FORMAT_SIZE_IEC_UNITS);
    return fault_set(error, MSG_MERGE_NO_ROOM, "disk", chain->disk->alias, "storage_domain", storage->name, "wanted", wanted, "free", free, NULL);
}

gboolean
merges_plan(Work *work, const Chain *chain, const GArray *deeds, GError **error)
{
    ChainDeed there;
    guint number = 0;
    while (get(work, number, &there))
        number++;
    for (guint i = 0; i < deeds->len; i++) {
        const ChainDeed *deed = &g_array_index(deeds, ChainDeed, i);
        if (!has_room(chain, deed, error))
            return FALSE;
        put(work, number++, deed);
    }
    return TRUE;
}

/* --- who has it open ---------------------------------------------------------------------------------------------------------------- */

static void
scene_clear(Scene *scene)
{
    g_clear_pointer(&scene->link, host_link_unref);
    g_clear_pointer(&scene->facts, domain_facts_unref);
    g_clear_pointer(&scene->running, g_free);
    g_clear_pointer(&scene->upper, g_free);
    g_clear_pointer(&scene->lower, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scene, scene_clear)

static gboolean
scene_set(Scene *scene, Work *work, const ChainDeed *deed, GError **error)
{
    const Disk *disk = view_find(work->view, &disk_type, &deed->disk);
    const StorageDomain *storage = disk ? guard_disk_storage(work->view, disk) : NULL;
    if (!storage)
        return fault_set(error, MSG_DISK_NOWHERE, "disk", disk ? disk->alias : "", NULL);
    *scene = (Scene) { .work = work, .deed = deed, .place = { .disk = disk, .storage = storage } };
    scene->link = work_host(work, error);
    scene->facts = scene->link ? definition_read(work, error) : NULL;
    if (!scene->facts)
        return FALSE;
    gboolean runs = definition_runs(scene->facts);
    scene->target = chains_target(scene->facts, &disk->object.id);
    if (runs && !scene->facts->live_xml)
        return fault_set(error, MSG_VM_LIVE_UNREAD, "vm", work_mark(work, "about.vm"), NULL);
    scene->running = runs && scene->target ? chains_running(scene->facts, scene->target) : NULL;
    scene->upper = chains_path(disk, storage, &deed->image);
    scene->lower = chains_path(disk, storage, &deed->onto);
    return TRUE;
}

static HostVolume
volume(const Scene *scene, const Id *image)
{
    return chains_volume(scene->place.disk, scene->place.storage, image);
}

static gboolean
is_absent(const Scene *scene, gboolean *ret_absent, GError **error)
{
    VolumeFacts facts = { VOLUME_ABSENT, 0, 0, 0 };
    HostVolume file = volume(scene, &scene->deed->image);
    if (!scene->link->ops->volume_read(scene->link, &file, &facts, scene->work->deadline, error))
        return FALSE;
    *ret_absent = facts.state == VOLUME_ABSENT;
    return TRUE;
}

/* Of which images the chain that is being written is made: *RET_UPPER, *RET_LOWER of the deed's? */
static gboolean
read_running(const Scene *scene, gboolean *ret_upper, gboolean *ret_lower, GError **error)
{
    Id disk, image;
    List links = { NULL, 0 };
    g_autofree char *name = g_path_get_basename(scene->running);
    *ret_upper = *ret_lower = FALSE;
    if (!volume_name_parse(name, &disk, &image) || !id_equal(&disk, &scene->deed->disk))
        return fault_set(error, MSG_CHAIN_DIFFERS, "disk", scene->place.disk->alias, "path", scene->upper, "other", scene->running, NULL);
    HostVolume file = volume(scene, &image);
    gboolean well = scene->link->ops->volume_chain(scene->link, &file, &links, scene->work->deadline, error);
    for (guint i = 0; i < links.count; i++) {
        const VolumeLink *link = links.items[i];
        gboolean ours = well && id_equal(&link->disk, &scene->deed->disk);
        *ret_upper |= ours && id_equal(&link->image, &scene->deed->image);
        *ret_lower |= ours && id_equal(&link->image, &scene->deed->onto);
        volume_link_free(links.items[i]);
    }
    g_free(links.items);
    return well;
}

/* --- by QEMU ------------------------------------------------------------------------------------------------------------------------ */

/* One that ended without its end was told why to libvirt's log alone: it is begun again after a while. */
static Progress
begin_commit(Scene *scene, gboolean active, GError **error)
{
    Work *work = scene->work;
    Id vm;
    guint number = done(work);
    g_autofree char *now = g_strdup_printf("%u", number);
    if (g_strcmp0(work_mark(work, BEGUN), now) == 0) {
        work_set_mark(work, BEGUN, NULL);
        fault_set(error, MSG_MERGE_STOPPED, "disk", scene->place.disk->alias, "path", scene->upper, NULL);
        return MERGE_FAILED;
    }
    work_mark_id(work, "vm", &vm);
    if (!scene->link->ops->block_commit(scene->link, &vm, scene->target, scene->upper, scene->lower, active, work->deadline, error))
        return MERGE_FAILED;
    work_set_mark(work, BEGUN, now);
    return MERGE_UNDER_WAY;
}

static Progress
follow_commit(Scene *scene, gboolean active, GError **error)
{
    Id vm;
    BlockJob job = { 0 };
    Work *work = scene->work;
    work_mark_id(work, "vm", &vm);
    if (!scene->link->ops->block_job(scene->link, &vm, scene->target, &job, work->deadline, error))
        return MERGE_FAILED;
    if (job.kind == BLOCK_JOB_NONE)
        return begin_commit(scene, active, error);
    if (job.kind != BLOCK_JOB_COMMIT) {
        fault_set(error, MSG_MERGE_OTHER_JOB, "disk", scene->place.disk->alias, "target", scene->target, NULL);
        return MERGE_FAILED;
    }
    if (job.ready && active && !scene->link->ops->block_end(scene->link, &vm, scene->target, TRUE, work->deadline, error))
        return MERGE_FAILED;
    return MERGE_UNDER_WAY;         /* the next look sees what came of it */
}

/* --- by nobody but us --------------------------------------------------------------------------------------------------------------- */

/* Whatever stands on the lower one beside the upper was put there after the two were merged: by QEMU, or by us. */
static gboolean
is_merged(const Scene *scene, gboolean *ret_merged, GError **error)
{
    List above = { NULL, 0 };
    HostVolume file = volume(scene, &scene->deed->onto);
    gboolean well = scene->link->ops->volume_above(scene->link, &file, &above, scene->work->deadline, error);
    *ret_merged = FALSE;
    for (guint i = 0; i < above.count; i++) {
        *ret_merged |= !id_equal(above.items[i], &scene->deed->image);
        g_free(above.items[i]);
    }
    g_free(above.items);
    return well;
}

static Progress
fold(Scene *scene, GError **error)
{
    static const gint never = 0;
    gboolean merged;
    Work *work = scene->work;
    if (!is_merged(scene, &merged, error))
        return MERGE_FAILED;
    if (merged)
        return MERGE_DONE;
    g_autofree char *now = g_strdup_printf("%u", done(work));
    if (g_strcmp0(work_mark(work, BEGUN), now) != 0) {
        work_set_mark(work, BEGUN, now);        /* once it may have begun it is known to have */
        return MERGE_UNDER_WAY;
    }
    HostVolume file = volume(scene, &scene->deed->image);
    Tick deadline = clock_tick() + FOLD_LEAST + scene->place.disk->provisioned_size / SLOWEST * CLOCK_SECOND;
    return scene->link->ops->volume_fold(scene->link, &file, &scene->deed->onto, &never, MAX(work->deadline, deadline), error) ? MERGE_DONE : MERGE_FAILED;
}

/* The next start writes what is merged. */
static Progress
define_lower(Scene *scene, GError **error)
{
    g_autofree char *xml = chains_renamed(&scene->place, scene->facts, scene->facts->xml, &scene->deed->onto, scene->deed->format, error);
    return xml && scene->link->ops->define(scene->link, xml, scene->work->deadline, error) ? MERGE_UNDER_WAY : MERGE_FAILED;
}

static gboolean
defines(const Scene *scene, const char *path)
{
    g_autofree char *defined = scene->target ? chains_defined(scene->facts, scene->target) : NULL;
    return defined && g_str_equal(defined, path);
}

/* --- a deed ------------------------------------------------------------------------------------------------------------------------- */

/* Of the one that is written what the domain names tells whether it was merged: then it may have been written since. */
static Progress
merge(Scene *scene, GError **error)
{
    gboolean upper, lower;
    if (!scene->running && defines(scene, scene->lower))
        return MERGE_DONE;
    Progress folded = scene->running ? MERGE_DONE : fold(scene, error);
    if (folded != MERGE_DONE)
        return folded;
    if (!scene->running || g_str_equal(scene->running, scene->lower))
        return defines(scene, scene->upper) ? define_lower(scene, error) : MERGE_DONE;
    gboolean active = g_strcmp0(scene->running, scene->upper) == 0;
    if (!read_running(scene, &upper, &lower, error))
        return MERGE_FAILED;
    if (upper && (active || lower))
        return follow_commit(scene, active, error);
    return lower ? MERGE_DONE : fold(scene, error);
}

static gboolean
stand_all(Scene *scene, GError **error)
{
    List above = { NULL, 0 };
    HostVolume file = volume(scene, &scene->deed->image);
    gboolean well = scene->link->ops->volume_above(scene->link, &file, &above, scene->work->deadline, error);
    for (guint i = 0; i < above.count; i++) {
        HostVolume upper = volume(scene, above.items[i]);
        well = well && scene->link->ops->volume_stand(scene->link, &upper, &scene->deed->onto, scene->work->deadline, error);
        g_free(above.items[i]);
    }
    g_free(above.items);
    return well;
}

/* The last look before it goes: nobody names it. That nothing stands upon it the host sees itself. */
static Progress
drop(Scene *scene, GError **error)
{
    HostVolume file = volume(scene, &scene->deed->image);
    if (chains_is_in(scene->facts, scene->upper)) {
        fault_set(error, MSG_CHAIN_IN_USE, "path", scene->upper, NULL);
        return MERGE_FAILED;
    }
    return scene->link->ops->volume_delete(scene->link, &file, scene->work->deadline, error) ? MERGE_DONE : MERGE_FAILED;
}

static Progress
do_deed(Work *work, const ChainDeed *deed, GError **error)
{
    gboolean absent = FALSE;
    g_auto(Scene) scene = { 0 };
    if (!scene_set(&scene, work, deed, error) || !is_absent(&scene, &absent, error))
        return MERGE_FAILED;
    if (absent)
        return MERGE_DONE;
    Progress merged = id_is_null(&deed->onto) ? MERGE_DONE : merge(&scene, error);
    if (merged != MERGE_DONE)
        return merged;
    if (!id_is_null(&deed->onto) && !stand_all(&scene, error))
        return MERGE_FAILED;
    return drop(&scene, error);
}

/* --- what it takes now -------------------------------------------------------------------------------------------------------------- */

static void
replace(const Work *work, const Id *disk, Id *image)
{
    ChainDeed deed;
    for (guint i = 0; i < done(work) && get(work, i, &deed); i++) {
        if (id_equal(&deed.disk, disk) && id_equal(&deed.image, image) && !id_is_null(&deed.onto))
            *image = deed.onto;
    }
}

static char *
sizes_mark(const Id *disk)
{
    char text[ID_TEXT_SIZE];
    return g_strconcat(SIZES, id_format(disk, ID_UUID, text), NULL);
}

/* Where the host does not say, what was known stays. */
static void
note_sizes(Work *work, const Id *id)
{
    List links = { NULL, 0 };
    gint64 total = 0, actual = 0;
    g_autofree char *mark = sizes_mark(id);
    const Disk *disk = view_find(work->view, &disk_type, id);
    const StorageDomain *storage = disk ? guard_disk_storage(work->view, disk) : NULL;
    g_autoptr(HostLink) link = storage && !work_mark(work, mark) ? work_host(work, NULL) : NULL;
    if (!link)
        return;
    Id image = disk_image(disk);
    replace(work, id, &image);
    HostVolume file = chains_volume(disk, storage, &image);
    gboolean well = link->ops->volume_chain(link, &file, &links, work->deadline, NULL);
    for (guint i = 0; i < links.count; i++) {
        const VolumeLink *found = links.items[i];
        total += found->allocation;
        actual = i == 0 ? found->allocation : actual;
        volume_link_free(links.items[i]);
    }
    g_free(links.items);
    g_autofree char *words = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, actual, total);
    work_set_mark(work, mark, well ? words : NULL);
}

gboolean
merges_run(Work *work, GError **error)
{
    ChainDeed deed;
    for (guint at; get(work, at = done(work), &deed);) {
        Progress progress = do_deed(work, &deed, error);
        if (progress == MERGE_FAILED)
            return FALSE;
        if (progress == MERGE_UNDER_WAY) {
            work->rest = BEAT;
            return TRUE;
        }
        set_number(work, DONE, at + 1);
        work_set_mark(work, BEGUN, NULL);
        work->rest = BEAT;          /* each is noted before the next */
        return TRUE;
    }
    for (guint i = 0; get(work, i, &deed); i++)
        note_sizes(work, &deed.disk);
    return TRUE;
}

/* --- ends --------------------------------------------------------------------------------------------------------------------------- */

static void
take_sizes(const Work *work, Disk *disk)
{
    g_autofree char *mark = sizes_mark(&disk->object.id);
    g_auto(GStrv) words = work_mark(work, mark) ? g_strsplit(work_mark(work, mark), " ", 2) : NULL;
    if (!words || g_strv_length(words) != 2)
        return;
    disk->actual_size = g_ascii_strtoll(words[0], NULL, 10);
    disk->total_size = g_ascii_strtoll(words[1], NULL, 10);
}

static void
let_go(const Work *work, Vm *vm, const ChainDeed *deed)
{
    Snapshot *removed = list_find(&vm->snapshots, &work->target);
    const SnapshotDisk *held = removed ? snapshot_find_disk(removed, &deed->disk) : NULL;
    Id image = held ? snapshot_disk_image(held) : id_null;
    if (held && id_equal(&image, id_is_null(&deed->onto) ? &deed->image : &deed->onto))
        snapshot_let_go(removed, &deed->disk);
}

/* Whoever owned IMAGE owns ONTO. */
static void
hand_over(Changes *changes, Vm *vm, const ChainDeed *deed)
{
    Disk *disk = changes_edit(changes, &disk_type, &deed->disk);
    for (guint i = 0; i < vm->snapshots.count; i++) {
        Snapshot *snapshot = vm->snapshots.items[i];
        SnapshotDisk *held = snapshot_find_disk(snapshot, &deed->disk);
        Id image = held ? snapshot_disk_image(held) : id_null;
        if (held && id_equal(&image, &deed->image))
            snapshot_hold(snapshot, &deed->disk, &deed->onto, deed->format, held->size);
    }
    Id active = disk ? disk_image(disk) : id_null;
    if (!disk || !id_equal(&active, &deed->image))
        return;
    disk_set_image(disk, &deed->onto);
    disk->format = deed->format;
}

void
merges_finish(Work *work, Changes *changes, Vm *vm)
{
    ChainDeed deed;
    for (guint i = 0; i < done(work) && get(work, i, &deed); i++) {
        let_go(work, vm, &deed);
        if (!id_is_null(&deed.onto))
            hand_over(changes, vm, &deed);
        Disk *disk = changes_edit(changes, &disk_type, &deed.disk);
        if (disk)
            take_sizes(work, disk);
    }
}

void
merges_tell(GString *text, const Work *work, const Snapshot *snapshot)
{
    for (guint i = 0; i < snapshot->disks.count; i++) {
        ChainDeed deed;
        gboolean told = FALSE;
        const SnapshotDisk *held = snapshot->disks.items[i];
        const Disk *disk = view_find(work->view, &disk_type, &held->disk.id);
        for (guint at = 0; disk && get(work, at, &deed); at++) {
            char texts[2][ID_TEXT_SIZE];
            if (!id_equal(&deed.disk, &held->disk.id))
                continue;
            told = TRUE;
            plan_tell(text, id_is_null(&deed.onto) ? MSG_PLAN_DROP_IMAGE : MSG_PLAN_MERGE_IMAGE, "disk", disk->alias,
                      "image", id_format(&deed.image, ID_UUID, texts[0]), "onto", id_format(&deed.onto, ID_UUID, texts[1]), NULL);
        }
        if (disk && !told)
            plan_tell(text, MSG_PLAN_KEEP_IMAGE, "disk", disk->alias, NULL);
    }
}
