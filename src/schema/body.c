/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The stored form. A record is a run of members; a member is: length of its name (one byte), name, length of its value
 * (varint), value. Scalars are in binary of least length, groups and items are records again. Reading looks for the row
 * behind the last one first, since that is where it stands unless the program changed; a name without a row is kept as it is. */
#include "schema/body.h"

#include "base/fault.h"

#include <string.h>

#define MEMBER(record, field, ctype) (*(ctype *) (gpointer) ((char *) (record) + (field)->offset))
#define MEMBER_CONST(record, field, ctype) (*(const ctype *) (gconstpointer) ((const char *) (record) + (field)->offset))
#define BODY_DEPTH 16

typedef struct {
    const guint8 *at, *end;
} Reading;

static void
add_varint(Text *out, guint64 value)
{
    char bytes[10];
    gsize count = 0;
    do {
        bytes[count++] = (char) ((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
    } while (value);
    text_add_bytes(out, bytes, count);
}

static gboolean
take_varint(Reading *reading, guint64 *ret)
{
    guint64 value = 0;
    for (guint shift = 0; shift < 64 && reading->at < reading->end; shift += 7) {
        guint8 byte = *reading->at++;
        value |= (guint64) (byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret = value;
            return TRUE;
        }
    }
    return FALSE;
}

/* Signed numbers small in size either way. */
static guint64
zigzag(gint64 value)
{
    return ((guint64) value << 1) ^ (guint64) (value >> 63);
}

static gint64
unzigzag(guint64 value)
{
    return (gint64) (value >> 1) ^ -(gint64) (value & 1);
}

static void
add_name(Text *out, const char *name)
{
    gsize length = strlen(name);
    char byte = (char) length;
    text_add_bytes(out, &byte, 1);
    text_add_bytes(out, name, length);
}

/* VALUE's length is known only when it is written: it is written aside and put behind its length. */
static void
add_value(Text *out, const char *name, const Text *value)
{
    add_name(out, name);
    add_varint(out, value->length);
    text_add_bytes(out, value->bytes ? value->bytes : "", value->length);
}

static void
add_items(Text *value, const Field *row, const List *list)
{
    const Type *type = row->of;
    for (guint i = 0; i < list->count; i++) {
        g_auto(Text) item = TEXT_EMPTY;
        if (type->path)
            text_add_bytes(&item, (const char *) ((Object *) list->items[i])->id.bytes, sizeof(Id));
        body_write(&item, type, list->items[i]);
        add_varint(value, item.length);
        text_add_bytes(value, item.bytes ? item.bytes : "", item.length);
    }
}

static void
add_words(Text *value, const Words *words)
{
    for (guint i = 0; i < words->count; i++) {
        gsize length = strlen(words->items[i]);
        add_varint(value, length);
        text_add_bytes(value, words->items[i], length);
    }
}

static void
fill_value(Text *value, const Field *row, gconstpointer record)
{
    switch (row->kind) {
    case KIND_TEXT:
        text_add(value, MEMBER_CONST(record, row, char *) ? MEMBER_CONST(record, row, char *) : "");
        break;
    case KIND_BOOL:
        add_varint(value, MEMBER_CONST(record, row, gboolean) ? 1 : 0);
        break;
    case KIND_INT:
    case KIND_TIME:
        add_varint(value, zigzag(MEMBER_CONST(record, row, gint64)));
        break;
    case KIND_REAL:
        text_add_bytes(value, (const char *) record + row->offset, sizeof(double));
        break;
    case KIND_ENUM:     /* by its word: numbers move when a list grows in its middle */
        text_add(value, names_get(row->of, MEMBER_CONST(record, row, int)));
        break;
    case KIND_REF:
        text_add_bytes(value, (const char *) MEMBER_CONST(record, row, Ref).id.bytes, sizeof(Id));
        text_add(value, MEMBER_CONST(record, row, Ref).name ? MEMBER_CONST(record, row, Ref).name : "");
        break;
    case KIND_GROUP:
        body_write(value, row->of, (const char *) record + row->offset);
        break;
    case KIND_LIST:
    case KIND_CHILDREN:
        add_items(value, row, &MEMBER_CONST(record, row, List));
        break;
    case KIND_WORDS:
        add_words(value, &MEMBER_CONST(record, row, Words));
        break;
    case KIND_COLLECT:
        break;
    }
}

static gboolean
is_object(const Type *type)
{
    return type->path != NULL;
}

/* What this program did not know, kept as hexadecimal text so that it stays a plain string. */
static void
add_rest(Text *out, const char *rest)
{
    for (; rest[0] && rest[1]; rest += 2) {
        char byte = (char) (g_ascii_xdigit_value(rest[0]) * 16 + g_ascii_xdigit_value(rest[1]));
        text_add_bytes(out, &byte, 1);
    }
}

static void
keep_rest(Object *object, const guint8 *from, const guint8 *to)
{
    GString *rest = g_string_new(object->rest);
    for (; from < to; from++)
        g_string_append_printf(rest, "%02x", *from);
    g_free(object->rest);
    object->rest = g_string_free(rest, FALSE);
}

void
body_write(Text *out, const Type *type, gconstpointer record)
{
    for (const Field *row = type->fields; row->name; row++) {
        if (row->flags & LIVE || row->kind == KIND_COLLECT || field_is_absent(row, record))
            continue;
        g_auto(Text) value = TEXT_EMPTY;
        fill_value(&value, row, record);
        add_value(out, row->name, &value);
    }
    if (is_object(type) && ((const Object *) record)->rest)
        add_rest(out, ((const Object *) record)->rest);
}

static gboolean read_members(const Type *type, gpointer record, Reading reading, guint depth);

static char *
dup_text(Reading reading)
{
    gsize length = (gsize) (reading.end - reading.at);
    char *text = g_malloc(length + 1);
    memcpy(text, reading.at, length);
    text[length] = '\0';
    return text;
}

/* One more in LIST, which has room for it. */
static gboolean
read_item(const Type *type, List *list, Reading reading, guint depth)
{
    if (!is_object(type)) {
        gpointer item = list->items[list->count++] = g_malloc0(type->size);
        return read_members(type, item, reading, depth);
    }
    if (reading.end - reading.at < (gssize) sizeof(Id))
        return FALSE;
    Object *object = list->items[list->count++] = object_new(type);
    memcpy(object->id.bytes, reading.at, sizeof(Id));
    reading.at += sizeof(Id);
    return read_members(type, object, reading, depth);
}

/* The next item of a list or words, each behind its length. */
static gboolean
take_item(Reading *reading, Reading *ret)
{
    guint64 length;
    if (!take_varint(reading, &length) || length > (guint64) (reading->end - reading->at))
        return FALSE;
    *ret = (Reading) { reading->at, reading->at + length };
    reading->at = ret->end;
    return TRUE;
}

/* How many items there are up to the end or the damage: room for all is made once. */
static guint
count_items(Reading reading)
{
    Reading item;
    guint count = 0;
    while (reading.at < reading.end && take_item(&reading, &item))
        count++;
    return count;
}

static gboolean
read_list(const Type *type, List *list, Reading reading, guint depth)
{
    Reading item;
    list->items = g_renew(gpointer, list->items, list->count + count_items(reading));
    while (reading.at < reading.end) {
        if (!take_item(&reading, &item) || !read_item(type, list, item, depth))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_words(Words *words, Reading reading)
{
    Reading item;
    words->items = g_renew(char *, words->items, words->count + count_items(reading));
    while (reading.at < reading.end) {
        if (!take_item(&reading, &item))
            return FALSE;
        words->items[words->count++] = dup_text(item);
    }
    return TRUE;
}

static gboolean
read_number(const Field *row, gpointer record, Reading reading)
{
    guint64 value;
    if (!take_varint(&reading, &value) || reading.at != reading.end)
        return FALSE;
    if (row->kind == KIND_BOOL)
        MEMBER(record, row, gboolean) = value != 0;
    else
        MEMBER(record, row, gint64) = unzigzag(value);
    return TRUE;
}

static gboolean
read_ref(const Field *row, gpointer record, Reading reading)
{
    gsize length = (gsize) (reading.end - reading.at);
    Ref *ref = &MEMBER(record, row, Ref);
    if (length < sizeof(Id))
        return FALSE;
    memcpy(ref->id.bytes, reading.at, sizeof(Id));
    g_clear_pointer(&ref->name, g_free);    /* a damaged body may say it twice */
    if (length > sizeof(Id))
        ref->name = dup_text((Reading) { reading.at + sizeof(Id), reading.end });
    return TRUE;
}

/* Words stand as the table has them, unless an older program wrote them in another case. */
static int
read_word(const Names *names, Reading reading)
{
    char word[64] = "";
    memcpy(word, reading.at, MIN((gsize) (reading.end - reading.at), sizeof(word) - 1));
    for (guint i = 1; i < names->count; i++) {
        if (names->names[i][0] == word[0] && strcmp(names->names[i], word) == 0)
            return (int) i;
    }
    return names_find(names, word);
}

static gboolean
read_value(const Field *row, gpointer record, Reading reading, guint depth)
{
    gsize length = (gsize) (reading.end - reading.at);
    switch (row->kind) {
    case KIND_TEXT:
        g_free(MEMBER(record, row, char *));
        MEMBER(record, row, char *) = dup_text(reading);
        return TRUE;
    case KIND_ENUM:
        MEMBER(record, row, int) = read_word(row->of, reading);
        return TRUE;
    case KIND_BOOL:
    case KIND_INT:
    case KIND_TIME:
        return read_number(row, record, reading);
    case KIND_REAL:
        if (length == sizeof(double))
            memcpy((char *) record + row->offset, reading.at, length);
        return length == sizeof(double);
    case KIND_REF:
        return read_ref(row, record, reading);
    case KIND_GROUP:
        return read_members(row->of, (char *) record + row->offset, reading, depth + 1);
    case KIND_LIST:
    case KIND_CHILDREN:
        return read_list(row->of, &MEMBER(record, row, List), reading, depth + 1);
    case KIND_WORDS:
        return read_words(&MEMBER(record, row, Words), reading);
    case KIND_COLLECT:
        return TRUE;
    }
    return FALSE;
}

/* Most rows differ in the first letter: at the start half a million names are looked for. */
static inline gboolean
is_called(const Field *row, const char *name, gsize length)
{
    return length && row->name[0] == name[0] && strlen(row->name) == length && memcmp(row->name, name, length) == 0;
}

/* The row of that name, looked for from HINT on and then from the start; NULL if there is none. */
static const Field *
find_row(const Type *type, const Field *hint, const char *name, gsize length)
{
    for (const Field *row = hint; row->name; row++) {
        if (is_called(row, name, length))
            return row;
    }
    for (const Field *row = type->fields; row < hint; row++) {
        if (is_called(row, name, length))
            return row;
    }
    return NULL;
}

static gboolean
read_members(const Type *type, gpointer record, Reading reading, guint depth)
{
    const Field *hint = type->fields;
    if (depth > BODY_DEPTH)
        return FALSE;
    while (reading.at < reading.end) {
        const guint8 *start = reading.at;
        gsize name_length = *reading.at++;
        const char *name = (const char *) reading.at;
        guint64 length;
        if (name_length > (gsize) (reading.end - reading.at))
            return FALSE;
        reading.at += name_length;
        if (!take_varint(&reading, &length) || length > (guint64) (reading.end - reading.at))
            return FALSE;
        Reading value = { reading.at, reading.at + length };
        reading.at = value.end;
        const Field *row = find_row(type, hint, name, name_length);
        if (row && !read_value(row, record, value, depth))
            return FALSE;
        if (!row && is_object(type))
            keep_rest(record, start, reading.at);
        hint = row ? row + 1 : hint;
    }
    return TRUE;
}

gpointer
body_read(const Type *type, const Id *id, gconstpointer bytes, gsize length, GError **error)
{
    Object *object = object_new(type);
    const guint8 *start = bytes ? bytes : (gconstpointer) "";   /* an empty one: SQLite gives no place for it */
    object->id = *id;
    if (read_members(type, object, (Reading) { start, start + length }, 0))
        return object;
    char text[ID_TEXT_SIZE];
    fault_set(error, MSG_SCHEMA_BAD_BODY, "type", type->one, "id", id_format(id, type->ids, text), NULL);
    object_unref(object);
    return NULL;
}

/* A draft is stored as the record's members that were sent, absent values too, with the drafts of groups and items inside. */
void
body_write_draft(Text *out, const Draft *draft)
{
    if (draft->type->path)
        text_add_bytes(out, (const char *) ((Object *) draft->record)->id.bytes, sizeof(Id));
    for (const Field *row = draft->type->fields; row->name; row++) {
        guint index = type_index(draft->type, row);
        if (!draft_has_row(draft, row))
            continue;
        g_auto(Text) value = TEXT_EMPTY;
        if (draft->groups[index]) {
            body_write_draft(&value, draft->groups[index]);
        } else if (draft->lists[index]) {
            for (guint i = 0; i < draft->lists[index]->len; i++) {
                g_auto(Text) item = TEXT_EMPTY;
                body_write_draft(&item, g_ptr_array_index(draft->lists[index], i));
                add_varint(&value, item.length);
                text_add_bytes(&value, item.bytes ? item.bytes : "", item.length);
            }
        } else {
            fill_value(&value, row, draft->record);
        }
        add_value(out, row->name, &value);
    }
}

static gboolean read_draft(Draft *draft, Reading reading, guint depth);

static gboolean
read_draft_items(Draft *draft, const Field *row, Reading reading, guint depth)
{
    draft_mark_row(draft, row);
    while (reading.at < reading.end) {
        guint64 length;
        if (!take_varint(&reading, &length) || length > (guint64) (reading.end - reading.at))
            return FALSE;
        if (!read_draft(draft_item(draft, row), (Reading) { reading.at, reading.at + length }, depth + 1))
            return FALSE;
        reading.at += length;
    }
    return TRUE;
}

static gboolean
read_draft_row(Draft *draft, const Field *row, Reading value, guint depth)
{
    if (row->kind == KIND_GROUP)
        return read_draft(draft_group(draft, row), value, depth + 1);
    if (row->kind == KIND_LIST || row->kind == KIND_CHILDREN)
        return read_draft_items(draft, row, value, depth);
    draft_mark_row(draft, row);
    return read_value(row, draft->record, value, depth);
}

static gboolean
read_draft(Draft *draft, Reading reading, guint depth)
{
    if (depth > BODY_DEPTH)
        return FALSE;
    if (draft->type->path) {
        Object *object = draft->record;
        if (reading.end - reading.at < (gssize) sizeof(Id))
            return FALSE;
        memcpy(object->id.bytes, reading.at, sizeof(Id));
        draft->has_id = !id_is_null(&object->id);
        reading.at += sizeof(Id);
    }
    while (reading.at < reading.end) {
        gsize name_length = *reading.at++;
        const char *name = (const char *) reading.at;
        guint64 length;
        if (name_length > (gsize) (reading.end - reading.at))
            return FALSE;
        reading.at += name_length;
        if (!take_varint(&reading, &length) || length > (guint64) (reading.end - reading.at))
            return FALSE;
        const Field *row = find_row(draft->type, draft->type->fields, name, name_length);
        if (row && !read_draft_row(draft, row, (Reading) { reading.at, reading.at + length }, depth))
            return FALSE;
        reading.at += length;
    }
    return TRUE;
}

Draft *
body_read_draft(const Type *type, gconstpointer bytes, gsize length, GError **error)
{
    g_autoptr(Draft) draft = draft_new(type);
    const guint8 *start = bytes;
    if (read_draft(draft, (Reading) { start, start + length }, 0))
        return g_steal_pointer(&draft);
    fault_set(error, MSG_SCHEMA_BAD_BODY, "type", type->one, "id", "(a draft)", NULL);
    return NULL;
}
