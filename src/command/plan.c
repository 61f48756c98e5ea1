/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lines of a plan. Called by the `plan` of verbs on a worker; asks nobody and changes nothing. */
#include "command/plan.h"

#include "command/diff.h"

void
plan_tell_choice(GString *text, const View *view, const Vm *vm, PlacementPurpose purpose)
{
    g_autoptr(PlacementChoice) choice = placement_choose(view, vm, purpose);
    if (choice->name)
        g_string_append_printf(text, "Host: '%s'\n", choice->name);
    for (guint i = 0; choice->refusals && i < choice->refusals->len; i++) {
        const PlacementRefusal *refusal = choice->refusals->pdata[i];
        g_autofree char *why = message_text(refusal->why, LANGUAGE_EN);
        g_string_append_printf(text, "Not '%s': %s\n", refusal->name, why);
    }
}

void
plan_tell_xml(GString *text, const char *before, const char *after)
{
    g_autofree char *diff = diff_unified(before, after);
    g_string_append(text, *diff ? diff : "The domain XML stays as it is.\n");
}
