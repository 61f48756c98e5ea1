/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checked, made a history, counted; and of that what is said of one product. */
#include "licence/ledger_figures.h"

#include "base/fault.h"
#include "licence/count.h"
#include "licence/ledger_check.h"
#include "licence/ledger_history.h"

#include <string.h>

static void
finding_free(gpointer data)
{
    LedgerFinding *finding = data;
    g_free(finding->id);
    g_free(finding->vm);
    g_free(finding->host);
    g_free(finding->text);
    g_free(finding);
}

void
ledger_figures_clear(LedgerFigures *figures)
{
    g_free(figures->head);
    g_clear_pointer(&figures->findings, g_ptr_array_unref);
    memset(figures, 0, sizeof(*figures));
}

static gboolean
check(char *const *paths, const char *key_file, LedgerFigures *figures, GError **error)
{
    g_auto(LedgerCheck) checked = { 0 };
    if (!ledger_check(paths, key_file, &checked, error))
        return FALSE;
    figures->head = g_strdup(checked.head);
    if (!checked.why)
        return TRUE;
    g_autofree char *why = message_encode(checked.why), *n = g_strdup_printf("%" G_GUINT64_FORMAT, checked.bad), *line = g_strdup_printf("%" G_GUINT64_FORMAT, checked.line);
    g_autofree char *records = g_strdup_printf("%" G_GUINT64_FORMAT, checked.records);
    return fault_set(error, MSG_LICENCE_LEDGER_BAD, "n", n, "file", checked.file, "why", why, "line", line, "records", records, NULL);
}

static void
take_findings(LedgerFigures *figures, const Findings *findings, const char *product)
{
    for (guint i = 0; i < findings->rows->len; i++) {
        const Finding *found = findings->rows->pdata[i];
        if (found->product && g_strcmp0(found->product, product) != 0)
            continue;
        LedgerFinding *finding = g_new0(LedgerFinding, 1);
        finding->id = g_strdup_printf("HP-%02u", found->number);
        finding->severity = finding_severity_word(found->severity);
        finding->vm = g_strdup(found->vm);
        finding->host = g_strdup(found->host);
        finding->text = message_text(found->message, LANGUAGE_EN);
        g_ptr_array_add(figures->findings, finding);
    }
}

/* Nothing was recorded of a product that no VM has had. */
static void
take_product(LedgerFigures *figures, const History *history, const Count *count, const char *name)
{
    for (guint i = 0; i < count->products->len; i++) {
        const CountProduct *product = &g_array_index(count->products, CountProduct, i);
        const CountFigures *of = product->row && product->row->metric == METRIC_SOCKET ? &product->sockets : &product->cores;
        if (g_strcmp0(history->products->pdata[product->product], name) != 0)
            continue;
        figures->at_once = of->concurrent_peak;
        figures->of_hosts = of->sum_of_host_peaks;
        figures->ever = of->union_ever;
        figures->licences = product->licences;
        figures->licences_at_once = product->licences_concurrent;
        figures->proven = product->proven;
    }
}

gboolean
ledger_figures_count(char *const *paths, const char *key_file, const char *product, Wall from, Wall to, LedgerFigures *ret, GError **error)
{
    g_auto(LedgerFigures) figures = { .proven = TRUE, .findings = g_ptr_array_new_with_free_func(finding_free) };
    const CountOptions options = { .has_from = from != 0, .has_to = TRUE, .from = from, .to = to };
    g_auto(Text) json = TEXT_EMPTY;
    if (!check(paths, key_file, &figures, error) || !ledger_history(paths, NULL, 0, &json, error))
        return FALSE;
    g_autoptr(Tables) tables = tables_new();
    g_autoptr(History) history = history_read(json.bytes, json.length, NULL, NULL, error);
    g_autoptr(Count) count = history ? count_run(history, tables, &options, error) : NULL;
    if (!count)
        return FALSE;
    figures.from = count->from;
    figures.to = count->to;
    take_product(&figures, history, count, product);
    take_findings(&figures, count->findings, product);
    *ret = figures;
    figures = (LedgerFigures) { 0 };
    return TRUE;
}
