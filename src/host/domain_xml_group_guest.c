/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What serves the guest's own software: the channel of its agent, the balloon. */
#include "host/domain_xml_group.h"

static gboolean
add_agent(Build *build, GError **error)
{
    (void) error;
    build_lines(build, 2, "<channel type='unix'>\n  <target type='virtio' name='org.qemu.guest_agent.0'/>\n</channel>");
    return TRUE;
}

static gboolean
add_balloon(Build *build, GError **error)
{
    (void) error;
    build_lines(build, 2, "<memballoon model='virtio'>\n  <stats period='10'/>\n</memballoon>");
    return TRUE;
}

const DomainGroup group_agent = { .build = add_agent };
const DomainGroup group_balloon = { .ports = group_one_port, .build = add_balloon };
