/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The store on a real file: what was acknowledged is there after a reopening, after death at any point of a transaction,
 * and nothing that was refused is. */
#include "base/failpoint.h"
#include "base/fault.h"
#include "base/lock.h"
#include "model/places.h"
#include "model/template.h"
#include "store/store.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    Lock lock;
    Condition changed;
    guint well, failed;
    char *why;
} Answers;

static char *folder;

static char *
new_file(void)
{
    static guint number;
    return g_strdup_printf("%s/store-%u.db", folder, number++);
}

static void
answered(gpointer data, const GError *error)
{
    Answers *answers = data;
    LOCK_HOLD(&answers->lock);
    answers->well += !error;
    answers->failed += error != NULL;
    if (error && !answers->why)
        answers->why = g_strdup(error->message);
    condition_broadcast(&answers->changed);
}

static void
wait_for(Answers *answers, guint count)
{
    LOCK_HOLD(&answers->lock);
    while (answers->well + answers->failed < count)
        condition_wait(&answers->changed, &answers->lock);
}

static Answers *
answers_new(void)
{
    Answers *answers = g_new0(Answers, 1);
    lock_init(&answers->lock);
    condition_init(&answers->changed);
    return answers;
}

static void
answers_free(Answers *answers)
{
    g_free(answers->why);
    condition_clear(&answers->changed);
    lock_clear(&answers->lock);
    g_free(answers);
}

static Changes *
a_cluster(Inventory *inventory, guint number)
{
    g_autoptr(View) empty = view_empty();
    Changes *changes = changes_new(empty, inventory);
    g_autofree char *name = g_strdup_printf("c%u", number);
    Cluster *cluster = object_new(&cluster_type);
    cluster->object.id = id_named(&id_null, name);
    cluster->name = g_strdup(name);
    changes_add(changes, cluster);
    changes_event(changes, 1, SEVERITY_NORMAL, message_new(MSG_FOREIGN, "text", name, NULL), NULL);
    changes_keep(changes, "note", &cluster->object.id, name);
    g_assert_true(changes_seal(changes, NULL));
    return changes;
}

/* Writes the clusters FROM … FROM + COUNT - 1 one after another and waits for each. */
static Answers *
write_clusters(Store *store, guint from, guint count)
{
    Inventory *inventory = inventory_new();
    inventory_set_last_event(inventory, from);
    Answers *answers = answers_new();
    for (guint i = 0; i < count; i++) {
        g_autoptr(Changes) changes = a_cluster(inventory, from + i);
        store_write(store, changes, answered, answers);
        wait_for(answers, i + 1);
    }
    inventory_free(inventory);
    return answers;
}

static guint
count_clusters(const char *file, guint64 *ret_next_event)
{
    g_autoptr(GError) error = NULL;
    Store *store = store_open(file, &error);
    g_assert_no_error(error);
    Inventory *inventory = inventory_new();
    g_autoptr(View) empty = view_empty();
    g_autoptr(Changes) changes = changes_new(empty, inventory);
    g_assert_true(store_load(store, changes, &error));
    g_assert_true(changes_seal(changes, NULL));
    g_autoptr(View) view = changes_apply(changes);
    const Cluster *cluster;
    for (ViewWalk walk = view_walk(view, &cluster_type); (cluster = view_next(&walk));) {
        g_autofree char *kept = store_kept(store, "note", &cluster->object.id, NULL);
        g_assert_cmpstr(kept, ==, cluster->name);
    }
    guint count = view_count(view, &cluster_type);
    g_assert_cmpuint(view_count(view, &event_type), ==, count);
    *ret_next_event = store_next_event(store);
    store_close(store);
    inventory_free(inventory);
    return count;
}

static void
test_reopen(void)
{
    g_autofree char *file = new_file();
    Store *store = store_open(file, NULL);
    Answers *answers = write_clusters(store, 0, 20);
    g_assert_cmpuint(answers->well, ==, 20);
    store_close(store);
    GStatBuf about;
    g_assert_cmpint(g_stat(file, &about), ==, 0);
    g_assert_cmpint(about.st_mode & 0777, ==, 0600);
    guint64 next;
    g_assert_cmpuint(count_clusters(file, &next), ==, 20);
    g_assert_cmpuint(next, ==, 21);
    answers_free(answers);
}

/* What an older program kept here and is now the same in every installation is not taken from here. */
static void
test_fixed(void)
{
    g_autofree char *file = new_file();
    Store *store = store_open(file, NULL);
    answers_free(write_clusters(store, 0, 2));
    store_close(store);
    sqlite3 *db = NULL;
    g_assert_cmpint(sqlite3_open(file, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, "UPDATE objects SET type = 'template', id = zeroblob(16) WHERE id = (SELECT min(id) FROM objects)", NULL, NULL, NULL), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_changes(db), ==, 1);
    sqlite3_close(db);
    store = store_open(file, NULL);
    Inventory *inventory = inventory_new();
    g_autoptr(View) head = inventory_view(inventory);
    g_autoptr(Changes) changes = changes_new(head, inventory);
    g_autoptr(GError) error = NULL;
    g_assert_true(store_load(store, changes, &error) && changes_seal(changes, &error));
    g_autoptr(View) view = changes_apply(changes);
    g_assert_cmpuint(view_count(view, &cluster_type), ==, 1);
    g_assert_true(view_find(view, &template_type, &id_null) == view_find(head, &template_type, &id_null));
    store_close(store);
    inventory_free(inventory);
}

static gboolean
load_into(const char *file, guint *ret_clusters, GError **error)
{
    Store *store = store_open(file, NULL);
    Inventory *inventory = inventory_new();
    g_autoptr(View) empty = view_empty();
    g_autoptr(Changes) changes = changes_new(empty, inventory);
    gboolean well = store_load(store, changes, error);
    g_assert_true(changes_seal(changes, NULL));
    g_autoptr(View) view = changes_apply(changes);
    *ret_clusters = view_count(view, &cluster_type);
    g_assert_true(view_check(view, NULL));
    store_close(store);
    inventory_free(inventory);
    return well;
}

/* It is read in two halves: nothing falls between them, nothing is read twice, and a damaged row on either side is told of. */
static void
test_halves(void)
{
    static const char *const damage[] = { "00000000000000000000000000000000", "7fffffffffffffffffffffffffffffff", "80000000000000000000000000000000", "ffffffffffffffffffffffffffffffff" };
    g_autofree char *file = new_file();
    guint clusters;
    store_close(store_open(file, NULL));
    sqlite3 *db = NULL;
    g_assert_cmpint(sqlite3_open(file, &db), ==, SQLITE_OK);
    for (guint i = 0; i < G_N_ELEMENTS(damage); i++) {
        g_autofree char *sql = g_strdup_printf("INSERT INTO objects VALUES('cluster', x'%s', x''), ('of another program', x'%s', x'ff')", damage[i], damage[i]);
        g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
    }
    g_assert_cmpint(sqlite3_exec(db, "INSERT INTO objects VALUES('cluster', x'80', x'ff'), ('cluster', '80', x'ff')", NULL, NULL, NULL), ==, SQLITE_OK);
    g_assert_true(load_into(file, &clusters, NULL));
    g_assert_cmpuint(clusters, ==, G_N_ELEMENTS(damage));
    for (guint i = 0; i < G_N_ELEMENTS(damage); i++) {
        g_autofree char *sql = g_strdup_printf("UPDATE objects SET body = CASE hex(id) WHEN upper('%s') THEN x'ff' ELSE x'' END WHERE length(id) = 16", damage[i]);
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
        g_assert_false(load_into(file, &clusters, &error));
        g_assert_nonnull(strstr(error->message, "cluster"));
        g_assert_cmpuint(clusters, ==, 0);
    }
    sqlite3_close(db);
}

/* Many at once: gathered, answered in order, none lost at closing. */
static void
test_gather(void)
{
    g_autofree char *file = new_file();
    Store *store = store_open(file, NULL);
    Inventory *inventory = inventory_new();
    Answers *answers = answers_new();
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify) changes_free);
    for (guint i = 0; i < 1000; i++) {
        g_ptr_array_add(all, a_cluster(inventory, i));
        store_write(store, g_ptr_array_index(all, i), answered, answers);
    }
    store_close(store);
    g_assert_cmpuint(answers->well, ==, 1000);
    guint64 next;
    g_assert_cmpuint(count_clusters(file, &next), ==, 1000);
    answers_free(answers);
    inventory_free(inventory);
}

/* A child writes and dies at the Nth point; what it was told is stored is there, and at most one more. */
static void
test_death(void)
{
    for (guint point = 1; point <= 12; point++) {
        g_autofree char *file = new_file(), *spec = g_strdup_printf("sql:%u", point);
        int told[2];
        g_assert_cmpint(pipe(told), ==, 0);
        pid_t child = fork();
        if (child == 0) {
            failpoint_arm(spec, NULL);
            Store *store = store_open(file, NULL);
            for (guint i = 0; i < 10; i++) {
                write_clusters(store, i, 1);
                if (write(told[1], "x", 1) != 1)
                    _exit(3);
            }
            _exit(0);
        }
        close(told[1]);
        int status;
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        char bytes[16];
        gssize acknowledged = read(told[0], bytes, sizeof(bytes));
        close(told[0]);
        guint64 next;
        guint there = count_clusters(file, &next);
        g_assert_cmpint(there, >=, acknowledged);
        g_assert_cmpint(there, <=, acknowledged + 1);
    }
}

static void
test_soft_failure_and_resume(void)
{
    g_autofree char *file = new_file();
    Store *store = store_open(file, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *spec = g_strdup_printf("sql!:%" G_GUINT64_FORMAT, failpoint_count(FAILPOINT_SQL) + 2);
    g_assert_true(failpoint_arm(spec, &error));
    Answers *first = write_clusters(store, 0, 3);
    g_assert_cmpuint(first->failed, ==, 3);         /* the first by itself, the others until the writer says so */
    g_autoptr(Message) trouble = store_trouble(store);
    g_assert_nonnull(trouble);
    store_resume(store);
    Answers *second = write_clusters(store, 3, 2);
    g_assert_cmpuint(second->well, ==, 2);
    g_assert_null(store_trouble(store));
    store_close(store);
    guint64 next;
    g_assert_cmpuint(count_clusters(file, &next), ==, 2);
    answers_free(first);
    answers_free(second);
}

static void
test_locked_by_another(void)
{
    g_autofree char *file = new_file();
    Store *store = store_open(file, NULL);
    sqlite3 *other = NULL;
    g_assert_cmpint(sqlite3_open(file, &other), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
    Answers *answers = write_clusters(store, 0, 1);
    g_assert_cmpuint(answers->failed, ==, 1);
    g_assert_nonnull(strstr(answers->why, "locked"));
    sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(other);
    for (guint i = 0; i < 100; i++) {
        g_autoptr(Message) trouble = store_trouble(store);
        if (!trouble)
            break;
        g_usleep(100 * 1000);
    }
    g_assert_null(store_trouble(store));            /* it mended itself */
    store_close(store);
    answers_free(answers);
}

static void
test_refused_at_opening(void)
{
    g_autofree char *file = new_file();
    Store *store = store_open(file, NULL);
    g_autoptr(GError) held = NULL, newer = NULL, broken = NULL;
    g_assert_null(store_open(file, &held));
    g_assert_nonnull(strstr(held->message, "Another manager"));
    store_close(store);
    sqlite3 *db = NULL;
    sqlite3_open(file, &db);
    g_assert_cmpint(sqlite3_exec(db, "UPDATE meta SET value = '99' WHERE key = 'format'", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
    g_assert_null(store_open(file, &newer));
    g_assert_nonnull(strstr(newer->message, "newer Shikiri (format 99)"));
    g_autofree char *rubbish = new_file();
    g_assert_true(g_file_set_contents(rubbish, "this is no database, whatever its name says, and long enough to be read as one", -1, NULL));
    g_assert_null(store_open(rubbish, &broken));
    g_assert_nonnull(strstr(broken->message, rubbish));
}

static void
test_backup_and_restore(void)
{
    g_autofree char *file = new_file(), *backup = new_file(), *aside = g_strconcat(file, ".before-restore", NULL);
    g_autoptr(GError) error = NULL, held = NULL, rubbish = NULL;
    guint64 next;
    Store *store = store_open(file, NULL);
    answers_free(write_clusters(store, 0, 5));
    g_assert_true(store_backup(file, backup, &error));      /* while it runs */
    answers_free(write_clusters(store, 5, 5));
    g_assert_false(store_restore(backup, file, &held));
    g_assert_nonnull(strstr(held->message, "Another manager"));
    store_close(store);
    g_assert_true(store_restore(backup, file, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(count_clusters(file, &next), ==, 5);
    g_assert_cmpuint(count_clusters(aside, &next), ==, 10); /* what was replaced is there */
    g_assert_true(g_file_set_contents(backup, "no backup at all", -1, NULL));
    g_assert_false(store_restore(backup, file, &rubbish));
    g_assert_nonnull(strstr(rubbish->message, "nothing was restored"));
    g_assert_cmpuint(count_clusters(file, &next), ==, 5);
}

static char *
restored_when(const char *file)
{
    g_autoptr(GError) error = NULL;
    Store *store = store_open(file, NULL);
    char *when = store_kept(store, STORE_RESTORED, &id_null, &error);
    g_assert_no_error(error);
    store_close(store);
    return when;
}

/* What is restored says so, until somebody forgets it; neither a backup nor what was set aside does. */
static void
test_restored(void)
{
    g_autofree char *file = new_file(), *backup = new_file(), *aside = g_strconcat(file, ".before-restore", NULL);
    g_autoptr(GError) error = NULL;
    Store *store = store_open(file, NULL);
    answers_free(write_clusters(store, 0, 5));
    store_close(store);
    g_assert_true(store_backup(file, backup, &error));
    g_assert_null(restored_when(file));
    g_assert_true(store_restore(backup, file, &error));
    g_assert_no_error(error);
    g_autofree char *when = restored_when(file);
    g_assert_nonnull(when);
    g_assert_null(restored_when(aside));
    g_assert_null(restored_when(backup));
    g_assert_true(store_backup(file, backup, &error));
    g_assert_true(store_restore(backup, file, &error));       /* of one that nobody has started since */
    g_assert_no_error(error);
}

static void
assert_said(GError *error, const char *code, const char *word)
{
    g_autofree char *hint = message_hint(fault_message(error), LANGUAGE_EN);
    g_assert_cmpstr(message_code_name(message_code(fault_message(error))), ==, code);
    g_assert_nonnull(strstr(hint, word));
    g_error_free(error);
}

/* A folder that is not there, a file that is not there, nothing to save: each has an advice of its own, and none is to restore a backup. */
static void
test_backup_nowhere(void)
{
    g_autofree char *file = new_file(), *absent = new_file(), *nowhere = g_build_filename(absent, "backup", NULL), *new = new_file();
    GError *no_state = NULL, *no_place = NULL, *no_backup = NULL;
    Store *store = store_open(file, NULL);
    answers_free(write_clusters(store, 0, 5));
    store_close(store);
    g_assert_false(store_backup(absent, new, &no_state));
    assert_said(no_state, "store.no_state", "--data-dir");
    g_assert_false(store_backup(file, nowhere, &no_place));
    assert_said(no_place, "store.no_place", "a folder that exists");
    g_assert_false(store_restore(absent, file, &no_backup));
    assert_said(no_backup, "store.no_backup", "--backup FILE");
    g_assert_false(g_file_test(new, G_FILE_TEST_EXISTS));
}

/* A backup somebody else has had in his hands, and a link in the place of a half-made one. */
static void
test_hostile_backup(void)
{
    g_autofree char *file = new_file(), *backup = new_file(), *victim = new_file(), *part = g_strconcat(backup, ".part", NULL), *left = NULL;
    g_autoptr(GError) error = NULL;
    guint64 next;
    sqlite3 *db = NULL;
    Store *store = store_open(file, NULL);
    answers_free(write_clusters(store, 0, 5));
    g_assert_true(g_file_set_contents(victim, "precious", -1, NULL));
    g_assert_cmpint(symlink(victim, part), ==, 0);
    g_assert_true(store_backup(file, backup, &error));
    g_assert_true(g_file_get_contents(victim, &left, NULL, NULL));
    g_assert_cmpstr(left, ==, "precious");
    store_close(store);
    g_assert_cmpint(sqlite3_open(backup, &db), ==, SQLITE_OK);
    g_assert_cmpint(sqlite3_exec(db, "CREATE TRIGGER t AFTER INSERT ON objects BEGIN DELETE FROM objects; END", NULL, NULL, NULL), ==, SQLITE_OK);
    sqlite3_close(db);
    g_assert_true(store_restore(backup, file, &error));
    store = store_open(file, &error);
    g_assert_no_error(error);
    answers_free(write_clusters(store, 5, 5));
    store_close(store);
    g_assert_cmpuint(count_clusters(file, &next), ==, 10);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("shikiri-store-XXXXXX", NULL);
    g_test_add_func("/store/death", test_death);
    g_test_add_func("/store/reopen", test_reopen);
    g_test_add_func("/store/fixed", test_fixed);
    g_test_add_func("/store/halves", test_halves);
    g_test_add_func("/store/gather", test_gather);
    g_test_add_func("/store/soft_failure_and_resume", test_soft_failure_and_resume);
    g_test_add_func("/store/locked_by_another", test_locked_by_another);
    g_test_add_func("/store/refused_at_opening", test_refused_at_opening);
    g_test_add_func("/store/backup_and_restore", test_backup_and_restore);
    g_test_add_func("/store/restored", test_restored);
    g_test_add_func("/store/backup_nowhere", test_backup_nowhere);
    g_test_add_func("/store/hostile_backup", test_hostile_backup);
    int status = g_test_run();
    g_autofree char *clean = g_strdup_printf("rm -rf '%s'", folder);
    if (system(clean) != 0)
        g_printerr("cannot remove %s\n", folder);
    g_free(folder);
    return status;
}
