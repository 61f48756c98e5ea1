/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Counting points passed, and dying (or failing once) at the one that was ordered. Unarmed it costs an atomic add. */
#include "base/failpoint.h"

#include "base/fault.h"
#include "base/log.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    guint64 passed;
    guint64 at;         /* 0: not armed */
    gboolean softly;
} Point;

static const char *const point_names[N_FAILPOINTS] = { "step", "effect", "sql" };
static Point points[N_FAILPOINTS];

gboolean
failpoint_arm(const char *spec, GError **error)
{
    const char *colon = strchr(spec, ':');
    guint64 at = 0;
    if (colon && g_ascii_string_to_unsigned(colon + 1, 10, 1, G_MAXINT32, &at, NULL)) {
        gsize length = (gsize) (colon - spec);
        gboolean softly = length > 0 && spec[length - 1] == '!';
        length -= softly;
        for (guint i = 0; i < N_FAILPOINTS; i++) {
            if (strlen(point_names[i]) != length || strncmp(point_names[i], spec, length) != 0)
                continue;
            points[i].softly = softly;
            __atomic_store_n(&points[i].at, at, __ATOMIC_SEQ_CST);
            return TRUE;
        }
    }
    g_autofree char *shown = g_utf8_make_valid(spec, (gssize) strnlen(spec, 64));
    return fault_set(error, MSG_FAILPOINT_SPEC, "given", shown, NULL);
}

gboolean
failpoint_passes(Failpoint where)
{
    Point *point = &points[where];
    guint64 now = __atomic_add_fetch(&point->passed, 1, __ATOMIC_SEQ_CST);
    if (G_LIKELY(now != __atomic_load_n(&point->at, __ATOMIC_SEQ_CST)))
        return TRUE;
    if (point->softly) {
        log_warn("failing on order at %s:%" G_GUINT64_FORMAT, point_names[where], now);
        return FALSE;
    }
    log_warn("dying on order at %s:%" G_GUINT64_FORMAT, point_names[where], now);
    kill(getpid(), SIGKILL);
    for (;;)
        pause();        /* the signal may take a moment; nothing after this point may happen */
}

guint64
failpoint_count(Failpoint where)
{
    return __atomic_load_n(&points[where].passed, __ATOMIC_SEQ_CST);
}
