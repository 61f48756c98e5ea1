/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One datagram a change of state. A lost one costs nothing: systemd then goes by the process. Called by main(). */
#include "daemon/notify.h"

#include <glib.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void
tell(const char *state)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(address.sun_path))
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';     /* the abstract namespace */
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return;
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    if (sendto(descriptor, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *) &address, length) < 0)
        g_debug("systemd was not told");
    close(descriptor);
}

void
notify_ready(const char *status)
{
    g_autofree char *state = g_strdup_printf("READY=1\nSTATUS=%s", status);
    tell(state);
}

void
notify_stopping(void)
{
    tell("STOPPING=1");
}
