/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The reader. Texts without escapes are slices of the input; the path for sentences is kept as it goes and written only for a refusal. */
#include "licence/reader.h"

#include "base/fault.h"
#include "base/text.h"

#include <string.h>

#define SHOWN 60                    /* characters of a wrong value that a sentence has room for */
#define MEMBER(record, field, ctype) (*(ctype *) (gpointer) ((char *) (record) + (field)->offset))

gboolean
slice_is(Slice slice, const char *word)
{
    return strlen(word) == slice.length && memcmp(word, slice.bytes, slice.length) == 0;
}

char *
slice_dup(Slice slice)
{
    return g_strndup(slice.bytes, slice.length);
}

void
reader_open(Reader *reader, const char *type, const char *bytes, gsize length)
{
    memset(reader, 0, sizeof(*reader));
    reader->type = type;
    reader->at = bytes;
    reader->end = bytes + length;
}

void
reader_close(Reader *reader)
{
    g_clear_pointer(&reader->decoded, g_string_chunk_free);
}

/* --- refusals ------------------------------------------------------------------------------------------------------------- */

/* "events[12].pins[3]"; the root has none. Yours. */
static char *
place(const Reader *reader)
{
    g_auto(Text) out = TEXT_EMPTY;
    text_grow(&out, 1);
    for (guint i = 1; i <= MIN(reader->depth, READER_DEPTH); i++) {
        if (!reader->path[i].name && reader->path[i].index >= 0)
            text_printf(&out, "[%" G_GSSIZE_FORMAT "]", reader->path[i].index);
        else if (reader->path[i].name)
            text_printf(&out, "%s%s", out.length ? "." : "", reader->path[i].name);
    }
    return text_take(&out);
}

static char *
shown(Slice value)
{
    g_autofree char *copy = g_strndup(value.bytes, MIN(value.length, SHOWN * 4));
    g_autofree char *valid = g_utf8_make_valid(copy, -1);
    return g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), SHOWN));
}

gboolean
reader_refuse(Reader *reader, Slice value, const char *wanted, GError **error)
{
    g_autofree char *field = place(reader), *given = shown(value);
    return fault_set(error, MSG_SCHEMA_WRONG_VALUE, "type", reader->type, "field", field, "value", given, "wanted", wanted, NULL);
}

static gboolean
malformed(Reader *reader, const char *wanted, GError **error)
{
    g_autofree char *field = place(reader);
    g_autofree char *reason = g_strdup_printf(reader->at < reader->end ? "%s was expected%s%s" : "it ends too early, %s was expected%s%s", wanted, *field ? " in " : "", field);
    return fault_set(error, MSG_SCHEMA_MALFORMED, "type", reader->type, "format", "JSON", "reason", reason, NULL);
}

/* What comes, as far as a sentence shows it. */
static Slice
rest(const Reader *reader)
{
    gsize length = 0, most = (gsize) (reader->end - reader->at);
    while (length < most && !strchr(",]} \t\r\n", reader->at[length]))
        length++;
    return (Slice) { reader->at, length };
}

/* --- scalars -------------------------------------------------------------------------------------------------------------- */

char
reader_peek(Reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\t' || *reader->at == '\r'))
        reader->at++;
    return reader->at < reader->end ? *reader->at : '\0';
}

static gboolean
take(Reader *reader, char wanted)
{
    if (reader_peek(reader) != wanted || reader->at >= reader->end)
        return FALSE;
    reader->at++;
    return TRUE;
}

static gboolean
take_word(Reader *reader, const char *word)
{
    gsize length = strlen(word);
    reader_peek(reader);
    if ((gsize) (reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return FALSE;
    if ((gsize) (reader->end - reader->at) > length && g_ascii_isalnum(reader->at[length]))
        return FALSE;
    reader->at += length;
    return TRUE;
}

gboolean
reader_null(Reader *reader)
{
    return take_word(reader, "null");
}

static gint32
hex4(const Reader *reader, const char *at)
{
    gint32 value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = at + i < reader->end ? g_ascii_xdigit_value(at[i]) : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* \uXXXX, with its second half where it is a surrogate; AT stands on the u. U+0000 is no text of ours. */
static gboolean
take_unicode(Reader *reader, Text *out)
{
    gint32 unit = hex4(reader, reader->at + 1);
    if (unit <= 0)
        return FALSE;
    reader->at += 5;
    if (unit >= 0xD800 && unit < 0xDC00) {
        gint32 low = reader->end - reader->at >= 6 && reader->at[0] == '\\' && reader->at[1] == 'u' ? hex4(reader, reader->at + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF)
            return FALSE;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        reader->at += 6;
    }
    char utf8[6];
    text_add_bytes(out, utf8, (gsize) g_unichar_to_utf8((gunichar) unit, utf8));
    return TRUE;
}

static gboolean
take_escape(Reader *reader, Text *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (++reader->at >= reader->end)
        return FALSE;
    if (*reader->at == 'u')
        return take_unicode(reader, out);
    const char *plain = *reader->at ? strchr(from, *reader->at) : NULL;
    if (!plain)
        return FALSE;
    text_add_bytes(out, &to[plain - from], 1);
    reader->at++;
    return TRUE;
}

/* The rest of a text with escapes; START is behind its quote. */
static gboolean
take_escaped(Reader *reader, const char *start, Slice *ret_text, GError **error)
{
    g_auto(Text) out = TEXT_EMPTY;
    text_add_bytes(&out, start, (gsize) (reader->at - start));
    while (reader->at < reader->end && *reader->at != '"') {
        if ((guchar) *reader->at < 0x20)
            return malformed(reader, "a text without control characters", error);
        if (*reader->at != '\\')
            text_add_bytes(&out, reader->at++, 1);
        else if (!take_escape(reader, &out))
            return malformed(reader, "a valid escape", error);
    }
    if (!reader->decoded)
        reader->decoded = g_string_chunk_new(4096);
    ret_text->bytes = g_string_chunk_insert_len(reader->decoded, out.length ? out.bytes : "", (gssize) out.length);
    ret_text->length = out.length;
    return TRUE;
}

/* A text of which the first character is known to be its quote. */
static gboolean
take_text(Reader *reader, Slice *ret_text, GError **error)
{
    const char *start = ++reader->at;
    guchar any = 0;
    while (reader->at < reader->end && *reader->at != '"' && *reader->at != '\\' && (guchar) *reader->at >= 0x20)
        any |= (guchar) *reader->at++;
    *ret_text = (Slice) { start, (gsize) (reader->at - start) };
    if (reader->at < reader->end && *reader->at == '\\') {
        if (!take_escaped(reader, start, ret_text, error))
            return FALSE;
        any = 0x80;
    } else if (reader->at < reader->end && *reader->at != '"') {
        return malformed(reader, "a text without control characters", error);
    }
    if (!take(reader, '"'))
        return malformed(reader, "the end of a text", error);
    return !(any & 0x80) || g_utf8_validate(ret_text->bytes, (gssize) ret_text->length, NULL) || malformed(reader, "valid UTF-8", error);
}

gboolean
reader_text(Reader *reader, const char *wanted, Slice *ret_text, GError **error)
{
    if (reader_peek(reader) != '"')
        return reader_refuse(reader, rest(reader), wanted, error);
    return take_text(reader, ret_text, error);
}

/* A number in units of 10^-DIGITS, exactly: digits behind those must be 0. No exponents: nothing here is that large or small. */
static gboolean
take_decimal(Reader *reader, guint digits, gint64 *ret_value)
{
    const char *at = reader->at;
    gboolean negative = at < reader->end && *at == '-';
    gint64 value = 0;
    at += negative;
    const char *from = at;
    for (; at < reader->end && g_ascii_isdigit(*at); at++) {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value))
            return FALSE;
    }
    gboolean point = at > from && at < reader->end && *at == '.';
    const char *behind = at + point;
    if (at == from || (*from == '0' && at - from > 1))
        return FALSE;
    for (at = behind; point && at < reader->end && g_ascii_isdigit(*at); at++)
        continue;
    if ((point && at == behind) || (at < reader->end && (g_ascii_isalnum(*at) || *at == '.')))
        return FALSE;
    gsize places = (gsize) (at - behind);
    for (gsize i = 0; i < MAX(places, digits); i++) {
        int digit = i < places ? behind[i] - '0' : 0;
        if (i >= digits ? digit != 0 : __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, digit, &value))
            return FALSE;
    }
    *ret_value = negative ? -value : value;
    reader->at = at;
    return TRUE;
}

static gboolean
read_decimal(Reader *reader, guint digits, const gint64 bounds[2], gint64 *ret_value, GError **error)
{
    gint64 value;
    reader_peek(reader);
    const char *from = reader->at;
    if (take_decimal(reader, digits, &value) && value >= bounds[0] && value <= bounds[1]) {
        *ret_value = value;
        return TRUE;
    }
    reader->at = from;
    g_auto(Text) wanted = TEXT_EMPTY;
    double unit = digits ? 1e6 : 1;
    text_add_literal(&wanted, "a number from ");
    text_add_real(&wanted, (double) bounds[0] / unit);
    text_add_literal(&wanted, " to ");
    text_add_real(&wanted, (double) bounds[1] / unit);
    g_autofree char *said = text_take(&wanted);
    return reader_refuse(reader, rest(reader), said, error);
}

gboolean
reader_int(Reader *reader, gint64 least, gint64 most, gint64 *ret_value, GError **error)
{
    const gint64 bounds[] = { least, most };
    return read_decimal(reader, 0, bounds, ret_value, error);
}

static gboolean
read_flag(Reader *reader, gboolean *ret_flag, GError **error)
{
    gboolean yes = take_word(reader, "true");
    if (!yes && !take_word(reader, "false"))
        return reader_refuse(reader, rest(reader), "true or false", error);
    *ret_flag = yes;
    return TRUE;
}

/* --- objects and lists ---------------------------------------------------------------------------------------------------- */

static gboolean
enter(Reader *reader, GError **error)
{
    if (++reader->depth > READER_DEPTH)
        return fault_set(error, MSG_SCHEMA_TOO_DEEP, "type", reader->type, NULL);
    reader->path[reader->depth].name = NULL;
    reader->path[reader->depth].index = -1;
    return TRUE;
}

static gboolean
read_member(Reader *reader, const ReaderField *field, gpointer record, GError **error)
{
    const gint64 bounds[] = { field->least, field->most };
    switch (field->kind) {
    case READER_VALUE:
        return field->read(reader, record, error);
    case READER_SLICE:
        return reader_text(reader, "a text", &MEMBER(record, field, Slice), error);
    case READER_INT:
        return read_decimal(reader, 0, bounds, &MEMBER(record, field, gint64), error);
    case READER_MICRO:
        return read_decimal(reader, 6, bounds, &MEMBER(record, field, gint64), error);
    case READER_FLAG:
        return read_flag(reader, &MEMBER(record, field, gboolean), error);
    default:
        return FALSE;
    }
}

static gboolean
unknown_field(Reader *reader, const ReaderField *fields, Slice key, GError **error)
{
    g_auto(Text) known = TEXT_EMPTY;
    for (const ReaderField *row = fields; row->name; row++)
        text_printf(&known, "%s%s", row == fields ? "" : ", ", row->name);
    g_autofree char *around = place(reader), *name = shown(key), *list = text_take(&known);
    g_autofree char *whole = g_strconcat(around, *around ? "." : "", name, NULL);
    return fault_set(error, MSG_SCHEMA_UNKNOWN_FIELD, "type", reader->type, "field", whole, "fields", list, NULL);
}

gboolean
reader_object(Reader *reader, const ReaderField *fields, gpointer record, guint64 *ret_given, GError **error)
{
    guint64 given = 0;
    if (!take(reader, '{'))
        return reader->depth ? reader_refuse(reader, rest(reader), "an object", error) : malformed(reader, "an object", error);
    if (!enter(reader, error))
        return FALSE;
    for (gboolean more = !take(reader, '}'); more;) {
        Slice key;
        const ReaderField *row = fields;
        if (reader_peek(reader) != '"')
            return malformed(reader, "the name of a field", error);
        if (!take_text(reader, &key, error))
            return FALSE;
        while (row->name && (!key.length || row->name[0] != key.bytes[0] || !slice_is(key, row->name)))
            row++;
        if (!row->name)
            return unknown_field(reader, fields, key, error);
        reader->path[reader->depth].name = row->name;
        guint64 bit = (guint64) 1 << (row - fields);
        g_autofree char *twice = given & bit ? place(reader) : NULL;
        if (twice)
            return fault_set(error, MSG_SCHEMA_TWICE, "type", reader->type, "field", twice, NULL);
        given |= bit;
        if (!take(reader, ':'))
            return malformed(reader, "':'", error);
        if (!read_member(reader, row, record, error))
            return FALSE;
        reader->path[reader->depth].name = NULL;
        more = take(reader, ',');
        if (!more && !take(reader, '}'))
            return malformed(reader, "',' or '}'", error);
    }
    reader->depth--;
    *ret_given = given;
    return TRUE;
}

gboolean
reader_has(Reader *reader, const ReaderField *fields, guint64 given, guint64 needed, GError **error)
{
    guint64 missing = needed & ~given;
    if (!missing)
        return TRUE;
    g_autofree char *around = place(reader);
    g_autofree char *field = g_strconcat(around, *around ? "." : "", fields[__builtin_ctzll(missing)].name, NULL);
    return fault_set(error, MSG_LICENCE_FIELD_MISSING, "type", reader->type, "field", field, NULL);
}

gboolean
reader_list(Reader *reader, ReaderValue item, gpointer record, guint most, GError **error)
{
    if (!take(reader, '['))
        return reader_refuse(reader, rest(reader), "a list", error);
    if (!enter(reader, error))
        return FALSE;
    if (!take(reader, ']')) {
        do {
            if (++reader->path[reader->depth].index < (gssize) most && !item(reader, record, error))
                return FALSE;
            if (reader->path[reader->depth].index >= (gssize) most) {
                reader->depth--;
                g_autofree char *field = place(reader), *count = g_strdup_printf("%u", most);
                return fault_set(error, MSG_SCHEMA_TOO_MANY, "type", reader->type, "field", field, "most", count, NULL);
            }
        } while (take(reader, ','));
        if (!take(reader, ']'))
            return malformed(reader, "',' or ']'", error);
    }
    reader->depth--;
    return TRUE;
}

gboolean
reader_ends(Reader *reader, GError **error)
{
    reader_peek(reader);
    return reader->at == reader->end || malformed(reader, "its end", error);
}
