/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of algorithm 3 and the list of what was found. */
#include "licence/findings.h"

#include <stdarg.h>
#include <stdlib.h>

#define PAPER "Hard Partitioning with Oracle Linux KVM, July 2024"
#define FAILOVER "Oracle's data recovery policy (ten separate 24-hour periods a year)"
#define EDITION "terms of Standard Edition 2"
#define MIXED "Hard Partitioning with Oracle Linux KVM, July 2024, and this program's own reading"
#define OWN "this program's own reading; no published rule says it"

static const struct { FindingSeverity severity; const char *basis; } rows[] = {
    [1] = { FINDING_FAIL, PAPER },     [2] = { FINDING_FAIL, PAPER },     [3] = { FINDING_FAIL, PAPER },
    [4] = { FINDING_FAIL, OWN },       [5] = { FINDING_FAIL, OWN },       [6] = { FINDING_FAIL, FAILOVER },
    [7] = { FINDING_WARN, MIXED },     [8] = { FINDING_WARN, OWN },       [9] = { FINDING_WARN, OWN },
    [10] = { FINDING_WARN, OWN },      [11] = { FINDING_WARN, OWN },      [12] = { FINDING_WARN, OWN },
    [13] = { FINDING_WARN, OWN },      [14] = { FINDING_WARN, EDITION },  [15] = { FINDING_WARN, OWN },
    [16] = { FINDING_INFO, OWN },      [17] = { FINDING_UNKNOWN, OWN },   [18] = { FINDING_INFO, MIXED },
};

FindingSeverity
finding_severity(guint number)
{
    return rows[number].severity;
}

const char *
finding_basis(guint number)
{
    return rows[number].basis;
}

const char *
finding_severity_word(FindingSeverity severity)
{
    static const char *const words[] = { "fail", "unknown", "warn", "info" };
    return words[severity];
}

static void
free_finding(gpointer record)
{
    Finding *finding = record;
    message_unref(finding->message);
    g_free(finding);
}

/* Names are the history's, one object each: the pointer is the name. */
static guint
hash_finding(gconstpointer key)
{
    const Finding *finding = key;
    return finding->number + 31 * g_direct_hash(finding->vm) + 1009 * g_direct_hash(finding->host) + 65537 * g_direct_hash(finding->product) + g_direct_hash(finding->cluster);
}

static gboolean
same_finding(gconstpointer a, gconstpointer b)
{
    const Finding *one = a, *other = b;
    return one->number == other->number && one->severity == other->severity && one->vm == other->vm && one->host == other->host && one->cluster == other->cluster &&
           one->product == other->product;
}

Findings *
findings_new(void)
{
    Findings *findings = g_new0(Findings, 1);
    findings->rows = g_ptr_array_new_with_free_func(free_finding);
    findings->known = g_hash_table_new(hash_finding, same_finding);
    return findings;
}

void
findings_free(Findings *findings)
{
    if (!findings)
        return;
    g_hash_table_unref(findings->known);
    g_ptr_array_unref(findings->rows);
    g_free(findings);
}

void
findings_add(Findings *findings, const Finding *what, MessageCode code, ...)
{
    Finding *known = g_hash_table_lookup(findings->known, what);
    if (known) {
        known->times++;
        return;
    }
    va_list list;
    Finding *finding = g_new(Finding, 1);
    *finding = *what;
    finding->times = 1;
    va_start(list, code);
    finding->message = message_new_list(code, list);
    va_end(list);
    g_ptr_array_add(findings->rows, finding);
    g_hash_table_add(findings->known, finding);
}

static int
compare_findings(const void *a, const void *b)
{
    const Finding *one = *(Finding *const *) a, *other = *(Finding *const *) b;
    int order = (int) one->number - (int) other->number;
    order = order ? order : g_strcmp0(one->vm, other->vm);
    order = order ? order : g_strcmp0(one->host, other->host);
    order = order ? order : g_strcmp0(one->cluster, other->cluster);
    order = order ? order : g_strcmp0(one->product, other->product);
    return order ? order : (int) one->severity - (int) other->severity;
}

void
findings_sort(Findings *findings)
{
    if (findings->rows->len)
        qsort(findings->rows->pdata, findings->rows->len, sizeof(gpointer), compare_findings);
}
