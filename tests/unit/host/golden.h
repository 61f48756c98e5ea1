/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the golden tests of domain_xml share: a world that answers its questions, a VM told as lines, what differs between two
 * documents told by their tags, and libvirt's own schema as judge. */
#pragma once

#include "host/domain_xml.h"

#define GOLDEN_NETWORK "5ca1ab1e-0000-4000-8000-00000000000a"   /* a vNIC profile: "network:default" */
#define GOLDEN_BRIDGE "5ca1ab1e-0000-4000-8000-00000000000b"    /* "bridge:br9" */

char *golden_folder(const char *below);                 /* of tests/golden/domain_xml; yours */
char *golden_beside(const char *path, const char *from, const char *to);    /* PATH with another suffix; yours */

char *golden_text(const char *path);                    /* a file; yours */
DomainFacts *golden_read(const char *xml);              /* it must be readable */
/* What it says of itself is no change, whoever made it. */
void golden_check_unmoved(const char *xml, const DomainWorld *world);

/* Disks lie in /srv/store/<id>; those whose id begins with "ra" are raw, with "5a" raw and shareable. ISOs lie in /srv/iso. */
void golden_world(DomainWorld *ret_world, const Host *host, const char *job);

/* Every row of OBJECT that says something, `path=value` a line, SECRET ones and children too. Yours. */
char *golden_tell(const Type *type, gconstpointer object);
char *golden_tell_facts(const DomainFacts *facts);

/* What of BEFORE is gone and what AFTER has instead, a line a tag with what stands behind it up to the next tag; then every removed or
 * changed tag must lie in one of the elements of MAY ("domain/memory", a list with blanks; "=domain/devices": that very tag, not what
 * is in it), else the test ends. Yours. */
char *golden_differences(const char *before, const char *after, const char *may);

/* Does libvirt's schema accept it? *RET_SAID is the first complaint. Where the schema is not installed golden_has_schema() is FALSE. */
gboolean golden_has_schema(void);
gboolean golden_is_valid(const char *xml, char **ret_said);
/* An edit: the first host device goes where there is one; one of each kind comes. */
gboolean golden_host_devices(Vm *vm);
/* Another: two nodes, the second pinned. FALSE: it cannot be divided. */
gboolean golden_numa_nodes(Vm *vm);
#define GOLDEN_PINS " domain/vcpu domain/cputune =domain domain/numatune"
gboolean golden_bind(Vm *vm);                                     /* each thread to a CPU, its memory to a node */
gboolean golden_unbind(Vm *vm);                                   /* FALSE: it is not */
gboolean golden_room_for_memory(Vm *vm);
gboolean golden_shared_folders(Vm *vm);
gboolean golden_console_log(Vm *vm);
gboolean golden_other_console_log(Vm *vm);                        /* FALSE: there is none */
