/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Objects to bytes: oVirt's XML and JSON, by direct append from the tables. The dialect (numbers as strings in JSON,
 * singular list keys, links, actions) lives here and not in the tables. Thread-safe: objects are immutable. */
#pragma once

#include "base/text.h"
#include "schema/type.h"

typedef enum { FORMAT_XML, FORMAT_JSON, N_FORMATS } Format;

typedef struct Write Write;

/* What following a link finds; filled by api. For a CHILDREN or COLLECT row: writes the items of that sub-collection of RECORD (at
 * PATH, its href without the root) inside the already opened element or array by calling write_list_item for each; returns FALSE
 * where nothing is to be inlined (the link is written then; what was opened is taken back). For a COLLECT row without a type nothing is
 * opened: it writes the whole member, empty or with what api knows to be in it. For a REF row (follow=disk_attachments.disk)
 * nothing is opened: it writes the whole target by write_object_named(write, row->name, …) (in JSON behind a member name of its own making: write_member); PATH is NULL. */
typedef gboolean (*WriteFollow)(Write *write, const Field *row, gconstpointer record, const char *path);
/* What a REF's target is called, by api: its path without the root ("/vms/ID/nics/ID"; NULL: "/" type->path "/" id) and, for INLINE
 * rows, its name (NULL: none is written). Borrowed until the next call. FALSE: there is no such object; only its id is written. */
typedef gboolean (*WriteName)(gpointer data, const Type *type, const Id *id, const char **ret_path, const char **ret_name);

struct Write {
    Text *out;
    Format format;
    gboolean all;                   /* all_content */
    const char *root;               /* "/ovirt-engine/api" */
    const char *const *(*verbs)(const Type *type);  /* action path segments of a type, NULL-terminated, or NULL */
    WriteName name;                 /* may be NULL */
    WriteFollow follow;             /* may be NULL */
    gpointer data;                  /* for NAME and FOLLOW */
    guint depth;
};

/* One whole object: in XML its element with href, id, actions, fields, links; in JSON the bare {…}. PATH is its href without the root
 * ("/vms/ID"); NULL for a record that is no Object. */
void write_object(Write *write, const Type *type, gconstpointer object, const char *path);
/* The same under another element name (a REF that is followed); in JSON only the {…}. */
void write_object_named(Write *write, const char *name, const Type *type, gconstpointer object, const char *path);
/* Opens a member of a JSON object, with its comma (a followed REF); nothing in XML. */
void write_member(Write *write, const char *name);
/* Only what is between: fields (cacheable by version), then links and actions (which depend on PATH). JSON: without braces, comma-led. */
void write_fields(Write *write, const Type *type, gconstpointer record);
void write_links(Write *write, const Type *type, gconstpointer object, const char *path);
/* A list: <many>…</many> or {"one":[…]}, {} when empty. */
void write_list_begin(Write *write, const Type *type);
void write_list_item(Write *write, const Type *type, gconstpointer object, const char *path, gboolean first);
void write_list_end(Write *write, const Type *type, gboolean any);

/* Links and actions of a type as one text with holes where the 36 characters of an object's id stand: to write an object of a
 * top-level collection copy TEXT and put the id at each hole. Made once a format; free of locks. */
typedef struct { char *text; gsize length; guint *holes; guint n_holes; } LinkTemplate;
const LinkTemplate *write_link_template(const Type *type, Format format, const char *root, const char *const *verbs);

/* "sub-collection path" of a COLLECT or CHILDREN row: the segment in a path. */
const char *field_segment(const Field *row);
