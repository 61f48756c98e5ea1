/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sheets of numbers: one a host, sorted by VM, swapped whole. A sample never changes once it is put; readers copy what they
 * ask for under the one lock, which is held for a search of a few steps. */
#include "model/statistics.h"

#include "base/lock.h"

#include <stdlib.h>

struct Sheet {
    HostNumbers host;
    Wall when;
    GArray *vms;                    /* VmNumbers, sorted by id once it is put */
};

struct Statistics {
    Lock lock;                      /* of all below */
    GHashTable *sheets;             /* by host id */
    GHashTable *homes;              /* the sheet a VM stands in, by VM id (inside the sheet) */
};

Sheet *
sheet_new(const HostNumbers *host, Wall when, guint vms)
{
    Sheet *sheet = g_new0(Sheet, 1);
    sheet->host = *host;
    sheet->when = when;
    sheet->vms = g_array_sized_new(FALSE, TRUE, sizeof(VmNumbers), vms);
    return sheet;
}

VmNumbers *
sheet_add(Sheet *sheet, const Id *vm)
{
    VmNumbers numbers = { .id = *vm };
    g_array_append_val(sheet->vms, numbers);
    return &g_array_index(sheet->vms, VmNumbers, sheet->vms->len - 1);
}

static void
sheet_free(gpointer data)
{
    Sheet *sheet = data;
    g_array_unref(sheet->vms);
    g_free(sheet);
}

Statistics *
statistics_new(void)
{
    Statistics *statistics = g_new0(Statistics, 1);
    lock_init(&statistics->lock);
    statistics->sheets = g_hash_table_new_full(id_hash, id_equal_key, NULL, sheet_free);
    statistics->homes = g_hash_table_new(id_hash, id_equal_key);
    return statistics;
}

void
statistics_free(Statistics *statistics)
{
    if (!statistics)
        return;
    g_hash_table_unref(statistics->homes);
    g_hash_table_unref(statistics->sheets);
    lock_clear(&statistics->lock);
    g_free(statistics);
}

/* Takes the host's sheet away, and its VMs out of the index where they still stand in it. */
static void
drop(Statistics *statistics, const Id *host)
{
    Sheet *sheet = g_hash_table_lookup(statistics->sheets, host);
    for (guint i = 0; sheet && i < sheet->vms->len; i++) {
        const Id *vm = &g_array_index(sheet->vms, VmNumbers, i).id;
        if (g_hash_table_lookup(statistics->homes, vm) == sheet)
            g_hash_table_remove(statistics->homes, vm);
    }
    g_hash_table_remove(statistics->sheets, host);
}

static int
compare_numbers(gconstpointer a, gconstpointer b)
{
    return id_compare(&((const VmNumbers *) a)->id, &((const VmNumbers *) b)->id);
}

void
statistics_put(Statistics *statistics, Sheet *take)
{
    g_array_sort(take->vms, compare_numbers);
    LOCK_HOLD(&statistics->lock);
    drop(statistics, &take->host.id);
    g_hash_table_insert(statistics->sheets, &take->host.id, take);
    for (guint i = 0; i < take->vms->len; i++)
        g_hash_table_replace(statistics->homes, &g_array_index(take->vms, VmNumbers, i).id, take);
}

void
statistics_drop(Statistics *statistics, const Id *host)
{
    LOCK_HOLD(&statistics->lock);
    drop(statistics, host);
}

gboolean
statistics_vm(Statistics *statistics, const Id *vm, VmNumbers *ret_numbers, Wall *ret_when)
{
    LOCK_HOLD(&statistics->lock);
    const Sheet *sheet = g_hash_table_lookup(statistics->homes, vm);
    if (!sheet)
        return FALSE;
    VmNumbers key = { .id = *vm };
    const VmNumbers *found = bsearch(&key, sheet->vms->data, sheet->vms->len, sizeof(VmNumbers), compare_numbers);
    if (!found)
        return FALSE;
    *ret_numbers = *found;
    *ret_when = sheet->when;
    return TRUE;
}

gboolean
statistics_host(Statistics *statistics, const Id *host, HostNumbers *ret_numbers, Wall *ret_when)
{
    LOCK_HOLD(&statistics->lock);
    const Sheet *sheet = g_hash_table_lookup(statistics->sheets, host);
    if (!sheet)
        return FALSE;
    *ret_numbers = sheet->host;
    *ret_when = sheet->when;
    return TRUE;
}
