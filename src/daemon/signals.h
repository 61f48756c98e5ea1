/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * SIGTERM, SIGINT and SIGHUP: they end the main loop, and with it the program within two seconds, whatever hangs. */
#pragma once

#include "base/loop.h"

void signals_block(void);           /* before the first thread is made: all inherit it */
void signals_watch(Loop *loop);     /* from here on any of them ends LOOP */
void signals_ended(void);           /* everything is taken apart: nobody need end it by force; after signals_watch */
