/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The cluster levels and their CPU types. The names are oVirt's: they stand in clusters, in scripts and in what clients compare.
 * A level sets its CPUs in order within a maker: a host of a higher one can run guests of the lower. Called by fixed.c. */
#include "model/levels.h"

#include "model/people.h"

/* clang-format off */
static const Type cpu_type_type = { .one = "cpu_type", .many = "cpu_types", .size = sizeof(CpuType), .fields = (const Field[]) {
    TEXT(CpuType, name,  0, "What a cluster calls it."),
    INT (CpuType, level, 0, "Its place among those of its maker."),
    ENUM(CpuType, architecture, architecture_names, 0, "Whose it is."),
    { 0 } } };

const Type cluster_level_type = { .one = "cluster_level", .many = "cluster_levels", .path = "clusterlevels", .size = sizeof(ClusterLevel), .ids = ID_WORD, .help = "A compatibility level of clusters.", .fields = (const Field[]) {
    TEXT(ClusterLevel, name,        FIND | SHOW, "Its number: 4.7."),
    TEXT(ClusterLevel, description, FIND, "For people."),
    TEXT(ClusterLevel, comment,     FIND, "For people."),
    LIST(ClusterLevel, cpu_types, cpu_type_type, 0, "The CPUs its clusters may have."),
    CHILDREN(ClusterLevel, permits, permit_type, INLINE, "The permits there are."),
    EMPTY("cluster_features", "clusterfeatures"),
    { 0 } } };

typedef struct { gint64 level; const char *name; int architecture; gboolean newer; } CpuRow;

static const CpuRow cpus_4_2[] = {
    { 3, "Intel Conroe Family", ARCHITECTURE_X86_64 }, { 4, "Intel Penryn Family", ARCHITECTURE_X86_64 },
    { 5, "Intel Nehalem Family", ARCHITECTURE_X86_64 }, { 6, "Intel Nehalem IBRS Family", ARCHITECTURE_X86_64 },
    { 7, "Intel Nehalem IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 8, "Intel Nehalem IBRS SSBD MDS Family", ARCHITECTURE_X86_64 }, { 9, "Intel Westmere Family", ARCHITECTURE_X86_64 },
    { 10, "Intel Westmere IBRS Family", ARCHITECTURE_X86_64 },
    { 11, "Intel Westmere IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 12, "Intel Westmere IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 13, "Intel SandyBridge Family", ARCHITECTURE_X86_64 }, { 14, "Intel SandyBridge IBRS Family", ARCHITECTURE_X86_64 },
    { 15, "Intel SandyBridge IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 16, "Intel SandyBridge IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 17, "Intel Haswell-noTSX Family", ARCHITECTURE_X86_64 },
    { 18, "Intel Haswell-noTSX IBRS Family", ARCHITECTURE_X86_64 },
    { 19, "Intel Haswell-noTSX IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 20, "Intel Haswell-noTSX IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 21, "Intel Haswell Family", ARCHITECTURE_X86_64 }, { 22, "Intel Haswell IBRS Family", ARCHITECTURE_X86_64 },
    { 23, "Intel Haswell IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 24, "Intel Haswell IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 25, "Intel Broadwell-noTSX Family", ARCHITECTURE_X86_64 },
    { 26, "Intel Broadwell-noTSX IBRS Family", ARCHITECTURE_X86_64 },
    { 27, "Intel Broadwell-noTSX IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 28, "Intel Broadwell-noTSX IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 29, "Intel Broadwell Family", ARCHITECTURE_X86_64 }, { 30, "Intel Broadwell IBRS Family", ARCHITECTURE_X86_64 },
    { 31, "Intel Broadwell IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 32, "Intel Broadwell IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 33, "Intel Skylake Client Family", ARCHITECTURE_X86_64 },
    { 34, "Intel Skylake Client IBRS Family", ARCHITECTURE_X86_64 },
    { 35, "Intel Skylake Client IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 36, "Intel Skylake Client IBRS SSBD MDS Family", ARCHITECTURE_X86_64 }, { 2, "AMD Opteron G1", ARCHITECTURE_X86_64 },
    { 3, "AMD Opteron G2", ARCHITECTURE_X86_64 }, { 4, "AMD Opteron G3", ARCHITECTURE_X86_64 },
    { 5, "AMD Opteron G4", ARCHITECTURE_X86_64 }, { 6, "AMD Opteron G5", ARCHITECTURE_X86_64 },
    { 3, "IBM POWER8", ARCHITECTURE_PPC64 },
};

static const CpuRow cpus_4_3[] = {
    { 5, "Intel Nehalem Family", ARCHITECTURE_X86_64 }, { 7, "Intel Nehalem IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 8, "Intel Nehalem IBRS SSBD MDS Family", ARCHITECTURE_X86_64 }, { 9, "Intel Westmere Family", ARCHITECTURE_X86_64 },
    { 10, "Intel Westmere IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 11, "Intel Westmere IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 12, "Intel SandyBridge Family", ARCHITECTURE_X86_64 },
    { 13, "Intel SandyBridge IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 14, "Intel SandyBridge IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 15, "Intel Haswell-noTSX Family", ARCHITECTURE_X86_64 },
    { 16, "Intel Haswell-noTSX IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 17, "Intel Haswell-noTSX IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 18, "Intel Haswell Family", ARCHITECTURE_X86_64 }, { 19, "Intel Haswell IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 20, "Intel Haswell IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 21, "Intel Broadwell-noTSX Family", ARCHITECTURE_X86_64 },
    { 22, "Intel Broadwell-noTSX IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 23, "Intel Broadwell-noTSX IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 24, "Intel Broadwell Family", ARCHITECTURE_X86_64 }, { 25, "Intel Broadwell IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 26, "Intel Broadwell IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 27, "Intel Skylake Client Family", ARCHITECTURE_X86_64 },
    { 28, "Intel Skylake Client IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 29, "Intel Skylake Client IBRS SSBD MDS Family", ARCHITECTURE_X86_64 },
    { 30, "Intel Skylake Server Family", ARCHITECTURE_X86_64 },
    { 31, "Intel Skylake Server IBRS SSBD Family", ARCHITECTURE_X86_64 },
    { 32, "Intel Skylake Server IBRS SSBD MDS Family", ARCHITECTURE_X86_64 }, { 5, "AMD Opteron G4", ARCHITECTURE_X86_64 },
    { 6, "AMD Opteron G5", ARCHITECTURE_X86_64 }, { 7, "AMD EPYC", ARCHITECTURE_X86_64 },
    { 9, "AMD EPYC IBPB SSBD", ARCHITECTURE_X86_64 }, { 3, "IBM POWER8", ARCHITECTURE_PPC64 },
    { 4, "IBM POWER9", ARCHITECTURE_PPC64 }, { 2, "IBM z114, z196", ARCHITECTURE_S390X },
    { 3, "IBM zBC12, zEC12", ARCHITECTURE_S390X }, { 4, "IBM z13s, z13", ARCHITECTURE_S390X },
    { 5, "IBM z14", ARCHITECTURE_S390X },
};

/* 4.4 and later; that has none of the rows marked as newer. */
static const CpuRow cpus_4_4[] = {
    { 1, "Intel Nehalem Family", ARCHITECTURE_X86_64 }, { 2, "Secure Intel Nehalem Family", ARCHITECTURE_X86_64 },
    { 3, "Intel Westmere Family", ARCHITECTURE_X86_64 }, { 4, "Secure Intel Westmere Family", ARCHITECTURE_X86_64 },
    { 5, "Intel SandyBridge Family", ARCHITECTURE_X86_64 }, { 6, "Secure Intel SandyBridge Family", ARCHITECTURE_X86_64 },
    { 7, "Intel IvyBridge Family", ARCHITECTURE_X86_64 }, { 8, "Secure Intel IvyBridge Family", ARCHITECTURE_X86_64 },
    { 9, "Intel Haswell Family", ARCHITECTURE_X86_64 }, { 10, "Secure Intel Haswell Family", ARCHITECTURE_X86_64 },
    { 11, "Intel Broadwell Family", ARCHITECTURE_X86_64 }, { 12, "Secure Intel Broadwell Family", ARCHITECTURE_X86_64 },
    { 13, "Intel Skylake Client Family", ARCHITECTURE_X86_64 },
    { 14, "Secure Intel Skylake Client Family", ARCHITECTURE_X86_64 },
    { 15, "Intel Skylake Server Family", ARCHITECTURE_X86_64 },
    { 16, "Secure Intel Skylake Server Family", ARCHITECTURE_X86_64 },
    { 17, "Intel Cascadelake Server Family", ARCHITECTURE_X86_64 },
    { 18, "Secure Intel Cascadelake Server Family", ARCHITECTURE_X86_64 },
    { 19, "Intel Icelake Server Family", ARCHITECTURE_X86_64, TRUE },
    { 20, "Secure Intel Icelake Server Family", ARCHITECTURE_X86_64, TRUE }, { 1, "AMD Opteron G4", ARCHITECTURE_X86_64 },
    { 2, "AMD Opteron G5", ARCHITECTURE_X86_64 }, { 3, "AMD EPYC", ARCHITECTURE_X86_64 },
    { 4, "Secure AMD EPYC", ARCHITECTURE_X86_64 }, { 1, "IBM POWER8", ARCHITECTURE_PPC64 },
    { 2, "IBM POWER9", ARCHITECTURE_PPC64 }, { 1, "IBM z114, z196", ARCHITECTURE_S390X },
    { 2, "IBM zBC12, zEC12", ARCHITECTURE_S390X }, { 3, "IBM z13s, z13", ARCHITECTURE_S390X },
    { 4, "IBM z14", ARCHITECTURE_S390X },
};

#define CPUS(table) table, G_N_ELEMENTS(table)
static const struct { const char *level; const CpuRow *cpus; guint count; gboolean newer; } levels[] = {
    { "4.2", CPUS(cpus_4_2), FALSE }, { "4.3", CPUS(cpus_4_3), FALSE }, { "4.4", CPUS(cpus_4_4), FALSE },
    { "4.5", CPUS(cpus_4_4), TRUE },  { "4.6", CPUS(cpus_4_4), TRUE },  { "4.7", CPUS(cpus_4_4), TRUE },
};
/* clang-format on */

static void
add_cpu(ClusterLevel *level, const CpuRow *row)
{
    CpuType *cpu = list_add(&level->cpu_types, g_new0(CpuType, 1));
    cpu->name = g_strdup(row->name);
    cpu->level = row->level;
    cpu->architecture = row->architecture;
}

void
levels_add_fixed(GPtrArray *objects)
{
    for (guint i = 0; i < G_N_ELEMENTS(levels); i++) {
        ClusterLevel *level = object_new(&cluster_level_type);
        level->object.id = id_word(levels[i].level);
        level->name = g_strdup(levels[i].level);
        for (guint row = 0; row < levels[i].count; row++) {
            if (!levels[i].cpus[row].newer || levels[i].newer)
                add_cpu(level, &levels[i].cpus[row]);
        }
        people_add_permits(&level->permits);
        g_ptr_array_add(objects, level);
    }
}
