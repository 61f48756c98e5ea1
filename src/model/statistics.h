/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest numbers a host sampled of itself, its VMs, disks and NICs. Beside the inventory, since they change without
 * anything happening: no version moves, nothing is stored. One immutable sheet a host, swapped whole; any thread reads. */
#pragma once

#include "base/clock.h"
#include "base/id.h"

/* What a sample could not tell. A QEMU that hangs is not waited for: of its VM is known what the host's kernel counts. A rate
 * is missing in the first sample, too. */
typedef enum { MISSING_CPU = 1, MISSING_MEMORY = 2, MISSING_DISKS = 4, MISSING_NICS = 8 } Missing;

typedef struct {
    Id id;                          /* VM */
    guint missing;                  /* Missing */
    double cpu_guest;               /* percent of one CPU, sum of vCPUs: cpu.current.guest */
    double cpu_total;
    gint64 cpu_time;                /* ns since start */
    gint64 memory_used, memory_installed, memory_free;  /* bytes */
    gint64 disk_read, disk_write;   /* bytes per second */
    gint64 disk_read_ops, disk_write_ops;
    gint64 net_rx, net_tx;          /* bytes per second */
    gint64 net_rx_total, net_tx_total;
    gint64 uptime;                  /* seconds */
} VmNumbers;

/* A device is named as its domain names it, since a host knows no ids of ours. The totals count since the VM's start. */
typedef struct {
    Id vm;
    char target[20];                /* "vda" */
    gboolean fresh;                 /* only the totals are known, no rate yet */
    double read, write;             /* bytes per second */
    double read_ops, write_ops;     /* per second */
    double read_latency, write_latency;     /* seconds an operation, of those of this sample */
    gint64 read_total, write_total, read_ops_total, write_ops_total, flush_total;
    gint64 read_time, write_time, flush_time;   /* ns */
} DiskNumbers;

typedef struct {
    Id vm;
    char mac[20];                   /* lower case */
    gboolean fresh;
    double rx, tx;                  /* bytes per second */
    double rx_packets, tx_packets, drops, errors;   /* per second; both directions together where it does not say */
    gint64 rx_total, tx_total, rx_packets_total, tx_packets_total;
    gint64 rx_drops_total, tx_drops_total, rx_errors_total, tx_errors_total;
} NicNumbers;

typedef struct {
    Id id;                          /* host */
    gboolean fresh;                 /* no rates yet */
    double cpu_user, cpu_system, cpu_idle, load;    /* percent of all CPUs; load average of 5 minutes */
    gint64 memory_total, memory_used, memory_free, swap_total, swap_used, boot_time;
    gint64 net_rx, net_tx;
    gint64 net_rx_total, net_tx_total;
} HostNumbers;

typedef struct Sheet Sheet;         /* one host's sample */
Sheet *sheet_new(const HostNumbers *host, Wall when, guint vms);
VmNumbers *sheet_add(Sheet *sheet, const Id *vm);   /* while building; zeroed; good until the next of its kind */
DiskNumbers *sheet_add_disk(Sheet *sheet, const Id *vm, const char *target);
NicNumbers *sheet_add_nic(Sheet *sheet, const Id *vm, const char *mac);

/* Reading one that was put: never changes. */
Sheet *sheet_ref(Sheet *sheet);
void sheet_unref(Sheet *sheet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sheet, sheet_unref)
Wall sheet_when(const Sheet *sheet);
const HostNumbers *sheet_host(const Sheet *sheet);
const VmNumbers *sheet_vms(const Sheet *sheet, guint *ret_count);               /* by id */
/* Those of one VM, or with VM NULL all, by VM and name. */
const DiskNumbers *sheet_disks(const Sheet *sheet, const Id *vm, guint *ret_count);
const NicNumbers *sheet_nics(const Sheet *sheet, const Id *vm, guint *ret_count);

typedef struct Statistics Statistics;
Statistics *statistics_new(void);
void statistics_free(Statistics *statistics);
void statistics_put(Statistics *statistics, Sheet *take);           /* any thread; replaces the host's */
void statistics_drop(Statistics *statistics, const Id *host);
gboolean statistics_vm(Statistics *statistics, const Id *vm, VmNumbers *ret_numbers, Wall *ret_when);
gboolean statistics_host(Statistics *statistics, const Id *host, HostNumbers *ret_numbers, Wall *ret_when);
gboolean statistics_disk(Statistics *statistics, const Id *vm, const char *target, DiskNumbers *ret_numbers);
gboolean statistics_nic(Statistics *statistics, const Id *vm, const char *mac, NicNumbers *ret_numbers);
GPtrArray *statistics_sheets(Statistics *statistics);               /* the newest of every host; yours, of owned references */
