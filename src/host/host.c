/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The lives of what passes between a host and its listener: facts of domains, reports, links. Knows no implementation; a
 * link's memory is its implementation's, which frees it when the last reference goes. */
#include "host/host.h"

static const Type *
vm_row_type(const char *row)
{
    return type_find(&vm_type, row)->of;
}

void
domain_disk_free(DomainDisk *disk)
{
    g_free(disk->target);
    g_free(disk->path);
    g_free(disk->driver);
    g_free(disk->device);
    g_free(disk);
}

static void
clear_disks(List *disks)
{
    for (guint i = 0; i < disks->count; i++)
        domain_disk_free(disks->items[i]);
    g_free(disks->items);
    *disks = (List) { 0 };
}

DomainFacts *
domain_facts_new(void)
{
    DomainFacts *facts = g_new0(DomainFacts, 1);
    refs_init(&facts->refs);
    return facts;
}

DomainFacts *
domain_facts_ref(DomainFacts *facts)
{
    refs_inc(&facts->refs);
    return facts;
}

void
domain_facts_forget_live_disks(DomainFacts *facts)
{
    clear_disks(&facts->live_disks);
}

void
domain_facts_forget_live(DomainFacts *facts)
{
    object_unref(facts->live);
    facts->live = NULL;
    g_clear_pointer(&facts->live_xml, g_free);
}

void
domain_facts_unref(DomainFacts *facts)
{
    if (!facts || !refs_dec(&facts->refs))
        return;
    clear_disks(&facts->disks);
    clear_disks(&facts->live_disks);
    words_set(&facts->differing, (const char *const[]) { NULL });
    object_unref(facts->config);
    domain_facts_forget_live(facts);
    g_free(facts->xml);
    g_free(facts->pins);
    g_free(facts->reason);
    g_free(facts->job);
    g_free(facts);
}

void
guest_facts_free(GuestFacts *guest)
{
    if (!guest)
        return;
    g_free(guest->fqdn);
    type_clear(vm_row_type("guest_operating_system"), &guest->os);
    type_clear(vm_row_type("guest_time_zone"), &guest->zone);
    List *lists[] = { &guest->devices, &guest->sessions, &guest->file_systems };
    for (gsize k = 0; k < G_N_ELEMENTS(lists); k++) {
        for (guint i = 0; i < lists[k]->count; i++)
            object_unref(lists[k]->items[i]);
        g_free(lists[k]->items);
    }
    g_free(guest);
}

void
volume_link_free(VolumeLink *link)
{
    if (!link)
        return;
    g_free(link->path);
    g_free(link->backing);
    g_free(link);
}

void
storage_facts_free(StorageFacts *storage)
{
    if (!storage)
        return;
    g_free(storage->why);
    for (guint i = 0; i < storage->files.count; i++)
        object_unref(storage->files.items[i]);
    g_free(storage->files.items);
    if (storage->volumes)
        g_array_unref(storage->volumes);
    g_free(storage);
}

void
host_report_free(HostReport *report)
{
    if (!report)
        return;
    g_free(report->host);
    object_unref(report->facts);
    message_unref(report->why);
    if (report->domains)
        g_ptr_array_unref(report->domains);
    domain_facts_unref(report->domain);
    g_free(report->event);
    guest_facts_free(report->guest);
    storage_facts_free(report->storage);
    g_free(report);
}

HostReport *
host_report_new(const HostLink *link, ReportKind kind, guint64 generation)
{
    char text[ID_TEXT_SIZE];
    HostReport *report = g_new0(HostReport, 1);
    report->kind = kind;
    report->generation = generation;
    report->when = clock_wall();
    report->seen = clock_tick();
    report->host = g_strdup(id_format(&link->id, ID_UUID, text));
    return report;
}

void
host_link_init(HostLink *link, const HostOps *ops, const Id *id, const char *name)
{
    link->ops = ops;
    link->id = *id;
    link->name = g_strdup(name);
    refs_init(&link->refs);
    g_atomic_int_set(&link->lost, TRUE);
}

void
host_link_clear(HostLink *link)
{
    g_clear_pointer(&link->name, g_free);
}

HostLink *
host_link_ref(HostLink *link)
{
    refs_inc(&link->refs);
    return link;
}

void
host_link_unref(HostLink *link)
{
    if (link && refs_dec(&link->refs) && link->ops->free)
        link->ops->free(link);
}
