/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A program run as a child, with a deadline: qemu-img, setpriv. It dies with its deadline, with the manager (kill -9
 * included), and when it is not wanted any more; in all cases it is dead when volume_child_run returns. */
#pragma once

#include "base/clock.h"

typedef enum {
    CHILD_DONE,             /* ended with status 0 */
    CHILD_FAILED,           /* said no */
    CHILD_KILLED,           /* by us: the deadline passed, or it was not wanted any more */
    CHILD_ABSENT,           /* there is no such program, or it cannot be run */
} ChildEnd;

typedef struct {
    ChildEnd end;
    int status;             /* what it ended with; of a signal 128 + its number, as a shell says */
    char *words;            /* the last line it wrote to stderr, without its own name; never NULL after a run */
} ChildResult;

typedef gboolean (*VolumeWanted)(gpointer data);

/* How long is waited for work on files, and for whom. */
typedef struct {
    int wake;               /* a descriptor that becomes readable when nobody wants it; -1 none */
    Tick deadline;
    VolumeWanted wanted;    /* asked a few times a second; NULL: always */
    gpointer data;
} VolumePatience;

/* ARGV is NULL-terminated, its first found along PATH. WAKE: a descriptor that becomes readable when nobody wants it; -1 none. */
void volume_child_run(const char *const *argv, int wake, Tick deadline, ChildResult *ret);
/* The same, as long as WANTED says so; it is asked a few times a second. */
void volume_child_run_while(const char *const *argv, int wake, Tick deadline, VolumeWanted wanted, gpointer data, ChildResult *ret);
void volume_child_clear(ChildResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ChildResult, volume_child_clear)
