/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Boot order. Numbers a person or another tool chose stay as they are as long as they mean what is wished; only else are
 * they dealt anew: the classes in their order, in each the flagged disk first, then as the document has them. */
#include "host/domain_xml_boot.h"

#include "host/domain_xml_mark.h"

#include <string.h>

static const struct {
    const char *libvirt, *api;
} classes[] = { { "hd", "hd" }, { "cdrom", "cdrom" }, { "network", "network" } };

const char *
boot_class_of(DeviceKind kind)
{
    return kind == DEVICE_DISK ? "hd" : kind == DEVICE_CDROM ? "cdrom" : kind == DEVICE_NIC ? "network" : NULL;
}

static gboolean
has_word(const Words *words, const char *word)
{
    for (guint i = 0; word && i < words->count; i++) {
        if (g_str_equal(words->items[i], word))
            return TRUE;
    }
    return FALSE;
}

static gboolean
equal_words(const Words *a, const Words *b)
{
    for (guint i = 0; a->count == b->count && i < a->count; i++) {
        if (!g_str_equal(a->items[i], b->items[i]))
            return FALSE;
    }
    return a->count == b->count;
}

static void
clear_words(Words *words)
{
    words_set(words, (const char *const[]) { NULL });
    g_free(words->items);
    *words = (Words) { NULL, 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, clear_words)

/* --- what is ------------------------------------------------------------------------------------------------------------------ */

void
boot_classes(const Reading *reading, Words *ret_words)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *boot = scan_child(doc, reading->os, "boot");
    if (!boot)
        words_add(ret_words, "hd");
    for (; boot; boot = scan_next(doc, boot)) {
        for (guint i = 0; i < G_N_ELEMENTS(classes); i++) {
            if (scan_has(doc, boot, "dev", classes[i].libvirt) && !has_word(ret_words, classes[i].api))
                words_add(ret_words, classes[i].api);
        }
    }
}

/* The device with the lowest number above AFTER; NULL. */
static const BootDevice *
next_in_order(const GArray *devices, gint64 after)
{
    const BootDevice *found = NULL;
    for (guint i = 0; i < devices->len; i++) {
        const BootDevice *device = &g_array_index(devices, BootDevice, i);
        if (device->wanted > after && (!found || device->wanted < found->wanted))
            found = device;
    }
    return found;
}

/* What the wanted numbers mean: the classes as they come, and the first disk. */
static Id
read_order(const GArray *devices, Words *ret_words)
{
    Id first = id_null;
    gint64 at = 0;
    for (const BootDevice *device; (device = next_in_order(devices, at)); at = device->wanted) {
        const char *class = boot_class_of(device->kind);
        if (device->kind == DEVICE_DISK && id_is_null(&first))
            first = device->id;
        if (class && !has_word(ret_words, class))
            words_add(ret_words, class);
    }
    return first;
}

static Id
first_disk(const GArray *devices)
{
    for (guint i = 0; i < devices->len; i++) {
        const BootDevice *device = &g_array_index(devices, BootDevice, i);
        if (device->kind == DEVICE_DISK)
            return device->id;
    }
    return id_null;
}

/* WISHED without the classes no device is there for. */
static void
filter_words(const GArray *devices, const Words *wished, Words *ret_words)
{
    for (guint i = 0; i < wished->count; i++) {
        for (guint j = 0; j < devices->len; j++) {
            const char *class = boot_class_of(g_array_index(devices, BootDevice, j).kind);
            if (class && g_str_equal(class, wished->items[i]) && !has_word(ret_words, class))
                words_add(ret_words, class);
        }
    }
}

static GArray *
devices_now(const Reading *reading)
{
    GArray *devices = g_array_new(FALSE, TRUE, sizeof(BootDevice));
    for (guint i = 0; i < reading->device->len; i++) {
        const Device *device = &g_array_index(reading->device, Device, i);
        BootDevice now = { .id = device->id, .kind = device->kind, .order = device->order, .wanted = device->order, .node = device->node };
        g_array_append_val(devices, now);
    }
    return devices;
}

/* The mark's row has the flag only where it differs from what the domain boots from. */
static void
set_flags(Reading *reading)
{
    char text[ID_TEXT_SIZE];
    for (guint i = 0; i < reading->vm->disk_attachments.count; i++) {
        DiskAttachment *attachment = reading->vm->disk_attachments.items[i];
        attachment->bootable = id_equal(&attachment->object.id, &reading->boots);
        const ScanNode *row = mark_row(reading, DEVICE_DISK, "id", id_format(&attachment->object.id, ID_UUID, text));
        if (scan_attribute(reading->doc, row, "bootable"))
            attachment->bootable = scan_has(reading->doc, row, "bootable", "yes");
        const DiskAttachment *known = reading->next ? list_find(&reading->next->config->disk_attachments, &attachment->object.id) : NULL;
        attachment->bootable = known ? known->bootable : attachment->bootable;      /* of no meaning to a guest that has started */
    }
}

/* The mark remembers classes no device is there for; it counts while the rest is what the domain says. */
static void
set_classes(Reading *reading, const GArray *devices, const Words *now)
{
    Words *wished = &reading->vm->os.boot.devices;
    g_auto(Words) there = { NULL, 0 };
    filter_words(devices, wished, &there);
    if (wished->count > 0 && (equal_words(reading->boots_by_device ? &there : wished, now)))
        return;
    g_autofree const char **items = g_new0(const char *, now->count + 1);
    for (guint i = 0; i < now->count; i++)
        items[i] = now->items[i];
    words_set(wished, items);
}

void
boot_read(Reading *reading)
{
    g_autoptr(GArray) devices = devices_now(reading);
    g_auto(Words) now = { NULL, 0 };
    reading->boots_by_device = next_in_order(devices, 0) != NULL;
    if (reading->boots_by_device) {
        reading->boots = read_order(devices, &now);
    } else {
        boot_classes(reading, &now);
        reading->boots = has_word(&now, "hd") ? first_disk(devices) : id_null;
    }
    set_classes(reading, devices, &now);
    set_flags(reading);
}

/* --- what shall be --------------------------------------------------------------------------------------------------------------- */

static gint64
highest(const GArray *devices)
{
    gint64 most = 0;
    for (guint i = 0; i < devices->len; i++)
        most = MAX(most, g_array_index(devices, BootDevice, i).order);
    return most;
}

/* Present numbers stay, newcomers of wished classes stand behind them. */
static void
keep_numbers(BootPlan *plan)
{
    gint64 next = highest(plan->devices);
    for (guint i = 0; i < plan->devices->len; i++) {
        BootDevice *device = &g_array_index(plan->devices, BootDevice, i);
        const char *class = boot_class_of(device->kind);
        device->wanted = device->order;
        if (device->fresh && class && has_word(plan->classes, class))
            device->wanted = ++next;
    }
}

static gint64
deal_class(BootPlan *plan, const char *class, gboolean flagged, gint64 next)
{
    for (guint i = 0; i < plan->devices->len; i++) {
        BootDevice *device = &g_array_index(plan->devices, BootDevice, i);
        gboolean is_flagged = device->kind == DEVICE_DISK && id_equal(&device->id, &plan->disk);
        if (g_strcmp0(boot_class_of(device->kind), class) == 0 && is_flagged == flagged)
            device->wanted = next++;
    }
    return next;
}

static void
deal_numbers(BootPlan *plan, const Words *wished)
{
    for (guint i = 0; i < plan->devices->len; i++)
        g_array_index(plan->devices, BootDevice, i).wanted = 0;
    gint64 next = 1;
    for (guint i = 0; i < wished->count; i++) {
        next = deal_class(plan, wished->items[i], TRUE, next);
        next = deal_class(plan, wished->items[i], FALSE, next);
    }
    for (guint i = 0; i < plan->devices->len; i++) {
        BootDevice *device = &g_array_index(plan->devices, BootDevice, i);
        if (device->kind == DEVICE_OTHER && device->order > 0)
            device->wanted = next++;
    }
}

/* Is the flagged disk among the devices, so that its flag can be heeded? */
static gboolean
flag_counts(const BootPlan *plan)
{
    for (guint i = 0; i < plan->devices->len; i++) {
        const BootDevice *device = &g_array_index(plan->devices, BootDevice, i);
        if (device->kind == DEVICE_DISK && id_equal(&device->id, &plan->disk))
            return !id_is_null(&plan->disk);
    }
    return FALSE;
}

static void
plan_by_device(BootPlan *plan, const Words *wished)
{
    g_auto(Words) means = { NULL, 0 }, there = { NULL, 0 };
    keep_numbers(plan);
    plan->boots = read_order(plan->devices, &means);
    filter_words(plan->devices, wished, &there);
    gboolean flagged = !has_word(wished, "hd") || !flag_counts(plan) || id_equal(&plan->boots, &plan->disk);
    if (wished->count > 0 && (!flagged || !equal_words(&means, &there))) {
        deal_numbers(plan, wished);
        g_auto(Words) dealt = { NULL, 0 };
        plan->boots = read_order(plan->devices, &dealt);
    }
    plan->by_device = next_in_order(plan->devices, 0) != NULL;
}

void
boot_plan(BootPlan *plan, const Words *now)
{
    const Words *wished = plan->classes->count > 0 ? plan->classes : now;
    Id first = first_disk(plan->devices);
    gboolean first_will_do = !has_word(wished, "hd") || !flag_counts(plan) || id_equal(&plan->disk, &first);
    if (plan->by_device)
        plan_by_device(plan, plan->classes);
    else if (!first_will_do)
        plan_by_device(plan, wished);
    if (plan->by_device)
        return;
    plan->classes_differ = !equal_words(wished, now);
    plan->boots = has_word(wished, "hd") ? first : id_null;
    for (guint i = 0; i < plan->devices->len; i++)
        g_array_index(plan->devices, BootDevice, i).wanted = 0;
}
