/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every row of the table is whole: whoever reads it (router, permissions, CLI, docs, audit, engine) finds what it needs. */
#include "command/nics.h"
#include "command/parts.h"
#include "command/rows.h"

#include <string.h>

static void
test_rows_are_whole(void)
{
    for (const Command *const *row = command_registry; *row; row++) {
        const Command *command = *row;
        g_autofree char *name = command_name(command);
        g_test_message("%s", name);
        g_assert_true(command->verb && *command->verb && command->on && command->title != 0);
        g_assert_nonnull(command->help);
        g_assert_true(g_str_has_suffix(command->help, "."));
        g_assert_true(command->permit != PERMIT_NONE && command->permit < N_PERMITS);
        g_assert_nonnull(command->check);
        g_assert_true(command_of_name(name) == command);
        g_assert_true(command_find(command->verb, command->on) == command);
    }
}

static gboolean
is_lower(const char *text)
{
    for (; *text; text++) {
        if (g_ascii_isupper(*text))
            return FALSE;
    }
    return TRUE;
}

static gboolean
ends_known(const Command *command, const Step *step)
{
    return step->undo || step->forward || command->once;
}

static void
test_steps_can_be_recovered(void)
{
    for (const Command *const *row = command_registry; *row; row++) {
        gboolean forward = FALSE;
        for (const Step *step = (*row)->steps; step && step->name; step++) {
            g_assert_true(is_lower(step->name));
            g_assert_nonnull(step->run);
            if (step->probe)
                g_assert_true(ends_known(*row, step));
            else
                g_assert_true((!step->undo || (step->rests && (*row)->lasts)) && (!step->forward || step->rests));  /* no probe, no effect; what lasts may let go of
                                                                                                                      * what this process holds, what rests look itself how far it is */
            g_assert_true(!forward || !step->undo);             /* behind a forward step nothing is undone */
            forward |= step->forward;
        }
    }
}

static void
test_jobs_tell_how_they_end(void)
{
    for (const Command *const *row = command_registry; *row; row++) {
        if ((*row)->reads)
            g_assert_true((*row)->answer && (*row)->plan && !(*row)->stage && !(*row)->steps && !(*row)->finish && !(*row)->revert);
        for (const CommandFlag *number = (*row)->numbers; number && number->name; number++)
            g_assert_true((*row)->reads && g_str_has_suffix(number->help, "."));
        if (!(*row)->steps)
            continue;
        g_assert_true((*row)->done.message != 0 && (*row)->done.code > 0);
        g_assert_true((*row)->failed.message != 0 && (*row)->failed.code > 0);
        g_assert_nonnull((*row)->plan);
        g_assert_nonnull((*row)->finish);
    }
}

/* What edits a definition in shared steps says what it edits, and the other way round. */
static void
test_edits(void)
{
    guint count = 0;
    for (const Command *const *row = command_registry; *row; row++) {
        const Command *command = *row;
        gboolean shares = command->finish == parts_finish || command->plan == parts_plan || (command->steps && command->steps->run == parts_prepare) ||
                          command->finish == nics_finish || command->plan == nics_plan || (command->steps && command->steps->run == nics_prepare);
        g_assert_true(command->edit ? command->steps && command->plan && command->finish : !shares);
        count += command->edit != NULL;
    }
    g_assert_cmpuint(count, >=, 15);
}

static void
test_words(void)
{
    const char *const *verbs = command_verbs(&vm_type);
    g_assert_true(g_strv_contains(verbs, "start") && g_strv_contains(verbs, "stop") && g_strv_contains(verbs, "shutdown"));
    g_assert_false(g_strv_contains(verbs, "add") || g_strv_contains(verbs, "update") || g_strv_contains(verbs, "remove"));
    g_assert_null(command_verbs(&disk_type));
    g_assert_null(command_find("fly", &vm_type));
    g_assert_true(command_verbs(&job_type) && g_str_equal(command_verbs(&job_type)[0], "abandon"));
}

/* Bodies are the type itself, or a record whose root element a client sends. */
static void
test_bodies(void)
{
    for (const Command *const *row = command_registry; *row; row++) {
        const Command *command = *row;
        gboolean action = !g_str_equal(command->verb, "add") && !g_str_equal(command->verb, "update") && !g_str_equal(command->verb, "remove");
        if (g_str_equal(command->verb, "remove") || command->reads)
            g_assert_null(command->params);
        else
            g_assert_cmpstr(command->params->one, ==, action ? "action" : command->on->one);
    }
}

/* What may be said beside the body is said once, and in a sentence. */
static void
test_flags(void)
{
    for (const Command *const *row = command_registry; *row; row++) {
        for (const CommandFlag *flag = (*row)->flags; flag && flag->name; flag++) {
            g_assert_true(g_str_has_suffix(flag->help, "."));
            g_assert_true(command_takes(*row, flag->name));
            const Field *field = (*row)->params ? type_find((*row)->params, flag->name) : NULL;
            g_assert_true(!field || !(field->flags & (ADD | SET)));     /* no body can mean it */
        }
    }
    g_assert_true(command_takes(&cdrom_update, "current") && command_takes(&vm_start, "pause"));
    g_assert_false(command_takes(&cdrom_update, "detach_only") || command_takes(&vm_update, "name"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/registry/rows_are_whole", test_rows_are_whole);
    g_test_add_func("/registry/steps_can_be_recovered", test_steps_can_be_recovered);
    g_test_add_func("/registry/jobs_tell_how_they_end", test_jobs_tell_how_they_end);
    g_test_add_func("/registry/edits", test_edits);
    g_test_add_func("/registry/words", test_words);
    g_test_add_func("/registry/bodies", test_bodies);
    g_test_add_func("/registry/flags", test_flags);
    return g_test_run();
}
