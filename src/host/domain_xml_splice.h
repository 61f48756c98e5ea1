/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Edits of a scanned document, gathered first and done at once: ranges of its bytes and what shall stand there. Whatever
 * no splice names stays byte for byte. New elements take the indentation of their neighbours. Used by domain_xml alone. */
#pragma once

#include "base/text.h"
#include "host/domain_xml_scan.h"

typedef struct {
    const ScanDoc *doc;                 /* borrowed */
    GArray *items;
} Splices;

void splice_begin(Splices *splices, const ScanDoc *doc);
void splice_end(Splices *splices);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Splices, splice_end)

gboolean splice_any(const Splices *splices);
char *splice_apply(const Splices *splices);                             /* the new text, yours */

void splice_text(Splices *splices, const ScanNode *node, const char *value);    /* the element's whole content becomes VALUE */
/* NULL as VALUE takes the attribute away; setting what it already says is no edit. */
void splice_attribute(Splices *splices, const ScanNode *node, const char *name, const char *value);
void splice_remove(Splices *splices, const ScanNode *node);             /* with the white space before it */
void splice_replace(Splices *splices, const ScanNode *node, const char *fragment);
/* A fragment is well-formed XML whose lines are indented by two blanks a level; no line end stands in a value. It is put behind
 * AFTER, or as the last child where AFTER is NULL. */
void splice_insert(Splices *splices, const ScanNode *parent, const ScanNode *after, const char *fragment);

/* VALUE escaped so that it can stand in an element and in either kind of quotes, on one line. */
void splice_add_value(Text *out, const char *value);
