/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A small estate of made-up types for the tests of search and describe: ships lie in ports, ports in countries, and a log. */
#pragma once

#include "schema/search.h"

#define SHIP_STATUS(N, E) N(E, AT_SEA, "at_sea") N(E, IN_PORT, "in_port") N(E, LAID_UP, "laid_up")
NAMES_ENUM(ShipStatus, SHIP_STATUS, SHIP);
extern const Names ship_status_names;

typedef struct { Object object; char *name; } Country;
typedef struct { Object object; char *name; Ref country; } Port;
typedef struct { gint64 power; char *maker; } Motor;
typedef struct {
    Object object;
    char *name, *comment, *secret;
    int status;
    gint64 tonnage, built;
    double draught;
    gboolean insured;
    Ref home_port;
    Motor motor;
    Words flags;
} Ship;
typedef struct { Object object; char *description; gint64 code, time; } Entry;

extern const Type country_type, port_type, motor_type, ship_type, entry_type;
extern const SearchWord ship_words[];

/* The fixed ships, ports, countries and log entries; made once, freed by estate_free. */
void estate_make(void);
void estate_free(void);
GPtrArray *estate_all(const Type *type);        /* borrowed */
extern const SearchWorld estate_world;
