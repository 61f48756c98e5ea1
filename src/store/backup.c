/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Backup and restore of the manager's state as one file. A backup is taken while the manager runs, by SQLite's own means, and
 * appears under its name only when it is whole. A restore is refused while a manager holds the database, checks the backup
 * first, and keeps what it replaces beside it. */
#include "base/fault.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <unistd.h>

static gboolean
no_place(const char *file, GError **error)
{
    return fault_set(error, MSG_STORE_NO_PLACE, "file", file, "reason", g_strerror(errno), NULL);
}

/* Opens FILE to read; NULL with the sentence CODE. */
static sqlite3 *
open_to_read(const char *file, MessageCode code, GError **error)
{
    sqlite3 *db = NULL;
    const char *reason = g_access(file, R_OK) == 0 ? NULL : g_strerror(errno);      /* SQLite does not say which it was */
    if (!reason && sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK) {
        sqlite_distrust(db);
        return db;
    }
    fault_set(error, code, "file", file, "reason", reason ? reason : db ? sqlite3_errmsg(db) : "no memory", NULL);
    sqlite3_close(db);
    return NULL;
}

/* TO is a half-made FILE: sentences name that one. */
static gboolean
copy_pages(sqlite3 *from, const char *to, const char *file, GError **error)
{
    sqlite3 *db = NULL;
    gboolean well = FALSE;
    /* What a crash left goes; what somebody else put there in a folder all may write to is not followed. */
    g_unlink(to);
    int descriptor = open(to, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return no_place(file, error);
    if (sqlite3_open(to, &db) == SQLITE_OK) {
        sqlite3_backup *backup = sqlite3_backup_init(db, "main", from, "main");
        if (backup) {
            sqlite3_backup_step(backup, -1);
            well = sqlite3_backup_finish(backup) == SQLITE_OK;
        }
    }
    if (!well)
        sqlite_fault(db, error);
    /* A file that needs no companion beside it. */
    well = well && sqlite_run(db, "PRAGMA journal_mode = DELETE", error);
    sqlite3_close(db);
    well = well && (fsync(descriptor) == 0 || no_place(file, error));
    close(descriptor);
    return well;
}

/* The new name is on the disk only when its folder is. */
static gboolean
put_in_place(const char *part, const char *file, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(file);
    if (g_rename(part, file) != 0)
        return no_place(file, error);
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean well = descriptor >= 0 && fsync(descriptor) == 0;
    well = well || no_place(folder, error);
    if (descriptor >= 0)
        close(descriptor);
    return well;
}

gboolean
store_backup(const char *from_file, const char *to_file, GError **error)
{
    g_autofree char *part = g_strconcat(to_file, ".part", NULL);
    sqlite3 *from = open_to_read(from_file, MSG_STORE_NO_STATE, error);
    if (!from)
        return FALSE;
    sqlite3_busy_timeout(from, 5000);
    gboolean well = copy_pages(from, part, to_file, error);
    sqlite3_close(from);
    if (!well)
        g_unlink(part);
    return well && put_in_place(part, to_file, error);
}

static gboolean
check_backup(sqlite3 *db, const char *file, GError **error)
{
    sqlite3_stmt *check = NULL;
    char *said = NULL;
    int format = 0;
    if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &check, NULL) == SQLITE_OK && sqlite3_step(check) == SQLITE_ROW)
        said = g_strdup((const char *) sqlite3_column_text(check, 0));
    sqlite3_finalize(check);
    check = NULL;
    if (sqlite3_prepare_v2(db, "SELECT value FROM meta WHERE key = 'format'", -1, &check, NULL) == SQLITE_OK && sqlite3_step(check) == SQLITE_ROW)
        format = sqlite3_column_int(check, 0);
    sqlite3_finalize(check);
    gboolean whole = g_strcmp0(said, "ok") == 0;
    g_free(said);
    g_autofree char *theirs = g_strdup_printf("%d", format);
    if (!whole || !format)
        return fault_set(error, MSG_STORE_NOT_A_BACKUP, "file", file, NULL);
    return format <= STORE_FORMAT || fault_set(error, MSG_STORE_NEWER, "file", file, "format", theirs, NULL);
}

/* Holds the manager's lock file, or says that a manager does; -1 with ERROR. */
static int
hold(const char *file, GError **error)
{
    g_autofree char *path = g_strconcat(file, ".lock", NULL);
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        no_place(path, error);
        return -1;
    }
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        return descriptor;
    close(descriptor);
    fault_set(error, MSG_STORE_HELD, "file", file, NULL);
    return -1;
}

/* FILE as it is, whole with what its WAL holds, under FILE.before-restore; and its companions away, so that they are not
 * taken for the new file's. */
static gboolean
set_aside(const char *file, GError **error)
{
    g_autofree char *aside = g_strconcat(file, ".before-restore", NULL), *wal = g_strconcat(file, "-wal", NULL), *shm = g_strconcat(file, "-shm", NULL);
    if (g_access(file, F_OK) != 0)
        return TRUE;
    if (!store_backup(file, aside, error)) {
        /* Damaged, which may be why somebody restores: kept byte for byte. */
        g_clear_error(error);
        if (g_rename(file, aside) != 0)
            return no_place(file, error);
    }
    g_unlink(wal);
    g_unlink(shm);
    return TRUE;
}

gboolean
store_check_backup(const char *backup, GError **error)
{
    sqlite3 *from = open_to_read(backup, MSG_STORE_NO_BACKUP, error);
    gboolean well = from && check_backup(from, backup, error);
    sqlite3_close(from);
    return well;
}

/* A half-made FILE says of itself that it was restored. */
static gboolean
note_restored(const char *part, const char *file, GError **error)
{
    static const char note[] = "INSERT INTO kept VALUES('" STORE_RESTORED "', zeroblob(16), datetime('now')) ON CONFLICT DO NOTHING";
    sqlite3 *db = NULL;
    G_STATIC_ASSERT(sizeof(Id) == 16);
    gboolean well = sqlite3_open_v2(part, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK;
    if (well)
        sqlite_distrust(db);
    well = well ? sqlite_run(db, note, error) : fault_set(error, MSG_STORE_NO_PLACE, "file", file, "reason", db ? sqlite3_errmsg(db) : "no memory", NULL);
    sqlite3_close(db);
    return well;
}

gboolean
store_restore(const char *backup, const char *file, GError **error)
{
    g_autofree char *part = g_strconcat(file, ".part", NULL);
    int held = hold(file, error);
    if (held < 0)
        return FALSE;
    sqlite3 *from = open_to_read(backup, MSG_STORE_NO_BACKUP, error);
    gboolean well = from && check_backup(from, backup, error) && copy_pages(from, part, file, error) && note_restored(part, file, error);
    sqlite3_close(from);
    if (!well)
        g_unlink(part);
    well = well && set_aside(file, error) && put_in_place(part, file, error);
    close(held);
    return well;
}
