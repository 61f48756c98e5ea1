/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names and passwords of internal users. Checking is slow on purpose and runs on threads of its own; what was verified lately is
 * remembered under a digest with a key of this process, so that Basic costs nothing per request. Who fails again and again from
 * one address waits longer and longer. Tells the event log of logins and failures. */
#pragma once

#include "api/request.h"

typedef struct Login Login;

Login *login_new(Engine *engine);
/* Who still waits is refused. Any thread. */
void login_stop(Login *login);
gboolean login_free(Login *login, Tick deadline);        /* FALSE: a check still runs, and it stays */

/* The user if this name and password were verified lately and still hold; else the null id. Server thread; quick. */
Id login_known(Login *login, const char *name, const char *password);
/* Checks them, and calls THEN in REQUEST's server thread when it is known; ask login_result there. The request's handler returns
 * after this without having ended the exchange. */
void login_check(Login *login, Request *request, const char *name, const char *password, RequestCall then);
/* In THEN: the user, or the null id and the fault. */
Id login_result(Request *request, GError **error);
/* "admin@internal", "admin" and "admin@internal-authz" are the same; NULL if there is no such user. Borrowed from VIEW. */
const User *login_find_user(const View *view, const char *name);
