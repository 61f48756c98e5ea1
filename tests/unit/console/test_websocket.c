/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Frames: what RFC 6455 gives as examples, every length of head, every way to cut a stream into pieces, and what breaks the rules. */
#include "base/text.h"
#include "base/websocket.h"

static const guint8 mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

static void
test_answer(void)
{
    g_autofree char *answer = websocket_answer("dGhlIHNhbXBsZSBub25jZQ==");
    g_assert_cmpstr(answer, ==, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    g_assert_null(websocket_answer(NULL));
    g_assert_null(websocket_answer("c2hvcnQ="));
    g_assert_null(websocket_answer("!!!!!!!!!!!!!!!!!!!!!!!!"));
}

/* All that comes of BYTES, cut into pieces of STEP: data in `data`, control frames as "<code:payload>". */
static gboolean
take(WebSocketReader *reader, const char *bytes, gsize length, gsize step, Text *data)
{
    g_autofree char *copy = g_memdup2(bytes, length);
    for (gsize at = 0; at < length;) {
        gsize piece = MIN(step, length - at), taken = 0, size = 0;
        char *found = NULL;
        WebSocketEvent event = websocket_read(reader, copy + at, piece, &taken, &found, &size);
        if (event == WEBSOCKET_BROKEN)
            return FALSE;
        if (event == WEBSOCKET_DATA)
            text_add_bytes(data, found, size);
        if (event == WEBSOCKET_CALL)
            text_printf(data, "<%d:%.*s>", reader->code, (int) reader->control_length, reader->control);
        at += taken;
        g_assert_true(taken > 0 || event == WEBSOCKET_MORE);
        if (event == WEBSOCKET_MORE)
            g_assert_cmpuint(taken, ==, piece);
    }
    return TRUE;
}

static void
add_frame(Text *out, WebSocketCode code, const char *bytes, gsize length)
{
    char head[WEBSOCKET_HEAD];
    text_add_bytes(out, head, websocket_head(head, code, length, mask));
    gsize start = out->length;
    text_add_bytes(out, bytes, length);
    websocket_mask(out->bytes + start, length, mask, 0);
}

static void
test_pieces(void)
{
    static const gsize sizes[] = { 0, 1, 125, 126, 127, 65535, 65536, 70000 };
    g_auto(Text) stream = TEXT_EMPTY, wanted = TEXT_EMPTY;
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *bytes = g_malloc(sizes[i] + 1);
        for (gsize j = 0; j < sizes[i]; j++)
            bytes[j] = (char) (j * 7 + i);
        add_frame(&stream, WEBSOCKET_BINARY, bytes, sizes[i]);
        text_add_bytes(&wanted, bytes, sizes[i]);
        add_frame(&stream, WEBSOCKET_PING, "beat", 4);
        text_add(&wanted, "<9:beat>");
    }
    for (gsize step = 1; step < 80000; step = step * 3 + 1) {
        WebSocketReader reader = { .masked = TRUE };
        g_auto(Text) data = TEXT_EMPTY;
        g_assert_true(take(&reader, stream.bytes, stream.length, step, &data));
        g_assert_cmpmem(data.bytes, data.length, wanted.bytes, wanted.length);
    }
}

static void
test_broken(void)
{
    static const struct { const char *bytes; gsize length; } wrong[] = {
        { "\x82\x01x", 3 }, { "\xf2\x80\0\0\0\0", 6 }, { "\x83\x80\0\0\0\0", 6 }, { "\x80\x80\0\0\0\0", 6 }, { "\x89\xfe\0\x7e\0\0\0\0", 8 },
        { "\x09\x80\0\0\0\0", 6 }, { "\x82\xfe\0\x05\0\0\0\0", 8 }, { "\x82\xff\xff\0\0\0\0\0\0\0\0\0\0\0", 14 },
        { "\x02\x80\0\0\0\0\x82\x80\0\0\0\0", 12 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        WebSocketReader reader = { .masked = TRUE };
        g_auto(Text) data = TEXT_EMPTY;
        g_assert_false(take(&reader, wrong[i].bytes, wrong[i].length, wrong[i].length, &data));
    }
}

static void
test_goodbye(void)
{
    char payload[WEBSOCKET_CONTROL];
    g_assert_cmpuint(websocket_close(payload, WEBSOCKET_BYE, "bye"), ==, 5);
    g_assert_cmpmem(payload, 5, "\x03\xe8" "bye", 5);
    GString *text = g_string_new("x");
    for (guint i = 0; i < 100; i++)
        g_string_append(text, "終");
    gsize length = websocket_close(payload, WEBSOCKET_GOING, text->str);
    g_assert_cmpuint(length, <=, WEBSOCKET_CONTROL);
    g_assert_cmpuint(length, >, WEBSOCKET_CONTROL - 4);
    g_assert_true(g_utf8_validate(payload + 2, (gssize) length - 2, NULL));
    g_string_free(text, TRUE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/console/websocket/answer", test_answer);
    g_test_add_func("/console/websocket/pieces", test_pieces);
    g_test_add_func("/console/websocket/broken", test_broken);
    g_test_add_func("/console/websocket/goodbye", test_goodbye);
    return g_test_run();
}
