/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The offline commands. A table of commands, a table of options; which option belongs to which command is a letter in its row. */
#include "cli/licence.h"

#include "base/usage.h"
#include "cli/licence_print.h"
#include "licence/ledger_check.h"
#include "licence/ledger_history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TABLES_FOLDER SHIKIRI_DATA_DIR "/licence"
#define MOST_OPTIONS 24

typedef struct {
    char *topology, *vcpus, *mode, *busy, *reserved, *max_sockets;
    char *history, *from, *to, *stopped, *tables, *key, *lang;
    char **tags;
    gboolean strict, explain, json;
    char **words;                   /* "licence", the command, and what stands behind it */
    Language language;
} Asked;

static void
fill(Asked *asked, GOptionEntry ret_rows[MOST_OPTIONS])
{
    const GOptionEntry rows[] = {
        { "topology", 0, 0, G_OPTION_ARG_FILENAME, &asked->topology, "licence plan: the machine, as virsh capabilities prints it, or JSON; - is the standard input", "FILE" },
        { "vcpus", 0, 0, G_OPTION_ARG_STRING, &asked->vcpus, "licence plan: how many vCPUs are to be bound", "N" },
        { "mode", 0, 0, G_OPTION_ARG_STRING, &asked->mode, "licence plan: fill all threads of a core, or give each vCPU a core (threads)", "threads|cores" },
        { "busy", 0, 0, G_OPTION_ARG_STRING, &asked->busy, "licence plan: CPUs that other VMs are bound to, as 0-3,8", "LIST" },
        { "reserved", 0, 0, G_OPTION_ARG_STRING, &asked->reserved, "licence plan: CPUs that are kept for the host", "LIST" },
        { "max-sockets", 0, 0, G_OPTION_ARG_STRING, &asked->max_sockets, "licence plan: take cores of at most so many sockets", "N" },
        { "history", 0, 0, G_OPTION_ARG_FILENAME, &asked->history, "licence count: what happened, as JSON; - is the standard input", "FILE" },
        { "from", 0, 0, G_OPTION_ARG_STRING, &asked->from, "licence count: the beginning of the window, as 2026-01-05T00:00:00Z (the first event)", "T" },
        { "to", 0, 0, G_OPTION_ARG_STRING, &asked->to, "licence count: its end (the last event)", "T" },
        { "stopped", 0, 0, G_OPTION_ARG_STRING, &asked->stopped, "licence count: whether what is stopped counts where it last ran (count)", "count|ignore" },
        { "strict", 0, 0, G_OPTION_ARG_NONE, &asked->strict, "licence count: a VM that may be migrated counts as one that was", NULL },
        { "explain", 0, 0, G_OPTION_ARG_NONE, &asked->explain, "licence count: add the rule behind each number, and the timeline", NULL },
        { "tables", 0, 0, G_OPTION_ARG_FILENAME, &asked->tables, "licence plan, licence count: where core-factors.json and products.json are (the package's data folder)", "DIR" },
        { "key", 0, 0, G_OPTION_ARG_FILENAME, &asked->key, "licence verify, licence history: the public key that must have signed", "FILE" },
        { "tag", 0, 0, G_OPTION_ARG_STRING_ARRAY, &asked->tags, "licence history: this VM, by name or id, has that product; may be said several times", "VM=PRODUCT" },
        { "json", 0, 0, G_OPTION_ARG_NONE, &asked->json, NULL, NULL },
        { "lang", 0, 0, G_OPTION_ARG_STRING, &asked->lang, NULL, "LANG" },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &asked->words, NULL, NULL },
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(rows) < MOST_OPTIONS);
    memset(ret_rows, 0, MOST_OPTIONS * sizeof(*ret_rows));
    memcpy(ret_rows, rows, sizeof(rows));
}

static void
clear_asked(Asked *asked)
{
    char **texts[] = { &asked->topology, &asked->vcpus, &asked->mode, &asked->busy, &asked->reserved, &asked->max_sockets, &asked->history, &asked->from, &asked->to, &asked->stopped,
        &asked->tables, &asked->key, &asked->lang };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*texts[i]);
    g_strfreev(asked->tags);
    g_strfreev(asked->words);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, clear_asked)

/* --- what was given --------------------------------------------------------------------------------------------------------- */

static gboolean
wrong_value(const char *option, const char *given, const char *wanted, GError **error)
{
    return fault_set(error, MSG_LICENCE_WRONG_OPTION, "option", option, "given", given, "wanted", wanted, NULL);
}

static gboolean
take_number(const char *option, const char *given, guint least, guint most, guint *ret_number, GError **error)
{
    guint64 number;
    g_autofree char *wanted = g_strdup_printf("a number from %u to %u", least, most);
    if (!g_ascii_string_to_unsigned(given, 10, least, most, &number, NULL))
        return wrong_value(option, given, wanted, error);
    *ret_number = (guint) number;
    return TRUE;
}

/* GIVEN as the index of one of two words; NULL: the first. */
static gboolean
take_choice(const char *option, const char *given, const char *const words[2], guint *ret_choice, GError **error)
{
    g_autofree char *wanted = g_strdup_printf("one of %s, %s", words[0], words[1]);
    *ret_choice = given && g_str_equal(given, words[1]);
    return !given || g_str_equal(given, words[*ret_choice]) || wrong_value(option, given, wanted, error);
}

static gboolean
take_cpus(const char *option, const char *given, Cpus *ret_cpus, GError **error)
{
    return !given || cpus_parse(given, strlen(given), ret_cpus) || wrong_value(option, given, "a list of CPUs as 0-3,8", error);
}

static gboolean
take_time(const char *option, const char *given, gboolean *ret_given, Wall *ret_time, GError **error)
{
    *ret_given = given != NULL;
    return !given || clock_parse(given, ret_time) || wrong_value(option, given, "a time as 2026-01-05T00:00:00Z", error);
}

/* The content of FILE, "-" the standard input, of at most MOST bytes; yours. */
static char *
read_file(const char *file, gsize most, gsize *ret_length, GError **error)
{
    FILE *stream = g_str_equal(file, "-") ? stdin : fopen(file, "re");
    g_auto(Text) text = TEXT_EMPTY;
    if (!stream) {
        fault_set(error, MSG_CLI_FILE, "file", file, "reason", g_strerror(errno), NULL);
        return NULL;
    }
    for (gsize room = 1 << 16, count = 1; count && text.length <= most; room = MIN(room * 2, 1 << 24)) {
        text_grow(&text, room);
        count = fread(text.bytes + text.length, 1, room, stream);
        text.length += count;
    }
    gboolean failed = ferror(stream);
    int reason = errno;
    if (stream != stdin)
        fclose(stream);
    if (failed || text.length > most) {
        fault_set(error, MSG_CLI_FILE, "file", file, "reason", failed ? g_strerror(reason) : "it is too long", NULL);
        return NULL;
    }
    *ret_length = text.length;
    return text_take(&text);
}

/* What lies in FOLDER in place of the tables that are compiled in. NEEDED: DIR was given, and one of them must be there. */
static gboolean
read_tables(Tables *tables, const char *folder, gboolean needed, GError **error)
{
    static const struct { const char *name; gboolean (*read)(Tables *tables, const char *bytes, gsize length, GError **error); } files[] = {
        { "core-factors.json", tables_read_factors }, { "products.json", tables_read_products },
    };
    guint found = 0;
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        gsize length;
        g_autofree char *path = g_build_filename(folder, files[i].name, NULL);
        if (!g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        g_autofree char *bytes = read_file(path, TABLES_MOST_BYTES, &length, error);
        if (!bytes || !files[i].read(tables, bytes, length, error))
            return FALSE;
        found++;
    }
    return found || !needed || fault_set(error, MSG_CLI_FILE, "file", folder, "reason", "it has neither core-factors.json nor products.json", NULL);
}

static Tables *
find_tables(const Asked *asked, GError **error)
{
    g_autoptr(Tables) tables = tables_new();
    return read_tables(tables, asked->tables ? asked->tables : TABLES_FOLDER, asked->tables != NULL, error) ? g_steal_pointer(&tables) : NULL;
}

static gboolean
need(const char *option, const char *given, GError **error)
{
    return given || fault_set(error, MSG_LICENCE_NEEDS_OPTION, "option", option, NULL);
}

static void
put(Text *out)
{
    fwrite(out->bytes, 1, out->length, stdout);
    text_clear(out);
}

/* --- the commands ----------------------------------------------------------------------------------------------------------- */

static gboolean
take_need(const Asked *asked, PlanNeed *need_of, Cpus *busy, Cpus *reserved, GError **error)
{
    static const char *const modes[] = { "threads", "cores" };
    guint mode;
    if (!need("--topology", asked->topology, error) || !need("--vcpus", asked->vcpus, error) || !take_number("--vcpus", asked->vcpus, 1, CPUS_MOST, &need_of->vcpus, error) ||
        !take_choice("--mode", asked->mode, modes, &mode, error) || !take_cpus("--busy", asked->busy, busy, error) || !take_cpus("--reserved", asked->reserved, reserved, error) ||
        (asked->max_sockets && !take_number("--max-sockets", asked->max_sockets, 1, TOPOLOGY_MOST_SOCKETS, &need_of->most_sockets, error)))
        return FALSE;
    need_of->mode = (PlanMode) mode;
    need_of->busy = *busy;
    need_of->reserved = *reserved;
    return TRUE;
}

static gboolean
run_plan(const Asked *asked, GError **error)
{
    PlanNeed need_of = { 0 };
    g_auto(Cpus) busy = CPUS_EMPTY, reserved = CPUS_EMPTY;
    gsize length;
    if (!take_need(asked, &need_of, &busy, &reserved, error))
        return FALSE;
    g_autoptr(Tables) tables = find_tables(asked, error);
    g_autofree char *bytes = tables ? read_file(asked->topology, TOPOLOGY_MOST_BYTES, &length, error) : NULL;
    g_autoptr(Topology) topology = bytes ? topology_read(bytes, length, error) : NULL;
    g_autoptr(Plan) plan = topology ? plan_choose(topology, &need_of, error) : NULL;
    if (!plan)
        return FALSE;
    g_auto(Text) out = TEXT_EMPTY;
    if (!asked->json) {
        licence_print_plan(plan, tables, topology, asked->language);
        return TRUE;
    }
    report_plan(&out, plan, tables, topology);
    put(&out);
    return TRUE;
}

/* A topology that a history names lies beside it, or else where the name leads from here. A pipe or a device in its place would be waited for, or never end. */
static char *
read_beside(const char *name, gsize *ret_length, gpointer data, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(data), *beside = g_build_filename(folder, name, NULL);
    g_autofree char *path = g_strdup(g_path_is_absolute(name) || (!g_file_test(beside, G_FILE_TEST_EXISTS) && g_file_test(name, G_FILE_TEST_EXISTS)) ? name : beside);
    if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        fault_set(error, MSG_CLI_FILE, "file", path, "reason", "it is no regular file", NULL);
        return NULL;
    }
    return read_file(path, TOPOLOGY_MOST_BYTES, ret_length, error);
}

static gboolean
run_count(const Asked *asked, GError **error)
{
    static const char *const stopped[] = { "count", "ignore" };
    CountOptions options = { .strict = asked->strict, .timeline = asked->explain };
    guint choice;
    gsize length;
    if (!need("--history", asked->history, error) || !take_choice("--stopped", asked->stopped, stopped, &choice, error) ||
        !take_time("--from", asked->from, &options.has_from, &options.from, error) || !take_time("--to", asked->to, &options.has_to, &options.to, error))
        return FALSE;
    options.ignore_stopped = choice == 1;
    g_autoptr(Tables) tables = find_tables(asked, error);
    g_autofree char *bytes = tables ? read_file(asked->history, HISTORY_MOST_BYTES, &length, error) : NULL;
    g_autoptr(History) history = bytes ? history_read(bytes, length, read_beside, asked->history, error) : NULL;
    g_autoptr(Count) count = history ? count_run(history, tables, &options, error) : NULL;
    if (!count)
        return FALSE;
    g_auto(Text) out = TEXT_EMPTY;
    if (!asked->json) {
        licence_print_count(count, tables, asked->explain, asked->language);
        return TRUE;
    }
    report_count(&out, count, tables, asked->explain);
    put(&out);
    return TRUE;
}

static gboolean
refuse_ledger(const LedgerCheck *check, GError **error)
{
    g_autofree char *why = message_encode(check->why), *n = g_strdup_printf("%" G_GUINT64_FORMAT, check->bad), *line = g_strdup_printf("%" G_GUINT64_FORMAT, check->line),
                    *records = g_strdup_printf("%" G_GUINT64_FORMAT, check->records);
    return fault_set(error, MSG_LICENCE_LEDGER_BAD, "n", n, "file", check->file, "why", why, "line", line, "records", records, NULL);
}

/* "db1=EE": a name may have the sign in it, a product has not. */
static gboolean
take_tags(const Asked *asked, GArray *tags, GPtrArray *owned, GError **error)
{
    for (char **given = asked->tags; given && *given; given++) {
        const char *equals = strrchr(*given, '=');
        if (!equals || equals == *given || !equals[1])
            return wrong_value("--tag", *given, "VM=PRODUCT", error);
        LedgerTag tag = { g_strndup(*given, (gsize) (equals - *given)), equals + 1 };
        g_ptr_array_add(owned, (gpointer) tag.vm);
        g_array_append_val(tags, tag);
    }
    return TRUE;
}

/* Of one that is as it was written alone: who counts it should count what was recorded. */
static gboolean
run_history(const Asked *asked, GError **error)
{
    g_auto(LedgerCheck) check = { 0 };
    g_autoptr(GArray) tags = g_array_new(FALSE, FALSE, sizeof(LedgerTag));
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(g_free);
    g_auto(Text) out = TEXT_EMPTY;
    if (!asked->words[2])
        return fault_set(error, MSG_LICENCE_NO_LEDGER, NULL);
    if (!take_tags(asked, tags, owned, error) || !ledger_check(asked->words + 2, asked->key, &check, error))
        return FALSE;
    if (check.why)
        return refuse_ledger(&check, error);
    if (!ledger_history(asked->words + 2, (const LedgerTag *) (gpointer) tags->data, tags->len, &out, error))
        return FALSE;
    put(&out);
    return TRUE;
}

/* What is bad is told on both ways out: as JSON, or as the sentence of the fault. */
static gboolean
run_verify(const Asked *asked, GError **error)
{
    g_auto(LedgerCheck) check = { 0 };
    g_auto(Text) out = TEXT_EMPTY;
    if (!asked->words[2])
        return fault_set(error, MSG_LICENCE_NO_LEDGER, NULL);
    if (!ledger_check(asked->words + 2, asked->key, &check, error))
        return FALSE;
    if (asked->json) {
        report_ledger(&out, &check);
        put(&out);
    } else if (!check.why) {
        licence_print_ledger(&check, asked->language);
    }
    return !check.why || refuse_ledger(&check, error);
}

/* What is compiled in: what the package installs for people to edit. */
static gboolean
run_tables(const Asked *asked, GError **error)
{
    static const char *const names[] = { "core-factors", "products" };
    g_autoptr(Tables) tables = tables_new();
    g_auto(Text) out = TEXT_EMPTY;
    guint choice;
    if (!asked->words[2] || !take_choice("tables", asked->words[2], names, &choice, error))
        return asked->words[2] ? FALSE : fault_set(error, MSG_LICENCE_NEEDS_OPTION, "option", "core-factors|products", NULL);
    if (choice)
        tables_write_products(&out, tables);
    else
        tables_write_factors(&out, tables);
    put(&out);
    return TRUE;
}

static const struct { const char *word; gboolean (*run)(const Asked *asked, GError **error); gboolean takes_words; } commands[] = {
    { "plan", run_plan, FALSE },
    { "count", run_count, FALSE },
    { "verify", run_verify, TRUE },
    { "history", run_history, TRUE },
    { "tables", run_tables, TRUE },
};

/* --- the line --------------------------------------------------------------------------------------------------------------- */

gboolean
licence_is_asked(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (g_str_equal(argv[i], "licence"))
            return TRUE;
        if (g_str_equal(argv[i], "--lang"))
            i++;
        else if (!g_str_equal(argv[i], "--json") && !g_str_has_prefix(argv[i], "--lang="))
            return FALSE;
    }
    return FALSE;
}

/* An option of another command is refused: whoever types it expects it to do something. */
static gboolean
options_belong(const Asked *asked, const char *command, GError **error)
{
    GOptionEntry rows[MOST_OPTIONS];
    fill((Asked *) asked, rows);
    for (const GOptionEntry *row = rows; row->long_name; row++) {
        gboolean given = row->arg == G_OPTION_ARG_NONE ? *(gboolean *) row->arg_data : *(char **) row->arg_data != NULL;
        const char *end = row->description ? strchr(row->description, ':') : NULL;
        g_autofree char *of = end ? g_strndup(row->description, (gsize) (end - row->description)) : NULL;
        if (given && of && !strstr(of, command))
            return fault_set(error, MSG_LICENCE_FOREIGN_OPTION, "option", row->long_name, "command", command, NULL);
    }
    return TRUE;
}

static gboolean
run_command(const Asked *asked, GError **error)
{
    const char *word = asked->words && asked->words[0] ? asked->words[1] : NULL;
    for (guint i = 0; word && i < G_N_ELEMENTS(commands); i++) {
        if (!g_str_equal(word, commands[i].word))
            continue;
        if (asked->words[2] && !commands[i].takes_words)
            return fault_set(error, MSG_LICENCE_STRAY, "word", asked->words[2], "command", word, NULL);
        return options_belong(asked, word, error) && commands[i].run(asked, error);
    }
    return fault_set(error, MSG_LICENCE_NO_COMMAND, NULL);
}

gboolean
licence_run(int *argc, char ***argv, Language *ret_language, GError **error)
{
    g_auto(Asked) asked = { 0 };
    GOptionEntry rows[MOST_OPTIONS];
    g_autoptr(GError) wrong = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    fill(&asked, rows);
    g_option_context_add_main_entries(context, rows, NULL);
    g_option_context_set_help_enabled(context, FALSE);
    gboolean parsed = g_option_context_parse(context, argc, argv, &wrong);
    *ret_language = asked.language = language_of_terminal(asked.lang);
    if (!parsed)
        return fault_set(error, MSG_CLI_USAGE, "text", wrong->message, NULL);
    if (asked.lang && !g_str_equal(asked.lang, "en") && !g_str_equal(asked.lang, "ja"))
        return fault_set(error, MSG_CLI_LANGUAGE, "given", asked.lang, NULL);
    return run_command(&asked, error);
}

/* --- what it says of itself ------------------------------------------------------------------------------------------------- */

void
licence_help(Text *out, Language language)
{
    GOptionEntry rows[MOST_OPTIONS];
    Asked none = { 0 };
    fill(&none, rows);
    text_printf(out, "\n%s\n", language_word("Options of licence:", language));
    for (const GOptionEntry *row = rows; row->long_name; row++) {
        g_autofree char *spelled = g_strconcat("--", row->long_name, row->arg_description ? "=" : "", row->arg_description ? row->arg_description : "", NULL);
        if (row->description)
            text_printf(out, "  %-30s  %s\n", spelled, language_word(row->description, language));
    }
}

void
licence_man(Text *out, Language language)
{
    GOptionEntry rows[MOST_OPTIONS];
    Asked none = { 0 };
    fill(&none, rows);
    usage_man_head(out, "LICENCES", language);
    usage_man_text(out, language_word("These commands read files and ask no manager. They count what published rules give for what was recorded, and say nothing of what anybody accepts.", language));
    text_add_literal(out, "\n");
    for (const GOptionEntry *row = rows; row->long_name; row++) {
        g_autofree char *spelled = g_strconcat("--", row->long_name, row->arg_description ? "=" : "", row->arg_description ? row->arg_description : "", NULL);
        if (row->description)
            usage_man_item(out, spelled, row->description, language);
    }
}

void
licence_complete(char *const *words, guint count, const char *prefix)
{
    GOptionEntry rows[MOST_OPTIONS];
    Asked none = { 0 };
    fill(&none, rows);
    for (guint i = 0; !count && *prefix != '-' && i < G_N_ELEMENTS(commands); i++) {
        if (g_str_has_prefix(commands[i].word, prefix))
            puts(commands[i].word);
    }
    for (const GOptionEntry *row = rows; count && row->long_name; row++) {
        g_autofree char *spelled = g_strconcat("--", row->long_name, row->arg_description ? "=" : "", NULL);
        gboolean fits = !row->description || strstr(row->description, words[0]);
        if (*row->long_name && fits && g_str_has_prefix(spelled, prefix))
            puts(spelled);
    }
}
