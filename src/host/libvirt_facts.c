/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a host is: its processors, memory, cells, hardware, networks, what its QEMU can make, and whether its guests run on its
 * own CPU. Asked of libvirt; of this machine's files only what libvirt does not tell. The two documents that libvirt may start
 * every QEMU for are kept between two readings. Begin with libvirt_facts_read(). */
#include "host/libvirt_parts.h"

#include "host/libvirt_xml.h"
#include "host/local_facts.h"
#include "host/offers.h"
#include "model/machines.h"

#include <stdlib.h>
#include <string.h>

#define MOST_CPUS 8192
#define MOST_RESERVE ((gint64) 1 << 30)

typedef struct {
    LibvirtHost *host;
    virConnectPtr connection;
    xmlDoc *capabilities;
    xmlNode *arch;              /* of the guest kind that is the host's own; NULL */
    char *arch_name;            /* "x86_64" */
    char *type;                 /* "kvm" or "qemu" */
    Host *facts;
} Survey;

/* --- small readings ----------------------------------------------------------------------------------------------------------------- */

/* XML that libvirt gave, and that is freed here. */
static xmlDoc *
take_xml(char *text)
{
    xmlDoc *doc = libvirt_xml_parse(text);
    free(text);
    return doc;
}

static void
set_version(Version *version, unsigned long number)
{
    *version = (Version) { .major = (gint64) (number / 1000000), .minor = (gint64) (number / 1000 % 1000), .build = (gint64) (number % 1000) };
    version->full_version = g_strdup_printf("%lu.%lu.%lu", number / 1000000, number / 1000 % 1000, number % 1000);
}

/* "0-2,5" */
static void
add_range(Words *words, const char *range)
{
    g_auto(GStrv) parts = g_strsplit(range, ",", MOST_CPUS);
    for (guint i = 0; parts[i]; i++) {
        char *end;
        gint64 first = g_ascii_strtoll(parts[i], &end, 10);
        gint64 last = *end == '-' ? g_ascii_strtoll(end + 1, NULL, 10) : first;
        for (gint64 cpu = MAX(first, 0); cpu <= MIN(last, MOST_CPUS); cpu++) {
            char text[24];
            g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT, cpu);
            words_add(words, text);
        }
    }
}

/* --- processors and cells --------------------------------------------------------------------------------------------------------------- */

static void
read_cpu_unit(Survey *survey, xmlNode *cpu, gint64 cell)
{
    HostCpuUnit *unit = g_new0(HostCpuUnit, 1);
    g_autofree char *siblings = libvirt_xml_text(survey->capabilities, cpu, "@siblings");
    unit->cpu_id = libvirt_xml_int(survey->capabilities, cpu, "@id");
    unit->core_id = libvirt_xml_int(survey->capabilities, cpu, "@core_id");
    unit->socket_id = libvirt_xml_int(survey->capabilities, cpu, "@socket_id");
    unit->node_id = cell;
    if (siblings)
        add_range(&unit->siblings, siblings);
    list_add(&survey->facts->cpu_units, unit);
}

static void
read_cell(Survey *survey, xmlNode *cell)
{
    NumaNode *node = object_new(&numa_node_type);
    g_autoptr(GPtrArray) cpus = libvirt_xml_nodes(survey->capabilities, cell, "cpus/cpu");
    node->index = libvirt_xml_int(survey->capabilities, cell, "@id");
    node->memory = libvirt_xml_int(survey->capabilities, cell, "memory[@unit='KiB']") / 1024;
    g_autofree char *key = g_strdup_printf("numa:%" G_GINT64_FORMAT, node->index);
    node->object.id = id_named(&survey->facts->object.id, key);
    for (guint i = 0; i < MIN(cpus->len, MOST_CPUS); i++) {
        g_autofree char *id = libvirt_xml_text(survey->capabilities, cpus->pdata[i], "@id");
        words_add(&node->cores, id ? id : "");
        read_cpu_unit(survey, cpus->pdata[i], node->index);
    }
    list_add(&survey->facts->host_numa_nodes, node);
}

/* Sockets and cores are counted where libvirt names each CPU's; its own summary divides by cells, and hides what is uneven. */
static void
count_topology(Host *facts)
{
    g_autoptr(GHashTable) sockets = g_hash_table_new(g_int64_hash, g_int64_equal);
    g_autoptr(GHashTable) cores = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < facts->cpu_units.count; i++) {
        HostCpuUnit *unit = facts->cpu_units.items[i];
        g_autofree char *set = unit->siblings.count > 0 ? g_strdup(unit->siblings.items[0]) : NULL;     /* the first names its core */
        g_hash_table_add(sockets, &unit->socket_id);
        g_hash_table_add(cores, set ? g_steal_pointer(&set) : g_strdup_printf("cpu %" G_GINT64_FORMAT, unit->cpu_id));
    }
    gint64 n_sockets = MAX((gint64) g_hash_table_size(sockets), 1), n_cores = MAX((gint64) g_hash_table_size(cores), 1);
    facts->cpu.topology.sockets = n_sockets;
    facts->cpu.topology.cores = MAX(n_cores / n_sockets, 1);
    facts->cpu.topology.threads = MAX((gint64) facts->cpu_units.count / n_cores, 1);
}

/* libvirt sums up cells, whose figures may lag where memory comes and goes with a balloon: this machine's kernel knows better. */
static void
set_memory(Survey *survey, gint64 told)
{
    gint64 local = survey->host->place.local ? local_facts_memory("") : 0;
    gint64 memory = local > 0 ? local : told;
    survey->facts->memory = memory;
    survey->facts->max_scheduling_memory = memory - MIN(memory / 10, MOST_RESERVE);
}

static void
read_processors(Survey *survey)
{
    Host *facts = survey->facts;
    virNodeInfo info;
    g_autoptr(GPtrArray) cells = libvirt_xml_nodes(survey->capabilities, NULL, "host/topology/cells/cell");
    for (guint i = 0; i < cells->len; i++)
        read_cell(survey, cells->pdata[i]);
    facts->numa_supported = cells->len > 1;
    facts->cpu.architecture = names_find(&architecture_names, survey->arch_name);
    facts->cpu.name = libvirt_xml_text(survey->capabilities, NULL, "host/cpu/model");
    gboolean known = virNodeGetInfo(survey->connection, &info) == 0;
    if (known)
        facts->cpu.speed = info.mhz;
    set_memory(survey, known ? (gint64) info.memory * 1024 : 0);
    if (facts->cpu_units.count > 0)
        count_topology(facts);
    else if (known)
        facts->cpu.topology = (CpuTopology) { .sockets = (gint64) info.sockets * info.nodes, .cores = info.cores, .threads = info.threads };
}

/* --- hardware, versions ------------------------------------------------------------------------------------------------------------------ */

static void
read_hardware(Survey *survey)
{
    HardwareInformation *hardware = &survey->facts->hardware_information;
    g_autoptr(xmlDoc) doc = take_xml(virConnectGetSysinfo(survey->connection, 0));
    hardware->manufacturer = libvirt_xml_text(doc, NULL, "system/entry[@name='manufacturer']");
    hardware->product_name = libvirt_xml_text(doc, NULL, "system/entry[@name='product']");
    hardware->family = libvirt_xml_text(doc, NULL, "system/entry[@name='family']");
    hardware->serial_number = libvirt_xml_text(doc, NULL, "system/entry[@name='serial']");
    hardware->version = libvirt_xml_text(doc, NULL, "system/entry[@name='version']");
    hardware->uuid = libvirt_xml_text(survey->capabilities, NULL, "host/uuid");
}

static void
read_versions(Survey *survey)
{
    unsigned long number;
    if (virConnectGetVersion(survey->connection, &number) == 0)
        set_version(&survey->facts->version, number);
    if (virConnectGetLibVersion(survey->connection, &number) == 0)
        set_version(&survey->facts->libvirt_version, number);
}

/* "+64055:+64055" of the dac security model: who QEMU's processes are. */
static void
read_qemu_user(Survey *survey)
{
    g_autofree char *label = libvirt_xml_text(survey->capabilities, NULL, "host/secmodel[model='dac']/baselabel[@type='qemu' or @type='kvm']");
    char *end = NULL;
    guint user = label && label[0] == '+' ? (guint) g_ascii_strtoull(label + 1, &end, 10) : 0;
    guint group = end && g_str_has_prefix(end, ":+") ? (guint) g_ascii_strtoull(end + 2, NULL, 10) : 0;
    LOCK_HOLD(&survey->host->lock);
    survey->host->qemu_user = user;
    survey->host->qemu_group = group;
}

/* --- accelerator ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
names_virtualisation(xmlDoc *doc, const char *path)
{
    g_autoptr(GPtrArray) features = libvirt_xml_nodes(doc, NULL, path);
    for (guint i = 0; i < features->len; i++) {
        g_autofree char *name = libvirt_xml_text(doc, features->pdata[i], "@name");
        if (g_strcmp0(name, "vmx") == 0 || g_strcmp0(name, "svm") == 0)
            return TRUE;
    }
    return FALSE;
}

/* Features the model itself brings are not listed beside it until libvirt is asked to. */
static gboolean
model_has_virtualisation(Survey *survey)
{
    g_autoptr(GPtrArray) found = libvirt_xml_nodes(survey->capabilities, NULL, "host/cpu");
    if (found->len == 0)
        return FALSE;
    xmlBuffer *buffer = xmlBufferCreate();
    xmlNodeDump(buffer, survey->capabilities, found->pdata[0], 0, 0);
    const char *cpu = (const char *) xmlBufferContent(buffer);
    g_autoptr(xmlDoc) whole = take_xml(virConnectBaselineCPU(survey->connection, &cpu, 1, VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES));
    xmlBufferFree(buffer);
    return whole && names_virtualisation(whole, "feature[not(@policy='disable' or @policy='forbid')]");
}

static gboolean
is_x86(const Survey *survey)
{
    return g_strcmp0(survey->arch_name, "x86_64") == 0 || g_strcmp0(survey->arch_name, "i686") == 0;
}

/* A /dev/kvm that opens proves nothing: there are machines where it does and guests hang. */
static MessageCode
judge_kvm(Survey *survey)
{
    if (!survey->arch || !libvirt_xml_has(survey->capabilities, survey->arch, "domain[@type='kvm']"))
        return MSG_HOST_KVM_ABSENT;
    gboolean usable = !is_x86(survey) || names_virtualisation(survey->capabilities, "host/cpu/feature") || model_has_virtualisation(survey);
    return usable ? MSG_HOST_KVM : MSG_HOST_KVM_UNUSABLE;
}

static void
read_accelerator(Survey *survey)
{
    Accelerator *accelerator = &survey->facts->accelerator;
    MessageCode code = judge_kvm(survey);
    g_autoptr(Message) reason = message_new(code, NULL);
    survey->type = g_strdup(code == MSG_HOST_KVM ? "kvm" : "qemu");
    accelerator->type = g_strdup(survey->type);
    accelerator->reason = message_encode(reason);
    accelerator->text = message_text(reason, LANGUAGE_EN);
}

/* --- what its QEMU can make ------------------------------------------------------------------------------------------------------------------ */

static void
read_machines(Survey *survey)
{
    char **kept = &survey->host->offers;
    if (!*kept)
        *kept = libvirt_offers_read(survey->connection, survey->capabilities, survey->arch_name, survey->type);
    survey->facts->machines = g_strdup(*kept);
}

/* --- folders: logs of serial consoles, what VMs are given ------------------------------------------------------------------------------------------------------------------------ */

static void
read_folders(Survey *survey)
{
    const LibvirtHost *host = survey->host;
    GString *packed = g_string_new(survey->facts->machines);
    machines_add(packed, MACHINES_LOGS, host->place.local ? host->logs : NULL);
    machines_add(packed, MACHINES_SEEDS, host->place.local ? host->seeds : NULL);
    for (guint i = 0; host->place.local && host->shared && host->shared[i]; i++)
        machines_add(packed, MACHINES_SHARE, host->shared[i]);
    machines_add(packed, MACHINES_VIRTIOFS, host->place.local && local_facts_has_virtiofsd("") && machines_has(packed->str, "filesystem", SHARED_VIRTIOFS) ? "yes" : "no");
    machines_add(packed, MACHINES_LOGS_BOUNDED, host->place.local && local_facts_bounds_logs("") ? "yes" : "no");
    g_free(survey->facts->machines);
    survey->facts->machines = g_string_free(packed, FALSE);
    offers_tell(survey->facts);
}

/* --- networks ------------------------------------------------------------------------------------------------------------------------------------ */

static int
compare_networks(gconstpointer a, gconstpointer b)
{
    const char *one = virNetworkGetName(*(virNetworkPtr *) a), *other = virNetworkGetName(*(virNetworkPtr *) b);
    int first = strcmp(other, "default") == 0, second = strcmp(one, "default") == 0;
    return first != second ? first - second : strcmp(one, other);
}

/* The bridge that libvirt made for NETWORK, into OWN. One that uses a bridge of the host made none. */
static void
note_bridge(virNetworkPtr network, GHashTable *own)
{
    g_autoptr(xmlDoc) doc = take_xml(virNetworkGetXMLDesc(network, 0));
    char *bridge = libvirt_xml_text(doc, NULL, "bridge/@name");
    if (bridge && !libvirt_xml_has(doc, NULL, "forward[@mode='bridge']"))
        g_hash_table_add(own, bridge);
    else
        g_free(bridge);
}

static void
add_source(Survey *survey, GString *packed, const char *kind, const char *name)
{
    g_autofree char *source = g_strconcat(kind, ":", name, NULL);
    words_add(&survey->facts->sources, source);
    machines_add(packed, kind, name);
}

static void
read_networks(Survey *survey)
{
    g_autoptr(GHashTable) own = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) bridges = survey->host->place.local ? local_facts_bridges("") : g_ptr_array_new();
    GString *packed = g_string_new(survey->facts->machines);
    virNetworkPtr *networks = NULL;
    int count = virConnectListAllNetworks(survey->connection, &networks, VIR_CONNECT_LIST_NETWORKS_ACTIVE);
    if (count > 1)
        qsort(networks, (gsize) count, sizeof(*networks), compare_networks);
    for (int i = 0; i < count; i++) {
        add_source(survey, packed, "network", virNetworkGetName(networks[i]));
        note_bridge(networks[i], own);
        virNetworkFree(networks[i]);
    }
    free(networks);
    for (guint i = 0; i < bridges->len; i++) {
        if (!g_hash_table_contains(own, bridges->pdata[i]))
            add_source(survey, packed, "bridge", bridges->pdata[i]);
    }
    g_free(survey->facts->machines);
    survey->facts->machines = g_string_free(packed, FALSE);
}

/* --- devices --------------------------------------------------------------------------------------------------------------------------------------- */

static void
read_devices(Survey *survey)
{
    Host *facts = survey->facts;
    libvirt_nodes_read(survey->host, survey->connection, &facts->devices);      /* a host whose libvirt knows none has none to give */
    for (guint i = 0; i < facts->devices.count; i++)
        facts->device_passthrough.enabled |= ((const HostDevice *) facts->devices.items[i])->iommu_group != NULL;
}

/* --- all ------------------------------------------------------------------------------------------------------------------------------------------ */

static void
find_arch(Survey *survey)
{
    survey->arch_name = libvirt_xml_text(survey->capabilities, NULL, "host/cpu/arch");
    if (!survey->arch_name || strspn(survey->arch_name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(survey->arch_name))
        return;
    g_autofree char *path = g_strdup_printf("guest[os_type='hvm']/arch[@name='%s']", survey->arch_name);
    g_autoptr(GPtrArray) found = libvirt_xml_nodes(survey->capabilities, NULL, path);
    survey->arch = found->len > 0 ? found->pdata[0] : NULL;
}

static void
take_survey(Survey *survey)
{
    find_arch(survey);
    read_processors(survey);
    read_versions(survey);
    read_hardware(survey);
    read_qemu_user(survey);
    read_accelerator(survey);
    read_machines(survey);
    read_folders(survey);
    read_networks(survey);
    read_devices(survey);
    if (survey->host->place.local)
        local_facts_read("", survey->facts);
}

/* What libvirt allocates is freed by free(), which is what g_free() is. */
static gboolean
fetch_capabilities(LibvirtHost *host, virConnectPtr connection, GError **error)
{
    char *text = virConnectGetCapabilities(connection);
    if (!text)
        return libvirt_error_set(error, host, "tell what it can", NULL);
    g_free(host->capabilities);
    host->capabilities = text;
    g_clear_pointer(&host->offers, g_free);
    host->capabilities_of = host->generation;
    return TRUE;
}

Host *
libvirt_facts_read(LibvirtHost *host, virConnectPtr connection, gboolean fresh, GError **error)
{
    if ((fresh || !host->capabilities) && !fetch_capabilities(host, connection, error))
        return NULL;
    g_autoptr(xmlDoc) capabilities = libvirt_xml_parse(host->capabilities);
    if (!capabilities) {
        fault_set(error, MSG_HOST_FACTS_UNREADABLE, "host", host->link.name, NULL);
        return NULL;
    }
    Survey survey = { .host = host, .connection = connection, .capabilities = capabilities, .facts = object_new(&host_type) };
    survey.facts->object.id = host->link.id;
    take_survey(&survey);
    g_free(survey.arch_name);
    g_free(survey.type);
    return survey.facts;
}
