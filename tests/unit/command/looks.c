/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The double of the engine that looks.h speaks of. */
#include "looks.h"

#include "job/orders.h"

#include <string.h>

Looks looks;

typedef struct {
    Id target;
    OrderEnded done;
    gpointer order;
} Given;

static void
take_order(G_GNUC_UNUSED gpointer data, Work *take, OrderEnded done, gpointer order)
{
    Given *given = g_new(Given, 1);
    *given = (Given) { take->target, done, order };
    g_string_append_printf(looks.given, "%s%s %s", looks.given->len ? ", " : "", take->command->verb, estate_vm(&take->target)->name);
    g_ptr_array_add(looks.waiting, given);
    work_free(take);
}

static void
hear(G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED Severity severity, Message *take, G_GNUC_UNUSED const EventAbout *about)
{
    g_autofree char *text = message_text(take, LANGUAGE_EN);
    g_string_append_printf(looks.told, "%s\n", text);
    message_unref(take);
}

static const OrdersDoor door = { take_order, hear, NULL };

Id
looks_id(const char *name)
{
    return id_named(&id_null, name);
}

void
looks_put_vm(const char *name, VmStatus status, Autostart autostart)
{
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->object.id = looks_id(name);
    text_set(&vm->name, name);
    vm->status = status;
    vm->autostart = autostart;
    vm->autostart.enabled |= autostart.order > 0;
    estate_put(vm);
}

Vm *
looks_edit(const char *name)
{
    Id id = looks_id(name);
    return estate_edit(&vm_type, &id);
}

void
looks_set_status(const char *name, VmStatus status)
{
    Vm *vm = looks_edit(name);
    vm->status = status;
    estate_put(vm);
}

void
looks_put_job(const char *vm, const char *command, JobStatus status)
{
    char text[ID_TEXT_SIZE];
    Job *made = object_new(&job_type);
    made->object.id = id_random();
    made->command = g_strdup(command);
    made->correlation_id = g_strdup(id_format(&looks.work->job, ID_UUID, text));
    made->vm.id = looks_id(vm);
    made->status = status;
    made->start_time = 1;
    made->end_time = status == JOB_STARTED ? 0 : 2;
    estate_put(made);
}

void
looks_see(void)
{
    if (looks.work->view)
        view_unref(looks.work->view);
    looks.work->view = view_ref(estate.view);
}

void
looks_open(void)
{
    estate_open();
    /* It would be stopped too. */
    Vm *busy = estate_edit(&vm_type, &estate.running);
    busy->status = VM_DOWN;
    estate_put(busy);
    looks.given = g_string_new(NULL);
    looks.told = g_string_new(NULL);
    looks.waiting = g_ptr_array_new_with_free_func(g_free);
}

void
looks_begin(const Command *command)
{
    GError *error = NULL;
    looks.work = estate_work(command, &estate.host, NULL);
    looks.work->job = id_random();
    looks.work->orders = orders_new(&door);
    looks_see();
    command->check(looks.work, &error);
    g_assert_no_error(error);
    g_autoptr(Changes) changes = changes_new(estate.view, estate.inventory);
    command->stage(looks.work, changes, &error);
    g_assert_no_error(error);
}

void
looks_answer(const char *name, MessageCode refusal)
{
    g_autoptr(GError) error = NULL;
    Id id = looks_id(name);
    if (refusal == MSG_JOB_CONFLICT)
        fault_set(&error, refusal, "object", name, "job", "x", "step", "x", "since", "x", NULL);
    else if (refusal)
        fault_set(&error, refusal, "vm", name, NULL);
    for (guint i = 0; i < looks.waiting->len; i++) {
        const Given *given = looks.waiting->pdata[i];
        if (!id_equal(&given->target, &id))
            continue;
        given->done(given->order, NULL, &id_null, error);
        g_ptr_array_remove_index(looks.waiting, i);
        return;
    }
    g_assert_not_reached();
}

void
looks_starts(const char *name)
{
    looks_set_status(name, VM_UP);
    looks_answer(name, 0);
}

void
looks_ends(const char *name, VmStatus status)
{
    looks_set_status(name, status);
    looks_answer(name, 0);
}

void
looks_at(const char *expected, gboolean done, int line)
{
    g_autoptr(GError) error = NULL;
    g_string_truncate(looks.given, 0);
    looks_see();
    looks.work->rest = 0;
    gboolean well = looks.work->command->steps[0].run(looks.work, &error);
    g_assert_no_error(error);
    if (!well || !g_str_equal(looks.given->str, expected) || (looks.work->rest == 0) != done)
        g_error("line %d: it ordered '%s' and is %s", line, looks.given->str, looks.work->rest ? "not done" : "done");
}

gboolean
looks_told(const char *part)
{
    return strstr(looks.told->str, part) != NULL;
}

void
looks_restart(void)
{
    orders_unref(looks.work->orders);
    looks.work->orders = orders_new(&door);
}

void
looks_note(const char *mark, const Id *of, const char *word, Tick ago)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *name = g_strconcat(mark, ".", id_format(of, ID_UUID, text), NULL);
    g_autofree char *value = g_strdup_printf("%s %" G_GINT64_FORMAT, word, clock_tick() - ago);
    work_set_mark(looks.work, name, value);
}

void
looks_note_vm(const char *mark, const char *vm, const char *word, Tick seconds)
{
    Id id = looks_id(vm);
    looks_note(mark, &id, word, seconds * CLOCK_SECOND);
}

void
looks_close(void)
{
    for (guint i = 0; i < looks.waiting->len; i++) {
        const Given *given = looks.waiting->pdata[i];
        given->done(given->order, NULL, &id_null, NULL);
    }
    work_free(g_steal_pointer(&looks.work));
    g_ptr_array_unref(looks.waiting);
    g_string_free(looks.given, TRUE);
    g_string_free(looks.told, TRUE);
    estate_close();
}
