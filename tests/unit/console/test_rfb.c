/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The handshake with viewers, step by step, and VNC's own DES against its known answer. */
#include "console/rfb.h"

typedef struct { const char *bytes; gsize length; } Bytes;

static void
check_step(RfbDoor *door, Bytes said, RfbWant want, Bytes answer)
{
    g_auto(Text) out = TEXT_EMPTY;
    gsize taken = 0;
    g_assert_cmpuint(rfb_door_needs(door), ==, said.length);
    g_assert_cmpint(rfb_door_take(door, said.bytes, said.length - 1, &taken, &out), ==, RFB_MORE);
    g_assert_cmpuint(taken, ==, 0);
    g_assert_cmpint(rfb_door_take(door, said.bytes, said.length, &taken, &out), ==, want);
    g_assert_cmpuint(taken, ==, said.length);
    g_assert_cmpmem(out.bytes, out.length, answer.bytes, answer.length);
}

static RfbDoor
greeted(void)
{
    RfbDoor door;
    g_auto(Text) out = TEXT_EMPTY;
    rfb_door_greet(&door, &out);
    g_assert_cmpmem(out.bytes, out.length, "RFB 003.008\n", 12);
    return door;
}

static void
test_in(void)
{
    RfbDoor door = greeted();
    g_auto(Text) out = TEXT_EMPTY;
    guint8 answer[RFB_CHALLENGE];
    check_step(&door, (Bytes) { "RFB 003.008\n", 12 }, RFB_MORE, (Bytes) { "\1\x13", 2 });
    check_step(&door, (Bytes) { "\x13", 1 }, RFB_MORE, (Bytes) { "\0\2", 2 });
    check_step(&door, (Bytes) { "\0\2", 2 }, RFB_MORE, (Bytes) { "\0\1\0\0\1\5", 6 });
    check_step(&door, (Bytes) { "\0\0\1\5", 4 }, RFB_START_TLS, (Bytes) { "\1", 1 });
    g_assert_cmpuint(rfb_door_needs(&door), ==, 0);
    rfb_door_challenge(&door, &out);
    g_assert_cmpmem(out.bytes, out.length, door.challenge, RFB_CHALLENGE);
    rfb_response("ticket-of-which-eight-count", door.challenge, answer);
    check_step(&door, (Bytes) { (const char *) answer, RFB_CHALLENGE }, RFB_JUDGE, (Bytes) { NULL, 0 });
    g_assert_cmpmem(door.response, RFB_CHALLENGE, answer, RFB_CHALLENGE);
    text_reset(&out);
    rfb_door_refuse(&door, "no", &out);
    g_assert_cmpmem(out.bytes, out.length, "\0\0\0\1\0\0\0\2no", 10);
}

static void
test_out(void)
{
    RfbDoor door = greeted();
    g_auto(Text) out = TEXT_EMPTY;
    gsize taken;
    g_assert_cmpint(rfb_door_take(&door, "GET / HTTP/1", 12, &taken, &out), ==, RFB_REFUSED);
    g_assert_cmpuint(out.length, ==, 0);
    door = greeted();
    g_assert_cmpint(rfb_door_take(&door, "RFB 003.003\n", 12, &taken, &out), ==, RFB_REFUSED);
    g_assert_cmpmem(out.bytes, 4, "\0\0\0\0", 4);
    door = greeted();
    text_reset(&out);
    rfb_door_take(&door, "RFB 003.007\n", 12, &taken, &out);
    text_reset(&out);
    g_assert_cmpint(rfb_door_take(&door, "\2", 1, &taken, &out), ==, RFB_REFUSED);
    g_assert_cmpmem(out.bytes, out.length, "\0\0\0\1", 4);     /* 3.7 has no words */
}

static void
test_response(void)
{
    guint8 challenge[RFB_CHALLENGE], once[RFB_CHALLENGE], again[RFB_CHALLENGE];
    static const guint8 zero_key_zero_block[8] = { 0x8c, 0xa6, 0x4d, 0xe9, 0xc1, 0xb1, 0x23, 0xa7 };       /* DES of zeroes under a key of zeroes */
    memset(challenge, 0, sizeof(challenge));
    rfb_response("", challenge, once);
    g_assert_cmpmem(once, 8, zero_key_zero_block, 8);
    g_assert_cmpmem(once + 8, 8, zero_key_zero_block, 8);
    rfb_response("12345678", challenge, once);
    rfb_response("12345678 and more", challenge, again);
    g_assert_cmpmem(once, RFB_CHALLENGE, again, RFB_CHALLENGE);
    rfb_response("12345679", challenge, again);
    g_assert_true(memcmp(once, again, RFB_CHALLENGE) != 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/console/rfb/in", test_in);
    g_test_add_func("/console/rfb/out", test_out);
    g_test_add_func("/console/rfb/response", test_response);
    return g_test_run();
}
