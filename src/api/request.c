/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From what a client sent to the fields of an exchange: path, matrix and query parameters, what it accepts, its version,
 * language and preferences. Everything is hostile until checked: encodings, lengths and counts are refused with a sentence.
 * Called by server.c (through door.c); knows neither the HTTP library nor what paths mean. */
#include "api/request.h"

#include "base/fault.h"

#include <string.h>

#define ROOT "/ovirt-engine/api"

static const char hex_digits[] = "0123456789abcdef";

/* --- percent encoding -------------------------------------------------------------------------------------------------- */

static int
hex_value(char digit)
{
    const char *at = digit ? strchr(hex_digits, g_ascii_tolower(digit)) : NULL;
    return at ? (int) (at - hex_digits) : -1;
}

/* Decodes LENGTH bytes of TEXT onto OUT, which holds LENGTH + 1. WHERE: what it is, for the sentence. */
static gboolean
decode(const char *text, gsize length, gboolean plus, char *out, const char *where, GError **error)
{
    char *to = out;
    for (gsize i = 0; i < length; i++) {
        char byte = text[i];
        if (byte == '%') {
            int high = length - i > 2 ? hex_value(text[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            if (low < 0)
                return fault_set(error, MSG_API_BAD_PERCENT, "where", where, NULL);
            byte = (char) (high * 16 + low);
            i += 2;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        if (byte == '\0')
            return fault_set(error, MSG_API_ZERO_BYTE, "where", where, NULL);
        *to++ = byte;
    }
    *to = '\0';
    if (!g_utf8_validate(out, to - out, NULL))
        return fault_set(error, MSG_API_NOT_UTF8, "where", where, NULL);
    return TRUE;
}

/* One "name=value" of LENGTH bytes into PAIR, in the request's memory. */
static gboolean
take_pair(Request *request, const char *text, gsize length, gboolean plus, Header *pair, GError **error)
{
    const char *equals = memchr(text, '=', length);
    gsize name_length = equals ? (gsize) (equals - text) : length;
    g_autofree char *name = g_malloc(name_length + 1);
    g_autofree char *value = g_malloc(length + 1);
    value[0] = '\0';
    if (!decode(text, name_length, plus, name, "name of a parameter", error))
        return FALSE;
    g_autofree char *where = g_strdup_printf("parameter '%.64s'", g_utf8_validate(name, -1, NULL) ? name : "");
    if (equals && !decode(equals + 1, length - name_length - 1, plus, value, where, error))
        return FALSE;
    pair->name = g_string_chunk_insert(request->memory, name);
    pair->value = g_string_chunk_insert(request->memory, value);
    return TRUE;
}

/* The pairs of TEXT between separators, into PAIRS (LIMIT_PARAMETERS of them). */
static gboolean
take_pairs(Request *request, const char *text, gsize length, char separator, Header *pairs, guint *count, GError **error)
{
    const char *end = text + length;
    while (text < end) {
        const char *stop = memchr(text, separator, (gsize) (end - text));
        gsize part = (gsize) ((stop ? stop : end) - text);
        if (part > 0 && *count >= LIMIT_PARAMETERS)
            return fault_set(error, MSG_API_TOO_MANY_PARAMETERS, "most", G_STRINGIFY(LIMIT_PARAMETERS), NULL);
        if (part > 0 && !take_pair(request, text, part, separator == '&', &pairs[*count], error))
            return FALSE;
        *count += part > 0;
        text += part + 1;
    }
    return TRUE;
}

GHashTable *
request_form(const char *text, gsize length, GError **error)
{
    g_autoptr(GHashTable) form = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const char *end = text + length;
    for (guint count = 0; text < end; count++) {
        const char *stop = memchr(text, '&', (gsize) (end - text));
        gsize part = (gsize) ((stop ? stop : end) - text);
        const char *equals = memchr(text, '=', part);
        gsize name_length = equals ? (gsize) (equals - text) : part;
        g_autofree char *name = g_malloc(part + 1);
        g_autofree char *value = g_malloc0(part + 1);
        if (count >= LIMIT_PARAMETERS) {
            fault_set(error, MSG_API_TOO_MANY_PARAMETERS, "most", G_STRINGIFY(LIMIT_PARAMETERS), NULL);
            return NULL;
        }
        if (!decode(text, name_length, TRUE, name, "form", error) ||
            (equals && !decode(equals + 1, part - name_length - 1, TRUE, value, "form", error)))
            return NULL;
        if (*name && !g_hash_table_contains(form, name))
            g_hash_table_insert(form, g_steal_pointer(&name), g_steal_pointer(&value));
        text += part + 1;
    }
    return g_steal_pointer(&form);
}

/* --- target -------------------------------------------------------------------------------------------------------------- */

/* Takes "/v4" off the front of LOCAL. FALSE: another version. */
static gboolean
strip_version(const char **local, gboolean *ret_found)
{
    const char *at = *local;
    *ret_found = FALSE;
    if (at[0] != '/' || at[1] != 'v' || !g_ascii_isdigit(at[2]))
        return TRUE;
    gsize digits = strspn(at + 2, "0123456789");
    if (at[2 + digits] != '\0' && at[2 + digits] != '/')
        return TRUE;
    *ret_found = TRUE;
    *local = at + 2 + digits;
    return digits == 1 && at[2] == '4';
}

static gboolean
find_local(Request *request, gboolean *ret_versioned, GError **error)
{
    Exchange *exchange = &request->exchange;
    const char *path = exchange->path;
    gsize root = strlen(ROOT);
    *ret_versioned = FALSE;
    if (strncmp(path, ROOT, root) != 0 || (path[root] != '\0' && path[root] != '/'))
        return TRUE;
    exchange->local = path + root;
    if (!strip_version(&exchange->local, ret_versioned))
        return fault_set(error, MSG_API_VERSION, "where", "The path", NULL);
    if (strcmp(exchange->local, "/") == 0)
        exchange->local = "";
    return TRUE;
}

/* Segments with their matrix parameters cut off; those of the last segment are kept. */
static gboolean
take_path(Request *request, const char *text, gsize length, GError **error)
{
    g_autofree char *path = g_malloc(length + 1);
    const char *end = text + length, *matrix = NULL;
    gsize matrix_length = 0;
    char *to = path;
    while (text < end) {
        const char *stop = memchr(text + 1, '/', (gsize) (end - text - 1));
        gsize segment = (gsize) ((stop ? stop : end) - text);
        const char *semicolon = memchr(text, ';', segment);
        gsize plain = semicolon ? (gsize) (semicolon - text) : segment;
        matrix = semicolon ? semicolon + 1 : NULL;
        matrix_length = semicolon ? segment - plain - 1 : 0;
        if (!decode(text, plain, FALSE, to, "path", error))
            return FALSE;
        if (strchr(to + 1, '/'))
            return fault_set(error, MSG_API_SLASH_IN_PATH, NULL);
        to += strlen(to);
        text += segment;
    }
    *to = '\0';
    if (to - path > LIMIT_PATH)
        return fault_set(error, MSG_API_PATH_TOO_LONG, "most", G_STRINGIFY(LIMIT_PATH), NULL);
    request->exchange.path = g_string_chunk_insert(request->memory, path);
    return !matrix || take_pairs(request, matrix, matrix_length, ';', request->matrix, &request->n_matrix, error);
}

/* "https://host/path" is a target too. */
static const char *
skip_authority(const char *target)
{
    const char *behind = g_str_has_prefix(target, "https://") ? target + 8 : g_str_has_prefix(target, "http://") ? target + 7 : NULL;
    if (!behind)
        return target;
    behind += strcspn(behind, "/?");
    return *behind == '/' ? behind : "/";
}

static gboolean
take_target(Request *request, const char *target, GError **error)
{
    if (strlen(target) > LIMIT_TARGET) {
        request->exchange.status = 414;
        return fault_set(error, MSG_API_PATH_TOO_LONG, "most", G_STRINGIFY(LIMIT_TARGET), NULL);
    }
    target = skip_authority(target);
    gsize length = strcspn(target, "?");
    if (target[0] != '/')
        return strcmp(target, "*") == 0 && request->exchange.method == METHOD_OPTIONS ? TRUE : fault_set(error, MSG_API_NO_SUCH_TARGET, NULL);
    const char *query = target[length] ? target + length + 1 : NULL;
    if (query && !take_pairs(request, query, strlen(query), '&', request->query, &request->n_query, error))
        return FALSE;
    return take_path(request, target, length, error);
}

/* --- headers --------------------------------------------------------------------------------------------------------------- */

static Method
method_of(const char *method)
{
    static const char *const names[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH" };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(method, names[i]) == 0)
            return (Method) i;
    }
    return METHOD_OTHER;
}

gboolean
request_prefers(const Request *request, const char *word)
{
    gsize length = strlen(word);
    for (guint i = 0; i < request->n_headers; i++) {
        if (g_ascii_strcasecmp(request->headers[i].name, "Prefer") != 0)
            continue;
        for (const char *at = request->headers[i].value; *at;) {
            at += strspn(at, " \t,;");
            gsize part = strcspn(at, " \t,;");
            if (part == length && g_ascii_strncasecmp(at, word, length) == 0)
                return TRUE;
            at += part;
        }
    }
    return FALSE;
}

/* A short quoted or bare word: "name=value; name2=value2". */
char *
request_cookie(const Request *request, const char *name)
{
    gsize length = strlen(name);
    for (guint i = 0; i < request->n_headers; i++) {
        if (g_ascii_strcasecmp(request->headers[i].name, "Cookie") != 0)
            continue;
        for (const char *at = request->headers[i].value; *at;) {
            at += strspn(at, " \t;");
            gsize part = strcspn(at, ";");
            if (part > length && at[length] == '=' && strncmp(at, name, length) == 0)
                return g_strstrip(g_strndup(at + length + 1, part - length - 1));
            at += part;
        }
    }
    return NULL;
}

/* What a media range asks for: a format, N_FORMATS for one we do not write, -1 for anything. */
static int
format_of(const char *range, gsize length)
{
    static const struct { const char *range; int format; } known[] = {
        { "*/*", -1 }, { "*", -1 }, { "application/*", -1 }, { "text/*", -1 }, { "application/xml", FORMAT_XML }, { "text/xml", FORMAT_XML },
        { "application/json", FORMAT_JSON }, { "text/json", FORMAT_JSON },
        { "application/x-virt-viewer", FORMAT_XML }, { "text/event-stream", FORMAT_JSON },   /* whose faults need a format too */
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        if (strlen(known[i].range) == length && g_ascii_strncasecmp(known[i].range, range, length) == 0)
            return known[i].format;
    }
    return N_FORMATS;
}

static double
quality_of(const char *parameters, gsize length)
{
    g_autofree char *copy = g_strndup(parameters, length);
    g_auto(GStrv) parts = g_strsplit(copy, ";", 8);
    for (char **part = parts; *part; part++) {
        char *word = g_strstrip(*part);
        if (g_ascii_tolower(word[0]) == 'q' && word[1] == '=')
            return CLAMP(g_ascii_strtod(word + 2, NULL), 0, 1);
    }
    return 1;
}

/* The best of an Accept value. FALSE: nothing we write. Of equals the first named wins; anything is XML. */
static gboolean
choose_format(const char *accept, Format *ret_format)
{
    double best = 0;
    int chosen = N_FORMATS;
    for (const char *at = accept; *at;) {
        gsize part = strcspn(at, ",");
        const char *start = at + strspn(at, " \t");
        gsize range = strcspn(start, ",; \t");
        int format = format_of(start, range);
        double quality = format == N_FORMATS ? 0 : quality_of(start + range, (gsize) (at + part - start) - range);
        /* What is named goes before "anything" of the same weight. */
        if (quality > best || (quality == best && quality > 0 && chosen < 0 && format >= 0)) {
            best = quality;
            chosen = format;
        }
        at += part + (at[part] == ',');
    }
    if (chosen == N_FORMATS)
        return FALSE;
    *ret_format = chosen < 0 ? FORMAT_XML : (Format) chosen;
    return TRUE;
}

static gboolean
take_accept(Request *request, GError **error)
{
    Exchange *exchange = &request->exchange;
    const char *accept = exchange_parameter(exchange, "accept");
    if (!accept || !*accept)
        accept = exchange_header(exchange, "Accept");
    exchange->format = FORMAT_XML;
    if (!accept || !*accept || choose_format(accept, &exchange->format) || !exchange->local)
        return TRUE;
    return fault_set(error, MSG_API_ACCEPT, "given", accept, NULL);
}

/* Random per process, counted within: a request need not ask the system for randomness. */
static void
make_correlation(char *text, gsize room)
{
    static gsize made;
    static char process[ID_TEXT_SIZE];
    static guint64 count;
    if (g_once_init_enter(&made)) {
        Id fresh = id_random();
        id_format(&fresh, ID_UUID, process);
        process[24] = '\0';         /* up to and with the dash before the last group */
        g_once_init_leave(&made, 1);
    }
    char digits[13];
    guint64 number = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    for (int i = 11; i >= 0; i--, number >>= 4)
        digits[i] = hex_digits[number & 15];
    digits[12] = '\0';
    g_strlcpy(text, process, room);
    g_strlcat(text, digits, room);
}

static void
take_correlation(Request *request)
{
    Exchange *exchange = &request->exchange;
    const char *given = exchange_parameter(exchange, "correlation_id");
    guint length = 0;
    if (!given || !*given)
        given = exchange_header(exchange, "Correlation-Id");
    for (; given && *given && length < 36; given++) {
        if (g_ascii_isalnum(*given) || *given == '_' || *given == '-')
            exchange->correlation[length++] = *given;
    }
    exchange->correlation[length] = '\0';
    if (length == 0)
        make_correlation(exchange->correlation, sizeof(exchange->correlation));
}

/* Whoever could read the end of a body in two ways is not read at all. */
static gboolean
take_framing(Request *request, GError **error)
{
    const char *chunked = exchange_header(&request->exchange, "Transfer-Encoding"), *length = exchange_header(&request->exchange, "Content-Length");
    guint said = 0;
    for (guint i = 0; i < request->n_headers; i++)
        said += g_ascii_strcasecmp(request->headers[i].name, "Content-Length") == 0 || g_ascii_strcasecmp(request->headers[i].name, "Transfer-Encoding") == 0;
    if (chunked && g_ascii_strcasecmp(chunked, "chunked") != 0)
        return fault_set(error, MSG_API_FRAMING, "header", "Transfer-Encoding", NULL);
    gsize digits = length ? strspn(length, "0123456789") : 0;
    if (length && (digits == 0 || digits > 18 || length[digits]))
        return fault_set(error, MSG_API_FRAMING, "header", "Content-Length", NULL);
    return said <= 1 || fault_set(error, MSG_API_FRAMING, "header", chunked ? "Transfer-Encoding" : "Content-Length", NULL);
}

static gboolean
is_host(const char *host)
{
    gsize length = strlen(host);
    return length > 0 && length <= 255 && strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_[]") == length;
}

static gboolean
take_preferences(Request *request, gboolean versioned, GError **error)
{
    Exchange *exchange = &request->exchange;
    const char *version = exchange_header(exchange, "Version"), *expect = exchange_header(exchange, "Expect");
    const char *host = exchange_header(exchange, "Host");
    exchange->language = language_choose(exchange_header(exchange, "Accept-Language"));
    exchange->read.strict = request_prefers(request, "handling=strict");
    exchange->expects_end = expect && g_ascii_strncasecmp(expect, "201-created", 11) == 0;
    exchange->host = host && is_host(host) ? host : request->here ? request->here : "localhost";
    if (host && !is_host(host))
        return fault_set(error, MSG_API_HOST, NULL);
    if (exchange->local && !versioned && version && *version && strcmp(version, "4") != 0)
        return fault_set(error, MSG_API_VERSION, "where", "The header Version", NULL);
    return TRUE;
}

guint64
request_announced(const Request *request)
{
    const char *length = exchange_header(&request->exchange, "Content-Length");
    return length ? g_ascii_strtoull(length, NULL, 10) : 0;
}

void
request_note_header(Request *request, const char *name, const char *value)
{
    if (request->n_headers >= LIMIT_HEADERS)
        return;
    Header *header = &request->headers[request->n_headers++];
    header->name = g_string_chunk_insert(request->memory, name);
    header->value = g_string_chunk_insert(request->memory, value ? value : "");
}

gboolean
request_open(Request *request, const char *method, const char *target, GError **error)
{
    Exchange *exchange = &request->exchange;
    gboolean versioned = FALSE;
    exchange->method = method_of(method);
    exchange->path = "/";
    g_autoptr(GError) first = NULL;
    if (request->n_headers >= LIMIT_HEADERS) {
        exchange->status = 431;
        fault_set(&first, MSG_API_TOO_MANY_HEADERS, "most", G_STRINGIFY(LIMIT_HEADERS), "size", "30", NULL);
    }
    if (!first)
        take_framing(request, &first);
    if (!first && take_target(request, target, &first))
        find_local(request, &versioned, &first);
    take_correlation(request);
    take_accept(request, first ? NULL : &first);
    take_preferences(request, versioned, first ? NULL : &first);
    if (!first)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&first));
    return FALSE;
}

gboolean
request_take_body(Request *request, GError **error)
{
    Exchange *exchange = &request->exchange;
    const char *type = exchange_header(exchange, "Content-Type");
    gsize length = type ? strcspn(type, "; \t") : 0;
    if (request->body.length == 0)
        return TRUE;
    text_grow(&request->body, 1);
    request->body.bytes[request->body.length] = '\0';
    exchange->body = request->body.bytes;
    exchange->body_length = request->body.length;
    if (!exchange->local)
        return TRUE;
    int format = format_of(type ? type : "", length);
    if (format != FORMAT_XML && format != FORMAT_JSON)
        return fault_set(error, MSG_API_CONTENT_TYPE, "given", type ? type : "none", NULL);
    exchange->body_is_json = format == FORMAT_JSON;
    return TRUE;
}
