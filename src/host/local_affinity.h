/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where the threads of a QEMU process on this machine may run, as the kernel says. A definition says what is wished; this proves it. */
#pragma once

#include "base/fault.h"
#include "base/id.h"
#include "model/cpu_tune.h"

/* Of the process that runs DOMAIN: the pin of each vCPU and thread for I/O, and the CPUs of all its other threads together as the emulator's. PID is what
 * libvirt calls it, 0: not known; where libvirt counts processes by itself another is looked for. ROOT is "" outside of tests. FALSE: none was found. */
gboolean local_affinity_read(const char *root, gint64 pid, const Id *domain, CpuTune *ret_tune);
