/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What became different between two readings of a domain's XML, put into its VM: the way of every text the manager did not patch itself, whoever
 * wrote it. */
#pragma once

#include "base/text.h"
#include "host/host.h"
#include "model/changes.h"

/* BEFORE may be NULL: then what AFTER has and the VM has not alike. The rows that changed go to WHAT, comma-separated. Its disks are made objects of, or
 * let go. NULL: it is as it was. Writer only. */
Vm *outside_merge(Changes *changes, const Id *vm, const DomainFacts *before, const DomainFacts *after, Text *what);
