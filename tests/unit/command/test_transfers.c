/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What transfers refuse, and in which words. What they do when they may is walked by walk_transfers.c. */
#include "estate.h"

#include "model/transfer.h"

#define refused_transfer(disk, rest, part) refused_transfer_at(disk, rest, part, __LINE__)

static void
refused_transfer_at(const Id *disk, const char *rest, const char *part, int line)
{
    char id[ID_TEXT_SIZE];
    g_autofree char *body = g_strdup_printf("<image_transfer><disk id='%s'/>%s</image_transfer>", id_format(disk, ID_UUID, id), rest);
    estate_refused_at(estate_work(&transfer_add, NULL, body), part, line);
}

static void
test_transfers(void)
{
    estate_open();
    Id nobody = id_named(&id_null, "nobody");
    estate_refused(estate_work(&transfer_add, NULL, "<image_transfer><direction>upload</direction></image_transfer>"), "Image transfer [disk.id|image.id] required for add.");
    refused_transfer(&nobody, "", "There is no disk");
    refused_transfer(&estate.foreign, "<direction>download</direction>", "the manager did not make its file");
    refused_transfer(&estate.floating, "<inactivity_timeout>-1</inactivity_timeout>", "0 (never) to");
    estate_refused(estate_work(&transfer_add, NULL, "<image_transfer><snapshot id='00000000-0000-4000-8000-000000000007'/></image_transfer>"),
                   "There is no disk of a snapshot 00000000-0000-4000-8000-000000000007.");
    estate_do(estate_work(&disk_update, &estate.floating, "<disk><description>x</description></disk>"));
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->status = VM_UP;
    estate_put(vm);
    refused_transfer(&estate.disk, "<direction>download</direction>", "VM 'hello' has it and is up.");
    vm = estate_edit(&vm_type, &estate.hello);
    vm->status = VM_UNKNOWN;
    estate_put(vm);
    refused_transfer(&estate.disk, "<direction>download</direction>", "VM 'hello' has it and is unknown.");
    Disk *disk = estate_edit(&disk_type, &estate.floating);
    disk->format = DISK_FORMAT_RAW;
    disk->status = DISK_ILLEGAL;
    estate_put(disk);
    refused_transfer(&estate.floating, "<format>cow</format>", "is raw: it has no bytes in the format cow");
    refused_transfer(&estate.floating, "<direction>download</direction>", "is damaged");
    disk = estate_edit(&disk_type, &estate.floating);
    disk->status = DISK_LOCKED;
    estate_put(disk);
    refused_transfer(&estate.floating, "", "Disk is locked");
    estate_close();
}

static void
test_moves_of_transfers(void)
{
    static const Command *const verbs[] = { &transfer_finalize, &transfer_cancel, &transfer_pause, &transfer_resume, &transfer_extend };
    estate_open();
    ImageTransfer *transfer = object_new(&image_transfer_type);
    Id id = transfer->object.id = id_named(&id_null, "transfer");
    transfer->phase = TRANSFER_PHASE_FINISHED_SUCCESS;
    transfer->disk.id = estate.floating;
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        estate_refused(estate_work(verbs[i], &id, NULL), "There is no image transfer");
    estate_put(transfer);
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        estate_refused(estate_work(verbs[i], &id, NULL), "the transfer of disk 'free': it is finished_success.");
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transfers/refusals", test_transfers);
    g_test_add_func("/transfers/moves", test_moves_of_transfers);
    return g_test_run();
}
