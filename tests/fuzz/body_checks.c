/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Drafts through every codec there is. */
#include "body_checks.h"

#include "schema/body.h"
#include "schema/read.h"
#include "schema/write.h"

static void
check_stored(const Draft *draft)
{
    GError *error = NULL;
    g_auto(Text) first = TEXT_EMPTY, second = TEXT_EMPTY;
    body_write_draft(&first, draft);
    g_autoptr(Draft) back = body_read_draft(draft->type, first.bytes ? first.bytes : "", first.length, &error);
    g_assert_no_error(error);
    body_write_draft(&second, back);
    g_assert_cmpmem(first.bytes, first.length, second.bytes, second.length);
}

static gboolean
forget_name(gpointer data, const Type *type, Ref *ref, GError **error)
{
    (void) data;
    (void) type;
    (void) ref;
    (void) error;
    return TRUE;
}

/* What a command makes of it: references stand by their ids alone. */
static gpointer
object_of(Draft *draft)
{
    gpointer object = object_new(draft->type);
    g_assert_true(draft_resolve(draft, forget_name, NULL, NULL));
    draft_apply(draft, object, ADD | SET);
    return object;
}

static void
write_whole(Text *out, const Type *type, gconstpointer object, Format format)
{
    Write write = { .out = out, .format = format, .all = TRUE, .root = "/ovirt-engine/api" };
    write_object(&write, type, object, NULL);
    out->bytes[out->length] = 0;
}

static gpointer
read_again(const Type *type, const Text *text, Format format)
{
    GError *error = NULL;
    ReadOptions options = { FALSE };
    g_autoptr(Draft) draft = format == FORMAT_XML ? read_xml(type, text->bytes, text->length, options, &error) : read_json(type, text->bytes, text->length, options, &error);
    if (error)
        g_error("what was written cannot be read: %s\n%s", error->message, text->bytes);
    return object_of(draft);
}

static void
check_written(Draft *draft, Format format)
{
    g_auto(Text) first = TEXT_EMPTY, second = TEXT_EMPTY;
    gpointer object = object_of(draft);
    write_whole(&first, draft->type, object, format);
    gpointer again = read_again(draft->type, &first, format);
    write_whole(&second, draft->type, again, format);
    g_assert_cmpstr(first.bytes, ==, second.bytes);
    object_unref(object);
    object_unref(again);
}

void
body_checks(Draft *draft)
{
    check_stored(draft);
    if (!draft->type->path)
        return;                     /* a record that is no object: nobody writes it */
    check_written(draft, FORMAT_XML);
    check_written(draft, FORMAT_JSON);
}
