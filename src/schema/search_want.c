/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a term wants, made ready once so that asking thousands of objects is cheap: folded patterns, enum words as bits,
 * numbers and times as ranges. Called by search_parse.c. */
#include "schema/search_parts.h"

#include "base/clock.h"
#include "base/fault.h"
#include "schema/read.h"

#include <string.h>

#define DAY (G_GINT64_CONSTANT(86400) * CLOCK_SECOND)

static gboolean
wrong_value(const Search *search, const char *word, const char *text, const char *wanted, GError **error)
{
    g_autofree char *shown = g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), 60));
    return fault_set(error, MSG_SEARCH_VALUE, "types", search->type->many, "word", word, "value", shown, "wanted", wanted, NULL);
}

static char *
pattern_of(const Search *search, const char *text)
{
    return search->case_sensitive ? g_strdup(text) : text_fold(text);
}

static void
want_bare(const Search *search, SearchTerm *term, const char *text)
{
    g_autofree char *pattern = pattern_of(search, text);
    term->any = g_str_equal(text, "*");
    term->pattern = strchr(pattern, '*') ? g_steal_pointer(&pattern) : g_strconcat("*", pattern, "*", NULL);
}

/* Enum words are compared without case and underscores, as people write them in searches: "PoweringUp". */
static char *
plain_word(const char *word)
{
    char *plain = g_ascii_strdown(word, -1), *to = plain;
    for (const char *from = plain; *from; from++)
        if (*from != '_' && *from != '-' && *from != ' ')
            *to++ = *from;
    *to = '\0';
    return plain;
}

static gboolean
want_enum(const Search *search, SearchTerm *term, const char *word, const char *text, GError **error)
{
    const Names *names = term->key.row->of;
    g_autofree char *wanted = plain_word(text);
    gboolean any = strchr(wanted, '*') != NULL;
    g_autofree guint8 *hits = g_new0(guint8, names->count);
    for (guint i = 0; i < names->count; i++) {
        g_autofree char *known = plain_word(names->names[i]);
        hits[i] = text_matches(known, wanted);
        any |= hits[i];
    }
    if (!any) {
        g_autoptr(GString) list = g_string_new("one of ");
        for (guint i = 1; i < names->count; i++)
            g_string_append_printf(list, "%s%s", i > 1 ? ", " : "", names->names[i]);
        return wrong_value(search, word, text, list->str, error);
    }
    term->hits = g_steal_pointer(&hits);
    return TRUE;
}

/* "2024-05-01" is that day, "2024-05-01T10:20:30Z" that second, with a fraction that millisecond. */
static gboolean
want_time(const Search *search, SearchTerm *term, const char *word, const char *text, GError **error)
{
    g_autofree char *midnight = g_strconcat(text, "T00:00:00Z", NULL);
    Wall wall;
    if (clock_parse(midnight, &wall)) {
        term->low = wall;
        term->high = wall + DAY;
        return TRUE;
    }
    if (!clock_parse(text, &wall))
        return wrong_value(search, word, text, "a date such as 2026-01-31 or 2026-01-31T09:00:00Z", error);
    gint64 width = strchr(text, '.') ? 1000 : CLOCK_SECOND;
    term->low = wall;
    term->high = wall + width;
    return TRUE;
}

/* As bodies read them, so that "2GiB" and "yes" mean the same everywhere. */
static gboolean
want_number(const Search *search, SearchTerm *term, const char *word, const char *text, GError **error)
{
    union { gboolean truth; gint64 whole; double real; } member = { 0 };
    const Field row = { .name = word, .kind = term->key.kind };
    if (!read_scalar(search->type, &row, &member, text, TRUE, NULL)) {
        const char *wanted = row.kind == KIND_BOOL ? "true or false" : row.kind == KIND_REAL ? "a number" : "a whole number such as 4 or 2GiB";
        return wrong_value(search, word, text, wanted, error);
    }
    term->real = row.kind == KIND_REAL ? member.real : 0;
    term->low = row.kind == KIND_BOOL ? member.truth != 0 : row.kind == KIND_INT ? member.whole : 0;
    term->high = term->low == G_MAXINT64 ? G_MAXINT64 : term->low + 1;
    return TRUE;
}

static gboolean
is_ordered(Kind kind)
{
    return kind == KIND_INT || kind == KIND_REAL || kind == KIND_TIME;
}

gboolean
search_want(const Search *search, SearchTerm *term, const char *word, const char *text, GError **error)
{
    if (term->relation == RELATION_HAS) {
        want_bare(search, term, text);
        return TRUE;
    }
    if (term->relation != RELATION_IS && term->relation != RELATION_NOT && !is_ordered(term->key.kind))
        return fault_set(error, MSG_SEARCH_RELATION, "types", search->type->many, "word", word, NULL);
    term->any = g_str_equal(text, "*");
    if (term->any)
        return TRUE;
    if (term->key.kind == KIND_ENUM)
        return want_enum(search, term, word, text, error);
    if (term->key.kind == KIND_TIME)
        return want_time(search, term, word, text, error);
    if (term->key.kind != KIND_TEXT)
        return want_number(search, term, word, text, error);
    term->pattern = pattern_of(search, text);
    return TRUE;
}
