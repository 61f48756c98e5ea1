/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Searches as clients type them: "TYPE\n" and the query. One that is understood must be able to judge and to sort. */
#include "fuzz.h"

#include "model/inventory.h"
#include "model/vm.h"
#include "schema/search.h"

#include <string.h>

static gconstpointer
find_nothing(gpointer data, const Type *type, const Id *id)
{
    (void) data;
    (void) type;
    (void) id;
    return NULL;
}

static gpointer
make(const Type *type, const char *name)
{
    Object *object = object_new(type);
    object->id = id_named(&id_null, name);
    if (type == &vm_type) {
        Vm *vm = (Vm *) object;
        vm->name = g_strdup(name);
        vm->memory = 1 << 30;
        vm->status = VM_UP;
        vm->creation_time = 1700000000000000;
    }
    return object;
}

static int
sign(int value)
{
    return value < 0 ? -1 : value > 0;
}

static void
use(const Search *search, const Type *type)
{
    g_autoptr(View) none = view_empty();
    const SearchWorld world = { find_nothing, none };
    gpointer a = make(type, "web1"), b = make(type, "ｗｅｂ２ 車");
    search_matches(search, &world, a);
    search_matches(search, &world, b);
    g_assert_cmpint(sign(search_compare(search, &world, a, b)), ==, -sign(search_compare(search, &world, b, a)));
    g_assert_cmpint(search_compare(search, &world, a, a), ==, 0);
    if (search_is_all(search))
        g_assert_true(search_matches(search, &world, a) && search_matches(search, &world, b));
    search_page(search);
    search_sorts(search);
    object_unref(a);
    object_unref(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t rest;
    const Type *type = fuzz_type(data, size, &rest);
    g_autofree char *query = fuzz_text(data + rest, size - rest);
    if (!type->path)
        return 0;
    for (int sensitive = 0; sensitive < 2; sensitive++) {
        GError *error = NULL;
        g_autoptr(Search) search = search_new(type, view_search_words(type), query, sensitive, &error);
        if (search)
            use(search, type);
        else
            fuzz_refused(error);
    }
    return 0;
}
