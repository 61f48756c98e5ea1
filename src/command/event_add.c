/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * An event told by somebody outside: a backup program, a script. It stands in the log under the origin that it names. */
#include "command/guards.h"
#include "command/refs.h"
#include "command/rows.h"

#define EXTERNAL 9800               /* oVirt's numbers: 9801 normal, 9802 warning, 9803 error, 9804 alert */

static gboolean
check_needed(const Work *work, GError **error)
{
    static const char *const needed[] = { "description", "severity", "origin", "custom_id" };
    GString *missing = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (!work->draft || !draft_has(work->draft, needed[i]))
            g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", needed[i]);
    }
    g_autofree char *fields = g_string_free(missing, FALSE);
    return !*fields || fault_set(error, MSG_EVENT_INCOMPLETE, "fields", fields, NULL);
}

static gboolean
check(Work *work, GError **error)
{
    if (!check_needed(work, error) || !guard_texts(work->draft, error) || !refs_resolve(work, error))
        return FALSE;
    const Event *sent = work->draft->record;
    if (!sent->origin || !*sent->origin || g_ascii_strcasecmp(sent->origin, "oVirt") == 0)
        return fault_set(error, MSG_EVENT_ORIGIN, NULL);
    return sent->description && *sent->description ? TRUE : fault_set(error, MSG_EVENT_INCOMPLETE, "fields", "description", NULL);
}

static const Id *
sent_id(const Ref *ref)
{
    return id_is_null(&ref->id) ? NULL : &ref->id;
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    const Event *sent = work->draft->record;
    EventAbout about = { sent_id(&sent->vm), sent_id(&sent->host), sent_id(&sent->cluster), sent_id(&sent->data_center),
                         sent_id(&sent->storage_domain), sent_id(&sent->template_), id_is_null(&work->user) ? NULL : &work->user, work->correlation };
    Event *event = changes_event(changes, EXTERNAL + sent->severity, (Severity) sent->severity, message_new(MSG_EXTERNAL_EVENT, "text", sent->description, NULL), &about);
    text_set(&event->origin, sent->origin);
    text_set(&event->custom_data, sent->custom_data);
    event->custom_id = sent->custom_id;
    event->flood_rate = sent->flood_rate;
    work->target = event->object.id;
    return TRUE;
}

const Command event_add = {
    .verb = "add",
    .on = &event_type,
    .params = &event_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_ADDING_EVENT,
    .check = check,
    .stage = stage,
    .help = "Writes an event of an outside program into the log.",
};
