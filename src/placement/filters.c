/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Why a host cannot take a VM, one function a reason, and how to say that none can. To add a condition write its two
 * functions and a row. */
#include "placement/filters.h"

#include "model/machines.h"
#include "model/storage.h"

/* --- words -------------------------------------------------------------------------------------------------------------------------- */

static const char *
cluster_name(const Ask *ask)
{
    const Cluster *cluster = view_find(ask->view, &cluster_type, &ask->vm->cluster.id);
    return cluster && cluster->name ? cluster->name : "?";
}

static const char *
home_name(const Ask *ask)
{
    const Host *home = view_find(ask->view, &host_type, &ask->vm->home.id);
    return home && home->name ? home->name : "?";
}

/* What a host that is not up is, so that "Host 'n1' is …" reads well. */
static const char *
status_words(const Host *host)
{
    static const char *const words[] = {
        [HOST_NONE_] = "not connected yet", [HOST_UP] = "up",
        [HOST_MAINTENANCE] = "in maintenance", [HOST_NON_RESPONSIVE] = "not responding",
        [HOST_CONNECTING] = "being connected", [HOST_UNASSIGNED] = "not connected yet",
        [HOST_ERROR] = "in error", [HOST_DOWN] = "down",
        [HOST_INITIALIZING] = "being set up",
    };
    return host->status >= 0 && (guint) host->status < G_N_ELEMENTS(words) ? words[host->status] : "not known";
}

static char *
number(gint64 value)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, value);
}

static const Load *
load_of(const Ask *ask, const Host *host)
{
    return g_hash_table_lookup(ask->loads, &host->object.id);
}

gboolean
filters_has_home(const Ask *ask)
{
    return ask->purpose == PLACEMENT_START && !id_is_null(&ask->vm->home.id);
}

/* --- home -------------------------------------------------------------------------------------------------------------------------- */

static Message *
refuse_not_home(const Ask *ask, const Host *host)
{
    if (!filters_has_home(ask) || id_equal(&ask->vm->home.id, &host->object.id))
        return NULL;
    return message_new(MSG_PLACEMENT_NOT_HOME, "vm", ask->vm->name, "home", home_name(ask), "host", host->name, NULL);
}

static Message *
tell_home_gone(const Ask *ask, const Host *closest)
{
    return message_new(MSG_PLACEMENT_START_HOME_GONE, "vm", ask->vm->name, NULL);
}

/* --- cluster ----------------------------------------------------------------------------------------------------------------------- */

static Message *
refuse_cluster(const Ask *ask, const Host *host)
{
    if (filters_has_home(ask) || id_equal(&ask->vm->cluster.id, &host->cluster.id))
        return NULL;
    return message_new(MSG_PLACEMENT_OTHER_CLUSTER, "host", host->name, "cluster", cluster_name(ask), NULL);
}

static Message *
tell_no_host(const Ask *ask, const Host *closest)
{
    MessageCode code = ask->purpose == PLACEMENT_ADD ? MSG_PLACEMENT_ADD_NO_HOST : MSG_PLACEMENT_START_NO_HOST;
    return message_new(code, "vm", ask->vm->name, "cluster", cluster_name(ask), NULL);
}

Message *
filters_tell_empty(const Ask *ask)
{
    return filters_has_home(ask) ? tell_home_gone(ask, NULL) : tell_no_host(ask, NULL);
}

/* --- status ------------------------------------------------------------------------------------------------------------------------ */

static Message *
refuse_not_up(const Ask *ask, const Host *host)
{
    return host->status == HOST_UP ? NULL : message_new(MSG_PLACEMENT_NOT_UP, "host", host->name, "status", status_words(host), NULL);
}

static Message *
tell_not_up(const Ask *ask, const Host *closest)
{
    const char *status = status_words(closest);
    if (filters_has_home(ask))
        return message_new(MSG_PLACEMENT_START_HOME_NOT_UP, "vm", ask->vm->name, "host", closest->name, "status", status, NULL);
    MessageCode code = ask->purpose == PLACEMENT_ADD ? MSG_PLACEMENT_ADD_NOT_UP : MSG_PLACEMENT_START_NOT_UP;
    return message_new(code, "vm", ask->vm->name, "cluster", cluster_name(ask), "host", closest->name, "status", status, NULL);
}

/* --- architecture -------------------------------------------------------------------------------------------------------------------- */

static Message *
refuse_architecture(const Ask *ask, const Host *host)
{
    int needed = ask->vm->cpu.architecture, has = host->cpu.architecture;
    const char *name = names_get(&architecture_names, needed);
    if (!needed || needed == ARCHITECTURE_UNDEFINED || !has || needed == has || machines_has(host->machines, "guest", name))
        return NULL;
    return message_new(MSG_PLACEMENT_ARCHITECTURE, "host", host->name, "architecture", names_get(&architecture_names, has), "vm", ask->vm->name,
                       "needed", names_get(&architecture_names, needed), NULL);
}

static Message *
tell_architecture(const Ask *ask, const Host *closest)
{
    MessageCode code = ask->purpose == PLACEMENT_ADD ? MSG_PLACEMENT_ADD_ARCHITECTURE : MSG_PLACEMENT_START_ARCHITECTURE;
    return message_new(code, "vm", ask->vm->name, "cluster", cluster_name(ask), "needed", names_get(&architecture_names, ask->vm->cpu.architecture),
                       "host", closest->name, "architecture", names_get(&architecture_names, closest->cpu.architecture), NULL);
}

/* --- firmware ------------------------------------------------------------------------------------------------------------------------ */

static const char *
architecture_of(const Vm *vm)
{
    int said = vm->cpu.architecture;
    return said && said != ARCHITECTURE_UNDEFINED ? names_get(&architecture_names, said) : NULL;
}

/* What its machine would be started with, in the words of a host's facts; NULL: what every QEMU has, or a kernel of its own. */
static const char *
firmware_of(const Vm *vm)
{
    if (vm->cpu.architecture == ARCHITECTURE_AARCH64)
        return vm->os.kernel && *vm->os.kernel ? NULL : "efi";
    return vm->bios.type == BIOS_Q35_OVMF ? "efi" : vm->bios.type == BIOS_Q35_SECURE_BOOT ? "secure-boot" : NULL;
}

static const char *
firmware_words(const Vm *vm)
{
    return vm->cpu.architecture == ARCHITECTURE_AARCH64 ? "aarch64" : names_get(&bios_type_names, vm->bios.type);
}

/* Somebody else's domain may name a firmware file or a TPM of its own: libvirt is asked by starting it. */
static gboolean
brings_its_own(const Ask *ask)
{
    return filters_has_home(ask) && (ask->vm->adopted || g_strcmp0(ask->vm->origin, "external") == 0);
}

/* A host that has not said what it has may have it. */
static gboolean
lacks_firmware(const Vm *vm, const Host *host)
{
    g_autofree char *key = machines_key(host->machines, architecture_of(vm), "firmware");
    const char *needed = firmware_of(vm);
    return needed && host->machines && *host->machines && !machines_has(host->machines, key, needed);
}

static char *
firmware_present(const Host *host)
{
    GString *names = g_string_new(NULL);
    for (guint i = 0; i < host->bios_types.count; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", host->bios_types.items[i]);
    return g_string_free(names, FALSE);
}

static Message *
refuse_firmware(const Ask *ask, const Host *host)
{
    g_autofree char *present = firmware_present(host);
    if (brings_its_own(ask) || !lacks_firmware(ask->vm, host))
        return NULL;
    return message_new(MSG_PLACEMENT_FIRMWARE, "host", host->name, "firmware", firmware_words(ask->vm), "vm", ask->vm->name, "present", present, NULL);
}

static Message *
tell_firmware(const Ask *ask, const Host *closest)
{
    g_autofree char *present = firmware_present(closest);
    const char *firmware = firmware_words(ask->vm);
    if (filters_has_home(ask))
        return message_new(MSG_PLACEMENT_HOME_FIRMWARE, "vm", ask->vm->name, "host", closest->name, "firmware", firmware, "present", present, NULL);
    MessageCode code = ask->purpose == PLACEMENT_ADD ? MSG_PLACEMENT_ADD_FIRMWARE : MSG_PLACEMENT_START_FIRMWARE;
    return message_new(code, "vm", ask->vm->name, "cluster", cluster_name(ask), "firmware", firmware, "host", closest->name, "present", present, NULL);
}

/* --- TPM ------------------------------------------------------------------------------------------------------------------------------ */

static gboolean
lacks_tpm(const Vm *vm, const Host *host)
{
    g_autofree char *key = machines_key(host->machines, architecture_of(vm), "tpm");
    return vm->tpm_enabled && machines_has(host->machines, key, "no");
}

static Message *
refuse_tpm(const Ask *ask, const Host *host)
{
    if (brings_its_own(ask) || !lacks_tpm(ask->vm, host))
        return NULL;
    return message_new(MSG_PLACEMENT_TPM, "host", host->name, "vm", ask->vm->name, NULL);
}

static Message *
tell_tpm(const Ask *ask, const Host *closest)
{
    if (filters_has_home(ask))
        return message_new(MSG_PLACEMENT_HOME_TPM, "vm", ask->vm->name, "host", closest->name, NULL);
    MessageCode code = ask->purpose == PLACEMENT_ADD ? MSG_PLACEMENT_ADD_TPM : MSG_PLACEMENT_START_TPM;
    return message_new(code, "vm", ask->vm->name, "cluster", cluster_name(ask), "host", closest->name, NULL);
}

Message *
filters_refuse_make(const Host *host, const Vm *vm)
{
    const Ask ask = { .vm = vm, .purpose = PLACEMENT_ADD };
    Message *why = refuse_architecture(&ask, host);
    why = why ? why : refuse_firmware(&ask, host);
    return why ? why : refuse_tpm(&ask, host);
}

/* --- disks ------------------------------------------------------------------------------------------------------------------------- */

/* The first storage domain of DISK that lies on another host; NULL. */
static const StorageDomain *
out_of_reach(const Ask *ask, const Disk *disk, const Host *host)
{
    for (guint i = 0; i < disk->storage_domains.count; i++) {
        const StorageDomainRef *in = disk->storage_domains.items[i];
        const StorageDomain *storage = view_find(ask->view, &storage_domain_type, &in->storage_domain.id);
        if (storage && !id_is_null(&storage->host.id) && !id_equal(&storage->host.id, &host->object.id))
            return storage;
    }
    return NULL;
}

static const StorageDomain *
find_unreached(const Ask *ask, const Host *host, const Disk **ret_disk)
{
    const List *attachments = &ask->vm->disk_attachments;
    for (guint i = 0; i < attachments->count; i++) {
        const DiskAttachment *attachment = attachments->items[i];
        const Disk *disk = view_find(ask->view, &disk_type, &attachment->object.id);
        const StorageDomain *storage = disk && attachment->active ? out_of_reach(ask, disk, host) : NULL;
        if (storage) {
            *ret_disk = disk;
            return storage;
        }
    }
    return NULL;
}

static Message *
refuse_disk(const Ask *ask, const Host *host)
{
    const Disk *disk = NULL;
    const StorageDomain *storage = find_unreached(ask, host, &disk);
    return storage ? message_new(MSG_PLACEMENT_DISK, "disk", disk->alias, "storage", storage->name, "host", host->name, NULL) : NULL;
}

static Message *
tell_disk(const Ask *ask, const Host *closest)
{
    const Disk *disk = NULL;
    const StorageDomain *storage = find_unreached(ask, closest, &disk);
    MessageCode code = ask->purpose == PLACEMENT_ADD ? MSG_PLACEMENT_ADD_DISK : MSG_PLACEMENT_START_DISK;
    return message_new(code, "vm", ask->vm->name, "cluster", cluster_name(ask), "host", closest->name, "storage", storage->name, "disk", disk->alias, NULL);
}

/* --- processors --------------------------------------------------------------------------------------------------------------------- */

static gint64
nearness_cpus(const Ask *ask, const Host *host)
{
    return capacity_cpus(host);
}

static Message *
refuse_cpus(const Ask *ask, const Host *host)
{
    gint64 has = capacity_cpus(host), needs = vm_cpus(ask->vm);
    g_autofree char *cpus = number(has), *needed = number(needs);
    if (has == 0 || needs <= has)
        return NULL;
    return message_new(MSG_PLACEMENT_CPUS, "host", host->name, "cpus", cpus, "vm", ask->vm->name, "needed", needed, NULL);
}

static Message *
tell_cpus(const Ask *ask, const Host *closest)
{
    g_autofree char *cpus = number(capacity_cpus(closest)), *needed = number(vm_cpus(ask->vm));
    if (filters_has_home(ask))
        return message_new(MSG_PLACEMENT_HOME_CPUS, "vm", ask->vm->name, "host", closest->name, "cpus", cpus, "needed", needed, NULL);
    MessageCode code = ask->purpose == PLACEMENT_ADD ? MSG_PLACEMENT_ADD_CPUS : MSG_PLACEMENT_START_CPUS;
    return message_new(code, "vm", ask->vm->name, "cluster", cluster_name(ask), "needed", needed, "host", closest->name, "cpus", cpus, NULL);
}

/* --- memory ------------------------------------------------------------------------------------------------------------------------ */

static gint64
nearness_memory(const Ask *ask, const Host *host)
{
    return capacity_free(host, load_of(ask, host));
}

static Message *
refuse_memory(const Ask *ask, const Host *host)
{
    gint64 has = nearness_memory(ask, host), needs = capacity_needed(ask->vm);
    g_autofree char *available = NULL, *needed = NULL;
    if (needs <= has)
        return NULL;
    capacity_tell(has, needs, &available, &needed);
    return message_new(MSG_PLACEMENT_MEMORY, "host", host->name, "free", available, "vm", ask->vm->name, "needed", needed, NULL);
}

static Message *
tell_memory(const Ask *ask, const Host *closest)
{
    g_autofree char *available = NULL, *needed = NULL;
    capacity_tell(nearness_memory(ask, closest), capacity_needed(ask->vm), &available, &needed);
    if (filters_has_home(ask))
        return message_new(MSG_PLACEMENT_HOME_MEMORY, "vm", ask->vm->name, "host", closest->name, "free", available, "needed", needed, NULL);
    return message_new(MSG_PLACEMENT_START_MEMORY, "vm", ask->vm->name, "cluster", cluster_name(ask), "needed", needed, "host", closest->name,
                       "free", available, NULL);
}

/* --- the table --------------------------------------------------------------------------------------------------------------------- */

/* clang-format off */
const Filter filters[] = {
    { TRUE,  refuse_not_home,     NULL,            tell_home_gone },
    { TRUE,  refuse_cluster,      NULL,            tell_no_host },
    { TRUE,  refuse_not_up,       NULL,            tell_not_up },
    { TRUE,  refuse_architecture, NULL,            tell_architecture },
    { TRUE,  refuse_firmware,     NULL,            tell_firmware },
    { TRUE,  refuse_tpm,          NULL,            tell_tpm },
    { TRUE,  refuse_disk,         NULL,            tell_disk },
    { TRUE,  refuse_cpus,         nearness_cpus,   tell_cpus },
    { FALSE, refuse_memory,       nearness_memory, tell_memory },
};
/* clang-format on */
const guint n_filters = G_N_ELEMENTS(filters);
