/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asks a guest of itself: through its agent its addresses, name, system, users, file systems and time zone; without one the addresses that libvirt's own
 * DHCP gave it. Each question is bounded by the agent's response time. Understanding the answers is guest_answer.c's; when
 * somebody is asked, libvirt_asker.c's. */
#include "host/libvirt_parts.h"

#include "host/guest_answer.h"

#include <libvirt/virterror.h>

#define PATIENCE 4              /* seconds for one answer */
#define ENOUGH (10 * CLOCK_SECOND)      /* a guest that has taken so long in all is asked no more this time */

static void
answer_clear(GuestAnswer *answer)
{
    virTypedParamsFree(answer->items, answer->count);
    *answer = (GuestAnswer) { NULL, 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GuestAnswer, answer_clear)

/* --- the agent ------------------------------------------------------------------------------------------------------------------------------ */

/* FALSE: the agent is silent, so there is no use in asking on. An agent that does not know the question answers nothing. */
static gboolean
ask(virDomainPtr domain, unsigned what, GuestAnswer *ret)
{
    if (virDomainGetGuestInfo(domain, what, &ret->items, &ret->count, 0) == 0)
        return TRUE;
    *ret = (GuestAnswer) { NULL, 0 };
    int number = libvirt_error_code();
    return number != VIR_ERR_AGENT_UNRESPONSIVE && number != VIR_ERR_AGENT_UNSYNCED && number != VIR_ERR_OPERATION_INVALID &&
           number != VIR_ERR_NO_DOMAIN && number != VIR_ERR_RPC;
}

static void
take_name(const GuestAnswer *answer, const Id *id, GuestFacts *facts)
{
    (void) id;
    guest_answer_name(answer, &facts->fqdn);
}

static void
take_system(const GuestAnswer *answer, const Id *id, GuestFacts *facts)
{
    (void) id;
    guest_answer_system(answer, &facts->os);
}

static void
take_zone(const GuestAnswer *answer, const Id *id, GuestFacts *facts)
{
    (void) id;
    guest_answer_zone(answer, &facts->zone);
}

/* Behind the addresses, which are wanted most. */
static const struct {
    unsigned what;
    void (*take)(const GuestAnswer *answer, const Id *id, GuestFacts *facts);
} questions[] = {
    { VIR_DOMAIN_GUEST_INFO_HOSTNAME, take_name },
    { VIR_DOMAIN_GUEST_INFO_OS, take_system },
    { VIR_DOMAIN_GUEST_INFO_USERS, guest_answer_sessions },
    { VIR_DOMAIN_GUEST_INFO_FILESYSTEM, guest_answer_file_systems },
    { VIR_DOMAIN_GUEST_INFO_TIMEZONE, take_zone },
};

static gboolean
ask_agent(virDomainPtr domain, const Id *id, GuestFacts *facts)
{
    g_auto(GuestAnswer) interfaces = { 0 };
    Tick enough = clock_tick() + ENOUGH;
    virDomainAgentSetResponseTimeout(domain, PATIENCE, 0);
    if (!ask(domain, VIR_DOMAIN_GUEST_INFO_INTERFACES, &interfaces))
        return FALSE;
    guest_answer_devices(&interfaces, id, facts);
    for (gsize i = 0; i < G_N_ELEMENTS(questions) && clock_tick() < enough; i++) {
        g_auto(GuestAnswer) answer = { 0 };
        if (ask(domain, questions[i].what, &answer))
            questions[i].take(&answer, id, facts);
    }
    return TRUE;
}

/* --- without one ----------------------------------------------------------------------------------------------------------------------------- */

static gboolean
read_leases(virDomainPtr domain, const Id *id, GuestFacts *facts)
{
    virDomainInterfacePtr *leases = NULL;
    int count = virDomainInterfaceAddresses(domain, &leases, VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE, 0);
    for (int i = 0; i < count; i++) {
        guest_answer_lease(leases[i], id, facts);
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
