/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Domains that others made (tests/golden/domain_xml/foreign): read, kept byte for byte where nothing is asked, and edited in every
 * way a person can: what each edit changes stands in NAME.edits, what was understood in NAME.facts. REGENERATE=1 writes both anew;
 * what an edit may touch at all stands here and is not regenerated. */
#include "golden.h"

#include "../lines.h"

#include "base/text.h"

#define MARK "=domain/metadata =domain domain/metadata/shikiri:vm"  /* the mark is put into them; nothing of theirs goes */
#define JOB "00000000-0000-4000-8000-00000000070b"

typedef struct {
    const char *name;
    const char *may;                    /* whose bytes may go: see golden_differences */
    gboolean (*make)(Vm *vm);           /* FALSE: this VM has nothing to do it to */
} Edit;

/* --- edits -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
nothing(Vm *vm)
{
    return vm != NULL;
}

static gboolean
rename_it(Vm *vm)
{
    text_set(&vm->name, "renamed <&> 'x' \"y\" 名前");
    return TRUE;
}

static gboolean
describe(Vm *vm)
{
    text_set(&vm->description, "two\nlines & <tags> \"q\" 'a'\ttab ✓");
    return TRUE;
}

static gboolean
forget_description(Vm *vm)
{
    gboolean had = vm->description != NULL;
    text_set(&vm->description, NULL);
    return had;
}

static gboolean
more_memory(Vm *vm)
{
    vm->memory *= 2;
    return TRUE;
}

static gboolean
odd_memory(Vm *vm)
{
    vm->memory = 999 * 1024 * 1024;
    return TRUE;
}

static gboolean
more_sockets(Vm *vm)
{
    vm->cpu.topology.sockets += 1;
    return TRUE;
}

static gboolean
other_topology(Vm *vm)
{
    vm->cpu.topology = (CpuTopology) { .cores = 3, .sockets = 1, .threads = 2 };
    return TRUE;
}

static gboolean
protect(Vm *vm)
{
    vm->delete_protected = !vm->delete_protected;
    return TRUE;
}

static gboolean
boot_from_network(Vm *vm)
{
    words_set(&vm->os.boot.devices, (const char *const[]) { "network", "hd", NULL });
    return TRUE;
}

static gboolean
boot_from_cd(Vm *vm)
{
    words_set(&vm->os.boot.devices, (const char *const[]) { "cdrom", NULL });
    return TRUE;
}

static gboolean
boot_last_disk(Vm *vm)
{
    for (guint i = 0; i < vm->disk_attachments.count; i++)
        ((DiskAttachment *) vm->disk_attachments.items[i])->bootable = i + 1 == vm->disk_attachments.count;
    return vm->disk_attachments.count > 1;
}

static gboolean
direct_kernel(Vm *vm)
{
    text_set(&vm->os.kernel, "/srv/store/vmlinuz");
    text_set(&vm->os.initrd, "/srv/store/initrd & more");
    text_set(&vm->os.cmdline, "root=/dev/vda console=\"ttyS0\" <x>");
    return TRUE;
}

static gboolean
no_kernel(Vm *vm)
{
    gboolean had = vm->os.kernel != NULL;
    text_set(&vm->os.kernel, NULL);
    text_set(&vm->os.initrd, NULL);
    text_set(&vm->os.cmdline, NULL);
    return had;
}

static gboolean
uefi(Vm *vm)
{
    vm->bios.type = BIOS_Q35_OVMF;
    return TRUE;
}

static gboolean
other_machine(Vm *vm)
{
    text_set(&vm->custom_emulated_machine, "pc-q35-6.0");
    return TRUE;
}

static gboolean
other_architecture(Vm *vm)
{
    vm->cpu.architecture = ARCHITECTURE_PPC64;
    return TRUE;
}

static gboolean
io_threads(Vm *vm)
{
    cpu_tune_cut(&vm->cpu.cpu_tune, G_MAXINT64, vm->io.threads = !vm->io.threads);
    return TRUE;
}

static gboolean
shares(Vm *vm)
{
    vm->cpu_shares += 512;
    return TRUE;
}

static gboolean
tpm_and_sound(Vm *vm)
{
    vm->tpm_enabled = !vm->tpm_enabled;
    vm->soundcard_enabled = !vm->soundcard_enabled;
    return TRUE;
}

static gboolean
watchdog(Vm *vm)
{
    if (vm->watchdogs.count > 0) {
        Watchdog *there = vm->watchdogs.items[0];
        there->action = there->action == WATCHDOG_PAUSE ? WATCHDOG_NONE : WATCHDOG_PAUSE;
        return TRUE;
    }
    Watchdog *added = object_new(&watchdog_type);
    added->object.id = id_named(&vm->object.id, "watchdog");
    added->model = WATCHDOG_MODEL_I6300ESB;
    added->action = WATCHDOG_DUMP;
    list_add(&vm->watchdogs, added);
    return TRUE;
}

static gboolean
random_numbers(Vm *vm)
{
    vm->rng_device.source = vm->rng_device.source == RNG_HWRNG ? RNG_URANDOM : RNG_HWRNG;
    vm->rng_device.rate = (Rate) { 2048, 1000 };
    return TRUE;
}

static gboolean
hugepages(Vm *vm)
{
    const char *there = vm_property(vm, VM_HUGEPAGES);
    if (there) {
        text_set(&((CustomProperty *) vm->custom_properties.items[0])->value, g_str_equal(there, "2048") ? "1048576" : "2048");
        return TRUE;
    }
    CustomProperty *property = g_new0(CustomProperty, 1);
    property->name = g_strdup(VM_HUGEPAGES);
    property->value = g_strdup("2048");
    list_add(&vm->custom_properties, property);
    return TRUE;
}

static gboolean
no_random_numbers(Vm *vm)
{
    gboolean had = vm->rng_device.source != 0;
    vm->rng_device = (RngDevice) { 0 };
    return had;
}

static gboolean
usb(Vm *vm)
{
    vm->usb.enabled = !vm->usb.enabled;
    return TRUE;
}

static gboolean
serial_and_scsi(Vm *vm)
{
    vm->console.enabled = !vm->console.enabled;
    vm->console.log_enabled = FALSE;    /* as verbs do */
    text_set(&vm->console.log_file, NULL);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        if (((DiskAttachment *) vm->disk_attachments.items[i])->interface == DISK_INTERFACE_VIRTIO_SCSI)
            return TRUE;                /* stays, whatever is wished */
    }
    vm->virtio_scsi.enabled = !vm->virtio_scsi.enabled;
    return TRUE;
}

/* --- disks and drives */

static gboolean
put_disk(Vm *vm, const char *id, int interface, const char *target)
{
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    id_parse(id, ID_UUID, &attachment->object.id);
    attachment->disk.id = attachment->object.id;
    attachment->interface = interface;
    attachment->active = TRUE;
    attachment->target = g_strdup(target);
    list_add(&vm->disk_attachments, attachment);
    return TRUE;
}

static gboolean
add_disk(Vm *vm)
{
    return put_disk(vm, "d15c0000-0000-4000-8000-000000000001", DISK_INTERFACE_VIRTIO, "vdx");
}

static gboolean
add_scsi_disk(Vm *vm)
{
    vm->virtio_scsi.enabled = TRUE;     /* as verbs do */
    return put_disk(vm, "5a5c0000-0000-4000-8000-000000000002", DISK_INTERFACE_VIRTIO_SCSI, "sdx");
}

static gboolean
add_ide_disk(Vm *vm)
{
    return put_disk(vm, "b10c0000-0000-4000-8000-000000000003", DISK_INTERFACE_IDE, "hdx");
}

static gboolean
remove_disk(Vm *vm)
{
    if (vm->disk_attachments.count == 0)
        return FALSE;
    Id id = ((Object *) vm->disk_attachments.items[0])->id;
    return list_remove(&vm->disk_attachments, &disk_attachment_type, &id);
}

static gboolean
take_disk_out(Vm *vm)
{
    DiskAttachment *first = vm->disk_attachments.count > 0 ? vm->disk_attachments.items[0] : NULL;
    if (first)
        first->active = FALSE;
    return first != NULL;
}

static gboolean
move_disk(Vm *vm)
{
    DiskAttachment *first = vm->disk_attachments.count > 0 ? vm->disk_attachments.items[0] : NULL;
    if (first)
        first->interface = first->interface == DISK_INTERFACE_SATA ? DISK_INTERFACE_VIRTIO : DISK_INTERFACE_SATA;
    return first != NULL;
}

static gboolean
turn_read_only(Vm *vm)
{
    DiskAttachment *last = vm->disk_attachments.count > 0 ? vm->disk_attachments.items[vm->disk_attachments.count - 1] : NULL;
    if (last)
        last->read_only = !last->read_only;
    return last != NULL;
}

static gboolean
insert_cd(Vm *vm)
{
    Cdrom *first = vm->cdroms.count > 0 ? vm->cdroms.items[0] : NULL;
    if (first)
        text_set(&first->file.id, "other & new.iso");
    return first != NULL;
}

static gboolean
eject_cd(Vm *vm)
{
    Cdrom *first = vm->cdroms.count > 0 ? vm->cdroms.items[0] : NULL;
    gboolean had = first && first->file.id;
    if (had)
        text_set(&first->file.id, NULL);
    return had;
}

/* --- network cards */

static Nic *
first_nic(Vm *vm)
{
    return vm->nics.count > 0 ? vm->nics.items[0] : NULL;
}

static gboolean
add_nic(Vm *vm)
{
    Nic *nic = object_new(&nic_type);
    id_parse("21c00000-0000-4000-8000-000000000001", ID_UUID, &nic->object.id);
    id_parse(GOLDEN_NETWORK, ID_UUID, &nic->vnic_profile.id);
    nic->name = g_strdup("new one");
    nic->interface = NIC_VIRTIO;
    nic->mac.address = g_strdup("56:6f:00:00:00:99");
    nic->source = g_strdup("network:default");
    nic->linked = nic->plugged = TRUE;
    list_add(&vm->nics, nic);
    return TRUE;
}

static gboolean
remove_nic(Vm *vm)
{
    Id id = first_nic(vm) ? first_nic(vm)->object.id : id_null;
    return list_remove(&vm->nics, &nic_type, &id);
}

static gboolean
unplug_nic(Vm *vm)
{
    if (first_nic(vm))
        first_nic(vm)->plugged = FALSE;
    return first_nic(vm) != NULL;
}

static gboolean
pull_cable(Vm *vm)
{
    if (first_nic(vm))
        first_nic(vm)->linked = !first_nic(vm)->linked;
    return first_nic(vm) != NULL;
}

static gboolean
other_card(Vm *vm)
{
    Nic *nic = first_nic(vm);
    if (nic)
        nic->interface = nic->interface == NIC_E1000E ? NIC_VIRTIO : NIC_E1000E;
    return nic != NULL;
}

static gboolean
other_mac(Vm *vm)
{
    if (first_nic(vm))
        text_set(&first_nic(vm)->mac.address, "56:6f:00:00:00:aa");
    return first_nic(vm) != NULL;
}

static gboolean
other_network(Vm *vm)
{
    if (first_nic(vm))
        text_set(&first_nic(vm)->source, "bridge:br9");
    return first_nic(vm) != NULL;
}

static gboolean
rename_nic(Vm *vm)
{
    if (first_nic(vm))
        text_set(&first_nic(vm)->name, "front 'door'");
    return first_nic(vm) != NULL;
}

/* --- several at once */
static gboolean
everything(Vm *vm)
{
    rename_it(vm);
    describe(vm);
    odd_memory(vm);
    add_nic(vm);
    add_disk(vm);
    insert_cd(vm);
    boot_from_network(vm);
    return TRUE;
}

#define ORDERS " domain/os/boot domain/devices/disk/boot domain/devices/interface/boot domain/devices/hostdev/boot"
#define ENDS " =domain/devices/disk =domain/devices/interface =domain/devices/tpm =domain/devices/sound =domain/devices"

static const Edit edits[] = {
    { "nothing", "", nothing },
    { "name", MARK " domain/name", rename_it },
    { "description", MARK " domain/description", describe },
    { "no description", MARK " domain/description", forget_description },
    { "more memory", MARK " domain/memory domain/maxMemory domain/currentMemory domain/cpu/numa/cell", more_memory },
    { "odd memory", MARK " domain/memory domain/maxMemory domain/currentMemory domain/cpu/numa/cell", odd_memory },
    { "more sockets", MARK " domain/vcpu domain/vcpus domain/cpu/topology domain/cpu/numa/cell", more_sockets },
    { "other topology", MARK " domain/vcpu domain/vcpus domain/cpu/topology domain/cpu/numa/cell =domain/cpu", other_topology },
    { "delete protected", MARK, protect },
    { "boot from network", MARK ORDERS " =domain/os", boot_from_network },
    { "boot from CD", MARK ORDERS " =domain/os", boot_from_cd },
    { "boot from last disk", MARK ORDERS ENDS " =domain/os", boot_last_disk },
    { "kernel", MARK " domain/os/kernel domain/os/initrd domain/os/cmdline =domain/os", direct_kernel },
    { "no kernel", MARK " domain/os/kernel domain/os/initrd domain/os/cmdline =domain/os", no_kernel },
    { "UEFI", MARK " =domain/os domain/os/loader domain/os/nvram domain/os/firmware", uefi },
    { "other machine", MARK " domain/os/type", other_machine },
    { "other architecture", "", other_architecture },
    { "I/O threads", MARK " domain/iothreads domain/iothreadids domain/cputune/iothreadpin domain/devices/disk/driver domain/devices/controller", io_threads },
    { "hugepages", MARK " domain/memoryBacking =domain", hugepages },
    { "room for memory", MARK " domain/maxMemory", golden_room_for_memory },
    { "watchdog", MARK " =domain/devices domain/devices/watchdog", watchdog },
    { "NUMA nodes", MARK " domain/cpu domain/numatune =domain =domain/cpu domain/cpu/numa domain/numatune/memnode =domain/numatune", golden_numa_nodes },
    { "bind", MARK GOLDEN_PINS, golden_bind },
    { "unbind", MARK GOLDEN_PINS, golden_unbind },
    { "host devices", MARK ORDERS " =domain/devices domain/devices/hostdev", golden_host_devices },
    { "shared folders", MARK " =domain =domain/devices domain/devices/filesystem =domain/memoryBacking domain/memoryBacking", golden_shared_folders },
    { "random numbers", MARK " =domain/devices domain/devices/rng", random_numbers },
    { "no random numbers", MARK " domain/devices/rng", no_random_numbers },
    { "USB", MARK " =domain/devices domain/devices/controller domain/devices/input", usb },
    { "console log", MARK " =domain/devices/serial domain/devices/serial/log =domain/devices/console domain/devices/console/log", golden_console_log },
    { "other console log", MARK " domain/devices/serial/log domain/devices/console/log", golden_other_console_log },
    { "serial console and SCSI", MARK " =domain/devices domain/devices/serial domain/devices/console domain/devices/controller", serial_and_scsi },
    { "shares", MARK " domain/cputune/shares =domain/cputune", shares },
    { "TPM and sound", MARK " domain/devices/tpm domain/devices/sound =domain/devices", tpm_and_sound },
    { "add disk", MARK " =domain/devices", add_disk },
    { "add SCSI disk", MARK " =domain/devices", add_scsi_disk },
    { "add IDE disk", MARK " =domain/devices", add_ide_disk },
    { "remove disk", MARK ORDERS " domain/devices/disk", remove_disk },
    { "take disk out", MARK ORDERS " domain/devices/disk", take_disk_out },
    { "move disk", MARK " =domain/devices/disk domain/devices/disk/target domain/devices/disk/address domain/devices/disk/driver", move_disk },
    { "read only", MARK " =domain/devices/disk domain/devices/disk/readonly", turn_read_only },
    { "insert CD", MARK " =domain/devices/disk domain/devices/disk/source domain/devices/disk/driver", insert_cd },
    { "eject CD", MARK " =domain/devices/disk domain/devices/disk/source domain/devices/disk/driver", eject_cd },
    { "add NIC", MARK " =domain/devices", add_nic },
    { "remove NIC", MARK ORDERS " domain/devices/interface", remove_nic },
    { "unplug NIC", MARK ORDERS " domain/devices/interface", unplug_nic },
    { "pull cable", MARK " =domain/devices/interface domain/devices/interface/link", pull_cable },
    { "other card", MARK " =domain/devices/interface domain/devices/interface/model", other_card },
    { "other MAC", MARK " =domain/devices/interface domain/devices/interface/mac", other_mac },
    { "other network", MARK " =domain/devices/interface domain/devices/interface/source domain/devices/interface/virtualport", other_network },
    { "rename NIC", MARK, rename_nic },
    { "everything", MARK ORDERS " domain/name domain/description domain/memory domain/maxMemory domain/currentMemory domain/cpu/numa/cell domain/devices/disk =domain/devices =domain/os",
      everything },
};

/* --- one domain --------------------------------------------------------------------------------------------------------------------- */

/* Without the order of devices and the names of disks, which edits move. */
static char *
essence(const Vm *vm)
{
    g_autofree char *text = golden_tell(&vm_type, vm);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    for (guint i = 0; lines[i]; i++) {
        if (!strstr(lines[i], "].target="))
            g_ptr_array_add(kept, lines[i]);
    }
    g_ptr_array_sort(kept, lines_compare);
    g_ptr_array_add(kept, NULL);
    return g_strjoinv("\n", (char **) kept->pdata);
}

/* The same VM as wished, read back: everything the edit said and everything else. */
static void
check_taken(const char *edited, const Vm *wished)
{
    g_autoptr(DomainFacts) facts = golden_read(edited);
    g_autofree char *want = essence(wished), *have = essence(facts->config);
    g_assert_true(facts->ours);
    g_assert_cmpstr(facts->job, ==, JOB);
    if (!g_str_equal(want, have))
        g_test_message("what was wished and what is read back:\n%s\n---\n%s", want, have);
    g_assert_true(g_str_equal(want, have));
}

static void
check_schema(const char *before, const char *after, const Edit *edit)
{
    g_autofree char *old = NULL, *said = NULL;
    if (!golden_has_schema() || !golden_is_valid(before, &old))
        return;
    if (!golden_is_valid(after, &said))
        g_error("%s: libvirt's schema does not accept the result: %s\n%s", edit->name, said, after);
}

static void
tell_refusal(Text *out, GError *error)
{
    g_autofree char *hint = message_hint(fault_message(error), LANGUAGE_EN);
    g_assert_true(error->domain == SHIKIRI_FAULT && fault_of(error) != FAULT_INTERNAL);
    g_assert_null(strchr(error->message, '{'));
    text_printf(out, "refused: %s\n         %s\n", error->message, hint ? hint : "");
}

static void
try_edit(Text *out, const char *xml, const Edit *edit)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DomainFacts) facts = golden_read(xml);
    DomainWorld world;
    golden_world(&world, NULL, JOB);
    if (!edit->make(facts->config))
        return;
    text_printf(out, "== %s\n", edit->name);
    g_test_message("%s", edit->name);
    g_autofree char *edited = domain_xml_patch(xml, facts->config, &world, &error);
    if (!edited) {
        tell_refusal(out, error);
        return;
    }
    g_autofree char *differences = golden_differences(xml, edited, edit->may);
    text_add(out, g_str_equal(xml, edited) ? "the same bytes\n" : differences);
    if (g_str_equal(xml, edited))
        return;
    golden_check_unmoved(edited, &world);
    check_schema(xml, edited, edit);
    check_taken(edited, facts->config);
}

static void
test_same_bytes(gconstpointer path)
{
    g_autofree char *xml = golden_text(path);
    DomainWorld world;
    golden_world(&world, NULL, JOB);
    golden_check_unmoved(xml, &world);
}

static void
test_facts(gconstpointer path)
{
    g_autofree char *xml = golden_text(path), *answer = golden_beside(path, ".xml", ".facts");
    g_autoptr(DomainFacts) facts = golden_read(xml);
    g_autofree char *told = golden_tell_facts(facts);
    lines_check(answer, told);
}

static void
test_edits(gconstpointer path)
{
    g_autofree char *xml = golden_text(path), *answer = golden_beside(path, ".xml", ".edits");
    g_auto(Text) out = TEXT_EMPTY;
    for (guint i = 0; i < G_N_ELEMENTS(edits); i++)
        try_edit(&out, xml, &edits[i]);
    g_autofree char *told = text_take(&out);
    lines_check(answer, told);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = golden_folder("foreign");
    g_autoptr(GPtrArray) files = lines_files(folder, ".xml");
    g_assert_cmpuint(files->len, >, 15);
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *name = g_path_get_basename(files->pdata[i]);
        g_autofree char *same = g_strconcat("/domain_xml/same_bytes/", name, NULL), *facts = g_strconcat("/domain_xml/facts/", name, NULL);
        g_autofree char *edited = g_strconcat("/domain_xml/edits/", name, NULL);
        g_test_add_data_func(same, files->pdata[i], test_same_bytes);
        g_test_add_data_func(facts, files->pdata[i], test_facts);
        g_test_add_data_func(edited, files->pdata[i], test_edits);
    }
    return g_test_run();
}
