/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Works for the tests, and the walk: what the engine does with a work, in one thread, with a crash or a failure where a test
 * wants it. A crash throws away everything but what the engine would have journaled: marks, claims, target. */
#include "estate.h"

#include "base/text.h"
#include "job/orders.h"
#include "schema/body.h"
#include "schema/read.h"

#include <string.h>

const char *const estate_kinds[] = { "well", "refused", "soft failure", "crash before", "crash after", "silent", "does and is silent" };

/* --- works -------------------------------------------------------------------------------------------------------------------- */

static const Type *
params_of(const Command *command)
{
    return command->params ? command->params : command->on;
}

Work *
estate_child_work(const Command *command, const Id *parent, const Id *target, const char *body)
{
    GError *error = NULL;
    Work *work = work_new(command);
    if (parent)
        work->parent = *parent;
    if (target)
        work->target = *target;
    work->user = estate.user;
    work->hosts = estate.hosts;
    if (body)
        work->draft = read_xml(params_of(command), body, strlen(body), (ReadOptions) { FALSE }, &error);
    g_assert_no_error(error);
    return work;
}

Work *
estate_work(const Command *command, const Id *target, const char *body)
{
    return estate_child_work(command, NULL, target, body);
}

void
estate_query(Work *work, const char *name, const char *value)
{
    g_hash_table_replace(work->query, g_strdup(name), g_strdup(value));
}

static void
see(Work *work)
{
    if (work->view)
        view_unref(work->view);
    work->view = view_ref(estate.view);
    work->transfers = estate.transfers;
    work->deadline = clock_tick() + CLOCK_SECOND;
}

char *
estate_refusal(Work *take)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Work) work = take;
    see(work);
    if (work->command->check(work, &error))
        return NULL;
    g_assert_nonnull(error);
    g_autofree char *hint = message_hint(fault_message(error), LANGUAGE_EN);
    g_assert_false(strchr(error->message, '{') || (hint && strchr(hint, '{')));     /* no argument was forgotten */
    return g_strdup_printf("%s | %s", error->message, hint ? hint : "");
}

void
estate_refused_at(Work *take, const char *part, int line)
{
    g_autofree char *model = estate_model();
    g_autofree char *said = estate_refusal(take);
    g_autofree char *after = estate_model();
    if (!said)
        g_error("line %d: it was not refused, but '%s' was expected", line, part);
    if (!strstr(said, part))
        g_error("line %d: it was refused with '%s', not '%s'", line, said, part);
    g_assert_cmpstr(model, ==, after);
}

/* --- the model ------------------------------------------------------------------------------------------------------------------ */

static void
add_objects(GString *text, const Type *type)
{
    ViewWalk walk = view_walk(estate.view, type);
    for (gconstpointer object; (object = view_next(&walk));) {
        char id[ID_TEXT_SIZE];
        g_auto(Text) body = TEXT_EMPTY;
        body_write(&body, type, object);
        g_autofree char *encoded = g_base64_encode((const guchar *) body.bytes, body.length);
        g_string_append_printf(text, "%s %s %s\n", type->one, id_format(&((const Object *) object)->id, ID_UUID, id), encoded);
        if (type == &vm_type)
            g_string_append_printf(text, "status %d\n", ((const Vm *) object)->status);
        if (type == &storage_domain_type)
            g_string_append_printf(text, "status %d\n", ((const StorageDomain *) object)->status);
    }
}

char *
estate_model(void)
{
    GString *text = g_string_new(NULL);
    add_objects(text, &vm_type);
    add_objects(text, &disk_type);
    add_objects(text, &storage_domain_type);
    return g_string_free(text, FALSE);
}

static Changes *
begin(void)
{
    return changes_new(estate.view, estate.inventory);
}

static void
note(const Change *row)
{
    const Object *object = row->after;
    if (!object || object->type != &event_type)
        return;
    estate.events++;
    g_free(estate.last_event);
    estate.last_event = g_strdup(((const Event *) object)->description);
}

static void
put(Changes *take)
{
    GError *error = NULL;
    guint count, keeps;
    changes_seal(take, &error);
    g_assert_no_error(error);
    View *next = changes_apply(take);
    const Change *rows = changes_rows(take, &count);
    for (guint i = 0; i < count; i++)
        note(&rows[i]);
    changes_keeps(take, &keeps);
    estate.keeps += keeps;
    changes_free(take);
    view_unref(estate.view);
    estate.view = next;
}

/* --- the walk ------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    Work *work;
    GHashTable *journaled;          /* the marks as last recorded */
    char *said;                     /* by the step that refused */
} Run;

static struct {
    int at;
    void (*deed)(void);
} meanwhile;

void
estate_meanwhile(int at, void (*deed)(void))
{
    meanwhile.at = at;
    meanwhile.deed = deed;
}

static void
let_others_act(int at)
{
    void (*deed)(void) = meanwhile.at == at ? meanwhile.deed : NULL;
    if (!deed)
        return;
    meanwhile.deed = NULL;
    deed();
}

static GHashTable *
copy_marks(GHashTable *marks)
{
    GHashTable *copy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, marks);
    while (g_hash_table_iter_next(&iter, &name, &value))
        g_hash_table_replace(copy, g_strdup(name), g_strdup(value));
    return copy;
}

static void
record(Run *run)
{
    g_clear_pointer(&run->journaled, g_hash_table_unref);
    run->journaled = copy_marks(run->work->marks);
}

static void
crash(Run *run)
{
    Work *before = run->work;
    Work *work = work_new(before->command);
    work->target = before->target;
    work->parent = before->parent;
    work->user = before->user;
    work->hosts = before->hosts;
    work->job = before->job;
    g_hash_table_unref(work->marks);
    work->marks = copy_marks(run->journaled);
    const char *kept = work_mark(work, "draft");
    if (kept) {
        gsize length;
        GError *error = NULL;
        g_autofree guchar *body = g_base64_decode(kept, &length);
        work->draft = body_read_draft(params_of(work->command), body, length, &error);
        g_assert_no_error(error);
    }
    work_free(before);
    run->work = work;
}

static Probe
probe(Run *run, const Step *step)
{
    g_autoptr(GError) error = NULL;
    see(run->work);
    return step->probe(run->work, &error);
}

static void
undo(Run *run, int from)
{
    for (int at = from; at >= 0; at--) {
        const Step *step = &run->work->command->steps[at];
        for (int twice = 0; twice < 2 && step->undo; twice++) {     /* done twice is done once */
            GError *error = NULL;
            see(run->work);
            step->undo(run->work, &error);
            g_assert_no_error(error);
        }
    }
}

typedef enum { GOES_ON, TURNS_BACK } Turn;

static gboolean
run_step(Run *run, const Step *step, GError **error)
{
    see(run->work);
    run->work->rest = 0;
    return step->run(run->work, error);
}

/* What a job orders is another one, which goes well if it may be done at all: with it the host talks. */
static void
take_order(G_GNUC_UNUSED gpointer data, Work *take, OrderEnded done, gpointer order)
{
    GError *error = NULL;
    take->hosts = estate.hosts;
    estate_deaf(FALSE);
    see(take);
    gboolean may = take->command->check(take, &error);
    g_ptr_array_set_size(take->claims, 0);
    if (may)
        estate_do(take);
    else
        work_free(take);
    done(order, NULL, &id_null, error);
    g_clear_error(&error);
}

static void
hear_telling(G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED Severity severity, Message *take, G_GNUC_UNUSED const EventAbout *about)
{
    g_free(estate.last_event);
    estate.last_event = message_text(take, LANGUAGE_EN);
    message_unref(take);
}

static const OrdersDoor orders_door = { take_order, hear_telling, NULL };

/* A step that has nothing to do may say that it is done before it is run. */
static void
is_idle(Run *run, const Step *step)
{
    GError *error = NULL;
    g_autofree char *before = estate_picture();
    run_step(run, step, &error);
    g_assert_no_error(error);
    g_autofree char *after = estate_picture();
    g_assert_cmpstr(before, ==, after);
}

static gboolean
forward_before(const Command *command, int at)
{
    for (int i = 0; i < at; i++) {
        if (command->steps[i].forward)
            return TRUE;
    }
    return FALSE;
}

/* What the engine concludes from a step that may or may not have happened. */
static Turn
settle(Run *run, const Step *step, gboolean happened)
{
    Probe said = probe(run, step);
    gboolean once = run->work->command->once;
    if (!happened && said == PROBE_DONE) {
        is_idle(run, step);
        return GOES_ON;
    }
    gboolean again = happened && forward_before(run->work->command, (int) (step - run->work->command->steps));
    if (again && said == PROBE_NOT_DONE)
        return TURNS_BACK;          /* behind a forward step what nobody noted is done again: the end must be the same */
    if (once)
        g_assert_cmpint(said, !=, happened ? PROBE_NOT_DONE : PROBE_DONE);      /* what is noted is known; silence is not, and never taken for a no */
    else
        g_assert_cmpint(said, ==, happened ? PROBE_DONE : PROBE_NOT_DONE);
    return said == PROBE_DONE ? GOES_ON : TURNS_BACK;
}

static Turn
take_step(Run *run, const Step *step, WalkKind kind)
{
    g_autoptr(GError) error = NULL;
    static const HostFault faults[] = { [WALK_REFUSED] = FAULT_REFUSES, [WALK_SILENT] = FAULT_IS_SILENT, [WALK_DOES_SILENT] = FAULT_DOES_AND_IS_SILENT };
    if (kind == WALK_CRASH_BEFORE) {
        crash(run);
        return settle(run, step, FALSE);
    }
    estate_fault((guint) kind < G_N_ELEMENTS(faults) ? faults[kind] : FAULT_OFF);
    gboolean well = run_step(run, step, &error);
    gboolean used = !well;
    estate_fault(FAULT_OFF);
    if (kind == WALK_WELL || kind == WALK_SOFT_FAILURE || kind == WALK_CRASH_AFTER) {
        g_assert_no_error(error);
        if (kind == WALK_CRASH_AFTER)
            crash(run);
        if (kind == WALK_SOFT_FAILURE && !step->forward)
            return TURNS_BACK;
        return settle(run, step, TRUE);
    }
    if (!used)
        return GOES_ON;             /* the step had nothing to change */
    if (kind == WALK_REFUSED)
        return step->forward ? settle(run, step, FALSE) : TURNS_BACK;
    return settle(run, step, kind == WALK_DOES_SILENT);
}

/* What the engine does with a step that rests, and what somebody does meanwhile. */
static void
be_at_rest(Run *run)
{
    const Command *command = run->work->command;
    estate.rests++;
    if (!estate.dies || estate.rests % 2)
        record(run);
    if (estate.dies)
        crash(run);             /* every other time before it has noted what it did */
    if (estate.deed)
        estate.deed(estate.rests);
    if (command->note) {
        Changes *changes = begin();
        command->note(run->work, changes);
        put(changes);
    }
    g_autoptr(Work) wish = estate.wish ? estate_work(estate.wish, &run->work->target, NULL) : NULL;
    if (!wish)
        return;
    see(wish);
    if (!wish->command->check(wish, NULL))
        return;                     /* not yet */
    estate.wish = NULL;
    Changes *changes = begin();
    g_assert_true(wish->command->stage(wish, changes, NULL));
    put(changes);
}

/* A step without effect: if the host does not answer it refuses, does not need the host, or rests until that is back. */
static gboolean
prepare(Run *run, const Step *step, gboolean hear_nothing)
{
    GError *error = NULL;
    gboolean well = TRUE, deaf = hear_nothing, again;
    guint rests = estate.rests;
    if (step->rests)
        record(run);
    do {
        estate_deaf(deaf);
        well = run_step(run, step, &error);
        estate_deaf(FALSE);
        deaf = FALSE;
        again = well && run->work->rest > 0;
        if (again)
            be_at_rest(run);
        if (!well && step->forward && estate.rests > rests) {      /* there is no way back */
            g_clear_error(&error);
            again = TRUE;
        }
    } while (again);
    g_assert_true(well == !error);
    if (!hear_nothing)
        g_assert_no_error(error);
    g_clear_error(&error);
    return well;
}

static WalkEnd
walk_steps(Run *run, WalkKind kind, int at)
{
    const Step *steps = run->work->command->steps;
    for (int i = 0; steps && steps[i].name; i++) {
        if (!steps[i].probe && prepare(run, &steps[i], i == at && kind == WALK_SILENT))
            continue;
        if (!steps[i].probe) {
            g_assert_false(forward_before(run->work->command, i));
            undo(run, i);
            return ENDED_UNDONE;
        }
        record(run);
        if (take_step(run, &steps[i], i == at ? kind : WALK_WELL) == GOES_ON)
            continue;
        if (forward_before(run->work->command, i)) {
            g_assert_cmpint(take_step(run, &steps[i], WALK_WELL), ==, GOES_ON);     /* there is no way back */
            continue;
        }
        undo(run, i);
        return ENDED_UNDONE;
    }
    return ENDED_DONE;
}

static void
end(Run *run, WalkEnd ending)
{
    const Command *command = run->work->command;
    Changes *changes = begin();
    see(run->work);
    if (ending == ENDED_DONE && command->finish)
        command->finish(run->work, changes);
    if (ending == ENDED_UNDONE && command->revert)
        command->revert(run->work, changes);
    put(changes);
}

/* Each step in its turn, with others acting between; what a step refuses turns the walk back, or for a step that only goes forward is
 * kept waiting until its reason goes away. */
static WalkEnd
try_steps(Run *run)
{
    const Step *steps = run->work->command->steps;
    for (int i = 0; steps && steps[i].name; i++) {
        g_autoptr(GError) error = NULL;
        let_others_act(i);
        record(run);
        if (run_step(run, &steps[i], &error))
            continue;
        g_assert_nonnull(error);
        run->said = g_strdup(error->message);
        if (forward_before(run->work->command, i))
            return ENDED_WAITING;
        undo(run, i);
        return ENDED_UNDONE;
    }
    return ENDED_DONE;
}

static Run
begin_walk(Work *take)
{
    Run run = { take, NULL, NULL };
    GError *error = NULL;
    see(take);
    take->command->check(take, &error);
    g_assert_no_error(error);
    take->job = id_random();
    take->orders = orders_new(&orders_door);
    Changes *changes = begin();
    if (take->command->stage)
        take->command->stage(take, changes, &error);
    g_assert_no_error(error);
    put(changes);
    record(&run);
    return run;
}

static void
end_walk(Run *run, WalkEnd ending)
{
    if (ending != ENDED_WAITING)
        end(run, ending);
    work_free(run->work);
    g_clear_pointer(&run->journaled, g_hash_table_unref);
    g_free(run->said);
}

WalkEnd
estate_walk(Work *take, WalkKind kind, int at)
{
    Run run = begin_walk(take);
    WalkEnd ending = walk_steps(&run, kind, at);
    end_walk(&run, ending);
    return ending;
}

WalkEnd
estate_try(Work *take, char **ret_said)
{
    Run run = begin_walk(take);
    WalkEnd ending = try_steps(&run);
    g_assert_null(meanwhile.deed);
    *ret_said = g_steal_pointer(&run.said);
    end_walk(&run, ending);
    return ending;
}

void
estate_do(Work *take)
{
    g_assert_cmpint(estate_walk(take, WALK_WELL, -1), ==, ENDED_DONE);
}

char *
estate_plan(Work *take)
{
    GError *error = NULL;
    g_autoptr(Work) work = take;
    g_autofree char *model = estate_model();
    g_autofree char *picture = estate_picture();
    see(work);
    work->command->check(work, &error);
    g_assert_no_error(error);
    work->job = id_random();
    g_autoptr(Changes) changes = begin();
    if (work->command->stage)
        work->command->stage(work, changes, &error);
    g_assert_no_error(error);
    g_autofree char *text = work->command->plan(work, &error);
    g_assert_no_error(error);
    g_autofree char *model_after = estate_model();
    g_autofree char *picture_after = estate_picture();
    g_assert_cmpstr(model, ==, model_after);
    g_assert_cmpstr(picture, ==, picture_after);
    return message_lines(text, LANGUAGE_EN);
}
