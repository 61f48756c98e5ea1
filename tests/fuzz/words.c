/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The small languages: ids, dates, stored messages, languages, what --fail-at takes, what a host can make; and what guests print. */
#include "fuzz.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/id.h"
#include "base/plain.h"
#include "base/text.h"
#include "model/machines.h"

#include <string.h>

static void
check_id(const char *text)
{
    static const IdStyle styles[] = { ID_UUID, ID_NUMBER, ID_WORD, ID_HEX };
    for (guint i = 0; i < G_N_ELEMENTS(styles); i++) {
        Id id, again;
        char out[ID_TEXT_SIZE];
        if (!id_parse(text, styles[i], &id))
            continue;
        g_assert_true(id_parse(id_format(&id, styles[i], out), styles[i], &again));
        g_assert_true(id_equal(&id, &again));
    }
}

static void
check_date(const char *text)
{
    Wall wall, again;
    char out[CLOCK_DATE_SIZE];
    if (!clock_parse(text, &wall))
        return;
    if (clock_parse(clock_format(wall, out), &again) && wall >= 0)
        g_assert_cmpint(wall / 1000, ==, again / 1000);
}

static void
check_message(const char *text)
{
    g_autoptr(Message) message = message_decode(text);
    if (!message)
        return;
    g_autofree char *stored = message_encode(message), *told = message_text(message, LANGUAGE_EN);
    g_free(message_hint(message, LANGUAGE_JA));
    g_autoptr(Message) back = message_decode(stored);
    g_assert_nonnull(back);
    g_autofree char *again = message_encode(back);
    g_assert_cmpstr(stored, ==, again);
    g_assert_nonnull(told);
}

/* A terminal obeys nothing that comes out. */
static void
check_plain(const char *bytes, gsize length)
{
    g_autofree char *text = plain_text(bytes, length), *again = plain_text(text, strlen(text));
    g_assert_true(g_utf8_validate(text, -1, NULL) && g_str_equal(text, again));
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar letter = g_utf8_get_char(at);
        g_assert_true(letter == '\n' || letter == '\t' || (letter >= 0x20 && letter < 0x7f) || letter >= 0xa0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    g_autofree char *text = fuzz_text(data, size);
    check_plain((const char *) data, size);
    check_id(text);
    check_date(text);
    check_message(text);
    language_choose(text);
    if (!failpoint_arm(text, &error))
        fuzz_refused(error);
    text_is_name(text);
    g_autofree char *folded = g_utf8_validate(text, -1, NULL) ? text_fold(text) : NULL;
    if (folded)
        text_matches(folded, folded);
    g_free(machines_dup(text, "machine"));
    g_strfreev(machines_dup_all(text, "bus"));
    machines_has(text, "type", "kvm");
    return 0;
}
