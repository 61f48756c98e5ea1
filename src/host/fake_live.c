/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How what runs on a fake host changes: as with libvirt, processors up to those the machine was started with room for, memory
 * down from what it was started with. A balloon shows nowhere in its XML. */
#include "host/fake_parts.h"

#include "host/domain_xml.h"
#include "host/domain_xml_reading.h"

static gboolean
has_room(const Reading *now, const LiveValue *value, GError **error)
{
    const ScanNode *vcpu = scan_child(now->doc, now->doc->root, "vcpu");
    gint64 most;
    if (value->kind == LIVE_MEMORY && value->number > now->vm->memory)
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
    return domain_xml_patch(xml, now->vm, &world, error);
}
