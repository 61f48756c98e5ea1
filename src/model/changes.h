/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A change set: what one writer's turn changes, as whole objects before and after, plus the events that tell it. Built on
 * the writer's head view, checked, stored, applied and published as one. Made by job and command; committed only by
 * job/commit.c. Not thread-safe: it belongs to the writer. */
#pragma once

#include "base/message.h"
#include "model/inventory.h"
#include "model/record.h"

typedef struct Changes Changes;

typedef struct {
    gconstpointer before;           /* NULL: added */
    gconstpointer after;            /* NULL: removed */
    gboolean stored;                /* FALSE: only LIVE rows differ */
} Change;

typedef struct {                    /* an opaque text kept beside the objects, not held in memory: a VM's last inactive XML */
    char *space;                    /* "domain-xml" */
    Id id;
    char *text;                     /* NULL: forget */
} Keep;

Changes *changes_new(View *head, Inventory *inventory);         /* refs HEAD */
void changes_free(Changes *changes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Changes, changes_free)
const View *changes_head(const Changes *changes);
/* The object as this set leaves it: staged or from the head; NULL if absent or removed. */
gconstpointer changes_find(Changes *changes, const Type *type, const Id *id);
/* A mutable copy, staged: edit it until the set is sealed. The same pointer on the second call. NULL if there is none. */
gpointer changes_edit(Changes *changes, const Type *type, const Id *id);
gpointer changes_add(Changes *changes, gpointer take);          /* a new object with its id set; returns it */
void changes_remove(Changes *changes, const Type *type, const Id *id);
void changes_keep(Changes *changes, const char *space, const Id *id, const char *text);

/* Who and what an event is about; any member may be NULL. */
typedef struct { const Id *vm, *host, *cluster, *data_center, *storage_domain, *template_, *user; const char *correlation; } EventAbout;
/* Adds an event (its id is given at sealing). CODE is oVirt's number (OVIRT-API.md §8); MESSAGE is taken. */
Event *changes_event(Changes *changes, int code, Severity severity, Message *take, const EventAbout *about);

/* Drops staged objects that did not change, numbers versions and events, checks invariants (view_check of what is touched in debug
 * builds). After it nothing may be edited. FALSE: the set is against an invariant, or changes what is fixed; nothing is harmed. */
gboolean changes_seal(Changes *changes, GError **error);
gboolean changes_are_empty(const Changes *changes);             /* after sealing */
gboolean changes_are_stored(const Changes *changes);            /* after sealing: must the store see it? */
const Change *changes_rows(const Changes *changes, guint *ret_count);
const Keep *changes_keeps(const Changes *changes, guint *ret_count);
View *changes_apply(const Changes *changes);                    /* head with the rows applied; yours */
/* FALSE if only LIVE rows differ between the two. */
gboolean changes_touch_stored(const Type *type, gconstpointer before, gconstpointer after);
