/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The mark: which plain fields it carries (one table, both ways) and a row a device where there is something to say. Written
 * as a whole for a domain that has none, attribute by attribute for one that has. */
#include "host/domain_xml_mark.h"

#include "host/domain_xml.h"

#include <string.h>

/* Attribute of the mark, and the row of the VM's table it holds. */
static const struct {
    const char *attribute, *path;
} fields[] = {
    { "cluster", "cluster" },
    { "template", "template" },
    { "type", "type" },
    { "os", "os.type" },
    { "boot", "os.boot.devices" },
    { "bios", "bios.type" },
    { "machine", "custom_emulated_machine" },
    { "cpu_mode", "cpu.mode" },
    { "cpu_model", "custom_cpu_model" },
    { "pinning", "cpu_pinning_policy" },
    { "guaranteed", "memory_policy.guaranteed" },
    { "max", "memory_policy.max" },
    { "ballooning", "memory_policy.ballooning" },
    { "display", "display.type" },
    { "time_zone", "time_zone.name" },
    { "high_availability", "high_availability.enabled" },
    { "priority", "high_availability.priority" },
    { "affinity", "placement_policy.affinity" },
    { "delete_protected", "delete_protected" },
    { "stateless", "stateless" },
    { "start_paused", "start_paused" },
    { "multi_queues", "multi_queues_enabled" },
    { "on_storage_error", "storage_error_resume_behaviour" },
    { "created", "creation_time" },
    { "comment", "comment" },
    { "run_once", "run_once" },
    { "numa", "numa_draft" },
};

static const char *const row_names[] = { [DEVICE_DISK] = "disk", [DEVICE_CDROM] = "cdrom", [DEVICE_NIC] = "nic", [DEVICE_OTHER] = "" };

/* --- values ------------------------------------------------------------------------------------------------------------------------ */

static char *
id_text(const Id *id)
{
    char text[ID_TEXT_SIZE];
    return id_is_null(id) ? NULL : g_strdup(id_format(id, ID_UUID, text));
}

static char *
join(const Words *words)
{
    g_auto(Text) out = TEXT_EMPTY;
    for (guint i = 0; i < words->count; i++)
        text_printf(&out, "%s%s", i > 0 ? " " : "", words->items[i]);
    return out.length > 0 ? text_take(&out) : NULL;
}

/* NULL where there is nothing to say. */
static char *
value_of(const Field *field, gconstpointer record)
{
    gconstpointer member = (const char *) record + field->offset;
    switch (field->kind) {
    case KIND_TEXT: {
        const char *text = *(char *const *) member;
        return text && *text ? g_strdup(text) : NULL;
    }
    case KIND_BOOL:
        return *(const gboolean *) member ? g_strdup("yes") : NULL;
    case KIND_INT:
    case KIND_TIME: {
        gint64 number = *(const gint64 *) member;
        return number ? g_strdup_printf("%" G_GINT64_FORMAT, number) : NULL;
    }
    case KIND_ENUM: {
        int value = *(const int *) member;
        return value ? g_strdup(names_get(field->of, value)) : NULL;
    }
    case KIND_REF:
        return id_text(&((const Ref *) member)->id);
    case KIND_WORDS:
        return join(member);
    case KIND_REAL:
    case KIND_GROUP:
    case KIND_LIST:
    case KIND_CHILDREN:
    case KIND_COLLECT:
        break;
    }
    g_assert_not_reached();
}

static void
set_words(Words *words, const char *value)
{
    g_auto(GStrv) items = g_strsplit(value, " ", 16);
    words_set(words, (const char *const *) items);
}

static void
set_value(const Field *field, gpointer record, const char *value)
{
    gpointer member = (char *) record + field->offset;
    switch (field->kind) {
    case KIND_TEXT:
        text_set(member, value);
        break;
    case KIND_BOOL:
        *(gboolean *) member = g_str_equal(value, "yes");
        break;
    case KIND_INT:
    case KIND_TIME:
        *(gint64 *) member = g_ascii_strtoll(value, NULL, 10);
        break;
    case KIND_ENUM:
        *(int *) member = names_find(field->of, value);
        break;
    case KIND_REF:
        id_parse(value, ID_UUID, &((Ref *) member)->id);
        break;
    case KIND_WORDS:
        set_words(member, value);
        break;
    case KIND_REAL:
    case KIND_GROUP:
    case KIND_LIST:
    case KIND_CHILDREN:
    case KIND_COLLECT:
        g_assert_not_reached();
    }
}

/* --- finding and reading -------------------------------------------------------------------------------------------------------- */

void
mark_find(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    const ScanNode *metadata = scan_child(doc, doc->root, "metadata");
    for (const ScanNode *child = metadata ? metadata->first : NULL; child && !reading->mark; child = child->next) {
        g_autofree char *space = scan_namespace(doc, child);
        if (g_str_equal(space, DOMAIN_XML_NAMESPACE))
            reading->mark = child;
    }
    Id id;
    g_autofree char *text = scan_get(doc, reading->mark, "id");
    reading->ours = text && id_parse(text, ID_UUID, &id) && id_equal(&id, &reading->id);
    if (reading->ours)
        reading->job = scan_get(doc, reading->mark, "job");
}

void
mark_read(Reading *reading)
{
    for (guint i = 0; reading->ours && i < G_N_ELEMENTS(fields); i++) {
        g_autofree char *value = scan_get(reading->doc, reading->mark, fields[i].attribute);
        gconstpointer record = NULL;
        const Field *field = value ? type_walk(&vm_type, reading->vm, fields[i].path, &record) : NULL;
        if (field)
            set_value(field, (gpointer) record, value);
    }
}

static gboolean
is_row(const ScanDoc *doc, const ScanNode *node, DeviceKind kind)
{
    g_autofree char *name = scan_local_name(doc, node);
    return kind != DEVICE_OTHER && g_str_equal(name, row_names[kind]);
}

/* Rows of devices that are not in the domain now name nobody who is, not even one with the same MAC. */
static gboolean
is_absent(const ScanDoc *doc, const ScanNode *row)
{
    return scan_has(doc, row, "plugged", "no") || scan_has(doc, row, "active", "no");
}

const ScanNode *
mark_row(const Reading *reading, DeviceKind kind, const char *attribute, const char *value)
{
    if (!reading->ours || !*value)
        return NULL;
    for (const ScanNode *row = reading->mark->first; row; row = row->next) {
        if (is_row(reading->doc, row, kind) && scan_has(reading->doc, row, attribute, value) && !is_absent(reading->doc, row))
            return row;
    }
    return NULL;
}

static void
read_ref(const Reading *reading, const ScanNode *row, const char *attribute, Ref *ref)
{
    g_autofree char *id = scan_get(reading->doc, row, attribute);
    if (id)
        id_parse(id, ID_UUID, &ref->id);
}

void
mark_read_nic(const Reading *reading, const ScanNode *row, Nic *nic)
{
    nic->name = scan_get(reading->doc, row, "name");
    read_ref(reading, row, "profile", &nic->vnic_profile);
    read_ref(reading, row, "network", &nic->network);
}

static void
read_absent_nic(Reading *reading, const ScanNode *row, const Id *id)
{
    g_autofree char *interface = scan_get(reading->doc, row, "interface");
    Nic *nic = object_new(&nic_type);
    nic->object.id = *id;
    mark_read_nic(reading, row, nic);
    nic->mac.address = scan_get(reading->doc, row, "mac");
    nic->source = scan_get(reading->doc, row, "source");
    nic->interface = names_find(&nic_interface_names, interface ? interface : "");
    nic->linked = scan_has(reading->doc, row, "linked", "yes");
    list_add(&reading->vm->nics, nic);
}

static void
read_absent_disk(Reading *reading, const ScanNode *row, const Id *id)
{
    g_autofree char *interface = scan_get(reading->doc, row, "interface");
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    attachment->object.id = attachment->disk.id = *id;
    attachment->interface = names_find(&disk_interface_names, interface ? interface : "");
    attachment->read_only = scan_has(reading->doc, row, "read_only", "yes");
    attachment->bootable = scan_has(reading->doc, row, "bootable", "yes");
    list_add(&reading->vm->disk_attachments, attachment);
}

void
mark_read_absent(Reading *reading)
{
    Vm *vm = reading->vm;
    for (const ScanNode *row = reading->ours ? reading->mark->first : NULL; row; row = row->next) {
        g_autofree char *text = scan_get(reading->doc, row, "id");
        Id id;
        if (!text || !id_parse(text, ID_UUID, &id))
            continue;
        if (is_row(reading->doc, row, DEVICE_NIC) && scan_has(reading->doc, row, "plugged", "no") && !list_find(&vm->nics, &id))
            read_absent_nic(reading, row, &id);
        if (is_row(reading->doc, row, DEVICE_DISK) && scan_has(reading->doc, row, "active", "no") && !list_find(&vm->disk_attachments, &id))
            read_absent_disk(reading, row, &id);
    }
}

/* --- rows -------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    char *value;                        /* NULL: not there */
} Pair;

static void
clear_pair(gpointer pair)
{
    g_free(((Pair *) pair)->value);
}

static void
add_pair(GArray *pairs, const char *name, char *take_value)
{
    Pair pair = { name, take_value };
    g_array_append_val(pairs, pair);
}

static char *
dup_text(const char *text)
{
    return text && *text ? g_strdup(text) : NULL;
}

static char *
yes_if(gboolean set)
{
    return set ? g_strdup("yes") : NULL;
}

static void
add_nic_pairs(GArray *pairs, const Nic *nic, const MarkDevice *device)
{
    gboolean absent = !device->key;
    gboolean pulled = !absent && !device->path && !nic->linked && g_strcmp0(nic->source, "user:") == 0;
    add_pair(pairs, "name", dup_text(nic->name));
    add_pair(pairs, "profile", id_text(&nic->vnic_profile.id));
    add_pair(pairs, "network", id_text(&nic->network.id));
    add_pair(pairs, "mac", absent ? dup_text(nic->mac.address) : device->plain ? NULL : dup_text(device->key));
    add_pair(pairs, "plugged", absent ? g_strdup("no") : NULL);
    add_pair(pairs, "interface", absent ? dup_text(names_get(&nic_interface_names, nic->interface)) : NULL);
    add_pair(pairs, "source", absent || pulled ? dup_text(nic->source) : NULL);
    add_pair(pairs, "linked", yes_if(nic->linked && (absent || device->path)));
}

/* The flag is said only where it is not what the domain boots from. */
static void
add_disk_pairs(GArray *pairs, const DiskAttachment *attachment, const MarkDevice *device)
{
    gboolean absent = !device->key;
    gboolean differs = !attachment->bootable != !device->boots;
    add_pair(pairs, "target", absent || device->plain ? NULL : g_strdup(device->key));
    add_pair(pairs, "active", absent ? g_strdup("no") : NULL);
    add_pair(pairs, "interface", absent ? dup_text(names_get(&disk_interface_names, attachment->interface)) : NULL);
    add_pair(pairs, "read_only", yes_if(absent && attachment->read_only));
    add_pair(pairs, "bootable", differs ? g_strdup(attachment->bootable ? "yes" : "no") : NULL);
}

static void
add_cdrom_pairs(GArray *pairs, const Cdrom *cdrom, const MarkDevice *device)
{
    gboolean filled = device->path && cdrom->file.id && *cdrom->file.id;
    add_pair(pairs, "target", device->plain ? NULL : dup_text(device->key));
    add_pair(pairs, "file", filled ? g_strdup(cdrom->file.id) : NULL);
    add_pair(pairs, "path", filled ? g_strdup(device->path) : NULL);
}

/* What a device's row says beside its id; NULL if nothing. */
static GArray *
pairs_of(const Vm *vm, const MarkDevice *device)
{
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
    g_array_set_clear_func(pairs, clear_pair);
    if (device->kind == DEVICE_NIC)
        add_nic_pairs(pairs, list_find(&vm->nics, &device->id), device);
    else if (device->kind == DEVICE_DISK)
        add_disk_pairs(pairs, list_find(&vm->disk_attachments, &device->id), device);
    else
        add_cdrom_pairs(pairs, list_find(&vm->cdroms, &device->id), device);
    for (guint i = 0; i < pairs->len; i++) {
        if (g_array_index(pairs, Pair, i).value)
            return g_steal_pointer(&pairs);
    }
    return NULL;
}

void
mark_device_clear(gpointer device)
{
    g_free(((MarkDevice *) device)->key);
    g_free(((MarkDevice *) device)->path);
}

/* --- writing ------------------------------------------------------------------------------------------------------------------------ */

static void
add_attribute(Text *out, const char *name, const char *value)
{
    text_printf(out, " %s='", name);
    splice_add_value(out, value);
    text_add_literal(out, "'");
}

static void
add_row(Text *out, const char *prefix, const MarkDevice *device, const GArray *pairs)
{
    g_autofree char *id = id_text(&device->id);
    text_printf(out, "<%s%s", prefix, row_names[device->kind]);
    add_attribute(out, "id", id ? id : "");
    for (guint i = 0; i < pairs->len; i++) {
        const Pair *pair = &g_array_index(pairs, Pair, i);
        if (pair->value)
            add_attribute(out, pair->name, pair->value);
    }
    text_add_literal(out, "/>");
}

static void
add_fields(Text *out, const Vm *vm)
{
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        gconstpointer record;
        const Field *field = type_walk(&vm_type, vm, fields[i].path, &record);
        g_autofree char *value = value_of(field, record);
        if (value)
            add_attribute(out, fields[i].attribute, value);
    }
}

char *
mark_make(const Vm *vm, const Id *domain, const char *job, const GArray *devices)
{
    g_auto(Text) out = TEXT_EMPTY, rows = TEXT_EMPTY;
    g_autofree char *id = id_text(domain);
    text_add_literal(&out, "<shikiri:vm xmlns:shikiri='" DOMAIN_XML_NAMESPACE "'");
    add_attribute(&out, "id", id ? id : "");
    if (job)
        add_attribute(&out, "job", job);
    add_fields(&out, vm);
    for (guint i = 0; i < devices->len; i++) {
        const MarkDevice *device = &g_array_index(devices, MarkDevice, i);
        g_autoptr(GArray) pairs = pairs_of(vm, device);
        if (!pairs)
            continue;
        text_add_literal(&rows, "\n  ");
        add_row(&rows, "shikiri:", device, pairs);
    }
    if (rows.length == 0) {
        text_add_literal(&out, "/>");
        return text_take(&out);
    }
    text_add_literal(&out, ">");
    text_add_bytes(&out, rows.bytes, rows.length);
    text_add_literal(&out, "\n</shikiri:vm>");
    return text_take(&out);
}

/* --- patching --------------------------------------------------------------------------------------------------------------------- */

static char *
prefix_of(const ScanDoc *doc, const ScanNode *node)
{
    g_autofree char *name = g_strndup(doc->bytes + node->name, node->name_length);
    char *colon = strchr(name, ':');
    return colon ? g_strndup(name, (gsize) (colon - name + 1)) : g_strdup("");
}

static void
patch_fields(Splices *splices, const Reading *reading, const Vm *vm)
{
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        gconstpointer record;
        const Field *field = type_walk(&vm_type, vm, fields[i].path, &record);
        g_autofree char *value = value_of(field, record);
        splice_attribute(splices, reading->mark, fields[i].attribute, value);
    }
}

/* The row of that id in the mark, whoever's it is. */
static const ScanNode *
find_row(const Reading *reading, const MarkDevice *device)
{
    g_autofree char *id = id_text(&device->id);
    for (const ScanNode *row = reading->mark->first; row; row = row->next) {
        if (id && is_row(reading->doc, row, device->kind) && scan_has(reading->doc, row, "id", id))
            return row;
    }
    return NULL;
}

static void
patch_row(Splices *splices, const Reading *reading, const Vm *vm, const MarkDevice *device)
{
    const ScanNode *row = find_row(reading, device);
    g_autoptr(GArray) pairs = pairs_of(vm, device);
    if (!pairs)
        return;
    if (!row) {
        g_auto(Text) fragment = TEXT_EMPTY;
        g_autofree char *prefix = prefix_of(reading->doc, reading->mark);
        add_row(&fragment, prefix, device, pairs);
        g_autofree char *text = text_take(&fragment);
        splice_insert(splices, reading->mark, NULL, text);
        return;
    }
    for (guint i = 0; i < pairs->len; i++)
        splice_attribute(splices, row, g_array_index(pairs, Pair, i).name, g_array_index(pairs, Pair, i).value);
}

/* Is ROW one of a device that has nothing to say any more? */
static gboolean
is_stale(const Reading *reading, const Vm *vm, const ScanNode *row, const GArray *devices)
{
    if (!is_row(reading->doc, row, DEVICE_NIC) && !is_row(reading->doc, row, DEVICE_DISK) && !is_row(reading->doc, row, DEVICE_CDROM))
        return FALSE;
    for (guint i = 0; i < devices->len; i++) {
        const MarkDevice *device = &g_array_index(devices, MarkDevice, i);
        if (find_row(reading, device) != row)
            continue;
        g_autoptr(GArray) pairs = pairs_of(vm, device);
        return pairs == NULL;
    }
    return TRUE;
}

void
mark_patch(Splices *splices, const Reading *reading, const Vm *vm, const char *job, const GArray *devices)
{
    g_autofree char *id = id_text(&reading->id);
    splice_attribute(splices, reading->mark, "id", id);
    if (job)
        splice_attribute(splices, reading->mark, "job", job);
    patch_fields(splices, reading, vm);
    for (guint i = 0; i < devices->len; i++)
        patch_row(splices, reading, vm, &g_array_index(devices, MarkDevice, i));
    for (const ScanNode *row = reading->mark->first; row; row = row->next) {
        if (is_stale(reading, vm, row, devices))
            splice_remove(splices, row);
    }
}
