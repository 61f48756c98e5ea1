/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * libcurl keeps the connection between calls. What an answer says is only taken for content once its status is known. */
#include "cli/image.h"

#include "base/text.h"

#include <curl/curl.h>
#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#define BUFFER (512l << 10)
#define GATHERED (1u << 20)             /* bytes of a download that go into the file at once */
#define STALL 60l                       /* seconds without a byte */
#define PATIENCE 600l                   /* the same of an order: a slow disk takes long for a flush */
#define MOST_WORDS 4096                 /* of a refusal */
#define MOST_EXTENTS (1u << 30)         /* bytes of JSON */

struct Image {
    CURL *curl;
    const char *url, *ca;
    /* of the call under way */
    int file;
    gint64 begin, at, end;
    gint64 *moved;
    char *gathered;                     /* behind AT; NULL: nothing was downloaded yet */
    gsize held;
    int why;                            /* errno of the file */
    Text words;
    gsize most;
};

Image *
image_open(const char *url, const char *ca)
{
    Image *image = g_new0(Image, 1);
    image->curl = curl_easy_init();
    image->url = url;
    image->ca = ca;
    return image;
}

void
image_close(Image *image)
{
    if (!image)
        return;
    curl_easy_cleanup(image->curl);
    g_free(image->gathered);
    text_clear(&image->words);
    g_free(image);
}

static long
status_of(const Image *image)
{
    long status = 0;
    curl_easy_getinfo(image->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* --- callbacks ---------------------------------------------------------------------------------------------------------------------- */

static size_t
collect(char *bytes, size_t size, size_t count, void *data)
{
    Image *image = data;
    if (image->words.length + size * count > image->most)
        return 0;
    text_add_bytes(&image->words, bytes, size * count);
    return size * count;
}

static size_t
read_file(char *bytes, size_t size, size_t count, void *data)
{
    Image *image = data;
    gsize room = MIN((gsize) (image->end - image->at), size * count);
    ssize_t got = room ? pread(image->file, bytes, room, image->at) : 0;
    if (got < 0 || (got == 0 && room > 0)) {
        image->why = got < 0 ? errno : EIO;     /* it became shorter */
        return CURL_READFUNC_ABORT;
    }
    image->at += got;
    __atomic_fetch_add(image->moved, got, __ATOMIC_RELAXED);
    return (size_t) got;
}

/* The connection was kept too long and is gone: the same bytes go over a new one. */
static int
seek_file(void *data, curl_off_t offset, int origin)
{
    Image *image = data;
    if (origin != SEEK_SET || offset != 0)
        return CURL_SEEKFUNC_FAIL;
    __atomic_fetch_sub(image->moved, image->at - image->begin, __ATOMIC_RELAXED);
    image->at = image->begin;
    return CURL_SEEKFUNC_OK;
}

static gboolean
put_down(Image *image)
{
    gsize held = image->held;
    image->held = 0;                    /* what does not go in is got again */
    for (gsize done = 0; done < held;) {
        ssize_t put = pwrite(image->file, image->gathered + done, held - done, image->at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            image->why = errno;
            return FALSE;
        }
        done += (gsize) put;
        image->at += put;
        __atomic_fetch_add(image->moved, put, __ATOMIC_RELAXED);
    }
    return TRUE;
}

/* They come a record of TLS at a time: the file is spared so many small writes. More than was asked for is an error. */
static size_t
write_file(char *bytes, size_t size, size_t count, void *data)
{
    Image *image = data;
    gsize wanted = MIN(size * count, (gsize) (image->end - image->at) - image->held);
    if (status_of(image) != 206)
        return collect(bytes, size, count, data);
    for (gsize done = 0; done < wanted;) {
        gsize part = MIN(wanted - done, GATHERED - image->held);
        memcpy(image->gathered + image->held, bytes + done, part);
        image->held += part;
        done += part;
        if (image->held == GATHERED && !put_down(image))
            return 0;
    }
    return wanted;
}

/* --- calls ---------------------------------------------------------------------------------------------------------------------------- */

static void
prepare(Image *image, const char *query, long stall)
{
    g_autofree char *url = g_strconcat(image->url, query, NULL);
    CURL *curl = image->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, stall);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, BUFFER);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, image);
    if (image->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, image->ca);
    text_clear(&image->words);
    image->most = MOST_WORDS;
    image->why = 0;
}

static gboolean
say(Image *image, CURLcode code, GError **error)
{
    g_autofree char *status = g_strdup_printf("HTTP status %ld", status_of(image));
    const char *reason = code != CURLE_OK ? curl_easy_strerror(code) : image->words.length ? g_strchomp(image->words.bytes) : status;
    return fault_set(error, MSG_CLI_MOVE_FAILED, "reason", image->why ? g_strerror(image->why) : reason, NULL);
}

/* TAKE_HEADERS: a curl_slist. */
static gboolean
perform(Image *image, struct curl_slist *take_headers, long wanted, GError **error)
{
    struct curl_slist *headers = curl_slist_append(take_headers, "Expect:");
    curl_easy_setopt(image->curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(image->curl);
    curl_slist_free_all(headers);
    text_grow(&image->words, 1);
    image->words.bytes[image->words.length] = '\0';
    return (code == CURLE_OK && status_of(image) == wanted) || say(image, code, error);
}

gboolean
image_put(Image *image, int file, gint64 offset, gint64 count, gint64 *moved, GError **error)
{
    g_autofree char *range = g_strdup_printf("Content-Range: bytes %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "/*", offset, offset + count - 1);
    prepare(image, "?flush=n", STALL);
    image->file = file;
    image->begin = image->at = offset;
    image->end = offset + count;
    image->moved = moved;
    curl_easy_setopt(image->curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(image->curl, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER);
    curl_easy_setopt(image->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t) count);
    curl_easy_setopt(image->curl, CURLOPT_READFUNCTION, read_file);
    curl_easy_setopt(image->curl, CURLOPT_READDATA, image);
    curl_easy_setopt(image->curl, CURLOPT_SEEKFUNCTION, seek_file);
    curl_easy_setopt(image->curl, CURLOPT_SEEKDATA, image);
    if (perform(image, curl_slist_append(NULL, range), 200, error))
        return TRUE;
    __atomic_fetch_sub(moved, image->at - offset, __ATOMIC_RELAXED);
    return FALSE;
}

gboolean
image_get(Image *image, int file, gint64 offset, gint64 count, gint64 *moved, gint64 *ret_done, GError **error)
{
    g_autofree char *range = g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, offset, offset + count - 1);
    prepare(image, "", STALL);
    image->file = file;
    image->begin = image->at = offset;
    image->end = offset + count;
    image->moved = moved;
    image->held = 0;
    if (!image->gathered)
        image->gathered = g_malloc(GATHERED);
    curl_easy_setopt(image->curl, CURLOPT_RANGE, range);
    curl_easy_setopt(image->curl, CURLOPT_WRITEFUNCTION, write_file);
    gboolean well = perform(image, NULL, 206, error);
    if (!put_down(image) && well)
        well = say(image, CURLE_OK, error);
    *ret_done = image->at - offset;
    if (well && image->at < image->end)
        return fault_set(error, MSG_CLI_MOVE_FAILED, "reason", "the answer was too short", NULL);
    return well;
}

static gboolean
order(Image *image, const char *body, GError **error)
{
    prepare(image, "", PATIENCE);
    curl_easy_setopt(image->curl, CURLOPT_CUSTOMREQUEST, "PATCH");
    curl_easy_setopt(image->curl, CURLOPT_COPYPOSTFIELDS, body);
    return perform(image, curl_slist_append(NULL, "Content-Type: application/json"), 200, error);
}

gboolean
image_zero(Image *image, gint64 offset, gint64 count, GError **error)
{
    g_autofree char *body = g_strdup_printf("{\"op\": \"zero\", \"offset\": %" G_GINT64_FORMAT ", \"size\": %" G_GINT64_FORMAT ", \"flush\": false}", offset, count);
    return order(image, body, error);
}

gboolean
image_flush(Image *image, GError **error)
{
    return order(image, "{\"op\": \"flush\"}", error);
}

static gint64
number_of(struct json_object *row, const char *name)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(row, name, &value) ? json_object_get_int64(value) : 0;
}

static gboolean
flag_of(struct json_object *row, const char *name)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(row, name, &value) && json_object_get_boolean(value);
}

gboolean
image_extents(Image *image, GArray **ret_extents, GError **error)
{
    prepare(image, "/extents", STALL);
    image->most = MOST_EXTENTS;
    if (!perform(image, NULL, 200, error))
        return FALSE;
    struct json_object *list = json_tokener_parse(image->words.bytes);
    if (!json_object_is_type(list, json_type_array)) {
        json_object_put(list);
        return fault_set(error, MSG_CLI_MOVE_FAILED, "reason", "it tells no extents", NULL);
    }
    *ret_extents = g_array_new(FALSE, FALSE, sizeof(ImageExtent));
    for (gsize i = 0; i < json_object_array_length(list); i++) {
        struct json_object *row = json_object_array_get_idx(list, i);
        ImageExtent extent = { number_of(row, "start"), number_of(row, "length"), flag_of(row, "zero") };
        g_array_append_val(*ret_extents, extent);
    }
    json_object_put(list);
    text_clear(&image->words);
    return TRUE;
}
