/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A compiled query, asked of one object at a time. How queries read is in search_parse.c, where values are found in
 * search_key.c. Called by api with a view's objects; pure. */
#include "schema/search_parts.h"

#include "base/fault.h"

#include <string.h>

static void
clear_term(gpointer data)
{
    SearchTerm *term = data;
    g_free(term->pattern);
    g_free(term->hits);
}

Search *
search_new(const Type *type, const SearchWord *words, const char *query, gboolean case_sensitive, GError **error)
{
    g_autoptr(Search) search = g_new0(Search, 1);
    search->type = type;
    search->case_sensitive = case_sensitive;
    search->terms = g_array_new(FALSE, FALSE, sizeof(SearchTerm));
    g_array_set_clear_func(search->terms, clear_term);
    search->has_name = type_find(type, "name") && search_key_find(type, words, "name", &search->name, NULL);
    if (!query)
        return g_steal_pointer(&search);
    if (strnlen(query, SEARCH_MOST_BYTES + 1) > SEARCH_MOST_BYTES)
        fault_set(error, MSG_SEARCH_TOO_LONG, "types", type->many, NULL);
    else if (!g_utf8_validate(query, -1, NULL))
        fault_set(error, MSG_SEARCH_NOT_TEXT, "types", type->many, NULL);
    else if (search_parse(search, words, query, error))
        return g_steal_pointer(&search);
    return NULL;
}

void
search_free(Search *search)
{
    if (!search)
        return;
    g_array_unref(search->terms);
    g_clear_pointer(&search->texts, g_array_unref);
    g_free(search);
}

static gboolean
is_ascii(const char *text)
{
    while (*text && (guchar) *text < 0x80)
        text++;
    return *text == '\0';
}

/* The text folded: into BUFFER where it is short and ASCII, as names mostly are, else into *RET_HEAP. */
static const char *
fold_into(const char *text, char buffer[128], char **ret_heap)
{
    gsize i = 0;
    for (; text[i] && (guchar) text[i] < 0x80 && i < 127; i++)
        buffer[i] = g_ascii_tolower(text[i]);
    buffer[i] = '\0';
    return text[i] ? (*ret_heap = text_fold(text)) : buffer;
}

static gboolean
text_fits(const Search *search, const char *pattern, const char *text)
{
    char buffer[128];
    g_autofree char *heap = NULL;
    return text_matches(search->case_sensitive ? text : fold_into(text, buffer, &heap), pattern);
}

static gboolean
number_fits(const SearchTerm *term, gint64 value)
{
    switch (term->relation) {
    case RELATION_LESS:
        return value < term->low;
    case RELATION_MORE:
        return value >= term->high;
    case RELATION_MOST:
        return value < term->high;
    case RELATION_LEAST:
        return value >= term->low;
    case RELATION_HAS:
    case RELATION_IS:
    case RELATION_NOT:
        break;
    }
    return value >= term->low && value < term->high;
}

static gboolean
real_fits(const SearchTerm *term, double value)
{
    switch (term->relation) {
    case RELATION_LESS:
        return value < term->real;
    case RELATION_MORE:
        return value > term->real;
    case RELATION_MOST:
        return value <= term->real;
    case RELATION_LEAST:
        return value >= term->real;
    case RELATION_HAS:
    case RELATION_IS:
    case RELATION_NOT:
        break;
    }
    return value == term->real;
}

typedef struct {
    const Search *search;
    const SearchTerm *term;
} Asking;

/* NOT is the other way round of IS over all values; that is done by the caller. A time of 0 is absent and fits nothing. */
static gboolean
value_fits(gpointer data, const SearchValue *value)
{
    const Asking *asking = data;
    const SearchTerm *term = asking->term;
    Kind kind = term->key.kind;
    if (term->any)
        return TRUE;
    if (kind == KIND_TEXT)
        return text_fits(asking->search, term->pattern, value->text);
    if (kind == KIND_ENUM)
        return value->number >= 0 && value->number < ((const Names *) term->key.row->of)->count && term->hits[value->number];
    if (kind == KIND_REAL)
        return real_fits(term, value->real);
    return (kind != KIND_TIME || value->number != 0) && number_fits(term, value->number);
}

static gboolean
has_text(const Search *search, const SearchTerm *term, gconstpointer object)
{
    Asking asking = { search, term };
    for (guint i = 0; i < search->texts->len; i++)
        if (search_key_visit(&g_array_index(search->texts, SearchKey, i), NULL, object, value_fits, &asking))
            return TRUE;
    return FALSE;
}

static gboolean
term_fits(const Search *search, const SearchTerm *term, const SearchWorld *world, gconstpointer object)
{
    Asking asking = { search, term };
    if (term->relation == RELATION_HAS)
        return term->any || has_text(search, term, object);
    return search_key_visit(&term->key, world, object, value_fits, &asking) == (term->relation != RELATION_NOT);
}

gboolean
search_matches(const Search *search, const SearchWorld *world, gconstpointer object)
{
    gboolean fits = TRUE;       /* so far, in this group of terms joined by `and` */
    for (guint i = 0; i < search->terms->len; i++) {
        const SearchTerm *term = &g_array_index(search->terms, SearchTerm, i);
        if (term->or_before && fits)
            return TRUE;
        fits = (fits || term->or_before) && term_fits(search, term, world, object);
    }
    return fits;
}

static int
compare_texts(const char *a, const char *b)
{
    if (is_ascii(a) && is_ascii(b))
        return g_ascii_strcasecmp(a, b);
    g_autofree char *folded_a = text_fold(a), *folded_b = text_fold(b);
    return strcmp(folded_a, folded_b);
}

/* A text that is no member of the object (an id, a computed one) is gone when the next value is fetched: it is copied. */
typedef struct {
    SearchValue value;
    char *copy;
    gboolean copies;
    gboolean found;
} First;

static gboolean
keep_first(gpointer data, const SearchValue *value)
{
    First *first = data;
    first->value = *value;
    first->found = TRUE;
    if (first->copies)
        first->value.text = first->copy = g_strdup(value->text);
    return TRUE;
}

/* What is absent stands first. */
static int
compare_firsts(const SearchKey *key, const First *a, const First *b)
{
    if (!a->found || !b->found)
        return a->found - b->found;
    if (key->kind == KIND_TEXT)
        return compare_texts(a->value.text, b->value.text);
    if (key->kind == KIND_ENUM)
        return compare_texts(names_get(key->row->of, (int) a->value.number), names_get(key->row->of, (int) b->value.number));
    if (key->kind == KIND_REAL)
        return (a->value.real > b->value.real) - (a->value.real < b->value.real);
    return (a->value.number > b->value.number) - (a->value.number < b->value.number);
}

static int
compare_by(const SearchKey *key, const SearchWorld *world, gconstpointer a, gconstpointer b)
{
    First first_a = { .copies = !key->row }, first_b = { .copies = !key->row };
    search_key_visit(key, world, a, keep_first, &first_a);
    search_key_visit(key, world, b, keep_first, &first_b);
    int order = compare_firsts(key, &first_a, &first_b);
    g_free(first_a.copy);
    g_free(first_b.copy);
    return order;
}

int
search_compare(const Search *search, const SearchWorld *world, gconstpointer a, gconstpointer b)
{
    int order = search->sorts ? compare_by(&search->sort, world, a, b) : 0;
    if (order != 0)
        return search->descending ? -order : order;
    if (search->has_name)
        order = compare_by(&search->name, world, a, b);
    if (order != 0)
        return order;
    order = id_compare(&((const Object *) a)->id, &((const Object *) b)->id);
    return search->type->ids == ID_NUMBER && !search->has_name ? -order : order;    /* events: newest first */
}

gboolean
search_sorts(const Search *search)
{
    return search->sorts;
}

guint
search_page(const Search *search)
{
    return search->page;
}

gboolean
search_is_all(const Search *search)
{
    return search->terms->len == 0;
}
