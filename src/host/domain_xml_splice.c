/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Splices: the only way domain_xml changes a host's bytes. Edits inside a removed element vanish with it; two edits of one
 * range are a defect of the caller and end in an assertion of the tests, never in mixed bytes: the later one is dropped. */
#include "host/domain_xml_splice.h"

#include <string.h>

typedef struct {
    guint start, end;
    guint number;                       /* order of coming */
    Text text;
    const ScanNode *into;               /* an empty element being opened: later children join the same splice */
} Splice;

static void
clear_splice(gpointer splice)
{
    text_clear(&((Splice *) splice)->text);
}

void
splice_begin(Splices *splices, const ScanDoc *doc)
{
    splices->doc = doc;
    splices->items = g_array_new(FALSE, TRUE, sizeof(Splice));
    g_array_set_clear_func(splices->items, clear_splice);
}

void
splice_end(Splices *splices)
{
    g_clear_pointer(&splices->items, g_array_unref);
}

gboolean
splice_any(const Splices *splices)
{
    return splices->items->len > 0;
}

static Text *
add(Splices *splices, guint start, guint end)
{
    Splice splice = { .start = start, .end = end, .number = splices->items->len };
    g_array_append_val(splices->items, splice);
    return &g_array_index(splices->items, Splice, splices->items->len - 1).text;
}

/* --- applying -------------------------------------------------------------------------------------------------------------------- */

static int
compare(gconstpointer a, gconstpointer b)
{
    const Splice *x = *(const Splice *const *) a, *y = *(const Splice *const *) b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    gboolean x_inserts = x->start == x->end, y_inserts = y->start == y->end;
    if (x_inserts != y_inserts)
        return x_inserts ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

char *
splice_apply(const Splices *splices)
{
    const ScanDoc *doc = splices->doc;
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    for (guint i = 0; i < splices->items->len; i++)
        g_ptr_array_add(sorted, &g_array_index(splices->items, Splice, i));
    g_ptr_array_sort(sorted, compare);
    g_auto(Text) out = TEXT_EMPTY;
    guint at = 0;
    for (guint i = 0; i < sorted->len; i++) {
        const Splice *splice = sorted->pdata[i];
        if (splice->start < at)
            continue;
        text_add_bytes(&out, doc->bytes + at, splice->start - at);
        if (splice->text.length > 0)
            text_add_bytes(&out, splice->text.bytes, splice->text.length);
        at = splice->end;
    }
    text_add_bytes(&out, doc->bytes + at, doc->length - at);
    return text_take(&out);
}

/* --- white space -------------------------------------------------------------------------------------------------------------- */

static gboolean
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Where the white space before an element begins, if nothing but a tag or a comment stands before it; else the element's start. */
static guint
space_before(const ScanDoc *doc, const ScanNode *node)
{
    guint at = node->start;
    while (at > 0 && is_space(doc->bytes[at - 1]))
        at--;
    return at > 0 && doc->bytes[at - 1] == '>' ? at : node->start;
}

/* The line end and blanks an element stands behind; "" where it does not begin its line. Yours. */
static char *
indentation(const ScanDoc *doc, const ScanNode *node)
{
    guint at = node->start;
    while (at > 0 && (doc->bytes[at - 1] == ' ' || doc->bytes[at - 1] == '\t'))
        at--;
    if (at == 0 || doc->bytes[at - 1] != '\n')
        return g_strdup(node->parent ? "" : "\n");
    return g_strndup(doc->bytes + at - 1, node->start - at + 1);
}

/* FRAGMENT with each line led by INDENT ("" joins the lines, "\n    " puts them there). */
static void
add_fragment(Text *out, const char *indent, const char *fragment)
{
    g_auto(GStrv) lines = g_strsplit(fragment, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *line = lines[i];
        while (!*indent && *line == ' ')
            line++;
        if (!*line)
            continue;
        text_add(out, indent);
        text_add(out, line);
    }
}

/* --- edits ----------------------------------------------------------------------------------------------------------------------- */

void
splice_add_value(Text *out, const char *value)
{
    for (const char *at = value ? value : ""; *at; at++) {
        switch (*at) {
        case '<': text_add_literal(out, "&lt;"); break;
        case '>': text_add_literal(out, "&gt;"); break;
        case '&': text_add_literal(out, "&amp;"); break;
        case '"': text_add_literal(out, "&quot;"); break;
        case '\'': text_add_literal(out, "&apos;"); break;
        case '\t': text_add_literal(out, "&#9;"); break;
        case '\n': text_add_literal(out, "&#10;"); break;
        case '\r': text_add_literal(out, "&#13;"); break;
        default: text_add_bytes(out, at, 1);
        }
    }
}

void
splice_text(Splices *splices, const ScanNode *node, const char *value)
{
    if (!node->empty) {
        splice_add_value(add(splices, node->open_end, node->close_start), value);
        return;
    }
    Text *text = add(splices, node->open_end - 2, node->open_end);
    text_add_literal(text, ">");
    splice_add_value(text, value);
    text_add_literal(text, "</");
    text_add_bytes(text, splices->doc->bytes + node->name, node->name_length);
    text_add_literal(text, ">");
}

void
splice_attribute(Splices *splices, const ScanNode *node, const char *name, const char *value)
{
    const ScanAttribute *found = scan_attribute(splices->doc, node, name);
    if (!found && !value)
        return;
    if (found && value && scan_has(splices->doc, node, name, value))
        return;
    if (found && value) {
        splice_add_value(add(splices, found->value, found->value + found->value_length), value);
    } else if (found) {
        add(splices, found->start, found->end);
    } else {
        guint at = node->name + node->name_length;
        if (node->n_attributes > 0)
            at = g_array_index(splices->doc->attributes, ScanAttribute, node->attributes + node->n_attributes - 1).end;
        Text *text = add(splices, at, at);
        text_printf(text, " %s='", name);
        splice_add_value(text, value);
        text_add_literal(text, "'");
    }
}

void
splice_remove(Splices *splices, const ScanNode *node)
{
    add(splices, space_before(splices->doc, node), node->end);
}

void
splice_replace(Splices *splices, const ScanNode *node, const char *fragment)
{
    g_autofree char *indent = indentation(splices->doc, node);
    Text *text = add(splices, node->start, node->end);
    g_auto(Text) lines = TEXT_EMPTY;
    add_fragment(&lines, indent, fragment);
    if (lines.length > 0)
        text_add_bytes(text, lines.bytes + strlen(indent), lines.length - strlen(indent));
}

/* <a/> and <a></a> are opened once: what comes later stands before the same TAIL. */
static Text *
open_childless(Splices *splices, const ScanNode *parent, const Text *tail)
{
    for (guint i = 0; i < splices->items->len; i++) {
        Splice *splice = &g_array_index(splices->items, Splice, i);
        if (splice->into != parent)
            continue;
        splice->text.length -= tail->length;
        return &splice->text;
    }
    guint start = parent->empty ? parent->open_end - 2 : parent->close_start;
    while (!parent->empty && start > parent->open_end && is_space(splices->doc->bytes[start - 1]))
        start--;
    Text *text = add(splices, start, parent->empty ? parent->open_end : parent->close_start);
    g_array_index(splices->items, Splice, splices->items->len - 1).into = parent;
    if (parent->empty)
        text_add_literal(text, ">");
    return text;
}

static void
insert_into_childless(Splices *splices, const ScanNode *parent, const char *fragment)
{
    const ScanDoc *doc = splices->doc;
    g_autofree char *outer = indentation(doc, parent);
    g_autofree char *inner = *outer ? g_strconcat(outer, "  ", NULL) : g_strdup("");
    g_auto(Text) tail = TEXT_EMPTY;
    text_add(&tail, outer);
    if (parent->empty) {
        text_add_literal(&tail, "</");
        text_add_bytes(&tail, doc->bytes + parent->name, parent->name_length);
        text_add_literal(&tail, ">");
    }
    Text *text = open_childless(splices, parent, &tail);
    add_fragment(text, inner, fragment);
    if (tail.length > 0)
        text_add_bytes(text, tail.bytes, tail.length);
}

void
splice_insert(Splices *splices, const ScanNode *parent, const ScanNode *after, const char *fragment)
{
    const ScanNode *neighbour = after ? after : parent->last;
    if (!neighbour) {
        insert_into_childless(splices, parent, fragment);
        return;
    }
    g_autofree char *indent = indentation(splices->doc, neighbour);
    add_fragment(add(splices, neighbour->end, neighbour->end), indent, fragment);
}
