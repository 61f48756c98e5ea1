/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The sentences of a job: title and events with the names they need. Writer only. */
#pragma once

#include "job/command.h"

/* Keeps the target's name and its VM's as marks, so that later sentences have them when the objects are gone. CHANGES: after staging. */
void wording_keep_names(Work *work, Changes *changes);
/* CODE told of WORK; WHY: what {why} says, or NULL. Names come from VIEW. Yours. */
Message *wording_message(const Work *work, const View *view, MessageCode code, const char *why);
/* What an event of this job is about. The ids it points at live in RET, inside KEPT. */
typedef struct { Id vm, host, cluster, user; } AboutIds;
EventAbout wording_about(const Work *work, const View *view, AboutIds *kept);
