/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread that runs libvirt's own event loop (the default GMainContext: events, keepalive, close callbacks) for all
 * hosts. Held by every link; the first hold starts it, before any connection is opened, the last release ends it. */
#pragma once

void libvirt_loop_hold(void);
void libvirt_loop_release(void);
