/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * shikiri: the command line. What was not given is completed from the environment and the manager's own machine; the exit status comes from
 * the fault table. What verbs and types there are it asks the manager; licences are counted without one. */
#include "cli/complete.h"
#include "cli/console.h"
#include "cli/guest.h"
#include "cli/licence.h"
#include "cli/options.h"
#include "cli/registration.h"
#include "cli/transfer.h"
#include "cli/words.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#define DATA_DIR "/var/lib/shikiri"     /* where the manager of this machine lies, unless it was told otherwise */

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
fill_from_manager(ClientConfig *config, char **ret_password)
{
    g_autofree char *password = NULL;
    if (config->ca || config->user || getenv("SHIKIRI_PASSWORD") || !(config->url = read_line(DATA_DIR "/url", NULL)))
        return;
    config->ca = g_strdup(DATA_DIR "/pki/ca.pem");
    password = read_line(DATA_DIR "/admin-password", NULL);
    *ret_password = g_steal_pointer(&password);
}

static gboolean
fill_config(ClientConfig *config, const char *password_file, GError **error)
{
    g_autofree char *own_password = NULL;
    if (!config->url)
        config->url = g_strdup(getenv("SHIKIRI_URL"));
    if (!config->url)
        fill_from_manager(config, &own_password);
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

static gboolean
run(ClientConfig *config, const Request *request, int *ret_status, GError **error)
{
    g_autoptr(Client) client = client_new(config);
    if (g_str_equal(request->verb, "watch"))
        return watch_run(client, request, error);
    if (g_str_equal(request->verb, "console"))
        return console_run(client, request, error);
    if (transfer_has(request->verb))
        return transfer_run(client, config, request, error);
    if (registration_has(request))
        return registration_run(client, request, error);
    if (guest_has(request->verb))
        return guest_run(client, request, ret_status, error);
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

static int
say(GError *error, Language language)
{
    g_autofree char *hint = message_hint(fault_message(error), language);
    g_autofree char *text = message_text(fault_message(error), language);
    fprintf(stderr, "shikiri: %s\n", text);
    if (hint && *hint)
        fprintf(stderr, "  %s\n", hint);
    int status = fault_exit(fault_of(error));
    g_error_free(error);
    return status;
}

/* Of what needs no manager; FALSE: it is not such a thing. */
static gboolean
answer_alone(const Options *options, int *ret_status)
{
    const Request *request = &options->request;
    gboolean asks_help = options->help || (request->verb && g_str_equal(request->verb, "help") && !request->type);
    *ret_status = 0;
    if (options->version)
        printf("shikiri %s\n", SHIKIRI_VERSION);
    else if (request->verb && request->type && g_str_equal(request->verb, "help") && g_str_equal(request->type, "man"))
        options_man(options->config.language);
    else if (asks_help || !request->verb)
        options_help(options->config.language);
    else
        return FALSE;
    if (!request->verb && !options->help && !options->version)
        *ret_status = fault_exit(FAULT_BAD_REQUEST);
    return TRUE;
}

/* shikiri complete -- WORD…: the words before the last are read as a command line of their own. */
static int
offer_completions(const Options *options, const char *program)
{
    guint count = g_strv_length(options->words);
    if (count > 2 && g_str_equal(options->words[1], "licence")) {
        licence_complete(options->words + 2, count - 3, options->words[count - 1]);
        return 0;
    }
    g_auto(Options) typed = { .config.hasty = TRUE };
    g_autoptr(GPtrArray) line = g_ptr_array_new();
    g_ptr_array_add(line, (gpointer) program);
    for (guint i = 1; i + 1 < count; i++)
        g_ptr_array_add(line, options->words[i]);
    int argc = (int) line->len;
    g_ptr_array_add(line, NULL);
    char **argv = (char **) line->pdata;
    if (!options_parse(&typed, &argc, &argv, NULL))
        return 0;
    g_autoptr(Client) client = fill_config(&typed.config, typed.password_file, NULL) ? client_new(&typed.config) : NULL;
    complete_print(client, &typed, count > 1 ? options->words[count - 1] : "");
    return 0;
}

int
main(int argc, char **argv)
{
    g_auto(Options) options = { .config.strict = TRUE };
    GError *error = NULL;
    int status = 0;
    setlocale(LC_CTYPE, "");
    setlocale(LC_MESSAGES, "");
    if (licence_is_asked(argc, argv))
        return licence_run(&argc, &argv, &options.config.language, &error) ? 0 : say(error, options.config.language);
    if (!options_parse(&options, &argc, &argv, &error))
        return say(error, options.config.language);
    if (options.request.verb && g_str_equal(options.request.verb, "complete"))
        return offer_completions(&options, argv[0]);
    if (answer_alone(&options, &status))
        return status;
    gboolean well = fill_config(&options.config, options.password_file, &error) && run(&options.config, &options.request, &status, &error);
    return well ? status : say(error, options.config.language);
}
