/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A number of the past in sixteen bits: six of exponent, ten of mantissa, no sign, since nothing that is kept is below zero. Half
 * floats end at 65504 and bfloat16 keeps two digits; this reaches from 2^-16 to 2^48 and is wrong by one part in 2048 at most,
 * which nobody sees in a graph. Half the size of a float is half the disk. 0 is a gap, so that a hole in a file is one. */
#pragma once

#include <glib.h>

typedef guint16 Cell;

#define CELL_GAP ((Cell) 0)
#define CELL_ZERO ((Cell) 1)

Cell cell_pack(double value);       /* NaN is a gap; below 0 is 0; beyond the end is the end */
double cell_value(Cell cell);       /* NaN for a gap */
