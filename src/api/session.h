/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who has logged in: tokens (Bearer) and cookies (Prefer: persistent-auth), in memory only, so that a restart ends them all.
 * A secret is 256 random bits; only its digest is kept. Bounded; idle ones expire. Any thread. */
#pragma once

#include "base/clock.h"
#include "base/id.h"

typedef struct Sessions Sessions;
typedef enum { SESSION_TOKEN, SESSION_COOKIE } SessionKind;

Sessions *sessions_new(guint most, guint most_of_one);
void sessions_free(Sessions *sessions);
/* The secret; yours. IDLE: how long it lives unused. */
char *session_open(Sessions *sessions, SessionKind kind, const Id *user, Tick idle);
/* A cookie for who has come in with TOKEN: it ends with it. */
char *session_open_below(Sessions *sessions, const char *token, const Id *user, Tick idle);
/* Whose it is; the null id if nobody's any more. Counts as use. */
Id session_user(Sessions *sessions, SessionKind kind, const char *secret);
/* With the cookies below it. */
gboolean session_close(Sessions *sessions, SessionKind kind, const char *secret, Id *ret_user);     /* FALSE: there was none */
/* What stands for a session where its secret must not be kept; and whether it lives, which counts as use. */
void session_digest(SessionKind kind, const char *secret, guint8 ret_digest[32]);
gboolean session_lives(Sessions *sessions, const guint8 digest[32]);
guint sessions_count(Sessions *sessions);
