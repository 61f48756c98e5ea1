/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A list on its way out: the remembered bytes of each object put into its frame when there is room for them. So links and
 * actions, which are half of a list and differ only in the id, take no memory, and less is read from far away. */
#include "api/rope_parts.h"

#include "api/console.h"
#include "api/limits.h"
#include "api/links.h"
#include "job/command.h"

#include <string.h>

#define ID_LENGTH (ID_TEXT_SIZE - 1)

struct RopeReply {
    Frame *frame;
    GPtrArray *runs;
    guint64 size;
    gsize memory;
    enum { HEAD, OBJECTS, TAIL, END } stage;
    guint run, row;                     /* the next object */
    Text spill;                         /* what was made but did not fit */
    gsize spilled;                      /* of it */
};

/* --- frames --------------------------------------------------------------------------------------------------------------------- */

static gboolean
has_inline_children(const Type *type)
{
    for (const Field *row = type->fields; row->name; row++) {
        if ((row->kind == KIND_CHILDREN || row->kind == KIND_COLLECT) && row->flags & INLINE)
            return TRUE;
    }
    return FALSE;
}

static void
add_hole(Text *text, GArray *holes)
{
    guint at = (guint) text->length;
    char blank[ID_LENGTH];
    memset(blank, ' ', sizeof(blank));
    g_array_append_val(holes, at);
    text_add_bytes(text, blank, sizeof(blank));
}

static void
finish(Stencil *stencil, Text *text, GArray *holes)
{
    stencil->length = text->length;
    stencil->text = text_take(text);
    stencil->n_holes = holes->len;
    stencil->holes = (guint *) (gpointer) g_array_free(holes, FALSE);
}

static void
make_before(Frame *frame, const Type *type)
{
    g_auto(Text) text = TEXT_EMPTY;
    GArray *holes = g_array_new(FALSE, FALSE, sizeof(guint));
    if (frame->json)
        text_add_literal(&text, ",{\"href\":\"" LINKS_ROOT "/");
    else
        text_printf(&text, "<%s href=\"" LINKS_ROOT "/", type->one);
    text_printf(&text, "%s/", type->path);
    add_hole(&text, holes);
    text_add(&text, frame->json ? "\",\"id\":\"" : "\" id=\"");
    add_hole(&text, holes);
    text_add(&text, frame->json ? "\"" : "\">");
    finish(&frame->before, &text, holes);
}

static void
make_behind(Frame *frame, const CacheKey *key)
{
    g_auto(Text) text = TEXT_EMPTY;
    GArray *holes = g_array_new(FALSE, FALSE, sizeof(guint));
    const LinkTemplate *links = write_link_template(key->type, key->format, LINKS_ROOT, console_verbs(key->type));
    g_array_append_vals(holes, links->holes, links->n_holes);
    text_add_bytes(&text, links->text, links->length);
    if (frame->json)
        text_add_literal(&text, "}");
    else
        text_printf(&text, "</%s>", key->type->one);
    finish(&frame->behind, &text, holes);
}

Frame *
rope_frame_new(const CacheKey *key)
{
    Frame *frame = g_new0(Frame, 1);
    const Type *type = key->type;
    refs_init(&frame->refs);
    frame->json = key->format == FORMAT_JSON;
    frame->ids = type->ids;
    frame->head = frame->json ? g_strconcat("{\"", type->one, "\":[", NULL) : g_strconcat("<", type->many, ">", NULL);
    frame->tail = frame->json ? g_strdup("]}") : g_strconcat("</", type->many, ">", NULL);
    frame->holds_fields = type->ids == ID_UUID && !has_inline_children(type);
    if (frame->holds_fields) {
        make_before(frame, type);
        make_behind(frame, key);
    }
    return frame;
}

Frame *
rope_frame_ref(Frame *frame)
{
    refs_inc(&frame->refs);
    return frame;
}

void
rope_frame_unref(Frame *frame)
{
    if (!refs_dec(&frame->refs))
        return;
    g_free(frame->head);
    g_free(frame->tail);
    g_free(frame->before.text);
    g_free(frame->before.holes);
    g_free(frame->behind.text);
    g_free(frame->behind.holes);
    g_free(frame);
}

/* --- runs ------------------------------------------------------------------------------------------------------------------------- */

static gsize
rope_run_size(guint count, gsize length)
{
    return sizeof(Run) + count * sizeof(Mark) + length;
}

Run *
rope_run_new(guint count, const Text *text)
{
    Run *run = g_malloc(rope_run_size(count, text->length));
    refs_init(&run->refs);
    run->count = count;
    run->length = text->length;
    if (text->length)
        memcpy(run->marks + count, text->bytes, text->length);
    return run;
}

Run *
rope_run_ref(Run *run)
{
    refs_inc(&run->refs);
    return run;
}

void
rope_run_unref(Run *run)
{
    if (run && refs_dec(&run->refs))
        g_free(run);
}

void
rope_run_mark(Run *run, guint index, const Id *id, guint end)
{
    run->marks[index] = (Mark) { *id, end };
}

const char *
rope_run_text(const Run *run)
{
    return (const char *) (run->marks + run->count);
}

gsize
rope_run_bytes(const Run *run)
{
    return run ? rope_run_size(run->count, run->length) : 0;
}

/* --- a reply ---------------------------------------------------------------------------------------------------------------------- */

RopeReply *
rope_reply_new(Frame *frame, guint runs)
{
    RopeReply *reply = g_new0(RopeReply, 1);
    reply->frame = rope_frame_ref(frame);
    reply->runs = g_ptr_array_new_full(runs, (GDestroyNotify) rope_run_unref);
    reply->size = strlen(frame->head) + strlen(frame->tail);
    reply->memory = sizeof(RopeReply);
    return reply;
}

void
rope_reply_add(RopeReply *reply, Run *run)
{
    const Frame *frame = reply->frame;
    if (!run->count)
        return;
    reply->size += run->length + run->count * (frame->before.length + frame->behind.length);
    reply->size -= frame->json && !reply->runs->len;        /* the first comma */
    reply->memory += rope_run_bytes(run);
    g_ptr_array_add(reply->runs, rope_run_ref(run));
}

void
rope_reply_free(gpointer data)
{
    RopeReply *reply = data;
    if (!reply)
        return;
    g_ptr_array_unref(reply->runs);
    rope_frame_unref(reply->frame);
    text_clear(&reply->spill);
    g_free(reply);
}

guint64
rope_reply_size(const RopeReply *reply)
{
    return reply->size;
}

gsize
rope_reply_memory(const RopeReply *reply)
{
    return reply->memory / LIMIT_SHARED;
}

guint
rope_reply_shares(const RopeReply *a, const RopeReply *b)
{
    guint count = 0;
    for (guint i = 0; i < a->runs->len; i++)
        count += g_ptr_array_find(b->runs, a->runs->pdata[i], NULL);
    return count;
}

static char *
put(const Stencil *stencil, const char *id, char *to)
{
    if (!stencil->length)
        return to;
    memcpy(to, stencil->text, stencil->length);
    for (guint i = 0; i < stencil->n_holes; i++)
        memcpy(to + stencil->holes[i], id, ID_LENGTH);
    return to + stencil->length;
}

/* The next object, as long as told, at TO. */
static void
put_object(const RopeReply *reply, char *to)
{
    const Run *run = reply->runs->pdata[reply->run];
    const Mark *mark = &run->marks[reply->row];
    guint start = reply->row ? mark[-1].end : 0;
    char id[ID_TEXT_SIZE];
    if (reply->frame->holds_fields)
        id_format(&mark->id, reply->frame->ids, id);
    to = put(&reply->frame->before, id, to);
    memcpy(to, rope_run_text(run) + start, mark->end - start);
    put(&reply->frame->behind, id, to + (mark->end - start));
}

static gsize
object_length(const RopeReply *reply)
{
    const Run *run = reply->runs->pdata[reply->run];
    const Mark *mark = &run->marks[reply->row];
    return reply->frame->before.length + (mark->end - (reply->row ? mark[-1].end : 0)) + reply->frame->behind.length;
}

static void
step(RopeReply *reply)
{
    const Run *run = reply->runs->pdata[reply->run];
    if (++reply->row < run->count)
        return;
    reply->row = 0;
    if (++reply->run == reply->runs->len)
        reply->stage = TAIL;
}

/* Makes the next part aside, because it does not fit, or must not be taken whole. */
static void
spill(RopeReply *reply)
{
    text_reset(&reply->spill);
    reply->spilled = 0;
    if (reply->stage == OBJECTS) {
        gsize length = object_length(reply);
        gboolean first = reply->run == 0 && reply->row == 0;
        text_grow(&reply->spill, length);
        put_object(reply, reply->spill.bytes);
        reply->spill.length += length;
        reply->spilled = first && reply->frame->json;
        step(reply);
        return;
    }
    text_add(&reply->spill, reply->stage == HEAD ? reply->frame->head : reply->frame->tail);
    reply->stage = reply->stage == TAIL ? END : reply->runs->len ? OBJECTS : TAIL;
}

gsize
rope_reply_read(gpointer data, char *buffer, gsize room)
{
    RopeReply *reply = data;
    gsize done = 0;
    while (done < room) {
        gsize waiting = reply->spill.length - reply->spilled, count = MIN(room - done, waiting);
        if (waiting) {
            memcpy(buffer + done, reply->spill.bytes + reply->spilled, count);
            reply->spilled += count;
            done += count;
        } else if (reply->stage == END) {
            break;
        } else if (reply->stage != OBJECTS || (reply->run == 0 && reply->row == 0)) {
            spill(reply);
        } else if (object_length(reply) <= room - done) {
            gsize length = object_length(reply);
            put_object(reply, buffer + done);
            done += length;
            step(reply);
        } else if (done) {
            break;                      /* it fits better into the next buffer */
        } else {
            spill(reply);
        }
    }
    return done;
}
