/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What people put on things to find them again: tags, affinity labels, bookmarks. */
#pragma once

#include "schema/type.h"

typedef struct {
    Object object;
    char *name, *description, *comment;
    Ref parent;                         /* a tag; null of the root, and of what lies right below it */
} Tag;

typedef struct {
    Object object;
    char *name, *description, *comment;
    gboolean has_implicit_affinity_group, read_only;
} AffinityLabel;

typedef struct {
    Object object;
    char *name, *description, *comment;
    char *value;                        /* the search */
} Bookmark;

extern const Type tag_type, affinity_label_type, bookmark_type;

void labels_add_fixed(GPtrArray *objects);      /* the root of tags; owned by OBJECTS. See fixed.h */
