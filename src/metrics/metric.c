/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The tables. A peak is kept where an average over an hour hides what hurt: load and rates and latencies, not sizes that are
 * what they are. */
#include "metrics/metric.h"

#include <string.h>

/* clang-format off */
static const Metric vm_metrics[] = {
    { "cpu.total",        "percent",          "Processor time of the VM's process; 100 is one CPU.", TRUE,  0 },
    { "cpu.guest",        "percent",          "Processor time of the VM's virtual CPUs alone.",      FALSE, 0 },
    { "memory.used",      "bytes",            "Memory in use.",                                      TRUE,  0 },
    { "memory.installed", "bytes",            "Memory the guest has.",                               FALSE, 0 },
    { "disk.read",        "bytes_per_second", "Read from all its disks.",                            TRUE,  0 },
    { "disk.write",       "bytes_per_second", "Written to all its disks.",                           TRUE,  0 },
    { "net.rx",           "bytes_per_second", "Received by all its NICs.",                           TRUE,  0 },
    { "net.tx",           "bytes_per_second", "Sent by all its NICs.",                               TRUE,  0 },
};

static const Metric disk_metrics[] = {
    { "read",             "bytes_per_second", "Read.",                                               TRUE,  0 },
    { "write",            "bytes_per_second", "Written.",                                            TRUE,  0 },
    { "read_ops",         "count_per_second", "Read operations.",                                    FALSE, 0 },
    { "write_ops",        "count_per_second", "Write operations.",                                   FALSE, 0 },
    { "read_latency",     "seconds",          "Time of a read operation.",                           TRUE,  1e6 },
    { "write_latency",    "seconds",          "Time of a write operation.",                          TRUE,  1e6 },
};

static const Metric nic_metrics[] = {
    { "rx",               "bytes_per_second", "Received.",                                           TRUE,  0 },
    { "tx",               "bytes_per_second", "Sent.",                                               TRUE,  0 },
    { "rx_packets",       "count_per_second", "Packets received.",                                   FALSE, 0 },
    { "tx_packets",       "count_per_second", "Packets sent.",                                       FALSE, 0 },
    { "drops",            "count_per_second", "Packets dropped, both ways.",                         FALSE, 0 },
    { "errors",           "count_per_second", "Errors, both ways.",                                  FALSE, 0 },
};

static const Metric host_metrics[] = {
    { "cpu.user",         "percent",          "Processor time of programs; 100 is all CPUs.",        TRUE,  0 },
    { "cpu.system",       "percent",          "Processor time of the kernel.",                       FALSE, 0 },
    { "load",             "none",             "Load average of five minutes.",                       TRUE,  0 },
    { "memory.used",      "bytes",            "Memory in use.",                                      TRUE,  0 },
    { "memory.total",     "bytes",            "Memory the host has.",                                FALSE, 0 },
    { "swap.used",        "bytes",            "Swap space in use.",                                  FALSE, 0 },
    { "net.rx",           "bytes_per_second", "Received by its network cards.",                      TRUE,  0 },
    { "net.tx",           "bytes_per_second", "Sent by its network cards.",                          TRUE,  0 },
};

const MetricKind metric_kinds[N_KEPT] = {
    [KEPT_VM]   = { "vm",   vm_metrics,   G_N_ELEMENTS(vm_metrics),   6 },
    [KEPT_DISK] = { "disk", disk_metrics, G_N_ELEMENTS(disk_metrics), 4 },
    [KEPT_NIC]  = { "nic",  nic_metrics,  G_N_ELEMENTS(nic_metrics),  2 },
    [KEPT_HOST] = { "host", host_metrics, G_N_ELEMENTS(host_metrics), 5 },
};

const MetricLevel metric_levels[METRIC_LEVELS] = {
    { 10,   360 },                  /* an hour */
    { 60,   1440 },                 /* a day */
    { 600,  1008 },                 /* a week */
    { 3600, 8760 },                 /* a year */
};
/* clang-format on */

int
metric_find(const MetricKind *kind, const char *name)
{
    for (guint i = 0; i < kind->n; i++) {
        if (strcmp(kind->metrics[i].name, name) == 0)
            return (int) i;
    }
    return -1;
}

int
metric_peak(const MetricKind *kind, guint metric)
{
    int peak = -1;
    if (!kind->metrics[metric].peak)
        return -1;
    for (guint i = 0; i <= metric; i++)
        peak += kind->metrics[i].peak;
    return peak;
}
