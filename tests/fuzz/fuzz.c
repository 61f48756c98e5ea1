/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The shared half of the fuzz targets. */
#include "fuzz.h"

#include "command/rows.h"
#include "model/inventory.h"

#include <string.h>

static void
say_nothing(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
    (void) domain;
    (void) level;
    (void) message;
    (void) data;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;
    g_log_set_handler(NULL, G_LOG_LEVEL_WARNING | G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG, say_nothing, NULL);
    return 0;
}

void
fuzz_refused(GError *take)
{
    g_autoptr(GError) error = take;
    g_assert_nonnull(error);
    g_assert_true(error->domain == SHIKIRI_FAULT);
    g_assert_true(fault_of(error) != FAULT_INTERNAL);
    g_assert_true(g_utf8_validate(error->message, -1, NULL) && *error->message);
    for (const char *at = error->message; *at; at++)
        g_assert_false((guchar) *at < 0x20 || *at == 0x7f);
    g_assert_cmpuint(strlen(error->message), <, 16384);
    g_autofree char *hint = message_hint(fault_message(error), LANGUAGE_EN);
    g_assert_true(!hint || g_utf8_validate(hint, -1, NULL));
}

char *
fuzz_text(const uint8_t *data, size_t size)
{
    char *text = g_malloc(size + 1);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* Objects, and the bodies of verbs ("action" is the start's). */
static const Type *
find_type(const char *word)
{
    for (const Command *const *row = command_registry; *row; row++) {
        const Type *params = (*row)->params;
        if (params && g_str_equal(params->one, word))
            return params;
    }
    return inventory_type_of_name(word);
}

const Type *
fuzz_type(const uint8_t *data, size_t size, size_t *ret_rest)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', MIN(size, 64)) : NULL;
    g_autofree char *word = end ? g_strndup((const char *) data, (gsize) (end - data)) : NULL;
    const Type *type = word ? find_type(word) : NULL;
    *ret_rest = type ? (size_t) (end - data) + 1 : 0;
    return type ? type : find_type("vm");
}
