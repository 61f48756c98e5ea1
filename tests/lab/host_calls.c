/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * host_calls URI: the operations of a libvirt host, from lines on stdin, for tests/lab/test_domain.py. A line is
 * `TAG VERB ARGUMENT…`; each runs in a thread of its own and answers with one line of JSON that begins with its tag, so that several
 * run at once. Reports of the host come between, also a line each. Ends with stdin, or with `- quit`. */
#include "base/lock.h"
#include "base/text.h"
#include "base/workers.h"
#include "host/host.h"
#include "model/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    HostLink *link;
    Statistics *statistics;
    Workers *workers;
    Lock lock;                  /* of stdout */
} lab;

/* --- writing ------------------------------------------------------------------------------------------------------------------- */

static void
add_text(Text *out, const char *name, const char *value)
{
    text_printf(out, ", \"%s\": ", name);
    if (value)
        text_add_json(out, value);
    else
        text_add_literal(out, "null");
}

static void
add_id(Text *out, const char *name, const Id *id)
{
    char text[ID_TEXT_SIZE];
    add_text(out, name, id_format(id, ID_UUID, text));
}

static void
add_number(Text *out, const char *name, double value)
{
    text_printf(out, ", \"%s\": %.6f", name, value);
}

static void
print_line(Text *out)
{
    LOCK_HOLD(&lab.lock);
    text_add_literal(out, "}\n");
    fwrite(out->bytes, 1, out->length, stdout);
    fflush(stdout);
}

static const char *
state_word(int state)
{
    static const char *const words[] = { "absent", "shutoff", "running", "paused", "shutting down", "crashed", "suspended", "blocked" };
    return words[state];
}

/* --- reports --------------------------------------------------------------------------------------------------------------------- */

static void
add_guest(Text *out, const GuestFacts *guest)
{
    add_text(out, "fqdn", guest->fqdn);
    add_text(out, "distribution", guest->os.distribution);
    add_text(out, "kernel", guest->os.kernel.full_version);
    text_add_literal(out, ", \"addresses\": [");
    for (guint i = 0, first = TRUE; i < guest->devices.count; i++) {
        const ReportedDevice *device = guest->devices.items[i];
        for (guint k = 0; k < device->ips.count; k++, first = FALSE) {
            text_add(out, first ? "" : ", ");
            text_add_json(out, ((const Ip *) device->ips.items[k])->address);
        }
    }
    text_add_literal(out, "]");
}

static void
add_storage(Text *out, const StorageFacts *storage)
{
    add_text(out, "reachable", storage->reachable ? "yes" : "no");
    add_text(out, "why", storage->why);
    add_number(out, "available", (double) storage->available);
    add_number(out, "used", (double) storage->used);
    text_add_literal(out, ", \"files\": [");
    for (guint i = 0; i < storage->files.count; i++) {
        const File *file = storage->files.items[i];
        text_add(out, i ? ", " : "");
        text_add_json(out, file->name);
    }
    text_add_literal(out, "]");
}

static void
on_report(gpointer data, HostReport *take)
{
    static const char *const kinds[] = { "up", "lost", "domains", "domain", "state", "gone", "guest", "storage" };
    g_auto(Text) out = TEXT_EMPTY;
    text_printf(&out, "{\"report\": \"%s\"", kinds[take->kind]);
    if (take->domain) {
        add_id(&out, "id", &take->domain->id);
        add_text(&out, "state", state_word(take->domain->state));
    }
    if (take->guest)
        add_guest(&out, take->guest);
    if (take->storage)
        add_storage(&out, take->storage);
    print_line(&out);
    host_report_free(take);
}

static void
on_numbers(gpointer data, Sheet *take)
{
    statistics_put(lab.statistics, take);
    g_auto(Text) out = TEXT_EMPTY;
    text_add_literal(&out, "{\"report\": \"numbers\"");
    print_line(&out);
}

/* --- operations -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    char **words;               /* tag, verb, arguments */
    guint count;
    Tick deadline;
    Text out;
} Line;

static const char *
word(const Line *line, guint at)
{
    return at < line->count ? line->words[at] : "";
}

static Id
id_at(const Line *line, guint at)
{
    Id id = id_null;
    id_parse(word(line, at), ID_UUID, &id);
    return id;
}

/* PATH, of a storage domain whose id is made of it. */
static HostStore
store_at(const Line *line, guint at)
{
    return (HostStore) { id_named(&id_null, word(line, at)), (char *) word(line, at) };
}

/* PATH ID: a disk's first image */
static HostVolume
volume_at(const Line *line, guint at)
{
    Id disk = id_at(line, at + 1);
    return (HostVolume) { store_at(line, at), disk, disk };
}

/* define FILE */
static gboolean
run_define(Line *line, GError **error)
{
    g_autofree char *xml = NULL;
    return g_file_get_contents(word(line, 2), &xml, NULL, error) && lab.link->ops->define(lab.link, xml, line->deadline, error);
}

static gboolean
run_undefine(Line *line, GError **error)
{
    Id id = id_at(line, 2);
    return lab.link->ops->undefine(lab.link, &id, FALSE, line->deadline, error);
}

static gboolean
run_read(Line *line, GError **error)
{
    Id id = id_at(line, 2);
    g_autoptr(DomainFacts) facts = lab.link->ops->read(lab.link, &id, line->deadline, error);
    if (!facts)
        return FALSE;
    add_text(&line->out, "state", state_word(facts->state));
    add_text(&line->out, "reason", facts->reason);
    add_text(&line->out, "name", facts->config ? facts->config->name : NULL);
    add_number(&line->out, "disks", facts->disks.count);
    return TRUE;
}

/* start ID [paused] */
static gboolean
run_start(Line *line, GError **error)
{
    Id id = id_at(line, 2);
    return lab.link->ops->start(lab.link, &id, g_str_equal(word(line, 3), "paused"), line->deadline, error);
}

static gboolean
run_shutdown(Line *line, GError **error)
{
    Id id = id_at(line, 2);
    return lab.link->ops->shutdown(lab.link, &id, line->deadline, error);
}

static gboolean
run_destroy(Line *line, GError **error)
{
    Id id = id_at(line, 2);
    return lab.link->ops->destroy(lab.link, &id, line->deadline, error);
}

static gboolean
run_ready(Line *line, GError **error)
{
    HostStore store = store_at(line, 2);
    return lab.link->ops->store_ready(lab.link, &store, line->deadline, error);
}

/* create PATH ID cow|raw SIZE sparse|whole JOB */
static gboolean
run_create(Line *line, GError **error)
{
    VolumeSpec spec = {
        .volume = volume_at(line, 2), .format = names_find(&disk_format_names, word(line, 4)), .size = g_ascii_strtoll(word(line, 5), NULL, 10),
        .sparse = g_str_equal(word(line, 6), "sparse"), .job = (char *) word(line, 7),
    };
    return lab.link->ops->volume_create(lab.link, &spec, line->deadline, error);
}

/* resize PATH ID SIZE */
static gboolean
run_resize(Line *line, GError **error)
{
    HostVolume volume = volume_at(line, 2);
    return lab.link->ops->volume_resize(lab.link, &volume, g_ascii_strtoll(word(line, 4), NULL, 10), line->deadline, error);
}

static gboolean
run_delete(Line *line, GError **error)
{
    HostVolume volume = volume_at(line, 2);
    return lab.link->ops->volume_delete(lab.link, &volume, line->deadline, error);
}

static gboolean
run_volume(Line *line, GError **error)
{
    static const char *const states[] = { "absent", "partial", "whole" };
    HostVolume volume = volume_at(line, 2);
    VolumeFacts facts;
    if (!lab.link->ops->volume_read(lab.link, &volume, &facts, line->deadline, error))
        return FALSE;
    add_text(&line->out, "state", states[facts.state]);
    add_text(&line->out, "format", names_get(&disk_format_names, facts.format));
    add_number(&line->out, "size", (double) facts.size);
    add_number(&line->out, "allocation", (double) facts.allocation);
    return TRUE;
}

/* numbers ID: what is known of a VM now, and how old it is */
static gboolean
run_numbers(Line *line, GError **error)
{
    Id id = id_at(line, 2);
    VmNumbers vm = { 0 };
    HostNumbers host = { 0 };
    Wall when = 0, host_when = 0;
    add_text(&line->out, "known", statistics_vm(lab.statistics, &id, &vm, &when) ? "yes" : "no");
    statistics_host(lab.statistics, &lab.link->id, &host, &host_when);
    add_number(&line->out, "when", (double) when / CLOCK_SECOND);
    add_number(&line->out, "cpu", vm.cpu_guest);
    add_number(&line->out, "cpu_time", (double) vm.cpu_time);
    add_number(&line->out, "installed", (double) vm.memory_installed);
    add_number(&line->out, "memory_used", (double) vm.memory_used);
    add_number(&line->out, "uptime", (double) vm.uptime);
    add_number(&line->out, "host_memory", (double) host.memory_total);
    add_number(&line->out, "host_idle", host.cpu_idle);
    add_number(&line->out, "host_when", (double) host_when / CLOCK_SECOND);
    return TRUE;
}

static const struct { const char *verb; gboolean (*run)(Line *line, GError **error); } verbs[] = {
    { "define", run_define }, { "undefine", run_undefine }, { "read", run_read }, { "start", run_start }, { "shutdown", run_shutdown },
    { "destroy", run_destroy }, { "ready", run_ready }, { "create", run_create }, { "resize", run_resize }, { "delete", run_delete },
    { "volume", run_volume }, { "numbers", run_numbers },
};

static void
run_line(gpointer data)
{
    g_autofree Line *line = data;
    g_autoptr(GError) error = NULL;
    Tick began = clock_tick();
    gboolean well = FALSE;
    text_add_literal(&line->out, "{\"answer\": ");
    text_add_json(&line->out, word(line, 0));
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (g_str_equal(verbs[i].verb, word(line, 1)))
            well = verbs[i].run(line, &error);
    }
    text_printf(&line->out, ", \"ok\": %s", well ? "true" : "false");
    add_number(&line->out, "seconds", (double) (clock_tick() - began) / CLOCK_SECOND);
    if (error) {
        add_text(&line->out, "fault", fault_name(fault_of(error)));
        add_text(&line->out, "code", message_code_name(message_code(fault_message(error))));
        add_text(&line->out, "text", error->message);
    }
    print_line(&line->out);
    text_clear(&line->out);
    g_strfreev(line->words);
}

/* `TAG VERB ARGUMENT… SECONDS` */
static void
take_line(char *text)
{
    Line *line = g_new0(Line, 1);
    line->words = g_strsplit(g_strchomp(text), " ", -1);
    line->count = g_strv_length(line->words) - 1;
    line->deadline = clock_tick() + (Tick) (g_ascii_strtod(line->words[line->count], NULL) * CLOCK_SECOND);
    workers_push(lab.workers, run_line, line);
}

int
main(int argc, char **argv)
{
    char text[4096];
    Id id = id_random();
    HostListener listener = { on_report, on_numbers, NULL };
    if (argc != 2)
        return 2;
    lock_init(&lab.lock);
    lab.statistics = statistics_new();
    lab.workers = workers_new("lab", 64);
    lab.link = libvirt_host_new(&id, "lab", argv[1], &(const HostFolders) { NULL, NULL }, &listener);
    while (fgets(text, sizeof(text), stdin) && !g_str_has_prefix(text, "- quit"))
        take_line(text);
    Tick began = clock_tick();
    lab.link->ops->stop(lab.link);
    double seconds = (double) (clock_tick() - began) / CLOCK_SECOND;
    workers_stop(lab.workers, clock_tick() + 5 * CLOCK_SECOND);
    host_link_unref(lab.link);
    statistics_free(lab.statistics);
    g_auto(Text) out = TEXT_EMPTY;
    text_add_literal(&out, "{\"report\": \"end\"");
    add_number(&out, "seconds", seconds);
    print_line(&out);
    return 0;
}
