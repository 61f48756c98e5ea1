/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A sound card of the kind the machine would have. */
#include "host/domain_xml_group.h"

static const char *
fragment_for(const char *machine)
{
    return reading_is_i440fx(machine) ? "<sound model='ich6'/>" : "<sound model='ich9'/>";
}

static gboolean
add_sound(Build *build, GError **error)
{
    (void) error;
    if (build->vm->soundcard_enabled)
        build_lines(build, 2, fragment_for(build->machine));
    return TRUE;
}

static void
read_sound(Reading *reading)
{
    reading->vm->soundcard_enabled = scan_child(reading->doc, reading->devices, "sound") != NULL;
}

static gboolean
patch_sound(Patch *patch, GError **error)
{
    (void) error;
    patch_switch(patch, patch->now->vm->soundcard_enabled, patch->vm->soundcard_enabled, "sound", fragment_for(patch->now->machine));
    return TRUE;
}

const DomainGroup group_sound = { .ports = group_one_port, .build = add_sound, .read = read_sound, .patch = patch_sound };
