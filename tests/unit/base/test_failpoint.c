/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Death on order, in children: it is SIGKILL, at the point that was named and at no other. */
#include "base/failpoint.h"

#include "base/fault.h"
#include "base/log.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Arms SPEC in a child that passes three steps and two effects; returns its wait status. Exit 10 + the number of soft failures. */
static int
run_child(const char *spec)
{
    int status = 0;
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        int soft = 0;
        log_level_set(LOG_ERROR_);
        if (!failpoint_arm(spec, NULL))
            _exit(1);
        for (int i = 0; i < 3; i++) {
            soft += !failpoint_passes(FAILPOINT_STEP);
            if (i < 2)
                soft += !failpoint_passes(FAILPOINT_EFFECT);
        }
        _exit(failpoint_count(FAILPOINT_STEP) == 3 && failpoint_count(FAILPOINT_EFFECT) == 2 ? 10 + soft : 2);
    }
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return status;
}

static void
check_killed(const char *spec)
{
    int status = run_child(spec);
    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
}

static void
check_exit(const char *spec, int code)
{
    int status = run_child(spec);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, code);
}

static void
test_dies(void)
{
    check_killed("step:1");
    check_killed("step:3");
    check_killed("effect:2");
    check_exit("step:4", 10);
    check_exit("effect:3", 10);
    check_exit("sql:1", 10);
}

static void
test_fails_once(void)
{
    check_exit("step!:2", 11);
    check_exit("effect!:1", 11);
    check_exit("sql!:1", 10);
}

static void
test_specs(void)
{
    static const char *const bad[] = { "", "step", "step:", "step:0", "step:x", "step:-1", "step:1x", "steps:1", "ste:1", "!:1", ":1", "step!!:1", "step:99999999999" };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        if (failpoint_arm(bad[i], &error))
            g_error("'%s' was armed", bad[i]);
        g_assert_error(error, SHIKIRI_FAULT, FAULT_BAD_REQUEST);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/failpoint/dies", test_dies);
    g_test_add_func("/failpoint/fails_once", test_fails_once);
    g_test_add_func("/failpoint/specs", test_specs);
    return g_test_run();
}
