/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the log says of an end nobody asked for. kill -9 leaves no time for it: then the next start says it (shikiri.c). */
#pragma once

void last_words_set_up(void);       /* once, before anything else */
