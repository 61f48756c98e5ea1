/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The recorder with an inventory of its own and a host that says what the test wants: what is written of VMs that are bound, what is seen and told, times in
 * which nobody looks, half a record, a ledger that cannot be written. */
#include "evidence/evidence.h"

#include "base/lock.h"
#include "licence/ledger_check.h"
#include "model/licence_boundary.h"
#include "model/places.h"

#include <glib/gstdio.h>
#include <string.h>

#define PERIOD (CLOCK_SECOND / 5)
#define PATIENCE (15 * CLOCK_SECOND)

static struct {
    char *dir;
    Inventory *inventory;
    Feed *feed;
    Hosts *hosts;
    View *head;
    guint64 serial;
    Id host, vm;
    Evidence *evidence;
    Lock lock;
    char *seen;                     /* what the host sees; NULL: it does not answer */
    GString *told;                  /* codes of events */
} world = { .lock = { PTHREAD_MUTEX_INITIALIZER } };

/* --- the host ----------------------------------------------------------------------------------------------------------------------- */

static gboolean
affinity(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const Id *domain, CpuTune *ret_tune, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&world.lock);
    if (!world.seen)
        return fault_set(error, MSG_INTERNAL, "text", "nobody answers", NULL);
    cpu_tune_read(world.seen, ret_tune);
    return TRUE;
}

static void
stop(G_GNUC_UNUSED HostLink *link)
{
}

static void
free_link(HostLink *link)
{
    host_link_clear(link);
    g_free(link);
}

static const HostOps ops = { .name = "test", .affinity = affinity, .stop = stop, .free = free_link };

static void
see(const char *text)
{
    LOCK_HOLD(&world.lock);
    g_free(world.seen);
    world.seen = g_strdup(text);
}

static void
tell(G_GNUC_UNUSED gpointer data, int code, G_GNUC_UNUSED Severity severity, Message *take, G_GNUC_UNUSED const Id *vm, G_GNUC_UNUSED const Id *host)
{
    LOCK_HOLD(&world.lock);
    g_autofree char *text = message_text(take, LANGUAGE_EN);
    g_assert_null(strchr(text, '{'));
    g_string_append_printf(world.told, "%d ", code);
    message_unref(take);
}

/* --- the inventory ------------------------------------------------------------------------------------------------------------------- */

static void
publish(Changes *changes)
{
    g_assert_true(changes_seal(changes, NULL));
    View *view = changes_apply(changes);
    inventory_publish(world.inventory, view);
    feed_publish(world.feed, changes, view_serial(view));
    view_unref(world.head);
    world.head = view;
}

static void
edit_vm(VmStatus status, const char *pins, const char *running)
{
    g_autoptr(Changes) changes = changes_new(world.head, world.inventory);
    Vm *vm = changes_edit(changes, &vm_type, &world.vm);
    vm->status = status;
    vm->host.id = status == VM_UP ? world.host : id_null;
    cpu_tune_clear(&vm->cpu.cpu_tune);
    cpu_tune_read(pins, &vm->cpu.cpu_tune);
    text_set(&vm->running_pins, running);
    publish(changes);
}

static void
edit_host(HostStatus status)
{
    g_autoptr(Changes) changes = changes_new(world.head, world.inventory);
    ((Host *) changes_edit(changes, &host_type, &world.host))->status = status;
    publish(changes);
}

static void
add_objects(void)
{
    g_autoptr(Changes) changes = changes_new(world.head, world.inventory);
    Host *host = object_new(&host_type);
    Vm *vm = object_new(&vm_type), *other = object_new(&vm_type);
    host->object.id = world.host = id_random();
    host->name = g_strdup("n1");
    host->status = HOST_UP;
    for (gint64 i = 0; i < 2; i++) {
        HostCpuUnit *unit = g_new0(HostCpuUnit, 1);
        unit->cpu_id = unit->core_id = i;
        list_add(&host->cpu_units, unit);
    }
    vm->object.id = world.vm = id_random();
    vm->name = g_strdup("db1");
    vm->status = VM_DOWN;
    other->object.id = id_random();
    other->name = g_strdup("ordinary");
    other->status = VM_UP;
    other->host.id = world.host;
    other->running_pins = g_strdup("");
    changes_add(changes, host);
    changes_add(changes, vm);
    changes_add(changes, other);
    publish(changes);
}

/* --- waiting ------------------------------------------------------------------------------------------------------------------------- */

static char *
ledger_text(void)
{
    g_autofree char *file = g_build_filename(world.dir, "ledger", "000001.ledger", NULL);
    char *text = NULL;
    return g_file_get_contents(file, &text, NULL, NULL) ? text : g_strdup("");
}

static gboolean
is_written(const char *part)
{
    g_autofree char *text = ledger_text();
    return strstr(text, part) != NULL;
}

static gboolean
is_told(const char *code)
{
    LOCK_HOLD(&world.lock);
    return strstr(world.told->str, code) != NULL;
}

static guint
count(const char *part)
{
    g_autofree char *text = ledger_text();
    guint found = 0;
    for (const char *at = text; (at = strstr(at, part)); at++)
        found++;
    return found;
}

#define until(condition)                                                                 \
    for (Tick limit_ = clock_tick() + PATIENCE; !(condition); g_usleep(5000)) {          \
        g_autofree char *text_ = ledger_text();                                          \
        if (clock_tick() > limit_)                                                       \
            g_error("%s never: %s\n%s", #condition, world.told->str, text_);             \
    }

/* --- its life ------------------------------------------------------------------------------------------------------------------------ */

static void
begin(void)
{
    world.evidence = evidence_new(&(EvidenceParts) { .inventory = world.inventory, .feed = world.feed, .hosts = world.hosts, .data_dir = world.dir,
                                                     .period = PERIOD, .tell = tell });
}

static void
end(void)
{
    evidence_stop(world.evidence);
    evidence_free(g_steal_pointer(&world.evidence));
}

static void
open_world(void)
{
    world.dir = g_dir_make_tmp("shikiri-evidence-XXXXXX", NULL);
    world.inventory = inventory_new();
    world.feed = feed_new(1000);
    world.hosts = hosts_new();
    world.head = inventory_view(world.inventory);
    world.told = g_string_new(NULL);
    add_objects();
    HostLink *link = g_new0(HostLink, 1);
    host_link_init(link, &ops, &world.host, "n1");
    link->lost = FALSE;
    hosts_add(world.hosts, link);
    see("vcpu0=0;emulator=0");
    begin();
}

static void
close_world(void)
{
    if (world.evidence)
        end();
    hosts_free(world.hosts);
    view_unref(world.head);
    feed_free(world.feed);
    inventory_free(world.inventory);
    g_autofree char *command = g_strconcat("rm -rf ", world.dir, NULL);
    g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(world.dir);
    g_free(g_steal_pointer(&world.seen));
    g_string_free(world.told, TRUE);
}

/* Nothing that was written is other than it was. */
static void
verify(guint64 gaps)
{
    g_auto(LedgerCheck) check = { 0 };
    g_autofree char *folder = g_build_filename(world.dir, "ledger", NULL), *key = g_build_filename(world.dir, "ledger-key.pem.pub", NULL);
    char *paths[] = { folder, NULL };
    g_assert_true(ledger_check(paths, key, &check, NULL));
    g_assert_null(check.why);
    g_assert_true(check.known_key);
    g_assert_cmpuint(check.gaps, >=, gaps);
}

/* --- tests --------------------------------------------------------------------------------------------------------------------------- */

static void
test_records(void)
{
    open_world();
    until(is_written("\"type\":\"topology\""));
    g_assert_true(is_written("\"cpus\":[\"0/0/0/0\",\"1/1/0/0\"]"));
    g_assert_false(is_written("ordinary") || is_written("db1"));
    edit_vm(VM_DOWN, "all=0;vcpu0=0;emulator=0", NULL);
    until(is_written("\"type\":\"pin\""));
    edit_vm(VM_UP, "all=0;vcpu0=0;emulator=0", "all=0;vcpu0=0;emulator=0");
    until(is_written("\"type\":\"start\"") && count("\"type\":\"observed\"") >= 3);
    g_assert_true(is_written("\"emulator\":\"0\",\"pins\":[\"0\"]"));
    edit_vm(VM_UP, "", "");
    until(count("\"type\":\"pin\"") == 2);
    edit_vm(VM_DOWN, "", NULL);
    until(count("\"type\":\"stop\"") == 2);             /* the first: nobody knew what the life before had left running */
    end();
    g_assert_true(is_written("\"type\":\"recording_ends\""));
    verify(0);
    g_assert_cmpstr(world.told->str, ==, "");
    close_world();
}

/* Behind our back. */
static void
test_outside(void)
{
    open_world();
    edit_vm(VM_UP, "vcpu0=0", "vcpu0=0");
    until(is_written("\"type\":\"observed\""));
    see("vcpu0=0-1;emulator=0-1");
    Tick since = clock_tick();
    edit_vm(VM_UP, "vcpu0=0", "vcpu0=0-1");
    until(is_told("11041"));
    g_assert_cmpint(clock_tick() - since, <, 2 * CLOCK_SECOND);
    g_assert_true(is_written("\"pins\":[\"0-1\"]"));
    see("vcpu0=0;emulator=0");
    until(is_told("11042"));                            /* also where nothing is told: at the next look */
    see(NULL);
    until(is_told("11047") && is_written("\"type\":\"gap\""));
    end();
    verify(1);
    g_assert_cmpstr(world.told->str, ==, "11041 11042 11047 ");
    close_world();
}

/* The product of a VM is that of its boundary; what was refused is what the event log says. */
static void
test_boundary(void)
{
    open_world();
    until(is_written("\"type\":\"topology\""));
    g_autoptr(Changes) changes = changes_new(world.head, world.inventory);
    LicenceBoundary *boundary = object_new(&licence_boundary_type);
    boundary->object.id = id_random();
    boundary->name = g_strdup("oracle");
    boundary->product = g_strdup("EE");
    boundary->cpu_set = g_strdup("0");
    boundary->host.id = world.host;
    changes_add(changes, boundary);
    ((Vm *) changes_edit(changes, &vm_type, &world.vm))->licence_boundary.id = boundary->object.id;
    changes_event(changes, 11055, SEVERITY_WARNING, message_new(MSG_BOUNDARY_REFUSED, "user", "ann", "why", "it is not bound", NULL), &(EventAbout) { .vm = &world.vm });
    publish(changes);
    until(is_written("\"type\":\"tag\"") && is_written("\"type\":\"refused\"") && is_written("\"type\":\"boundary\",\"boundary\":\"oracle\""));
    g_assert_true(is_written("ann was refused by a licence boundary: it is not bound"));
    g_autoptr(Changes) out = changes_new(world.head, world.inventory);
    ((Vm *) changes_edit(out, &vm_type, &world.vm))->licence_boundary.id = id_null;
    publish(out);
    until(is_written("\"type\":\"untag\""));
    end();
    verify(0);
    close_world();
}

static void
test_silent_host(void)
{
    open_world();
    until(is_written("\"type\":\"topology\""));
    edit_host(HOST_NON_RESPONSIVE);
    until(is_written("\"type\":\"gap\",\"host\":\"n1\""));
    edit_host(HOST_UP);
    end();
    verify(1);
    close_world();
}

/* Killed within a write: the half goes, is told, and the time without a recorder is one in which nobody looked. */
static void
test_torn(void)
{
    open_world();
    edit_vm(VM_UP, "vcpu0=0", "vcpu0=0");
    until(is_written("\"type\":\"observed\""));
    end();
    g_autofree char *file = g_build_filename(world.dir, "ledger", "000001.ledger", NULL), *before = ledger_text();
    g_autofree char *torn = g_strconcat(before, "{\"n\":9999,\"t\":\"2026-", NULL);
    g_assert_true(g_file_set_contents(file, torn, -1, NULL));
    begin();
    until(is_told("11045") && is_written("\"tail\":\"torn\"") && is_written("\"type\":\"gap\""));
    until(count("\"type\":\"start\"") == 2);            /* all that is now is told anew */
    end();
    g_assert_false(is_written("9999"));
    verify(1);
    close_world();
}

static void
test_no_place(void)
{
    open_world();
    until(is_written("\"type\":\"topology\""));
    end();
    g_autofree char *folder = g_build_filename(world.dir, "ledger", NULL), *aside = g_build_filename(world.dir, "aside", NULL);
    g_assert_cmpint(g_rename(folder, aside), ==, 0);
    g_assert_true(g_file_set_contents(folder, "in the way", -1, NULL));
    begin();
    until(is_told("11043"));
    g_assert_cmpint(g_unlink(folder), ==, 0);
    g_assert_cmpint(g_rename(aside, folder), ==, 0);
    until(is_told("11044") && is_written("\"type\":\"gap\""));
    end();
    verify(1);
    close_world();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/evidence/records", test_records);
    g_test_add_func("/evidence/outside", test_outside);
    g_test_add_func("/evidence/boundary", test_boundary);
    g_test_add_func("/evidence/silent_host", test_silent_host);
    g_test_add_func("/evidence/torn", test_torn);
    g_test_add_func("/evidence/no_place", test_no_place);
    return g_test_run();
}
