/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The two kinds of UEFI, and what their files of variables are called. */
#include "host/domain_xml_firmware.h"

#include "model/machines.h"

gboolean
firmware_is_uefi(int bios)
{
    return bios == BIOS_Q35_OVMF || bios == BIOS_Q35_SECURE_BOOT;
}

const char *
firmware_wish(gboolean secure)
{
    return secure ? "<firmware>\n  <feature enabled='yes' name='enrolled-keys'/>\n  <feature enabled='yes' name='secure-boot'/>\n</firmware>"
                  : "<firmware>\n  <feature enabled='no' name='secure-boot'/>\n</firmware>";
}

char *
firmware_variables(const Host *host, const Id *vm, gboolean secure)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *folder = machines_dup(host ? host->machines : NULL, "variables");
    g_autofree char *name = g_strconcat(id_format(vm, ID_UUID, text), secure ? "_SECURE_VARS.fd" : "_VARS.fd", NULL);
    return folder && *folder == '/' ? g_build_filename(folder, name, NULL) : NULL;
}
