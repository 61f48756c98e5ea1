/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How fake hosts obey: at once, after a while, too late or not at all, as the delays and faults say that were ordered. What an
 * operation is, fake_calls.c knows. */
#include "host/fake_parts.h"

#include <string.h>

#define AWAY CLOCK_SECOND                   /* how long a lost host stays away */
#define LATE (3 * CLOCK_SECOND)             /* when a call is done after its caller was told that nobody knows */

/* --- faults ---------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_for(const char *wanted, const char *name)
{
    return g_str_equal(wanted, "*") || g_str_equal(wanted, name);
}

static const FakeFault *
find_fault(const FakeCall *call)
{
    Fake *fake = call->host->fake;
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(call->host->counts, call->operation)) + 1;
    g_hash_table_replace(call->host->counts, g_strdup(call->operation), GUINT_TO_POINTER(count));
    for (guint i = 0; i < fake->faults->len; i++) {
        const FakeFault *fault = fake->faults->pdata[i];
        if (is_for(fault->host, call->host->name) && is_for(fault->operation, call->operation) && (fault->number == 0 || fault->number == count))
            return fault;
    }
    return NULL;
}

gboolean
fake_wait(FakeHost *host, Tick until, Tick deadline)
{
    while (!host->stopped && clock_tick() < MIN(until, deadline))
        condition_wait_until(&host->fake->wake, &host->fake->lock, MIN(until, deadline));
    return !host->stopped && until <= deadline;
}

gboolean
fake_unknown(const FakeCall *call, GError **error)
{
    char text[ID_TEXT_SIZE];
    return fault_set(error, MSG_HOST_CALL_OVERDUE, "host", call->host->name, "verb", call->operation, "vm", id_format(call->id, ID_UUID, text), NULL);
}

static void
come_back(FakeHost *host, G_GNUC_UNUSED const Id *domain)
{
    fake_report_up(host);
}

static gboolean
suffer(FakeCall *call, FakeKind kind, Tick deadline, GError **error)
{
    switch (kind) {
    case FAKE_FAIL:
        return fault_set(error, MSG_FAKE_ON_ORDER, "host", call->host->name, "operation", call->operation, NULL);
    case FAKE_HANG:
        fake_wait(call->host, deadline, deadline);
        return fake_unknown(call, error);
    case FAKE_UNKNOWN:
        call->silent = TRUE;
        return TRUE;
    case FAKE_LATE:
        call->late = TRUE;
        return !call->question || fake_unknown(call, error);
    case FAKE_DEAF:
        call->deaf = TRUE;
        return TRUE;
    case FAKE_LOST:
        fake_report_lost(call->host);
        fake_later(call->host, AWAY, come_back, &id_null);
        return fake_unknown(call, error);
    }
    return TRUE;
}

static gboolean
is_about(gconstpointer order, gconstpointer id)
{
    return id_equal(&((const FakeOrder *) order)->id, id);
}

/* Is there a call about ID that has not ended, though its caller went? */
static gboolean
is_in_doubt(const FakeCall *call)
{
    return g_ptr_array_find_with_equal_func(call->host->late, call->id, is_about, NULL);
}

/* As with libvirt: while an earlier call about the same thing has not ended a question is refused, and a change waits. */
static gboolean
wait_for_certainty(const FakeCall *call, Tick deadline, GError **error)
{
    char text[ID_TEXT_SIZE];
    while (!call->question && is_in_doubt(call) && fake_wait(call->host, clock_tick() + LATE / 10, deadline)) {
    }
    return !is_in_doubt(call) ||
           fault_set(error, MSG_HOST_STILL_AT_WORK, "host", call->host->name, "verb", call->operation, "vm", id_format(call->id, ID_UUID, text), NULL);
}

gboolean
fake_begin(FakeCall *call, Tick deadline, GError **error)
{
    Fake *fake = call->host->fake;
    if (!call->host->up)
        return fault_set(error, MSG_HOST_NOT_CONNECTED, "host", call->host->name, NULL);
    if (!wait_for_certainty(call, deadline, error))
        return FALSE;
    for (guint i = 0; i < fake->delays->len; i++) {
        const FakeDelay *delay = fake->delays->pdata[i];
        if (is_for(delay->host, call->host->name) && is_for(delay->operation, call->operation) &&
            !fake_wait(call->host, clock_tick() + delay->pause, deadline))
            return fake_unknown(call, error);
    }
    const FakeFault *fault = find_fault(call);
    return !fault || suffer(call, fault->kind, deadline, error);
}

static void
end_late(FakeHost *host, const Id *id)
{
    guint index;
    if (!g_ptr_array_find_with_equal_func(host->late, id, is_about, &index))
        return;
    FakeOrder *order = g_ptr_array_steal_index(host->late, index);
    order->work(host, order, NULL);
    fake_order_free(order);
}

static void
keep_for_later(FakeHost *host, const FakeOrder *order)
{
    FakeOrder *kept = g_memdup2(order, sizeof *order);
    kept->text = g_strdup(order->text);
    kept->more = g_strdup(order->more);
    kept->volume.store.path = g_strdup(order->volume.store.path);
    kept->from.store.path = g_strdup(order->from.store.path);
    kept->answer = NULL;
    g_ptr_array_add(host->late, kept);
    fake_later(host, LATE, end_late, &order->id);
}

void
fake_order_free(gpointer data)
{
    FakeOrder *order = data;
    g_free((char *) order->text);
    g_free((char *) order->more);
    g_free(order->volume.store.path);
    g_free(order->from.store.path);
    g_free(order);
}

gboolean
fake_obey(HostLink *link, const FakeOrder *order, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = order->operation, .id = &order->id };
    if (!fake_begin(&call, deadline, error))
        return FALSE;
    FakeOrder heard = *order;
    heard.deaf = call.deaf;
    if (call.late)
        keep_for_later(host, order);
    else if (!heard.work(host, &heard, error))
        return FALSE;
    return !(call.late || call.silent) || fake_unknown(&call, error);
}
