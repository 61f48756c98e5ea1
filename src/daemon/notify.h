/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What systemd wants to know of a service (sd_notify(3)), without its library: a line to the socket it names. Nothing where
 * no systemd started us. */
#pragma once

void notify_ready(const char *status);
void notify_stopping(void);
