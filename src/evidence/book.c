/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The ledger of an installation: opened, written, and written on when it could not be for a while. What nobody wrote is never made up afterwards: that time
 * is told as one in which nobody looked, host by host, from the last record on, and then all that is now is told anew. */
#include "evidence/evidence_parts.h"

#include "base/fault.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define AGAIN (10 * CLOCK_SECOND)           /* between two tries of one that cannot be written, at most */
#define CLOCK_JUMP (2 * CLOCK_SECOND)       /* set back by more is recorded */

struct Book {
    Evidence *evidence;
    char *folder, *key;
    Ledger *ledger;                 /* NULL: it cannot be opened */
    gboolean writable;              /* all that is now was told, or is being told */
    gboolean complained;            /* that it cannot be written was told */
    gboolean dirty;                 /* not all is on the disk */
    gboolean torn;                  /* half a record stood at its end when it was opened */
    Tick again;
    Wall wall;                      /* clocks when they were last compared */
    Tick tick;
};

static void
complain(Book *book, const GError *error)
{
    const EvidenceParts *parts = &book->evidence->parts;
    book->again = clock_tick() + MIN(AGAIN, parts->period);
    book->writable = FALSE;
    if (book->complained)
        return;
    book->complained = TRUE;
    g_autofree char *why = message_encode(fault_message(error));
    log_error("%s", error->message);
    parts->tell(parts->data, 11043, SEVERITY_ALERT, message_new(MSG_EVIDENCE_NOT_WRITTEN, "why", why, NULL), NULL, NULL);
}

/* --- writing ---------------------------------------------------------------------------------------------------------------------- */

static gboolean
append(Book *book, Wall when, const char *type, const Facts *facts)
{
    g_autoptr(GError) error = NULL;
    if (ledger_append(book->ledger, when, type, facts ? facts->rows : NULL, &error)) {
        book->dirty = TRUE;
        return TRUE;
    }
    complain(book, error);
    return FALSE;
}

gboolean
book_write(Book *book, Wall when, const char *type, const Facts *facts)
{
    return book->writable && append(book, when, type, facts);
}

gboolean
book_sync(Book *book)
{
    g_autoptr(GError) error = NULL;
    if (!book->ledger || !book->dirty)
        return book->writable;
    book->dirty = FALSE;
    if (!ledger_sync(book->ledger, &error))
        complain(book, error);
    return book->writable;
}

void
book_live(Book *book)
{
    Wall now = clock_wall();
    if (book->writable && now - ledger_last(book->ledger) >= book->evidence->parts.period)
        append(book, now, "alive", NULL);
}

void
book_end(Book *book)
{
    if (book->writable)
        append(book, clock_wall(), "recording_ends", NULL);
    book_sync(book);
}

/* --- opening ---------------------------------------------------------------------------------------------------------------------- */

/* Does its newest segment end in half a line? A process that dies within a write leaves one; it was told to nobody, and is taken away. */
static gboolean
ends_torn(const char *folder)
{
    g_autofree char *newest = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        if (g_str_has_suffix(name, ".ledger") && (!newest || strcmp(name, newest) > 0))
            text_set(&newest, name);
    }
    g_autofree char *path = newest ? g_build_filename(folder, newest, NULL) : NULL;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    char last = '\n';
    if (fd < 0)
        return FALSE;
    if (lseek(fd, -1, SEEK_END) >= 0 && read(fd, &last, 1) != 1)
        last = '\n';
    close(fd);
    return last != '\n';
}

static gboolean
open_ledger(Book *book)
{
    g_autoptr(GError) error = NULL;
    if (g_mkdir_with_parents(book->folder, 0750) != 0) {
        fault_set(&error, MSG_LICENCE_LEDGER_FILE, "file", book->folder, "reason", g_strerror(errno), NULL);
        complain(book, error);
        return FALSE;
    }
    gboolean torn = ends_torn(book->folder);
    book->ledger = ledger_open(book->folder, book->key, clock_wall(), &error);
    if (!book->ledger) {
        complain(book, error);
        return FALSE;
    }
    book->torn = torn;
    return TRUE;
}

static gboolean
write_gap(Book *book, Wall from, Wall until, const char *host)
{
    char date[CLOCK_DATE_SIZE];
    g_auto(Facts) facts = { 0 };
    facts_add(&facts, "host", host);
    facts_add(&facts, "until", clock_format(until, date));
    return append(book, from, "gap", &facts);
}

static void
tell_clock(Book *book, Wall now, gint64 back)
{
    const EvidenceParts *parts = &book->evidence->parts;
    g_auto(Facts) facts = { 0 };
    g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, back / CLOCK_SECOND);
    facts_add_number(&facts, "seconds", back / CLOCK_SECOND);
    append(book, now, "clock_set_back", &facts);
    parts->tell(parts->data, 11046, SEVERITY_WARNING, message_new(MSG_EVIDENCE_CLOCK, "seconds", seconds, NULL), NULL, NULL);
}

/* From the last record until now nothing was written of any host that is known. A clock that says less than the last record proves nothing about how long. */
static gboolean
write_gaps(Book *book, Wall now)
{
    Wall from = ledger_last(book->ledger);
    if (from - now > CLOCK_JUMP)
        tell_clock(book, now, from - now);
    g_autoptr(View) view = inventory_view(book->evidence->parts.inventory);
    ViewWalk walk = view_walk(view, &host_type);
    for (const Host *host; now > from && (host = view_next(&walk));) {
        if (!write_gap(book, from, now, host->name))
            return FALSE;
    }
    return TRUE;
}

static gboolean
write_begin(Book *book, Wall now)
{
    g_auto(Facts) facts = { 0 };
    facts_add(&facts, "program", SHIKIRI_VERSION);
    facts_add_number(&facts, "period", book->evidence->parts.period / CLOCK_SECOND);
    facts_add(&facts, "tail", book->torn ? "torn" : "whole");
    return append(book, now, "recording", &facts);
}

gboolean
book_beat(Book *book)
{
    if (book->writable || clock_tick() < book->again || (!book->ledger && !open_ledger(book)))
        return FALSE;
    Wall now = clock_wall();
    gboolean new = ledger_count(book->ledger) <= 1;         /* nothing but the head of its first segment */
    if ((!new && !write_gaps(book, now)) || !write_begin(book, now))
        return FALSE;
    const EvidenceParts *parts = &book->evidence->parts;
    if (book->complained)
        parts->tell(parts->data, 11044, SEVERITY_NORMAL, message_new(MSG_EVIDENCE_WRITTEN_AGAIN, NULL), NULL, NULL);
    if (book->torn)
        parts->tell(parts->data, 11045, SEVERITY_WARNING, message_new(MSG_EVIDENCE_TORN, NULL), NULL, NULL);
    book->torn = book->complained = FALSE;
    book->writable = TRUE;
    return TRUE;
}

Book *
book_new(Evidence *evidence)
{
    Book *book = g_new0(Book, 1);
    book->evidence = evidence;
    book->folder = g_build_filename(evidence->parts.data_dir, "ledger", NULL);
    book->key = g_build_filename(evidence->parts.data_dir, "ledger-key.pem", NULL);
    book->wall = clock_wall();
    book->tick = clock_tick();
    return book;
}

void
book_free(Book *book)
{
    if (!book)
        return;
    ledger_close(book->ledger);
    g_free(book->folder);
    g_free(book->key);
    g_free(book);
}

/* --- the clock -------------------------------------------------------------------------------------------------------------------- */

void
book_watch_clock(Book *book)
{
    Wall wall = clock_wall();
    Tick tick = clock_tick();
    gint64 back = (tick - book->tick) - (wall - book->wall);
    if (back > CLOCK_JUMP && book->writable)
        tell_clock(book, wall, back);
    book->wall = wall;
    book->tick = tick;
}
