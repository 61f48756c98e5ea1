/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * shikiri: the command line. Options and environment to a ClientConfig, words to a Request; the exit status comes from
 * the fault table. What verbs and types there are it asks the manager. */
#include "cli/console.h"
#include "cli/request.h"
#include "cli/words.h"

#include <stdio.h>
#include <stdlib.h>

#define LOCAL "/var/lib/shikiri"     /* where the manager of this machine lies, unless it was told otherwise */

static const char *const usage =
    "shikiri [OPTION…] VERB TYPE [NAME] [field=value …]\n"
    "  list TYPE            show TYPE NAME        add TYPE [NAME] field=value …\n"
    "  update TYPE NAME …   remove TYPE NAME      start|stop|shutdown… TYPE NAME\n"
    "  console VM [force|look|file]   its serial console here, or the file for a viewer of its screen\n"
    "  describe TYPE        watch                 help [types]\n"
    "A NIC and the like belong to something: shikiri list nics vm=web1\n";

#define DATA_DIR "/var/lib/shikiri"

/* The content of FILE without its line end; yours. */
static char *
read_line(const char *file, GError **error)
{
    char *text = NULL;
    g_autoptr(GError) reason = NULL;
    if (!g_file_get_contents(file, &text, NULL, &reason)) {
        fault_set(error, MSG_CLI_FILE, "file", file, "reason", reason->message, NULL);
        return NULL;
    }
    return g_strchomp(text);
}

/* Nothing was said at all: on the manager's own machine its administrator may read where it is and how to get in. */
static void
complete_from_manager(ClientConfig *config, char **ret_password)
{
    g_autofree char *password = NULL;
    if (config->ca || config->user || getenv("SHIKIRI_PASSWORD") || !(config->url = read_line(DATA_DIR "/url", NULL)))
        return;
    config->ca = g_strdup(DATA_DIR "/pki/ca.pem");
    password = read_line(DATA_DIR "/admin-password", NULL);
    *ret_password = g_steal_pointer(&password);
}

static gboolean
complete(ClientConfig *config, const char *password_file, GError **error)
{
    g_autofree char *own_password = NULL;
    if (!config->url)
        config->url = g_strdup(getenv("SHIKIRI_URL"));
    if (!config->url)
        complete_from_manager(config, &own_password);
    if (!config->url)
        return fault_set(error, MSG_CLI_NO_URL, NULL);
    while (g_str_has_suffix(config->url, "/"))
        config->url[strlen(config->url) - 1] = '\0';
    if (!config->user)
        config->user = g_strdup(getenv("SHIKIRI_USER") ? getenv("SHIKIRI_USER") : "admin@internal");
    if (!config->ca)
        config->ca = g_strdup(getenv("SHIKIRI_CA"));
    config->password = password_file   ? read_line(password_file, error)
                       : own_password ? g_steal_pointer(&own_password)
                                      : g_strdup(getenv("SHIKIRI_PASSWORD"));
    if (password_file && !config->password)
        return FALSE;
    return config->password || fault_set(error, MSG_CLI_NO_PASSWORD, "user", config->user, NULL);
}

/* Words without "=" are verb, type, name; the rest are pairs, or strays that request_run refuses: nobody's value is dropped in silence. */
static void
sort_words(char **words, Request *request, GPtrArray *pairs)
{
    const char **places[] = { &request->verb, &request->type, &request->name };
    guint place = 0;
    for (char **word = words; word && *word; word++) {
        if (place < G_N_ELEMENTS(places) && (place < 2 || !strchr(*word, '=')))
            *places[place++] = *word;
        else
            g_ptr_array_add(pairs, *word);
    }
    g_ptr_array_add(pairs, NULL);
    request->pairs = (char **) pairs->pdata;
}

static gboolean
run(ClientConfig *config, const Request *request, GError **error)
{
    g_autoptr(Client) client = client_new(config);
    if (g_str_equal(request->verb, "watch"))
        return watch_run(client, request, error);
    if (g_str_equal(request->verb, "console"))
        return console_run(client, request, error);
    if (!request->type)
        return fault_set(error, MSG_CLI_USAGE, "text", "A verb and a type are needed.", NULL);
    if (g_str_equal(request->verb, "help") && g_str_equal(request->type, "types")) {
        struct json_object *description = words_fetch(client, error), *types = NULL;
        json_object_object_get_ex(description, "types", &types);
        for (gsize i = 0; types && i < json_object_array_length(types); i++)
            printf("%-28s %s\n", words_string(json_object_array_get_idx(types, i), "many"), words_string(json_object_array_get_idx(types, i), "help"));
        json_object_put(description);
        return types != NULL;
    }
    return request_run(client, request, error);
}

static void
config_clear(ClientConfig *config)
{
    g_free(config->url);
    g_free(config->user);
    g_free(config->password);
    g_free(config->ca);
}

static int
say(GError *error)
{
    g_autofree char *hint = message_hint(fault_message(error), language_choose(getenv("LANG")));
    g_autofree char *text = message_text(fault_message(error), language_choose(getenv("LANG")));
    fprintf(stderr, "shikiri: %s\n", text);
    if (hint && *hint)
        fprintf(stderr, "  %s\n", hint);
    int status = fault_exit(fault_of(error));
    g_error_free(error);
    return status;
}

int
main(int argc, char **argv)
{
    ClientConfig config = { .strict = TRUE };
    Request request = { 0 };
    g_autofree char *password_file = NULL, *search = NULL;
    g_auto(GStrv) words = NULL;
    GError *error = NULL;
    const GOptionEntry options[] = {
        { "url", 0, 0, G_OPTION_ARG_STRING, &config.url, "The manager's address (SHIKIRI_URL)", "URL" },
        { "user", 0, 0, G_OPTION_ARG_STRING, &config.user, "admin@internal if not given (SHIKIRI_USER)", "USER" },
        { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &password_file, "File with the password (or SHIKIRI_PASSWORD)", "FILE" },
        { "ca", 0, 0, G_OPTION_ARG_FILENAME, &config.ca, "The manager's CA certificate (SHIKIRI_CA)", "FILE" },
        { "search", 's', 0, G_OPTION_ARG_STRING, &search, "Only what matches, for list", "QUERY" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &request.json, "Show the reply as JSON", NULL },
        { "xml", 0, 0, G_OPTION_ARG_NONE, &request.xml, "Show the reply as XML", NULL },
        { "wait", 0, 0, G_OPTION_ARG_NONE, &request.wait, "Answer when the work is done", NULL },
        { "plan", 0, 0, G_OPTION_ARG_NONE, &request.plan, "Say what would happen and do nothing", NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL, NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("VERB TYPE [NAME] [field=value …]");
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    g_option_context_add_main_entries(context, options, NULL);
    g_option_context_set_summary(context, usage);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "shikiri: %s\n", error->message);
        return 2;
    }
    sort_words(words, &request, pairs);
    if (!request.verb || (g_str_equal(request.verb, "help") && !request.type)) {
        fputs(usage, stdout);
        return request.verb ? 0 : 2;
    }
    request.search = search;
    config.xml = request.xml;
    config.wait = request.wait;
    gboolean well = complete(&config, password_file, &error) && run(&config, &request, &error);
    config_clear(&config);
    return well ? 0 : say(error);
}
