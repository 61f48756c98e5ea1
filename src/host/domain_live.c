/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Compares what runs with what the next start will use. Only what survives a start unchanged is compared: libvirt expands the
 * CPU, and gives ports and addresses. Settings for one run are meant to differ, and are told as that. */
#include "host/domain_live.h"

#include "host/domain_xml.h"

#include <string.h>

/* The mark of what runs, as old as its start, may still name what was not plugged then: only what is plugged counts. */
static guint
count_plugged(const Vm *live)
{
    guint count = 0;
    for (guint i = 0; i < live->nics.count; i++)
        count += ((const Nic *) live->nics.items[i])->plugged;
    return count;
}

static guint
count_active(const Vm *live)
{
    guint count = 0;
    for (guint i = 0; i < live->disk_attachments.count; i++)
        count += ((const DiskAttachment *) live->disk_attachments.items[i])->active;
    return count;
}

/* Media are no matter of the next start. */
static gboolean
nics_differ(const Vm *next, const Vm *live)
{
    guint plugged = 0;
    for (guint i = 0; i < next->nics.count; i++) {
        const Nic *nic = next->nics.items[i], *now = list_find(&live->nics, &nic->object.id);
        plugged += nic->plugged;
        if (nic->plugged && (!now || !type_equal(&nic_type, nic, now)))
            return TRUE;
    }
    return plugged != count_plugged(live);
}

static gboolean
disks_differ(const Vm *next, const Vm *live)
{
    guint active = 0;
    for (guint i = 0; i < next->disk_attachments.count; i++) {
        const DiskAttachment *disk = next->disk_attachments.items[i], *now = list_find(&live->disk_attachments, &disk->object.id);
        active += disk->active;
        if (disk->active && (!now || !type_equal(&disk_attachment_type, disk, now)))
            return TRUE;
    }
    return active != count_active(live);
}

/* What runs names a USB device by where it is plugged in, too. */
static gboolean
host_devices_differ(const Vm *next, const Vm *live)
{
    for (guint i = 0; i < next->host_devices.count; i++) {
        gboolean found = FALSE;
        for (guint k = 0; k < live->host_devices.count; k++)
            found |= host_device_same(((const HostDevice *) next->host_devices.items[i])->source, ((const HostDevice *) live->host_devices.items[k])->source);
        if (!found)
            return TRUE;
    }
    return next->host_devices.count != live->host_devices.count;
}

/* Of the vCPUs and threads that run; what is the same by another pin is the same. Once libvirt was told to let one run anywhere it names every CPU. */
static gboolean
pins_differ(const Vm *next, const Vm *live, const char *all)
{
    g_auto(CpuTune) then = { 0 }, now = { 0 };
    type_copy(&cpu_tune_type, &then, &next->cpu.cpu_tune);
    type_copy(&cpu_tune_type, &now, &live->cpu.cpu_tune);
    cpu_tune_free_of(&then, all);
    cpu_tune_free_of(&now, all);
    return !cpu_tune_same_places(&then, &now, vm_cpus(live), live->io.threads);
}

static void
add_differing(DomainFacts *facts, const Vm *now, const char *all)
{
    static const char *const rows[] = { "description", "memory", "bios", "os", "io", "usb", "virtio_scsi", "console", "rng_device", "custom_properties", "tpm_enabled",
                                        "soundcard_enabled", "watchdogs", "numa_nodes", "shared_folders" };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const Field *field = type_find(&vm_type, rows[i]);
        if (field && !field_equal(field, facts->config, now))
            words_add(&facts->differing, rows[i]);
    }
    if (nics_differ(facts->config, now))
        words_add(&facts->differing, "nics");
    if (disks_differ(facts->config, now))
        words_add(&facts->differing, "disk_attachments");
    if (host_devices_differ(facts->config, now))
        words_add(&facts->differing, "host_devices");
    if (memcmp(&facts->config->cpu.topology, &now->cpu.topology, sizeof(now->cpu.topology)) != 0 || pins_differ(facts->config, now, all))
        words_add(&facts->differing, "cpu");
}

void
domain_live_compare(DomainFacts *facts, const char *xml, const char *all)
{
    if (!facts->config || !domain_xml_read_live(xml, facts, NULL))
        return;
    g_free(facts->pins);
    facts->pins = cpu_tune_text(&facts->live->cpu.cpu_tune);
    if (!facts->persistent)
        return;
    words_set(&facts->differing, (const char *const[]) { NULL });
    facts->run_once = facts->live->run_once;
    if (!facts->run_once)
        add_differing(facts, facts->live, all);
}
