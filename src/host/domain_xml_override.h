/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a person wrote in place of a definition: may it be, as far as its text tells, and what it would then be. Whether the files and networks
 * it names newly may be used is asked by who calls. Pure. */
#pragma once

#include <glib.h>

typedef struct {
    char *xml;                              /* what was sent, with the secrets it was not shown put back */
    gboolean same;                          /* it says what the definition says */
    GPtrArray *files;                       /* char *: files it names newly */
    GPtrArray *writable;                    /* those of them that its guest can write: disks and floppies */
    GPtrArray *networks;                    /* "network:default", "bridge:br0": what new cards, or cards plugged elsewhere, are plugged into */
} DomainOverride;

/* SENT in place of OLD, the definition of VM (its name, for the sentence). FALSE with the reason, RET is then empty. */
gboolean domain_xml_override(const char *old, const char *sent, const char *vm, DomainOverride *ret, GError **error);
void domain_override_clear(DomainOverride *override);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DomainOverride, domain_override_clear)

/* A short text that is another one for another definition, as far as people see it (domain_xml_shown): secrets cannot be guessed by it. Yours; NULL
 * where XML is none. */
char *domain_xml_version(const char *xml);
/* XML of a domain that is ours, under the mark of JOB. Yours; NULL where it is not ours. */
char *domain_xml_marked(const char *xml, const char *job);
