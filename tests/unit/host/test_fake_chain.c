/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Images, snapshots and block jobs of fake hosts: they do as real ones, nothing of what a guest wrote is lost, and all of it outlives the
 * manager. */
#include "host/fake.h"
#include "host/image.h"
#include "images.h"

#define DIR "/fake/store"

static Fake *fake;
static HostLink *link_;
static Id domain, disk;

static void
drop_report(gpointer data, HostReport *take)
{
    (void) data;
    host_report_free(take);
}

static Tick
soon(void)
{
    return clock_tick() + 10 * CLOCK_SECOND;
}

static void
begin(const char *faults)
{
    GError *error = NULL;
    const HostListener listener = { .report = drop_report };
    const Id id = id_random();
    g_autofree char *file = g_build_filename(images_dir, "hosts", NULL), *state = g_build_filename(images_dir, "state", NULL);
    g_autofree char *text = g_strconcat("host n1 cpus 4 memory 8G\n", faults, NULL);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    fake = fake_open(file, state, &error);
    g_assert_no_error(error);
    link_ = fake_host_new(fake, 0, &id, &listener);
    for (Tick until = soon(); g_atomic_int_get(&link_->lost); g_usleep(2000))
        g_assert_cmpint(clock_tick(), <, until);
}

static void
end(void)
{
    link_->ops->stop(link_);
    fake_close(fake);
}

static HostVolume
volume_of(const Id *image)
{
    return (HostVolume) { { id_null, (char *) DIR, FALSE }, disk, *image };
}

static char *
path_of(const Id *image)
{
    return volume_name_path(DIR, &disk, image);
}

static void
make(const Id *image, const Id *backing)
{
    GError *error = NULL;
    VolumeSpec spec = { .volume = volume_of(image), .format = DISK_FORMAT_COW, .size = 1 << 30, .sparse = TRUE, .job = (char *) "job" };
    if (backing) {
        spec.backing = *backing;
        spec.backing_format = DISK_FORMAT_COW;
    }
    link_->ops->volume_create(link_, &spec, soon(), &error);
    g_assert_no_error(error);
}

static void
define(const Id *image)
{
    GError *error = NULL;
    char text[ID_TEXT_SIZE];
    g_autofree char *path = path_of(image);
    g_autofree char *xml = g_strdup_printf(
        "<domain type='kvm'>\n  <name>web</name>\n  <uuid>%s</uuid>\n  <memory unit='KiB'>1048576</memory>\n  <vcpu>1</vcpu>\n"
        "  <os>\n    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>\n  </os>\n  <devices>\n    <disk type='file' device='disk'>\n"
        "      <driver name='qemu' type='qcow2'/>\n      <source file='%s'/>\n      <target dev='vda' bus='virtio'/>\n    </disk>\n"
        "    <disk type='file' device='cdrom'>\n      <target dev='sda' bus='sata'/>\n      <readonly/>\n    </disk>\n  </devices>\n</domain>\n",
        id_format(&domain, ID_UUID, text), path);
    link_->ops->define(link_, xml, soon(), &error);
    g_assert_no_error(error);
}

static void
start(void)
{
    GError *error = NULL;
    link_->ops->start(link_, &domain, FALSE, soon(), &error);
    g_assert_no_error(error);
}

static void
stop(void)
{
    GError *error = NULL;
    link_->ops->destroy(link_, &domain, soon(), &error);
    g_assert_no_error(error);
}

static void
guest_writes(const char *place, const char *pattern)
{
    GError *error = NULL;
    GuestRun run = { 0 };
    const char *const arguments[] = { "vda", place, pattern, NULL };
    const GuestCommand command = { "/bin/write", arguments, NULL };
    link_->ops->run(link_, &domain, &command, &run, soon(), &error);
    g_assert_no_error(error);
    g_assert_cmpint(run.exit_code, ==, 0);
    guest_run_clear(&run);
}

static void
guest_reads(const char *place, guint pattern)
{
    GError *error = NULL;
    GuestRun run = { 0 };
    gsize length = 0;
    const char *const arguments[] = { "vda", place, NULL };
    const GuestCommand command = { "/bin/read", arguments, NULL };
    link_->ops->run(link_, &domain, &command, &run, soon(), &error);
    g_assert_no_error(error);
    g_autofree guchar *bytes = run.out_data ? g_base64_decode(run.out_data, &length) : NULL;
    g_assert_nonnull(bytes);
    g_autofree char *line = g_strndup((const char *) bytes, length);
    g_assert_cmpuint(g_ascii_strtoull(line, NULL, 10), ==, pattern);
    guest_run_clear(&run);
}

static void
holds(const Id *image, guint place, guint pattern)
{
    g_autofree char *path = path_of(image);
    g_assert_cmpuint(fake_pattern(fake, path, place), ==, pattern);
}

static gboolean
snapshot(const Id *image, const char *memory, GError **error)
{
    g_autofree char *path = path_of(image);
    const DiskSwitch disks[] = { { "vda", path } };
    return link_->ops->snapshot_take(link_, &domain, disks, 1, memory, soon(), error);
}

/* What runs, and its definition. */
static void
writes(const Id *image)
{
    GError *error = NULL;
    g_autofree char *path = path_of(image);
    g_autoptr(DomainFacts) facts = link_->ops->read(link_, &domain, soon(), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(((const DomainDisk *) facts->disks.items[0])->path, ==, path);
    if (facts->state == DOMAIN_SHUTOFF)
        return;
    g_assert_cmpuint(facts->live_disks.count, ==, 2);
    g_assert_cmpstr(((const DomainDisk *) facts->live_disks.items[0])->path, ==, path);
}

static BlockJob
job_of(void)
{
    GError *error = NULL;
    BlockJob job;
    link_->ops->block_job(link_, &domain, "vda", &job, soon(), &error);
    g_assert_no_error(error);
    return job;
}

static void
wait_until_ready(void)
{
    for (Tick until = soon(); !job_of().ready; g_usleep(10000))
        g_assert_cmpint(clock_tick(), <, until);
}

static void
fails(gboolean well, GError **error, MessageCode code)
{
    g_assert_false(well);
    g_assert_cmpint(message_code(fault_message(*error)), ==, code);
    g_clear_error(error);
}

static guint
depth_of(const Id *image)
{
    GError *error = NULL;
    List links = { 0 };
    const HostVolume volume = volume_of(image);
    link_->ops->volume_chain(link_, &volume, &links, soon(), &error);
    g_assert_no_error(error);
    guint count = links.count;
    volume_chain_clear(&links);
    return count;
}

/* --- while it runs --------------------------------------------------------------------------------------------------------------------------- */

static void
test_live(void)
{
    GError *error = NULL;
    const Id one = id_random(), two = id_random();
    g_autofree char *base_path = path_of(&disk), *one_path = path_of(&one), *two_path = path_of(&two);
    begin("");
    make(&disk, NULL);
    define(&disk);
    make(&one, &disk);
    fails(snapshot(&one, NULL, &error), &error, MSG_HOST_REFUSES_NOW);
    start();
    guest_writes("0", "11");
    guest_writes("1", "12");
    g_assert_true(snapshot(&one, NULL, &error));
    g_assert_true(snapshot(&one, NULL, &error));
    writes(&one);
    guest_writes("0", "21");
    guest_reads("1", 12);
    holds(&disk, 0, 11);
    make(&two, &disk);
    fails(snapshot(&two, NULL, &error), &error, MSG_HOST_OVERLAY_ASTRAY);
    const HostVolume astray = volume_of(&two);
    g_assert_true(link_->ops->volume_delete(link_, &astray, soon(), &error));
    make(&two, &one);
    g_assert_true(snapshot(&two, NULL, &error));
    guest_writes("2", "33");
    g_assert_cmpuint(depth_of(&two), ==, 3);

    /* the one in the middle goes into the first */
    g_assert_true(link_->ops->block_commit(link_, &domain, "vda", one_path, base_path, FALSE, soon(), &error));
    for (Tick until = soon(); job_of().kind != BLOCK_JOB_NONE; g_usleep(10000))
        g_assert_cmpint(clock_tick(), <, until);
    g_assert_cmpuint(depth_of(&two), ==, 2);
    holds(&disk, 0, 21);
    guest_reads("0", 21);
    guest_reads("1", 12);

    /* what is written goes there, too */
    fails(link_->ops->block_commit(link_, &domain, "vda", one_path, base_path, TRUE, soon(), &error), &error, MSG_HOST_DISK_ELSEWHERE);
    g_assert_true(link_->ops->block_commit(link_, &domain, "vda", two_path, base_path, TRUE, soon(), &error));
    g_assert_true(link_->ops->block_commit(link_, &domain, "vda", two_path, base_path, TRUE, soon(), &error));
    fails(link_->ops->block_end(link_, &domain, "vda", TRUE, soon(), &error), &error, MSG_HOST_VM_BUSY);
    wait_until_ready();
    guest_writes("3", "44");
    g_assert_true(link_->ops->block_end(link_, &domain, "vda", TRUE, soon(), &error));
    g_assert_true(link_->ops->block_end(link_, &domain, "vda", TRUE, soon(), &error));
    writes(&disk);
    guest_reads("0", 21);
    guest_reads("2", 33);
    guest_reads("3", 44);
    end();
}

static void
test_copy(void)
{
    GError *error = NULL;
    const Id one = id_random(), copy = id_random(), overlay = id_random();
    g_autofree char *copy_path = path_of(&copy), *overlay_path = path_of(&overlay);
    begin("");
    make(&disk, NULL);
    define(&disk);
    start();
    guest_writes("0", "1");
    make(&one, &disk);
    g_assert_true(snapshot(&one, NULL, &error));
    guest_writes("1", "2");
    make(&copy, NULL);
    g_assert_true(link_->ops->block_copy(link_, &domain, "vda", copy_path, DISK_FORMAT_COW, FALSE, soon(), &error));
    wait_until_ready();
    g_assert_true(link_->ops->block_end(link_, &domain, "vda", FALSE, soon(), &error));
    writes(&one);
    g_assert_true(link_->ops->block_copy(link_, &domain, "vda", copy_path, DISK_FORMAT_COW, FALSE, soon(), &error));
    wait_until_ready();
    g_assert_true(link_->ops->block_end(link_, &domain, "vda", TRUE, soon(), &error));
    writes(&copy);
    guest_reads("0", 1);
    guest_reads("1", 2);
    g_assert_cmpuint(depth_of(&copy), ==, 1);
    make(&overlay, &disk);
    g_assert_true(link_->ops->block_copy(link_, &domain, "vda", overlay_path, DISK_FORMAT_COW, TRUE, soon(), &error));
    stop();
    g_assert_cmpint(job_of().kind, ==, BLOCK_JOB_NONE);
    g_assert_true(link_->ops->block_end(link_, &domain, "vda", TRUE, soon(), &error));
    writes(&copy);
    end();
}

static void
test_memory(void)
{
    GError *error = NULL;
    const Id one = id_random(), two = id_random(), shot = id_random();
    g_autofree char *memory = volume_name_memory_path(DIR, &shot);
    const HostStore store = { id_null, (char *) DIR, FALSE };
    begin("");
    make(&disk, NULL);
    define(&disk);
    start();
    guest_writes("0", "5");
    make(&one, &disk);
    g_assert_true(snapshot(&one, memory, &error));
    guest_writes("0", "6");
    stop();
    make(&two, &disk);
    define(&two);
    g_autoptr(DomainFacts) facts = link_->ops->read(link_, &domain, soon(), &error);
    g_assert_true(link_->ops->memory_start(link_, &domain, memory, facts->xml, TRUE, soon(), &error));
    fails(link_->ops->memory_start(link_, &domain, memory, facts->xml, TRUE, soon(), &error), &error, MSG_HOST_MEMORY_NEEDS_OFF);
    g_assert_true(link_->ops->resume(link_, &domain, soon(), &error));
    writes(&two);
    guest_reads("0", 5);
    stop();
    g_assert_true(link_->ops->memory_drop(link_, &store, &shot, soon(), &error));
    g_assert_true(link_->ops->memory_drop(link_, &store, &shot, soon(), &error));
    fails(link_->ops->memory_start(link_, &domain, memory, facts->xml, TRUE, soon(), &error), &error, MSG_HOST_REFUSES_NOW);
    end();
}

/* --- while it does not --------------------------------------------------------------------------------------------------------------------------- */

static void
test_stopped(void)
{
    GError *error = NULL;
    List above = { 0 };
    const Id one = id_random(), two = id_random(), copied = id_random();
    const HostVolume base = volume_of(&disk), middle = volume_of(&one), top = volume_of(&two);
    begin("");
    make(&disk, NULL);
    define(&disk);
    start();
    guest_writes("0", "1");
    guest_writes("1", "1");
    make(&one, &disk);
    g_assert_true(snapshot(&one, NULL, &error));
    guest_writes("1", "2");
    make(&two, &one);
    g_assert_true(snapshot(&two, NULL, &error));
    guest_writes("2", "3");
    fails(link_->ops->volume_fold(link_, &middle, &disk, NULL, soon(), &error), &error, MSG_VOLUME_USED);
    stop();
    g_assert_true(link_->ops->volume_above(link_, &middle, &above, soon(), &error));
    g_assert_cmpuint(above.count, ==, 1);
    g_assert_true(id_equal(above.items[0], &two));
    volume_chain_clear_images(&above);
    fails(link_->ops->volume_delete(link_, &middle, soon(), &error), &error, MSG_VOLUME_STOOD_ON);
    fails(link_->ops->volume_fold(link_, &top, &disk, NULL, soon(), &error), &error, MSG_VOLUME_NOT_BENEATH);

    VolumeSpec spec = { .volume = volume_of(&copied), .format = DISK_FORMAT_RAW, .size = 1 << 30, .sparse = TRUE, .job = (char *) "job" };
    g_assert_true(link_->ops->volume_copy(link_, &spec, &top, NULL, soon(), &error));
    g_assert_cmpuint(depth_of(&copied), ==, 1);
    holds(&copied, 0, 1);
    holds(&copied, 1, 2);
    holds(&copied, 2, 3);

    g_assert_true(link_->ops->volume_fold(link_, &middle, &disk, NULL, soon(), &error));
    g_assert_true(link_->ops->volume_fold(link_, &middle, &disk, NULL, soon(), &error));
    g_assert_true(link_->ops->volume_stand(link_, &top, &disk, soon(), &error));
    g_assert_true(link_->ops->volume_delete(link_, &middle, soon(), &error));
    holds(&two, 0, 1);
    holds(&two, 1, 2);
    holds(&two, 2, 3);
    holds(&disk, 1, 2);
    holds(&disk, 2, 0);
    g_assert_true(link_->ops->volume_fold(link_, &top, &disk, NULL, soon(), &error));
    g_assert_true(link_->ops->volume_delete(link_, &top, soon(), &error));
    holds(&disk, 2, 3);
    g_assert_true(link_->ops->volume_delete(link_, &base, soon(), &error));
    end();
}

static void
test_shrink(void)
{
    GError *error = NULL;
    const Id one = id_random();
    begin("");
    make(&disk, NULL);
    VolumeSpec spec = { .volume = volume_of(&one), .format = DISK_FORMAT_COW, .size = 1 << 20, .sparse = TRUE, .job = (char *) "job", .backing = disk,
                        .backing_format = DISK_FORMAT_COW };
    fails(link_->ops->volume_create(link_, &spec, soon(), &error), &error, MSG_VOLUME_SHRINK);
    spec.backing = id_random();
    fails(link_->ops->volume_create(link_, &spec, soon(), &error), &error, MSG_VOLUME_NO_FILE);
    end();
}

/* --- content that somebody moves --------------------------------------------------------------------------------------------------------------------- */

static void
open_content(const Id *image)
{
    GError *error = NULL;
    const ImageSpec spec = { .volume = volume_of(image), .format = DISK_FORMAT_COW, .size = 1 << 30, .write = TRUE, .sparse = TRUE };
    HostImage *content = link_->ops->image_open(link_, &spec, soon(), &error);
    g_assert_no_error(error);
    image_close(content, soon());       /* it may not even have begun: the files are what counts here */
}

/* Its files stand on each other as the images do, and follow them. */
static void
test_content(void)
{
    GError *error = NULL;
    const Id one = id_random(), copied = id_random();
    const HostVolume top = volume_of(&one);
    g_autofree char *base = images_name(&disk, &disk), *overlay = images_name(&disk, &one), *copy = images_name(&disk, &copied);
    begin("");
    make(&disk, NULL);
    make(&one, &disk);
    open_content(&one);
    images_run("cd state.images && qemu-io -f qcow2 -c 'write -P 1 0 2M' %s >/dev/null && qemu-io -f qcow2 -c 'write -P 2 1M 2M' %s >/dev/null", base, overlay);
    images_run("cd state.images && qemu-img convert -f qcow2 -O qcow2 %s ../expected", overlay);
    const VolumeSpec spec = { .volume = volume_of(&copied), .format = DISK_FORMAT_COW, .size = 1 << 30, .sparse = TRUE, .job = (char *) "job" };
    g_assert_true(link_->ops->volume_copy(link_, &spec, &top, NULL, soon(), &error));
    images_run("qemu-img compare -q -f qcow2 -F qcow2 expected state.images/%s", copy);
    g_assert_true(link_->ops->volume_fold(link_, &top, &disk, NULL, soon(), &error));
    images_run("qemu-img compare -q -f qcow2 -F qcow2 expected state.images/%s", base);
    g_assert_true(link_->ops->volume_delete(link_, &top, soon(), &error));
    images_run("test ! -e state.images/%s", overlay);
    open_content(&disk);
    end();
}

/* --- the manager's death, and faults ------------------------------------------------------------------------------------------------------------------ */

static void
test_remembered(void)
{
    GError *error = NULL;
    const Id one = id_random();
    g_autofree char *base_path = path_of(&disk), *one_path = path_of(&one);
    begin("");
    make(&disk, NULL);
    define(&disk);
    start();
    guest_writes("0", "7");
    make(&one, &disk);
    g_assert_true(snapshot(&one, NULL, &error));
    guest_writes("1", "8");
    g_assert_true(link_->ops->block_commit(link_, &domain, "vda", one_path, base_path, TRUE, soon(), &error));
    end();
    begin("");
    writes(&one);
    g_assert_cmpuint(depth_of(&one), ==, 2);
    guest_reads("0", 7);
    guest_reads("1", 8);
    g_assert_cmpint(job_of().kind, ==, BLOCK_JOB_COMMIT);
    wait_until_ready();
    g_assert_true(link_->ops->block_end(link_, &domain, "vda", TRUE, soon(), &error));
    writes(&disk);
    end();
    begin("");
    writes(&disk);
    guest_reads("1", 8);
    g_assert_cmpint(job_of().kind, ==, BLOCK_JOB_NONE);
    end();
}

static void
test_faults(void)
{
    GError *error = NULL;
    const Id one = id_random();
    const HostVolume top = volume_of(&one);
    begin("fault n1 snapshot_take 1 fail\nfault n1 snapshot_take 2 unknown\nfault n1 volume_fold 1 late\n");
    make(&disk, NULL);
    define(&disk);
    start();
    make(&one, &disk);
    fails(snapshot(&one, NULL, &error), &error, MSG_FAKE_ON_ORDER);
    writes(&disk);
    fails(snapshot(&one, NULL, &error), &error, MSG_HOST_CALL_OVERDUE);
    writes(&one);                       /* done, and nobody was told */
    guest_writes("0", "9");
    stop();
    fails(link_->ops->volume_fold(link_, &top, &disk, NULL, soon(), &error), &error, MSG_HOST_CALL_OVERDUE);
    holds(&disk, 0, 0);
    for (Tick until = soon();; g_usleep(50000)) {
        g_autofree char *path = path_of(&disk);
        g_assert_cmpint(clock_tick(), <, until);
        if (fake_pattern(fake, path, 0) == 9)
            break;
    }
    end();
}

static void
around(gconstpointer test)
{
    images_open();
    domain = id_random();
    disk = id_random();
    ((void (*)(void)) test)();
    images_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/fake_chain/live", (gconstpointer) test_live, around);
    g_test_add_data_func("/fake_chain/copy", (gconstpointer) test_copy, around);
    g_test_add_data_func("/fake_chain/memory", (gconstpointer) test_memory, around);
    g_test_add_data_func("/fake_chain/stopped", (gconstpointer) test_stopped, around);
    g_test_add_data_func("/fake_chain/shrink", (gconstpointer) test_shrink, around);
    g_test_add_data_func("/fake_chain/content", (gconstpointer) test_content, around);
    g_test_add_data_func("/fake_chain/remembered", (gconstpointer) test_remembered, around);
    g_test_add_data_func("/fake_chain/faults", (gconstpointer) test_faults, around);
    return g_test_run();
}
