/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A ledger written, and then altered in every way that comes to mind: the first record that is not as it was is named. Going on after an end of any kind, and what
 * a record costs on the disk. */
#include "base/fault.h"
#include "licence/ledger.h"
#include "licence/ledger_check.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN ((Wall) 1767571200 * CLOCK_SECOND)        /* 2026-01-05 */

typedef struct {
    char *folder, *key, *public_key;
} Place;

static void
set_up(Place *place, gconstpointer unused)
{
    place->folder = g_dir_make_tmp("shikiri-ledger-XXXXXX", NULL);
    place->key = g_build_filename(place->folder, "ledger.key", NULL);
    place->public_key = g_strconcat(place->key, ".pub", NULL);
}

static void
tear_down(Place *place, gconstpointer unused)
{
    g_autoptr(GDir) folder = g_dir_open(place->folder, 0, NULL);
    for (const char *name; (name = g_dir_read_name(folder));) {
        g_autofree char *path = g_build_filename(place->folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(place->folder);
    g_free(place->folder);
    g_free(place->key);
    g_free(place->public_key);
}

static Ledger *
open_ledger(const Place *place, Wall now)
{
    g_autoptr(GError) error = NULL;
    Ledger *ledger = ledger_open(place->folder, place->key, now, &error);
    g_assert_no_error(error);
    return ledger;
}

static void
add_start(Ledger *ledger, Wall now, guint vm)
{
    g_autofree char *name = g_strdup_printf("oracle-db-%03u", vm);
    const char *const pins[] = { "2", "66", "3", NULL };
    const LedgerFact facts[] = {
        { .name = "vm", .kind = LEDGER_TEXT, .text = name },
        { .name = "host", .kind = LEDGER_TEXT, .text = "tokyo-kvm-07" },
        { .name = "vcpus", .kind = LEDGER_NUMBER, .number = 4 },
        { .name = "pins", .kind = LEDGER_TEXTS, .texts = pins, .count = 4 },
        { .name = "cpuset", .kind = LEDGER_TEXT, .text = "2-3,66-67" },
        { .name = "emulator", .kind = LEDGER_TEXT, .text = NULL },
        { .name = "migratable", .kind = LEDGER_FLAG, .number = FALSE },
        { .name = NULL },
    };
    g_autoptr(GError) error = NULL;
    ledger_append(ledger, now, "start", facts, &error);
    g_assert_no_error(error);
}

/* One segment that is open: record 1 begins it, 2 to 9 are starts. */
static char *
write_nine(const Place *place)
{
    Ledger *ledger = open_ledger(place, BEGIN);
    for (guint i = 0; i < 8; i++)
        add_start(ledger, BEGIN + (i + 1) * CLOCK_SECOND, i);
    ledger_close(ledger);
    char *bytes = NULL;
    g_autofree char *file = g_build_filename(place->folder, "000001.ledger", NULL);
    g_assert_true(g_file_get_contents(file, &bytes, NULL, NULL));
    return bytes;
}

static void
check(const Place *place, LedgerCheck *ret_check)
{
    g_autoptr(GError) error = NULL;
    char *paths[] = { place->folder, NULL };
    g_assert_true(ledger_check(paths, place->public_key, ret_check, &error));
    g_assert_no_error(error);
}

/* BYTES in place of the open segment are found bad at record N, for the reason CODE. */
static void
assert_bad(const Place *place, const char *bytes, gsize length, guint64 n, MessageCode code)
{
    g_auto(LedgerCheck) found = { 0 };
    g_autofree char *file = g_build_filename(place->folder, "000001.ledger", NULL);
    g_assert_true(g_file_set_contents(file, bytes, (gssize) length, NULL));
    check(place, &found);
    if (!found.why || found.bad != n || (code != MSG_FOREIGN && message_code(found.why) != code))
        g_error("record %d was to be bad for %s; %d is for %s", (int) n, message_code_name(code), (int) found.bad, found.why ? message_code_name(message_code(found.why)) : "nothing");
    g_assert_cmpuint(found.records, <, n);
}

static void
test_whole(Place *place, gconstpointer unused)
{
    g_auto(LedgerCheck) found = { 0 }, alone = { 0 };
    g_autofree char *bytes = write_nine(place), *file = g_build_filename(place->folder, "000001.ledger", NULL), *head = g_build_filename(place->folder, "HEAD", NULL);
    check(place, &found);
    g_assert_null(found.why);
    g_assert_cmpuint(found.records, ==, 9);
    g_assert_cmpuint(found.last, ==, 9);
    g_assert_true(found.ends && found.known_key);
    g_assert_true(g_str_has_prefix(bytes, "{\"n\":1,\"t\":\"2026-01-05T00:00:00.000Z\",\"type\":\"open\",\"chain\":\"AAAA"));
    g_assert_nonnull(strstr(bytes, "{\"n\":2,\"t\":\"2026-01-05T00:00:01.000Z\",\"type\":\"start\",\"cpuset\":\"2-3,66-67\",\"emulator\":null,\"host\":\"tokyo-kvm-07\",\"migratable\":false,"
                                   "\"pins\":[\"2\",\"66\",\"3\",null],\"vcpus\":4,\"vm\":\"oracle-db-000\",\"sig\":\""));
    g_unlink(head);
    char *paths[] = { file, NULL };
    g_assert_true(ledger_check(paths, NULL, &alone, NULL));
    g_assert_null(alone.why);
    g_assert_false(alone.ends || alone.known_key);
}

/* Any byte of it, with one bit turned: the record that has it is named, whichever way. */
static void
test_flipped(Place *place, gconstpointer unused)
{
    g_autofree char *bytes = write_nine(place);
    gsize length = strlen(bytes);
    guint64 n = 1;
    for (gsize i = 0; i < length; i++) {
        g_autofree char *altered = g_memdup2(bytes, length);
        altered[i] ^= 1 << i % 7;
        if (i % 3 == 0 || (bytes[i] == '\n'))
            assert_bad(place, altered, length, n, MSG_FOREIGN);
        n += bytes[i] == '\n';
    }
}

static char *
join(char *const *lines, const guint *order, guint count)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < count; i++)
        g_string_append_printf(out, "%s\n", lines[order[i]]);
    return g_string_free(out, FALSE);
}

static void
test_moved(Place *place, gconstpointer unused)
{
    static const struct { guint order[10], count; guint64 n; MessageCode code; } cases[] = {
        { { 0, 1, 2, 3, 5, 6, 7, 8 }, 8, 5, MSG_LICENCE_RECORD_REMOVED },
        { { 0, 1, 2, 4, 3, 5, 6, 7, 8 }, 9, 4, MSG_LICENCE_RECORD_OUT_OF_ORDER },
        { { 0, 1, 2, 3, 3, 4, 5, 6, 7, 8 }, 10, 5, MSG_LICENCE_RECORD_REPEATED },
        { { 0, 1, 2, 3, 4, 5, 6, 7, 8, 2 }, 10, 10, MSG_LICENCE_RECORD_REPEATED },
        { { 1, 2, 3, 4, 5, 6, 7, 8 }, 8, 2, MSG_LICENCE_RECORD_WITHOUT_SEGMENT },
        { { 0, 1, 2, 3, 4, 5, 6 }, 7, 8, MSG_LICENCE_RECORD_TAIL_LOST },
        { { 0 }, 1, 2, MSG_LICENCE_RECORD_TAIL_LOST },
    };
    g_autofree char *bytes = write_nine(place);
    g_auto(GStrv) lines = g_strsplit(bytes, "\n", -1);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *altered = join(lines, cases[i].order, cases[i].count);
        assert_bad(place, altered, strlen(altered), cases[i].n, cases[i].code);
    }
    assert_bad(place, bytes, strlen(bytes) - 1, 9, MSG_LICENCE_RECORD_CUT);
    assert_bad(place, bytes, strlen(bytes) - 100, 9, MSG_LICENCE_RECORD_CUT);
}

/* Signed all the same: the writer records what the clock said. A little is held still. */
static void
test_clock(Place *place, gconstpointer unused)
{
    g_auto(LedgerCheck) good = { 0 }, found = { 0 };
    Ledger *ledger = open_ledger(place, BEGIN);
    add_start(ledger, BEGIN + 10 * CLOCK_SECOND, 1);
    add_start(ledger, BEGIN + 9 * CLOCK_SECOND, 2);
    g_assert_true(ledger_sync(ledger, NULL));
    check(place, &good);
    g_assert_null(good.why);
    g_assert_cmpint(good.to, ==, BEGIN + 10 * CLOCK_SECOND);
    add_start(ledger, BEGIN - (Wall) 3600 * CLOCK_SECOND, 3);
    ledger_close(ledger);
    check(place, &found);
    g_assert_cmpuint(found.bad, ==, 4);
    g_assert_cmpint(message_code(found.why), ==, MSG_LICENCE_RECORD_CLOCK);
}

/* A whole ledger written anew with a key of one's own is as good as any, until the key is asked for. */
static void
test_other_key(Place *place, gconstpointer unused)
{
    Place forger;
    set_up(&forger, NULL);
    g_autofree char *bytes = write_nine(place), *forged = write_nine(&forger);
    assert_bad(place, forged, strlen(forged), 1, MSG_LICENCE_RECORD_OTHER_KEY);
    tear_down(&forger, NULL);
}

static void
test_segments(Place *place, gconstpointer unused)
{
    g_auto(LedgerCheck) found = { 0 }, missing = { 0 };
    Ledger *ledger = open_ledger(place, BEGIN);
    for (guint segment = 0; segment < 3; segment++) {
        add_start(ledger, BEGIN + segment * CLOCK_SECOND, segment);
        g_assert_true(ledger_rotate(ledger, BEGIN + segment * CLOCK_SECOND, NULL));
    }
    ledger_close(ledger);
    check(place, &found);
    g_assert_null(found.why);
    g_assert_cmpuint(found.segments, ==, 4);
    g_assert_cmpuint(found.records, ==, 10);
    g_autofree char *second = g_build_filename(place->folder, "000002.ledger.gz", NULL);
    g_assert_cmpint(g_unlink(second), ==, 0);
    check(place, &missing);
    g_assert_nonnull(missing.why);
    g_assert_cmpuint(missing.bad, ==, 4);
}

/* What was not told to be written is taken away, and the ledger goes on; what HEAD misses is refused. */
static void
test_going_on(Place *place, gconstpointer unused)
{
    g_auto(LedgerCheck) found = { 0 };
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = write_nine(place), *file = g_build_filename(place->folder, "000001.ledger", NULL), *torn = g_strconcat(bytes, "{\"n\":10,\"t\":\"20", NULL);
    g_assert_true(g_file_set_contents(file, torn, -1, NULL));
    Ledger *ledger = open_ledger(place, BEGIN + 60 * CLOCK_SECOND);
    g_assert_cmpuint(ledger_count(ledger), ==, 9);
    g_assert_cmpint(ledger_last(ledger), ==, BEGIN + 8 * CLOCK_SECOND);
    add_start(ledger, BEGIN + 60 * CLOCK_SECOND, 1);
    ledger_close(ledger);
    check(place, &found);
    g_assert_null(found.why);
    g_assert_cmpuint(found.records, ==, 10);
    g_assert_true(g_file_set_contents(file, bytes, -1, NULL));
    g_assert_null(ledger_open(place->folder, place->key, BEGIN, &error));
    g_assert_cmpint(message_code(fault_message(error)), ==, MSG_LICENCE_LEDGER_TAIL_LOST);
}

/* After a rotation that ended at any place: a segment made and not begun, one closed and not compressed. */
static void
test_torn_rotation(Place *place, gconstpointer unused)
{
    g_auto(LedgerCheck) found = { 0 };
    g_autofree char *empty = g_build_filename(place->folder, "000002.ledger", NULL), *bytes = write_nine(place);
    Ledger *ledger = open_ledger(place, BEGIN + 60 * CLOCK_SECOND);
    g_assert_true(ledger_rotate(ledger, BEGIN + 60 * CLOCK_SECOND, NULL));
    ledger_close(ledger);
    g_autofree char *head = g_build_filename(place->folder, "HEAD", NULL);
    g_unlink(head);
    g_assert_true(g_file_set_contents(empty, "{\"n\":", -1, NULL));
    ledger = open_ledger(place, BEGIN + 61 * CLOCK_SECOND);
    g_assert_cmpuint(ledger_count(ledger), ==, 11);
    ledger_close(ledger);
    check(place, &found);
    g_assert_null(found.why);
    g_assert_cmpuint(found.records, ==, 11);
}

/* A year's worth of kinds: what a record costs once its segment is closed. */
static void
test_cost(Place *place, gconstpointer unused)
{
    const guint count = 20000;
    Ledger *ledger = open_ledger(place, BEGIN);
    GStatBuf state;
    for (guint i = 0; i < count; i++)
        add_start(ledger, BEGIN + (Wall) i * 61 * CLOCK_SECOND, i % 500);
    g_assert_true(ledger_rotate(ledger, BEGIN + (Wall) count * 61 * CLOCK_SECOND, NULL));
    ledger_close(ledger);
    gint64 bytes = 0;
    g_autoptr(GDir) folder = g_dir_open(place->folder, 0, NULL);
    for (const char *name; (name = g_dir_read_name(folder));) {
        g_autofree char *path = g_build_filename(place->folder, name, NULL);
        if (g_str_has_suffix(name, ".gz") && g_stat(path, &state) == 0)
            bytes += state.st_size;
    }
    g_test_message("%.1f bytes a record", (double) bytes / count);
    g_assert_cmpint(bytes, <=, (gint64) count * 200);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define CASE(name) g_test_add("/ledger/" #name, Place, NULL, set_up, test_##name, tear_down)
    CASE(whole);
    CASE(flipped);
    CASE(moved);
    CASE(clock);
    CASE(other_key);
    CASE(segments);
    CASE(going_on);
    CASE(torn_rotation);
    CASE(cost);
    return g_test_run();
}
