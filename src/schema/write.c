/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Objects to oVirt's XML and JSON by direct append. Both formats walk the rows in the same order; the few places where
 * they differ (how a member opens and closes, how a scalar is spelled) are the functions at the top. */
#include "schema/write.h"

#include "base/clock.h"

#define MEMBER(record, field, ctype) (*(const ctype *) (gconstpointer) ((const char *) (record) + (field)->offset))

static gboolean
is_json(const Write *write)
{
    return write->format == FORMAT_JSON;
}

/* JSON members are led by a comma unless they come first in their object. */
static void
open_member(Write *write, const char *name)
{
    Text *out = write->out;
    if (is_json(write)) {
        if (out->length && out->bytes[out->length - 1] != '{')
            text_add_literal(out, ",");
        text_add_literal(out, "\"");
        text_add(out, name);
        text_add_literal(out, "\":");
    } else {
        text_add_literal(out, "<");
        text_add(out, name);
        text_add_literal(out, ">");
    }
}

static void
close_member(Write *write, const char *name)
{
    if (!is_json(write)) {
        text_add_literal(write->out, "</");
        text_add(write->out, name);
        text_add_literal(write->out, ">");
    }
}

/* VALUE is plain ASCII of ours: numbers, true, dates. QUOTED as oVirt's JSON wants integers and booleans. */
static void
add_plain(Write *write, const char *name, const char *value, gboolean quoted)
{
    open_member(write, name);
    if (is_json(write) && quoted)
        text_add_literal(write->out, "\"");
    text_add(write->out, value);
    if (is_json(write) && quoted)
        text_add_literal(write->out, "\"");
    close_member(write, name);
}

static void
add_text(Write *write, const char *name, const char *value)
{
    open_member(write, name);
    if (is_json(write))
        text_add_json(write->out, value);
    else
        text_add_xml(write->out, value);
    close_member(write, name);
}

static void
add_int(Write *write, const char *name, gint64 value, gboolean quoted)
{
    open_member(write, name);
    if (is_json(write) && quoted)
        text_add_literal(write->out, "\"");
    text_add_int(write->out, value);
    if (is_json(write) && quoted)
        text_add_literal(write->out, "\"");
    close_member(write, name);
}

static void
add_real(Write *write, const char *name, double value)
{
    open_member(write, name);
    text_add_real(write->out, value);
    close_member(write, name);
}

static void
add_time(Write *write, const char *name, Wall value)
{
    char date[CLOCK_DATE_SIZE];
    if (is_json(write))
        add_int(write, name, value / 1000, FALSE);
    else
        add_plain(write, name, clock_format(value, date), FALSE);
}

/* The href of a reference's target, zero-terminated, into OUT; returns its name for INLINE rows, or NULL. */
static const char *
name_target(Write *write, const Field *row, const Ref *ref, const char *id, Text *out)
{
    const Type *type = row->of;
    const char *path = NULL, *name = NULL;
    if (write->name && !write->name(write->data, type, &ref->id, &path, &name))
        return NULL;
    text_add(out, write->root);
    if (path)
        text_add(out, path);
    else
        text_printf(out, "/%s/%s", type->path, id);
    return row->flags & INLINE ? name : NULL;
}

static void
add_ref_json(Write *write, const char *path, const char *id, const char *name)
{
    text_add_literal(write->out, "{");
    if (path)
        add_text(write, "href", path);
    add_text(write, "id", id);
    if (name)
        add_text(write, "name", name);
    text_add_literal(write->out, "}");
}

/* MEMBER_NAME: FALSE inside an array of JSON, where an item has none. */
static void
add_ref(Write *write, const Field *row, const Ref *ref, gboolean member_name)
{
    const Type *type = row->of;
    char id[ID_TEXT_SIZE];
    g_auto(Text) path = TEXT_EMPTY;
    id_format(&ref->id, type->ids, id);
    const char *name = name_target(write, row, ref, id, &path);
    g_autofree char *href = path.length ? text_take(&path) : NULL;
    if (is_json(write)) {
        if (member_name)
            open_member(write, row->name);
        add_ref_json(write, href, id, name);
        return;
    }
    text_printf(write->out, "<%s", row->name);
    if (href)
        text_printf(write->out, " href=\"%s\"", href);
    text_printf(write->out, name ? " id=\"%s\">" : " id=\"%s\"/>", id);
    if (name) {
        add_text(write, "name", name);
        close_member(write, row->name);
    }
}

/* A reference that is followed is its whole target, in the same place. */
static gboolean
add_followed_ref(Write *write, const Field *row, gconstpointer record)
{
    gsize start = write->out->length;
    if (!write->follow || write->follow(write, row, record, NULL))
        return write->follow != NULL;
    write->out->length = start;
    return FALSE;
}

static void
add_group(Write *write, const Field *row, gconstpointer record)
{
    gsize start = write->out->length, inside;
    open_member(write, row->name);
    if (is_json(write))
        text_add_literal(write->out, "{");
    inside = write->out->length;
    write_fields(write, row->of, record);
    if (write->out->length == inside) {
        write->out->length = start;     /* a group with nothing to say is not there */
        return;
    }
    if (is_json(write))
        text_add_literal(write->out, "}");
    close_member(write, row->name);
}

static void
open_list(Write *write, const char *name, const char *item)
{
    open_member(write, name);
    if (is_json(write)) {
        text_add_literal(write->out, "{\"");
        text_add(write->out, item);
        text_add_literal(write->out, "\":[");
    }
}

static void
close_list(Write *write, const char *name)
{
    if (is_json(write))
        text_add_literal(write->out, "]}");
    close_member(write, name);
}

/* A list of references is a LIST of records whose one row is the REF named as the record's type: it is written as the item itself. */
static const Field *
only_ref(const Type *type)
{
    const Field *row = type->fields;
    return row[0].name && !row[1].name && row->kind == KIND_REF && g_str_equal(row->name, type->one) ? row : NULL;
}

static void
add_item(Write *write, const Type *type, gconstpointer record)
{
    const Field *ref = only_ref(type);
    if (ref) {
        add_ref(write, ref, &MEMBER(record, ref, Ref), FALSE);
        return;
    }
    if (is_json(write))
        text_add_literal(write->out, "{");
    else
        open_member(write, type->one);
    write_fields(write, type, record);
    if (is_json(write))
        text_add_literal(write->out, "}");
    else
        close_member(write, type->one);
}

static void
add_list(Write *write, const Field *row, const List *list)
{
    const Type *type = row->of;
    open_list(write, row->name, type->one);
    for (guint i = 0; i < list->count; i++) {
        if (i && is_json(write))
            text_add_literal(write->out, ",");
        add_item(write, type, list->items[i]);
    }
    close_list(write, row->name);
}

static void
add_words(Write *write, const Field *row, const Words *words)
{
    const char *item = row->of;
    open_list(write, row->name, item);
    for (guint i = 0; i < words->count; i++) {
        if (!is_json(write)) {
            add_text(write, item, words->items[i]);
            continue;
        }
        if (i)
            text_add_literal(write->out, ",");
        text_add_json(write->out, words->items[i]);
    }
    close_list(write, row->name);
}

static void
add_field(Write *write, const Field *row, gconstpointer record)
{
    switch (row->kind) {
    case KIND_TEXT:
        if (*MEMBER(record, row, char *))
            add_text(write, row->name, MEMBER(record, row, char *));
        break;
    case KIND_BOOL:
        add_plain(write, row->name, MEMBER(record, row, gboolean) ? "true" : "false", TRUE);
        break;
    case KIND_INT:
        add_int(write, row->name, MEMBER(record, row, gint64), TRUE);
        break;
    case KIND_REAL:
        add_real(write, row->name, MEMBER(record, row, double));
        break;
    case KIND_TIME:
        add_time(write, row->name, MEMBER(record, row, gint64));
        break;
    case KIND_ENUM:
        add_plain(write, row->name, names_get(row->of, MEMBER(record, row, int)), TRUE);
        break;
    case KIND_REF:
        if (!add_followed_ref(write, row, record))
            add_ref(write, row, &MEMBER(record, row, Ref), TRUE);
        break;
    case KIND_GROUP:
        add_group(write, row, (const char *) record + row->offset);
        break;
    case KIND_LIST:
        add_list(write, row, &MEMBER(record, row, List));
        break;
    case KIND_WORDS:
        add_words(write, row, &MEMBER(record, row, Words));
        break;
    case KIND_CHILDREN:
    case KIND_COLLECT:
        break;
    }
}

/* The null id is absent, but one object may have it (the Blank template): INLINE rows that can mean it say so. */
static gboolean
means_null(const Write *write, const Field *row)
{
    const char *path, *name;
    return row->kind == KIND_REF && row->flags & INLINE && write->name && write->name(write->data, row->of, &id_null, &path, &name);
}

/* Numbers and booleans that are zero are said unless OPT; everything else that is absent is not. */
static gboolean
is_written(const Write *write, const Field *row, gconstpointer record)
{
    if (row->flags & SECRET || (row->flags & ALL && !write->all))
        return FALSE;
    if (row->kind == KIND_CHILDREN || row->kind == KIND_COLLECT)
        return FALSE;
    gboolean says_zero = row->kind == KIND_BOOL || row->kind == KIND_INT || row->kind == KIND_REAL || row->kind == KIND_GROUP ||
                         (row->kind == KIND_REF && row->flags & NEED);
    return (says_zero && !(row->flags & OPT)) || !field_is_absent(row, record) || means_null(write, row);
}

void
write_fields(Write *write, const Type *type, gconstpointer record)
{
    for (const Field *row = type->fields; row->name; row++) {
        if (is_written(write, row, record))
            add_field(write, row, record);
    }
}

const char *
field_segment(const Field *row)
{
    if (row->kind == KIND_COLLECT && row->help)
        return row->help;
    return row->of ? ((const Type *) row->of)->path : row->name;
}

/* Where a link stands in what is written: the href of PATH below the root, with SEGMENT. */
static void
add_link(Write *write, const char *path, const char *rel, gboolean first)
{
    Text *out = write->out;
    if (is_json(write))
        text_add(out, first ? "{\"href\":\"" : ",{\"href\":\"");
    else
        text_add_literal(out, "<link href=\"");
    text_add(out, write->root);
    text_add(out, path);
    text_add_literal(out, "/");
    text_add(out, rel);
    text_add(out, is_json(write) ? "\",\"rel\":\"" : "\" rel=\"");
    text_add(out, rel);
    text_add(out, is_json(write) ? "\"}" : "\"/>");
}

static void
add_actions(Write *write, const Type *type, const char *path)
{
    const char *const *verbs = write->verbs ? write->verbs(type) : NULL;
    if (!verbs || !*verbs)
        return;
    open_member(write, "actions");
    if (is_json(write))
        text_add_literal(write->out, "{\"link\":[");
    for (guint i = 0; verbs[i]; i++)
        add_link(write, path, verbs[i], i == 0);
    if (is_json(write))
        text_add_literal(write->out, "]}");
    close_member(write, "actions");
}

/* A sub-collection written in place: TRUE if it was. */
static gboolean
add_followed(Write *write, const Field *row, gconstpointer object, const char *path)
{
    const Type *type = row->of;
    gsize start = write->out->length;
    if (!write->follow)
        return FALSE;
    if (!type && write->follow(write, row, object, path))
        return TRUE;
    if (!type) {
        write->out->length = start;
        return FALSE;
    }
    open_list(write, row->name, type->one);
    if (!write->follow(write, row, object, path)) {
        write->out->length = start;
        return FALSE;
    }
    close_list(write, row->name);
    return TRUE;
}

void
write_links(Write *write, const Type *type, gconstpointer object, const char *path)
{
    gboolean any = FALSE;
    add_actions(write, type, path);
    guint64 followed[TYPE_MOST_FIELDS / 64] = { 0 };
    for (const Field *row = type->fields; row->name; row++) {
        guint index = type_index(type, row);
        if ((row->kind == KIND_CHILDREN || row->kind == KIND_COLLECT) && !(row->flags & SECRET) && add_followed(write, row, object, path))
            followed[index / 64] |= 1ull << (index % 64);
    }
    for (const Field *row = type->fields; row->name; row++) {
        guint index = type_index(type, row);
        if ((row->kind != KIND_CHILDREN && row->kind != KIND_COLLECT) || row->flags & SECRET || (followed[index / 64] >> (index % 64)) & 1)
            continue;
        if (!any && is_json(write)) {
            open_member(write, "link");
            text_add_literal(write->out, "[");
        }
        add_link(write, path, field_segment(row), !any);
        any = TRUE;
    }
    if (any && is_json(write))
        text_add_literal(write->out, "]");
}

static void
open_object(Write *write, const char *name, const Type *type, gconstpointer record, const char *path)
{
    char id[ID_TEXT_SIZE];
    if (path)
        id_format(&((const Object *) record)->id, type->ids, id);
    if (!is_json(write)) {
        if (path)
            text_printf(write->out, "<%s href=\"%s%s\" id=\"%s\">", name, write->root, path, id);
        else
            text_printf(write->out, "<%s>", name);
        return;
    }
    text_add_literal(write->out, "{");
    if (path)
        text_printf(write->out, "\"href\":\"%s%s\",\"id\":\"%s\"", write->root, path, id);
}

void
write_member(Write *write, const char *name)
{
    if (is_json(write))
        open_member(write, name);
}

void
write_object_named(Write *write, const char *name, const Type *type, gconstpointer object, const char *path)
{
    open_object(write, name, type, object, path);
    write_fields(write, type, object);
    if (path)
        write_links(write, type, object, path);
    if (is_json(write))
        text_add_literal(write->out, "}");
    else
        close_member(write, name);
}

void
write_object(Write *write, const Type *type, gconstpointer object, const char *path)
{
    write_object_named(write, type->one, type, object, path);
}

void
write_list_begin(Write *write, const Type *type)
{
    if (is_json(write))
        text_printf(write->out, "{\"%s\":[", type->one);
    else
        text_printf(write->out, "<%s>", type->many);
}

void
write_list_item(Write *write, const Type *type, gconstpointer object, const char *path, gboolean first)
{
    if (is_json(write) && !first)
        text_add_literal(write->out, ",");
    write_object(write, type, object, path);
}

void
write_list_end(Write *write, const Type *type, gboolean any)
{
    if (is_json(write) && any) {
        text_add_literal(write->out, "]}");
    } else if (is_json(write)) {
        write->out->length -= strlen(type->one) + 5;    /* an empty list is {}: take `{"one":[` back */
        text_add_literal(write->out, "{}");
    } else {
        text_printf(write->out, "</%s>", type->many);
    }
}
