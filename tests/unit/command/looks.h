/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A job that orders other jobs, look by look, on the estate: what it orders next is written into a list, and the test says what became
 * of it. No engine. */
#pragma once

#include "estate.h"

typedef struct {
    Work *work;
    GString *given;                 /* by the last look: "start b, start a" */
    GString *told;
    GPtrArray *waiting;             /* Given *: not answered yet */
} Looks;
extern Looks looks;

void looks_open(void);
void looks_close(void);
void looks_begin(const Command *command);       /* check and stage, on the estate's host */
/* One look: what it orders, and whether that was the last. */
#define look(expected, done) looks_at(expected, done, __LINE__)
void looks_at(const char *expected, gboolean done, int line);
void looks_see(void);                           /* gives it the estate as it is now */
void looks_restart(void);                       /* what was ordered is forgotten with the process; marks and jobs are not */

/* --- VMs and jobs, by their names --- */
Id looks_id(const char *name);
void looks_put_vm(const char *name, VmStatus status, Autostart autostart);
Vm *looks_edit(const char *name);
void looks_set_status(const char *name, VmStatus status);
void looks_put_job(const char *vm, const char *command, JobStatus status);      /* ordered by the job of the test */

/* --- what became of what it ordered --- */
void looks_answer(const char *name, MessageCode refusal);
void looks_starts(const char *name);
void looks_ends(const char *name, VmStatus status);
gboolean looks_told(const char *part);

/* As if "MARK.ID" had been noted so long ago; before 0: it lies ahead. */
void looks_note(const char *mark, const Id *of, const char *word, Tick ago);
void looks_note_vm(const char *mark, const char *vm, const char *word, Tick seconds);
