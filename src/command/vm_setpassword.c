/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sets the password of a user of the guest, once. The password is in the body of the request and in the call to the host, and nowhere
 * else: no mark, sentence or plan has it, so that after a crash nobody asks again. */
#include "command/guards.h"
#include "command/guests.h"
#include "command/rows.h"
#include "command/running.h"

#include <string.h>

#define MOST_USER 256
#define MOST_PASSWORD 1024

typedef struct {
    gboolean async;
    char *user_name, *password;
} PasswordParams;

/* clang-format off */
static const Type password_params_type = { .one = "action", .many = "actions", .size = sizeof(PasswordParams), .help = "Whose, and which.", .fields = (const Field[]) {
    BOOL(PasswordParams, async,     ADD,               "Answer before it is done."),
    TEXT(PasswordParams, user_name, ADD | NEED,        "The user of the guest."),
    TEXT(PasswordParams, password,  ADD | NEED | SECRET, "The new password."),
    { 0 } } };
/* clang-format on */

static gboolean
check(Work *work, GError **error)
{
    const PasswordParams *sent = work->draft ? work->draft->record : NULL;
    const Vm *vm = guests_check(work, MSG_PASSWORD_NEEDS_UP, error);
    if (!vm || (work->draft && !guard_texts(work->draft, error)))
        return FALSE;
    if (!sent || !sent->user_name || !*sent->user_name || strlen(sent->user_name) > MOST_USER)
        return fault_set(error, MSG_PASSWORD_NEEDS_USER, "vm", vm->name, NULL);
    if (!sent->password || !*sent->password || strlen(sent->password) > MOST_PASSWORD)
        return fault_set(error, MSG_PASSWORD_NEEDS_PASSWORD, "vm", vm->name, NULL);
    work_set_about(work, "guest_user", sent->user_name);
    return TRUE;
}

static gboolean
ask(Work *work, HostLink *link, GError **error)
{
    const PasswordParams *sent = work->draft->record;
    return link->ops->set_password(link, &work->target, sent->user_name, sent->password, work->deadline, error);
}

static gboolean
set_password(Work *work, GError **error)
{
    GError *refusal = NULL;
    if (!work->draft)
        return fault_set(error, MSG_PASSWORD_NOT_KEPT, NULL);
    guests_ask(work, ask, &refusal);
    return guests_note(work, refusal, error);
}

static void
finish(Work *work, Changes *changes)
{
    (void) work;
    (void) changes;
}

static char *
plan(Work *work, GError **error)
{
    return running_plan(work, MSG_PLAN_PASSWORD, error);
}

const Command vm_setpassword = {
    .verb = "setpassword",
    .on = &vm_type,
    .params = &password_params_type,
    .permit = PERMIT_SET_GUEST_PASSWORD,
    .title = MSG_SETTING_PASSWORD,
    .done = { 11001, MSG_PASSWORD_SET },
    .failed = { 11002, MSG_PASSWORD_FAILED },
    .check = check,
    .plan = plan,
    .steps = (const Step[]) {
        { "set the password", set_password, guests_noted, NULL, TRUE },
        { 0 },
    },
    .finish = finish,
    .once = TRUE,
    .help = "Sets the password of a user of the guest, through its agent.",
};
