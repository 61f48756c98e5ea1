/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The XML of a twin: the same machine under ids of its own. Whatever an id stands in (aliases, serial numbers, files of disks, our
 * mark) follows it; the rest stays byte for byte. Names and MACs are an edit like any other: domain_xml_patch's. Pure. */
#pragma once

#include "host/host.h"

typedef struct { Id from, to; } DomainTwinId;

typedef struct {
    char *xml;
    char *variables, *copy;     /* the file of its firmware's variables, and the twin's own; NULL: it has none */
} DomainTwin;
void domain_twin_clear(DomainTwin *twin);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DomainTwin, domain_twin_clear)

/* A firmware whose variables lie where only the host can say. */
gboolean domain_xml_twin_hides_variables(const char *xml);
/* Such a domain without all that does not matter for that: what the host is asked with. Yours, as is *RET_NAME, the domain's. */
char *domain_xml_twin_firmware(const char *xml, char **ret_name, GError **error);

/* IDS of DomainTwinId; the first is the domain's. RET->variables is input where the XML hides them: what the host says. Refuses one with a TPM,
 * whose secrets are no part of its XML or its disks, and one whose variables lie in no plain file of their own. NAME is the VM's, for the sentence. */
gboolean domain_xml_twin(const char *xml, const char *name, const GArray *ids, DomainTwin *ret, GError **error);
