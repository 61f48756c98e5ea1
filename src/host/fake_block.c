/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Block jobs of fake domains. They belong to what runs: they outlive the manager, and end with the domain. One that mirrors waits for its
 * end; one further down ends by itself, a little later. */
#include "host/fake_parts.h"

#include "host/volume_chain.h"

#include <string.h>

#define TAKES (CLOCK_SECOND / 2)            /* how long one works until it is ready */

void
fake_block_job_free(gpointer data)
{
    FakeJob *job = data;
    g_free(job->target);
    g_free(job->top);
    g_free(job->base);
    g_free(job);
}

void
fake_block_add(FakeDomain *domain, FakeJob *take)
{
    if (!domain->jobs)
        domain->jobs = g_ptr_array_new_with_free_func(fake_block_job_free);
    g_ptr_array_add(domain->jobs, take);
}

static FakeJob *
find_job(const FakeDomain *domain, const char *target)
{
    for (guint i = 0; domain->jobs && i < domain->jobs->len; i++) {
        FakeJob *job = domain->jobs->pdata[i];
        if (g_str_equal(job->target, target))
            return job;
    }
    return NULL;
}

static gboolean
mirrors(const FakeJob *job)
{
    return job->kind == BLOCK_JOB_COPY || job->active;
}

static gboolean
is_through(const FakeJob *job)
{
    return clock_tick() - job->begun >= TAKES;
}

static gboolean
refuse(const FakeHost *host, const FakeOrder *order, MessageCode code, const char *reason, GError **error)
{
    char text[ID_TEXT_SIZE];
    return fault_set(error, code, "host", host->name, "verb", order->operation, "vm", id_format(&order->id, ID_UUID, text), "target", order->text,
                     "reason", reason, NULL);
}

/* --- their effects -------------------------------------------------------------------------------------------------------------------------- */

/* All from TOP down to BASE is in BASE, and what stood on TOP stands there. */
static gboolean
merge_down(FakeHost *host, const FakeJob *job)
{
    Fake *fake = host->fake;
    FakeVolume *top = g_hash_table_lookup(fake->volumes, job->top), *base = g_hash_table_lookup(fake->volumes, job->base);
    if (!top || !base)
        return FALSE;
    guint32 read[FAKE_PLACES];
    for (guint i = 0; i < FAKE_PLACES; i++)
        read[i] = fake_chain_pattern(fake, top, i);
    memcpy(base->pattern, read, sizeof(read));
    base->size = MAX(base->size, top->size);
    fake_image_fold(host, top, base);
    fake_keep_volume(fake, base);
    return TRUE;
}

/* libvirt writes the new name into the image that the domain has above TOP, and in no other. */
static void
end_below(FakeHost *host, FakeDomain *domain, const FakeJob *job)
{
    const FakeVolume *top = g_hash_table_lookup(host->fake->volumes, job->top), *base = g_hash_table_lookup(host->fake->volumes, job->base);
    if (!top || !merge_down(host, job))
        return;
    FakeVolume *at = fake_chain_written(host, domain, job->target);
    for (guint i = 0; at && i < VOLUME_CHAIN_MOST; i++, at = fake_chain_beneath(host->fake, at)) {
        if (!fake_chain_stands(at, top->path))
            continue;
        fake_chain_set_base(host, at, base);
        return;
    }
}

static void
copy_over(FakeHost *host, const FakeDomain *domain, const FakeJob *job)
{
    const FakeVolume *from = fake_chain_written(host, domain, job->target);
    FakeVolume *to = g_hash_table_lookup(host->fake->volumes, job->base);
    if (!from || !to)
        return;
    for (guint i = 0; i < FAKE_PLACES; i++)
        to->pattern[i] = job->shallow ? from->pattern[i] : fake_chain_pattern(host->fake, from, i);
    fake_image_copy(host, from, to);
    fake_keep_volume(host->fake, to);
}

static void
pivot(FakeHost *host, FakeDomain *domain, const FakeJob *job)
{
    const FakeVolume *base = g_hash_table_lookup(host->fake->volumes, job->base);
    if (job->kind == BLOCK_JOB_COPY)
        copy_over(host, domain, job);
    else
        merge_down(host, job);
    fake_snapshot_switch(host, domain, job->target, job->base, base ? base->format : job->format);
}

static void
settle(FakeHost *host, FakeDomain *domain, FakeJob *job)
{
    g_ptr_array_remove(domain->jobs, job);
    fake_keep_domain(host, domain);
    fake_report_domain(host, &domain->id, REPORT_DOMAIN, NULL);
}

static void
come_to_end(FakeHost *host, const Id *id)
{
    FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    for (guint i = 0; domain && domain->jobs && i < domain->jobs->len; i++) {
        FakeJob *job = domain->jobs->pdata[i];
        if (mirrors(job) || !is_through(job))
            continue;
        end_below(host, domain, job);
        settle(host, domain, job);
        i = G_MAXUINT;          /* from the start again */
    }
}

void
fake_block_go_on(FakeHost *host)
{
    GHashTableIter iter;
    const FakeDomain *domain;
    g_hash_table_iter_init(&iter, host->domains);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &domain)) {
        if (domain->jobs && domain->jobs->len > 0)
            fake_later(host, TAKES, come_to_end, &domain->id);
    }
}

/* --- beginning ------------------------------------------------------------------------------------------------------------------------------ */

static gboolean
is_same(const FakeJob *a, const FakeJob *b)
{
    return a->kind == b->kind && a->active == b->active && g_str_equal(a->base, b->base);
}

static gboolean
is_in_chain(const FakeHost *host, const FakeVolume *from, const char *path)
{
    const FakeVolume *at = from;
    for (guint i = 0; at && i < VOLUME_CHAIN_MOST; i++, at = fake_chain_beneath(host->fake, at)) {
        if (g_str_equal(at->path, path))
            return TRUE;
    }
    return FALSE;
}

static gboolean
may_begin(FakeHost *host, const FakeOrder *order, const FakeDomain *domain, const FakeJob *wish, GError **error)
{
    const FakeVolume *now = fake_chain_written(host, domain, wish->target);
    char text[ID_TEXT_SIZE];
    id_format(&order->id, ID_UUID, text);
    if (!now)
        return refuse(host, order, MSG_HOST_NO_TARGET, "", error);
    if (find_job(domain, wish->target))
        return refuse(host, order, MSG_HOST_BLOCK_BUSY, "", error);
    if (wish->kind == BLOCK_JOB_COPY)
        return g_hash_table_contains(host->fake->volumes, wish->base) || refuse(host, order, MSG_HOST_REFUSES_VM, "the copy's file is not there", error);
    if (wish->active && !g_str_equal(now->path, wish->top))
        return fault_set(error, MSG_HOST_DISK_ELSEWHERE, "host", host->name, "verb", order->operation, "vm", text, "target", wish->target, "path", wish->top,
                         "now", now->path, NULL);
    const FakeVolume *top = g_hash_table_lookup(host->fake->volumes, wish->top);
    gboolean sound = top && is_in_chain(host, now, wish->top) && !g_str_equal(wish->top, wish->base) && is_in_chain(host, top, wish->base);
    return sound || refuse(host, order, MSG_HOST_REFUSES_VM, "the images are not in its chain in that order", error);
}

/* The order's text is the target, its second one "top", a line's end, and "base". */
static gboolean
work_begin(FakeHost *host, const FakeOrder *order, GError **error)
{
    FakeDomain *domain = fake_need_domain(host, order->operation, &order->id, error);
    if (!domain)
        return FALSE;
    if (domain->state == DOMAIN_SHUTOFF)
        return refuse(host, order, MSG_HOST_REFUSES_NOW, "domain is not running", error);
    g_auto(GStrv) paths = g_strsplit(order->more, "\n", 2);
    const FakeJob wish = {
        .target = (char *) order->text, .top = paths[0], .base = paths[1], .kind = g_str_equal(order->operation, "block_copy") ? BLOCK_JOB_COPY : BLOCK_JOB_COMMIT,
        .active = order->flag && g_str_equal(order->operation, "block_commit"), .shallow = order->flag && g_str_equal(order->operation, "block_copy"),
        .format = order->format, .begun = clock_tick(),
    };
    const FakeJob *there = find_job(domain, order->text);
    if (there && is_same(there, &wish))
        return TRUE;
    if (!may_begin(host, order, domain, &wish, error))
        return FALSE;
    FakeJob *job = g_memdup2(&wish, sizeof(wish));
    job->target = g_strdup(wish.target);
    job->top = g_strdup(wish.top);
    job->base = g_strdup(wish.base);
    fake_block_add(domain, job);
    fake_keep_domain(host, domain);
    fake_report_domain(host, &order->id, REPORT_DOMAIN, NULL);
    fake_later(host, TAKES, come_to_end, &order->id);
    return TRUE;
}

gboolean
fake_block_commit(HostLink *link, const Id *domain, const char *target, const char *top, const char *base, gboolean active, Tick deadline, GError **error)
{
    g_autofree char *paths = g_strconcat(top, "\n", base, NULL);
    FakeOrder order = { .operation = "block_commit", .work = work_begin, .id = *domain, .text = target, .more = paths, .flag = active };
    return fake_obey(link, &order, deadline, error);
}

gboolean
fake_block_copy(HostLink *link, const Id *domain, const char *target, const char *path, int format, gboolean shallow, Tick deadline, GError **error)
{
    g_autofree char *paths = g_strconcat("\n", path, NULL);
    FakeOrder order = { .operation = "block_copy", .work = work_begin, .id = *domain, .text = target, .more = paths, .flag = shallow, .format = format };
    return fake_obey(link, &order, deadline, error);
}

/* --- looking and ending --------------------------------------------------------------------------------------------------------------------- */

gboolean
fake_block_look(HostLink *link, const Id *id, const char *target, BlockJob *ret_job, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "block_job", .id = id, .question = TRUE };
    if (!fake_begin(&call, deadline, error))
        return FALSE;
    if (call.silent)
        return fake_unknown(&call, error);
    const FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    const FakeJob *job = domain ? find_job(domain, target) : NULL;
    *ret_job = job ? (BlockJob) { job->kind, mirrors(job) && is_through(job), (guint64) MIN(clock_tick() - job->begun, TAKES), TAKES }
                   : (BlockJob) { BLOCK_JOB_NONE, FALSE, 0, 0 };
    return TRUE;
}

static gboolean
work_end(FakeHost *host, const FakeOrder *order, GError **error)
{
    FakeDomain *domain = g_hash_table_lookup(host->domains, &order->id);
    FakeJob *job = domain ? find_job(domain, order->text) : NULL;
    if (!job)
        return TRUE;
    if (order->flag && !(mirrors(job) && is_through(job)))
        return refuse(host, order, MSG_HOST_VM_BUSY, "the job is not ready for the pivot yet", error);
    if (order->flag)
        pivot(host, domain, job);
    settle(host, domain, job);
    return TRUE;
}

gboolean
fake_block_end(HostLink *link, const Id *domain, const char *target, gboolean to_pivot, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "block_end", .work = work_end, .id = *domain, .text = target, .flag = to_pivot };
    return fake_obey(link, &order, deadline, error);
}
