/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Images of fake hosts' disks: lines in the state file, by the path a real host would have them at. */
#include "host/fake_parts.h"

static char *
path_of(const HostVolume *volume)
{
    return volume_name_path(volume->store.path, &volume->disk, &volume->image);
}

static gboolean
say(MessageCode code, const HostVolume *volume, GError **error)
{
    char name[VOLUME_NAME_SIZE];
    return fault_set(error, code, "disk", volume_name_format(&volume->disk, &volume->image, name), "path", volume->store.path, NULL);
}

static gboolean
work_create(FakeHost *host, const FakeOrder *order, GError **error)
{
    g_autofree char *path = path_of(&order->volume);
    if (g_hash_table_contains(host->fake->volumes, path))
        return say(MSG_VOLUME_THERE, &order->volume, error);
    FakeVolume *volume = fake_put_volume(host->fake, path);
    volume->format = order->format;
    volume->size = order->size;
    fake_keep_volume(host->fake, volume);
    return TRUE;
}

/* As on a real host: what lies beneath is there, and not longer. */
static gboolean
work_create_upon(FakeHost *host, const FakeOrder *order, GError **error)
{
    char name[VOLUME_NAME_SIZE];
    g_autofree char *path = path_of(&order->volume), *base_path = path_of(&order->from);
    const FakeVolume *base = g_hash_table_lookup(host->fake->volumes, base_path);
    if (!base)
        return say(MSG_VOLUME_NO_FILE, &order->from, error);
    if (order->size < base->size) {
        g_autofree char *was = g_strdup_printf("%" G_GINT64_FORMAT, base->size), *size = g_strdup_printf("%" G_GINT64_FORMAT, order->size);
        return fault_set(error, MSG_VOLUME_SHRINK, "disk", volume_name_format(&order->volume.disk, &order->volume.image, name), "was", was, "size", size, NULL);
    }
    if (!work_create(host, order, error))
        return FALSE;
    fake_chain_set_base(host, g_hash_table_lookup(host->fake->volumes, path), base);
    return TRUE;
}

gboolean
fake_volume_create(HostLink *link, const VolumeSpec *spec, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "volume_create", .work = work_create, .id = spec->volume.disk, .volume = spec->volume, .format = spec->format,
                        .size = spec->size };
    order.from = (HostVolume) { spec->volume.store, id_is_null(&spec->backing_disk) ? spec->volume.disk : spec->backing_disk, spec->backing };
    if (!id_is_null(&spec->backing))
        order.work = work_create_upon;
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_copy(FakeHost *host, const FakeOrder *order, GError **error)
{
    g_autofree char *from_path = path_of(&order->from), *path = path_of(&order->volume);
    const FakeVolume *from = g_hash_table_lookup(host->fake->volumes, from_path);
    if (!from)
        return say(MSG_VOLUME_NO_FILE, &order->from, error);
    if (!work_create(host, order, error))
        return FALSE;
    FakeVolume *copy = g_hash_table_lookup(host->fake->volumes, path);
    for (guint i = 0; i < FAKE_PLACES; i++)
        copy->pattern[i] = fake_chain_pattern(host->fake, from, i);
    copy->size = MAX(copy->size, from->size);
    fake_image_copy(host, from, copy);
    fake_keep_volume(host->fake, copy);
    return TRUE;
}

gboolean
fake_volume_copy(HostLink *link, const VolumeSpec *spec, const HostVolume *from, G_GNUC_UNUSED const gint *cancelled, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "volume_copy", .work = work_copy, .id = spec->volume.disk, .volume = spec->volume, .from = *from,
                        .format = spec->format, .size = spec->size };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_resize(FakeHost *host, const FakeOrder *order, GError **error)
{
    g_autofree char *path = path_of(&order->volume);
    FakeVolume *volume = g_hash_table_lookup(host->fake->volumes, path);
    if (!volume)
        return say(MSG_VOLUME_NO_FILE, &order->volume, error);
    volume->size = MAX(volume->size, order->size);
    fake_keep_volume(host->fake, volume);
    return TRUE;
}

gboolean
fake_volume_resize(HostLink *link, const HostVolume *volume, gint64 size, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "volume_resize", .work = work_resize, .id = volume->disk, .volume = *volume, .size = size };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_delete(FakeHost *host, const FakeOrder *order, GError **error)
{
    g_autofree char *path = path_of(&order->volume);
    const FakeVolume *volume = g_hash_table_lookup(host->fake->volumes, path);
    if (volume && !fake_chain_need_top(host->fake, volume, NULL, error))
        return FALSE;
    fake_drop_volume(host->fake, path);
    return TRUE;
}

gboolean
fake_volume_delete(HostLink *link, const HostVolume *volume, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "volume_delete", .work = work_delete, .id = volume->disk, .volume = *volume };
    return fake_obey(link, &order, deadline, error);
}

gboolean
fake_volume_read(HostLink *link, const HostVolume *volume, VolumeFacts *ret_facts, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    g_autofree char *path = path_of(volume);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "volume_read", .id = &volume->disk, .question = TRUE };
    if (!fake_begin(&call, deadline, error))
        return FALSE;
    const FakeVolume *found = g_hash_table_lookup(host->fake->volumes, path);
    *ret_facts = found ? (VolumeFacts) { found->partial ? VOLUME_PARTIAL : VOLUME_WHOLE, found->format, found->size, found->size / 10 }
                       : (VolumeFacts) { VOLUME_ABSENT, 0, 0, 0 };
    return !call.silent || fake_unknown(&call, error);
}
