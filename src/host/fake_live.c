/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How what runs on a fake host changes: as with libvirt, processors and memory up to those the machine was started with room
 * for, memory down by a balloon, which shows nowhere in its XML. */
#include "host/fake_parts.h"

#include "host/domain_xml.h"
#include "host/domain_xml_reading.h"

/* In whole blocks, as far as its machine has room. */
static gint64
grown(const Reading *now, gint64 wished)
{
    gint64 most = 0, memory = now->vm->memory;
    reading_bytes(now->doc, scan_child(now->doc, now->doc->root, "maxMemory"), &most);
    gint64 blocks = (wished - memory) / LIVE_MEMORY_BLOCK;
    return blocks > 0 && memory + blocks * LIVE_MEMORY_BLOCK <= most ? memory + blocks * LIVE_MEMORY_BLOCK : memory;
}

static gboolean
has_room(const Reading *now, const LiveValue *value, GError **error)
{
    const ScanNode *vcpu = scan_child(now->doc, now->doc->root, "vcpu");
    gint64 most;
    if (value->kind == LIVE_MEMORY && value->number > now->vm->memory && grown(now, value->number) == now->vm->memory)
        return fault_set(error, MSG_FAKE_NO_ROOM, "vm", now->vm->name, "what", "memory", NULL);
    if (value->kind == LIVE_CPUS && (!scan_number(now->doc, vcpu, &most) || value->number > most))
        return fault_set(error, MSG_FAKE_NO_ROOM, "vm", now->vm->name, "what", "processors", NULL);
    return TRUE;
}

char *
fake_live_changed(const char *xml, const LiveValue *value, GError **error)
{
    const DomainWorld world = { 0 };
    g_autoptr(Reading) now = reading_new(xml, NULL, error);
    if (!now || !has_room(now, value, error))
        return NULL;
    CpuTopology *topology = &now->vm->cpu.topology;
    if (value->kind == LIVE_DESCRIPTION)
        text_set(&now->vm->description, value->text);
    if (value->kind == LIVE_CPUS)
        topology->sockets = value->number / MAX(1, topology->cores * topology->threads);
    if (value->kind == LIVE_MEMORY && value->number > now->vm->memory)
        now->vm->memory = grown(now, value->number);
    return domain_xml_patch(xml, now->vm, &world, error);
}
