/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots: what is refused, what a guest reads after each thing that is done with them, and what happens to a merge that is killed, stopped or
 * refused at any moment. That each verb ends as done or as before is test_walks's. */
#include "estate.h"

#include <string.h>

#define WITHOUT_MEMORY "<snapshot><description>point</description><persist_memorystate>false</persist_memorystate></snapshot>"
#define refused_snapshot(vm, body, part) estate_refused(estate_child_work(&snapshot_add, &estate.vm, NULL, body), part)

static const Snapshot *
newest(void)
{
    const Vm *vm = estate_vm(&estate.hello);
    return vm->snapshots.items[vm->snapshots.count - 1];
}

static Id
take(void)
{
    estate_do(estate_child_work(&snapshot_add, &estate.hello, NULL, WITHOUT_MEMORY));
    g_assert_cmpstr(newest()->snapshot_status, ==, "ok");
    return newest()->object.id;
}

static void
drop(const Id *id)
{
    estate_do(estate_child_work(&snapshot_remove, &estate.hello, id, NULL));
    g_assert_null(list_find(&estate_vm(&estate.hello)->snapshots, id));
}

static void
back_to(const Id *id)
{
    estate_do(estate_child_work(&snapshot_restore, &estate.hello, id, "<action/>"));
}

static Work *
preview(const Id *id)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *body = g_strdup_printf("<action><snapshot id='%s'/></action>", id_format(id, ID_UUID, text));
    return estate_work(&vm_previewsnapshot, &estate.hello, body);
}

static void
run(gboolean on)
{
    estate_do(estate_work(on ? &vm_start : &vm_stop, &estate.hello, NULL));
}

static void
reads(const char *expected)
{
    g_autofree char *content = estate_content(&estate.disk);
    g_assert_cmpstr(content, ==, expected);
}

static void
holds(const Id *id, const char *expected)
{
    const Snapshot *snapshot = list_find(&estate_vm(&estate.hello)->snapshots, id);
    const SnapshotDisk *held = snapshot_find_disk(snapshot, &estate.disk);
    Id image = snapshot_disk_image(held);
    g_autofree char *content = estate_content_at(&estate.disk, &image);
    g_assert_cmpstr(content, ==, expected);
}

static const Disk *
disk(void)
{
    return estate_find(&disk_type, &estate.disk);
}

static void
is_one_image(void)
{
    Id image = disk_image(disk());
    g_assert_cmpuint(estate_images(&estate.disk), ==, 1);
    g_assert_true(id_equal(&image, &estate.disk) && disk()->status == DISK_OK);
}

/* --- what is refused ---------------------------------------------------------------------------------------------------------------- */

static void
test_refused(void)
{
    char text[ID_TEXT_SIZE];
    estate_open();
    Id id = take(), active = id_named(&estate.hello, "active");
    refused_snapshot(adopted, WITHOUT_MEMORY, "is a file outside of all storage domains");
    g_autofree char *other = g_strdup_printf("<snapshot><disk_attachments><disk_attachment><disk id='%s'/></disk_attachment></disk_attachments></snapshot>",
                                             id_format(&estate.floating, ID_UUID, text));
    refused_snapshot(hello, other, "That disk is not attached to VM 'hello'.");
    estate_refused(estate_child_work(&snapshot_remove, &estate.hello, &active, NULL), "That is VM 'hello' as it is now");
    estate_refused(estate_child_work(&snapshot_remove, &estate.hello, &estate.disk, NULL), "VM 'hello' has no snapshot");
    estate_refused(estate_child_work(&snapshot_restore, &estate.hello, &active, "<action/>"), "That is VM 'hello' as it is now");
    estate_refused(estate_child_work(&snapshot_restore, &estate.hello, &id, "<action><restore_memory>true</restore_memory></action>"), "was taken without memory");
    estate_refused(estate_work(&vm_previewsnapshot, &estate.hello, "<action/>"), "was not said");
    estate_refused(estate_work(&vm_commitsnapshot, &estate.hello, "<action/>"), "No snapshot of VM 'hello' is being previewed.");
    estate_refused(estate_work(&vm_undosnapshot, &estate.hello, "<action/>"), "No snapshot of VM 'hello' is being previewed.");
    estate_refused(estate_work(&vm_add, NULL, "<vm><name>of</name><cluster><name>Default</name></cluster><snapshots><snapshot id='5ca1ab1e-0000-4000-8000-000000000009'/></snapshots></vm>"),
                   "A VM is not made of a snapshot yet. Nothing was made. | Preview the snapshot");
    Work *keep = estate_work(&vm_remove, &estate.hello, NULL);
    estate_query(keep, "detach_only", "true");
    estate_refused(keep, "cannot leave VM 'hello': snapshot 'point' holds it. | Remove the snapshots first");
    estate_refused(estate_child_work(&disk_attachment_remove, &estate.hello, &estate.disk, NULL), "cannot leave VM 'hello'");
    run(TRUE);
    estate_refused(estate_child_work(&snapshot_restore, &estate.hello, &id, "<action/>"), "it can go to a snapshot only while it is down. | Shut it down first.");
    estate_refused(preview(&id), "it can go to a snapshot only while it is down.");
    run(FALSE);
    estate_do(preview(&id));
    refused_snapshot(hello, WITHOUT_MEMORY, "A snapshot of VM 'hello' is being previewed. | Commit to it or undo it first");
    estate_refused(estate_child_work(&snapshot_remove, &estate.hello, &id, NULL), "is being previewed");
    estate_refused(estate_child_work(&snapshot_restore, &estate.hello, &id, "<action/>"), "is being previewed");
    estate_refused(estate_work(&disk_remove, &estate.disk, NULL), "is being previewed");
    estate_close();
}

static void
test_states(void)
{
    estate_open();
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->status = VM_SUSPENDED;
    estate_put(vm);
    refused_snapshot(hello, WITHOUT_MEMORY, "VM 'hello' is suspended");
    vm = estate_edit(&vm_type, &estate.hello);
    vm->status = VM_SAVING_STATE;
    estate_put(vm);
    refused_snapshot(hello, WITHOUT_MEMORY, "Cannot work on snapshots of VM 'hello': it is saving_state.");
    vm = estate_edit(&vm_type, &estate.hello);
    vm->status = VM_DOWN;
    estate_put(vm);
    Disk *locked = estate_edit(&disk_type, &estate.disk);
    locked->status = DISK_LOCKED;
    estate_put(locked);
    refused_snapshot(hello, WITHOUT_MEMORY, "Disk is locked");
    locked = estate_edit(&disk_type, &estate.disk);
    locked->status = DISK_OK;
    locked->shareable = TRUE;
    estate_put(locked);
    char text[ID_TEXT_SIZE];
    g_autofree char *body = g_strdup_printf("<snapshot><disk_attachments><disk_attachment><disk id='%s'/></disk_attachment></disk_attachments></snapshot>",
                                            id_format(&estate.disk, ID_UUID, text));
    refused_snapshot(hello, body, "is shareable: other VMs may write it meanwhile");
    estate_close();
}

static void
test_memory_refused(void)
{
    estate_open();
    run(TRUE);
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->next_run_configuration_exists = TRUE;
    estate_put(vm);
    refused_snapshot(hello, "<snapshot><persist_memorystate>true</persist_memorystate></snapshot>", "it runs otherwise than its definition says");
    g_autofree char *unsaid = estate_refusal(estate_child_work(&snapshot_add, &estate.hello, NULL, "<snapshot/>"));
    g_assert_null(unsaid);
    refused_snapshot(running, "<snapshot><persist_memorystate>true</persist_memorystate></snapshot>", "has no place: the snapshot holds none of its disks");
    estate_close();
}

/* --- what a guest reads ------------------------------------------------------------------------------------------------------------- */

static void
test_line(gconstpointer running)
{
    estate_open();
    if (running)
        run(TRUE);
    estate_write(&estate.disk, 0, 'a');
    Id first = take();
    estate_write(&estate.disk, 1, 'b');
    Id second = take();
    estate_write(&estate.disk, 2, 'c');
    estate_write(&estate.disk, 0, 'A');
    Id third = take();
    estate_write(&estate.disk, 3, 'd');
    reads("Abcd....");
    holds(&first, "a.......");
    holds(&second, "ab......");
    holds(&third, "Abc.....");
    drop(&second);
    reads("Abcd....");
    holds(&first, "a.......");
    holds(&third, "Abc.....");
    g_assert_cmpuint(estate_images(&estate.disk), ==, 3);
    drop(&third);
    reads("Abcd....");
    holds(&first, "a.......");
    drop(&first);
    reads("Abcd....");
    is_one_image();
    estate_close();
}

static void
test_first_of_three(gconstpointer running)
{
    estate_open();
    if (running)
        run(TRUE);
    estate_write(&estate.disk, 0, 'a');
    Id first = take();
    estate_write(&estate.disk, 1, 'b');
    Id second = take();
    estate_write(&estate.disk, 2, 'c');
    drop(&first);
    reads("abc.....");
    holds(&second, "ab......");
    drop(&second);
    is_one_image();
    reads("abc.....");
    estate_close();
}

static void
test_tree(void)
{
    estate_open();
    estate_write(&estate.disk, 0, 'a');
    Id first = take();
    estate_write(&estate.disk, 1, 'b');
    Id second = take();
    estate_write(&estate.disk, 2, 'c');
    back_to(&first);
    reads("a.......");
    holds(&second, "ab......");
    const Snapshot *active = snapshot_find(&estate_vm(&estate.hello)->snapshots, SNAPSHOT_ACTIVE);
    g_assert_true(id_equal(&active->parent.id, &first));
    estate_write(&estate.disk, 1, 'x');
    drop(&first);                   /* two stand upon it: it stays */
    reads("ax......");
    holds(&second, "ab......");
    g_assert_cmpuint(estate_images(&estate.disk), ==, 3);
    drop(&second);
    reads("ax......");
    is_one_image();
    estate_close();
}

static void
test_preview(void)
{
    estate_open();
    estate_write(&estate.disk, 0, 'a');
    Id first = take();
    estate_write(&estate.disk, 1, 'b');
    estate_do(preview(&first));
    reads("a.......");
    g_assert_cmpstr(((const Snapshot *) list_find(&estate_vm(&estate.hello)->snapshots, &first))->snapshot_status, ==, "in_preview");
    g_assert_nonnull(snapshot_find(&estate_vm(&estate.hello)->snapshots, SNAPSHOT_PREVIEW));
    estate_write(&estate.disk, 1, 'x');
    estate_do(estate_work(&vm_undosnapshot, &estate.hello, "<action/>"));
    reads("ab......");
    g_assert_cmpuint(estate_images(&estate.disk), ==, 2);
    g_assert_null(snapshot_find(&estate_vm(&estate.hello)->snapshots, SNAPSHOT_PREVIEW));
    estate_do(preview(&first));
    estate_write(&estate.disk, 1, 'y');
    estate_do(estate_work(&vm_commitsnapshot, &estate.hello, "<action/>"));
    reads("ay......");
    g_assert_cmpuint(estate_images(&estate.disk), ==, 2);
    holds(&first, "a.......");
    g_assert_cmpstr(((const Snapshot *) list_find(&estate_vm(&estate.hello)->snapshots, &first))->snapshot_status, ==, "ok");
    estate_close();
}

/* The hardware of then, under the name and the address of now; a disk that came since stays. */
static void
test_configuration(void)
{
    char text[ID_TEXT_SIZE];
    estate_open();
    Id first = take();
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><name>renamed</name><memory>536870912</memory></vm>"));
    g_autofree char *body = g_strdup_printf("<disk_attachment><disk id='%s'/></disk_attachment>", id_format(&estate.floating, ID_UUID, text));
    estate_do(estate_child_work(&disk_attachment_add, &estate.hello, NULL, body));
    back_to(&first);
    const Vm *vm = estate_vm(&estate.hello);
    g_assert_cmpstr(vm->name, ==, "renamed");
    g_assert_cmpint(vm->memory, ==, 268435456);
    g_assert_cmpuint(vm->disk_attachments.count, ==, 2);
    g_assert_cmpint(vm->status, ==, VM_DOWN);
    g_assert_nonnull(strstr(estate_xml(&estate.hello), "<name>renamed</name>"));
    estate_close();
}

static void
test_memory(void)
{
    estate_open();
    run(TRUE);
    estate_write(&estate.disk, 0, 'a');
    estate_do(estate_child_work(&snapshot_add, &estate.hello, NULL, "<snapshot><description>live</description></snapshot>"));
    Id id = newest()->object.id;
    g_assert_true(newest()->persist_memorystate && !id_is_null(&newest()->memory_storage.id));
    estate_write(&estate.disk, 0, 'b');
    run(FALSE);
    estate_do(estate_child_work(&snapshot_restore, &estate.hello, &id, "<action><restore_memory>true</restore_memory></action>"));
    reads("a.......");
    g_assert_cmpint(estate_vm(&estate.hello)->status, ==, VM_UP);
    g_assert_cmpint(estate_state(&estate.hello), ==, DOMAIN_RUNNING);
    drop(&id);
    reads("a.......");
    estate_close();
}

static void
test_freeze(void)
{
    estate_open();
    run(TRUE);
    take();
    g_assert_false(estate_is_frozen(&estate.hello));
    g_assert_cmpint(estate_vm(&estate.hello)->frozen_until, ==, 0);
    estate_close();
}

/* --- differences -------------------------------------------------------------------------------------------------------------------- */

static void
is_refused(Work *work, const char *part)
{
    g_autofree char *said = NULL, *before = estate_picture();
    g_assert_cmpint(estate_try(work, &said), ==, ENDED_UNDONE);
    g_autofree char *after = estate_picture();
    if (!said || !strstr(said, part))
        g_error("it was refused with '%s', not '%s'", said, part);
    g_assert_cmpstr(before, ==, after);
}

static void
test_differences(void)
{
    char text[ID_TEXT_SIZE];
    estate_open();
    Id first = take(), image = disk_image(disk());
    g_autofree char *xml = g_strdup(estate_xml(&estate.hello)), *name = g_strdup(id_format(&image, ID_UUID, text));
    g_auto(GStrv) parts = g_strsplit(xml, name, 2);
    g_autofree char *astray = g_strjoinv("snapshot-by-hand", parts);
    estate_set_xml(&estate.hello, astray);
    is_refused(estate_child_work(&snapshot_remove, &estate.hello, &first, NULL), "writes another file than the manager knows");
    is_refused(estate_child_work(&snapshot_add, &estate.hello, NULL, WITHOUT_MEMORY), "snapshot-by-hand");
    estate_set_xml(&estate.hello, xml);
    estate_stand_by_hand(&estate.disk, &image);
    is_refused(estate_child_work(&snapshot_remove, &estate.hello, &first, NULL), "Something stands upon an image of disk");
    is_refused(estate_work(&disk_remove, &estate.disk, NULL), "Something stands upon an image of disk");
    estate_close();
    estate_open();
    first = take();
    estate_lose_image(&estate.disk, &estate.disk);
    is_refused(estate_child_work(&snapshot_remove, &estate.hello, &first, NULL), "has lost an image");
    estate_do(estate_work(&disk_remove, &estate.disk, NULL));       /* what is left of it can go */
    g_assert_cmpuint(estate_images(&estate.disk), ==, 0);
    estate_close();
}

/* --- merges, at the worst moments ---------------------------------------------------------------------------------------------------- */

static void
stop_jobs(guint rest)
{
    if (rest == 1)
        estate_kill_jobs();
}

static void
refuse_next(guint rest)
{
    estate_fault(rest % 2 ? FAULT_REFUSES : FAULT_OFF);
}

static void
be_silent(guint rest)
{
    estate_fault(rest % 2 ? FAULT_DOES_AND_IS_SILENT : FAULT_IS_SILENT);
}

/* Its guest goes, and with it what QEMU was merging; then somebody starts it, and it writes. */
static void
come_and_go(guint rest)
{
    if (rest == 1 && estate_state(&estate.hello) == DOMAIN_RUNNING) {
        estate_kill_jobs();
        estate_set_state(&estate.hello, DOMAIN_SHUTOFF);
    } else if (rest == 3 && estate_state(&estate.hello) == DOMAIN_SHUTOFF) {
        estate_set_state(&estate.hello, DOMAIN_RUNNING);
        estate_write(&estate.disk, 5, 'z');
    }
}

static void
write_meanwhile(guint rest)
{
    if (estate_state(&estate.hello) == DOMAIN_RUNNING)
        estate_write(&estate.disk, 6, (char) ('0' + rest % 10));
}

static const struct { const char *name; void (*deed)(guint rest); gboolean dies; const char *end; } moments[] = {
    { "the manager dies", NULL, TRUE, "abc....." },
    { "jobs stop", stop_jobs, FALSE, "abc....." },
    { "refused", refuse_next, FALSE, "abc....." },
    { "silent", be_silent, TRUE, "abc....." },
    { "comes and goes", come_and_go, TRUE, NULL },
    { "is written", write_meanwhile, TRUE, NULL },
};

static void
merge_at(guint moment, gboolean running, guint which)
{
    Id ids[2];
    estate_open();
    if (running)
        run(TRUE);
    estate_write(&estate.disk, 0, 'a');
    ids[0] = take();
    estate_write(&estate.disk, 1, 'b');
    ids[1] = take();
    estate_write(&estate.disk, 2, 'c');
    estate.rests = 0;
    estate.deed = moments[moment].deed;
    estate.dies = moments[moment].dies;
    g_test_message("%s, %s, snapshot %u", moments[moment].name, running ? "running" : "down", which);
    drop(&ids[which]);
    estate_fault(FAULT_OFF);
    estate.deed = NULL;
    g_autofree char *content = estate_content(&estate.disk);
    g_assert_true(g_str_has_prefix(content, "abc"));
    if (moments[moment].end)
        g_assert_cmpstr(content, ==, moments[moment].end);
    holds(&ids[!which], which ? "a......." : "ab......");
    g_assert_cmpuint(estate_images(&estate.disk), ==, 2);
    drop(&ids[!which]);
    reads(content);
    is_one_image();
    estate_close();
}

static void
test_worst_moments(void)
{
    for (guint moment = 0; moment < G_N_ELEMENTS(moments); moment++) {
        for (guint i = 0; i < 4; i++)
            merge_at(moment, i & 1, i >> 1);
    }
}

static void
test_everything_goes(void)
{
    estate_open();
    Id first = take();
    take();
    back_to(&first);
    estate_do(preview(&first));
    estate_do(estate_work(&vm_remove, &estate.hello, NULL));
    g_assert_cmpuint(estate_images(&estate.disk), ==, 0);
    estate_close();
}

static void
test_update(void)
{
    estate_open();
    Id id = take();
    estate_do(estate_child_work(&snapshot_update, &estate.hello, &id, "<snapshot><description>after</description></snapshot>"));
    g_assert_cmpstr(newest()->description, ==, "after");
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/snapshots/refused", test_refused);
    g_test_add_func("/snapshots/states", test_states);
    g_test_add_func("/snapshots/memory_refused", test_memory_refused);
    g_test_add_data_func("/snapshots/line/down", NULL, test_line);
    g_test_add_data_func("/snapshots/line/running", "yes", test_line);
    g_test_add_data_func("/snapshots/first_of_three/down", NULL, test_first_of_three);
    g_test_add_data_func("/snapshots/first_of_three/running", "yes", test_first_of_three);
    g_test_add_func("/snapshots/tree", test_tree);
    g_test_add_func("/snapshots/preview", test_preview);
    g_test_add_func("/snapshots/configuration", test_configuration);
    g_test_add_func("/snapshots/memory", test_memory);
    g_test_add_func("/snapshots/freeze", test_freeze);
    g_test_add_func("/snapshots/differences", test_differences);
    g_test_add_func("/snapshots/worst_moments", test_worst_moments);
    g_test_add_func("/snapshots/everything_goes", test_everything_goes);
    g_test_add_func("/snapshots/update", test_update);
    return g_test_run();
}
