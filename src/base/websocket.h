/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * RFC 6455 as far as a console needs it: the answer to a key, heads of frames, and taking apart what comes, in pieces of any size and
 * without keeping any of it. Payloads are unmasked where they lie; only what controls the connection (125 bytes at most) is gathered. No extensions.
 * Opens no socket and holds no reply: the manager and its command line both stand on it. */
#pragma once

#include <glib.h>

#define WEBSOCKET_HEAD 14           /* bytes of a head at most */
#define WEBSOCKET_CONTROL 125       /* payload of a control frame at most */

typedef enum { WEBSOCKET_CONTINUES = 0, WEBSOCKET_TEXT = 1, WEBSOCKET_BINARY = 2, WEBSOCKET_CLOSE = 8, WEBSOCKET_PING = 9, WEBSOCKET_PONG = 10 } WebSocketCode;
typedef enum { WEBSOCKET_BYE = 1000, WEBSOCKET_GOING = 1001, WEBSOCKET_PROTOCOL = 1002, WEBSOCKET_KIND = 1003, WEBSOCKET_POLICY = 1008, WEBSOCKET_FAILED = 1011 } WebSocketWhy;

/* What Sec-WebSocket-Accept says to a Sec-WebSocket-Key; yours. NULL: that is no key. */
char *websocket_answer(const char *key);
/* The head of one whole frame of SIZE bytes; its length. MASK: 4 bytes, for clients; NULL for servers. */
gsize websocket_head(char ret_head[WEBSOCKET_HEAD], WebSocketCode code, guint64 size, const guint8 *mask);
void websocket_mask(char *bytes, gsize length, const guint8 mask[4], guint64 offset);      /* OFFSET: of BYTES in its payload */
/* A close frame's payload: WHY and as much of REASON as fits, cut between characters. Its length. */
gsize websocket_close(char ret_payload[WEBSOCKET_CONTROL], WebSocketWhy why, const char *reason);

typedef struct {
    gboolean masked;                /* set before use: frames must be (of a client), or must not */
    guint8 head[WEBSOCKET_HEAD], mask[4];
    guint head_length;
    guint64 left, offset;           /* of the payload at hand; how much of it went by */
    gboolean in_payload, in_message;        /* between a message's first frame and its last */
    WebSocketCode code, message;    /* of the frame; of the message it belongs to */
    guint control_length;
    char control[WEBSOCKET_CONTROL];
} WebSocketReader;

typedef enum {
    WEBSOCKET_MORE,                 /* all was taken, nothing is whole */
    WEBSOCKET_DATA,                 /* DATA of a message of kind `message` */
    WEBSOCKET_CALL,                 /* a control frame: `code`, payload in `control` */
    WEBSOCKET_BROKEN,               /* against the protocol: end it with WEBSOCKET_PROTOCOL */
} WebSocketEvent;

/* Takes from BYTES (which it may change) up to the next happening and says how much. DATA points into BYTES. */
WebSocketEvent websocket_read(WebSocketReader *reader, char *bytes, gsize length, gsize *ret_taken, char **ret_data, gsize *ret_size);
