/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A PNG of one deflated piece: each line is written as its difference to the line above, which is what screens are made of. */
#include "console/png.h"

#include "base/fault.h"
#include "base/text.h"

#include <zlib.h>

#define SIDE_MOST 16384
#define LEVEL 3
enum { FILTER_UP = 2 };

typedef struct { guint width, height; const guint8 *pixels; } Picture;

/* The next number of the head; whitespace and comments before it are skipped. FALSE: there is none. */
static gboolean
take_number(const char *bytes, gsize length, gsize *at, guint *ret_number)
{
    guint number = 0, digits = 0;
    while (*at < length && (g_ascii_isspace(bytes[*at]) || bytes[*at] == '#')) {
        if (bytes[*at] == '#')
            while (*at < length && bytes[*at] != '\n')
                ++*at;
        else
            ++*at;
    }
    for (; *at < length && g_ascii_isdigit(bytes[*at]) && digits < 6; ++*at, digits++)
        number = number * 10 + (guint) (bytes[*at] - '0');
    *ret_number = number;
    return digits > 0;
}

static gboolean
read_ppm(GBytes *ppm, Picture *picture)
{
    gsize length, at = 2;
    const char *bytes = g_bytes_get_data(ppm, &length);
    guint most;
    if (length < 2 || memcmp(bytes, "P6", 2) != 0 || !take_number(bytes, length, &at, &picture->width) ||
        !take_number(bytes, length, &at, &picture->height) || !take_number(bytes, length, &at, &most))
        return FALSE;
    at++;                           /* the one space behind the head */
    if (most != 255 || picture->width == 0 || picture->width > SIDE_MOST || picture->height == 0 || picture->height > SIDE_MOST)
        return FALSE;
    if (at > length || length - at < (gsize) picture->width * picture->height * 3)
        return FALSE;
    picture->pixels = (const guint8 *) bytes + at;
    return TRUE;
}

static void
add_chunk(Text *out, const char kind[4], const char *bytes, gsize length)
{
    guint32 size = GUINT32_TO_BE((guint32) length);
    uLong sum = crc32(crc32(0, (const Bytef *) kind, 4), (const Bytef *) bytes, (uInt) length);
    guint32 check = GUINT32_TO_BE((guint32) sum);
    text_add_bytes(out, (const char *) &size, 4);
    text_add_bytes(out, kind, 4);
    text_add_bytes(out, bytes, length);
    text_add_bytes(out, (const char *) &check, 4);
}

static gboolean
deflate_lines(const Picture *picture, Text *out)
{
    gsize line = (gsize) picture->width * 3;
    g_autofree guint8 *filtered = g_malloc(line + 1);
    z_stream stream = { 0 };
    if (deflateInit(&stream, LEVEL) != Z_OK)
        return FALSE;
    text_grow(out, deflateBound(&stream, (uLong) ((line + 1) * picture->height)));
    stream.next_out = (Bytef *) out->bytes;
    stream.avail_out = (uInt) out->room;
    int result = Z_OK;
    for (guint y = 0; y < picture->height && result == Z_OK; y++) {
        const guint8 *now = picture->pixels + y * line, *above = y ? now - line : NULL;
        filtered[0] = FILTER_UP;
        for (gsize i = 0; i < line; i++)
            filtered[i + 1] = (guint8) (now[i] - (above ? above[i] : 0));
        stream.next_in = filtered;
        stream.avail_in = (uInt) (line + 1);
        result = deflate(&stream, y + 1 == picture->height ? Z_FINISH : Z_NO_FLUSH);
    }
    out->length = stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END;
}

static const char signature[8] = { '\x89', 'P', 'N', 'G', '\r', '\n', '\x1a', '\n' };

static gboolean
is_png(GBytes *given)
{
    gsize length;
    gconstpointer bytes = g_bytes_get_data(given, &length);
    return length > sizeof(signature) && memcmp(bytes, signature, sizeof(signature)) == 0;
}

GBytes *
png_of(GBytes *given, GError **error)
{
    Picture picture;
    g_auto(Text) out = TEXT_EMPTY, body = TEXT_EMPTY;
    if (is_png(given))
        return g_bytes_ref(given);
    if (!read_ppm(given, &picture) || !deflate_lines(&picture, &body)) {
        fault_set(error, MSG_CONSOLE_PICTURE, NULL);
        return NULL;
    }
    guint32 sides[2] = { GUINT32_TO_BE(picture.width), GUINT32_TO_BE(picture.height) };
    char head[13] = { 0 };
    memcpy(head, sides, sizeof(sides));
    head[8] = 8;                    /* bits a colour */
    head[9] = 2;                    /* red, green, blue */
    text_add_bytes(&out, signature, sizeof(signature));
    add_chunk(&out, "IHDR", head, sizeof(head));
    add_chunk(&out, "IDAT", body.bytes, body.length);
    add_chunk(&out, "IEND", "", 0);
    return text_take_bytes(&out);
}
