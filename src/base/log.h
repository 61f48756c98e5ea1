/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The manager's own log: one line a happening on stderr (the journal keeps it where systemd runs), with the time and
 * level. Sentences for people go to events; this is for whoever debugs. */
#pragma once

#include <glib.h>

typedef enum { LOG_DEBUG_, LOG_INFO, LOG_WARN, LOG_ERROR_ } LogLevel;

void log_level_set(LogLevel least);
void log_line(LogLevel level, const char *format, ...) G_GNUC_PRINTF(2, 3);
#define log_debug(...) log_line(LOG_DEBUG_, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR_, __VA_ARGS__)
