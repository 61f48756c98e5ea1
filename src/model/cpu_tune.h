/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What of a VM is bound to which CPUs of its host: each vCPU, the emulator, threads for I/O, and where its memory comes from. Sets of CPUs are texts as
 * libvirt spells them ("0-3,8"), ascending and joined, so that equal sets are equal texts; NULL binds nothing. */
#pragma once

#include "schema/type.h"

typedef struct { gint64 vcpu; char *cpu_set; } VcpuPin;
typedef struct { gint64 io_thread; char *cpu_set; } IoThreadPin;       /* threads are counted from 1 */

/* oVirt's, and more: what the paper on hard partitioning does not ask for, and an auditor does. */
typedef struct {
    List vcpu_pins;                     /* VcpuPin, by vCPU */
    char *cpu_set;                      /* of every thread that has no pin of its own, also of vCPUs that are plugged in later */
    char *emulator_cpu_set;
    List io_thread_pins;                /* IoThreadPin, by thread */
    char *memory_node_set;              /* NUMA nodes of the host, strictly; a set like those of CPUs */
} CpuTune;

extern const Type cpu_tune_type;

gboolean cpu_tune_is_empty(const CpuTune *tune);
void cpu_tune_clear(CpuTune *tune);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CpuTune, cpu_tune_clear)

/* The set a thread is bound to, its own or the one for all that have none; NULL: none. Borrowed. */
const char *cpu_tune_vcpu(const CpuTune *tune, gint64 vcpu);
const char *cpu_tune_emulator(const CpuTune *tune);
const char *cpu_tune_io_thread(const CpuTune *tune, gint64 thread);
void cpu_tune_pin_vcpu(CpuTune *tune, gint64 vcpu, const char *set);    /* NULL takes its own pin away */
void cpu_tune_pin_io_thread(CpuTune *tune, gint64 thread, const char *set);
/* What is bound to all CPUs of a host, SET, is bound to none; NULL changes nothing. */
void cpu_tune_free_of(CpuTune *tune, const char *set);
/* Pins of vCPUs from VCPUS on, and of threads above IO_THREADS, go. */
void cpu_tune_cut(CpuTune *tune, gint64 vcpus, gint64 io_threads);
/* Is every one of VCPUS processors bound? */
gboolean cpu_tune_binds_all(const CpuTune *tune, gint64 vcpus);
/* Do VCPUS processors, IO_THREADS threads, emulator and memory stand at the same places, whatever says so? */
gboolean cpu_tune_same_places(const CpuTune *a, const CpuTune *b, gint64 vcpus, gint64 io_threads);

/* On one line, "all=0-3;vcpu0=0;vcpu1=2;emulator=0-3;io1=0-3;memory=0"; "" where nothing is bound. Yours. And back, into an empty one; what is not
 * understood is passed over. */
char *cpu_tune_text(const CpuTune *tune);
void cpu_tune_read(const char *text, CpuTune *ret_tune);
