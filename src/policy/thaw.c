/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * No guest stays frozen because somebody forgot it: each freeze has an end, which stands in its VM. When that has come, or the manager
 * begins another life, its file systems are thawed; a guest that does not answer is asked again, less and less often, as long as
 * there is one. What the manager's dead process froze nobody can be waiting for. */
#include "policy/policy_parts.h"

#define FIRST_PAUSE 5               /* beats until one that failed is tried again, twice as long each time, */
#define LAST_PAUSE 600              /* up to this */
#define MOST_ASKED 8                /* guests at once: there is room for so many whatever else guests are asked (command/guests.c) */

typedef struct {
    Thaw *thaw;
    Id vm;
    Wall until;                     /* as it stood in the VM when we saw it */
    Tick due;
    guint pause;                    /* beats */
    gboolean asked;                 /* a command is under way */
} Frozen;

struct Thaw {
    Policy *policy;
    GHashTable *frozen;             /* Id in Frozen → Frozen *, owned */
    guint asked;                    /* of them, now */
};

Thaw *
thaw_new(Policy *policy)
{
    Thaw *thaw = g_new0(Thaw, 1);
    thaw->policy = policy;
    thaw->frozen = g_hash_table_new_full(id_hash, id_equal_key, NULL, g_free);
    return thaw;
}

void
thaw_free(Thaw *thaw)
{
    if (!thaw)
        return;
    g_hash_table_unref(thaw->frozen);
    g_free(thaw);
}

static Tick
beats(const Thaw *thaw, guint count)
{
    Tick beat = thaw->policy->parts.beat;
    return (beat > 0 ? beat : CLOCK_SECOND) * count;
}

/* The wall's time may jump: how long it still is counts from when we saw it. */
static void
set_end(Frozen *frozen, const Vm *vm, gboolean begins)
{
    frozen->until = vm->frozen_until;
    frozen->due = clock_tick() + (begins ? 0 : MAX(vm->frozen_until - clock_wall(), 0));
    frozen->pause = FIRST_PAUSE;
}

void
thaw_see(Thaw *thaw, const Vm *vm, gboolean begins)
{
    Frozen *frozen = g_hash_table_lookup(thaw->frozen, &vm->object.id);
    if (!vm->frozen_until && frozen && !frozen->asked)
        g_hash_table_remove(thaw->frozen, &vm->object.id);
    if (!vm->frozen_until)
        return;
    if (!frozen) {
        frozen = g_new0(Frozen, 1);
        frozen->thaw = thaw;
        frozen->vm = vm->object.id;
        g_hash_table_insert(thaw->frozen, &frozen->vm, frozen);
    }
    if (frozen->until != vm->frozen_until)
        set_end(frozen, vm, begins);
}

static const Vm *
find_vm(View *view, const Id *id)
{
    const Vm *vm = view_find(view, &vm_type, id);
    return vm && vm->frozen_until ? vm : NULL;
}

static void
thawed(gpointer data, gconstpointer object, const Id *job, const GError *error)
{
    Frozen *frozen = data;
    (void) object;
    (void) job;
    frozen->asked = FALSE;
    frozen->thaw->asked--;
    if (!error) {
        frozen->due = clock_tick();     /* the next beat sees whether it is thawed */
        return;
    }
    frozen->due = clock_tick() + beats(frozen->thaw, frozen->pause);
    frozen->pause = MIN(2 * frozen->pause, LAST_PAUSE);
}

/* One that stands still, or whose host is away, is left until it can hear; of one that has ended the freeze is forgotten. */
static gboolean
can_be_asked(View *view, const Vm *vm)
{
    const Host *home = view_find(view, &host_type, &vm->home.id);
    gboolean hears = vm->status == VM_UP || vm->status == VM_POWERING_UP || vm->status == VM_POWERING_DOWN || vm->status == VM_REBOOT_IN_PROGRESS;
    return vm->status == VM_DOWN || (hears && home && (home->status == HOST_UP || home->status == HOST_MAINTENANCE));
}

void
thaw_beat(Thaw *thaw)
{
    g_autoptr(View) view = inventory_view(engine_inventory(thaw->policy->parts.engine));
    GHashTableIter iter;
    Frozen *frozen;
    g_hash_table_iter_init(&iter, thaw->frozen);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &frozen)) {
        const Vm *vm = find_vm(view, &frozen->vm);
        if (frozen->asked)
            continue;
        if (!vm) {
            g_hash_table_iter_remove(&iter);
        } else if (thaw->asked < MOST_ASKED && clock_tick() >= frozen->due && can_be_asked(view, vm)) {
            frozen->asked = TRUE;
            thaw->asked++;
            policy_submit(thaw->policy, "thawfilesystems", &vm_type, &frozen->vm, TRUE, thawed, frozen);
        }
    }
}

gboolean
thaw_waits(const Thaw *thaw)
{
    return g_hash_table_size(thaw->frozen) > 0;
}
