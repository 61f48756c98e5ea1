/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tens of megabytes for ten thousand VMs: written by a worker from one view, and sent like any long reply, as fast as the other side
 * takes it. */
#include "api/scrape.h"

#include "api/route.h"
#include "metrics/exposition.h"

static void
write_numbers(gpointer data)
{
    Exchange *exchange = data;
    g_autoptr(View) view = inventory_view(engine_inventory(exchange->engine));
    exposition_write(exchange->reply, view, engine_statistics(exchange->engine), clock_wall());
    exchange->media = EXPOSITION_MEDIA;
    exchange_end(exchange);
}

void
scrape_serve(Exchange *exchange)
{
    if (exchange->method == METHOD_GET || exchange->method == METHOD_HEAD)
        workers_push(exchange->workers, write_numbers, exchange);
    else
        route_refuse_method(exchange, "GET");
}
