/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One line, one write(2), so that lines of several threads do not mix. Line breaks and control characters inside a line
 * become spaces: what an outsider sent cannot forge a second line. */
#include "base/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

static int least_level = LOG_INFO;

void
log_level_set(LogLevel least)
{
    g_atomic_int_set(&least_level, (int) least);
}

static void
add_on_one_line(Text *line, const char *format, va_list arguments)
{
    g_autofree char *said = g_strdup_vprintf(format, arguments);
    for (char *at = said; *at; at++)
        if ((guchar) *at < ' ' || *at == 0x7f)
            *at = ' ';
    text_add(line, said);
}

static void
write_whole(const Text *line)
{
    gsize done = 0;
    while (done < line->length) {
        gssize count = write(STDERR_FILENO, line->bytes + done, line->length - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return;     /* nobody is left to tell */
        done += (gsize) count;
    }
}

void
log_line(LogLevel level, const char *format, ...)
{
    static const char *const names[] = { "debug", "info", "warning", "error" };
    char now[CLOCK_DATE_SIZE];
    g_auto(Text) line = TEXT_EMPTY;
    va_list arguments;
    if ((int) level < g_atomic_int_get(&least_level))
        return;
    text_add(&line, clock_format(clock_wall(), now));
    text_add_literal(&line, " ");
    text_add(&line, names[MIN((guint) level, G_N_ELEMENTS(names) - 1)]);
    text_add_literal(&line, ": ");
    va_start(arguments, format);
    add_on_one_line(&line, format, arguments);
    va_end(arguments);
    text_add_literal(&line, "\n");
    write_whole(&line);
}
