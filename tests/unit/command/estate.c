/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The estate itself. Its host is in estate_host.c, the walk in walk.c. */
#include "estate.h"

#include "base/text.h"
#include "host/domain_xml.h"
#include "host/fake_parts.h"
#include "model/machines.h"

#include <string.h>

Estate estate;

/* --- the inventory ------------------------------------------------------------------------------------------------------------ */

void
estate_put(gpointer take)
{
    Object *object = take;
    object->version = inventory_next_version(estate.inventory);
    gpointer objects[] = { take };
    gboolean remove[] = { FALSE };
    View *next = view_with(estate.view, objects, remove, 1);
    view_unref(estate.view);
    estate.view = next;
    object_unref(take);
}

gconstpointer
estate_find(const Type *type, const Id *id)
{
    return view_find(estate.view, type, id);
}

gpointer
estate_edit(const Type *type, const Id *id)
{
    return object_dup(estate_find(type, id));
}

const Vm *
estate_vm(const Id *id)
{
    return estate_find(&vm_type, id);
}

static gpointer
make(const Type *type, Id *ret_id, const char *word)
{
    Object *object = object_new(type);
    object->id = id_named(&id_null, word);
    if (ret_id)
        *ret_id = object->id;
    return object;
}

static void
put_places(void)
{
    DataCenter *data_center = make(&data_center_type, &estate.data_center, "data center");
    data_center->name = g_strdup("Default");
    estate_put(data_center);
    Cluster *cluster = make(&cluster_type, &estate.cluster, "cluster");
    cluster->name = g_strdup("Default");
    cluster->data_center.id = estate.data_center;
    cluster->cpu.architecture = ARCHITECTURE_X86_64;
    estate_put(cluster);
    User *user = make(&user_type, &estate.user, "user");
    user->user_name = g_strdup("admin@internal");
    user->principal = g_strdup("admin@internal");
    estate_put(user);
}

static char *
make_machines(void)
{
    GString *packed = g_string_new(NULL);
    machines_add(packed, "arch", "x86_64");
    machines_add(packed, "type", "qemu");
    machines_add(packed, "emulator", "/usr/bin/qemu-system-x86_64");
    machines_add(packed, "machine", "pc-q35-7.2");
    machines_add(packed, "machine", "pc-i440fx-7.2");
    machines_add(packed, "firmware", "bios");
    machines_add(packed, "graphics", "vnc");
    machines_add(packed, "video", "virtio");
    machines_add(packed, "video", "vga");
    machines_add(packed, "bus", "virtio");
    machines_add(packed, "bus", "scsi");
    machines_add(packed, "bus", "sata");
    machines_add(packed, "cpu-mode", "host-model");
    machines_add(packed, "network", "default");
    machines_add(packed, MACHINES_LOGS, ESTATE_LOGS);
    machines_add(packed, MACHINES_LOGS_BOUNDED, "yes");
    machines_add(packed, MACHINES_SEEDS, ESTATE_SEEDS);
    machines_add(packed, MACHINES_SHARE, ESTATE_SHARED);
    machines_add(packed, MACHINES_VIRTIOFS, "yes");
    return g_string_free(packed, FALSE);
}

/* Four cores of two threads: CPU c is a sibling of c + 4. */
static void
add_processors(Host *host)
{
    for (gint64 i = 0; i < 8; i++) {
        HostCpuUnit *unit = g_new0(HostCpuUnit, 1);
        *unit = (HostCpuUnit) { .cpu_id = i, .core_id = i % 4 };
        for (gint64 sibling = i % 4; sibling < 8; sibling += 4) {
            g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, sibling);
            words_add(&unit->siblings, number);
        }
        list_add(&host->cpu_units, unit);
    }
}

static void
put_host(void)
{
    Host *host = make(&host_type, &estate.host, "host");
    host->name = g_strdup("n1");
    host->status = HOST_UP;
    host->cluster.id = estate.cluster;
    host->cpu.architecture = ARCHITECTURE_X86_64;
    host->cpu.topology = (CpuTopology) { 4, 1, 2 };
    host->memory = host->max_scheduling_memory = (gint64) 64 << 30;
    host->machines = make_machines();
    text_set(&host->accelerator.type, "qemu");
    NumaNode *node = object_new(&numa_node_type);
    node->object.id = id_named(&estate.host, "numa:0");
    list_add(&host->host_numa_nodes, node);
    add_processors(host);
    fake_nodes_tell(&(const Fake) { .devices = TRUE }, &host->devices);
    estate_put(host);
}

static void
put_storage_domain(Id *ret_id, const char *name, const char *path, int use, gint64 available)
{
    StorageDomain *storage = make(&storage_domain_type, ret_id, name);
    storage->name = g_strdup(name);
    storage->storage.path = g_strdup(path);
    storage->type = use;
    storage->status = STORAGE_ACTIVE;
    storage->available = available;
    storage->data_center.id = estate.data_center;
    if (path) {
        storage->host.id = estate.host;
        storage->marked = TRUE;
        estate_mark_store(path, ret_id);
    }
    storage->master = g_str_equal(name, "data");
    if (g_str_equal(name, "data")) {
        File *file = object_new(&file_type);
        estate.iso = file->object.id = id_named(&storage->object.id, "boot.iso");
        file->name = g_strdup("boot.iso");
        file->type = g_strdup("iso");
        list_add(&storage->files, file);
    }
    estate_put(storage);
}

static void
put_networks(void)
{
    Network *network = make(&network_type, &estate.network, "network");
    network->name = g_strdup("ovirtmgmt");
    network->source = g_strdup("network:default");
    network->data_center.id = estate.data_center;
    estate_put(network);
    VnicProfile *profile = make(&vnic_profile_type, &estate.profile, "profile");
    profile->name = g_strdup("ovirtmgmt");
    profile->network.id = estate.network;
    estate_put(profile);
}

static const char foreign_xml[] =
    "<domain type='qemu'>\n"
    "  <name>old</name>\n"
    "  <uuid>5ca1ab1e-0000-4000-8000-000000000001</uuid>\n"
    "  <title>somebody's own</title>\n"
    "  <memory unit='KiB'>1048577</memory>\n"
    "  <vcpu placement='static'>2</vcpu>\n"
    "  <os>\n    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>\n    <boot dev='hd'/>\n  </os>\n"
    "  <devices>\n"
    "    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
    "    <disk type='file' device='disk'>\n      <driver name='qemu' type='qcow2'/>\n      <source file='/elsewhere/old.qcow2'/>\n"
    "      <target dev='vda' bus='virtio'/>\n      <shiny unknown='yes'/>\n    </disk>\n"
    "    <interface type='network'>\n      <mac address='52:54:00:00:00:01'/>\n      <source network='default'/>\n"
    "      <model type='virtio'/>\n    </interface>\n"
    "  </devices>\n"
    "  <qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n    <qemu:arg value='-S'/>\n  </qemu:commandline>\n"
    "</domain>\n";

/* As reconcile adopts it. */
static void
put_adopted(void)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    GError *error = NULL;
    domain_xml_read(foreign_xml, facts, &error);
    g_assert_no_error(error);
    estate_put_domain(&facts->id, foreign_xml);
    Vm *vm = g_steal_pointer(&facts->config);
    estate.adopted = facts->id;
    vm->adopted = vm->delete_protected = TRUE;
    vm->origin = g_strdup("external");
    vm->type = VM_TYPE_SERVER;
    vm->status = VM_DOWN;
    vm->home.id = estate.host;
    vm->cluster.id = estate.cluster;
    const DiskAttachment *attachment = vm->disk_attachments.items[0];
    estate.foreign = attachment->object.id;
    Disk *disk = object_new(&disk_type);
    disk->object.id = estate.foreign;
    disk->alias = g_strdup("old_vda");
    disk->name = g_strdup("old_vda");
    disk->status = DISK_OK;
    disk->format = DISK_FORMAT_COW;
    disk->content_type = DISK_CONTENT_DATA;
    disk->storage_type = DISK_STORAGE_IMAGE;
    disk->provisioned_size = 1 << 30;
    disk->path = g_strdup("/elsewhere/old.qcow2");
    StorageDomainRef *in = g_new0(StorageDomainRef, 1);
    in->storage_domain.id = estate.unmanaged;
    list_add(&disk->storage_domains, in);
    estate_put(disk);
    estate_put(vm);
}

/* The rest is made by the verbs themselves. */
static void
make_vms(void)
{
    estate.hello = id_named(&id_null, "hello");
    Work *work = estate_work(&vm_add, &estate.hello, "<vm><name>hello</name><cluster><name>Default</name></cluster><memory>268435456</memory>"
                             "<nics><nic><name>nic1</name><vnic_profile><name>ovirtmgmt</name></vnic_profile></nic></nics></vm>");
    estate_do(work);
    estate.disk = id_named(&id_null, "disk");
    char text[ID_TEXT_SIZE];
    g_autofree char *body = g_strdup_printf("<disk_attachment><bootable>true</bootable><disk id='%s'><provisioned_size>1073741824</provisioned_size>"
                                            "<storage_domains><storage_domain><name>data</name></storage_domain></storage_domains></disk></disk_attachment>",
                                            id_format(&estate.disk, ID_UUID, text));
    estate_do(estate_child_work(&disk_attachment_add, &estate.hello, NULL, body));
    estate.floating = id_named(&id_null, "floating");
    estate_do(estate_work(&disk_add, &estate.floating, "<disk><alias>free</alias><provisioned_size>1048576</provisioned_size>"
                          "<storage_domain><name>data</name></storage_domain></disk>"));
    estate.running = id_named(&id_null, "running");
    estate_do(estate_work(&vm_add, &estate.running, "<vm><name>busy</name><cluster><name>Default</name></cluster><memory>268435456</memory>"
                          "<os><kernel>" STORAGE_PATH "/vmlinuz</kernel></os></vm>"));
    estate_do(estate_work(&vm_start, &estate.running, NULL));
}

void
estate_open(void)
{
    estate_host_open();
    estate.inventory = inventory_new();
    estate.view = inventory_view(estate.inventory);
    estate.hosts = hosts_new();
    estate.transfers = transfers_new();
    put_places();
    put_host();
    put_storage_domain(&estate.storage, "data", STORAGE_PATH, STORAGE_USE_DATA, (gint64) 1 << 40);
    put_storage_domain(&estate.small, "small", "/nowhere/shikiri/small", STORAGE_USE_DATA, 1 << 20);
    put_storage_domain(&estate.unmanaged, "unmanaged", NULL, STORAGE_USE_UNMANAGED, 0);
    put_networks();
    estate.link = g_new0(HostLink, 1);
    host_link_init(estate.link, &estate_host_ops, &estate.host, "n1");
    g_atomic_int_set(&estate.link->lost, FALSE);
    hosts_add(estate.hosts, estate.link);
    put_adopted();
    make_vms();
}

void
estate_close(void)
{
    transfers_free(estate.transfers);
    hosts_free(estate.hosts);
    view_unref(estate.view);
    inventory_free(estate.inventory);
    g_free(estate.last_event);
    estate_host_close();
    memset(&estate, 0, sizeof(estate));
}

void
estate_set_machine(const char *key, const char *value)
{
    Host *host = estate_edit(&host_type, &estate.host);
    g_autofree char *line = g_strconcat(key, " ", NULL);
    g_auto(GStrv) lines = g_strsplit(host->machines, "\n", -1);
    GString *packed = g_string_new(NULL);
    for (guint i = 0; lines[i]; i++) {
        if (*lines[i] && !g_str_has_prefix(lines[i], line))
            g_string_append_printf(packed, "%s\n", lines[i]);
    }
    machines_add(packed, key, value);
    g_free(host->machines);
    host->machines = g_string_free(packed, FALSE);
    estate_put(host);
}
