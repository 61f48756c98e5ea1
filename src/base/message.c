/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Messages: the catalogue compiled in, arguments kept as pairs, sentences made on demand. Knows no language but through
 * its tables; what a language lacks is told in English. */
#include "base/message.h"

#include "base/fault.h"
#include "base/language.h"
#include "base/refs.h"
#include "base/text.h"

#include <string.h>

struct Message {
    Refs refs;
    MessageCode code;
    guint count;
    char **pairs;               /* name, value, name, value …, NULL-terminated */
};

typedef struct {
    int fault;
    const char *code, *text, *hint;
} Row;

static const Row rows[] = {
#define MESSAGE(name, fault, code, en, hint) { FAULT_##fault, code, en, hint },
#include "base/catalogue/all.def"
#undef MESSAGE
};

/* By the code of the English row; a sentence that is missing is NULL. */
static const struct { const char *text, *hint; } rows_ja[N_MESSAGES] = {
#define JAPANESE(name, text, hint) [MSG_##name] = { text, hint },
#include "base/catalogue/ja/all.def"
#undef JAPANESE
};

static Message *
take_pairs(MessageCode code, GPtrArray *pairs)
{
    Message *message = g_new0(Message, 1);
    refs_init(&message->refs);
    message->code = code;
    message->count = pairs->len / 2;
    g_ptr_array_add(pairs, NULL);
    message->pairs = (char **) g_ptr_array_free(pairs, FALSE);
    return message;
}

Message *
message_new_list(MessageCode code, va_list list)
{
    GPtrArray *pairs = g_ptr_array_new();
    for (const char *name; (name = va_arg(list, const char *));) {
        const char *value = va_arg(list, const char *);
        g_ptr_array_add(pairs, g_strdup(name));
        g_ptr_array_add(pairs, g_strdup(value ? value : ""));
    }
    return take_pairs(code, pairs);
}

Message *
message_new(MessageCode code, ...)
{
    va_list list;
    va_start(list, code);
    Message *message = message_new_list(code, list);
    va_end(list);
    return message;
}

Message *
message_new_pairs(MessageCode code, const char *const *pairs)
{
    GPtrArray *copy = g_ptr_array_new();
    for (; pairs && pairs[0]; pairs += 2) {
        g_ptr_array_add(copy, g_strdup(pairs[0]));
        g_ptr_array_add(copy, g_strdup(pairs[1] ? pairs[1] : ""));
    }
    return take_pairs(code, copy);
}

Message *
message_ref(const Message *message)
{
    Message *mine = (Message *) message;
    refs_inc(&mine->refs);
    return mine;
}

void
message_unref(Message *message)
{
    if (message && refs_dec(&message->refs)) {
        g_strfreev(message->pairs);
        g_free(message);
    }
}

MessageCode
message_code(const Message *message)
{
    return message->code;
}

const char *
message_code_name(MessageCode code)
{
    return rows[(guint) code < N_MESSAGES ? code : MSG_FOREIGN].code;
}

int
message_fault(MessageCode code)
{
    return rows[(guint) code < N_MESSAGES ? code : MSG_FOREIGN].fault;
}

const char *
message_argument(const Message *message, const char *name)
{
    for (guint i = 0; i < message->count; i++) {
        if (g_str_equal(message->pairs[2 * i], name))
            return message->pairs[2 * i + 1];
    }
    return NULL;
}

/* An argument may hold anything a client or a host said: in a sentence it stands on one line, without control characters, as UTF-8. */
static void
add_argument(Text *out, const char *value)
{
    const char *end = value + strlen(value);
    for (const char *at = value; at < end;) {
        gunichar c = g_utf8_get_char_validated(at, end - at);
        gboolean valid = c != (gunichar) -1 && c != (gunichar) -2;
        const char *next = valid ? g_utf8_next_char(at) : at + 1;
        if (!valid)
            text_add_literal(out, "\xef\xbf\xbd");
        else if (c == '\n' || c == '\r' || c == '\t')
            text_add_literal(out, " ");
        else if (g_unichar_iscntrl(c))
            text_add_literal(out, "?");
        else
            text_add_bytes(out, at, (gsize) (next - at));
        at = next;
    }
}

/* Arguments that may be messages themselves: why a job failed, which job is in the way. Nobody's name gets into one of these. */
static gboolean
may_be_message(const char *name)
{
    static const char *const names[] = { "why", "job", "object", NULL };
    return g_strv_contains(names, name);
}

#define MOST_NESTED 4       /* a reason of a reason of a reason … is cut here */

static char *tell(const Message *message, const char *template, Language language, guint depth);

static const char *
text_of(MessageCode code, Language language)
{
    const char *told = language == LANGUAGE_JA ? rows_ja[code].text : NULL;
    return told ? told : rows[code].text;
}

static char *
value_told(const char *name, const char *value, Language language, guint depth)
{
    gboolean nested = may_be_message(name) && depth < MOST_NESTED;
    g_autoptr(Message) inner = nested ? message_decode(value) : NULL;
    if (inner)
        return tell(inner, text_of(inner->code, language), language, depth + 1);
    return nested ? language_phrase(value, language) : g_strdup(value);
}

/* "a event" is written "an event": types come into sentences as arguments. */
static void
mend_article(Text *out, const char *value, Language language)
{
    gsize length = out->length;
    if (language != LANGUAGE_EN || length < 2)
        return;                     /* a sentence may begin with an argument, and has no bytes then */
    const char *end = out->bytes + length;
    gboolean article = end[-1] == ' ' && (end[-2] == 'a' || end[-2] == 'A') && (length == 2 || end[-3] == ' ');
    if (article && *value && strchr("aeio", *value)) {
        out->length--;
        text_add_literal(out, "n ");
    }
}

static void
add_apart(Text *out, const char *told, Language language)
{
    if (language == LANGUAGE_JA && g_utf8_validate(told, -1, NULL) && language_needs_space(out->bytes, out->length, told))
        text_add_literal(out, " ");
}

/* TEMPLATE with each {name} replaced by its argument, each {=name} by its word; a name that was not given stays visible, so that
 * tests and people see it. */
static char *
tell(const Message *message, const char *template, Language language, guint depth)
{
    g_auto(Text) out = TEXT_EMPTY;
    while (*template) {
        const char *close = *template == '{' ? strchr(template, '}') : NULL;
        gboolean is_word = close && template[1] == '=';
        g_autofree char *name = close ? g_strndup(template + 1 + is_word, (gsize) (close - template - 1 - is_word)) : NULL;
        const char *value = name ? message_argument(message, name) : NULL;
        if (value) {
            g_autofree char *told = is_word ? language_phrase(value, language) : value_told(name, value, language, depth);
            mend_article(&out, told, language);
            add_apart(&out, told, language);
            add_argument(&out, told);
            template = close + 1;
            add_apart(&out, template, language);
        } else {
            text_add_bytes(&out, template++, 1);
        }
    }
    return text_take(&out);
}

char *
message_text(const Message *message, Language language)
{
    return tell(message, text_of(message->code, language), language, 0);
}

char *
message_hint(const Message *message, Language language)
{
    const char *told = language == LANGUAGE_JA ? rows_ja[message->code].hint : NULL;
    const char *hint = told ? told : rows[message->code].hint;
    return *hint ? tell(message, hint, language, 0) : NULL;
}

char *
message_encode(const Message *message)
{
    g_auto(Text) out = TEXT_EMPTY;
    text_add_literal(&out, "{\"code\":");
    text_add_json(&out, message_code_name(message->code));
    for (guint i = 0; i < message->count; i++) {
        text_add_literal(&out, ",");
        text_add_json(&out, message->pairs[2 * i]);
        text_add_literal(&out, ":");
        text_add_json(&out, message->pairs[2 * i + 1]);
    }
    text_add_literal(&out, "}");
    return text_take(&out);
}

static int
hex4(const char *at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* One JSON string at *AT, which moves behind it; NULL if there is none. Enough for what message_encode writes. */
static char *
read_string(const char **at)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *p = *at;
    if (*p++ != '"')
        return NULL;
    g_auto(Text) out = TEXT_EMPTY;
    for (; *p && *p != '"'; p++) {
        if (*p != '\\') {
            text_add_bytes(&out, p, 1);
            continue;
        }
        const char *plain = *++p && *p != 'u' ? strchr(from, *p) : NULL;
        int unit = *p == 'u' ? hex4(p + 1) : -1;
        if (plain) {
            text_add_bytes(&out, &to[plain - from], 1);
        } else if (unit > 0 && g_unichar_validate((gunichar) unit)) {
            char utf8[6];
            text_add_bytes(&out, utf8, (gsize) g_unichar_to_utf8((gunichar) unit, utf8));
            p += 4;
        } else {
            return NULL;
        }
    }
    if (*p != '"')
        return NULL;
    *at = p + 1;
    return text_take(&out);
}

static GPtrArray *
read_pairs(const char *text)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
    const char *at = text;
    if (*at != '{')
        return NULL;
    do {
        at++;
        char *name = read_string(&at);
        g_ptr_array_add(pairs, name);
        char *value = name && *at == ':' ? (at++, read_string(&at)) : NULL;
        g_ptr_array_add(pairs, value);
        if (!value)
            return NULL;
    } while (*at == ',');
    return *at == '}' && !at[1] ? g_steal_pointer(&pairs) : NULL;
}

static Message *
foreign(const char *text)
{
    return message_new(MSG_FOREIGN, "text", text, NULL);
}

Message *
message_decode(const char *text)
{
    g_autoptr(GPtrArray) pairs = text ? read_pairs(text) : NULL;
    if (!pairs || !g_str_equal(g_ptr_array_index(pairs, 0), "code"))
        return NULL;
    const char *code = g_ptr_array_index(pairs, 1);
    for (guint i = 0; i < N_MESSAGES; i++) {
        if (g_str_equal(rows[i].code, code)) {
            g_ptr_array_add(pairs, NULL);
            return message_new_pairs((MessageCode) i, (const char *const *) pairs->pdata + 2);
        }
    }
    return foreign(text);
}

char *
message_lines(const char *text, Language language)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autoptr(Message) message = message_decode(*line);
        if (message) {
            g_free(*line);
            *line = message_text(message, language);
        }
    }
    return g_strjoinv("\n", lines);
}

Language
language_choose(const char *accept_language)
{
    g_auto(GStrv) ranges = g_strsplit(accept_language ? accept_language : "", ",", 16);
    double best = 0;
    Language chosen = LANGUAGE_EN;
    for (char **range = ranges; *range; range++) {
        char *word = g_strstrip(*range);
        char *weight = strstr(word, "q=");
        double quality = weight ? g_ascii_strtod(weight + 2, NULL) : 1;
        gboolean japanese = g_ascii_strncasecmp(word, "ja", 2) == 0, english = g_ascii_strncasecmp(word, "en", 2) == 0;
        if ((japanese || english) && quality > best) {
            best = quality;
            chosen = japanese ? LANGUAGE_JA : LANGUAGE_EN;
        }
    }
    return chosen;
}
