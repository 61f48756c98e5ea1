/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a person may write into a definition by hand: tables, of what is harmless alone. What no row names stays as it is, so that an element
 * a newer libvirt learns opens nothing before somebody has looked at it. Used by domain_xml_override.c alone. */
#pragma once

#include <glib.h>

#define OVERRIDE_DOMAIN "/"                 /* no element is called that */
#define OVERRIDE_FILE "%file"
#define OVERRIDE_BOOT "%boot"
#define OVERRIDE_NETWORK "%network"

/* Paths below the element:  "driver"  is looked into;  "driver@cache"  that attribute is free;  "driver@*"  all of them;  "serial#"  its text;
 * "target*"  all that is in it. "*" alone: the whole element. No attribute is free that has a slash in it, no text that leads anywhere. A row with
 * a value,  "@action=reset",  frees the attribute as long as it has that one, or one of its word's:  "%name"  letters, digits, dots, _ and -, no dot
 * first;  "%keymap"  a keyboard's;  "%zone"  a time zone's. */
typedef struct {
    const char *name;                       /* below <devices>; OVERRIDE_DOMAIN: all but the devices */
    const char *const *open;
    /* What one that was not there before may say beside that, as a line "path@attribute=value"; "%file" is any file of a storage domain, "%boot"
     * one without blanks and commas, "%network" any network we know, and the words above. NULL: there is no new one. Of the domain: what may come and go. */
    const char *const *fresh;
} OverrideKind;

const OverrideKind *override_kind(const char *name);        /* never NULL: of an unknown one nothing is free */
/* Is PATH with SUFFIX behind it a row of KIND->open? */
gboolean override_is_open(const OverrideKind *kind, const char *path, const char *suffix);
/* Is LINE one that PATTERNS have, by its value or by a word? */
gboolean override_takes(const char *const *patterns, const char *line);
/* The value LINE gives for WORD at the end of PATTERN, "source@file=%file"; NULL: it is another line. Values go into sentences. */
const char *override_word(const char *pattern, const char *word, const char *line);
