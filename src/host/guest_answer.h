/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a guest answered, made into facts. A guest is nobody's friend: whatever it says, the facts are small, printable and
 * well-formed. Asks nobody; libvirt_guest.c does. */
#pragma once

#include "host/host.h"

#include <libvirt/libvirt.h>

typedef struct {
    virTypedParameterPtr items;
    int count;
} GuestAnswer;

void guest_answer_name(const GuestAnswer *answer, char **ret_name);
void guest_answer_system(const GuestAnswer *answer, GuestOperatingSystem *os);
void guest_answer_zone(const GuestAnswer *answer, TimeZone *zone);
void guest_answer_sessions(const GuestAnswer *answer, const Id *domain, GuestFacts *facts);
void guest_answer_file_systems(const GuestAnswer *answer, const Id *domain, GuestFacts *facts);
void guest_answer_devices(const GuestAnswer *answer, const Id *domain, GuestFacts *facts);
/* Without an agent: an address that libvirt's DHCP gave. */
void guest_answer_lease(const virDomainInterface *lease, const Id *domain, GuestFacts *facts);
