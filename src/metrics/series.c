/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stretch of the past: which level it is read from, and rows joined to the step that was wished. */
#include "metrics/metrics_parts.h"

#include <math.h>

/* The longest level that is not longer than the wished step and still has FROM; where none is both, the first that has it. */
static guint
choose_level(const SeriesWish *wish, gint64 now)
{
    guint chosen = METRIC_LEVELS - 1;
    for (guint i = METRIC_LEVELS; i-- > 0;) {
        const MetricLevel *level = &metric_levels[i];
        gboolean has = wish->from >= now - (gint64) level->step * level->rows;
        if (!has)
            break;
        chosen = i;
        if (wish->step && level->step <= wish->step)
            break;
    }
    return chosen;
}

static gint64
choose_step(const SeriesWish *wish, gint64 finest)
{
    gint64 step = MAX(wish->step, finest);
    gint64 least = (wish->to - wish->from + SERIES_MOST - 1) / SERIES_MOST;
    step = MAX(step, least);
    return (step + finest - 1) / finest * finest;
}

/* RATIO values into one: what is there. */
static void
join(const double *values, guint ratio, gboolean peak, double *ret)
{
    double sum = 0, high = 0;
    guint count = 0;
    for (guint i = 0; i < ratio; i++) {
        if (isnan(values[i]))
            continue;
        sum += values[i];
        high = fmax(high, values[i]);
        count++;
    }
    *ret = count == 0 ? NAN : peak ? high : sum / count;
}

static double *
read_values(Metrics *metrics, const SeriesWish *wish, guint level, gboolean peak, Series *series)
{
    gint64 finest = metric_levels[level].step;
    guint ratio = (guint) (series->step / finest);
    double *values = g_new(double, MAX(series->count, 1));
    g_autofree double *rows = g_new(double, (gsize) MAX(series->count, 1) * ratio);
    series->kept |= ring_read(metrics->rings[wish->kind], &wish->id, level, wish->metric, peak, series->from / finest, series->count * ratio, rows);
    for (guint i = 0; i < series->count; i++)
        join(rows + (gsize) i * ratio, ratio, peak, &values[i]);
    return values;
}

void
series_read(Metrics *metrics, const SeriesWish *given, gint64 now, Series *ret)
{
    const MetricLevel *longest = &metric_levels[METRIC_LEVELS - 1];
    SeriesWish wish = *given;
    wish.to = MIN(wish.to, now);
    wish.from = CLAMP(wish.from, now - (gint64) longest->step * longest->rows, MAX(wish.to, 0));
    wish.step = CLAMP(wish.step, 0, (gint64) longest->step * longest->rows);
    guint level = choose_level(&wish, now);
    *ret = (Series) { .step = choose_step(&wish, metric_levels[level].step) };
    ret->from = wish.from / ret->step * ret->step;
    ret->count = wish.to > ret->from ? (guint) ((wish.to - ret->from + ret->step - 1) / ret->step) : 0;
    ret->average = read_values(metrics, &wish, level, FALSE, ret);
    if (metric_kinds[wish.kind].metrics[wish.metric].peak)
        ret->peak = read_values(metrics, &wish, level, TRUE, ret);
}

void
series_clear(Series *series)
{
    g_clear_pointer(&series->average, g_free);
    g_clear_pointer(&series->peak, g_free);
}
