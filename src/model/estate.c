/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first start: what every estate has. Each object has an id of its own for ever, so that staging twice is staging once. Called
 * by job/recover.c through engine_start; makes nothing itself. */
#include "model/estate.h"

#include "model/levels.h"
#include "model/people.h"
#include "model/places.h"
#include "model/policies.h"
#include "model/record.h"
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
point(Ref *ref, const char *known)
{
    if (id_is_null(&ref->id) && !id_parse(known, ID_UUID, &ref->id))
        g_error("'%s' is no id", known);
}

/* An older program's data center has no MAC pool, for there was none. */
static void
stage_data_center(Changes *changes)
{
    Id id = named("data center Default");
    DataCenter *data_center = add(changes, &data_center_type, "data center Default");
    if (data_center) {
        data_center->name = g_strdup("Default");
        data_center->description = g_strdup("The default data center");
        data_center->status = g_strdup("up");
        data_center->quota_mode = g_strdup("disabled");
        data_center->storage_format = g_strdup("v5");
        data_center->version = (Version) { .major = LEVELS_NEWEST_MAJOR, .minor = LEVELS_NEWEST_MINOR };
    }
    data_center = changes_edit(changes, &data_center_type, &id);
    point(&data_center->mac_pool, POLICIES_MAC_POOL);
    if (data_center->supported_versions.count)
        return;
    Version *version = list_add(&data_center->supported_versions, g_new0(Version, 1));
    version->major = LEVELS_NEWEST_MAJOR;
    version->minor = LEVELS_NEWEST_MINOR;
}

static void
stage_cluster(Changes *changes)
{
    Id id = named("cluster Default");
    Cluster *cluster = add(changes, &cluster_type, "cluster Default");
    if (cluster) {
        cluster->name = g_strdup("Default");
        cluster->description = g_strdup("The default cluster");
        cluster->data_center.id = named("data center Default");
        cluster->version = (Version) { .major = LEVELS_NEWEST_MAJOR, .minor = LEVELS_NEWEST_MINOR };
        cluster->memory_policy.over_commit.percent = 100;
        cluster->switch_type = g_strdup("legacy");
        cluster->firewall_type = g_strdup("firewalld");
        cluster->bios_type = g_strdup("q35_sea_bios");
        cluster->on_error = g_strdup("migrate");
        cluster->virt_service = TRUE;
    }
    cluster = changes_edit(changes, &cluster_type, &id);
    point(&cluster->scheduling_policy, POLICIES_DEFAULT);
    point(&cluster->mac_pool, POLICIES_MAC_POOL);
    if (id_is_null(&cluster->management_network.id))
        cluster->management_network.id = named("network ovirtmgmt");
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

static void
stage_unmanaged(Changes *changes)
{
    StorageDomain *domain = add(changes, &storage_domain_type, "unmanaged storage domain");
    if (!domain)
        return;
    domain->name = g_strdup("unmanaged");
    domain->description = g_strdup("Files of virtual machines that were there before, or made outside the manager. Never deleted.");
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

static User *
add_admin(Changes *changes)
{
    User *user = add(changes, &user_type, "user admin@internal");
    user->name = g_strdup("admin");
    user->user_name = g_strdup("admin@internal-authz");
    user->principal = g_strdup("admin");
    user->namespace_ = g_strdup("*");
    user->domain_name = g_strdup(PEOPLE_DOMAIN_INTERNAL);
    return user;
}

/* An older program's administrator has neither domain nor entry in it. */
static void
stage_admin(Changes *changes, const EstateWishes *wishes)
{
    Id id = named("user admin@internal");
    char text[ID_TEXT_SIZE];
    User *user = changes_edit(changes, &user_type, &id);
    if (!user)
        user = add_admin(changes);
    user->domain.id = id_word(PEOPLE_DOMAIN_INTERNAL);
    if (!user->domain_entry_id)
        user->domain_entry_id = g_strdup(id_format(&wishes->installation, ID_UUID, text));
    if (wishes->admin_hash && (!user->password || user->password_time != wishes->admin_when))
        set_password(user, wishes);
    Permission *permission = add(changes, &permission_type, "permission admin@internal");
    if (!permission)
        return;
    permission->user.id = id;
    point(&permission->role, PEOPLE_ROLE_SUPER_USER);
}

void
estate_stage(Changes *changes, const EstateWishes *wishes)
{
    Id admin = named("user admin@internal");
    gboolean is_new = !changes_find(changes, &user_type, &admin);    /* later people may have removed what is theirs to remove */
    stage_data_center(changes);
    stage_cluster(changes);
    for (guint i = 0; i < wishes->n_hosts; i++)
        stage_host(changes, &wishes->hosts[i]);
    if (is_new)
        stage_storage(changes, wishes);
    stage_unmanaged(changes);
    stage_network(changes);
    stage_admin(changes, wishes);
}

/* The directory of the manager's own users is made with the installation: the entry of its first user is nobody else's. */
Id
estate_installation(const View *view)
{
    Id id = named("user admin@internal"), installation = id_null;
    const User *user = view_find(view, &user_type, &id);
    if (user && user->domain_entry_id)
        id_parse(user->domain_entry_id, ID_UUID, &installation);
    return installation;
}
