/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A definition as what must be looked at: every value that is not free becomes a line "path@attribute=value", "path=text", or "path <element…>"
 * where nobody looks inside, and where one is there a second time. Two definitions whose lines agree differ in harmless values alone. Secrets are in no line. Used by
 * domain_xml_override.c alone. */
#pragma once

#include "host/domain_xml_override_rules.h"
#include "host/domain_xml_scan.h"

/* One element below <devices>, or the domain without its devices. */
typedef struct OverrideItem OverrideItem;
struct OverrideItem {
    const OverrideKind *kind;
    const ScanNode *node;
    char *name;
    GPtrArray *lines;                       /* char *, sorted */
    OverrideItem *mate;                     /* the one of the other side it is */
};

typedef struct {
    ScanDoc *doc;
    OverrideItem *root;
    GPtrArray *items;                       /* OverrideItem *, in document order */
    GPtrArray *marks;                       /* our elements in <metadata>, whole, as text */
    gboolean twice;                         /* an element of the domain that may stand there once stands there again */
} OverrideSide;

/* Takes DOC over. */
OverrideSide *override_side_new(ScanDoc *take);
void override_side_free(OverrideSide *side);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OverrideSide, override_side_free)

gboolean override_is_foreign(const ScanDoc *doc, const ScanNode *node);         /* of a namespace, or declares one for what has no prefix */
gboolean override_is_identity(const char *line);                /* of a line: the alias or the serial that says which device of ours it is */
/* The value of the line that begins with START, "source@file="; NULL. */
const char *override_value(const OverrideItem *item, const char *start);
char *override_whole(const ScanDoc *doc, const ScanNode *node, gboolean secrets);       /* an element, the same however it is written; yours */
