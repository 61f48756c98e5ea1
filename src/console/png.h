/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A screenshot as hosts give it made into what browsers show: newer libvirt and QEMU give a PNG, which stays as it is, older ones a binary PPM of 8 bits a
 * colour. */
#pragma once

#include <glib.h>

GBytes *png_of(GBytes *given, GError **error);      /* yours; NULL: it is no such picture */
