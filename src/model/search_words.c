/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Words of oVirt's searches that are no rows: what an object is near to. Paths lead through what it names; the functions find who names it. */
#include "model/inventory.h"
#include "model/people.h"
#include "model/places.h"
#include "model/record.h"
#include "model/smalls.h"
#include "model/storage.h"
#include "model/template.h"
#include "model/vm.h"

static void
add_name(GPtrArray *names, const char *name)
{
    g_ptr_array_add(names, g_strdup(name ? name : ""));
}

static char **
end_names(GPtrArray *names)
{
    g_ptr_array_add(names, NULL);
    return (char **) g_ptr_array_free(names, FALSE);
}

/* Names of the objects of TYPE whose REF row `by` names OBJECT. */
static char **
names_by(const SearchWorld *world, const Type *type, const char *by, gconstpointer object)
{
    GPtrArray *names = g_ptr_array_new();
    g_autoptr(GPtrArray) found = view_collect(world->data, type, by, &((const Object *) object)->id);
    for (guint i = 0; i < found->len; i++)
        add_name(names, object_text(found->pdata[i], "name"));
    return end_names(names);
}

static char **
vms_of_template(const SearchWorld *world, gconstpointer template)
{
    return names_by(world, &vm_type, "template", template);
}

static char **
clusters_of_data_center(const SearchWorld *world, gconstpointer data_center)
{
    return names_by(world, &cluster_type, "data_center", data_center);
}

/* Storage domains say in a list which data centers they belong to, and have one at most. */
static char **
storage_of_data_center(const SearchWorld *world, gconstpointer data_center)
{
    return names_by(world, &storage_domain_type, "data_center", data_center);
}

/* Blank belongs to no cluster: VMs are made of it anywhere. */
static char **
data_centers_of_template(const SearchWorld *world, gconstpointer object)
{
    const Template *template = object;
    const Cluster *cluster = view_find(world->data, &cluster_type, &template->cluster.id);
    GPtrArray *names = g_ptr_array_new();
    ViewWalk walk = view_walk(world->data, &data_center_type);
    for (const DataCenter *center; (center = view_next(&walk));)
        if (!cluster || id_equal(&cluster->data_center.id, &center->object.id))
            add_name(names, center->name);
    return end_names(names);
}

static char **
vms_of_disk(const SearchWorld *world, gconstpointer disk)
{
    GPtrArray *names = g_ptr_array_new();
    ViewWalk walk = view_walk(world->data, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));)
        if (list_find(&vm->disk_attachments, &((const Object *) disk)->id))
            add_name(names, vm->name);
    return end_names(names);
}

static char **
storage_of_disk(const SearchWorld *world, gconstpointer object)
{
    const Disk *disk = object;
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < disk->storage_domains.count; i++) {
        const StorageDomainRef *in = disk->storage_domains.items[i];
        const StorageDomain *storage = view_find(world->data, &storage_domain_type, &in->storage_domain.id);
        add_name(names, storage ? storage->name : NULL);
    }
    return end_names(names);
}

/* clang-format off */
static const SearchWord vm_words[] = {
    { "cluster", "cluster>name", NULL, KIND_TEXT }, { "datacenter", "cluster>data_center>name", NULL, KIND_TEXT },
    { "host", "host>name", NULL, KIND_TEXT }, { "on_host", "host>name", NULL, KIND_TEXT }, { "template", "template>name", NULL, KIND_TEXT },
    { "os", "os.type", NULL, KIND_TEXT }, { "architecture", "cpu.architecture", NULL, KIND_TEXT },
    { "guaranteed_memory", "memory_policy.guaranteed", NULL, KIND_INT }, { "creationdate", "creation_time", NULL, KIND_TIME }, { 0 } };
static const SearchWord template_words[] = {
    { "cluster", "cluster>name", NULL, KIND_TEXT }, { "datacenter", NULL, data_centers_of_template, KIND_TEXT },
    { "vm.name", NULL, vms_of_template, KIND_TEXT }, { "vms.name", NULL, vms_of_template, KIND_TEXT }, { 0 } };
static const SearchWord host_words[] = {
    { "cluster", "cluster>name", NULL, KIND_TEXT }, { "datacenter", "cluster>data_center>name", NULL, KIND_TEXT }, { 0 } };
static const SearchWord data_center_words[] = {
    { "clusters.name", NULL, clusters_of_data_center, KIND_TEXT }, { "cluster.name", NULL, clusters_of_data_center, KIND_TEXT },
    { "storage", NULL, storage_of_data_center, KIND_TEXT }, { "storage.name", NULL, storage_of_data_center, KIND_TEXT }, { 0 } };
static const SearchWord disk_words[] = {
    { "disk_type", "storage_type", NULL, KIND_TEXT }, { "vm_names", NULL, vms_of_disk, KIND_TEXT },
    { "storage", NULL, storage_of_disk, KIND_TEXT }, { "storage.name", NULL, storage_of_disk, KIND_TEXT }, { 0 } };
static const SearchWord placed_words[] = { { "datacenter", "data_center>name", NULL, KIND_TEXT }, { 0 } };
static const SearchWord event_words[] = {
    { "type", "code", NULL, KIND_INT }, { "message", "description", NULL, KIND_TEXT },
    { "vm.name", "vm>name", NULL, KIND_TEXT }, { "host.name", "host>name", NULL, KIND_TEXT }, { "usrname", "user>user_name", NULL, KIND_TEXT }, { 0 } };
static const SearchWord user_words[] = { { "usrname", "user_name", NULL, KIND_TEXT }, { 0 } };
/* clang-format on */

const SearchWord *
view_search_words(const Type *type)
{
    static const struct { const Type *type; const SearchWord *words; } table[] = {
        { &vm_type, vm_words }, { &template_type, template_words }, { &host_type, host_words }, { &data_center_type, data_center_words },
        { &cluster_type, placed_words }, { &disk_type, disk_words }, { &storage_domain_type, placed_words }, { &network_type, placed_words },
        { &event_type, event_words }, { &user_type, user_words },
    };
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].type == type)
            return table[i].words;
    }
    return NULL;
}
