/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A person does not want a job any more: what it did is undone. The row is what router, permissions, CLI and docs read; the
 * deed is engine_cancel()'s: this verb works on a job and cannot be one. */
#include "command/rows.h"

typedef struct { gboolean async; char *reason; } CancelParams;

/* clang-format off */
static const Type cancel_params_type = { .one = "action", .many = "actions", .size = sizeof(CancelParams), .help = "Nothing need be said.", .fields = (const Field[]) {
    BOOL(CancelParams, async,  ADD, "Accepted, without meaning here."),
    TEXT(CancelParams, reason, ADD, "Accepted, without meaning here."),
    { 0 } } };
/* clang-format on */

static gboolean
check(Work *work, GError **error)
{
    (void) work;
    return fault_set(error, MSG_ABANDON_BY_ENGINE, NULL);
}

const Command job_cancel = {
    .verb = "cancel",
    .on = &job_type,
    .params = &cancel_params_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_CANCELLING_JOB,
    .check = check,
    .help = "Ends a running job before its time; what it did is undone.",
};
