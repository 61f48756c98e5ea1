/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where a job stands in its journal. Stored as a number: never renumber. */
#pragma once

typedef enum {
    JOB_PHASE_NONE_,
    JOB_RUNNING,        /* steps before `at` are done; those from `at` up to the next one with a probe may have begun */
    JOB_UNDOING,        /* going backwards; `at` and those before it may still have effects */
    JOB_UNKNOWN,        /* nobody can say whether step `at` happened: probed until somebody can */
    JOB_ENDED,
} JobPhase;
