/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The agents in the guests of the estate's host. */
#include "estate.h"

static GHashTable *frozen;
static char *password, *setting;
static GuestRun answer = { .state = GUEST_RUN_EXITED, .pid = 7, .signal = -1 };

void
estate_guest_close(void)
{
    g_clear_pointer(&frozen, g_hash_table_unref);
    g_clear_pointer(&password, g_free);
    type_clear(&guest_run_type, &answer);
    answer = (GuestRun) { .state = GUEST_RUN_EXITED, .pid = 7, .signal = -1 };
}

gboolean
estate_is_frozen(const Id *vm)
{
    return frozen && g_hash_table_contains(frozen, vm);
}

void
estate_set_frozen(const Id *vm, gboolean now)
{
    if (!frozen)
        frozen = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    if (now)
        g_hash_table_add(frozen, g_memdup2(vm, sizeof *vm));
    else
        g_hash_table_remove(frozen, vm);
}

static void
freeze(const Id *id)
{
    estate_set_frozen(id, TRUE);
}

static void
thaw(const Id *id)
{
    estate_set_frozen(id, FALSE);
}

gboolean
estate_guest_freeze(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    return estate_change(id, freeze, error);
}

gboolean
estate_guest_thaw(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    return estate_change(id, thaw, error);
}

gboolean
estate_guest_is_frozen(G_GNUC_UNUSED HostLink *link, const Id *id, gboolean *ret_frozen, G_GNUC_UNUSED Tick deadline, G_GNUC_UNUSED GError **error)
{
    *ret_frozen = estate_is_frozen(id);
    return TRUE;
}

static void
take_password(G_GNUC_UNUSED const Id *id)
{
    g_free(password);
    password = g_strdup(setting);
}

const char *
estate_password(void)
{
    return password;
}

gboolean
estate_guest_set_password(G_GNUC_UNUSED HostLink *link, const Id *id, const char *user, const char *word, G_GNUC_UNUSED Tick deadline, GError **error)
{
    setting = g_strdup_printf("%s %s", user, word);
    gboolean well = estate_change(id, take_password, error);
    g_clear_pointer(&setting, g_free);
    return well;
}

void
estate_answer(const GuestRun *run)
{
    type_clear(&guest_run_type, &answer);
    type_copy(&guest_run_type, &answer, run);
}

static void
do_nothing(G_GNUC_UNUSED const Id *id)
{
}

gboolean
estate_guest_run(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED const GuestCommand *command, GuestRun *ret_run, G_GNUC_UNUSED Tick deadline,
                 GError **error)
{
    gboolean well = estate_change(id, do_nothing, error);
    guest_run_clear(ret_run);
    if (well)
        type_copy(&guest_run_type, ret_run, &answer);
    return well;
}
