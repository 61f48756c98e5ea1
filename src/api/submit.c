/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests become works. A client is answered when the work has ended, unless it says async: oVirt's clients go on at once
 * with what they made, and a VM that is still being made would refuse them. Work that outlasts the engine's patience is
 * answered as under way. */
#include "api/submit.h"

#include "api/entity.h"
#include "api/links.h"
#include "model/fixed.h"
#include "model/record.h"
#include "model/storage.h"

#include <string.h>

typedef enum { KIND_OF_ADD, KIND_OF_UPDATE, KIND_OF_REMOVE, KIND_OF_ACTION } SubmitKind;

typedef struct {
    Exchange *exchange;
    SubmitKind kind;
    const Type *type;
    char *base;                         /* of the collection: a new object's href is BASE "/" id */
    Id owner;                           /* the object above, of a child */
    const Type *owner_type;             /* NULL: no child */
    Id target;                          /* the object; null while it is being added */
    gboolean wait;                      /* the engine answers when the job has ended */
    WorkAnswer *answer;                     /* what the command tells; NULL */
    gboolean must_end;                  /* the client asked for that: a job that takes too long is a fault */
    gboolean lasts;                     /* the job is no making of the object, which is there */
    Id registered;                      /* of TYPE: what comes of it, where the target is the storage domain it lies in */
} Submit;

static void
submit_free(Submit *submit)
{
    work_answer_unref(submit->answer);
    g_free(submit->base);
    g_free(submit);
}

static void
refuse(Submit *submit, const GError *error)
{
    if (submit->kind == KIND_OF_ACTION)
        exchange_end_action_fault(submit->exchange, error);
    else
        exchange_end_fault(submit->exchange, error);
    submit_free(submit);
}

/* --- replies ---------------------------------------------------------------------------------------------------------------- */

static void
add_json_pair(Text *out, const char *name, const char *value)
{
    text_printf(out, "\"%s\":", name);
    text_add_json(out, value);
}

/* ANSWER is written by the run until its end: NULL before that. */
static void
write_action(Exchange *exchange, const char *status, const Id *job, const WorkAnswer *answer)
{
    Text *out = exchange->reply;
    Write write = { .out = out, .format = exchange->format, .root = LINKS_ROOT };
    char id[ID_TEXT_SIZE];
    gboolean json = exchange->format == FORMAT_JSON;
    id_format(job, ID_UUID, id);
    text_add(out, json ? "{" : "<action>");
    if (!id_is_null(job) && json)
        text_printf(out, "\"job\":{\"href\":\"%s/jobs/%s\",\"id\":\"%s\"},", LINKS_ROOT, id, id);
    else if (!id_is_null(job))
        text_printf(out, "<job href=\"%s/jobs/%s\" id=\"%s\"/>", LINKS_ROOT, id, id);
    if (json)
        add_json_pair(out, "status", status);
    else
        text_printf(out, "<status>%s</status>", status);
    if (answer) {
        write_member(&write, answer->type->one);
        write_object(&write, answer->type, answer->record, NULL);
    }
    text_add(out, json ? "}" : "</action>");
}

static gconstpointer
find_owner(const Submit *submit, const View *view)
{
    return submit->owner_type ? view_find(view, submit->owner_type, &submit->owner) : NULL;
}

static void
set_location(Exchange *exchange, const char *path)
{
    g_autofree char *url = g_strconcat("https://", exchange->host, LINKS_ROOT, path, NULL);
    exchange_reply_header(exchange, "Location", url);
}

/* The object after it was added or changed. RUNNING: its job goes on. */
static gboolean
reply_object(Submit *submit, gconstpointer object, gboolean running, GError **error)
{
    Exchange *exchange = submit->exchange;
    g_autoptr(View) view = inventory_view(engine_inventory(exchange->engine));
    g_autofree char *word = place_type_word(submit->type);
    if (!id_is_null(&submit->registered))
        object = view_find(view, submit->type, &submit->registered);
    if (!object)
        return fault_set(error, MSG_API_GONE_AFTER, "type", word, NULL);
    g_autofree char *path = links_path(submit->base, object);
    if (submit->kind == KIND_OF_ADD) {
        exchange->status = running ? 202 : 201;
        set_location(exchange, path);
    }
    entity_reply(exchange, view, object, path);
    return TRUE;
}

static gboolean
reply(Submit *submit, gconstpointer object, const Id *job, gboolean running, GError **error)
{
    if (submit->kind == KIND_OF_ADD || submit->kind == KIND_OF_UPDATE)
        return reply_object(submit, object, running, error);
    if (submit->kind == KIND_OF_ACTION) {
        submit->exchange->status = running ? 202 : 200;
        write_action(submit->exchange, running ? "in_progress" : "complete", job, running ? NULL : submit->answer);
    }
    return TRUE;                        /* DELETE: the status alone */
}

/* The object as it stands while its job goes on. An attachment has the id of its disk, which the job knows. */
static gconstpointer
find_unfinished(const Submit *submit, const View *view, const Id *job_id)
{
    const Job *job = view_find(view, &job_type, job_id);
    const Id *id = !id_is_null(&submit->target) ? &submit->target : job ? &job->disk.id : &id_null;
    const Object *owner = find_owner(submit, view);
    if (!submit->owner_type)
        return view_find(view, submit->type, id);
    for (const Field *row = owner ? owner->type->fields : NULL; row && row->name; row++) {
        if (row->kind == KIND_CHILDREN && row->of == submit->type)
            return list_find((const List *) (gconstpointer) ((const char *) owner + row->offset), id);
    }
    return NULL;
}

/* The engine's patience is over and the job goes on: who did not ask to wait is told so as oVirt tells it. */
static gboolean
reply_unfinished(Submit *submit, const Id *job)
{
    g_autoptr(View) view = inventory_view(engine_inventory(submit->exchange->engine));
    gboolean shows = submit->kind == KIND_OF_ADD || submit->kind == KIND_OF_UPDATE;
    gconstpointer object = shows ? find_unfinished(submit, view, job) : NULL;
    return (object || !shows) && reply(submit, object, job, TRUE, NULL);
}

static void
done(gpointer data, gconstpointer object, const Id *job, const GError *failure)
{
    Submit *submit = data;
    Exchange *exchange = submit->exchange;
    g_autoptr(GError) error = NULL;
    gboolean unfinished = failure && fault_of(failure) == FAULT_TIMEOUT && !submit->must_end && !id_is_null(job);
    if (failure && !(unfinished && reply_unfinished(submit, job))) {
        refuse(submit, failure);
    } else if (!failure && !reply(submit, object, job, !submit->wait && !submit->lasts && !id_is_null(job), &error)) {
        refuse(submit, error);
    } else {
        submit_free(submit);
        exchange_end(exchange);
    }
}

static void
planned(gpointer data, const char *text, const GError *error)
{
    Submit *submit = data;
    Exchange *exchange = submit->exchange;
    Text *out = exchange->reply;
    if (error) {
        refuse(submit, error);
        return;
    }
    g_autofree char *told = message_lines(text, exchange->language);
    if (exchange->format == FORMAT_JSON) {
        text_add_literal(out, "{");
        add_json_pair(out, "plan", told);
        text_add_literal(out, "}");
    } else {
        text_add_literal(out, "<plan><text>");
        text_add_xml(out, told);
        text_add_literal(out, "</text></plan>");
    }
    submit_free(submit);
    exchange_end(exchange);
}

/* --- what was sent --------------------------------------------------------------------------------------------------------------- */

/* The body of actions whose commands take none: looked at for `async` alone. */
typedef struct { gboolean async; } ActionParams;
static const Type action_type = { .one = "action", .many = "actions", .size = sizeof(ActionParams), .fields = (const Field[]) {
    BOOL(ActionParams, async, ADD, "WorkAnswer before it is done."),
    { 0 } } };

Draft *
submit_read(const Exchange *exchange, const Type *type, GError **error)
{
    if (!exchange->body || !exchange->body_length)
        return NULL;
    if (exchange->body_is_json)
        return read_json(type, exchange->body, exchange->body_length, exchange->read, error);
    return read_xml(type, exchange->body, exchange->body_length, exchange->read, error);
}

static gboolean
says_async(const Exchange *exchange, const Draft *draft)
{
    gconstpointer holder = NULL;
    const Field *row = draft && draft_has(draft, "async") ? type_walk(draft->type, draft->record, "async", &holder) : NULL;
    if (row && row->kind == KIND_BOOL && *(const gboolean *) (gconstpointer) ((const char *) holder + row->offset))
        return TRUE;
    return exchange_flag(exchange, "async", FALSE);
}

static const char *
sent_text(const Draft *draft, const char *name)
{
    gconstpointer holder = NULL;
    const Field *row = draft ? type_walk(draft->type, draft->record, name, &holder) : NULL;
    return row && row->kind == KIND_TEXT ? *(char *const *) (gconstpointer) ((const char *) holder + row->offset) : NULL;
}

/* --- works ------------------------------------------------------------------------------------------------------------------------ */

static Submit *
submit_new(Exchange *exchange, SubmitKind kind, const Place *place)
{
    Submit *submit = g_new0(Submit, 1);
    gboolean child = place->row && place->row->kind == KIND_CHILDREN;
    submit->exchange = exchange;
    submit->kind = kind;
    submit->type = place->members.type;
    submit->base = g_strdup(place->members.base);
    if (child) {
        submit->owner = ((const Object *) place->above.object)->id;
        submit->owner_type = ((const Object *) place->above.object)->type;
    }
    if (place->object)
        submit->target = ((const Object *) place->object)->id;
    return submit;
}

/* A person vouches for a job's end: the engine's own deed, and no work. */
static void
abandon(Submit *submit, Draft *take)
{
    const Exchange *exchange = submit->exchange;
    const char *proof = sent_text(take, "proof");
    EngineProof given = { exchange->user, proof && *proof ? proof : sent_text(take, "reason"), exchange->correlation,
                          exchange_flag(exchange, "plan", FALSE) ? planned : NULL };
    submit->wait = TRUE;
    engine_abandon(exchange->engine, &submit->target, &given, done, submit);
    draft_free(take);
}

static void
cancel(Submit *submit, Draft *take)
{
    const Exchange *exchange = submit->exchange;
    submit->wait = TRUE;
    engine_cancel(exchange->engine, &submit->target, exchange_flag(exchange, "plan", FALSE) ? planned : NULL, done, submit);
    draft_free(take);
}

static void
send(Submit *submit, const Command *command, Draft *take)
{
    Exchange *exchange = submit->exchange;
    gboolean asks_wait = exchange_flag(exchange, "wait", FALSE) || exchange->expects_end;
    submit->must_end = asks_wait;
    submit->lasts = command->lasts;
    submit->wait = !command->lasts && (asks_wait || (exchange_flag(exchange, "wait", TRUE) && !says_async(exchange, take)));
    Work *work = work_new(command);
    work->target = submit->target;
    work->parent = submit->owner;
    work->draft = command->params ? take : NULL;
    if (!command->params)
        draft_free(take);
    g_hash_table_unref(work->query);
    work->query = exchange_parameters(exchange);
    work->user = exchange->user;
    submit->answer = command->answer ? work_answer_new(command->answer) : NULL;
    work->answer = submit->answer ? work_answer_ref(submit->answer) : NULL;
    g_free(work->correlation);
    work->correlation = g_strdup(exchange->correlation);
    work->door = g_strdup(exchange->host);
    if (exchange_flag(exchange, "plan", FALSE))
        engine_plan(exchange->engine, work, planned, submit);
    else
        engine_submit(exchange->engine, work, submit->wait, done, submit);
}

static void
not_built(Submit *submit, MessageCode code, const Place *place)
{
    g_autoptr(GError) error = NULL;
    const Type *type = place->members.type;
    g_autofree char *word = type ? place_type_word(type) : NULL, *list = g_strdelimit(g_strdup(place->members.root), "_", ' ');
    if (code == MSG_API_DETACH_NOT_BUILT) {
        g_autofree char *above = place_type_word(((const Object *) place->above.object)->type);
        fault_set(&error, code, "list", list, "type", above, NULL);
    } else if (code == MSG_API_ADD_NOT_BUILT) {
        fault_set(&error, code, "list", list, NULL);
    } else {
        fault_set(&error, code, "type", word, "verb", place->word ? place->word : "", NULL);
    }
    refuse(submit, error);
}

/* --- verbs -------------------------------------------------------------------------------------------------------------------------- */

/* What is added below something belongs to it, unless the body says otherwise. */
static gboolean
set_above(Draft *draft, const Place *place, GError **error)
{
    char id[ID_TEXT_SIZE];
    const Object *above = place->above.object;
    if (!place->members.by || draft_has(draft, place->members.by))
        return TRUE;
    return draft_set_text(draft, place->members.by, id_format(&above->id, above->type->ids, id), error);
}

/* New objects get their id here, so that they can be found while their job still runs. */
static void
choose_id(Submit *submit, const Draft *draft)
{
    if (submit->type->ids != ID_UUID)
        return;
    submit->target = draft->has_id ? ((const Object *) draft->record)->id : id_random();
}

/* Who is meant by what was sent: by id, else by name. */
static const Object *
find_meant(const Place *place, const Draft *sent, GError **error)
{
    g_autofree char *word = place_type_word(place->members.type);
    const char *name = sent_text(sent, "name");
    char text[ID_TEXT_SIZE];
    if (sent && sent->has_id)
        name = id_format(&((const Object *) sent->record)->id, place->members.type->ids, text);
    const Object *object;
    for (ViewWalk walk = view_walk(place->view, place->members.type); name && (object = view_next(&walk));) {
        if (sent->has_id ? id_equal(&object->id, &((const Object *) sent->record)->id) : g_strcmp0(object_text(object, "name"), name) == 0)
            return object;
    }
    fault_set(error, MSG_API_NO_OBJECT, "type", word, "id", name ? name : "", NULL);
    return NULL;
}

/* A member of something above joins it by a verb of its own. */
static void
submit_join(Submit *submit, const Place *place)
{
    g_autoptr(GError) error = NULL;
    const Command *command = command_find(place->members.join, place->members.type);
    g_autoptr(Draft) sent = submit_read(submit->exchange, place->members.type, &error);
    const Object *meant = error ? NULL : find_meant(place, sent, &error);
    Draft *draft = meant ? draft_new(command->params) : NULL;
    if (!meant || !set_above(draft, place, &error)) {
        draft_free(draft);
        refuse(submit, error);
        return;
    }
    submit->target = meant->id;
    send(submit, command, draft);
}

void
submit_add(Exchange *exchange, const Place *place)
{
    g_autoptr(GError) error = NULL;
    const Type *type = place->members.type;
    Submit *submit = submit_new(exchange, KIND_OF_ADD, place);
    if (place->members.join) {
        submit_join(submit, place);
        return;
    }
    const Command *command = type ? command_find("add", type) : NULL;
    if (!command || place->members.theirs) {
        not_built(submit, command ? MSG_API_DETACH_NOT_BUILT : MSG_API_ADD_NOT_BUILT, place);
        return;
    }
    Draft *draft = submit_read(exchange, command->params, &error);
    if (!draft && !error)
        fault_set(&error, MSG_BODY_MISSING, "type", type->one, NULL);
    if (error || (place->row && !set_above(draft, place, &error))) {
        draft_free(draft);
        refuse(submit, error);
        return;
    }
    choose_id(submit, draft);
    send(submit, command, draft);
}

/* No verb will ever change it, built or not. */
static gboolean
refuse_fixed(Submit *submit, const Place *place)
{
    g_autoptr(GError) error = NULL;
    const Type *type = place->members.type;
    if (place->members.theirs || !members_stand_alone(type) || !fixed_has(type, &((const Object *) place->object)->id))
        return FALSE;
    g_autofree char *word = place_type_word(type), *name = object_name(place->object);
    fault_set(&error, MSG_MODEL_FIXED, "type", word, "name", name, NULL);
    refuse(submit, error);
    return TRUE;
}

void
submit_update(Exchange *exchange, const Place *place)
{
    g_autoptr(GError) error = NULL;
    const Type *type = place->members.type;
    Submit *submit = submit_new(exchange, KIND_OF_UPDATE, place);
    const Command *command = command_find("update", type);
    if (refuse_fixed(submit, place))
        return;
    if (!command || place->members.theirs) {
        not_built(submit, place->members.theirs ? MSG_API_DETACH_NOT_BUILT : MSG_API_UPDATE_NOT_BUILT, place);
        return;
    }
    Draft *draft = submit_read(exchange, command->params, &error);
    if (!draft && !error)
        fault_set(&error, MSG_BODY_MISSING, "type", type->one, NULL);
    if (error)
        refuse(submit, error);
    else
        send(submit, command, draft);
}

void
submit_remove(Exchange *exchange, const Place *place)
{
    Submit *submit = submit_new(exchange, KIND_OF_REMOVE, place);
    const Command *command = command_find(place->members.leave ? place->members.leave : "remove", place->members.type);
    if (refuse_fixed(submit, place))
        return;
    if (command && (!place->members.theirs || place->members.leave))
        send(submit, command, NULL);
    else
        not_built(submit, place->members.theirs ? MSG_API_DETACH_NOT_BUILT : MSG_API_REMOVE_NOT_BUILT, place);
}

/* The command behind an action's path; "add", "update" and "remove" are no paths. */
static const Command *
find_action(const Type *type, const char *word)
{
    const char *const *verbs = command_verbs(type);
    for (guint i = 0; verbs && verbs[i]; i++) {
        if (g_str_equal(verbs[i], word))
            return command_find(word, type);
    }
    return NULL;
}

/* oVirt's own actions, so that a client learns that its word was right. */
static gboolean
is_known_action(const Type *type, const char *word)
{
    static const struct { const char *type, *words; } known[] = {
        { "vm", " autopincpuandnumanodes cancelmigration clone commitsnapshot detach export freezefilesystems logon maintenance migrate previewsnapshot reboot "
                "reordermacaddresses reset screenshot shutdown start stop suspend thawfilesystems ticket undosnapshot " },
        { "host", " activate approve commitnetconfig copyhostnetworks deactivate discoveriscsi enrollcertificate fence forceselectspm install iscsidiscover iscsilogin "
                  "refresh setupnetworks syncallnetworks unregisteredstoragedomainsdiscover upgrade upgradecheck " },
        { "disk", " convert copy export move reduce refreshlun sparsify " },
        { "storage_domain", " activate deactivate isattached reduceluns refreshluns updateovfstore " },
        { "data_center", " cleanfinishedtasks setmaster " },
        { "cluster", " refreshglusterhealstatus resetemulatedmachine syncallnetworks upgrade " },
        { "nic", " activate deactivate " },
        { "snapshot", " restore " },
        { "graphics_console", " proxyticket remoteviewerconnectionfile ticket " },
        { "template", " export " },
        { "job", " clear end " },
        { "step", " end " },
        { "image_transfer", " cancel extend finalize pause resume " },
        { "vm_pool", " allocatevm " },
    };
    g_autofree char *sought = g_strconcat(" ", word, " ", NULL);
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_str_equal(known[i].type, type->one) && strstr(known[i].words, sought))
            return TRUE;
    }
    return FALSE;
}

gboolean
submit_knows_action(const Place *place, GError **error)
{
    const Type *type = place->members.type;
    g_autofree char *word = place_type_word(type);
    if (find_action(type, place->word) || is_known_action(type, place->word))
        return TRUE;
    return fault_set(error, MSG_API_NO_ACTION, "type", word, "word", place->word, NULL);
}

static void
refuse_word(Submit *submit, const Place *place)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *type = place_type_word(submit->type);
    if (submit_knows_action(place, &error))
        fault_set(&error, MSG_API_ACTION_NOT_BUILT, "type", type, "verb", place->word, NULL);
    refuse(submit, error);
}

void
submit_action(Exchange *exchange, const Place *place)
{
    g_autoptr(GError) error = NULL;
    Submit *submit = submit_new(exchange, KIND_OF_ACTION, place);
    const Command *command = find_action(submit->type, place->word);
    if (!command) {
        refuse_word(submit, place);
        return;
    }
    Draft *draft = submit_read(exchange, command->params ? command->params : &action_type, &error);
    if (error)
        refuse(submit, error);
    else if (submit->type == &job_type && g_str_equal(place->word, "abandon"))
        abandon(submit, draft);
    else if (submit->type == &job_type && g_str_equal(place->word, "cancel"))
        cancel(submit, draft);
    else
        send(submit, command, draft);
}

/* Its name in the body of a member of a list. */
static const char *
sent_name(const Draft *sent)
{
    const char *alias = sent_text(sent, "alias");
    return alias ? alias : sent_text(sent, "name");
}

/* A whole object was sent, of which its id and a name are of use. */
static Draft *
register_listed(Submit *submit, const Place *place, const Command *command, GError **error)
{
    char text[ID_TEXT_SIZE];
    g_autoptr(Draft) sent = submit_read(submit->exchange, place->members.type, error), draft = draft_new(command->params);
    const char *name = sent ? sent_name(sent) : NULL;
    submit->registered = sent && sent->has_id ? ((const Object *) sent->record)->id : id_null;
    submit->target = ((const Object *) place->above.object)->id;
    const char *row = place->members.type == &vm_type ? "vm.name" : "name";
    if (*error || (!id_is_null(&submit->registered) && !draft_set_text(draft, "id", id_format(&submit->registered, ID_UUID, text), error)) ||
        (name && !draft_set_text(draft, row, name, error)))
        return NULL;
    return g_steal_pointer(&draft);
}

static Draft *
register_named(Submit *submit, const Command *command, const char *id, GError **error)
{
    g_autoptr(Draft) draft = submit_read(submit->exchange, command->params, error);
    if (!draft && !*error)
        draft = draft_new(command->params);
    return draft && draft_set_text(draft, "id", id, error) ? g_steal_pointer(&draft) : NULL;
}

void
submit_register(Exchange *exchange, const Place *place, const char *id)
{
    g_autoptr(GError) error = NULL;
    Submit *submit = submit_new(exchange, id ? KIND_OF_ACTION : KIND_OF_ADD, place);
    const char *verb = id ? place->word : place->members.type == &vm_type ? "registervm" : "registerdisk";
    const Command *command = command_find(verb, &storage_domain_type);
    Draft *draft = id ? register_named(submit, command, id, &error) : register_listed(submit, place, command, &error);
    if (draft)
        send(submit, command, draft);
    else
        refuse(submit, error);
}
