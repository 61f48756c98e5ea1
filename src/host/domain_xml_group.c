/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of what a domain has beside its machine. */
#include "host/domain_xml_group.h"

const DomainGroup *const domain_groups[] = {
    &group_memory, &group_numa, &group_tuning, &group_pins, &group_controllers, &group_usb,    &group_plugged, &group_serial,   &group_agent,  &group_input,
    &group_tpm,    &group_screen, &group_sound,       &group_hostdev, &group_folders, &group_watchdog, &group_balloon, &group_random, NULL,
};

guint
group_one_port(const Build *build)
{
    (void) build;
    return 1;
}
