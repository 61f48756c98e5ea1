/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The file in which what a VM's serial console prints is kept: in the manager's folder on the VM's host, named by the VM's id, so that no other name
 * leads to it (docs/decisions/0037). A file anywhere else is somebody's own: told, and otherwise left alone. */
#pragma once

#include "job/command.h"

/* Yours; NULL: the host (of mark "host", else the VM's home) keeps none. */
char *console_log_path(const Work *work, const Vm *vm);
/* The file follows from whether there shall be one; a VM without a console has none. */
void console_log_settle(const Work *work, Vm *vm);
/* Of a clone: never that of its original. */
void console_log_settle_anew(const Work *work, Vm *vm);
/* May it be as the draft wants it? EDITED is settled; NOW: as it is, NULL: a new VM. */
gboolean console_log_check(const Work *work, const Vm *now, const Vm *edited, GError **error);
/* For a step: the file goes, if there is one. */
gboolean console_log_drop(Work *work, const Vm *vm, GError **error);
