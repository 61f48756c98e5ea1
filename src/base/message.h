/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every sentence a person reads: a stable code and named arguments, told in a language only at the edge. Events, jobs
 * and faults store code + arguments. The rows stand in base/catalogue/<area>.def, one file a folder of src/, as
 *     MESSAGE(VM_RUNNING, CONFLICT, "vm.running", "Cannot remove VM '{vm}': it is running.", "Stop it first.")
 * (name, fault, stable code, English, hint or ""). Arguments stand as {name}; {why}, {job} and {object} may be encoded messages themselves
 * and are told with the sentence. The Japanese stands in base/catalogue/ja/<area>.def (see ja/all.def). Immutable once made;
 * reference-counted. */
#pragma once

#include <glib.h>
#include <stdarg.h>

typedef enum {
#define MESSAGE(name, fault, code, en, hint) MSG_##name,
#include "base/catalogue/all.def"
#undef MESSAGE
    N_MESSAGES
} MessageCode;

typedef enum {
    LANGUAGE_EN,
    LANGUAGE_JA,
} Language;

typedef struct Message Message;

Message *message_new(MessageCode code, ...) G_GNUC_NULL_TERMINATED;     /* pairs name, value up to NULL; value NULL reads as "" */
Message *message_new_list(MessageCode code, va_list list);                /* the same from a va_list */
Message *message_new_pairs(MessageCode code, const char *const *pairs); /* the same from an array ending in NULL */
Message *message_ref(const Message *message);
void message_unref(Message *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Message, message_unref)

MessageCode message_code(const Message *message);
const char *message_code_name(MessageCode code);                        /* "vm.running" */
int message_fault(MessageCode code);                                    /* a Fault */
const char *message_argument(const Message *message, const char *name); /* NULL if it has none of that name */

char *message_text(const Message *message, Language language);          /* yours */
char *message_hint(const Message *message, Language language);          /* yours; NULL where the row has none */

/* Stored form: JSON {"code":"vm.running","vm":"web1"}. A code this program does not know decodes to MSG_FOREIGN with
 * its text; NULL only if TEXT is not such an object. */
char *message_encode(const Message *message);
Message *message_decode(const char *text);
/* TEXT with each line that is a stored message told in LANGUAGE, the other lines as they are; what a plan is made of. Yours. */
char *message_lines(const char *text, Language language);

/* From an Accept-Language value (NULL or nothing known: English). */
Language language_choose(const char *accept_language);
