/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The content of fake hosts' images, which is real as soon as somebody moves it: files beside the state file, made when they are first
 * asked for, one upon the other as their images are, and served and judged as a real host's. Images whose content nobody moves stay a line
 * in the state file. */
#include "host/fake_parts.h"

#include "base/log.h"
#include "host/image_file.h"
#include "host/volume_merge.h"
#include "host/volume_tool.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE (30 * CLOCK_SECOND)        /* for work on what is small */

static char *
folder_of(const Fake *fake)
{
    return g_strconcat(fake->state, ".images", NULL);
}

/* PATH: of the volume, as the state file has it. */
void
fake_image_drop(const Fake *fake, const char *path)
{
    g_autofree char *folder = folder_of(fake), *name = g_path_get_basename(path);
    g_autofree char *file = g_build_filename(folder, name, NULL);
    unlink(file);
}

/* --- files, one upon the other ------------------------------------------------------------------------------------------------------------ */

/* What VOLUME and all beneath it are, the first one last; each is made in FOLDER. Lock held. */
static GArray *
layers_of(const Fake *fake, const FakeVolume *volume, char *folder)
{
    GArray *layers = g_array_new(FALSE, TRUE, sizeof(VolumeSpec));
    for (guint i = 0; volume && i < VOLUME_CHAIN_MOST; i++, volume = fake_chain_beneath(fake, volume)) {
        VolumeSpec layer = { .format = volume->format, .size = volume->size, .sparse = TRUE, .backing_format = volume->backing_format };
        g_autofree char *name = g_path_get_basename(volume->path);
        layer.volume.store.path = folder;
        if (!volume_name_parse(name, &layer.volume.disk, &layer.volume.image) ||
            (volume->backing && !volume_name_parse(volume->backing, &layer.backing_disk, &layer.backing)))
            break;
        g_array_append_val(layers, layer);
    }
    return layers;
}

static gboolean
make_layer(const char *host, const VolumeSpec *layer, const VolumePatience *patience, GError **error)
{
    VolumeLook look;
    g_auto(VolumeFile) file = { .dir = -1 };
    return volume_file_open(&file, host, &layer->volume, error) && volume_file_look(&file, &look, error) &&
           (look.state == VOLUME_WHOLE || volume_tool_make(&file, file.name, layer, patience, error));
}

/* Those that are not there yet, from the first one up. */
static gboolean
make_layers(const char *host, const GArray *layers, const VolumePatience *patience, GError **error)
{
    for (guint i = layers->len; i-- > 0;) {
        if (!make_layer(host, &g_array_index(layers, VolumeSpec, i), patience, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
make_folder(const char *folder, GError **error)
{
    return mkdir(folder, 0700) == 0 || errno == EEXIST || fault_set(error, MSG_FAKE_FILE, "file", folder, "reason", g_strerror(errno), NULL);
}

/* --- serving ------------------------------------------------------------------------------------------------------------------------------- */

/* Is there such a disk, and is the call obeyed? Then its folder, and what it is made of. Takes the lock. */
static gboolean
ask(FakeHost *host, const char *operation, const ImageSpec *spec, Tick deadline, char **ret_folder, GArray **ret_layers, GError **error)
{
    char name[VOLUME_NAME_SIZE];
    g_autofree char *path = volume_name_path(spec->volume.store.path, &spec->volume.disk, &spec->volume.image);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = operation, .id = &spec->volume.disk };
    if (!fake_begin(&call, deadline, error))
        return FALSE;
    const FakeVolume *volume = g_hash_table_lookup(host->fake->volumes, path);
    if (!volume || volume->partial)
        return fault_set(error, MSG_VOLUME_NO_FILE, "disk", volume_name_format(&spec->volume.disk, &spec->volume.image, name), "path", spec->volume.store.path, NULL);
    if (call.late || call.silent)
        return fake_unknown(&call, error);
    *ret_folder = folder_of(host->fake);
    *ret_layers = layers_of(host->fake, volume, *ret_folder);
    return TRUE;
}

/* Where the content of VOLUME really is. */
static HostVolume
kept_in(char *folder, const HostVolume *volume)
{
    return (HostVolume) { { volume->store.storage_domain, folder, FALSE }, volume->disk, volume->image };
}

/* As large as its disk, which may have grown meanwhile. */
static gboolean
grow(const VolumeFile *file, const ImageSpec *spec, const VolumePatience *patience, GError **error)
{
    VolumeLook look;
    const VolumeTool tool = { file, "resized", MSG_VOLUME_RESIZE_TOO_SLOW, patience };
    if (!volume_file_look(file, &look, error))
        return FALSE;
    gboolean grows = !(spec->own && spec->write) && !look.broken && look.size < spec->size;
    return !grows || volume_tool_grow(&tool, file->name, spec->format, spec->size, FALSE, error);
}

HostImage *
fake_image_open(HostLink *link, const ImageSpec *spec, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    const VolumePatience patience = { -1, deadline, NULL, NULL };
    g_autofree char *folder = NULL, *served = NULL;
    g_autoptr(GArray) layers = NULL;
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!ask(host, "image_open", spec, deadline, &folder, &layers, error))
        return NULL;
    const HostVolume kept = kept_in(folder, &spec->volume);
    if (!make_folder(folder, error) || !make_layers(host->name, layers, &patience, error) || !volume_file_open(&file, host->name, &kept, error) ||
        !grow(&file, spec, &patience, error) || !image_file_prepare(&file, spec, &served, error))
        return NULL;
    return image_file_serve(host->name, served, spec, error);
}

gboolean
fake_image_settle(HostLink *link, const ImageSpec *spec, gint64 end, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    g_autofree char *folder = NULL;
    g_autoptr(GArray) layers = NULL;
    g_auto(VolumeFile) file = { .dir = -1 };
    if (!ask(host, "image_settle", spec, deadline, &folder, &layers, error))
        return FALSE;
    const HostVolume kept = kept_in(folder, &spec->volume);
    return volume_file_open(&file, host->name, &kept, error) && image_file_settle(&file, spec, end, -1, deadline, error);
}

/* --- following: the lock is held ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    char *folder;
    GArray *layers;             /* VolumeSpec */
    VolumePatience patience;
} Content;

static void
content_clear(Content *content)
{
    g_free(content->folder);
    g_clear_pointer(&content->layers, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Content, content_clear)

/* FALSE: nobody has moved any of the content of VOLUME and what is beneath it. */
static gboolean
find_content(const Fake *fake, const FakeVolume *volume, Content *ret)
{
    gboolean real = FALSE;
    ret->folder = folder_of(fake);
    ret->layers = layers_of(fake, volume, ret->folder);
    ret->patience = (VolumePatience) { -1, clock_tick() + PATIENCE, NULL, NULL };
    for (guint i = 0; i < ret->layers->len && !real; i++) {
        const HostVolume *layer = &g_array_index(ret->layers, VolumeSpec, i).volume;
        g_autofree char *path = volume_name_path(ret->folder, &layer->disk, &layer->image);
        real = access(path, F_OK) == 0;
    }
    return real;
}

static void
log_failure(gboolean well, const char *path, GError *take)
{
    if (!well)
        log_warn("the content of the fake image %s does not follow: %s", path, take ? take->message : "no reason given");
    g_clear_error(&take);
}

/* One after the other, the lowest first, into BASE. */
static gboolean
fold_all(const char *host, const Content *content, const Id *base_disk, const Id *base, GError **error)
{
    guint end = 0;
    while (end < content->layers->len && !(id_equal(&g_array_index(content->layers, VolumeSpec, end).volume.image, base) &&
                                           id_equal(&g_array_index(content->layers, VolumeSpec, end).volume.disk, base_disk)))
        end++;
    for (guint i = MIN(end, content->layers->len); i-- > 0;) {
        g_auto(VolumeFile) file = { .dir = -1 };
        if (!volume_file_open(&file, host, &g_array_index(content->layers, VolumeSpec, i).volume, error) ||
            !volume_merge_stand(&file, base, &content->patience, error) || !volume_merge_fold(&file, base, &content->patience, error))
            return FALSE;
    }
    return TRUE;
}

void
fake_image_fold(FakeHost *host, const FakeVolume *top, const FakeVolume *base)
{
    Id disk, image;
    GError *error = NULL;
    g_auto(Content) content = { 0 };
    g_autofree char *name = g_path_get_basename(base->path);
    if (!find_content(host->fake, top, &content) || !volume_name_parse(name, &disk, &image))
        return;
    gboolean well = make_layers(host->name, content.layers, &content.patience, &error) && fold_all(host->name, &content, &disk, &image, &error);
    log_failure(well, top->path, error);
}

void
fake_image_stand(FakeHost *host, const FakeVolume *volume, const FakeVolume *base)
{
    Id disk, image;
    GError *error = NULL;
    g_auto(Content) content = { 0 };
    g_auto(VolumeFile) file = { .dir = -1 };
    g_autofree char *name = base ? g_path_get_basename(base->path) : NULL, *folder = folder_of(host->fake), *own = g_path_get_basename(volume->path);
    g_autofree char *path = g_build_filename(folder, own, NULL);
    if (access(path, F_OK) != 0 || (name && !volume_name_parse(name, &disk, &image)) || !find_content(host->fake, volume, &content))
        return;
    gboolean well = make_layers(host->name, content.layers, &content.patience, &error) &&
                    volume_file_open(&file, host->name, &g_array_index(content.layers, VolumeSpec, 0).volume, &error) &&
                    volume_merge_stand(&file, base ? &image : &id_null, &content.patience, &error);
    log_failure(well, volume->path, error);
}

void
fake_image_copy(FakeHost *host, const FakeVolume *from, const FakeVolume *to)
{
    GError *error = NULL;
    g_auto(Content) content = { 0 };
    g_auto(VolumeFile) source = { .dir = -1 }, file = { .dir = -1 };
    VolumeSpec spec = { .format = to->format, .size = to->size, .sparse = TRUE };
    g_autofree char *name = g_path_get_basename(to->path);
    if (!find_content(host->fake, from, &content) || !volume_name_parse(name, &spec.volume.disk, &spec.volume.image))
        return;
    spec.volume.store.path = content.folder;
    gboolean well = make_layers(host->name, content.layers, &content.patience, &error) &&
                    volume_file_open(&source, host->name, &g_array_index(content.layers, VolumeSpec, 0).volume, &error) &&
                    volume_file_open(&file, host->name, &spec.volume, &error) &&
                    volume_tool_copy(&source, from->format, &file, file.name, &spec, &content.patience, &error);
    log_failure(well, to->path, error);
}
