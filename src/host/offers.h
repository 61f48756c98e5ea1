/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a host can make, in the words that clients use for it. */
#pragma once

#include "model/places.h"

extern const char *const offers_foreign[];      /* architectures that are emulated on hosts of another; NULL-terminated */
/* Fills what is shown (bios_types, guest_architectures, tpm_supported, virtiofs_supported, shared_folders) from HOST->machines. */
void offers_tell(Host *host);
