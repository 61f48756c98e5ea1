/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bodies as the store keeps them: a damaged disk gives back anything. "TYPE\n" and the body. */
#include "fuzz.h"

#include "schema/body.h"

static void
read_object(const Type *type, const char *bytes, size_t size)
{
    GError *error = NULL;
    Id id = id_named(&id_null, "fuzz");
    gpointer object = type->path ? body_read(type, &id, bytes, size, &error) : NULL;
    if (object) {
        g_auto(Text) first = TEXT_EMPTY, second = TEXT_EMPTY;
        body_write(&first, type, object);
        gpointer again = body_read(type, &id, first.bytes ? first.bytes : "", first.length, &error);
        g_assert_no_error(error);
        body_write(&second, type, again);
        g_assert_cmpmem(first.bytes, first.length, second.bytes, second.length);
        object_unref(again);
    }
    object_unref(object);
    g_clear_error(&error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t rest;
    GError *error = NULL;
    const Type *type = fuzz_type(data, size, &rest);
    read_object(type, (const char *) data + rest, size - rest);
    g_autoptr(Draft) draft = body_read_draft(type, data + rest, size - rest, &error);
    g_assert_true((draft == NULL) == (error != NULL));
    g_clear_error(&error);
    return 0;
}
