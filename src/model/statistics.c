/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sheets of numbers: one a host, sorted by VM, swapped whole. A sample never changes once it is put; readers copy what they
 * ask for under the one lock, which is held for a search of a few steps, or take references to whole sheets. */
#include "model/statistics.h"

#include "base/lock.h"
#include "base/refs.h"

#include <stdlib.h>
#include <string.h>

struct Sheet {
    Refs refs;
    HostNumbers host;
    Wall when;
    GArray *vms;                    /* VmNumbers, sorted by id once it is put */
    GArray *disks, *nics;           /* DiskNumbers, NicNumbers, sorted by VM and name */
};

struct Statistics {
    Lock lock;                      /* of all below */
    GHashTable *sheets;             /* by host id */
    GHashTable *homes;              /* the sheet a VM stands in, by VM id (inside the sheet) */
};

/* --- a sheet -------------------------------------------------------------------------------------------------------------- */

Sheet *
sheet_new(const HostNumbers *host, Wall when, guint vms)
{
    Sheet *sheet = g_new0(Sheet, 1);
    refs_init(&sheet->refs);
    sheet->host = *host;
    sheet->when = when;
    sheet->vms = g_array_sized_new(FALSE, TRUE, sizeof(VmNumbers), vms);
    sheet->disks = g_array_sized_new(FALSE, TRUE, sizeof(DiskNumbers), vms);
    sheet->nics = g_array_sized_new(FALSE, TRUE, sizeof(NicNumbers), vms);
    return sheet;
}

Sheet *
sheet_ref(Sheet *sheet)
{
    refs_inc(&sheet->refs);
    return sheet;
}

void
sheet_unref(Sheet *sheet)
{
    if (!sheet || !refs_dec(&sheet->refs))
        return;
    g_array_unref(sheet->vms);
    g_array_unref(sheet->disks);
    g_array_unref(sheet->nics);
    g_free(sheet);
}

VmNumbers *
sheet_add(Sheet *sheet, const Id *vm)
{
    VmNumbers numbers = { .id = *vm };
    g_array_append_val(sheet->vms, numbers);
    return &g_array_index(sheet->vms, VmNumbers, sheet->vms->len - 1);
}

DiskNumbers *
sheet_add_disk(Sheet *sheet, const Id *vm, const char *target)
{
    DiskNumbers numbers = { .vm = *vm };
    g_strlcpy(numbers.target, target, sizeof(numbers.target));
    g_array_append_val(sheet->disks, numbers);
    return &g_array_index(sheet->disks, DiskNumbers, sheet->disks->len - 1);
}

NicNumbers *
sheet_add_nic(Sheet *sheet, const Id *vm, const char *mac)
{
    NicNumbers numbers = { .vm = *vm };
    g_strlcpy(numbers.mac, mac, sizeof(numbers.mac));
    g_array_append_val(sheet->nics, numbers);
    return &g_array_index(sheet->nics, NicNumbers, sheet->nics->len - 1);
}

static int
compare_numbers(gconstpointer a, gconstpointer b)
{
    return id_compare(&((const VmNumbers *) a)->id, &((const VmNumbers *) b)->id);
}

static int
compare_disks(gconstpointer a, gconstpointer b)
{
    const DiskNumbers *one = a, *other = b;
    int order = id_compare(&one->vm, &other->vm);
    return order ? order : strcmp(one->target, other->target);
}

static int
compare_nics(gconstpointer a, gconstpointer b)
{
    const NicNumbers *one = a, *other = b;
    int order = id_compare(&one->vm, &other->vm);
    return order ? order : strcmp(one->mac, other->mac);
}

/* Those of VM in an array sorted by VM, whose items begin with the VM's id. */
static gconstpointer
part_of(const GArray *array, const Id *vm, guint *ret_count)
{
    guint size = g_array_get_element_size((GArray *) array), low = 0, high = array->len;
    *ret_count = array->len;
    if (!vm)
        return array->data;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        if (id_compare((const Id *) (array->data + (gsize) middle * size), vm) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (high = low; high < array->len && id_equal((const Id *) (array->data + (gsize) high * size), vm);)
        high++;
    *ret_count = high - low;
    return high > low ? array->data + (gsize) low * size : NULL;
}

Wall
sheet_when(const Sheet *sheet)
{
    return sheet->when;
}

const HostNumbers *
sheet_host(const Sheet *sheet)
{
    return &sheet->host;
}

const VmNumbers *
sheet_vms(const Sheet *sheet, guint *ret_count)
{
    return part_of(sheet->vms, NULL, ret_count);
}

const DiskNumbers *
sheet_disks(const Sheet *sheet, const Id *vm, guint *ret_count)
{
    return part_of(sheet->disks, vm, ret_count);
}

const NicNumbers *
sheet_nics(const Sheet *sheet, const Id *vm, guint *ret_count)
{
    return part_of(sheet->nics, vm, ret_count);
}

/* --- the newest of all hosts ----------------------------------------------------------------------------------------------- */

static void
sheet_free(gpointer sheet)
{
    sheet_unref(sheet);
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

void
statistics_put(Statistics *statistics, Sheet *take)
{
    g_array_sort(take->vms, compare_numbers);
    g_array_sort(take->disks, compare_disks);
    g_array_sort(take->nics, compare_nics);
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

/* With the lock held. */
static const Sheet *
home_of(Statistics *statistics, const Id *vm)
{
    return g_hash_table_lookup(statistics->homes, vm);
}

gboolean
statistics_disk(Statistics *statistics, const Id *vm, const char *target, DiskNumbers *ret_numbers)
{
    LOCK_HOLD(&statistics->lock);
    const Sheet *sheet = home_of(statistics, vm);
    guint count = 0;
    const DiskNumbers *disks = sheet ? sheet_disks(sheet, vm, &count) : NULL;
    for (guint i = 0; i < count; i++) {
        if (g_strcmp0(disks[i].target, target) != 0)
            continue;
        *ret_numbers = disks[i];
        return TRUE;
    }
    return FALSE;
}

gboolean
statistics_nic(Statistics *statistics, const Id *vm, const char *mac, NicNumbers *ret_numbers)
{
    LOCK_HOLD(&statistics->lock);
    const Sheet *sheet = home_of(statistics, vm);
    guint count = 0;
    const NicNumbers *nics = sheet ? sheet_nics(sheet, vm, &count) : NULL;
    for (guint i = 0; i < count; i++) {
        if (!mac || g_ascii_strcasecmp(nics[i].mac, mac) != 0)
            continue;
        *ret_numbers = nics[i];
        return TRUE;
    }
    return FALSE;
}

GPtrArray *
statistics_sheets(Statistics *statistics)
{
    GPtrArray *sheets = g_ptr_array_new_with_free_func(sheet_free);
    GHashTableIter iter;
    Sheet *sheet;
    LOCK_HOLD(&statistics->lock);
    g_hash_table_iter_init(&iter, statistics->sheets);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &sheet))
        g_ptr_array_add(sheets, sheet_ref(sheet));
    return sheets;
}
