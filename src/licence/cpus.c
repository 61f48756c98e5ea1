/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bits in words, as many as the highest number needs. */
#include "licence/cpus.h"

void
cpus_clear(Cpus *cpus)
{
    g_free(cpus->bits);
    *cpus = (Cpus) CPUS_EMPTY;
}

static void
grow(Cpus *cpus, guint words)
{
    if (words <= cpus->words)
        return;
    cpus->bits = g_renew(guint64, cpus->bits, words);
    memset(cpus->bits + cpus->words, 0, (words - cpus->words) * sizeof(guint64));
    cpus->words = words;
}

void
cpus_add(Cpus *cpus, guint cpu)
{
    g_assert(cpu < CPUS_MOST);
    grow(cpus, cpu / CPUS_WORD + 1);
    cpus->bits[cpu / CPUS_WORD] |= (guint64) 1 << cpu % CPUS_WORD;
}

void
cpus_remove(Cpus *cpus, guint cpu)
{
    if (cpu / CPUS_WORD < cpus->words)
        cpus->bits[cpu / CPUS_WORD] &= ~((guint64) 1 << cpu % CPUS_WORD);
}

void
cpus_join(Cpus *cpus, const Cpus *more)
{
    grow(cpus, more->words);
    for (guint i = 0; i < more->words; i++)
        cpus->bits[i] |= more->bits[i];
}

gboolean
cpus_has(const Cpus *cpus, guint cpu)
{
    return cpu / CPUS_WORD < cpus->words && (cpus->bits[cpu / CPUS_WORD] >> cpu % CPUS_WORD & 1);
}

guint
cpus_count(const Cpus *cpus)
{
    guint count = 0;
    for (guint i = 0; i < cpus->words; i++)
        count += (guint) __builtin_popcountll(cpus->bits[i]);
    return count;
}

gboolean
cpus_is_within(const Cpus *inner, const Cpus *outer)
{
    for (guint i = 0; i < inner->words; i++) {
        if (inner->bits[i] & ~(i < outer->words ? outer->bits[i] : 0))
            return FALSE;
    }
    return TRUE;
}

gboolean
cpus_equal(const Cpus *a, const Cpus *b)
{
    return cpus_is_within(a, b) && cpus_is_within(b, a);
}

int
cpus_next(const Cpus *cpus, int after)
{
    guint at = (guint) (after + 1), word = at / CPUS_WORD;
    guint64 bits = word < cpus->words ? cpus->bits[word] & ~(guint64) 0 << at % CPUS_WORD : 0;
    while (!bits && ++word < cpus->words)
        bits = cpus->bits[word];
    return word < cpus->words && bits ? (int) (word * CPUS_WORD) + __builtin_ctzll(bits) : -1;
}

/* --- spelling ------------------------------------------------------------------------------------------------------------- */

static void
skip_blanks(const char **at, const char *end)
{
    while (*at < end && (**at == ' ' || **at == '\t'))
        (*at)++;
}

static gboolean
take_number(const char **at, const char *end, guint *ret_number)
{
    const char *from = *at;
    guint number = 0;
    for (; *at < end && g_ascii_isdigit(**at); (*at)++) {
        number = number * 10 + (guint) (**at - '0');
        if (number >= CPUS_MOST)
            return FALSE;
    }
    *ret_number = number;
    return *at > from;
}

/* One of "3", "3-5", "^4". */
static gboolean
take_piece(const char **at, const char *end, Cpus *cpus)
{
    guint first, last;
    skip_blanks(at, end);
    gboolean without = *at < end && **at == '^';
    *at += without;
    if (!take_number(at, end, &first))
        return FALSE;
    skip_blanks(at, end);
    last = first;
    if (!without && *at < end && **at == '-') {
        (*at)++;
        skip_blanks(at, end);
        if (!take_number(at, end, &last) || last < first)
            return FALSE;
    }
    skip_blanks(at, end);
    for (guint cpu = first; cpu <= last; cpu++)
        without ? cpus_remove(cpus, cpu) : cpus_add(cpus, cpu);
    return TRUE;
}

gboolean
cpus_parse(const char *text, gsize length, Cpus *ret_cpus)
{
    g_auto(Cpus) cpus = CPUS_EMPTY;
    const char *at = text, *end = text + length;
    if (!take_piece(&at, end, &cpus))
        return FALSE;
    while (at < end) {
        if (*at++ != ',' || !take_piece(&at, end, &cpus))
            return FALSE;
    }
    if (cpus_next(&cpus, -1) < 0)
        return FALSE;
    cpus_clear(ret_cpus);
    *ret_cpus = cpus;
    cpus = (Cpus) CPUS_EMPTY;
    return TRUE;
}

void
cpus_write(Text *out, const Cpus *cpus)
{
    gboolean any = FALSE;
    for (int first = cpus_next(cpus, -1); first >= 0;) {
        int last = first, next;
        while ((next = cpus_next(cpus, last)) == last + 1)
            last = next;
        text_printf(out, "%s%d", any ? "," : "", first);
        if (last > first)
            text_printf(out, "-%d", last);
        any = TRUE;
        first = next;
    }
}

char *
cpus_text(const Cpus *cpus)
{
    g_auto(Text) out = TEXT_EMPTY;
    cpus_write(&out, cpus);
    return text_take(&out);
}
