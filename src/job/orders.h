/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a job orders while it is under way: other commands, each of which becomes a job of its own, with its own claims, journal and end,
 * and the ordering job's id as its correlation. That is how it is found again after a crash: what stands here is forgotten with the
 * process. Asked and told by steps, on workers; the answers come in the writer's thread. */
#pragma once

#include "job/command.h"

typedef enum { ORDER_NONE, ORDER_GIVEN, ORDER_DONE, ORDER_FAILED } OrderState;

/* The way to the engine, which fills it. DONE as EngineDone of job/engine.h, once, when the job has ended or was refused. */
typedef void (*OrderEnded)(gpointer data, gconstpointer object, const Id *job, const GError *error);
typedef struct {
    void (*submit)(gpointer data, Work *take, OrderEnded done, gpointer order);
    void (*tell)(gpointer data, Severity severity, Message *take, const EventAbout *about);     /* an event, soon */
    gpointer data;
} OrdersDoor;

Orders *orders_new(const OrdersDoor *door);
void orders_unref(Orders *orders);          /* NULL is fine; an answer may still be on its way */

/* Orders COMMAND of TARGET, in the name of who wanted WORK. The last one of a target is remembered. */
void orders_give(Work *work, const Command *command, const Id *target);
/* How the last one of TARGET stands; RET_WHY, if it is not NULL: why it FAILED, yours. RET_SINCE: since when it stands so. */
OrderState orders_state(const Work *work, const Id *target, Tick *ret_since, GError **ret_why);
/* An event about the VM, or, where it is NULL, about the host of the work's mark. */
void orders_tell(Work *work, Severity severity, Message *take, const Vm *vm);
/* The newest job of COMMAND upon the VM that this work has ordered, in this life or an earlier one; NULL: none. Walks all jobs. */
const Job *orders_find_job(const Work *work, const Command *command, const Id *vm);
