/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"series":[{"metric":"cpu.total","unit":"percent","from":1700000000,"step":10,"average":[1.5,null],"max":[2,null]}]}: times are
 * seconds since 1970, null is a gap. Disks are read, so a worker does it. */
#include "api/series.h"

#include "base/text.h"
#include "metrics/metrics.h"
#include "model/places.h"
#include "model/storage.h"

#include <math.h>
#include <string.h>

#define HOUR 3600
#define MOST_METRICS 16                 /* of one question */

typedef struct {
    Exchange *exchange;
    SeriesWish wish;                    /* but for its metric */
    guint metrics[MOST_METRICS], n;
    gint64 now;
} Asked;

/* --- what is asked ------------------------------------------------------------------------------------------------------------ */

static int
kind_of(const Type *type)
{
    return type == &vm_type ? KEPT_VM : type == &disk_type ? KEPT_DISK : type == &nic_type ? KEPT_NIC : type == &host_type ? KEPT_HOST : -1;
}

gboolean
series_is(const Place *place)
{
    return place->kind == PLACE_LIST && place->row && g_str_equal(place->row->name, "series") &&
           kind_of(((const Object *) place->above.object)->type) >= 0;
}

/* "1700000000", "2024-05-01T10:20:30Z", "-3600". */
static gboolean
read_time(const Asked *asked, const char *parameter, gint64 otherwise, gint64 *ret, GError **error)
{
    const char *text = exchange_parameter(asked->exchange, parameter);
    char *end = NULL;
    Wall date;
    *ret = otherwise;
    if (!text || !*text)
        return TRUE;
    gint64 number = g_ascii_strtoll(text, &end, 10);
    if (!*end && number > -G_MAXINT32 * G_GINT64_CONSTANT(100) && number < G_MAXUINT32)
        *ret = number < 0 ? asked->now + number : number;
    else if (clock_parse(text, &date))
        *ret = date / CLOCK_SECOND;
    else
        return fault_set(error, MSG_API_SERIES_TIME, "parameter", parameter, "value", text, NULL);
    return TRUE;
}

static gboolean
read_step(Asked *asked, GError **error)
{
    const char *text = exchange_parameter(asked->exchange, "step");
    char *end = NULL;
    if (!text || !*text)
        return TRUE;
    asked->wish.step = g_ascii_strtoll(text, &end, 10);
    if (*end || asked->wish.step <= 0 || asked->wish.step > G_MAXINT32)
        return fault_set(error, MSG_API_SERIES_TIME, "parameter", "step", "value", text, NULL);
    return TRUE;
}

static gboolean
refuse_metric(const MetricKind *kind, const char *metric, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < kind->n; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", kind->metrics[i].name);
    return fault_set(error, MSG_API_SERIES_METRIC, "metric", metric, "type", kind->name, "metrics", names->str, NULL);
}

static gboolean
read_metrics(Asked *asked, const char *text, GError **error)
{
    const MetricKind *kind = &metric_kinds[asked->wish.kind];
    g_auto(GStrv) words = g_strsplit(text, ",", MOST_METRICS + 1);
    for (char **word = words; *word; word++) {
        int metric = asked->n < MOST_METRICS ? metric_find(kind, *word) : -1;
        if (metric < 0)
            return refuse_metric(kind, *word, error);
        asked->metrics[asked->n++] = (guint) metric;
    }
    return TRUE;
}

static gboolean
read_wish(Asked *asked, const char *metrics, GError **error)
{
    return read_metrics(asked, metrics, error) && read_time(asked, "to", asked->now, &asked->wish.to, error) &&
           read_time(asked, "from", asked->wish.to - HOUR, &asked->wish.from, error) && read_step(asked, error);
}

/* --- answers -------------------------------------------------------------------------------------------------------------------- */

static void
add_member(Text *out, const char *name, const char *value)
{
    text_add_json(out, name);
    text_add_literal(out, ":");
    text_add_json(out, value);
}

static void
write_values(Text *out, const char *name, const double *values, guint count)
{
    text_add_literal(out, ",");
    text_add_json(out, name);
    text_add_literal(out, ":[");
    for (guint i = 0; i < count; i++) {
        char digits[G_ASCII_DTOSTR_BUF_SIZE];
        if (i)
            text_add_literal(out, ",");
        if (isnan(values[i]))
            text_add_literal(out, "null");
        else
            text_add(out, g_ascii_formatd(digits, sizeof(digits), "%.6g", values[i]));      /* more is not kept */
    }
    text_add_literal(out, "]");
}

static void
write_series(Text *out, const Metric *metric, const Series *series)
{
    text_add_literal(out, "{");
    add_member(out, "metric", metric->name);
    text_add_literal(out, ",");
    add_member(out, "unit", metric->unit);
    text_printf(out, ",\"from\":%" G_GINT64_FORMAT ",\"step\":%" G_GINT64_FORMAT, series->from, series->step);
    write_values(out, "average", series->average, series->count);
    if (series->peak)
        write_values(out, "max", series->peak, series->count);
    text_add_literal(out, "}");
}

static void
answer(gpointer data)
{
    Asked *asked = data;
    Exchange *exchange = asked->exchange;
    text_add_literal(exchange->reply, "{\"series\":[");
    for (guint i = 0; i < asked->n; i++) {
        g_auto(Series) series = { 0 };
        asked->wish.metric = asked->metrics[i];
        series_read(exchange->metrics, &asked->wish, asked->now, &series);
        if (i)
            text_add_literal(exchange->reply, ",");
        write_series(exchange->reply, &metric_kinds[asked->wish.kind].metrics[asked->metrics[i]], &series);
    }
    text_add_literal(exchange->reply, "]}");
    g_free(asked);
    exchange_end(exchange);
}

/* Without a metric: the metrics, and how far back in which steps. */
static void
describe(Exchange *exchange, const MetricKind *kind)
{
    Text *out = exchange->reply;
    text_add_literal(out, "{\"metrics\":[");
    for (guint i = 0; i < kind->n; i++) {
        const Metric *metric = &kind->metrics[i];
        text_add(out, i ? ",{" : "{");
        add_member(out, "metric", metric->name);
        text_add_literal(out, ",");
        add_member(out, "unit", metric->unit);
        text_add_literal(out, ",");
        add_member(out, "description", metric->help);
        text_add(out, metric->peak ? ",\"max\":true}" : ",\"max\":false}");
    }
    text_add_literal(out, "],\"kept\":[");
    for (guint i = 0; i < METRIC_LEVELS; i++)
        text_printf(out, "%s{\"step\":%u,\"seconds\":%u}", i ? "," : "", metric_levels[i].step, metric_levels[i].step * metric_levels[i].rows);
    text_add_literal(out, "]}");
    exchange_end(exchange);
}

void
series_get(Exchange *exchange, const Place *place)
{
    g_autoptr(GError) error = NULL;
    const Object *object = place->above.object;
    const char *metrics = exchange_parameter(exchange, "metric");
    Asked asked = { .exchange = exchange, .now = clock_wall() / CLOCK_SECOND, .wish = { .kind = (guint) kind_of(object->type), .id = object->id } };
    gboolean well = !metrics || !*metrics || read_wish(&asked, metrics, &error);
    if (well && asked.n && !exchange->metrics)
        well = fault_set(&error, MSG_API_SERIES_NONE, NULL);
    if (!well) {
        exchange_end_fault(exchange, error);
        return;
    }
    exchange->media = "application/json";
    if (asked.n == 0)
        describe(exchange, &metric_kinds[asked.wish.kind]);
    else
        workers_push(exchange->workers, answer, g_memdup2(&asked, sizeof(asked)));
}
