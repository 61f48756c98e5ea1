/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The variables of firmwares: small files that libvirt makes beside a domain. Where a definition names none libvirt itself is
 * asked for the path, by the command line it would start such a domain with: no rule of its versions is guessed here. Copying,
 * looking and removing are work on this machine's files. */
#include "host/libvirt_call.h"

#include "host/domain_xml_twin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VARIABLES_MOST (64 << 20)
#define STORE "\"node-name\":\"libvirt-pflash1-storage\""
#define FILENAME "\"filename\":\""

/* --- where they are ----------------------------------------------------------------------------------------------------------- */

static gboolean
not_told(const LibvirtCall *call, const char *why, GError **error)
{
    return fault_set(error, MSG_VARIABLES_NOT_TOLD, "host", call->host->link.name, "vm", call->mark, "reason", why, NULL);
}

/* Of the node that a QEMU would keep its variables in. NULL where it is written as nothing that is plainly a path. */
static char *
path_of(const char *node)
{
    const char *from = g_str_has_prefix(node, "{\"driver\":\"file\",") ? strstr(node, FILENAME) : NULL;
    const char *path = from ? from + strlen(FILENAME) : "";
    gsize length = strcspn(path, "\"\\");
    return *path == '/' && path[length] == '"' ? g_strndup(path, length) : NULL;
}

/* Without such a node there are none: its firmware keeps nothing. An old libvirt writes them otherwise. */
static gboolean
find_path(LibvirtCall *call, char *const *arguments, GError **error)
{
    for (guint i = 0; arguments[i]; i++) {
        if (strstr(arguments[i], "if=pflash"))
            return not_told(call, "its libvirt is too old to be asked", error);
        if (!strstr(arguments[i], STORE))
            continue;
        call->result = path_of(arguments[i]);
        call->free_result = g_free;
        return call->result || not_told(call, "they are in no plain file", error);
    }
    return TRUE;
}

static gboolean
work_find(LibvirtCall *call, GError **error)
{
    g_auto(GStrv) arguments = NULL;
    char *line = virConnectDomainXMLToNative(call->connection, "qemu-argv", call->text, 0);
    if (!line)
        return libvirt_call_fail(call, error);
    gboolean parsed = g_shell_parse_argv(line, NULL, &arguments, NULL);
    free(line);
    return parsed ? find_path(call, arguments, error) : not_told(call, "what it says is no command line", error);
}

gboolean
libvirt_variables_find(HostLink *link, const char *xml, char **ret_path, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_find, "look up the firmware of", FALSE, FALSE };
    g_autofree char *name = NULL, *bare = domain_xml_twin_firmware(xml, &name, error);
    if (!bare)
        return FALSE;
    g_autoptr(LibvirtCall) call = libvirt_call_new(link, &verb, &id_null, deadline);
    libvirt_call_name(call, name);
    call->text = g_steal_pointer(&bare);
    call->mark = g_steal_pointer(&name);
    if (!libvirt_call_run(call, error))
        return FALSE;
    *ret_path = g_steal_pointer(&call->result);
    return TRUE;
}

/* --- their files ---------------------------------------------------------------------------------------------------------------- */

static gboolean
fail(const LibvirtCall *call, const char *verb, int why, GError **error)
{
    return fault_set(error, MSG_VARIABLES_FAILED, "path", call->text, "verb", verb, "host", call->host->link.name, "reason", g_strerror(why), NULL);
}

/* The whole of a small plain file; -1 with errno, ENOENT where there is none. */
static gssize
read_whole(const char *path, char **ret_bytes)
{
    struct stat info;
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return -1;
    gssize done = -1, length = fstat(file, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= VARIABLES_MOST ? (gssize) info.st_size : -1;
    errno = length < 0 ? EINVAL : 0;
    if (length >= 0) {
        *ret_bytes = g_malloc((gsize) length + 1);
        done = pread(file, *ret_bytes, (gsize) length, 0);
    }
    int why = done == length ? 0 : errno ? errno : EIO;
    close(file);
    errno = why;
    return why ? -1 : length;
}

/* 0 or errno: a new name outlives a power cut only in a folder that was written. */
static int
keep_name(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int why = directory >= 0 && fsync(directory) == 0 ? 0 : errno;
    if (directory >= 0)
        close(directory);
    return why;
}

/* 0 or errno. Libvirt gives the file to QEMU's user when the VM starts; where it is told not to, the file is that user's from the beginning. */
static int
write_whole(LibvirtCall *call, const char *part, const char *bytes, gssize length)
{
    lock_take(&call->host->lock);
    uid_t user = call->host->qemu_user;
    gid_t group = call->host->qemu_group;
    lock_drop(&call->host->lock);
    unlink(part);
    int file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return errno;
    errno = EIO;
    gboolean well = pwrite(file, bytes, (gsize) length, 0) == length && (user == 0 || fchown(file, user, group) == 0 || errno == EPERM) && fsync(file) == 0;
    int why = well ? 0 : errno;
    close(file);
    if (!why && renameat2(AT_FDCWD, part, AT_FDCWD, call->mark, RENAME_NOREPLACE) != 0)
        why = errno;
    if (why)
        unlink(part);
    return why == EEXIST ? 0 : why ? why : keep_name(part);
}

static char *
part_of(const char *path)
{
    return g_strconcat(path, ".part", NULL);
}

static gboolean
work_copy(LibvirtCall *call, GError **error)
{
    g_autofree char *bytes = NULL;
    g_autofree char *part = part_of(call->mark);
    if (access(call->mark, F_OK) == 0)
        return TRUE;
    gssize length = read_whole(call->text, &bytes);
    if (length < 0)
        return fail(call, "copied", errno, error);
    int why = write_whole(call, part, bytes, length);
    return why == 0 || fail(call, "copied", why, error);
}

static gboolean
work_look(LibvirtCall *call, GError **error)
{
    struct stat info;
    call->flag = lstat(call->text, &info) == 0;
    return call->flag || errno == ENOENT || fail(call, "looked at", errno, error);
}

static gboolean
work_drop(LibvirtCall *call, GError **error)
{
    g_autofree char *part = part_of(call->text);
    if (unlink(part) != 0 && errno != ENOENT)
        return fail(call, "removed", errno, error);
    return unlink(call->text) == 0 || errno == ENOENT || fail(call, "removed", errno, error);
}

static LibvirtCall *
file_call(HostLink *link, const LibvirtVerb *verb, const char *about, Tick deadline)
{
    Id id = id_named(&id_null, about);
    LibvirtCall *call = libvirt_call_new(link, verb, &id, deadline);
    libvirt_call_name(call, about);
    return call;
}

gboolean
libvirt_variables_copy(HostLink *link, const char *from, const char *to, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_copy, "copy", TRUE, TRUE };
    g_autoptr(LibvirtCall) call = file_call(link, &verb, to, deadline);
    call->text = g_strdup(from);
    call->mark = g_strdup(to);
    return libvirt_call_run(call, error);
}

gboolean
libvirt_variables_look(HostLink *link, const char *path, gboolean *ret_there, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_look, "look for", FALSE, TRUE };
    g_autoptr(LibvirtCall) call = file_call(link, &verb, path, deadline);
    call->text = g_strdup(path);
    if (!libvirt_call_run(call, error))
        return FALSE;
    *ret_there = call->flag;
    return TRUE;
}

gboolean
libvirt_variables_drop(HostLink *link, const char *path, Tick deadline, GError **error)
{
    static const LibvirtVerb verb = { work_drop, "remove", TRUE, TRUE };
    g_autoptr(LibvirtCall) call = file_call(link, &verb, path, deadline);
    call->text = g_strdup(path);
    return libvirt_call_run(call, error);
}
