/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * libvirt's errors as faults of ours: a table from its numbers to sentences that name the VM and the host and give libvirt's
 * own reason. Whether the connection was still there is not asked here; who made the call knows. */
#include "host/libvirt_parts.h"

#include "base/text.h"

#include <libvirt/virterror.h>

#define MOST_REASON 800     /* QEMU's last words may be pages long */

typedef struct {
    int number;
    MessageCode about_vm, about_host;
} ErrorRow;

static const ErrorRow rows[] = {
    { VIR_ERR_NO_DOMAIN, MSG_HOST_NO_DOMAIN, MSG_HOST_REFUSES },
    { VIR_ERR_OPERATION_INVALID, MSG_HOST_REFUSES_NOW, MSG_HOST_REFUSES },
    { VIR_ERR_DOM_EXIST, MSG_HOST_DOMAIN_EXISTS, MSG_HOST_REFUSES },
    { VIR_ERR_RESOURCE_BUSY, MSG_HOST_VM_BUSY, MSG_HOST_REFUSES },
    { VIR_ERR_BLOCK_COPY_ACTIVE, MSG_HOST_VM_BUSY, MSG_HOST_REFUSES },
    { VIR_ERR_OPERATION_TIMEOUT, MSG_HOST_VM_BUSY, MSG_HOST_REFUSES },
    { VIR_ERR_AGENT_UNRESPONSIVE, MSG_HOST_GUEST_SILENT, MSG_HOST_REFUSES },
    { VIR_ERR_XML_ERROR, MSG_HOST_XML_REFUSED, MSG_HOST_REFUSES },
    { VIR_ERR_XML_DETAIL, MSG_HOST_XML_REFUSED, MSG_HOST_REFUSES },
    { VIR_ERR_XML_INVALID_SCHEMA, MSG_HOST_XML_REFUSED, MSG_HOST_REFUSES },
    { VIR_ERR_CONFIG_UNSUPPORTED, MSG_HOST_XML_REFUSED, MSG_HOST_REFUSES },
    { VIR_ERR_CPU_INCOMPATIBLE, MSG_HOST_XML_REFUSED, MSG_HOST_REFUSES },
    { VIR_ERR_OPERATION_DENIED, MSG_HOST_NOT_ALLOWED, MSG_HOST_NOT_ALLOWED },
    { VIR_ERR_ACCESS_DENIED, MSG_HOST_NOT_ALLOWED, MSG_HOST_NOT_ALLOWED },
    { VIR_ERR_AUTH_FAILED, MSG_HOST_NOT_ALLOWED, MSG_HOST_NOT_ALLOWED },
};

static MessageCode
choose(int number, gboolean vm, const char *reason)
{
    if (reason && strstr(reason, "No space left on device"))
        return vm ? MSG_HOST_NO_SPACE_FOR_VM : MSG_HOST_NO_SPACE;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].number == number)
            return vm ? rows[i].about_vm : rows[i].about_host;
    }
    return vm ? MSG_HOST_REFUSES_VM : MSG_HOST_REFUSES;
}

/* One line without the last stop, since a sentence goes on behind it; not more than a person would read. */
static char *
tidy(const char *reason)
{
    g_autofree char *valid = g_utf8_make_valid(reason ? reason : "libvirt gives no reason", -1);
    g_autofree char *part = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), MOST_REASON));
    g_strdelimit(part, "\r\n\t", ' ');
    g_strstrip(part);
    for (gsize length = strlen(part); length > 0 && part[length - 1] == '.'; length--)
        part[length - 1] = '\0';
    return g_steal_pointer(&part);
}

gboolean
libvirt_error_set(GError **error, const LibvirtHost *host, const char *verb, const char *vm)
{
    virErrorPtr last = virGetLastError();
    gboolean about_vm = vm && vm[0];
    g_autofree char *reason = tidy(last ? last->message : NULL);
    MessageCode code = choose(last ? last->code : 0, about_vm, reason);
    return fault_set(error, code, "host", host ? host->link.name : "", "verb", verb, "vm", about_vm ? vm : "", "reason", reason, NULL);
}

int
libvirt_error_code(void)
{
    virErrorPtr last = virGetLastError();
    return last ? last->code : 0;
}
