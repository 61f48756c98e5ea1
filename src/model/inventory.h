/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The inventory: every object of every type, as one immutable View after another. The writer (main loop) alone moves it
 * on; any thread may take the newest View and read it for as long as a request lasts, with no lock and no wait. Views
 * share chunks of pointers (copy-on-write), so a change costs a few pointers whatever the size of the estate. */
#pragma once

#include "schema/search.h"
#include "schema/type.h"

typedef struct Inventory Inventory;
typedef struct View View;

/* Types that stand in the inventory as rows of their own, in the order of their paths; NULL-terminated. */
extern const Type *const inventory_types[];
const Type *inventory_type_of_path(const char *segment);        /* "vms" → &vm_type; NULL */
const Type *inventory_type_of_name(const char *one);            /* "vm" → &vm_type; also children types ("nic"); NULL */

Inventory *inventory_new(void);                                 /* with what every installation has (model/fixed.h) */
void inventory_free(Inventory *inventory);
View *inventory_view(Inventory *inventory);                     /* the newest published one; yours to view_unref; any thread */
void inventory_publish(Inventory *inventory, View *view);       /* writer only */
guint64 inventory_next_version(Inventory *inventory);           /* writer only */
guint64 inventory_next_event(Inventory *inventory);             /* writer only: the next event's number */
void inventory_set_last_event(Inventory *inventory, guint64 event); /* writer only, after loading */

View *view_ref(View *view);
void view_unref(View *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(View, view_unref)
View *view_empty(void);
guint64 view_serial(const View *view);                          /* grows by one a change set */
guint64 view_type_serial(const View *view, const Type *type);  /* of the view in which its objects last changed; 0 where there are none */
guint view_count(const View *view, const Type *type);
gconstpointer view_find(const View *view, const Type *type, const Id *id);              /* borrowed while the view lives; NULL */
gconstpointer view_find_name(const View *view, const Type *type, const char *name);     /* exact name; the first by id; NULL */
/* In id order: `for (ViewWalk w = view_walk(view, &vm_type); (vm = view_next(&w));)` */
typedef struct { const View *view; const Type *type; guint chunk, row; } ViewWalk;
ViewWalk view_walk(const View *view, const Type *type);
gconstpointer view_next(ViewWalk *walk);
/* The objects of TYPE whose REF row `by` names ID, in id order; yours (g_ptr_array_unref), borrowed items. */
GPtrArray *view_collect(const View *view, const Type *type, const char *by, const Id *id);
/* Where an object is linked from by a REF row of another type: used to refuse removal. NULL if nowhere. */
gconstpointer view_user_of(const View *view, const Type *type, const Id *id);
/* The same view with OBJECTS put in (or, where remove[i], taken out). Objects are refed. Writer only. */
View *view_with(const View *view, gpointer const *objects, const gboolean *remove, guint count);

SearchWorld view_world(const View *view);
const SearchWord *view_search_words(const Type *type);          /* each type's table of extra words */
char *object_name(gconstpointer object);                        /* name, alias or description for a sentence; "" if none; yours */
const char *object_text(gconstpointer object, const char *row); /* a TEXT member by row name; borrowed; NULL */
gboolean view_check(const View *view, GError **error);          /* every invariant: REFs point somewhere, names unique where they must be */
