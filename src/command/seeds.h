/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a start tells its guest: whether this one does, by which medium, and that medium. Used by vm_start. */
#pragma once

#include "job/command.h"

/* What was asked for with a start. */
typedef struct {
    gboolean cloud_init, sysprep, any;      /* so; whichever suits its guest */
    gboolean first;                         /* nobody asked, and it is the VM's first start */
} SeedWish;

/* check: VM is as it would run. Sets the mark where its guest is told something; FALSE with the reason. */
gboolean seeds_check(Work *work, const Vm *vm, const SeedWish *wish, GError **error);
gboolean seeds_are_given(const Work *work);
/* Steps, without effect. XML of this run with the medium in it; what is on it. Yours; NULL with the reason. */
char *seeds_in_domain(const Work *work, const char *xml, GError **error);
GBytes *seeds_image(const Work *work, const Vm *vm);
/* finish: of what is kept for VM, that goes which had to be kept only until its guest had it. */
void seeds_forget(const Work *work, Vm *vm);
/* plan: what it is told, and how. */
void seeds_tell(const Work *work, const Vm *vm, GString *plan);
