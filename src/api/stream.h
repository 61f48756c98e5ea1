/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * GET …/events/stream: what changes, as it changes, as server-sent events. A follower resumes by the id of the last event it
 * saw, and is told to reset when that is too long ago or of another start of the manager. */
#pragma once

#include "api/exchange.h"

void stream_serve(Exchange *exchange);
