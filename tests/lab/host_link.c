/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One libvirt link by itself, for tests/lab/test_link.py: `host_link URI SOCKET` prints every report as a line of
 * `word=value` pairs between tabs, and beside it, as `bare`, the same lifecycle events as a plain libvirt client of SOCKET
 * gets them, so that the two can be compared. Lines on stdin: `refresh`, `stop`. Ends with its input. */
#include "base/lock.h"
#include "host/host.h"
#include "model/machines.h"

#include <libvirt/libvirt.h>
#include <stdio.h>
#include <string.h>

static Lock lock = { PTHREAD_MUTEX_INITIALIZER };
static const char *const states[] = { "absent", "shutoff", "running", "paused", "shutting_down", "crashed", "suspended", "blocked" };
static const char *const kinds[] = { "up", "lost", "domains", "domain", "state", "gone", "guest", "storage" };

/* --- lines ----------------------------------------------------------------------------------------------------------------------- */

static void
add(GString *line, const char *word, const char *value)
{
    g_autofree char *one = g_strdup(value ? value : "");
    g_strdelimit(one, "\t\n\r", ' ');
    g_string_append_printf(line, "\t%s=%s", word, one);
}

static void
add_number(GString *line, const char *word, gint64 value)
{
    g_string_append_printf(line, "\t%s=%" G_GINT64_FORMAT, word, value);
}

static GString *
line_new(const char *kind)
{
    GString *line = g_string_new("report=");
    g_string_append(line, kind);
    add_number(line, "tick", clock_tick());
    return line;
}

static void
line_end(GString *line)
{
    LOCK_HOLD(&lock);
    puts(line->str);
    fflush(stdout);
    g_string_free(line, TRUE);
}

/* --- reports --------------------------------------------------------------------------------------------------------------------- */

static void
add_domain(GString *line, const DomainFacts *domain)
{
    char id[ID_TEXT_SIZE];
    add(line, "id", id_format(&domain->id, ID_UUID, id));
    add(line, "state", states[domain->state]);
    add(line, "reason", domain->reason);
    add(line, "name", domain->config ? domain->config->name : NULL);
    add(line, "description", domain->config ? domain->config->description : NULL);
    add_number(line, "memory", domain->config ? domain->config->memory : 0);
    add_number(line, "autostart", domain->autostart);
    add_number(line, "persistent", domain->persistent);
    add_number(line, "differs", domain->differing.count > 0);
    add_number(line, "started", domain->started);
    add_number(line, "disks", domain->disks.count);
}

static void
add_facts(GString *line, const Host *facts)
{
    g_autoptr(GString) sources = g_string_new(NULL);
    for (guint i = 0; i < facts->sources.count; i++)
        g_string_append_printf(sources, "%s%s", i ? "," : "", facts->sources.items[i]);
    g_autofree char *machine = machines_dup(facts->machines, "machine");
    g_autofree char *emulator = machines_dup(facts->machines, "emulator");
    add(line, "accelerator", facts->accelerator.type);
    add(line, "why", facts->accelerator.text);
    add(line, "sources", sources->str);
    add(line, "machine", machine);
    add(line, "emulator", emulator);
    add(line, "qemu", facts->version.full_version);
    add(line, "libvirt", facts->libvirt_version.full_version);
    add(line, "os", facts->os.type);
    add_number(line, "memory", facts->memory);
    add_number(line, "cpus", facts->cpu_units.count);
    add_number(line, "cores", facts->cpu.topology.cores * facts->cpu.topology.sockets);
    add_number(line, "nodes", facts->host_numa_nodes.count);
    add_number(line, "nics", facts->nics.count);
}

static void
add_list(GString *line, const GPtrArray *domains)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < domains->len; i++) {
        const DomainFacts *domain = domains->pdata[i];
        g_string_append_printf(names, "%s%s:%s", i ? "," : "", domain->config ? domain->config->name : "?", states[domain->state]);
    }
    add_number(line, "count", domains->len);
    add(line, "domains", names->str);
}

static void
on_report(gpointer data, HostReport *take)
{
    GString *line = line_new(kinds[take->kind]);
    g_autofree char *why = take->why ? message_text(take->why, LANGUAGE_EN) : NULL;
    add_number(line, "generation", (gint64) take->generation);
    if (take->facts)
        add_facts(line, take->facts);
    if (take->why) {
        add(line, "code", message_code_name(message_code(take->why)));
        add(line, "why", why);
    }
    if (take->domains)
        add_list(line, take->domains);
    if (take->event)
        add(line, "event", take->event);
    if (take->domain)
        add_domain(line, take->domain);
    line_end(line);
    host_report_free(take);
}

static void
on_numbers(gpointer data, Sheet *take)
{
    Statistics *nowhere = statistics_new();
    statistics_put(nowhere, take);
    statistics_free(nowhere);
}

/* --- the plain client -------------------------------------------------------------------------------------------------------------- */

static int
on_bare(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *data)
{
    char id[VIR_UUID_STRING_BUFLEN];
    GString *line = line_new("bare");
    virDomainGetUUIDString(domain, id);
    add(line, "id", id);
    add_number(line, "number", event);
    line_end(line);
    return 0;
}

static virConnectPtr
open_bare(const char *socket)
{
    g_autofree char *uri = g_strdup_printf("qemu+unix:///system?socket=%s", socket);
    virConnectPtr connection = virConnectOpen(uri);
    if (connection && virConnectDomainEventRegisterAny(connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_bare), NULL, NULL) >= 0)
        return connection;
    fputs("host_link: the plain client cannot connect\n", stderr);
    return NULL;
}

/* --- top --------------------------------------------------------------------------------------------------------------------------- */

static void
stop(HostLink *link)
{
    Tick began = clock_tick();
    link->ops->stop(link);
    GString *line = line_new("stopped");
    add_number(line, "took", clock_tick() - began);
    line_end(line);
}

int
main(int argc, char **argv)
{
    char word[64];
    gboolean stopped = FALSE;
    Id id = id_random();
    HostListener listener = { on_report, on_numbers, NULL };
    if (argc < 2)
        return 2;
    HostLink *link = libvirt_host_new(&id, "lab", argv[1], &(const HostFolders) { NULL, NULL }, &listener);
    virConnectPtr bare = argc > 2 ? open_bare(argv[2]) : NULL;
    while (!stopped && fgets(word, sizeof(word), stdin)) {
        g_strstrip(word);
        stopped = strcmp(word, "stop") == 0;
        if (strcmp(word, "refresh") == 0)
            link->ops->refresh(link);
    }
    if (bare)
        virConnectClose(bare);
    stop(link);
    host_link_unref(link);
    return 0;
}
