/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tables told: as Markdown to people, as JSON to forms, completion and the command line. Nothing is said here that the
 * rows do not say. Called by daemon (--describe=markdown) and api (/describe). */
#include "schema/describe.h"

#include "schema/write.h"

/* The words of the JSON form; the command line knows them. */
static const char *const kind_words[] = {
    [KIND_TEXT] = "text", [KIND_BOOL] = "bool", [KIND_INT] = "int", [KIND_REAL] = "real", [KIND_TIME] = "time",
    [KIND_ENUM] = "enum", [KIND_REF] = "ref", [KIND_GROUP] = "group", [KIND_LIST] = "list", [KIND_WORDS] = "words",
    [KIND_CHILDREN] = "children", [KIND_COLLECT] = "collect",
};

static const struct { guint flag; const char *word; } flag_words[] = {
    { ADD, "add" }, { SET, "set" }, { LIVE, "live" }, { FIND, "find" }, { SHOW, "show" }, { OPT, "opt" }, { ALL, "all" },
    { NEED, "need" }, { INLINE, "inline" },
};

/* What may be told: a SECRET that nobody may send does not exist outside. */
static gboolean
is_told(const Field *row)
{
    return !(row->flags & SECRET) || row->flags & (ADD | SET);
}

static const char *
help_of(const Field *row)
{
    return row->kind != KIND_COLLECT && row->help ? row->help : "";
}

static void
add_key(Text *out, const char *key)
{
    if (out->bytes[out->length - 1] != '{')
        text_add_literal(out, ",");
    text_add_json(out, key);
    text_add_literal(out, ":");
}

static void
add_pair(Text *out, const char *key, const char *value)
{
    add_key(out, key);
    text_add_json(out, value);
}

static void
add_next(Text *out)
{
    if (out->bytes[out->length - 1] != '[')
        text_add_literal(out, ",");
}

static void
add_array(Text *out, const char *key, const char *const *items)
{
    add_key(out, key);
    text_add_literal(out, "[");
    for (; items && *items; items++) {
        add_next(out);
        text_add_json(out, *items);
    }
    text_add_literal(out, "]");
}

static void
add_flags_json(Text *out, guint flags)
{
    add_key(out, "flags");
    text_add_literal(out, "[");
    for (guint i = 0; i < G_N_ELEMENTS(flag_words); i++) {
        if (!(flags & flag_words[i].flag))
            continue;
        add_next(out);
        text_add_json(out, flag_words[i].word);
    }
    text_add_literal(out, "]");
}

static void
add_names_json(Text *out, const Names *names)
{
    add_key(out, "values");
    text_add_literal(out, "[");
    for (guint i = 1; i < names->count; i++) {
        add_next(out);
        text_add_json(out, names->names[i]);
    }
    text_add_literal(out, "]");
}

static void add_rows_json(Text *out, const Type *type, Language language);

/* What a row is made of, by its kind. */
static void
add_parts_json(Text *out, const Field *row, Language language)
{
    const Type *of = row->of;
    if (row->kind == KIND_ENUM)
        add_names_json(out, row->of);
    if (row->kind == KIND_INT && row->by)
        add_pair(out, "unit", row->by);
    if (row->kind == KIND_WORDS)
        add_pair(out, "item", row->of);
    if (row->kind == KIND_REF)
        add_pair(out, "of", of->one);
    if (row->kind == KIND_CHILDREN || row->kind == KIND_COLLECT) {
        add_pair(out, "path", field_segment(row));
        if (of)
            add_pair(out, "of", of->one);
    }
    if (row->kind == KIND_GROUP || row->kind == KIND_LIST) {
        add_pair(out, "item", of->one);
        add_rows_json(out, of, language);
    }
}

static void
add_rows_json(Text *out, const Type *type, Language language)
{
    add_key(out, "fields");
    text_add_literal(out, "[");
    for (const Field *row = type->fields; row->name; row++) {
        if (!is_told(row))
            continue;
        add_next(out);
        text_add_literal(out, "{");
        add_pair(out, "name", row->name);
        add_pair(out, "kind", kind_words[row->kind]);
        add_flags_json(out, row->flags);
        add_parts_json(out, row, language);
        add_pair(out, "help", language_word(help_of(row), language));
        text_add_literal(out, "}");
    }
    text_add_literal(out, "]");
}

static void
add_search_json(Text *out, const Type *type, const SearchWord *words, Language language)
{
    g_autoptr(GPtrArray) offers = search_words(type, words);
    add_key(out, "search");
    text_add_literal(out, "[");
    for (guint i = 0; i < offers->len; i++) {
        const SearchOffer *offer = offers->pdata[i];
        add_next(out);
        text_add_literal(out, "{");
        add_pair(out, "word", offer->word);
        add_pair(out, "kind", kind_words[offer->kind]);
        add_pair(out, "help", language_word(offer->help ? offer->help : "", language));
        text_add_literal(out, "}");
    }
    text_add_literal(out, "]");
}

void
describe_json(Text *out, const Type *type, const SearchWord *words, const char *const *verbs, Language language)
{
    text_add_literal(out, "{");
    add_pair(out, "one", type->one);
    add_pair(out, "many", type->many);
    if (type->path)
        add_pair(out, "path", type->path);
    if (type->parent)
        add_pair(out, "parent", type->parent->one);
    add_pair(out, "help", language_word(type->help ? type->help : "", language));
    add_array(out, "verbs", verbs);
    add_rows_json(out, type, language);
    add_search_json(out, type, words, language);
    text_add_literal(out, "}");
}

/* Text inside a cell of a table. */
static void
add_cell(Text *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            text_add_literal(out, "\\");
        text_add_bytes(out, *text == '\n' ? " " : text, 1);
    }
}

static void
add_kind_cell(Text *out, const Field *row)
{
    const Names *names = row->of;
    const Type *of = row->of;
    switch (row->kind) {
    case KIND_ENUM:
        for (guint i = 1; i < names->count; i++)
            text_printf(out, "%s`%s`", i > 1 ? ", " : "", names->names[i]);
        break;
    case KIND_REF:
        text_printf(out, "reference to %s `%s`", strchr("aeio", of->one[0]) ? "an" : "a", of->one);
        break;
    case KIND_WORDS:
        text_printf(out, "words, each a `%s`", (const char *) row->of);
        break;
    case KIND_LIST:
        text_printf(out, "list of `%s`", of->one);
        break;
    case KIND_CHILDREN:
    case KIND_COLLECT:
        text_printf(out, "sub-collection `/%s`", field_segment(row));
        break;
    case KIND_BOOL:
        text_add_literal(out, "`true` or `false`");
        break;
    case KIND_INT:
        text_add_literal(out, "whole number");
        break;
    case KIND_REAL:
        text_add_literal(out, "number");
        break;
    case KIND_TEXT:
    case KIND_TIME:
    case KIND_GROUP:
        text_add(out, kind_words[row->kind]);
        break;
    }
}

static void
add_access_cell(Text *out, const Field *row)
{
    static const struct { guint flag; const char *say; } says[] = {
        { NEED, "needed to add" }, { ADD, "add" }, { SET, "set" }, { LIVE, "reported by its host" }, { ALL, "only with all_content" },
        { FIND, "search" }, { SECRET, "never shown" },
    };
    gboolean any = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(says); i++) {
        if (!(row->flags & says[i].flag) || (says[i].flag == ADD && row->flags & NEED))
            continue;
        text_printf(out, "%s%s", any ? ", " : "", says[i].say);
        any = TRUE;
    }
}

static void
add_rows_markdown(Text *out, const Type *type, const char *before)
{
    for (const Field *row = type->fields; row->name; row++) {
        g_autofree char *path = g_strconcat(before, row->name, NULL);
        gboolean inside = row->kind == KIND_GROUP || row->kind == KIND_LIST;
        g_autofree char *below = g_strconcat(path, row->kind == KIND_LIST ? "[]." : ".", NULL);
        if (!is_told(row))
            continue;
        text_printf(out, "| `%s` | ", path);
        add_kind_cell(out, row);
        text_add_literal(out, " | ");
        add_access_cell(out, row);
        text_add_literal(out, " | ");
        add_cell(out, help_of(row));
        text_add_literal(out, " |\n");
        if (inside)
            add_rows_markdown(out, row->of, below);
    }
}

static void
add_verbs_markdown(Text *out, const char *const *verbs)
{
    if (!verbs || !*verbs)
        return;
    text_add_literal(out, "\nVerbs: ");
    for (guint i = 0; verbs[i]; i++)
        text_printf(out, "%s`%s`", i ? ", " : "", verbs[i]);
    text_add_literal(out, ".\n");
}

static void
add_search_markdown(Text *out, const Type *type, const SearchWord *words)
{
    g_autoptr(GPtrArray) offers = search_words(type, words);
    text_add_literal(out, "\nSearch words: ");
    for (guint i = 0; i < offers->len; i++)
        text_printf(out, "%s`%s`", i ? ", " : "", ((const SearchOffer *) offers->pdata[i])->word);
    text_add_literal(out, ".\n");
}

void
describe_markdown(Text *out, const Type *type, const SearchWord *words, const char *const *verbs)
{
    text_printf(out, "## %s\n\n%s\n\n", type->one, type->help ? type->help : "");
    if (type->parent)
        text_printf(out, "Path: `/%s/{id}/%s`.\n\n", type->parent->path, type->path);
    else if (type->path)
        text_printf(out, "Path: `/%s`.\n\n", type->path);
    text_add_literal(out, "| field | is | may be | |\n|---|---|---|---|\n");
    add_rows_markdown(out, type, "");
    add_verbs_markdown(out, verbs);
    if (type->path)
        add_search_markdown(out, type, words);
    text_add_literal(out, "\n");
}
