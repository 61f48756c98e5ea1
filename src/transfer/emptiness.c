/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is no hole is read: qemu-img writes zeros to the first block of what it makes. More than a little of it is not empty. */
#include "transfer/emptiness.h"

#include "base/lock.h"

#define MOST_READ (1 << 20)

/* One question at a time, waited for. */
typedef struct {
    Wire *wire;
    Tick deadline;
    Lock lock;
    Condition changed;
    gboolean answered;
    int why;
    GArray *extents;                /* Extent */
} Question;

static void
answer(Question *question, int why)
{
    LOCK_HOLD(&question->lock);
    question->answered = TRUE;
    question->why = why;
    condition_signal(&question->changed);
}

static void
was_read(gpointer data, int why)
{
    answer(data, why);
}

static void
found(gpointer data, const Extent *extents, guint count, int why)
{
    Question *question = data;
    if (!why)
        g_array_append_vals(question->extents, extents, count);
    answer(question, why);
}

/* FALSE: there is no more time. */
static gboolean
is_answered_in_time(Question *question)
{
    LOCK_HOLD(&question->lock);
    while (!question->answered && condition_wait_until(&question->changed, &question->lock, question->deadline))
        continue;
    return question->answered;
}

/* A wire that is to end at once answers with that, and nothing here may go before it has. */
static int
wait_for(Question *question)
{
    Tick now = clock_tick();
    if (!is_answered_in_time(question))
        wire_close(question->wire, now, now);
    LOCK_HOLD(&question->lock);
    while (!question->answered)
        condition_wait(&question->changed, &question->lock);
    question->answered = FALSE;
    return question->why;
}

static gboolean
is_zero(const guint8 *bytes, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        if (bytes[i])
            return FALSE;
    }
    return TRUE;
}

static gboolean
reads_as_zero(Question *question, gint64 at, gint64 count)
{
    g_autofree guint8 *bytes = g_malloc((gsize) count);
    wire_read(question->wire, bytes, (gsize) count, at, was_read, question);
    return wait_for(question) == 0 && is_zero(bytes, (gsize) count);
}

static gboolean
walk(Question *question)
{
    gint64 at = 0, size = wire_size(question->wire), left = MOST_READ;
    while (at < size && clock_tick() < question->deadline) {
        g_array_set_size(question->extents, 0);
        wire_extents(question->wire, size - at, at, found, question);
        if (wait_for(question) != 0 || question->extents->len == 0)
            return FALSE;
        for (guint i = 0; i < question->extents->len && at < size; i++) {
            const Extent *extent = &g_array_index(question->extents, Extent, i);
            gint64 length = MIN(extent->length, size - at);
            if (!extent->zero && (length > left || !reads_as_zero(question, at, length)))
                return FALSE;
            left -= extent->zero ? 0 : length;
            at += length;
        }
    }
    return at >= size;
}

gboolean
emptiness_is_sure(Wire *wire, Tick deadline)
{
    Question question = { .wire = wire, .deadline = deadline, .extents = g_array_new(FALSE, FALSE, sizeof(Extent)) };
    lock_init(&question.lock);
    condition_init(&question.changed);
    gboolean empty = walk(&question);
    condition_clear(&question.changed);
    lock_clear(&question.lock);
    g_array_unref(question.extents);
    return empty;
}

gboolean
emptiness_look(HostLink *link, const ImageSpec *spec, Tick deadline)
{
    ImageSpec look = *spec;
    look.own = look.write = look.fresh = FALSE;
    g_autoptr(Wire) wire = wire_open(link, &look, deadline, NULL);
    gboolean empty = wire && emptiness_is_sure(wire, deadline);
    /* Not well closed it may still hold the file, whose next opener would be refused: then that says so. */
    if (wire)
        wire_close(wire, deadline, 0);
    return empty;
}
