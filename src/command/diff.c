/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The shortest edit script between two texts by lines (the greedy walk along diagonals that E. Myers described), told in hunks.
 * Domain XML has hundreds of lines and few differences; where two texts share almost nothing the walk is cut off and the
 * rest told as replaced, which is still true. Knows nothing of XML. */
#include "command/diff.h"

#include <string.h>

#define CONTEXT 3
#define MOST_EDITS 500              /* beyond it the middle is told as replaced: time and memory are bounded */

typedef struct {
    char **lines;
    int count;
    gboolean open_end;              /* the last line has no line end */
} Lines;

/* Which lines stay: for each line of the old text its number in the new one, or -1. */
typedef struct {
    int *partner;
} Match;

static Lines
split(const char *text)
{
    Lines lines = { NULL, 0, FALSE };
    if (!text || !*text) {
        lines.lines = g_new0(char *, 1);
        return lines;
    }
    lines.lines = g_strsplit(text, "\n", -1);
    lines.count = (int) g_strv_length(lines.lines);
    if (*lines.lines[lines.count - 1] == '\0')
        lines.count--;
    else
        lines.open_end = TRUE;
    return lines;
}

/* Two last lines of which one has no line end differ. */
static gboolean
same_line(const Lines *a, int i, const Lines *b, int j)
{
    gboolean a_open = a->open_end && i == a->count - 1;
    gboolean b_open = b->open_end && j == b->count - 1;
    return a_open == b_open && g_str_equal(a->lines[i], b->lines[j]);
}

/* --- the walk ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const Lines *a, *b;
    int skip, n, m;                 /* lines left out at the front; lengths of the middle */
    GPtrArray *trace;               /* of int *: the furthest ends of each round */
} Walk;

static gboolean
goes_down(const int *ends, int k, int d, int middle)
{
    return k == -d || (k != d && ends[middle + k - 1] < ends[middle + k + 1]);
}

/* One round: as far as D edits lead. TRUE at the end of both texts. */
static gboolean
round_of(Walk *walk, int *ends, int d, int middle)
{
    for (int k = -d; k <= d; k += 2) {
        int x = goes_down(ends, k, d, middle) ? ends[middle + k + 1] : ends[middle + k - 1] + 1;
        int y = x - k;
        while (x < walk->n && y < walk->m && same_line(walk->a, walk->skip + x, walk->b, walk->skip + y)) {
            x++;
            y++;
        }
        ends[middle + k] = x;
        if (x >= walk->n && y >= walk->m)
            return TRUE;
    }
    return FALSE;
}

/* The number of edits; -1 if there are too many. */
static int
measure(Walk *walk)
{
    int most = MIN(walk->n + walk->m, MOST_EDITS), middle = most + 1;
    gsize size = (gsize) (2 * middle + 1);
    g_autofree int *ends = g_new0(int, size);
    for (int d = 0; d <= most; d++) {
        g_ptr_array_add(walk->trace, g_memdup2(ends, size * sizeof(int)));
        if (round_of(walk, ends, d, middle))
            return d;
    }
    return -1;
}

/* Back along the trace: every diagonal step is a pair of lines that stay. */
static void
trace_back(const Walk *walk, int edits, int *partner)
{
    int most = MIN(walk->n + walk->m, MOST_EDITS), middle = most + 1;
    int x = walk->n, y = walk->m;
    for (int d = edits; d >= 0; d--) {
        const int *ends = walk->trace->pdata[d];
        int k = x - y;
        int from_k = d == 0 ? 0 : goes_down(ends, k, d, middle) ? k + 1 : k - 1;
        int from_x = d == 0 ? 0 : ends[middle + from_k];
        int from_y = from_x - from_k;
        while (x > from_x && y > from_y) {
            x--;
            y--;
            partner[walk->skip + x] = walk->skip + y;
        }
        x = from_x;
        y = from_y;
    }
}

static void
match(const Lines *a, const Lines *b, int *partner)
{
    int front = 0, back = 0;
    while (front < a->count && front < b->count && same_line(a, front, b, front)) {
        partner[front] = front;
        front++;
    }
    while (back < a->count - front && back < b->count - front && same_line(a, a->count - 1 - back, b, b->count - 1 - back)) {
        partner[a->count - 1 - back] = b->count - 1 - back;
        back++;
    }
    g_autoptr(GPtrArray) trace = g_ptr_array_new_with_free_func(g_free);
    Walk walk = { a, b, front, a->count - front - back, b->count - front - back, trace };
    int edits = measure(&walk);
    if (edits >= 0)
        trace_back(&walk, edits, partner);
}

/* --- telling -------------------------------------------------------------------------------------------------------------- */

typedef struct {
    char sign;
    int old, new;                   /* numbers of the lines before this row in each text */
    const char *text;
    gboolean open_end;
} Row;

static void
add_row(GArray *rows, char sign, int old, int new, const Lines *from, int line)
{
    Row row = { sign, old, new, from->lines[line], from->open_end && line == from->count - 1 };
    g_array_append_val(rows, row);
}

static GArray *
script(const Lines *a, const Lines *b, const int *partner)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(Row));
    int i = 0, j = 0;
    while (i < a->count || j < b->count) {
        if (i < a->count && partner[i] < 0) {
            add_row(rows, '-', i, j, a, i);
            i++;
        } else if (i < a->count && partner[i] == j) {
            add_row(rows, ' ', i, j, a, i);
            i++;
            j++;
        } else {
            add_row(rows, '+', i, j, b, j);
            j++;
        }
    }
    return rows;
}

static void
tell_hunk(GString *out, const GArray *rows, guint from, guint to)
{
    const Row *first = &g_array_index(rows, Row, from);
    int old = 0, new = 0;
    for (guint i = from; i < to; i++) {
        char sign = g_array_index(rows, Row, i).sign;
        old += sign != '+';
        new += sign != '-';
    }
    g_string_append_printf(out, "@@ -%d,%d +%d,%d @@\n", first->old + (old > 0), old, first->new + (new > 0), new);
    for (guint i = from; i < to; i++) {
        const Row *row = &g_array_index(rows, Row, i);
        g_string_append_printf(out, "%c%s\n%s", row->sign, row->text, row->open_end ? "\\ No newline at end of file\n" : "");
    }
}

/* The end of the hunk that begins around row FROM: where more than twice the context stays the same. */
static guint
hunk_end(const GArray *rows, guint from)
{
    guint last = from;
    for (guint i = from; i < rows->len && i <= last + 2 * CONTEXT; i++) {
        if (g_array_index(rows, Row, i).sign != ' ')
            last = i;
    }
    return last + 1;
}

char *
diff_unified(const char *before, const char *after)
{
    Lines a = split(before), b = split(after);
    g_autofree int *partner = g_new(int, (gsize) a.count + 1);
    memset(partner, 0xff, ((gsize) a.count + 1) * sizeof(int));
    match(&a, &b, partner);
    g_autoptr(GArray) rows = script(&a, &b, partner);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < rows->len; i++) {
        if (g_array_index(rows, Row, i).sign == ' ')
            continue;
        guint end = hunk_end(rows, i);
        tell_hunk(out, rows, i > CONTEXT ? i - CONTEXT : 0, MIN(end + CONTEXT, rows->len));
        i = end;
    }
    g_strfreev(a.lines);
    g_strfreev(b.lines);
    return g_string_free(out, FALSE);
}
