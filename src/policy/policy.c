/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who looks, and when: each object that changed once, by the feed; a beat as long as somebody waits for one. */
#include "policy/policy_parts.h"

#define MOST_ITEMS 1000

static void look_again(gpointer data);

void
policy_submit(Policy *policy, const char *verb, const Type *on, const Id *target, gboolean wait, EngineDone done, gpointer data)
{
    Work *work = work_new(command_find(verb, on));
    work->target = *target;
    engine_submit(policy->parts.engine, work, wait, done, data);
}

static void
see(Policy *policy, const Type *type, gconstpointer object, gboolean begins)
{
    if (type == &vm_type)
        thaw_see(policy->thaw, object, begins);
    else if (type == &host_type)
        boot_see(policy->boot, object);
}

static void
see_all(Policy *policy, gboolean begins)
{
    static const Type *const types[] = { &vm_type, &host_type };
    g_autoptr(View) view = inventory_view(engine_inventory(policy->parts.engine));
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        ViewWalk walk = view_walk(view, types[i]);
        for (gconstpointer object; (object = view_next(&walk));)
            see(policy, types[i], object, begins);
    }
}

static gboolean
somebody_waits(const Policy *policy)
{
    return thaw_waits(policy->thaw) || boot_waits(policy->boot);
}

static void
beat(gpointer data)
{
    Policy *policy = data;
    thaw_beat(policy->thaw);
    boot_beat(policy->boot);
    if (somebody_waits(policy))
        return;
    loop_cancel(policy->parts.loop, policy->timer);
    policy->timer = 0;
}

static void
keep_time(Policy *policy)
{
    if (policy->timer == 0 && somebody_waits(policy))
        policy->timer = loop_every(policy->parts.loop, policy->parts.beat > 0 ? policy->parts.beat : CLOCK_SECOND, beat, policy);
}

static void
look(Policy *policy)
{
    gboolean reset = FALSE;
    g_autoptr(GPtrArray) items = feed_since(engine_feed(policy->parts.engine), policy->seen, MOST_ITEMS, &reset);
    if (reset) {
        policy->seen = feed_serial(engine_feed(policy->parts.engine));
        see_all(policy, FALSE);
    }
    for (guint i = 0; !reset && i < items->len; i++) {
        const FeedItem *item = items->pdata[i];
        policy->seen = item->serial;
        if (item->object)
            see(policy, item->type, item->object, FALSE);
    }
    if (!reset && items->len == MOST_ITEMS && g_atomic_int_compare_and_exchange(&policy->woken, 0, 1))
        loop_post(policy->parts.loop, look_again, policy);
    keep_time(policy);
}

static void
look_again(gpointer data)
{
    Policy *policy = data;
    g_atomic_int_set(&policy->woken, 0);
    if (!policy->stopped)
        look(policy);
}

static void
wake(gpointer data)
{
    Policy *policy = data;
    if (g_atomic_int_compare_and_exchange(&policy->woken, 0, 1))
        loop_post(policy->parts.loop, look_again, policy);
}

Policy *
policy_new(const PolicyParts *parts)
{
    Policy *policy = g_new0(Policy, 1);
    policy->parts = *parts;
    policy->thaw = thaw_new(policy);
    policy->boot = boot_new(policy);
    policy->seen = feed_serial(engine_feed(parts->engine));
    see_all(policy, TRUE);
    policy->follower = feed_follow(engine_feed(parts->engine), wake, policy);
    keep_time(policy);
    return policy;
}

void
policy_stop(Policy *policy)
{
    if (!policy || policy->stopped)
        return;
    policy->stopped = TRUE;
    feed_unfollow(engine_feed(policy->parts.engine), policy->follower);
    loop_cancel(policy->parts.loop, policy->timer);
    policy->timer = 0;
}

void
policy_free(Policy *policy)
{
    if (!policy)
        return;
    policy_stop(policy);
    thaw_free(policy->thaw);
    boot_free(policy->boot);
    g_free(policy);
}
