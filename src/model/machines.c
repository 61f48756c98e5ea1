/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lines `key value`: written, and asked for. Knows neither what the keys mean nor where they come from. */
#include "model/machines.h"

#include <string.h>

void
machines_add(GString *packed, const char *key, const char *value)
{
    if (!value || !value[0] || strchr(value, '\n'))
        return;
    g_string_append_printf(packed, "%s %s\n", key, value);
}

/* The value if LINE is one of KEY's, its length in RET. */
static const char *
value_in(const char *line, const char *key, gsize *ret_length)
{
    gsize length = strlen(key);
    if (strncmp(line, key, length) != 0 || line[length] != ' ')
        return NULL;
    *ret_length = strcspn(line + length + 1, "\n");
    return line + length + 1;
}

static const char *
next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

char **
machines_dup_all(const char *packed, const char *key)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    for (const char *line = packed ? packed : ""; *line; line = next_line(line)) {
        gsize length;
        const char *value = value_in(line, key, &length);
        if (value)
            g_ptr_array_add(values, g_strndup(value, length));
    }
    g_ptr_array_add(values, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&values), FALSE);
}

char *
machines_dup(const char *packed, const char *key)
{
    for (const char *line = packed ? packed : ""; *line; line = next_line(line)) {
        gsize length;
        const char *value = value_in(line, key, &length);
        if (value)
            return g_strndup(value, length);
    }
    return NULL;
}

gboolean
machines_has(const char *packed, const char *key, const char *value)
{
    for (const char *line = packed ? packed : ""; *line; line = next_line(line)) {
        gsize length;
        const char *here = value_in(line, key, &length);
        if (here && strlen(value) == length && strncmp(here, value, length) == 0)
            return TRUE;
    }
    return FALSE;
}

char *
machines_key(const char *packed, const char *architecture, const char *key)
{
    if (!architecture || machines_has(packed, "arch", architecture))
        return g_strdup(key);
    return g_strconcat(architecture, "/", key, NULL);
}
