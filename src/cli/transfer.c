/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The transfer around the bytes: which disk, made anew where it shall be, opened, resumed where the manager was started anew, finalized
 * or cancelled. Holes of the file stay holes. What moves the bytes is move.c. */
#include "cli/transfer.h"

#include "base/clock.h"
#include "base/id.h"
#include "cli/move.h"
#include "cli/transfer_file.h"
#include "cli/words.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define USAGE "It is: shikiri upload FILE disk=NAME [format=raw|cow], shikiri upload FILE name=NEW [storage_domain=NAME], or shikiri download disk=NAME FILE [format=raw|cow]."
#define BEGIN_TIME (60 * CLOCK_SECOND)
#define MEND_TIME (120 * CLOCK_SECOND)
#define END_TIME (900 * CLOCK_SECOND)   /* until what came is durable */
#define PAUSE_LEAST (CLOCK_SECOND / 100)        /* between two looks: an eighth of what was waited already */
#define PAUSE_MOST (CLOCK_SECOND / 5)
#define TOLD_EVERY (CLOCK_SECOND / 2)

typedef struct {
    Client *client;
    const char *file, *disk, *name, *storage, *format;  /* words of the command line; NULL */
    gboolean upload, own;
    char *id, *transfer, *url;          /* of the disk, of its transfer */
    char correlation[ID_TEXT_SIZE];
    TransferFile content;
    Tick told, begun;
    gboolean terminal;
} Job;

/* --- words --------------------------------------------------------------------------------------------------------------------------- */

gboolean
transfer_has(const char *verb)
{
    return g_str_equal(verb, "upload") || g_str_equal(verb, "download");
}

/* "disk=web1" into its place; what is no such word is the file. */
static gboolean
take_word(Job *job, const char *word)
{
    const struct { const char *key, **place; } keys[] = {
        { "disk=", &job->disk }, { "name=", &job->name }, { "storage_domain=", &job->storage }, { "format=", &job->format },
    };
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (g_str_has_prefix(word, keys[i].key) && !*keys[i].place) {
            *keys[i].place = word + strlen(keys[i].key);
            return TRUE;
        }
    }
    if (job->file)
        return FALSE;
    job->file = word;
    return TRUE;
}

static gboolean
take_words(Job *job, const Request *request, GError **error)
{
    gboolean well = (!request->type || take_word(job, request->type)) && (!request->name || take_word(job, request->name));
    for (char **pair = request->pairs; well && *pair; pair++)
        well = take_word(job, *pair);
    gboolean known = !job->format || g_str_equal(job->format, "raw") || g_str_equal(job->format, "cow");
    gboolean whose = job->upload ? (job->disk != NULL) != (job->name != NULL) : job->disk && !job->name;
    if (well && known && whose && job->file && *job->file && (!job->storage || job->name))
        return TRUE;
    return fault_set(error, MSG_CLI_USAGE, "text", USAGE, NULL);
}

/* --- the disk ------------------------------------------------------------------------------------------------------------------------- */

static struct json_object *
find_disk(Job *job, GError **error)
{
    struct json_object *disks = NULL, *found = NULL;
    g_auto(Text) path = TEXT_EMPTY;
    Id id;
    gboolean by_id = id_parse(job->disk, ID_UUID, &id);
    g_autofree char *search = g_strdup_printf("name=\"%s\"", job->disk);
    text_add(&path, by_id ? "/disks/" : "/disks?max=100&search=");
    text_add_url(&path, by_id ? job->disk : search);
    g_autofree char *asked = text_take(&path);
    struct json_object *reply = client_json(job->client, "GET", asked, NULL, error);
    if (!reply || by_id)
        return reply;
    json_object_object_get_ex(reply, "disk", &disks);
    gsize count = disks ? json_object_array_length(disks) : 0;
    if (count == 1)
        found = json_object_get(json_object_array_get_idx(disks, 0));
    g_autofree char *number = g_strdup_printf("%" G_GSIZE_FORMAT, count);
    json_object_put(reply);
    if (!found)
        fault_set(error, count ? MSG_CLI_AMBIGUOUS : MSG_CLI_NO_SUCH, "type", "disk", "many", "disks", "name", job->disk, "count", number, NULL);
    return found;
}

static struct json_object *
make_disk(Job *job, GError **error)
{
    struct json_object *body = json_object_new_object();
    g_autofree char *size = g_strdup_printf("%" G_GINT64_FORMAT, job->content.guest_size);
    json_object_object_add(body, "name", json_object_new_string(job->name));
    json_object_object_add(body, "provisioned_size", json_object_new_string(size));
    json_object_object_add(body, "format", json_object_new_string(job->content.cow ? "cow" : "raw"));
    json_object_object_add(body, "sparse", json_object_new_string("true"));
    if (job->storage) {
        struct json_object *storage = json_object_new_object();
        json_object_object_add(storage, "name", json_object_new_string(job->storage));
        json_object_object_add(body, "storage_domain", storage);
    }
    struct json_object *disk = client_json(job->client, "POST", "/disks?wait=1", json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN), error);
    json_object_put(body);
    return disk;
}

/* Which bytes: those of the file as they are, or what a guest sees. */
static gboolean
choose_format(Job *job, struct json_object *disk, GError **error)
{
    gboolean cow_disk = g_str_equal(words_string(disk, "format"), "cow");
    gint64 size = g_ascii_strtoll(words_string(disk, "provisioned_size"), NULL, 10);
    job->own = job->format ? g_str_equal(job->format, "cow") : job->upload && job->content.cow;
    if (job->upload && job->own && !(job->content.cow && cow_disk))
        return fault_set(error, MSG_CLI_MOVE_COW, "file", job->file, "disk", words_string(disk, "name"), NULL);
    if (!job->upload || job->own || job->content.size <= size)
        return TRUE;
    return fault_set(error, MSG_CLI_MOVE_LARGE, "file", job->file, "disk", words_string(disk, "name"), NULL);
}

static gboolean
choose_disk(Job *job, GError **error)
{
    struct json_object *disk = job->name ? make_disk(job, error) : find_disk(job, error);
    gboolean well = disk && choose_format(job, disk, error);
    if (well) {
        job->id = g_strdup(words_string(disk, "id"));
        job->content.whole = g_ascii_strtoll(words_string(disk, "provisioned_size"), NULL, 10);
    }
    json_object_put(disk);
    return well;
}

/* --- the transfer ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
act(Job *job, const char *verb, GError **error)
{
    g_autofree char *path = g_strdup_printf("/imagetransfers/%s/%s", job->transfer, verb);
    struct json_object *reply = client_json(job->client, "POST", path, "{}", error);
    json_object_put(reply);
    return reply != NULL;
}

/* Yours; NULL with the reason. */
static char *
get_phase(Job *job, GError **error)
{
    g_autofree char *path = g_strconcat("/imagetransfers/", job->transfer, NULL);
    struct json_object *reply = client_json(job->client, "GET", path, NULL, error);
    char *phase = reply ? g_strdup(words_string(reply, "phase")) : NULL;
    if (reply && !job->url)
        job->url = g_strdup(words_string(reply, "transfer_url"));
    json_object_put(reply);
    return phase;
}

/* Why its job failed, as the manager says it. */
static gboolean
say_failure(Job *job, const char *phase, GError **error)
{
    struct json_object *jobs = NULL;
    g_autofree char *path = g_strconcat("/jobs?search=correlation_id%3D", job->correlation, NULL);
    struct json_object *reply = client_json(job->client, "GET", path, NULL, NULL);
    json_object_object_get_ex(reply, "job", &jobs);
    const char *why = jobs && json_object_array_length(jobs) > 0 ? words_string(json_object_array_get_idx(jobs, 0), "fault") : "";
    fault_set(error, *why ? MSG_CLI_SAID_CONFLICT : MSG_CLI_MOVE_PHASE, "text", why, "hint", "", "phase", phase, NULL);
    json_object_put(reply);
    return FALSE;
}

/* Until it is WANTED, past the phases that lead there (each with a blank on both sides). */
static gboolean
wait_for(Job *job, const char *wanted, const char *past, Tick time, GError **error)
{
    Tick begun = clock_tick(), until = begun + time;
    for (;;) {
        g_autoptr(GError) why = NULL;
        g_autofree char *phase = get_phase(job, &why);
        g_autofree char *word = phase ? g_strdup_printf(" %s ", phase) : NULL;
        if (phase && g_str_equal(phase, wanted))
            return TRUE;
        if (phase && !strstr(past, word))
            return say_failure(job, phase, error);
        if (clock_tick() > until && why) {
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
        if (clock_tick() > until)
            return say_failure(job, phase, error);
        g_usleep((gulong) CLAMP((clock_tick() - begun) / 8, PAUSE_LEAST, PAUSE_MOST));
    }
}

static gboolean
begin(Job *job, GError **error)
{
    Id id = id_random();
    g_autofree char *path = g_strconcat("/imagetransfers?correlation_id=", id_format(&id, ID_UUID, job->correlation), NULL);
    g_autofree char *body = g_strdup_printf("{\"disk\":{\"id\":\"%s\"},\"direction\":\"%s\",\"format\":\"%s\",\"timeout_policy\":\"cancel\"}", job->id,
                                            job->upload ? "upload" : "download", job->own ? "cow" : "raw");
    struct json_object *reply = client_json(job->client, "POST", path, body, error);
    if (!reply)
        return FALSE;
    job->transfer = g_strdup(words_string(reply, "id"));
    json_object_put(reply);
    return wait_for(job, "transferring", " initializing ", BEGIN_TIME, error);
}

/* A piece failed. A manager that was started anew has paused the transfer; one that is away is waited for. */
static gboolean
mend(gpointer data, GError **error)
{
    Job *job = data;
    Tick until = clock_tick() + MEND_TIME;
    for (;;) {
        g_autoptr(GError) why = NULL;
        g_autofree char *phase = get_phase(job, &why);
        if (phase && g_str_equal(phase, "transferring"))
            return TRUE;
        if (phase && g_str_has_prefix(phase, "paused_") && act(job, "resume", &why))
            return wait_for(job, "transferring", " paused_system resuming ", BEGIN_TIME, error);
        if (phase && !g_str_has_prefix(phase, "paused_") && !g_str_equal(phase, "resuming"))
            return say_failure(job, phase, error);
        if (clock_tick() > until && why) {
            g_propagate_error(error, g_steal_pointer(&why));
            return FALSE;
        }
        if (clock_tick() > until)
            return say_failure(job, phase, error);
        g_usleep(CLOCK_SECOND);
    }
}

/* --- the bytes ------------------------------------------------------------------------------------------------------------------------- */

static void
progress(gpointer data, gint64 moved, gint64 of)
{
    Job *job = data;
    Tick now = clock_tick();
    if (!job->terminal || now - job->told < TOLD_EVERY)
        return;
    job->told = now;
    double seconds = (double) (now - job->begun) / CLOCK_SECOND;
    g_autofree char *done = g_format_size_full((guint64) MAX(moved, 0), G_FORMAT_SIZE_IEC_UNITS), *all = g_format_size_full((guint64) of, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *pace = g_format_size_full((guint64) ((double) MAX(moved, 0) / MAX(seconds, 0.1)), G_FORMAT_SIZE_IEC_UNITS);
    fprintf(stderr, "\r%3d%%  %s / %s  %s/s   ", of ? (int) (moved * 100 / of) : 100, done, all, pace);
    fflush(stderr);
}

static gboolean
move_all(Job *job, const ClientConfig *config, GError **error)
{
    g_autoptr(GArray) extents = job->upload ? transfer_file_extents(&job->content, job->own) : NULL;
    g_autoptr(Image) image = image_open(job->url, config->ca);
    if ((!job->upload && !image_extents(image, &extents, error)) || (!job->upload && !transfer_file_make(&job->content, job->file, extents, error)))
        return FALSE;
    Move move = { .url = job->url, .ca = config->ca, .file = job->content.descriptor, .upload = job->upload, .extents = extents,
                  .progress = progress, .mend = mend, .data = job };
    job->begun = clock_tick();
    job->terminal = isatty(STDERR_FILENO) != 0;
    gboolean well = move_run(&move, error);
    if (job->terminal)
        fputc('\n', stderr);
    return well;
}

/* The reason it failed is told, not that of what comes after. */
static gboolean
end(Job *job, gboolean well, GError **error)
{
    if (!job->transfer)
        return FALSE;
    if (!well) {
        act(job, "cancel", NULL);
        return FALSE;
    }
    return act(job, "finalize", error) && wait_for(job, "finished_success", " transferring finalizing_success ", END_TIME, error);
}

static void
job_clear(Job *job)
{
    g_free(job->id);
    g_free(job->transfer);
    g_free(job->url);
    transfer_file_clear(&job->content);
}

gboolean
transfer_run(Client *client, const ClientConfig *config, const Request *request, GError **error)
{
    Job job = { .client = client, .upload = g_str_equal(request->verb, "upload"), .content.descriptor = -1 };
    gboolean well = take_words(&job, request, error) && (job.upload ? transfer_file_open(&job.content, job.file, error) : transfer_file_is_free(job.file, error)) &&
                    choose_disk(&job, error) && begin(&job, error) && move_all(&job, config, error);
    well = end(&job, well, error);
    if (well)
        printf("disk %s: %s\n", job.upload && job.name ? job.name : job.disk, job.upload ? "uploaded" : "downloaded");
    else if (!job.upload && job.content.descriptor >= 0)
        unlink(job.file);           /* half of it would be taken for all */
    job_clear(&job);
    return well;
}
