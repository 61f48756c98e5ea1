/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The devices of a host, asked of libvirt's node devices: with its facts, and again just before a VM is given one. */
#include "host/libvirt_call.h"

#include "host/local_facts.h"
#include "host/node_devices.h"

#include <stdlib.h>

#define WANTED                                                                                                             \
    (VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV | VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_DEV | VIR_CONNECT_LIST_NODE_DEVICES_CAP_USB_INTERFACE | \
     VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET | VIR_CONNECT_LIST_NODE_DEVICES_CAP_STORAGE | VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV)
/* What stands between a disk and the device it is on. */
#define BETWEEN                                                                                                            \
    (VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_HOST | VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI_TARGET | VIR_CONNECT_LIST_NODE_DEVICES_CAP_SCSI)

#define GUEST_CARD "net_vnet"       /* libvirt's own, one a guest's card: there may be thousands, and none stands on a device */

static gboolean
card_is_up(const char *card, gboolean has_link)
{
    return local_facts_card_is_up("", card, has_link);
}

gboolean
libvirt_nodes_read(const LibvirtHost *host, virConnectPtr connection, List *ret_devices)
{
    static const NodeProbe local = { card_is_up, local_facts_disk_is_free };
    g_autoptr(GPtrArray) xmls = g_ptr_array_new_with_free_func(free);
    virNodeDevicePtr *devices = NULL;
    int count = virConnectListAllNodeDevices(connection, &devices, WANTED | BETWEEN);
    for (int i = 0; i < count; i++) {
        gboolean of_guest = g_str_has_prefix(virNodeDeviceGetName(devices[i]), GUEST_CARD);
        char *xml = of_guest ? NULL : virNodeDeviceGetXMLDesc(devices[i], 0);
        if (xml)                                /* NULL: it went meanwhile */
            g_ptr_array_add(xmls, xml);
        virNodeDeviceFree(devices[i]);
    }
    free(devices);
    node_devices_read(xmls, host->place.local ? &local : NULL, ret_devices);
    return count >= 0;
}

/* --- the operation ---------------------------------------------------------------------------------------------------------------- */

static void
free_list(gpointer data)
{
    List *list = data;
    while (list->count > 0)
        object_unref(list->items[--list->count]);
    g_free(list->items);
    g_free(list);
}

static gboolean
work_list(LibvirtCall *call, GError **error)
{
    List *list = g_new0(List, 1);
    call->result = list;
    call->free_result = free_list;
    return libvirt_nodes_read(call->host, call->connection, list) || libvirt_call_fail(call, error);
}

gboolean
libvirt_nodes_list(HostLink *link, List *ret_devices, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_list, "list the devices for", FALSE, FALSE };
    g_autoptr(LibvirtCall) call = libvirt_call_new(link, &verb, &id_null, deadline);
    if (!libvirt_call_run(call, error))
        return FALSE;
    List *list = call->result;
    *ret_devices = *list;
    *list = (List) { 0 };
    return TRUE;
}
