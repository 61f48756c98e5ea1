/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The agent in the guests of fake domains: file systems that freeze and thaw, one user, root, and programs: /bin/echo, /bin/cat,
 * /bin/false and /bin/sleep; and two of its disks, /bin/write TARGET PLACE NUMBER and /bin/read TARGET PLACE. While its file systems are frozen it refuses everything but to say so and to thaw them. */
#include "host/fake_parts.h"

#include <string.h>

static gboolean
refuse(const FakeHost *host, const FakeOrder *order, const char *reason, GError **error)
{
    char text[ID_TEXT_SIZE];
    return fault_set(error, MSG_HOST_REFUSES_VM, "host", host->name, "verb", order->operation, "vm", id_format(&order->id, ID_UUID, text), "reason", reason, NULL);
}

/* The domain, if there is a guest that can answer; NULL with the reason. */
static FakeDomain *
need_guest(FakeHost *host, const FakeOrder *order, gboolean thawed, GError **error)
{
    FakeDomain *domain = fake_need_domain(host, order->operation, &order->id, error);
    if (!domain)
        return NULL;
    if (domain->state == DOMAIN_RUNNING && !(thawed && domain->frozen))
        return domain;
    refuse(host, order, domain->state == DOMAIN_RUNNING ? "the agent does nothing while its file systems are frozen" : "domain is not running", error);
    return NULL;
}

/* --- file systems ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
set_frozen(FakeHost *host, const FakeOrder *order, gboolean frozen, GError **error)
{
    FakeDomain *domain = need_guest(host, order, frozen, error);
    if (!domain)
        return FALSE;
    domain->frozen = frozen;
    fake_keep_domain(host, domain);
    return TRUE;
}

static gboolean
work_freeze(FakeHost *host, const FakeOrder *order, GError **error)
{
    return set_frozen(host, order, TRUE, error);
}

gboolean
fake_guest_freeze(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "freeze", .work = work_freeze, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_thaw(FakeHost *host, const FakeOrder *order, GError **error)
{
    return set_frozen(host, order, FALSE, error);
}

gboolean
fake_guest_thaw(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "thaw", .work = work_thaw, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_is_frozen(FakeHost *host, const FakeOrder *order, GError **error)
{
    const FakeDomain *domain = need_guest(host, order, FALSE, error);
    if (domain && order->answer)
        *(gboolean *) order->answer = domain->frozen;
    return domain != NULL;
}

gboolean
fake_guest_is_frozen(HostLink *link, const Id *domain, gboolean *ret_frozen, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "is_frozen", .work = work_is_frozen, .id = *domain, .answer = ret_frozen };
    return fake_obey(link, &order, deadline, error);
}

/* --- passwords --------------------------------------------------------------------------------------------------------------------------- */

static gboolean
work_set_password(FakeHost *host, const FakeOrder *order, GError **error)
{
    if (!need_guest(host, order, TRUE, error))
        return FALSE;
    return g_str_equal(order->text, "root") || refuse(host, order, "its guest has no such user", error);
}

gboolean
fake_guest_set_password(HostLink *link, const Id *domain, const char *user, G_GNUC_UNUSED const char *password, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "set_password", .work = work_set_password, .id = *domain, .text = user };
    return fake_obey(link, &order, deadline, error);
}

/* --- commands ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const GuestCommand *command;
    GuestRun *run;
    Tick sleeps;
} Program;

static char *
encoded(const char *bytes, gsize length)
{
    return length > 0 ? g_base64_encode((const guchar *) bytes, length) : NULL;
}

static void
echo(const GuestCommand *command, GuestRun *run)
{
    g_autofree char *words = command->arguments ? g_strjoinv(" ", (char **) command->arguments) : g_strdup("");
    g_autofree char *line = g_strconcat(words, "\n", NULL);
    run->out_data = encoded(line, strlen(line));
}

static void
cat(const GuestCommand *command, GuestRun *run)
{
    gsize length = 0;
    const char *bytes = command->input ? g_bytes_get_data(command->input, &length) : NULL;
    run->out_data = encoded(bytes, length);
}

static guint
argument_count(const GuestCommand *command)
{
    return command->arguments ? g_strv_length((char **) command->arguments) : 0;
}

static guint64
number_in(const GuestCommand *command, guint at)
{
    return g_ascii_strtoull(command->arguments[at], NULL, 10);
}

/* FALSE: it has no such disk, or place. */
static gboolean
use_disk(FakeHost *host, const FakeDomain *domain, const GuestCommand *command, GuestRun *run)
{
    if (g_str_equal(command->path, "/bin/write"))
        return argument_count(command) == 3 &&
               fake_chain_write(host, domain, command->arguments[0], (guint) MIN(number_in(command, 1), FAKE_PLACES), (guint32) number_in(command, 2));
    const FakeVolume *volume = argument_count(command) == 2 ? fake_chain_written(host, domain, command->arguments[0]) : NULL;
    if (!volume || number_in(command, 1) >= FAKE_PLACES)
        return FALSE;
    g_autofree char *line = g_strdup_printf("%u\n", fake_chain_pattern(host->fake, volume, (guint) number_in(command, 1)));
    run->out_data = encoded(line, strlen(line));
    return TRUE;
}

static gboolean
work_run(FakeHost *host, const FakeOrder *order, GError **error)
{
    Program *program = order->answer;
    const FakeDomain *domain = need_guest(host, order, TRUE, error);
    if (!domain)
        return FALSE;
    if (!program)
        return TRUE;            /* its caller has gone, and with him who would have read what it says */
    const GuestCommand *command = program->command;
    *program->run = (GuestRun) { .state = GUEST_RUN_EXITED, .pid = 100, .exit_code = g_str_equal(command->path, "/bin/false"), .signal = -1 };
    if (g_str_equal(command->path, "/bin/echo"))
        echo(command, program->run);
    else if (g_str_equal(command->path, "/bin/cat"))
        cat(command, program->run);
    else if (g_str_equal(command->path, "/bin/sleep") && command->arguments && command->arguments[0])
        program->sleeps = (Tick) g_ascii_strtoll(command->arguments[0], NULL, 10) * CLOCK_SECOND;
    else if (g_str_equal(command->path, "/bin/write") || g_str_equal(command->path, "/bin/read"))
        program->run->exit_code = !use_disk(host, domain, command, program->run);
    else if (!g_str_equal(command->path, "/bin/false"))
        return refuse(host, order, "its guest has no such program", error);
    return TRUE;
}

gboolean
fake_guest_run(HostLink *link, const Id *domain, const GuestCommand *command, GuestRun *ret_run, Tick deadline, GError **error)
{
    FakeHost *host = (FakeHost *) link;
    Program program = { command, ret_run, 0 };
    FakeOrder order = { .operation = "run", .work = work_run, .id = *domain, .answer = &program };
    guest_run_clear(ret_run);
    if (!fake_obey(link, &order, deadline, error))
        return FALSE;
    LOCK_HOLD(&host->fake->lock);
    if (program.sleeps > 0 && !fake_wait(host, clock_tick() + program.sleeps, deadline)) {
        ret_run->state = GUEST_RUN_RUNNING;
        ret_run->exit_code = -1;
    }
    return TRUE;
}
