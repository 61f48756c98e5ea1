/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Members of collections. Most follow from the tables; what does not stands in `computed` below, one line each. */
#include "api/members.h"

#include "api/numbers.h"
#include "api/snapshot_parts.h"
#include "model/places.h"
#include "model/policies.h"
#include "model/record.h"
#include "model/storage.h"
#include "schema/write.h"

#include <string.h>

/* --- what no row tells ---------------------------------------------------------------------------------------------------- */

static gboolean
lies_in(const Disk *disk, const Id *storage)
{
    if (id_equal(&disk->storage_domain.id, storage))
        return TRUE;
    for (guint i = 0; i < disk->storage_domains.count; i++) {
        const StorageDomainRef *lies = disk->storage_domains.items[i];
        if (id_equal(&lies->storage_domain.id, storage))
            return TRUE;
    }
    return FALSE;
}

static GPtrArray *
disks_of_storage(const Above *above)
{
    GPtrArray *found = g_ptr_array_new();
    const Disk *disk;
    for (ViewWalk walk = view_walk(above->view, &disk_type); (disk = view_next(&walk));) {
        if (lies_in(disk, &((const Object *) above->object)->id))
            g_ptr_array_add(found, (gpointer) disk);
    }
    return found;
}

static gboolean
has_disk_in(const Vm *vm, const Above *above)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = view_find(above->view, &disk_type, &attachment->disk.id);
        if (disk && lies_in(disk, &((const Object *) above->object)->id))
            return TRUE;
    }
    return FALSE;
}

static GPtrArray *
vms_of_storage(const Above *above)
{
    GPtrArray *found = g_ptr_array_new();
    const Vm *vm;
    for (ViewWalk walk = view_walk(above->view, &vm_type); (vm = view_next(&walk));) {
        if (has_disk_in(vm, above))
            g_ptr_array_add(found, (gpointer) vm);
    }
    return found;
}

/* Whatever a cluster's hosts are: the filters are libvirt's. */
static GPtrArray *
filters_of_cluster(const Above *above)
{
    GPtrArray *found = g_ptr_array_new();
    gconstpointer filter;
    for (ViewWalk walk = view_walk(above->view, &network_filter_type); (filter = view_next(&walk));)
        g_ptr_array_add(found, (gpointer) filter);
    return found;
}

static GPtrArray *
items_of(const List *list)
{
    GPtrArray *items = g_ptr_array_new();
    for (guint i = 0; list && i < list->count; i++)
        g_ptr_array_add(items, list->items[i]);
    return items;
}

typedef struct {
    const Type *above;              /* NULL: of any */
    const char *element;            /* the row's name */
    const Type *type;               /* NULL: as the row says */
    GPtrArray *(*items)(const Above *above);    /* NULL: as the row says */
    const char *root;               /* NULL: as the type or the row says */
    const char *by;
    gboolean of_owner;              /* members are the owner's children and keep their path there */
    gboolean theirs;
} Computed;

/* clang-format off */
static const Computed computed[] = {
    { &vm_type,             "statistics",      &numbers_type, numbers_of_vm,      NULL, NULL, FALSE, TRUE },
    { &host_type,           "statistics",      &numbers_type, numbers_of_host,    NULL, NULL, FALSE, TRUE },
    { &nic_type,            "statistics",      &numbers_type, numbers_of_nic,     NULL, NULL, FALSE, TRUE },
    { &disk_type,           "statistics",      &numbers_type, numbers_of_disk,    NULL, NULL, FALSE, TRUE },
    { &storage_domain_type, "disks",           &disk_type,    disks_of_storage,   NULL, "storage_domain", FALSE, FALSE },
    { &storage_domain_type, "vms",             &vm_type,      vms_of_storage,     NULL, NULL, FALSE, TRUE },
    { &cluster_type,        "network_filters", &network_filter_type, filters_of_cluster, NULL, NULL, FALSE, TRUE },
    { &snapshot_type,       "disks",           &disk_type,    snapshot_parts_disks, NULL, NULL, FALSE, TRUE },
    { &snapshot_type,       "nics",            &nic_type,     snapshot_parts_nics, NULL, NULL, TRUE,  TRUE },
    { &snapshot_type,       "cdroms",          &cdrom_type,   snapshot_parts_cdroms, NULL, NULL, TRUE,  TRUE },
    { &disk_type,           "disk_snapshots",  &disk_snapshot_type, snapshot_parts_of_disk, NULL, "disk", FALSE, TRUE },
    { &storage_domain_type, "disk_snapshots",  &disk_snapshot_type, snapshot_parts_of_storage, NULL, NULL, FALSE, TRUE },
    /* Attached storage domains and assigned networks are links of their own, with their own href. */
    { &data_center_type,    "storage_domains", NULL, NULL, NULL, NULL, FALSE, TRUE },
    { &cluster_type,        "networks",        NULL, NULL, NULL, NULL, FALSE, TRUE },
    /* Lists whose element clients know by another word than the link's. */
    { NULL,                 "mediated_devices", NULL, NULL, "vm_mediated_devices", NULL, FALSE, FALSE },
    { &host_type,           "storages",         NULL, NULL, "host_storages",       NULL, FALSE, FALSE },
    { &cluster_type,        "enabled_features", NULL, NULL, "cluster_features",    NULL, FALSE, FALSE },
    { &user_type,           "options",          NULL, NULL, "user_options",        NULL, FALSE, FALSE },
};
/* clang-format on */

static const Computed *
find_computed(const Type *type, const Field *row)
{
    for (guint i = 0; i < G_N_ELEMENTS(computed); i++) {
        if ((!computed[i].above || computed[i].above == type) && g_str_equal(computed[i].element, row->name))
            return &computed[i];
    }
    return NULL;
}

/* Where being a member is the member's own verbs. */
static const struct { const Type *above; const char *element, *join, *leave; } joined[] = {
    { &data_center_type, "storage_domains", "attach", "detach" },
};

static void
find_joined(Members *ret, const Type *type, const Field *row)
{
    for (guint i = 0; i < G_N_ELEMENTS(joined); i++) {
        if (joined[i].above == type && g_str_equal(joined[i].element, row->name)) {
            ret->join = joined[i].join;
            ret->leave = joined[i].leave;
        }
    }
}

/* --- kinds of members ----------------------------------------------------------------------------------------------------- */

gboolean
members_stand_alone(const Type *type)
{
    for (const Type *const *row = inventory_types; *row; row++) {
        if (*row == type)
            return TRUE;
    }
    return FALSE;
}

const Field *
members_row(const Type *type, const char *segment)
{
    for (const Field *row = type->fields; row->name; row++) {
        if ((row->kind == KIND_CHILDREN || row->kind == KIND_COLLECT) && !(row->flags & SECRET) && g_str_equal(field_segment(row), segment))
            return row;
    }
    return NULL;
}

void
members_top(Members *ret, const Type *type)
{
    *ret = (Members) { .type = type, .root = type->many, .base = g_strconcat("/", type->path, NULL) };
}

/* "/vms/ID/snapshots/ID" → "/vms/ID" */
static char *
path_of_owner(const char *path)
{
    const char *end = path + strlen(path);
    for (guint slashes = 0; end > path && slashes < 2;)
        slashes += *--end == '/';
    return g_strndup(path, (gsize) (end - path));
}

void
members_below(Members *ret, const Above *above, const Field *row)
{
    const Type *type = ((const Object *) above->object)->type;
    const Computed *special = find_computed(type, row);
    *ret = (Members) { .type = row->of, .root = row->name, .by = row->by };
    if (special && special->type) {
        ret->type = special->type;
        ret->by = special->by;
    }
    if (ret->type)
        ret->root = ret->type->many;
    if (special && special->root)
        ret->root = special->root;
    ret->theirs = special && special->theirs;
    find_joined(ret, type, row);
    if (special && special->of_owner) {
        g_autofree char *owner = path_of_owner(above->path);
        ret->base = g_strconcat(owner, "/", ret->type->path, NULL);
    } else if (ret->type && members_stand_alone(ret->type) && !(special && special->theirs && !special->type)) {
        ret->base = g_strconcat("/", ret->type->path, NULL);
    } else {
        ret->base = g_strconcat(above->path, "/", field_segment(row), NULL);
    }
}

void
members_clear(Members *members)
{
    g_clear_pointer(&members->base, g_free);
}

/* --- who is in --------------------------------------------------------------------------------------------------------------- */

static GPtrArray *
all_of(const View *view, const Type *type)
{
    GPtrArray *all = g_ptr_array_sized_new(view_count(view, type));
    gpointer object;
    for (ViewWalk walk = view_walk(view, type); (object = (gpointer) view_next(&walk));)
        g_ptr_array_add(all, object);
    return all;
}

static const List *
list_of(const Above *above, const Field *row)
{
    return (const List *) (gconstpointer) ((const char *) above->object + row->offset);
}

GPtrArray *
members_list(const Members *members, const Above *above, const Field *row)
{
    if (!row)
        return all_of(above->view, members->type);
    const Object *object = above->object;
    const Computed *special = find_computed(object->type, row);
    if (special && special->items)
        return special->items(above);
    if (row->kind == KIND_CHILDREN)
        return items_of(list_of(above, row));
    if (!members->type || !row->by)
        return g_ptr_array_new();
    return view_collect(above->view, members->type, row->by, &object->id);
}

static gconstpointer
find_among(GPtrArray *items, const Id *id, gboolean made, gboolean *ret_made)
{
    for (guint i = 0; i < items->len; i++) {
        const Object *object = items->pdata[i];
        if (!id_equal(&object->id, id))
            continue;
        *ret_made = made;
        return made ? object_ref(object) : object;
    }
    return NULL;
}

static gboolean
refers(gconstpointer object, const char *by, const Id *id)
{
    const Field *row = type_find(((const Object *) object)->type, by);
    return row && row->kind == KIND_REF && id_equal(&((const Ref *) (gconstpointer) ((const char *) object + row->offset))->id, id);
}

gconstpointer
members_find(const Members *members, const Above *above, const Field *row, const Id *id, gboolean *ret_made)
{
    *ret_made = FALSE;
    if (!members->type)
        return NULL;
    if (!row)
        return view_find(above->view, members->type, id);
    const Object *object = above->object;
    const Computed *special = find_computed(object->type, row);
    if (row->kind == KIND_CHILDREN && !(special && special->items))
        return list_find(list_of(above, row), id);
    if (row->by && !(special && special->items)) {
        gconstpointer found = view_find(above->view, members->type, id);
        return found && refers(found, row->by, &object->id) ? found : NULL;
    }
    g_autoptr(GPtrArray) items = members_list(members, above, row);
    gboolean made = members->type == &numbers_type || members->type == &disk_snapshot_type || object->type == &snapshot_type;
    return find_among(items, id, made, ret_made);
}
