/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The XML of a VM's domain, asked of its host at that moment: what we do not model is in it, too. Nobody who works on the VM keeps
 * others from looking. */
#include "command/definition.h"
#include "command/guards.h"
#include "command/rows.h"
#include "host/domain_xml.h"
#include "host/domain_xml_override.h"

#define PATIENCE (15 * CLOCK_SECOND)        /* who only asks keeps a worker from who works no longer than that */

typedef struct {
    char *active, *inactive, *version;
} DomainTexts;

/* clang-format off */
static const Type domain_texts_type = { .one = "domain_xml", .many = "domain_xmls", .size = sizeof(DomainTexts), .help = "The XML libvirt has of a VM, without its secrets.", .fields = (const Field[]) {
    TEXT(DomainTexts, active,   0, "By what it runs now; none where it does not run."),
    TEXT(DomainTexts, inactive, 0, "By what its next start will run."),
    TEXT(DomainTexts, version,  0, "Another one as soon as `inactive` is: for who writes it back (overridexml)."),
    { 0 } } };
/* clang-format on */

static gboolean
check(Work *work, GError **error)
{
    const Vm *vm = guard_vm(work, &work->target, error);
    return vm && guard_reach(work, vm, error);
}

/* A plan of nothing: what was found is the answer. */
static char *
look(Work *work, GError **error)
{
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    DomainTexts *texts = work->answer->record;
    work->deadline = MIN(work->deadline, clock_tick() + PATIENCE);
    g_autoptr(DomainFacts) facts = definition_read(work, error);
    if (!facts)
        return NULL;
    if (!facts->xml) {
        fault_set(error, MSG_VM_NOT_ON_HOST, "vm", vm ? vm->name : "", NULL);
        return NULL;
    }
    texts->inactive = domain_xml_shown(facts->xml, error);
    texts->version = domain_xml_version(facts->xml);
    if (texts->inactive && facts->live_xml)
        texts->active = domain_xml_shown(facts->live_xml, error);
    return texts->inactive && (texts->active || !facts->live_xml) ? g_strdup("") : NULL;
}

const Command vm_domainxml = {
    .verb = "domainxml",
    .on = &vm_type,
    .answer = &domain_texts_type,
    .permit = PERMIT_EDIT_VM,
    .title = MSG_READING_XML,
    .check = check,
    .plan = look,
    .reads = TRUE,
    .help = "Shows the XML libvirt has of a VM: as it runs, and as its next start will.",
};
