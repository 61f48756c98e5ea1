/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writing. A line goes out by one write; what had not gone out whole was told to nobody, and is taken away at the next opening. */
#include "licence/ledger.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "licence/ledger_line.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct Ledger {
    char *folder, *file;            /* FILE: the segment that is open */
    EVP_PKEY *key;
    int fd;
    guint64 segment, n;
    gsize bytes;                    /* of the segment */
    Hash chain;                     /* of all there is */
    Wall last;
};

static gboolean
failed(const char *file, GError **error)
{
    gboolean full = errno == ENOSPC || errno == EDQUOT;
    return fault_set(error, full ? MSG_LICENCE_LEDGER_FULL : MSG_LICENCE_LEDGER_FILE, "file", file, "reason", g_strerror(errno), NULL);
}

static char *
segment_path(const Ledger *ledger, guint64 segment, const char *ending)
{
    return g_strdup_printf("%s/%06" G_GUINT64_FORMAT ".ledger%s", ledger->folder, segment, ending);
}

static gboolean
sync_folder(const Ledger *ledger)
{
    int fd = open(ledger->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean well = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return well;
}

/* --- a record --------------------------------------------------------------------------------------------------------------- */

static int
compare_facts(const void *a, const void *b)
{
    return strcmp((*(const LedgerFact *const *) a)->name, (*(const LedgerFact *const *) b)->name);
}

static void
add_text(Text *out, const char *text)
{
    if (text)
        text_add_json(out, text);
    else
        text_add_literal(out, "null");
}

static void
add_fact(Text *out, const LedgerFact *fact)
{
    text_printf(out, ",\"%s\":", fact->name);
    switch (fact->kind) {
    case LEDGER_TEXT:
        add_text(out, fact->text);
        break;
    case LEDGER_NUMBER:
        text_add_int(out, fact->number);
        break;
    case LEDGER_FLAG:
        text_add(out, fact->number ? "true" : "false");
        break;
    case LEDGER_TEXTS:
    default:
        text_add_literal(out, "[");
        for (guint i = 0; i < fact->count; i++) {
            text_add(out, i ? "," : "");
            add_text(out, fact->texts[i]);
        }
        text_add_literal(out, "]");
        break;
    }
}

/* Facts by name, so that a record has one spelling. */
static void
add_facts(Text *out, const LedgerFact *facts)
{
    const LedgerFact *sorted[64];
    guint count = 0;
    for (; facts && facts->name && count < G_N_ELEMENTS(sorted); facts++)
        sorted[count++] = facts;
    g_assert(!facts || !facts->name);
    qsort(sorted, count, sizeof(sorted[0]), compare_facts);
    for (guint i = 0; i < count; i++)
        add_fact(out, sorted[i]);
}

/* What the record is dated: a clock that was set back a little is held still. */
static Wall
date_of(const Ledger *ledger, Wall now)
{
    Wall whole = now - now % 1000;
    return ledger->n && whole < ledger->last && ledger->last - whole <= LEDGER_STEP_BACK ? ledger->last : whole;
}

/* All of TEXT or nothing: half a line is taken away again. */
static gboolean
write_line(Ledger *ledger, const Text *text, GError **error)
{
    gssize written = write(ledger->fd, text->bytes, text->length);
    if (written == (gssize) text->length)
        return TRUE;
    int reason = written < 0 ? errno : ENOSPC;
    if (ftruncate(ledger->fd, (off_t) ledger->bytes) < 0)
        log_error("ledger %s: half a record cannot be taken away: %s", ledger->file, g_strerror(errno));
    errno = reason;
    return failed(ledger->file, error);
}

static gboolean
append(Ledger *ledger, Wall now, const char *type, const LedgerFact *facts, GError **error)
{
    g_auto(Text) out = TEXT_EMPTY;
    char date[CLOCK_DATE_SIZE];
    Wall t = date_of(ledger, now);
    text_printf(&out, "{\"n\":%" G_GUINT64_FORMAT ",\"t\":\"%s\",\"type\":\"%s\"", ledger->n + 1, clock_format(t, date), type);
    add_facts(&out, facts);
    Hash hash = hash_next(&ledger->chain, out.bytes, out.length);
    g_autofree char *signature = seal_sign(ledger->key, &hash);
    if (!signature || out.length > LEDGER_MOST_LINE)
        return fault_set(error, MSG_LICENCE_LEDGER_RECORD, "type", type, NULL);
    text_printf(&out, ",\"sig\":\"%s\"}\n", signature);
    if (!write_line(ledger, &out, error))
        return FALSE;
    ledger->chain = hash_next(&ledger->chain, out.bytes, out.length - 1);
    ledger->bytes += out.length;
    ledger->last = t;
    ledger->n++;
    return TRUE;
}

/* --- segments --------------------------------------------------------------------------------------------------------------- */

static gboolean
begin_segment(Ledger *ledger, Wall now, GError **error)
{
    g_autofree char *chain = hash_text(&ledger->chain), *key = seal_key_text(ledger->key);
    const LedgerFact facts[] = {
        { .name = "chain", .kind = LEDGER_TEXT, .text = chain },
        { .name = "format", .kind = LEDGER_NUMBER, .number = 1 },
        { .name = "key", .kind = LEDGER_TEXT, .text = key },
        { .name = "segment", .kind = LEDGER_NUMBER, .number = (gint64) ledger->segment + 1 },
        { .name = NULL },
    };
    g_free(ledger->file);
    ledger->file = segment_path(ledger, ledger->segment + 1, "");
    ledger->fd = open(ledger->file, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (ledger->fd < 0)
        return failed(ledger->file, error);
    ledger->segment++;
    ledger->bytes = 0;
    if (append(ledger, now, "open", facts, error))
        return sync_folder(ledger) || failed(ledger->folder, error);
    close(ledger->fd);                      /* a segment without its head would be none */
    g_unlink(ledger->file);
    ledger->fd = -1;
    ledger->segment--;
    return FALSE;
}

/* BYTES into FILE, compressed, and onto the disk. */
static gboolean
compress_into(const char *file, const char *bytes, gsize length)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640), keep = fd >= 0 ? dup(fd) : -1;
    gzFile out = fd >= 0 ? gzdopen(fd, "w9") : NULL;
    gboolean well = out && keep >= 0;
    for (gsize done = 0; well && done < length;) {
        int count = gzwrite(out, bytes + done, (unsigned) MIN(length - done, 1u << 20));
        well = count > 0;
        done += well ? (gsize) count : 0;
    }
    if (out)
        well = gzclose_w(out) == Z_OK && well;
    else if (fd >= 0)
        close(fd);
    well = keep >= 0 && fsync(keep) == 0 && well;
    if (keep >= 0)
        close(keep);
    return well;
}

/* The plain file of a closed segment gives way to its compressed one only when that is whole on the disk. */
static gboolean
compress_segment(Ledger *ledger, guint64 segment, GError **error)
{
    g_autofree char *plain = segment_path(ledger, segment, ""), *packed = segment_path(ledger, segment, ".gz"), *fresh = segment_path(ledger, segment, ".gz.new");
    LedgerFile file = { 0 };
    if (!ledger_file_read(plain, &file, error))
        return FALSE;
    gboolean well = compress_into(fresh, file.bytes, file.length) && g_rename(fresh, packed) == 0 && sync_folder(ledger) && g_unlink(plain) == 0;
    g_free(file.bytes);
    return well || failed(packed, error);
}

static gboolean
end_segment(Ledger *ledger, Wall now, GError **error)
{
    const LedgerFact facts[] = { { .name = "segment", .kind = LEDGER_NUMBER, .number = (gint64) ledger->segment }, { .name = NULL } };
    if (!append(ledger, now, "close", facts, error) || !ledger_sync(ledger, error))
        return FALSE;
    close(ledger->fd);
    ledger->fd = -1;
    return compress_segment(ledger, ledger->segment, error);
}

gboolean
ledger_rotate(Ledger *ledger, Wall now, GError **error)
{
    return (ledger->fd < 0 || end_segment(ledger, now, error)) && begin_segment(ledger, now, error);
}

gboolean
ledger_append(Ledger *ledger, Wall now, const char *type, const LedgerFact *facts, GError **error)
{
    gboolean full = ledger->fd < 0 || ledger->bytes >= LEDGER_SEGMENT_BYTES;      /* none is open where the last rotation failed half way */
    return (!full || ledger_rotate(ledger, now, error)) && append(ledger, now, type, facts, error);
}

/* HEAD follows what is on the disk, and is replaced whole. */
gboolean
ledger_sync(Ledger *ledger, GError **error)
{
    g_autofree char *body = ledger_head_body(ledger->n, &ledger->chain), *head = g_build_filename(ledger->folder, "HEAD", NULL);
    Hash hash = ledger_head_hash(body);
    g_autofree char *signature = seal_sign(ledger->key, &hash);
    g_autofree char *text = g_strdup_printf("%s,\"sig\":\"%s\"}\n", body, signature ? signature : "");
    if (ledger->fd >= 0 && fdatasync(ledger->fd) < 0)
        return failed(ledger->file, error);
    g_autoptr(GError) reason = NULL;
    if (g_file_set_contents_full(head, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0640, &reason))
        return TRUE;
    gboolean full = g_error_matches(reason, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
    return fault_set(error, full ? MSG_LICENCE_LEDGER_FULL : MSG_LICENCE_LEDGER_FILE, "file", head, "reason", reason->message, NULL);
}

/* --- opening ---------------------------------------------------------------------------------------------------------------- */

/* The number of the last segment; RET_PLAIN: it is not compressed. 0: there is none. */
static guint64
last_segment(const Ledger *ledger, gboolean *ret_plain)
{
    guint64 last = 0;
    g_autoptr(GDir) folder = g_dir_open(ledger->folder, 0, NULL);
    *ret_plain = FALSE;
    for (const char *name; folder && (name = g_dir_read_name(folder));) {
        char *end;
        guint64 number = g_ascii_strtoull(name, &end, 10);
        gboolean plain = g_str_equal(end, ".ledger");
        if (end == name || (!plain && !g_str_equal(end, ".ledger.gz")) || number < last)
            continue;
        *ret_plain = plain || (number == last && *ret_plain);
        last = number;
    }
    return last;
}

/* Takes up the lines of FILE: numbers, chain and time go on from there. RET_WHOLE: bytes up to the end of the last whole line; RET_CLOSED: that closes it. */
static gboolean
take_up(Ledger *ledger, const LedgerFile *file, const char *path, gsize *ret_whole, gboolean *ret_closed, GError **error)
{
    gsize at = 0, length, line_at = 0;
    const char *bytes;
    gboolean whole;
    LedgerLine line;
    LedgerOpening opening;
    *ret_whole = 0;
    *ret_closed = FALSE;
    while (ledger_file_next(file, &at, &bytes, &length, &whole) && whole) {
        gboolean well = ledger_line_parse(bytes, length, &line) && (line_at || ledger_line_opening(&line, &opening));
        if (!well)
            return fault_set(error, MSG_LICENCE_LEDGER_DAMAGED, "file", path, NULL);
        if (!line_at)
            ledger->chain = opening.chain;
        ledger->chain = hash_next(&ledger->chain, bytes, length);
        ledger->n = line.n;
        ledger->last = line.t;
        *ret_closed = g_str_equal(line.type, "close");
        *ret_whole = line_at = at;
    }
    g_autofree char *key = seal_key_text(ledger->key);
    if (line_at && !g_str_equal(key, opening.key))
        return fault_set(error, MSG_LICENCE_LEDGER_OTHER_KEY, "file", path, NULL);
    return !file->torn || fault_set(error, MSG_LICENCE_LEDGER_DAMAGED, "file", path, NULL);
}

static gboolean
has_its_tail(const Ledger *ledger, GError **error)
{
    g_auto(LedgerHead) head = { 0 };
    if (!ledger_head_read(ledger->folder, &head) || head.n <= ledger->n)
        return TRUE;
    g_autofree char *last = g_strdup_printf("%" G_GUINT64_FORMAT, ledger->n), *wanted = g_strdup_printf("%" G_GUINT64_FORMAT, head.n);
    return fault_set(error, MSG_LICENCE_LEDGER_TAIL_LOST, "folder", ledger->folder, "last", last, "head", wanted, NULL);
}

/* The open segment as it was left. */
static gboolean
reopen(Ledger *ledger, gsize whole, GError **error)
{
    ledger->fd = open(ledger->file, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    ledger->bytes = whole;
    return (ledger->fd >= 0 && ftruncate(ledger->fd, (off_t) whole) == 0) || failed(ledger->file, error);
}

static gboolean
begin_or_go_on(Ledger *ledger, Wall now, GError **error)
{
    LedgerFile file = { 0 };
    gsize whole = 0;
    gboolean closed = FALSE, plain;
    ledger->segment = last_segment(ledger, &plain);
    if (!ledger->segment)
        return has_its_tail(ledger, error) && begin_segment(ledger, now, error);
    g_free(ledger->file);
    ledger->file = segment_path(ledger, ledger->segment, plain ? "" : ".gz");
    gboolean well = ledger_file_read(ledger->file, &file, error) && take_up(ledger, &file, ledger->file, &whole, &closed, error);
    g_free(file.bytes);
    if (well && plain && !whole)            /* it had been made, and nothing was written whole */
        return g_unlink(ledger->file) == 0 ? begin_or_go_on(ledger, now, error) : failed(ledger->file, error);
    if (!well || !has_its_tail(ledger, error))
        return FALSE;
    if (!plain && !closed)
        return fault_set(error, MSG_LICENCE_LEDGER_DAMAGED, "file", ledger->file, NULL);
    if (!closed)
        return reopen(ledger, whole, error);
    return (!plain || compress_segment(ledger, ledger->segment, error)) && begin_segment(ledger, now, error);
}

static void
free_ledger(Ledger *ledger)
{
    if (ledger->fd >= 0)
        close(ledger->fd);
    EVP_PKEY_free(ledger->key);
    g_free(ledger->folder);
    g_free(ledger->file);
    g_free(ledger);
}

Ledger *
ledger_open(const char *folder, const char *key_file, Wall now, GError **error)
{
    Ledger *ledger = g_new0(Ledger, 1);
    ledger->folder = g_strdup(folder);
    ledger->fd = -1;
    ledger->key = seal_key(key_file, error);
    if (ledger->key && begin_or_go_on(ledger, now, error) && ledger_sync(ledger, error))
        return ledger;
    free_ledger(ledger);
    return NULL;
}

void
ledger_close(Ledger *ledger)
{
    g_autoptr(GError) error = NULL;
    if (ledger && !ledger_sync(ledger, &error))
        log_error("ledger: %s", error->message);
    if (ledger)
        free_ledger(ledger);
}

guint64
ledger_count(const Ledger *ledger)
{
    return ledger->n;
}

Wall
ledger_last(const Ledger *ledger)
{
    return ledger->last;
}

char *
ledger_head(const Ledger *ledger)
{
    g_autofree char *chain = hash_text(&ledger->chain);
    return g_strdup_printf("%" G_GUINT64_FORMAT ":%s", ledger->n, chain);
}
