/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Chains of images on fake hosts: which stands on which, and of what their guests wrote a few numbers, so that it shows whether anything
 * was lost. An image knows what was written while it was the one being written; where that is nothing, what is beneath shines through. */
#include "host/fake_parts.h"

#include "base/log.h"
#include "host/volume_chain.h"

#include <string.h>

static char *
path_of(const HostVolume *volume)
{
    return volume_name_path(volume->store.path, &volume->disk, &volume->image);
}

static gboolean
no_file(const HostVolume *volume, GError **error)
{
    char name[VOLUME_NAME_SIZE];
    return fault_set(error, MSG_VOLUME_NO_FILE, "disk", volume_name_format(&volume->disk, &volume->image, name), "path", volume->store.path, NULL);
}

/* --- the model ---------------------------------------------------------------------------------------------------------------------------- */

FakeVolume *
fake_chain_beneath(const Fake *fake, const FakeVolume *volume)
{
    if (!volume->backing)
        return NULL;
    g_autofree char *dir = g_path_get_dirname(volume->path), *path = g_build_filename(dir, volume->backing, NULL);
    return g_hash_table_lookup(fake->volumes, path);
}

guint32
fake_chain_pattern(const Fake *fake, const FakeVolume *volume, guint place)
{
    for (guint i = 0; volume && place < FAKE_PLACES && i < VOLUME_CHAIN_MOST; i++, volume = fake_chain_beneath(fake, volume)) {
        if (volume->pattern[place])
            return volume->pattern[place];
    }
    return 0;
}

gboolean
fake_chain_stands(const FakeVolume *volume, const char *path)
{
    if (!volume->backing)
        return FALSE;
    g_autofree char *dir = g_path_get_dirname(volume->path), *base = g_build_filename(dir, volume->backing, NULL);
    return g_str_equal(base, path);
}

/* One that stands on the file PATH, and is not BUT; NULL: none. */
const FakeVolume *
fake_chain_above(const Fake *fake, const char *path, const FakeVolume *but)
{
    GHashTableIter iter;
    const FakeVolume *volume;
    g_hash_table_iter_init(&iter, fake->volumes);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &volume)) {
        if (volume != but && fake_chain_stands(volume, path))
            return volume;
    }
    return NULL;
}

void
fake_chain_merge(FakeHost *host, const FakeVolume *top, FakeVolume *base)
{
    for (guint i = 0; i < FAKE_PLACES; i++)
        base->pattern[i] = top->pattern[i] ? top->pattern[i] : base->pattern[i];
    base->size = MAX(base->size, top->size);
    fake_image_fold(host, top, base);
    fake_keep_volume(host->fake, base);
}

void
fake_chain_set_base(FakeHost *host, FakeVolume *volume, const FakeVolume *base)
{
    g_free(volume->backing);
    volume->backing = base ? g_path_get_basename(base->path) : NULL;
    volume->backing_format = base ? base->format : 0;
    fake_image_stand(host, volume, base);
    fake_keep_volume(host->fake, volume);
}

/* Between quotes, in what runs. */
static gboolean
runs_with(const FakeDomain *domain, const char *path)
{
    const char *xml = domain->live ? domain->live : domain->xml;
    gsize length = strlen(path);
    for (const char *at = xml && domain->state != DOMAIN_SHUTOFF ? strstr(xml, path) : NULL; at; at = strstr(at + 1, path)) {
        if (at[length] == '\'' || at[length] == '"')
            return TRUE;
    }
    return FALSE;
}

static gboolean
is_running_with(const Fake *fake, const char *path)
{
    GHashTableIter iter;
    const FakeDomain *domain;
    for (guint i = 0; i < fake->hosts->len; i++) {
        g_hash_table_iter_init(&iter, ((const FakeHost *) fake->hosts->pdata[i])->domains);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &domain)) {
            if (runs_with(domain, path))
                return TRUE;
        }
    }
    return FALSE;
}

/* By a running domain that has it open, or one that stands on it. */
static gboolean
is_used(const Fake *fake, const char *path, guint depth)
{
    GHashTableIter iter;
    const FakeVolume *volume;
    if (is_running_with(fake, path) || depth > VOLUME_CHAIN_MOST)
        return TRUE;
    g_hash_table_iter_init(&iter, fake->volumes);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &volume)) {
        if (fake_chain_stands(volume, path) && is_used(fake, volume->path, depth + 1))
            return TRUE;
    }
    return FALSE;
}

static gboolean
need_free(const Fake *fake, const FakeVolume *volume, GError **error)
{
    g_autofree char *name = g_path_get_basename(volume->path);
    return !is_used(fake, volume->path, 0) || fault_set(error, MSG_VOLUME_USED, "disk", name, NULL);
}

gboolean
fake_chain_need_top(const Fake *fake, const FakeVolume *volume, const FakeVolume *but, GError **error)
{
    Id disk, image;
    char text[ID_TEXT_SIZE];
    const FakeVolume *above = fake_chain_above(fake, volume->path, but);
    if (!above)
        return TRUE;
    g_autofree char *name = g_path_get_basename(volume->path), *dir = g_path_get_dirname(volume->path), *other = g_path_get_basename(above->path);
    if (!volume_name_parse(other, &disk, &image))
        return fault_set(error, MSG_VOLUME_STOOD_ON_BY_OTHER, "image", name, "path", dir, NULL);
    return fault_set(error, MSG_VOLUME_STOOD_ON, "image", name, "path", dir, "above", id_format(&image, ID_UUID, text), NULL);
}

/* --- asking ------------------------------------------------------------------------------------------------------------------------------- */

static VolumeLink *
link_of(const FakeVolume *volume)
{
    VolumeLink *link = g_new0(VolumeLink, 1);
    g_autofree char *name = g_path_get_basename(volume->path);
    volume_name_parse(name, &link->disk, &link->image);
    link->format = volume->format;
    link->size = volume->size;
    link->allocation = volume->size / 10;
    link->path = g_strdup(volume->path);
    link->backing = g_strdup(volume->backing);
    return link;
}

static VolumeLink *
stranger(const FakeVolume *volume)
{
    VolumeLink *link = g_new0(VolumeLink, 1);
    link->format = volume->backing_format;
    link->path = g_strdup(volume->backing);
    return link;
}

static gboolean
walk(const Fake *fake, const HostVolume *top, List *links, GError **error)
{
    HostVolume at = *top;
    for (;;) {
        g_autofree char *path = path_of(&at), *name = g_path_get_basename(path);
        const FakeVolume *volume = g_hash_table_lookup(fake->volumes, path);
        if (!volume || volume->partial)
            return no_file(&at, error);
        if (links->count >= VOLUME_CHAIN_MOST)
            return fault_set(error, MSG_VOLUME_CHAIN_DEEP, "image", name, "path", at.store.path, "most", G_STRINGIFY(VOLUME_CHAIN_MOST), NULL);
        list_add(links, link_of(volume));
        if (!volume->backing)
            return TRUE;
        if (!volume_name_parse(volume->backing, &at.disk, &at.image)) {
            list_add(links, stranger(volume));
            return TRUE;
        }
    }
}

gboolean
fake_chain_read(HostLink *link, const HostVolume *volume, List *ret_links, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    List links = { 0 };
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "volume_chain", .id = &volume->disk, .question = TRUE };
    if (!fake_begin(&call, deadline, error))
        return FALSE;
    if (call.silent)
        return fake_unknown(&call, error);
    if (!walk(host->fake, volume, &links, error)) {
        volume_chain_clear(&links);
        return FALSE;
    }
    *ret_links = links;
    return TRUE;
}

gboolean
fake_chain_above_of(HostLink *link, const HostVolume *volume, List *ret_images, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    GHashTableIter iter;
    const FakeVolume *other;
    g_autofree char *path = path_of(volume);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "volume_above", .id = &volume->disk, .question = TRUE };
    if (!fake_begin(&call, deadline, error))
        return FALSE;
    if (call.silent)
        return fake_unknown(&call, error);
    g_hash_table_iter_init(&iter, host->fake->volumes);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &other)) {
        Id disk, image = id_null;
        g_autofree char *name = g_path_get_basename(other->path);
        if (fake_chain_stands(other, path)) {
            if (!volume_name_parse(name, &disk, &image))
                image = id_null;
            list_add(ret_images, g_memdup2(&image, sizeof(image)));
        }
    }
    return TRUE;
}

/* --- merging, standing ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
work_fold(FakeHost *host, const FakeOrder *order, GError **error)
{
    const Fake *fake = host->fake;
    char name[VOLUME_NAME_SIZE];
    g_autofree char *path = path_of(&order->volume), *base_path = path_of(&order->from);
    FakeVolume *volume = g_hash_table_lookup(fake->volumes, path), *base = volume ? fake_chain_beneath(fake, volume) : NULL;
    if (!volume)
        return no_file(&order->volume, error);
    if (!base || !g_str_equal(base->path, base_path)) {
        g_autofree char *own = g_path_get_basename(path);
        return fault_set(error, MSG_VOLUME_NOT_BENEATH, "image", own, "path", order->volume.store.path, "base",
                         volume_name_format(&order->from.disk, &order->from.image, name), NULL);
    }
    if (!need_free(fake, volume, error) || !need_free(fake, base, error) || !fake_chain_need_top(fake, base, volume, error))
        return FALSE;
    fake_chain_merge(host, volume, base);
    return TRUE;
}

gboolean
fake_chain_fold(HostLink *link, const HostVolume *volume, const Id *base, G_GNUC_UNUSED const gint *cancelled, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "volume_fold", .work = work_fold, .id = volume->disk, .volume = *volume, .from = *volume };
    order.from.image = *base;
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_stand(FakeHost *host, const FakeOrder *order, GError **error)
{
    const Fake *fake = host->fake;
    HostVolume base = order->from;
    g_autofree char *path = path_of(&order->volume), *own = path_of(&base);
    base.disk = base.image;
    g_autofree char *first = path_of(&base);
    FakeVolume *volume = g_hash_table_lookup(fake->volumes, path), *found = g_hash_table_lookup(fake->volumes, own);
    if (!found)
        found = g_hash_table_lookup(fake->volumes, first);
    if (!volume)
        return no_file(&order->volume, error);
    if (!found && !id_is_null(&base.image))
        return no_file(&order->from, error);
    if (!need_free(fake, volume, error))
        return FALSE;
    fake_chain_set_base(host, volume, found);
    return TRUE;
}

gboolean
fake_chain_stand(HostLink *link, const HostVolume *volume, const Id *base, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "volume_stand", .work = work_stand, .id = volume->disk, .volume = *volume, .from = *volume };
    order.from.image = *base;
    return fake_obey(link, &order, deadline, error);
}

/* --- what guests write ---------------------------------------------------------------------------------------------------------------------- */

FakeVolume *
fake_chain_written(const FakeHost *host, const FakeDomain *domain, const char *target)
{
    g_autofree char *xml = domain->state != DOMAIN_SHUTOFF ? fake_live_xml(host, domain) : NULL;
    g_autofree char *path = xml ? fake_snapshot_path(xml, target) : NULL;
    return path ? g_hash_table_lookup(host->fake->volumes, path) : NULL;
}

gboolean
fake_chain_write(FakeHost *host, const FakeDomain *domain, const char *target, guint place, guint32 pattern)
{
    FakeVolume *volume = place < FAKE_PLACES ? fake_chain_written(host, domain, target) : NULL;
    if (!volume)
        return FALSE;
    volume->pattern[place] = pattern;
    fake_keep_volume(host->fake, volume);
    return TRUE;
}

guint
fake_pattern(Fake *fake, const char *path, guint place)
{
    LOCK_HOLD(&fake->lock);
    return fake_chain_pattern(fake, g_hash_table_lookup(fake->volumes, path), place);
}
