/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names of libvirt's parameters as rows ("block.0.rd.bytes" is BLOCK, 0, rd.bytes), and the arithmetic of counters. A counter that
 * is smaller than before began anew: a device was taken out and another put in its place, so there is no rate this time. */
#include "host/domain_numbers.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct { const char *name; gsize offset; guint group; } singles[] = {
    { "cpu.time",        offsetof(DomainCount, cpu),       MISSING_CPU },
    { "balloon.current", offsetof(DomainCount, installed), 0 },     /* also told of a QEMU that hangs */
    { "balloon.usable",  offsetof(DomainCount, usable),    MISSING_MEMORY },
    { "balloon.unused",  offsetof(DomainCount, unused),    MISSING_MEMORY },
    { "balloon.rss",     offsetof(DomainCount, resident),  MISSING_MEMORY },
};

static const struct { const char *tail; gsize offset; guint group; } blocks[] = {
    { "rd.bytes", offsetof(DeviceCount, read),       MISSING_DISKS },
    { "wr.bytes", offsetof(DeviceCount, write),      MISSING_DISKS },
    { "rd.reqs",  offsetof(DeviceCount, read_ops),   0 },
    { "wr.reqs",  offsetof(DeviceCount, write_ops),  0 },
    { "fl.reqs",  offsetof(DeviceCount, flush),      0 },
    { "rd.times", offsetof(DeviceCount, read_time),  0 },
    { "wr.times", offsetof(DeviceCount, write_time), 0 },
    { "fl.times", offsetof(DeviceCount, flush_time), 0 },
}, nets[] = {
    { "rx.bytes", offsetof(DeviceCount, rx),         MISSING_NICS },
    { "tx.bytes", offsetof(DeviceCount, tx),         MISSING_NICS },
    { "rx.pkts",  offsetof(DeviceCount, rx_packets), 0 },
    { "tx.pkts",  offsetof(DeviceCount, tx_packets), 0 },
    { "rx.drop",  offsetof(DeviceCount, rx_drops),   0 },
    { "tx.drop",  offsetof(DeviceCount, tx_drops),   0 },
    { "rx.errs",  offsetof(DeviceCount, rx_errors),  0 },
    { "tx.errs",  offsetof(DeviceCount, tx_errors),  0 },
};
/* clang-format on */

/* --- reading ---------------------------------------------------------------------------------------------------------------------------- */

static guint64
value_of(const virTypedParameter *parameter)
{
    switch (parameter->type) {
    case VIR_TYPED_PARAM_ULLONG:
        return parameter->value.ul;
    case VIR_TYPED_PARAM_LLONG:
        return (guint64) MAX(parameter->value.l, 0);
    case VIR_TYPED_PARAM_UINT:
        return parameter->value.ui;
    default:
        return 0;
    }
}

/* "block.0.rd.bytes" of GROUP "block.": the number, and what stands behind it; NULL. */
static const char *
tail_of(const char *field, const char *group, guint *ret_index)
{
    gsize length = strlen(group);
    if (strncmp(field, group, length) != 0 || !g_ascii_isdigit(field[length]))
        return NULL;
    char *end;
    guint64 index = g_ascii_strtoull(field + length, &end, 10);
    if (index >= DOMAIN_NUMBERS_MOST || *end != '.')
        return NULL;
    *ret_index = (guint) index;
    return end + 1;
}

static DeviceCount *
device_at(GArray *devices, guint index)
{
    if (devices->len <= index)
        g_array_set_size(devices, index + 1);
    return &g_array_index(devices, DeviceCount, index);
}

static void
take_name(DeviceCount *device, const virTypedParameter *parameter)
{
    if (parameter->type == VIR_TYPED_PARAM_STRING && parameter->value.s)
        g_strlcpy(device->name, parameter->value.s, sizeof(device->name));
}

static void
take_block(DomainCount *count, guint index, const char *tail, const virTypedParameter *parameter)
{
    DeviceCount *device = device_at(count->disks, index);
    if (strcmp(tail, "name") == 0)
        take_name(device, parameter);
    for (gsize i = 0; i < G_N_ELEMENTS(blocks); i++) {
        if (strcmp(tail, blocks[i].tail) != 0)
            continue;
        *(guint64 *) (gpointer) ((char *) device + blocks[i].offset) = value_of(parameter);
        count->seen |= blocks[i].group;
    }
}

static void
take_net(DomainCount *count, guint index, const char *tail, const virTypedParameter *parameter)
{
    DeviceCount *device = device_at(count->nics, index);
    if (strcmp(tail, "name") == 0)
        take_name(device, parameter);
    for (gsize i = 0; i < G_N_ELEMENTS(nets); i++) {
        if (strcmp(tail, nets[i].tail) != 0)
            continue;
        *(guint64 *) (gpointer) ((char *) device + nets[i].offset) = value_of(parameter);
        count->seen |= nets[i].group;
    }
}

/* A VM without a disk has a group without anything in it: "block.count" tells that from a QEMU that was not asked. */
static void
take_single(DomainCount *count, const virTypedParameter *parameter)
{
    for (gsize i = 0; i < G_N_ELEMENTS(singles); i++) {
        if (strcmp(parameter->field, singles[i].name) != 0)
            continue;
        *(guint64 *) (gpointer) ((char *) count + singles[i].offset) = value_of(parameter);
        count->seen |= singles[i].group;
    }
    if (strcmp(parameter->field, "block.count") == 0 && value_of(parameter) == 0)
        count->seen |= MISSING_DISKS;
    if (strcmp(parameter->field, "net.count") == 0 && value_of(parameter) == 0)
        count->seen |= MISSING_NICS;
}

static void
take_parameter(DomainCount *count, const virTypedParameter *parameter)
{
    guint index;
    const char *tail = tail_of(parameter->field, "block.", &index);
    if (tail) {
        take_block(count, index, tail, parameter);
    } else if ((tail = tail_of(parameter->field, "net.", &index))) {
        take_net(count, index, tail, parameter);
    } else if ((tail = tail_of(parameter->field, "vcpu.", &index))) {
        if (strcmp(tail, "time") == 0)
            count->vcpus += value_of(parameter);
    } else {
        take_single(count, parameter);
    }
}

DomainCount *
domain_count_new(const Id *id, Tick when, const virTypedParameter *parameters, int count)
{
    DomainCount *made = g_new0(DomainCount, 1);
    made->id = *id;
    made->when = when;
    made->disks = g_array_new(FALSE, TRUE, sizeof(DeviceCount));
    made->nics = g_array_new(FALSE, TRUE, sizeof(DeviceCount));
    for (int i = 0; i < count; i++)
        take_parameter(made, &parameters[i]);
    if (made->vcpus > made->cpu) {      /* without cgroups libvirt counts the processors alone */
        made->cpu = made->vcpus;
        made->seen |= MISSING_CPU;
    }
    return made;
}

void
domain_count_free(DomainCount *count)
{
    if (!count)
        return;
    g_array_unref(count->disks);
    g_array_unref(count->nics);
    g_free(count);
}

/* --- rates ------------------------------------------------------------------------------------------------------------------------------ */

static double
rate(guint64 before, guint64 now, Tick time)
{
    return now >= before && time > 0 ? (double) (now - before) * CLOCK_SECOND / (double) time : 0;
}

static gint64
total(guint64 count)
{
    return (gint64) MIN(count, G_MAXINT64);
}

static double
latency(guint64 time_before, guint64 time, guint64 ops_before, guint64 ops)
{
    return ops > ops_before && time >= time_before ? (double) (time - time_before) / (double) (ops - ops_before) / 1e9 : 0;
}

static const DeviceCount *
find_device(const GArray *devices, const char *name)
{
    for (guint i = 0; i < devices->len; i++) {
        const DeviceCount *device = &g_array_index(devices, DeviceCount, i);
        if (strcmp(device->name, name) == 0)
            return device;
    }
    return NULL;
}

static void
put_disk(Sheet *sheet, const Id *vm, const DeviceCount *now, const DeviceCount *before, Tick time)
{
    DiskNumbers *disk = sheet_add_disk(sheet, vm, now->name);
    disk->read_total = total(now->read);
    disk->write_total = total(now->write);
    disk->read_ops_total = total(now->read_ops);
    disk->write_ops_total = total(now->write_ops);
    disk->flush_total = total(now->flush);
    disk->read_time = total(now->read_time);
    disk->write_time = total(now->write_time);
    disk->flush_time = total(now->flush_time);
    disk->fresh = !before || now->read < before->read || now->write < before->write;
    if (disk->fresh)
        return;
    disk->read = rate(before->read, now->read, time);
    disk->write = rate(before->write, now->write, time);
    disk->read_ops = rate(before->read_ops, now->read_ops, time);
    disk->write_ops = rate(before->write_ops, now->write_ops, time);
    disk->read_latency = latency(before->read_time, now->read_time, before->read_ops, now->read_ops);
    disk->write_latency = latency(before->write_time, now->write_time, before->write_ops, now->write_ops);
}

static void
put_nic(NicNumbers *nic, const DeviceCount *now, const DeviceCount *before, Tick time)
{
    nic->rx_total = total(now->rx);
    nic->tx_total = total(now->tx);
    nic->rx_packets_total = total(now->rx_packets);
    nic->tx_packets_total = total(now->tx_packets);
    nic->rx_drops_total = total(now->rx_drops);
    nic->tx_drops_total = total(now->tx_drops);
    nic->rx_errors_total = total(now->rx_errors);
    nic->tx_errors_total = total(now->tx_errors);
    nic->fresh = !before || now->rx < before->rx || now->tx < before->tx;
    if (nic->fresh)
        return;
    nic->rx = rate(before->rx, now->rx, time);
    nic->tx = rate(before->tx, now->tx, time);
    nic->rx_packets = rate(before->rx_packets, now->rx_packets, time);
    nic->tx_packets = rate(before->tx_packets, now->tx_packets, time);
    nic->drops = rate(before->rx_drops, now->rx_drops, time) + rate(before->tx_drops, now->tx_drops, time);
    nic->errors = rate(before->rx_errors, now->rx_errors, time) + rate(before->tx_errors, now->tx_errors, time);
}

static gint64
bytes_of(guint64 kibibytes)
{
    return kibibytes < G_MAXINT64 / 1024 ? (gint64) kibibytes * 1024 : 0;
}

/* What the guest says where its balloon tells; else what its process holds of the host's memory. */
static void
put_memory(VmNumbers *numbers, const DomainCount *now)
{
    guint64 free = now->usable ? now->usable : now->unused;
    guint64 used = free ? now->installed - MIN(free, now->installed) : MIN(now->resident, now->installed);
    numbers->memory_installed = bytes_of(now->installed);
    numbers->memory_used = bytes_of(used);
    numbers->memory_free = bytes_of(now->installed - used);
}

/* The sums of its devices. One that came meanwhile counts from the next time on. */
static void
sum_disks(VmNumbers *numbers, const DomainCount *now, const DomainCount *before, Tick time)
{
    double sums[4] = { 0 };
    for (guint i = 0; i < now->disks->len; i++) {
        const DeviceCount *disk = &g_array_index(now->disks, DeviceCount, i);
        const DeviceCount *old = find_device(before->disks, disk->name);
        if (!old)
            continue;
        sums[0] += rate(old->read, disk->read, time);
        sums[1] += rate(old->write, disk->write, time);
        sums[2] += rate(old->read_ops, disk->read_ops, time);
        sums[3] += rate(old->write_ops, disk->write_ops, time);
    }
    numbers->disk_read = (gint64) sums[0];
    numbers->disk_write = (gint64) sums[1];
    numbers->disk_read_ops = (gint64) sums[2];
    numbers->disk_write_ops = (gint64) sums[3];
}

static void
sum_nics(VmNumbers *numbers, const DomainCount *now, const DomainCount *before, Tick time)
{
    double rx = 0, tx = 0;
    for (guint i = 0; i < now->nics->len; i++) {
        const DeviceCount *nic = &g_array_index(now->nics, DeviceCount, i);
        const DeviceCount *old = find_device(before->nics, nic->name);
        rx += old ? rate(old->rx, nic->rx, time) : 0;
        tx += old ? rate(old->tx, nic->tx, time) : 0;
    }
    numbers->net_rx = (gint64) rx;
    numbers->net_tx = (gint64) tx;
}

static void
put_vm(VmNumbers *numbers, const DomainCount *now, const DomainCount *before)
{
    const guint all = MISSING_CPU | MISSING_MEMORY | MISSING_DISKS | MISSING_NICS;
    guint rates = before ? now->seen & before->seen : 0;
    Tick time = before ? now->when - before->when : 0;
    numbers->missing = all & ~((now->seen & MISSING_MEMORY) | (rates & ~(guint) MISSING_MEMORY));
    numbers->cpu_time = total(now->cpu);
    put_memory(numbers, now);
    if (!(numbers->missing & MISSING_CPU)) {
        numbers->cpu_guest = rate(before->vcpus, now->vcpus, time) / 1e7;     /* ns a second → percent of a CPU */
        numbers->cpu_total = rate(before->cpu, now->cpu, time) / 1e7;
    }
    if (!(numbers->missing & MISSING_DISKS))
        sum_disks(numbers, now, before, time);
    if (!(numbers->missing & MISSING_NICS))
        sum_nics(numbers, now, before, time);
    for (guint i = 0; i < now->nics->len; i++) {
        const DeviceCount *nic = &g_array_index(now->nics, DeviceCount, i);
        numbers->net_rx_total += total(nic->rx);
        numbers->net_tx_total += total(nic->tx);
    }
}

VmNumbers *
domain_count_put(const DomainCount *now, const DomainCount *before, Sheet *sheet, DomainMac mac, gpointer data)
{
    Tick time = before ? now->when - before->when : 0;
    const GArray *old_disks = before && before->seen & MISSING_DISKS ? before->disks : NULL;       /* a QEMU that hung named its disks and no more */
    const GArray *old_nics = before && before->seen & MISSING_NICS ? before->nics : NULL;
    VmNumbers *numbers = sheet_add(sheet, &now->id);
    put_vm(numbers, now, before);
    for (guint i = 0; now->seen & MISSING_DISKS && i < now->disks->len; i++) {
        const DeviceCount *disk = &g_array_index(now->disks, DeviceCount, i);
        if (*disk->name)
            put_disk(sheet, &now->id, disk, old_disks ? find_device(old_disks, disk->name) : NULL, time);
    }
    for (guint i = 0; i < now->nics->len; i++) {
        const DeviceCount *nic = &g_array_index(now->nics, DeviceCount, i);
        const char *address = *nic->name ? mac(data, nic->name) : NULL;
        if (address)
            put_nic(sheet_add_nic(sheet, &now->id, address), nic, old_nics ? find_device(old_nics, nic->name) : NULL, time);
    }
    return numbers;
}
