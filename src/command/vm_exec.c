/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Runs a command in the guest, once, and waits for its end as long as it was told. It is done when the command was begun: how it ended,
 * or that it had not, is the answer to who waits, and kept nowhere. The event log names the program; arguments, input and output may
 * be secrets and stand nowhere. */
#include "command/guests.h"
#include "command/rows.h"
#include "command/running.h"

#include "base/text.h"

#include <string.h>

#define USUAL 30                /* seconds */
#define MOST 150                /* less than a client is kept waiting */
#define MOST_ARGUMENTS 256
#define MOST_TEXT (64 * 1024)   /* bytes of them all */

#define STATE "state"

typedef struct {
    gboolean async;
    char *command, *input_data;
    Words arguments;
    gint64 timeout;
} ExecParams;

/* clang-format off */
static const Type exec_params_type = { .one = "action", .many = "actions", .size = sizeof(ExecParams), .help = "What to run.", .fields = (const Field[]) {
    WORDS(ExecParams, arguments, "argument", ADD, "Its arguments."),
    BOOL (ExecParams, async,      ADD,        "Answer before it has ended; what becomes of it is then told nobody."),
    TEXT (ExecParams, command,    ADD | NEED, "The program, with its path in the guest. What writes more than 3 MB belongs into a file there: no more comes through."),
    TEXT (ExecParams, input_data, ADD,        "What it shall read, in base64."),
    INT  (ExecParams, timeout,    ADD,        "Seconds until nobody waits for its end any more; it runs on. 30 where it is not said, 150 at most."),
    { 0 } } };
/* clang-format on */

static gboolean
check_size(const ExecParams *sent, GError **error)
{
    gsize length = strlen(sent->command);
    for (guint i = 0; i < sent->arguments.count; i++)
        length += strlen(sent->arguments.items[i]);
    return (sent->arguments.count <= MOST_ARGUMENTS && length <= MOST_TEXT) || fault_set(error, MSG_EXEC_TOO_LONG, NULL);
}

/* Base64 and nothing else: GLib's reader takes anything. */
static gboolean
check_input(const char *input, GError **error)
{
    gsize length = input ? strlen(input) : 0, digits = input ? strspn(input, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") : 0;
    gboolean well = length % 4 == 0 && length - digits <= 2 && (!input || strspn(input + digits, "=") == length - digits) && length / 4 * 3 <= GUEST_RUN_MOST;
    return well || fault_set(error, MSG_EXEC_INPUT, NULL);
}

static gboolean
check_words(const ExecParams *sent, GError **error)
{
    gboolean well = g_utf8_validate(sent->command, -1, NULL);
    for (guint i = 0; i < sent->arguments.count; i++)
        well &= g_utf8_validate(sent->arguments.items[i], -1, NULL);
    return well || fault_set(error, MSG_EXEC_NOT_UTF8, NULL);
}

static gboolean
check(Work *work, GError **error)
{
    gint64 seconds;
    const ExecParams *sent = work->draft ? work->draft->record : NULL;
    const Vm *vm = guests_check(work, MSG_EXEC_NEEDS_UP, error);
    if (!vm)
        return FALSE;
    if (!sent || !sent->command || !*sent->command)
        return fault_set(error, MSG_EXEC_NEEDS_COMMAND, "vm", vm->name, NULL);
    if (!check_size(sent, error) || !check_words(sent, error) || !check_input(sent->input_data, error) ||
        !guests_seconds(work->draft, sent->timeout, USUAL, MOST, &seconds, error))
        return FALSE;
    g_autofree char *program = g_utf8_substring(sent->command, 0, MIN(g_utf8_strlen(sent->command, -1), 200));
    work_set_about(work, "program", program);
    work_set_about(work, "code", "");
    return TRUE;
}

static gboolean
ask(Work *work, HostLink *link, GError **error)
{
    const ExecParams *sent = work->draft->record;
    gint64 seconds = USUAL;
    GuestRun unheard = { 0 }, *run = work->answer ? work->answer->record : &unheard;
    gsize length = 0;
    guchar *bytes = sent->input_data ? g_base64_decode(sent->input_data, &length) : NULL;
    g_autoptr(GBytes) input = bytes ? g_bytes_new_take(bytes, length) : NULL;
    const char **arguments = g_new0(const char *, sent->arguments.count + 1);
    for (guint i = 0; i < sent->arguments.count; i++)
        arguments[i] = sent->arguments.items[i];
    const GuestCommand command = { sent->command, arguments, input };
    guests_seconds(work->draft, sent->timeout, USUAL, MOST, &seconds, NULL);
    gboolean well = link->ops->run(link, &work->target, &command, run, clock_tick() + seconds * CLOCK_SECOND, error);
    if (well) {
        g_autofree char *code = g_strdup_printf("%" G_GINT64_FORMAT, run->state == GUEST_RUN_SIGNALLED ? run->signal : run->exit_code);
        work_set_about(work, "code", code);
        work_set_mark(work, STATE, names_get(&guest_run_state_names, run->state));
    }
    g_free(arguments);
    guest_run_clear(&unheard);
    return well;
}

static gboolean
run(Work *work, GError **error)
{
    GError *refusal = NULL;
    if (!work->draft)
        return fault_set(error, MSG_EXEC_NOT_KEPT, NULL);
    guests_ask(work, ask, &refusal);
    return guests_note(work, refusal, error);
}

static void
finish(Work *work, Changes *changes)
{
    (void) work;
    (void) changes;
}

static const Command exited, signalled, runs_on, falls_silent;

/* Told by how far it came. */
static const Command *
words(const Work *work)
{
    static const Command *const rows[] = { [GUEST_RUN_EXITED] = &exited, [GUEST_RUN_SIGNALLED] = &signalled, [GUEST_RUN_RUNNING] = &runs_on, [GUEST_RUN_UNKNOWN] = &falls_silent };
    const char *state = work_mark(work, STATE);
    int number = state ? names_find(&guest_run_state_names, state) : 0;
    return number > 0 ? rows[number] : &vm_exec;
}

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, MSG_PLAN_EXEC, error);
}

#define WORDS_OF(message) { .title = MSG_RUNNING_COMMAND, .done = { 11003, message }, .failed = { 11004, MSG_COMMAND_FAILED } }
static const Command exited = WORDS_OF(MSG_COMMAND_EXITED);
static const Command signalled = WORDS_OF(MSG_COMMAND_SIGNALLED);
static const Command runs_on = WORDS_OF(MSG_COMMAND_RUNS_ON);
static const Command falls_silent = WORDS_OF(MSG_COMMAND_FELL_SILENT);

const Command vm_exec = {
    .verb = "exec",
    .on = &vm_type,
    .params = &exec_params_type,
    .answer = &guest_run_type,
    .permit = PERMIT_RUN_GUEST_COMMAND,
    .title = MSG_RUNNING_COMMAND,
    .done = { 11003, MSG_COMMAND_EXITED },
    .failed = { 11004, MSG_COMMAND_FAILED },
    .words = words,
    .check = check,
    .plan = plan,
    .steps = (const Step[]) {
        { "run the command", run, guests_noted, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .once = TRUE,
    .help = "Runs a command in the guest, through its agent, and tells how it ended.",
};
