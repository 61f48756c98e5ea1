/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lines and files of a ledger. */
#include "licence/ledger_line.h"

#include "base/fault.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#define MOST_BYTES (1u << 30)       /* of one file, unpacked */
#define HEAD_MOST 4096

static const char before_signature[] = ",\"sig\":\"";

static gboolean
take(const char **at, const char *end, const char *word)
{
    gsize length = strlen(word);
    if ((gsize) (end - *at) < length || memcmp(*at, word, length) != 0)
        return FALSE;
    *at += length;
    return TRUE;
}

static gboolean
take_number(const char **at, const char *end, guint64 *ret_number)
{
    const char *from = *at;
    guint64 number = 0;
    for (; *at < end && g_ascii_isdigit(**at) && *at - from < 18; (*at)++)
        number = number * 10 + (guint64) (**at - '0');
    *ret_number = number;
    return *at > from && (*from != '0' || *at - from == 1);
}

/* Letters to the next quote, which goes too. */
static gboolean
take_word(const char **at, const char *end, char *ret_word, gsize room)
{
    const char *quote = memchr(*at, '"', (gsize) (end - *at));
    if (!quote || (gsize) (quote - *at) >= room || quote == *at)
        return FALSE;
    memcpy(ret_word, *at, (gsize) (quote - *at));
    ret_word[quote - *at] = '\0';
    *at = quote + 1;
    return TRUE;
}

gboolean
ledger_line_parse(const char *bytes, gsize length, LedgerLine *ret_line)
{
    LedgerLine line = { .bytes = bytes, .length = length };
    char date[CLOCK_DATE_SIZE], again[CLOCK_DATE_SIZE];
    const char *at = bytes, *end = bytes + length;
    gsize tail = strlen(before_signature) + SEAL_SIGNATURE + 2;
    if (memchr(bytes, '\0', length) || length <= tail || !take(&at, end, "{\"n\":") || !take_number(&at, end, &line.n) || !take(&at, end, ",\"t\":\"") ||
        !take_word(&at, end, date, sizeof(date)) || !clock_parse(date, &line.t) || !g_str_equal(clock_format(line.t, again), date) || !take(&at, end, ",\"type\":\"") ||
        !take_word(&at, end, line.type, sizeof(line.type)))
        return FALSE;
    line.signed_length = length - tail;
    const char *signature = bytes + line.signed_length;
    if (signature < at || !take(&signature, end, before_signature) || end[-2] != '"' || end[-1] != '}')
        return FALSE;
    memcpy(line.signature, signature, SEAL_SIGNATURE);
    line.signature[SEAL_SIGNATURE] = '\0';
    *ret_line = line;
    return TRUE;
}

gboolean
ledger_line_opening(const LedgerLine *line, LedgerOpening *ret_opening)
{
    char chain[64];
    guint64 format;
    const char *end = line->bytes + line->signed_length, *at = g_strstr_len(line->bytes, (gssize) line->signed_length, "\"type\":\"open\"");
    return at && take(&at, end, "\"type\":\"open\",\"chain\":\"") && take_word(&at, end, chain, sizeof(chain)) && hash_parse(chain, strlen(chain), &ret_opening->chain) &&
           take(&at, end, ",\"format\":") && take_number(&at, end, &format) && format == 1 && take(&at, end, ",\"key\":\"") &&
           take_word(&at, end, ret_opening->key, sizeof(ret_opening->key)) && take(&at, end, ",\"segment\":") && take_number(&at, end, &ret_opening->segment) && at == end;
}

/* --- files ------------------------------------------------------------------------------------------------------------------ */

gboolean
ledger_file_read(const char *path, LedgerFile *ret_file, GError **error)
{
    gzFile file = gzopen(path, "re");
    g_auto(Text) text = TEXT_EMPTY;
    int count = 1, state = Z_OK;
    if (!file)
        return fault_set(error, MSG_CLI_FILE, "file", path, "reason", g_strerror(errno ? errno : ENOMEM), NULL);
    gzbuffer(file, 1 << 17);
    while (count > 0 && text.length <= MOST_BYTES) {
        text_grow(&text, 1 << 20);
        count = gzread(file, text.bytes + text.length, 1 << 20);
        text.length += count > 0 ? (gsize) count : 0;
    }
    const char *reason = gzerror(file, &state);
    g_autofree char *why = state == Z_ERRNO ? g_strdup(g_strerror(errno)) : text.length > MOST_BYTES ? g_strdup("it is too long") : NULL;
    (void) reason;
    gzclose_r(file);
    if (why)
        return fault_set(error, MSG_CLI_FILE, "file", path, "reason", why, NULL);
    ret_file->torn = count < 0 || state == Z_BUF_ERROR;
    ret_file->length = text.length;
    ret_file->bytes = text_take(&text);
    return TRUE;
}

gboolean
ledger_file_next(const LedgerFile *file, gsize *at, const char **ret_line, gsize *ret_length, gboolean *ret_whole)
{
    if (*at >= file->length)
        return FALSE;
    const char *line = file->bytes + *at, *end = memchr(line, '\n', file->length - *at);
    *ret_line = line;
    *ret_whole = end != NULL;
    *ret_length = end ? (gsize) (end - line) : file->length - *at;
    *at += *ret_length + 1;
    return TRUE;
}

/* --- HEAD ------------------------------------------------------------------------------------------------------------------- */

char *
ledger_head_body(guint64 n, const Hash *chain)
{
    g_autofree char *text = hash_text(chain);
    return g_strdup_printf("{\"n\":%" G_GUINT64_FORMAT ",\"chain\":\"%s\"", n, text);
}

Hash
ledger_head_hash(const char *body)
{
    return hash_next(&hash_none, body, strlen(body));
}

void
ledger_head_clear(LedgerHead *head)
{
    g_clear_pointer(&head->body, g_free);
}

gboolean
ledger_head_read(const char *folder, LedgerHead *ret_head)
{
    g_autofree char *path = g_build_filename(folder, "HEAD", NULL), *bytes = NULL;
    char chain[64];
    gsize length;
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR) || !g_file_get_contents(path, &bytes, &length, NULL) || length > HEAD_MOST || memchr(bytes, '\0', length))
        return FALSE;
    const char *at = bytes, *end = bytes + length;
    if (!take(&at, end, "{\"n\":") || !take_number(&at, end, &ret_head->n) || !take(&at, end, ",\"chain\":\"") || !take_word(&at, end, chain, sizeof(chain)) ||
        !hash_parse(chain, strlen(chain), &ret_head->chain))
        return FALSE;
    const char *signed_end = at;
    if (!take(&at, end, before_signature) || !take_word(&at, end, ret_head->signature, sizeof(ret_head->signature)) || !take(&at, end, "}"))
        return FALSE;
    ret_head->body = g_strndup(bytes, (gsize) (signed_end - bytes));
    return TRUE;
}
