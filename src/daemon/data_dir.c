/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The data directory: 0711, so that QEMU's user passes through it to the disks and reads nothing else. Whether that user gets
 * there is asked of the kernel, as that user, in a child: modes alone would miss ACLs. Called by main(), before any thread. */
#include "daemon/data_dir.h"

#include "api/password.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_PASSWORD 1024

/* QEMU's user on Debian and on Oracle Linux; NULL where neither is there (or QEMU runs as root). */
static const struct passwd *
find_qemu_user(void)
{
    const struct passwd *debian = getpwnam("libvirt-qemu");
    return debian ? debian : getpwnam("qemu");
}

static gboolean
runs_as_root(void)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/etc/libvirt/qemu.conf", &text, NULL, NULL))
        return FALSE;
    return g_regex_match_simple("^\\s*user\\s*=\\s*\"(root|\\+?0)\"", text, G_REGEX_MULTILINE, 0);
}

/* In a child: 0 where USER may pass through PATH. */
static int
try_as(const struct passwd *user, const char *path)
{
    if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return 0;               /* we are not root: then whoever runs QEMU is ours to know, and libvirt says it */
    return access(path, X_OK) == 0 ? 0 : 1;
}

static gboolean
may_pass(const struct passwd *user, const char *path)
{
    pid_t child = fork();
    if (child == 0)
        _exit(try_as(user, path));
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 0;
}

/* The first folder on the way to DIR that bars USER. */
static gboolean
check_reached(const char *dir, GError **error)
{
    const struct passwd *user = find_qemu_user();
    if (!user || runs_as_root())
        return TRUE;
    for (const char *slash = dir; slash; slash = strchr(slash + 1, '/')) {
        const char *end = strchr(slash + 1, '/');
        g_autofree char *part = end ? g_strndup(dir, end - dir) : g_strdup(dir);
        if (!may_pass(user, part))
            return fault_set(error, MSG_DAEMON_UNREACHED, "dir", dir, "part", part, "user", user->pw_name, NULL);
    }
    return TRUE;
}

static gboolean
make_folder(const char *path, int mode, GError **error)
{
    struct stat now;
    if (g_mkdir_with_parents(path, 0755) != 0 || stat(path, &now) != 0)
        return fault_set(error, MSG_DAEMON_DATA_DIR, "dir", path, "reason", g_strerror(errno), NULL);
    if (!S_ISDIR(now.st_mode))
        return fault_set(error, MSG_DAEMON_DATA_DIR, "dir", path, "reason", g_strerror(ENOTDIR), NULL);
    if (access(path, W_OK | X_OK) != 0)
        return fault_set(error, MSG_DAEMON_DATA_DIR, "dir", path, "reason", g_strerror(errno), NULL);
    if (now.st_uid == geteuid() && chmod(path, mode) != 0)
        return fault_set(error, MSG_DAEMON_DATA_DIR, "dir", path, "reason", g_strerror(errno), NULL);
    return TRUE;
}

gboolean
data_dir_prepare(const char *dir, gboolean reached, GError **error)
{
    g_autofree char *storage = g_build_filename(dir, "storage", NULL), *console = g_build_filename(dir, "console", NULL);
    g_autofree char *seeds = g_build_filename(dir, "seeds", NULL);
    return make_folder(dir, 0711, error) && make_folder(storage, 0711, error) && make_folder(console, 0700, error) && make_folder(seeds, 0711, error) && (!reached || check_reached(storage, error));
}

/* Whole or not at all: a password cut short by a crash would lock everybody out. */
static gboolean
write_password(const char *file, const char *password, GError **error)
{
    g_autofree char *line = g_strconcat(password, "\n", NULL);
    g_autoptr(GError) wrong = NULL;
    if (!g_file_set_contents_full(file, line, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, &wrong))
        return fault_set(error, MSG_DAEMON_PASSWORD_FILE, "file", file, "reason", wrong->message, NULL);
    return TRUE;
}

char *
data_dir_password(const char *file, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) wrong = NULL;
    if (!g_file_get_contents(file, &text, NULL, &wrong)) {
        if (!g_error_matches(wrong, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            fault_set(error, MSG_DAEMON_PASSWORD_FILE, "file", file, "reason", wrong->message, NULL);
            return NULL;
        }
        text = password_random();
        if (!write_password(file, text, error))
            return NULL;
    }
    text[strcspn(text, "\r\n")] = '\0';
    if (!*text || strlen(text) > MOST_PASSWORD || !g_utf8_validate(text, -1, NULL)) {
        fault_set(error, MSG_DAEMON_PASSWORD, "file", file, NULL);
        return NULL;
    }
    return g_steal_pointer(&text);
}

Wall
data_dir_changed(const char *file)
{
    struct stat now;
    if (stat(file, &now) != 0)
        return 0;
    return (Wall) now.st_mtim.tv_sec * CLOCK_SECOND + now.st_mtim.tv_nsec / 1000;
}
