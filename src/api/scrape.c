/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Tens of megabytes for ten thousand VMs, and several may ask: a worker finds out what is to be told, which is a fraction of that; the text
 * is written piece by piece as the other side takes it. */
#include "api/scrape.h"

#include "api/route.h"
#include "metrics/exposition.h"

typedef struct {
    Exposition *numbers;
    Text piece;
    gsize sent;                     /* of it */
} Scrape;

static gsize
read_scrape(gpointer data, char *buffer, gsize room)
{
    Scrape *scrape = data;
    if (scrape->sent == scrape->piece.length) {
        text_reset(&scrape->piece);
        scrape->sent = 0;
        if (!exposition_write(scrape->numbers, &scrape->piece))
            return 0;
    }
    gsize count = MIN(room, scrape->piece.length - scrape->sent);
    memcpy(buffer, scrape->piece.bytes + scrape->sent, count);
    scrape->sent += count;
    return count;
}

static void
scrape_free(gpointer data)
{
    Scrape *scrape = data;
    exposition_free(scrape->numbers);
    text_clear(&scrape->piece);
    g_free(scrape);
}

static void
begin_scrape(gpointer data)
{
    Exchange *exchange = data;
    g_autoptr(View) view = inventory_view(engine_inventory(exchange->engine));
    Scrape *scrape = g_new0(Scrape, 1);
    scrape->numbers = exposition_new(view, engine_statistics(exchange->engine), clock_wall());
    Made made = { .size = MADE_TO_ITS_END, .memory = exposition_memory(scrape->numbers) + EXPOSITION_PIECE, .read = read_scrape, .free = scrape_free,
                  .data = scrape };
    exchange_reply_made(exchange, &made);
    exchange->media = EXPOSITION_MEDIA;
    exchange_end(exchange);
}

void
scrape_serve(Exchange *exchange)
{
    if (exchange->method == METHOD_GET || exchange->method == METHOD_HEAD)
        workers_push(exchange->workers, begin_scrape, exchange);
    else
        route_refuse_method(exchange, "GET");
}
