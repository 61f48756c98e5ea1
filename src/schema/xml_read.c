/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * XML bodies to drafts, by libxml2's streaming reader: no network, no DTD, no entities. The walk is the table's: an element
 * is a row, a group, an item of a list, or unknown. Called by api with what a client sent. */
#include "base/fault.h"
#include "base/text.h"
#include "schema/read.h"

#include <libxml/xmlreader.h>
#include <string.h>

#define MOST_ATTRIBUTES 64          /* of one element; ours have two */

typedef struct {
    xmlTextReader *reader;
    const char *root;               /* the type's word, for sentences */
    ReadOptions options;
    guint depth;
    guint ignored;                  /* elements passed over */
    char *complaint, *place;        /* libxml2's first; the element it found it in, which it reads before we do. NULL: none */
} Reading;

static gboolean read_record(Reading *reading, Draft *draft, const Field *row, GError **error);

static void
complain(void *data, xmlErrorPtr problem)
{
    Reading *reading = data;
    const xmlParserCtxt *parser = problem->ctxt;
    if (reading->complaint || !problem->message)
        return;
    reading->complaint = g_strchomp(g_strdup(problem->message));
    reading->place = parser && parser->name ? g_utf8_make_valid((const char *) parser->name, MIN(xmlStrlen(parser->name), 60)) : NULL;
}

static gboolean
malformed(Reading *reading, GError **error)
{
    const char *why = reading->complaint ? reading->complaint : "it ends too early";
    g_autofree char *clean = g_utf8_make_valid(why, (gssize) MIN(strlen(why), 160));
    g_autofree char *reason = reading->place ? g_strdup_printf("%s in '%s'", clean, reading->place) : g_steal_pointer(&clean);
    return fault_set(error, MSG_SCHEMA_MALFORMED, "type", reading->root, "format", "XML", "reason", reason, NULL);
}

/* To the next node that matters; FALSE at the end of the document or at an error (ERROR set). */
static gboolean
step(Reading *reading, GError **error)
{
    for (;;) {
        int more = xmlTextReaderRead(reading->reader);
        if (more != 1)
            return malformed(reading, error);
        int kind = xmlTextReaderNodeType(reading->reader);
        if (kind == XML_READER_TYPE_DOCUMENT_TYPE || kind == XML_READER_TYPE_ENTITY_REFERENCE || kind == XML_READER_TYPE_ENTITY)
            return fault_set(error, MSG_SCHEMA_DOCTYPE, "type", reading->root, NULL);
        if (kind == XML_READER_TYPE_ELEMENT || kind == XML_READER_TYPE_END_ELEMENT || kind == XML_READER_TYPE_TEXT ||
            kind == XML_READER_TYPE_CDATA || kind == XML_READER_TYPE_SIGNIFICANT_WHITESPACE)
            return TRUE;
    }
}

static gboolean
is_end(const Reading *reading)
{
    return xmlTextReaderNodeType(reading->reader) == XML_READER_TYPE_END_ELEMENT;
}

static gboolean
is_element(const Reading *reading)
{
    return xmlTextReaderNodeType(reading->reader) == XML_READER_TYPE_ELEMENT;
}

static gboolean
enter(Reading *reading, GError **error)
{
    return ++reading->depth <= READ_DEPTH || fault_set(error, MSG_SCHEMA_TOO_DEEP, "type", reading->root, NULL);
}

/* Past the element the reader stands at, whatever is in it. */
static gboolean
skip(Reading *reading, GError **error)
{
    if (xmlTextReaderIsEmptyElement(reading->reader))
        return TRUE;
    guint depth = 1;
    while (depth) {
        if (!step(reading, error))
            return FALSE;
        if (is_element(reading) && !read_may_ignore(reading->root, &reading->ignored, error))
            return FALSE;
        if (is_element(reading) && !xmlTextReaderIsEmptyElement(reading->reader))
            depth++;
        else if (is_end(reading))
            depth--;
        if (depth + reading->depth > READ_DEPTH)
            return fault_set(error, MSG_SCHEMA_TOO_DEEP, "type", reading->root, NULL);
    }
    return TRUE;
}

/* The text of the element the reader stands at, trimmed but where it is free text; NULL with ERROR if elements are in it. */
static char *
read_text(Reading *reading, const Field *row, GError **error)
{
    g_auto(Text) text = TEXT_EMPTY;
    text_grow(&text, 1);
    if (!xmlTextReaderIsEmptyElement(reading->reader)) {
        for (;;) {
            if (!step(reading, error))
                return NULL;
            if (is_end(reading))
                break;
            if (is_element(reading)) {
                fault_set(error, MSG_SCHEMA_WRONG_VALUE, "type", reading->root, "field", row->name, "value", "<…>", "wanted", "a single value", NULL);
                return NULL;
            }
            text_add(&text, (const char *) xmlTextReaderConstValue(reading->reader));
        }
    }
    char *taken = text_take(&text);
    return row->kind == KIND_TEXT ? taken : g_strstrip(taken);
}

static char *
attribute(const Reading *reading, const char *name)
{
    xmlChar *value = xmlTextReaderGetAttribute(reading->reader, (const xmlChar *) name);
    char *copy = g_strdup((const char *) value);
    xmlFree(value);
    return copy;
}

/* Text where elements belong. FIELD: of what is being read. */
static gboolean
refuse_text(Reading *reading, const char *field, GError **error)
{
    int kind = xmlTextReaderNodeType(reading->reader);
    if (kind != XML_READER_TYPE_TEXT && kind != XML_READER_TYPE_CDATA)
        return TRUE;
    g_autofree char *text = g_strstrip(g_strdup((const char *) xmlTextReaderConstValue(reading->reader)));
    if (!*text)
        return TRUE;
    g_autofree char *shown = g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), 60));
    return fault_set(error, MSG_SCHEMA_WRONG_VALUE, "type", reading->root, "field", field, "value", shown, "wanted", "elements and no text", NULL);
}

static gboolean
set_ref_word(Reading *reading, const Field *row, Ref *ref, const char *id, GError **error)
{
    const Type *type = row->of;
    if (id_parse(id, type->ids, &ref->id))
        return TRUE;
    return fault_set(error, MSG_SCHEMA_BAD_ID, "type", reading->root, "field", row->name, "value", id, NULL);
}

static gboolean read_row(Reading *reading, Draft *draft, const Field *row, GError **error);

/* What is inside a reference beside id and name is the target's and ignored, unless a row wants it. */
static gboolean
read_inside_ref(Reading *reading, Draft *draft, const Field *row, const char *name, GError **error)
{
    Draft *inner = NULL;
    const Field *wanted = draft_inside_ref(draft, row, name, &inner);
    return wanted ? read_row(reading, inner, wanted, error) : skip(reading, error);
}

/* <cluster id="…"/> or <cluster><name>…</name></cluster>. */
static gboolean
read_ref(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    Ref *ref = (Ref *) (gpointer) ((char *) draft->record + row->offset);
    g_autofree char *id = attribute(reading, "id");
    if (id && *id && !set_ref_word(reading, row, ref, id, error))
        return FALSE;
    draft_mark_row(draft, row);
    if (xmlTextReaderIsEmptyElement(reading->reader))
        return TRUE;
    while (step(reading, error)) {
        if (is_end(reading))
            return TRUE;
        if (!refuse_text(reading, row->name, error))
            return FALSE;
        if (!is_element(reading))
            continue;
        const char *name = (const char *) xmlTextReaderConstName(reading->reader);
        gboolean names = g_str_equal(name, "name") || g_str_equal(name, "alias");
        gboolean ids = g_str_equal(name, "id");
        g_autofree char *text = names || ids ? read_text(reading, row, error) : NULL;
        if (names || ids ? !text : !read_inside_ref(reading, draft, row, name, error))
            return FALSE;
        if (names && *text && id_is_null(&ref->id))
            text_set(&ref->name, text);
        if (ids && *text && !set_ref_word(reading, row, ref, text, error))
            return FALSE;
    }
    return FALSE;
}

/* Calls for each element inside the one the reader stands at. */
typedef gboolean (*EachElement)(Reading *reading, Draft *draft, const Field *row, GError **error);

static gboolean
each(Reading *reading, Draft *draft, const Field *row, EachElement function, GError **error)
{
    if (xmlTextReaderIsEmptyElement(reading->reader))
        return TRUE;
    if (!enter(reading, error))
        return FALSE;
    while (step(reading, error)) {
        if (is_end(reading)) {
            reading->depth--;
            return TRUE;
        }
        if (!refuse_text(reading, row ? row->name : draft->type->one, error))
            return FALSE;
        if (is_element(reading) && !function(reading, draft, row, error))
            return FALSE;
    }
    return FALSE;
}

static gboolean
read_item(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    const Type *type = row->of;
    if (!g_str_equal((const char *) xmlTextReaderConstName(reading->reader), type->one))
        return skip(reading, error);
    if (!read_has_room(draft->type, row, draft->record, error))
        return FALSE;
    Draft *item = draft_item(draft, row);
    const Field *only = type->fields;
    if (only->kind == KIND_REF && !only[1].name && g_str_equal(only->name, type->one))
        return read_ref(reading, item, only, error);
    return read_record(reading, item, row, error);
}

static gboolean
read_word(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    g_autofree char *text = read_has_room(draft->type, row, draft->record, error) ? read_text(reading, row, error) : NULL;
    if (text)
        words_add((Words *) (gpointer) ((char *) draft->record + row->offset), text);
    return text != NULL;
}

static gboolean
read_row(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    if (draft_has_row(draft, row))
        return fault_set(error, MSG_SCHEMA_TWICE, "type", draft->type->one, "field", row->name, NULL);
    if (row->kind == KIND_REF)
        return read_ref(reading, draft, row, error);
    if (row->kind == KIND_GROUP)
        return read_record(reading, draft_group(draft, row), row, error);
    draft_mark_row(draft, row);
    if (row->kind == KIND_LIST || row->kind == KIND_CHILDREN)
        return each(reading, draft, row, read_item, error);
    if (row->kind == KIND_WORDS)
        return each(reading, draft, row, read_word, error);
    if (row->kind == KIND_COLLECT)
        return skip(reading, error);
    g_autofree char *text = read_text(reading, row, error);
    return text && read_scalar(draft->type, row, draft->record, text, FALSE, error);
}

static gboolean
is_always_ignored(const char *name)
{
    static const char *const words[] = { "link", "actions", "href", "id", NULL };
    return g_strv_contains(words, name);
}

static gboolean
take_id(const Reading *reading, Draft *draft, const char *id, GError **error)
{
    if (!*id)
        return TRUE;
    draft->has_id = id_parse(id, draft->type->ids, &((Object *) draft->record)->id);
    return draft->has_id || fault_set(error, MSG_SCHEMA_BAD_ID, "type", reading->root, "field", draft->type->one, "value", id, NULL);
}

/* <id>…</id> instead of the attribute. */
static gboolean
read_id(Reading *reading, Draft *draft, GError **error)
{
    static const Field row = { .name = "id", .kind = KIND_REF };
    g_autofree char *id = read_text(reading, &row, error);
    return id && take_id(reading, draft, id, error);
}

static gboolean
read_element(Reading *reading, Draft *draft, const Field *around, GError **error)
{
    (void) around;
    const char *name = (const char *) xmlTextReaderConstName(reading->reader);
    const Field *row = type_find(draft->type, name);
    if (row && !(row->flags & SECRET && !(row->flags & (ADD | SET))))
        return read_row(reading, draft, row, error);
    if (draft->type->path && g_str_equal(name, "id"))
        return read_id(reading, draft, error);
    if (reading->options.strict && !is_always_ignored(name))
        return draft_unknown(draft, name, error);
    return read_may_ignore(reading->root, &reading->ignored, error) && skip(reading, error);
}

/* <file id="…"/>: the id of what is no object is a row like others, and an attribute all the same. */
static gboolean
take_plain_id(Reading *reading, Draft *draft, GError **error)
{
    const Field *row = draft->type->path ? NULL : type_find(draft->type, "id");
    g_autofree char *id = row && row->kind == KIND_TEXT && row->flags & (ADD | SET) ? attribute(reading, "id") : NULL;
    if (!id)
        return TRUE;
    draft_mark_row(draft, row);
    return read_scalar(draft->type, row, draft->record, id, FALSE, error);
}

/* ROW: of the record around it, of which this is the value; NULL: none, it is the root. */
static gboolean
read_record(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    if (!take_plain_id(reading, draft, error))
        return FALSE;
    g_autofree char *id = draft->type->path ? attribute(reading, "id") : NULL;
    if (id && !take_id(reading, draft, id, error))
        return FALSE;
    return each(reading, draft, row, read_element, error);
}

/* After the root nothing but its end may come. */
static gboolean
read_document(Reading *reading, Draft *draft, GError **error)
{
    if (!step(reading, error))
        return FALSE;
    const char *name = (const char *) xmlTextReaderConstName(reading->reader);
    if (!g_str_equal(name, draft->type->one))
        return fault_set(error, MSG_SCHEMA_WRONG_ROOT, "type", draft->type->one, "given", name, NULL);
    if (!read_record(reading, draft, NULL, error))
        return FALSE;
    int more;
    while ((more = xmlTextReaderRead(reading->reader)) == 1)
        continue;
    return more == 0 || malformed(reading, error);
}

/* --- before libxml2 sees it ------------------------------------------------------------------------------------------------- */

/* Behind the end of the tag that begins at AT; NULL with ERROR for one with more attributes than any of ours: libxml2 compares each with each. */
static const char *
skip_tag(const char *at, const char *end, const Type *type, GError **error)
{
    char quote = '\0';
    guint attributes = 0;
    for (; at < end && (quote || *at != '>'); at++) {
        if (quote ? *at == quote : *at == '"' || *at == '\'') {
            attributes += quote == '\0';
            quote = quote ? '\0' : *at;
        }
    }
    if (attributes <= MOST_ATTRIBUTES)
        return at;
    fault_set(error, MSG_SCHEMA_TOO_MANY, "type", type->one, "field", "attributes", "most", G_STRINGIFY(MOST_ATTRIBUTES), NULL);
    return NULL;
}

/* Comments, CDATA and processing instructions to their ends, in which quotes and angles mean nothing; other declarations are refused. */
static const char *
skip_markup(const char *at, const char *end, const Type *type, GError **error)
{
    static const struct { const char *open, *close; } spans[] = { { "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" } };
    for (guint i = 0; i < G_N_ELEMENTS(spans); i++) {
        if (!g_str_has_prefix(at, spans[i].open))
            continue;
        const char *from = at + strlen(spans[i].open);
        const char *close = g_strstr_len(from, end - from, spans[i].close);
        return close ? close + strlen(spans[i].close) : end;
    }
    if (at[1] != '!')
        return skip_tag(at, end, type, error);
    fault_set(error, MSG_SCHEMA_DOCTYPE, "type", type->one, NULL);
    return NULL;
}

/* BYTES end with a zero byte. */
static gboolean
is_bearable(const Type *type, const char *bytes, gsize length, GError **error)
{
    const char *wrong = length > G_MAXINT || memchr(bytes, '\0', length) ? "it holds a zero byte" : g_utf8_validate(bytes, (gssize) length, NULL) ? NULL : "it is not valid UTF-8";
    if (wrong)
        return fault_set(error, MSG_SCHEMA_MALFORMED, "type", type->one, "format", "XML", "reason", wrong, NULL);
    for (const char *at = bytes; (at = strchr(at, '<'));) {
        at = skip_markup(at, bytes + length, type, error);
        if (!at)
            return FALSE;
    }
    return TRUE;
}

Draft *
read_xml(const Type *type, const char *bytes, gsize length, ReadOptions options, GError **error)
{
    Reading reading = { .root = type->one, .options = options };
    g_autofree char *copy = g_strndup(bytes, length);
    if (!is_bearable(type, copy, length, error))
        return NULL;
    reading.reader = xmlReaderForMemory(copy, (int) length, NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_NOCDATA);
    if (!reading.reader) {
        malformed(&reading, error);
        return NULL;
    }
    xmlTextReaderSetStructuredErrorHandler(reading.reader, complain, &reading);
    g_autoptr(Draft) draft = draft_new(type);
    gboolean well = read_document(&reading, draft, error);
    xmlFreeTextReader(reading.reader);
    g_free(reading.complaint);
    g_free(reading.place);
    return well ? g_steal_pointer(&draft) : NULL;
}
