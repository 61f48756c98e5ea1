/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * For people. Every number stands with what it was made of; what is not known is said to be unknown. */
#include "cli/licence_print.h"

#include "base/language.h"
#include "cli/print.h"

#include <stdarg.h>
#include <stdio.h>

static void
say(Language language, MessageCode code, ...)
{
    va_list list;
    va_start(list, code);
    g_autoptr(Message) message = message_new_list(code, list);
    va_end(list);
    g_autofree char *text = message_text(message, language);
    puts(text);
}

static GPtrArray *
new_table(const char *const *heads, guint columns, Language language)
{
    GPtrArray *cells = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < columns; i++)
        g_ptr_array_add(cells, g_strdup(language_word(heads[i], language)));
    return cells;
}

static void
add_number(GPtrArray *cells, gint64 number)
{
    g_ptr_array_add(cells, g_strdup_printf("%" G_GINT64_FORMAT, number));
}

static void
add_word(GPtrArray *cells, const char *word, Language language)
{
    g_ptr_array_add(cells, g_strdup(language_word(word, language)));
}

static char *
factor_text(gint64 factor)
{
    g_auto(Text) text = TEXT_EMPTY;
    tables_write_micro(&text, factor);
    return text_take(&text);
}

static void
say_tables(const Tables *tables, Language language)
{
    say(language, MSG_LICENCE_SAY_TABLES, "factors", tables->factors_date, "products", tables->products_date, NULL);
    say(language, MSG_LICENCE_SAY_LIMITS, NULL);
}

/* --- ledgers --------------------------------------------------------------------------------------------------------------- */

void
licence_print_ledger(const LedgerCheck *check, Language language)
{
    char from[CLOCK_DATE_SIZE], to[CLOCK_DATE_SIZE];
    g_autofree char *records = g_strdup_printf("%" G_GUINT64_FORMAT, check->records), *segments = g_strdup_printf("%" G_GUINT64_FORMAT, check->segments),
                    *gaps = g_strdup_printf("%" G_GUINT64_FORMAT, check->gaps);
    say(language, MSG_LICENCE_SAY_LEDGER, "records", records, "segments", segments, "from", clock_format(check->from, from), "to", clock_format(check->to, to), NULL);
    say(language, check->known_key ? MSG_LICENCE_SAY_KEY : MSG_LICENCE_SAY_OTHER_KEY, "key", check->key, NULL);
    if (check->gaps)
        say(language, MSG_LICENCE_SAY_GAPS, "gaps", gaps, NULL);
    say(language, check->ends ? MSG_LICENCE_SAY_HEAD : MSG_LICENCE_SAY_OPEN_END, "head", check->head, NULL);
}

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

static void
print_pins(const Plan *plan, const Topology *topology, Language language)
{
    static const char *const heads[] = { "vCPU", "CPU", "core", "socket", "node" };
    g_autoptr(GPtrArray) cells = new_table(heads, G_N_ELEMENTS(heads), language);
    for (guint i = 0; i < plan->n_vcpus; i++) {
        const TopologyCore *core = &topology->cores[topology_core(topology, plan->pins[i])];
        add_number(cells, i);
        add_number(cells, plan->pins[i]);
        add_number(cells, core->first);
        add_number(cells, topology->sockets[core->socket]);
        add_number(cells, topology->nodes[core->node]);
    }
    print_cells(cells, G_N_ELEMENTS(heads));
}

void
licence_print_plan(const Plan *plan, const Tables *tables, const Topology *topology, Language language)
{
    ReportFactor factor = report_factor(tables, topology, plan->n_cores);
    g_autofree char *vcpus = g_strdup_printf("%u", plan->n_vcpus), *cores = g_strdup_printf("%u", plan->n_cores), *cpus = cpus_text(&plan->cpus), *blocked = cpus_text(&plan->blocked),
                    *by = factor_text(factor.factor), *licences = g_strdup_printf("%" G_GUINT64_FORMAT, factor.licences);
    print_pins(plan, topology, language);
    putchar('\n');
    say(language, MSG_LICENCE_SAY_PLAN, "vcpus", vcpus, "cores", cores, "cpus", cpus, NULL);
    if (*blocked)
        say(language, MSG_LICENCE_SAY_BLOCKED, "cpus", blocked, NULL);
    say(language, MSG_LICENCE_SAY_FACTOR, "cores", cores, "factor", by, "basis", report_basis(factor.basis), "licences", licences, NULL);
    g_autofree char *advice = cpus_text(&plan->advice), *fewer = g_strdup_printf("%u", plan->advice_cores);
    if (plan->advice_cores)
        say(language, MSG_LICENCE_SAY_ADVICE, "cpus", advice, "cores", fewer, NULL);
    if (plan->doubts)
        say(language, MSG_LICENCE_PLAN_UNCERTAIN, "why", topology_doubt(plan->doubts), NULL);
    say_tables(tables, language);
}

/* --- counts --------------------------------------------------------------------------------------------------------------- */

static const char *
product_name(const Count *count, const CountProduct *product)
{
    return g_ptr_array_index(count->history->products, (guint) product->product);
}

static const char *
yes_or_no(gboolean yes)
{
    return yes ? "yes" : "no";
}

static void
print_products(const Count *count, Language language)
{
    static const char *const heads[] = { "product", "counted by", "concurrent peak", "sum of host peaks", "union ever", "licences", "named users", "proven", "may run there" };
    g_autoptr(GPtrArray) cells = new_table(heads, G_N_ELEMENTS(heads), language);
    for (guint i = 0; i < count->products->len; i++) {
        const CountProduct *product = &g_array_index(count->products, CountProduct, i);
        gboolean sockets = product->row && product->row->metric == METRIC_SOCKET;
        const CountFigures *figures = sockets ? &product->sockets : &product->cores;
        g_ptr_array_add(cells, g_strdup(product_name(count, product)));
        add_word(cells, sockets ? "socket" : "core", language);
        add_number(cells, (gint64) figures->concurrent_peak);
        add_number(cells, (gint64) figures->sum_of_host_peaks);
        add_number(cells, (gint64) figures->union_ever);
        add_number(cells, (gint64) product->licences);
        add_number(cells, product->nup);
        add_word(cells, yes_or_no(product->proven), language);
        add_word(cells, yes_or_no(product->eligible), language);
    }
    print_cells(cells, G_N_ELEMENTS(heads));
}

static void
print_hosts(const Count *count, Language language)
{
    static const char *const heads[] = { "product", "host", "cluster", "peak", "union ever", "sockets", "factor", "whole host", "exempt" };
    g_autoptr(GPtrArray) cells = new_table(heads, G_N_ELEMENTS(heads), language);
    for (guint i = 0; i < count->products->len; i++) {
        const CountProduct *product = &g_array_index(count->products, CountProduct, i);
        for (guint h = 0; h < product->hosts->len; h++) {
            const CountHost *row = &g_array_index(product->hosts, CountHost, h);
            const HistoryHost *host = history_host(count->history, (guint) row->host);
            g_ptr_array_add(cells, g_strdup(product_name(count, product)));
            g_ptr_array_add(cells, g_strdup(host->name));
            g_ptr_array_add(cells, g_strdup(history_cluster(count->history, (guint) host->cluster)->name));
            add_number(cells, row->peak);
            add_number(cells, row->ever);
            add_number(cells, row->socket_peak);
            g_ptr_array_add(cells, factor_text(row->factor));
            add_word(cells, yes_or_no(row->whole), language);
            add_word(cells, yes_or_no(row->exempt), language);
        }
    }
    putchar('\n');
    print_cells(cells, G_N_ELEMENTS(heads));
}

/* Clusters that count by whole hosts. */
static void
say_migrations(const Count *count, Language language)
{
    for (guint i = 0; i < count->products->len; i++) {
        const CountProduct *product = &g_array_index(count->products, CountProduct, i);
        for (guint c = 0; c < product->clusters->len; c++) {
            const CountCluster *cluster = &g_array_index(product->clusters, CountCluster, c);
            g_autofree char *vms = g_strdup_printf("%u", cluster->vms), *cores = g_strdup_printf("%u", cluster->cores), *hosts = g_strdup_printf("%u", cluster->hosts->len);
            say(language, MSG_LICENCE_SAY_MIGRATION, "cluster", history_cluster(count->history, (guint) cluster->cluster)->name, "product", product_name(count, product), "vms", vms,
                "hosts", hosts, "cores", cores, NULL);
        }
    }
}

static void
say_failover(const Count *count, Language language)
{
    for (guint i = 0; i < count->failover->len; i++) {
        const CountFailover *row = &g_array_index(count->failover, CountFailover, i);
        g_autofree char *periods = g_strdup_printf("%u", row->periods), *days = g_strdup_printf("%u", row->days);
        say(language, row->exempt ? MSG_LICENCE_SAY_EXEMPT : MSG_LICENCE_SAY_NOT_EXEMPT, "host", history_host(count->history, (guint) row->host)->name, "periods", periods, "days", days, NULL);
    }
}

static void
say_owned(const Count *count, Language language)
{
    for (guint i = 0; i < count->products->len; i++) {
        const CountProduct *product = &g_array_index(count->products, CountProduct, i);
        g_autofree char *owned = g_strdup_printf("%d", (int) product->owned), *needed = g_strdup_printf("%" G_GUINT64_FORMAT, product->licences);
        if (product->owned >= 0)
            say(language, MSG_LICENCE_SAY_OWNED, "product", product_name(count, product), "needed", needed, "owned", owned, NULL);
        if (!product->row)
            say(language, MSG_LICENCE_SAY_UNLISTED, "product", product_name(count, product), NULL);
    }
}

static void
print_findings(const Count *count, Language language)
{
    static const char *const heads[] = { "severity", "finding", "since", "what was found" };
    g_autoptr(GPtrArray) cells = new_table(heads, G_N_ELEMENTS(heads), language);
    for (guint i = 0; i < count->findings->rows->len; i++) {
        const Finding *finding = count->findings->rows->pdata[i];
        char date[CLOCK_DATE_SIZE];
        add_word(cells, finding_severity_word(finding->severity), language);
        g_ptr_array_add(cells, g_strdup_printf("HP-%02u", finding->number));
        g_ptr_array_add(cells, g_strdup(clock_format(finding->t, date)));
        g_ptr_array_add(cells, message_text(finding->message, language));
    }
    putchar('\n');
    print_cells(cells, G_N_ELEMENTS(heads));
}

static void
print_rules(const Count *count, Language language)
{
    putchar('\n');
    for (const ReportRule *row = report_rules; row->name; row++)
        printf("%s: %s\n", row->name, language_word(row->rule, language));
    for (guint number = 1, i = 0; i < count->findings->rows->len; i++) {
        const Finding *finding = count->findings->rows->pdata[i];
        if (finding->number < number)
            continue;
        printf("HP-%02u: %s\n", finding->number, language_word(finding_basis(finding->number), language));
        number = finding->number + 1;
    }
}

void
licence_print_count(const Count *count, const Tables *tables, gboolean rules, Language language)
{
    char from[CLOCK_DATE_SIZE], to[CLOCK_DATE_SIZE];
    say(language, MSG_LICENCE_SAY_WINDOW, "from", clock_format(count->from, from), "to", clock_format(count->to, to), NULL);
    putchar('\n');
    print_products(count, language);
    print_hosts(count, language);
    putchar('\n');
    say_migrations(count, language);
    say_failover(count, language);
    say_owned(count, language);
    if (count->findings->rows->len)
        print_findings(count, language);
    if (rules)
        print_rules(count, language);
    putchar('\n');
    say_tables(tables, language);
}
