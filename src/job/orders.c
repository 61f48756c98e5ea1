/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A table of what was ordered last, by target. It outlives its work for as long as an answer is awaited. */
#include "job/orders.h"

#include "base/lock.h"
#include "model/record.h"

typedef struct {
    Id target;
    OrderState state;
    Tick since;
    GError *why;
} Order;

struct Orders {
    Refs refs;
    OrdersDoor door;
    Lock lock;                      /* over the table: steps ask, the writer tells */
    GHashTable *table;              /* Id in Order → Order *, owned */
};

typedef struct {
    Orders *orders;
    Id target;
} Awaited;

static void
order_free(gpointer data)
{
    Order *order = data;
    g_clear_error(&order->why);
    g_free(order);
}

Orders *
orders_new(const OrdersDoor *door)
{
    Orders *orders = g_new0(Orders, 1);
    refs_init(&orders->refs);
    orders->door = *door;
    lock_init(&orders->lock);
    orders->table = g_hash_table_new_full(id_hash, id_equal_key, NULL, order_free);
    return orders;
}

void
orders_unref(Orders *orders)
{
    if (!orders || !refs_dec(&orders->refs))
        return;
    g_hash_table_unref(orders->table);
    lock_clear(&orders->lock);
    g_free(orders);
}

static void
put(Orders *orders, const Id *target, OrderState state, const GError *why)
{
    LOCK_HOLD(&orders->lock);
    Order *order = g_new0(Order, 1);
    *order = (Order) { *target, state, clock_tick(), why ? g_error_copy(why) : NULL };
    g_hash_table_replace(orders->table, &order->target, order);
}

static void
ended(gpointer data, gconstpointer object, const Id *job, const GError *error)
{
    g_autofree Awaited *awaited = data;
    (void) object;
    (void) job;
    put(awaited->orders, &awaited->target, error ? ORDER_FAILED : ORDER_DONE, error);
    orders_unref(awaited->orders);
}

static char *
name_of(const Work *work)
{
    char text[ID_TEXT_SIZE];
    return g_strdup(id_format(&work->job, ID_UUID, text));
}

void
orders_give(Work *work, const Command *command, const Id *target)
{
    Orders *orders = work->orders;
    Work *ordered = work_new(command);
    ordered->target = *target;
    ordered->user = work->user;
    g_free(ordered->correlation);
    ordered->correlation = name_of(work);
    Awaited *awaited = g_new(Awaited, 1);
    *awaited = (Awaited) { orders, *target };
    refs_inc(&orders->refs);
    put(orders, target, ORDER_GIVEN, NULL);
    orders->door.submit(orders->door.data, ordered, ended, awaited);
}

OrderState
orders_state(const Work *work, const Id *target, Tick *ret_since, GError **ret_why)
{
    LOCK_HOLD(&work->orders->lock);
    const Order *order = g_hash_table_lookup(work->orders->table, target);
    if (order && order->why && ret_why)
        *ret_why = g_error_copy(order->why);
    if (order && ret_since)
        *ret_since = order->since;
    return order ? order->state : ORDER_NONE;
}

void
orders_tell(Work *work, Severity severity, Message *take, const Vm *vm)
{
    Id host;
    g_autofree char *correlation = name_of(work);
    EventAbout about = { .correlation = correlation, .user = id_is_null(&work->user) ? NULL : &work->user };
    if (work_mark_id(work, "host", &host))
        about.host = &host;
    if (vm) {
        about.vm = &vm->object.id;
        about.cluster = &vm->cluster.id;
    }
    work->orders->door.tell(work->orders->door.data, severity, take, &about);
}

const Job *
orders_find_job(const Work *work, const Command *command, const Id *vm)
{
    const Job *newest = NULL;
    g_autofree char *correlation = name_of(work), *verb = command_name(command);
    ViewWalk walk = view_walk(work->view, &job_type);
    for (const Job *job; (job = view_next(&walk));) {
        if (id_equal(&job->vm.id, vm) && g_strcmp0(job->correlation_id, correlation) == 0 && g_strcmp0(job->command, verb) == 0 &&
            (!newest || job->start_time > newest->start_time))
            newest = job;
    }
    return newest;
}
