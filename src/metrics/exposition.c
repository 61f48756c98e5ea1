/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One row a metric. All samples of a name stand together, as the format wants, so the objects are walked once a row; their labels
 * are written once and copied. */
#include "metrics/exposition.h"

#include "metrics/metrics.h"
#include "model/places.h"
#include "model/storage.h"

typedef enum { OF_HOST, OF_VM, OF_DISK, OF_NIC, N_OF } Of;
typedef enum { REAL_VALUE, WHOLE_VALUE } As;

typedef struct {
    const char *name, *type, *help;
    Of of;
    gsize offset;
    As as;
    double scale;                   /* to the base unit; 0: it is one */
    const char *label;              /* one more, or NULL */
    guint needs;                    /* Missing: it is left out where this is missing */
} Family;

#define GAUGE(name, help, of, Struct, member, as, scale, label, needs) { "shikiri_" name, "gauge", help, of, offsetof(Struct, member), as, scale, label, needs }
#define COUNTER(name, help, of, Struct, member, as, scale) { "shikiri_" name "_total", "counter", help, of, offsetof(Struct, member), as, scale, NULL, 0 }
#define NANO 1e-9
#define CENT 0.01

/* clang-format off */
static const Family families[] = {
    GAUGE  ("host_cpu_ratio",                 "Processor time, of all CPUs.",            OF_HOST, HostNumbers, cpu_user,          REAL_VALUE,  CENT, ",mode=\"user\"",   MISSING_CPU),
    GAUGE  ("host_cpu_ratio",                 "",                                        OF_HOST, HostNumbers, cpu_system,        REAL_VALUE,  CENT, ",mode=\"system\"", MISSING_CPU),
    GAUGE  ("host_cpu_ratio",                 "",                                        OF_HOST, HostNumbers, cpu_idle,          REAL_VALUE,  CENT, ",mode=\"idle\"",   MISSING_CPU),
    GAUGE  ("host_load5",                     "Load average of five minutes.",           OF_HOST, HostNumbers, load,              REAL_VALUE,  0, NULL, 0),
    GAUGE  ("host_memory_bytes",              "Memory the host has.",                    OF_HOST, HostNumbers, memory_total,      WHOLE_VALUE, 0, NULL, 0),
    GAUGE  ("host_memory_used_bytes",         "Memory in use on the host.",              OF_HOST, HostNumbers, memory_used,       WHOLE_VALUE, 0, NULL, 0),
    GAUGE  ("host_swap_bytes",                "Swap space the host has.",                OF_HOST, HostNumbers, swap_total,        WHOLE_VALUE, 0, NULL, 0),
    GAUGE  ("host_swap_used_bytes",           "Swap space in use on the host.",          OF_HOST, HostNumbers, swap_used,         WHOLE_VALUE, 0, NULL, 0),
    GAUGE  ("host_boot_time_seconds",         "When the host booted, since 1970.",       OF_HOST, HostNumbers, boot_time,         WHOLE_VALUE, 1e-6, NULL, 0),
    COUNTER("host_network_receive_bytes",     "Received by the host's network cards.",   OF_HOST, HostNumbers, net_rx_total,      WHOLE_VALUE, 0),
    COUNTER("host_network_transmit_bytes",    "Sent by the host's network cards.",       OF_HOST, HostNumbers, net_tx_total,      WHOLE_VALUE, 0),
    COUNTER("vm_cpu_seconds",                 "Processor time of the VM's process.",     OF_VM,   VmNumbers,   cpu_time,          WHOLE_VALUE, NANO),
    GAUGE  ("vm_cpu_ratio",                   "Processor time of the VM; 1 is one CPU.", OF_VM,   VmNumbers,   cpu_total,         REAL_VALUE,  CENT, NULL, MISSING_CPU),
    GAUGE  ("vm_memory_bytes",                "Memory the guest has.",                   OF_VM,   VmNumbers,   memory_installed,  WHOLE_VALUE, 0, NULL, MISSING_MEMORY),
    GAUGE  ("vm_memory_used_bytes",           "Memory in use by the guest.",             OF_VM,   VmNumbers,   memory_used,       WHOLE_VALUE, 0, NULL, MISSING_MEMORY),
    GAUGE  ("vm_uptime_seconds",              "Since the VM was started.",               OF_VM,   VmNumbers,   uptime,            WHOLE_VALUE, 0, NULL, 0),
    COUNTER("vm_disk_read_bytes",             "Read from the disk by this VM.",          OF_DISK, DiskNumbers, read_total,        WHOLE_VALUE, 0),
    COUNTER("vm_disk_written_bytes",          "Written to the disk by this VM.",         OF_DISK, DiskNumbers, write_total,       WHOLE_VALUE, 0),
    COUNTER("vm_disk_reads",                  "Read operations.",                        OF_DISK, DiskNumbers, read_ops_total,    WHOLE_VALUE, 0),
    COUNTER("vm_disk_writes",                 "Write operations.",                       OF_DISK, DiskNumbers, write_ops_total,   WHOLE_VALUE, 0),
    COUNTER("vm_disk_flushes",                "Flush operations.",                       OF_DISK, DiskNumbers, flush_total,       WHOLE_VALUE, 0),
    COUNTER("vm_disk_read_seconds",           "Time spent in read operations.",          OF_DISK, DiskNumbers, read_time,         WHOLE_VALUE, NANO),
    COUNTER("vm_disk_write_seconds",          "Time spent in write operations.",         OF_DISK, DiskNumbers, write_time,        WHOLE_VALUE, NANO),
    COUNTER("vm_disk_flush_seconds",          "Time spent in flush operations.",         OF_DISK, DiskNumbers, flush_time,        WHOLE_VALUE, NANO),
    COUNTER("vm_network_receive_bytes",       "Received by the NIC.",                    OF_NIC,  NicNumbers,  rx_total,          WHOLE_VALUE, 0),
    COUNTER("vm_network_transmit_bytes",      "Sent by the NIC.",                        OF_NIC,  NicNumbers,  tx_total,          WHOLE_VALUE, 0),
    COUNTER("vm_network_receive_packets",     "Packets received.",                       OF_NIC,  NicNumbers,  rx_packets_total,  WHOLE_VALUE, 0),
    COUNTER("vm_network_transmit_packets",    "Packets sent.",                           OF_NIC,  NicNumbers,  tx_packets_total,  WHOLE_VALUE, 0),
    COUNTER("vm_network_receive_drop",        "Received packets dropped.",               OF_NIC,  NicNumbers,  rx_drops_total,    WHOLE_VALUE, 0),
    COUNTER("vm_network_transmit_drop",       "Packets to send dropped.",                OF_NIC,  NicNumbers,  tx_drops_total,    WHOLE_VALUE, 0),
    COUNTER("vm_network_receive_errors",      "Errors receiving.",                       OF_NIC,  NicNumbers,  rx_errors_total,   WHOLE_VALUE, 0),
    COUNTER("vm_network_transmit_errors",     "Errors sending.",                         OF_NIC,  NicNumbers,  tx_errors_total,   WHOLE_VALUE, 0),
};
/* clang-format on */

/* --- objects and their labels ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    gconstpointer numbers;
    guint missing;
    gsize labels, length;           /* in Objects.labels */
} Shown;

typedef struct {
    const View *view;
    GPtrArray *sheets;              /* of which all numbers are */
    GArray *shown[N_OF];            /* Shown */
    Text labels;
} Objects;

/* A label's value: quotes, backslashes and ends of lines are escaped. */
static void
add_value(Text *text, const char *value)
{
    for (const char *at = value ? value : ""; *at; at++) {
        if (*at == '"' || *at == '\\')
            text_add_literal(text, "\\");
        if (*at == '\n')
            text_add_literal(text, "\\n");
        else
            text_add_bytes(text, at, 1);
    }
}

static void
add_label(Text *text, const char *name, const char *value)
{
    text_add(text, name);
    text_add_literal(text, "=\"");
    add_value(text, value);
    text_add_literal(text, "\"");
}

static void
add_object(Text *text, const char *name, const Id *id, const char *host)
{
    char spelled[ID_TEXT_SIZE];
    add_label(text, "name", name);
    add_label(text, ",id", id_format(id, ID_UUID, spelled));
    if (host)
        add_label(text, ",host", host);
}

static void
show(Objects *objects, Of of, gconstpointer numbers, guint missing, gsize start)
{
    Shown shown = { numbers, missing, start, objects->labels.length - start };
    g_array_append_val(objects->shown[of], shown);
}

static void
show_disks(Objects *objects, const Vm *vm, const Sheet *sheet, const char *host)
{
    char spelled[ID_TEXT_SIZE];
    guint count;
    const DiskNumbers *disks = sheet_disks(sheet, &vm->object.id, &count);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = count ? view_find(objects->view, &disk_type, &attachment->disk.id) : NULL;
        for (guint k = 0; disk && k < count; k++) {
            if (g_strcmp0(disks[k].target, attachment->target) != 0)
                continue;
            gsize start = objects->labels.length;
            add_object(&objects->labels, vm->name, &vm->object.id, host);
            add_label(&objects->labels, ",disk", disk->alias);
            add_label(&objects->labels, ",disk_id", id_format(&disk->object.id, ID_UUID, spelled));
            add_label(&objects->labels, ",device", disks[k].target);
            show(objects, OF_DISK, &disks[k], 0, start);
        }
    }
}

static void
show_nics(Objects *objects, const Vm *vm, const Sheet *sheet, const char *host)
{
    guint count;
    const NicNumbers *nics = sheet_nics(sheet, &vm->object.id, &count);
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        for (guint k = 0; nic->mac.address && k < count; k++) {
            if (g_ascii_strcasecmp(nics[k].mac, nic->mac.address) != 0)
                continue;
            gsize start = objects->labels.length;
            add_object(&objects->labels, vm->name, &vm->object.id, host);
            add_label(&objects->labels, ",nic", nic->name);
            add_label(&objects->labels, ",mac", nics[k].mac);
            show(objects, OF_NIC, &nics[k], 0, start);
        }
    }
}

static void
show_sheet(Objects *objects, const Sheet *sheet)
{
    guint count;
    const HostNumbers *numbers = sheet_host(sheet);
    const Host *host = view_find(objects->view, &host_type, &numbers->id);
    const VmNumbers *vms = sheet_vms(sheet, &count);
    if (!host)
        return;
    gsize start = objects->labels.length;
    add_object(&objects->labels, host->name, &host->object.id, NULL);
    show(objects, OF_HOST, numbers, numbers->fresh ? MISSING_CPU : 0, start);
    for (guint i = 0; i < count; i++) {
        const Vm *vm = view_find(objects->view, &vm_type, &vms[i].id);
        if (!vm)
            continue;
        start = objects->labels.length;
        add_object(&objects->labels, vm->name, &vm->object.id, host->name);
        show(objects, OF_VM, &vms[i], vms[i].missing, start);
        show_disks(objects, vm, sheet, host->name);
        show_nics(objects, vm, sheet, host->name);
    }
}

static void
objects_init(Objects *objects, const View *view, Statistics *statistics, Wall now)
{
    *objects = (Objects) { .view = view, .sheets = statistics_sheets(statistics) };
    for (guint of = 0; of < N_OF; of++)
        objects->shown[of] = g_array_new(FALSE, FALSE, sizeof(Shown));
    for (guint i = 0; i < objects->sheets->len; i++) {
        if (now - sheet_when(objects->sheets->pdata[i]) < METRICS_STALE)
            show_sheet(objects, objects->sheets->pdata[i]);
    }
}

static void
objects_clear(Objects *objects)
{
    for (guint of = 0; of < N_OF; of++)
        g_array_unref(objects->shown[of]);
    g_ptr_array_unref(objects->sheets);
    text_clear(&objects->labels);
}

/* --- writing ------------------------------------------------------------------------------------------------------------------------------- */

static void
write_head(Text *out, const char *name, const char *type, const char *help)
{
    text_add_literal(out, "# HELP ");
    text_add(out, name);
    text_add_literal(out, " ");
    text_add(out, help);
    text_add_literal(out, "\n# TYPE ");
    text_add(out, name);
    text_add_literal(out, " ");
    text_add(out, type);
    text_add_literal(out, "\n");
}

static void
write_value(Text *out, const Family *family, gconstpointer numbers)
{
    const char *at = (const char *) numbers + family->offset;
    double value = family->as == REAL_VALUE ? *(const double *) (gconstpointer) at : (double) *(const gint64 *) (gconstpointer) at;
    if (family->scale > 0)
        text_add_real(out, value * family->scale);
    else if (family->as == REAL_VALUE)
        text_add_real(out, value);
    else
        text_add_int(out, *(const gint64 *) (gconstpointer) at);
}

static void
write_family(Text *out, const Family *family, const Objects *objects)
{
    const GArray *all = objects->shown[family->of];
    for (guint i = 0; i < all->len; i++) {
        const Shown *shown = &g_array_index(all, Shown, i);
        if (family->needs & shown->missing)
            continue;
        text_add(out, family->name);
        text_add_literal(out, "{");
        text_add_bytes(out, objects->labels.bytes + shown->labels, shown->length);
        text_add(out, family->label ? family->label : "");
        text_add_literal(out, "} ");
        write_value(out, family, shown->numbers);
        text_add_literal(out, "\n");
    }
}

static void
write_hosts_up(Text *out, const View *view)
{
    const Host *host;
    write_head(out, "shikiri_host_up", "gauge", "Is the host up and connected?");
    for (ViewWalk walk = view_walk(view, &host_type); (host = view_next(&walk));) {
        text_add_literal(out, "shikiri_host_up{");
        add_object(out, host->name, &host->object.id, NULL);
        text_add(out, host->status == HOST_UP ? "} 1\n" : "} 0\n");
    }
}

static void
write_vms_up(Text *out, const View *view)
{
    const Vm *vm;
    write_head(out, "shikiri_vm_up", "gauge", "Does the VM run?");
    for (ViewWalk walk = view_walk(view, &vm_type); (vm = view_next(&walk));) {
        const Host *host = view_find(view, &host_type, &vm->host.id);
        text_add_literal(out, "shikiri_vm_up{");
        add_object(out, vm->name, &vm->object.id, host ? host->name : "");
        text_add(out, vm_is_running(vm->status) ? "} 1\n" : "} 0\n");
    }
}

void
exposition_write(Text *out, const View *view, Statistics *statistics, Wall now)
{
    Objects objects;
    objects_init(&objects, view, statistics, now);
    write_hosts_up(out, view);
    write_vms_up(out, view);
    for (gsize i = 0; i < G_N_ELEMENTS(families); i++) {
        if (*families[i].help)
            write_head(out, families[i].name, families[i].type, families[i].help);
        write_family(out, &families[i], &objects);
    }
    objects_clear(&objects);
}
