/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The socket is bound in a folder of our own that is gone before the process starts: it is handed over listening, as systemd
 * would (LISTEN_FDS), with our connections waiting in its queue. Between fork and exec only what is safe there is called; the
 * shell is there for one word, the process's own number, which LISTEN_PID must be. */
#include "host/image.h"

#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_MEMORY (4ull << 30)
#define FIRST_HANDED 3                  /* where LISTEN_FDS begins */

struct HostImage {
    pid_t pid;
    int ended;                          /* pidfd */
    int kept;                           /* -1: nothing */
    int sockets[IMAGE_CONNECTIONS];     /* -1: taken */
};

/* --- the connections ---------------------------------------------------------------------------------------------------------------- */

static void
close_all(int *sockets)
{
    for (guint i = 0; i < IMAGE_CONNECTIONS; i++) {
        if (sockets[i] >= 0)
            close(sockets[i]);
        sockets[i] = -1;
    }
}

static gboolean
connect_all(const struct sockaddr_un *address, int *sockets)
{
    for (guint i = 0; i < IMAGE_CONNECTIONS; i++) {
        sockets[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (sockets[i] < 0 || connect(sockets[i], (const struct sockaddr *) address, sizeof(*address)) != 0)
            return FALSE;
    }
    return TRUE;
}

/* A listening socket with all connections in its queue, and no name any more; -1 with errno. */
static int
make_listener(int *sockets)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char folder[] = "/tmp/shikiri-image-XXXXXX";
    if (!g_mkdtemp_full(folder, 0700))
        return -1;
    g_snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    gboolean well = listener >= 0 && bind(listener, (const struct sockaddr *) &address, sizeof(address)) == 0 && listen(listener, IMAGE_CONNECTIONS) == 0 &&
                    connect_all(&address, sockets);
    int why = errno;
    unlink(address.sun_path);
    rmdir(folder);
    if (!well && listener >= 0) {
        close(listener);
        listener = -1;
    }
    errno = why;
    return listener;
}

/* --- the process -------------------------------------------------------------------------------------------------------------------- */

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
        _exit(127);                     /* the manager died meanwhile */
}

static gboolean
start(HostImage *image, const ImageServing *serving, int listener, GError **error)
{
    pid_t parent = getpid();
    const int target = FIRST_HANDED;
    g_autofree char *connections = g_strdup_printf("--shared=%d", IMAGE_CONNECTIONS);
    const char *argv[] = { "/bin/sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec qemu-nbd \"$@\"", "qemu-nbd",
                           "--persistent", connections, "--format", serving->format, serving->discard ? "--discard=unmap" : "--discard=ignore",
                           serving->direct ? "--cache=none" : "--cache=writeback", serving->write ? "--" : "--read-only", serving->file, NULL };
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "LC_ALL", "C", TRUE);
    g_autoptr(GError) reason = NULL;
    GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;
    if (!g_spawn_async_with_pipes_and_fds("/", argv, (const char *const *) environment, flags, before_exec, &parent, -1, -1, -1, &listener, &target, 1,
                                          &image->pid, NULL, NULL, NULL, &reason))
        return fault_set(error, MSG_IMAGE_NOT_SERVED, "host", serving->host, "reason", reason->message, NULL);
    image->ended = (int) syscall(SYS_pidfd_open, image->pid, 0);
    return TRUE;
}

HostImage *
image_serve(const ImageServing *serving, GError **error)
{
    HostImage *image = g_new0(HostImage, 1);
    image->ended = image->kept = -1;
    memset(image->sockets, -1, sizeof(image->sockets));
    int listener = make_listener(image->sockets);
    gboolean well = listener >= 0 ? start(image, serving, listener, error)
                                  : fault_set(error, MSG_IMAGE_NOT_SERVED, "host", serving->host, "reason", g_strerror(errno), NULL);
    if (listener >= 0)
        close(listener);
    if (well)
        return image;
    close_all(image->sockets);
    g_free(image);
    return NULL;
}

void
image_keep(HostImage *image, int take_descriptor)
{
    image->kept = take_descriptor;
}

int
image_take_socket(HostImage *image)
{
    for (guint i = 0; i < IMAGE_CONNECTIONS; i++) {
        if (image->sockets[i] >= 0) {
            int taken = image->sockets[i];
            image->sockets[i] = -1;
            return taken;
        }
    }
    return -1;
}

int
image_ended(const HostImage *image)
{
    return image->ended;
}

/* Has it ended, by DEADLINE? A kernel without pidfd is asked again and again. */
static gboolean
wait_for(HostImage *image, Tick deadline, int *ret_status)
{
    for (;;) {
        pid_t gone = waitpid(image->pid, ret_status, WNOHANG);
        if (gone == image->pid || (gone < 0 && errno != EINTR))
            return TRUE;
        Tick left = deadline - clock_tick();
        if (left <= 0)
            return FALSE;
        struct pollfd end = { image->ended, POLLIN, 0 };
        poll(&end, 1, (int) MIN(left / 1000 + 1, image->ended >= 0 ? 60 * 1000 : 20));
    }
}

gboolean
image_close(HostImage *take, Tick deadline)
{
    int status = 0;
    if (!take)
        return TRUE;
    close_all(take->sockets);
    kill(take->pid, SIGTERM);
    gboolean in_order = wait_for(take, deadline, &status);
    if (!in_order) {
        kill(take->pid, SIGKILL);
        while (waitpid(take->pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    if (take->ended >= 0)
        close(take->ended);
    if (take->kept >= 0)
        close(take->kept);
    g_free(take);
    return in_order && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
