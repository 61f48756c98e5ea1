/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Settings for one run: the `vm` in the body of `start`. They go into the XML the host starts from; the inactive one, which
 * is the next run's, is never written. What cannot be set for one run is refused by name, not ignored. */
#pragma once

#include "job/command.h"

typedef struct {
    OperatingSystem os;
    Bios bios;
    Cpu cpu;
    Display display;
    gint64 memory;
    List cdroms;                        /* OnceMedium; the first is put into the first drive */
    char *custom_emulated_machine, *custom_cpu_model;
    gboolean stateless;
    List floppies, host;                /* of records nobody reads: to be refused by name */
    Initialization initialization;
} OnceSettings;
extern const Type once_type;

/* Were there any? SENT is the action's draft; NULL: none. */
gboolean once_is_meant(const Draft *sent);
/* For `check`, pure: what was sent is allowed, its files become absolute paths. The VM as it would run; yours, NULL with the reason. */
Vm *once_check(Work *work, const Vm *vm, GError **error);
/* VM with what was sent for one run; yours. */
Vm *once_vm(const Work *work, const Vm *vm);
/* On a worker, without effect: the XML for this run, also where nothing was sent. Yours; NULL with the reason. */
char *once_prepare(Work *work, GError **error);
