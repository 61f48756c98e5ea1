/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names, verbs and follows for the writers of schema. A reference to something that is gone is written without an href, so
 * that every href leads somewhere. What is followed is bounded in depth and in bytes. */
#include "api/links.h"

#include "api/console.h"
#include "api/told.h"
#include "job/command.h"

#include <string.h>

#define MOST_FOLLOWED 64                /* names in one ?follow= */

/* --- what shall be followed ------------------------------------------------------------------------------------------------ */

struct Follow {
    char *name;
    GPtrArray *below;                   /* Follow *, owned */
};

void
follow_free(Follow *follow)
{
    if (!follow)
        return;
    g_free(follow->name);
    g_ptr_array_unref(follow->below);
    g_free(follow);
}

static Follow *
new_node(const char *name)
{
    Follow *follow = g_new0(Follow, 1);
    follow->name = g_strdup(name);
    follow->below = g_ptr_array_new_with_free_func((GDestroyNotify) follow_free);
    return follow;
}

static Follow *
find_node(const Follow *follow, const char *name)
{
    for (guint i = 0; follow && i < follow->below->len; i++) {
        Follow *node = follow->below->pdata[i];
        if (g_str_equal(node->name, name))
            return node;
    }
    return NULL;
}

/* Element names, and the words of links beside them: "disk_attachments", "diskattachments". */
static const Field *
followed_row(const Type *type, const char *word)
{
    for (const Field *row = type->fields; row->name; row++) {
        gboolean collection = row->kind == KIND_CHILDREN || row->kind == KIND_COLLECT;
        if ((!collection && row->kind != KIND_REF) || row->flags & SECRET)
            continue;
        if (g_str_equal(row->name, word) || (collection && g_str_equal(field_segment(row), word)))
            return row;
    }
    return NULL;
}

/* One "a.b.c"; TYPE is of what stands before it, NULL where that is not known. */
static gboolean
add_chain(Follow *root, const Type *type, const char *chain, gboolean strict, GError **error)
{
    g_auto(GStrv) words = g_strsplit(chain, ".", -1);
    if (g_strv_length(words) > LINKS_MOST_DEPTH)
        return fault_set(error, MSG_API_FOLLOW_TOO_DEEP, "follow", chain, NULL);
    Follow *at = root;
    for (char **word = words; *word && **word; word++) {
        const Field *row = type ? followed_row(type, *word) : NULL;
        if (type && !row && strict)
            return fault_set(error, MSG_API_FOLLOW_UNKNOWN, "type", type->one, "follow", *word, NULL);
        const char *name = row ? row->name : *word;
        Follow *node = find_node(at, name);
        if (!node)
            g_ptr_array_add(at->below, node = new_node(name));
        at = node;
        type = row ? row->of : NULL;
    }
    return TRUE;
}

gboolean
follow_new(const Type *type, const char *text, gboolean strict, Follow **ret_follow, GError **error)
{
    g_auto(GStrv) chains = g_strsplit(text ? text : "", ",", MOST_FOLLOWED + 1);
    g_autoptr(Follow) root = new_node("");
    if (g_strv_length(chains) > MOST_FOLLOWED)
        return fault_set(error, MSG_API_FOLLOW_TOO_DEEP, "follow", "…", NULL);
    for (char **chain = chains; *chain; chain++) {
        if (*g_strstrip(*chain) && !add_chain(root, type, *chain, strict, error))
            return FALSE;
    }
    *ret_follow = root->below->len ? g_steal_pointer(&root) : NULL;
    return TRUE;
}

/* --- for the writers ---------------------------------------------------------------------------------------------------------- */

static gboolean
name_target(gpointer data, const Type *type, const Id *id, const char **ret_path, const char **ret_name)
{
    const Links *links = data;
    gconstpointer target = members_stand_alone(type) ? view_find(links->view, type, id) : NULL;
    *ret_path = NULL;
    *ret_name = target ? object_text(target, "name") : NULL;
    return target != NULL;
}

static gboolean
is_full(Links *links, const Write *write)
{
    links->overflow |= write->out->length > LINKS_MOST_BYTES;
    return links->overflow;
}

static gboolean
write_target(Write *write, const Field *row, gconstpointer record, const Follow *node)
{
    Links *links = write->data;
    const Type *type = row->of;
    const Ref *ref = (const Ref *) (gconstpointer) ((const char *) record + row->offset);
    gconstpointer target = members_stand_alone(type) ? view_find(links->view, type, &ref->id) : NULL;
    if (!target)
        return FALSE;
    g_autofree char *base = g_strconcat("/", type->path, NULL), *path = links_path(base, target);
    const Follow *before = links->follow;
    gconstpointer owner = links->owner;
    links->follow = node;
    links->owner = NULL;
    write_member(write, row->name);
    links_write_object(write, row->name, target, path);
    links->follow = before;
    links->owner = owner;
    return TRUE;
}

static void
write_items(Write *write, const Members *members, gpointer const *items, guint count)
{
    for (guint i = 0; i < count; i++) {
        g_autofree char *path = links_path(members->base, items[i]);
        if (i && write->format == FORMAT_JSON)
            text_add_literal(write->out, ",");
        links_write_object(write, members->type->one, items[i], path);
    }
}

/* Around a list whose type the row does not tell. */
static void
open_list(Write *write, const Field *row, const Type *type)
{
    write_member(write, row->name);
    if (write->format == FORMAT_XML)
        text_printf(write->out, "<%s>", row->name);
    else if (type)
        text_printf(write->out, "{\"%s\":[", type->one);
    else
        text_add_literal(write->out, "{");
}

static void
close_list(Write *write, const Field *row, const Type *type)
{
    if (write->format == FORMAT_XML)
        text_printf(write->out, "</%s>", row->name);
    else
        text_add(write->out, type ? "]}" : "}");
}

static gboolean
write_members(Write *write, const Field *row, gconstpointer record, const char *path, const Follow *node)
{
    Links *links = write->data;
    const Follow *before = links->follow;
    gconstpointer owner = links->owner;
    Above above = { links->view, links->numbers, record, owner, path };
    g_auto(Members) members = { 0 };
    members_below(&members, &above, row);
    g_autoptr(GPtrArray) items = members_list(&members, &above, row);
    links->follow = node;
    links->owner = row->kind == KIND_CHILDREN ? record : NULL;
    if (!row->of)
        open_list(write, row, members.type);
    write_items(write, &members, items->pdata, items->len);
    if (!row->of)
        close_list(write, row, members.type);
    links->follow = before;
    links->owner = owner;
    return TRUE;
}

static gboolean
follow(Write *write, const Field *row, gconstpointer record, const char *path)
{
    Links *links = write->data;
    const Follow *node = find_node(links->follow, row->name);
    gboolean collection = row->kind == KIND_CHILDREN || row->kind == KIND_COLLECT;
    if ((!node && !(collection && row->flags & INLINE)) || is_full(links, write))
        return FALSE;
    if (collection)
        return path && write_members(write, row, record, path, node);
    return write_target(write, row, record, node);
}

Write
links_write(Links *links, Text *out, Format format, gboolean all)
{
    return (Write) { .out = out, .format = format, .all = all, .root = LINKS_ROOT, .verbs = console_verbs, .name = name_target, .follow = follow, .data = links };
}

void
links_write_object(Write *write, const char *name, gconstpointer object, const char *path)
{
    const Links *links = write->data;
    const Type *type = ((const Object *) object)->type;
    gpointer told = told_anew(object, links->language);
    write_object_named(write, name, type, told ? told : object, path);
    object_unref(told);
}

void
links_write_list(Write *write, const Members *members, gconstpointer owner, gpointer const *items, guint count)
{
    Links *links = write->data;
    if (write->format == FORMAT_JSON && count == 0) {
        text_add_literal(write->out, "{}");
        return;
    }
    if (write->format == FORMAT_JSON)
        text_printf(write->out, "{\"%s\":[", members->type->one);
    else
        text_printf(write->out, "<%s>", members->root);
    links->owner = owner;
    if (count)
        write_items(write, members, items, count);
    if (write->format == FORMAT_JSON)
        text_add_literal(write->out, "]}");
    else
        text_printf(write->out, "</%s>", members->root);
}

char *
links_path(const char *base, gconstpointer object)
{
    const Object *head = object;
    char id[ID_TEXT_SIZE];
    return g_strconcat(base, "/", id_format(&head->id, head->type->ids, id), NULL);
}

void
links_end_overflow(Exchange *exchange)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *most = g_strdup_printf("%u", LINKS_MOST_BYTES >> 20);
    fault_set(&error, MSG_API_REPLY_TOO_LARGE, "most", most, NULL);
    text_clear(exchange->reply);
    exchange_end_fault(exchange, error);
}
