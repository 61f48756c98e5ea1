/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON by append, members in a fixed order. */
#include "licence/report.h"

const ReportRule report_rules[] = {
    { "cores", "A core is a set of sibling threads. A VM whose every vCPU is bound to a proper part of the host's CPUs, and that may not be migrated, counts the cores its pins touch, "
               "a partly used one as one; any other counts all cores of its host." },
    { "concurrent_peak", "The most cores at any one moment, summed over all hosts." },
    { "sum_of_host_peaks", "The most cores each host had at any moment of its own, added up: what somebody with the logs of each host adds up." },
    { "union_ever", "All cores that were ever touched, host by host." },
    { "licences", "The sum of host peaks without hosts that are exempt by the failover rule: by core factor, cores are added over hosts, multiplied, and rounded up once for each factor. "
                  "Products that are counted by sockets need one for each occupied socket that is touched, and no factor." },
    { "live_migration", "Where a VM with the product was migrated live within its cluster, as many whole hosts count as there are VMs with the product, the largest first." },
    { "stopped", "What is stopped is still installed: it counts where it last ran, unless stopped VMs are ignored." },
    { "failover", "A spare host is exempt for ten separate 24-hour periods in a calendar year. Calendar days that were touched are counted too, and the larger number holds." },
    { "gaps", "Where nobody looked, a host with VMs of the product counts all its cores, and the window is not proven." },
    { "nup", "Named-user licences: the users that were told, or the least number that the product demands for each processor licence or each server, whichever is more." },
    { NULL, NULL },
};

const char *
report_basis(FactorBasis basis)
{
    static const char *const words[] = { "given for the host", "from the table of core factors", "from the table of core factors, taken for x86_64 since no processor is named" };
    return words[basis];
}

ReportFactor
report_factor(const Tables *tables, const Topology *topology, guint cores)
{
    const CoreFactor *row = tables_factor(tables, topology->arch ? topology->arch : "x86_64", topology->vendor, topology->model);
    ReportFactor factor = { row ? row->factor : TABLES_UNIT, topology->arch ? FACTOR_LISTED : FACTOR_ASSUMED, 0 };
    factor.licences = (cores * (guint64) factor.factor + TABLES_UNIT - 1) / TABLES_UNIT;
    return factor;
}

/* --- parts ---------------------------------------------------------------------------------------------------------------- */

static void
put_number(Text *out, const char *name, gint64 value)
{
    text_printf(out, "\"%s\":%" G_GINT64_FORMAT, name, value);
}

static void
put_text(Text *out, const char *name, const char *value)
{
    text_printf(out, "\"%s\":", name);
    if (value)
        text_add_json(out, value);
    else
        text_add_literal(out, "null");
}

static void
put_flag(Text *out, const char *name, gboolean value)
{
    text_printf(out, "\"%s\":%s", name, value ? "true" : "false");
}

static void
put_time(Text *out, const char *name, Wall t)
{
    char date[CLOCK_DATE_SIZE];
    put_text(out, name, clock_format(t, date));
}

static void
put_numbers(Text *out, const char *name, const guint *values, guint count)
{
    text_printf(out, "\"%s\":[", name);
    for (guint i = 0; i < count; i++)
        text_printf(out, "%s%u", i ? "," : "", values[i]);
    text_add_literal(out, "]");
}

static void
put_comma(Text *out)
{
    text_add_literal(out, ",");
}

static void
put_tables(Text *out, const Tables *tables)
{
    text_add_literal(out, "\"tables\":{\"core_factors\":{");
    put_text(out, "date", tables->factors_date);
    put_comma(out);
    put_text(out, "source", tables->factors_source);
    text_add_literal(out, "},\"products\":{");
    put_text(out, "date", tables->products_date);
    put_comma(out);
    put_text(out, "source", tables->products_source);
    text_add_literal(out, "}}");
}

static void
put_finding(Text *out, const Finding *finding)
{
    const struct { const char *name, *value; } about[] = { { "vm", finding->vm }, { "host", finding->host }, { "cluster", finding->cluster }, { "product", finding->product } };
    g_autofree char *message = message_text(finding->message, LANGUAGE_EN);
    text_printf(out, "{\"id\":\"HP-%02u\",", finding->number);
    put_text(out, "severity", finding_severity_word(finding->severity));
    for (guint i = 0; i < G_N_ELEMENTS(about); i++) {
        if (!about[i].value)
            continue;
        put_comma(out);
        put_text(out, about[i].name, about[i].value);
    }
    put_comma(out);
    if (finding->t != G_MININT64) {
        put_time(out, "t", finding->t);
        put_comma(out);
        put_number(out, "times", finding->times);
        put_comma(out);
    }
    put_text(out, "message", message);
    put_comma(out);
    put_text(out, "basis", finding_basis(finding->number));
    text_add_literal(out, "}");
}

static void
put_findings(Text *out, const Findings *findings)
{
    text_add_literal(out, "\"findings\":[");
    for (guint i = 0; i < findings->rows->len; i++) {
        if (i)
            put_comma(out);
        put_finding(out, findings->rows->pdata[i]);
    }
    text_add_literal(out, "]");
}

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

static void
put_set(Text *out, const char *name, const Cpus *cpus)
{
    g_autofree guint *numbers = g_new(guint, cpus_count(cpus));
    guint count = 0;
    for (int cpu = -1; (cpu = cpus_next(cpus, cpu)) >= 0;)
        numbers[count++] = (guint) cpu;
    put_numbers(out, name, numbers, count);
}

static void
put_guest(Text *out, const Plan *plan)
{
    text_add_literal(out, "\"guest\":{\"sockets\":1,");
    put_number(out, "cores", plan->n_vcpus / plan->threads);
    put_comma(out);
    put_number(out, "threads", plan->threads);
    text_add_literal(out, ",\"cells\":[");
    for (guint i = 0; i < plan->n_cells; i++) {
        const PlanCell *cell = &plan->cells[i];
        text_printf(out, "%s{\"node\":%u,\"vcpus\":\"%u", i ? "," : "", cell->node, cell->first);
        if (cell->count > 1)
            text_printf(out, "-%u", cell->first + cell->count - 1);
        text_add_literal(out, "\"}");
    }
    text_add_literal(out, "]}");
}

static void
put_nodes(Text *out, const Plan *plan)
{
    text_add_literal(out, "\"nodes\":[");
    for (guint i = 0; i < plan->n_cells; i++)
        text_printf(out, "%s%u", i ? "," : "", plan->cells[i].node);
    text_add_literal(out, "]");
}

/* What else could be reserved so that fewer cores do. */
static void
put_advice(Text *out, const Plan *plan)
{
    g_autofree char *reserved = cpus_text(&plan->advice);
    if (!plan->advice_cores) {
        text_add_literal(out, "null");
        return;
    }
    text_add_literal(out, "{");
    put_text(out, "reserved", reserved);
    put_comma(out);
    put_number(out, "cores", plan->advice_cores);
    text_add_literal(out, "}");
}

void
report_plan(Text *out, const Plan *plan, const Tables *tables, const Topology *topology)
{
    g_autoptr(Findings) findings = findings_new();
    g_autofree char *cpuset = cpus_text(&plan->cpus);
    ReportFactor factor = report_factor(tables, topology, plan->n_cores);
    Finding doubt = { .number = 15, .severity = finding_severity(15), .t = G_MININT64 };
    if (plan->doubts)
        findings_add(findings, &doubt, MSG_LICENCE_PLAN_UNCERTAIN, "why", topology_doubt(plan->doubts), NULL);
    text_add_literal(out, "{");
    put_numbers(out, "pins", plan->pins, plan->n_vcpus);
    put_comma(out);
    put_set(out, "blocked", &plan->blocked);
    put_comma(out);
    put_number(out, "cores", plan->n_cores);
    put_comma(out);
    put_nodes(out, plan);
    put_comma(out);
    put_numbers(out, "sockets", plan->sockets, plan->n_sockets);
    put_comma(out);
    put_numbers(out, "first_threads", plan->cores, plan->n_cores);
    put_comma(out);
    put_text(out, "cpuset", cpuset);
    put_comma(out);
    put_text(out, "emulator", cpuset);
    put_comma(out);
    put_guest(out, plan);
    text_add_literal(out, ",\"advice\":");
    put_advice(out, plan);
    text_add_literal(out, ",\"factor\":");
    tables_write_micro(out, factor.factor);
    put_comma(out);
    put_text(out, "factor_basis", report_basis(factor.basis));
    put_comma(out);
    put_number(out, "licences", (gint64) factor.licences);
    put_comma(out);
    put_tables(out, tables);
    put_comma(out);
    put_findings(out, findings);
    text_add_literal(out, "}\n");
}

/* --- counts --------------------------------------------------------------------------------------------------------------- */

static void
put_figures(Text *out, const CountFigures *figures)
{
    put_number(out, "concurrent_peak", (gint64) figures->concurrent_peak);
    put_comma(out);
    put_number(out, "sum_of_host_peaks", (gint64) figures->sum_of_host_peaks);
    put_comma(out);
    put_number(out, "union_ever", (gint64) figures->union_ever);
}

static void
put_host(Text *out, const Count *count, const CountHost *host)
{
    const HistoryHost *given = history_host(count->history, (guint) host->host);
    text_add_literal(out, "{");
    put_text(out, "host", given->name);
    put_comma(out);
    put_text(out, "cluster", history_cluster(count->history, (guint) given->cluster)->name);
    put_comma(out);
    put_number(out, "peak", host->peak);
    put_comma(out);
    put_number(out, "union_ever", host->ever);
    put_comma(out);
    put_number(out, "socket_peak", host->socket_peak);
    text_add_literal(out, ",\"factor\":");
    tables_write_micro(out, host->factor);
    put_comma(out);
    put_text(out, "factor_basis", report_basis(host->basis));
    put_comma(out);
    put_flag(out, "whole", host->whole);
    put_comma(out);
    put_flag(out, "exempt", host->exempt);
    text_add_literal(out, "}");
}

static void
put_cluster(Text *out, const Count *count, const CountCluster *cluster)
{
    text_add_literal(out, "{");
    put_text(out, "cluster", history_cluster(count->history, (guint) cluster->cluster)->name);
    put_comma(out);
    put_number(out, "vms", cluster->vms);
    put_comma(out);
    put_number(out, "cores", cluster->cores);
    put_comma(out);
    put_number(out, "sockets", cluster->sockets);
    text_add_literal(out, ",\"hosts\":[");
    for (guint i = 0; i < cluster->hosts->len; i++) {
        text_add(out, i ? "," : "");
        text_add_json(out, history_host(count->history, (guint) g_array_index(cluster->hosts, int, i))->name);
    }
    text_add_literal(out, "]}");
}

static void
put_timeline(Text *out, const GArray *timeline)
{
    text_add_literal(out, ",\"timeline\":[");
    for (guint i = 0; i < timeline->len; i++) {
        const CountPoint *point = &g_array_index(timeline, CountPoint, i);
        text_add(out, i ? ",{" : "{");
        put_time(out, "t", point->t);
        put_comma(out);
        put_number(out, "cores", (gint64) point->cores);
        text_add_literal(out, "}");
    }
    text_add_literal(out, "]");
}

static void
put_product(Text *out, const Count *count, const CountProduct *product)
{
    put_figures(out, &product->cores);
    put_comma(out);
    put_number(out, "licences", (gint64) product->licences);
    put_comma(out);
    put_number(out, "licences_concurrent", (gint64) product->licences_concurrent);
    put_comma(out);
    put_number(out, "licences_before_exemption", (gint64) product->licences_before);
    put_comma(out);
    put_text(out, "metric", product->row && product->row->metric == METRIC_SOCKET ? "socket" : "processor");
    put_comma(out);
    put_flag(out, "listed", product->row != NULL);
    text_add_literal(out, ",\"sockets\":{");
    put_figures(out, &product->sockets);
    text_add_literal(out, "},");
    put_number(out, "users", product->users);
    put_comma(out);
    put_number(out, "nup", product->nup);
    put_comma(out);
    if (product->owned >= 0) {
        put_number(out, "owned", product->owned);
        put_comma(out);
    }
    put_flag(out, "proven", product->proven);
    put_comma(out);
    put_flag(out, "eligible", product->eligible);
    text_add_literal(out, ",\"hosts\":[");
    for (guint i = 0; i < product->hosts->len; i++) {
        text_add(out, i ? "," : "");
        put_host(out, count, &g_array_index(product->hosts, CountHost, i));
    }
    text_add_literal(out, "],\"live_migration\":[");
    for (guint i = 0; i < product->clusters->len; i++) {
        text_add(out, i ? "," : "");
        put_cluster(out, count, &g_array_index(product->clusters, CountCluster, i));
    }
    text_add_literal(out, "]");
    if (count->options.timeline)
        put_timeline(out, product->timeline);
}

static void
put_products(Text *out, const Count *count)
{
    text_add_literal(out, "\"products\":{");
    for (guint i = 0; i < count->products->len; i++) {
        const CountProduct *product = &g_array_index(count->products, CountProduct, i);
        text_add(out, i ? "," : "");
        text_add_json(out, g_ptr_array_index(count->history->products, (guint) product->product));
        text_add_literal(out, ":{");
        put_product(out, count, product);
        text_add_literal(out, "}");
    }
    text_add_literal(out, "}");
}

static void
put_failover(Text *out, const Count *count)
{
    text_add_literal(out, "\"failover\":{");
    for (guint i = 0; i < count->failover->len; i++) {
        const CountFailover *row = &g_array_index(count->failover, CountFailover, i);
        text_add(out, i ? "," : "");
        text_add_json(out, history_host(count->history, (guint) row->host)->name);
        text_add_literal(out, ":{");
        put_number(out, "periods", MAX(row->periods, row->days));
        put_comma(out);
        put_flag(out, "exempt", row->exempt);
        put_comma(out);
        put_number(out, "periods_of_24_hours", row->periods);
        put_comma(out);
        put_number(out, "calendar_days", row->days);
        text_add_literal(out, "}");
    }
    text_add_literal(out, "}");
}

static void
put_states(Text *out, const char *name, const GArray *states)
{
    text_printf(out, "\"%s\":{", name);
    for (guint i = 0; i < states->len; i++) {
        const CountState *state = &g_array_index(states, CountState, i);
        text_add(out, i ? "," : "");
        text_add_json(out, state->name);
        text_printf(out, ":\"%s\"", state->state == FINDING_INFO ? "no_fail" : finding_severity_word(state->state));
    }
    text_add_literal(out, "}");
}

static void
put_rules(Text *out)
{
    text_add_literal(out, ",\"rules\":{");
    for (const ReportRule *row = report_rules; row->name; row++) {
        text_add(out, row == report_rules ? "" : ",");
        put_text(out, row->name, row->rule);
    }
    text_add_literal(out, "}");
}

void
report_count(Text *out, const Count *count, const Tables *tables, gboolean rules)
{
    text_add_literal(out, "{");
    put_products(out, count);
    put_comma(out);
    put_findings(out, count->findings);
    put_comma(out);
    put_failover(out, count);
    text_add_literal(out, ",\"states\":{");
    put_states(out, "vms", count->vms);
    put_comma(out);
    put_states(out, "hosts", count->hosts);
    put_comma(out);
    put_states(out, "clusters", count->clusters);
    text_add_literal(out, "},\"window\":{");
    put_time(out, "from", count->from);
    put_comma(out);
    put_time(out, "to", count->to);
    put_comma(out);
    put_text(out, "stopped", count->options.ignore_stopped ? "ignore" : "count");
    put_comma(out);
    put_flag(out, "strict", count->options.strict);
    text_add_literal(out, "},");
    put_tables(out, tables);
    if (rules)
        put_rules(out);
    text_add_literal(out, "}\n");
}

/* --- ledgers -------------------------------------------------------------------------------------------------------------- */

static void
put_bad(Text *out, const LedgerCheck *check)
{
    if (!check->why) {
        text_add_literal(out, "\"bad\":null");
        return;
    }
    g_autofree char *why = message_text(check->why, LANGUAGE_EN);
    text_add_literal(out, "\"bad\":{");
    put_number(out, "record", (gint64) check->bad);
    put_comma(out);
    put_number(out, "line", (gint64) check->line);
    put_comma(out);
    put_text(out, "file", check->file);
    put_comma(out);
    put_text(out, "code", message_code_name(message_code(check->why)));
    put_comma(out);
    put_text(out, "why", why);
    text_add_literal(out, "}");
}

void
report_ledger(Text *out, const LedgerCheck *check)
{
    const struct { const char *name; guint64 value; } numbers[] = {
        { "records", check->records }, { "segments", check->segments }, { "gaps", check->gaps }, { "first", check->first }, { "last", check->last },
    };
    text_add_literal(out, "{");
    put_flag(out, "valid", !check->why);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        put_comma(out);
        put_number(out, numbers[i].name, (gint64) numbers[i].value);
    }
    put_comma(out);
    put_time(out, "from", check->from);
    put_comma(out);
    put_time(out, "to", check->to);
    put_comma(out);
    put_text(out, "key", check->key);
    put_comma(out);
    put_flag(out, "known_key", check->known_key);
    put_comma(out);
    put_flag(out, "end_proven", check->ends);
    put_comma(out);
    put_text(out, "head", check->head);
    put_comma(out);
    put_bad(out, check);
    text_add_literal(out, "}\n");
}
