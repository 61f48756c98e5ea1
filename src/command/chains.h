/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The images of a disk: as the storage has them, compared with what the model and the domain say (decision 0042). Read in a step, under the
 * claim of its job, before anything is merged or unlinked; where they differ the step refuses with the difference. */
#pragma once

#include "job/command.h"

typedef struct {
    Id image, beneath;              /* BENEATH null: nothing of this disk */
    int format;                     /* DiskFormat */
    gint64 size, allocation;        /* bytes */
} ChainImage;

/* All images of one disk that the model knows, and those beneath them: a tree. */
typedef struct {
    const Disk *disk;               /* of the view of the step */
    const StorageDomain *storage;
    GArray *images;                 /* ChainImage */
    gboolean lenient;
} Chain;
void chain_free(Chain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Chain, chain_free)

HostVolume chains_volume(const Disk *disk, const StorageDomain *storage, const Id *image);
char *chains_path(const Disk *disk, const StorageDomain *storage, const Id *image);        /* yours */

/* The disk of a VM, or of none where VM is NULL. NULL with the difference: an image that is missing, stands on what is no image of ours, or has
 * something standing upon it that nobody knows. */
Chain *chains_read(Work *work, const Vm *vm, const Disk *disk, GError **error);
/* For those that shall go anyhow: what is missing is not there, and on what they stand is nobody's business. */
Chain *chains_read_all(Work *work, const Vm *vm, const Disk *disk, GError **error);
const ChainImage *chain_find(const Chain *chain, const Id *image);      /* NULL */

/* Where the domain has the disk: "vda"; NULL: it is not plugged in. Borrowed. */
const char *chains_target(const DomainFacts *facts, const Id *disk);
/* The file that is named at TARGET: by the definition; or, of a domain that runs, by what runs. NULL: none. Yours. */
char *chains_defined(const DomainFacts *facts, const char *target);
char *chains_running(const DomainFacts *facts, const char *target);
/* XML of its domain where the disk is IMAGE, of that format; the same where it is not plugged in. Yours; NULL with the reason. */
char *chains_renamed(const Chain *chain, const DomainFacts *facts, const char *xml, const Id *image, int format, GError **error);
gboolean chains_is_in(const DomainFacts *facts, const char *path);      /* is the file named by the definition, or what runs? */
/* Is PATH named for the disk by both, the definition and what runs? A disk that is not plugged in is named by nobody, which is well. */
gboolean chains_are_named(const DomainFacts *facts, const Id *disk, const char *path);
/* Does the domain have for it what the model says, with the difference? */
gboolean chains_agree(const DomainFacts *facts, const Chain *chain, GError **error);

/* What becomes of a tree: an image goes, or one is merged into the one beneath. */
typedef struct {
    Id disk, image, onto;           /* ONTO null: IMAGE goes as it is */
    int format;                     /* of ONTO */
} ChainDeed;
/* What is to be done, in order, when SNAPSHOT (its id) lets go of the disk: images that nobody owns are merged with the one that stands upon them, or go where
 * none does; several keep them. Of ChainDeed; yours. */
GArray *chains_deeds(const Chain *chain, const Vm *vm, const Id *snapshot);
/* Bytes that the storage may need for a deed before it gives some back. */
gint64 chains_need(const Chain *chain, const ChainDeed *deed);
