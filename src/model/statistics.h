/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The newest numbers a host sampled of itself, its VMs, disks and NICs. Beside the inventory, since they change without
 * anything happening: no version moves, nothing is stored. One immutable sheet a host, swapped whole; any thread reads. */
#pragma once

#include "base/clock.h"
#include "base/id.h"

typedef struct {
    Id id;                          /* VM */
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

typedef struct {
    Id id;                          /* host */
    double cpu_user, cpu_system, cpu_idle, load;    /* percent of all CPUs; load average of 5 minutes */
    gint64 memory_total, memory_used, memory_free, swap_total, swap_used, boot_time;
    gint64 net_rx, net_tx;
} HostNumbers;

typedef struct Sheet Sheet;         /* one host's sample */
Sheet *sheet_new(const HostNumbers *host, Wall when, guint vms);
VmNumbers *sheet_add(Sheet *sheet, const Id *vm);   /* while building; zeroed */

typedef struct Statistics Statistics;
Statistics *statistics_new(void);
void statistics_free(Statistics *statistics);
void statistics_put(Statistics *statistics, Sheet *take);           /* any thread; replaces the host's */
void statistics_drop(Statistics *statistics, const Id *host);
gboolean statistics_vm(Statistics *statistics, const Id *vm, VmNumbers *ret_numbers, Wall *ret_when);
gboolean statistics_host(Statistics *statistics, const Id *host, HostNumbers *ret_numbers, Wall *ret_when);
