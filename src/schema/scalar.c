/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One scalar from text, as every reader does it, and the one sentence for each way it can be wrong. */
#include "base/clock.h"
#include "base/fault.h"
#include "schema/read.h"

#include <errno.h>
#include <string.h>

#define MEMBER(record, field, ctype) (*(ctype *) (gpointer) ((char *) (record) + (field)->offset))

static gboolean
wrong(const Type *type, const Field *field, const char *text, const char *wanted, GError **error)
{
    g_autofree char *shown = g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), 60));
    return fault_set(error, MSG_SCHEMA_WRONG_VALUE, "type", type->one, "field", field->name, "value", shown, "wanted", wanted, NULL);
}

static gboolean
read_bool(const char *text, gboolean *ret)
{
    static const char *const yes[] = { "true", "1", "yes", "t", "y", NULL }, *const no[] = { "false", "0", "no", "f", "n", NULL };
    g_autofree char *lower = g_ascii_strdown(text, -1);
    gboolean is_yes = g_strv_contains(yes, lower);
    if (!is_yes && !g_strv_contains(no, lower))
        return FALSE;
    *ret = is_yes;
    return TRUE;
}

/* The factor of a unit of bytes: "" 1, "K" and "KiB" 1024 … 0 if it is none. */
static gint64
unit_factor(const char *unit)
{
    static const char letters[] = "KMGTP";
    if (!*unit)
        return 1;
    const char *letter = strchr(letters, g_ascii_toupper(*unit));
    if (!letter || (unit[1] && g_ascii_strcasecmp(unit + 1, "iB") != 0))
        return 0;
    return 1ll << (10 * (letter - letters + 1));
}

static gboolean
read_int(const char *text, gboolean suffixes, gint64 *ret)
{
    char *end = NULL;
    errno = 0;
    gint64 value = g_ascii_strtoll(text, &end, 10);
    if (end == text || errno == ERANGE || g_ascii_isspace(*text))
        return FALSE;
    gint64 factor = suffixes ? unit_factor(end) : *end == '\0';
    return factor && !__builtin_mul_overflow(value, factor, ret);
}

static gboolean
read_real(const char *text, double *ret)
{
    char *end = NULL;
    double value = g_ascii_strtod(text, &end);
    if (end == text || *end || value != value || value > 1e300 || value < -1e300)
        return FALSE;
    *ret = value;
    return TRUE;
}

static gboolean
read_enum(const Type *type, const Field *field, gpointer record, const char *text, GError **error)
{
    const Names *names = field->of;
    int value = names_find(names, text);
    if (value || !*text) {
        MEMBER(record, field, int) = value;
        return TRUE;
    }
    g_autoptr(GString) wanted = g_string_new("one of ");
    for (guint i = 1; i < names->count; i++)
        g_string_append_printf(wanted, "%s%s", i > 1 ? ", " : "", names->names[i]);
    return wrong(type, field, text, wanted->str, error);
}

gboolean
read_scalar(const Type *type, const Field *field, gpointer record, const char *text, gboolean suffixes, GError **error)
{
    switch (field->kind) {
    case KIND_TEXT:
        if (strlen(text) > READ_TEXT)
            return wrong(type, field, text, "at most 64 KiB long", error);
        text_set(&MEMBER(record, field, char *), text);
        return TRUE;
    case KIND_BOOL:
        return read_bool(text, &MEMBER(record, field, gboolean)) || wrong(type, field, text, "true or false", error);
    case KIND_INT:
        return read_int(text, suffixes, &MEMBER(record, field, gint64)) || wrong(type, field, text, "a whole number", error);
    case KIND_REAL:
        return read_real(text, &MEMBER(record, field, double)) || wrong(type, field, text, "a number", error);
    case KIND_TIME:
        return clock_parse(text, &MEMBER(record, field, gint64)) || wrong(type, field, text, "a date such as 2026-01-31T09:00:00Z", error);
    case KIND_ENUM:
        return read_enum(type, field, record, text, error);
    case KIND_REF:
        return wrong(type, field, text, "an object with an id or a name", error);
    case KIND_GROUP:
        return wrong(type, field, text, "an object with fields of its own", error);
    case KIND_LIST:
    case KIND_WORDS:
    case KIND_CHILDREN:
    case KIND_COLLECT:
        return wrong(type, field, text, "a list", error);
    }
    return FALSE;
}

gboolean
read_has_room(const Type *type, const Field *field, gconstpointer record, GError **error)
{
    gconstpointer member = (const char *) record + field->offset;
    guint count = field->kind == KIND_WORDS ? ((const Words *) member)->count : ((const List *) member)->count;
    return count < READ_ITEMS || fault_set(error, MSG_SCHEMA_TOO_MANY, "type", type->one, "field", field->name, "most", G_STRINGIFY(READ_ITEMS), NULL);
}

gboolean
read_may_ignore(const char *root, guint *count, GError **error)
{
    return ++*count <= READ_UNKNOWN || fault_set(error, MSG_SCHEMA_TOO_MUCH_UNKNOWN, "type", root, "most", G_STRINGIFY(READ_UNKNOWN), NULL);
}
