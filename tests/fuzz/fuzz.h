/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What fuzz targets share. A target is a file with LLVMFuzzerTestOneInput: libFuzzer feeds it (tests/fuzz/run.sh), and replay.c
 * feeds it every file of tests/fuzz/corpus/<target> as unit tests. It must end the process on anything it finds wrong: g_assert, g_error. */
#pragma once

#include "base/fault.h"
#include "schema/type.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);          /* in fuzz.c: quiet logs */

/* A refusal is a sentence: of our domain, readable, of one line, with no argument forgotten. Frees it. */
void fuzz_refused(GError *take);
/* The text of DATA with a zero byte behind; yours. */
char *fuzz_text(const uint8_t *data, size_t size);
/* "vm\n…": the type of the first line (by its element's name, "vm" if unknown), and where the rest begins. */
const Type *fuzz_type(const uint8_t *data, size_t size, size_t *ret_rest);
