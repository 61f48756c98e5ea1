/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Wishes: each gives 0 to 1000 for a host, in whole numbers so that every machine decides alike. VMs are spread evenly: most
 * memory left first, then fewest virtual processors a real one. */
#include "placement/weights.h"

#define MOST 1000
#define FULL_CPUS 4                 /* virtual processors a real one that count as full */

typedef struct {
    gint64 factor;
    gint64 (*wish)(const Ask *ask, const Host *host);
} Weight;

static const Load *
load_of(const Ask *ask, const Host *host)
{
    return g_hash_table_lookup(ask->loads, &host->object.id);
}

/* Half for a host that would be just full, all for an empty one, none for one that lacks as much as it has. */
static gint64
wish_memory(const Ask *ask, const Host *host)
{
    gint64 total = capacity_total(host), left = capacity_free(host, load_of(ask, host)) - capacity_needed(ask->vm);
    return total > 0 && left > -total ? (gint64) (((double) left / (double) total + 1) / 2 * MOST) : 0;
}

static gint64
wish_cpus(const Ask *ask, const Host *host)
{
    const Load *load = load_of(ask, host);
    gint64 taken = (load ? load->cpus : 0) + vm_cpus(ask->vm), full = capacity_cpus(host) * FULL_CPUS;
    return full > 0 ? MAX(MOST - taken * MOST / full, 0) : 0;
}

static const Weight weights[] = {
    { 2, wish_memory },
    { 1, wish_cpus },
};

gint64
weights_sum(const Ask *ask, const Host *host)
{
    gint64 sum = 0;
    for (guint i = 0; i < G_N_ELEMENTS(weights); i++)
        sum += weights[i].factor * weights[i].wish(ask, host);
    return sum;
}
