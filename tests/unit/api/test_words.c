/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the tables say has its Japanese: types, fields, verbs, steps, states; no word of help stands there for nothing; the words that
 * oVirt's clients match come in every language; events and jobs are told anew. */
#include "api/fault.h"
#include "api/told.h"
#include "base/language.h"
#include "job/command.h"
#include "model/inventory.h"
#include "model/places.h"
#include "model/record.h"
#include "model/storage.h"
#include "model/vm.h"

#include <string.h>

static const char *const help[] = {
#define WORD(en, ja) en,
#include "base/catalogue/ja/help.def"
#undef WORD
};

static const char *const matched[] = {
#define MATCHED(words) words,
#include "base/catalogue/matched.def"
#undef MATCHED
};

static const char *const sentences[] = {
#define MESSAGE(name, fault, code, en, hint) en,
#include "base/catalogue/all.def"
#undef MESSAGE
};

static GHashTable *used;            /* helps that a table has */
static guint missing;

static void
need(const char *english, const char *where)
{
    if (!english || !*english)
        return;
    g_hash_table_add(used, (gpointer) english);
    if (language_word(english, LANGUAGE_JA) != english)
        return;
    missing++;
    g_test_message("no Japanese for \"%s\" (%s): add a row to src/base/catalogue/ja", english, where);
}

static void
need_type_word(const char *name)
{
    g_autofree char *told = language_phrase(name, LANGUAGE_JA);
    missing += g_str_equal(told, name);
    if (g_str_equal(told, name))
        g_test_message("no Japanese for the type \"%s\": add a row to src/base/catalogue/ja/states.def", name);
}

static void
need_type(const Type *type, GHashTable *seen)
{
    if (!g_hash_table_add(seen, (gpointer) type))
        return;
    need(type->help, type->one);
    if (type->path) {
        need_type_word(type->one);
        need_type_word(type->many);
    }
    for (const Field *row = type->fields; row->name; row++) {
        if (row->kind != KIND_COLLECT)
            need(row->help, row->name);
        if (row->kind == KIND_GROUP || row->kind == KIND_LIST || row->kind == KIND_CHILDREN)
            need_type(row->of, seen);
    }
}

static void
need_states(const Names *names)
{
    for (guint i = 1; i < names->count; i++)
        need(names->names[i], "a state");
}

static void
test_tables(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    used = g_hash_table_new(g_str_hash, g_str_equal);
    missing = 0;
    for (const Type *const *type = inventory_types; *type; type++)
        need_type(*type, seen);
    for (const Command *const *row = command_registry; *row; row++) {
        need((*row)->help, (*row)->verb);
        if ((*row)->params)
            need_type((*row)->params, seen);
        if ((*row)->answer)
            need_type((*row)->answer, seen);
        for (const CommandFlag *flag = (*row)->flags; flag && flag->name; flag++)
            need(flag->help, flag->name);
        for (const Step *step = (*row)->steps; step && step->name; step++)
            need(step->name, "a step");
    }
    need_states(&vm_status_names);
    need_states(&host_status_names);
    need_states(&storage_status_names);
    need("Its id.", "search");
    for (guint i = 0; i < G_N_ELEMENTS(help); i++) {
        missing += !g_hash_table_contains(used, help[i]);
        if (!g_hash_table_contains(used, help[i]))
            g_test_message("no table says \"%s\" any more: remove it from src/base/catalogue/ja/help.def", help[i]);
    }
    g_hash_table_unref(used);
    g_assert_cmpuint(missing, ==, 0);
}

/* The body of a fault of row CODE, its arguments left open. Yours. */
static char *
body_of(guint code, Language language)
{
    g_autoptr(GError) error = NULL;
    g_auto(Text) out = TEXT_EMPTY;
    fault_set(&error, (MessageCode) code, NULL);
    fault_write(&out, FORMAT_JSON, language, error, FALSE);
    return text_take(&out);
}

static void
test_matched(void)
{
    guint found = 0;
    for (guint i = 0; i < N_MESSAGES; i++) {
        g_autofree char *english = body_of(i, LANGUAGE_EN), *japanese = body_of(i, LANGUAGE_JA);
        for (guint m = 0; m < G_N_ELEMENTS(matched); m++) {
            if (!strstr(sentences[i], matched[m]))
                continue;
            found++;
            g_assert_nonnull(strstr(english, matched[m]));
            g_assert_nonnull(strstr(japanese, matched[m]));
        }
    }
    g_assert_cmpuint(found, >=, G_N_ELEMENTS(matched) - 1);
}

static void
test_told(void)
{
    g_autoptr(Message) message = message_new(MSG_STARTING_VM, "vm", "web1", NULL), why = message_new(MSG_FACT_HOST_SILENT, "host", "n1", NULL);
    Job *job = object_new(&job_type);
    JobStep *step = object_new(&job_step_type);
    job->message = message_encode(message);
    job->description = message_text(message, LANGUAGE_EN);
    job->fault_message = message_encode(why);
    job->fault = message_text(why, LANGUAGE_EN);
    step->description = g_strdup("start domain");
    step->name = g_strdup("start domain");
    list_add(&job->steps, step);
    g_assert_null(told_anew(job, LANGUAGE_EN));
    Job *told = told_anew(job, LANGUAGE_JA);
    g_assert_cmpstr(told->description, ==, "仮想マシン「web1」の起動");
    g_assert_cmpstr(told->fault, ==, "ホスト「n1」が応答しません。");
    const JobStep *told_step = told->steps.items[0];
    g_assert_cmpstr(told_step->description, ==, "ドメインの起動");
    g_assert_cmpstr(told_step->name, ==, "start domain");
    g_assert_cmpstr(job->description, ==, "Starting VM web1");
    object_unref(told);
    object_unref(job);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/words/tables", test_tables);
    g_test_add_func("/words/matched", test_matched);
    g_test_add_func("/words/told", test_told);
    return g_test_run();
}
