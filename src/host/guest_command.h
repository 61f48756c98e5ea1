/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is said to the agent of a guest that shall run a command, and what it answers. A guest is nobody's friend: its answers are
 * bounded and looked at field by field, and what is no answer is none. Asks nobody; libvirt_agent.c does. */
#pragma once

#include "host/host.h"

#define GUEST_COMMAND_ANSWER (8 * 1024 * 1024)      /* bytes; a longer answer is not looked at */

char *guest_command_begin(const GuestCommand *command);         /* yours */
char *guest_command_ask(gint64 pid);                            /* yours */
/* The number of its process. FALSE: the answer names none. */
gboolean guest_command_begun(const char *answer, gint64 *ret_pid);
/* How far it is, into RUN->state and, if it has ended, the rest. An answer that is none: UNKNOWN. */
void guest_command_read(const char *answer, GuestRun *run);
/* Are its file systems frozen? FALSE: the answer does not say. */
gboolean guest_command_frozen(const char *answer, gboolean *ret_frozen);
