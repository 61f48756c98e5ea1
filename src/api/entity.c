/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One object, written from the view at each request: that costs microseconds, and nothing is remembered. With something to
 * follow it may become long, and is written by a worker. */
#include "api/entity.h"

#include "api/links.h"
#include "model/vm_devices.h"

typedef struct {
    Exchange *exchange;
    Place place;
    Follow *follow;
} Reading;

static gboolean
write_object_of(Exchange *exchange, Links *links, gconstpointer object, const char *path)
{
    Write write = links_write(links, exchange->reply, exchange->format, exchange_flag(exchange, "all_content", FALSE));
    links_write_object(&write, ((const Object *) object)->type->one, object, path);
    return !links->overflow;
}

void
entity_reply(Exchange *exchange, const View *view, gconstpointer object, const char *path)
{
    Links links = { .view = view, .numbers = engine_statistics(exchange->engine), .language = exchange->language };
    write_object_of(exchange, &links, object, path);
}

/* ?current=true: what lies in the running VM's drive, not what will at its next start. NULL: nothing else is meant. */
static Cdrom *
current_medium(const Exchange *exchange, gconstpointer object)
{
    if (((const Object *) object)->type != &cdrom_type || !exchange_flag(exchange, "current", FALSE))
        return NULL;
    Cdrom *copy = object_dup(object);
    text_set(&copy->file.id, copy->current.id);
    return copy;
}

static void
answer(gpointer data)
{
    Reading *reading = data;
    Exchange *exchange = reading->exchange;
    const Place *place = &reading->place;
    Links links = { .view = place->view, .numbers = place->above.numbers, .follow = reading->follow, .language = exchange->language };
    gpointer instead = current_medium(exchange, place->object);
    links.owner = place->row && place->row->kind == KIND_CHILDREN ? place->above.object : NULL;
    gboolean well = write_object_of(exchange, &links, instead ? instead : place->object, place->path);
    object_unref(instead);
    follow_free(reading->follow);
    place_clear(&reading->place);
    if (well)
        exchange_end(exchange);
    else
        links_end_overflow(exchange);
}

static void
answer_later(gpointer data)
{
    answer(data);
    g_free(data);
}

void
entity_get(Exchange *exchange, Place *take)
{
    g_autoptr(GError) error = NULL;
    Reading reading = { exchange, *take, NULL };
    const Type *type = ((const Object *) take->object)->type;
    if (!follow_new(type, exchange_parameter(exchange, "follow"), exchange->read.strict, &reading.follow, &error)) {
        exchange_end_fault(exchange, error);
        return;
    }
    *take = (Place) { 0 };
    if (reading.follow)
        workers_push(exchange->workers, answer_later, g_memdup2(&reading, sizeof(reading)));
    else
        answer(&reading);
}
