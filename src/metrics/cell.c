/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Packing by the bits of the double itself: its exponent moved, its mantissa rounded to ten bits. A carry out of the mantissa
 * counts the exponent up, as it should. */
#include "metrics/cell.h"

#include <math.h>
#include <string.h>

#define LEAST (-16)                     /* exponent of the smallest value */
#define BIAS 1023                       /* of a double */
#define KEPT 10                         /* bits of mantissa */
#define LOST (52 - KEPT)

Cell
cell_pack(double value)
{
    guint64 bits;
    if (isnan(value))
        return CELL_GAP;
    if (value <= 0)
        return CELL_ZERO;
    memcpy(&bits, &value, sizeof(bits));
    bits += G_GUINT64_CONSTANT(1) << (LOST - 1);
    gint64 code = (gint64) (bits >> LOST) - ((gint64) (BIAS + LEAST) << KEPT);
    if (code <= CELL_ZERO)
        return CELL_ZERO;
    return (Cell) MIN(code, G_MAXUINT16);
}

double
cell_value(Cell cell)
{
    double value;
    if (cell == CELL_GAP)
        return NAN;
    if (cell == CELL_ZERO)
        return 0;
    guint64 bits = ((guint64) cell + ((guint64) (BIAS + LEAST) << KEPT)) << LOST;
    memcpy(&value, &bits, sizeof(value));
    return value;
}
