/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * oVirt's search language, from text to terms:
 *     [TERM [and|or] TERM …] [sortby WORD [asc|desc]] [page N]      TERM: WORD REL VALUE, or a bare word
 * Terms side by side are joined by `and`. There are no parentheses. Values that hold spaces, or are keywords, stand in
 * "quotes" with \" and \\ inside. Relative times ("today") are not understood, and the refusal says what is. */
#include "schema/search_parts.h"

#include "base/fault.h"

#include <string.h>

typedef struct {
    Search *search;
    const SearchWord *words;
    const char *at;
} Reading;

static gboolean
not_understood(const Reading *reading, const char *at, GError **error)
{
    g_autofree char *found = g_utf8_substring(at, 0, MIN(g_utf8_strlen(at, -1), 40));
    return fault_set(error, MSG_SEARCH_SYNTAX, "types", reading->search->type->many, "found", *found ? found : "the end", NULL);
}

static void
skip_blanks(Reading *reading)
{
    while (g_ascii_isspace(*reading->at))
        reading->at++;
}

/* Behind the opening quote; NULL if it is never closed. */
static char *
take_quoted(Reading *reading)
{
    g_auto(Text) out = TEXT_EMPTY;
    for (; *reading->at && *reading->at != '"'; reading->at++) {
        if (reading->at[0] == '\\' && (reading->at[1] == '"' || reading->at[1] == '\\'))
            reading->at++;
        text_add_bytes(&out, reading->at, 1);
    }
    if (*reading->at != '"')
        return NULL;
    reading->at++;
    return text_take(&out);
}

/* A bare word of a term: up to a blank, a quote or a relation. May be empty. */
static char *
take_word(Reading *reading)
{
    const char *start = reading->at;
    while (*reading->at && !g_ascii_isspace(*reading->at) && !strchr("\"=<>", *reading->at) &&
           !(reading->at[0] == '!' && reading->at[1] == '='))
        reading->at++;
    return g_strndup(start, (gsize) (reading->at - start));
}

static gboolean
take_relation(Reading *reading, SearchRelation *ret_relation)
{
    static const struct { const char *text; SearchRelation relation; } relations[] = {
        { "!=", RELATION_NOT }, { "<=", RELATION_MOST }, { ">=", RELATION_LEAST },
        { "<", RELATION_LESS }, { ">", RELATION_MORE }, { "=", RELATION_IS },
    };
    skip_blanks(reading);
    for (guint i = 0; i < G_N_ELEMENTS(relations); i++) {
        if (!g_str_has_prefix(reading->at, relations[i].text))
            continue;
        reading->at += strlen(relations[i].text);
        *ret_relation = relations[i].relation;
        return TRUE;
    }
    return FALSE;
}

static gboolean
is_one_of(const char *word, const char *const *set)
{
    for (; *set; set++)
        if (g_ascii_strcasecmp(word, *set) == 0)
            return TRUE;
    return FALSE;
}

/* The value behind WORD and its relation, up to a blank or in quotes; NULL with a fault if there is none. */
static char *
take_value(Reading *reading, const char *word, GError **error)
{
    static const char *const keywords[] = { "and", "or", "sortby", "page", NULL };
    skip_blanks(reading);
    const char *start = reading->at;
    if (*start == '"') {
        reading->at++;
        char *quoted = take_quoted(reading);
        if (!quoted)
            fault_set(error, MSG_SEARCH_QUOTE, "types", reading->search->type->many, NULL);
        return quoted;
    }
    while (*reading->at && !g_ascii_isspace(*reading->at))
        reading->at++;
    g_autofree char *value = g_strndup(start, (gsize) (reading->at - start));
    if (*value && !is_one_of(value, keywords))
        return g_steal_pointer(&value);
    fault_set(error, MSG_SEARCH_NO_VALUE, "types", reading->search->type->many, "word", word, NULL);
    return NULL;
}

/* TERM is taken over, whatever happens. */
static gboolean
keep_term(Reading *reading, SearchTerm *term, GError **error)
{
    Search *search = reading->search;
    g_array_append_vals(search->terms, term, 1);
    if (search->terms->len <= SEARCH_MOST_TERMS)
        return TRUE;
    return fault_set(error, MSG_SEARCH_TOO_LONG, "types", search->type->many, NULL);
}

static gboolean
read_bare(Reading *reading, const char *text, gboolean or_before, GError **error)
{
    SearchTerm term = { .relation = RELATION_HAS, .or_before = or_before };
    Search *search = reading->search;
    if (!search->texts)
        search->texts = search_key_texts(search->type);
    return search_want(search, &term, "", text, error) && keep_term(reading, &term, error);
}

/* Is KEYWORD next, as a keyword (and not as the word of a term, `page=2`)? Moves behind it. */
static gboolean
take_keyword(Reading *reading, const char *keyword)
{
    Reading ahead = *reading;
    SearchRelation relation;
    skip_blanks(&ahead);
    g_autofree char *word = take_word(&ahead);
    Reading behind = ahead;
    if (g_ascii_strcasecmp(word, keyword) != 0 || *ahead.at == '"' || take_relation(&behind, &relation))
        return FALSE;
    reading->at = ahead.at;
    return TRUE;
}

/* The term at AT, whose bare word is TEXT if the quote was its start. */
static gboolean
read_term(Reading *reading, gboolean or_before, GError **error)
{
    SearchTerm term = { .or_before = or_before };
    const char *start = reading->at;
    if (*start == '"') {
        reading->at++;
        g_autofree char *quoted = take_quoted(reading);
        if (!quoted)
            return fault_set(error, MSG_SEARCH_QUOTE, "types", reading->search->type->many, NULL);
        return read_bare(reading, quoted, or_before, error);
    }
    Reading joint = *reading;
    g_autofree char *word = take_word(reading);
    if (!*word || take_keyword(&joint, "and") || take_keyword(&joint, "or"))
        return not_understood(reading, start, error);
    if (!take_relation(reading, &term.relation))
        return read_bare(reading, word, or_before, error);
    g_autofree char *value = take_value(reading, word, error);
    return value && search_key_find(reading->search->type, reading->words, word, &term.key, error) &&
           search_want(reading->search, &term, word, value, error) && keep_term(reading, &term, error);
}

static gboolean
read_sort(Reading *reading, GError **error)
{
    Search *search = reading->search;
    skip_blanks(reading);
    g_autofree char *word = take_word(reading);
    if (!*word)
        return not_understood(reading, reading->at, error);
    if (!search_key_find(search->type, reading->words, word, &search->sort, error))
        return FALSE;
    search->sorts = TRUE;
    search->descending = take_keyword(reading, "desc");
    if (!search->descending)
        take_keyword(reading, "asc");
    return TRUE;
}

static gboolean
read_page(Reading *reading, GError **error)
{
    guint64 page = 0;
    skip_blanks(reading);
    const char *start = reading->at;
    g_autofree char *word = take_word(reading);
    if (!g_ascii_string_to_unsigned(word, 10, 1, G_MAXINT32, &page, NULL)) {
        reading->at = start;
        return fault_set(error, MSG_SEARCH_PAGE, "types", reading->search->type->many, "given", *word ? word : "the end", NULL);
    }
    reading->search->page = (guint) page;
    return TRUE;
}

static gboolean
read_terms(Reading *reading, GError **error)
{
    for (gboolean first = TRUE;; first = FALSE) {
        gboolean or_before = !first && take_keyword(reading, "or");
        gboolean joined = or_before || (!first && take_keyword(reading, "and"));
        Reading ahead = *reading;
        skip_blanks(reading);
        gboolean ends = *reading->at == '\0' || take_keyword(&ahead, "sortby") || take_keyword(&ahead, "page");
        if (ends && joined)
            return not_understood(reading, reading->at, error);
        if (ends)
            return TRUE;
        if (!read_term(reading, or_before, error))
            return FALSE;
    }
}

gboolean
search_parse(Search *search, const SearchWord *words, const char *query, GError **error)
{
    Reading reading = { .search = search, .words = words, .at = query };
    if (!read_terms(&reading, error))
        return FALSE;
    if (take_keyword(&reading, "sortby") && !read_sort(&reading, error))
        return FALSE;
    if (take_keyword(&reading, "page") && !read_page(&reading, error))
        return FALSE;
    skip_blanks(&reading);
    return *reading.at == '\0' || not_understood(&reading, reading.at, error);
}
