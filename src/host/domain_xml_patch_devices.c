/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Editing a domain's disks, drives and cards: those the VM has no more go, new ones come without an address (libvirt gives
 * it), what differs on the others is changed where it stands. A CD-ROM drive is never taken out. */
#include "host/domain_xml_patch.h"

#include <string.h>

typedef struct {
    Patch *patch;
    DeviceShop shop;
    BootPlan plan;
} Devices;

static const ScanDoc *
doc_of(const Devices *devices)
{
    return devices->patch->now->doc;
}

static Splices *
splices_of(Devices *devices)
{
    return &devices->patch->splices;
}

/* --- who stays ------------------------------------------------------------------------------------------------------------------ */

static gconstpointer
find_wished(const Vm *vm, const Device *device)
{
    const DiskAttachment *attachment = device->kind == DEVICE_DISK ? list_find(&vm->disk_attachments, &device->id) : NULL;
    const Nic *nic = device->kind == DEVICE_NIC ? list_find(&vm->nics, &device->id) : NULL;
    if (attachment)
        return attachment->active ? attachment : NULL;
    return nic && nic->plugged ? nic : NULL;
}

static gboolean
stays(const Vm *vm, const Device *device)
{
    return device->kind == DEVICE_CDROM || device->kind == DEVICE_OTHER || find_wished(vm, device);
}

static gboolean
has_medium(const Cdrom *cdrom)
{
    return cdrom->file.id && *cdrom->file.id;
}

static void
plan_fresh(BootPlan *plan, DeviceKind kind, const Id *id)
{
    BootDevice device = { .id = *id, .kind = kind, .fresh = TRUE };
    g_array_append_val(plan->devices, device);
}

/* Those in the document first, in its order; then those that will be put behind them. */
static void
gather(Devices *devices)
{
    const Reading *now = devices->patch->now;
    const Vm *vm = devices->patch->vm;
    for (guint i = 0; i < now->device->len; i++) {
        const Device *device = &g_array_index(now->device, Device, i);
        BootDevice boot = { .id = device->id, .kind = device->kind, .order = device->order, .node = device->node };
        if (!stays(vm, device))
            continue;
        if (device->kind != DEVICE_NIC && *device->key)
            g_hash_table_add(devices->shop.targets, g_strdup(device->key));
        g_array_append_val(devices->plan.devices, boot);
    }
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (attachment->active && !reading_find(now, DEVICE_DISK, &attachment->object.id))
            plan_fresh(&devices->plan, DEVICE_DISK, &attachment->object.id);
        if (attachment->active && attachment->bootable && id_is_null(&devices->plan.disk))
            devices->plan.disk = attachment->object.id;
    }
    for (guint i = 0; i < vm->cdroms.count; i++) {
        const Cdrom *cdrom = vm->cdroms.items[i];
        if (has_medium(cdrom) && !reading_find(now, DEVICE_CDROM, &cdrom->object.id))
            plan_fresh(&devices->plan, DEVICE_CDROM, &cdrom->object.id);
    }
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        if (nic->plugged && !reading_find(now, DEVICE_NIC, &nic->object.id))
            plan_fresh(&devices->plan, DEVICE_NIC, &nic->object.id);
    }
}

/* --- what the mark must know of a device ------------------------------------------------------------------------------------------- */

static MarkDevice *
add_mark(Devices *devices, DeviceKind kind, const Id *id, const char *key)
{
    MarkDevice mark = { .kind = kind, .id = *id, .plain = TRUE, .key = g_strdup(key), .boots = id_equal(id, &devices->plan.boots) };
    g_array_append_val(devices->patch->marks, mark);
    return &g_array_index(devices->patch->marks, MarkDevice, devices->patch->marks->len - 1);
}

/* Its id once the domain is ours: by alias, else by target or MAC. Where neither gives it the device gets our alias; if it has
 * somebody's "ua-" alias already, the mark's row tells. */
static gboolean
make_plain(Devices *devices, const Device *device, const char *key)
{
    const ScanNode *node = scan_child(doc_of(devices), device->node, "alias");
    g_autofree char *alias = scan_get(doc_of(devices), node, "name");
    char text[ID_TEXT_SIZE];
    g_autofree char *ours = g_strconcat(PATCH_ALIAS, id_format(&device->id, ID_UUID, text), NULL);
    Id named;
    if (alias && g_ascii_strcasecmp(alias, ours) == 0)
        return TRUE;
    if (alias && *key && g_str_has_prefix(alias, PATCH_ALIAS))
        return FALSE;
    const char *kind = device->kind == DEVICE_DISK ? "disk:" : device->kind == DEVICE_CDROM ? "cdrom:" : "";
    g_autofree char *name = g_strconcat(kind, key, NULL);
    named = id_named(&devices->patch->now->id, name);
    gboolean misleads = alias && g_str_has_prefix(alias, PATCH_ALIAS);
    if (misleads || !id_equal(&named, &device->id))
        g_ptr_array_add(devices->patch->nameless, (gpointer) device);
    return TRUE;
}

static MarkDevice *
mark_kept(Devices *devices, const Device *device, const char *key)
{
    gboolean plain = make_plain(devices, device, key);
    MarkDevice *mark = add_mark(devices, device->kind, &device->id, key);
    mark->plain = plain;
    return mark;
}

/* --- boot order ------------------------------------------------------------------------------------------------------------------ */

static gint64
wanted_order(const Devices *devices, DeviceKind kind, const Id *id)
{
    for (guint i = 0; i < devices->plan.devices->len; i++) {
        const BootDevice *device = &g_array_index(devices->plan.devices, BootDevice, i);
        if (device->kind == kind && id_equal(&device->id, id))
            return device->wanted;
    }
    return 0;
}

static void
set_order(Devices *devices, const BootDevice *device)
{
    const ScanNode *boot = scan_child(doc_of(devices), device->node, "boot");
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, device->wanted);
    g_autofree char *fragment = g_strdup_printf("<boot order='%s'/>", number);
    if (device->wanted == device->order)
        return;
    if (boot && device->wanted > 0)
        splice_attribute(splices_of(devices), boot, "order", number);
    else if (boot)
        splice_remove(splices_of(devices), boot);
    else
        splice_insert(splices_of(devices), device->node, NULL, fragment);
}

/* <os><boot dev>: words in place of words; a floppy keeps its line. */
static void
set_classes(Devices *devices, const Words *words)
{
    const ScanNode *os = devices->patch->now->os, *last = scan_child(doc_of(devices), os, "type");
    guint next = 0;
    for (const ScanNode *boot = scan_child(doc_of(devices), os, "boot"); boot; boot = scan_next(doc_of(devices), boot)) {
        if (scan_has(doc_of(devices), boot, "dev", "fd"))
            continue;
        if (next < words->count)
            splice_attribute(splices_of(devices), boot, "dev", words->items[next++]);
        else
            splice_remove(splices_of(devices), boot);
        last = boot;
    }
    for (; next < words->count; next++) {
        g_auto(Text) fragment = TEXT_EMPTY;
        text_add_literal(&fragment, "<boot dev='");
        splice_add_value(&fragment, words->items[next]);
        text_add_literal(&fragment, "'/>");
        g_autofree char *text = text_take(&fragment);
        splice_insert(splices_of(devices), os, last, text);
    }
}

static void
patch_boot(Devices *devices)
{
    static char *nothing[] = { NULL };
    const Words none = { nothing, 0 };
    for (guint i = 0; i < devices->plan.devices->len; i++) {
        const BootDevice *device = &g_array_index(devices->plan.devices, BootDevice, i);
        if (!device->fresh)
            set_order(devices, device);
    }
    if (devices->plan.by_device && !devices->patch->now->boots_by_device)
        set_classes(devices, &none);
    else if (!devices->plan.by_device && devices->plan.classes_differ)
        set_classes(devices, devices->plan.classes);
}

/* --- disks -------------------------------------------------------------------------------------------------------------------------- */

static void
set_flag(Devices *devices, const ScanNode *node, const char *name, gboolean wished)
{
    const ScanNode *flag = scan_child(doc_of(devices), node, name);
    g_autofree char *fragment = g_strdup_printf("<%s/>", name);
    if (wished && !flag)
        splice_insert(splices_of(devices), node, scan_child(doc_of(devices), node, "target"), fragment);
    else if (!wished && flag)
        splice_remove(splices_of(devices), flag);
}

/* Another bus: another name, and the old address means nothing there. */
static char *
set_interface(Devices *devices, const ScanNode *node, const DiskAttachment *attachment)
{
    const ScanNode *target = scan_child(doc_of(devices), node, "target"), *address = scan_child(doc_of(devices), node, "address");
    const ScanNode *driver = scan_child(doc_of(devices), node, "driver");
    char *name = device_take_target(&devices->shop, attachment->interface, NULL);
    splice_attribute(splices_of(devices), target, "dev", name);
    splice_attribute(splices_of(devices), target, "bus", device_bus(attachment->interface));
    if (address)
        splice_remove(splices_of(devices), address);
    if (driver && attachment->interface != DISK_INTERFACE_VIRTIO)
        splice_attribute(splices_of(devices), driver, "iothread", NULL);
    return name;
}

static gboolean
patch_disk(Devices *devices, const Device *device, const DiskAttachment *wished, GError **error)
{
    const DiskAttachment *now = list_find(&devices->patch->now->vm->disk_attachments, &device->id);
    g_autofree char *target = g_strdup(device->key);
    gboolean moves = wished->interface != 0 && wished->interface != now->interface && scan_child(doc_of(devices), device->node, "target");
    if (moves && !device_check_interface(&devices->shop, wished, error))
        return FALSE;
    if (moves) {
        g_free(target);
        target = set_interface(devices, device->node, wished);
    }
    if (!wished->read_only != !now->read_only)
        set_flag(devices, device->node, "readonly", wished->read_only);
    mark_kept(devices, device, target);
    return TRUE;
}

static gboolean
add_disk(Devices *devices, const DiskAttachment *attachment, GError **error)
{
    g_autofree char *target = device_take_target(&devices->shop, attachment->interface, attachment->target);
    gint64 order = wanted_order(devices, DEVICE_DISK, &attachment->object.id);
    g_autofree char *fragment = device_disk(&devices->shop, attachment, target, order, error);
    if (!fragment)
        return FALSE;
    patch_insert(devices->patch, devices->patch->now->devices, "disk", fragment);
    add_mark(devices, DEVICE_DISK, &attachment->object.id, target);
    return TRUE;
}

static gboolean
patch_disks(Devices *devices, GError **error)
{
    const Reading *now = devices->patch->now;
    const Vm *vm = devices->patch->vm;
    gboolean good = TRUE;
    for (guint i = 0; good && i < now->device->len; i++) {
        const Device *device = &g_array_index(now->device, Device, i);
        const DiskAttachment *wished = device->kind == DEVICE_DISK ? find_wished(vm, device) : NULL;
        if (wished)
            good = patch_disk(devices, device, wished, error);
        else if (device->kind == DEVICE_DISK)
            splice_remove(splices_of(devices), device->node);
    }
    for (guint i = 0; good && i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        if (!attachment->active)
            add_mark(devices, DEVICE_DISK, &attachment->object.id, NULL);
        else if (!reading_find(now, DEVICE_DISK, &attachment->object.id))
            good = add_disk(devices, attachment, error);
    }
    return good;
}

/* --- CD-ROM drives -------------------------------------------------------------------------------------------------------------- */

/* The path of what shall lie in the drive; TRUE with NULL where it shall be empty. */
static gboolean
find_medium(const Devices *devices, const Cdrom *cdrom, char **ret_path, GError **error)
{
    const DomainWorld *world = devices->patch->world;
    char *path = has_medium(cdrom) ? world->iso(world->data, cdrom->file.id, error) : NULL;
    if (has_medium(cdrom) && !path)
        return FALSE;
    *ret_path = path;
    return TRUE;
}

static void
set_medium(Devices *devices, const ScanNode *node, const char *path)
{
    const ScanNode *source = scan_child(doc_of(devices), node, "source"), *driver = scan_child(doc_of(devices), node, "driver");
    gboolean is_file = scan_has(doc_of(devices), node, "type", "file");
    splice_attribute(splices_of(devices), node, "type", "file");
    if (path && driver && scan_attribute(doc_of(devices), driver, "type"))
        splice_attribute(splices_of(devices), driver, "type", "raw");
    if (source && path && is_file) {
        splice_attribute(splices_of(devices), source, "file", path);
        return;
    }
    if (source)
        splice_remove(splices_of(devices), source);
    if (!path)
        return;
    g_auto(Text) fragment = TEXT_EMPTY;
    text_add_literal(&fragment, "<source file='");
    splice_add_value(&fragment, path);
    text_add_literal(&fragment, "'/>");
    g_autofree char *text = text_take(&fragment);
    splice_insert(splices_of(devices), node, driver ? driver : source, text);
}

/* Where the medium lies now, so that the mark still finds its id. */
static char *
present_path(const Devices *devices, const ScanNode *node)
{
    return scan_get(doc_of(devices), scan_child(doc_of(devices), node, "source"), "file");
}

static gboolean
patch_cdrom(Devices *devices, const Device *device, GError **error)
{
    const Cdrom *now = list_find(&devices->patch->now->vm->cdroms, &device->id);
    const Cdrom *wished = list_find(&devices->patch->vm->cdroms, &device->id);
    if (!wished)
        return TRUE;
    g_autofree char *path = NULL;
    if (g_strcmp0(has_medium(wished) ? wished->file.id : "", has_medium(now) ? now->file.id : "") == 0) {
        path = present_path(devices, device->node);
    } else {
        if (!find_medium(devices, wished, &path, error))
            return FALSE;
        set_medium(devices, device->node, path);
    }
    mark_kept(devices, device, device->key)->path = g_steal_pointer(&path);
    return TRUE;
}

static gboolean
add_cdrom(Devices *devices, const Cdrom *cdrom, GError **error)
{
    g_autofree char *path = NULL;
    if (!find_medium(devices, cdrom, &path, error))
        return FALSE;
    g_autofree char *target = device_drive_target(&devices->shop, cdrom->target);
    g_autofree char *fragment = device_cdrom(&devices->shop, &cdrom->object.id, target, path, wanted_order(devices, DEVICE_CDROM, &cdrom->object.id));
    patch_insert(devices->patch, devices->patch->now->devices, "disk", fragment);
    add_mark(devices, DEVICE_CDROM, &cdrom->object.id, target)->path = g_steal_pointer(&path);
    return TRUE;
}

static gboolean
patch_cdroms(Devices *devices, GError **error)
{
    const Reading *now = devices->patch->now;
    const Vm *vm = devices->patch->vm;
    gboolean good = TRUE;
    for (guint i = 0; good && i < now->device->len; i++) {
        const Device *device = &g_array_index(now->device, Device, i);
        if (device->kind == DEVICE_CDROM)
            good = patch_cdrom(devices, device, error);
    }
    for (guint i = 0; good && i < vm->cdroms.count; i++) {
        const Cdrom *cdrom = vm->cdroms.items[i];
        if (has_medium(cdrom) && !reading_find(now, DEVICE_CDROM, &cdrom->object.id))
            good = add_cdrom(devices, cdrom, error);
    }
    return good;
}

/* --- network cards ---------------------------------------------------------------------------------------------------------------- */

static gboolean
is_managed(const Devices *devices, const ScanNode *node)
{
    static const char *const types[] = { "network", "bridge", "direct", "user" };
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        if (scan_has(doc_of(devices), node, "type", types[i]))
            return TRUE;
    }
    return FALSE;
}

static gboolean
refuse_kind(const Devices *devices, const ScanNode *node, const Nic *nic, GError **error)
{
    g_autofree char *type = scan_get(doc_of(devices), node, "type");
    return fault_set(error, MSG_DOMAIN_XML_NIC_KIND, "nic", nic->name, "vm", devices->patch->vm->name, "type", type, NULL);
}

/* What belonged to the old network goes with it. */
static void
forget_source(Devices *devices, const ScanNode *node)
{
    static const char *const names[] = { "virtualport", "source" };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        const ScanNode *child = scan_child(doc_of(devices), node, names[i]);
        if (child)
            splice_remove(splices_of(devices), child);
    }
}

static gboolean
set_source(Devices *devices, const ScanNode *node, const Nic *nic, const char *source, GError **error)
{
    const char *type = "user";
    g_autofree char *fragment = NULL;
    if (!is_managed(devices, node))
        return refuse_kind(devices, node, nic, error);
    if (source && !g_str_equal(source, "user:") && !device_nic_source(source, &type, &fragment))
        return fault_set(error, MSG_DOMAIN_XML_NIC_SOURCE, "nic", nic->name, "vm", devices->patch->vm->name, "source", source, NULL);
    splice_attribute(splices_of(devices), node, "type", type);
    forget_source(devices, node);
    if (fragment)
        splice_insert(splices_of(devices), node, scan_child(doc_of(devices), node, "mac"), fragment);
    return TRUE;
}

static void
set_link(Devices *devices, const ScanNode *node, gboolean up)
{
    const ScanNode *link = scan_child(doc_of(devices), node, "link");
    gboolean is_up = !scan_has(doc_of(devices), link, "state", "down");
    if (!up == !is_up)
        return;
    if (link)
        splice_attribute(splices_of(devices), link, "state", up ? "up" : "down");
    else
        splice_insert(splices_of(devices), node, scan_child(doc_of(devices), node, "model"), "<link state='down'/>");
}

static gboolean
set_model(Devices *devices, const ScanNode *node, const Nic *nic, const Nic *now, GError **error)
{
    const ScanNode *model = scan_child(doc_of(devices), node, "model");
    gboolean no_wish = nic->interface == 0 || nic->interface == NIC_OTHER || nic->interface == NIC_PCI_PASSTHROUGH;
    if (no_wish || nic->interface == now->interface)
        return TRUE;
    if (now->interface == NIC_PCI_PASSTHROUGH)
        return refuse_kind(devices, node, nic, error);
    const char *name = names_get(&nic_interface_names, nic->interface);
    g_autofree char *fragment = g_strdup_printf("<model type='%s'/>", name);
    if (model)
        splice_attribute(splices_of(devices), model, "type", name);
    else
        splice_insert(splices_of(devices), node, NULL, fragment);
    return TRUE;
}

static void
set_mac(Devices *devices, const ScanNode *node, const char *address)
{
    const ScanNode *mac = scan_child(doc_of(devices), node, "mac");
    g_auto(Text) fragment = TEXT_EMPTY;
    if (mac) {
        splice_attribute(splices_of(devices), mac, "address", address);
        return;
    }
    text_add_literal(&fragment, "<mac address='");
    splice_add_value(&fragment, address);
    text_add_literal(&fragment, "'/>");
    g_autofree char *text = text_take(&fragment);
    splice_insert(splices_of(devices), node, NULL, text);
}

static gboolean
patch_nic(Devices *devices, const Device *device, const Nic *wished, GError **error)
{
    const Nic *now = list_find(&devices->patch->now->vm->nics, &device->id);
    const char *source = device_wished_source(devices->patch->world, wished);
    gboolean has_mac = wished->mac.address && *wished->mac.address;
    g_autofree char *mac = has_mac ? g_ascii_strdown(wished->mac.address, -1) : g_strdup(device->key);
    if (!g_str_equal(mac, device->key))
        set_mac(devices, device->node, wished->mac.address);
    if (g_strcmp0(source, now->source) != 0 && !set_source(devices, device->node, wished, source, error))
        return FALSE;
    if (!set_model(devices, device->node, wished, now, error))
        return FALSE;
    set_link(devices, device->node, wished->linked && source);
    mark_kept(devices, device, mac)->path = source ? NULL : g_strdup("");
    return TRUE;
}

static gboolean
add_nic(Devices *devices, const Nic *nic, GError **error)
{
    gint64 order = wanted_order(devices, DEVICE_NIC, &nic->object.id);
    g_autofree char *fragment = device_nic(&devices->shop, nic, order, error);
    if (!fragment)
        return FALSE;
    patch_insert(devices->patch, devices->patch->now->devices, "interface", fragment);
    MarkDevice *mark = add_mark(devices, DEVICE_NIC, &nic->object.id, nic->mac.address ? nic->mac.address : "");
    mark->path = device_wished_source(devices->patch->world, nic) ? NULL : g_strdup("");
    return TRUE;
}

static gboolean
patch_nics(Devices *devices, GError **error)
{
    const Reading *now = devices->patch->now;
    const Vm *vm = devices->patch->vm;
    gboolean good = TRUE;
    for (guint i = 0; good && i < now->device->len; i++) {
        const Device *device = &g_array_index(now->device, Device, i);
        const Nic *wished = device->kind == DEVICE_NIC ? find_wished(vm, device) : NULL;
        if (wished)
            good = patch_nic(devices, device, wished, error);
        else if (device->kind == DEVICE_NIC)
            splice_remove(splices_of(devices), device->node);
    }
    for (guint i = 0; good && i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        if (!nic->plugged)
            add_mark(devices, DEVICE_NIC, &nic->object.id, NULL);
        else if (!reading_find(now, DEVICE_NIC, &nic->object.id))
            good = add_nic(devices, nic, error);
    }
    return good;
}

/* --- all ------------------------------------------------------------------------------------------------------------------------------ */

static void
clear_words(Words *words)
{
    words_set(words, (const char *const[]) { NULL });
    g_free(words->items);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, clear_words)

gboolean
patch_devices(Patch *patch, GError **error)
{
    Devices devices = { .patch = patch };
    g_auto(Words) classes = { NULL, 0 };
    g_autoptr(GArray) boot_devices = g_array_new(FALSE, TRUE, sizeof(BootDevice));
    device_shop_open(&devices.shop, patch->vm, patch->world, patch->now->machine);
    devices.plan = (BootPlan) { .classes = &patch->vm->os.boot.devices, .devices = boot_devices, .by_device = patch->now->boots_by_device };
    boot_classes(patch->now, &classes);
    gather(&devices);
    boot_plan(&devices.plan, &classes);
    gboolean good = patch_disks(&devices, error) && patch_cdroms(&devices, error) && patch_nics(&devices, error);
    if (good)
        patch_boot(&devices);
    device_shop_close(&devices.shop);
    return good;
}
