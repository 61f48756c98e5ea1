/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A host that has booted anew gets its VMs started, once for each boot: the host reports which boot it runs since, and keeps which one was
 * seen to last (written by the very job that sees to it, so that no restart of the manager begins it twice). What is started, when and
 * in which order is command/host_startvms.c's. */
#include "policy/policy_parts.h"

#include "model/places.h"

#define PAUSE 5                     /* beats until one that was refused is tried again */

typedef struct {
    Booting *boot;
    Id host;
    Tick due;
    gboolean asked;                 /* the command is being admitted */
} Booted;

struct Booting {
    Policy *policy;
    GHashTable *booted;             /* Id in Booted → Booted *, owned: hosts to be seen to */
};

Booting *
boot_new(Policy *policy)
{
    Booting *boot = g_new0(Booting, 1);
    boot->policy = policy;
    boot->booted = g_hash_table_new_full(id_hash, id_equal_key, NULL, g_free);
    return boot;
}

void
boot_free(Booting *boot)
{
    if (!boot)
        return;
    g_hash_table_unref(boot->booted);
    g_free(boot);
}

static gboolean
needs_start(const Host *host)
{
    return host->status == HOST_UP && host->boot && host->boot_seen && !g_str_equal(host->boot, host->boot_seen);
}

void
boot_see(Booting *boot, const Host *host)
{
    if (!needs_start(host) || g_hash_table_contains(boot->booted, &host->object.id))
        return;
    Booted *booted = g_new0(Booted, 1);
    booted->boot = boot;
    booted->host = host->object.id;
    g_hash_table_insert(boot->booted, &booted->host, booted);
}

/* Whether it is done the next beat sees; what refused it may go away. */
static void
asked(gpointer data, gconstpointer object, const Id *job, const GError *error)
{
    Booted *booted = data;
    Tick beat = booted->boot->policy->parts.beat;
    (void) object;
    (void) job;
    (void) error;
    booted->asked = FALSE;
    booted->due = clock_tick() + PAUSE * (beat > 0 ? beat : CLOCK_SECOND);
}

void
boot_beat(Booting *boot)
{
    g_autoptr(View) view = inventory_view(engine_inventory(boot->policy->parts.engine));
    GHashTableIter iter;
    Booted *booted;
    g_hash_table_iter_init(&iter, boot->booted);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &booted)) {
        const Host *host = view_find(view, &host_type, &booted->host);
        if (booted->asked)
            continue;
        if (!host || !needs_start(host)) {
            g_hash_table_iter_remove(&iter);
        } else if (clock_tick() >= booted->due && !host->stopping_vms) {
            booted->asked = TRUE;
            policy_submit(boot->policy, "startvms", &host_type, &booted->host, FALSE, asked, booted);
        }
    }
}

gboolean
boot_waits(const Booting *boot)
{
    return g_hash_table_size(boot->booted) > 0;
}
