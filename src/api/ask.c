/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A question is a plan whose row writes an answer: the engine checks it and runs it on a worker, and nothing comes of it. */
#include "api/ask.h"

#include "api/links.h"

typedef struct {
    Exchange *exchange;
    WorkAnswer *answer;
} Asking;

const Command *
ask_find(const Place *place)
{
    const Command *command = command_find(place->word, place->members.type);
    return command && command->reads ? command : NULL;
}

static void
answered(gpointer data, G_GNUC_UNUSED const char *text, const GError *error)
{
    Asking *asking = data;
    Exchange *exchange = asking->exchange;
    Write write = { .out = exchange->reply, .format = exchange->format, .root = LINKS_ROOT };
    if (error) {
        exchange_end_fault(exchange, error);
    } else {
        write_object(&write, asking->answer->type, asking->answer->record, NULL);
        exchange_end(exchange);
    }
    work_answer_unref(asking->answer);
    g_free(asking);
}

void
ask(Exchange *exchange, const Place *place, const Command *question)
{
    Asking *asking = g_new0(Asking, 1);
    Work *work = work_new(question);
    *asking = (Asking) { exchange, work_answer_new(question->answer) };
    work->answer = work_answer_ref(asking->answer);
    work->target = ((const Object *) place->object)->id;
    work->user = exchange->user;
    g_hash_table_unref(work->query);
    work->query = exchange_parameters(exchange);
    engine_plan(exchange->engine, work, answered, asking);
}
