/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases of what a VM has beside disks, drives and cards; their rows stand in walk_cases.c. */
#include "walk_cases.h"

Work *
walk_add_watchdog(void)
{
    return estate_child_work(&watchdog_add, &estate.hello, NULL, "<watchdog><model>i6300esb</model><action>reset</action></watchdog>");
}

static Id
watched(void)
{
    estate_do(walk_add_watchdog());
    return id_named(&estate.hello, "watchdog");
}

Work *
walk_edit_watchdog(void)
{
    Id id = watched();
    return estate_child_work(&watchdog_update, &estate.hello, &id, "<watchdog><action>pause</action></watchdog>");
}

Work *
walk_remove_watchdog(void)
{
    Id id = watched();
    return estate_child_work(&watchdog_remove, &estate.hello, &id, NULL);
}

Work *
walk_edit_devices(void)
{
    return estate_work(&vm_update, &estate.hello, "<vm><usb><enabled>false</enabled></usb><console><enabled>false</enabled></console><io><threads>2</threads></io>"
                       "<rng_device><source>hwrng</source><rate><bytes>512</bytes><period>100</period></rate></rng_device>"
                       "<custom_properties><custom_property><name>hugepages</name><value>2048</value></custom_property></custom_properties>"
                       "<soundcard_enabled>true</soundcard_enabled><virtio_scsi><enabled>true</enabled></virtio_scsi></vm>");
}

Work *
walk_keep_console_log(void)
{
    return estate_work(&vm_update, &estate.hello, "<vm><console><log_enabled>true</log_enabled></console></vm>");
}

Work *
walk_keep_console_log_running(void)
{
    estate_do(estate_work(&vm_start, &estate.hello, "<action/>"));
    return walk_keep_console_log();
}

Work *
walk_remove_with_console_log(void)
{
    estate_do(walk_keep_console_log());
    estate_print(&estate.hello, "login: ", 7);
    return estate_work(&vm_remove, &estate.hello, NULL);
}

Work *
walk_add_folder(void)
{
    return estate_child_work(&shared_folder_add, &estate.hello, NULL, "<shared_folder><name>data</name><path>" ESTATE_SHARED "/data</path></shared_folder>");
}

Work *
walk_remove_folder(void)
{
    estate_do(walk_add_folder());
    Id id = shared_folder_id(&estate.hello, "data");
    return estate_child_work(&shared_folder_remove, &estate.hello, &id, NULL);
}

Work *
walk_start_with_folder(void)
{
    estate_do(walk_add_folder());
    return estate_work(&vm_start, &estate.hello, "<action/>");
}

Work *
walk_watch_running(void)
{
    estate_do(estate_work(&vm_start, &estate.hello, "<action/>"));
    return walk_add_watchdog();
}

Work *
walk_add_host_device(void)
{
    return estate_child_work(&host_device_add, &estate.hello, NULL, "<host_device><name>pci_0000_41_00_0</name></host_device>");
}

Work *
walk_add_usb_device(void)
{
    return estate_child_work(&host_device_add, &estate.hello, NULL, "<host_device><name>usb_1_2</name></host_device>");
}

Work *
walk_remove_host_device(void)
{
    estate_do(walk_add_host_device());
    Id id = host_device_id("pci:0000:41:00.1");
    return estate_child_work(&host_device_remove, &estate.hello, &id, NULL);
}

Work *
walk_start_with_host_device(void)
{
    estate_do(walk_add_host_device());
    return estate_work(&vm_start, &estate.hello, "<action/>");
}

/* The VM has 256 MiB and is given two processors. */
static void
two_processors(void)
{
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><cpu><topology><sockets>2</sockets></topology></cpu></vm>"));
}

static Work *
add_node(const char *index, const char *core, const char *more)
{
    g_autofree char *body = g_strdup_printf("<vm_numa_node><index>%s</index><memory>128</memory><cpu><cores><core><index>%s</index></core></cores></cpu>%s</vm_numa_node>",
                                            index, core, more);
    return estate_child_work(&numa_node_add, &estate.hello, NULL, body);
}

Work *
walk_add_numa_node(void)
{
    two_processors();
    return add_node("0", "0", "");
}

Work *
walk_complete_numa(void)
{
    estate_do(walk_add_numa_node());
    return add_node("1", "1", "<numa_node_pins><numa_node_pin><index>0</index></numa_node_pin></numa_node_pins><numa_tune_mode>preferred</numa_tune_mode>");
}

Work *
walk_edit_numa_node(void)
{
    estate_do(walk_complete_numa());
    Id id = virtual_node_id(&estate.hello, 1);
    return estate_child_work(&numa_node_update, &estate.hello, &id, "<vm_numa_node><numa_node_pins/></vm_numa_node>");
}

Work *
walk_remove_numa_node(void)
{
    estate_do(walk_complete_numa());
    Id id = virtual_node_id(&estate.hello, 1);
    return estate_child_work(&numa_node_remove, &estate.hello, &id, NULL);
}

Work *
walk_numa_running(void)
{
    two_processors();
    estate_do(estate_work(&vm_start, &estate.hello, "<action/>"));
    return add_node("0", "1", "");
}

/* Its XML with a new device. */
static Work *
override_of(const Id *id)
{
    g_auto(GStrv) halves = g_strsplit(estate_xml(id), "</devices>", 2);
    g_autofree char *xml = g_strconcat(halves[0], "  <watchdog model='i6300esb' action='reset'/>\n  </devices>", halves[1], NULL);
    g_autofree char *body = g_markup_printf_escaped("<action><xml>%s</xml></action>", xml);
    return estate_work(&vm_overridexml, id, body);
}

Work *
walk_override_xml(void)
{
    return override_of(&estate.hello);
}

Work *
walk_override_adopted(void)
{
    return override_of(&estate.adopted);
}

Work *
walk_override_nothing(void)
{
    g_autofree char *body = g_markup_printf_escaped("<action><xml>%s<!-- the same --></xml></action>", estate_xml(&estate.hello));
    return estate_work(&vm_overridexml, &estate.hello, body);
}
