/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Walks over field tables: copy, free, compare, find. No resource's name stands here; a new field of any type is copied,
 * freed and compared the day its row is written. Called by everybody who holds objects. */
#include "schema/type.h"

#include <string.h>

#define MEMBER(record, field) ((gpointer) ((char *) (record) + (field)->offset))
#define MEMBER_CONST(record, field) ((gconstpointer) ((const char *) (record) + (field)->offset))

static gboolean
is_object_type(const Type *type)
{
    return type->path != NULL;
}

gpointer
object_new(const Type *type)
{
    Object *object = g_malloc0(type->size);
    object->type = type;
    refs_init(&object->refs);
    return object;
}

gpointer
object_ref(gconstpointer object)
{
    Object *mine = (Object *) object;
    refs_inc(&mine->refs);
    return mine;
}

void
object_unref(gconstpointer object)
{
    Object *mine = (Object *) object;
    if (mine && refs_dec(&mine->refs)) {
        type_clear(mine->type, mine);
        g_free(mine->rest);
        g_free(mine);
    }
}

gpointer
object_dup(gconstpointer object)
{
    const Object *old = object;
    Object *copy = object_new(old->type);
    copy->id = old->id;
    copy->version = old->version;
    copy->rest = g_strdup(old->rest);
    type_copy(old->type, copy, old);
    return copy;
}

static void
free_item(const Type *type, gpointer item)
{
    if (is_object_type(type)) {
        object_unref(item);
    } else {
        type_clear(type, item);
        g_free(item);
    }
}

static gpointer
dup_item(const Type *type, gconstpointer item)
{
    if (is_object_type(type))
        return object_dup(item);
    gpointer copy = g_malloc0(type->size);
    type_copy(type, copy, item);
    return copy;
}

static void
list_clear(const Type *type, List *list)
{
    for (guint i = 0; i < list->count; i++)
        free_item(type, list->items[i]);
    g_free(list->items);
    list->items = NULL;
    list->count = 0;
}

static void
words_clear(Words *words)
{
    for (guint i = 0; i < words->count; i++)
        g_free(words->items[i]);
    g_free(words->items);
    words->items = NULL;
    words->count = 0;
}

static void
field_clear(const Field *field, gpointer record)
{
    switch (field->kind) {
    case KIND_TEXT:
        g_clear_pointer((char **) MEMBER(record, field), g_free);
        break;
    case KIND_REF:
        g_clear_pointer(&((Ref *) MEMBER(record, field))->name, g_free);
        break;
    case KIND_GROUP:
        type_clear(field->of, MEMBER(record, field));
        break;
    case KIND_LIST:
    case KIND_CHILDREN:
        list_clear(field->of, MEMBER(record, field));
        break;
    case KIND_WORDS:
        words_clear(MEMBER(record, field));
        break;
    case KIND_BOOL:
    case KIND_INT:
    case KIND_REAL:
    case KIND_TIME:
    case KIND_ENUM:
    case KIND_COLLECT:
        break;
    }
}

void
type_clear(const Type *type, gpointer record)
{
    for (const Field *field = type->fields; field->name; field++)
        field_clear(field, record);
}

static void
list_copy(const Type *type, List *to, const List *from)
{
    to->count = from->count;
    to->items = from->count ? g_new(gpointer, from->count) : NULL;
    for (guint i = 0; i < from->count; i++)
        to->items[i] = dup_item(type, from->items[i]);
}

static void
words_copy(Words *to, const Words *from)
{
    to->count = from->count;
    to->items = from->count ? g_new(char *, from->count) : NULL;
    for (guint i = 0; i < from->count; i++)
        to->items[i] = g_strdup(from->items[i]);
}

void
field_copy(const Field *field, gpointer to, gconstpointer from)
{
    gpointer target = MEMBER(to, field);
    gconstpointer source = MEMBER_CONST(from, field);
    switch (field->kind) {
    case KIND_TEXT:
        *(char **) target = g_strdup(*(char *const *) source);
        break;
    case KIND_REF:
        ((Ref *) target)->id = ((const Ref *) source)->id;
        ((Ref *) target)->name = g_strdup(((const Ref *) source)->name);
        break;
    case KIND_GROUP:
        type_copy(field->of, target, source);
        break;
    case KIND_LIST:
    case KIND_CHILDREN:
        list_copy(field->of, target, source);
        break;
    case KIND_WORDS:
        words_copy(target, source);
        break;
    case KIND_BOOL:
        *(gboolean *) target = *(const gboolean *) source;
        break;
    case KIND_INT:
    case KIND_TIME:
        *(gint64 *) target = *(const gint64 *) source;
        break;
    case KIND_REAL:
        *(double *) target = *(const double *) source;
        break;
    case KIND_ENUM:
        *(int *) target = *(const int *) source;
        break;
    case KIND_COLLECT:
        break;
    }
}

void
field_assign(const Field *field, gpointer to, gconstpointer from)
{
    field_clear(field, to);
    field_copy(field, to, from);
}

void
type_copy(const Type *type, gpointer to, gconstpointer from)
{
    for (const Field *field = type->fields; field->name; field++)
        field_copy(field, to, from);
}

static gboolean
items_equal(const Type *type, const List *a, const List *b)
{
    if (a->count != b->count)
        return FALSE;
    for (guint i = 0; i < a->count; i++) {
        if (is_object_type(type) && !id_equal(&((Object *) a->items[i])->id, &((Object *) b->items[i])->id))
            return FALSE;
        if (!type_equal(type, a->items[i], b->items[i]))
            return FALSE;
    }
    return TRUE;
}

static gboolean
words_equal(const Words *a, const Words *b)
{
    gboolean equal = a->count == b->count;
    for (guint i = 0; equal && i < a->count; i++)
        equal = g_str_equal(a->items[i], b->items[i]);
    return equal;
}

gboolean
field_equal(const Field *field, gconstpointer record_a, gconstpointer record_b)
{
    gconstpointer a = MEMBER_CONST(record_a, field), b = MEMBER_CONST(record_b, field);
    switch (field->kind) {
    case KIND_TEXT:
        return g_strcmp0(*(char *const *) a, *(char *const *) b) == 0;
    case KIND_REF:
        return id_equal(&((const Ref *) a)->id, &((const Ref *) b)->id) &&
               g_strcmp0(((const Ref *) a)->name, ((const Ref *) b)->name) == 0;
    case KIND_GROUP:
        return type_equal(field->of, a, b);
    case KIND_LIST:
    case KIND_CHILDREN:
        return items_equal(field->of, a, b);
    case KIND_WORDS:
        return words_equal(a, b);
    case KIND_BOOL:
        return !*(const gboolean *) a == !*(const gboolean *) b;
    case KIND_INT:
    case KIND_TIME:
        return *(const gint64 *) a == *(const gint64 *) b;
    case KIND_REAL:
        return memcmp(a, b, sizeof(double)) == 0;
    case KIND_ENUM:
        return *(const int *) a == *(const int *) b;
    case KIND_COLLECT:
        return TRUE;
    }
    return TRUE;
}

gboolean
type_equal(const Type *type, gconstpointer a, gconstpointer b)
{
    for (const Field *field = type->fields; field->name; field++) {
        if (!field_equal(field, a, b))
            return FALSE;
    }
    return TRUE;
}

static gboolean
group_is_absent(const Type *type, gconstpointer record)
{
    for (const Field *field = type->fields; field->name; field++) {
        if (!field_is_absent(field, record))
            return FALSE;
    }
    return TRUE;
}

gboolean
field_is_absent(const Field *field, gconstpointer record)
{
    gconstpointer member = MEMBER_CONST(record, field);
    switch (field->kind) {
    case KIND_TEXT:
        return !*(char *const *) member;
    case KIND_REF:
        return id_is_null(&((const Ref *) member)->id) && !((const Ref *) member)->name;
    case KIND_GROUP:
        return group_is_absent(field->of, member);
    case KIND_LIST:
    case KIND_CHILDREN:
        return ((const List *) member)->count == 0;
    case KIND_WORDS:
        return ((const Words *) member)->count == 0;
    case KIND_BOOL:
        return !*(const gboolean *) member;
    case KIND_INT:
    case KIND_TIME:
        return *(const gint64 *) member == 0;
    case KIND_REAL:
        return *(const double *) member == 0;
    case KIND_ENUM:
        return *(const int *) member == 0;
    case KIND_COLLECT:
        return TRUE;
    }
    return TRUE;
}

const Field *
type_find(const Type *type, const char *name)
{
    for (const Field *field = type->fields; field->name; field++) {
        if (g_str_equal(field->name, name))
            return field;
    }
    return NULL;
}

guint
type_index(const Type *type, const Field *field)
{
    return (guint) (field - type->fields);
}

const Field *
type_walk(const Type *type, gconstpointer record, const char *path, gconstpointer *ret_record)
{
    const char *dot;
    while ((dot = strchr(path, '.'))) {
        g_autofree char *name = g_strndup(path, (gsize) (dot - path));
        const Field *group = type_find(type, name);
        if (!group || group->kind != KIND_GROUP)
            return NULL;
        record = record ? MEMBER_CONST(record, group) : NULL;
        type = group->of;
        path = dot + 1;
    }
    const Field *field = type_find(type, path);
    if (field && ret_record)
        *ret_record = record;
    return field;
}

gpointer
list_add(List *list, gpointer take)
{
    list->items = g_renew(gpointer, list->items, list->count + 1);
    list->items[list->count++] = take;
    return take;
}

gpointer
list_find(const List *list, const Id *id)
{
    for (guint i = 0; i < list->count; i++) {
        if (id_equal(&((Object *) list->items[i])->id, id))
            return list->items[i];
    }
    return NULL;
}

gboolean
list_remove(List *list, const Type *type, const Id *id)
{
    for (guint i = 0; i < list->count; i++) {
        if (!id_equal(&((Object *) list->items[i])->id, id))
            continue;
        free_item(type, list->items[i]);
        memmove(list->items + i, list->items + i + 1, (list->count - i - 1) * sizeof(gpointer));
        list->count--;
        return TRUE;
    }
    return FALSE;
}

void
words_add(Words *words, const char *word)
{
    words->items = g_renew(char *, words->items, words->count + 1);
    words->items[words->count++] = g_strdup(word);
}

void
words_set(Words *words, const char *const *items)
{
    words_clear(words);
    for (; items && *items; items++)
        words_add(words, *items);
}

void
text_set(char **member, const char *value)
{
    char *copy = g_strdup(value);
    g_free(*member);
    *member = copy;
}

const char *
names_get(const Names *names, int value)
{
    return value >= 0 && (guint) value < names->count ? names->names[value] : "?";
}

int
names_find(const Names *names, const char *word)
{
    for (guint i = 1; i < names->count; i++) {
        if (g_ascii_strcasecmp(names->names[i], word) == 0)
            return (int) i;
    }
    return 0;
}
