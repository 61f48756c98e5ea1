/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A list as pieces. Bringing it up to a view reads from rope_update downwards: join the view with what is known (both in id
 * order), take out what is gone or stands elsewhere now, merge in what is new, and group all into pieces again, sharing those
 * in which nothing changed. */
#include "api/rope_parts.h"

#include "api/links.h"

#include <string.h>

#define PIECE_BYTES (16u << 10)         /* a piece is closed behind so many */
#define PIECE_SMALL (4u << 10)          /* one with less takes its neighbour in */

typedef struct {
    Refs refs;                          /* entries in it, and the rope's own array */
    Run *run;                           /* NULL: let go */
    guint entries, changed;             /* how many point here; how many of those are written anew or gone */
} Piece;

typedef struct {
    Id id;
    guint64 version;
    Piece *piece;                       /* NULL: not written yet */
    guint offset, length;
    gboolean fresh;                     /* its bytes are of this version */
    gconstpointer now;                  /* during an update: the object, NULL if it is gone */
} Entry;

struct Rope {
    CacheKey key;
    Frame *frame;
    Search *order;
    GPtrArray *refs;                    /* Type: whose objects ours name */
    gboolean inlines;                   /* names of others stand in our bytes too */
    guint64 serial;                     /* view_type_serial of what it holds */
    guint64 below_serials, below_print; /* of the types in REFS: cheap and exact */
    GPtrArray *by_id;                   /* Entry *, owned */
    GPtrArray *shown;                   /* Entry *: display order */
    GPtrArray *pieces;                  /* Piece *: of SHOWN */
    gsize bytes;
};

/* --- types behind references ------------------------------------------------------------------------------------------------ */

static void
add_refs(Rope *rope, const Type *type)
{
    for (const Field *row = type->fields; row->name; row++) {
        if (row->flags & SECRET)
            continue;
        if (row->kind == KIND_GROUP || row->kind == KIND_LIST)
            add_refs(rope, row->of);
        if (row->kind != KIND_REF || !members_stand_alone(row->of))
            continue;
        rope->inlines |= (row->flags & INLINE) != 0;
        if (!g_ptr_array_find(rope->refs, row->of, NULL))
            g_ptr_array_add(rope->refs, (gpointer) row->of);
    }
}

static guint64
mix(guint64 print, guint64 value)
{
    print = (print ^ value) * 0x9e3779b97f4a7c15u;
    return print ^ (print >> 29);
}

static guint64
serials_below(const Rope *rope, const View *view)
{
    guint64 print = 1;
    for (guint i = 0; i < rope->refs->len; i++)
        print = mix(print, view_type_serial(view, rope->refs->pdata[i]));
    return print;
}

/* Changes when one of the objects we name comes or goes, or (where names are written) is called otherwise. */
static guint64
print_below(const Rope *rope, const View *view)
{
    guint64 print = 1, halves[2];
    for (guint i = 0; i < rope->refs->len; i++) {
        const Object *object;
        print = mix(print, i);
        for (ViewWalk walk = view_walk(view, rope->refs->pdata[i]); (object = view_next(&walk));) {
            memcpy(halves, object->id.bytes, sizeof(halves));
            print = mix(mix(print, halves[0]), halves[1]);
            if (rope->inlines)
                print = mix(print, object->version);
        }
    }
    return print;
}

/* --- life ---------------------------------------------------------------------------------------------------------------------- */

static void
piece_unref(Piece *piece)
{
    if (!piece || !refs_dec(&piece->refs))
        return;
    rope_run_unref(piece->run);
    g_free(piece);
}

static Piece *
piece_ref(Piece *piece)
{
    refs_inc(&piece->refs);
    return piece;
}

static void
entry_free(gpointer data)
{
    Entry *entry = data;
    piece_unref(entry->piece);
    g_free(entry);
}

static GPtrArray *
new_pieces(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify) piece_unref);
}

Rope *
rope_new(const CacheKey *key)
{
    Rope *rope = g_new0(Rope, 1);
    rope->key = *key;
    rope->frame = rope_frame_new(key);
    rope->order = search_new(key->type, view_search_words(key->type), NULL, FALSE, NULL);
    rope->refs = g_ptr_array_new();
    rope->by_id = g_ptr_array_new_with_free_func(entry_free);
    rope->shown = g_ptr_array_new();
    rope->pieces = new_pieces();
    add_refs(rope, key->type);
    return rope;
}

void
rope_free(Rope *rope)
{
    search_free(rope->order);
    rope_frame_unref(rope->frame);
    g_ptr_array_unref(rope->refs);
    g_ptr_array_unref(rope->pieces);
    g_ptr_array_unref(rope->shown);
    g_ptr_array_unref(rope->by_id);
    g_free(rope);
}

gsize
rope_bytes(const Rope *rope)
{
    return rope->bytes;
}

void
rope_trim(Rope *rope, gsize most)
{
    for (guint i = rope->pieces->len; i > 0 && rope->bytes > most; i--) {
        Piece *piece = rope->pieces->pdata[i - 1];
        rope->bytes -= rope_run_bytes(piece->run);
        g_clear_pointer(&piece->run, rope_run_unref);
    }
    rope->serial = 0;                   /* the next request must look what is missing */
}

gboolean
rope_is_current(const Rope *rope, const View *view)
{
    return rope->serial && rope->serial >= view_type_serial(view, rope->key.type) && rope->below_serials == serials_below(rope, view);
}

/* --- one object ------------------------------------------------------------------------------------------------------------------ */

static void
write_one(const Rope *rope, Write *write, const Object *object)
{
    Text *out = write->out;
    gsize start = out->length;
    if (!rope->frame->holds_fields) {
        if (write->format == FORMAT_JSON)
            text_add_literal(out, ",");
        g_autofree char *base = g_strconcat("/", object->type->path, NULL), *path = links_path(base, object);
        write_object(write, object->type, object, path);
        return;
    }
    /* The first member of what looks like an object is not led by a comma, as ours all must be. */
    if (write->format == FORMAT_JSON)
        text_add_literal(out, "{");
    write_fields(write, object->type, object);
    if (write->format == FORMAT_JSON && out->length == start + 1)
        out->length = start;
    else if (write->format == FORMAT_JSON)
        out->bytes[start] = ',';
}

/* --- an update ------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    Rope *rope;
    View *view;
    GPtrArray *by_id;                   /* the entries there will be; new ones are owned by FRESH until the update is certain */
    GPtrArray *fresh;                   /* Entry *: new ones */
    GPtrArray *gone;                    /* Entry * */
    guint missing;                      /* objects to be written */
    SearchWorld world;
} Update;

static void
join_entry(Update *update, Entry *entry, const Object *object, gboolean all_anew)
{
    entry->now = object;
    entry->fresh = !all_anew && entry->version == object->version && entry->piece && entry->piece->run;
    update->missing += !entry->fresh;
    g_ptr_array_add(update->by_id, entry);
}

static void
join_new(Update *update, const Object *object)
{
    Entry *entry = g_new0(Entry, 1);
    entry->id = object->id;
    entry->now = object;
    g_ptr_array_add(update->fresh, entry);
    g_ptr_array_add(update->by_id, entry);
    update->missing++;
}

static void
join(Update *update, gboolean all_anew)
{
    const GPtrArray *known = update->rope->by_id;
    const Object *object;
    guint at = 0;
    for (ViewWalk walk = view_walk(update->view, update->rope->key.type); (object = view_next(&walk));) {
        int order = -1;
        for (; at < known->len; at++) {
            Entry *entry = known->pdata[at];
            order = id_compare(&object->id, &entry->id);
            if (order <= 0)
                break;
            g_ptr_array_add(update->gone, entry);
        }
        if (at < known->len && order == 0)
            join_entry(update, known->pdata[at++], object, all_anew);
        else
            join_new(update, object);
    }
    for (; at < known->len; at++)
        g_ptr_array_add(update->gone, known->pdata[at]);
}

static int
compare(const Update *update, const Entry *a, const Entry *b)
{
    return search_compare(update->rope->order, &update->world, a->now, b->now);
}

static int
compare_entries(gconstpointer a, gconstpointer b, gpointer data)
{
    return compare(data, *(Entry *const *) a, *(Entry *const *) b);
}

static gboolean
changed(const Entry *entry)
{
    return entry->version != ((const Object *) entry->now)->version;
}

/* The known entries that stay where they are, in order; those that must be sorted in anew go to MOVED. */
static GPtrArray *
keep_order(Update *update, GPtrArray *moved)
{
    const GPtrArray *shown = update->rope->shown;
    GPtrArray *kept = g_ptr_array_sized_new(shown->len + update->fresh->len);
    for (guint i = 0; i < shown->len; i++) {
        Entry *entry = shown->pdata[i];
        if (!entry->now)
            continue;
        gboolean placed = FALSE;
        while (!placed && kept->len) {
            Entry *last = kept->pdata[kept->len - 1];
            placed = (!changed(entry) && !changed(last)) || compare(update, last, entry) <= 0;
            if (placed || changed(entry))
                break;
            g_ptr_array_add(moved, last);
            g_ptr_array_set_size(kept, (int) kept->len - 1);
        }
        g_ptr_array_add(placed || !kept->len ? kept : moved, entry);
    }
    return kept;
}

/* KEPT and the sorted INSERTS as one. */
static GPtrArray *
merge(const Update *update, const GPtrArray *kept, const GPtrArray *inserts)
{
    GPtrArray *all = g_ptr_array_sized_new(kept->len + inserts->len);
    guint k = 0, i = 0;
    while (k < kept->len || i < inserts->len) {
        gboolean insert = k == kept->len || (i < inserts->len && compare(update, inserts->pdata[i], kept->pdata[k]) < 0);
        g_ptr_array_add(all, insert ? inserts->pdata[i++] : kept->pdata[k++]);
    }
    return all;
}

/* Forgets GONE, and puts what is new and what moved to its place. */
static void
arrange(Update *update)
{
    Rope *rope = update->rope;
    g_autoptr(GPtrArray) inserts = g_ptr_array_new();
    for (guint i = 0; i < update->gone->len; i++) {
        Entry *entry = update->gone->pdata[i];
        entry->now = NULL;
        if (entry->piece)
            entry->piece->changed++;
    }
    g_autoptr(GPtrArray) kept = keep_order(update, inserts);
    for (guint i = 0; i < update->fresh->len; i++)
        g_ptr_array_add(inserts, update->fresh->pdata[i]);
    g_ptr_array_sort_with_data(inserts, compare_entries, update);
    g_ptr_array_unref(rope->shown);
    rope->shown = merge(update, kept, inserts);
    g_ptr_array_set_free_func(rope->by_id, NULL);
    g_ptr_array_unref(rope->by_id);
    rope->by_id = g_steal_pointer(&update->by_id);
    g_ptr_array_set_free_func(rope->by_id, entry_free);
}

/* --- pieces ------------------------------------------------------------------------------------------------------------------------- */

/* Entries [first, next) of SHOWN wait to be put into a piece; OUT holds their bytes already. */
typedef struct {
    Rope *rope;
    Write *write;
    Text out;
    guint first, next;
    GPtrArray *pieces;
} Grouping;

static void
close_piece(Grouping *grouping)
{
    if (grouping->first == grouping->next)
        return;
    Piece *piece = g_new0(Piece, 1);
    refs_init(&piece->refs);
    piece->entries = grouping->next - grouping->first;
    piece->run = rope_run_new(piece->entries, &grouping->out);
    for (guint i = grouping->first; i < grouping->next; i++) {
        Entry *entry = grouping->rope->shown->pdata[i];
        entry->piece = piece_ref(piece);
        rope_run_mark(piece->run, i - grouping->first, &entry->id, entry->offset + entry->length);
    }
    g_ptr_array_add(grouping->pieces, piece);
    text_reset(&grouping->out);
    grouping->first = grouping->next;
}

static void
add_entry(Grouping *grouping, Entry *entry)
{
    Text *out = &grouping->out;
    guint offset = (guint) out->length;
    if (entry->fresh) {
        text_add_bytes(out, rope_run_text(entry->piece->run) + entry->offset, entry->length);
    } else {
        write_one(grouping->rope, grouping->write, entry->now);
    }
    piece_unref(g_steal_pointer(&entry->piece));
    entry->offset = offset;
    entry->length = (guint) out->length - offset;
    entry->version = ((const Object *) entry->now)->version;
    entry->fresh = TRUE;
    grouping->next++;
    if (out->length >= PIECE_BYTES)
        close_piece(grouping);
}

/* Do the entries from AT on make up one whole old piece in which nothing changed? */
static gboolean
stands_whole(const Rope *rope, guint at)
{
    const Entry *entry = rope->shown->pdata[at];
    const Piece *piece = entry->piece;
    if (!entry->fresh || !piece || piece->changed || at + piece->entries > rope->shown->len)
        return FALSE;
    for (guint i = 0; i < piece->entries; i++) {
        const Entry *next = rope->shown->pdata[at + i];
        if (next->piece != piece || !next->fresh)
            return FALSE;
    }
    return TRUE;
}

static void
share_piece(Grouping *grouping, Piece *piece)
{
    close_piece(grouping);
    g_ptr_array_add(grouping->pieces, piece_ref(piece));
    grouping->first = grouping->next = grouping->next + piece->entries;
}

static void
group(Rope *rope, Write *write)
{
    Grouping grouping = { .rope = rope, .write = write, .out = TEXT_EMPTY, .pieces = new_pieces() };
    write->out = &grouping.out;
    while (grouping.next < rope->shown->len) {
        Entry *entry = rope->shown->pdata[grouping.next];
        gboolean joins = grouping.out.length > 0 && grouping.out.length < PIECE_SMALL;
        if (!joins && stands_whole(rope, grouping.next))
            share_piece(&grouping, entry->piece);
        else
            add_entry(&grouping, entry);
    }
    close_piece(&grouping);
    text_clear(&grouping.out);
    g_ptr_array_unref(rope->pieces);
    rope->pieces = grouping.pieces;
    rope->bytes = 0;
    for (guint i = 0; i < rope->pieces->len; i++)
        rope->bytes += rope_run_bytes(((const Piece *) rope->pieces->pdata[i])->run);
}

static void
forget(GPtrArray *entries)
{
    for (guint i = 0; i < entries->len; i++)
        entry_free(entries->pdata[i]);
    g_ptr_array_unref(entries);
}

static void
mark_changed(const GPtrArray *entries)
{
    for (guint i = 0; i < entries->len; i++) {
        Entry *entry = entries->pdata[i];
        if (!entry->fresh && entry->piece)
            entry->piece->changed++;
    }
}

static void
carry_out(Update *update)
{
    Rope *rope = update->rope;
    Links links = { .view = update->view };
    Write write = links_write(&links, NULL, rope->key.format, rope->key.all);
    arrange(update);
    mark_changed(rope->by_id);
    group(rope, &write);
    forget(g_steal_pointer(&update->gone));
}

gboolean
rope_update(Rope *rope, View *view, guint most)
{
    guint64 serials = serials_below(rope, view);
    guint64 print = serials == rope->below_serials && rope->by_id->len ? rope->below_print : print_below(rope, view);
    Update update = { .rope = rope, .view = view, .by_id = g_ptr_array_sized_new(view_count(view, rope->key.type)),
                      .fresh = g_ptr_array_new(), .gone = g_ptr_array_new(), .world = view_world(view) };
    join(&update, print != rope->below_print);
    gboolean well = update.missing <= most;
    if (well) {
        carry_out(&update);
        rope->serial = view_type_serial(view, rope->key.type);
        rope->below_serials = serials;
        rope->below_print = print;
    } else {
        forget(g_steal_pointer(&update.fresh));
    }
    g_clear_pointer(&update.by_id, g_ptr_array_unref);
    g_clear_pointer(&update.fresh, g_ptr_array_unref);
    g_clear_pointer(&update.gone, g_ptr_array_unref);
    return well;
}

/* --- the reply -------------------------------------------------------------------------------------------------------------------------- */

RopeReply *
rope_reply(const Rope *rope)
{
    RopeReply *reply = rope_reply_new(rope->frame, rope->pieces->len);
    for (guint i = 0; i < rope->pieces->len; i++)
        rope_reply_add(reply, ((const Piece *) rope->pieces->pdata[i])->run);
    return reply;
}
