/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A request's head, as text: "METHOD TARGET\n", header lines "Name: value", an empty line, the body. Then where its path leads in an
 * estate as the first start makes it. */
#include "fuzz.h"

#include "api/place.h"
#include "api/request.h"
#include "model/estate.h"

#include <string.h>

static Inventory *inventory;
static Statistics *numbers;
static View *view;

static char *
no_hash(gpointer data)
{
    (void) data;
    return g_strdup("scrypt$");
}

static void
open_estate(void)
{
    const EstateHost host = { "n1", "test:///default" };
    const EstateWishes wishes = { &host, 1, "/srv/store", no_hash, NULL, 1, id_number(1) };
    inventory = inventory_new();
    numbers = statistics_new();
    g_autoptr(View) fixed = inventory_view(inventory);
    g_autoptr(Changes) changes = changes_new(fixed, inventory);
    estate_stage(changes, &wishes);
    g_assert_true(changes_seal(changes, NULL));
    view = changes_apply(changes);
}

static void
find_place(const Request *request)
{
    GError *error = NULL;
    g_auto(Place) place = { 0 };
    const char *local = request->exchange.local;
    if (local && !place_find(&place, view, numbers, local, &error))
        fuzz_refused(error);
}

static void
ask(Request *request)
{
    g_autoptr(GHashTable) parameters = exchange_parameters(&request->exchange);
    g_assert_nonnull(parameters);
    exchange_flag(&request->exchange, "follow", FALSE);
    exchange_parameter(&request->exchange, "max");
    exchange_header(&request->exchange, "Accept");
    request_prefers(request, "handling=strict");
    g_free(request_cookie(request, "session"));
    g_assert_true(g_utf8_validate(request->exchange.path, -1, NULL));
    for (const char *at = request->exchange.correlation; *at; at++)
        g_assert_true((guchar) *at >= 0x20 && (guchar) *at < 0x7f);
    find_place(request);
}

static const char *
note_headers(Request *request, char *at)
{
    while (at && *at && *at != '\n') {
        char *end = strchr(at, '\n');
        if (end)
            *end = '\0';
        char *colon = strchr(at, ':');
        if (colon) {
            *colon = '\0';
            request_note_header(request, at, g_strchug(colon + 1));
        }
        at = end ? end + 1 : NULL;
    }
    return at && *at ? at + 1 : "";
}

static void
serve(Request *request, char *text)
{
    GError *error = NULL;
    char *line = strchr(text, '\n');
    if (line)
        *line = '\0';
    const char *body = note_headers(request, line ? line + 1 : NULL);
    char *target = strchr(text, ' ');
    if (target)
        *target++ = '\0';
    text_add(&request->body, body);
    if (!request_open(request, text, target ? target : "/", &error)) {
        fuzz_refused(error);
        return;
    }
    if (!request_take_body(request, &error))
        fuzz_refused(g_steal_pointer(&error));
    ask(request);
    g_autoptr(GHashTable) form = request_form(body, strlen(body), &error);
    if (!form)
        fuzz_refused(error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!inventory)
        open_estate();
    g_autofree char *text = fuzz_text(data, size);
    Mailbox *mailbox = mailbox_new(NULL, NULL);
    Request *request = request_new(NULL, mailbox);
    serve(request, text);
    request_free(request);
    mailbox_close(mailbox);
    return 0;
}
