/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record's signature holds only if all before it is as it was, so one valid signature at the end proves everything; where it is
 * not valid the first that is not is found by halving. What shows without keys (a number that is missing, a clock set back) is found on the way. */
#include "licence/ledger_check.h"

#include "base/fault.h"
#include "licence/ledger_line.h"

#include <stdlib.h>
#include <string.h>

#define MOST_RECORDS (64u << 20)

typedef struct {
    guint64 n;
    guint64 line;
    guint file;                     /* index */
    guint key;                      /* index */
    Hash hash;                      /* what is signed */
    char signature[SEAL_SIGNATURE + 1];
} Record;

typedef struct {
    LedgerCheck *check;
    EVP_PKEY *wanted;               /* NULL: any */
    GPtrArray *files, *keys;        /* paths; EVP_PKEY */
    GArray *records;                /* Record: all that are written as records are, in their places */
    Hash chain;
    guint64 n, segment;             /* of the last record */
    gboolean begun, closed;
    Wall t;
} Checking;

void
ledger_check_clear(LedgerCheck *check)
{
    g_free(check->key);
    g_free(check->head);
    g_free(check->file);
    message_unref(check->why);
    memset(check, 0, sizeof(*check));
}

/* The record that should stand at LINE of the last file is bad. FALSE. */
static gboolean
bad(Checking *checking, guint64 n, guint64 line, Message *take_why)
{
    checking->check->bad = n;
    checking->check->line = line;
    checking->check->why = take_why;
    g_free(checking->check->file);
    checking->check->file = g_strdup(g_ptr_array_index(checking->files, checking->files->len - 1));
    return FALSE;
}

static char *
number(guint64 n)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT, n);
}

/* --- places ----------------------------------------------------------------------------------------------------------------- */

/* Does a record with number N stand behind AT? */
static gboolean
comes_later(const LedgerFile *file, gsize at, guint64 n)
{
    const char *bytes;
    gsize length;
    gboolean whole;
    LedgerLine line;
    while (ledger_file_next(file, &at, &bytes, &length, &whole)) {
        if (ledger_line_parse(bytes, length, &line) && line.n == n)
            return TRUE;
    }
    return FALSE;
}

/* LINE has not the number that its place has: it was moved, doubled, or others are gone. */
static Message *
misplaced(const Checking *checking, const LedgerFile *file, gsize at, const LedgerLine *line)
{
    g_autofree char *wanted = number(checking->n + 1), *found = number(line->n);
    if (line->n > checking->n + 1)
        return message_new(comes_later(file, at, checking->n + 1) ? MSG_LICENCE_RECORD_OUT_OF_ORDER : MSG_LICENCE_RECORD_REMOVED, "n", wanted, "found", found, NULL);
    return message_new(MSG_LICENCE_RECORD_REPEATED, "n", wanted, "found", found, NULL);
}

/* --- segments --------------------------------------------------------------------------------------------------------------- */

static gboolean
is_wanted(const Checking *checking, EVP_PKEY *key)
{
    return !checking->wanted || EVP_PKEY_eq(checking->wanted, key) == 1;
}

/* A line that begins a segment: it names the key, and where the chain stands. NULL: well. */
static Message *
open_segment(Checking *checking, const LedgerLine *line)
{
    LedgerOpening opening;
    EVP_PKEY *key = ledger_line_opening(line, &opening) ? seal_key_parse(opening.key, strlen(opening.key)) : NULL;
    if (!key)
        return message_new(MSG_LICENCE_RECORD_MALFORMED, NULL);
    g_ptr_array_add(checking->keys, key);
    g_autofree char *segment = number(opening.segment);
    if (!is_wanted(checking, key))
        return message_new(MSG_LICENCE_RECORD_OTHER_KEY, NULL);
    if (checking->begun && (!checking->closed || opening.segment != checking->segment + 1 || memcmp(&opening.chain, &checking->chain, sizeof(Hash)) != 0))
        return message_new(MSG_LICENCE_RECORD_OTHER_SEGMENT, "segment", segment, NULL);
    if (!checking->begun && opening.segment == 1 && memcmp(&opening.chain, &hash_none, sizeof(Hash)) != 0)
        return message_new(MSG_LICENCE_RECORD_OTHER_SEGMENT, "segment", segment, NULL);
    checking->chain = opening.chain;
    checking->segment = opening.segment;
    checking->check->segments++;
    return NULL;
}

/* LINE in its place. NULL: well, but for its signature. */
static Message *
judge_line(Checking *checking, const LedgerFile *file, gsize at, const LedgerLine *line)
{
    gboolean opens = g_str_equal(line->type, "open");
    char date[CLOCK_DATE_SIZE], before[CLOCK_DATE_SIZE];
    if (checking->begun && line->n != checking->n + 1)
        return misplaced(checking, file, at, line);
    if (!opens && (!checking->begun || checking->closed))
        return message_new(MSG_LICENCE_RECORD_WITHOUT_SEGMENT, NULL);
    if (checking->begun && line->t < checking->t)
        return message_new(MSG_LICENCE_RECORD_CLOCK, "t", clock_format(line->t, date), "before", clock_format(checking->t, before), NULL);
    return opens ? open_segment(checking, line) : NULL;
}

static void
keep(Checking *checking, const LedgerLine *line, guint64 line_number)
{
    Record record = { .n = line->n, .line = line_number, .file = checking->files->len - 1, .key = checking->keys->len - 1 };
    LedgerCheck *check = checking->check;
    record.hash = hash_next(&checking->chain, line->bytes, line->signed_length);
    memcpy(record.signature, line->signature, sizeof(record.signature));
    g_array_append_val(checking->records, record);
    checking->chain = hash_next(&checking->chain, line->bytes, line->length);
    checking->n = check->last = line->n;
    checking->t = check->to = line->t;
    checking->closed = g_str_equal(line->type, "close");
    check->gaps += g_str_equal(line->type, "gap");
    if (!checking->begun) {
        check->first = line->n;
        check->from = line->t;
    }
    checking->begun = TRUE;
}

static gboolean
read_lines(Checking *checking, const LedgerFile *file)
{
    gsize at = 0, length;
    const char *bytes;
    gboolean whole;
    guint64 count = 0;
    LedgerLine line;
    while (ledger_file_next(file, &at, &bytes, &length, &whole)) {
        count++;
        if (!whole)
            return bad(checking, checking->n + 1, count, message_new(MSG_LICENCE_RECORD_CUT, NULL));
        if (!ledger_line_parse(bytes, length, &line))
            return bad(checking, checking->n + 1, count, message_new(MSG_LICENCE_RECORD_MALFORMED, NULL));
        Message *why = judge_line(checking, file, at, &line);
        if (why)
            return bad(checking, checking->begun ? checking->n + 1 : line.n, count, why);
        keep(checking, &line, count);
        if (checking->records->len > MOST_RECORDS)
            return bad(checking, checking->n, count, message_new(MSG_LICENCE_RECORD_MALFORMED, NULL));
    }
    if (file->torn || !checking->begun)
        return bad(checking, checking->n + 1, count + 1, message_new(MSG_LICENCE_RECORD_CUT, NULL));
    return TRUE;
}

/* --- signatures ------------------------------------------------------------------------------------------------------------- */

static gboolean
is_signed(const Checking *checking, guint index)
{
    const Record *record = &g_array_index(checking->records, Record, index);
    return seal_is_valid(g_ptr_array_index(checking->keys, record->key), &record->hash, record->signature);
}

/* The first record whose signature does not hold; all behind it are invalid too. The number of records: there is none. */
static guint
first_unsigned(const Checking *checking)
{
    guint valid = 0, end = checking->records->len;      /* all below VALID hold; END does not */
    if (!end || is_signed(checking, end - 1))
        return end;
    end--;
    while (valid < end) {
        guint middle = valid + (end - valid) / 2;
        if (is_signed(checking, middle))
            valid = middle + 1;
        else
            end = middle;
    }
    return end;
}

static void
check_signatures(Checking *checking)
{
    LedgerCheck *check = checking->check;
    guint index = first_unsigned(checking);
    check->records = index;
    if (index == checking->records->len)
        return;
    const Record *record = &g_array_index(checking->records, Record, index);
    message_unref(check->why);
    g_free(check->file);
    check->why = message_new(MSG_LICENCE_RECORD_ALTERED, NULL);
    check->bad = record->n;
    check->line = record->line;
    check->file = g_strdup(g_ptr_array_index(checking->files, record->file));
}

/* --- the end ---------------------------------------------------------------------------------------------------------------- */

/* What HEAD beside the last file says of the end. One that is signed by another key says nothing. */
static void
check_end(Checking *checking)
{
    LedgerCheck *check = checking->check;
    g_autofree char *folder = g_path_get_dirname(g_ptr_array_index(checking->files, checking->files->len - 1));
    g_auto(LedgerHead) head = { 0 };
    check->ends = checking->closed;
    if (check->why || !ledger_head_read(folder, &head))
        return;
    Hash hash = ledger_head_hash(head.body);
    if (!seal_is_valid(g_ptr_array_index(checking->keys, checking->keys->len - 1), &hash, head.signature))
        return;
    g_autofree char *last = number(head.n);
    if (head.n > checking->n && !checking->closed)
        bad(checking, checking->n + 1, 0, message_new(MSG_LICENCE_RECORD_TAIL_LOST, "head", last, NULL));
    check->ends |= head.n <= checking->n;
}

/* --- files ------------------------------------------------------------------------------------------------------------------ */

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* PATH, or the segments of a folder; of one that is there plain and compressed the plain one, which is not yet gone. */
static void
add_path(GPtrArray *all, const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        g_autofree char *plain = g_str_has_suffix(name, ".ledger.gz") ? g_strndup(name, strlen(name) - 3) : g_strdup(name);
        g_autofree char *other = g_build_filename(path, plain, NULL);
        if (g_str_has_suffix(plain, ".ledger") && (g_str_equal(plain, name) || !g_file_test(other, G_FILE_TEST_EXISTS)))
            g_ptr_array_add(found, g_build_filename(path, name, NULL));
    }
    g_ptr_array_sort(found, compare_names);
    for (guint i = 0; i < found->len; i++)
        g_ptr_array_add(all, g_strdup(found->pdata[i]));
    if (!folder)
        g_ptr_array_add(all, g_strdup(path));
}

GPtrArray *
ledger_check_files(char *const *paths)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    for (; *paths; paths++)
        add_path(all, *paths);
    return all;
}

static gboolean
check_files(Checking *checking, const GPtrArray *paths, GError **error)
{
    gboolean well = TRUE;
    for (guint i = 0; well && i < paths->len; i++) {
        LedgerFile file = { 0 };
        if (!ledger_file_read(paths->pdata[i], &file, error))
            return FALSE;
        g_ptr_array_add(checking->files, paths->pdata[i]);
        well = read_lines(checking, &file);
        g_free(file.bytes);
    }
    if (!paths->len)
        return fault_set(error, MSG_LICENCE_NO_LEDGER, NULL);
    check_signatures(checking);
    check_end(checking);
    if (checking->keys->len)
        checking->check->key = seal_key_text(g_ptr_array_index(checking->keys, checking->keys->len - 1));
    g_autofree char *chain = hash_text(&checking->chain);
    checking->check->head = g_strdup_printf("%" G_GUINT64_FORMAT ":%s", checking->n, chain);
    return TRUE;
}

static void
free_key(gpointer key)
{
    EVP_PKEY_free(key);
}

gboolean
ledger_check(char *const *paths, const char *key_file, LedgerCheck *ret_check, GError **error)
{
    LedgerCheck check = { 0 };
    g_autoptr(GPtrArray) all = ledger_check_files(paths), files = g_ptr_array_new(), keys = g_ptr_array_new_with_free_func(free_key);
    g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(Record));
    Checking checking = { .check = &check, .files = files, .keys = keys, .records = records };
    checking.wanted = key_file ? seal_public_key(key_file, error) : NULL;
    if (key_file && !checking.wanted)
        return FALSE;
    gboolean well = check_files(&checking, all, error);
    check.known_key = checking.wanted != NULL;
    EVP_PKEY_free(checking.wanted);
    if (well)
        *ret_check = check;
    else
        ledger_check_clear(&check);
    return well;
}
