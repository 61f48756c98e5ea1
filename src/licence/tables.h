/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Two dated tables: the core factor of a processor, and how a product is counted. Both are compiled in, printed as JSON for the package's data
 * folder, and read from a file where one is given: who has a newer table edits the file, and every count names the date and
 * the source of what it went by. */
#pragma once

#include "base/text.h"

#define TABLES_MOST_BYTES (1u << 20)
#define TABLES_MOST_ROWS 1024
#define TABLES_UNIT 1000000             /* factors are in millionths: they are decimal numbers, and are rounded up once, at the very end */

typedef struct {
    char *arch, *vendor, *model;        /* "*" stands for any run of characters; compared without case */
    gint64 factor;                      /* TABLES_UNIT is 1 */
    char *what;                         /* for people */
} CoreFactor;

typedef enum { METRIC_PROCESSOR, METRIC_SOCKET } Metric;

typedef struct {
    char *name, *title;
    Metric metric;
    gint64 nup_per_licence, nup_per_server;     /* least number of named users, for each licence and for each server; 0: no such rule */
    gint64 most_sockets;                        /* that a server may have room for; 0: any */
} ProductRow;

typedef struct {
    char *factors_date, *factors_source, *products_date, *products_source;
    GArray *factors;                    /* CoreFactor; the first that fits counts */
    GArray *products;                   /* ProductRow */
} Tables;

Tables *tables_new(void);               /* as compiled in */
void tables_free(Tables *tables);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tables, tables_free)
/* Puts what BYTES have in place of the one table or the other; nothing is changed by a refusal. */
gboolean tables_read_factors(Tables *tables, const char *bytes, gsize length, GError **error);
gboolean tables_read_products(Tables *tables, const char *bytes, gsize length, GError **error);
void tables_write_factors(Text *out, const Tables *tables);
void tables_write_products(Text *out, const Tables *tables);

/* What fits a processor; any of the three may be NULL. NULL: no row does, and 1 is the factor of what is not listed. */
const CoreFactor *tables_factor(const Tables *tables, const char *arch, const char *vendor, const char *model);
const ProductRow *tables_product(const Tables *tables, const char *name);      /* NULL: not listed */
void tables_write_micro(Text *out, gint64 micro);      /* 500000 as 0.5 */
