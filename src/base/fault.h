/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The one error convention. A fallible function returns a gboolean or a pointer and takes GError ** last; the domain is
 * SHIKIRI_FAULT, the code one of this closed list, and the error carries a Message (code + arguments) so that the same
 * failure can be told in English, Japanese, XML or as an exit status. */
#pragma once

#include "base/message.h"

#include <glib.h>

/*     name            HTTP  exit  reason phrase in a <fault> */
#define FAULTS(F)                                                     \
    F(BAD_REQUEST,      400,  2,  "Operation Failed")                 \
    F(INCOMPLETE,       400,  2,  "Incomplete parameters")            \
    F(NOT_AUTHENTICATED,401,  3,  "Not authenticated")                \
    F(FORBIDDEN,        403,  4,  "Operation Failed")                 \
    F(NOT_FOUND,        404,  5,  "Operation Failed")                 \
    F(BAD_METHOD,       405,  2,  "Operation Failed")                 \
    F(NOT_ACCEPTABLE,   406,  2,  "Operation Failed")                 \
    F(CONFLICT,         409,  6,  "Operation Failed")                 \
    F(TOO_LARGE,        413,  2,  "Operation Failed")                 \
    F(BAD_MEDIA,        415,  2,  "Operation Failed")                 \
    F(INTERNAL,         500,  1,  "Operation Failed")                 \
    F(NOT_BUILT,        501,  7,  "Operation Failed")                 \
    F(UNAVAILABLE,      503,  8,  "Operation Failed")                 \
    F(NO_SPACE,         507,  9,  "Operation Failed")                 \
    F(TIMEOUT,          504, 10,  "Operation Failed")                 \
    F(UNKNOWN_OUTCOME,  504, 11,  "Operation Failed")                 \
    F(CANCELLED,        409, 12,  "Operation Failed")

typedef enum {
#define F(name, http, exit, reason) FAULT_##name,
    FAULTS(F)
#undef F
    N_FAULTS
} Fault;

#define SHIKIRI_FAULT fault_quark()
GQuark fault_quark(void);

int fault_http(Fault fault);
int fault_exit(Fault fault);
const char *fault_reason(Fault fault);
const char *fault_name(Fault fault);                    /* "conflict" */

/* Sets *ERROR from the catalogue row: its fault, its English text, and the arguments, which are pairs of
 * (const char *name, const char *value) up to a NULL. Every placeholder of the row must be given. Returns FALSE, so that
 * a refusal is one line: `return fault_set(error, MSG_VM_RUNNING, "vm", vm->name, NULL);` */
gboolean fault_set(GError **error, MessageCode code, ...) G_GNUC_NULL_TERMINATED;
gboolean fault_take(GError **error, Message *message);  /* owns MESSAGE from here */

/* The fault and the message of an error; a GError of another domain is INTERNAL and MSG_INTERNAL with its text. */
Fault fault_of(const GError *error);
const Message *fault_message(const GError *error);      /* borrowed, lives as long as ERROR */
