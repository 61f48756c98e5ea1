/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * ISO 9660, as much of it as a few files in one folder need: two volume descriptors (the second is Joliet's, which Windows and Linux prefer), a path
 * table of one row in both byte orders, one sector of a folder each, then the files. No dates, so that equal content is equal bytes. */
#include "host/seed.h"

#include "host/domain_xml_scan.h"
#include "host/domain_xml_splice.h"

#include <string.h>

#define SECTOR 2048
#define SUFFIX ".seed"

enum { AT_PRIMARY = 16, AT_JOLIET, AT_END, AT_TABLE, AT_FOLDER = AT_TABLE + 4, AT_FILES = AT_FOLDER + 2 };

typedef struct {
    guint8 *bytes;
    gboolean joliet;            /* names are UCS-2 */
    const SeedFile *files;
    guint count;
    guint32 *extents;           /* of each file */
    guint32 sectors;            /* of the whole */
} Image;

/* --- numbers and words ------------------------------------------------------------------------------------------------------ */

static void
put_little(guint8 *at, guint32 value, guint size)
{
    for (guint i = 0; i < size; i++)
        at[i] = (guint8) (value >> (8 * i));
}

static void
put_big(guint8 *at, guint32 value, guint size)
{
    for (guint i = 0; i < size; i++)
        at[size - 1 - i] = (guint8) (value >> (8 * i));
}

static void
put_both(guint8 *at, guint32 value, guint size)
{
    put_little(at, value, size);
    put_big(at + size, value, size);
}

/* Into a field of ROOM bytes that blanks fill; returns how many bytes the word has. */
static guint
put_word(const Image *image, guint8 *at, const char *word, guint room)
{
    guint width = image->joliet ? 2 : 1, length = MIN((guint) strlen(word), room / width);
    for (guint i = 0; i + width <= room; i += width)
        put_big(at + i, i / width < length ? (guint8) word[i / width] : ' ', width);
    return length * width;
}

/* --- folders ---------------------------------------------------------------------------------------------------------------- */

/* One record of a folder; NAME of LENGTH bytes as they are. Returns its size. */
static guint
put_record(guint8 *at, guint32 extent, guint32 size, gboolean folder, const guint8 *name, guint length)
{
    static const guint8 day[] = { 80, 1, 1, 0, 0, 0, 0 };
    guint whole = (33 + length + 1) / 2 * 2;
    at[0] = (guint8) whole;
    put_both(at + 2, extent, 4);
    put_both(at + 10, size, 4);
    memcpy(at + 18, day, sizeof(day));
    at[25] = folder ? 2 : 0;
    put_both(at + 28, 1, 2);
    at[32] = (guint8) length;
    memcpy(at + 33, name, length);
    return whole;
}

static guint32
folder_of(const Image *image)
{
    return AT_FOLDER + (image->joliet ? 1 : 0);
}

static guint
put_folder_record(const Image *image, guint8 *at, guint8 name)
{
    return put_record(at, folder_of(image), SECTOR, TRUE, &name, 1);
}

static void
put_folder(const Image *image)
{
    guint8 *at = image->bytes + (gsize) folder_of(image) * SECTOR;
    at += put_folder_record(image, at, 0);
    at += put_folder_record(image, at, 1);
    for (guint i = 0; i < image->count; i++) {
        guint8 name[80];
        g_autofree char *versioned = g_strconcat(image->files[i].name, ";1", NULL);
        guint length = put_word(image, name, versioned, sizeof(name));
        at += put_record(at, image->extents[i], (guint32) image->files[i].length, FALSE, name, length);
    }
}

/* The root alone, in both byte orders. */
static void
put_tables(const Image *image)
{
    guint32 at = AT_TABLE + (image->joliet ? 2 : 0);
    for (guint big = 0; big < 2; big++) {
        guint8 *row = image->bytes + (gsize) (at + big) * SECTOR;
        row[0] = 1;
        (big ? put_big : put_little)(row + 2, folder_of(image), 4);
        (big ? put_big : put_little)(row + 6, 1, 2);
    }
}

/* --- volumes ---------------------------------------------------------------------------------------------------------------- */

static void
put_descriptor(const Image *image, const char *label)
{
    static const struct { guint at, room; } texts[] = { { 190, 128 }, { 318, 128 }, { 446, 128 }, { 574, 128 }, { 702, 37 }, { 739, 37 }, { 776, 37 } };
    guint8 *at = image->bytes + (gsize) (image->joliet ? AT_JOLIET : AT_PRIMARY) * SECTOR;
    guint32 table = AT_TABLE + (image->joliet ? 2 : 0);
    at[0] = image->joliet ? 2 : 1;
    memcpy(at + 1, "CD001\1", 6);
    put_word(image, at + 8, "", 32);
    put_word(image, at + 40, label, 32);
    put_both(at + 80, image->sectors, 4);
    if (image->joliet)
        memcpy(at + 88, "%/E", 3);
    put_both(at + 120, 1, 2);
    put_both(at + 124, 1, 2);
    put_both(at + 128, SECTOR, 2);
    put_both(at + 132, 10, 4);
    put_little(at + 140, table, 4);
    put_big(at + 148, table + 1, 4);
    put_folder_record(image, at + 156, 0);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        put_word(image, at + texts[i].at, "", texts[i].room);
    for (guint date = 813; date < 881; date += 17)
        memset(at + date, '0', 16);
    at[881] = 1;
}

static guint32
sectors_of(gsize bytes)
{
    return (guint32) ((bytes + SECTOR - 1) / SECTOR);
}

static void
put_files(const Image *image)
{
    for (guint i = 0; i < image->count; i++) {
        if (image->files[i].length > 0)
            memcpy(image->bytes + (gsize) image->extents[i] * SECTOR, image->files[i].text, image->files[i].length);
    }
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(((const SeedFile *) a)->name, ((const SeedFile *) b)->name);
}

GBytes *
seed_image(const char *label, const SeedFile *files, guint count)
{
    SeedFile sorted[SEED_MOST_FILES];
    guint32 extents[SEED_MOST_FILES];
    g_assert(count <= SEED_MOST_FILES);
    memcpy(sorted, files, count * sizeof(*files));
    qsort(sorted, count, sizeof(*sorted), compare_names);
    Image image = { .files = sorted, .count = count, .extents = extents, .sectors = AT_FILES };
    for (guint i = 0; i < count; i++) {
        extents[i] = image.sectors;
        image.sectors += sectors_of(sorted[i].length);
    }
    gsize size = (gsize) image.sectors * SECTOR;
    image.bytes = g_malloc0(size);
    for (guint joliet = 0; joliet < 2; joliet++) {
        image.joliet = joliet == 1;
        put_descriptor(&image, label);
        put_tables(&image);
        put_folder(&image);
    }
    memcpy(image.bytes + (gsize) AT_END * SECTOR, "\377CD001\1", 7);
    put_files(&image);
    return g_bytes_new_take(image.bytes, size);
}

/* --- where it lies ------------------------------------------------------------------------------------------------------------ */

char *
seed_path(const char *folder, const Id *domain)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *name = g_strconcat(id_format(domain, ID_UUID, text), SUFFIX, NULL);
    return g_build_filename(folder, name, NULL);
}

gboolean
seed_domain(const char *name, Id *ret_domain)
{
    g_autofree char *id = g_str_has_suffix(name, SUFFIX) ? g_strndup(name, strlen(name) - strlen(SUFFIX)) : NULL;
    return id && id_parse(id, ID_UUID, ret_domain);
}

/* --- in a domain ---------------------------------------------------------------------------------------------------------------- */

static const ScanNode *
find_target(const ScanDoc *doc, const char *name)
{
    for (const ScanNode *disk = scan_path(doc, doc->root, "devices/disk"); disk; disk = scan_next(doc, disk)) {
        if (scan_has(doc, scan_child(doc, disk, "target"), "dev", name))
            return disk;
    }
    return NULL;
}

/* That of the drive there is; else what the machine has. */
static char *
drive_bus(const ScanDoc *doc)
{
    const ScanNode *type = scan_path(doc, doc->root, "os/type");
    g_autofree char *machine = scan_get(doc, type, "machine");
    for (const ScanNode *disk = scan_path(doc, doc->root, "devices/disk"); disk; disk = scan_next(doc, disk)) {
        char *bus = scan_has(doc, disk, "device", "cdrom") ? scan_get(doc, scan_child(doc, disk, "target"), "bus") : NULL;
        if (bus)
            return bus;
    }
    return g_strdup(machine && strstr(machine, "q35") ? "sata" : machine && g_str_has_prefix(machine, "virt") ? "scsi" : "ide");
}

/* A virtio disk comes behind all others whatever their number. What stands on a controller takes its place from its name: the first free one. */
static char *
free_target(const ScanDoc *doc, const char *bus)
{
    const char *prefix = g_str_equal(bus, "virtio") ? "vd" : g_str_equal(bus, "ide") ? "hd" : "sd";
    guint most = g_str_equal(bus, "ide") ? 4 : 26;
    for (guint i = 0; i < most; i++) {
        guint letter = g_str_equal(bus, "virtio") ? most - 1 - i : i;
        g_autofree char *name = g_strdup_printf("%s%c", prefix, (int) ('a' + letter));
        if (!find_target(doc, name))
            return g_steal_pointer(&name);
    }
    return NULL;
}

char *
seed_in_domain(const char *xml, const char *path, gboolean drive)
{
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL);
    const ScanNode *devices = doc ? scan_child(doc, doc->root, "devices") : NULL, *last = NULL;
    if (!devices)
        return NULL;
    g_autofree char *bus = drive ? drive_bus(doc) : g_strdup("virtio");
    g_autofree char *target = free_target(doc, bus);
    for (const ScanNode *disk = scan_child(doc, devices, "disk"); disk; disk = scan_next(doc, disk))
        last = disk;
    if (!target)
        return NULL;
    g_auto(Text) out = TEXT_EMPTY;
    text_printf(&out, "<disk type='file' device='%s'>\n  <driver name='qemu' type='raw'/>\n  <source file='", drive ? "cdrom" : "disk");
    splice_add_value(&out, path);
    text_printf(&out, "'/>\n  <target dev='%s' bus='%s'/>\n  <readonly/>\n  <alias name='" SEED_ALIAS "'/>\n</disk>", target, bus);
    g_autofree char *fragment = text_take(&out);
    g_auto(Splices) splices;
    splice_begin(&splices, doc);
    splice_insert(&splices, devices, last, fragment);
    return splice_apply(&splices);
}
