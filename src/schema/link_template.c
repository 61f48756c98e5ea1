/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Links and actions of a type as one text with holes where an object's id stands. Lists of thousands of objects copy it and
 * fill the holes: one copy and some thirty short ones an object instead of walking the rows again. Made once a format. */
#include "schema/write.h"

#include "base/lock.h"

/* Stands where the id will: no path or word of ours contains it. */
#define MARK "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@"

static const char *const *verbs_now;

static const char *const *
given_verbs(const Type *type)
{
    (void) type;
    return verbs_now;
}

static LinkTemplate *
make(const Type *type, Format format, const char *root)
{
    LinkTemplate *template = g_new0(LinkTemplate, 1);
    Text out = TEXT_EMPTY;
    g_autofree char *path = g_strconcat("/", type->path, "/" MARK, NULL);
    Write write = { .out = &out, .format = format, .root = root, .verbs = given_verbs };
    if (format == FORMAT_JSON)
        text_add_literal(&out, " ");    /* a byte before: the first member is comma-led */
    write_links(&write, type, NULL, path);
    template->text = text_take(&out);
    if (format == FORMAT_JSON)
        memmove(template->text, template->text + 1, strlen(template->text));
    template->length = strlen(template->text);
    GArray *holes = g_array_new(FALSE, FALSE, sizeof(guint));
    for (const char *at = template->text; (at = strstr(at, MARK)); at += strlen(MARK)) {
        guint hole = (guint) (at - template->text);
        g_array_append_val(holes, hole);
    }
    template->n_holes = holes->len;
    template->holes = (guint *) (gpointer) g_array_free(holes, FALSE);
    return template;
}

const LinkTemplate *
write_link_template(const Type *type, Format format, const char *root, const char *const *verbs)
{
    static Lock lock = { PTHREAD_MUTEX_INITIALIZER };
    static GHashTable *made[N_FORMATS];
    LOCK_HOLD(&lock);
    if (!made[format])
        made[format] = g_hash_table_new(NULL, NULL);
    LinkTemplate *template = g_hash_table_lookup(made[format], type);
    if (!template) {
        verbs_now = verbs;
        template = make(type, format, root);
        g_hash_table_insert(made[format], (gpointer) type, template);
    }
    return template;
}
