/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Editing a VM's definition on its host, as steps every edit shares: read what the host has now, make the edit upon that,
 * write it, and know afterwards whether it was written. The domain's metadata carries the job's id: that is the mark. */
#pragma once

#include "job/command.h"

/* One verb's edit, upon a VM as its host has it (steps, plan) and as the model has it (finish): the same both times, chosen ids from
 * the marks, what was sent from the kept draft. Done twice is done once. FALSE: VM no longer has what is to be edited. */
typedef gboolean (*DefinitionEdit)(Work *work, Vm *vm, GError **error);

/* Step without effect: reads the inactive XML of the VM of mark "vm" on the host of mark "host" and patches it; both texts become marks.
 * Refused if the domain runs, but for edits with mark "live" (rows a running guest does not feel). */
gboolean definition_prepare(Work *work, DefinitionEdit edit, GError **error);
/* Another verb's whole text, made from what the host has: under the job's mark (definition_marked). NULL with ERROR, or NULL without where it says the same. */
typedef char *(*DefinitionText)(Work *work, const DomainFacts *facts, GError **error);
/* The same step, and the same plan and end, for a text that is no edit of the VM's rows: the host takes it only if it knows all of it, and what became
 * different of the VM is read from it, as from one that was written outside the manager. */
gboolean definition_prepare_text(Work *work, DefinitionText make, GError **error);
char *definition_plan_text(Work *work, DefinitionText make, GError **error);
void definition_finish_text(Work *work, Changes *changes);
/* XML under the mark of this job, and with what only the manager knows where FACTS are not ours yet. Yours; NULL with the reason. */
char *definition_marked(Work *work, const DomainFacts *facts, const char *xml, GError **error);
/* Instead of preparing, where this time there is nothing to edit. */
void definition_skip(Work *work);
/* The step with the effect, its probe and its undo. Without a prepared edit they do nothing. Of what somebody edited since, the undo takes back our
 * rows alone; where theirs are among them nothing, and an event tells. */
gboolean definition_write(Work *work, GError **error);
Probe definition_written(Work *work, GError **error);
gboolean definition_undo(Work *work, GError **error);
/* For `finish`: the edit upon the model, and the XML the host has now kept beside it. Returns the VM being edited; NULL if it is gone. */
Vm *definition_finish(Work *work, Changes *changes, DefinitionEdit edit);
gboolean definition_is_prepared(const Work *work);      /* FALSE also after a death before the step that prepares was recorded */
/* What the definition says after the prepared edit, or says already. */
const char *definition_wished(const Work *work, const DomainFacts *facts);
/* For `plan`: the host, and a unified diff of its XML before and after. */
char *definition_plan(Work *work, DefinitionEdit edit, GError **error);

/* FACTS' configuration with what the model alone knows of the VM of mark "vm", where its XML has no mark of ours yet. Yours. */
Vm *definition_as_known(const Work *work, const DomainFacts *facts);
/* The domain as the host has it. FALSE if it cannot be asked. RET->state is ABSENT where there is none. */
DomainFacts *definition_read(Work *work, GError **error);
/* Does a process exist for it? */
gboolean definition_runs(const DomainFacts *facts);
/* Is the mark of this very job in its metadata? */
gboolean definition_is_ours(const Work *work, const DomainFacts *facts);
/* FALSE with a sentence if the VM of mark "vm" runs, or if it cannot be known: before its files are deleted. */
gboolean definition_is_quiet(Work *work, GError **error);
/* Keeps what the host has now as mark, so that `finish` can keep it, and in which rows that differs from what runs: no event may tell. Where
 * the host does not say, the written text stays. */
void definition_reread(Work *work);
void definition_keep(const Work *work, Changes *changes, const Id *vm);
