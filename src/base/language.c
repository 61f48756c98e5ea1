/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of words, looked up by their English. Knows no sentence. Any thread. */
#include "base/language.h"

#include "base/text.h"

static const struct { const char *english, *japanese; } rows[] = {
#define WORD(en, ja) { en, ja },
#define WORD_AROUND(before, after, ja_before, ja_after)
#include "base/catalogue/ja/words.def"
#undef WORD_AROUND
#undef WORD
};

/* Words around something that is told as it is: "one of a, b, c". */
static const struct { const char *before, *after, *ja_before, *ja_after; } around[] = {
#define WORD(en, ja)
#define WORD_AROUND(before, after, ja_before, ja_after) { before, after, ja_before, ja_after },
#include "base/catalogue/ja/words.def"
#undef WORD_AROUND
#undef WORD
};

static GHashTable *
make_table(void)
{
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        g_hash_table_insert(table, (gpointer) rows[i].english, (gpointer) rows[i].japanese);
    return table;
}

const char *
language_word(const char *english, Language language)
{
    static gsize table = 0;
    if (language == LANGUAGE_EN)
        return english;
    if (g_once_init_enter(&table))
        g_once_init_leave(&table, (gsize) make_table());
    const char *told = g_hash_table_lookup((GHashTable *) table, english);
    return told ? told : english;
}

static gboolean
needs_space(gunichar left, gunichar right)
{
    gboolean left_wide = left >= 0x80 && g_unichar_isalnum(left), right_wide = right >= 0x80 && g_unichar_isalnum(right);
    return (left_wide && right < 0x80 && g_ascii_isalnum((char) right)) || (right_wide && left < 0x80 && g_ascii_isalnum((char) left));
}

gboolean
language_needs_space(const char *left, gsize left_length, const char *right)
{
    const char *last = left_length ? g_utf8_find_prev_char(left, left + left_length) : NULL;
    return last && *right && needs_space(g_utf8_get_char(last), g_utf8_get_char(right));
}

char *
language_phrase(const char *english, Language language)
{
    gsize length = strlen(english);
    for (guint i = 0; language == LANGUAGE_JA && i < G_N_ELEMENTS(around); i++) {
        gsize before = strlen(around[i].before), after = strlen(around[i].after);
        if (length < before + after || !g_str_has_prefix(english, around[i].before) || !g_str_has_suffix(english, around[i].after))
            continue;
        g_autofree char *inner = g_strndup(english + before, length - before - after);
        gboolean space = language_needs_space(inner, strlen(inner), around[i].ja_after);
        return g_strconcat(around[i].ja_before, inner, space ? " " : "", around[i].ja_after, NULL);
    }
    g_autofree char *plain = g_strdelimit(g_strdup(english), "_", ' ');
    const char *told = language_word(english, language);
    return g_strdup(told == english && language == LANGUAGE_JA && language_word(plain, language) != plain ? language_word(plain, language) : told);
}

/* The first of them that is set decides, as everywhere on a POSIX system. */
static const char *
locale_of_messages(void)
{
    static const char *const variables[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    for (guint i = 0; i < G_N_ELEMENTS(variables); i++) {
        const char *value = g_getenv(variables[i]);
        if (value && *value)
            return value;
    }
    return "";
}

Language
language_of_terminal(const char *given)
{
    const char *word = given ? given : locale_of_messages();
    return g_ascii_strncasecmp(word, "ja", 2) == 0 && !g_ascii_isalpha(word[2]) ? LANGUAGE_JA : LANGUAGE_EN;
}

const char *
language_tag(Language language)
{
    return language == LANGUAGE_JA ? "ja" : "en";
}
