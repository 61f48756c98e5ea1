/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A person vouches for the outcome of a job that nobody can ask about any more. The row is what router, permissions, CLI and
 * docs read; the deed is engine_abandon()'s, which probes once more: this verb works on a job and cannot be one. */
#include "command/rows.h"

typedef struct { char *reason, *proof; gboolean async; } AbandonParams;

/* clang-format off */
static const Type abandon_params_type = { .one = "action", .many = "actions", .size = sizeof(AbandonParams), .help = "How its outcome is known.", .fields = (const Field[]) {
    BOOL(AbandonParams, async,  ADD, "Accepted, without meaning here."),
    TEXT(AbandonParams, proof,  ADD, "How it is known what became of it; kept in the event log."),
    TEXT(AbandonParams, reason, ADD, "The same in oVirt's word."),
    { 0 } } };
/* clang-format on */

static gboolean
check(Work *work, GError **error)
{
    return fault_set(error, MSG_ABANDON_BY_ENGINE, NULL);
}

const Command job_abandon = {
    .verb = "abandon",
    .on = &job_type,
    .params = &abandon_params_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_ABANDONING_JOB,
    .check = check,
    .help = "Ends a job whose outcome is unknown, on a person's word.",
};
