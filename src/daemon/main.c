/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * shikirid: options, then either one errand (reference, backup, restore) or the manager. */
#include "api/openapi.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/workers.h"
#include "daemon/data_dir.h"
#include "daemon/last_words.h"
#include "daemon/shikiri.h"
#include "daemon/notify.h"
#include "daemon/reference.h"
#include "daemon/signals.h"
#include "store/store.h"

#include <locale.h>
#include <stdio.h>
#include <unistd.h>

static int
fail(const GError *error)
{
    Language language = language_of_terminal(NULL);
    g_autofree char *text = message_text(fault_message(error), language), *hint = message_hint(fault_message(error), language);
    fprintf(stderr, "shikirid: %s%s%s\n", text, hint && language == LANGUAGE_EN ? " " : "", hint ? hint : "");
    return fault_exit(fault_of(error));
}

/* Whole as UTF-8, whatever the locale. */
static int
put(const Text *text)
{
    fwrite(text->bytes, 1, text->length, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* Pages for people are in their language; what programs read is always the same. */
static int
describe_all(const char *format)
{
    g_auto(Text) text = TEXT_EMPTY;
    if (g_str_equal(format, "markdown"))
        reference_markdown(&text);
    else if (g_str_equal(format, "openapi"))
        openapi_write(&text);
    else if (g_str_equal(format, "man"))
        reference_man(&text, language_of_terminal(NULL));
    else
        reference_man_resources(&text, language_of_terminal(NULL));
    return put(&text);
}

static int
help(void)
{
    g_auto(Text) text = TEXT_EMPTY;
    options_help(&text, language_of_terminal(NULL));
    return put(&text);
}

static int
run_errand(const Options *options)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *file = g_build_filename(options->data_dir, SHIKIRI_FILE, NULL);
    if (options->restore && !(store_check_backup(options->restore, &error) && data_dir_prepare(options->data_dir, FALSE, &error)))
        return fail(error);         /* a new machine has no directory yet, and a bad backup makes none */
    gboolean done = options->backup ? store_backup(file, options->backup, &error) : store_restore(options->restore, file, &error);
    if (!done)
        return fail(error);
    const char *did = language_word(options->backup ? "backup written to" : "restored from", language_of_terminal(NULL));
    printf("shikirid: %s %s\n", did, options->backup ? options->backup : options->restore);
    g_autofree char *ledger = g_build_filename(options->data_dir, "ledger", NULL);
    g_autoptr(Message) apart = message_new(MSG_DAEMON_LEDGER_APART, "dir", options->data_dir, NULL);
    g_autofree char *also = message_text(apart, language_of_terminal(NULL));
    if (options->backup && g_file_test(ledger, G_FILE_TEST_IS_DIR))
        printf("%s\n", also);
    g_autoptr(Message) warning = message_new(MSG_DAEMON_RESTORED, "dir", options->data_dir, NULL);
    g_autofree char *told = message_text(warning, language_of_terminal(NULL));
    if (options->restore)
        printf("%s\n", told);
    return 0;
}

/* Points of which kind there are, and how many, only a run can say. */
static void
tell_points(void)
{
    log_info("points passed: %" G_GUINT64_FORMAT " step, %" G_GUINT64_FORMAT " effect, %" G_GUINT64_FORMAT " sql", failpoint_count(FAILPOINT_STEP),
             failpoint_count(FAILPOINT_EFFECT), failpoint_count(FAILPOINT_SQL));
}

static int
serve(const Options *options)
{
    g_autoptr(GError) error = NULL;
    if (options->fail_at && !failpoint_arm(options->fail_at, &error))
        return fail(error);
    if (!data_dir_prepare(options->data_dir, options->fake == NULL, &error))
        return fail(error);
    Shikiri *shikiri = shikiri_new(options, &error);
    if (!shikiri)
        return fail(error);
    g_autofree char *url = shikiri_url(shikiri);
    g_print("shikirid: ready %s\n", url);
    fflush(stdout);
    notify_ready(url);
    shikiri_run(shikiri);
    notify_stopping();
    shikiri_free(shikiri);
    if (options->fail_at)
        tell_points();
    signals_ended();
    if (workers_were_abandoned())
        _exit(0);                   /* what libraries tidy up at an exit is still used by those */
    return 0;
}

int
main(int argc, char **argv)
{
    g_auto(Options) options = { 0 };
    g_autoptr(GError) error = NULL;
    last_words_set_up();
    memory_set_up();
    setlocale(LC_CTYPE, "");
    if (!options_parse(&options, &argc, &argv, &error))
        return fail(error);
    log_level_set(options.debug ? LOG_DEBUG_ : LOG_INFO);
    if (options.version) {
        g_print("shikirid %s\n", SHIKIRI_VERSION);
        return 0;
    }
    if (options.help)
        return help();
    if (options.describe)
        return describe_all(options.describe);
    if (options.backup || options.restore)
        return run_errand(&options);
    return serve(&options);
}
