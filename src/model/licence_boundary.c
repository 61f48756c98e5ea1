/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows of licence boundaries. */
#include "model/licence_boundary.h"

#include "model/places.h"
#include "model/record.h"

/* clang-format off */
static const Type exception_type = { .one = "boundary_exception", .many = "boundary_exceptions", .size = sizeof(BoundaryException), .fields = (const Field[]) {
    TEXT(BoundaryException, reason, 0,           "Why."),
    TIME(BoundaryException, until, 0,            "Until when it holds."),
    REF (BoundaryException, user, user_type, 0,  "Who made the exception."),
    REF (BoundaryException, vm, vm_type, 0,      "For which VM."),
    { 0 } } };

const Type licence_boundary_type = { .one = "licence_boundary", .many = "licence_boundaries", .path = "licenceboundaries", .size = sizeof(LicenceBoundary),
    .help = "The cores of a host that a product is licensed for.", .fields = (const Field[]) {
    TEXT(LicenceBoundary, name,        ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT(LicenceBoundary, description, ADD | SET | FIND,               "For people."),
    TEXT(LicenceBoundary, comment,     ADD | SET | FIND,               "For people."),
    TEXT(LicenceBoundary, product,     ADD | SET | FIND | SHOW | NEED, "What its VMs have, as products.json names it: EE, SE2 …"),
    TEXT(LicenceBoundary, cpu_set,     ADD | SET | SHOW | NEED,        "Its cores: CPUs of the host, as 0-3,8; of a core all threads."),
    INT (LicenceBoundary, licences,    ADD | SET | SHOW | OPT,         "How many licences are owned."),
    BOOL(LicenceBoundary, keep_others_off, ADD | SET,                  "VMs that are not in it are not bound to its cores."),
    REF (LicenceBoundary, host, host_type, ADD | FIND | SHOW | NEED,   "The host whose cores they are."),
    LIST(LicenceBoundary, exceptions, exception_type, OPT,             "VMs that may leave it for a while."),
    COLLECT("vms", vm_type, "licence_boundary"),
    { 0 } } };
/* clang-format on */
