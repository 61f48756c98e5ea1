/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first XML of a VM made here: a modern machine with room to plug devices in later, tuned to what the host can do. Only
 * new VMs: every later change is a patch of what libvirt made of this. */
#include "host/domain_xml_patch.h"

#include "host/machines.h"

#include <string.h>

#define SPARE_PORTS 10              /* PCI Express ports left for hotplug */
#define MOST_PORTS 60
#define LEAST_ROOM 8                /* processors a machine has room for */
#define MOST_ROOM 240               /* more need an interrupt remapper */

typedef struct {
    const Vm *vm;
    const DomainWorld *world;
    Text out;
    DeviceShop shop;
    Architecture architecture;
    gboolean kvm, windows, uefi;
    char *machine;                      /* alias or versioned name */
    GArray *marks;                      /* MarkDevice */
    BootPlan plan;
} Build;

/* --- words into XML ------------------------------------------------------------------------------------------------------------- */

static void
add_line(Build *build, guint level, const char *line)
{
    for (guint i = 0; i < level; i++)
        text_add_literal(&build->out, "  ");
    text_add(&build->out, line);
    text_add_literal(&build->out, "\n");
}

static void
add_lines(Build *build, guint level, const char *fragment)
{
    g_auto(GStrv) lines = g_strsplit(fragment, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        add_line(build, level, lines[i]);
}

static void add_format(Build *build, guint level, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void
add_format(Build *build, guint level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    add_line(build, level, line);
}

static void
add_element(Build *build, guint level, const char *name, const char *value)
{
    g_auto(Text) line = TEXT_EMPTY;
    if (!value || !*value)
        return;
    text_printf(&line, "<%s>", name);
    splice_add_value(&line, value);
    text_printf(&line, "</%s>", name);
    g_autofree char *text = text_take(&line);
    add_line(build, level, text);
}

/* --- what kind of machine ------------------------------------------------------------------------------------------------------- */

static gboolean
wants_uefi(const Build *build)
{
    int bios = build->vm->bios.type;
    if (build->architecture == ARCHITECTURE_AARCH64)
        return !build->vm->os.kernel || bios == BIOS_Q35_OVMF || bios == BIOS_Q35_SECURE_BOOT;
    return bios == BIOS_Q35_OVMF || bios == BIOS_Q35_SECURE_BOOT;
}

/* The host's own name of the newest machine of that family, as it stands in its capabilities; else the family's alias. */
static char *
choose_machine(const Build *build)
{
    const char *family = build->architecture == ARCHITECTURE_AARCH64 ? "virt" : build->vm->bios.type == BIOS_I440FX_SEA_BIOS ? "i440fx" : "q35";
    const Host *host = build->world->host;
    if (build->vm->custom_emulated_machine && *build->vm->custom_emulated_machine)
        return g_strdup(build->vm->custom_emulated_machine);
    g_auto(GStrv) machines = machines_dup_all(host ? host->machines : NULL, "machine");
    for (guint i = 0; machines[i]; i++) {
        if (strstr(machines[i], family))
            return g_strdup(machines[i]);
    }
    return g_strdup(g_str_equal(family, "i440fx") ? "pc" : family);
}

static Architecture
choose_architecture(const Vm *vm, const Host *host)
{
    int wished = vm->cpu.architecture, has = host ? host->cpu.architecture : 0;
    if (wished && wished != ARCHITECTURE_UNDEFINED)
        return wished;
    return has && has != ARCHITECTURE_UNDEFINED ? (Architecture) has : ARCHITECTURE_X86_64;
}

static gboolean
can_accelerate(const Build *build)
{
    const Host *host = build->world->host;
    return host && g_strcmp0(host->accelerator.type, "kvm") == 0 && (host->cpu.architecture == 0 || host->cpu.architecture == (int) build->architecture);
}

static void
settle(Build *build)
{
    build->architecture = choose_architecture(build->vm, build->world->host);
    build->kvm = can_accelerate(build);
    build->windows = build->vm->os.type && g_str_has_prefix(build->vm->os.type, "windows");
    build->uefi = wants_uefi(build);
    build->machine = choose_machine(build);
    build->marks = g_array_new(FALSE, FALSE, sizeof(MarkDevice));
    g_array_set_clear_func(build->marks, mark_device_clear);
    device_shop_open(&build->shop, build->vm, build->world, build->machine);
}

/* --- the machine --------------------------------------------------------------------------------------------------------------- */

static void
add_memory(Build *build)
{
    gint64 kib = (build->vm->memory + 1023) / 1024;
    add_format(build, 1, "<memory unit='KiB'>%" G_GINT64_FORMAT "</memory>", kib);
    add_format(build, 1, "<currentMemory unit='KiB'>%" G_GINT64_FORMAT "</currentMemory>", kib);
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
    if (most > cpus)
        add_format(build, 1, "<vcpu placement='static' current='%" G_GINT64_FORMAT "'>%" G_GINT64_FORMAT "</vcpu>", cpus, most);
    else
        add_format(build, 1, "<vcpu placement='static'>%" G_GINT64_FORMAT "</vcpu>", cpus);
    if (build->vm->io.threads > 0)
        add_format(build, 1, "<iothreads>%" G_GINT64_FORMAT "</iothreads>", build->vm->io.threads);
    if (build->vm->cpu_shares > 0)
        add_format(build, 1, "<cputune>\n    <shares>%" G_GINT64_FORMAT "</shares>\n  </cputune>", build->vm->cpu_shares);
}

static void
add_firmware(Build *build)
{
    if (build->architecture == ARCHITECTURE_AARCH64 || !build->uefi)
        return;
    gboolean secure = build->vm->bios.type == BIOS_Q35_SECURE_BOOT;
    add_line(build, 2, "<firmware>");
    if (secure)
        add_line(build, 3, "<feature enabled='yes' name='enrolled-keys'/>");
    add_format(build, 3, "<feature enabled='%s' name='secure-boot'/>", secure ? "yes" : "no");
    add_line(build, 2, "</firmware>");
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
        add_line(build, 2, text);
    }
}

static void
add_os(Build *build)
{
    g_auto(Text) type = TEXT_EMPTY;
    add_line(build, 1, build->uefi ? "<os firmware='efi'>" : "<os>");
    text_printf(&type, "<type arch='%s' machine='", names_get(&architecture_names, (int) build->architecture));
    splice_add_value(&type, build->machine);
    text_add_literal(&type, "'>hvm</type>");
    g_autofree char *line = text_take(&type);
    add_line(build, 2, line);
    add_firmware(build);
    add_element(build, 2, "kernel", build->vm->os.kernel);
    add_element(build, 2, "initrd", build->vm->os.initrd);
    add_element(build, 2, "cmdline", build->vm->os.cmdline);
    add_boot_classes(build);
    if (build->vm->bios.boot_menu.enabled)
        add_line(build, 2, "<bootmenu enable='yes'/>");
    add_line(build, 1, "</os>");
}

/* What Windows wants of a hypervisor; only KVM can give it. */
static void
add_hyperv(Build *build)
{
    static const char *const lines[] = { "<hyperv mode='custom'>",
                                         "  <relaxed state='on'/>",
                                         "  <vapic state='on'/>",
                                         "  <spinlocks state='on' retries='8191'/>",
                                         "  <vpindex state='on'/>",
                                         "  <synic state='on'/>",
                                         "  <stimer state='on'/>",
                                         "</hyperv>" };
    for (guint i = 0; build->kvm && build->windows && i < G_N_ELEMENTS(lines); i++)
        add_line(build, 2, lines[i]);
}

/* A guest without KVM translates its code into a cache; unbounded, that is a gigabyte a guest. */
static void
add_features(Build *build)
{
    gboolean x86 = build->architecture == ARCHITECTURE_X86_64;
    add_line(build, 1, "<features>");
    if (x86 || build->uefi)
        add_line(build, 2, "<acpi/>");
    if (x86)
        add_line(build, 2, "<apic/>");
    add_hyperv(build);
    if (x86 && build->kvm)
        add_line(build, 2, "<vmport state='off'/>");
    if (!build->kvm)
        add_lines(build, 2, "<tcg>\n  <tb-cache unit='MiB'>64</tb-cache>\n</tcg>");
    add_line(build, 1, "</features>");
}

static void
add_topology(Build *build)
{
    const CpuTopology *topology = &build->vm->cpu.topology;
    add_format(build, 2, "<topology sockets='%" G_GINT64_FORMAT "' dies='1' cores='%" G_GINT64_FORMAT "' threads='%" G_GINT64_FORMAT "'/>",
               room_in_sockets(build), MAX(topology->cores, 1), MAX(topology->threads, 1));
}

static void
add_model(Build *build, const char *model)
{
    add_line(build, 1, "<cpu mode='custom' match='exact' check='partial'>");
    g_auto(Text) line = TEXT_EMPTY;
    text_add_literal(&line, "<model fallback='allow'>");
    splice_add_value(&line, model);
    text_add_literal(&line, "</model>");
    g_autofree char *text = text_take(&line);
    add_line(build, 2, text);
}

/* Emulated: the least that today's distributions boot on (x86-64-v2), as each vector extension more is only slower. */
static void
add_emulated_model(Build *build)
{
    static const char *const features[] = { "ssse3", "sse4.1", "sse4.2", "popcnt" };
    if (build->architecture == ARCHITECTURE_AARCH64) {
        add_model(build, "cortex-a57");
        return;
    }
    add_line(build, 1, "<cpu mode='custom' match='exact' check='none'>");
    add_line(build, 2, "<model fallback='forbid'>qemu64</model>");
    for (guint i = 0; i < G_N_ELEMENTS(features); i++)
        add_format(build, 2, "<feature policy='require' name='%s'/>", features[i]);
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
        add_line(build, 1, "<cpu mode='host-passthrough' check='none' migratable='on'>");
    else
        add_line(build, 1, "<cpu mode='host-model' check='partial'>");
    add_topology(build);
    add_line(build, 1, "</cpu>");
}

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
    add_line(build, 1, line);
    add_line(build, 2, "<timer name='rtc' tickpolicy='catchup'/>");
    if (build->architecture == ARCHITECTURE_X86_64) {
        add_line(build, 2, "<timer name='pit' tickpolicy='delay'/>");
        add_line(build, 2, "<timer name='hpet' present='no'/>");
    }
    if (build->windows && build->kvm)
        add_line(build, 2, "<timer name='hypervclock' present='yes'/>");
    add_line(build, 1, "</clock>");
}

static void
add_manners(Build *build)
{
    add_line(build, 1, "<on_poweroff>destroy</on_poweroff>");
    add_line(build, 1, "<on_reboot>restart</on_reboot>");
    add_line(build, 1, "<on_crash>destroy</on_crash>");
}

/* --- devices ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
needs_scsi(const Build *build)
{
    const List *disks = &build->vm->disk_attachments;
    for (guint i = 0; i < disks->count; i++) {
        const DiskAttachment *attachment = disks->items[i];
        if (attachment->active && attachment->interface == DISK_INTERFACE_VIRTIO_SCSI)
            return TRUE;
    }
    return build->vm->virtio_scsi.enabled || g_str_equal(device_drive_bus(&build->shop), "scsi");
}

/* A port for each device that stands in one, and SPARE_PORTS more: libvirt adds none to a running machine. */
static void
add_ports(Build *build)
{
    guint used = 6;                     /* USB, SCSI, serial channel, balloon, random numbers, sound */
    if (build->shop.i440fx)
        return;
    add_line(build, 2, "<controller type='pci' index='0' model='pcie-root'/>");
    for (guint i = 0; i < build->plan.devices->len; i++)
        used += g_array_index(build->plan.devices, BootDevice, i).kind != DEVICE_CDROM;
    for (guint i = 1; i <= MIN(used + SPARE_PORTS, MOST_PORTS); i++)
        add_format(build, 2, "<controller type='pci' index='%u' model='pcie-root-port'/>", i);
}

static void
add_controllers(Build *build)
{
    add_ports(build);
    add_line(build, 2, "<controller type='usb' index='0' model='qemu-xhci'/>");
    if (needs_scsi(build))
        add_line(build, 2, DEVICE_SCSI_CONTROLLER);
    add_line(build, 2, "<controller type='virtio-serial' index='0'/>");
}

static MarkDevice *
add_mark(Build *build, DeviceKind kind, const Id *id, const char *key)
{
    MarkDevice mark = { .kind = kind, .id = *id, .plain = TRUE, .key = g_strdup(key), .boots = id_equal(id, &build->plan.boots) };
    g_array_append_val(build->marks, mark);
    return &g_array_index(build->marks, MarkDevice, build->marks->len - 1);
}

static gint64
order_of(const Build *build, DeviceKind kind, const Id *id)
{
    for (guint i = 0; i < build->plan.devices->len; i++) {
        const BootDevice *device = &g_array_index(build->plan.devices, BootDevice, i);
        if (device->kind == kind && id_equal(&device->id, id))
            return device->wanted;
    }
    return 0;
}

static gboolean
add_disks(Build *build, GError **error)
{
    const List *disks = &build->vm->disk_attachments;
    for (guint i = 0; i < disks->count; i++) {
        const DiskAttachment *attachment = disks->items[i];
        const Id *id = &attachment->object.id;
        if (!attachment->active) {
            add_mark(build, DEVICE_DISK, id, NULL);
            continue;
        }
        g_autofree char *target = device_take_target(&build->shop, attachment->interface, attachment->target);
        g_autofree char *fragment = device_disk(&build->shop, attachment, target, order_of(build, DEVICE_DISK, id), error);
        if (!fragment)
            return FALSE;
        add_lines(build, 2, fragment);
        add_mark(build, DEVICE_DISK, id, target);
    }
    return TRUE;
}

/* Always a drive, so that a medium can be put in while it runs. The first one takes the first name, before the disks. */
static gboolean
add_drive(Build *build, const Cdrom *cdrom, GError **error)
{
    gboolean filled = cdrom && cdrom->file.id && *cdrom->file.id;
    g_autofree char *target = device_drive_target(&build->shop, cdrom ? cdrom->target : NULL);
    g_autofree char *path = filled ? build->world->iso(build->world->data, cdrom->file.id, error) : NULL;
    if (filled && !path)
        return FALSE;
    g_autofree char *fragment = device_cdrom(&build->shop, cdrom ? &cdrom->object.id : NULL, target, path,
                                             order_of(build, DEVICE_CDROM, cdrom ? &cdrom->object.id : &id_null));
    add_lines(build, 2, fragment);
    if (cdrom)
        add_mark(build, DEVICE_CDROM, &cdrom->object.id, target)->path = g_steal_pointer(&path);
    return TRUE;
}

static gboolean
add_drives(Build *build, GError **error)
{
    if (build->vm->cdroms.count == 0)
        return add_drive(build, NULL, error);
    for (guint i = 0; i < build->vm->cdroms.count; i++) {
        if (!add_drive(build, build->vm->cdroms.items[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
add_nics(Build *build, GError **error)
{
    for (guint i = 0; i < build->vm->nics.count; i++) {
        const Nic *nic = build->vm->nics.items[i];
        if (!nic->plugged) {
            add_mark(build, DEVICE_NIC, &nic->object.id, NULL);
            continue;
        }
        g_autofree char *fragment = device_nic(&build->shop, nic, order_of(build, DEVICE_NIC, &nic->object.id), error);
        if (!fragment)
            return FALSE;
        add_lines(build, 2, fragment);
        MarkDevice *mark = add_mark(build, DEVICE_NIC, &nic->object.id, nic->mac.address ? nic->mac.address : "");
        mark->path = device_wished_source(build->world, nic) ? NULL : g_strdup("");
    }
    return TRUE;
}

/* A VNC password can be changed while the guest runs only if it was born with one: this one has expired before it begins. */
static void
add_graphics(Build *build)
{
    char password[DEVICE_PASSWORD_SIZE];
    device_new_password(password);
    add_format(build, 2, "<graphics type='vnc' port='-1' autoport='yes' passwd='%s' passwdValidTo='" DEVICE_FIRST_EVER "'>", password);
    add_line(build, 3, "<listen type='address' address='127.0.0.1'/>");
    add_line(build, 2, "</graphics>");
    add_lines(build, 2, build->architecture == ARCHITECTURE_X86_64 ? "<video>\n  <model type='vga' vram='16384' heads='1' primary='yes'/>\n</video>"
                                                                 : "<video>\n  <model type='virtio' heads='1' primary='yes'/>\n</video>");
}

static void
add_other_devices(Build *build)
{
    add_lines(build, 2, "<serial type='pty'>\n  <target port='0'/>\n</serial>");
    add_lines(build, 2, "<console type='pty'>\n  <target type='serial' port='0'/>\n</console>");
    add_lines(build, 2, "<channel type='unix'>\n  <target type='virtio' name='org.qemu.guest_agent.0'/>\n</channel>");
    add_line(build, 2, "<input type='tablet' bus='usb'/>");
    if (build->architecture != ARCHITECTURE_X86_64)
        add_line(build, 2, "<input type='keyboard' bus='usb'/>");
    if (build->vm->tpm_enabled)
        add_lines(build, 2, device_tpm(&build->shop));
    add_graphics(build);
    if (build->vm->soundcard_enabled)
        add_line(build, 2, device_sound(&build->shop));
    add_lines(build, 2, "<memballoon model='virtio'>\n  <stats period='10'/>\n</memballoon>");
    add_lines(build, 2, "<rng model='virtio'>\n  <backend model='random'>/dev/urandom</backend>\n</rng>");
}

static gboolean
add_devices(Build *build, GError **error)
{
    const Host *host = build->world->host;
    gboolean native = host && (host->cpu.architecture == 0 || host->cpu.architecture == (int) build->architecture);
    g_autofree char *emulator = native ? machines_dup(host->machines, "emulator") : NULL;
    add_line(build, 1, "<devices>");
    add_element(build, 2, "emulator", emulator);
    add_controllers(build);
    if (!add_drives(build, error) || !add_disks(build, error) || !add_nics(build, error))
        return FALSE;
    add_other_devices(build);
    add_line(build, 1, "</devices>");
    return TRUE;
}

/* --- the whole -------------------------------------------------------------------------------------------------------------------- */

static void
plan_device(Build *build, DeviceKind kind, const Id *id)
{
    BootDevice device = { .id = *id, .kind = kind, .fresh = TRUE };
    g_array_append_val(build->plan.devices, device);
}

static void
plan_devices(Build *build)
{
    static char *hd[] = { (char *) "hd", NULL };
    static const Words as_libvirt = { hd, 1 };
    const Vm *vm = build->vm;
    build->plan = (BootPlan) { .classes = &vm->os.boot.devices, .devices = g_array_new(FALSE, TRUE, sizeof(BootDevice)), .by_device = TRUE };
    if (vm->os.boot.devices.count == 0)
        build->plan.classes = &as_libvirt;
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (attachment->active)
            plan_device(build, DEVICE_DISK, &attachment->object.id);
        if (attachment->active && attachment->bootable && id_is_null(&build->plan.disk))
            build->plan.disk = attachment->object.id;
    }
    for (guint i = 0; i < MAX(vm->cdroms.count, 1); i++)
        plan_device(build, DEVICE_CDROM, vm->cdroms.count > 0 ? &((const Cdrom *) vm->cdroms.items[i])->object.id : &id_null);
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        if (nic->plugged)
            plan_device(build, DEVICE_NIC, &nic->object.id);
    }
    boot_plan(&build->plan, &as_libvirt);
}

static gboolean
build_all(Build *build, GError **error)
{
    char id[ID_TEXT_SIZE];
    Text devices = TEXT_EMPTY;
    if (!add_devices(build, error))
        return FALSE;
    devices = build->out;               /* the mark knows only now what the devices are called */
    build->out = (Text) TEXT_EMPTY;
    add_format(build, 0, "<domain type='%s'>", build->kvm ? "kvm" : "qemu");
    add_element(build, 1, "name", build->vm->name);
    add_element(build, 1, "uuid", id_format(&build->vm->object.id, ID_UUID, id));
    add_element(build, 1, "description", build->vm->description);
    g_autofree char *mark = mark_make(build->vm, &build->vm->object.id, build->world->job, build->marks);
    add_line(build, 1, "<metadata>");
    add_lines(build, 2, mark);
    add_line(build, 1, "</metadata>");
    add_memory(build);
    add_processors(build);
    add_os(build);
    add_features(build);
    add_cpu(build);
    add_clock(build);
    add_manners(build);
    text_add_bytes(&build->out, devices.bytes, devices.length);
    text_clear(&devices);
    add_line(build, 0, "</domain>");
    return TRUE;
}

static void
build_clear(Build *build)
{
    text_clear(&build->out);
    device_shop_close(&build->shop);
    g_free(build->machine);
    g_array_unref(build->marks);
    g_array_unref(build->plan.devices);
}

char *
domain_xml_build(const Vm *vm, const DomainWorld *world, GError **error)
{
    Build build = { .vm = vm, .world = world };
    settle(&build);
    plan_devices(&build);
    g_autoptr(GError) why = NULL;
    g_autofree char *text = build_all(&build, error) ? text_take(&build.out) : NULL;
    g_autoptr(ScanDoc) readable = text ? scan_new(text, &why) : NULL;
    build_clear(&build);
    if (readable)
        return g_steal_pointer(&text);
    if (why) {
        const char *reason = message_argument(fault_message(why), "reason");
        fault_set(error, MSG_DOMAIN_XML_CHARACTER, "vm", vm->name, "reason", reason ? reason : why->message, NULL);
    }
    return NULL;
}
