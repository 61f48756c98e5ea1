/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Compares what runs with what the next start will use. Only what survives a start unchanged is compared: libvirt expands the
 * CPU, and gives ports and addresses. Settings for one run are meant to differ, and are told as that. */
#include "host/domain_live.h"

#include "host/domain_xml.h"

#include <string.h>

static void
add_differing(DomainFacts *facts, const Vm *now)
{
    static const char *const rows[] = { "description", "memory", "bios", "os", "io", "tpm_enabled", "soundcard_enabled", "nics", "disk_attachments" };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Field *field = type_find(&vm_type, rows[i]);
        if (field && !field_equal(field, facts->config, now))
            words_add(&facts->differing, rows[i]);
    }
    if (memcmp(&facts->config->cpu.topology, &now->cpu.topology, sizeof(now->cpu.topology)) != 0)
        words_add(&facts->differing, "cpu");
}

void
domain_live_compare(DomainFacts *facts, const char *xml)
{
    g_autoptr(DomainFacts) live = domain_facts_new();
    if (!facts->persistent || !facts->config || !domain_xml_read(xml, live, NULL) || !live->config)
        return;
    facts->run_once = live->config->run_once;
    if (!facts->run_once)
        add_differing(facts, live->config);
}
