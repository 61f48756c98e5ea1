/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A host's packed facts as fields that people see. Both kinds of hosts pack, and ask this to tell. */
#include "host/offers.h"

#include "model/machines.h"

#include <string.h>

const char *const offers_foreign[] = { "aarch64", "x86_64", NULL };

static gboolean
has_machine(const Host *host, const char *family)
{
    g_auto(GStrv) machines = machines_dup_all(host->machines, "machine");
    for (guint i = 0; machines[i]; i++) {
        if (strstr(machines[i], family))
            return TRUE;
    }
    return FALSE;
}

/* oVirt's names are those of x86 machines; another has UEFI alone, and says so as its default. */
static void
tell_firmware(Host *host)
{
    static const struct { const char *firmware, *machine; BiosType bios; } rows[] = {
        { "bios", "i440fx", BIOS_I440FX_SEA_BIOS },
        { "bios", "q35", BIOS_Q35_SEA_BIOS },
        { "efi", "q35", BIOS_Q35_OVMF },
        { "secure-boot", "q35", BIOS_Q35_SECURE_BOOT },
        { "efi", "virt", BIOS_CLUSTER_DEFAULT },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (machines_has(host->machines, "firmware", rows[i].firmware) && has_machine(host, rows[i].machine))
            words_add(&host->bios_types, names_get(&bios_type_names, (int) rows[i].bios));
    }
}

void
offers_tell(Host *host)
{
    g_auto(GStrv) others = machines_dup_all(host->machines, "guest");
    g_autofree char *own = machines_dup(host->machines, "arch");
    if (own)
        words_add(&host->guest_architectures, own);
    for (guint i = 0; others[i]; i++)
        words_add(&host->guest_architectures, others[i]);
    tell_firmware(host);
    host->tpm_supported = machines_has(host->machines, "tpm", "yes");
    host->virtiofs_supported = machines_has(host->machines, MACHINES_VIRTIOFS, "yes");
    g_auto(GStrv) shared = machines_dup_all(host->machines, MACHINES_SHARE);
    for (guint i = 0; shared[i]; i++)
        words_add(&host->shared_folders, shared[i]);
}
