/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a person may write into a definition by hand: tables, of what is harmless alone. What no row names stays as it is, so that an element
 * a newer libvirt learns opens nothing before somebody has looked at it. Used by domain_xml_override.c alone. */
#pragma once

#include <glib.h>

#define OVERRIDE_DOMAIN "/"                 /* no element is called that */

/* Paths below the element:  "driver"  is looked into;  "driver@cache"  that attribute is free;  "driver@*"  all of them;  "serial#"  its text;
 * "target*"  all that is in it, as long as nothing in it begins with a slash. "*" alone: the whole element. */
typedef struct {
    const char *name;                       /* below <devices>; OVERRIDE_DOMAIN: all but the devices */
    const char *const *open;
    /* What one that was not there before may say beside that, as a line "path@attribute=value"; "%file" is any file of a storage domain,
     * "%network" any network we know. NULL: there is no new one. Of the domain: what may come and go. */
    const char *const *fresh;
} OverrideKind;

const OverrideKind *override_kind(const char *name);        /* never NULL: of an unknown one nothing is free */
/* Is PATH with SUFFIX behind it a row of KIND->open? */
gboolean override_is_open(const OverrideKind *kind, const char *path, const char *suffix);
