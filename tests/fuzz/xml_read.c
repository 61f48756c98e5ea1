/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bodies in XML, as clients send them: "TYPE\n" and the body. */
#include "body_checks.h"

#include "schema/read.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t rest;
    const Type *type = fuzz_type(data, size, &rest);
    for (int strict = 0; strict < 2; strict++) {
        GError *error = NULL;
        g_autoptr(Draft) draft = read_xml(type, (const char *) data + rest, size - rest, (ReadOptions) { strict }, &error);
        if (draft)
            body_checks(draft);
        else
            fuzz_refused(error);
    }
    return 0;
}
