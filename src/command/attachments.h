/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Disks in VMs: the body clients send, which may hold a whole new disk, and the rules of attaching. Used by disk_attachment_*,
 * by vm_add, and by the disk verbs that must know who has a disk. Pure. */
#pragma once

#include "job/command.h"

/* The body of POST and PUT .../diskattachments: what an attachment has, and the disk it is about: by id or name, or a new one. */
typedef struct {
    int interface;
    gboolean active, bootable, read_only, pass_discard, uses_scsi_reservation;
    Disk disk;
} AttachmentBody;
extern const Type attachments_body_type;

/* What DRAFT (of the body's type or of disk_attachment_type) says of the attachment itself. */
void attachments_apply(const Draft *draft, DiskAttachment *attachment);
/* A new one, with the defaults: virtio, active. Yours. */
DiskAttachment *attachments_make(const View *view, const Vm *vm, const Draft *draft, const Id *disk);
/* A disk on virtio-scsi brings its controller. */
void attachments_note_bus(Vm *vm, const DiskAttachment *attachment);
/* Puts a copy of ATTACHMENT into VM unless it is there, with a target free in VM. */
void attachments_put(Vm *vm, const DiskAttachment *attachment);

/* May the disk be attached to VM? It is no ISO, not there yet, and it and its file are in no other VM unless it is shareable. */
gboolean attachments_may_attach(const Work *work, const Vm *vm, const Disk *disk, GError **error);
/* Can an attachment with this interface be? */
gboolean attachments_check(const Vm *vm, const DiskAttachment *attachment, GError **error);
/* Can a running guest of VM get or lose it? A card cannot be plugged into IDE or SATA while they work. */
gboolean attachments_check_hot(const Vm *vm, const DiskAttachment *attachment, GError **error);
/* Claims the disk and every VM that has it. */
void attachments_claim(Work *work, const Disk *disk);
