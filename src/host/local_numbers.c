/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Parsing of /proc: lines that begin with a word, numbers behind it. Blocks on nothing. */
#include "host/local_numbers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* NULL behind the last. */
static const char *
next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : NULL;
}

/* The text behind WORD where it begins a line; NULL. */
static const char *
line_of(const char *text, const char *word)
{
    gsize length = strlen(word);
    for (const char *line = text; line && *line; line = next_line(line)) {
        if (strncmp(line, word, length) == 0)
            return line + length;
    }
    return NULL;
}

/* The next number of the line; 0 where it ends. */
static guint64
next_number(const char **at)
{
    while (**at == ' ' || **at == '\t')
        (*at)++;
    char *end = (char *) *at;
    guint64 number = g_ascii_isdigit(**at) ? g_ascii_strtoull(*at, &end, 10) : 0;
    *at = end;
    return number;
}

void
local_numbers_cpu(const char *stat, LocalCounters *counters, HostNumbers *numbers)
{
    const char *cpu = line_of(stat, "cpu "), *boot = line_of(stat, "btime ");
    guint64 times[8] = { 0 };       /* user nice system idle iowait irq softirq steal */
    for (gsize i = 0; cpu && i < G_N_ELEMENTS(times); i++)
        times[i] = next_number(&cpu);
    if (cpu) {
        counters->user = times[0] + times[1];
        counters->system = times[2] + times[5] + times[6] + times[7];
        counters->idle = times[3] + times[4];
    }
    if (boot)
        numbers->boot_time = (gint64) next_number(&boot) * CLOCK_SECOND;
}

static gint64
kibibytes(const char *meminfo, const char *word)
{
    const char *at = line_of(meminfo, word);
    guint64 number = at ? next_number(&at) : 0;
    return number < G_MAXINT64 / 1024 ? (gint64) number * 1024 : 0;
}

/* Memory that is given back when somebody needs it counts as free. */
void
local_numbers_memory(const char *meminfo, HostNumbers *numbers)
{
    gint64 total = kibibytes(meminfo, "MemTotal:"), swap = kibibytes(meminfo, "SwapTotal:");
    if (total == 0)
        return;
    numbers->memory_total = total;
    numbers->memory_free = MIN(kibibytes(meminfo, "MemAvailable:"), total);
    numbers->memory_used = total - numbers->memory_free;
    numbers->swap_total = swap;
    numbers->swap_used = swap - MIN(kibibytes(meminfo, "SwapFree:"), swap);
}

/* Of five minutes: the second of three. */
void
local_numbers_load(const char *loadavg, HostNumbers *numbers)
{
    const char *second = strchr(loadavg, ' ');
    if (second)
        numbers->load = g_ascii_strtod(second + 1, NULL);
}

/* "  eth0: rx_bytes 7 more tx_bytes …" */
static void
add_card(const char *line, gboolean (*real)(const char *name), LocalCounters *counters)
{
    const char *colon = strchr(line, ':'), *end = strchr(line, '\n');
    if (!colon || (end && colon > end))
        return;
    g_autofree char *name = g_strstrip(g_strndup(line, (gsize) (colon - line)));
    const char *at = colon + 1;
    guint64 columns[9];
    for (gsize i = 0; i < G_N_ELEMENTS(columns); i++)
        columns[i] = next_number(&at);
    if (!real(name))
        return;
    counters->rx += columns[0];
    counters->tx += columns[8];
}

void
local_numbers_net(const char *dev, gboolean (*real)(const char *name), LocalCounters *counters)
{
    counters->rx = counters->tx = 0;
    for (const char *line = dev; line && *line; line = next_line(line))
        add_card(line, real, counters);
}

static double
percent(guint64 before, guint64 now, guint64 all)
{
    return now > before && all > 0 ? 100.0 * (double) (now - before) / (double) all : 0;
}

static gint64
per_second(guint64 before, guint64 now, Tick time)
{
    return now > before && time > 0 ? (gint64) ((double) (now - before) * CLOCK_SECOND / (double) time) : 0;
}

void
local_numbers_rates(const LocalCounters *before, const LocalCounters *now, HostNumbers *numbers)
{
    guint64 then_all = before->user + before->system + before->idle, now_all = now->user + now->system + now->idle;
    guint64 all = now_all > then_all ? now_all - then_all : 0;
    Tick time = now->when - before->when;
    numbers->cpu_user = percent(before->user, now->user, all);
    numbers->cpu_system = percent(before->system, now->system, all);
    numbers->cpu_idle = percent(before->idle, now->idle, all);
    numbers->net_rx = per_second(before->rx, now->rx, time);
    numbers->net_tx = per_second(before->tx, now->tx, time);
}

/* A card is somewhere on a bus. */
static gboolean
is_card(const char *name)
{
    g_autofree char *path = g_strdup_printf("/sys/class/net/%s/device", name);
    return access(path, F_OK) == 0;
}

static char *
read_proc(const char *path)
{
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

void
local_numbers_read(LocalCounters *last, HostNumbers *ret_numbers)
{
    LocalCounters now = { .when = clock_tick() };
    HostNumbers numbers = *ret_numbers;
    g_autofree char *stat = read_proc("/proc/stat"), *memory = read_proc("/proc/meminfo");
    g_autofree char *load = read_proc("/proc/loadavg"), *net = read_proc("/proc/net/dev");
    local_numbers_cpu(stat, &now, &numbers);
    local_numbers_memory(memory, &numbers);
    local_numbers_load(load, &numbers);
    local_numbers_net(net, is_card, &now);
    numbers.net_rx_total = (gint64) MIN(now.rx, G_MAXINT64);
    numbers.net_tx_total = (gint64) MIN(now.tx, G_MAXINT64);
    numbers.fresh = last->when == 0;
    if (!numbers.fresh)
        local_numbers_rates(last, &now, &numbers);
    else
        numbers.cpu_idle = 100;
    *last = now;
    *ret_numbers = numbers;
}
