/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON bodies to drafts: a small recursive reader over bytes. Own, because what clients may get wrong must be told by name:
 * a key given twice, a number too large, a string that is not UTF-8, nesting too deep. Called by api with what a client sent. */
#include "base/fault.h"
#include "base/text.h"
#include "schema/read.h"

#include <string.h>

typedef struct {
    const char *at, *end;
    const char *root;
    const char *field;              /* the key whose value is being read; NULL: outside of all */
    ReadOptions options;
    guint depth;
    guint ignored;                  /* keys passed over */
} Reading;

static gboolean read_members(Reading *reading, Draft *draft, GError **error);
static gboolean skip_value(Reading *reading, GError **error);

static gboolean
malformed(const Reading *reading, const char *wanted, GError **error)
{
    const char *field = reading->field;
    g_autofree char *shown = field ? g_utf8_substring(field, 0, MIN(g_utf8_strlen(field, -1), 60)) : NULL;
    g_autofree char *where = shown ? g_strdup_printf(" in '%s'", shown) : g_strdup("");
    g_autofree char *reason = reading->at < reading->end ? g_strdup_printf("%s was expected%s", wanted, where) : g_strdup_printf("it ends too early%s", where);
    return fault_set(error, MSG_SCHEMA_MALFORMED, "type", reading->root, "format", "JSON", "reason", reason, NULL);
}

static char
peek(Reading *reading)
{
    while (reading->at < reading->end && strchr(" \t\r\n", *reading->at) && *reading->at)
        reading->at++;
    return reading->at < reading->end ? *reading->at : '\0';
}

static gboolean
take(Reading *reading, char wanted)
{
    if (peek(reading) != wanted)
        return FALSE;
    reading->at++;
    return TRUE;
}

static gboolean
enter(Reading *reading, GError **error)
{
    return ++reading->depth <= READ_DEPTH || fault_set(error, MSG_SCHEMA_TOO_DEEP, "type", reading->root, NULL);
}

/* Four hexadecimal digits at AT; -1 if they are not. */
static gint32
hex4(const Reading *reading, const char *at)
{
    gint32 value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = at + i < reading->end ? g_ascii_xdigit_value(at[i]) : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* \uXXXX, with its second half where it is a surrogate; AT stands on the u. */
static gboolean
read_unicode(Reading *reading, Text *out)
{
    gint32 unit = hex4(reading, reading->at + 1);
    reading->at += 5;
    if (unit >= 0xD800 && unit < 0xDC00) {
        gboolean pair = reading->end - reading->at >= 6 && reading->at[0] == '\\' && reading->at[1] == 'u';
        gint32 low = pair ? hex4(reading, reading->at + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return FALSE;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        reading->at += 6;
    } else if (unit <= 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) {
        return FALSE;       /* U+0000 too: no text of ours holds it */
    }
    char utf8[6];
    text_add_bytes(out, utf8, (gsize) g_unichar_to_utf8((gunichar) unit, utf8));
    return TRUE;
}

static gboolean
read_escape(Reading *reading, Text *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (++reading->at >= reading->end)
        return FALSE;
    if (*reading->at == 'u')
        return read_unicode(reading, out);
    const char *plain = *reading->at ? strchr(from, *reading->at) : NULL;
    if (!plain)
        return FALSE;
    text_add_bytes(out, &to[plain - from], 1);
    reading->at++;
    return TRUE;
}

static char *
read_string(Reading *reading, GError **error)
{
    g_auto(Text) out = TEXT_EMPTY;
    if (!take(reading, '"')) {
        malformed(reading, "a string", error);
        return NULL;
    }
    text_grow(&out, 1);
    while (reading->at < reading->end && *reading->at != '"') {
        if (*reading->at == '\\') {
            if (!read_escape(reading, &out)) {
                malformed(reading, "a valid escape", error);
                return NULL;
            }
        } else if ((guchar) *reading->at < 0x20) {
            malformed(reading, "a string without control characters", error);
            return NULL;
        } else {
            text_add_bytes(&out, reading->at++, 1);
        }
    }
    if (!take(reading, '"')) {
        malformed(reading, "the end of a string", error);
        return NULL;
    }
    if (!g_utf8_validate(out.bytes ? out.bytes : "", (gssize) out.length, NULL)) {
        malformed(reading, "valid UTF-8", error);
        return NULL;
    }
    return text_take(&out);
}

static gboolean
is_number(const char *text)
{
    const char *p = text + (*text == '-');
    if (!g_ascii_isdigit(*p) || (*p == '0' && g_ascii_isdigit(p[1])))
        return FALSE;
    p += strspn(p, "0123456789");
    if (*p == '.') {
        gsize digits = strspn(++p, "0123456789");
        if (!digits)
            return FALSE;
        p += digits;
    }
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '+' || p[1] == '-');
        gsize digits = strspn(p, "0123456789");
        if (!digits)
            return FALSE;
        p += digits;
    }
    return *p == '\0';
}

/* A number, true, false or null as its own text. */
static char *
read_word(Reading *reading, GError **error)
{
    const char *start = reading->at;
    while (reading->at < reading->end && (g_ascii_isalnum(*reading->at) || strchr("+-.", *reading->at)) && *reading->at)
        reading->at++;
    g_autofree char *word = g_strndup(start, (gsize) (reading->at - start));
    if (is_number(word) || g_str_equal(word, "true") || g_str_equal(word, "false") || g_str_equal(word, "null"))
        return g_steal_pointer(&word);
    reading->at = start;
    malformed(reading, "a value", error);
    return NULL;
}

/* Any scalar as text; NULL and RET_NULL for null; NULL with ERROR for an object or array. */
static char *
read_value(Reading *reading, const char *field, gboolean *ret_null, GError **error)
{
    char next = peek(reading);
    *ret_null = FALSE;
    if (next == '{' || next == '[') {
        fault_set(error, MSG_SCHEMA_WRONG_VALUE, "type", reading->root, "field", field, "value", next == '{' ? "{…}" : "[…]", "wanted", "a single value", NULL);
        return NULL;
    }
    if (next == '"')
        return read_string(reading, error);
    g_autofree char *word = read_word(reading, error);
    *ret_null = word && g_str_equal(word, "null");
    return *ret_null ? NULL : g_steal_pointer(&word);
}

typedef gboolean (*EachValue)(Reading *reading, Draft *draft, const Field *row, GError **error);

static gboolean
each(Reading *reading, Draft *draft, const Field *row, EachValue function, GError **error)
{
    if (!take(reading, '['))
        return malformed(reading, "a list", error);
    if (!enter(reading, error))
        return FALSE;
    if (!take(reading, ']')) {
        do {
            if ((draft && !read_has_room(draft->type, row, draft->record, error)) || !function(reading, draft, row, error))
                return FALSE;
        } while (take(reading, ','));
        if (!take(reading, ']'))
            return malformed(reading, "the end of a list", error);
    }
    reading->depth--;
    return TRUE;
}

static gboolean
skip_item(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    (void) draft;
    (void) row;
    return skip_value(reading, error);
}

/* FUNCTION is called behind each "key": with the key; keys of one object are told apart by SEEN. */
typedef gboolean (*EachMember)(Reading *reading, Draft *draft, const Field *row, const char *key, GError **error);

static gboolean
members(Reading *reading, Draft *draft, const Field *row, EachMember function, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!take(reading, '{'))
        return malformed(reading, "an object", error);
    if (!enter(reading, error))
        return FALSE;
    gboolean more = !take(reading, '}');
    const char *outer = reading->field;
    while (more) {
        char *key = read_string(reading, error);
        if (!key)
            return FALSE;
        if (!g_hash_table_add(seen, key))
            return fault_set(error, MSG_SCHEMA_TWICE, "type", draft ? draft->type->one : reading->root, "field", key, NULL);
        if (!take(reading, ':'))
            return malformed(reading, "':'", error);
        reading->field = key;
        if (!function(reading, draft, row, key, error))
            return FALSE;
        reading->field = outer;
        more = take(reading, ',');
        if (!more && !take(reading, '}'))
            return malformed(reading, "',' or '}'", error);
    }
    reading->depth--;
    return TRUE;
}

static gboolean
skip_member(Reading *reading, Draft *draft, const Field *row, const char *key, GError **error)
{
    (void) draft;
    (void) row;
    (void) key;
    return read_may_ignore(reading->root, &reading->ignored, error) && skip_value(reading, error);
}

static gboolean
skip_value(Reading *reading, GError **error)
{
    char next = peek(reading);
    if (next == '{')
        return members(reading, NULL, NULL, skip_member, error);
    if (next == '[')
        return each(reading, NULL, NULL, skip_item, error);
    g_autofree char *text = next == '"' ? read_string(reading, error) : read_word(reading, error);
    return text != NULL;
}

static gboolean read_row(Reading *reading, Draft *draft, const Field *row, GError **error);

static gboolean
read_inside_ref(Reading *reading, Draft *draft, const Field *row, const char *key, GError **error)
{
    Draft *inner = NULL;
    const Field *wanted = draft_inside_ref(draft, row, key, &inner);
    return wanted ? read_row(reading, inner, wanted, error) : skip_value(reading, error);
}

static gboolean
ref_member(Reading *reading, Draft *draft, const Field *row, const char *key, GError **error)
{
    Ref *ref = (Ref *) (gpointer) ((char *) draft->record + row->offset);
    const Type *type = row->of;
    reading->field = row->name;
    gboolean is_id = g_str_equal(key, "id"), is_name = g_str_equal(key, "name") || g_str_equal(key, "alias"), null = FALSE;
    if (!is_id && !is_name)
        return read_inside_ref(reading, draft, row, key, error);
    g_autofree char *text = read_value(reading, row->name, &null, error);
    if (!text)
        return null;
    if (is_id && *text && !id_parse(text, type->ids, &ref->id))
        return fault_set(error, MSG_SCHEMA_BAD_ID, "type", reading->root, "field", row->name, "value", text, NULL);
    if (is_name && *text)
        text_set(&ref->name, text);
    return TRUE;
}

static gboolean
read_ref(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    draft_mark_row(draft, row);
    return members(reading, draft, row, ref_member, error);
}

static gboolean
read_item(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    const Type *type = row->of;
    Draft *item = draft_item(draft, row);
    const Field *only = type->fields;
    if (only->kind == KIND_REF && !only[1].name && g_str_equal(only->name, type->one))
        return read_ref(reading, item, only, error);
    return read_members(reading, item, error);
}

static gboolean
read_list_word(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    gboolean null = FALSE;
    g_autofree char *text = read_value(reading, row->name, &null, error);
    if (text)
        words_add((Words *) (gpointer) ((char *) draft->record + row->offset), text);
    return text || null;
}

static gboolean
list_member(Reading *reading, Draft *draft, const Field *row, const char *key, GError **error)
{
    const char *item = row->kind == KIND_WORDS ? row->of : ((const Type *) row->of)->one;
    if (!g_str_equal(key, item))
        return skip_value(reading, error);
    return each(reading, draft, row, row->kind == KIND_WORDS ? read_list_word : read_item, error);
}

/* {"nic":[…]} as oVirt writes it, or the bare […]. */
static gboolean
read_list(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    draft_mark_row(draft, row);
    if (peek(reading) == '{')
        return members(reading, draft, row, list_member, error);
    return each(reading, draft, row, row->kind == KIND_WORDS ? read_list_word : read_item, error);
}

/* Dates may also be numbers: milliseconds since 1970, as oVirt's JSON has them. */
static gboolean
set_scalar(Draft *draft, const Field *row, const char *text, gboolean quoted, GError **error)
{
    if (row->kind == KIND_TIME && !quoted && is_number(text)) {
        gint64 *member = (gint64 *) (gpointer) ((char *) draft->record + row->offset);
        gint64 milliseconds = g_ascii_strtoll(text, NULL, 10);
        return !__builtin_mul_overflow(milliseconds, 1000, member) || read_scalar(draft->type, row, draft->record, text, FALSE, error);
    }
    return read_scalar(draft->type, row, draft->record, text, FALSE, error);
}

/* A value of another shape than the row's: told by the row's name, as a wrong number would be. */
static gboolean
has_shape(Reading *reading, const Draft *draft, const Field *row, GError **error)
{
    gboolean list = row->kind == KIND_LIST || row->kind == KIND_CHILDREN || row->kind == KIND_WORDS, group = row->kind == KIND_GROUP || row->kind == KIND_REF;
    char next = peek(reading);
    if ((!list && !group) || next == '{' || (list && next == '['))
        return TRUE;
    gboolean null = FALSE;
    g_autofree char *text = next == '[' ? g_strdup("[…]") : read_value(reading, row->name, &null, error);
    return text && read_scalar(draft->type, row, draft->record, text, FALSE, error);
}

static gboolean
read_row(Reading *reading, Draft *draft, const Field *row, GError **error)
{
    char next = peek(reading);
    if (reading->end - reading->at >= 4 && memcmp(reading->at, "null", 4) == 0)
        return skip_value(reading, error);
    if (!has_shape(reading, draft, row, error))
        return FALSE;
    if (row->kind == KIND_REF)
        return read_ref(reading, draft, row, error);
    if (row->kind == KIND_GROUP)
        return read_members(reading, draft_group(draft, row), error);
    if (row->kind == KIND_LIST || row->kind == KIND_CHILDREN || row->kind == KIND_WORDS)
        return read_list(reading, draft, row, error);
    if (row->kind == KIND_COLLECT)
        return skip_value(reading, error);
    gboolean null = FALSE;
    g_autofree char *text = read_value(reading, row->name, &null, error);
    if (!text || !set_scalar(draft, row, text, next == '"', error))
        return FALSE;
    draft_mark_row(draft, row);
    return TRUE;
}

static gboolean
read_id(Reading *reading, Draft *draft, GError **error)
{
    gboolean null = FALSE;
    g_autofree char *text = read_value(reading, "id", &null, error);
    if (!text || !*text)
        return text || null;
    draft->has_id = id_parse(text, draft->type->ids, &((Object *) draft->record)->id);
    return draft->has_id || fault_set(error, MSG_SCHEMA_BAD_ID, "type", reading->root, "field", "id", "value", text, NULL);
}

static gboolean
record_member(Reading *reading, Draft *draft, const Field *unused, const char *key, GError **error)
{
    static const char *const ignored[] = { "link", "actions", "href", "id", NULL };
    (void) unused;
    const Field *row = type_find(draft->type, key);
    if (row && !(row->flags & SECRET && !(row->flags & (ADD | SET))))
        return read_row(reading, draft, row, error);
    if (draft->type->path && g_str_equal(key, "id"))
        return read_id(reading, draft, error);
    if (reading->options.strict && !g_strv_contains(ignored, key))
        return draft_unknown(draft, key, error);
    return read_may_ignore(reading->root, &reading->ignored, error) && skip_value(reading, error);
}

static gboolean
read_members(Reading *reading, Draft *draft, GError **error)
{
    return members(reading, draft, NULL, record_member, error);
}

/* {"vm":{…}} is {…}: some clients wrap. */
static gboolean
unwrap(Reading *reading, const Type *type)
{
    Reading probe = *reading;
    g_autofree char *key = take(&probe, '{') && peek(&probe) == '"' ? read_string(&probe, NULL) : NULL;
    if (!key || !g_str_equal(key, type->one) || type_find(type, key) || !take(&probe, ':') || peek(&probe) != '{')
        return FALSE;
    *reading = probe;
    return TRUE;
}

Draft *
read_json(const Type *type, const char *bytes, gsize length, ReadOptions options, GError **error)
{
    Reading reading = { .at = bytes, .end = bytes + length, .root = type->one, .options = options };
    g_autoptr(Draft) draft = draft_new(type);
    gboolean wrapped = unwrap(&reading, type);
    if (!read_members(&reading, draft, error))
        return NULL;
    if ((wrapped && !take(&reading, '}')) || (peek(&reading), reading.at != reading.end)) {
        malformed(&reading, "the end", error);
        return NULL;
    }
    return g_steal_pointer(&draft);
}
