/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A Run and its Job object: written before anything happens, read after a restart. Writer only. */
#pragma once

#include "job/machine.h"

void journal_open(Run *run, Changes *changes);          /* stages the Job: title, steps, marks, claims */
void journal_write(Run *run, Changes *changes);         /* where it stands now */
void journal_close(Run *run, Changes *changes, const Message *why); /* its end, by run->ending; WHY: the fault, or NULL */
Run *journal_read(Engine *engine, const Job *job);      /* yours; work->command NULL if this program does not know it */
char *journal_marks(const Work *work);                  /* JSON; yours */
