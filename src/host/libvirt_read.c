/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One domain as it is: its inactive XML understood, its state, what libvirt keeps beside it. Two calls a domain where the
 * flags were asked for all at once, one more while it runs. Decides nothing and reports nothing. */
#include "host/libvirt_parts.h"

#include "base/log.h"
#include "host/domain_live.h"
#include "host/domain_xml.h"
#include "host/libvirt_xml.h"

#include <libvirt/virterror.h>
#include <string.h>
#include <sys/stat.h>

/* --- flags of all domains at once ------------------------------------------------------------------------------------------------ */

struct LibvirtFlags {
    GHashTable *persistent, *autostart, *saved;     /* sets of Id */
};

static GHashTable *
list_set(virConnectPtr connection, unsigned flags)
{
    virDomainPtr *domains = NULL;
    int count = virConnectListAllDomains(connection, &domains, flags);
    if (count < 0)
        return NULL;
    GHashTable *set = g_hash_table_new_full(id_hash, id_equal_key, g_free, NULL);
    for (int i = 0; i < count; i++) {
        Id *id = g_new(Id, 1);
        virDomainGetUUID(domains[i], id->bytes);
        g_hash_table_add(set, id);
        virDomainFree(domains[i]);
    }
    free(domains);
    return set;
}

LibvirtFlags *
libvirt_read_flags(const LibvirtHost *host, virConnectPtr connection, GError **error)
{
    g_autoptr(LibvirtFlags) flags = g_new0(LibvirtFlags, 1);
    flags->persistent = list_set(connection, VIR_CONNECT_LIST_DOMAINS_PERSISTENT);
    flags->autostart = flags->persistent ? list_set(connection, VIR_CONNECT_LIST_DOMAINS_AUTOSTART) : NULL;
    flags->saved = flags->autostart ? list_set(connection, VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE) : NULL;
    if (flags->saved)
        return g_steal_pointer(&flags);
    libvirt_error_set(error, host, "list its domains", NULL);
    return NULL;
}

void
libvirt_read_flags_free(LibvirtFlags *flags)
{
    if (!flags)
        return;
    g_clear_pointer(&flags->persistent, g_hash_table_unref);
    g_clear_pointer(&flags->autostart, g_hash_table_unref);
    g_clear_pointer(&flags->saved, g_hash_table_unref);
    g_free(flags);
}

static void
read_flags_of(virDomainPtr domain, const LibvirtFlags *flags, DomainFacts *facts)
{
    if (flags) {
        facts->persistent = g_hash_table_contains(flags->persistent, &facts->id);
        facts->autostart = g_hash_table_contains(flags->autostart, &facts->id);
        facts->managed_save = g_hash_table_contains(flags->saved, &facts->id);
        return;
    }
    int autostart = 0;
    facts->persistent = virDomainIsPersistent(domain) == 1;
    facts->autostart = facts->persistent && virDomainGetAutostart(domain, &autostart) == 0 && autostart;
    facts->managed_save = facts->persistent && virDomainHasManagedSaveImage(domain, 0) == 1;
}

/* --- while it runs ------------------------------------------------------------------------------------------------------------------ */

static gboolean
agent_is_connected(const char *xml)
{
    g_autoptr(xmlDoc) doc = libvirt_xml_parse(xml);
    return libvirt_xml_has(doc, NULL, "devices/channel/target[@name='org.qemu.guest_agent.0' and @state='connected']");
}

static void
read_live(virDomainPtr domain, DomainReading *reading)
{
    char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_SECURE);
    if (!xml)
        return;
    g_autofree char *all = strstr(xml, "pin ") ? libvirt_pins_all(virDomainGetConnect(domain)) : NULL;
    domain_live_compare(reading->facts, xml, all);
    reading->agent = agent_is_connected(xml);
    free(xml);
}

/* libvirt does not tell since when a domain runs; on this machine the file with its process id does. */
gint64
libvirt_read_started(const LibvirtHost *host, virDomainPtr domain)
{
    struct stat info;
    if (!host->place.local)
        return 0;
    g_autofree char *folder = host->place.path ? g_path_get_dirname(host->place.path) : g_strdup("/run/libvirt");
    g_autofree char *path = g_strdup_printf("%s/qemu/%s.pid", folder, virDomainGetName(domain));
    if (lstat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return 0;
    return (gint64) info.st_mtim.tv_sec * CLOCK_SECOND + info.st_mtim.tv_nsec / 1000;
}

/* --- one domain -------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_gone(void)
{
    virErrorPtr last = virGetLastError();
    return last && last->code == VIR_ERR_NO_DOMAIN;
}

/* The domain's own XML may be beyond us; it is a domain nevertheless and is shown by its name. */
static void
understand(DomainFacts *facts, virDomainPtr domain)
{
    g_autoptr(GError) error = NULL;
    Id id = facts->id;
    if (domain_xml_read(facts->xml, facts, &error) && facts->config) {
        facts->id = id;
        return;
    }
    log_warn("the XML of domain %s is not understood: %s", virDomainGetName(domain), error ? error->message : "no reason given");
    object_unref(facts->config);
    facts->config = object_new(&vm_type);
    facts->config->object.id = id;
    facts->config->name = g_strdup(virDomainGetName(domain));
}

static gboolean
read_state(virDomainPtr domain, DomainFacts *facts)
{
    int state, reason;
    if (virDomainGetState(domain, &state, &reason, 0) < 0)
        return FALSE;
    facts->state = libvirt_events_state(state);
    facts->reason = g_strdup(libvirt_events_reason(state, reason));
    return TRUE;
}

static gboolean
is_absent(const DomainFacts *facts)
{
    return facts->state == DOMAIN_ABSENT;
}

gboolean
libvirt_read_glance(const LibvirtHost *host, virDomainPtr domain, const LibvirtFlags *flags, DomainFacts **ret_facts, GError **error)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    virDomainGetUUID(domain, facts->id.bytes);
    char *xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
    gboolean found = xml && read_state(domain, facts);
    if (found) {
        facts->xml = g_strdup(xml);
        read_flags_of(domain, flags, facts);
    } else if (is_gone()) {
        facts->state = DOMAIN_ABSENT;
    } else {
        libvirt_error_set(error, host, "read", virDomainGetName(domain));
    }
    free(xml);
    if (!found && !is_gone())
        return FALSE;
    *ret_facts = g_steal_pointer(&facts);
    return TRUE;
}

gboolean
libvirt_read_domain(const LibvirtHost *host, virDomainPtr domain, const LibvirtFlags *flags, DomainReading *ret_reading, GError **error)
{
    DomainReading reading = { NULL, FALSE };
    if (!libvirt_read_glance(host, domain, flags, &reading.facts, error))
        return FALSE;
    if (!is_absent(reading.facts))
        understand(reading.facts, domain);
    if (!is_absent(reading.facts) && reading.facts->state != DOMAIN_SHUTOFF) {
        read_live(domain, &reading);
        reading.facts->started = libvirt_read_started(host, domain);
    }
    *ret_reading = reading;
    return TRUE;
}

/* --- comparing --------------------------------------------------------------------------------------------------------------------------- */

/* FNV-1a. */
static guint64
digest_text(guint64 digest, const char *text)
{
    for (const char *at = text ? text : ""; *at; at++)
        digest = (digest ^ (guint8) *at) * 1099511628211u;
    return (digest ^ 0xff) * 1099511628211u;
}

guint64
libvirt_read_surface(const DomainFacts *facts)
{
    guint64 digest = digest_text(digest_text(14695981039346656037u, facts->xml), facts->reason);
    guint bits = (guint) facts->state << 3 | (guint) facts->autostart << 2 | (guint) facts->persistent << 1 | (guint) facts->managed_save;
    return (digest ^ bits) * 1099511628211u;
}

guint64
libvirt_read_digest(const DomainFacts *facts)
{
    guint64 digest = (libvirt_read_surface(facts) ^ (guint) facts->run_once) * 1099511628211u;
    for (guint i = 0; i < facts->differing.count; i++)
        digest = digest_text(digest, facts->differing.items[i]);
    for (guint i = 0; i < facts->live_disks.count; i++)
        digest = digest_text(digest, ((const DomainDisk *) facts->live_disks.items[i])->path);
    digest = digest_text(digest, facts->pins);
    for (guint i = 0; facts->config && i < facts->config->cdroms.count; i++)
        digest = digest_text(digest, ((const Cdrom *) facts->config->cdroms.items[i])->current.id);
    return digest ? digest : 1;
}
