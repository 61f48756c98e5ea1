/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A raw image is never opened to be asked what is beneath it: its first bytes are its guest's, and nothing can be beneath. Images that nobody
 * the model knows leads to are not looked for: they are not ours to touch. */
#include "command/chains.h"

#include "command/definition.h"
#include "command/guards.h"
#include "host/domain_xml.h"
#include "host/volume_name.h"

void
chain_free(Chain *chain)
{
    if (!chain)
        return;
    g_array_unref(chain->images);
    g_free(chain);
}

HostVolume
chains_volume(const Disk *disk, const StorageDomain *storage, const Id *image)
{
    return (HostVolume) { { storage->object.id, storage->storage.path, FALSE }, disk->object.id, *image };
}

char *
chains_path(const Disk *disk, const StorageDomain *storage, const Id *image)
{
    return volume_name_path(storage->storage.path, &disk->object.id, image);
}

const ChainImage *
chain_find(const Chain *chain, const Id *image)
{
    for (guint i = 0; i < chain->images->len; i++) {
        const ChainImage *known = &g_array_index(chain->images, ChainImage, i);
        if (id_equal(&known->image, image))
            return known;
    }
    return NULL;
}

/* --- as the storage has it ------------------------------------------------------------------------------------------------------------ */

static gboolean
refuse(const Chain *chain, const Id *image, MessageCode code, const char *other, GError **error)
{
    g_autofree char *path = chains_path(chain->disk, chain->storage, image);
    return fault_set(error, code, "disk", chain->disk->alias, "path", path, "other", other, NULL);
}

static gboolean
read_raw(Work *work, HostLink *link, Chain *chain, const Id *image, GError **error)
{
    VolumeFacts facts = { VOLUME_ABSENT, 0, 0, 0 };
    HostVolume volume = chains_volume(chain->disk, chain->storage, image);
    if (!link->ops->volume_read(link, &volume, &facts, work->deadline, error))
        return FALSE;
    if (facts.state != VOLUME_WHOLE && !chain->lenient)
        return refuse(chain, image, MSG_CHAIN_MISSING, "", error);
    if (facts.state == VOLUME_ABSENT)
        return TRUE;
    ChainImage found = { *image, id_null, DISK_FORMAT_RAW, facts.size, facts.allocation };
    g_array_append_val(chain->images, found);
    return TRUE;
}

/* LINK stands on NEXT, which is NULL for the last one that was read. */
static gboolean
add_link(Chain *chain, const VolumeLink *link, const VolumeLink *next, GError **error)
{
    ChainImage image = { link->image, id_null, link->format, link->size, link->allocation };
    if (link->backing && !next && !chain->lenient) {
        g_autofree char *lost = g_build_filename(chain->storage->storage.path, link->backing, NULL);
        return fault_set(error, MSG_CHAIN_MISSING, "disk", chain->disk->alias, "path", lost, NULL);
    }
    if (link->backing && next && id_is_null(&next->disk) && !chain->lenient)
        return refuse(chain, &link->image, MSG_CHAIN_FOREIGN, link->backing, error);
    if (next && id_equal(&next->disk, &link->disk))
        image.beneath = next->image;
    g_array_append_val(chain->images, image);
    return TRUE;
}

static gboolean
add_links(Chain *chain, const Id *image, const List *links, GError **error)
{
    const VolumeLink *first = links->count > 0 ? links->items[0] : NULL;
    if (!first || !id_equal(&first->disk, &chain->disk->object.id) || !id_equal(&first->image, image))
        return refuse(chain, image, MSG_CHAIN_MISSING, "", error);
    for (guint i = 0; i < links->count; i++) {
        const VolumeLink *link = links->items[i];
        if (!id_equal(&link->disk, &chain->disk->object.id) || chain_find(chain, &link->image))
            break;
        if (!add_link(chain, link, i + 1 < links->count ? links->items[i + 1] : NULL, error))
            return FALSE;
    }
    return TRUE;
}

static void
free_links(List *links)
{
    for (guint i = 0; i < links->count; i++)
        volume_link_free(links->items[i]);
    g_free(links->items);
}

/* Of a damaged one that shall go nothing else need be known. */
static gboolean
take_unread(Chain *chain, const Id *image, GError *take_why, GError **error)
{
    g_autoptr(GError) why = take_why;
    ChainImage damaged = { .image = *image };
    gboolean certain = fault_of(why) != FAULT_UNAVAILABLE && fault_of(why) != FAULT_UNKNOWN_OUTCOME;
    if (chain->lenient && certain)
        g_array_append_val(chain->images, damaged);
    else
        g_propagate_error(error, g_steal_pointer(&why));
    return chain->lenient && certain;
}

static gboolean
read_from(Work *work, HostLink *link, Chain *chain, const Id *image, int format, GError **error)
{
    List links = { NULL, 0 };
    VolumeFacts facts = { VOLUME_ABSENT, 0, 0, 0 };
    HostVolume volume = chains_volume(chain->disk, chain->storage, image);
    if (chain_find(chain, image))
        return TRUE;
    if (format == DISK_FORMAT_RAW)
        return read_raw(work, link, chain, image, error);
    if (!link->ops->volume_read(link, &volume, &facts, work->deadline, error))
        return FALSE;
    if (facts.state == VOLUME_ABSENT)
        return chain->lenient || refuse(chain, image, MSG_CHAIN_MISSING, "", error);
    g_autoptr(GError) unread = NULL;
    gboolean read = link->ops->volume_chain(link, &volume, &links, work->deadline, &unread);
    gboolean well = read ? add_links(chain, image, &links, error) : take_unread(chain, image, g_steal_pointer(&unread), error);
    free_links(&links);
    return well;
}

/* Upon each image stands only what is known. */
static gboolean
check_above(Work *work, HostLink *link, const Chain *chain, GError **error)
{
    for (guint i = 0; i < chain->images->len; i++) {
        List above = { NULL, 0 };
        const ChainImage *image = &g_array_index(chain->images, ChainImage, i);
        HostVolume volume = chains_volume(chain->disk, chain->storage, &image->image);
        if (!link->ops->volume_above(link, &volume, &above, work->deadline, error))
            return FALSE;
        const Id *stranger = NULL;
        for (guint j = 0; j < above.count && !stranger; j++)
            stranger = chain_find(chain, above.items[j]) ? NULL : above.items[j];
        g_autofree char *path = !stranger ? NULL : id_is_null(stranger) ? g_strdup("?") : chains_path(chain->disk, chain->storage, stranger);
        for (guint j = 0; j < above.count; j++)
            g_free(above.items[j]);
        g_free(above.items);
        if (path)
            return refuse(chain, &image->image, MSG_CHAIN_STRANGER, path, error);
    }
    return TRUE;
}

static gboolean
read_all(Work *work, HostLink *link, Chain *chain, const Vm *vm, GError **error)
{
    Id active = disk_image(chain->disk);
    if (!read_from(work, link, chain, &active, chain->disk->format, error))
        return FALSE;
    for (guint i = 0; vm && i < vm->snapshots.count; i++) {
        const SnapshotDisk *held = snapshot_find_disk(vm->snapshots.items[i], &chain->disk->object.id);
        Id image = held ? snapshot_disk_image(held) : id_null;
        if (held && !read_from(work, link, chain, &image, held->format, error))
            return FALSE;
    }
    return check_above(work, link, chain, error);
}

static Chain *
read_chain(Work *work, const Vm *vm, const Disk *disk, gboolean lenient, GError **error)
{
    const StorageDomain *storage = guard_disk_storage(work->view, disk);
    g_autoptr(HostLink) link = storage ? work_host(work, error) : NULL;
    if (!storage)
        fault_set(error, MSG_DISK_NOWHERE, "disk", disk->alias, NULL);
    if (!link)
        return NULL;
    g_autoptr(Chain) chain = g_new0(Chain, 1);
    chain->disk = disk;
    chain->storage = storage;
    chain->images = g_array_new(FALSE, FALSE, sizeof(ChainImage));
    chain->lenient = lenient;
    return read_all(work, link, chain, vm, error) ? g_steal_pointer(&chain) : NULL;
}

Chain *
chains_read(Work *work, const Vm *vm, const Disk *disk, GError **error)
{
    return read_chain(work, vm, disk, FALSE, error);
}

Chain *
chains_read_all(Work *work, const Vm *vm, const Disk *disk, GError **error)
{
    return read_chain(work, vm, disk, TRUE, error);
}

/* --- as the domain has it ------------------------------------------------------------------------------------------------------------- */

const char *
chains_target(const DomainFacts *facts, const Id *disk)
{
    const DiskAttachment *attachment = facts->config ? list_find(&facts->config->disk_attachments, disk) : NULL;
    return attachment ? attachment->target : NULL;
}

static char *
file_at(const List *disks, const char *target)
{
    for (guint i = 0; i < disks->count; i++) {
        const DomainDisk *file = disks->items[i];
        if (g_strcmp0(file->target, target) == 0)
            return g_strdup(file->path);
    }
    return NULL;
}

char *
chains_defined(const DomainFacts *facts, const char *target)
{
    return file_at(&facts->disks, target);
}

char *
chains_running(const DomainFacts *facts, const char *target)
{
    return file_at(&facts->live_disks, target);
}

char *
chains_renamed(const Chain *chain, const DomainFacts *facts, const char *xml, const Id *image, int format, GError **error)
{
    const char *target = chains_target(facts, &chain->disk->object.id);
    g_autofree char *path = chains_path(chain->disk, chain->storage, image);
    char *text = target ? domain_xml_with_file(xml, target, path, format) : g_strdup(xml);
    if (!text)
        fault_set(error, MSG_CHAIN_NO_FILE, "disk", chain->disk->alias, "target", target, NULL);
    return text;
}

static gboolean
names_file(const List *disks, const char *path)
{
    for (guint i = 0; i < disks->count; i++) {
        if (g_strcmp0(((const DomainDisk *) disks->items[i])->path, path) == 0)
            return TRUE;
    }
    return FALSE;
}

gboolean
chains_is_in(const DomainFacts *facts, const char *path)
{
    return names_file(&facts->disks, path) || names_file(&facts->live_disks, path);
}

gboolean
chains_are_named(const DomainFacts *facts, const Id *disk, const char *path)
{
    const char *target = chains_target(facts, disk);
    if (!target)
        return TRUE;
    g_autofree char *defined = chains_defined(facts, target), *running = definition_runs(facts) ? chains_running(facts, target) : NULL;
    return g_strcmp0(defined, path) == 0 && (!definition_runs(facts) || g_strcmp0(running, path) == 0);
}

gboolean
chains_agree(const DomainFacts *facts, const Chain *chain, GError **error)
{
    Id active = disk_image(chain->disk);
    g_autofree char *path = chains_path(chain->disk, chain->storage, &active);
    if (chains_are_named(facts, &chain->disk->object.id, path))
        return TRUE;
    const char *target = chains_target(facts, &chain->disk->object.id);
    g_autofree char *defined = chains_defined(facts, target), *running = definition_runs(facts) ? chains_running(facts, target) : NULL;
    const char *other = running && g_strcmp0(running, path) != 0 ? running : defined;
    return refuse(chain, &active, MSG_CHAIN_DIFFERS, other ? other : "", error);
}

/* --- what becomes of it ---------------------------------------------------------------------------------------------------------------- */

typedef struct { ChainImage image; gboolean owned; } Node;

static gboolean
is_owned(const Chain *chain, const Vm *vm, const Id *image, const Id *except)
{
    Id active = disk_image(chain->disk);
    gboolean owned = id_equal(&active, image);
    for (guint i = 0; i < vm->snapshots.count; i++) {
        const Snapshot *snapshot = vm->snapshots.items[i];
        const SnapshotDisk *held = id_equal(&snapshot->object.id, except) ? NULL : snapshot_find_disk(snapshot, &chain->disk->object.id);
        Id holds = held ? snapshot_disk_image(held) : id_null;
        owned |= held && id_equal(&holds, image);
    }
    return owned;
}

static Node *
node_at(GArray *nodes, guint at)
{
    return &g_array_index(nodes, Node, at);
}

/* How many stand upon IMAGE; one of them. */
static guint
uppers(GArray *nodes, const Id *image, guint *ret_one)
{
    guint count = 0;
    for (guint i = 0; i < nodes->len; i++) {
        if (!id_equal(&node_at(nodes, i)->image.beneath, image))
            continue;
        *ret_one = i;
        count++;
    }
    return count;
}

/* UPPER is merged into LOWER and is it from now on. */
static void
merge(GArray *nodes, guint lower, guint upper)
{
    Node *below = node_at(nodes, lower), *above = node_at(nodes, upper);
    below->owned = above->owned;
    for (guint i = 0; i < nodes->len; i++) {
        if (id_equal(&node_at(nodes, i)->image.beneath, &above->image.image))
            node_at(nodes, i)->image.beneath = below->image.image;
    }
    g_array_remove_index(nodes, upper);
}

/* The next thing to do; FALSE: nothing is left. */
static gboolean
next_deed(GArray *nodes, ChainDeed *ret)
{
    for (guint i = 0; i < nodes->len; i++) {
        guint upper = 0;
        const ChainImage lower = node_at(nodes, i)->image;
        guint count = node_at(nodes, i)->owned ? 2 : uppers(nodes, &lower.image, &upper);
        if (count > 1)
            continue;
        if (count == 0) {
            *ret = (ChainDeed) { .image = lower.image };
            g_array_remove_index(nodes, i);
        } else {
            *ret = (ChainDeed) { .image = node_at(nodes, upper)->image.image, .onto = lower.image, .format = lower.format };
            merge(nodes, i, upper);
        }
        return TRUE;
    }
    return FALSE;
}

GArray *
chains_deeds(const Chain *chain, const Vm *vm, const Id *snapshot)
{
    ChainDeed deed;
    GArray *deeds = g_array_new(FALSE, FALSE, sizeof(ChainDeed));
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(Node));
    for (guint i = 0; i < chain->images->len; i++) {
        Node node = { .image = g_array_index(chain->images, ChainImage, i) };
        node.owned = is_owned(chain, vm, &node.image.image, snapshot);
        g_array_append_val(nodes, node);
    }
    while (next_deed(nodes, &deed)) {
        deed.disk = chain->disk->object.id;
        g_array_append_val(deeds, deed);
    }
    return deeds;
}

gint64
chains_need(const Chain *chain, const ChainDeed *deed)
{
    const ChainImage *upper = chain_find(chain, &deed->image), *lower = chain_find(chain, &deed->onto);
    if (!upper || !lower)
        return 0;
    return MIN(upper->allocation, MAX(MAX(upper->size, lower->size) - lower->allocation, 0));
}
