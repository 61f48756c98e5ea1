/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Names to ids. An id that leads nowhere, a name nobody has, and a name several have are refusals; the sentence names what
 * there is instead, since a typing error is the usual cause. Decides nothing about what the object is used for. */
#include "command/refs.h"

#include <string.h>

#define OTHERS_MOST 5

static char *
word_of(const Type *type)
{
    return g_strdelimit(g_strdup(type->one), "_", ' ');
}

static gboolean
stands_alone(const Type *type)
{
    for (const Type *const *row = inventory_types; *row; row++) {
        if (*row == type)
            return TRUE;
    }
    return FALSE;
}

/* Names of some objects of TYPE, comma-separated; NULL if there are none. Yours. */
static char *
some_names(const View *view, const Type *type)
{
    GString *names = g_string_new(NULL);
    guint count = 0;
    ViewWalk walk = view_walk(view, type);
    for (gconstpointer object; (object = view_next(&walk)); count++) {
        if (count == OTHERS_MOST) {
            g_string_append(names, ", …");
            break;
        }
        g_autofree char *name = object_name(object);
        g_string_append_printf(names, "%s'%s'", count ? ", " : "", name);
    }
    return g_string_free(names, count == 0);
}

static gboolean
refuse_unknown(const Work *work, const Type *type, const char *given, GError **error)
{
    g_autofree char *word = word_of(type);
    g_autofree char *names = stands_alone(type) ? some_names(work->view, type) : NULL;
    if (!names)
        return fault_set(error, MSG_NO_SUCH_OBJECT_AT_ALL, "type", word, "name", given, NULL);
    return fault_set(error, MSG_NO_SUCH_OBJECT, "type", word, "name", given, "others", names, NULL);
}

static gboolean
is_called(gconstpointer object, const char *name)
{
    const char *mine = object_text(object, "name");
    const char *alias = object_text(object, "alias");
    return g_strcmp0(mine, name) == 0 || g_strcmp0(alias, name) == 0;
}

static gboolean
find_by_name(const Work *work, const Type *type, Ref *ref, GError **error)
{
    guint count = 0;
    ViewWalk walk = view_walk(work->view, type);
    for (gconstpointer object; (object = view_next(&walk));) {
        if (!is_called(object, ref->name))
            continue;
        ref->id = ((const Object *) object)->id;
        count++;
    }
    if (count == 0)
        return refuse_unknown(work, type, ref->name, error);
    g_autofree char *word = word_of(type);
    g_autofree char *text = g_strdup_printf("%u", count);
    return count == 1 || fault_set(error, MSG_NAME_OF_SEVERAL, "type", word, "name", ref->name, "count", text, NULL);
}

static gboolean
find(gpointer data, const Type *type, Ref *ref, GError **error)
{
    const Work *work = data;
    char text[ID_TEXT_SIZE];
    if (id_is_null(&ref->id))
        return stands_alone(type) ? find_by_name(work, type, ref, error) : refuse_unknown(work, type, ref->name, error);
    if (!stands_alone(type) || view_find(work->view, type, &ref->id))
        return TRUE;
    return refuse_unknown(work, type, id_format(&ref->id, type->ids, text), error);
}

gboolean
refs_resolve(Work *work, GError **error)
{
    return !work->draft || draft_resolve(work->draft, find, work, error);
}

const GPtrArray *
refs_items(const Draft *draft, const char *row)
{
    const Field *field = type_find(draft->type, row);
    return field ? draft->lists[type_index(draft->type, field)] : NULL;
}

Draft *
refs_group(const Draft *draft, const char *row)
{
    const Field *field = type_find(draft->type, row);
    return field ? draft->groups[type_index(draft->type, field)] : NULL;
}
