/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Histories of licensed products: refused with a sentence, or counted, in both ways of taking what is stopped; then the figures stand in their order, a stop
 * adds nothing, and the report is JSON. Files that a history names are not there. */
#include "fuzz.h"

#include "licence/report.h"

#include <json-c/json.h>

static void
check_product(const CountProduct *product)
{
    g_assert_cmpuint(product->cores.concurrent_peak, <=, product->cores.sum_of_host_peaks);
    g_assert_cmpuint(product->licences, <=, product->licences_before);
    g_assert_cmpuint(product->licences_concurrent, <=, product->licences_before);
    g_assert_cmpint(product->nup, >=, product->users);
    for (guint i = 0; i < product->hosts->len; i++) {
        const CountHost *host = &g_array_index(product->hosts, CountHost, i);
        g_assert_cmpuint(host->peak, >, 0);
        g_assert_cmpuint(host->peak, <=, host->ever);
        g_assert_cmpuint(host->socket_peak, <=, host->peak);
    }
}

static void
check_report(const Count *count, const Tables *tables)
{
    g_auto(Text) out = TEXT_EMPTY;
    report_count(&out, count, tables, TRUE);
    g_autofree char *text = text_take(&out);
    struct json_object *read = json_tokener_parse(text);
    g_assert_nonnull(read);
    json_object_put(read);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    g_autoptr(Tables) tables = tables_new();
    g_autoptr(History) history = history_read((const char *) data, size, NULL, NULL, &error);
    if (!history) {
        fuzz_refused(error);
        return 0;
    }
    for (int strict = 0; strict < 2; strict++) {
        const CountOptions with = { .strict = strict, .timeline = TRUE }, without = { .strict = strict, .ignore_stopped = TRUE, .timeline = TRUE };
        g_autoptr(Count) counted = count_run(history, tables, &with, NULL), running = count_run(history, tables, &without, NULL);
        for (guint i = 0; i < counted->products->len; i++) {
            const CountProduct *product = &g_array_index(counted->products, CountProduct, i);
            check_product(product);
            g_assert_cmpuint(g_array_index(running->products, CountProduct, i).cores.sum_of_host_peaks, <=, product->cores.sum_of_host_peaks);
        }
        check_report(counted, tables);
    }
    return 0;
}
