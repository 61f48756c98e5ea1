/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The doubles behind world.h. The store's symbols are all defined here, so the real one is not linked. */
#include "world.h"

#include "base/text.h"
#include "schema/body.h"

#include <string.h>

World world;
Outside outside;

/* --- the store ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const Changes *changes;
    StoreDone done;
    gpointer data;
} Write;

struct Store {
    StoreMode mode;
    GQueue waiting;                 /* Write * */
    GHashTable *rows;               /* "type:id" → GBytes */
    GHashTable *kept;               /* "space:id" → text */
    gboolean full, failed;
    guint writes;
    guint64 next_event;
};
static Store store;

static char *
row_key(const Type *type, const Id *id)
{
    char text[ID_TEXT_SIZE];
    return g_strdup_printf("%s:%s", type->one, id_format(id, ID_UUID, text));
}

static void
store_clear(void)
{
    g_clear_pointer(&store.rows, g_hash_table_unref);
    g_clear_pointer(&store.kept, g_hash_table_unref);
    g_queue_clear_full(&store.waiting, g_free);
    memset(&store, 0, sizeof(store));
}

static void
store_fresh(void)
{
    store_clear();
    g_queue_init(&store.waiting);
    store.rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
    store.kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    store.next_event = 1;
}

static void
keep_row(const Change *row)
{
    const Object *object = row->after ? row->after : row->before;
    char *key = row_key(object->type, &object->id);
    if (!row->after) {
        g_hash_table_remove(store.rows, key);
        g_free(key);
        return;
    }
    Text body = TEXT_EMPTY;
    body_write(&body, object->type, object);
    g_hash_table_replace(store.rows, key, text_take_bytes(&body));
}

static void
write_down(const Changes *changes)
{
    guint count;
    const Change *rows = changes_rows(changes, &count);
    for (guint i = 0; i < count; i++) {
        if (rows[i].stored)
            keep_row(&rows[i]);
    }
    const Keep *keeps = changes_keeps(changes, &count);
    for (guint i = 0; i < count; i++) {
        char text[ID_TEXT_SIZE];
        char *key = g_strdup_printf("%s:%s", keeps[i].space, id_format(&keeps[i].id, ID_UUID, text));
        if (keeps[i].text) {
            g_hash_table_replace(store.kept, key, g_strdup(keeps[i].text));
        } else {
            g_hash_table_remove(store.kept, key);
            g_free(key);
        }
    }
    store.writes++;
}

static void
answer_one(Write *write, gboolean well)
{
    g_autoptr(GError) error = NULL;
    store.failed |= !well;
    if (store.failed)
        fault_set(&error, MSG_JOB_STORE_RESTING, NULL);
    else
        write_down(write->changes);
    write->done(write->data, error);
    g_free(write);
}

void
store_write(Store *own, const Changes *changes, StoreDone done, gpointer data)
{
    Write *write = g_new0(Write, 1);
    *write = (Write) { changes, done, data };
    g_queue_push_tail(&own->waiting, write);
    if (own->mode == STORE_ANSWERS)
        answer_one(g_queue_pop_head(&own->waiting), !own->full);
}

void
store_resume(Store *own)
{
    g_assert_true(own->failed);
    own->failed = FALSE;
}

Message *
store_trouble(Store *own)
{
    return own->full ? message_new(MSG_JOB_STORE_RESTING, NULL) : NULL;
}

char *
store_kept(Store *own, const char *space, const Id *id, G_GNUC_UNUSED GError **error)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *key = g_strdup_printf("%s:%s", space, id_format(id, ID_UUID, text));
    return g_strdup(g_hash_table_lookup(own->kept, key));
}

guint64
store_next_event(Store *own)
{
    return own->next_event;
}

static gpointer
read_row(const Type *type, const Id *id, GBytes *bytes)
{
    gsize length;
    gconstpointer data = g_bytes_get_data(bytes, &length);
    g_autoptr(GError) error = NULL;
    gpointer object = body_read(type, id, data, length, &error);
    g_assert_no_error(error);
    return object;
}

gboolean
store_load(Store *own, Changes *changes, G_GNUC_UNUSED GError **error)
{
    for (guint i = 0; inventory_types[i]; i++) {
        GHashTableIter iter;
        const char *key;
        GBytes *bytes;
        g_autofree char *prefix = g_strconcat(inventory_types[i]->one, ":", NULL);
        g_hash_table_iter_init(&iter, own->rows);
        while (g_hash_table_iter_next(&iter, (gpointer *) &key, (gpointer *) &bytes)) {
            Id id;
            if (!g_str_has_prefix(key, prefix))
                continue;
            g_assert_true(id_parse(key + strlen(prefix), ID_UUID, &id));
            changes_add(changes, read_row(inventory_types[i], &id, bytes));
        }
    }
    return TRUE;
}

void
world_store_mode(StoreMode mode)
{
    store.mode = mode;
}

guint
world_store_waiting(void)
{
    return store.waiting.length;
}

void
world_store_answer(guint count, gboolean well)
{
    for (; count > 0 && store.waiting.length > 0; count--)
        answer_one(g_queue_pop_head(&store.waiting), well);
}

void
world_store_trouble(gboolean full)
{
    store.full = full;
}

guint
world_store_writes(void)
{
    return store.writes;
}

gpointer
world_stored(const Type *type, const Id *id)
{
    g_autofree char *key = row_key(type, id);
    GBytes *bytes = g_hash_table_lookup(store.rows, key);
    return bytes ? read_row(type, id, bytes) : NULL;
}

/* --- commands -------------------------------------------------------------------------------------------------------------- */

static void
say(const char *what, int step)
{
    char word[32];
    g_snprintf(word, sizeof(word), "%s:%c ", what, 'a' + step);
    g_strlcat(outside.log, word, sizeof(outside.log));
}

static gboolean
run_step_of(int step, GError **error)
{
    say("run", step);
    Behaviour behaviour = outside.run[step];
    if (behaviour != FAILS_FOR_EVER)
        outside.run[step] = DOES;
    outside.effect[step] |= behaviour == DOES || behaviour == DOES_THEN_FAILS || behaviour == UNKNOWN_DONE;
    if (behaviour == DOES)
        return TRUE;
    if (behaviour == FAILS || behaviour == DOES_THEN_FAILS || behaviour == FAILS_FOR_EVER)
        return fault_set(error, MSG_INTERNAL, "text", "ordered", NULL);
    return fault_set(error, MSG_JOB_OUTCOME_UNKNOWN, "job", "x", "id", "y", NULL);
}

static Probe
probe_step_of(int step)
{
    say("probe", step);
    if (outside.blind)
        return PROBE_UNKNOWN;
    return outside.effect[step] ? PROBE_DONE : PROBE_NOT_DONE;
}

static gboolean
undo_step_of(int step, GError **error)
{
    say("undo", step);
    if (outside.undo_fails > 0) {
        outside.undo_fails--;
        return fault_set(error, MSG_INTERNAL, "text", "cannot undo", NULL);
    }
    outside.effect[step] = FALSE;
    return TRUE;
}

#define STEP_FUNCTIONS(letter, number) \
    static gboolean run_##letter(G_GNUC_UNUSED Work *work, GError **error) { return run_step_of(number, error); } \
    static Probe probe_##letter(G_GNUC_UNUSED Work *work, G_GNUC_UNUSED GError **error) { return probe_step_of(number); } \
    static gboolean undo_##letter(G_GNUC_UNUSED Work *work, GError **error) { return undo_step_of(number, error); }
STEP_FUNCTIONS(a, 0)
STEP_FUNCTIONS(b, 1)
STEP_FUNCTIONS(c, 2)

static gboolean
think(Work *work, G_GNUC_UNUSED GError **error)
{
    g_strlcat(outside.log, "think ", sizeof(outside.log));
    work_set_mark(work, "thought", "yes");
    return TRUE;
}

static gboolean
check_vm(Work *work, GError **error)
{
    if (!work_find(work, &vm_type, &work->target))
        return fault_set(error, MSG_JOB_NOT_THERE, "id", "vm", NULL);
    work_claim(work, &vm_type, &work->target);
    work_set_about(work, "job", "Walking web1");
    return TRUE;
}

static gboolean
stage_vm(Work *work, Changes *changes, G_GNUC_UNUSED GError **error)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    text_set(&vm->description, "staged");
    work_set_mark(work, "chosen", "before");
    work_set_mark_id(work, "host", &world.host);
    return TRUE;
}

static void
finish_vm(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    text_set(&vm->description, "finished");
    g_assert_cmpstr(work_mark(work, "chosen"), ==, "before");
}

static void
revert_vm(Work *work, Changes *changes)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    text_set(&vm->description, "as before");
}

static gboolean
stage_plain(Work *work, Changes *changes, G_GNUC_UNUSED GError **error)
{
    Vm *vm = changes_edit(changes, &vm_type, &work->target);
    text_set(&vm->comment, "plain");
    return TRUE;
}

/* clang-format off */
static const Step walk_steps[] = {
    { "first",  run_a, probe_a, undo_a, FALSE },
    { "second", run_b, probe_b, undo_b, FALSE },
    { "third",  run_c, probe_c, undo_c, FALSE },
    { 0 }
};
static const Step once_steps[] = { { "only", run_a, probe_a, NULL, FALSE }, { 0 } };
static const Step forward_steps[] = {
    { "first",    run_a, probe_a, undo_a, FALSE },
    { "no way back", run_b, probe_b, NULL, TRUE },
    { "third",    run_c, probe_c, NULL, FALSE },
    { 0 }
};
static const Step think_steps[] = {
    { "think",  think, NULL, NULL, FALSE },
    { "second", run_b, probe_b, undo_b, FALSE },
    { 0 }
};
/* clang-format on */

static const CommandFlag walk_flags[] = { { "delete_protected", "As in the body." }, { "force", "Do not ask." }, { 0 } };
const Command walk_command = { .verb = "walk", .on = &vm_type, .flags = walk_flags, .title = MSG_JOB_DONE, .check = check_vm, .stage = stage_vm,
                            .steps = walk_steps, .finish = finish_vm, .revert = revert_vm };
const Command once_command = { .verb = "once", .on = &vm_type, .title = MSG_JOB_DONE, .check = check_vm, .stage = stage_vm,
                            .steps = once_steps, .finish = finish_vm, .revert = revert_vm, .once = TRUE };
const Command forward_command = { .verb = "forward", .on = &vm_type, .title = MSG_JOB_DONE, .check = check_vm, .stage = stage_vm,
                               .steps = forward_steps, .finish = finish_vm, .revert = revert_vm };
const Command think_command = { .verb = "think", .on = &vm_type, .title = MSG_JOB_DONE, .check = check_vm, .stage = stage_vm,
                             .steps = think_steps, .finish = finish_vm, .revert = revert_vm };
const Command plain_command = { .verb = "plain", .on = &vm_type, .title = MSG_JOB_DONE, .check = check_vm, .stage = stage_plain };
const Command *const command_registry[] = { &walk_command, &once_command, &forward_command, &think_command, &plain_command, NULL };

/* --- the world -------------------------------------------------------------------------------------------------------------- */

static void
count_refresh(G_GNUC_UNUSED HostLink *link)
{
    world.refreshes++;
}

static void
stop_link(G_GNUC_UNUSED HostLink *link)
{
}

static void
free_link(HostLink *link)
{
    host_link_clear(link);
    g_free(link);
}

static HostOps double_ops = { .name = "double", .refresh = count_refresh, .stop = stop_link, .free = free_link };

void
world_linger(Tick linger)
{
    double_ops.linger = linger;
}

static gpointer
put_object(const Type *type, const Id *id)
{
    Object *object = object_new(type);
    object->id = *id;
    return object;
}

void
world_store_put(gpointer take)
{
    Object *object = take;
    Change row = { NULL, object, TRUE };
    keep_row(&row);
    object_unref(object);
}

static void
store_estate(void)
{
    Id center_id = id_random();
    world.cluster = id_random();
    world.host = id_random();
    world.vm = id_random();
    DataCenter *center = put_object(&data_center_type, &center_id);
    text_set(&center->name, "Default");
    world_store_put(center);
    Cluster *cluster = put_object(&cluster_type, &world.cluster);
    text_set(&cluster->name, "Default");
    cluster->data_center.id = center_id;
    world_store_put(cluster);
    Host *host = put_object(&host_type, &world.host);
    text_set(&host->name, "n1");
    host->cluster.id = world.cluster;
    world_store_put(host);
    Vm *vm = put_object(&vm_type, &world.vm);
    text_set(&vm->name, "web1");
    vm->cluster.id = world.cluster;
    vm->home.id = world.host;
    world_store_put(vm);
}

static void
begin(void)
{
    world.loop = loop_new();
    world.inventory = inventory_new();
    world.feed = feed_new(1000);
    world.statistics = statistics_new();
    world.hosts = hosts_new();
    HostLink *link = g_new0(HostLink, 1);
    host_link_init(link, &double_ops, &world.host, "n1");
    hosts_add(world.hosts, link);
    EngineParts parts = { .loop = world.loop, .inventory = world.inventory, .feed = world.feed, .store = &store, .hosts = world.hosts,
                          .statistics = world.statistics, .workers = 2 };
    world.engine = engine_new(&parts);
    world.engine->beat = CLOCK_SECOND / 50;
    g_autoptr(GError) error = NULL;
    g_assert_true(engine_start(world.engine, &error));
    g_assert_no_error(error);
}

static void
end(void)
{
    engine_stop(world.engine);
    engine_free(world.engine);
    hosts_free(world.hosts);
    feed_free(world.feed);
    statistics_free(world.statistics);
    inventory_free(world.inventory);
    loop_free(world.loop);
}

void
world_open(void)
{
    memset(&world, 0, sizeof(world));
    memset(&outside, 0, sizeof(outside));
    store_fresh();
    store_estate();
    begin();
}

void
world_close(void)
{
    world_store_mode(STORE_ANSWERS);
    world_store_answer(world_store_waiting(), TRUE);
    end();
    store_clear();
}

/* What the store had not acknowledged is lost; the writes themselves must still be answered, so that the engine can be freed. */
void
world_crash(void)
{
    store.full = TRUE;
    world_store_answer(world_store_waiting(), FALSE);
    end();
    store.full = store.failed = FALSE;
    store.mode = STORE_ANSWERS;
    world.refreshes = 0;
    outside.log[0] = '\0';
    begin();
}

void
world_turn(Tick limit)
{
    g_assert_cmpint(clock_tick(), <, limit);
    if (!loop_iterate(world.loop, FALSE))
        g_usleep(500);
}

void
world_settle(void)
{
    for (guint quiet = 0; quiet < 5;) {
        if (loop_iterate(world.loop, FALSE) || workers_busy(world.engine->workers) > 0)
            quiet = 0;
        else
            quiet++;
        g_usleep(200);
    }
}

/* --- reports ------------------------------------------------------------------------------------------------------------------ */

DomainFacts *
world_facts(const Id *id, const char *name, DomainState state, const char *reason)
{
    DomainFacts *facts = domain_facts_new();
    facts->id = *id;
    facts->state = state;
    facts->reason = g_strdup(reason);
    facts->persistent = TRUE;
    if (!name)
        return facts;
    facts->config = put_object(&vm_type, id);
    facts->config->name = g_strdup(name);
    facts->config->memory = 1 << 30;
    return facts;
}

HostReport *
world_report(ReportKind kind)
{
    static Tick last;
    char text[ID_TEXT_SIZE];
    HostReport *report = g_new0(HostReport, 1);
    report->kind = kind;
    report->generation = 1;
    report->when = clock_wall();
    report->seen = last = MAX(clock_tick(), last + 1);
    report->host = g_strdup(id_format(&world.host, ID_UUID, text));
    return report;
}

void
world_send(HostReport *report)
{
    const HostListener *listener = engine_listener(world.engine);
    listener->report(listener->data, report);
    world_settle();
}

void
world_host_up(void)
{
    HostReport *report = world_report(REPORT_UP);
    report->facts = put_object(&host_type, &world.host);
    report->facts->memory = G_GINT64_CONSTANT(64) << 30;
    world_send(report);
}

void
world_state(const Id *id, DomainState state, const char *event)
{
    HostReport *report = world_report(REPORT_STATE);
    report->domain = world_facts(id, NULL, state, NULL);
    report->event = g_strdup(event);
    world_send(report);
}

/* --- asking -------------------------------------------------------------------------------------------------------------------- */

void
answer_clear(Answer *answer)
{
    object_unref(answer->object);
    g_free(answer->text);
    memset(answer, 0, sizeof(*answer));
}

static void
take_answer(gpointer data, gconstpointer object, const Id *job, const GError *error)
{
    Answer *answer = data;
    answer->calls++;
    answer->job = *job;
    answer->refused = error != NULL;
    if (error) {
        answer->fault = fault_of(error);
        answer->text = message_text(fault_message(error), LANGUAGE_EN);
    }
    if (object)
        answer->object = object_ref(object);
}

void
world_submit(const Command *command, gboolean wait, Answer *answer)
{
    Work *work = work_new(command);
    work->target = world.vm;
    g_free(work->correlation);
    work->correlation = g_strdup("c-1");
    engine_submit(world.engine, work, wait, take_answer, answer);
}

void
world_abandon(const Id *job, const char *proof, Answer *answer)
{
    EngineProof said = { .text = proof, .correlation = "c-2" };
    engine_abandon(world.engine, job, &said, take_answer, answer);
}

const Vm *
world_vm(void)
{
    g_autoptr(View) view = inventory_view(world.inventory);
    return view_find(view, &vm_type, &world.vm);
}

const Job *
world_job(const Id *id)
{
    g_autoptr(View) view = inventory_view(world.inventory);
    return view_find(view, &job_type, id);
}

gboolean
world_has_event(const char *part)
{
    g_autoptr(View) view = inventory_view(world.inventory);
    ViewWalk walk = view_walk(view, &event_type);
    for (const Event *event; (event = view_next(&walk));) {
        if (strstr(event->description, part))
            return TRUE;
    }
    return FALSE;
}

guint
world_events(void)
{
    g_autoptr(View) view = inventory_view(world.inventory);
    return view_count(view, &event_type);
}
