/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What people put on things to find them again: tags, affinity labels, bookmarks, icons. */
#pragma once

#include "schema/type.h"

typedef struct {
    Object object;
    char *name, *description, *comment;
    Ref parent;                         /* Tag; null only of the root */
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

typedef struct {
    Object object;
    char *name, *description, *comment, *media_type, *data;     /* data: base64 */
} Icon;

extern const Type tag_type, affinity_label_type, bookmark_type, icon_type;
