/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The answers Windows looks for after sysprep: an unattend.xml, made of what a VM's guest shall be told. Pure. */
#pragma once

#include "model/vm.h"

#define SEED_WINDOWS_NAME_MOST 15       /* what a computer of Windows may be called */

gboolean seed_windows_reads(const char *system);        /* one that knows unattend.xml: since Vista */
gboolean seed_windows_is_name(const char *name);        /* may its computer be called that? */
char *seed_windows_unattend(const Vm *vm);              /* the person's own where there is one; yours */
