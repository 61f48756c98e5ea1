/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What clients of consoles say before anybody knows them, and after: frames, RFB's handshake, pictures of hosts. */
#include "fuzz.h"

#include "base/websocket.h"
#include "console/png.h"
#include "console/rfb.h"

#include <string.h>

static void
read_frames(const uint8_t *data, size_t size)
{
    WebSocketReader reader = { .masked = data[0] & 1 };
    size_t step = 1 + data[0] / 2;
    g_autofree char *bytes = g_memdup2(data, size);
    for (size_t at = 1; at < size;) {
        gsize taken = 0, length = 0, piece = MIN(step, size - at);
        char *found = NULL;
        WebSocketEvent event = websocket_read(&reader, bytes + at, piece, &taken, &found, &length);
        if (event == WEBSOCKET_BROKEN)
            return;
        g_assert_true(taken <= piece && (event != WEBSOCKET_MORE || taken == piece));
        g_assert_true(event != WEBSOCKET_DATA || (found >= bytes + at && found + length <= bytes + at + taken));
        g_assert_cmpuint(reader.control_length, <=, WEBSOCKET_CONTROL);
        at += taken;
    }
}

static void
enter(const uint8_t *data, size_t size)
{
    RfbDoor door;
    g_auto(Text) out = TEXT_EMPTY;
    rfb_door_greet(&door, &out);
    for (size_t at = 0; at < size;) {
        gsize taken = 0;
        RfbWant want = rfb_door_take(&door, (const char *) data + at, size - at, &taken, &out);
        if (want == RFB_START_TLS)
            rfb_door_challenge(&door, &out);
        else if (want != RFB_MORE || taken == 0)
            break;
        at += taken;
    }
    rfb_door_refuse(&door, "why", &out);
    g_assert_cmpuint(out.length, <, 400);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    if (size == 0)
        return 0;
    read_frames(data, size);
    enter(data, size);
    g_autoptr(GBytes) ppm = g_bytes_new(data, size), png = png_of(ppm, &error);
    if (!png)
        fuzz_refused(error);
    g_autofree char *text = fuzz_text(data, size);
    g_free(websocket_answer(text));
    return 0;
}
