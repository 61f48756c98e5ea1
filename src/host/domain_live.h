/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What runs, beside what the next start will use. For those who read domains, real or fake. Pure. */
#pragma once

#include "host/host.h"

/* XML is what runs of the domain of FACTS, whose `config` is read already: sets `live`, `live_xml`, what lies in the drives of `config` now,
 * `differing` and `run_once`. ALL: the CPUs of the host, on all of which is anywhere; NULL: not known. */
void domain_live_compare(DomainFacts *facts, const char *xml, const char *all);
