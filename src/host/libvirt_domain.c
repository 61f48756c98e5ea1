/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The life of a domain: defined, read, started, asked to shut down or reboot, saved, destroyed, undefined. Each operation of host.h is a call
 * (libvirt_call.h) and looks the domain up by its UUID, so that nothing is kept from one call to the next. Knows no jobs and
 * repeats nothing; what is already so is success only where host.h says it. */
#include "host/domain_xml.h"
#include "host/libvirt_call.h"

#include "host/libvirt_xml.h"

#include <libvirt/virterror.h>

#define AGENT_PATIENCE 5        /* seconds a guest's agent gets to take the request to shut down */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

virDomain *
libvirt_domain_find(LibvirtCall *call)
{
    virDomain *domain = virDomainLookupByUUID(call->connection, call->id.bytes);
    if (domain)
        libvirt_call_name(call, virDomainGetName(domain));
    return domain;
}

static gboolean
is_absent(void)
{
    return libvirt_error_code() == VIR_ERR_NO_DOMAIN;
}

/* The name is not known where the domain is not: its id then stands in the sentence. */
LibvirtCall *
libvirt_domain_call(HostLink *link, const LibvirtVerb *verb, const Id *domain, Tick deadline)
{
    char text[ID_TEXT_SIZE];
    LibvirtCall *call = libvirt_call_new(link, verb, domain, deadline);
    libvirt_call_name(call, id_format(domain, ID_UUID, text));
    return call;
}

/* --- definition ------------------------------------------------------------------------------------------------------------------ */

/* libvirt takes no definition for a domain that has another name: the name is changed by itself, behind all else. */
static gboolean
define_renamed(LibvirtCall *call, const char *present, const char *wished, GError **error)
{
    g_autofree char *xml = domain_xml_renamed(call->text, present);
    g_autoptr(virDomain) domain = xml ? virDomainDefineXML(call->connection, xml) : NULL;
    return (domain && virDomainRename(domain, wished, 0) == 0) || libvirt_call_fail(call, error);
}

static gboolean
work_define(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) present = virDomainLookupByUUID(call->connection, call->id.bytes);
    g_autoptr(xmlDoc) doc = libvirt_xml_parse(call->text);
    g_autofree char *wished = libvirt_xml_text(doc, NULL, "name");
    if (present && wished && !g_str_equal(virDomainGetName(present), wished))
        return define_renamed(call, virDomainGetName(present), wished, error);
    g_autoptr(virDomain) domain = virDomainDefineXML(call->connection, call->text);
    return domain || libvirt_call_fail(call, error);
}

static gboolean
work_define_strictly(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = virDomainDefineXMLFlags(call->connection, call->text, VIR_DOMAIN_DEFINE_VALIDATE);
    return domain || libvirt_call_fail(call, error);
}

static gboolean
define(HostLink *link, const LibvirtVerb *verb, const char *xml, Tick deadline, GError **error)
{
    g_autoptr(xmlDoc) doc = libvirt_xml_parse(xml);
    g_autofree char *name = libvirt_xml_text(doc, NULL, "name"), *uuid = libvirt_xml_text(doc, NULL, "uuid");
    Id id = id_null;
    if (uuid)
        id_parse(uuid, ID_UUID, &id);
    g_autoptr(LibvirtCall) call = libvirt_call_new(link, verb, &id, deadline);
    libvirt_call_name(call, name);
    call->text = g_strdup(xml);
    return libvirt_call_run(call, error);
}

gboolean
libvirt_domain_define(HostLink *link, const char *xml, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_define, "define", TRUE, FALSE };
    return define(link, &verb, xml, deadline, error);
}

gboolean
libvirt_domain_define_strictly(HostLink *link, const char *xml, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_define_strictly, "define", TRUE, FALSE };
    return define(link, &verb, xml, deadline, error);
}

/* What goes with a definition. A TPM's state is known to newer ones alone: an older libvirtd does not take the flag, and deletes no state. */
static int
undefine_with_all(virDomain *domain, gboolean keep)
{
    const unsigned flags = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA |
                           (keep ? VIR_DOMAIN_UNDEFINE_KEEP_NVRAM : VIR_DOMAIN_UNDEFINE_NVRAM);
#if LIBVIR_VERSION_NUMBER >= 8009000
    if (virDomainUndefineFlags(domain, flags | (keep ? VIR_DOMAIN_UNDEFINE_KEEP_TPM : VIR_DOMAIN_UNDEFINE_TPM)) == 0)
        return 0;
    if (libvirt_error_code() != VIR_ERR_INVALID_ARG)
        return -1;
#endif
    return virDomainUndefineFlags(domain, flags);
}

/* One that runs would live on without a definition, and be gone for ever with its process. */
static gboolean
work_undefine(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (!domain)
        return is_absent() || libvirt_call_fail(call, error);
    int active = virDomainIsActive(domain);
    if (active > 0)
        return fault_set(error, MSG_HOST_UNDEFINE_RUNNING, "host", call->host->link.name, "vm", virDomainGetName(domain), NULL);
    if (active == 0 && undefine_with_all(domain, call->flag) == 0)
        return TRUE;
    return is_absent() || libvirt_call_fail(call, error);
}

gboolean
libvirt_domain_undefine(HostLink *link, const Id *domain, gboolean keep, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_undefine, "undefine", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->flag = keep;
    return libvirt_call_run(call, error);
}

/* --- reading ---------------------------------------------------------------------------------------------------------------------- */

static void
give_facts(LibvirtCall *call, DomainFacts *take)
{
    call->result = take;
    call->free_result = (GDestroyNotify) domain_facts_unref;
}

static gboolean
work_read(LibvirtCall *call, GError **error)
{
    DomainReading reading = { NULL, FALSE };
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (domain) {
        if (!libvirt_read_domain(call->host, domain, NULL, &reading, error))
            return FALSE;
        give_facts(call, reading.facts);
        return TRUE;
    }
    if (!is_absent())
        return libvirt_call_fail(call, error);
    DomainFacts *facts = domain_facts_new();
    facts->id = call->id;
    facts->state = DOMAIN_ABSENT;
    give_facts(call, facts);
    return TRUE;
}

DomainFacts *
libvirt_domain_read(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_read, "read", FALSE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error) ? g_steal_pointer(&call->result) : NULL;
}

/* --- life ------------------------------------------------------------------------------------------------------------------------- */

/* One that runs already is not ours to have started: libvirt refuses, and so do we. */
static gboolean
work_start(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (domain && virDomainCreateWithFlags(domain, call->flag ? VIR_DOMAIN_START_PAUSED : VIR_DOMAIN_NONE) == 0)
        return TRUE;
    return libvirt_call_fail(call, error);
}

gboolean
libvirt_domain_start(HostLink *link, const Id *domain, gboolean paused, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_start, "start", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->flag = paused;
    return libvirt_call_run(call, error);
}

/* Of a persistent domain that is off libvirt keeps the definition aside while it runs by another (9.0, tried: also when the start
 * fails, and over a managed save's round). One that is not there would become a transient one, and one that is saved would lose its
 * memory: both are refused. */
static gboolean
work_start_once(LibvirtCall *call, GError **error)
{
    const unsigned flags = call->flag ? VIR_DOMAIN_START_PAUSED : VIR_DOMAIN_NONE;
    g_autoptr(virDomain) there = libvirt_domain_find(call);
    if (!there)
        return libvirt_call_fail(call, error);
    if (virDomainIsPersistent(there) != 1 || virDomainIsActive(there) != 0 || virDomainHasManagedSaveImage(there, 0) != 0)
        return fault_set(error, MSG_HOST_ONCE_NEEDS_OFF, "host", call->host->link.name, "vm", virDomainGetName(there), NULL);
    if (call->seed && !libvirt_seed_give(call, error)) {
        libvirt_seed_given(call);
        return FALSE;
    }
    g_autoptr(virDomain) domain = virDomainCreateXML(call->connection, call->text, flags);
    gboolean well = domain || libvirt_call_fail(call, error);
    libvirt_seed_given(call);
    return well;
}

gboolean
libvirt_domain_start_once(HostLink *link, const Id *domain, const char *xml, GBytes *seed, gboolean paused, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_start_once, "start", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->flag = paused;
    call->text = g_strdup(xml);
    call->seed = seed ? g_bytes_ref(seed) : NULL;
    return libvirt_call_run(call, error);
}

/* More than it has: whole blocks of it. The name says how much it has then, so that the same request twice is refused the second time. */
static gboolean
plug_memory(virDomain *domain, gint64 has, gint64 wished)
{
    gint64 bytes = (wished - has) / LIVE_MEMORY_BLOCK * LIVE_MEMORY_BLOCK;
    g_autofree char *xml = g_strdup_printf("<memory model='dimm'><target><size unit='KiB'>%" G_GINT64_FORMAT "</size><node>0</node></target>"
                                           "<alias name='ua-memory-%" G_GINT64_FORMAT "'/></memory>", bytes / 1024, (has + bytes) >> 20);
    return virDomainAttachDeviceFlags(domain, xml, VIR_DOMAIN_AFFECT_LIVE) == 0 &&
           virDomainSetMemoryFlags(domain, (unsigned long) ((has + bytes) / 1024), VIR_DOMAIN_MEM_LIVE) == 0;
}

static gboolean
set_memory(virDomain *domain, gint64 wished)
{
    virDomainInfo info;
    if (virDomainGetInfo(domain, &info) != 0)
        return FALSE;
    gint64 has = (gint64) info.maxMem * 1024;
    if (wished >= has + LIVE_MEMORY_BLOCK)
        return plug_memory(domain, has, wished);
    return virDomainSetMemoryFlags(domain, (unsigned long) (wished / 1024), VIR_DOMAIN_MEM_LIVE) == 0;
}

static gboolean
set_live(LibvirtCall *call, virDomain *domain)
{
    switch ((LiveKind) call->format) {
    case LIVE_CPUS:
        return virDomainSetVcpusFlags(domain, (unsigned) call->size, VIR_DOMAIN_VCPU_LIVE) == 0;
    case LIVE_MEMORY:
        return set_memory(domain, call->size);
    case LIVE_DESCRIPTION:
        return virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_DESCRIPTION, call->text, NULL, NULL, VIR_DOMAIN_AFFECT_LIVE) == 0;
    }
    return FALSE;
}

static gboolean
work_adjust(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    return (domain && set_live(call, domain)) || libvirt_call_fail(call, error);
}

gboolean
libvirt_domain_adjust(HostLink *link, const Id *domain, const LiveValue *value, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_adjust, "adjust", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->format = (int) value->kind;
    call->size = value->number;
    call->text = g_strdup(value->text && *value->text ? value->text : NULL);
    return libvirt_call_run(call, error);
}

/* libvirt gives an agent a minute to take a request, whatever its time of answer is set to. So it is first asked what that time
 * holds for: one that stands still is not asked twice. */
static gboolean
agent_answers(virDomain *domain)
{
    long long seconds = 0;
    unsigned int rest = 0;
    virDomainAgentSetResponseTimeout(domain, AGENT_PATIENCE, 0);
    return virDomainGetTime(domain, &seconds, &rest, 0) == 0;
}

/* The agent makes the guest shut down whatever its desktop thinks of the power button. FALSE: there is none, or it is silent. */
static gboolean
ask_agent(virDomain *domain)
{
    return agent_answers(domain) && virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_GUEST_AGENT) == 0;
}

static gboolean
work_shutdown(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (domain && (ask_agent(domain) || virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) == 0))
        return TRUE;
    return libvirt_call_fail(call, error);
}

gboolean
libvirt_domain_shutdown(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_shutdown, "shut down", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error);
}

static gboolean
work_reboot(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (domain && agent_answers(domain) && virDomainReboot(domain, VIR_DOMAIN_REBOOT_GUEST_AGENT) == 0)
        return TRUE;
    if (domain && virDomainReboot(domain, VIR_DOMAIN_REBOOT_ACPI_POWER_BTN) == 0)
        return TRUE;
    return libvirt_call_fail(call, error);
}

gboolean
libvirt_domain_reboot(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_reboot, "reboot", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error);
}

static gboolean
work_reset(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    return (domain && virDomainReset(domain, 0) == 0) || libvirt_call_fail(call, error);
}

gboolean
libvirt_domain_reset(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_reset, "reset", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error);
}

static gboolean
is_in_state(virDomain *domain, int wanted)
{
    int state;
    return virDomainGetState(domain, &state, NULL, 0) == 0 && state == wanted;
}

static gboolean
work_pause(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    return (domain && (is_in_state(domain, VIR_DOMAIN_PAUSED) || virDomainSuspend(domain) == 0)) || libvirt_call_fail(call, error);
}

gboolean
libvirt_domain_pause(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_pause, "pause", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error);
}

static gboolean
work_resume(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    return (domain && (is_in_state(domain, VIR_DOMAIN_RUNNING) || virDomainResume(domain) == 0)) || libvirt_call_fail(call, error);
}

gboolean
libvirt_domain_resume(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_resume, "resume", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error);
}

/* --- its memory, kept ---------------------------------------------------------------------------------------------------------------- */

static gboolean
is_saved(virDomain *domain)
{
    return virDomainIsActive(domain) == 0 && virDomainHasManagedSaveImage(domain, 0) == 1;
}

static gboolean
work_save(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    return (domain && (is_saved(domain) || virDomainManagedSave(domain, 0) == 0)) || libvirt_call_fail(call, error);
}

gboolean
libvirt_domain_save(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_save, "suspend", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error);
}

/* Never of one that runs: libvirt is reading that file, or has just read it. */
static gboolean
work_discard(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (!domain)
        return is_absent() || libvirt_call_fail(call, error);
    int kept = virDomainHasManagedSaveImage(domain, 0);
    if (kept == 0 || (kept == 1 && virDomainIsActive(domain) == 0 && virDomainManagedSaveRemove(domain, 0) == 0))
        return TRUE;
    if (virDomainIsActive(domain) == 1)
        return fault_set(error, MSG_HOST_DISCARD_RUNNING, "host", call->host->link.name, "vm", virDomainGetName(domain), NULL);
    return libvirt_call_fail(call, error);
}

gboolean
libvirt_domain_discard(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_discard, "discard the saved state of", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error);
}

/* --- its end ---------------------------------------------------------------------------------------------------------------------------- */

/* libvirt's own refusal of one that is down is only a race lost against its guest. */
static gboolean
is_down(virDomain *domain)
{
    return virDomainIsActive(domain) == 0 || is_absent();
}

static gboolean
work_destroy(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (!domain)
        return is_absent() || libvirt_call_fail(call, error);
    if (is_down(domain) || virDomainDestroyFlags(domain, VIR_DOMAIN_DESTROY_DEFAULT) == 0)
        return TRUE;
    libvirt_call_fail(call, error);
    if (!is_down(domain))
        return FALSE;
    g_clear_error(error);
    return TRUE;
}

gboolean
libvirt_domain_destroy(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_destroy, "stop", TRUE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error);
}
