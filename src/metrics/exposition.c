/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One row a metric. All samples of a name stand together, as the format wants, so the objects are walked once a row; their labels
 * are written once and copied. What is kept are those labels, a fraction of the text: that is written while it is sent. */
#include "metrics/exposition.h"

#include "metrics/metrics.h"
#include "model/places.h"
#include "model/storage.h"

typedef enum { OF_HOST_UP, OF_VM_UP, OF_HOST, OF_VM, OF_DISK, OF_NIC, N_OF } Of;
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

typedef struct { gint64 up; } Up;
static const Up is_down = { 0 }, is_up = { 1 };

#define GAUGE(name, help, of, Struct, member, as, scale, label, needs) { "shikiri_" name, "gauge", help, of, offsetof(Struct, member), as, scale, label, needs }
#define COUNTER(name, help, of, Struct, member, as, scale) { "shikiri_" name "_total", "counter", help, of, offsetof(Struct, member), as, scale, NULL, 0 }
#define NANO 1e-9
#define CENT 0.01

/* clang-format off */
static const Family families[] = {
    GAUGE  ("host_up",                        "Is the host up and connected?",           OF_HOST_UP, Up,       up,                WHOLE_VALUE, 0, NULL, 0),
    GAUGE  ("vm_up",                          "Does the VM run?",                        OF_VM_UP, Up,         up,                WHOLE_VALUE, 0, NULL, 0),
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
    gsize labels, length;           /* in Exposition.labels */
} Shown;

struct Exposition {
    GPtrArray *sheets;              /* of which all numbers are */
    GArray *shown[N_OF];            /* Shown */
    Text labels;
    gsize family;                   /* how far it is written: row, */
    guint at;                       /* and object */
};

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
show(Exposition *exposition, Of of, gconstpointer numbers, guint missing, gsize start)
{
    Shown shown = { numbers, missing, start, exposition->labels.length - start };
    g_array_append_val(exposition->shown[of], shown);
}

static void
show_disks(Exposition *exposition, const View *view, const Vm *vm, const Sheet *sheet, const char *host)
{
    char spelled[ID_TEXT_SIZE];
    guint count;
    const DiskNumbers *disks = sheet_disks(sheet, &vm->object.id, &count);
    for (guint i = 0; i < vm->disk_attachments.count; i++) {
        const DiskAttachment *attachment = vm->disk_attachments.items[i];
        const Disk *disk = count ? view_find(view, &disk_type, &attachment->disk.id) : NULL;
        for (guint k = 0; disk && k < count; k++) {
            if (g_strcmp0(disks[k].target, attachment->target) != 0)
                continue;
            gsize start = exposition->labels.length;
            add_object(&exposition->labels, vm->name, &vm->object.id, host);
            add_label(&exposition->labels, ",disk", disk->alias);
            add_label(&exposition->labels, ",disk_id", id_format(&disk->object.id, ID_UUID, spelled));
            add_label(&exposition->labels, ",device", disks[k].target);
            show(exposition, OF_DISK, &disks[k], 0, start);
        }
    }
}

static void
show_nics(Exposition *exposition, const Vm *vm, const Sheet *sheet, const char *host)
{
    guint count;
    const NicNumbers *nics = sheet_nics(sheet, &vm->object.id, &count);
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        for (guint k = 0; nic->mac.address && k < count; k++) {
            if (g_ascii_strcasecmp(nics[k].mac, nic->mac.address) != 0)
                continue;
            gsize start = exposition->labels.length;
            add_object(&exposition->labels, vm->name, &vm->object.id, host);
            add_label(&exposition->labels, ",nic", nic->name);
            add_label(&exposition->labels, ",mac", nics[k].mac);
            show(exposition, OF_NIC, &nics[k], 0, start);
        }
    }
}

static void
show_sheet(Exposition *exposition, const View *view, const Sheet *sheet)
{
    guint count;
    const HostNumbers *numbers = sheet_host(sheet);
    const Host *host = view_find(view, &host_type, &numbers->id);
    const VmNumbers *vms = sheet_vms(sheet, &count);
    if (!host)
        return;
    gsize start = exposition->labels.length;
    add_object(&exposition->labels, host->name, &host->object.id, NULL);
    show(exposition, OF_HOST, numbers, numbers->fresh ? MISSING_CPU : 0, start);
    for (guint i = 0; i < count; i++) {
        const Vm *vm = view_find(view, &vm_type, &vms[i].id);
        if (!vm)
            continue;
        start = exposition->labels.length;
        add_object(&exposition->labels, vm->name, &vm->object.id, host->name);
        show(exposition, OF_VM, &vms[i], vms[i].missing, start);
        show_disks(exposition, view, vm, sheet, host->name);
        show_nics(exposition, vm, sheet, host->name);
    }
}

/* Those who are always there. */
static void
show_ups(Exposition *exposition, const View *view)
{
    const Host *host;
    const Vm *vm;
    for (ViewWalk walk = view_walk(view, &host_type); (host = view_next(&walk));) {
        gsize start = exposition->labels.length;
        add_object(&exposition->labels, host->name, &host->object.id, NULL);
        show(exposition, OF_HOST_UP, host->status == HOST_UP ? &is_up : &is_down, 0, start);
    }
    for (ViewWalk walk = view_walk(view, &vm_type); (vm = view_next(&walk));) {
        gsize start = exposition->labels.length;
        host = view_find(view, &host_type, &vm->host.id);
        add_object(&exposition->labels, vm->name, &vm->object.id, host ? host->name : "");
        show(exposition, OF_VM_UP, vm_is_running(vm->status) ? &is_up : &is_down, 0, start);
    }
}

Exposition *
exposition_new(const View *view, Statistics *statistics, Wall now)
{
    Exposition *exposition = g_new0(Exposition, 1);
    exposition->sheets = statistics_sheets(statistics);
    for (guint of = 0; of < N_OF; of++)
        exposition->shown[of] = g_array_new(FALSE, FALSE, sizeof(Shown));
    show_ups(exposition, view);
    for (guint i = 0; i < exposition->sheets->len; i++) {
        if (now - sheet_when(exposition->sheets->pdata[i]) < METRICS_STALE)
            show_sheet(exposition, view, exposition->sheets->pdata[i]);
    }
    return exposition;
}

gsize
exposition_memory(const Exposition *exposition)
{
    gsize memory = exposition->labels.room;
    for (guint of = 0; of < N_OF; of++)
        memory += exposition->shown[of]->len * sizeof(Shown);
    return memory;
}

void
exposition_free(Exposition *exposition)
{
    if (!exposition)
        return;
    for (guint of = 0; of < N_OF; of++)
        g_array_unref(exposition->shown[of]);
    g_ptr_array_unref(exposition->sheets);
    text_clear(&exposition->labels);
    g_free(exposition);
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
write_sample(Text *out, const Family *family, const Exposition *exposition, const Shown *shown)
{
    if (family->needs & shown->missing)
        return;
    text_add(out, family->name);
    text_add_literal(out, "{");
    text_add_bytes(out, exposition->labels.bytes + shown->labels, shown->length);
    text_add(out, family->label ? family->label : "");
    text_add_literal(out, "} ");
    write_value(out, family, shown->numbers);
    text_add_literal(out, "\n");
}

/* One sample on; at a row's beginning its head, at its end the next row's turn comes. */
static void
write_next(Exposition *exposition, Text *out)
{
    const Family *family = &families[exposition->family];
    const GArray *all = exposition->shown[family->of];
    if (exposition->at == 0 && *family->help)
        write_head(out, family->name, family->type, family->help);
    if (exposition->at < all->len)
        write_sample(out, family, exposition, &g_array_index(all, Shown, exposition->at++));
    if (exposition->at < all->len)
        return;
    exposition->family++;
    exposition->at = 0;
}

gboolean
exposition_write(Exposition *exposition, Text *out)
{
    gsize before = out->length;
    while (out->length - before < EXPOSITION_PIECE && exposition->family < G_N_ELEMENTS(families))
        write_next(exposition, out);
    return out->length > before;
}
