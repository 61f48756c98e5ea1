/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The machine of a new domain: memory, processors, firmware and what it boots, features, model, clock, manners. */
#include "host/domain_xml_build.h"

#include "host/domain_xml_firmware.h"
#include "host/domain_xml_group.h"
#include "model/guest_systems.h"
#include "model/machines.h"

#include <string.h>

#define LEAST_ROOM 8                /* processors a machine has room for */
#define MOST_ROOM 240               /* more need an interrupt remapper */

/* --- memory and processors -------------------------------------------------------------------------------------------------------- */

static void
add_memory(Build *build)
{
    gint64 kib = (build->vm->memory + 1023) / 1024;
    build_format(build, 1, "<memory unit='KiB'>%" G_GINT64_FORMAT "</memory>", kib);
    build_format(build, 1, "<currentMemory unit='KiB'>%" G_GINT64_FORMAT "</currentMemory>", kib);
}

/* Sockets it may be given while it runs: four times as many, at least for eight processors. Sockets that are empty cost a guest its tables
 * and nothing else. Only where processors can be plugged in. */
static gint64
room_in_sockets(const Build *build)
{
    const CpuTopology *topology = &build->vm->cpu.topology;
    gint64 each = MAX(topology->cores, 1) * MAX(topology->threads, 1), sockets = MAX(topology->sockets, 1);
    if (build->architecture != ARCHITECTURE_X86_64)
        return sockets;
    return MAX(sockets, MIN(MAX(4 * sockets, (LEAST_ROOM + each - 1) / each), MOST_ROOM / each));
}

static void
add_processors(Build *build)
{
    gint64 cpus = vm_cpus(build->vm), sockets = MAX(build->vm->cpu.topology.sockets, 1), most = cpus / sockets * room_in_sockets(build);
    const char *set = build->vm->cpu.cpu_tune.cpu_set;
    g_auto(Text) line = TEXT_EMPTY;
    text_add_literal(&line, "<vcpu placement='static'");
    if (set) {
        text_add_literal(&line, " cpuset='");
        splice_add_value(&line, set);
        text_add_literal(&line, "'");
    }
    if (most > cpus)
        text_printf(&line, " current='%" G_GINT64_FORMAT "'", cpus);
    text_printf(&line, ">%" G_GINT64_FORMAT "</vcpu>", most);
    g_autofree char *text = text_take(&line);
    build_line(build, 1, text);
}

static void
add_groups(Build *build)
{
    for (guint i = 0; domain_groups[i]; i++) {
        if (domain_groups[i]->machine)
            domain_groups[i]->machine(build);
    }
}

/* --- firmware and what it boots --------------------------------------------------------------------------------------------------- */

static void
add_firmware(Build *build)
{
    if (!build->uefi)
        return;
    gboolean secure = build->vm->bios.type == BIOS_Q35_SECURE_BOOT;
    g_autofree char *variables = firmware_variables(build->world->host, &build->vm->object.id, secure);
    build_lines(build, 2, firmware_wish(secure));
    build_element(build, 2, "nvram", variables);
}

static void
add_boot_classes(Build *build)
{
    for (guint i = 0; !build->plan.by_device && i < build->vm->os.boot.devices.count; i++) {
        g_auto(Text) line = TEXT_EMPTY;
        text_add_literal(&line, "<boot dev='");
        splice_add_value(&line, build->vm->os.boot.devices.items[i]);
        text_add_literal(&line, "'/>");
        g_autofree char *text = text_take(&line);
        build_line(build, 2, text);
    }
}

static void
add_os(Build *build)
{
    g_auto(Text) type = TEXT_EMPTY;
    build_line(build, 1, build->uefi ? "<os firmware='efi'>" : "<os>");
    text_printf(&type, "<type arch='%s' machine='", names_get(&architecture_names, (int) build->architecture));
    splice_add_value(&type, build->machine);
    text_add_literal(&type, "'>hvm</type>");
    g_autofree char *line = text_take(&type);
    build_line(build, 2, line);
    add_firmware(build);
    build_element(build, 2, "kernel", build->vm->os.kernel);
    build_element(build, 2, "initrd", build->vm->os.initrd);
    build_element(build, 2, "cmdline", build->vm->os.cmdline);
    add_boot_classes(build);
    if (build->vm->bios.boot_menu.enabled)
        build_line(build, 2, "<bootmenu enable='yes'/>");
    build_line(build, 1, "</os>");
}

/* --- features --------------------------------------------------------------------------------------------------------------------- */

/* What Windows wants of a hypervisor; only KVM can give it: QEMU refuses to start an emulated guest with it. Of what came later, what the
 * host says it can. */
static void
add_hyperv(Build *build)
{
    static const struct { const char *name; gboolean newer; } features[] = {
        { "relaxed", FALSE }, { "vapic", FALSE }, { "spinlocks", FALSE }, { "vpindex", FALSE }, { "runtime", TRUE }, { "synic", FALSE },
        { "stimer", FALSE }, { "frequencies", TRUE }, { "tlbflush", TRUE }, { "ipi", TRUE },
    };
    const Host *host = build->world->host;
    if (!build->kvm || !build->windows || build->architecture != ARCHITECTURE_X86_64)
        return;
    build_line(build, 2, "<hyperv mode='custom'>");
    for (guint i = 0; i < G_N_ELEMENTS(features); i++) {
        const char *more = g_str_equal(features[i].name, "spinlocks") ? " retries='8191'" : "";
        if (!features[i].newer || machines_has(host->machines, "hyperv", features[i].name))
            build_format(build, 3, "<%s state='on'%s/>", features[i].name, more);
    }
    build_line(build, 2, "</hyperv>");
}

/* A guest without KVM translates its code into a cache; unbounded, that is a gigabyte a guest. */
static void
add_features(Build *build)
{
    gboolean x86 = build->architecture == ARCHITECTURE_X86_64;
    build_line(build, 1, "<features>");
    if (x86 || build->uefi)
        build_line(build, 2, "<acpi/>");
    if (x86)
        build_line(build, 2, "<apic/>");
    add_hyperv(build);
    if (x86 && build->kvm)
        build_line(build, 2, "<vmport state='off'/>");
    if (!build->kvm)
        build_lines(build, 2, "<tcg>\n  <tb-cache unit='MiB'>64</tb-cache>\n</tcg>");
    build_line(build, 1, "</features>");
}

/* --- model ------------------------------------------------------------------------------------------------------------------------ */

static void
add_topology(Build *build)
{
    const CpuTopology *topology = &build->vm->cpu.topology;
    build_format(build, 2, "<topology sockets='%" G_GINT64_FORMAT "' dies='1' cores='%" G_GINT64_FORMAT "' threads='%" G_GINT64_FORMAT "'/>",
                 room_in_sockets(build), MAX(topology->cores, 1), MAX(topology->threads, 1));
}

/* The host's own CPU says nothing of one that is emulated for another architecture: libvirt would compare them and refuse. */
static void
add_model(Build *build, const char *model)
{
    gboolean foreign = build->architecture != ARCHITECTURE_X86_64 && !build->kvm;
    build_format(build, 1, "<cpu mode='custom' match='exact' check='%s'>", foreign ? "none" : "partial");
    g_auto(Text) line = TEXT_EMPTY;
    text_add_literal(&line, "<model fallback='allow'>");
    splice_add_value(&line, model);
    text_add_literal(&line, "</model>");
    g_autofree char *text = text_take(&line);
    build_line(build, 2, text);
}

static void
add_features_of(Build *build, const char *const *features)
{
    for (guint i = 0; features[i]; i++)
        build_format(build, 2, "<feature policy='require' name='%s'/>", features[i]);
}

/* Emulated: the least that the guest's system boots on, as each vector extension more is only slower. That is x86-64-v2, for some v3. */
static void
add_emulated_model(Build *build)
{
    static const char *const v2[] = { "ssse3", "sse4.1", "sse4.2", "popcnt", NULL };
    static const char *const v3[] = { "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave", NULL };
    if (build->architecture == ARCHITECTURE_AARCH64) {
        add_model(build, "cortex-a57");
        return;
    }
    build_line(build, 1, "<cpu mode='custom' match='exact' check='none'>");
    build_line(build, 2, "<model fallback='forbid'>qemu64</model>");
    add_features_of(build, v2);
    if (guest_system_needs_v3(build->vm->os.type))
        add_features_of(build, v3);
}

static void
add_cpu(Build *build)
{
    const Vm *vm = build->vm;
    if (vm->custom_cpu_model && *vm->custom_cpu_model)
        add_model(build, vm->custom_cpu_model);
    else if (!build->kvm)
        add_emulated_model(build);
    else if (g_strcmp0(vm->cpu.mode, "host_passthrough") == 0 || build->architecture != ARCHITECTURE_X86_64)
        build_line(build, 1, "<cpu mode='host-passthrough' check='none' migratable='on'>");
    else
        build_line(build, 1, "<cpu mode='host-model' check='partial'>");
    add_topology(build);
    build_cell(build);
    build_line(build, 1, "</cpu>");
}

/* --- clock and manners ------------------------------------------------------------------------------------------------------------ */

/* Windows takes the clock for local time: that of its zone where it has the name the world uses, else the host's. */
static void
add_clock(Build *build)
{
    const char *zone = build->vm->time_zone.name;
    g_auto(Text) open = TEXT_EMPTY;
    text_add_literal(&open, "<clock offset='");
    if (build->windows && zone && strchr(zone, '/')) {
        text_add_literal(&open, "timezone' timezone='");
        splice_add_value(&open, zone);
    } else {
        text_add(&open, build->windows ? "localtime" : "utc");
    }
    text_add_literal(&open, "'>");
    g_autofree char *line = text_take(&open);
    build_line(build, 1, line);
    if (build->architecture == ARCHITECTURE_X86_64) {
        build_line(build, 2, "<timer name='rtc' tickpolicy='catchup'/>");
        build_line(build, 2, "<timer name='pit' tickpolicy='delay'/>");
        build_line(build, 2, "<timer name='hpet' present='no'/>");
    }
    if (build->windows && build->kvm)
        build_line(build, 2, "<timer name='hypervclock' present='yes'/>");
    build_line(build, 1, "</clock>");
}

static void
add_manners(Build *build)
{
    build_line(build, 1, "<on_poweroff>destroy</on_poweroff>");
    build_line(build, 1, "<on_reboot>restart</on_reboot>");
    build_line(build, 1, "<on_crash>destroy</on_crash>");
}

/* --- all of it -------------------------------------------------------------------------------------------------------------------- */

static void (*const parts[])(Build *build) = {
    add_memory, add_processors, add_groups, add_os, add_features, add_cpu, add_clock, add_manners,
};

void
build_machine(Build *build)
{
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        parts[i](build);
}
