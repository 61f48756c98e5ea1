/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where a job stands in its journal: the number in Job.phase, beside `at` (the step), the marks and the claims. Written by
 * job/journal.c, read after a restart by job/recover.c, shown to nobody. Stored as a number: never renumber. */
#pragma once

typedef enum {
    PHASE_NONE_,
    PHASE_RUNNING,      /* steps before `at` are done; those from `at` up to the next one with a probe may have begun */
    PHASE_UNDOING,      /* going backwards; `at` and those before it may still have effects */
    PHASE_UNKNOWN,      /* nobody can say whether step `at` happened: probed until somebody can */
    PHASE_ENDED,
} JobPhase;
