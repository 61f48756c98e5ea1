/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `shikiri complete -- WORD…`: what may stand where the last WORD is being typed, a candidate a line, for the completion scripts of bash,
 * zsh and fish. Asks the manager, so that it knows a new type the day the manager does. Called by main.c. */
#pragma once

#include "cli/options.h"

/* TYPED: the options and words before PARTIAL. CLIENT: NULL where no manager is known; then only what needs none is offered. */
void complete_print(Client *client, const Options *typed, const char *partial);
