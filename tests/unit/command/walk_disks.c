/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases of disks and of what VMs have of them; their rows stand in walk_cases.c. */
#include "walk_cases.h"

Work *
walk_add_disk(void)
{
    return estate_work(&disk_add, NULL, "<disk id='d0000000-0000-4000-8000-000000000001'><alias>d</alias><provisioned_size>1000</provisioned_size>"
                       "<format>raw</format><storage_domains><storage_domain><name>data</name></storage_domain></storage_domains></disk>");
}

Work *
walk_grow_disk(void)
{
    return estate_work(&disk_update, &estate.disk, "<disk><provisioned_size>2147483648</provisioned_size><alias>bigger</alias></disk>");
}

Work *
walk_name_disk(void)
{
    return estate_work(&disk_update, &estate.floating, "<disk><name>called</name></disk>");
}

Work *
walk_remove_disk(void)
{
    return estate_work(&disk_remove, &estate.floating, NULL);
}

Work *
walk_remove_attached_disk(void)
{
    return estate_work(&disk_remove, &estate.disk, NULL);
}

Work *
walk_attach_new(void)
{
    return estate_child_work(&disk_attachment_add, &estate.hello, NULL,
                             "<disk_attachment><interface>sata</interface><disk id='d0000000-0000-4000-8000-000000000002'><alias>second</alias>"
                             "<provisioned_size>4096</provisioned_size></disk></disk_attachment>");
}

Work *
walk_attach_existing(void)
{
    return estate_child_work(&disk_attachment_add, &estate.hello, NULL, "<disk_attachment><disk><name>free</name></disk></disk_attachment>");
}

Work *
walk_edit_attachment(void)
{
    return estate_child_work(&disk_attachment_update, &estate.hello, &estate.disk,
                             "<disk_attachment><interface>virtio_scsi</interface><disk><provisioned_size>2147483648</provisioned_size></disk></disk_attachment>");
}

Work *
walk_unplug_attachment(void)
{
    return estate_child_work(&disk_attachment_update, &estate.hello, &estate.disk, "<disk_attachment><active>false</active></disk_attachment>");
}

Work *
walk_detach(void)
{
    return estate_child_work(&disk_attachment_remove, &estate.hello, &estate.disk, NULL);
}

Work *
walk_detach_and_delete(void)
{
    Work *work = walk_detach();
    estate_query(work, "detach_only", "false");
    return work;
}
