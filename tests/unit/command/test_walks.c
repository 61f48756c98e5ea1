/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every verb with steps, through every step, in every way it can go wrong: afterwards host and model are as if it had been done,
 * or as if it had never been asked for. Nothing between. The cases are rows; a verb of the table without one fails. */
#include "walk_cases.h"

#include <string.h>

/* --- the matrix ---------------------------------------------------------------------------------------------------------------- */

/* Words that differ from run to run: the job's id in the mark, the time something was made, MACs that follow random ids. */
static char *
without_chance(char *take)
{
    static const char *const patterns[] = { "job='[^']*'", "created='[^']*'" };
    for (guint i = 0; i < G_N_ELEMENTS(patterns); i++) {
        g_autoptr(GRegex) regex = g_regex_new(patterns[i], 0, 0, NULL);
        char *next = g_regex_replace_literal(regex, take, -1, 0, "", 0, NULL);
        g_free(take);
        take = next;
    }
    return take;
}

static int
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Takes TEXT. */
static char *
sorted(GString *take)
{
    g_auto(GStrv) lines = g_strsplit(take->str, "\n", -1);
    g_string_free(take, TRUE);
    qsort(lines, g_strv_length(lines), sizeof(char *), by_text);
    return g_strjoinv("\n", lines);
}

/* How many devices and objects there are, whose ids are random. */
static char *
shape(void)
{
    GString *text = g_string_new(NULL);
    ViewWalk walk = view_walk(estate.view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));)
        g_string_append_printf(text, "%s status %d locked %d memory %" G_GINT64_FORMAT " nics %u disks %u snapshots %u adopted %d protected %d frozen %d\n", vm->name, vm->status,
                               vm->locked, vm->memory, vm->nics.count, vm->disk_attachments.count, vm->snapshots.count, vm->adopted, vm->delete_protected, vm->frozen_until != 0);
    walk = view_walk(estate.view, &disk_type);
    for (const Disk *disk; (disk = view_next(&walk));)
        g_string_append_printf(text, "%s %d %" G_GINT64_FORMAT "\n", disk->alias, disk->status, disk->provisioned_size);
    return sorted(text);
}

typedef struct {
    guint domains, volumes;
    char *shape;
} Outcome;

static guint
count_of(const char *picture, const char *part)
{
    guint count = 0;
    for (const char *at = picture; (at = strstr(at, part)); at++)
        count++;
    return count;
}

static Outcome
outcome(void)
{
    g_autofree char *picture = estate_picture();
    return (Outcome) { count_of(picture, "<domain "), count_of(picture, "\n" ESTATE_PATH) + g_str_has_prefix(picture, ESTATE_PATH), shape() };
}

static Outcome
do_well(const WalkCase *one)
{
    estate_open();
    estate_do(one->make());
    Outcome well = outcome();
    estate_close();
    return well;
}

static void
walk_one(const WalkCase *one, WalkKind kind, int at, const Outcome *well)
{
    estate_open();
    Work *work = one->make();
    g_autofree char *picture = without_chance(estate_picture());
    g_autofree char *model = estate_model();
    WalkEnd ending = estate_walk(work, kind, at);
    g_test_message("%s: %s at step %d: %s", one->name, estate_kinds[kind], at, ending == ENDED_DONE ? "done" : "undone");
    if (ending == ENDED_DONE) {
        Outcome now = outcome();
        g_assert_cmpuint(now.domains, ==, well->domains);
        g_assert_cmpuint(now.volumes, ==, well->volumes);
        g_assert_cmpstr(now.shape, ==, well->shape);
        g_free(now.shape);
    } else {
        g_autofree char *picture_after = without_chance(estate_picture());
        g_autofree char *model_after = estate_model();
        g_assert_cmpstr(picture, ==, picture_after);
        g_assert_cmpstr(model, ==, model_after);
    }
    estate_close();
}

static void
test_case(gconstpointer data)
{
    const WalkCase *one = data;
    Outcome well = do_well(one);
    for (int at = 0; one->command->steps[at].name; at++) {
        if (!one->command->steps[at].probe) {
            walk_one(one, WALK_SILENT, at, &well);
            continue;
        }
        for (WalkKind kind = WALK_REFUSED; kind <= WALK_DOES_SILENT; kind++)
            walk_one(one, kind, at, &well);
    }
    g_free(well.shape);
}

/* What would be done is told, and nothing is. */
static void
test_plan(gconstpointer data)
{
    const WalkCase *one = data;
    estate_open();
    Work *work = one->make();
    g_autofree char *text = estate_plan(work);
    g_test_message("%s", text);
    g_assert_true(g_utf8_validate(text, -1, NULL) && strlen(text) > 10 && g_str_has_suffix(text, "\n"));
    g_assert_null(strchr(text, '{'));
    estate_close();
}

static void
test_every_verb_has_a_case(void)
{
    for (const Command *const *row = command_registry; *row; row++) {
        gboolean found = !(*row)->steps;
        for (guint i = 0; i < walk_case_count; i++)
            found |= walk_cases[i].command == *row;
        g_assert_true(found);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/walks/every_verb_has_a_case", test_every_verb_has_a_case);
    for (guint i = 0; i < walk_case_count; i++) {
        g_autofree char *path = g_strconcat("/walks/", walk_cases[i].name, NULL);
        g_strdelimit(path, " ", '_');
        g_test_add_data_func(path, &walk_cases[i], test_case);
        g_autofree char *plan = g_strconcat("/plans/", walk_cases[i].name, NULL);
        g_strdelimit(plan, " ", '_');
        g_test_add_data_func(plan, &walk_cases[i], test_plan);
    }
    return g_test_run();
}
