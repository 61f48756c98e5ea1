/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A bare client of libvirt: what the benches compare with. `bare URI` prints each lifecycle event as `event MICROSECONDS NAME
 * EVENT` (monotonic clock, libvirt's number of the event), heard on a connection of its own, and reads lines:
 *   define FILE      defines the domain of an XML file; prints `did MICROSECONDS MICROSECONDS`: before and after
 *   run FILE         the same, and creates it
 *   suspend NAME, resume NAME, destroy NAME, undefine NAME      likewise
 *   list             the XML of all domains; prints `listed COUNT BYTES`
 * It ends with its input. Called by bench.py. */
#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whole lines by one call: two threads print. */
static void
say(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void
say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    flockfile(stdout);
    vprintf(format, arguments);
    fflush(stdout);
    funlockfile(stdout);
    va_end(arguments);
}

/* --- events ------------------------------------------------------------------------------------------------------------------ */

static int
hear(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *data)
{
    say("event %" G_GINT64_FORMAT " %s %d\n", g_get_monotonic_time(), virDomainGetName(domain), event);
    return 0;
}

static void *
run_events(void *data)
{
    while (virEventRunDefaultImpl() == 0)
        continue;
    return NULL;
}

/* --- calls ------------------------------------------------------------------------------------------------------------------- */

static int
define_file(virConnectPtr connection, const char *file, gboolean create)
{
    g_autofree char *xml = NULL;
    if (!g_file_get_contents(file, &xml, NULL, NULL))
        return -1;
    gint64 before = g_get_monotonic_time();
    virDomainPtr domain = virDomainDefineXML(connection, xml);
    int result = !domain ? -1 : create ? virDomainCreate(domain) : 0;
    say("did %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", before, g_get_monotonic_time());
    if (domain)
        virDomainFree(domain);
    return result;
}

static int
call(virConnectPtr connection, const char *verb, const char *name)
{
    static const struct { const char *verb; int (*function)(virDomainPtr); } verbs[] = {
        { "suspend", virDomainSuspend }, { "resume", virDomainResume }, { "destroy", virDomainDestroy }, { "undefine", virDomainUndefine },
    };
    int result = -1;
    virDomainPtr domain = virDomainLookupByName(connection, name);
    gint64 before = g_get_monotonic_time();
    for (guint i = 0; domain && i < G_N_ELEMENTS(verbs); i++) {
        if (g_str_equal(verbs[i].verb, verb))
            result = verbs[i].function(domain);
    }
    say("did %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", before, g_get_monotonic_time());
    if (domain)
        virDomainFree(domain);
    return result;
}

static int
list_all(virConnectPtr connection)
{
    virDomainPtr *domains = NULL;
    gsize bytes = 0;
    int count = virConnectListAllDomains(connection, &domains, 0);
    for (int i = 0; i < count; i++) {
        char *xml = virDomainGetXMLDesc(domains[i], 0);
        bytes += xml ? strlen(xml) : 0;
        free(xml);
        virDomainFree(domains[i]);
    }
    free(domains);
    say("listed %d %" G_GSIZE_FORMAT "\n", count, bytes);
    return count;
}

static int
run(virConnectPtr connection, char **words)
{
    guint count = g_strv_length(words);
    if (count == 2 && (g_str_equal(words[0], "define") || g_str_equal(words[0], "run")))
        return define_file(connection, words[1], words[0][0] == 'r');
    if (count == 1 && g_str_equal(words[0], "list"))
        return list_all(connection);
    return count == 2 ? call(connection, words[0], words[1]) : -1;
}

int
main(int argc, char **argv)
{
    char line[4096];
    pthread_t thread;
    if (argc != 2 || virEventRegisterDefaultImpl() < 0) {
        fprintf(stderr, "usage: bare URI\n");
        return 2;
    }
    virConnectPtr connection = virConnectOpen(argv[1]), events = virConnectOpen(argv[1]);
    if (!connection || !events ||
        virConnectDomainEventRegisterAny(events, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(hear), NULL, NULL) < 0)
        return 1;
    pthread_create(&thread, NULL, run_events, NULL);
    pthread_detach(thread);
    say("ready\n");
    while (fgets(line, sizeof(line), stdin)) {
        g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 2);
        if (run(connection, words) < 0) {
            fprintf(stderr, "bare: '%s' failed: %s\n", line, virGetLastErrorMessage());
            return 1;
        }
    }
    return 0;
}
