/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * RFB (RFC 6143) up to the point where a client is let in, from both sides. The door speaks to a viewer: version 3.7 or 3.8, VeNCrypt
 * X509Vnc alone, so that a password never travels outside TLS and the viewer knows whom it speaks to. The guest's side lets us in at a
 * QEMU that asks nothing. Bytes in, bytes out; no socket here. */
#pragma once

#include "base/clock.h"
#include "base/text.h"

#define RFB_CHALLENGE 16

typedef enum { RFB_AT_VERSION, RFB_AT_SECURITY, RFB_AT_VENCRYPT, RFB_AT_KIND, RFB_AT_TLS, RFB_AT_RESPONSE, RFB_AT_JUDGE, RFB_AT_END } RfbStep;

typedef enum {
    RFB_MORE,                       /* what was taken is answered; wait for more */
    RFB_START_TLS,                  /* send what stands in OUT, then speak TLS, then rfb_door_challenge */
    RFB_JUDGE,                      /* `response` is there: rfb_door_admit or rfb_door_refuse */
    RFB_REFUSED,                    /* OUT holds what is still to be said; then close */
} RfbWant;

typedef struct {
    RfbStep step;
    guint minor;                    /* 7 or 8 */
    guint8 challenge[RFB_CHALLENGE], response[RFB_CHALLENGE];
} RfbDoor;

void rfb_door_greet(RfbDoor *door, Text *out);
gsize rfb_door_needs(const RfbDoor *door);          /* bytes of the step at hand; 0: none. What is read beyond them may be TLS */
/* Takes as much of BYTES as the step at hand needs; RET_TAKEN is 0 while that is not there yet. */
RfbWant rfb_door_take(RfbDoor *door, const char *bytes, gsize length, gsize *ret_taken, Text *out);
void rfb_door_challenge(RfbDoor *door, Text *out);
void rfb_door_admit(RfbDoor *door, Text *out);
void rfb_door_refuse(RfbDoor *door, const char *reason, Text *out);     /* at any step where a reason can be said; else nothing */

/* What a viewer that knows PASSWORD (its first eight bytes count) answers to CHALLENGE. */
void rfb_response(const char *password, const guint8 challenge[RFB_CHALLENGE], guint8 ret_response[RFB_CHALLENGE]);

/* Greets QEMU at the connected descriptor and is let in without a password; blocks until DEADLINE. What follows is a viewer's ClientInit. */
gboolean rfb_enter(int descriptor, const char *vm, Tick deadline, GError **error);
