/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who works on what. An object is busy because a live job holds a claim on it; there is no other lock. Writer only. */
#pragma once

#include "base/clock.h"
#include "base/fault.h"
#include "base/id.h"

/* What a claim shows: its job, where that stands, since when. Owned by the running job, which outlives its claims. */
typedef struct {
    Id job;
    char *title;                    /* "Starting VM hello": for the log */
    char *told;                     /* the same, encoded: {job} of sentences */
    const char *step;               /* the name of the step it stands at; NULL between steps */
    Wall since;                     /* when that step began */
    gconstpointer command;          /* const Command *; NULL if this program does not know it */
} Claimant;

/* The claim of one user among others: "use:disk:<id>:<user's own>". Against "disk:<id>", and never against another's. */
#define CLAIMS_USE "use:"

typedef struct Claims Claims;
Claims *claims_new(void);
void claims_free(Claims *claims);
/* Takes every claim of WANTED (char *, "vm:<id>") or none: CONFLICT names the object (NAMED tells its name), the job, its step and since when. */
typedef char *(*ClaimName)(gpointer data, const char *claim);
gboolean claims_check(Claims *claims, const GPtrArray *wanted, ClaimName named, gpointer data, GError **error);
void claims_take(Claims *claims, const GPtrArray *wanted, const Claimant *by);     /* after claims_check, or at recovery */
void claims_drop(Claims *claims, const Claimant *by);
const Claimant *claims_find(Claims *claims, const char *claim);                     /* NULL: free */
guint claims_count(const Claims *claims);
