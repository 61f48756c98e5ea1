/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a guest says of itself: through its agent its name, its system, its addresses; without one the addresses that libvirt's
 * own DHCP gave it. A guest is nobody's friend: counts, lengths and characters are bounded, and what is no address is not
 * shown as one. Each question is bounded by the agent's response time; who asks, and when, is libvirt_asker.c. */
#include "host/libvirt_parts.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE 4              /* seconds for one answer */
#define MOST_DEVICES 32
#define MOST_ADDRESSES 16       /* of one device */
#define MOST_TEXT 255

typedef struct {
    virTypedParameterPtr items;
    int count;
} Answer;

static void
answer_clear(Answer *answer)
{
    virTypedParamsFree(answer->items, answer->count);
    *answer = (Answer) { NULL, 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

/* --- words from outside ------------------------------------------------------------------------------------------------------------------ */

/* One line of valid text, not longer than a name; NULL if nothing is left. Yours. */
static char *
tame(const char *text)
{
    g_autofree char *valid = text ? g_utf8_make_valid(text, (gssize) strnlen(text, 4 * MOST_TEXT)) : NULL;
    GString *clean = g_string_new(NULL);
    for (const char *at = valid; at && *at && clean->len + 6 < MOST_TEXT; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (g_unichar_isprint(character))
            g_string_append_unichar(clean, character);
    }
    char *out = g_strstrip(g_string_free(clean, FALSE));
    if (*out)
        return out;
    g_free(out);
    return NULL;
}

static char *
text_of(const Answer *answer, const char *name)
{
    const char *value = NULL;
    virTypedParamsGetString(answer->items, answer->count, name, &value);
    return tame(value);
}

static char *
text_at(const Answer *answer, guint at, const char *what)
{
    char name[96];
    g_snprintf(name, sizeof(name), "if.%u.%s", at, what);
    return text_of(answer, name);
}

static guint
count_of(const Answer *answer, const char *name, guint most)
{
    unsigned count = 0;
    virTypedParamsGetUInt(answer->items, answer->count, name, &count);
    return MIN(count, most);
}

/* "52:54:00:…" in lower case; NULL where it is none. Yours. */
static char *
mac_of(const char *text)
{
    if (!text || !g_regex_match_simple("^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$", text, 0, 0))
        return NULL;
    return g_ascii_strdown(text, -1);
}

static Ip *
ip_of(const char *text)
{
    struct in6_addr room;
    gboolean four = text && inet_pton(AF_INET, text, &room) == 1, six = text && !four && inet_pton(AF_INET6, text, &room) == 1;
    if (!four && !six)
        return NULL;
    Ip *ip = g_new0(Ip, 1);
    ip->address = g_strdup(text);
    ip->version = g_strdup(four ? "v4" : "v6");
    return ip;
}

/* "5.10.0-26-cloud": the numbers it begins with. Takes TEXT. */
static void
put_version(Version *version, char *take)
{
    gint64 *parts[] = { &version->major, &version->minor, &version->build };
    const char *at = take;
    version->full_version = take;
    for (gsize i = 0; at && i < G_N_ELEMENTS(parts) && g_ascii_isdigit(*at); i++) {
        char *end;
        *parts[i] = (gint64) MIN(g_ascii_strtoull(at, &end, 10), G_MAXINT32);
        at = *end == '.' ? end + 1 : end;
        if (*end != '.')
            return;
    }
}

/* --- the agent ------------------------------------------------------------------------------------------------------------------------------ */

/* FALSE: the agent is silent, so there is no use in asking on. An agent that does not know the question answers nothing. */
static gboolean
ask(virDomainPtr domain, unsigned what, Answer *ret)
{
    if (virDomainGetGuestInfo(domain, what, &ret->items, &ret->count, 0) == 0)
        return TRUE;
    *ret = (Answer) { NULL, 0 };
    int number = libvirt_error_code();
    return number != VIR_ERR_AGENT_UNRESPONSIVE && number != VIR_ERR_AGENT_UNSYNCED && number != VIR_ERR_OPERATION_INVALID &&
           number != VIR_ERR_NO_DOMAIN && number != VIR_ERR_RPC;
}

/* "12 (bookworm)" → "bookworm". Yours; NULL. */
static char *
codename_of(const char *version)
{
    const char *open = version ? strchr(version, '(') : NULL, *end = open ? strchr(open, ')') : NULL;
    return end && end > open + 1 ? g_strndup(open + 1, (gsize) (end - open - 1)) : NULL;
}

static void
read_system(const Answer *answer, GuestOperatingSystem *os)
{
    g_autofree char *id = text_of(answer, "os.id"), *version = text_of(answer, "os.version");
    os->distribution = text_of(answer, "os.name");
    os->architecture = text_of(answer, "os.machine");
    os->codename = codename_of(version);
    put_version(&os->version, text_of(answer, "os.version-id"));
    put_version(&os->kernel, text_of(answer, "os.kernel-release"));
    if (id)
        os->family = g_strdup(g_str_equal(id, "mswindows") ? "Windows" : "Linux");
}

static void
read_addresses(const Answer *answer, guint at, ReportedDevice *device)
{
    char name[96];
    g_snprintf(name, sizeof(name), "if.%u.addr.count", at);
    guint count = count_of(answer, name, MOST_ADDRESSES);
    for (guint i = 0; i < count; i++) {
        g_snprintf(name, sizeof(name), "addr.%u.addr", i);
        g_autofree char *text = text_at(answer, at, name);
        Ip *ip = ip_of(text);
        if (ip)
            list_add(&device->ips, ip);
    }
}

/* The same card has the same id with every answer. */
static ReportedDevice *
device_new(const Id *domain, const char *name, char *take_mac)
{
    ReportedDevice *device = object_new(&reported_device_type);
    g_autofree char *key = g_strdup_printf("%s %s", name ? name : "", take_mac ? take_mac : "");
    device->object.id = id_named(domain, key);
    device->name = g_strdup(name);
    device->type = g_strdup("network");
    device->mac.address = take_mac;
    return device;
}

static gboolean
has_device(const GuestFacts *facts, const ReportedDevice *device)
{
    return list_find(&facts->devices, &device->object.id) != NULL;
}

static void
add_device(GuestFacts *facts, ReportedDevice *take)
{
    if (has_device(facts, take))
        object_unref(take);
    else
        list_add(&facts->devices, take);
}

/* The loopback is of no use to anybody outside. */
static gboolean
is_loopback(const char *name, const char *mac)
{
    return g_strcmp0(name, "lo") == 0 || g_strcmp0(mac, "00:00:00:00:00:00") == 0;
}

static void
read_devices(const Answer *answer, const Id *domain, GuestFacts *facts)
{
    guint count = count_of(answer, "if.count", MOST_DEVICES);
    for (guint i = 0; i < count; i++) {
        g_autofree char *name = text_at(answer, i, "name"), *hardware = text_at(answer, i, "hwaddr");
        if (is_loopback(name, hardware))
            continue;
        ReportedDevice *device = device_new(domain, name, mac_of(hardware));
        read_addresses(answer, i, device);
        add_device(facts, device);
    }
}

static gboolean
ask_agent(virDomainPtr domain, const Id *id, GuestFacts *facts)
{
    g_auto(Answer) interfaces = { 0 }, name = { 0 }, system = { 0 };
    virDomainAgentSetResponseTimeout(domain, PATIENCE, 0);
    if (!ask(domain, VIR_DOMAIN_GUEST_INFO_INTERFACES, &interfaces))
        return FALSE;
    read_devices(&interfaces, id, facts);
    if (ask(domain, VIR_DOMAIN_GUEST_INFO_HOSTNAME, &name))
        facts->fqdn = text_of(&name, "hostname");
    if (ask(domain, VIR_DOMAIN_GUEST_INFO_OS, &system))
        read_system(&system, &facts->os);
    return TRUE;
}

/* --- without one ----------------------------------------------------------------------------------------------------------------------------- */

static void
take_lease(const virDomainInterfacePtr lease, const Id *domain, GuestFacts *facts)
{
    ReportedDevice *device = device_new(domain, NULL, mac_of(lease->hwaddr));
    for (guint i = 0; i < MIN(lease->naddrs, MOST_ADDRESSES); i++) {
        Ip *ip = ip_of(lease->addrs[i].addr);
        if (ip)
            list_add(&device->ips, ip);
    }
    add_device(facts, device);
}

static gboolean
read_leases(virDomainPtr domain, const Id *id, GuestFacts *facts)
{
    virDomainInterfacePtr *leases = NULL;
    int count = virDomainInterfaceAddresses(domain, &leases, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE, 0);
    for (int i = 0; i < count; i++) {
        if (i < MOST_DEVICES)
            take_lease(leases[i], id, facts);
        virDomainInterfaceFree(leases[i]);
    }
    free(leases);
    return count > 0;
}

GuestFacts *
libvirt_guest_read(virDomainPtr domain, gboolean agent)
{
    Id id;
    GuestFacts *facts = g_new0(GuestFacts, 1);
    gboolean said = virDomainGetUUID(domain, id.bytes) == 0 && (agent ? ask_agent(domain, &id, facts) : read_leases(domain, &id, facts));
    if (said)
        return facts;
    guest_facts_free(facts);
    return NULL;
}
