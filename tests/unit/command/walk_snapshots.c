/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases of snapshots; their rows stand in walk_cases.c. */
#include "walk_cases.h"

#define CALLED "<snapshot><description>before</description>"

static Id
taken(void)
{
    const Vm *vm = estate_vm(&estate.hello);
    return ((const Object *) vm->snapshots.items[vm->snapshots.count - 1])->id;
}

static Id
take(void)
{
    estate_do(estate_child_work(&snapshot_add, &estate.hello, NULL, CALLED "<persist_memorystate>false</persist_memorystate></snapshot>"));
    return taken();
}

static void
run(void)
{
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
}

Work *
walk_add_snapshot(void)
{
    return estate_child_work(&snapshot_add, &estate.hello, NULL, CALLED "</snapshot>");
}

Work *
walk_add_snapshot_running(void)
{
    run();
    return estate_child_work(&snapshot_add, &estate.hello, NULL, CALLED "<persist_memorystate>false</persist_memorystate></snapshot>");
}

Work *
walk_add_snapshot_memory(void)
{
    run();
    return estate_child_work(&snapshot_add, &estate.hello, NULL, CALLED "</snapshot>");
}

Work *
walk_add_snapshot_diskless(void)
{
    return estate_child_work(&snapshot_add, &estate.running, NULL, CALLED "</snapshot>");
}

Work *
walk_remove_snapshot(void)
{
    Id id = take();
    return estate_child_work(&snapshot_remove, &estate.hello, &id, NULL);
}

Work *
walk_remove_snapshot_running(void)
{
    Id id = take();
    run();
    return estate_child_work(&snapshot_remove, &estate.hello, &id, NULL);
}

Work *
walk_restore_snapshot(void)
{
    Id id = take();
    return estate_child_work(&snapshot_restore, &estate.hello, &id, "<action/>");
}

Work *
walk_restore_memory(void)
{
    run();
    estate_do(estate_child_work(&snapshot_add, &estate.hello, NULL, CALLED "</snapshot>"));
    estate_do(estate_work(&vm_stop, &estate.hello, NULL));
    Id id = taken();
    return estate_child_work(&snapshot_restore, &estate.hello, &id, "<action><restore_memory>true</restore_memory></action>");
}

static Work *
preview(const Id *id)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *body = g_strdup_printf("<action><snapshot id='%s'/></action>", id_format(id, ID_UUID, text));
    return estate_work(&vm_previewsnapshot, &estate.hello, body);
}

Work *
walk_preview_snapshot(void)
{
    Id id = take();
    return preview(&id);
}

Work *
walk_commit_snapshot(void)
{
    Id id = take();
    estate_do(preview(&id));
    return estate_work(&vm_commitsnapshot, &estate.hello, "<action/>");
}

Work *
walk_undo_snapshot(void)
{
    Id id = take();
    estate_do(preview(&id));
    return estate_work(&vm_undosnapshot, &estate.hello, "<action/>");
}

Work *
walk_remove_with_snapshots(void)
{
    take();
    take();
    return estate_work(&vm_remove, &estate.hello, NULL);
}

Work *
walk_clone_with_snapshots(void)
{
    take();
    return estate_work(&vm_clone, &estate.hello, "<action><vm><name>copy</name></vm></action>");
}
