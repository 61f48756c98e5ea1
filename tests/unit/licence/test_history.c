/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Histories that are refused, each by the name of the field that is wrong, and what is read of those that are not. */
#include "base/fault.h"
#include "licence/history.h"

#define HOST "{\"name\":\"h1\",\"cores\":4}"
#define WITH(events) "{\"hosts\":[" HOST "],\"events\":[" events "]}"
#define T "\"t\":\"2026-01-05T00:00:00Z\""
#define START T ",\"type\":\"start\",\"vm\":\"A\",\"host\":\"h1\""

static const struct { const char *text, *names; } refused[] = {
    { "", "object" },
    { "null", "object" },
    { "{\"events\":[]}", "'hosts'" },
    { "{\"hosts\":[]}", "'events'" },
    { "{\"hosts\":[],\"events\":[],\"price\":1}", "'price'" },
    { "{\"hosts\":[],\"hosts\":[],\"events\":[]}", "'hosts'" },
    { "{\"hosts\":{},\"events\":[]}", "'hosts'" },
    { "{\"hosts\":[{\"cores\":4}],\"events\":[]}", "'hosts[0].name'" },
    { "{\"hosts\":[{\"name\":\"h1\"}],\"events\":[]}", "'cores'" },
    { "{\"hosts\":[{\"name\":\"h/1\",\"cores\":4}],\"events\":[]}", "'hosts[0].name'" },
    { "{\"hosts\":[{\"name\":7,\"cores\":4}],\"events\":[]}", "'hosts[0].name'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"cores\":0}],\"events\":[]}", "'hosts[0].cores'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"cores\":\"4\"}],\"events\":[]}", "'hosts[0].cores'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"cores\":16384,\"threads\":2}],\"events\":[]}", "'cores'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"cores\":2,\"sockets\":4}],\"events\":[]}", "'sockets'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"cores\":2,\"threads\":65}],\"events\":[]}", "'hosts[0].threads'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"cores\":2,\"factor\":0}],\"events\":[]}", "'hosts[0].factor'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"cores\":2,\"factor\":-0.5}],\"events\":[]}", "'hosts[0].factor'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"cores\":2,\"factor\":1e400}],\"events\":[]}", "'hosts[0].factor'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"cores\":2,\"spare\":\"yes\"}],\"events\":[]}", "'hosts[0].spare'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"topology\":\"x.xml\"}],\"events\":[]}", "'hosts[0].topology'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"topology\":{\"cpus\":[{\"id\":\"x\"}]}}],\"events\":[]}", "'hosts[0].topology.cpus[0].id'" },
    { "{\"hosts\":[{\"name\":\"h1\",\"cores\":2,\"topology\":{\"cpus\":[{\"id\":0}]}}],\"events\":[]}", "'topology'" },
    { "{\"hosts\":[" HOST "," HOST "],\"events\":[]}", "h1" },
    { "{\"clusters\":[{\"scheduling\":\"none\"}],\"hosts\":[],\"events\":[]}", "'clusters[0].name'" },
    { "{\"clusters\":[{\"name\":\"c\"},{\"name\":\"c\"}],\"hosts\":[],\"events\":[]}", "'clusters[1]'" },
    { "{\"boundaries\":[{\"product\":\"EE\"}],\"hosts\":[],\"events\":[]}", "'boundaries[0].hosts'" },
    { "{\"boundaries\":[{\"product\":\"EE\",\"hosts\":[\"h9\"]}],\"hosts\":[],\"events\":[]}", "'h9'" },
    { WITH("7"), "'events[0]'" },
    { WITH("{}"), "'events[0].type'" },
    { WITH("{" T "}"), "'events[0].type'" },
    { WITH("{" T ",\"type\":\"explode\"}"), "'explode'" },
    { WITH("{\"t\":\"yesterday\",\"type\":\"stop\",\"vm\":\"A\"}"), "'events[0].t'" },
    { WITH("{\"t\":1767571200,\"type\":\"stop\",\"vm\":\"A\"}"), "'events[0].t'" },
    { WITH("{\"type\":\"stop\",\"vm\":\"A\"}"), "'events[0].t'" },
    { WITH("{" T ",\"type\":\"stop\"}"), "'events[0].vm'" },
    { WITH("{" T ",\"type\":\"stop\",\"vm\":\"A\",\"users\":3}"), "'users' of events[0]" },
    { WITH("{" T ",\"type\":\"stop\",\"vm\":\"A\",\"why\":3}"), "'events[0].why'" },
    { WITH("{" T ",\"type\":\"stop\",\"vm\":\"\"}"), "'events[0].vm'" },
    { WITH("{" T ",\"type\":\"start\",\"vm\":\"A\",\"host\":\"h2\"}"), "host 'h2' in events[0]" },
    { WITH("{" START ",\"vcpus\":0}"), "'events[0].vcpus'" },
    { WITH("{" START ",\"vcpus\":99999}"), "'events[0].vcpus'" },
    { WITH("{" START ",\"pins\":\"0\"}"), "'events[0].pins'" },
    { WITH("{" START ",\"pins\":[0]}"), "'events[0].pins[0]'" },
    { WITH("{" START ",\"pins\":[\"0\",\"x\"]}"), "'x'" },
    { WITH("{" START ",\"pins\":[\"0\",\"\"]}"), "'events[0].pins'" },
    { WITH("{" START ",\"pins\":[\"0;1\"]}"), "'0;1'" },
    { WITH("{" START ",\"pins\":[\"0-16384\"]}"), "'0-16384'" },
    { WITH("{" START ",\"pins\":[\"4294967296\"]}"), "'4294967296'" },
    { WITH("{" START ",\"cpuset\":\"^1\"}"), "'events[0].cpuset'" },
    { WITH("{" START ",\"cpuset\":[\"0\"]}"), "'events[0].cpuset'" },
    { WITH("{" START ",\"emulator\":5}"), "'events[0].emulator'" },
    { WITH("{" START ",\"migratable\":null}"), "'events[0].migratable'" },
    { WITH("{" START ",\"policy\":\"wild\"}"), "'wild'" },
    { WITH("{" T ",\"type\":\"tag\",\"vm\":\"A\"}"), "'events[0].product'" },
    { WITH("{" T ",\"type\":\"tag\",\"vm\":\"A\",\"product\":\"EE\",\"users\":-1}"), "'events[0].users'" },
    { WITH("{" T ",\"type\":\"gap\",\"host\":\"h1\"}"), "'events[0].until'" },
    { WITH("{" T ",\"type\":\"gap\",\"host\":\"h1\",\"until\":\"2026-01-04T00:00:00Z\"}"), "gap" },
    { WITH("{" T ",\"type\":\"host_change\",\"host\":\"h1\"}"), "'cores'" },
    { WITH("{" T ",\"type\":\"live_migrate\",\"vm\":\"A\",\"from\":\"h1\"}"), "'events[0].to'" },
    { WITH("{" T ",\"type\":\"stop\",\"vm\":\"A\"},"), "events[1]" },
    { WITH("{" T ",\"type\":\"stop\",\"vm\":\"A\"}") "x", "its end" },
    { WITH("[[[[[[[[[[[[[[[[[[[["), "'events[0]'" },
};

static void
test_refused(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(History) history = history_read(refused[i].text, strlen(refused[i].text), NULL, NULL, &error);
        if (history)
            g_error("'%s' was taken", refused[i].text);
        g_assert_true(error->domain == SHIKIRI_FAULT);
        g_assert_cmpint(fault_of(error), !=, FAULT_INTERNAL);
        if (!strstr(error->message, refused[i].names))
            g_error("'%s': \"%s\" does not name %s", refused[i].text, error->message, refused[i].names);
        g_autofree char *japanese = message_text(fault_message(error), LANGUAGE_JA);
        g_assert_false(g_str_is_ascii(japanese));
    }
}

/* Every beginning of a good history is refused, with a sentence. */
static void
test_cut(void)
{
    static const char whole[] = "{\"clusters\":[{\"name\":\"c1\",\"scheduling\":\"none\"}],\"hosts\":[{\"name\":\"h1\",\"cluster\":\"c1\",\"cores\":4,\"factor\":0.5}],\"events\":["
                                "{" START ",\"vcpus\":2,\"pins\":[\"0\",null],\"cpuset\":\"0-1\",\"migratable\":false}]}";
    for (gsize length = 0; length < strlen(whole); length++) {
        g_autofree char *part = g_memdup2(whole, length + 1);
        g_autoptr(GError) error = NULL;
        g_assert_null(history_read(part, length, NULL, NULL, &error));
        g_assert_true(error->domain == SHIKIRI_FAULT);
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(History) history = history_read(whole, strlen(whole), NULL, NULL, &error);
    g_assert_no_error(error);
    const Event *event = history_event(history, 0);
    g_assert_cmpuint(event->pins->count, ==, 2);
    g_assert_true(event->pins->given[0] && !event->pins->given[1]);
    g_assert_cmpint(history_host(history, 0)->factor, ==, 500000);
}

/* A list of a million and one in a place where there is room for thousands. */
static void
test_huge(void)
{
    GString *text = g_string_new("{\"hosts\":[" HOST "],\"events\":[{" START ",\"pins\":[\"0\"");
    for (guint i = 0; i < 1000000; i++)
        g_string_append(text, ",\"0\"");
    g_string_append(text, "]}]}");
    g_autoptr(GError) error = NULL;
    g_assert_null(history_read(text->str, text->len, NULL, NULL, &error));
    g_assert_nonnull(strstr(error->message, "'events[0].pins' of a history has more than 4096 items"));
    g_string_free(text, TRUE);
}

/* At one time events stand by kind, whatever their order in the file; short gaps are none. */
static void
test_order(void)
{
    static const char text[] = "{\"hosts\":[" HOST "],\"sampling_limit\":60,\"events\":["
                               "{" T ",\"type\":\"pin\",\"vm\":\"A\",\"pins\":[\"1\"]},"
                               "{" START "},"
                               "{" T ",\"type\":\"stop\",\"vm\":\"A\"},"
                               "{" T ",\"type\":\"gap\",\"host\":\"h1\",\"until\":\"2026-01-05T00:01:00Z\"},"
                               "{" T ",\"type\":\"gap\",\"host\":\"h1\",\"until\":\"2026-01-05T00:01:01Z\"},"
                               "{\"t\":\"2026-01-04T00:00:00Z\",\"type\":\"stop\",\"vm\":\"B\"},"
                               "{" T ",\"type\":\"tag\",\"vm\":\"A\",\"product\":\"EE\"}]}";
    static const EventKind wanted[] = { EVENT_STOP, EVENT_GAP, EVENT_TAG, EVENT_STOP, EVENT_START, EVENT_PIN, EVENT_GAP_END };
    g_autoptr(History) history = history_read(text, strlen(text), NULL, NULL, NULL);
    g_assert_cmpuint(history->events->len, ==, G_N_ELEMENTS(wanted));
    for (guint i = 0; i < G_N_ELEMENTS(wanted); i++)
        g_assert_cmpint(history_event(history, i)->kind, ==, wanted[i]);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/history/refused", test_refused);
    g_test_add_func("/history/cut", test_cut);
    g_test_add_func("/history/huge", test_huge);
    g_test_add_func("/history/order", test_order);
    return g_test_run();
}
