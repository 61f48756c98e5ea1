/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The tables: rows compiled in, JSON in and out. */
#include "licence/tables.h"

#include "licence/reader.h"

/* What stands in the tables that come with the program, and since when. Both are gathered from public reports of what Oracle
 * publishes, and are no publication of Oracle's. */
#define FACTORS_DATE "2026-02-01"
#define FACTORS_SOURCE "Oracle Processor Core Factor Table, as reported by independent guides of December 2025 and February 2026; compare with Oracle's own before relying on it"
#define PRODUCTS_DATE "2026-02-01"
#define PRODUCTS_SOURCE "Oracle licensing guides of 2020 to 2026; the contract decides"

static const struct { const char *arch, *vendor, *model; gint64 factor; const char *what; } factor_rows[] = {
    { "x86_64", "*", "*", 500000, "Intel Xeon, AMD Opteron and EPYC: multicore x86" },
    { "aarch64", "*ampere*", "*", 250000, "Ampere Altra; one source only" },
    { "ppc64*", "*", "*", 1000000, "IBM POWER" },
    { "*", "*", "*", 1000000, "whatever is not listed" },
};

static const struct { const char *name, *title; Metric metric; gint64 nup_per_licence, nup_per_server, most_sockets; } product_rows[] = {
    { "EE", "Oracle Database Enterprise Edition", METRIC_PROCESSOR, 25, 0, 0 },
    { "SE2", "Oracle Database Standard Edition 2", METRIC_SOCKET, 0, 10, 2 },
};

static const char *const metric_words[] = { "processor", "socket" };

static void
clear_factor(gpointer record)
{
    CoreFactor *row = record;
    g_free(row->arch);
    g_free(row->vendor);
    g_free(row->model);
    g_free(row->what);
}

static void
clear_product(gpointer record)
{
    ProductRow *row = record;
    g_free(row->name);
    g_free(row->title);
}

static GArray *
new_rows(gsize size, GDestroyNotify clear)
{
    GArray *rows = g_array_new(FALSE, TRUE, (guint) size);
    g_array_set_clear_func(rows, clear);
    return rows;
}

Tables *
tables_new(void)
{
    Tables *tables = g_new0(Tables, 1);
    tables->factors_date = g_strdup(FACTORS_DATE);
    tables->factors_source = g_strdup(FACTORS_SOURCE);
    tables->products_date = g_strdup(PRODUCTS_DATE);
    tables->products_source = g_strdup(PRODUCTS_SOURCE);
    tables->factors = new_rows(sizeof(CoreFactor), clear_factor);
    tables->products = new_rows(sizeof(ProductRow), clear_product);
    for (guint i = 0; i < G_N_ELEMENTS(factor_rows); i++) {
        CoreFactor row = { g_strdup(factor_rows[i].arch), g_strdup(factor_rows[i].vendor), g_strdup(factor_rows[i].model), factor_rows[i].factor, g_strdup(factor_rows[i].what) };
        g_array_append_val(tables->factors, row);
    }
    for (guint i = 0; i < G_N_ELEMENTS(product_rows); i++) {
        ProductRow row = { g_strdup(product_rows[i].name), g_strdup(product_rows[i].title), product_rows[i].metric, product_rows[i].nup_per_licence,
            product_rows[i].nup_per_server, product_rows[i].most_sockets };
        g_array_append_val(tables->products, row);
    }
    return tables;
}

void
tables_free(Tables *tables)
{
    if (!tables)
        return;
    g_free(tables->factors_date);
    g_free(tables->factors_source);
    g_free(tables->products_date);
    g_free(tables->products_source);
    g_array_unref(tables->factors);
    g_array_unref(tables->products);
    g_free(tables);
}

/* --- reading -------------------------------------------------------------------------------------------------------------- */

typedef struct {
    Slice date, source;
    GArray *rows;
} File;

typedef struct {
    Slice arch, vendor, model, what, name, title;
    gint64 factor, nup_per_licence, nup_per_server, most_sockets;
    int metric;
} Row;

#define ROW_SLICE(word) { #word, READER_SLICE, offsetof(Row, word), 0, 0, NULL }
#define ROW_INT(word, most) { #word, READER_INT, offsetof(Row, word), 0, most, NULL }
static const ReaderField factor_fields[] = {
    { "factor", READER_MICRO, offsetof(Row, factor), 1, 10 * TABLES_UNIT, NULL },
    ROW_SLICE(arch),
    ROW_SLICE(vendor),
    ROW_SLICE(model),
    ROW_SLICE(what),
    { NULL, 0, 0, 0, 0, NULL },
};

static gboolean
read_metric(Reader *reader, gpointer record, GError **error)
{
    Slice word;
    if (!reader_text(reader, "processor or socket", &word, error))
        return FALSE;
    ((Row *) record)->metric = slice_is(word, metric_words[METRIC_SOCKET]) ? METRIC_SOCKET : METRIC_PROCESSOR;
    return slice_is(word, metric_words[((Row *) record)->metric]) || reader_refuse(reader, word, "processor or socket", error);
}

static const ReaderField product_fields[] = {
    ROW_SLICE(name),
    { "metric", READER_VALUE, 0, 0, 0, read_metric },
    ROW_SLICE(title),
    ROW_INT(nup_per_licence, 1000000),
    ROW_INT(nup_per_server, 1000000),
    ROW_INT(most_sockets, 1024),
    { NULL, 0, 0, 0, 0, NULL },
};

static char *
pattern(Slice slice)
{
    g_autofree char *text = slice.bytes ? slice_dup(slice) : g_strdup("*");
    return text_fold(text);
}

static gboolean
read_factor(Reader *reader, gpointer record, GError **error)
{
    Row row = { 0 };
    guint64 given;
    if (!reader_object(reader, factor_fields, &row, &given, error) || !reader_has(reader, factor_fields, given, 1, error))
        return FALSE;
    CoreFactor factor = { pattern(row.arch), pattern(row.vendor), pattern(row.model), row.factor, slice_dup(row.what.bytes ? row.what : (Slice) { "", 0 }) };
    g_array_append_val(((File *) record)->rows, factor);
    return TRUE;
}

static gboolean
read_product(Reader *reader, gpointer record, GError **error)
{
    Row row = { 0 };
    guint64 given;
    if (!reader_object(reader, product_fields, &row, &given, error) || !reader_has(reader, product_fields, given, 3, error))
        return FALSE;
    g_autofree char *name = slice_dup(row.name);
    if (!text_is_name(name))
        return reader_refuse(reader, row.name, "a name", error);
    ProductRow product = { g_steal_pointer(&name), slice_dup(row.title.bytes ? row.title : row.name), (Metric) row.metric, row.nup_per_licence, row.nup_per_server, row.most_sockets };
    g_array_append_val(((File *) record)->rows, product);
    return TRUE;
}

static gboolean
read_factors(Reader *reader, gpointer record, GError **error)
{
    return reader_list(reader, read_factor, record, TABLES_MOST_ROWS, error);
}

static gboolean
read_products(Reader *reader, gpointer record, GError **error)
{
    return reader_list(reader, read_product, record, TABLES_MOST_ROWS, error);
}

#define FILE_FIELDS(rows, reads) { \
    { "date", READER_SLICE, offsetof(File, date), 0, 0, NULL }, \
    { "source", READER_SLICE, offsetof(File, source), 0, 0, NULL }, \
    { rows, READER_VALUE, 0, 0, 0, reads }, \
    { NULL, 0, 0, 0, 0, NULL } }
static const ReaderField factors_file[] = FILE_FIELDS("factors", read_factors);
static const ReaderField products_file[] = FILE_FIELDS("products", read_products);

/* All three fields of a file are needed: a table without its date is no evidence. */
static gboolean
read_file(Reader *reader, const ReaderField *fields, File *file, GError **error)
{
    guint64 given;
    return reader_object(reader, fields, file, &given, error) && reader_has(reader, fields, given, 7, error) && reader_ends(reader, error);
}

static void
swap(char **date, char **source, GArray **rows, const File *file)
{
    g_free(*date);
    *date = slice_dup(file->date);
    g_free(*source);
    *source = slice_dup(file->source);
    g_array_unref(*rows);
    *rows = g_array_ref(file->rows);
}

gboolean
tables_read_factors(Tables *tables, const char *bytes, gsize length, GError **error)
{
    g_auto(Reader) reader;
    g_autoptr(GArray) rows = new_rows(sizeof(CoreFactor), clear_factor);
    File file = { .rows = rows };
    reader_open(&reader, "core factor table", bytes, length);
    if (!read_file(&reader, factors_file, &file, error))
        return FALSE;
    swap(&tables->factors_date, &tables->factors_source, &tables->factors, &file);
    return TRUE;
}

gboolean
tables_read_products(Tables *tables, const char *bytes, gsize length, GError **error)
{
    g_auto(Reader) reader;
    g_autoptr(GArray) rows = new_rows(sizeof(ProductRow), clear_product);
    File file = { .rows = rows };
    reader_open(&reader, "product table", bytes, length);
    if (!read_file(&reader, products_file, &file, error))
        return FALSE;
    swap(&tables->products_date, &tables->products_source, &tables->products, &file);
    return TRUE;
}

/* --- writing -------------------------------------------------------------------------------------------------------------- */

void
tables_write_micro(Text *out, gint64 micro)
{
    gint64 fraction = micro % TABLES_UNIT;
    text_add_int(out, micro / TABLES_UNIT);
    if (!fraction)
        return;
    char digits[8];
    g_snprintf(digits, sizeof(digits), "%06d", (int) fraction);
    for (int i = 5; digits[i] == '0'; i--)
        digits[i] = '\0';
    text_printf(out, ".%s", digits);
}

static void
write_head(Text *out, const char *date, const char *source, const char *rows)
{
    text_add_literal(out, "{\n  \"date\": ");
    text_add_json(out, date);
    text_add_literal(out, ",\n  \"source\": ");
    text_add_json(out, source);
    text_printf(out, ",\n  \"%s\": [", rows);
}

static void
write_text(Text *out, const char *name, const char *value)
{
    text_printf(out, "\"%s\": ", name);
    text_add_json(out, value);
    text_add_literal(out, ", ");
}

void
tables_write_factors(Text *out, const Tables *tables)
{
    write_head(out, tables->factors_date, tables->factors_source, "factors");
    for (guint i = 0; i < tables->factors->len; i++) {
        const CoreFactor *row = &g_array_index(tables->factors, CoreFactor, i);
        text_add(out, i ? ",\n    {" : "\n    {");
        write_text(out, "arch", row->arch);
        write_text(out, "vendor", row->vendor);
        write_text(out, "model", row->model);
        write_text(out, "what", row->what);
        text_add_literal(out, "\"factor\": ");
        tables_write_micro(out, row->factor);
        text_add_literal(out, "}");
    }
    text_add_literal(out, "\n  ]\n}\n");
}

void
tables_write_products(Text *out, const Tables *tables)
{
    write_head(out, tables->products_date, tables->products_source, "products");
    for (guint i = 0; i < tables->products->len; i++) {
        const ProductRow *row = &g_array_index(tables->products, ProductRow, i);
        text_add(out, i ? ",\n    {" : "\n    {");
        write_text(out, "name", row->name);
        write_text(out, "title", row->title);
        write_text(out, "metric", metric_words[row->metric]);
        text_printf(out, "\"nup_per_licence\": %d, \"nup_per_server\": %d, \"most_sockets\": %d}", (int) row->nup_per_licence, (int) row->nup_per_server, (int) row->most_sockets);
    }
    text_add_literal(out, "\n  ]\n}\n");
}

/* --- asking --------------------------------------------------------------------------------------------------------------- */

static gboolean
fits(const char *value, const char *pattern_of)
{
    g_autofree char *folded = text_fold(value ? value : "");
    return text_matches(folded, pattern_of);
}

const CoreFactor *
tables_factor(const Tables *tables, const char *arch, const char *vendor, const char *model)
{
    for (guint i = 0; i < tables->factors->len; i++) {
        const CoreFactor *row = &g_array_index(tables->factors, CoreFactor, i);
        if (fits(arch, row->arch) && fits(vendor, row->vendor) && fits(model, row->model))
            return row;
    }
    return NULL;
}

const ProductRow *
tables_product(const Tables *tables, const char *name)
{
    for (guint i = 0; i < tables->products->len; i++) {
        const ProductRow *row = &g_array_index(tables->products, ProductRow, i);
        if (g_str_equal(row->name, name))
            return row;
    }
    return NULL;
}
