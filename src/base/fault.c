/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The fault table, and the GError that carries a Message. G_DEFINE_EXTENDED_ERROR gives each error of our domain room for
 * the message, so that one failure can be told later in another language. Called by everybody who may fail. */
#include "base/fault.h"

#include <pthread.h>

typedef struct {
    Message *message;
} FaultErrorPrivate;

static void
fault_error_private_init(FaultErrorPrivate *private)
{
    private->message = NULL;
}

static void
fault_error_private_copy(const FaultErrorPrivate *from, FaultErrorPrivate *to)
{
    to->message = from->message ? message_ref(from->message) : NULL;
}

static void
fault_error_private_clear(FaultErrorPrivate *private)
{
    message_unref(private->message);
}

static GQuark fault_error_quark(void);
G_DEFINE_EXTENDED_ERROR(FaultError, fault_error)

static const struct {
    const char *name;
    int http, exit;
    const char *reason;
} rows[] = {
#define F(name, http, exit, reason) { #name, http, exit, reason },
    FAULTS(F)
#undef F
};

GQuark
fault_quark(void)
{
    return fault_error_quark();
}

static guint
row_of(Fault fault)
{
    return (guint) fault < N_FAULTS ? (guint) fault : FAULT_INTERNAL;
}

int
fault_http(Fault fault)
{
    return rows[row_of(fault)].http;
}

int
fault_exit(Fault fault)
{
    return rows[row_of(fault)].exit;
}

const char *
fault_reason(Fault fault)
{
    return rows[row_of(fault)].reason;
}

const char *
fault_name(Fault fault)
{
    static char lower[N_FAULTS][24];
    static gsize ready = 0;
    if (g_once_init_enter(&ready)) {
        for (guint i = 0; i < N_FAULTS; i++) {
            for (guint c = 0; rows[i].name[c] && c < sizeof(lower[i]) - 1; c++)
                lower[i][c] = g_ascii_tolower(rows[i].name[c]);
        }
        g_once_init_leave(&ready, 1);
    }
    return lower[row_of(fault)];
}

gboolean
fault_take(GError **error, Message *message)
{
    if (error) {
        g_autofree char *text = message_text(message, LANGUAGE_EN);
        *error = g_error_new_literal(SHIKIRI_FAULT, message_fault(message_code(message)), text);
        fault_error_get_private(*error)->message = message;
    } else {
        message_unref(message);
    }
    return FALSE;
}

gboolean
fault_set(GError **error, MessageCode code, ...)
{
    va_list list;
    va_start(list, code);
    Message *message = message_new_list(code, list);
    va_end(list);
    return fault_take(error, message);
}

Fault
fault_of(const GError *error)
{
    return error->domain == SHIKIRI_FAULT ? (Fault) error->code : FAULT_INTERNAL;
}

const Message *
fault_message(const GError *error)
{
    if (error->domain == SHIKIRI_FAULT)
        return fault_error_get_private(error)->message;
    /* An error of a library: told as INTERNAL with its text. Kept by its text, which are few, so that the pointer lives on. */
    static GHashTable *foreign;
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (!foreign)
        foreign = g_hash_table_new(g_str_hash, g_str_equal);
    if (g_hash_table_size(foreign) > 1000)
        g_hash_table_remove_all(foreign);
    Message *message = g_hash_table_lookup(foreign, error->message);
    if (!message) {
        message = message_new(MSG_INTERNAL, "text", error->message, NULL);
        g_hash_table_insert(foreign, g_strdup(error->message), message);
    }
    pthread_mutex_unlock(&lock);
    return message;
}
