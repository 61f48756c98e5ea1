/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots of fake domains that run: from one moment on they write other files, all or none; and their memory, which is a file that can be
 * started from. */
#include "host/fake_parts.h"

#include "host/domain_xml.h"

#include <string.h>

#define MEMORY (64 << 20)                   /* bytes of such a file */

static gboolean
refuse(const FakeHost *host, const FakeOrder *order, const char *reason, GError **error)
{
    char text[ID_TEXT_SIZE];
    return fault_set(error, MSG_HOST_REFUSES_NOW, "host", host->name, "verb", order->operation, "vm", id_format(&order->id, ID_UUID, text), "reason", reason, NULL);
}

char *
fake_snapshot_path(const char *xml, const char *target)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    if (!domain_xml_read(xml, facts, NULL))
        return NULL;
    for (guint i = 0; i < facts->disks.count; i++) {
        const DomainDisk *disk = facts->disks.items[i];
        if (g_strcmp0(disk->target, target) == 0)
            return g_strdup(disk->path);
    }
    return NULL;
}

/* As libvirt does: what runs, and its definition where that names the same file. */
gboolean
fake_snapshot_switch(FakeHost *host, FakeDomain *domain, const char *target, const char *path, int format)
{
    g_autofree char *made = NULL, *live = fake_live_xml(host, domain);
    const char *defined = fake_xml_of(host, domain, &made);
    g_autofree char *was = fake_snapshot_path(live, target), *next = fake_snapshot_path(defined, target);
    g_autofree char *runs = domain_xml_with_file(live, target, path, format);
    char *xml = runs && g_strcmp0(was, next) == 0 ? domain_xml_with_file(defined, target, path, format) : NULL;
    if (!runs)
        return FALSE;
    fake_set_live(domain, runs);
    if (xml) {
        domain->number = 0;
        g_free(domain->xml);
        domain->xml = xml;
    }
    return TRUE;
}

/* --- taking ------------------------------------------------------------------------------------------------------------------------------- */

/* The order's text is "target path" for each disk, a line each. */
static char *
pack(const DiskSwitch *disks, guint count)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < count; i++)
        g_string_append_printf(text, "%s %s\n", disks[i].target, disks[i].path);
    return g_string_free(text, FALSE);
}

static char **
unpack(const char *text)
{
    g_autofree char *whole = g_strchomp(g_strdup(text));
    return g_strsplit(whole, "\n", -1);
}

/* May LINE's disk be written to its path? *RET_DONE: it is already. */
static gboolean
judge(FakeHost *host, const FakeOrder *order, const char *live, const char *line, gboolean *ret_done, GError **error)
{
    char text[ID_TEXT_SIZE];
    const char *space = strchr(line, ' '), *path = space ? space + 1 : "";
    g_autofree char *target = g_strndup(line, space ? (gsize) (space - line) : 0), *now = fake_snapshot_path(live, target);
    const FakeVolume *overlay = g_hash_table_lookup(host->fake->volumes, path);
    id_format(&order->id, ID_UUID, text);
    if (!now)
        return fault_set(error, MSG_HOST_NO_TARGET, "host", host->name, "verb", order->operation, "vm", text, "target", target, NULL);
    *ret_done = g_str_equal(now, path);
    if (*ret_done || (overlay && fake_chain_stands(overlay, now)))
        return TRUE;
    return fault_set(error, MSG_HOST_OVERLAY_ASTRAY, "host", host->name, "vm", text, "target", target, "path", path, "now", now, NULL);
}

static gboolean
judge_all(FakeHost *host, const FakeOrder *order, const char *live, char **lines, gboolean *ret_done, GError **error)
{
    guint done = 0, count = 0;
    for (; lines[count]; count++) {
        gboolean one;
        if (!judge(host, order, live, lines[count], &one, error))
            return FALSE;
        done += one;
    }
    *ret_done = count > 0 && done == count;
    return done == 0 || *ret_done || refuse(host, order, "some of its disks are switched already", error);
}

static void
keep_memory(FakeHost *host, const char *path)
{
    FakeVolume *memory = fake_put_volume(host->fake, path);
    memory->format = DISK_FORMAT_RAW;
    memory->size = MEMORY;
    fake_keep_volume(host->fake, memory);
}

static gboolean
work_take(FakeHost *host, const FakeOrder *order, GError **error)
{
    gboolean done = FALSE;
    FakeDomain *domain = fake_need_domain(host, order->operation, &order->id, error);
    if (!domain)
        return FALSE;
    if (domain->state != DOMAIN_RUNNING && domain->state != DOMAIN_PAUSED)
        return refuse(host, order, "domain is not running", error);
    if (domain->jobs && domain->jobs->len > 0)
        return refuse(host, order, "a block job works on one of its disks", error);
    g_autofree char *live = fake_live_xml(host, domain);
    g_auto(GStrv) lines = unpack(order->text);
    if (!judge_all(host, order, live, lines, &done, error))
        return FALSE;
    for (guint i = 0; !done && lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 2);
        fake_snapshot_switch(host, domain, words[0], words[1], DISK_FORMAT_COW);
    }
    if (order->more)
        keep_memory(host, order->more);
    fake_keep_domain(host, domain);
    fake_report_domain(host, &order->id, REPORT_DOMAIN, NULL);
    return TRUE;
}

gboolean
fake_snapshot_take(HostLink *link, const Id *domain, const DiskSwitch *disks, guint count, const char *memory, Tick deadline, GError **error)
{
    g_autofree char *text = pack(disks, count);
    FakeOrder order = { .operation = "snapshot_take", .work = work_take, .id = *domain, .text = text, .more = memory };
    return fake_obey(link, &order, deadline, error);
}

/* --- its memory --------------------------------------------------------------------------------------------------------------------------- */

static gboolean
work_start(FakeHost *host, const FakeOrder *order, GError **error)
{
    char text[ID_TEXT_SIZE];
    FakeDomain *domain = fake_need_domain(host, order->operation, &order->id, error);
    if (!domain)
        return FALSE;
    if (domain->state != DOMAIN_SHUTOFF || domain->saved)
        return fault_set(error, MSG_HOST_MEMORY_NEEDS_OFF, "host", host->name, "vm", id_format(&order->id, ID_UUID, text), NULL);
    if (!g_hash_table_contains(host->fake->volumes, order->more))
        return refuse(host, order, "the file with its memory is not there", error);
    g_autofree char *live = domain_xml_as_running(order->text);
    fake_set_live(domain, live);
    fake_set_state(host, domain, order->flag ? DOMAIN_PAUSED : DOMAIN_RUNNING, "started:restored");
    fake_report_domain(host, &order->id, REPORT_DOMAIN, NULL);
    return TRUE;
}

gboolean
fake_snapshot_start(HostLink *link, const Id *domain, const char *memory, const char *xml, gboolean paused, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "memory_start", .work = work_start, .id = *domain, .text = xml, .more = memory, .flag = paused };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_drop(FakeHost *host, const FakeOrder *order, G_GNUC_UNUSED GError **error)
{
    fake_drop_volume(host->fake, order->text);
    return TRUE;
}

gboolean
fake_snapshot_drop(HostLink *link, const HostStore *store, const Id *snapshot, Tick deadline, GError **error)
{
    g_autofree char *path = volume_name_memory_path(store->path, snapshot);
    FakeOrder order = { .operation = "memory_drop", .work = work_drop, .id = *snapshot, .text = path };
    return fake_obey(link, &order, deadline, error);
}
