/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tokens as OAuth clients of oVirt ask for them: given for a name and password, asked about, given back. Replies and refusals are
 * JSON of a shape of their own, not <fault>. */
#pragma once

#include "api/exchange.h"

void sso_serve_token(Exchange *exchange);
void sso_serve_http_auth(Exchange *exchange);       /* Kerberos: not here */
void sso_serve_revoke(Exchange *exchange);          /* also sso-logout: what SDKs call when they are done */
void sso_serve_info(Exchange *exchange);
