/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The three files of cloud-init's datasource NoCloud, made of what a VM's guest shall be told. Pure; each yours. */
#pragma once

#include "model/vm.h"

char *seed_cloud_user_data(const Vm *vm);
char *seed_cloud_network(const Vm *vm);     /* NULL: nothing is said of its cards */
/* Its name, and an instance id that is the same as long as all it is told is the same: then cloud-init does nothing a second time. */
char *seed_cloud_meta_data(const Vm *vm, const char *user_data, const char *network);
