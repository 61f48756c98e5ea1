/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * HTTPS by libcurl. One handle serves all calls of a run, so the TLS session is made once. A fault's sentence is the
 * manager's own; what never reached it (no route, wrong certificate, wrong password) gets a sentence of ours. */
#include "cli/client.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdlib.h>

struct Client {
    const ClientConfig *config;
    CURL *curl;
    struct curl_slist *headers;
};

typedef struct {
    ClientLine line;
    gpointer data;
    Text rest;
    gboolean stopped;
} Follow;

Client *
client_new(const ClientConfig *config)
{
    Client *client = g_new0(Client, 1);
    client->config = config;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    client->curl = curl_easy_init();
    return client;
}

void
client_free(Client *client)
{
    if (!client)
        return;
    curl_slist_free_all(client->headers);
    curl_easy_cleanup(client->curl);
    g_free(client);
}

static size_t
collect(char *bytes, size_t size, size_t count, void *data)
{
    text_add_bytes(data, bytes, size * count);
    return size * count;
}

Language
client_language(const Client *client)
{
    return client->config->language;
}

/* Lines may come in pieces: the unfinished one waits in REST. */
static size_t
collect_lines(char *bytes, size_t size, size_t count, void *data)
{
    Follow *follow = data;
    text_add_bytes(&follow->rest, bytes, size * count);
    char *start = follow->rest.bytes;
    char *end = start + follow->rest.length;
    for (char *newline; (newline = memchr(start, '\n', (gsize) (end - start))); start = newline + 1) {
        *newline = '\0';
        if (!follow->line(follow->data, start)) {
            follow->stopped = TRUE;
            return 0;
        }
    }
    gsize left = (gsize) (end - start);
    memmove(follow->rest.bytes, start, left);
    follow->rest.length = left;
    return size * count;
}

static void
set_headers(Client *client, const char *body, gboolean xml)
{
    const ClientConfig *config = client->config;
    const char *type = xml ? "application/xml" : "application/json";
    g_autofree char *accept = g_strconcat("Accept: ", type, NULL);
    g_autofree char *language = g_strconcat("Accept-Language: ", language_tag(config->language), NULL);
    curl_slist_free_all(client->headers);
    client->headers = curl_slist_append(NULL, accept);
    client->headers = curl_slist_append(client->headers, language);
    client->headers = curl_slist_append(client->headers, "Version: 4");
    client->headers = curl_slist_append(client->headers, "Expect:");
    if (config->strict)
        client->headers = curl_slist_append(client->headers, "Prefer: handling=strict");
    if (body)
        client->headers = curl_slist_append(client->headers, "Content-Type: application/json");
}

static void
set_request(Client *client, const char *method, const char *path, const char *body, gboolean xml)
{
    const ClientConfig *config = client->config;
    g_autofree char *url = g_strconcat(config->url, CLIENT_ROOT, path, NULL);
    curl_easy_reset(client->curl);
    set_headers(client, body, xml);
    curl_easy_setopt(client->curl, CURLOPT_URL, url);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
    curl_easy_setopt(client->curl, CURLOPT_USERNAME, config->user);
    curl_easy_setopt(client->curl, CURLOPT_PASSWORD, config->password);
    curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT, config->hasty ? 2L : 10L);
    if (config->hasty)
        curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, 3L);
    curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    if (config->ca)
        curl_easy_setopt(client->curl, CURLOPT_CAINFO, config->ca);
    if (body) {
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen(body));
        curl_easy_setopt(client->curl, CURLOPT_COPYPOSTFIELDS, body);
    }
}

static gboolean
say_curl(Client *client, CURLcode code, GError **error)
{
    const ClientConfig *config = client->config;
    if (code == CURLE_SSL_CACERT_BADFILE && config->ca)
        return fault_set(error, MSG_CLI_CA_FILE, "file", config->ca, NULL);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        return fault_set(error, MSG_CLI_CERTIFICATE, "url", config->url, "reason", curl_easy_strerror(code), NULL);
    return fault_set(error, MSG_CLI_UNREACHABLE, "url", config->url, "reason", curl_easy_strerror(code), NULL);
}

static MessageCode
code_of_status(long status)
{
    switch (status) {
    case 400: return MSG_CLI_SAID_BAD_REQUEST;
    case 403: return MSG_CLI_SAID_FORBIDDEN;
    case 404: return MSG_CLI_SAID_NOT_FOUND;
    case 409: return MSG_CLI_SAID_CONFLICT;
    case 501: return MSG_CLI_SAID_NOT_BUILT;
    case 503: return MSG_CLI_SAID_UNAVAILABLE;
    case 504: return MSG_CLI_SAID_TIMEOUT;
    case 507: return MSG_CLI_SAID_NO_SPACE;
    default: return MSG_CLI_SAID;
    }
}

/* KEY of the fault in a body; yours, NULL if it has none. */
static char *
fault_member(struct json_object *reply, const char *key)
{
    struct json_object *fault = NULL, *value = NULL;
    if (!json_object_object_get_ex(reply, "fault", &fault))
        fault = reply;
    return json_object_object_get_ex(fault, key, &value) && value ? g_strdup(json_object_get_string(value)) : NULL;
}

/* oVirt puts its sentences into brackets. */
static void
take_brackets(char *sentence)
{
    gsize length = sentence ? strlen(sentence) : 0;
    if (length > 1 && sentence[0] == '[' && sentence[length - 1] == ']') {
        sentence[length - 1] = '\0';
        memmove(sentence, sentence + 1, length - 1);
    }
}

static gboolean
say_status(Client *client, long status, Text *body, gboolean xml, GError **error)
{
    if (status == 401)
        return fault_set(error, MSG_CLI_WRONG_PASSWORD, "user", client->config->user, NULL);
    text_add_bytes(body, "", 1);
    struct json_object *reply = xml ? NULL : json_tokener_parse(body->bytes);
    g_autofree char *sentence = xml ? g_strdup(body->bytes) : fault_member(reply, "detail");
    g_autofree char *hint = fault_member(reply, "hint");
    g_autofree char *number = g_strdup_printf("HTTP status %ld", status);
    json_object_put(reply);
    take_brackets(sentence);
    return fault_set(error, code_of_status(status), "text", sentence && *sentence ? sentence : number, "hint", hint, NULL);
}

static gboolean
call(Client *client, const char *method, const char *path, const char *body, gboolean xml, Text *ret_body, GError **error)
{
    long status = 0;
    set_request(client, method, path, body, xml);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, ret_body);
    CURLcode code = curl_easy_perform(client->curl);
    if (code != CURLE_OK)
        return say_curl(client, code, error);
    text_grow(ret_body, 1);
    ret_body->bytes[ret_body->length] = '\0';
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    return status < 400 ? TRUE : say_status(client, status, ret_body, xml, error);
}

gboolean
client_call(Client *client, const char *method, const char *path, const char *body, Text *ret_body, GError **error)
{
    return call(client, method, path, body, client->config->xml, ret_body, error);
}

gboolean
client_show(Client *client, const char *method, const char *path, const char *body, GError **error)
{
    g_auto(Text) reply = TEXT_EMPTY;
    if (!client_call(client, method, path, body, &reply, error))
        return FALSE;
    if (reply.length)
        puts(reply.bytes);
    return TRUE;
}

struct json_object *
client_json(Client *client, const char *method, const char *path, const char *body, GError **error)
{
    g_auto(Text) reply = TEXT_EMPTY;
    if (!call(client, method, path, body, FALSE, &reply, error))
        return NULL;
    struct json_object *parsed = json_tokener_parse(reply.length ? reply.bytes : "{}");
    if (!parsed)
        fault_set(error, MSG_CLI_NOT_SHIKIRI, "url", client->config->url, NULL);
    return parsed;
}

gboolean
client_follow(Client *client, const char *path, ClientLine line, gpointer data, GError **error)
{
    Follow follow = { line, data, TEXT_EMPTY, FALSE };
    long status = 0;
    set_request(client, "GET", path, NULL, client->config->xml);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, collect_lines);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, &follow);
    CURLcode code = curl_easy_perform(client->curl);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    gboolean well = follow.stopped || (code == CURLE_OK && status < 400);
    if (!well && code == CURLE_OK)
        say_status(client, status, &follow.rest, client->config->xml, error);
    else if (!well)
        say_curl(client, code, error);
    text_clear(&follow.rest);
    return well;
}

/* --- the connection alone ------------------------------------------------------------------------------------------------------------- */

struct ClientWire {
    Client *client;
    CURL *curl;
    curl_socket_t descriptor;
};

ClientWire *
client_dial(Client *client, GError **error)
{
    const ClientConfig *config = client->config;
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, config->url);
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    if (config->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca);
    CURLcode code = curl_easy_perform(curl);
    ClientWire *wire = g_new0(ClientWire, 1);
    *wire = (ClientWire) { client, curl, CURL_SOCKET_BAD };
    if (code == CURLE_OK)
        code = curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &wire->descriptor);
    if (code == CURLE_OK)
        return wire;
    say_curl(client, code, error);
    client_hang_up(wire);
    return NULL;
}

void
client_hang_up(ClientWire *wire)
{
    if (!wire)
        return;
    curl_easy_cleanup(wire->curl);
    g_free(wire);
}

int
client_wire_descriptor(const ClientWire *wire)
{
    return (int) wire->descriptor;
}

static void
wait_for(const ClientWire *wire, short events)
{
    struct pollfd poller = { client_wire_descriptor(wire), events, 0 };
    poll(&poller, 1, 10000);
}

gssize
client_wire_read(ClientWire *wire, char *bytes, gsize room, gboolean wait)
{
    size_t count = 0;
    for (guint turns = 0; turns < 6; turns++) {
        CURLcode code = curl_easy_recv(wire->curl, bytes, room, &count);
        if (code == CURLE_OK)
            return count ? (gssize) count : -1;
        if (code != CURLE_AGAIN)
            return -1;
        if (!wait)
            return 0;
        wait_for(wire, POLLIN);
    }
    return -1;
}

gboolean
client_wire_write(ClientWire *wire, const char *bytes, gsize length, GError **error)
{
    while (length > 0) {
        size_t count = 0;
        CURLcode code = curl_easy_send(wire->curl, bytes, length, &count);
        if (code == CURLE_AGAIN)
            wait_for(wire, POLLOUT);
        else if (code != CURLE_OK)
            return say_curl(wire->client, code, error);
        bytes += count;
        length -= count;
    }
    return TRUE;
}

const char *
client_host(const Client *client)
{
    const char *url = client->config->url, *behind = strstr(url, "://");
    return behind ? behind + 3 : url;
}

gboolean
client_say_refusal(Client *client, const Text *reply, GError **error)
{
    const char *body = strstr(reply->bytes, "\r\n\r\n");
    g_auto(Text) text = TEXT_EMPTY;
    long status = reply->length > 12 ? strtol(reply->bytes + 9, NULL, 10) : 0;
    text_add(&text, body ? body + 4 : "");
    text.bytes[text.length] = '\0';
    return say_status(client, status, &text, FALSE, error);
}
