/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Which way a transfer may go: everywhere to an end, from an end nowhere. */
#include "model/transfer.h"

static void
test_moves(void)
{
    static const struct { int from, to; gboolean may; } rows[] = {
        { TRANSFER_PHASE_INITIALIZING, TRANSFER_PHASE_TRANSFERRING, TRUE },
        { TRANSFER_PHASE_TRANSFERRING, TRANSFER_PHASE_FINALIZING_SUCCESS, TRUE },
        { TRANSFER_PHASE_TRANSFERRING, TRANSFER_PHASE_PAUSED_USER, TRUE },
        { TRANSFER_PHASE_PAUSED_USER, TRANSFER_PHASE_RESUMING, TRUE },
        { TRANSFER_PHASE_RESUMING, TRANSFER_PHASE_TRANSFERRING, TRUE },
        { TRANSFER_PHASE_PAUSED_SYSTEM, TRANSFER_PHASE_CANCELLED_USER, TRUE },
        { TRANSFER_PHASE_PAUSED_SYSTEM, TRANSFER_PHASE_TRANSFERRING, FALSE },
        { TRANSFER_PHASE_PAUSED_USER, TRANSFER_PHASE_FINALIZING_SUCCESS, FALSE },
        { TRANSFER_PHASE_INITIALIZING, TRANSFER_PHASE_FINALIZING_SUCCESS, FALSE },
        { TRANSFER_PHASE_CANCELLED_USER, TRANSFER_PHASE_TRANSFERRING, FALSE },
        { TRANSFER_PHASE_FINALIZING_SUCCESS, TRANSFER_PHASE_CANCELLED_USER, FALSE },
        { 0, TRANSFER_PHASE_TRANSFERRING, FALSE },
        { TRANSFER_PHASE_TRANSFERRING, 0, FALSE },
        { -1, TRANSFER_PHASE_TRANSFERRING, FALSE },
        { 99, TRANSFER_PHASE_TRANSFERRING, FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(transfer_may(rows[i].from, rows[i].to), ==, rows[i].may);
}

static void
test_ends(void)
{
    for (int from = 1; from < (int) transfer_phase_names.count; from++) {
        gboolean leads = FALSE, old = from == TRANSFER_PHASE_UNKNOWN || from == TRANSFER_PHASE_CANCELLED;     /* words of oVirt's that are never set here */
        for (int to = 1; to < (int) transfer_phase_names.count; to++)
            leads |= transfer_may(from, to);
        g_assert_true(old || leads == !transfer_is_over(from));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transfer/moves", test_moves);
    g_test_add_func("/transfer/ends", test_ends);
    return g_test_run();
}
