/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lines of a plan, encoded: whoever asked reads them in their own language (message_lines). Called by the `plan` of verbs on a
 * worker; asks nobody and changes nothing. */
#include "command/plan.h"

#include "command/diff.h"
#include "host/domain_xml.h"

#include <stdarg.h>

static void
add(GString *text, Message *take)
{
    g_autofree char *line = message_encode(take);
    g_string_append_printf(text, "%s\n", line);
    message_unref(take);
}

void
plan_tell(GString *text, MessageCode code, ...)
{
    va_list list;
    va_start(list, code);
    add(text, message_new_list(code, list));
    va_end(list);
}

void
plan_tell_choice(GString *text, const View *view, const Vm *vm, PlacementPurpose purpose)
{
    g_autoptr(PlacementChoice) choice = placement_choose(view, vm, purpose);
    if (choice->name)
        plan_tell(text, MSG_PLAN_HOST, "host", choice->name, NULL);
    for (guint i = 0; choice->refusals && i < choice->refusals->len; i++) {
        const PlacementRefusal *refusal = choice->refusals->pdata[i];
        g_autofree char *why = message_encode(refusal->why);
        plan_tell(text, MSG_PLAN_NOT_HOST, "host", refusal->name, "why", why, NULL);
    }
}

/* A plan is read by people. */
static char *
shown(const char *xml)
{
    g_autoptr(GError) unreadable = NULL;
    char *text = xml ? domain_xml_shown(xml, &unreadable) : NULL;
    return text ? text : g_strdup(unreadable ? "" : xml);
}

void
plan_tell_whole_xml(GString *text, const char *xml)
{
    g_autofree char *seen = shown(xml);
    g_string_append(text, seen ? seen : "");
}

void
plan_tell_xml(GString *text, const char *before, const char *after)
{
    g_autofree char *was = shown(before), *then = shown(after), *diff = diff_unified(was, then);
    if (*diff)
        g_string_append(text, diff);
    else
        plan_tell(text, MSG_PLAN_SAME_XML, NULL);
}
