/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ids: making, comparing, spelling and reading them. Does not know what they name. Called by everybody. */
#include "base/id.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

const Id id_null;

gboolean
id_is_null(const Id *id)
{
    return memcmp(id, &id_null, sizeof(Id)) == 0;
}

int
id_compare(const Id *a, const Id *b)
{
    return memcmp(a, b, sizeof(Id));
}

gboolean
id_equal(const Id *a, const Id *b)
{
    return memcmp(a, b, sizeof(Id)) == 0;
}

/* Random UUIDs are their own hash, but numbers and words are not: all sixteen bytes are mixed. */
guint
id_hash(gconstpointer id)
{
    guint64 half[2];
    memcpy(half, ((const Id *) id)->bytes, sizeof(half));
    guint64 mixed = (half[0] ^ (half[1] * 0x9e3779b97f4a7c15u)) * 0xff51afd7ed558ccdu;
    return (guint) (mixed >> 32) ^ (guint) mixed;
}

gboolean
id_equal_key(gconstpointer a, gconstpointer b)
{
    return id_equal(a, b);
}

static void
set_uuid_version(Id *id, guint8 version)
{
    id->bytes[6] = (guint8) ((id->bytes[6] & 0x0f) | version << 4);
    id->bytes[8] = (guint8) ((id->bytes[8] & 0x3f) | 0x80);
}

Id
id_random(void)
{
    Id id;
    gssize got;
    do {
        got = getrandom(id.bytes, sizeof(id.bytes), 0);
    } while (got < 0 && errno == EINTR);
    if (got != (gssize) sizeof(id.bytes))
        abort();    /* a guessable id would be worse than no manager */
    set_uuid_version(&id, 4);
    return id;
}

Id
id_named(const Id *space, const char *name)
{
    Id id;
    guint8 digest[20];
    gsize length = sizeof(digest);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    g_checksum_update(sum, space->bytes, sizeof(space->bytes));
    g_checksum_update(sum, (const guchar *) name, (gssize) strlen(name));
    g_checksum_get_digest(sum, digest, &length);
    memcpy(id.bytes, digest, sizeof(id.bytes));
    set_uuid_version(&id, 5);
    return id;
}

Id
id_number(guint64 number)
{
    Id id = id_null;
    guint64 big = GUINT64_TO_BE(number);
    memcpy(id.bytes + 8, &big, sizeof(big));
    return id;
}

guint64
id_get_number(const Id *id)
{
    guint64 big;
    memcpy(&big, id->bytes + 8, sizeof(big));
    return GUINT64_FROM_BE(big);
}

Id
id_word(const char *word)
{
    Id id = id_null;
    memcpy(id.bytes, word, strnlen(word, sizeof(id.bytes)));
    return id;
}

static void
format_uuid(const Id *id, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (guint i = 0; i < sizeof(id->bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = digits[id->bytes[i] >> 4];
        *text++ = digits[id->bytes[i] & 15];
    }
    *text = '\0';
}

static void
format_number(guint64 number, char *text)
{
    char digits[20];
    guint count = 0;
    do {
        digits[count++] = (char) ('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0)
        *text++ = digits[--count];
    *text = '\0';
}

static void
format_hex(const Id *id, char *text)
{
    for (guint i = 0; i < sizeof(id->bytes) && id->bytes[i]; i++) {
        *text++ = "0123456789ABCDEF"[id->bytes[i] >> 4];
        *text++ = "0123456789ABCDEF"[id->bytes[i] & 15];
    }
    *text = '\0';
}

char *
id_format(const Id *id, IdStyle style, char ret_text[ID_TEXT_SIZE])
{
    switch (style) {
    case ID_NUMBER:
        format_number(id_get_number(id), ret_text);
        break;
    case ID_WORD:
        memcpy(ret_text, id->bytes, sizeof(id->bytes));
        ret_text[sizeof(id->bytes)] = '\0';
        break;
    case ID_HEX:
        format_hex(id, ret_text);
        break;
    case ID_UUID:
    default:
        format_uuid(id, ret_text);
        break;
    }
    return ret_text;
}

static gboolean
parse_uuid(const char *text, Id *ret_id)
{
    Id id;
    if (strnlen(text, ID_TEXT_SIZE) != ID_TEXT_SIZE - 1)
        return FALSE;
    for (guint i = 0; i < sizeof(id.bytes); i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return FALSE;
        int high = g_ascii_xdigit_value(text[0]);
        int low = g_ascii_xdigit_value(text[1]);
        if (high < 0 || low < 0)
            return FALSE;
        id.bytes[i] = (guint8) (high << 4 | low);
        text += 2;
    }
    *ret_id = id;
    return TRUE;
}

/* One spelling for each number: no sign, no leading zeros. */
static gboolean
parse_number(const char *text, Id *ret_id)
{
    guint64 number = 0;
    if (*text == '\0' || (text[0] == '0' && text[1] != '\0'))
        return FALSE;
    for (; *text; text++) {
        if (!g_ascii_isdigit(*text))
            return FALSE;
        guint64 digit = (guint64) (*text - '0');
        if (number > (G_MAXUINT64 - digit) / 10)
            return FALSE;
        number = number * 10 + digit;
    }
    *ret_id = id_number(number);
    return TRUE;
}

static gboolean
parse_word(const char *text, Id *ret_id)
{
    gsize length = strnlen(text, sizeof(ret_id->bytes) + 1);
    if (length == 0 || length > sizeof(ret_id->bytes))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && text[i] != '.' && text[i] != '_' && text[i] != '-')
            return FALSE;
    *ret_id = id_word(text);
    return TRUE;
}

static gboolean
parse_hex(const char *text, Id *ret_id)
{
    Id id = id_null;
    gsize length = strnlen(text, 2 * sizeof(id.bytes) + 1);
    if (length == 0 || length % 2 || length > 2 * sizeof(id.bytes))
        return FALSE;
    for (gsize i = 0; i < length / 2; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]), low = g_ascii_xdigit_value(text[2 * i + 1]);
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return FALSE;
        id.bytes[i] = (guint8) (high << 4 | low);
    }
    *ret_id = id;
    return TRUE;
}

gboolean
id_parse(const char *text, IdStyle style, Id *ret_id)
{
    switch (style) {
    case ID_NUMBER:
        return parse_number(text, ret_id);
    case ID_WORD:
        return parse_word(text, ret_id);
    case ID_HEX:
        return parse_hex(text, ret_id);
    case ID_UUID:
    default:
        return parse_uuid(text, ret_id);
    }
}
