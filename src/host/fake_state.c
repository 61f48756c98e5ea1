/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What fake hosts remember: a file that is only appended to, a line a happening, and written anew at each opening. It
 * survives a killed manager, as real domains and files do; a last line cut short is none. Domains that were there from the
 * start and never changed are not in it. Lines: domain HOST ID STATE STARTED XML · live HOST ID XML (it runs otherwise than it is
 * defined) · job HOST ID WHAT TOP BASE (a block job it has) · gone HOST ID · boot HOST NUMBER · volume FORMAT SIZE PARTIAL PATH CONTENT · novolume PATH ·
 * note KEY TEXT · nonote KEY; XML, PATH, TOP, BASE, KEY and TEXT escaped. CONTENT: what stands in its places, the format and the name of what it
 * stands on. */
#include "host/fake_parts.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* --- domains that nobody made ----------------------------------------------------------------------------------------------------- */

static Id
made_id(guint number)
{
    g_autofree char *name = g_strdup_printf("fake vm %u", number);
    return id_named(&id_null, name);
}

char *
fake_domain_xml(const FakeHost *host, guint number)
{
    char text[ID_TEXT_SIZE];
    Id id = made_id(number);
    return g_strdup_printf(
        "<domain type='kvm'>\n  <name>vm-%05u</name>\n  <uuid>%s</uuid>\n  <memory unit='KiB'>1048576</memory>\n"
        "  <vcpu placement='static'>%u</vcpu>\n  <os>\n    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>\n    <boot dev='hd'/>\n  </os>\n"
        "  <features>\n    <acpi/>\n  </features>\n  <devices>\n    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
        "    <disk type='file' device='disk'>\n      <driver name='qemu' type='qcow2'/>\n      <source file='/fake/%s/vm-%05u.qcow2'/>\n"
        "      <target dev='vda' bus='virtio'/>\n    </disk>\n    <interface type='network'>\n      <mac address='52:54:00:%02x:%02x:%02x'/>\n"
        "      <source network='default'/>\n      <model type='virtio'/>\n    </interface>\n    <console type='pty'/>\n    <graphics type='vnc' port='-1'/>\n"
        "  </devices>\n</domain>\n",
        number, id_format(&id, ID_UUID, text), 1 + number % 4, host->name, number, number >> 16 & 255, number >> 8 & 255, number & 255);
}

const char *
fake_xml_of(const FakeHost *host, const FakeDomain *domain, char **ret_made)
{
    *ret_made = domain->xml ? NULL : fake_domain_xml(host, domain->number);
    return domain->xml ? domain->xml : *ret_made;
}

FakeDomain *
fake_put_domain(FakeHost *host, const Id *id)
{
    FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    if (domain)
        return domain;
    domain = g_new0(FakeDomain, 1);
    domain->id = *id;
    domain->state = DOMAIN_SHUTOFF;
    g_hash_table_insert(host->domains, &domain->id, domain);
    return domain;
}

/* Every other one is up. */
static void
make_domains(FakeHost *host)
{
    Wall now = clock_wall();
    for (guint i = 0; i < host->vms; i++) {
        Id id = made_id(host->first + i);
        FakeDomain *domain = fake_put_domain(host, &id);
        domain->number = host->first + i;
        domain->state = i % 2 ? DOMAIN_SHUTOFF : DOMAIN_RUNNING;
        domain->started = i % 2 ? 0 : now;
    }
}

/* --- volumes ----------------------------------------------------------------------------------------------------------------------- */

FakeVolume *
fake_put_volume(Fake *fake, const char *path)
{
    FakeVolume *volume = g_hash_table_lookup(fake->volumes, path);
    if (volume)
        return volume;
    volume = g_new0(FakeVolume, 1);
    volume->path = g_strdup(path);
    g_hash_table_insert(fake->volumes, volume->path, volume);
    return volume;
}

/* --- writing ------------------------------------------------------------------------------------------------------------------------ */

static void
append(Fake *fake, const char *line)
{
    gsize length = strlen(line);
    if (fake->log >= 0 && write(fake->log, line, length) != (gssize) length)
        log_warn("the state of the fake hosts cannot be written to %s: %s", fake->state, g_strerror(errno));
}

static char *
domain_line(const FakeHost *host, const FakeDomain *domain)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *made = NULL;
    g_autofree char *escaped = g_strescape(fake_xml_of(host, domain, &made), "");
    return g_strdup_printf("domain\t%s\t%s\t%d%s%s%s%s\t%" G_GINT64_FORMAT "\t%s\n", host->name, id_format(&domain->id, ID_UUID, text), domain->state,
                           domain->saved ? "s" : "", domain->frozen ? "f" : "", domain->autostart ? "a" : "", domain->leaving ? "l" : "", domain->started, escaped);
}

static char *
volume_line(const FakeVolume *volume)
{
    g_autofree char *escaped = g_strescape(volume->path, ""), *backing = g_strescape(volume->backing ? volume->backing : "", "");
    GString *line = g_string_new(NULL);
    g_string_printf(line, "volume\t%d\t%" G_GINT64_FORMAT "\t%d\t%s\t", volume->format, volume->size, volume->partial, escaped);
    for (guint i = 0; i < FAKE_PLACES; i++)
        g_string_append_printf(line, "%u ", volume->pattern[i]);
    g_string_append_printf(line, "%d %s\n", volume->backing_format, backing);
    return g_string_free(line, FALSE);
}

/* Empty where it runs by its XML: then no line. */
static char *
live_line(const FakeHost *host, const FakeDomain *domain)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *escaped = g_strescape(domain->live ? domain->live : "", "");
    return domain->live ? g_strdup_printf("live\t%s\t%s\t%s\n", host->name, id_format(&domain->id, ID_UUID, text), escaped) : g_strdup("");
}

/* Empty where it has none. */
static char *
job_lines(const FakeHost *host, const FakeDomain *domain)
{
    char text[ID_TEXT_SIZE];
    GString *lines = g_string_new(NULL);
    for (guint i = 0; domain->jobs && i < domain->jobs->len; i++) {
        const FakeJob *job = domain->jobs->pdata[i];
        g_autofree char *top = g_strescape(job->top, ""), *base = g_strescape(job->base, "");
        g_string_append_printf(lines, "job\t%s\t%s\t%d %d %d %d %s\t%s\t%s\n", host->name, id_format(&domain->id, ID_UUID, text), job->kind, job->active,
                               job->shallow, job->format, job->target, top, base);
    }
    return g_string_free(lines, FALSE);
}

void
fake_keep_domain(FakeHost *host, const FakeDomain *domain)
{
    g_autofree char *line = domain_line(host, domain), *live = live_line(host, domain), *jobs = job_lines(host, domain);
    g_autofree char *all = g_strconcat(line, live, jobs, NULL);
    append(host->fake, all);
}

static char *
boot_line(const FakeHost *host)
{
    return g_strdup_printf("boot\t%s\t%u\n", host->name, host->boots);
}

void
fake_keep_boot(const FakeHost *host)
{
    g_autofree char *line = boot_line(host);
    append(host->fake, line);
}

void
fake_set_live(FakeDomain *domain, const char *xml)
{
    char *copy = g_strdup(xml);
    g_free(domain->live);
    domain->live = copy;
}

void
fake_drop_domain(FakeHost *host, const Id *id)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *line = g_strdup_printf("gone\t%s\t%s\n", host->name, id_format(id, ID_UUID, text));
    if (g_hash_table_remove(host->domains, id))
        append(host->fake, line);
}

void
fake_keep_volume(Fake *fake, const FakeVolume *volume)
{
    g_autofree char *line = volume_line(volume);
    append(fake, line);
}

void
fake_drop_volume(Fake *fake, const char *path)
{
    g_autofree char *escaped = g_strescape(path, "");
    g_autofree char *line = g_strdup_printf("novolume\t%s\n", escaped);
    fake_image_drop(fake, path);
    if (g_hash_table_remove(fake->volumes, path))
        append(fake, line);
}

static char *
note_line(const char *key, const char *text)
{
    g_autofree char *name = g_strescape(key, ""), *escaped = g_strescape(text ? text : "", "");
    return text ? g_strdup_printf("note\t%s\t%s\n", name, escaped) : g_strdup_printf("nonote\t%s\n", name);
}

void
fake_set_note(Fake *fake, const char *key, const char *text)
{
    g_autofree char *line = note_line(key, text);
    if (text)
        g_hash_table_replace(fake->notes, g_strdup(key), g_strdup(text));
    else if (!g_hash_table_remove(fake->notes, key))
        return;
    append(fake, line);
}

/* --- reading ------------------------------------------------------------------------------------------------------------------------ */

static void
replay_job(FakeDomain *domain, char **words)
{
    g_auto(GStrv) what = g_strsplit(words[3], " ", 5);
    if (g_strv_length(what) != 5)
        return;
    FakeJob *job = g_new0(FakeJob, 1);
    job->kind = (BlockJobKind) CLAMP(g_ascii_strtoll(what[0], NULL, 10), BLOCK_JOB_NONE, BLOCK_JOB_OTHER);
    job->active = g_ascii_strtoll(what[1], NULL, 10) != 0;
    job->shallow = g_ascii_strtoll(what[2], NULL, 10) != 0;
    job->format = (int) g_ascii_strtoll(what[3], NULL, 10);
    job->target = g_strdup(what[4]);
    job->top = g_strcompress(words[4]);
    job->base = g_strcompress(words[5]);
    fake_block_add(domain, job);
}

static void
replay_domain(Fake *fake, char **words, guint count)
{
    FakeHost *host = count > 2 ? fake_find_host(fake, words[1]) : NULL;
    Id id;
    if (!host || !id_parse(words[2], ID_UUID, &id))
        return;
    if (g_str_equal(words[0], "gone")) {
        host->any_gone = TRUE;
        g_hash_table_remove(host->domains, &id);
        return;
    }
    FakeDomain *domain = count == 4 || count == 6 ? fake_put_domain(host, &id) : NULL;
    if (count == 4 && g_str_equal(words[0], "live")) {
        g_autofree char *live = g_strcompress(words[3]);
        fake_set_live(domain, live);
        return;
    }
    if (count != 6)
        return;
    if (g_str_equal(words[0], "job")) {
        replay_job(domain, words);
        return;
    }
    fake_set_live(domain, NULL);
    g_clear_pointer(&domain->jobs, g_ptr_array_unref);
    domain->number = 0;
    domain->state = (DomainState) g_ascii_strtoll(words[3], NULL, 10);
    domain->saved = strchr(words[3], 's') != NULL;
    domain->frozen = strchr(words[3], 'f') != NULL;
    domain->autostart = strchr(words[3], 'a') != NULL;
    domain->leaving = strchr(words[3], 'l') != NULL;
    domain->started = g_ascii_strtoll(words[4], NULL, 10);
    g_clear_pointer(&domain->devices, g_ptr_array_unref);
    g_free(domain->xml);
    domain->xml = g_strcompress(words[5]);
}

/* A line of an earlier version has none. */
static void
replay_content(FakeVolume *volume, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", FAKE_PLACES + 2);
    if (g_strv_length(words) != FAKE_PLACES + 2)
        return;
    for (guint i = 0; i < FAKE_PLACES; i++)
        volume->pattern[i] = (guint32) g_ascii_strtoull(words[i], NULL, 10);
    volume->backing_format = (int) g_ascii_strtoll(words[FAKE_PLACES], NULL, 10);
    g_free(volume->backing);
    volume->backing = *words[FAKE_PLACES + 1] ? g_strcompress(words[FAKE_PLACES + 1]) : NULL;
}

static void
replay_volume(Fake *fake, char **words, guint count)
{
    g_autofree char *path = g_strcompress(words[MIN(count - 1, 4)]);
    if (g_str_equal(words[0], "novolume")) {
        g_hash_table_remove(fake->volumes, path);
        return;
    }
    if (count < 5)
        return;
    FakeVolume *volume = fake_put_volume(fake, path);
    volume->format = (int) g_ascii_strtoll(words[1], NULL, 10);
    volume->size = g_ascii_strtoll(words[2], NULL, 10);
    volume->partial = g_ascii_strtoll(words[3], NULL, 10) != 0;
    if (count == 6)
        replay_content(volume, words[5]);
}

static void
replay_note(Fake *fake, char **words, guint count)
{
    g_autofree char *key = g_strcompress(words[1]);
    if (count == 3)
        g_hash_table_replace(fake->notes, g_steal_pointer(&key), g_strcompress(words[2]));
    else
        g_hash_table_remove(fake->notes, key);
}

static void
replay_boot(Fake *fake, char **words, guint count)
{
    FakeHost *host = count == 3 ? fake_find_host(fake, words[1]) : NULL;
    if (host)
        host->boots = (guint) g_ascii_strtoull(words[2], NULL, 10);
}

static void
replay(Fake *fake, char *text)
{
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        g_auto(GStrv) words = g_strsplit(line, "\t", 6);
        guint count = g_strv_length(words);
        if (count >= 2 && (g_str_equal(words[0], "domain") || g_str_equal(words[0], "live") || g_str_equal(words[0], "job") || g_str_equal(words[0], "gone")))
            replay_domain(fake, words, count);
        else if (count >= 2 && g_str_equal(words[0], "boot"))
            replay_boot(fake, words, count);
        else if (count >= 2 && (g_str_equal(words[0], "note") || g_str_equal(words[0], "nonote")))
            replay_note(fake, words, count);
        else if (count >= 2)
            replay_volume(fake, words, count);
    }
}

/* A domain that was there from the start and is gone must stay gone: that is written too. */
static void
tell_missing(GString *text, const FakeHost *host)
{
    for (guint i = 0; i < host->vms && host->any_gone; i++) {
        char id_text[ID_TEXT_SIZE];
        Id id = made_id(host->first + i);
        if (!g_hash_table_contains(host->domains, &id))
            g_string_append_printf(text, "gone\t%s\t%s\n", host->name, id_format(&id, ID_UUID, id_text));
    }
}

static char *
compact(Fake *fake)
{
    GString *text = g_string_new(NULL);
    GHashTableIter iter;
    gpointer item;
    for (guint i = 0; i < fake->hosts->len; i++) {
        FakeHost *host = fake->hosts->pdata[i];
        g_autofree char *boot = host->boots ? boot_line(host) : g_strdup("");
        g_string_append(text, boot);
        tell_missing(text, host);
        g_hash_table_iter_init(&iter, host->domains);
        while (g_hash_table_iter_next(&iter, NULL, &item)) {
            g_autofree char *line = ((FakeDomain *) item)->number ? NULL : domain_line(host, item);
            g_autofree char *live = line ? live_line(host, item) : NULL, *jobs = line ? job_lines(host, item) : NULL;
            g_string_append(text, line ? line : "");
            g_string_append(text, live ? live : "");
            g_string_append(text, jobs ? jobs : "");
        }
    }
    g_hash_table_iter_init(&iter, fake->volumes);
    while (g_hash_table_iter_next(&iter, NULL, &item)) {
        g_autofree char *line = volume_line(item);
        g_string_append(text, line);
    }
    gpointer key;
    g_hash_table_iter_init(&iter, fake->notes);
    while (g_hash_table_iter_next(&iter, &key, &item)) {
        g_autofree char *line = note_line(key, item);
        g_string_append(text, line);
    }
    return g_string_free(text, FALSE);
}

gboolean
fake_state_open(Fake *fake, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) wrong = NULL;
    for (guint i = 0; i < fake->hosts->len; i++)
        make_domains(fake->hosts->pdata[i]);
    if (g_file_get_contents(fake->state, &text, NULL, NULL)) {
        replay(fake, text);
        g_autofree char *anew = compact(fake);
        if (!g_file_set_contents(fake->state, anew, -1, &wrong))
            return fault_set(error, MSG_FAKE_FILE, "file", fake->state, "reason", wrong->message, NULL);
    }
    fake->log = open(fake->state, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    return fake->log >= 0 || fault_set(error, MSG_FAKE_FILE, "file", fake->state, "reason", g_strerror(errno), NULL);
}
