/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One run of one command: what it is about, what was chosen for it, what it claims. Read and filled by command/; made by
 * api and policy; owned by the engine, which hands it to one thread at a time. */
#include "job/claims.h"
#include "job/orders.h"

#include "base/text.h"
#include "schema/body.h"

#define ABOUT "about."              /* marks that are arguments of title and events */
#define DRAFT_MARK "draft"          /* the kept draft, base64 of its body */

Work *
work_new(const Command *command)
{
    Work *work = g_new0(Work, 1);
    work->command = command;
    work->correlation = g_strdup("");
    work->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    work->marks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    work->claims = g_ptr_array_new_with_free_func(g_free);
    return work;
}

WorkAnswer *
work_answer_new(const Type *type)
{
    WorkAnswer *answer = g_new0(WorkAnswer, 1);
    refs_init(&answer->refs);
    answer->type = type;
    answer->record = g_malloc0(type->size);
    return answer;
}

WorkAnswer *
work_answer_ref(WorkAnswer *answer)
{
    refs_inc(&answer->refs);
    return answer;
}

void
work_answer_unref(WorkAnswer *answer)
{
    if (!answer || !refs_dec(&answer->refs))
        return;
    type_clear(answer->type, answer->record);
    g_free(answer->record);
    g_free(answer);
}

void
work_free(Work *work)
{
    if (!work)
        return;
    draft_free(work->draft);
    work_answer_unref(work->answer);
    orders_unref(work->orders);
    g_clear_pointer(&work->query, g_hash_table_unref);
    g_clear_pointer(&work->marks, g_hash_table_unref);
    g_clear_pointer(&work->claims, g_ptr_array_unref);
    if (work->view)
        view_unref(work->view);
    g_free(work->correlation);
    g_free(work->door);
    g_free(work);
}

void
work_claim(Work *work, const Type *type, const Id *id)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *claim = g_strconcat(type->one, ":", id_format(id, type->ids, text), NULL);
    for (guint i = 0; i < work->claims->len; i++) {
        if (g_str_equal(work->claims->pdata[i], claim))
            return;
    }
    g_ptr_array_add(work->claims, g_steal_pointer(&claim));
}

void
work_claim_use(Work *work, const Type *type, const Id *id)
{
    char text[ID_TEXT_SIZE], user[ID_TEXT_SIZE];
    Id random = id_random();
    g_ptr_array_add(work->claims, g_strconcat(CLAIMS_USE, type->one, ":", id_format(id, type->ids, text), ":", id_format(&random, ID_UUID, user), NULL));
}

const char *
work_mark(const Work *work, const char *name)
{
    return g_hash_table_lookup(work->marks, name);
}

void
work_set_mark(Work *work, const char *name, const char *value)
{
    if (value)
        g_hash_table_replace(work->marks, g_strdup(name), g_strdup(value));
    else
        g_hash_table_remove(work->marks, name);
}

void
work_set_mark_id(Work *work, const char *name, const Id *id)
{
    char text[ID_TEXT_SIZE];
    work_set_mark(work, name, id_format(id, ID_UUID, text));
}

gboolean
work_mark_id(const Work *work, const char *name, Id *ret_id)
{
    const char *text = work_mark(work, name);
    return text && id_parse(text, ID_UUID, ret_id);
}

const Command *
work_words(const Work *work)
{
    return work->command->words ? work->command->words(work) : work->command;
}

void
work_set_about(Work *work, const char *argument, const char *value)
{
    g_autofree char *name = g_strconcat(ABOUT, argument, NULL);
    work_set_mark(work, name, value);
}

void
work_keep_draft(Work *work)
{
    if (!work->draft)
        return;
    g_auto(Text) body = TEXT_EMPTY;
    body_write_draft(&body, work->draft);
    g_autofree char *text = g_base64_encode((const guchar *) body.bytes, body.length);
    work_set_mark(work, DRAFT_MARK, text);
}

static gboolean
word_is_true(const char *word)
{
    return g_str_equal(word, "") || g_str_equal(word, "1") || g_ascii_strcasecmp(word, "true") == 0 || g_ascii_strcasecmp(word, "yes") == 0;
}

gboolean
command_takes(const Command *command, const char *flag)
{
    for (const CommandFlag *row = command->flags; row && row->name; row++) {
        if (g_str_equal(row->name, flag))
            return TRUE;
    }
    const Field *row = command->params ? type_find(command->params, flag) : NULL;
    return row && row->kind == KIND_BOOL;
}

gboolean
work_flag(const Work *work, const char *parameter, gboolean otherwise)
{
    g_assert(command_takes(work->command, parameter));      /* what nobody can look up is no flag */
    const Field *row = work->draft ? type_find(work->draft->type, parameter) : NULL;
    if (row && row->kind == KIND_BOOL && draft_has(work->draft, parameter))
        return *(const gboolean *) ((const char *) work->draft->record + row->offset);
    const char *sent = g_hash_table_lookup(work->query, parameter);
    return sent ? word_is_true(sent) : otherwise;
}

HostLink *
work_host(Work *work, GError **error)
{
    Id id;
    if (!work_mark_id(work, "host", &id)) {
        fault_set(error, MSG_JOB_NO_HOST, NULL);
        return NULL;
    }
    return hosts_find(work->hosts, &id, error);
}

/* A child lies in a list of its owner: its parent's row of that type. */
static gconstpointer
find_child(const Work *work, const Type *type, const Id *id)
{
    gconstpointer owner = id_is_null(&work->parent) ? NULL : work_find(work, type->parent, &work->parent);
    if (!owner)
        return NULL;
    for (const Field *row = type->parent->fields; row->name; row++) {
        if (row->kind == KIND_CHILDREN && row->of == type)
            return list_find((const List *) ((const char *) owner + row->offset), id);
    }
    return NULL;
}

gconstpointer
work_find(const Work *work, const Type *type, const Id *id)
{
    if (!work->view)
        return NULL;
    return type->parent ? find_child(work, type, id) : view_find(work->view, type, id);
}
