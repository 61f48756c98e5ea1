/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a clone is in the model. Its ids, MACs and name are chosen once, by `check`, and stand in the marks. Pure. */
#pragma once

#include "job/command.h"

/* Sets the marks: clone (its id), twin.N, about.clone. DESCRIPTION NULL: as the original's. */
void vm_twin_choose(Work *work, const Vm *vm, const char *name, const char *description);
GArray *vm_twin_ids(const Work *work);                  /* DomainTwinId, the domain's first; yours */
/* The clone of VM, locked; yours. */
Vm *vm_twin_make(const Work *work, const Vm *vm);
/* The copy of DISK, locked; yours. Its alias begins with the clone's name. */
Disk *vm_twin_disk(const Vm *vm, const Vm *clone, const Disk *disk, const Id *id);
/* CONFIG is read from the twin's XML: it gets name, description and MACs. FALSE: it has a device nobody chose an id for. */
gboolean vm_twin_rename(const Work *work, Vm *config);
