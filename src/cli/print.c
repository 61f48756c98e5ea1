/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tables and sheets. What a column shows of a reference is its name where one is known, else its id; bytes are told in binary
 * units, since that is how people gave them. */
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

/* --- one value ------------------------------------------------------------------------------------------------------------ */

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

/* What the reply says of something else, in a word: its name, the known name of its id, its id. */
static const char *
reference_text(struct json_object *value, struct json_object *names)
{
    const char *name = words_string(value, "name"), *id = words_string(value, "id");
    const char *known = *name ? name : words_string(names, id);
    return *known ? known : id;
}

/* Of a value that is no object and no list; FIELD may be NULL. Yours. */
static char *
plain_text(struct json_object *field, const char *name, struct json_object *value)
{
    char date[CLOCK_DATE_SIZE];
    if (json_object_is_type(value, json_type_int) && g_str_equal(words_string(field, "kind"), "time"))
        return g_strdup(clock_format(json_object_get_int64(value) * 1000, date));
    if (is_bytes(name))
        return bytes_for_people(json_object_get_string(value));
    return g_strdup(json_object_get_string(value));
}

/* --- tables --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    struct json_object *field;      /* NULL: the id, of which no type has a row */
    const char *title;
} Column;

static gboolean
is_useful(const char *address, gboolean v4)
{
    gboolean is_v4 = strchr(address, ':') == NULL;
    return is_v4 == v4 && !g_str_has_prefix(address, "127.") && !g_str_has_prefix(address, "fe80:") && !g_str_equal(address, "::1");
}

static void
add_addresses(GString *out, struct json_object *devices, gboolean v4)
{
    for (gsize d = 0; devices && d < json_object_array_length(devices); d++) {
        struct json_object *ips = NULL, *list = NULL;
        json_object_object_get_ex(json_object_array_get_idx(devices, d), "ips", &ips);
        json_object_object_get_ex(ips, "ip", &list);
        for (gsize i = 0; list && i < json_object_array_length(list); i++) {
            const char *address = words_string(json_object_array_get_idx(list, i), "address");
            if (is_useful(address, v4))
                g_string_append_printf(out, "%s%s", out->len ? " " : "", address);
        }
    }
}

/* Those a person would type: IPv4, else IPv6, none that only the guest itself or its link knows. Yours. */
static char *
addresses(struct json_object *followed)
{
    struct json_object *devices = NULL;
    GString *out = g_string_new(NULL);
    json_object_object_get_ex(followed, "reported_device", &devices);
    add_addresses(out, devices, TRUE);
    if (!out->len)
        add_addresses(out, devices, FALSE);
    return g_string_free(out, FALSE);
}

static char *
cell(const Column *column, struct json_object *object, struct json_object *names)
{
    struct json_object *value = NULL;
    const char *name = column->field ? words_string(column->field, "name") : "id";
    if (!json_object_object_get_ex(object, name, &value) || !value)
        return g_strdup("");
    if (g_str_equal(name, PRINT_ADDRESSES))
        return addresses(value);
    if (json_object_is_type(value, json_type_object))
        return g_strdup(reference_text(value, names));
    return plain_text(column->field, name, value);
}

static void
add_column(GArray *shown, struct json_object *field, const char *title)
{
    Column column = { field, title };
    g_array_append_val(shown, column);
}

/* What belongs to something and has no name to be called by: its id is how one gets at it. */
static gboolean
needs_id(struct json_object *type)
{
    struct json_object *name = words_row(type, "name");
    return *words_string(type, "parent") && !words_field_has(name, "show");
}

static GArray *
columns(struct json_object *type)
{
    GArray *shown = g_array_new(FALSE, FALSE, sizeof(Column));
    struct json_object *fields = NULL;
    if (needs_id(type))
        add_column(shown, NULL, "id");
    json_object_object_get_ex(type, "fields", &fields);
    gsize count = fields ? json_object_array_length(fields) : 0;
    for (gsize i = 0; i < count; i++) {
        struct json_object *field = json_object_array_get_idx(fields, i);
        if (words_field_has(field, "show"))
            add_column(shown, field, words_string(field, "name"));
    }
    struct json_object *reported = words_row(type, PRINT_ADDRESSES);
    if (reported && !*words_string(type, "parent"))
        add_column(shown, reported, "address");
    if (!shown->len && words_row(type, "name"))
        add_column(shown, words_row(type, "name"), "name");
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
print_cells(const GPtrArray *cells, guint columns)
{
    g_autofree int *widths = g_new0(int, columns + 1);
    for (guint i = 0; i < cells->len; i++)
        widths[i % columns] = MAX(widths[i % columns], columns_of(g_ptr_array_index(cells, i)));
    for (guint i = 0; i < cells->len; i++)
        print_cell(g_ptr_array_index(cells, i), widths[i % columns], i % columns == columns - 1);
}

void
print_table(struct json_object *type, struct json_object *objects, struct json_object *names)
{
    g_autoptr(GArray) shown = columns(type);
    g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
    gsize rows = objects ? json_object_array_length(objects) : 0;
    for (guint c = 0; c < shown->len; c++)
        g_ptr_array_add(cells, g_ascii_strup(g_array_index(shown, Column, c).title, -1));
    for (gsize r = 0; r < rows; r++) {
        for (guint c = 0; c < shown->len; c++)
            g_ptr_array_add(cells, cell(&g_array_index(shown, Column, c), json_object_array_get_idx(objects, r), names));
    }
    print_cells(cells, shown->len);
}

/* --- sheets --------------------------------------------------------------------------------------------------------------- */

static gboolean
is_reference(struct json_object *field, struct json_object *value)
{
    return g_str_equal(words_string(field, "kind"), "ref") && *words_string(value, "id");
}

/* FIELD is the row of NAME where the description has one. */
static void
print_value(struct json_object *field, const char *name, struct json_object *value, struct json_object *names, int depth)
{
    if (g_str_equal(name, "link") || g_str_equal(name, "actions") || g_str_equal(name, "href"))
        return;
    if (json_object_is_type(value, json_type_object) && is_reference(field, value)) {
        printf("%*s%s: %s\n", depth * 2, "", name, reference_text(value, names));
    } else if (json_object_is_type(value, json_type_object)) {
        printf("%*s%s:\n", depth * 2, "", name);
        json_object_object_foreach(value, key, inner)
            print_value(words_row(field, key), key, inner, names, depth + 1);
    } else if (json_object_is_type(value, json_type_array)) {
        for (gsize i = 0; i < json_object_array_length(value); i++)
            print_value(field, name, json_object_array_get_idx(value, i), names, depth);
    } else {
        g_autofree char *text = plain_text(field, name, value);
        printf("%*s%s: %s\n", depth * 2, "", name, text);
    }
}

void
print_sheet(struct json_object *type, struct json_object *object, struct json_object *names)
{
    json_object_object_foreach(object, key, value)
        print_value(words_row(type, key), key, value, names, 0);
}
