/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A screenshot as hosts give it (binary PPM, 8 bits a colour) made into what browsers show. */
#pragma once

#include <glib.h>

GBytes *png_of_ppm(GBytes *ppm, GError **error);    /* yours; NULL: it is no such picture */
