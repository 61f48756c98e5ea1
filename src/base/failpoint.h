/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Death on order: --fail-at=WHERE:N kills the process (SIGKILL to itself: no atexit, no flush) the Nth time, from 1,
 * that a point of kind WHERE is passed. `step` points stand at journal records, `effect` points between an effect on the
 * world and its record, `sql` points before and after each SQL transaction. `step!`, `effect!` and `sql!` do not die but
 * make the point fail once (failpoint_passes returns FALSE) so that the undo path is walked. Product code from day one. */
#pragma once

#include <glib.h>

typedef enum { FAILPOINT_STEP, FAILPOINT_EFFECT, FAILPOINT_SQL, N_FAILPOINTS } Failpoint;

gboolean failpoint_arm(const char *spec, GError **error);       /* "effect:3", "sql!:2" */
gboolean failpoint_passes(Failpoint where);                     /* may not return; FALSE: fail here, softly */
guint64 failpoint_count(Failpoint where);                       /* how many were passed: the matrix asks a dry run */
