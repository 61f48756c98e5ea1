/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * All numbers are whatever who wrote the image liked: each is bounded before it is used, and a header that says what no QEMU would write
 * is broken. */
#include "host/volume_header.h"

#include <string.h>
#include <unistd.h>

#define HEAD 104                        /* of version 3; 72 of version 2 */
#define HEAD_OLD 72
#define FEATURE_CORRUPT 2u
#define FEATURE_DATA_FILE 4u
#define EXTENSION_FORMAT 0xe2792acau    /* of the backing file */
#define MOST_EXTENSIONS 64

static guint64
number_at(const guint8 *head, int at, int bytes)
{
    guint64 value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | head[at + i];
    return value;
}

static gboolean
read_at(int descriptor, guint64 offset, gpointer room, gsize length)
{
    return pread(descriptor, room, length, (off_t) offset) == (ssize_t) length;
}

/* Before END, where the backing file's name stands. */
static void
read_format(int descriptor, guint64 offset, guint64 end, VolumeHeader *header)
{
    guint8 head[8];
    for (guint i = 0; i < MOST_EXTENSIONS && offset + sizeof(head) <= end && read_at(descriptor, offset, head, sizeof(head)); i++) {
        guint64 kind = number_at(head, 0, 4), length = number_at(head, 4, 4);
        offset += sizeof(head);
        if (kind == 0 || length > end - offset)
            return;
        if (kind == EXTENSION_FORMAT && length < sizeof(header->format)) {
            if (!read_at(descriptor, offset, header->format, length))
                header->format[0] = '\0';
            return;
        }
        offset += (length + 7) & ~7ull;
    }
}

/* Name and extensions lie in the first cluster. */
static void
read_backing(int descriptor, const guint8 *head, guint64 version, guint64 cluster, VolumeHeader *header)
{
    guint64 offset = number_at(head, 8, 8), length = number_at(head, 16, 4), first = version >= 3 ? number_at(head, 100, 4) : HEAD_OLD;
    header->stands = offset != 0;
    if (!header->stands)
        return;
    gboolean sound = length > 0 && length <= VOLUME_HEADER_MOST_NAME && offset < cluster && length <= cluster - offset && first < offset &&
                     read_at(descriptor, offset, header->backing, length) && !memchr(header->backing, '\0', length);
    if (!sound) {
        memset(header->backing, 0, sizeof(header->backing));
        header->broken = TRUE;
        return;
    }
    read_format(descriptor, first, offset, header);
}

gboolean
volume_header_read(int descriptor, VolumeHeader *ret)
{
    guint8 head[HEAD] = { 0 };
    VolumeHeader header = { 0 };
    ssize_t got = pread(descriptor, head, sizeof(head), 0);
    if (got < 0)
        return FALSE;
    header.cow = got >= HEAD_OLD && memcmp(head, "QFI\xfb", 4) == 0;
    if (header.cow) {
        guint64 version = number_at(head, 4, 4), cluster_bits = number_at(head, 20, 4), size = number_at(head, 24, 8);
        guint64 features = version >= 3 && got >= HEAD ? number_at(head, 72, 8) : 0;
        header.broken = version < 2 || version > 3 || (version == 3 && got < HEAD) || cluster_bits < 9 || cluster_bits > 21 || size > G_MAXINT64 ||
                        features & FEATURE_CORRUPT;
        header.names_data = (features & FEATURE_DATA_FILE) != 0;
        header.size = size > G_MAXINT64 ? 0 : (gint64) size;
        if (header.broken)
            header.stands = number_at(head, 8, 8) != 0;
        else
            read_backing(descriptor, head, version, 1ull << cluster_bits, &header);
    }
    *ret = header;
    return TRUE;
}
