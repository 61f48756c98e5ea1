/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names, addresses and networks of NICs. An address is unique in the whole estate; a name in its VM. A NIC without profile
 * and network is plugged into nothing, as in oVirt. */
#include "command/nics.h"

#include "command/devices.h"
#include "command/guards.h"
#include "command/guest_defaults.h"
#include "command/hotplug.h"
#include "command/world.h"

static gboolean
name_is_free(const Vm *vm, const char *name, const Id *self)
{
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        if (g_strcmp0(nic->name, name) == 0 && !(self && id_equal(&nic->object.id, self)))
            return FALSE;
    }
    return TRUE;
}

static gboolean
check_name(const Vm *vm, const Draft *draft, const Id *self, GError **error)
{
    const Nic *sent = draft->record;
    if (!draft_has(draft, "name"))
        return TRUE;
    if (!guard_name("NIC", "name", sent->name, error))
        return FALSE;
    return name_is_free(vm, sent->name, self) || fault_set(error, MSG_NIC_NAME_TAKEN, "nic", sent->name, "vm", vm->name, NULL);
}

/* Among the cards of the VM itself: one that is being added is not in the view yet. */
static gboolean
has_mac(const Vm *vm, const char *mac, const Id *self)
{
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        if (nic->mac.address && g_ascii_strcasecmp(nic->mac.address, mac) == 0 && !(self && id_equal(&nic->object.id, self)))
            return TRUE;
    }
    return FALSE;
}

static gboolean
check_mac(Work *work, const Vm *vm, const Draft *draft, const Id *self, GError **error)
{
    const Nic *sent = draft->record;
    if (!draft_has(draft, "mac.address") || !sent->mac.address || !*sent->mac.address)
        return TRUE;
    g_autofree char *mac = devices_parse_mac(sent->mac.address);
    if (!mac)
        return fault_set(error, MSG_BAD_MAC, "mac", sent->mac.address, NULL);
    const Vm *owner = has_mac(vm, mac, self) ? vm : devices_mac_owner(work->view, mac, self);
    if (owner)
        return fault_set(error, MSG_MAC_TAKEN, "mac", mac, "other", owner->name, NULL);
    guard_claim_word(work, "The MAC address %s", mac);
    return TRUE;
}

static const VnicProfile *
profile_of_network(const View *view, const Id *network)
{
    ViewWalk walk = view_walk(view, &vnic_profile_type);
    for (const VnicProfile *profile; (profile = view_next(&walk));) {
        if (id_equal(&profile->network.id, network))
            return profile;
    }
    return NULL;
}

static gboolean
check_network(const Work *work, const Draft *draft, GError **error)
{
    const Nic *sent = draft->record;
    const Network *network = NULL;
    if (draft_has(draft, "vnic_profile") && !id_is_null(&sent->vnic_profile.id))
        network = world_profile_network(work->view, &sent->vnic_profile.id);
    else if (draft_has(draft, "network") && !id_is_null(&sent->network.id))
        network = view_find(work->view, &network_type, &sent->network.id);
    if (network && !network->source)
        return fault_set(error, MSG_NETWORK_NOWHERE, "network", network->name, NULL);
    return TRUE;
}

static gboolean
check_interface(const Draft *draft, GError **error)
{
    const Nic *sent = draft->record;
    if (!draft_has(draft, "interface") || sent->interface == NIC_VIRTIO || sent->interface == NIC_E1000 || sent->interface == NIC_E1000E ||
        sent->interface == NIC_RTL8139)
        return TRUE;
    return fault_set(error, MSG_BAD_NIC_INTERFACE, "interface", names_get(&nic_interface_names, sent->interface), NULL);
}

gboolean
nics_check(Work *work, const Vm *vm, const Draft *draft, const Id *self, GError **error)
{
    return guard_texts(draft, error) && check_name(vm, draft, self, error) && check_interface(draft, error) &&
           check_mac(work, vm, draft, self, error) && check_network(work, draft, error);
}

static char *
free_name(const Vm *vm)
{
    for (guint number = 1;; number++) {
        g_autofree char *name = g_strdup_printf("nic%u", number);
        if (name_is_free(vm, name, NULL))
            return g_steal_pointer(&name);
    }
}

Nic *
nics_make(const View *view, const Vm *vm, const Draft *draft, const Id *id)
{
    Nic *nic = object_new(&nic_type);
    nic->object.id = *id;
    nic->interface = guest_defaults_nic(view, vm);
    nic->plugged = nic->linked = TRUE;
    nics_apply(view, draft, nic, ADD);
    if (!nic->name)
        nic->name = free_name(vm);
    if (!nic->mac.address)
        nic->mac.address = devices_new_mac(view, id);
    return nic;
}

static void
follow_profile(const View *view, Nic *nic)
{
    const Network *network = id_is_null(&nic->vnic_profile.id) ? NULL : world_profile_network(view, &nic->vnic_profile.id);
    nic->network.id = network ? network->object.id : id_null;
    text_set(&nic->source, network ? network->source : NULL);
}

void
nics_apply(const View *view, const Draft *draft, Nic *nic, guint mask)
{
    g_autofree char *before = g_strdup(nic->mac.address);
    draft_apply(draft, nic, mask);
    g_autofree char *mac = nic->mac.address ? devices_parse_mac(nic->mac.address) : NULL;
    text_set(&nic->mac.address, mac ? mac : before);
    if (!draft_has(draft, "vnic_profile") && !draft_has(draft, "network"))
        return;
    if (!draft_has(draft, "vnic_profile")) {
        const VnicProfile *profile = profile_of_network(view, &nic->network.id);
        nic->vnic_profile.id = profile ? profile->object.id : id_null;
    }
    follow_profile(view, nic);
}

/* --- what rows share ------------------------------------------------------------------------------------------------------ */

gboolean
nics_prepare(Work *work, GError **error)
{
    return hotplug_prepare(work, work->command->edit, DEVICE_NIC, &work->target, error);
}

void
nics_finish(Work *work, Changes *changes)
{
    definition_finish(work, changes, work->command->edit);
}

char *
nics_plan(Work *work, GError **error)
{
    return hotplug_plan(work, work->command->edit, DEVICE_NIC, &work->target, error);
}
