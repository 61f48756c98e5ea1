/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Looking things up in the table of commands. Knows no row: the table itself stands in command/registry.c. Any thread. */
#include "job/command.h"

#include <string.h>

typedef struct {
    const Type *on;
    const char **verbs;             /* NULL-terminated */
} VerbsRow;

const Command *
command_find(const char *verb, const Type *on)
{
    for (const Command *const *row = command_registry; *row; row++) {
        if ((*row)->on == on && strcmp((*row)->verb, verb) == 0)
            return *row;
    }
    return NULL;
}

char *
command_name(const Command *command)
{
    return g_strconcat(command->on->one, ".", command->verb, NULL);
}

const Command *
command_of_name(const char *name)
{
    const char *dot = name ? strchr(name, '.') : NULL;
    if (!dot)
        return NULL;
    gsize length = (gsize) (dot - name);
    for (const Command *const *row = command_registry; *row; row++) {
        const char *one = (*row)->on->one;
        if (strlen(one) == length && strncmp(one, name, length) == 0 && strcmp((*row)->verb, dot + 1) == 0)
            return *row;
    }
    return NULL;
}

static gboolean
is_action(const Command *command)
{
    return !command->reads && !g_str_equal(command->verb, "add") && !g_str_equal(command->verb, "update") && !g_str_equal(command->verb, "remove");
}

static VerbsRow *
find_row(VerbsRow *rows, const Type *on)
{
    while (rows->on && rows->on != on)
        rows++;
    return rows;
}

/* A table of the action verbs by type, ending in a row without type. Made once; lives as long as the program. */
static VerbsRow *
gather_verbs(void)
{
    guint most = 0;
    while (command_registry[most])
        most++;
    VerbsRow *rows = g_new0(VerbsRow, most + 1);
    for (guint i = 0; i < most; i++) {
        if (!is_action(command_registry[i]))
            continue;
        VerbsRow *row = find_row(rows, command_registry[i]->on);
        if (!row->on) {
            row->on = command_registry[i]->on;
            row->verbs = g_new0(const char *, most + 1);
        }
        guint end = 0;
        while (row->verbs[end])
            end++;
        row->verbs[end] = command_registry[i]->verb;
    }
    return rows;
}

static void
free_verbs(VerbsRow *rows)
{
    for (VerbsRow *row = rows; row->on; row++)
        g_free(row->verbs);
    g_free(rows);
}

const char *const *
command_verbs(const Type *on)
{
    static VerbsRow *table;
    VerbsRow *rows = g_atomic_pointer_get(&table);
    if (!rows) {
        rows = gather_verbs();
        if (!g_atomic_pointer_compare_and_exchange(&table, NULL, rows)) {
            free_verbs(rows);           /* another thread was first */
            rows = g_atomic_pointer_get(&table);
        }
    }
    VerbsRow *row = find_row(rows, on);
    return row->on ? (const char *const *) row->verbs : NULL;
}
