/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is asked of the agent in a guest: freeze and thaw its file systems, set a password, run a command. Each call is bounded: by the
 * time libvirt gives the agent, and by the caller's deadline, after which nobody waits and nothing else of the domain is held up. It is
 * first asked for the time of day: an agent that is not there has certainly done nothing, one that falls silent later may have. */
#include "host/libvirt_call.h"

#include "host/guest_command.h"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <string.h>

#define FIRST_PATIENCE 5                        /* seconds for the time of day */
#define ANSWER_PATIENCE 10                      /* seconds for one answer about a command */
#define LEAST_PATIENCE 4                        /* for one that is on its way when the caller's time is over: it is not cut short */
#define MOST_PATIENCE 60
#define FIRST_PAUSE (CLOCK_SECOND / 50)         /* between two questions whether a command has ended, twice as long each time, */
#define LAST_PAUSE CLOCK_SECOND                 /* up to this */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

/* --- speaking ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_silence(int number)
{
    return number == VIR_ERR_AGENT_UNRESPONSIVE || number == VIR_ERR_AGENT_UNSYNCED;
}

/* Does anybody listen? A frozen agent refuses to tell the time, and listens. */
static gboolean
listens(virDomain *domain)
{
    long long seconds = 0;
    unsigned int rest = 0;
    virDomainAgentSetResponseTimeout(domain, FIRST_PATIENCE, 0);
    if (virDomainGetTime(domain, &seconds, &rest, 0) == 0)
        return TRUE;
    int number = libvirt_error_code();
    return !is_silence(number) && number != VIR_ERR_ARGUMENT_UNSUPPORTED && number != VIR_ERR_OPERATION_INVALID && number != VIR_ERR_NO_DOMAIN &&
           number != VIR_ERR_RPC;
}

/* So that libvirt's answer comes before the caller stops waiting for it. */
static int
seconds_left(const LibvirtCall *call)
{
    return (int) CLAMP((call->deadline - clock_tick()) / CLOCK_SECOND - 2, 1, MOST_PATIENCE);
}

/* It listened, was asked, and did not answer: it may have done it. */
static gboolean
fail_heard(LibvirtCall *call, virDomain *domain, GError **error)
{
    if (!is_silence(libvirt_error_code()))
        return libvirt_call_fail(call, error);
    return fault_set(error, MSG_HOST_GUEST_FELL_SILENT, "host", call->host->link.name, "verb", call->verb->verb, "vm", virDomainGetName(domain), NULL);
}

/* The domain, whose agent listens; NULL with the reason. */
static virDomain *
find_listener(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    if (domain && listens(domain))
        return g_steal_pointer(&domain);
    libvirt_call_fail(call, error);
    return NULL;
}

/* --- file systems -------------------------------------------------------------------------------------------------------------------- */

/* One that is frozen is not asked how it is: it would refuse, and what it said before would be forgotten. */
static void
note_frozen(LibvirtCall *call, gboolean frozen)
{
    LOCK_HOLD(&call->host->lock);
    Known *known = g_hash_table_lookup(call->host->known, &call->id);
    if (known)
        known->frozen = frozen;
}

static gboolean
work_freeze(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = find_listener(call, error);
    if (!domain)
        return FALSE;
    note_frozen(call, TRUE);
    virDomainAgentSetResponseTimeout(domain, seconds_left(call), 0);
    if (virDomainFSFreeze(domain, NULL, 0, 0) >= 0)
        return TRUE;
    note_frozen(call, is_silence(libvirt_error_code()));
    return fail_heard(call, domain, error);
}

gboolean
libvirt_agent_freeze(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_freeze, "freeze the file systems of", TRUE, FALSE, TRUE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error);
}

static gboolean
work_thaw(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = find_listener(call, error);
    if (!domain)
        return FALSE;
    virDomainAgentSetResponseTimeout(domain, seconds_left(call), 0);
    if (virDomainFSThaw(domain, NULL, 0, 0) < 0)
        return fail_heard(call, domain, error);
    note_frozen(call, FALSE);
    return TRUE;
}

gboolean
libvirt_agent_thaw(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_thaw, "thaw the file systems of", TRUE, FALSE, TRUE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    return libvirt_call_run(call, error);
}

/* --- passwords ----------------------------------------------------------------------------------------------------------------------- */

static gboolean
work_set_password(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = find_listener(call, error);
    if (!domain)
        return FALSE;
    virDomainAgentSetResponseTimeout(domain, seconds_left(call), 0);
    if (virDomainSetUserPassword(domain, call->mark, call->text, 0) == 0)
        return TRUE;
    return fail_heard(call, domain, error);
}

gboolean
libvirt_agent_set_password(HostLink *link, const Id *domain, const char *user, const char *password, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_set_password, "set a password in", TRUE, FALSE, TRUE };
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, &verb, domain, deadline);
    call->mark = g_strdup(user);
    call->text = g_strdup(password);
    call->secret = TRUE;
    return libvirt_call_run(call, error);
}

/* --- words of its own ------------------------------------------------------------------------------------------------------------------ */

/* What it answered to call->text, as call->result. */
static gboolean
say(LibvirtCall *call, virDomain *domain, GError **error)
{
    char *answer = virDomainQemuAgentCommand(domain, call->text, MIN(seconds_left(call), ANSWER_PATIENCE), 0);
    if (!answer)
        return fail_heard(call, domain, error);
    call->result = g_strndup(answer, GUEST_COMMAND_ANSWER + 1);
    call->free_result = g_free;
    free(answer);
    return TRUE;
}

static gboolean
work_ask(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = libvirt_domain_find(call);
    return domain ? say(call, domain, error) : libvirt_call_fail(call, error);
}

static gboolean
work_begin(LibvirtCall *call, GError **error)
{
    g_autoptr(virDomain) domain = find_listener(call, error);
    return domain && say(call, domain, error);
}

/* Its answer; NULL. Yours. */
static char *
speak(HostLink *link, const LibvirtVerb *verb, const Id *domain, char *take_words, Tick deadline, GError **error)
{
    g_autoptr(LibvirtCall) call = libvirt_domain_call(link, verb, domain, deadline);
    call->text = take_words;
    call->secret = TRUE;        /* arguments and input may be */
    return libvirt_call_run(call, error) ? g_steal_pointer(&call->result) : NULL;
}

gboolean
libvirt_agent_is_frozen(HostLink *link, const Id *domain, gboolean *ret_frozen, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_ask, "ask the agent of", FALSE, FALSE, TRUE };
    char text[ID_TEXT_SIZE];
    g_autofree char *answer = speak(link, &verb, domain, g_strdup("{\"execute\":\"guest-fsfreeze-status\"}"), deadline, error);
    if (!answer)
        return FALSE;
    return guest_command_frozen(answer, ret_frozen) ||
           fault_set(error, MSG_HOST_GUEST_ODD, "host", link->name, "verb", verb.verb, "vm", id_format(domain, ID_UUID, text), NULL);
}

/* FALSE: the host is being stopped. */
static gboolean
pause_a_while(LibvirtHost *host, Tick pause)
{
    Tick until = clock_tick() + pause;
    LOCK_HOLD(&host->lock);
    while (clock_tick() < until) {
        if (!libvirt_host_wait(host, until))
            return FALSE;
    }
    return TRUE;
}

/* Asks until it has ended, or the time is over. A question without answer says nothing of the command; an answer that is none, or a
 * refusal, is the last word there will be. */
static void
follow(HostLink *link, const Id *domain, GuestRun *run, Tick deadline)
{
    static const LibvirtVerb verb = { work_ask, "ask the agent of", FALSE, FALSE, TRUE };
    for (Tick pause = FIRST_PAUSE; clock_tick() + pause < deadline; pause = MIN(2 * pause, LAST_PAUSE)) {
        g_autoptr(GError) unheard = NULL;
        if (!pause_a_while(LIBVIRT_HOST(link), pause))
            return;
        Tick patience = CLAMP(deadline - clock_tick(), LEAST_PATIENCE * CLOCK_SECOND, (ANSWER_PATIENCE + 3) * CLOCK_SECOND);
        g_autofree char *answer = speak(link, &verb, domain, guest_command_ask(run->pid), clock_tick() + patience, &unheard);
        if (answer)
            guest_command_read(answer, run);
        else
            run->state = GUEST_RUN_UNKNOWN;
        gboolean silent = unheard && (fault_of(unheard) == FAULT_UNAVAILABLE || fault_of(unheard) == FAULT_UNKNOWN_OUTCOME);
        if (run->state != GUEST_RUN_RUNNING && !silent)
            return;
    }
}

gboolean
libvirt_agent_run(HostLink *link, const Id *domain, const GuestCommand *command, GuestRun *ret_run, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_begin, "run a command in", TRUE, FALSE, TRUE };
    char text[ID_TEXT_SIZE];
    Tick begun_by = clock_tick() + (FIRST_PATIENCE + ANSWER_PATIENCE + 5) * CLOCK_SECOND;
    guest_run_clear(ret_run);
    g_autofree char *answer = speak(link, &verb, domain, guest_command_begin(command), begun_by, error);
    if (!answer)
        return FALSE;
    if (!guest_command_begun(answer, &ret_run->pid))
        return fault_set(error, MSG_HOST_GUEST_ODD, "host", link->name, "verb", verb.verb, "vm", id_format(domain, ID_UUID, text), NULL);
    ret_run->state = GUEST_RUN_RUNNING;
    follow(link, domain, ret_run, deadline);
    return TRUE;
}
