/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * How objects of a view name each other in replies: a ready Write with the names of references, the verbs of types and what
 * ?follow= asks to be written in place. One Links a reply; not shared between threads. */
#pragma once

#include "api/exchange.h"
#include "api/members.h"
#include "base/message.h"
#include "schema/write.h"

#define LINKS_ROOT "/ovirt-engine/api"
#define LINKS_MOST_DEPTH 4              /* of follow=a.b.c.d */
#define LINKS_MOST_BYTES (256u << 20)   /* behind which nothing more is followed */

typedef struct Follow Follow;
/* From "disk_attachments.disk,nics"; NULL for nothing to follow. STRICT: a name that TYPE cannot follow is a fault, else it is
 * left alone. FALSE with the fault. */
gboolean follow_new(const Type *type, const char *text, gboolean strict, Follow **ret_follow, GError **error);
void follow_free(Follow *follow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Follow, follow_free)

typedef struct {
    const View *view;                   /* borrowed */
    Statistics *numbers;                /* may be NULL */
    const Follow *follow;               /* what is to be followed at this place; NULL: nothing */
    gconstpointer owner;                /* of the children being written */
    Language language;
    gboolean overflow;                  /* the reply grew beyond LINKS_MOST_BYTES: it must not be sent */
} Links;

/* A writer for FORMAT that appends to OUT. LINKS outlives it. */
Write links_write(Links *links, Text *out, Format format, gboolean all);
/* One object, retold in the language of LINKS. NAME: its element; PATH: its href without the root. */
void links_write_object(Write *write, const char *name, gconstpointer object, const char *path);
/* A list of MEMBERS with these ITEMS. OWNER: the object they are children of, or NULL. */
void links_write_list(Write *write, const Members *members, gconstpointer owner, gpointer const *items, guint count);
/* BASE "/" id of OBJECT; yours. */
char *links_path(const char *base, gconstpointer object);
/* Ends an exchange whose reply grew beyond LINKS_MOST_BYTES. */
void links_end_overflow(Exchange *exchange);
