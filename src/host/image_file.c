/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What comes as the bytes of an image is whatever its sender likes. It is written as bytes, and read as an image only after its header
 * was found to name no other file and to be of a kind QEMU knows; then qemu-img, with little memory and little time, has to agree. */
#include "host/image_file.h"

#include "host/volume_chain.h"
#include "host/volume_child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD 112
#define FEATURE_DIRTY 1u
#define FEATURE_CORRUPT 2u
#define FEATURE_DATA_FILE 4u
#define FEATURES_KNOWN (8u | 16u)           /* another compression, extended entries */
#define HAS_BITMAPS 1u                      /* among those that who does not know them clears */
#define DIRECT_BLOCK 4096
#define LOCK_WRITES 101                     /* in QEMU's image locks: somebody writes; */
#define LOCK_NO_WRITERS 201                 /* nobody may */
#define MOST_L1 (32u << 20)                 /* bytes, as QEMU has it */

/* --- the judgement of a header ---------------------------------------------------------------------------------------------------- */

static guint64
number_at(const guint8 *head, gsize at, gsize bytes)
{
    guint64 value = 0;
    for (gsize i = 0; i < bytes; i++)
        value = value << 8 | head[at + i];
    return value;
}

/* Has the first table as many entries as the size needs, and not more than QEMU would read? */
static gboolean
is_table_sound(const guint8 *head, guint64 cluster_bits, guint64 size, gboolean extended)
{
    guint64 entries = number_at(head, 36, 4), l2_bits = cluster_bits - (extended ? 4 : 3);
    guint64 reach = cluster_bits + l2_bits, needed = (size >> reach) + ((size & ((1ull << reach) - 1)) != 0);
    return entries >= needed && entries * 8 <= MOST_L1;
}

/* Does a table of BYTES at OFFSET lie where clusters begin, within the file? QEMU reads zeros behind a file's end, and would write there. */
static gboolean
lies_within(guint64 offset, guint64 bytes, guint64 cluster_bits, gint64 file)
{
    return offset > 0 && (offset & ((1ull << cluster_bits) - 1)) == 0 && offset < (guint64) file && bytes <= (guint64) file - offset;
}

static gboolean
are_tables_there(const guint8 *head, guint64 cluster_bits, gint64 file)
{
    return lies_within(number_at(head, 40, 8), number_at(head, 36, 4) * 8, cluster_bits, file) &&
           lies_within(number_at(head, 48, 8), number_at(head, 56, 4) << cluster_bits, cluster_bits, file);
}

MessageCode
image_file_judge(const guint8 *head, gsize length, gint64 size, gint64 file)
{
    if (length < 72 || memcmp(head, "QFI\xfb", 4) != 0)
        return MSG_IMAGE_NO_COW;
    guint64 version = number_at(head, 4, 4), cluster_bits = number_at(head, 20, 4), holds = number_at(head, 24, 8);
    if (version < 2 || version > 3 || (version == 3 && length < 104) || cluster_bits < 9 || cluster_bits > 21)
        return MSG_IMAGE_DAMAGED;
    guint64 features = version == 3 ? number_at(head, 72, 8) : 0;
    if (number_at(head, 8, 8) != 0 || features & FEATURE_DATA_FILE)
        return MSG_IMAGE_NAMES_FILES;
    if (features & (FEATURE_CORRUPT | FEATURE_DIRTY))
        return MSG_IMAGE_DAMAGED;       /* a dirty one QEMU would mend when its VM starts, for as long as its tables like */
    guint64 clearable = version == 3 ? number_at(head, 88, 8) : 0;
    if (number_at(head, 32, 4) != 0 || number_at(head, 60, 4) != 0 || features & ~(guint64) FEATURES_KNOWN || clearable & HAS_BITMAPS)
        return MSG_IMAGE_NOT_PLAIN;     /* encrypted, with snapshots or bitmaps (which its VM would hold in memory) inside, or of a kind that came later */
    if (size < 0 || holds != (guint64) size)
        return MSG_IMAGE_WRONG_SIZE;
    return is_table_sound(head, cluster_bits, holds, features & 16) && are_tables_there(head, cluster_bits, file) ? 0 : MSG_IMAGE_DAMAGED;
}

/* --- before ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
is_fit(const VolumeFile *file, const ImageSpec *spec, const VolumeLook *look, GError **error)
{
    gboolean replaced = spec->own && spec->write;
    if (look->state != VOLUME_WHOLE)
        return fault_set(error, MSG_VOLUME_NO_FILE, "disk", file->name, "path", file->path, NULL);
    if (spec->write ? !volume_file_is_free(file, error) : !volume_file_is_quiet(file, error))
        return FALSE;
    if (replaced || spec->format == DISK_FORMAT_RAW)
        return TRUE;
    if (look->broken || look->format != spec->format)
        return fault_set(error, MSG_VOLUME_BROKEN, "disk", file->name, "path", file->path, NULL);
    if (spec->own && look->stands)
        return fault_set(error, MSG_IMAGE_NOT_ALONE, "disk", file->name, NULL);
    return volume_chain_check(file, spec->format, error);
}

/* Never through a link that somebody put in its place. -1 with errno */
static int
open_file(const VolumeFile *file, int flags)
{
    return openat(file->dir, file->name, flags | O_NOFOLLOW | O_CLOEXEC);
}

/* Its own bytes come: what it held goes once, and there is room for as many as may come. */
static gboolean
stretch(const VolumeFile *file, const ImageSpec *spec, GError **error)
{
    struct stat info;
    int descriptor = open_file(file, O_RDWR);
    gboolean well = descriptor >= 0 && (!spec->fresh || ftruncate(descriptor, 0) == 0) && fstat(descriptor, &info) == 0 &&
                    (info.st_size >= spec->most || ftruncate(descriptor, spec->most) == 0);
    int why = errno;
    if (descriptor >= 0)
        close(descriptor);
    return well || volume_file_fail(file, "written", why, error);
}

gboolean
image_file_prepare(const VolumeFile *file, const ImageSpec *spec, char **ret_file, GError **error)
{
    VolumeLook look;
    if (!volume_file_look(file, &look, error) || !is_fit(file, spec, &look, error))
        return FALSE;
    if (spec->own && spec->write && !stretch(file, spec, error))
        return FALSE;
    *ret_file = volume_file_path(file, file->name);
    return TRUE;
}

/* QEMU that only reads a raw file lets others write. As with its own locks: a byte for each right that others shall not use, here to write. FALSE: one
 * has begun to since we looked. */
static gboolean
keep_writers_out(HostImage *image, const char *path)
{
    struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = LOCK_NO_WRITERS, .l_len = 1 };
    struct flock writes = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_WRITES, .l_len = 1 };
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0)
        return FALSE;
    image_keep(image, descriptor);
    return fcntl(descriptor, F_OFD_SETLK, &lock) == 0 && fcntl(descriptor, F_OFD_GETLK, &writes) == 0 && writes.l_type == F_UNLCK;
}

/* What is uploaded goes to the disk as it comes, and not into memory first, where the file system can: half the work, and no long flush at the end.
 * QEMU wants whole blocks for that. */
static gboolean
can_pass_cache(const char *path)
{
    struct stat info;
    int descriptor = open(path, O_RDWR | O_NOFOLLOW | O_DIRECT | O_CLOEXEC);
    gboolean whole = descriptor >= 0 && fstat(descriptor, &info) == 0 && info.st_size % DIRECT_BLOCK == 0;
    if (descriptor >= 0)
        close(descriptor);
    return whole;
}

HostImage *
image_file_serve(const char *host, const char *path, const ImageSpec *spec, GError **error)
{
    gboolean cow = spec->format == DISK_FORMAT_COW && !spec->own;
    ImageServing serving = { host, path, cow ? "qcow2" : "raw", spec->write, spec->write && spec->sparse, spec->write && can_pass_cache(path) };
    HostImage *image = image_serve(&serving, error);
    char disk[ID_TEXT_SIZE];
    if (!image || spec->write || keep_writers_out(image, path))
        return image;
    image_close(image, 0);
    fault_set(error, MSG_VOLUME_USED, "disk", id_format(&spec->volume.disk, ID_UUID, disk), NULL);
    return NULL;
}

/* --- after ------------------------------------------------------------------------------------------------------------------------- */

static gboolean
say(const VolumeFile *file, MessageCode code, const ImageSpec *spec, GError **error)
{
    g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, spec->size);
    if (code == MSG_IMAGE_WRONG_SIZE)
        return fault_set(error, code, "disk", file->name, "size", size, NULL);
    return fault_set(error, code, "disk", file->name, NULL);
}

static gboolean
judge_file(const VolumeFile *file, const ImageSpec *spec, int descriptor, GError **error)
{
    guint8 head[HEAD] = { 0 };
    struct stat info;
    ssize_t length = pread(descriptor, head, sizeof(head), 0);
    if (length < 0 || fstat(descriptor, &info) != 0)
        return volume_file_fail(file, "read", errno, error);
    MessageCode wrong = image_file_judge(head, (gsize) length, spec->size, info.st_size);
    return wrong == 0 || say(file, wrong, spec, error);
}

/* The second opinion: it opens the image, whose header names nothing, as a VM would. */
static gboolean
ask_tool(const VolumeFile *file, const ImageSpec *spec, int wake, Tick deadline, GError **error)
{
    g_auto(ChildResult) result = { 0 };
    g_autofree char *path = volume_file_path(file, file->name);
    const char *argv[] = { "qemu-img", "info", "-f", "qcow2", path, NULL };
    volume_child_run(argv, wake, deadline, &result);
    if (result.end == CHILD_ABSENT)
        return fault_set(error, MSG_VOLUME_NO_TOOL, "host", file->host, NULL);
    return result.end == CHILD_DONE || say(file, MSG_IMAGE_DAMAGED, spec, error);
}

/* Nothing lies behind the last byte that came: the room that was kept goes. */
static gboolean
cut(const ImageSpec *spec, int descriptor, gint64 end)
{
    return !spec->own || end <= 0 || ftruncate(descriptor, end) == 0;
}

gboolean
image_file_settle(const VolumeFile *file, const ImageSpec *spec, gint64 end, int wake, Tick deadline, GError **error)
{
    int descriptor = open_file(file, O_RDWR);
    gboolean well = descriptor >= 0 && cut(spec, descriptor, end) && fsync(descriptor) == 0;
    if (!well)
        volume_file_fail(file, "written", errno, error);
    gboolean judged = well && (!spec->own || spec->format != DISK_FORMAT_COW || judge_file(file, spec, descriptor, error));
    if (descriptor >= 0)
        close(descriptor);
    if (!judged || !spec->own || spec->format != DISK_FORMAT_COW)
        return judged;
    return ask_tool(file, spec, wake, deadline, error);
}
