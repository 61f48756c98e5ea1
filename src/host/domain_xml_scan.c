/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The position-tracking scanner behind domain_xml. libxml2 says first whether the text is XML at all; what is left to do
 * here is to find where things are. It keeps no recursion and trusts nothing: every step is bounded by the length, even
 * should the two disagree on what is well formed. */
#include "host/domain_xml_scan.h"

#include "base/text.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

/* --- is it XML? --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    xmlParserCtxt *parser;
    guint nodes;
    gboolean doctype, many;
    char *encoding;
} Judge;

static void
see_element(void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_spaces, const xmlChar **spaces,
            int n_attributes, int n_defaulted, const xmlChar **attributes)
{
    Judge *judge = ((xmlParserCtxt *) data)->_private;
    judge->nodes += 1 + (guint) n_attributes;
    if (judge->nodes > SCAN_MOST_NODES) {
        judge->many = TRUE;
        xmlStopParser(judge->parser);
    }
}

static void
see_doctype(void *data, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    Judge *judge = ((xmlParserCtxt *) data)->_private;
    judge->doctype = TRUE;
    xmlStopParser(judge->parser);
}

static void
keep_quiet(void *data, xmlError *error)
{
}

static gboolean
refuse(GError **error, const char *reason)
{
    return fault_set(error, MSG_DOMAIN_XML_UNREADABLE, "reason", reason, NULL);
}

static gboolean
is_utf8_name(const char *encoding)
{
    return !encoding || g_ascii_strcasecmp(encoding, "utf-8") == 0 || g_ascii_strcasecmp(encoding, "utf8") == 0 ||
           g_ascii_strcasecmp(encoding, "us-ascii") == 0;
}

static char *
tell_parser_error(xmlParserCtxt *parser)
{
    const xmlError *last = xmlCtxtGetLastError(parser);
    if (!last || !last->message)
        return g_strdup("it is not XML");
    g_autofree char *said = g_utf8_make_valid(last->message, -1);
    g_strdelimit(said, "\r\n", ' ');
    return g_strdup_printf("line %d: %s", last->line, g_strstrip(said));
}

static gboolean
judge_parsed(const Judge *judge, xmlParserCtxt *parser, GError **error)
{
    if (judge->doctype)
        return refuse(error, "it has a DOCTYPE");
    if (judge->many)
        return refuse(error, "it has too many elements");
    const char *switched = parser->input ? (const char *) parser->input->encoding : NULL;         /* where it is another one than UTF-8 */
    if (!is_utf8_name((const char *) parser->encoding) || !is_utf8_name(switched))
        return refuse(error, "its encoding is not UTF-8");
    if (!parser->wellFormed) {
        g_autofree char *reason = tell_parser_error(parser);
        return refuse(error, reason);
    }
    return TRUE;
}

/* Events only: no tree is built, so memory stays flat whatever comes. */
static gboolean
judge_text(const char *xml, gsize length, GError **error)
{
    xmlSAXHandler handler = { 0 };
    handler.initialized = XML_SAX2_MAGIC;
    handler.startElementNs = see_element;
    handler.internalSubset = see_doctype;
    handler.serror = keep_quiet;
    xmlParserCtxt *parser = xmlCreateMemoryParserCtxt(xml, (int) length);
    if (!parser)
        return refuse(error, "it is empty");
    Judge judge = { .parser = parser };
    memcpy(parser->sax, &handler, sizeof(handler));
    parser->_private = &judge;
    xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlParseDocument(parser);
    gboolean good = judge_parsed(&judge, parser, error);
    xmlFreeDoc(parser->myDoc);
    parser->myDoc = NULL;
    xmlFreeParserCtxt(parser);
    return good;
}

/* --- references ---------------------------------------------------------------------------------------------------------------- */

#define REFERENCE_MOST 6u               /* bytes of one character */

static const struct {
    const char *name;
    char byte;
} entities[] = { { "lt", '<' }, { "gt", '>' }, { "amp", '&' }, { "quot", '"' }, { "apos", '\'' } };

/* What "47" or "x2f" is the number of, with as many zeros before it as somebody liked; 0: no character. */
static gunichar
character_of(const char *at, const char *end)
{
    gboolean hex = at < end && *at == 'x';
    guint32 code = 0;
    for (at += hex; at < end; at++) {
        int digit = hex ? g_ascii_xdigit_value(*at) : g_ascii_digit_value(*at);
        if (digit < 0)
            return 0;
        code = MIN(code * (hex ? 16 : 10) + (guint32) digit, 0x110000);
    }
    return g_unichar_validate(code) ? code : 0;
}

/* The bytes that stand for what is between AT and END, an `&` and its `;`; 0: for nothing we know. */
static gsize
resolve(const char *at, const char *end, char *ret_bytes)
{
    if (at < end && *at == '#') {
        gunichar character = character_of(at + 1, end);
        return character ? (gsize) g_unichar_to_utf8(character, ret_bytes) : 0;
    }
    for (guint i = 0; i < G_N_ELEMENTS(entities); i++) {
        gboolean meant = strlen(entities[i].name) == (gsize) (end - at) && memcmp(entities[i].name, at, (gsize) (end - at)) == 0;
        ret_bytes[0] = entities[i].byte;
        if (meant)
            return 1;
    }
    return 0;
}

/* A reference we read as something else than libvirt does would be a word nobody looked at. */
static gboolean
are_resolved(const char *at, const char *end)
{
    char bytes[REFERENCE_MOST];
    while ((at = memchr(at, '&', (gsize) (end - at)))) {
        const char *semicolon = memchr(at, ';', (gsize) (end - at));
        if (!semicolon || resolve(at + 1, semicolon, bytes) == 0)
            return FALSE;
        at = semicolon;
    }
    return TRUE;
}

/* --- where is what? ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    ScanDoc *doc;
    ScanNode *open;                     /* the innermost element not closed yet */
    guint at;
} Scan;

static gboolean
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static gboolean
starts(const Scan *scan, const char *what)
{
    gsize length = strlen(what);
    return scan->doc->length - scan->at >= length && memcmp(scan->doc->bytes + scan->at, what, length) == 0;
}

/* To behind the next WHAT; FALSE if there is none. */
static gboolean
skip_behind(Scan *scan, const char *what)
{
    const char *found = g_strstr_len(scan->doc->bytes + scan->at, scan->doc->length - scan->at, what);
    if (!found)
        return FALSE;
    scan->at = (guint) (found - scan->doc->bytes + strlen(what));
    return TRUE;
}

static void
skip_space(Scan *scan)
{
    while (scan->at < scan->doc->length && is_space(scan->doc->bytes[scan->at]))
        scan->at++;
}

static void
skip_name(Scan *scan)
{
    while (scan->at < scan->doc->length && !is_space(scan->doc->bytes[scan->at]) && !strchr("=/><\"'", scan->doc->bytes[scan->at]))
        scan->at++;
}

static gboolean
take_attribute(Scan *scan, ScanNode *node, guint start)
{
    ScanAttribute attribute = { .start = start, .name = scan->at };
    skip_name(scan);
    attribute.name_length = scan->at - attribute.name;
    skip_space(scan);
    if (attribute.name_length == 0 || !starts(scan, "="))
        return FALSE;
    scan->at++;
    skip_space(scan);
    if (!starts(scan, "\"") && !starts(scan, "'"))
        return FALSE;
    char quote = scan->doc->bytes[scan->at++];
    attribute.value = scan->at;
    const char *end = memchr(scan->doc->bytes + scan->at, quote, scan->doc->length - scan->at);
    if (!end)
        return FALSE;
    attribute.value_length = (guint) (end - scan->doc->bytes) - scan->at;
    if (!are_resolved(scan->doc->bytes + scan->at, end))
        return FALSE;
    scan->at = attribute.end = (guint) (end - scan->doc->bytes) + 1;
    g_array_append_val(scan->doc->attributes, attribute);
    node->n_attributes++;
    return TRUE;
}

static void
add_node(Scan *scan, ScanNode *node)
{
    ScanNode *parent = node->parent = scan->open;
    if (!parent)
        scan->doc->root = scan->doc->root ? scan->doc->root : node;
    else if (parent->last)
        parent->last = parent->last->next = node;
    else
        parent->first = parent->last = node;
    g_ptr_array_add(scan->doc->nodes, node);
}

static gboolean
take_start_tag(Scan *scan)
{
    ScanNode *node = g_new0(ScanNode, 1);
    add_node(scan, node);
    node->start = scan->at++;
    node->name = scan->at;
    skip_name(scan);
    node->name_length = scan->at - node->name;
    node->attributes = scan->doc->attributes->len;
    for (;;) {
        guint before = scan->at;
        skip_space(scan);
        if (starts(scan, ">") || starts(scan, "/>"))
            break;
        if (!take_attribute(scan, node, before))
            return FALSE;
    }
    node->empty = starts(scan, "/>");
    scan->at += node->empty ? 2 : 1;
    node->open_end = node->close_start = node->end = scan->at;
    if (!node->empty)
        scan->open = node;
    return node->name_length > 0;
}

static gboolean
take_end_tag(Scan *scan)
{
    ScanNode *node = scan->open;
    if (!node)
        return FALSE;
    node->close_start = scan->at;
    if (!skip_behind(scan, ">"))
        return FALSE;
    node->end = scan->at;
    scan->open = node->parent;
    return TRUE;
}

static gboolean
take_markup(Scan *scan)
{
    if (starts(scan, "<!--"))
        return skip_behind(scan, "<!--") && skip_behind(scan, "-->");
    if (starts(scan, "<![CDATA["))
        return skip_behind(scan, "]]>");
    if (starts(scan, "<?"))
        return skip_behind(scan, "?>");
    if (starts(scan, "<!"))
        return FALSE;
    return starts(scan, "</") ? take_end_tag(scan) : take_start_tag(scan);
}

static gboolean
scan_all(ScanDoc *doc)
{
    Scan scan = { .doc = doc };
    while (scan.at < doc->length) {
        const char *next = memchr(doc->bytes + scan.at, '<', doc->length - scan.at);
        if (!are_resolved(doc->bytes + scan.at, next ? next : doc->bytes + doc->length))
            return FALSE;
        if (!next)
            break;
        scan.at = (guint) (next - doc->bytes);
        if (!take_markup(&scan))
            return FALSE;
    }
    return doc->root && !scan.open;
}

ScanDoc *
scan_new(const char *xml, GError **error)
{
    gsize length = strnlen(xml, SCAN_MOST_BYTES + 1);
    if (length > SCAN_MOST_BYTES) {
        refuse(error, "it is longer than 4 MiB");
        return NULL;
    }
    if (!g_utf8_validate(xml, (gssize) length, NULL)) {
        refuse(error, "it is not UTF-8");
        return NULL;
    }
    if (!judge_text(xml, length, error))
        return NULL;
    g_autoptr(ScanDoc) doc = g_new0(ScanDoc, 1);
    doc->bytes = g_strndup(xml, length);
    doc->length = (guint) length;
    doc->attributes = g_array_new(FALSE, FALSE, sizeof(ScanAttribute));
    doc->nodes = g_ptr_array_new_with_free_func(g_free);
    if (!scan_all(doc)) {
        refuse(error, "its elements cannot be followed");
        return NULL;
    }
    return g_steal_pointer(&doc);
}

void
scan_free(ScanDoc *doc)
{
    if (!doc)
        return;
    g_free(doc->bytes);
    g_array_unref(doc->attributes);
    g_ptr_array_unref(doc->nodes);
    g_free(doc);
}

/* --- asking ------------------------------------------------------------------------------------------------------------------- */

static gboolean
range_is(const ScanDoc *doc, guint start, guint length, const char *word)
{
    return strlen(word) == length && memcmp(doc->bytes + start, word, length) == 0;
}

gboolean
scan_is(const ScanDoc *doc, const ScanNode *node, const char *name)
{
    return node && range_is(doc, node->name, node->name_length, name);
}

ScanNode *
scan_child(const ScanDoc *doc, const ScanNode *node, const char *name)
{
    for (ScanNode *child = node ? node->first : NULL; child; child = child->next) {
        if (scan_is(doc, child, name))
            return child;
    }
    return NULL;
}

ScanNode *
scan_next(const ScanDoc *doc, const ScanNode *node)
{
    for (ScanNode *next = node ? node->next : NULL; next; next = next->next) {
        if (next->name_length == node->name_length && memcmp(doc->bytes + next->name, doc->bytes + node->name, node->name_length) == 0)
            return next;
    }
    return NULL;
}

ScanNode *
scan_path(const ScanDoc *doc, const ScanNode *node, const char *path)
{
    g_auto(GStrv) words = g_strsplit(path, "/", -1);
    const ScanNode *found = node;
    for (guint i = 0; found && words[i]; i++)
        found = scan_child(doc, found, words[i]);
    return (ScanNode *) found;
}

const ScanAttribute *
scan_attribute(const ScanDoc *doc, const ScanNode *node, const char *name)
{
    for (guint i = 0; node && i < node->n_attributes; i++) {
        const ScanAttribute *attribute = &g_array_index(doc->attributes, ScanAttribute, node->attributes + i);
        if (range_is(doc, attribute->name, attribute->name_length, name))
            return attribute;
    }
    return NULL;
}

/* --- decoding ------------------------------------------------------------------------------------------------------------------ */

typedef enum { IN_TEXT, IN_ATTRIBUTE, IN_CDATA } Where;

/* AT stands behind an `&`; returns where the text goes on. */
static const char *
add_reference(Text *out, const char *at, const char *end)
{
    char bytes[REFERENCE_MOST];
    const char *semicolon = memchr(at, ';', (gsize) (end - at));
    if (!semicolon)
        return at;                      /* scan_new let none in */
    text_add_bytes(out, bytes, resolve(at, semicolon, bytes));
    return semicolon + 1;
}

/* As a parser hands it on: line ends made \n; references resolved, but for CDATA; in attributes white space is a blank. */
static void
add_decoded(Text *out, const char *from, guint length, Where where)
{
    const char *end = from + length;
    for (const char *at = from; at < end;) {
        char c = *at++;
        if (c == '&' && where != IN_CDATA) {
            at = add_reference(out, at, end);
            continue;
        }
        if (c == '\r') {
            if (at < end && *at == '\n')
                at++;
            c = '\n';
        }
        if (where == IN_ATTRIBUTE && is_space(c))
            c = ' ';
        text_add_bytes(out, &c, 1);
    }
}

char *
scan_get(const ScanDoc *doc, const ScanNode *node, const char *attribute)
{
    const ScanAttribute *found = scan_attribute(doc, node, attribute);
    if (!found)
        return NULL;
    g_auto(Text) out = TEXT_EMPTY;
    add_decoded(&out, doc->bytes + found->value, found->value_length, IN_ATTRIBUTE);
    return text_take(&out);
}

gboolean
scan_has(const ScanDoc *doc, const ScanNode *node, const char *attribute, const char *value)
{
    g_autofree char *found = scan_get(doc, node, attribute);
    return found && g_str_equal(found, value);
}

/* One run between two child elements: text, with comments and instructions dropped. */
static void
add_run(const ScanDoc *doc, Text *out, guint start, guint end)
{
    Scan scan = { .doc = (ScanDoc *) doc, .at = start };
    while (scan.at < end) {
        const char *next = memchr(doc->bytes + scan.at, '<', end - scan.at);
        guint stop = next ? (guint) (next - doc->bytes) : end;
        add_decoded(out, doc->bytes + scan.at, stop - scan.at, IN_TEXT);
        scan.at = stop;
        guint from = stop + (guint) strlen("<![CDATA[");
        gboolean cdata = next && starts(&scan, "<![CDATA[");
        if (!next || !take_markup(&scan))
            return;
        if (cdata)
            add_decoded(out, doc->bytes + from, scan.at - (guint) strlen("]]>") - from, IN_CDATA);
    }
}

char *
scan_text(const ScanDoc *doc, const ScanNode *node)
{
    if (!node)
        return NULL;
    g_auto(Text) out = TEXT_EMPTY;
    guint at = node->open_end;
    for (const ScanNode *child = node->first; child; child = child->next) {
        add_run(doc, &out, at, child->start);
        at = child->end;
    }
    add_run(doc, &out, at, node->close_start);
    return text_take(&out);
}

static gboolean
parse_number(char *text, gint64 *ret_value)
{
    guint64 value;
    if (!text || !g_ascii_string_to_unsigned(g_strstrip(text), 10, 0, G_MAXINT64, &value, NULL))
        return FALSE;
    *ret_value = (gint64) value;
    return TRUE;
}

gboolean
scan_number(const ScanDoc *doc, const ScanNode *node, gint64 *ret_value)
{
    g_autofree char *text = scan_text(doc, node);
    return parse_number(text, ret_value);
}

gboolean
scan_get_number(const ScanDoc *doc, const ScanNode *node, const char *attribute, gint64 *ret_value)
{
    g_autofree char *text = scan_get(doc, node, attribute);
    return parse_number(text, ret_value);
}

/* --- names ---------------------------------------------------------------------------------------------------------------------- */

static char *
prefix_of(const ScanDoc *doc, const ScanNode *node)
{
    const char *name = doc->bytes + node->name;
    const char *colon = memchr(name, ':', node->name_length);
    return colon ? g_strndup(name, (gsize) (colon - name)) : NULL;
}

char *
scan_namespace(const ScanDoc *doc, const ScanNode *node)
{
    g_autofree char *prefix = node ? prefix_of(doc, node) : NULL;
    g_autofree char *attribute = prefix ? g_strconcat("xmlns:", prefix, NULL) : g_strdup("xmlns");
    for (const ScanNode *at = node; at; at = at->parent) {
        char *found = scan_get(doc, at, attribute);
        if (found)
            return found;
    }
    return g_strdup("");
}

char *
scan_local_name(const ScanDoc *doc, const ScanNode *node)
{
    g_autofree char *name = node ? g_strndup(doc->bytes + node->name, node->name_length) : g_strdup("");
    const char *colon = strchr(name, ':');
    return g_strdup(colon ? colon + 1 : name);
}
