/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of claims. Taken in the writer before a job is journaled, dropped when its end is stored; rebuilt from the
 * journal after a restart, before anything else is submitted. Decides nothing about how a job goes on. */
#include "job/claims.h"

struct Claims {
    GHashTable *table;              /* char * → const Claimant * */
};

Claims *
claims_new(void)
{
    Claims *claims = g_new0(Claims, 1);
    claims->table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return claims;
}

void
claims_free(Claims *claims)
{
    if (!claims)
        return;
    g_hash_table_unref(claims->table);
    g_free(claims);
}

static gboolean
refuse(const Claimant *by, const char *name, GError **error)
{
    char since[CLOCK_DATE_SIZE];
    return fault_set(error, MSG_JOB_CONFLICT, "object", name, "job", by->told ? by->told : by->title, "step", by->step ? by->step : "preparing", "since",
                     clock_format(by->since, since), NULL);
}

gboolean
claims_check(Claims *claims, const GPtrArray *wanted, ClaimName named, gpointer data, GError **error)
{
    for (guint i = 0; i < wanted->len; i++) {
        const Claimant *by = g_hash_table_lookup(claims->table, wanted->pdata[i]);
        if (!by)
            continue;
        g_autofree char *name = named(data, wanted->pdata[i]);
        return refuse(by, name, error);
    }
    return TRUE;
}

void
claims_take(Claims *claims, const GPtrArray *wanted, const Claimant *by)
{
    for (guint i = 0; i < wanted->len; i++)
        g_hash_table_insert(claims->table, g_strdup(wanted->pdata[i]), (gpointer) by);
}

static gboolean
is_by(G_GNUC_UNUSED gpointer claim, gpointer claimant, gpointer by)
{
    return claimant == by;
}

void
claims_drop(Claims *claims, const Claimant *by)
{
    g_hash_table_foreach_remove(claims->table, is_by, (gpointer) by);
}

const Claimant *
claims_find(Claims *claims, const char *claim)
{
    return g_hash_table_lookup(claims->table, claim);
}

guint
claims_count(const Claims *claims)
{
    return g_hash_table_size(claims->table);
}
