/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What search.c, search_key.c and search_parse.c share. Nobody else includes it.
 *
 * A query is terms joined by `and` and `or`; a term is a key (where a value is found), a relation and a wanted value. */
#pragma once

#include "base/text.h"
#include "schema/search.h"

#define SEARCH_MOST_HOPS 4
#define SEARCH_MOST_TERMS 64
#define SEARCH_MOST_BYTES 4096

/* Where a word's values are: through REFs to a row, in an object's id, or by a function of the word's table. */
typedef struct {
    const Type *type;           /* of what the REF points at */
    guint offset;               /* of the REF, in the object before */
} SearchHop;

typedef struct {
    SearchHop hops[SEARCH_MOST_HOPS];
    guint n_hops;
    const Type *type;           /* in which the row lies, for its id style */
    const Field *row;           /* NULL: the object's id */
    guint offset;               /* of the row's member */
    char **(*values)(const SearchWorld *world, gconstpointer object);
    Kind kind;                  /* TEXT BOOL INT REAL TIME ENUM; ids and REFs compare as TEXT */
} SearchKey;

typedef struct {
    const char *text;           /* TEXT; never NULL there */
    gint64 number;              /* BOOL INT TIME ENUM */
    double real;                /* REAL */
} SearchValue;

/* Finds WORD among a type's words and rows. FALSE with a fault that lists close ones. */
gboolean search_key_find(const Type *type, const SearchWord *words, const char *word, SearchKey *ret_key, GError **error);
/* Calls VISIT with each value KEY has in OBJECT (mostly one) until it returns TRUE; returns whether it did. */
typedef gboolean (*SearchVisit)(gpointer data, const SearchValue *value);
gboolean search_key_visit(const SearchKey *key, const SearchWorld *world, gconstpointer object, SearchVisit visit, gpointer data);
/* The keys of all TEXT rows a bare word is looked for in; an array of SearchKey, yours. */
GArray *search_key_texts(const Type *type);

typedef enum { RELATION_HAS, RELATION_IS, RELATION_NOT, RELATION_LESS, RELATION_MORE, RELATION_MOST, RELATION_LEAST } SearchRelation;

typedef struct {
    SearchKey key;              /* unused where the relation is HAS: a bare word */
    SearchRelation relation;
    gboolean or_before;         /* begins a new group of terms joined by `and` */
    gboolean any;               /* the value is `*`: every object */
    char *pattern;              /* TEXT and bare words, folded unless case-sensitive */
    guint8 *hits;               /* ENUM: by value, does it fit the pattern */
    gint64 low, high;           /* BOOL INT TIME: wanted values are low <= v < high (a date is a day, a time without a fraction a second) */
    double real;
} SearchTerm;

struct Search {
    const Type *type;
    gboolean case_sensitive;
    GArray *terms;              /* SearchTerm */
    GArray *texts;              /* SearchKey; made when a bare word was used */
    SearchKey sort;
    gboolean sorts, descending;
    SearchKey name;             /* the order of what is equal otherwise */
    gboolean has_name;
    guint page;
};

/* Fills SEARCH from QUERY, which is valid UTF-8. */
gboolean search_parse(Search *search, const SearchWord *words, const char *query, GError **error);
/* Fills TERM's wanted value from TEXT for its key and relation. FALSE with a fault that names WORD. */
gboolean search_want(const Search *search, SearchTerm *term, const char *word, const char *text, GError **error);
