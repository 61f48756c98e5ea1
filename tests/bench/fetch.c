/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP client of the benches, the same for shikirid and for nginx: libcurl, TLS 1.3 with AES-256-GCM, one connection to a
 * server, kept alive. `fetch CA HEADER…` reads lines:
 *   get N URL        N times; prints `got STATUS BYTES SECONDS CONNECTIONS` (bytes of all bodies, connections opened)
 *   save FILE URL    once, into FILE; prints the same
 *   follow URL       for ever: prints `line MICROSECONDS TEXT` for each line, by the monotonic clock. The last command.
 * It ends with its input. Called by bench.py. */
#include <curl/curl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CIPHER "TLS_AES_256_GCM_SHA384"
#define LINE_MOST (1u << 20)

typedef struct {
    guint64 bytes;
    FILE *file;                 /* NULL: the body is only counted */
} Body;

static size_t
take_body(char *bytes, size_t size, size_t count, void *data)
{
    Body *body = data;
    body->bytes += size * count;
    return body->file ? fwrite(bytes, size, count, body->file) * size : size * count;
}

static void
set_up(CURL *curl, const char *ca, struct curl_slist *headers)
{
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_3);
    curl_easy_setopt(curl, CURLOPT_TLS13_CIPHERS, CIPHER);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 512L << 10);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
}

static gboolean
get(CURL *curl, const char *url, guint times, FILE *file)
{
    Body body = { 0, file };
    gint64 begun = g_get_monotonic_time();
    long status = 0, opened = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    for (guint i = 0; i < times; i++) {
        long connects = 0;
        CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK) {
            fprintf(stderr, "fetch: %s: %s\n", url, curl_easy_strerror(code));
            return FALSE;
        }
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connects);
        opened += connects;
        if (status != 200)
            break;
    }
    printf("got %ld %" G_GUINT64_FORMAT " %.6f %ld\n", status, body.bytes, (double) (g_get_monotonic_time() - begun) / 1e6, opened);
    return fflush(stdout) == 0;
}

/* --- a stream ---------------------------------------------------------------------------------------------------------------- */

static size_t
take_stream(char *bytes, size_t size, size_t count, void *data)
{
    gint64 now = g_get_monotonic_time();
    GString *line = data;
    gsize length = size * count;
    for (gsize i = 0; i < length; i++) {
        if (bytes[i] != '\n' && line->len < LINE_MOST) {
            g_string_append_c(line, bytes[i]);
            continue;
        }
        if (line->len)
            printf("line %" G_GINT64_FORMAT " %s\n", now, line->str);
        g_string_truncate(line, 0);
    }
    fflush(stdout);
    return length;
}

static gboolean
follow(CURL *curl, const char *url)
{
    g_autoptr(GString) line = g_string_new(NULL);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_stream);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, line);
    CURLcode code = curl_easy_perform(curl);
    fprintf(stderr, "fetch: the stream ended: %s\n", curl_easy_strerror(code));
    return FALSE;
}

/* --- commands ---------------------------------------------------------------------------------------------------------------- */

static gboolean
run(CURL *curl, char **words)
{
    guint count = g_strv_length(words);
    if (count == 3 && g_str_equal(words[0], "get"))
        return get(curl, words[2], (guint) strtoul(words[1], NULL, 10), NULL);
    if (count == 3 && g_str_equal(words[0], "save")) {
        FILE *file = fopen(words[1], "w");
        gboolean well = file && get(curl, words[2], 1, file);
        return file && fclose(file) == 0 && well;
    }
    if (count == 2 && g_str_equal(words[0], "follow"))
        return follow(curl, words[1]);
    fprintf(stderr, "fetch: no command '%s'\n", words[0] ? words[0] : "");
    return FALSE;
}

int
main(int argc, char **argv)
{
    struct curl_slist *headers = NULL;
    char line[8192];
    gboolean well = TRUE;
    if (argc < 2) {
        fprintf(stderr, "usage: fetch CA HEADER…\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    for (int i = 2; i < argc; i++)
        headers = curl_slist_append(headers, argv[i]);
    CURL *curl = curl_easy_init();
    set_up(curl, argv[1], headers);
    while (well && fgets(line, sizeof(line), stdin)) {
        g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 3);
        well = run(curl, words);
    }
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    return well ? 0 : 1;
}
