/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tables and sheets. What a column shows of a reference is its name where the reply has one, else its id; bytes are told
 * in binary units, since that is how people gave them. */
#include "cli/print.h"

#include "base/clock.h"
#include "cli/words.h"

#include <stdio.h>

/* Terminal columns of UTF-8 text: wide characters count two. */
static int
columns_of(const char *text)
{
    int columns = 0;
    for (; *text; text = g_utf8_next_char(text)) {
        gunichar character = g_utf8_get_char(text);
        columns += g_unichar_iszerowidth(character) ? 0 : g_unichar_iswide(character) ? 2 : 1;
    }
    return columns;
}

static char *
bytes_for_people(const char *number)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
    double value = g_ascii_strtod(number, NULL);
    guint unit = 0;
    for (; value >= 1024 && unit + 1 < G_N_ELEMENTS(units); unit++)
        value /= 1024;
    return g_strdup_printf(value == (gint64) value ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

static gboolean
is_bytes(const char *name)
{
    static const char *const words[] = { "memory", "available", "used", "committed", "guaranteed", "max", "max_scheduling_memory", NULL };
    return g_strv_contains(words, name) || g_str_has_suffix(name, "_size");
}

static char *
cell(struct json_object *field, struct json_object *object)
{
    struct json_object *value = NULL;
    const char *name = words_string(field, "name");
    if (!json_object_object_get_ex(object, name, &value) || !value)
        return g_strdup("");
    if (json_object_is_type(value, json_type_object)) {
        const char *shown = words_string(value, "name");
        return g_strdup(*shown ? shown : words_string(value, "id"));
    }
    if (g_str_equal(words_string(field, "kind"), "time")) {
        char date[CLOCK_DATE_SIZE];
        return g_strdup(clock_format(json_object_get_int64(value) * 1000, date));
    }
    if (is_bytes(name))
        return bytes_for_people(json_object_get_string(value));
    return g_strdup(json_object_get_string(value));
}

static GPtrArray *
columns(struct json_object *type)
{
    GPtrArray *shown = g_ptr_array_new();
    struct json_object *fields = NULL;
    json_object_object_get_ex(type, "fields", &fields);
    gsize count = fields ? json_object_array_length(fields) : 0;
    for (gsize i = 0; i < count; i++) {
        struct json_object *field = json_object_array_get_idx(fields, i);
        if (words_field_has(field, "show"))
            g_ptr_array_add(shown, field);
    }
    return shown;
}

static void
print_cell(const char *text, int width, gboolean last)
{
    fputs(text, stdout);
    if (last)
        putchar('\n');
    else
        printf("%*s", width - columns_of(text) + 2, "");
}

void
print_table(struct json_object *type, struct json_object *objects)
{
    g_autoptr(GPtrArray) shown = columns(type);
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
    g_autofree int *widths = g_new0(int, shown->len + 1);
    gsize rows = objects ? json_object_array_length(objects) : 0;
    for (guint c = 0; c < shown->len; c++)
        g_ptr_array_add(cells, g_ascii_strup(words_string(g_ptr_array_index(shown, c), "name"), -1));
    for (gsize r = 0; r < rows; r++) {
        for (guint c = 0; c < shown->len; c++)
            g_ptr_array_add(cells, cell(g_ptr_array_index(shown, c), json_object_array_get_idx(objects, r)));
    }
    for (guint i = 0; i < cells->len; i++)
        widths[i % shown->len] = MAX(widths[i % shown->len], columns_of(g_ptr_array_index(cells, i)));
    for (guint i = 0; i < cells->len; i++)
        print_cell(g_ptr_array_index(cells, i), widths[i % shown->len], i % shown->len == shown->len - 1);
}

static void
print_value(const char *name, struct json_object *value, int depth)
{
    if (g_str_equal(name, "link") || g_str_equal(name, "actions") || g_str_equal(name, "href"))
        return;
    if (json_object_is_type(value, json_type_object)) {
        printf("%*s%s:\n", depth * 2, "", name);
        json_object_object_foreach(value, key, inner)
            print_value(key, inner, depth + 1);
    } else if (json_object_is_type(value, json_type_array)) {
        for (gsize i = 0; i < json_object_array_length(value); i++)
            print_value(name, json_object_array_get_idx(value, i), depth);
    } else {
        g_autofree char *bytes = is_bytes(name) ? bytes_for_people(json_object_get_string(value)) : NULL;
        printf("%*s%s: %s\n", depth * 2, "", name, bytes ? bytes : json_object_get_string(value));
    }
}

void
print_sheet(struct json_object *type, struct json_object *object)
{
    (void) type;
    json_object_object_foreach(object, key, value)
        print_value(key, value, 0);
}
