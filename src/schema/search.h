/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * oVirt's search language, `name=web* and status=up sortby memory desc page 2`, compiled against a type's FIND rows
 * (and dotted paths and cross references), asked of one object at a time. Pure; the lookup of cross references is given. */
#pragma once

#include "schema/type.h"

typedef struct Search Search;

/* The object a REF points at, or the children behind "vm_names", "vm.id": whatever the words cross to; NULL if none. */
typedef struct {
    gconstpointer (*find)(gpointer data, const Type *type, const Id *id);
    gpointer data;
} SearchWorld;

/* Words that are not rows: "host", "on_host", "datacenter", "storage.name", "vm_names", "alias"… One table a type, by the model. */
typedef struct {
    const char *word;               /* lower case; may hold a dot */
    const char *path;               /* row path in this type ("cpu.architecture"), through REFs with '>' ("cluster>data_center>name"), or NULL */
    char **(*values)(const SearchWorld *world, gconstpointer object);  /* any value may match; yours, g_strfreev; when PATH is NULL */
    Kind kind;                      /* how to compare what VALUES gives */
} SearchWord;

Search *search_new(const Type *type, const SearchWord *words, const char *query, gboolean case_sensitive, GError **error);
void search_free(Search *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Search, search_free)
gboolean search_matches(const Search *search, const SearchWorld *world, gconstpointer object);
/* <0, 0, >0 by the query's sortby, else by name then id; for events newest first (the model's type says ID_NUMBER). */
int search_compare(const Search *search, const SearchWorld *world, gconstpointer a, gconstpointer b);
gboolean search_sorts(const Search *search);            /* has a sortby */
guint search_page(const Search *search);                /* 0 if not given, else from 1 */
gboolean search_is_all(const Search *search);           /* empty query: everything matches */
/* The words a client may use, for describe, completion and sentences, in alphabetical order: of SearchOffer *, yours. */
typedef struct {
    char *word;
    Kind kind;                      /* how it is compared: TEXT (references too), BOOL, INT, REAL, TIME, ENUM */
    const char *help;               /* one sentence or "" */
} SearchOffer;
GPtrArray *search_words(const Type *type, const SearchWord *words);
