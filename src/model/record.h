/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What happened and what is being done: events, jobs with their steps, and the users who did it. Events and jobs hold a
 * message (code + arguments); their English text is written when the object is made and told anew per language by api. */
#pragma once

#include "schema/type.h"

#define SEVERITY(N, E) N(E, NORMAL, "normal") N(E, WARNING, "warning") N(E, ERROR, "error") N(E, ALERT, "alert")
NAMES_ENUM(Severity, SEVERITY, SEVERITY);
extern const Names severity_names;

typedef struct {                        /* id: ID_NUMBER, growing */
    Object object;
    gint64 index, code, time, custom_id, flood_rate;
    int severity;
    char *description, *correlation_id, *origin, *custom_data, *comment, *name;
    char *message;                      /* SECRET: encoded Message */
    Ref vm, host, user, cluster, data_center, storage_domain, template_;
} Event;

#define JOB_STATUS(N, E) N(E, STARTED, "started") N(E, FINISHED, "finished") N(E, FAILED, "failed") N(E, ABORTED, "aborted") N(E, UNKNOWN, "unknown")
NAMES_ENUM(JobStatus, JOB_STATUS, JOB);
extern const Names job_status_names;

typedef struct {
    Object object;
    char *description, *comment, *name; /* the step's own name: "start domain" */
    int status;                         /* JobStatus */
    char *type;                         /* "validating" "executing" "finalizing" */
    gint64 number, start_time, end_time, progress;
    gboolean external;
    Ref job, parent_step;
} JobStep;

typedef struct {
    Object object;
    char *description, *comment, *name; /* "Starting VM web1" */
    int status;
    gint64 start_time, end_time, last_updated;
    gboolean auto_cleared, external;
    Ref owner;                          /* user */
    List steps;                         /* JobStep children */
    char *correlation_id;
    char *fault;                        /* why it failed, as text for people; absent while well. Ours, beyond oVirt */
    char *fault_message;                /* SECRET: encoded Message */
    char *message;                      /* SECRET: encoded Message of the description */
    Ref vm, disk;                       /* ours: what it works on, for links in UIs */
    /* the journal, SECRET */
    char *command;                      /* "vm.start" */
    char *marks;                        /* JSON object of strings: what was chosen beforehand and what steps found */
    Words claims;                       /* "vm:<id>" … */
    gint64 phase;                       /* JobPhase of job/job.h */
    gint64 at;                          /* the step it stands at */
} Job;

typedef struct {
    Object object;
    char *name, *last_name, *user_name, *principal, *namespace_, *email, *department, *domain_entry_id;
    gboolean logged_in;
    char *domain_name;                  /* SECRET */
    Ref domain;
    char *password;                     /* SECRET: the password's hash (scrypt, "scrypt$N$r$p$salt$hash" base64) */
    gint64 password_time;               /* SECRET: Wall; of the file it came from */
} User;

extern const Type event_type, job_type, job_step_type, user_type;
