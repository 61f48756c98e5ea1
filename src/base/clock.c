/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading the two clocks, and dates as text. Neither locale nor time zone of the machine plays a part. */
#include "base/clock.h"

#include <time.h>

#define SECONDS_A_DAY 86400

Wall
clock_wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (Wall) now.tv_sec * CLOCK_SECOND + now.tv_nsec / 1000;
}

Tick
clock_tick(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (Tick) now.tv_sec * CLOCK_SECOND + now.tv_nsec / 1000;
}

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. A year is taken to begin in March, so that the
 * leap day is its last; 400 years are always 146097 days. */
static gint64
days_of_date(gint64 year, gint64 month, gint64 day)
{
    if (month <= 2)
        year--;
    gint64 era = (year >= 0 ? year : year - 399) / 400;
    gint64 year_of_era = year - era * 400;
    gint64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void
date_of_days(gint64 days, gint64 *ret_year, int *ret_month, int *ret_day)
{
    days += 719468;
    gint64 era = (days >= 0 ? days : days - 146096) / 146097;
    gint64 day_of_era = days - era * 146097;
    gint64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    gint64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    gint64 march_month = (5 * day_of_year + 2) / 153;
    *ret_day = (int) (day_of_year - (153 * march_month + 2) / 5 + 1);
    *ret_month = (int) (march_month < 10 ? march_month + 3 : march_month - 9);
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

static char *
put_digits(char *text, gint64 value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        text[i] = (char) ('0' + value % 10);
        value /= 10;
    }
    return text + count;
}

char *
clock_format(Wall wall, char ret_text[CLOCK_DATE_SIZE])
{
    gint64 seconds = wall / CLOCK_SECOND - (wall % CLOCK_SECOND < 0);
    gint64 days = seconds / SECONDS_A_DAY - (seconds % SECONDS_A_DAY < 0);
    gint64 rest = seconds - days * SECONDS_A_DAY;
    gint64 year;
    int month, day;
    date_of_days(days, &year, &month, &day);
    char *at = put_digits(ret_text, CLAMP(year, 0, 9999), 4);
    *at++ = '-';
    at = put_digits(at, month, 2);
    *at++ = '-';
    at = put_digits(at, day, 2);
    *at++ = 'T';
    at = put_digits(at, rest / 3600, 2);
    *at++ = ':';
    at = put_digits(at, rest / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, rest % 60, 2);
    *at++ = '.';
    at = put_digits(at, (wall - seconds * CLOCK_SECOND) / 1000, 3);
    *at++ = 'Z';
    *at = '\0';
    return ret_text;
}

/* COUNT digits as a number from LEAST to MOST. Moves *TEXT behind them. */
static gboolean
take_digits(const char **text, int count, gint64 least, gint64 most, gint64 *ret_value)
{
    gint64 value = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (!g_ascii_isdigit(**text))
            return FALSE;
        value = value * 10 + (**text - '0');
    }
    *ret_value = value;
    return value >= least && value <= most;
}

static gboolean
take_one_of(const char **text, const char *set)
{
    for (; *set; set++) {
        if (**text == *set) {
            (*text)++;
            return TRUE;
        }
    }
    return FALSE;
}

/* ".5", ".123456789": any number of digits; what is finer than a microsecond is cut. */
static gboolean
take_fraction(const char **text, gint64 *ret_micros)
{
    gint64 micros = 0, unit = CLOCK_SECOND / 10;
    *ret_micros = 0;
    if (**text != '.')
        return TRUE;
    (*text)++;
    if (!g_ascii_isdigit(**text))
        return FALSE;
    for (; g_ascii_isdigit(**text); (*text)++, unit /= 10)
        micros += (**text - '0') * unit;
    *ret_micros = micros;
    return TRUE;
}

/* "Z", "+02:00", "-0330", or nothing, which is taken as UTC, as XML Schema allows it and clients send it. */
static gboolean
take_offset(const char **text, gint64 *ret_seconds)
{
    gint64 hours, minutes;
    *ret_seconds = 0;
    if (**text == '\0' || take_one_of(text, "Zz"))
        return TRUE;
    gint64 sign = **text == '-' ? -1 : 1;
    if (!take_one_of(text, "+-") || !take_digits(text, 2, 0, 23, &hours))
        return FALSE;
    take_one_of(text, ":");
    if (!take_digits(text, 2, 0, 59, &minutes))
        return FALSE;
    *ret_seconds = sign * (hours * 3600 + minutes * 60);
    return TRUE;
}

static gboolean
take_date(const char **text, gint64 *ret_days)
{
    static const guint8 lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    gint64 year, month, day;
    if (!take_digits(text, 4, 1, 9999, &year) || !take_one_of(text, "-") || !take_digits(text, 2, 1, 12, &month) ||
        !take_one_of(text, "-") || !take_digits(text, 2, 1, lengths[month - 1], &day))
        return FALSE;
    gboolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (month == 2 && day == 29 && !leap)
        return FALSE;
    *ret_days = days_of_date(year, month, day);
    return TRUE;
}

gboolean
clock_parse(const char *text, Wall *ret_wall)
{
    gint64 days, hour, minute, second, micros, offset;
    if (!take_date(&text, &days) || !take_one_of(&text, "Tt ") || !take_digits(&text, 2, 0, 23, &hour) ||
        !take_one_of(&text, ":") || !take_digits(&text, 2, 0, 59, &minute) || !take_one_of(&text, ":") ||
        !take_digits(&text, 2, 0, 60, &second) || !take_fraction(&text, &micros) || !take_offset(&text, &offset) ||
        *text != '\0')
        return FALSE;
    *ret_wall = (days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second - offset) * CLOCK_SECOND + micros;
    return TRUE;
}
