/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Views and their inventory. A view holds, for each type, a root: an array of chunks, each up to 256 pointers to objects in
 * id order. A new view takes over the roots, and copies only the root and the chunks a change falls into. Objects, chunks
 * and roots are counted; whoever lets go last frees. The one lock guards the pointer to the published view while it is refed. */
#include "model/inventory.h"

#include "base/lock.h"
#include "base/refs.h"
#include "model/fixed.h"

#include <string.h>

#define CHUNK_MOST 256
#define TYPES_MOST 96
#define NUMBER_SLOTS 256            /* more than TYPES_MOST: a search always ends */

typedef struct {
    Refs refs;
    guint count;
    gconstpointer objects[];        /* CHUNK_MOST of them */
} Chunk;

typedef struct {
    Refs refs;
    guint chunks, objects;
    guint64 serial;                 /* of the view it was made for */
    Chunk *rows[];
} Root;

struct View {
    Refs refs;
    guint64 serial;
    Root *roots[TYPES_MOST];        /* by number of the type; NULL is empty */
};

struct Inventory {
    Lock lock;                      /* of `newest` */
    View *newest;
    guint64 version, event;         /* writer only */
};

/* Types are tables that nobody may write into: their numbers stand beside them, found by address. */
typedef struct {
    const Type *type;
    guint number;
} Numbered;

static guint
first_slot(const Type *type)
{
    return (guint) ((guint64) (gsize) type * 0x9e3779b97f4a7c15u >> 32) % NUMBER_SLOTS;
}

static Numbered *
number_types(void)
{
    Numbered *table = g_new0(Numbered, NUMBER_SLOTS);
    for (guint i = 0; inventory_types[i]; i++) {
        guint slot = first_slot(inventory_types[i]);
        g_assert(i < TYPES_MOST);
        while (table[slot].type)
            slot = (slot + 1) % NUMBER_SLOTS;
        table[slot] = (Numbered) { inventory_types[i], i };
    }
    return table;
}

/* Asked with every look at a view. */
static guint
type_number(const Type *type)
{
    static Numbered *table;
    if (g_once_init_enter(&table))
        g_once_init_leave(&table, number_types());
    for (guint slot = first_slot(type); table[slot].type; slot = (slot + 1) % NUMBER_SLOTS) {
        if (table[slot].type == type)
            return table[slot].number;
    }
    g_error("type '%s' stands in no inventory", type->one);
}

static int
compare(const Chunk *chunk, guint row, const Id *id)
{
    return id_compare(&((const Object *) chunk->objects[row])->id, id);
}

static Chunk *
chunk_new(void)
{
    Chunk *chunk = g_malloc(sizeof(Chunk) + CHUNK_MOST * sizeof(gpointer));
    refs_init(&chunk->refs);
    chunk->count = 0;
    return chunk;
}

static void
chunk_unref(Chunk *chunk)
{
    if (!refs_dec(&chunk->refs))
        return;
    for (guint i = 0; i < chunk->count; i++)
        object_unref(chunk->objects[i]);
    g_free(chunk);
}

static void
root_unref(Root *root)
{
    if (!root || !refs_dec(&root->refs))
        return;
    for (guint i = 0; i < root->chunks; i++)
        chunk_unref(root->rows[i]);
    g_free(root);
}

View *
view_empty(void)
{
    View *view = g_new0(View, 1);
    refs_init(&view->refs);
    return view;
}

View *
view_ref(View *view)
{
    refs_inc(&view->refs);
    return view;
}

void
view_unref(View *view)
{
    if (!view || !refs_dec(&view->refs))
        return;
    for (guint i = 0; i < TYPES_MOST; i++)
        root_unref(view->roots[i]);
    g_free(view);
}

guint64
view_serial(const View *view)
{
    return view->serial;
}

guint64
view_type_serial(const View *view, const Type *type)
{
    const Root *root = view->roots[type_number(type)];
    return root ? root->serial : 0;
}

guint
view_count(const View *view, const Type *type)
{
    const Root *root = view->roots[type_number(type)];
    return root ? root->objects : 0;
}

/* The last chunk whose first id is not behind ID: there ID is or would be. */
static guint
chunk_of(const Root *root, const Id *id)
{
    guint low = 0, high = root->chunks;
    while (high - low > 1) {
        guint middle = (low + high) / 2;
        if (compare(root->rows[middle], 0, id) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The first row whose id is not before ID. */
static guint
row_of(const Chunk *chunk, const Id *id)
{
    guint low = 0, high = chunk->count;
    while (low < high) {
        guint middle = (low + high) / 2;
        if (compare(chunk, middle, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

gconstpointer
view_find(const View *view, const Type *type, const Id *id)
{
    const Root *root = view->roots[type_number(type)];
    if (!root || !root->chunks)
        return NULL;
    const Chunk *chunk = root->rows[chunk_of(root, id)];
    guint row = row_of(chunk, id);
    return row < chunk->count && compare(chunk, row, id) == 0 ? chunk->objects[row] : NULL;
}

ViewWalk
view_walk(const View *view, const Type *type)
{
    return (ViewWalk) { view, type, 0, 0 };
}

gconstpointer
view_next(ViewWalk *walk)
{
    const Root *root = walk->view->roots[type_number(walk->type)];
    while (root && walk->chunk < root->chunks) {
        const Chunk *chunk = root->rows[walk->chunk];
        if (walk->row < chunk->count)
            return chunk->objects[walk->row++];
        walk->chunk++;
        walk->row = 0;
    }
    return NULL;
}

/* What is being built: the chunks of one type's new root. */
typedef struct {
    GPtrArray *chunks;              /* owned Chunk */
    guint objects;
} Building;

static void
close_chunk(Building *building, Chunk **open)
{
    if (*open && (*open)->count)
        g_ptr_array_add(building->chunks, g_steal_pointer(open));
    g_clear_pointer(open, g_free);
}

static void
put(Building *building, Chunk **open, gconstpointer object)
{
    if (*open && (*open)->count == CHUNK_MOST)
        close_chunk(building, open);
    if (!*open)
        *open = chunk_new();
    (*open)->objects[(*open)->count++] = object_ref(object);
    building->objects++;
}

typedef struct {
    gconstpointer object;
    gboolean remove;
} Edit;

static int
compare_edits(gconstpointer a, gconstpointer b)
{
    const Edit *left = a, *right = b;
    return id_compare(&((const Object *) left->object)->id, &((const Object *) right->object)->id);
}

/* What is read from the store comes sorted. */
static void
sort_edits(GArray *edits)
{
    for (guint i = 1; i < edits->len; i++) {
        if (compare_edits(&g_array_index(edits, Edit, i - 1), &g_array_index(edits, Edit, i)) > 0) {
            g_array_sort(edits, compare_edits);
            return;
        }
    }
}

/* CHUNK merged with the edits that fall into it. */
static void
merge_chunk(Building *building, const Chunk *chunk, const Edit *edits, guint count)
{
    Chunk *open = NULL;
    guint row = 0, edit = 0, total = chunk ? chunk->count : 0;
    while (row < total || edit < count) {
        int order = edit == count ? -1 : row == total ? 1 : compare(chunk, row, &((const Object *) edits[edit].object)->id);
        if (order < 0) {
            put(building, &open, chunk->objects[row++]);
            continue;
        }
        if (!edits[edit].remove)
            put(building, &open, edits[edit].object);
        edit++;
        row += order == 0;
    }
    close_chunk(building, &open);
}

static Root *
finish_root(Building *building)
{
    Root *root = NULL;
    if (building->chunks->len) {
        root = g_malloc(sizeof(Root) + building->chunks->len * sizeof(Chunk *));
        refs_init(&root->refs);
        root->chunks = building->chunks->len;
        root->objects = building->objects;
        memcpy(root->rows, building->chunks->pdata, root->chunks * sizeof(Chunk *));
    }
    g_ptr_array_free(building->chunks, TRUE);
    return root;
}

/* OLD with the edits, sorted by id; chunks without an edit are shared. */
static Root *
edit_root(const Root *old, const Edit *edits, guint count)
{
    Building building = { g_ptr_array_new(), 0 };
    guint edit = 0, chunks = old ? old->chunks : 0;
    if (!chunks)
        merge_chunk(&building, NULL, edits, count);
    for (guint c = 0; c < chunks; c++) {
        Chunk *chunk = old->rows[c];
        guint first = edit;
        while (edit < count && (c + 1 == chunks || compare(old->rows[c + 1], 0, &((const Object *) edits[edit].object)->id) > 0))
            edit++;
        if (first == edit) {
            refs_inc(&chunk->refs);
            g_ptr_array_add(building.chunks, chunk);
            building.objects += chunk->count;
        } else {
            merge_chunk(&building, chunk, edits + first, edit - first);
        }
    }
    return finish_root(&building);
}

View *
view_with(const View *view, gpointer const *objects, const gboolean *remove, guint count)
{
    View *next = view_empty();
    next->serial = view->serial + 1;
    g_autofree GArray **edits = g_new0(GArray *, TYPES_MOST);
    for (guint i = 0; i < count; i++) {
        guint number = type_number(((const Object *) objects[i])->type);
        Edit edit = { objects[i], remove[i] };
        if (!edits[number])
            edits[number] = g_array_new(FALSE, FALSE, sizeof(Edit));
        g_array_append_val(edits[number], edit);
    }
    for (guint number = 0; number < TYPES_MOST; number++) {
        Root *root = view->roots[number];
        if (edits[number]) {
            sort_edits(edits[number]);
            next->roots[number] = edit_root(root, (const Edit *) (gpointer) edits[number]->data, edits[number]->len);
            if (next->roots[number])
                next->roots[number]->serial = next->serial;
            g_array_unref(edits[number]);
        } else if (root) {
            refs_inc(&root->refs);
            next->roots[number] = root;
        }
    }
    return next;
}

Inventory *
inventory_new(void)
{
    Inventory *inventory = g_new0(Inventory, 1);
    lock_init(&inventory->lock);
    inventory->newest = fixed_view();
    return inventory;
}

void
inventory_free(Inventory *inventory)
{
    if (!inventory)
        return;
    view_unref(inventory->newest);
    lock_clear(&inventory->lock);
    g_free(inventory);
}

View *
inventory_view(Inventory *inventory)
{
    LOCK_HOLD(&inventory->lock);
    return view_ref(inventory->newest);
}

void
inventory_publish(Inventory *inventory, View *view)
{
    View *old;
    view_ref(view);
    lock_take(&inventory->lock);
    old = inventory->newest;
    inventory->newest = view;
    lock_drop(&inventory->lock);
    view_unref(old);
}

guint64
inventory_next_version(Inventory *inventory)
{
    return ++inventory->version;
}

guint64
inventory_next_event(Inventory *inventory)
{
    return ++inventory->event;
}

void
inventory_set_last_event(Inventory *inventory, guint64 event)
{
    inventory->event = MAX(inventory->event, event);
}
