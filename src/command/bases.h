/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a new VM is made by: the template and the instance type that its client names say what the client does not. Pure. */
#pragma once

#include "job/command.h"
#include "model/template.h"

/* The template that the draft of a VM names, by id; NULL: none, or Blank, which says nothing. Borrowed. */
const Template *bases_template(const View *view, const Draft *draft);
/* What FROM says goes into TO, row by row of the same name: of a VM into a template. TO is empty before. */
void bases_take(const Type *to_type, gpointer to, const Type *from_type, gconstpointer from);
/* Puts into DRAFT, of a VM and resolved, what its instance type and then its template have and it lacks, as if it had been sent. */
void bases_fill(const View *view, Draft *draft);
