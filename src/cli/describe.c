/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A type as somebody at a terminal needs it: every field by the dotted name it is given with, whether it can be given, and what words it
 * takes. What it merely links to is left out: those are types of their own. */
#include "cli/describe.h"

#include "cli/words.h"

#include <stdio.h>

#define MOST_DEPTH 4

static gboolean
is_one_of(struct json_object *field, const char *const *kinds)
{
    return g_strv_contains(kinds, words_string(field, "kind"));
}

/* "add, set": given when it is made, changed later. Borrowed. */
static const char *
when(struct json_object *field)
{
    gboolean add = words_field_has(field, "add"), set = words_field_has(field, "set");
    return add && set ? "add, set" : add ? "add" : set ? "set" : "";
}

static void
print_values(struct json_object *field)
{
    struct json_object *values = NULL;
    json_object_object_get_ex(field, "values", &values);
    gsize count = values ? json_object_array_length(values) : 0;
    for (gsize i = 0; i < count; i++)
        printf("%s%s%s", i ? ", " : " (", json_object_get_string(json_object_array_get_idx(values, i)), i + 1 == count ? ")" : "");
}

static void
print_rows(struct json_object *holder, const char *prefix, int depth)
{
    static const char *const links[] = { "children", "collect", NULL };
    struct json_object *fields = NULL;
    json_object_object_get_ex(holder, "fields", &fields);
    for (gsize i = 0; fields && i < json_object_array_length(fields); i++) {
        struct json_object *field = json_object_array_get_idx(fields, i);
        g_autofree char *name = g_strconcat(prefix, words_string(field, "name"), NULL);
        if (is_one_of(field, links))
            continue;
        if (g_str_equal(words_string(field, "kind"), "group") && depth < MOST_DEPTH) {
            g_autofree char *inside = g_strconcat(name, ".", NULL);
            print_rows(field, inside, depth + 1);
            continue;
        }
        printf("  %-40s %-5s  %-8s  %s", name, words_string(field, "kind"), when(field), words_string(field, "help"));
        print_values(field);
        putchar('\n');
    }
}

static void
print_verbs(struct json_object *type, Language language)
{
    struct json_object *verbs = NULL;
    json_object_object_get_ex(type, "verbs", &verbs);
    for (gsize i = 0; verbs && i < json_object_array_length(verbs); i++)
        printf("%s%s", i ? ", " : language_word("Verbs: ", language), json_object_get_string(json_object_array_get_idx(verbs, i)));
    if (verbs && json_object_array_length(verbs))
        putchar('\n');
}

/* What may be said beside the fields: `update current=true`. */
static void
print_flags(struct json_object *description, struct json_object *type, const char *list)
{
    struct json_object *rows = NULL;
    json_object_object_get_ex(description, list, &rows);
    for (gsize i = 0; rows && i < json_object_array_length(rows); i++) {
        struct json_object *row = json_object_array_get_idx(rows, i), *flags = NULL;
        gboolean fits = g_str_equal(words_string(row, "on"), words_string(type, "one"));
        json_object_object_get_ex(row, "flags", &flags);
        for (gsize k = 0; fits && flags && k < json_object_array_length(flags); k++) {
            struct json_object *flag = json_object_array_get_idx(flags, k);
            g_autofree char *name = g_strconcat(words_string(flag, "name"), "=true", NULL);
            printf("%s: %-24s %s\n", words_string(row, "verb"), name, words_string(flag, "help"));
        }
    }
}

void
describe_print(struct json_object *description, struct json_object *type, Language language)
{
    const char *parent = words_string(type, "parent");
    printf("%s: %s\n", words_string(type, "one"), words_string(type, "help"));
    if (*parent)
        printf("%s %s: %s=NAME\n", language_word("It belongs to a", language), parent, parent);
    print_verbs(type, language);
    print_flags(description, type, "commands");
    print_flags(description, type, "reads");
    puts(language_word("Fields (add: given when it is made; set: changed later; else only shown):", language));
    print_rows(type, "", 0);
}
