/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From a word of a query to the place its values are found, and the values of an object there. A word is one of the
 * type's table, a FIND row (by dotted path, underscores or not), `id`, or a REF and a row of what it points at. */
#include "schema/search_parts.h"

#include "base/clock.h"
#include "base/fault.h"

#include <string.h>

#define MEMBER(record, offset, ctype) (*(const ctype *) (gconstpointer) ((const char *) (record) + (offset)))

/* "Data_Center", "datacenter" and "data_center" are one word, as they are in oVirt's searches. Compares A's first LENGTH bytes. */
static gboolean
same_word(const char *a, gsize length, const char *b)
{
    const char *end = a + length;
    for (;;) {
        while (a < end && *a == '_')
            a++;
        while (*b == '_')
            b++;
        if (a == end || *b == '\0')
            return a == end && *b == '\0';
        if (g_ascii_tolower(*a++) != g_ascii_tolower(*b++))
            return FALSE;
    }
}

static gboolean
is_searchable_kind(Kind kind)
{
    return kind != KIND_GROUP && kind != KIND_LIST && kind != KIND_CHILDREN && kind != KIND_COLLECT;
}

static Kind
compared_as(Kind kind)
{
    return kind == KIND_REF || kind == KIND_WORDS ? KIND_TEXT : kind;
}

static const Field *
find_row(const Type *type, const char *name, gsize length)
{
    for (const Field *row = type->fields; row->name; row++)
        if (!(row->flags & SECRET) && same_word(name, length, row->name))
            return row;
    return NULL;
}

/* A REF row by its name or by the plural of what it points at: "cluster", "Clusters". */
static const Field *
find_ref(const Type *type, const char *name, gsize length)
{
    for (const Field *row = type->fields; row->name; row++) {
        if (row->kind != KIND_REF || row->flags & SECRET)
            continue;
        if (same_word(name, length, row->name) || same_word(name, length, ((const Type *) row->of)->many))
            return row;
    }
    return NULL;
}

static void
end_at_id(SearchKey *key, const Type *type)
{
    key->type = type;
    key->row = NULL;
    key->offset = 0;
    key->kind = KIND_TEXT;
}

static gboolean
add_hop(SearchKey *key, const Type *type, guint offset)
{
    if (key->n_hops == SEARCH_MOST_HOPS)
        return FALSE;
    key->hops[key->n_hops++] = (SearchHop) { type, offset };
    return TRUE;
}

static gboolean walk_path(SearchKey *key, const Type *type, const char *path, guint need);

/* A REF that is asked for itself is asked for its target's name. */
static gboolean
end_at_ref(SearchKey *key, const Type *target, guint offset)
{
    static const char *const names[] = { "name", "alias", "user_name" };
    if (!add_hop(key, target, offset))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (type_find(target, names[i]))
            return walk_path(key, target, names[i], 0);
    end_at_id(key, target);
    return TRUE;
}

static gboolean
end_at_row(SearchKey *key, const Type *type, const Field *row, guint offset)
{
    if (row->kind == KIND_REF)
        return end_at_ref(key, row->of, offset);
    key->type = type;
    key->row = row;
    key->offset = offset;
    key->kind = compared_as(row->kind);
    return is_searchable_kind(row->kind);
}

/* PATH goes down groups by '.' and through REFs by '>'; its last row must have the flags NEED. */
static gboolean
walk_path(SearchKey *key, const Type *type, const char *path, guint need)
{
    guint offset = 0;
    for (;;) {
        gsize length = strcspn(path, ".>");
        if (path[length] == '\0' && same_word(path, length, "id") && type->path && offset == 0) {
            end_at_id(key, type);
            return TRUE;
        }
        const Field *row = find_row(type, path, length);
        if (!row)
            return FALSE;
        offset += row->offset;
        if (path[length] == '\0')
            return (row->flags & need) == need && end_at_row(key, type, row, offset);
        if (path[length] == '>' ? row->kind != KIND_REF || !add_hop(key, row->of, offset) : row->kind != KIND_GROUP)
            return FALSE;
        if (path[length] == '>')
            offset = 0;
        type = row->of;
        path += length + 1;
    }
}

static gboolean
try_table(SearchKey *key, const Type *type, const SearchWord *words, const char *word)
{
    for (; words && words->word; words++) {
        if (!same_word(word, strlen(word), words->word))
            continue;
        if (words->path)
            return walk_path(key, type, words->path, 0);
        key->values = words->values;
        key->kind = words->kind == KIND_ENUM ? KIND_TEXT : compared_as(words->kind);    /* its values come as words */
        return words->values != NULL;
    }
    return FALSE;
}

/* "cluster.name", "Clusters.name", "vm.id": one step through a REF. */
static gboolean
try_crossing(SearchKey *key, const Type *type, const char *word)
{
    const char *dot = strchr(word, '.');
    const Field *row = dot ? find_ref(type, word, (gsize) (dot - word)) : NULL;
    return row && add_hop(key, row->of, row->offset) && walk_path(key, row->of, dot + 1, FIND);
}

static guint
edit_distance(const char *a, const char *b)
{
    guint8 row[64];
    gsize length = strlen(b);
    if (length >= sizeof(row) || strlen(a) >= sizeof(row))
        return G_MAXUINT;
    for (gsize j = 0; j <= length; j++)
        row[j] = (guint8) j;
    for (gsize i = 0; a[i]; i++) {
        guint8 corner = row[0]++;
        for (gsize j = 0; j < length; j++) {
            guint8 change = (guint8) (corner + (g_ascii_tolower(a[i]) != g_ascii_tolower(b[j])));
            corner = row[j + 1];
            row[j + 1] = MIN(change, (guint8) (MIN(row[j], row[j + 1]) + 1));
        }
    }
    return row[length];
}

static gboolean
is_close(const char *given, const char *word)
{
    gsize length = strlen(given);
    return edit_distance(given, word) <= (length < 5 ? 1u : 2u) ||
           (length >= 3 && (g_ascii_strncasecmp(word, given, length) == 0 || strstr(word, given)));
}

static char *
list_words(const Type *type, const SearchWord *words, const char *given)
{
    g_autoptr(GPtrArray) offers = search_words(type, words);
    g_autoptr(GPtrArray) close = g_ptr_array_new(), all = g_ptr_array_new();
    for (guint i = 0; i < offers->len; i++) {
        const SearchOffer *offer = offers->pdata[i];
        g_ptr_array_add(all, offer->word);
        if (is_close(given, offer->word))
            g_ptr_array_add(close, offer->word);
    }
    GPtrArray *told = close->len > 0 ? close : all;
    g_ptr_array_add(told, NULL);
    return g_strjoinv(", ", (char **) told->pdata);
}

gboolean
search_key_find(const Type *type, const SearchWord *words, const char *word, SearchKey *ret_key, GError **error)
{
    SearchKey tries[3] = { 0 };
    if (try_table(&tries[0], type, words, word))
        *ret_key = tries[0];
    else if (walk_path(&tries[1], type, word, FIND) && !strchr(word, '>'))
        *ret_key = tries[1];
    else if (try_crossing(&tries[2], type, word) && !strchr(word, '>'))
        *ret_key = tries[2];
    else {
        g_autofree char *known = list_words(type, words, word);
        return fault_set(error, MSG_SEARCH_UNKNOWN_WORD, "types", type->many, "word", word, "words", known, NULL);
    }
    return TRUE;
}

/* The object the row lies in, behind the hops; NULL where one of them leads nowhere. */
static gconstpointer
follow_hops(const SearchKey *key, const SearchWorld *world, gconstpointer object)
{
    for (guint i = 0; object && i < key->n_hops; i++) {
        const Ref *ref = &MEMBER(object, key->hops[i].offset, Ref);
        if (id_is_null(&ref->id) || !world || !world->find)
            return NULL;
        object = world->find(world->data, key->hops[i].type, &ref->id);
    }
    return object;
}

static gboolean
visit_id(const SearchKey *key, gconstpointer object, SearchVisit visit, gpointer data)
{
    char text[ID_TEXT_SIZE];
    SearchValue value = { .text = id_format(&((const Object *) object)->id, key->type->ids, text) };
    return visit(data, &value);
}

static gboolean
visit_words(const Words *words, SearchVisit visit, gpointer data)
{
    for (guint i = 0; i < words->count; i++) {
        SearchValue value = { .text = words->items[i] };
        if (visit(data, &value))
            return TRUE;
    }
    return FALSE;
}

static gboolean
visit_row(const SearchKey *key, gconstpointer object, SearchVisit visit, gpointer data)
{
    SearchValue value = { 0 };
    if (key->row->kind == KIND_WORDS)
        return visit_words(&MEMBER(object, key->offset, Words), visit, data);
    if (key->row->kind == KIND_TEXT)
        value.text = MEMBER(object, key->offset, char *) ? MEMBER(object, key->offset, char *) : "";
    else if (key->row->kind == KIND_REAL)
        value.real = MEMBER(object, key->offset, double);
    else if (key->row->kind == KIND_ENUM)
        value.number = MEMBER(object, key->offset, int);
    else if (key->row->kind == KIND_BOOL)
        value.number = MEMBER(object, key->offset, gboolean) != 0;
    else
        value.number = MEMBER(object, key->offset, gint64);
    return visit(data, &value);
}

/* What a table's function says is text; where it is compared as something else it is read first. */
static gboolean
visit_computed(const SearchKey *key, char **texts, SearchVisit visit, gpointer data)
{
    for (; texts && *texts; texts++) {
        SearchValue value = { .text = *texts };
        if (key->kind == KIND_REAL)
            value.real = g_ascii_strtod(*texts, NULL);
        else if (key->kind == KIND_BOOL)
            value.number = g_str_equal(*texts, "true");
        else if (key->kind != KIND_TIME)
            value.number = g_ascii_strtoll(*texts, NULL, 10);
        else if (!clock_parse(*texts, &value.number))
            continue;
        if (visit(data, &value))
            return TRUE;
    }
    return FALSE;
}

gboolean
search_key_visit(const SearchKey *key, const SearchWorld *world, gconstpointer object, SearchVisit visit, gpointer data)
{
    if (key->values) {
        g_auto(GStrv) texts = key->values(world, object);
        return visit_computed(key, texts, visit, data);
    }
    object = follow_hops(key, world, object);
    if (!object)
        return FALSE;
    return key->row ? visit_row(key, object, visit, data) : visit_id(key, object, visit, data);
}

static void
add_texts(GArray *keys, const Type *type, guint offset)
{
    for (const Field *row = type->fields; row->name; row++) {
        if (row->kind == KIND_GROUP)
            add_texts(keys, row->of, offset + row->offset);
        if (row->kind != KIND_TEXT || !(row->flags & FIND) || row->flags & SECRET)
            continue;
        SearchKey key = { .type = type, .row = row, .offset = offset + row->offset, .kind = KIND_TEXT };
        g_array_append_val(keys, key);
    }
}

GArray *
search_key_texts(const Type *type)
{
    GArray *keys = g_array_new(FALSE, FALSE, sizeof(SearchKey));
    add_texts(keys, type, 0);
    return keys;
}

static void
free_offer(gpointer data)
{
    SearchOffer *offer = data;
    g_free(offer->word);
    g_free(offer);
}

static void
add_offer(GPtrArray *offers, char *take_word, Kind kind, const char *help)
{
    SearchOffer *offer = g_new0(SearchOffer, 1);
    offer->word = take_word;
    offer->kind = compared_as(kind);
    offer->help = help ? help : "";
    g_ptr_array_add(offers, offer);
}

static gboolean
is_in_table(const SearchWord *words, const char *word)
{
    for (; words && words->word; words++)
        if (same_word(word, strlen(word), words->word))
            return TRUE;
    return FALSE;
}

static void
add_rows(GPtrArray *offers, const Type *type, const SearchWord *words, const char *before)
{
    for (const Field *row = type->fields; row->name; row++) {
        g_autofree char *word = g_strconcat(before, row->name, NULL);
        g_autofree char *inside = g_strconcat(word, ".", NULL);
        if (row->flags & SECRET)
            continue;
        if (row->kind == KIND_GROUP)
            add_rows(offers, row->of, words, inside);
        else if (row->flags & FIND && is_searchable_kind(row->kind) && !is_in_table(words, word))
            add_offer(offers, g_steal_pointer(&word), row->kind, row->help);
    }
}

static int
compare_offers(gconstpointer a, gconstpointer b)
{
    return strcmp((*(SearchOffer *const *) a)->word, (*(SearchOffer *const *) b)->word);
}

GPtrArray *
search_words(const Type *type, const SearchWord *words)
{
    GPtrArray *offers = g_ptr_array_new_with_free_func(free_offer);
    if (type->path)
        add_offer(offers, g_strdup("id"), KIND_TEXT, "Its id.");
    for (const SearchWord *word = words; word && word->word; word++) {
        SearchKey key = { 0 };
        if (try_table(&key, type, word, word->word))
            add_offer(offers, g_strdup(word->word), key.kind, key.row ? key.row->help : "");
    }
    add_rows(offers, type, words, "");
    g_ptr_array_sort(offers, compare_offers);
    return offers;
}
