/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Verbs upon the guest of a running VM: what each refuses and in which words, what is told of it, that no password stands anywhere, and
 * that a freeze has an end whatever becomes of it. Every way through the steps is test_walks'. */
#include "estate.h"

#include "command/guests.h"

#include <string.h>

#define refused(command, id, body, part) estate_refused(estate_work(&command, &estate.id, body), part)

#define PASSWORD "<action><user_name>root</user_name><password>secret word</password></action>"
#define COMMAND "<action><command>/bin/true</command></action>"

static void
test_needs_a_guest(void)
{
    estate_open();
    refused(vm_freezefilesystems, hello, NULL, "Cannot freeze the file systems of VM 'hello': it is down, and only the guest of a VM that is up can be asked.");
    refused(vm_thawfilesystems, hello, NULL, "Cannot thaw the file systems of VM 'hello': it is down, and there is no running guest to be asked.");
    refused(vm_setpassword, hello, PASSWORD, "Cannot set a password in the guest of VM 'hello': it is down");
    refused(vm_exec, hello, COMMAND, "Cannot run a command in the guest of VM 'hello': it is down");
    estate_close();
}

static void
test_bad_bodies(void)
{
    estate_open();
    refused(vm_freezefilesystems, running, "<action><timeout>0</timeout></action>", "The timeout cannot be 0 seconds: give 1 to 3600.");
    refused(vm_freezefilesystems, running, "<action><timeout>3601</timeout></action>", "give 1 to 3600");
    refused(vm_setpassword, running, NULL, "'user_name' must name its user");
    refused(vm_setpassword, running, "<action><user_name>root</user_name><password></password></action>", "'password' must hold it");
    refused(vm_exec, running, NULL, "'command' must name a program.");
    refused(vm_exec, running, "<action><command>/bin/cat</command><input_data>no base64</input_data></action>", "'input_data' must be base64 of at most 256 KiB.");
    refused(vm_exec, running, "<action><command>/bin/cat</command><input_data>ab=c</input_data></action>", "'input_data' must be base64");
    refused(vm_exec, running, "<action><command>/bin/cat</command><timeout>151</timeout></action>", "give 1 to 150");
    estate_close();
}

static void
test_too_long(void)
{
    estate_open();
    g_autofree char *long_word = g_strnfill(70000, 'x');
    g_autofree char *body = g_strdup_printf("<action><command>/bin/echo</command><arguments><argument>%s</argument></arguments></action>", long_word);
    refused(vm_exec, running, body, "at most 256 arguments, and 64 KiB of them in all");
    Work *odd = estate_work(&vm_exec, &estate.running, COMMAND);
    text_set((char **) (gpointer) ((char *) odd->draft->record + type_find(odd->draft->type, "command")->offset), "/bin/\xff");
    estate_refused(odd, "its name and its arguments must be UTF-8.");
    g_autofree char *password = g_strdup_printf("<action><user_name>root</user_name><password>%.2000s</password></action>", long_word);
    g_autofree char *said = estate_refusal(estate_work(&vm_setpassword, &estate.running, password));
    g_assert_nonnull(said);
    g_assert_null(strstr(said, "xxx"));
    estate_close();
}

/* --- freezing -------------------------------------------------------------------------------------------------------------------------- */

static void
test_a_freeze_has_an_end(void)
{
    estate_open();
    Wall before = clock_wall();
    estate_do(estate_work(&vm_freezefilesystems, &estate.running, "<action><timeout>120</timeout></action>"));
    const Vm *vm = estate_vm(&estate.running);
    g_assert_true(estate_is_frozen(&estate.running));
    g_assert_cmpint(vm->frozen_until, >=, before + 120 * CLOCK_SECOND);
    g_assert_cmpint(vm->frozen_until, <=, clock_wall() + 120 * CLOCK_SECOND);
    refused(vm_freezefilesystems, running, NULL, "The file systems of VM 'busy' are frozen already. | Thaw them first");
    estate_do(estate_work(&vm_thawfilesystems, &estate.running, NULL));
    g_assert_cmpint(estate_vm(&estate.running)->frozen_until, ==, 0);
    g_assert_false(estate_is_frozen(&estate.running));
    estate_close();
}

/* The end of it is in the model before the guest is asked. */
static void
look_for_end(void)
{
    g_assert_cmpint(estate_vm(&estate.running)->frozen_until, >, 0);
    g_assert_false(estate_is_frozen(&estate.running));
}

static void
test_the_end_comes_first(void)
{
    estate_open();
    g_autofree char *said = NULL;
    estate_meanwhile(0, look_for_end);
    g_assert_cmpint(estate_try(estate_work(&vm_freezefilesystems, &estate.running, NULL), &said), ==, ENDED_DONE);
    estate_close();
}

/* Nobody knows whether it froze, and it cannot be thawed now: its end stays. */
static void
test_silence_keeps_the_end(void)
{
    estate_open();
    g_autofree char *said = NULL;
    estate_deaf(TRUE);
    g_assert_cmpint(estate_try(estate_work(&vm_freezefilesystems, &estate.running, NULL), &said), ==, ENDED_UNDONE);
    estate_deaf(FALSE);
    g_assert_cmpint(estate_vm(&estate.running)->frozen_until, >, 0);
    estate_close();
}

/* Whoever froze it before us is not thawed by our refusal. */
static void
freeze_beside_us(void)
{
    estate_set_frozen(&estate.running, TRUE);
    estate_fault(FAULT_REFUSES);
}

static void
test_a_refusal_thaws_nothing(void)
{
    estate_open();
    g_autofree char *said = NULL;
    estate_meanwhile(0, freeze_beside_us);
    g_assert_cmpint(estate_try(estate_work(&vm_freezefilesystems, &estate.running, NULL), &said), ==, ENDED_UNDONE);
    g_assert_true(estate_is_frozen(&estate.running));
    g_assert_cmpint(estate_vm(&estate.running)->frozen_until, ==, 0);
    estate_close();
}

static void
test_a_vm_that_ended_is_not_frozen(void)
{
    estate_open();
    estate_do(estate_work(&vm_freezefilesystems, &estate.running, NULL));
    estate_do(estate_work(&vm_stop, &estate.running, NULL));
    g_assert_cmpint(estate_vm(&estate.running)->frozen_until, ==, 0);
    estate_close();
}

static void
test_thawing_claims_nothing(void)
{
    GError *error = NULL;
    estate_open();
    g_autoptr(Work) work = estate_work(&vm_thawfilesystems, &estate.running, NULL);
    work->view = view_ref(estate.view);
    g_assert_true(work->command->check(work, &error));
    g_assert_cmpuint(work->claims->len, ==, 0);
    estate_close();
}

/* --- secrets ---------------------------------------------------------------------------------------------------------------------------- */

static void
assert_no_mark_has(const Work *work, const char *secret)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, work->marks);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_assert_null(strstr(value, secret));
}

static void
test_passwords_stand_nowhere(void)
{
    GError *error = NULL;
    estate_open();
    g_autoptr(Work) work = estate_work(&vm_setpassword, &estate.running, PASSWORD);
    work->view = view_ref(estate.view);
    g_assert_true(work->command->check(work, &error));
    work->deadline = clock_tick() + CLOCK_SECOND;
    g_assert_true(work->command->steps[0].run(work, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(estate_password(), ==, "root secret word");
    assert_no_mark_has(work, "secret");
    g_autofree char *plan = estate_plan(estate_work(&vm_setpassword, &estate.running, PASSWORD));
    g_assert_null(strstr(plan, "secret"));
    estate_close();
}

/* A command's arguments and input may be secrets. */
static void
test_arguments_stand_nowhere(void)
{
    GError *error = NULL;
    estate_open();
    g_autoptr(Work) work = estate_work(&vm_exec, &estate.running, "<action><command>/bin/sh</command><arguments><argument>secret</argument></arguments>"
                                       "<input_data>c2VjcmV0</input_data></action>");
    work->view = view_ref(estate.view);
    g_assert_true(work->command->check(work, &error));
    assert_no_mark_has(work, "secret");
    assert_no_mark_has(work, "c2VjcmV0");
    estate_close();
}

/* --- commands --------------------------------------------------------------------------------------------------------------------------- */

/* What was answered, and what is told of it. */
static void
check_told(const GuestRun *run, const char *sentence)
{
    GError *error = NULL;
    estate_answer(run);
    g_autoptr(Work) work = estate_work(&vm_exec, &estate.running, COMMAND);
    work->answer = work_answer_new(vm_exec.answer);
    work->view = view_ref(estate.view);
    g_assert_true(work->command->check(work, &error));
    work->deadline = clock_tick() + CLOCK_SECOND;
    g_assert_true(work->command->steps[0].run(work, &error));
    g_assert_no_error(error);
    g_assert_true(type_equal(&guest_run_type, run, work->answer->record));
    g_assert_cmpstr(message_code_name(work_words(work)->done.message), ==, sentence);
}

static void
test_every_end_is_told(void)
{
    estate_open();
    check_told(&(GuestRun) { .state = GUEST_RUN_EXITED, .pid = 3, .exit_code = 4, .signal = -1, .out_data = (char *) "YQ==", .out_truncated = TRUE }, "vm.command_exited");
    check_told(&(GuestRun) { .state = GUEST_RUN_SIGNALLED, .pid = 3, .exit_code = -1, .signal = 9 }, "vm.command_signalled");
    check_told(&(GuestRun) { .state = GUEST_RUN_RUNNING, .pid = 3, .exit_code = -1, .signal = -1 }, "vm.command_runs_on");
    check_told(&(GuestRun) { .state = GUEST_RUN_UNKNOWN, .pid = 3, .exit_code = -1, .signal = -1 }, "vm.command_fell_silent");
    estate_close();
}

/* --- how many at once -------------------------------------------------------------------------------------------------------------------- */

static guint others;                                        /* guests that shall not answer before the innermost test has ended */
static void (*innermost)(void);

static Work *
work_of(const Id *vm)
{
    Work *work = work_new(&vm_exec);
    work->target = *vm;
    work->hosts = estate.hosts;
    work->view = view_ref(estate.view);
    work_set_mark_id(work, "host", &estate.host);
    return work;
}

static gboolean
ask_next(G_GNUC_UNUSED Work *work, G_GNUC_UNUSED HostLink *link, GError **error)
{
    if (others == 0) {
        innermost();
        return TRUE;
    }
    others--;
    Id id = id_random();
    g_autoptr(Work) next = work_of(&id);
    return guests_ask(next, ask_next, error);
}

static void
while_asked(const Id *first, guint count, void (*test)(void))
{
    GError *error = NULL;
    g_autoptr(Work) work = work_of(first);
    others = count - 1;
    innermost = test;
    g_assert_true(guests_ask(work, ask_next, &error));
    g_assert_no_error(error);
}

static void
refuse_at_once(const Command *command, const char *body, const char *sentence)
{
    g_autofree char *said = NULL;
    g_assert_cmpint(estate_try(estate_work(command, &estate.running, body), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, sentence));
}

static void
ask_a_seventh(void)
{
    static const char sentence[] = "The guest of VM 'busy' cannot be asked now: the manager is waiting for 6 other guests";
    refuse_at_once(&vm_setpassword, PASSWORD, sentence);
    refuse_at_once(&vm_exec, COMMAND, sentence);
    refuse_at_once(&vm_freezefilesystems, NULL, sentence);
    g_assert_null(estate_password());
    g_assert_cmpint(estate_vm(&estate.running)->frozen_until, ==, 0);
    estate_set_frozen(&estate.running, TRUE);
    estate_do(estate_work(&vm_thawfilesystems, &estate.running, NULL));        /* for that there is room */
    g_assert_false(estate_is_frozen(&estate.running));
}

/* Silent guests do not take all of the engine. */
static void
test_seven_at_once(void)
{
    estate_open();
    Id first = id_random();
    while_asked(&first, 6, ask_a_seventh);
    estate_do(estate_work(&vm_setpassword, &estate.running, PASSWORD));
    g_assert_cmpstr(estate_password(), ==, "root secret word");
    estate_close();
}

static void
ask_again(void)
{
    refuse_at_once(&vm_setpassword, PASSWORD, "An earlier request to the guest of VM 'busy' has not ended yet");
    estate_do(estate_work(&vm_thawfilesystems, &estate.running, NULL));
}

static void
test_one_of_a_guest(void)
{
    estate_open();
    while_asked(&estate.running, 1, ask_again);
    estate_do(estate_work(&vm_setpassword, &estate.running, PASSWORD));
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guest/needs_a_guest", test_needs_a_guest);
    g_test_add_func("/guest/bad_bodies", test_bad_bodies);
    g_test_add_func("/guest/too_long", test_too_long);
    g_test_add_func("/guest/a_freeze_has_an_end", test_a_freeze_has_an_end);
    g_test_add_func("/guest/the_end_comes_first", test_the_end_comes_first);
    g_test_add_func("/guest/silence_keeps_the_end", test_silence_keeps_the_end);
    g_test_add_func("/guest/a_refusal_thaws_nothing", test_a_refusal_thaws_nothing);
    g_test_add_func("/guest/a_vm_that_ended_is_not_frozen", test_a_vm_that_ended_is_not_frozen);
    g_test_add_func("/guest/thawing_claims_nothing", test_thawing_claims_nothing);
    g_test_add_func("/guest/passwords_stand_nowhere", test_passwords_stand_nowhere);
    g_test_add_func("/guest/arguments_stand_nowhere", test_arguments_stand_nowhere);
    g_test_add_func("/guest/every_end_is_told", test_every_end_is_told);
    g_test_add_func("/guest/seven_at_once", test_seven_at_once);
    g_test_add_func("/guest/one_of_a_guest", test_one_of_a_guest);
    return g_test_run();
}
