/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first start: what every estate has. Each object has an id of its own for ever, so that staging twice is staging once and
 * clients that know an id by heart (template Blank) find it. Called by job/recover.c through engine_start; makes nothing itself. */
#include "model/estate.h"

#include "model/places.h"
#include "model/record.h"
#include "model/smalls.h"
#include "model/storage.h"

static Id
named(const char *name)
{
    return id_named(&id_null, name);
}

static gpointer
add(Changes *changes, const Type *type, const char *id_name)
{
    Id id = named(id_name);
    if (changes_find(changes, type, &id))
        return NULL;
    Object *object = object_new(type);
    object->id = id;
    return changes_add(changes, object);
}

static void
stage_places(Changes *changes)
{
    DataCenter *data_center = add(changes, &data_center_type, "data center Default");
    if (data_center) {
        data_center->name = g_strdup("Default");
        data_center->description = g_strdup("The default data center");
        data_center->status = g_strdup("up");
        data_center->quota_mode = g_strdup("disabled");
        data_center->storage_format = g_strdup("v5");
        data_center->version = (Version) { .major = 4, .minor = 7 };
    }
    Cluster *cluster = add(changes, &cluster_type, "cluster Default");
    if (!cluster)
        return;
    cluster->name = g_strdup("Default");
    cluster->description = g_strdup("The default cluster");
    cluster->data_center.id = named("data center Default");
    cluster->version = (Version) { .major = 4, .minor = 7 };
    cluster->memory_policy.over_commit.percent = 100;
    cluster->switch_type = g_strdup("legacy");
    cluster->firewall_type = g_strdup("firewalld");
    cluster->bios_type = g_strdup("q35_sea_bios");
    cluster->on_error = g_strdup("migrate");
    cluster->virt_service = TRUE;
}

static void
stage_host(Changes *changes, const EstateHost *wish)
{
    g_autofree char *id_name = g_strconcat("host ", wish->name, NULL);
    Host *host = add(changes, &host_type, id_name);
    Id id = named(id_name);
    if (!host) {
        const Host *now = changes_find(changes, &host_type, &id);
        if (g_strcmp0(now->uri, wish->uri) != 0) {
            host = changes_edit(changes, &host_type, &id);
            text_set(&host->uri, wish->uri);
        }
        return;
    }
    host->name = g_strdup(wish->name);
    host->address = g_strdup(wish->name);
    host->uri = g_strdup(wish->uri);
    host->status = HOST_CONNECTING;
    host->type = g_strdup("ol");
    host->cluster.id = named("cluster Default");
}

static void
stage_storage(Changes *changes, const EstateWishes *wishes)
{
    StorageDomain *domain = add(changes, &storage_domain_type, "storage domain data");
    if (!domain)
        return;
    g_autofree char *host = wishes->n_hosts == 1 ? g_strconcat("host ", wishes->hosts[0].name, NULL) : NULL;
    domain->name = g_strdup("data");
    domain->description = g_strdup("Disks of this machine's VMs");
    domain->type = STORAGE_USE_DATA;
    domain->status = STORAGE_UNKNOWN;
    domain->storage.type = g_strdup("localfs");
    domain->storage.path = g_strdup(wishes->storage_path);
    domain->master = TRUE;
    domain->storage_format = g_strdup("v5");
    domain->warning_low_space_indicator = 10;
    domain->critical_space_action_blocker = 5;
    domain->data_center.id = named("data center Default");
    if (host)
        domain->host.id = named(host);
}

/* What it is on the host is chosen when the first host says what it has (job/reconcile_host.c). */
static void
stage_network(Changes *changes)
{
    Network *network = add(changes, &network_type, "network ovirtmgmt");
    if (network) {
        network->name = g_strdup("ovirtmgmt");
        network->description = g_strdup("Management network");
        network->vdsm_name = g_strdup("ovirtmgmt");
        network->status = g_strdup("operational");
        network->required = network->display = TRUE;
        words_add(&network->usages, "management");
        words_add(&network->usages, "vm");
        network->data_center.id = named("data center Default");
        network->cluster.id = named("cluster Default");
    }
    VnicProfile *profile = add(changes, &vnic_profile_type, "vnic profile ovirtmgmt");
    if (!profile)
        return;
    profile->name = g_strdup("ovirtmgmt");
    profile->network.id = named("network ovirtmgmt");
    profile->migratable = TRUE;
}

/* Everybody knows it by its id of zeros. */
static void
stage_blank(Changes *changes)
{
    if (changes_find(changes, &template_type, &id_null))
        return;
    Belonging *blank = object_new(&template_type);
    blank->name = g_strdup("Blank");
    blank->description = g_strdup("Blank template");
    changes_add(changes, blank);
}

static void
stage_unmanaged(Changes *changes)
{
    StorageDomain *domain = add(changes, &storage_domain_type, "unmanaged storage domain");
    if (!domain)
        return;
    domain->name = g_strdup("unmanaged");
    domain->description = g_strdup("Files of virtual machines that were there before, or made beside the manager. Never deleted.");
    domain->type = STORAGE_USE_UNMANAGED;
    domain->status = STORAGE_ACTIVE;
}

static void
set_password(User *user, const EstateWishes *wishes)
{
    char *hash = wishes->admin_hash ? wishes->admin_hash(wishes->data) : NULL;
    if (!hash)
        return;
    g_free(user->password);
    user->password = hash;
    user->password_time = wishes->admin_when;
}

static void
stage_admin(Changes *changes, const EstateWishes *wishes)
{
    Id id = named("user admin@internal");
    const User *now = changes_find(changes, &user_type, &id);
    if (now && (!wishes->admin_hash || (now->password && now->password_time == wishes->admin_when)))
        return;
    if (now) {
        set_password(changes_edit(changes, &user_type, &id), wishes);
        return;
    }
    User *user = add(changes, &user_type, "user admin@internal");
    user->name = g_strdup("admin");
    user->user_name = g_strdup("admin@internal-authz");
    user->principal = g_strdup("admin");
    user->namespace_ = g_strdup("*");
    user->domain_name = g_strdup("internal-authz");
    set_password(user, wishes);
}

void
estate_stage(Changes *changes, const EstateWishes *wishes)
{
    stage_places(changes);
    for (guint i = 0; i < wishes->n_hosts; i++)
        stage_host(changes, &wishes->hosts[i]);
    stage_storage(changes, wishes);
    stage_unmanaged(changes);
    stage_network(changes);
    stage_blank(changes);
    stage_admin(changes, wishes);
}
