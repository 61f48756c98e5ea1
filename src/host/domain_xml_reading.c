/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A domain XML as a Vm: name, memory, processors, firmware, what it boots from; the groups (domain_xml_group.h) read the rest. What
 * libvirt has no element for comes from our mark if the domain carries it. */
#include "host/domain_xml_reading.h"

#include "host/domain_xml_boot.h"
#include "host/domain_xml_group.h"
#include "host/domain_xml_mark.h"

#include <string.h>

#define MOST_CPUS 4096

/* --- small questions -------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    gint64 bytes;
} units[] = {
    { "b", 1 }, { "byte", 1 }, { "bytes", 1 },
    { "KB", 1000 }, { "k", 1 << 10 }, { "KiB", 1 << 10 },
    { "MB", 1000000 }, { "M", 1 << 20 }, { "MiB", 1 << 20 },
    { "GB", 1000000000 }, { "G", 1 << 30 }, { "GiB", 1 << 30 },
    { "TB", 1000000000000 }, { "T", 1ll << 40 }, { "TiB", 1ll << 40 },
    { "PB", 1000000000000000 }, { "P", 1ll << 50 }, { "PiB", 1ll << 50 },
};

static gboolean
scale(const ScanDoc *doc, const ScanNode *node, gint64 value, gint64 *ret_bytes)
{
    gint64 factor = 0;
    g_autofree char *unit = scan_get(doc, node, "unit");
    for (guint i = 0; i < G_N_ELEMENTS(units); i++) {
        if (g_ascii_strcasecmp(units[i].name, unit ? unit : "KiB") == 0)
            factor = units[i].bytes;
    }
    if (factor == 0 || value > G_MAXINT64 / factor)
        return FALSE;
    *ret_bytes = value * factor;
    return TRUE;
}

gboolean
reading_bytes(const ScanDoc *doc, const ScanNode *node, gint64 *ret_bytes)
{
    gint64 value;
    return node && scan_number(doc, node, &value) && scale(doc, node, value, ret_bytes);
}

gboolean
reading_size(const ScanDoc *doc, const ScanNode *node, const char *attribute, gint64 *ret_bytes)
{
    gint64 value;
    return scan_get_number(doc, node, attribute, &value) && scale(doc, node, value, ret_bytes);
}

gboolean
reading_is_i440fx(const char *machine)
{
    return machine && (g_str_equal(machine, "pc") || g_str_has_prefix(machine, "pc-i440fx") || g_str_has_prefix(machine, "pc-0.") ||
                       g_str_has_prefix(machine, "pc-1.") || g_str_has_prefix(machine, "rhel6.") ||
                       (g_str_has_prefix(machine, "pc-") && strstr(machine, "i440fx")));
}

static gboolean
is_q35(const char *machine)
{
    return machine && strstr(machine, "q35") != NULL;
}

gboolean
reading_is_x86(const Reading *reading)
{
    return reading->vm->cpu.architecture == ARCHITECTURE_X86_64;
}

const Device *
reading_find(const Reading *reading, DeviceKind kind, const Id *id)
{
    for (guint i = 0; i < reading->device->len; i++) {
        const Device *device = &g_array_index(reading->device, Device, i);
        if (device->kind == kind && id_equal(&device->id, id))
            return device;
    }
    return NULL;
}

gint64
reading_number(const Reading *reading, const char *path)
{
    gint64 value;
    return scan_number(reading->doc, scan_path(reading->doc, reading->doc->root, path), &value) ? value : 0;
}

static char *
text_at(const Reading *reading, const ScanNode *node, const char *path)
{
    char *text = scan_text(reading->doc, scan_path(reading->doc, node, path));
    if (text && !*text)
        g_clear_pointer(&text, g_free);
    return text;
}

/* --- memory and processors ------------------------------------------------------------------------------------------------------ */

static void
read_memory(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    Vm *vm = reading->vm;
    reading_bytes(doc, scan_child(doc, doc->root, "memory"), &vm->memory);
    if (!reading->ours) {
        vm->memory_policy.guaranteed = vm->memory_policy.max = vm->memory;
        reading_bytes(doc, scan_child(doc, doc->root, "currentMemory"), &vm->memory_policy.guaranteed);
        vm->memory_policy.ballooning = !scan_has(doc, scan_child(doc, reading->devices, "memballoon"), "model", "none");
    }
    if (!reading->ours || vm->memory_policy.max == 0)       /* ours may be wished more than there can be room for */
        reading_bytes(doc, scan_child(doc, doc->root, "maxMemory"), &vm->memory_policy.max);
}

static gint64
part(const ScanDoc *doc, const ScanNode *node, const char *name)
{
    gint64 value = 1;
    return scan_get_number(doc, node, name, &value) ? CLAMP(value, 1, MOST_CPUS) : 1;
}

/* Present processors only: more in <vcpu> than `current` is room for hotplug. What does not divide is that many sockets. */
static void
read_processors(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *vcpu = scan_child(doc, doc->root, "vcpu");
    const ScanNode *topology = scan_path(doc, doc->root, "cpu/topology");
    CpuTopology *out = &reading->vm->cpu.topology;
    gint64 count = 1, current;
    if (scan_number(doc, vcpu, &count))
        count = CLAMP(count, 1, MOST_CPUS);
    if (scan_get_number(doc, vcpu, "current", &current))
        count = CLAMP(current, 1, count);
    out->threads = part(doc, topology, "threads");
    out->cores = part(doc, topology, "cores") * part(doc, topology, "dies") * part(doc, topology, "clusters");
    if (out->threads > count || out->cores > count || count % (out->threads * out->cores) != 0)
        out->threads = out->cores = 1;
    out->sockets = count / (out->threads * out->cores);
}

static void
read_cpu_mode(Reading *reading)
{
    static const char *const modes[][2] = { { "host-model", "host_model" }, { "host-passthrough", "host_passthrough" }, { "custom", "custom" } };
    const ScanNode *cpu = scan_child(reading->doc, reading->doc->root, "cpu");
    for (guint i = 0; !reading->ours && i < G_N_ELEMENTS(modes); i++) {
        if (scan_has(reading->doc, cpu, "mode", modes[i][0]))
            text_set(&reading->vm->cpu.mode, modes[i][1]);
    }
}

/* --- what it is and boots from ---------------------------------------------------------------------------------------------------- */

static gboolean
names_uefi(const ScanDoc *doc, const ScanNode *loader)
{
    g_autofree char *path = scan_text(doc, loader);
    g_autofree char *folded = path ? g_ascii_strdown(path, -1) : g_strdup("");
    return scan_has(doc, loader, "type", "pflash") || strstr(folded, "ovmf") || strstr(folded, "aavmf") || strstr(folded, "edk2") || strstr(folded, "uefi");
}

/* Secure boot by the feature asked of the firmware; where nothing was asked, by what the loader needs. */
static gboolean
boots_securely(const Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *feature = scan_path(doc, reading->os, "firmware/feature");
    for (; feature; feature = scan_next(doc, feature)) {
        if (scan_has(doc, feature, "name", "secure-boot"))
            return scan_has(doc, feature, "enabled", "yes");
    }
    return scan_has(doc, scan_child(doc, reading->os, "loader"), "secure", "yes");
}

BiosType
reading_firmware(const Reading *reading)
{
    if (!reading_is_x86(reading))
        return BIOS_CLUSTER_DEFAULT;
    if (!is_q35(reading->machine))
        return BIOS_I440FX_SEA_BIOS;
    if (!scan_has(reading->doc, reading->os, "firmware", "efi") && !names_uefi(reading->doc, scan_child(reading->doc, reading->os, "loader")))
        return BIOS_Q35_SEA_BIOS;
    return boots_securely(reading) ? BIOS_Q35_SECURE_BOOT : BIOS_Q35_OVMF;
}

static void
read_machine(Reading *reading)
{
    const ScanNode *type = scan_child(reading->doc, reading->os, "type");
    g_autofree char *arch = scan_get(reading->doc, type, "arch");
    char *machine = scan_get(reading->doc, type, "machine");
    reading->machine = machine ? machine : g_strdup("");
    gboolean plain_x86 = !arch || g_str_equal(arch, "i686");
    reading->vm->cpu.architecture = plain_x86 ? ARCHITECTURE_X86_64 : names_find(&architecture_names, arch);
    BiosType firmware = reading_firmware(reading);
    if (reading->vm->bios.type != BIOS_CLUSTER_DEFAULT || firmware != BIOS_Q35_SEA_BIOS)
        reading->vm->bios.type = firmware;
    reading->vm->bios.boot_menu.enabled = scan_has(reading->doc, scan_child(reading->doc, reading->os, "bootmenu"), "enable", "yes");
}

static void
read_direct_boot(Reading *reading)
{
    OperatingSystem *os = &reading->vm->os;
    os->kernel = text_at(reading, reading->os, "kernel");
    os->initrd = text_at(reading, reading->os, "initrd");
    os->cmdline = text_at(reading, reading->os, "cmdline");
}

static const struct {
    const char *id;                     /* as it begins in libosinfo's words */
    const char *name;                   /* oVirt's */
} variants[] = {
    { "http://microsoft.com/win/11", "windows_11" }, { "http://microsoft.com/win/10", "windows_10x64" },
    { "http://microsoft.com/win/2k25", "windows_2025" }, { "http://microsoft.com/win/2k22", "windows_2022" }, { "http://microsoft.com/win/2k19", "windows_2019x64" },
    { "http://microsoft.com/win/2k16", "windows_2016x64" }, { "http://microsoft.com/win/2k12r2", "windows_2012R2x64" },
    { "http://microsoft.com/win/2k12", "windows_2012x64" }, { "http://microsoft.com/win/8", "windows_8x64" },
    { "http://microsoft.com/win/7", "windows_7x64" }, { "http://microsoft.com/win/2k8r2", "windows_2008R2x64" },
    { "http://microsoft.com/win/", "windows_10x64" },
    { "http://redhat.com/rhel/10", "rhel_10x64" }, { "http://redhat.com/rhel/9", "rhel_9x64" }, { "http://redhat.com/rhel/8", "rhel_8x64" },
    { "http://redhat.com/rhel/7", "rhel_7x64" }, { "http://redhat.com/rhel/6", "rhel_6x64" },
    { "http://oracle.com/ol/10", "ol_10x64" }, { "http://oracle.com/ol/9", "ol_9x64" }, { "http://oracle.com/ol/8", "ol_8x64" }, { "http://oracle.com/ol/7", "rhel_7x64" },
    { "http://centos.org/centos-stream/9", "rhel_9x64" }, { "http://centos.org/centos-stream/8", "rhel_8x64" },
    { "http://centos.org/centos/8", "rhel_8x64" }, { "http://centos.org/centos/7", "rhel_7x64" },
    { "http://almalinux.org/almalinux/9", "rhel_9x64" }, { "http://almalinux.org/almalinux/8", "rhel_8x64" },
    { "http://rockylinux.org/rocky/9", "rhel_9x64" }, { "http://rockylinux.org/rocky/8", "rhel_8x64" },
    { "http://debian.org/debian/7", "debian_7" }, { "http://debian.org/debian/", "debian_9" },
    { "http://ubuntu.com/ubuntu/14.04", "ubuntu_14_04" }, { "http://ubuntu.com/ubuntu/", "ubuntu_18_04" },
    { "http://freebsd.org/freebsd/", "freebsdx64" }, { "http://fedoraproject.org/", "other_linux" },
    { "http://libosinfo.org/linux/", "other_linux" }, { "http://opensuse.org/", "other_linux" }, { "http://suse.com/", "other_linux" },
};

/* What virt-manager and virt-install wrote down. */
static char *
find_variant(const Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *metadata = scan_child(doc, doc->root, "metadata");
    for (const ScanNode *child = metadata ? metadata->first : NULL; child; child = child->next) {
        g_autofree char *space = scan_namespace(doc, child);
        g_autofree char *id = child->first ? scan_get(doc, child->first, "id") : NULL;
        if (!id || !g_str_has_prefix(space, "http://libosinfo.org/"))
            continue;
        for (guint i = 0; i < G_N_ELEMENTS(variants); i++) {
            if (g_str_has_prefix(id, variants[i].id))
                return g_strdup(variants[i].name);
        }
    }
    return NULL;
}

static void
read_words(Reading *reading)
{
    const ScanNode *root = reading->doc->root;
    Vm *vm = reading->vm;
    vm->name = text_at(reading, root, "name");
    vm->description = text_at(reading, root, "description");
    if (!vm->os.type && !reading->ours)
        vm->os.type = find_variant(reading);
    if (!vm->os.type)
        vm->os.type = g_strdup("other");
    if (!reading->ours) {
        vm->comment = text_at(reading, root, "title");
        vm->time_zone.name = scan_get(reading->doc, scan_child(reading->doc, root, "clock"), "timezone");
    }
}

/* --- the whole -------------------------------------------------------------------------------------------------------------------- */

static void
read_groups(Reading *reading)
{
    for (guint i = 0; domain_groups[i]; i++) {
        if (domain_groups[i]->read)
            domain_groups[i]->read(reading);
    }
}

static gboolean
find_id(Reading *reading, GError **error)
{
    g_autofree char *uuid = scan_text(reading->doc, scan_child(reading->doc, reading->doc->root, "uuid"));
    if (uuid && id_parse(g_strstrip(uuid), ID_UUID, &reading->id))
        return TRUE;
    return fault_set(error, MSG_DOMAIN_XML_UNREADABLE, "reason", "it has no UUID", NULL);
}

static gboolean
find_parts(Reading *reading, GError **error)
{
    const ScanDoc *doc = reading->doc;
    if (!scan_is(doc, doc->root, "domain"))
        return fault_set(error, MSG_DOMAIN_XML_UNREADABLE, "reason", "its root element is not 'domain'", NULL);
    reading->os = scan_child(doc, doc->root, "os");
    reading->devices = scan_child(doc, doc->root, "devices");
    return find_id(reading, error);
}

Reading *
reading_new(const char *xml, const DomainFacts *next, GError **error)
{
    g_autoptr(Reading) reading = g_new0(Reading, 1);
    reading->next = next;
    reading->doc = scan_new(xml, error);
    if (!reading->doc || !find_parts(reading, error))
        return NULL;
    reading->device = g_array_new(FALSE, TRUE, sizeof(Device));
    reading->vm = object_new(&vm_type);
    reading->vm->object.id = reading->id;
    mark_find(reading);
    mark_read(reading);
    read_words(reading);
    read_memory(reading);
    read_processors(reading);
    read_cpu_mode(reading);
    read_machine(reading);
    read_direct_boot(reading);
    read_groups(reading);
    boot_read(reading);
    mark_read_absent(reading);
    return g_steal_pointer(&reading);
}

void
reading_free(Reading *reading)
{
    if (!reading)
        return;
    scan_free(reading->doc);
    g_free(reading->job);
    g_free(reading->machine);
    for (guint i = 0; reading->device && i < reading->device->len; i++)
        g_free(g_array_index(reading->device, Device, i).key);
    if (reading->device)
        g_array_unref(reading->device);
    object_unref(reading->vm);
    g_free(reading);
}
