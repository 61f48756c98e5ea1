/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Frames. Every length is checked before it is used; a payload is never gathered, so a frame of any announced size costs nothing. */
#include "base/websocket.h"

#include <string.h>

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_CHARS 24                /* 16 bytes in base64 */

char *
websocket_answer(const char *key)
{
    gsize length = 0;
    if (!key || strlen(key) != KEY_CHARS)
        return NULL;
    g_autofree guchar *bytes = g_base64_decode(key, &length);
    if (length != 16)
        return NULL;
    guint8 digest[20];
    gsize size = sizeof(digest);
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
    g_checksum_update(sum, (const guchar *) key, KEY_CHARS);
    g_checksum_update(sum, (const guchar *) GUID, -1);
    g_checksum_get_digest(sum, digest, &size);
    return g_base64_encode(digest, size);
}

gsize
websocket_head(char head[WEBSOCKET_HEAD], WebSocketCode code, guint64 size, const guint8 *mask)
{
    gsize length = 2;
    guint bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
    head[0] = (char) (0x80 | code);
    head[1] = (char) ((mask ? 0x80 : 0) | (bytes == 0 ? size : bytes == 2 ? 126 : 127));
    for (guint i = 0; i < bytes; i++)
        head[length++] = (char) (size >> (8 * (bytes - 1 - i)));
    if (mask) {
        memcpy(head + length, mask, 4);
        length += 4;
    }
    return length;
}

void
websocket_mask(char *bytes, gsize length, const guint8 mask[4], guint64 offset)
{
    guint8 turned[8];
    guint64 wide, word;
    gsize at = 0;
    for (guint i = 0; i < 8; i++)
        turned[i] = mask[(offset + i) & 3];
    memcpy(&wide, turned, sizeof(wide));
    for (; at + 8 <= length; at += 8) {
        memcpy(&word, bytes + at, sizeof(word));
        word ^= wide;
        memcpy(bytes + at, &word, sizeof(word));
    }
    for (; at < length; at++)
        bytes[at] = (char) (bytes[at] ^ turned[at & 7]);
}

gsize
websocket_close(char payload[WEBSOCKET_CONTROL], WebSocketWhy why, const char *reason)
{
    gsize length = strlen(reason);
    if (length > WEBSOCKET_CONTROL - 2) {
        const char *end = g_utf8_find_prev_char(reason, reason + WEBSOCKET_CONTROL - 1);
        length = end ? (gsize) (end - reason) : 0;
    }
    payload[0] = (char) (why >> 8);
    payload[1] = (char) why;
    memcpy(payload + 2, reason, length);
    return length + 2;
}

/* --- reading -------------------------------------------------------------------------------------------------------------------- */

/* How long the head at hand is in all, from its first two bytes. */
static guint
head_size(const WebSocketReader *reader)
{
    guint size = reader->head[1] & 0x7f;
    return 2 + (size == 126 ? 2 : size == 127 ? 8 : 0) + (reader->head[1] & 0x80 ? 4 : 0);
}

/* Which frames may follow which. */
static gboolean
take_code(WebSocketReader *reader, guint8 first)
{
    WebSocketCode code = (WebSocketCode) (first & 0x0f);
    gboolean last = (first & 0x80) != 0;
    reader->code = code;
    if (first & 0x70)
        return FALSE;               /* bits of extensions nobody agreed on */
    if (code == WEBSOCKET_CLOSE || code == WEBSOCKET_PING || code == WEBSOCKET_PONG)
        return last && reader->left <= WEBSOCKET_CONTROL;
    if (code != WEBSOCKET_CONTINUES && code != WEBSOCKET_TEXT && code != WEBSOCKET_BINARY)
        return FALSE;
    if ((code == WEBSOCKET_CONTINUES) != reader->in_message)
        return FALSE;
    if (code != WEBSOCKET_CONTINUES)
        reader->message = code;
    reader->in_message = !last;
    return TRUE;
}

static gboolean
take_head(WebSocketReader *reader)
{
    const guint8 *head = reader->head;
    guint small = head[1] & 0x7f, bytes = small == 126 ? 2 : small == 127 ? 8 : 0;
    gboolean masked = (head[1] & 0x80) != 0;
    guint64 size = bytes ? 0 : small;
    for (guint i = 0; i < bytes; i++)
        size = size << 8 | head[2 + i];
    if (masked != reader->masked || size > G_MAXINT64 || (bytes == 2 && size < 126) || (bytes == 8 && size < 65536))
        return FALSE;
    if (masked)
        memcpy(reader->mask, head + 2 + bytes, 4);
    reader->left = size;
    reader->offset = 0;
    reader->control_length = 0;
    reader->head_length = 0;
    reader->in_payload = TRUE;
    return take_code(reader, head[0]);
}

/* Bytes of the head until it is whole. FALSE: not yet. */
static gboolean
gather_head(WebSocketReader *reader, const char *bytes, gsize length, gsize *taken)
{
    while (*taken < length) {
        reader->head[reader->head_length++] = (guint8) bytes[(*taken)++];
        if (reader->head_length >= 2 && reader->head_length == head_size(reader))
            return TRUE;
    }
    return FALSE;
}

static WebSocketEvent
take_payload(WebSocketReader *reader, char *bytes, gsize length, char **ret_data, gsize *ret_size)
{
    gsize size = (gsize) MIN(reader->left, length);
    gboolean controls = reader->code >= WEBSOCKET_CLOSE;
    if (reader->masked)
        websocket_mask(bytes, size, reader->mask, reader->offset);
    reader->offset += size;
    reader->left -= size;
    reader->in_payload = reader->left > 0;
    *ret_data = bytes;
    *ret_size = size;
    if (!controls)
        return size ? WEBSOCKET_DATA : WEBSOCKET_MORE;
    memcpy(reader->control + reader->control_length, bytes, size);
    reader->control_length += (guint) size;
    return reader->in_payload ? WEBSOCKET_MORE : WEBSOCKET_CALL;
}

WebSocketEvent
websocket_read(WebSocketReader *reader, char *bytes, gsize length, gsize *ret_taken, char **ret_data, gsize *ret_size)
{
    gsize taken = 0;
    WebSocketEvent event = WEBSOCKET_MORE;
    *ret_data = NULL;
    *ret_size = 0;
    while (event == WEBSOCKET_MORE) {
        if (!reader->in_payload) {
            if (!gather_head(reader, bytes, length, &taken))
                break;
            if (!take_head(reader)) {
                event = WEBSOCKET_BROKEN;
                break;
            }
        }
        if (taken == length && reader->left > 0)
            break;
        event = take_payload(reader, bytes + taken, length - taken, ret_data, ret_size);
        taken += *ret_size;
    }
    *ret_taken = taken;
    return event;
}
