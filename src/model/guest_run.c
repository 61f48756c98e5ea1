/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Its rows, named after what QEMU's agent calls them. */
#include "model/guest_run.h"

NAMES_TABLE(guest_run_state_names, GUEST_RUN_STATE);

/* clang-format off */
const Type guest_run_type = { .one = "guest_run", .many = "guest_runs", .size = sizeof(GuestRun), .help = "What became of a command in a guest.", .fields = (const Field[]) {
    ENUM(GuestRun, state, guest_run_state_names, 0, "exited, signalled, running where it had not ended in time, or unknown where its agent said no more."),
    INT (GuestRun, pid,           0, "Its process in the guest."),
    INT (GuestRun, exit_code,     0, "Its exit code; -1 where it has none."),
    INT (GuestRun, signal,        0, "The signal that ended it; -1 where none did."),
    TEXT(GuestRun, out_data,      0, "What it wrote to its output, in base64."),
    TEXT(GuestRun, err_data,      0, "What it wrote to its error output, in base64."),
    BOOL(GuestRun, out_truncated, 0, "It wrote more to its output than this."),
    BOOL(GuestRun, err_truncated, 0, "It wrote more to its error output than this."),
    { 0 } } };
/* clang-format on */

void
guest_run_clear(GuestRun *run)
{
    type_clear(&guest_run_type, run);
    *run = (GuestRun) { .pid = -1, .exit_code = -1, .signal = -1 };
}
