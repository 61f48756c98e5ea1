/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits what VMs get of a template. Those that there are stay as they are. A name is that of all its versions. */
#include "command/guards.h"
#include "command/initializations.h"
#include "command/refs.h"
#include "command/rows.h"
#include "command/templates.h"
#include "model/guest_systems.h"

static gboolean
check_name(Work *work, const Template *template, GError **error)
{
    const Template *sent = work->draft->record;
    ViewWalk walk = view_walk(work->view, &template_type);
    if (!draft_has(work->draft, "name") || g_strcmp0(sent->name, template->name) == 0)
        return TRUE;
    if (!guard_name("template", "name", sent->name, error))
        return FALSE;
    for (const Template *other; (other = view_next(&walk));) {
        if (!id_equal(templates_base(other), templates_base(template)) && g_strcmp0(other->name, sent->name) == 0)
            return fault_set(error, MSG_TEMPLATE_NAME_TAKEN, "template", sent->name, NULL);
    }
    guard_claim_word(work, "The template '%s'", sent->name);
    return TRUE;
}

static gboolean
check(Work *work, GError **error)
{
    const Template *template = templates_find(work, &work->target, error);
    if (!template)
        return FALSE;
    if (!work->draft)
        return fault_set(error, MSG_BODY_MISSING, "type", "template", NULL);
    work_set_about(work, "name", template->name);
    work_claim(work, &template_type, &work->target);
    return refs_resolve(work, error) && guard_texts(work->draft, error) &&
           initializations_check(work->draft, template->name, guest_system_is_windows(template->os.type), error) && check_name(work, template, error);
}

static gboolean
stage(Work *work, Changes *changes, GError **error)
{
    (void) error;
    Template *template = changes_edit(changes, &template_type, &work->target);
    draft_apply(work->draft, template, SET);
    ViewWalk walk = view_walk(work->view, &template_type);
    for (const Template *other; (other = view_next(&walk));) {
        if (id_equal(templates_base(other), templates_base(template)) && g_strcmp0(other->name, template->name) != 0)
            text_set(&((Template *) changes_edit(changes, &template_type, &other->object.id))->name, template->name);
    }
    return TRUE;
}

const Command template_update = {
    .verb = "update",
    .on = &template_type,
    .params = &template_type,
    .permit = PERMIT_EDIT_TEMPLATE,
    .title = MSG_EDITING_TEMPLATE,
    .done = { 11031, MSG_TEMPLATE_EDITED },
    .failed = { 11032, MSG_TEMPLATE_EDIT_FAILED },
    .check = check,
    .stage = stage,
    .help = "Edits what new VMs get of a template; those there are stay as they are.",
};
