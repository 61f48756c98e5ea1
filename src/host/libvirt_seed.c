/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The files of seeds, on this machine: for root and QEMU alone, there as long as their domain has use of them. Which that is the host's own
 * looking tells, so that they go whoever ends the domain, and whoever died meanwhile: one whose domain neither runs nor is saved has served. */
#include "host/libvirt_call.h"

#include "base/log.h"
#include "host/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- who is at it: the lock is held --------------------------------------------------------------------------------------------- */

static gboolean
is_being_given(const LibvirtHost *host, const Id *domain, guint *ret_at)
{
    for (guint i = 0; i < host->seeding->len; i++) {
        *ret_at = i;
        if (id_equal(&g_array_index(host->seeding, Id, i), domain))
            return TRUE;
    }
    return FALSE;
}

/* What has not been read since something happened to it may run by now. */
static gboolean
has_served(const LibvirtHost *host, const Id *domain)
{
    guint at;
    const Known *known = g_hash_table_lookup(host->known, domain);
    return host->up && !is_being_given(host, domain, &at) && (!known || (!known->dirty && !known->running && !known->saved));
}

/* --- writing ----------------------------------------------------------------------------------------------------------------------- */

/* 0 or errno. */
static int
write_all(int file, GBytes *image)
{
    gsize length;
    const char *bytes = g_bytes_get_data(image, &length);
    for (gsize done = 0; done < length;) {
        ssize_t more = write(file, bytes + done, length - done);
        if (more < 0 && errno != EINTR)
            return errno;
        done += more > 0 ? (gsize) more : 0;
    }
    return 0;
}

/* 0 or errno. Libvirt gives the file to QEMU's user as it starts; where it is told not to, it is that user's from the beginning. */
static int
write_file(LibvirtHost *host, const char *path, GBytes *image)
{
    lock_take(&host->lock);
    uid_t user = host->qemu_user;
    gid_t group = host->qemu_group;
    lock_drop(&host->lock);
    unlink(path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0)
        return errno;
    int why = write_all(file, image);
    if (!why && user != 0 && fchown(file, user, group) != 0 && errno != EPERM)
        why = errno;
    if (close(file) != 0 && !why)
        why = errno;
    return why;
}

static gboolean
make_folders(const char *folder)
{
    g_autofree char *above = g_path_get_dirname(folder);
    return (mkdir(above, 0711) == 0 || errno == EEXIST) && (mkdir(folder, 0711) == 0 || errno == EEXIST);
}

gboolean
libvirt_seed_give(LibvirtCall *call, GError **error)
{
    LibvirtHost *host = call->host;
    g_autofree char *path = host->seeds ? seed_path(host->seeds, &call->id) : NULL;
    if (!path)
        return fault_set(error, MSG_SEED_NOWHERE, "vm", call->about, "host", host->link.name, NULL);
    lock_take(&host->lock);
    g_array_append_val(host->seeding, call->id);
    lock_drop(&host->lock);
    int why = make_folders(host->seeds) ? write_file(host, path, call->seed) : errno;
    return why == 0 || fault_set(error, MSG_SEED_FAILED, "path", path, "host", host->link.name, "reason", g_strerror(why), NULL);
}

void
libvirt_seed_given(LibvirtCall *call)
{
    guint at;
    LOCK_HOLD(&call->host->lock);
    if (!is_being_given(call->host, &call->id, &at))
        return;
    libvirt_host_mark(call->host, &call->id, NULL);     /* whether it runs now is read before its file is judged */
    g_array_remove_index(call->host->seeding, at);
}

/* --- taking away --------------------------------------------------------------------------------------------------------------------- */

static void
judge(LibvirtHost *host, const char *name)
{
    Id domain;
    g_autofree char *path = g_build_filename(host->seeds, name, NULL);
    if (!seed_domain(name, &domain))
        return;
    LOCK_HOLD(&host->lock);
    if (has_served(host, &domain) && unlink(path) != 0 && errno != ENOENT)
        log_warn("host %s: what a guest was told at its start cannot be removed (%s): %s", host->link.name, path, g_strerror(errno));
}

void
libvirt_seed_sweep(LibvirtHost *host)
{
    g_autoptr(GDir) folder = host->seeds && host->place.local ? g_dir_open(host->seeds, 0, NULL) : NULL;
    for (const char *name; folder && (name = g_dir_read_name(folder));)
        judge(host, name);
}
