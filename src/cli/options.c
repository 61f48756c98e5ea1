/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of options, read three ways: by GLib's parser, as --help, as the man page. */
#include "cli/options.h"

#include "cli/licence.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const synopsis[] = {
    "[OPTION...] list TYPE [--search QUERY]",
    "[OPTION...] show|remove TYPE NAME",
    "[OPTION...] add TYPE [NAME] [FIELD=VALUE...]",
    "[OPTION...] update TYPE NAME FIELD=VALUE...",
    "[OPTION...] VERB TYPE NAME [FIELD=VALUE...]",
    "[OPTION...] console VM [force|look|file]",
    "[OPTION...] log VM [KIB]",
    "[OPTION...] freeze VM [SECONDS]",
    "[OPTION...] thaw VM",
    "[OPTION...] setpassword VM USER",
    "[OPTION...] exec VM -- PROGRAM [ARGUMENT...]",
    "[OPTION...] xml VM [inactive|edit]",
    "[OPTION...] xml VM set FILE [version=VERSION]",
    "[OPTION...] upload FILE disk=NAME [format=raw|cow]",
    "[OPTION...] upload FILE name=NEW [storage_domain=NAME]",
    "[OPTION...] download disk=NAME FILE [format=raw|cow]",
    "[OPTION...] unregistered [STORAGE-DOMAIN]",
    "[OPTION...] register vm|disk NAME [storage_domain=NAME] [FIELD=VALUE...]",
    "[OPTION...] describe TYPE",
    "[OPTION...] watch",
    "licence plan --topology=FILE --vcpus=N [--mode=threads|cores] [--busy=LIST] [--reserved=LIST] [--max-sockets=N]",
    "licence count --history=FILE [--from=T] [--to=T] [--stopped=count|ignore] [--strict] [--explain]",
    "licence verify FILE... [--key=FILE]",
    "licence history FILE... [--tag=VM=PRODUCT]... [--key=FILE]",
    "licence tables core-factors|products",
    "help [types|man]",
    NULL,
};

/* What a person needs beyond the options: words of the table. */
static const char *const notes[] = {
    "TYPE is a word like vm, disk, nic; VERB one like start, stop, shutdown. The manager says which there are: shikiri help types.",
    "A NIC and the like belong to something: shikiri list nics vm=web1.",
    "Sizes take units: memory=2GiB. A reference takes a name or an id: cluster=Default.",
    NULL,
};

/* The same, of the man page alone. */
static const char *const about = "Sentences are told in the reader's language; the heads of tables are the API's own words in any language. "
                                 "On the manager's machine root needs neither address nor password.";

static const struct { const char *name, *does; } environment[] = {
    { "SHIKIRI_URL", "The manager's address, as --url." },
    { "SHIKIRI_USER", "Who asks, as --user." },
    { "SHIKIRI_PASSWORD", "The password." },
    { "SHIKIRI_CA", "The CA certificate, as --ca." },
    { "VISUAL, EDITOR", "What xml VM edit opens; vi if neither is set." },
    { "LC_ALL, LC_MESSAGES, LANG", "The language, where --lang is not given: Japanese if it begins with ja, else English." },
};

#define MOST_OPTIONS 16

static void
fill(Options *options, GOptionEntry ret_rows[MOST_OPTIONS])
{
    const GOptionEntry rows[] = {
        { "url", 0, 0, G_OPTION_ARG_STRING, &options->config.url, "The manager's address (SHIKIRI_URL)", "URL" },
        { "user", 0, 0, G_OPTION_ARG_STRING, &options->config.user, "admin@internal if not given (SHIKIRI_USER)", "USER" },
        { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &options->password_file, "File with the password (or SHIKIRI_PASSWORD)", "FILE" },
        { "ca", 0, 0, G_OPTION_ARG_FILENAME, &options->config.ca, "The manager's CA certificate (SHIKIRI_CA)", "FILE" },
        { "search", 's', 0, G_OPTION_ARG_FILENAME, &options->search, "Only what matches, for list", "QUERY" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &options->request.json, "Show the reply as JSON", NULL },
        { "xml", 0, 0, G_OPTION_ARG_NONE, &options->request.xml, "Show the reply as XML", NULL },
        { "wait", 0, 0, G_OPTION_ARG_NONE, &options->request.wait, "Answer when the work is done", NULL },
        { "plan", 0, 0, G_OPTION_ARG_NONE, &options->request.plan, "Say what would happen and do nothing", NULL },
        { "timeout", 0, 0, G_OPTION_ARG_STRING, &options->timeout, "How long exec waits for the end of a command", "SECONDS" },
        { "stdin", 0, 0, G_OPTION_ARG_NONE, &options->request.input, "What exec runs reads the standard input", NULL },
        { "lang", 0, 0, G_OPTION_ARG_STRING, &options->lang, "The language of sentences: en or ja", "LANG" },
        { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version and end", NULL },
        { "help", 'h', 0, G_OPTION_ARG_NONE, &options->help, "Print this and end", NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->words, NULL, NULL },
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(rows) < MOST_OPTIONS);
    memset(ret_rows, 0, MOST_OPTIONS * sizeof(*ret_rows));
    memcpy(ret_rows, rows, sizeof(rows));
}

static Usage
usage_of(Options *options, GOptionEntry rows[MOST_OPTIONS])
{
    fill(options, rows);
    return (Usage) { "shikiri", "1", "the command line of the virtualization manager Shikiri", synopsis, rows };
}

/* Words without "=" are verb, type, name; the rest are pairs, or strays that request_run refuses: nobody's value is dropped in silence. */
static void
sort_words(Options *options)
{
    Request *request = &options->request;
    const char **places[] = { &request->verb, &request->type, &request->name };
    guint place = 0, named = options->words && *options->words && g_str_equal(*options->words, "exec") ? 2 : G_N_ELEMENTS(places);    /* what is run is no name */
    options->pairs = g_ptr_array_new();
    for (char **word = options->words; word && *word; word++) {
        if (place < named && (place < 2 || !strchr(*word, '=')))
            *places[place++] = *word;
        else
            g_ptr_array_add(options->pairs, *word);
    }
    g_ptr_array_add(options->pairs, NULL);
    request->pairs = (char **) options->pairs->pdata;
    request->search = options->search;
    request->timeout = options->timeout;
}

gboolean
options_parse(Options *options, int *argc, char ***argv, GError **error)
{
    GOptionEntry rows[MOST_OPTIONS];
    g_autoptr(GError) wrong = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    fill(options, rows);
    g_option_context_add_main_entries(context, rows, NULL);
    g_option_context_set_help_enabled(context, FALSE);
    gboolean parsed = g_option_context_parse(context, argc, argv, &wrong);
    options->config.language = language_of_terminal(options->lang);
    if (!parsed)
        return fault_set(error, MSG_CLI_USAGE, "text", wrong->message, NULL);
    if (options->lang && !g_str_equal(options->lang, "en") && !g_str_equal(options->lang, "ja"))
        return fault_set(error, MSG_CLI_LANGUAGE, "given", options->lang, NULL);
    sort_words(options);
    options->config.xml = options->request.xml;
    options->config.wait = options->request.wait;
    return TRUE;
}

void
options_clear(Options *options)
{
    g_free(options->config.url);
    g_free(options->config.user);
    g_free(options->config.password);
    g_free(options->config.ca);
    g_free(options->password_file);
    g_free(options->search);
    g_free(options->timeout);
    g_free(options->lang);
    g_strfreev(options->words);
    g_clear_pointer(&options->pairs, g_ptr_array_unref);
}

static void
put(Text *text)
{
    fwrite(text->bytes, 1, text->length, stdout);
    text_clear(text);
}

void
options_help(Language language)
{
    GOptionEntry rows[MOST_OPTIONS];
    Options none = { 0 };
    Text out = TEXT_EMPTY;
    Usage usage = usage_of(&none, rows);
    usage_help(&out, &usage, language);
    licence_help(&out, language);
    text_add_literal(&out, "\n");
    for (guint i = 0; notes[i]; i++)
        text_printf(&out, "%s\n", language_word(notes[i], language));
    put(&out);
}

void
options_each_word(const char *prefix)
{
    GOptionEntry rows[MOST_OPTIONS];
    Options none = { 0 };
    fill(&none, rows);
    for (const GOptionEntry *row = rows; row->long_name; row++) {
        g_autofree char *word = g_strconcat("--", row->long_name, row->arg_description ? "=" : "", NULL);
        if (row->long_name[0] && g_str_has_prefix(word, prefix))
            puts(word);
    }
}

void
options_man(Language language)
{
    GOptionEntry rows[MOST_OPTIONS];
    Options none = { 0 };
    Text out = TEXT_EMPTY;
    Usage usage = usage_of(&none, rows);
    usage_man(&out, &usage, language);
    usage_man_head(&out, "DESCRIPTION", language);
    for (guint i = 0; notes[i]; i++) {
        usage_man_text(&out, language_word(notes[i], language));
        text_add_literal(&out, "\n.PP\n");
    }
    usage_man_text(&out, language_word(about, language));
    text_add_literal(&out, "\n");
    licence_man(&out, language);
    usage_man_head(&out, "ENVIRONMENT", language);
    for (guint i = 0; i < G_N_ELEMENTS(environment); i++)
        usage_man_item(&out, environment[i].name, environment[i].does, language);
    usage_man_faults(&out, language);
    usage_man_head(&out, "SEE ALSO", language);
    text_add_literal(&out, ".BR shikirid (8),\n.BR shikiri-resources (7),\n.BR virsh (1)\n");
    put(&out);
}
