/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The house's own wishes: it looks at what changes, and submits the commands people do. Nobody is asked and nobody waits; what it did
 * stands in the same event log. Lives in the writer's thread and never blocks it. Made and ended by daemon/shikiri.c. */
#pragma once

#include "job/engine.h"

typedef struct Policy Policy;

typedef struct {
    Engine *engine;
    Loop *loop;                     /* the writer's */
    Tick beat;                      /* of looking; 0: a second. Tests have less */
} PolicyParts;

Policy *policy_new(const PolicyParts *parts);       /* borrows all parts; after engine_start, in the writer's thread */
void policy_stop(Policy *policy);                   /* no more wishes; before engine_stop. NULL is fine */
void policy_free(Policy *policy);                   /* after engine_stop: an answer may still come before. NULL is fine */
