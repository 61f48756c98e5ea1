/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * {"types":[…]}: every type of the inventory, each followed by its children. Made once: tables do not change while we run. */
#include "api/describe_api.h"

#include "job/command.h"
#include "schema/describe.h"

static void
add_type(Text *out, const Type *type)
{
    if (out->bytes[out->length - 1] != '[')
        text_add_literal(out, ",");
    describe_json(out, type, view_search_words(type), command_verbs(type));
}

static void
add_children(Text *out, const Type *type)
{
    for (const Field *row = type->fields; row->name; row++) {
        if (row->kind != KIND_CHILDREN || row->flags & SECRET)
            continue;
        add_type(out, row->of);
        add_children(out, row->of);
    }
}

static GBytes *
make(void)
{
    Text out = TEXT_EMPTY;
    text_add_literal(&out, "{\"types\":[");
    for (const Type *const *type = inventory_types; *type; type++) {
        add_type(&out, *type);
        add_children(&out, *type);
    }
    text_add_literal(&out, "]}");
    return text_take_bytes(&out);
}

void
describe_api_get(Exchange *exchange)
{
    static gsize made = 0;
    if (g_once_init_enter(&made))
        g_once_init_leave(&made, (gsize) make());
    exchange->media = "application/json";
    exchange_reply_piece(exchange, g_bytes_ref((GBytes *) made));
    exchange_end(exchange);
}
