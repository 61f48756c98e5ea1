/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Domain XML: built for new VMs, patched for all others, and read. Patching never re-serialises the document: it edits
 * the host's own bytes, so that an empty change gives the same bytes and whatever we do not model survives. Pure. */
#pragma once

#include "host/host.h"

#define DOMAIN_XML_NAMESPACE "urn:shikiri:domain:1"      /* of our <metadata> element */

/* What building needs beside the VM. */
typedef struct {
    const Host *host;                       /* accelerator, machines, architecture */
    const char *job;                        /* the mark put in the metadata; NULL none */
    /* Where a disk lies: its file and format; FALSE with a fault if it cannot be used here. */
    gboolean (*disk)(gpointer data, const Id *disk, char **ret_path, int *ret_format, gboolean *ret_shareable, GError **error);
    char *(*iso)(gpointer data, const char *file_id, GError **error);          /* path of an ISO */
    const char *(*nic_source)(gpointer data, const Nic *nic);                  /* "network:default", "bridge:br0"; NULL: not connected */
    gpointer data;
} DomainWorld;

char *domain_xml_build(const Vm *vm, const DomainWorld *world, GError **error);
/* XML made to say what VM says where it differs from what domain_xml_read says of XML now. Equal: the same bytes. */
char *domain_xml_patch(const char *xml, const Vm *vm, const DomainWorld *world, GError **error);
/* Reads a (possibly foreign) domain XML into FACTS (config, disks, ours, job). */
gboolean domain_xml_read(const char *xml, DomainFacts *facts, GError **error);
