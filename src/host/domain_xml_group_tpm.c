/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A TPM 2.0, emulated on the host. */
#include "host/domain_xml_group.h"

static const char *
fragment_for(const char *machine)
{
    return g_str_has_prefix(machine, "virt") ? "<tpm model='tpm-tis'>\n  <backend type='emulator' version='2.0'/>\n</tpm>"
                                             : "<tpm model='tpm-crb'>\n  <backend type='emulator' version='2.0'/>\n</tpm>";
}

static gboolean
add_tpm(Build *build, GError **error)
{
    (void) error;
    if (build->vm->tpm_enabled)
        build_lines(build, 2, fragment_for(build->machine));
    return TRUE;
}

static void
read_tpm(Reading *reading)
{
    reading->vm->tpm_enabled = scan_child(reading->doc, reading->devices, "tpm") != NULL;
}

static gboolean
patch_tpm(Patch *patch, GError **error)
{
    (void) error;
    patch_switch(patch, patch->now->vm->tpm_enabled, patch->vm->tpm_enabled, "tpm", fragment_for(patch->now->machine));
    return TRUE;
}

const DomainGroup group_tpm = { .build = add_tpm, .read = read_tpm, .patch = patch_tpm };
