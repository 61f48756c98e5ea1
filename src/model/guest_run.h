/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What became of a command in a guest: told once to whoever waits for it, and kept nowhere. */
#pragma once

#include "schema/type.h"

#define GUEST_RUN_STATE(N, E) N(E, EXITED, "exited") N(E, SIGNALLED, "signalled") N(E, RUNNING, "running") N(E, UNKNOWN, "unknown")
NAMES_ENUM(GuestRunState, GUEST_RUN_STATE, GUEST_RUN);
extern const Names guest_run_state_names;

#define GUEST_RUN_MOST (256 * 1024)     /* bytes that are passed on of what it says, and of what it is given to read */

typedef struct {
    int state;                          /* GuestRunState; UNKNOWN: it was begun, and its agent says no more */
    gint64 pid, exit_code, signal;      /* -1: none */
    char *out_data, *err_data;          /* base64: any bytes may be in them */
    gboolean out_truncated, err_truncated;
} GuestRun;

extern const Type guest_run_type;
void guest_run_clear(GuestRun *run);
