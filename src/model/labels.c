/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of tags, affinity labels and bookmarks, and the tag above all, which clients know by its id of zeros. Called by
 * fixed.c. */
#include "model/labels.h"

/* clang-format off */
const Type tag_type = { .one = "tag", .many = "tags", .path = "tags", .size = sizeof(Tag), .help = "A word put on objects.", .fields = (const Field[]) {
    TEXT(Tag, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT(Tag, description, ADD | SET | FIND | SHOW, "For people."),
    TEXT(Tag, comment,     ADD | SET | FIND,        "For people."),
    REF (Tag, parent, tag_type, ADD | SET,          "The tag above it."),
    { 0 } } };

const Type affinity_label_type = { .one = "affinity_label", .many = "affinity_labels", .path = "affinitylabels", .size = sizeof(AffinityLabel), .help = "VMs and hosts that go together.", .fields = (const Field[]) {
    TEXT(AffinityLabel, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT(AffinityLabel, description, ADD | SET | FIND, "For people."),
    TEXT(AffinityLabel, comment,     ADD | SET | FIND, "For people."),
    BOOL(AffinityLabel, has_implicit_affinity_group, ADD | SET, "Its VMs run on its hosts alone."),
    BOOL(AffinityLabel, read_only,   0,                "The manager itself keeps it."),
    EMPTY("hosts", "hosts"), EMPTY("vms", "vms"),
    { 0 } } };

const Type bookmark_type = { .one = "bookmark", .many = "bookmarks", .path = "bookmarks", .size = sizeof(Bookmark), .help = "A saved search.", .fields = (const Field[]) {
    TEXT(Bookmark, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT(Bookmark, description, ADD | SET | FIND, "For people."),
    TEXT(Bookmark, comment,     ADD | SET | FIND, "For people."),
    TEXT(Bookmark, value,       ADD | SET | SHOW, "What is searched for."),
    { 0 } } };
/* clang-format on */

void
labels_add_fixed(GPtrArray *objects)
{
    Tag *root = object_new(&tag_type);
    root->name = g_strdup("root");
    root->description = g_strdup("root");
    g_ptr_array_add(objects, root);
}
