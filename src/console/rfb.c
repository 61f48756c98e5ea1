/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The steps of the handshake, each with the bytes it waits for. */
#include "console/rfb.h"

#include "base/fault.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <unistd.h>

#define VERSION "RFB 003.008\n"
#define VERSION_LENGTH 12
enum { SECURITY_NONE = 1, SECURITY_VENCRYPT = 19 };
#define X509_VNC 261

static void
add_u32(Text *out, guint32 value)
{
    guint32 wire = GUINT32_TO_BE(value);
    text_add_bytes(out, (const char *) &wire, sizeof(wire));
}

static guint32
read_u32(const char *bytes)
{
    guint32 wire;
    memcpy(&wire, bytes, sizeof(wire));
    return GUINT32_FROM_BE(wire);
}

static void
add_reason(Text *out, const char *reason)
{
    add_u32(out, (guint32) strlen(reason));
    text_add(out, reason);
}

/* --- to a viewer ----------------------------------------------------------------------------------------------------------------- */

void
rfb_door_greet(RfbDoor *door, Text *out)
{
    *door = (RfbDoor) { .step = RFB_AT_VERSION };
    text_add(out, VERSION);
}

/* 3.3 lets the server choose the security alone and knows no VeNCrypt: it hears why, and that is all. */
static RfbWant
take_version(RfbDoor *door, const char *bytes, Text *out)
{
    static const char offer[] = { 1, SECURITY_VENCRYPT };
    if (memcmp(bytes, "RFB 003.00", 10) != 0 || bytes[11] != '\n')
        return RFB_REFUSED;
    door->minor = (guint) (bytes[10] - '0');
    if (door->minor != 7 && door->minor != 8) {
        add_u32(out, 0);
        add_reason(out, "This console takes viewers of RFB 3.7 and 3.8 that speak VeNCrypt.");
        return RFB_REFUSED;
    }
    text_add_bytes(out, offer, sizeof(offer));
    door->step = RFB_AT_SECURITY;
    return RFB_MORE;
}

static RfbWant
take_security(RfbDoor *door, const char *bytes, Text *out)
{
    static const char version[] = { 0, 2 };
    if (bytes[0] != SECURITY_VENCRYPT) {
        rfb_door_refuse(door, "This console is entered by VeNCrypt alone: its ticket must not travel unencrypted.", out);
        return RFB_REFUSED;
    }
    text_add_bytes(out, version, sizeof(version));
    door->step = RFB_AT_VENCRYPT;
    return RFB_MORE;
}

static RfbWant
take_vencrypt(RfbDoor *door, const char *bytes, Text *out)
{
    gboolean known = bytes[0] == 0 && bytes[1] == 2;
    text_add_bytes(out, known ? "\0" : "\1", 1);
    if (!known)
        return RFB_REFUSED;
    text_add_bytes(out, "\1", 1);
    add_u32(out, X509_VNC);
    door->step = RFB_AT_KIND;
    return RFB_MORE;
}

static RfbWant
take_kind(RfbDoor *door, const char *bytes, Text *out)
{
    gboolean known = read_u32(bytes) == X509_VNC;
    text_add_bytes(out, known ? "\1" : "\0", 1);
    door->step = known ? RFB_AT_TLS : RFB_AT_END;
    return known ? RFB_START_TLS : RFB_REFUSED;
}

static RfbWant
take_response(RfbDoor *door, const char *bytes, G_GNUC_UNUSED Text *out)
{
    memcpy(door->response, bytes, RFB_CHALLENGE);
    door->step = RFB_AT_JUDGE;
    return RFB_JUDGE;
}

static const struct { gsize needs; RfbWant (*take)(RfbDoor *, const char *, Text *); } steps[RFB_AT_END + 1] = {
    [RFB_AT_VERSION] = { VERSION_LENGTH, take_version }, [RFB_AT_SECURITY] = { 1, take_security },
    [RFB_AT_VENCRYPT] = { 2, take_vencrypt }, [RFB_AT_KIND] = { 4, take_kind }, [RFB_AT_RESPONSE] = { RFB_CHALLENGE, take_response },
};

gsize
rfb_door_needs(const RfbDoor *door)
{
    return steps[door->step].needs;
}

RfbWant
rfb_door_take(RfbDoor *door, const char *bytes, gsize length, gsize *ret_taken, Text *out)
{
    *ret_taken = 0;
    if (!steps[door->step].take)
        return RFB_REFUSED;
    if (length < steps[door->step].needs)
        return RFB_MORE;
    *ret_taken = steps[door->step].needs;
    return steps[door->step].take(door, bytes, out);
}

void
rfb_door_challenge(RfbDoor *door, Text *out)
{
    if (RAND_bytes(door->challenge, sizeof(door->challenge)) != 1)
        g_error("the system gives no random bytes");
    text_add_bytes(out, (const char *) door->challenge, sizeof(door->challenge));
    door->step = RFB_AT_RESPONSE;
}

void
rfb_door_admit(RfbDoor *door, Text *out)
{
    add_u32(out, 0);
    door->step = RFB_AT_END;
}

/* A failed result; 3.7 has no words for why. */
void
rfb_door_refuse(RfbDoor *door, const char *reason, Text *out)
{
    if (door->step == RFB_AT_JUDGE || door->step == RFB_AT_SECURITY) {
        add_u32(out, 1);
        if (door->minor >= 8)
            add_reason(out, reason);
    }
    door->step = RFB_AT_END;
}

/* --- the password ------------------------------------------------------------------------------------------------------------------ */

/* VNC's DES takes the bits of each byte of its key from the other end. */
static guint8
turned(guint8 byte)
{
    guint8 result = 0;
    for (guint i = 0; i < 8; i++)
        result = (guint8) (result | ((byte >> i) & 1) << (7 - i));
    return result;
}

/* OpenSSL 3's usual provider has triple DES and no single one; three equal keys are a single one. */
void
rfb_response(const char *password, const guint8 challenge[RFB_CHALLENGE], guint8 response[RFB_CHALLENGE])
{
    guint8 key[24] = { 0 };
    int length = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    for (guint i = 0; i < 8 && password[i]; i++)
        key[i] = key[i + 8] = key[i + 16] = turned((guint8) password[i]);
    if (EVP_EncryptInit_ex2(context, EVP_des_ede3_ecb(), key, NULL, NULL) != 1 || EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
        EVP_EncryptUpdate(context, response, &length, challenge, RFB_CHALLENGE) != 1 || length != RFB_CHALLENGE)
        RAND_bytes(response, RFB_CHALLENGE);        /* a machine whose OpenSSL has no DES lets nobody in */
    EVP_CIPHER_CTX_free(context);
    OPENSSL_cleanse(key, sizeof(key));
}

/* --- to QEMU ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
wait_for(int descriptor, short events, Tick deadline)
{
    for (;;) {
        struct pollfd poller = { descriptor, events, 0 };
        Tick left = deadline - clock_tick();
        int count = left > 0 ? poll(&poller, 1, (int) MIN(left / 1000 + 1, 60000)) : 0;
        if (count > 0)
            return TRUE;
        if (count == 0 || errno != EINTR)
            return FALSE;
    }
}

static gboolean
read_whole(int descriptor, char *bytes, gsize length, Tick deadline)
{
    for (gsize done = 0; done < length;) {
        if (!wait_for(descriptor, POLLIN, deadline))
            return FALSE;
        gssize count = read(descriptor, bytes + done, length - done);
        if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN))
            return FALSE;
        done += (gsize) MAX(count, 0);
    }
    return TRUE;
}

/* A dozen bytes at a socket nobody has written to yet. */
static gboolean
write_whole(int descriptor, const char *bytes, gsize length, Tick deadline)
{
    return wait_for(descriptor, POLLOUT, deadline) && write(descriptor, bytes, length) == (gssize) length;
}

/* NULL: we are in. Else what went wrong. */
static const char *
enter(int descriptor, Tick deadline)
{
    static const char none[] = { SECURITY_NONE };
    char bytes[256] = "";
    if (!read_whole(descriptor, bytes, VERSION_LENGTH, deadline) || !write_whole(descriptor, VERSION, VERSION_LENGTH, deadline))
        return "it does not answer";
    if (memcmp(bytes, "RFB ", 4) != 0)
        return "it does not speak VNC";
    if (!read_whole(descriptor, bytes, 1, deadline))
        return "it does not answer";
    gsize kinds = (guint8) bytes[0];
    if (kinds == 0 || !read_whole(descriptor, bytes, kinds, deadline))
        return "it refuses the connection";
    if (!memchr(bytes, SECURITY_NONE, kinds))
        return "it asks for a password all the same";
    if (!write_whole(descriptor, none, 1, deadline) || !read_whole(descriptor, bytes, 4, deadline) || read_u32(bytes) != 0)
        return "it refuses the connection";
    return NULL;
}

gboolean
rfb_enter(int descriptor, const char *vm, Tick deadline, GError **error)
{
    const char *why = enter(descriptor, deadline);
    return !why || fault_set(error, MSG_CONSOLE_GUEST, "vm", vm, "reason", why, NULL);
}
