/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The words of permits, as roles and the permit lists of the API spell them. Who holds which permit is not known here: that
 * is the access code of the model, asked by the API before a work is submitted. */
#include "job/command.h"

const char *
permit_name(Permit permit)
{
    static const char *const names[N_PERMITS] = {
#define P(name, word) [PERMIT_##name] = word,
        PERMITS(P)
#undef P
    };
    return (guint) permit < N_PERMITS ? names[permit] : "none";
}
