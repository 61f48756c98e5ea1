/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a licence boundary's product needed over a time, counted from the evidence ledger: the published rules applied to what was recorded. A ledger that is
 * not as it was written is not counted. */
#include "command/boundaries.h"
#include "command/rows.h"
#include "licence/ledger_figures.h"

typedef struct { char *id, *severity, *vm, *host, *text; } ReportFinding;
typedef struct {
    gint64 from, to, cores_at_once, cores_of_hosts, cores_ever, licences, licences_at_once, owned;
    char *product, *ledger, *csv;
    gboolean proven;
    List findings;
} LicenceReport;

/* clang-format off */
static const Type finding_type = { .one = "finding", .many = "findings", .size = sizeof(ReportFinding), .fields = (const Field[]) {
    TEXT(ReportFinding, id, 0,       "HP-01 …, as docs/licences.md has them."),
    TEXT(ReportFinding, severity, 0, "fail, unknown, warn or info."),
    TEXT(ReportFinding, vm, 0,       "Of which VM."),
    TEXT(ReportFinding, host, 0,     "Of which host."),
    TEXT(ReportFinding, text, 0,     "What was found."),
    { 0 } } };
static const Type report_type = { .one = "licence_report", .many = "licence_reports", .size = sizeof(LicenceReport), .help = "What a product needed over a time.", .fields = (const Field[]) {
    TIME(LicenceReport, from, 0,             "Its beginning."),
    TIME(LicenceReport, to, 0,               "Its end."),
    TEXT(LicenceReport, product, 0,          "The product."),
    INT (LicenceReport, cores_at_once, 0,    "The most cores at any one time."),
    INT (LicenceReport, cores_of_hosts, 0,   "The most cores of each host, added up."),
    INT (LicenceReport, cores_ever, 0,       "All cores that were ever touched."),
    INT (LicenceReport, licences, 0,         "Licences for the most cores of each host."),
    INT (LicenceReport, licences_at_once, 0, "Licences for the most cores at any one time."),
    INT (LicenceReport, owned, OPT,          "How many licences are owned."),
    BOOL(LicenceReport, proven, 0,           "There is no time in which nobody looked."),
    TEXT(LicenceReport, ledger, 0,           "The ledger's end as it was counted: number and hash of its last record."),
    LIST(LicenceReport, findings, finding_type, OPT, "What an auditor would stop at."),
    TEXT(LicenceReport, csv, 0,              "The same as lines of comma-separated values."),
    { 0 } } };
/* clang-format on */

/* 20260131; FALSE: it is no day. */
static gboolean
day_of(const Work *work, const char *name, const char *time, Wall *ret)
{
    guint64 number;
    const char *text = g_hash_table_lookup(work->query, name);
    *ret = 0;
    if (!text)
        return TRUE;
    if (!g_ascii_string_to_unsigned(text, 10, 10000101, 99991231, &number, NULL))
        return FALSE;
    g_autofree char *date = g_strdup_printf("%04u-%02u-%02uT%sZ", (guint) (number / 10000), (guint) (number / 100 % 100), (guint) (number % 100), time);
    return clock_parse(date, ret);
}

/* 0: it was not said. */
static gboolean
window_of(const Work *work, Wall *ret_from, Wall *ret_to)
{
    return day_of(work, "from", "00:00:00", ret_from) && day_of(work, "to", "23:59:59", ret_to);
}

static gboolean
check(Work *work, GError **error)
{
    Wall from, to;
    const LicenceBoundary *boundary = view_find(work->view, &licence_boundary_type, &work->target);
    if (!boundary)
        return fault_set(error, MSG_NO_SUCH_BOUNDARY, NULL);
    return window_of(work, &from, &to) || fault_set(error, MSG_BOUNDARY_DAY, NULL);
}

/* --- the answer ------------------------------------------------------------------------------------------------------------------------ */

static void
add_cell(Text *out, const char *value, gboolean last)
{
    g_auto(GStrv) halves = g_strsplit(value ? value : "", "\"", -1);
    g_autofree char *escaped = g_strjoinv("\"\"", halves);
    text_printf(out, "\"%s\"%s", escaped, last ? "\r\n" : ",");
}

static void
add_number(Text *out, const char *name, gint64 number)
{
    add_cell(out, name, FALSE);
    text_printf(out, "%" G_GINT64_FORMAT "\r\n", number);
}

static char *
as_csv(const LicenceReport *report)
{
    g_auto(Text) out = TEXT_EMPTY;
    char from[CLOCK_DATE_SIZE], to[CLOCK_DATE_SIZE];
    const char *const rows[][2] = { { "product", report->product }, { "from", clock_format(report->from, from) }, { "to", clock_format(report->to, to) },
                                    { "ledger", report->ledger }, { "proven", report->proven ? "yes" : "no" } };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        add_cell(&out, rows[i][0], FALSE);
        add_cell(&out, rows[i][1], TRUE);
    }
    add_number(&out, "cores_at_once", report->cores_at_once);
    add_number(&out, "cores_of_hosts", report->cores_of_hosts);
    add_number(&out, "cores_ever", report->cores_ever);
    add_number(&out, "licences", report->licences);
    add_number(&out, "licences_at_once", report->licences_at_once);
    add_number(&out, "owned", report->owned);
    for (guint i = 0; i < report->findings.count; i++) {
        const ReportFinding *finding = report->findings.items[i];
        add_cell(&out, finding->id, FALSE);
        add_cell(&out, finding->severity, FALSE);
        add_cell(&out, finding->vm, FALSE);
        add_cell(&out, finding->host, FALSE);
        add_cell(&out, finding->text, TRUE);
    }
    return text_take(&out);
}

static void
take_figures(LicenceReport *report, const LedgerFigures *figures)
{
    report->from = figures->from;
    report->to = figures->to;
    report->cores_at_once = (gint64) figures->at_once;
    report->cores_of_hosts = (gint64) figures->of_hosts;
    report->cores_ever = (gint64) figures->ever;
    report->licences = (gint64) figures->licences;
    report->licences_at_once = (gint64) figures->licences_at_once;
    report->proven = figures->proven;
    text_set(&report->ledger, figures->head);
    for (guint i = 0; i < figures->findings->len; i++) {
        const LedgerFinding *found = figures->findings->pdata[i];
        ReportFinding *finding = g_new0(ReportFinding, 1);
        *finding = (ReportFinding) { g_strdup(found->id), g_strdup(found->severity), g_strdup(found->vm), g_strdup(found->host), g_strdup(found->text) };
        list_add(&report->findings, finding);
    }
}

static char *
tell(Work *work, GError **error)
{
    Wall from, to;
    g_auto(LedgerFigures) figures = { 0 };
    const LicenceBoundary *boundary = view_find(work->view, &licence_boundary_type, &work->target);
    LicenceReport *report = work->answer->record;
    const char *dir = work->data_dir ? work->data_dir : ".";
    g_autofree char *folder = g_build_filename(dir, "ledger", NULL), *key = g_build_filename(dir, "ledger-key.pem.pub", NULL);
    char *paths[] = { folder, NULL };
    if (!boundary || !window_of(work, &from, &to)) {
        fault_set(error, MSG_NO_SUCH_BOUNDARY, NULL);
        return NULL;
    }
    if (!ledger_figures_count(paths, key, boundary->product, from, to ? to : clock_wall(), &figures, error))
        return NULL;
    text_set(&report->product, boundary->product);
    report->owned = boundary->licences;
    take_figures(report, &figures);
    report->csv = as_csv(report);
    return g_strdup("");
}

const Command licence_boundary_report = {
    .verb = "report",
    .on = &licence_boundary_type,
    .numbers = (const CommandFlag[]) { { "from", "The first day, as 20260101; without it the ledger's first." }, { "to", "The last day, as 20261231; without it today." }, { 0 } },
    .answer = &report_type,
    .permit = PERMIT_CONFIGURE_ENGINE,
    .title = MSG_REPORTING_BOUNDARY,
    .check = check,
    .plan = tell,
    .reads = TRUE,
    .help = "Counts what a boundary's product needed over a time, from the evidence ledger.",
};
