/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of events, jobs, their steps, and users. */
#include "model/record.h"

#include "model/people.h"
#include "model/places.h"
#include "model/storage.h"
#include "model/template.h"

NAMES_TABLE(severity_names, SEVERITY);
NAMES_TABLE(job_status_names, JOB_STATUS);

/* clang-format off */
const Type event_type = { .one = "event", .many = "events", .path = "events", .size = sizeof(Event), .ids = ID_NUMBER, .help = "Something that happened.", .fields = (const Field[]) {
    INT (Event, index,          FIND,                "Its number."),
    INT (Event, code,           ADD | FIND | SHOW,   "oVirt's number of its kind."),
    TIME(Event, time,           FIND | SHOW,         "When."),
    ENUM(Event, severity, severity_names, ADD | FIND | SHOW, "How bad."),
    TEXT(Event, description,    ADD | FIND | SHOW | NEED, "What."),
    TEXT(Event, correlation_id, FIND,                "Of the request that led to it."),
    TEXT(Event, origin,         ADD | FIND,          "Who says so."),
    INT (Event, custom_id,      ADD | FIND | OPT,    "The sender's own number."),
    INT (Event, flood_rate,     ADD | OPT,           "Seconds in which it is told once."),
    TEXT(Event, custom_data,    ADD,                 "The sender's own data."),
    TEXT(Event, comment,        0,                   "For people."),
    TEXT(Event, name,           0,                   "Its name."),
    TEXT(Event, message,        SECRET,              "Code and arguments."),
    REF (Event, vm, vm_type, ADD,                    "About which VM."),
    REF (Event, host, host_type, ADD,                "About which host."),
    REF (Event, user, user_type, 0,                  "By whom."),
    REF (Event, cluster, cluster_type, ADD,          "About which cluster."),
    REF (Event, data_center, data_center_type, ADD,  "About which data center."),
    REF (Event, storage_domain, storage_domain_type, ADD, "About which storage domain."),
    NAMED("template", KIND_REF, Event, template_, Ref, &template_type, ADD, "About which template."),
    { 0 } } };

const Type job_step_type = { .one = "step", .many = "steps", .path = "steps", .size = sizeof(JobStep), .parent = &job_type, .help = "A step of a job.", .fields = (const Field[]) {
    TEXT(JobStep, description, ADD | SHOW,      "What is done."),
    TEXT(JobStep, comment,     0,               "For people."),
    TEXT(JobStep, name,        0,               "The step's own name."),
    ENUM(JobStep, status, job_status_names, SHOW, "How far."),
    TEXT(JobStep, type,        ADD,             "validating, executing or finalizing."),
    INT (JobStep, number,      0,               "Its place."),
    TIME(JobStep, start_time,  0,               "Since when."),
    TIME(JobStep, end_time,    0,               "Until when."),
    INT (JobStep, progress,    OPT,             "Percent."),
    BOOL(JobStep, external,    0,               "Of somebody else."),
    REF (JobStep, job, job_type, 0,             "Its job."),
    REF (JobStep, parent_step, job_step_type, ADD, "The step around it."),
    EMPTY("statistics", "statistics"),
    { 0 } } };

const Type job_type = { .one = "job", .many = "jobs", .path = "jobs", .size = sizeof(Job), .help = "Work in progress, or lately done.", .fields = (const Field[]) {
    TEXT (Job, description,    ADD | FIND | SHOW, "What is done."),
    TEXT (Job, comment,        0,                "For people."),
    TEXT (Job, name,           0,                "Its name."),
    ENUM (Job, status, job_status_names, FIND | SHOW, "How far."),
    TIME (Job, start_time,     SHOW,             "Since when."),
    TIME (Job, end_time,       0,                "Until when."),
    TIME (Job, last_updated,   0,                "When it last moved."),
    BOOL (Job, auto_cleared,   ADD,              "Goes away by itself."),
    BOOL (Job, external,       0,                "Of somebody else."),
    REF  (Job, owner, user_type, 0,              "Who wanted it."),
    TEXT (Job, correlation_id, FIND,             "Of the request that led to it."),
    TEXT (Job, fault,          0,                "Why it failed."),
    TEXT (Job, fault_message,  SECRET,           "Why, code and arguments."),
    TEXT (Job, message,        SECRET,           "What, code and arguments."),
    REF  (Job, vm, vm_type, 0,                   "The VM it works on."),
    REF  (Job, disk, disk_type, 0,               "The disk it works on."),
    TEXT (Job, command,        SECRET,           "Its verb."),
    TEXT (Job, marks,          SECRET,           "What was chosen beforehand."),
    WORDS(Job, claims, "claim", SECRET,          "What it holds."),
    INT  (Job, phase,          SECRET,           "Where it stands."),
    INT  (Job, at,             SECRET,           "At which step."),
    CHILDREN(Job, steps, job_step_type, 0,       "Its steps."),
    { 0 } } };

const Type user_type = { .one = "user", .many = "users", .path = "users", .size = sizeof(User), .help = "A person or program that logs in.", .fields = (const Field[]) {
    TEXT(User, name,          FIND | SHOW,       "Given name."),
    TEXT(User, last_name,     FIND,              "Family name."),
    TEXT(User, user_name,     ADD | FIND | SHOW, "name@domain."),
    TEXT(User, principal,     ADD,               "The name alone."),
    NAMED("namespace", KIND_TEXT, User, namespace_, char *, NULL, ADD, "*."),
    TEXT(User, email,         FIND,              "Where to write."),
    TEXT(User, department,    FIND,              "Where they work."),
    TEXT(User, domain_entry_id, 0,               "Their id in the directory."),
    BOOL(User, logged_in,     LIVE,              "Here now."),
    TEXT(User, domain_name,   SECRET,            "Name of the domain."),
    REF (User, domain, domain_type, ADD | INLINE, "Where they come from."),
    TEXT(User, password,      SECRET,            "The password's hash."),
    TIME(User, password_time, SECRET,            "When the file it came from was changed."),
    EMPTY("groups", "groups"), EMPTY("options", "options"), COLLECT("permissions", permission_type, "user"), EMPTY("roles", "roles"),
    EMPTY("ssh_public_keys", "sshpublickeys"), EMPTY("tags", "tags"), EMPTY("event_subscriptions", "eventsubscriptions"),
    { 0 } } };
/* clang-format on */
