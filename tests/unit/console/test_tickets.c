/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A ticket is taken once, in its time, for its kind; and how many there may be. */
#include "console/tickets.h"

#include <string.h>

#define NOW (1000 * CLOCK_SECOND)

static Ticket
wish_for(const char *user, const char *door)
{
    Ticket wish = { .kind = CONSOLE_GRAPHICS, .holder.user = id_named(&id_null, user) };
    g_strlcpy(wish.door, door, sizeof(wish.door));
    return wish;
}

static Ticket
added(Tickets *tickets, const Ticket *wish, gint64 seconds)
{
    g_autoptr(GError) error = NULL;
    const Ticket *ticket = tickets_add(tickets, wish, seconds, NOW, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(strlen(ticket->value), ==, TICKET_CHARS);
    return *ticket;
}

static void
test_once(void)
{
    Tickets *tickets = tickets_new();
    Ticket wish = wish_for("a", "192.0.2.1"), got, first = added(tickets, &wish, 0), second = added(tickets, &wish, 10), browser;
    g_assert_cmpint(first.expires, ==, NOW + TICKET_SECONDS * CLOCK_SECOND);
    g_assert_cmpstr(first.value, !=, second.value);
    g_assert_cmpint(tickets_take(tickets, CONSOLE_SERIAL, FALSE, ticket_is_value, first.value, NOW, &got), ==, TICKET_WRONG);
    g_assert_cmpint(tickets_take(tickets, CONSOLE_GRAPHICS, TRUE, ticket_is_value, first.value, NOW, &got), ==, TICKET_GOOD);
    g_assert_cmpstr(got.value, ==, first.value);
    g_assert_cmpint(tickets_take(tickets, CONSOLE_GRAPHICS, FALSE, ticket_is_value, first.value, NOW, &got), ==, TICKET_USED);
    g_assert_true(tickets_awaited(tickets, "192.0.2.1", NOW));
    g_assert_false(tickets_awaited(tickets, "192.0.2.2", NOW));
    g_assert_cmpint(tickets_take(tickets, CONSOLE_GRAPHICS, FALSE, ticket_is_value, second.value, NOW + 10 * CLOCK_SECOND, &got), ==, TICKET_EXPIRED);
    g_assert_false(tickets_awaited(tickets, "192.0.2.1", NOW + 10 * CLOCK_SECOND));
    g_assert_cmpint(tickets_take(tickets, CONSOLE_GRAPHICS, FALSE, ticket_is_value, "", NOW, &got), ==, TICKET_WRONG);
    wish = wish_for("a", "");
    browser = added(tickets, &wish, 5);
    g_assert_cmpint(tickets_take(tickets, CONSOLE_GRAPHICS, TRUE, ticket_is_value, browser.value, NOW, &got), ==, TICKET_WRONG);
    g_assert_cmpint(added(tickets, &wish, 999999).expires, ==, NOW + TICKET_SECONDS_MOST * CLOCK_SECOND);
    tickets_free(tickets);
}

static void
test_many(void)
{
    Tickets *tickets = tickets_new();
    g_autoptr(GError) error = NULL;
    Ticket wish = wish_for("a", ""), got;
    for (guint i = 0; i < 32; i++)
        added(tickets, &wish, 60);
    g_assert_null(tickets_add(tickets, &wish, 60, NOW, &error));
    g_assert_cmpint(fault_of(error), ==, FAULT_UNAVAILABLE);
    wish = wish_for("b", "");
    Ticket other = added(tickets, &wish, 60);
    wish = wish_for("a", "");
    g_assert_nonnull(tickets_add(tickets, &wish, 60, NOW + 61 * CLOCK_SECOND, NULL));
    /* What is long over is forgotten. */
    g_assert_nonnull(tickets_add(tickets, &wish, 60, NOW + (Tick) 3600 * CLOCK_SECOND, NULL));
    g_assert_cmpint(tickets_take(tickets, CONSOLE_GRAPHICS, FALSE, ticket_is_value, other.value, NOW + (Tick) 3600 * CLOCK_SECOND, &got), ==, TICKET_WRONG);
    tickets_free(tickets);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/console/tickets/once", test_once);
    g_test_add_func("/console/tickets/many", test_many);
    return g_test_run();
}
