/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"types":[…],"commands":[…],"reads":[…]}: every type of the inventory, each followed by its children; every row of the command table with
 * its flags and steps; what may be said when something is read. Helps and steps in the reader's language. Made once a language: tables do
 * not change while we run. */
#include "api/describe_api.h"

#include "api/console.h"
#include "job/command.h"
#include "schema/describe.h"

/* TYPE and what it owns, unless TOLD already: permits are of roles and of cluster levels. */
static void
add_type(Text *out, const Type *type, GHashTable *told, Language language)
{
    if (!g_hash_table_add(told, (gpointer) type))
        return;
    if (out->bytes[out->length - 1] != '[')
        text_add_literal(out, ",");
    describe_json(out, type, view_search_words(type), console_verbs(type), language);
    for (const Field *row = type->fields; row->name; row++) {
        if (row->kind == KIND_CHILDREN && !(row->flags & SECRET))
            add_type(out, row->of, told, language);
    }
}

static void
add_flags(Text *out, const CommandFlag *flags, Language language)
{
    text_add_literal(out, "\"flags\":[");
    for (const CommandFlag *flag = flags; flag && flag->name; flag++) {
        text_add(out, flag == flags ? "{\"name\":" : ",{\"name\":");
        text_add_json(out, flag->name);
        text_add_literal(out, ",\"help\":");
        text_add_json(out, language_word(flag->help, language));
        text_add_literal(out, "}");
    }
    text_add_literal(out, "]");
}

/* Flags of reading; `on` NULL: of anything. */
static const struct {
    const char *verb, *on;
    CommandFlag flags[2];
} reads[] = {
    { "show", "cdrom", { { "current", "What lies in it now, not at the next start." } } },
    { "show", NULL, { { "all_content", "With the fields that are only told on demand." } } },
    { "list", NULL, { { "all_content", "With the fields that are only told on demand." } } },
};

static void
add_reads(Text *out, Language language)
{
    for (guint i = 0; i < G_N_ELEMENTS(reads); i++) {
        text_add(out, i == 0 ? "{\"verb\":" : ",{\"verb\":");
        text_add_json(out, reads[i].verb);
        text_add_literal(out, ",\"on\":");
        text_add_json(out, reads[i].on ? reads[i].on : "");
        text_add_literal(out, ",");
        add_flags(out, reads[i].flags, language);
        text_add_literal(out, "}");
    }
}

/* {"name":"vm.start","verb","on","permit","help","reads":false,"once":false,"flags":[{"name","help"}],"steps":["prepare disks",…]} */
static void
add_command(Text *out, const Command *command, Language language)
{
    g_autofree char *name = command_name(command);
    const char *words[][2] = { { "name", name }, { "verb", command->verb }, { "on", command->on->one },
                               { "permit", permit_name(command->permit) }, { "help", language_word(command->help ? command->help : "", language) } };
    if (out->bytes[out->length - 1] != '[')
        text_add_literal(out, ",");
    text_add_literal(out, "{");
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        text_add_json(out, words[i][0]);
        text_add_literal(out, ":");
        text_add_json(out, words[i][1]);
        text_add_literal(out, ",");
    }
    text_printf(out, "\"reads\":%s,\"once\":%s,", command->reads ? "true" : "false", command->once ? "true" : "false");
    add_flags(out, command->flags, language);
    text_add_literal(out, ",\"steps\":[");
    for (const Step *step = command->steps; step && step->name; step++) {
        if (step != command->steps)
            text_add_literal(out, ",");
        text_add_json(out, language_word(step->name, language));
    }
    text_add_literal(out, "]}");
}

static GBytes *
make(Language language)
{
    Text out = TEXT_EMPTY;
    g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
    text_add_literal(&out, "{\"types\":[");
    for (const Type *const *type = inventory_types; *type; type++)
        add_type(&out, *type, told, language);
    text_add_literal(&out, "],\"commands\":[");
    for (const Command *const *row = command_registry; *row; row++)
        add_command(&out, *row, language);
    text_add_literal(&out, "],\"reads\":[");
    add_reads(&out, language);
    text_add_literal(&out, "]}");
    return text_take_bytes(&out);
}

void
describe_api_get(Exchange *exchange)
{
    static gsize made[2] = { 0 };       /* one a language */
    Language language = exchange->language;
    if (g_once_init_enter(&made[language]))
        g_once_init_leave(&made[language], (gsize) make(language));
    exchange->media = "application/json";
    gsize length;
    const char *bytes = g_bytes_get_data((GBytes *) made[language], &length);
    text_add_bytes(exchange->reply, bytes, length);
    exchange_end(exchange);
}
