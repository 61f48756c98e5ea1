/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The devices of a host, from what libvirt's node devices say: which of them a VM can have, in which IOMMU group each is, and what of the
 * host's own stands on it. Pure but for the two questions it asks. */
#pragma once

#include "model/host_devices.h"

/* Questions about this machine's own; NULL where the host is another: then a card is in use when it has a link, and a disk always. */
typedef struct {
    gboolean (*card_is_up)(const char *card, gboolean has_link);
    gboolean (*disk_is_free)(const char *path);
} NodeProbe;

/* XMLS of char *: of PCI, USB, network, storage and mediated devices; RET of HostDevice, sorted by name. */
void node_devices_read(const GPtrArray *xmls, const NodeProbe *probe, List *ret);
