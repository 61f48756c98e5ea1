/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The table of contents of the API's resources: a path is the entry point, one of four documents of its own, or a place that
 * the types' tables know; a method on it is a handler. */
#include "api/route.h"

#include "api/ask.h"
#include "api/collection.h"
#include "api/console.h"
#include "api/describe_api.h"
#include "api/entity.h"
#include "api/openapi.h"
#include "api/root.h"
#include "api/series.h"
#include "api/submit.h"
#include "api/unregistered.h"

#include <string.h>

void
route_refuse_method(Exchange *exchange, const char *methods)
{
    static const char *const words[] = { [METHOD_GET] = "GET", [METHOD_HEAD] = "HEAD", [METHOD_POST] = "POST", [METHOD_PUT] = "PUT",
                                         [METHOD_DELETE] = "DELETE", [METHOD_OPTIONS] = "OPTIONS", [METHOD_PATCH] = "PATCH", [METHOD_OTHER] = "that method" };
    g_autoptr(GError) error = NULL;
    fault_set(&error, MSG_API_METHOD, "path", exchange->path, "method", words[exchange->method], "methods", methods, NULL);
    exchange_reply_header(exchange, "Allow", methods);
    exchange_end_fault(exchange, error);
}

static gboolean
reads(const Exchange *exchange)
{
    return exchange->method == METHOD_GET || exchange->method == METHOD_HEAD;
}

static void
serve_list(Exchange *exchange, Place *place)
{
    gboolean unregistered = unregistered_is_list(exchange, place);
    if (unregistered && reads(exchange))
        unregistered_list(exchange, place);
    else if (reads(exchange))
        collection_get(exchange, place);
    else if (exchange->method == METHOD_POST && unregistered)
        submit_register(exchange, place, NULL);
    else if (exchange->method == METHOD_POST)
        submit_add(exchange, place);
    else
        route_refuse_method(exchange, "GET, POST");
}

static void
serve_one(Exchange *exchange, Place *place)
{
    if (console_serves_file(exchange, place))
        console_serve_file(exchange, place);
    else if (reads(exchange))
        entity_get(exchange, place);
    else if (exchange->method == METHOD_PUT)
        submit_update(exchange, place);
    else if (exchange->method == METHOD_DELETE)
        submit_remove(exchange, place);
    else
        route_refuse_method(exchange, "GET, PUT, DELETE");
}

static void
serve_action(Exchange *exchange, const Place *place)
{
    g_autoptr(GError) error = NULL;
    const Command *question = ask_find(place);
    if (console_serve_action(exchange, place))
        return;
    if (question && reads(exchange))
        ask(exchange, place, question);
    else if (question)
        route_refuse_method(exchange, "GET");
    else if (exchange->method == METHOD_POST)
        submit_action(exchange, place);
    else if (submit_knows_action(place, &error))
        route_refuse_method(exchange, "POST");
    else
        exchange_end_fault(exchange, error);
}

static void
serve_series(Exchange *exchange, const Place *place)
{
    if (reads(exchange))
        series_get(exchange, place);
    else
        route_refuse_method(exchange, "GET");
}

/* What is registered is in no view yet: the place is its storage domain's. */
static void
serve_register(Exchange *exchange, View *view, const char *local, const char *verb, const char *id)
{
    g_autoptr(GError) error = NULL;
    g_auto(Place) place = { 0 };
    if (exchange->method != METHOD_POST) {
        route_refuse_method(exchange, "POST");
        return;
    }
    if (!place_find(&place, view, engine_statistics(exchange->engine), local, &error)) {
        exchange_end_fault(exchange, error);
        return;
    }
    place.kind = PLACE_ACTION;
    place.word = g_strdup(verb);
    submit_register(exchange, &place, id);
}

static void
serve_place(Exchange *exchange)
{
    const char *verb;
    g_autofree char *local = NULL, *id = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(View) view = inventory_view(engine_inventory(exchange->engine));
    g_auto(Place) place = { 0 };
    if (unregistered_is_register(exchange->local, &local, &verb, &id))
        serve_register(exchange, view, local, verb, id);
    else if (!place_find(&place, view, engine_statistics(exchange->engine), exchange->local, &error))
        exchange_end_fault(exchange, error);
    else if (series_is(&place))
        serve_series(exchange, &place);
    else if (place.kind == PLACE_LIST)
        serve_list(exchange, &place);
    else if (place.kind == PLACE_ONE)
        serve_one(exchange, &place);
    else
        serve_action(exchange, &place);
}

/* Documents that are no objects of the inventory. */
static void (*
find_document(const char *local))(Exchange *)
{
    if (!*local || g_str_equal(local, "/"))
        return root_get;
    if (g_str_equal(local, "/describe"))
        return describe_api_get;
    if (g_str_equal(local, "/openapi.json"))
        return openapi_get;
    if (g_str_equal(local, "/options") || g_str_has_prefix(local, "/options/"))
        return root_get_options;
    return NULL;
}

void
route_serve(Exchange *exchange)
{
    void (*document)(Exchange *) = find_document(exchange->local);
    if (!document)
        serve_place(exchange);
    else if (reads(exchange))
        document(exchange);
    else
        route_refuse_method(exchange, "GET");
}
