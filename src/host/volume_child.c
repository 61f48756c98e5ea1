/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Starting, watching and ending a child. It gets no input, the C locale, and little memory to be cheated out of. Between fork
 * and exec only what is safe there is called. */
#include "host/volume_child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_WORDS 4096
#define MOST_MEMORY (2ull << 30)

typedef struct {
    pid_t pid;
    int errors;             /* its stderr */
    int ended;              /* pidfd: readable when it is dead */
    GString *words;
    VolumeWanted wanted;    /* NULL: always */
    gpointer data;
} Child;

/* In the child. Our threads block all signals, and it would inherit that. */
static void
before_exec(gpointer parent)
{
    sigset_t none;
    struct rlimit memory = { MOST_MEMORY, MOST_MEMORY }, no_core = { 0, 0 };
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != *(const pid_t *) parent)
        _exit(127);         /* the manager died meanwhile */
}

static gboolean
start(const char *const *argv, Child *child, GError **error)
{
    pid_t parent = getpid();
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "LC_ALL", "C", TRUE);
    GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_CLOEXEC_PIPES;
    if (!g_spawn_async_with_pipes("/", (char **) argv, environment, flags, before_exec, &parent, &child->pid, NULL, NULL, &child->errors, error))
        return FALSE;
    child->ended = (int) syscall(SYS_pidfd_open, child->pid, 0);
    return TRUE;
}

/* FALSE: it closed its end. */
static gboolean
read_words(Child *child)
{
    char block[1024];
    ssize_t length = read(child->errors, block, sizeof(block));
    if (length > 0 && child->words->len < MOST_WORDS)
        g_string_append_len(child->words, block, length);
    return length > 0 || (length < 0 && errno == EINTR);
}

static int
milliseconds_until(Tick deadline, int most)
{
    Tick left = deadline - clock_tick();
    return left <= 0 ? 0 : (int) MIN(left / 1000 + 1, most);
}

/* TRUE: it ended by itself. */
static gboolean
watch(Child *child, int wake, Tick deadline)
{
    struct pollfd fds[] = { { child->ended, POLLIN, 0 }, { child->errors, POLLIN, 0 }, { wake, POLLIN, 0 } };
    while (clock_tick() < deadline && (!child->wanted || child->wanted(child->data))) {
        int ready = poll(fds, G_N_ELEMENTS(fds), milliseconds_until(deadline, child->wanted ? 250 : 60 * 1000));
        if (ready < 0 && errno != EINTR)
            return FALSE;
        if (ready <= 0)
            continue;
        if (fds[2].revents)
            return FALSE;
        if (fds[1].revents && !read_words(child)) {
            if (child->ended < 0)
                return TRUE;    /* a kernel without pidfd: its end is that of its words */
            fds[1].fd = -1;
        }
        if (fds[0].revents && !(fds[1].revents & POLLIN))
            return TRUE;
    }
    return FALSE;
}

static int
reap(Child *child)
{
    int status = 0;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* "qemu-img: /path: Formatting failed" → what stands behind the program's name, on the last line it wrote. */
static char *
last_line(const char *program, const char *words)
{
    g_autofree char *text = g_strstrip(g_utf8_make_valid(words, -1));
    const char *line = strrchr(text, '\n');
    g_autofree char *name = g_path_get_basename(program);
    g_autofree char *head = g_strconcat(name, ": ", NULL);
    line = line ? line + 1 : text;
    if (g_str_has_prefix(line, head))
        line += strlen(head);
    gsize length = strlen(line);
    return g_strndup(line, length > 0 && line[length - 1] == '.' ? length - 1 : length);
}

void
volume_child_run(const char *const *argv, int wake, Tick deadline, ChildResult *ret)
{
    volume_child_run_while(argv, wake, deadline, NULL, NULL, ret);
}

void
volume_child_run_while(const char *const *argv, int wake, Tick deadline, VolumeWanted wanted, gpointer data, ChildResult *ret)
{
    g_autoptr(GError) error = NULL;
    Child child = { .wanted = wanted, .data = data };
    if (!start(argv, &child, &error)) {
        *ret = (ChildResult) { CHILD_ABSENT, 0, g_strdup(error->message) };
        return;
    }
    child.words = g_string_new(NULL);
    gboolean by_itself = watch(&child, wake, deadline);
    if (!by_itself)
        kill(child.pid, SIGKILL);
    int status = reap(&child);
    g_autofree char *words = g_string_free(child.words, FALSE);
    close(child.errors);
    if (child.ended >= 0)
        close(child.ended);
    ret->words = last_line(argv[0], words);
    ret->end = !by_itself ? CHILD_KILLED : WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CHILD_DONE : CHILD_FAILED;
    ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void
volume_child_clear(ChildResult *result)
{
    g_clear_pointer(&result->words, g_free);
}
