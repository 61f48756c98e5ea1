/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every type of the inventory and, behind it, what it owns (a VM's NICs), each once. Called by main(). */
#include "daemon/reference.h"

#include "job/command.h"
#include "model/inventory.h"
#include "schema/describe.h"

static void
tell(Text *out, const Type *type, GHashTable *told)
{
    if (!g_hash_table_add(told, (gpointer) type))
        return;
    describe_markdown(out, type, view_search_words(type), command_verbs(type));
    for (const Field *row = type->fields; row->name; row++)
        if (row->kind == KIND_CHILDREN)
            tell(out, row->of, told);
}

void
reference_markdown(Text *out)
{
    g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
    text_add_literal(out, "# Resources\n\nMade by `shikirid --describe=markdown`.\n\n");
    for (const Type *const *type = inventory_types; *type; type++)
        tell(out, *type, told);
}
