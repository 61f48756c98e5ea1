/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where everything stands in a domain XML: elements and attributes as ranges of the host's own bytes, so that an edit can
 * leave all other bytes alone. Only well-formed UTF-8 without a DOCTYPE gets in (libxml2 judges that first), at most
 * SCAN_MOST_BYTES of it. Knows no libvirt element. Used by the files of domain_xml alone. */
#pragma once

#include "base/fault.h"

#include <glib.h>

#define SCAN_MOST_BYTES (4u << 20)      /* libvirt's own limit of a string */
#define SCAN_MOST_NODES 200000u

typedef struct {
    guint start, end;                   /* with the white space before it; behind the closing quote */
    guint name, name_length;
    guint value, value_length;          /* between the quotes, as written */
} ScanAttribute;

typedef struct ScanNode ScanNode;
struct ScanNode {
    ScanNode *parent, *first, *last, *next;
    guint start, open_end;              /* `<`; behind the `>` of the start tag */
    guint close_start, end;             /* `<` of the end tag; behind its `>`. Both open_end in <a/> */
    guint name, name_length;            /* as written, with its prefix */
    guint attributes, n_attributes;     /* in ScanDoc.attributes */
    gboolean empty;                     /* written <a/> */
};

typedef struct {
    char *bytes;                        /* own copy */
    guint length;
    ScanNode *root;
    GArray *attributes;                 /* ScanAttribute */
    GPtrArray *nodes;                   /* owned, in document order */
} ScanDoc;

ScanDoc *scan_new(const char *xml, GError **error);
void scan_free(ScanDoc *doc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScanDoc, scan_free)

/* NODE may be NULL in all that follows: then there is nothing. Names are as written, "disk", "qemu:arg". */
gboolean scan_is(const ScanDoc *doc, const ScanNode *node, const char *name);
ScanNode *scan_child(const ScanDoc *doc, const ScanNode *node, const char *name);      /* the first of that name; NULL */
ScanNode *scan_next(const ScanDoc *doc, const ScanNode *node);                         /* the next sibling of the same name; NULL */
ScanNode *scan_path(const ScanDoc *doc, const ScanNode *node, const char *path);       /* "os/type" below NODE: first of each; NULL */
const ScanAttribute *scan_attribute(const ScanDoc *doc, const ScanNode *node, const char *name);
char *scan_get(const ScanDoc *doc, const ScanNode *node, const char *attribute);       /* decoded, yours; NULL */
gboolean scan_has(const ScanDoc *doc, const ScanNode *node, const char *attribute, const char *value);
char *scan_text(const ScanDoc *doc, const ScanNode *node);                             /* direct text and CDATA, decoded, yours; NULL without NODE */
gboolean scan_number(const ScanDoc *doc, const ScanNode *node, gint64 *ret_value);     /* its text as a whole number ≥ 0, white space around */
gboolean scan_get_number(const ScanDoc *doc, const ScanNode *node, const char *attribute, gint64 *ret_value);
/* The namespace NODE's own prefix stands for ("" none); yours. */
char *scan_namespace(const ScanDoc *doc, const ScanNode *node);
/* The element's name without its prefix; yours. */
char *scan_local_name(const ScanDoc *doc, const ScanNode *node);
