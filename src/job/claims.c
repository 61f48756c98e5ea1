/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of claims. Taken in the writer before a job is journaled, dropped when its end is stored; rebuilt from the
 * journal after a restart, before anything else is submitted. Decides nothing about how a job goes on. */
#include "job/claims.h"

#include <string.h>

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

/* "disk:<id>" of "use:disk:<id>:<user's own>", and of itself. Yours. */
static char *
object_of(const char *claim)
{
    if (!g_str_has_prefix(claim, CLAIMS_USE))
        return g_strdup(claim);
    const char *object = claim + strlen(CLAIMS_USE);
    return g_strndup(object, (gsize) (strrchr(object, ':') - object));
}

static const Claimant *
find_user(Claims *claims, const char *object)
{
    g_autofree char *uses = g_strconcat(CLAIMS_USE, object, ":", NULL);
    GHashTableIter iter;
    gpointer claim, by;
    g_hash_table_iter_init(&iter, claims->table);
    while (g_hash_table_iter_next(&iter, &claim, &by)) {
        if (g_str_has_prefix(claim, uses))
            return by;
    }
    return NULL;
}

gboolean
claims_check(Claims *claims, const GPtrArray *wanted, ClaimName named, gpointer data, GError **error)
{
    for (guint i = 0; i < wanted->len; i++) {
        const char *claim = wanted->pdata[i];
        g_autofree char *object = object_of(claim);
        const Claimant *by = g_hash_table_lookup(claims->table, object);
        if (!by && !g_str_has_prefix(claim, CLAIMS_USE))
            by = find_user(claims, object);
        if (!by)
            continue;
        g_autofree char *name = named(data, object);
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
