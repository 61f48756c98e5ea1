/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of domains that run: put in, changed, taken out; never in the definition. Taking out is asking the guest, and a device is
 * gone when libvirt has it no more, which is when QEMU said so: until then nobody knows, however long that takes. */
#include "host/libvirt_call.h"

#include "base/log.h"

#include <libvirt/virterror.h>
#include <string.h>

#define GUEST_PATIENCE (15 * CLOCK_SECOND)      /* how long one asking waits for the guest to let go */
#define GLANCE_MS 100

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

static gboolean
work_attach(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (domain && virDomainAttachDeviceFlags(domain, call->text, VIR_DOMAIN_AFFECT_LIVE) == 0)
        return TRUE;
    return libvirt_call_fail(call, error);
}

gboolean
libvirt_device_attach(HostLink *link, const Id *domain, const char *xml, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_attach, "plug a device into", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->text = g_strdup(xml);
    return libvirt_call_run(call, error);
}

static gboolean
work_update(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (domain && virDomainUpdateDeviceFlags(domain, call->text, VIR_DOMAIN_AFFECT_LIVE) == 0)
        return TRUE;
    return libvirt_call_fail(call, error);
}

gboolean
libvirt_device_update(HostLink *link, const Id *domain, const char *xml, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_update, "change a device of", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->text = g_strdup(xml);
    return libvirt_call_run(call, error);
}

/* --- taking out ---------------------------------------------------------------------------------------------------------------- */

typedef enum { DEVICE_GONE, DEVICE_THERE, DEVICE_NOT_KNOWN } DeviceStand;

static DeviceStand
look(virDomain *domain, const char *alias)
{
    if (virDomainIsActive(domain) == 0)
        return DEVICE_GONE;
    char *xml = virDomainGetXMLDesc(domain, 0);
    if (!xml)
        return virDomainIsActive(domain) == 0 ? DEVICE_GONE : DEVICE_NOT_KNOWN;
    g_autofree char *name = g_strdup_printf("<alias name='%s'/>", alias);
    DeviceStand stand = strstr(xml, name) ? DEVICE_THERE : DEVICE_GONE;
    free(xml);
    return stand;
}

static void
forget_refusal(LibvirtCall *call)
{
    LOCK_HOLD(&call->host->lock);
    g_clear_pointer(&libvirt_host_know(call->host, &call->id)->kept, g_free);
}

static gboolean
is_refused(LibvirtCall *call)
{
    LOCK_HOLD(&call->host->lock);
    const Known *known = g_hash_table_lookup(call->host->known, &call->id);
    return known && g_strcmp0(known->kept, call->text) == 0;
}

/* A guest that has been asked and takes its time is asked no second time by QEMU, which says so. */
static gboolean
is_being_asked(void)
{
    virErrorPtr last = virGetLastError();
    return last && last->message && strstr(last->message, "in the process of unplug");
}

static gboolean
ask_guest(LibvirtCall *call, virDomain *domain, GError **error)
{
    forget_refusal(call);
    if (virDomainDetachDeviceAlias(domain, call->text, VIR_DOMAIN_AFFECT_LIVE) == 0 || is_being_asked())
        return TRUE;
    libvirt_call_fail(call, error);
    if (look(domain, call->text) != DEVICE_GONE)
        return FALSE;
    g_clear_error(error);
    return TRUE;
}

static gboolean
wait_for_guest(LibvirtCall *call, virDomain *domain, GError **error)
{
    const char *host = call->host->link.name, *name = virDomainGetName(domain);
    Tick until = clock_tick() + GUEST_PATIENCE;
    while (libvirt_call_is_wanted(call)) {
        if (look(domain, call->text) == DEVICE_GONE)
            return TRUE;
        if (is_refused(call))
            return fault_set(error, MSG_HOST_GUEST_REFUSES, "host", host, "vm", name, NULL);
        if (clock_tick() > until)
            break;
        g_usleep(GLANCE_MS * 1000);
    }
    return fault_set(error, MSG_HOST_GUEST_HOLDS, "host", host, "vm", name, NULL);
}

static gboolean
work_detach(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (!domain)
        return libvirt_error_code() == VIR_ERR_NO_DOMAIN || libvirt_call_fail(call, error);
    if (look(domain, call->text) == DEVICE_GONE)
        return TRUE;
    return ask_guest(call, domain, error) && wait_for_guest(call, domain, error);
}

gboolean
libvirt_device_detach(HostLink *link, const Id *domain, const char *alias, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_detach, "take a device out of", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->text = g_strdup(alias);
    return libvirt_call_run(call, error);
}
