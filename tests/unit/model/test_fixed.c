/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What every installation has: it is there before anything is stored, clients find it by the ids they know, nobody changes it;
 * and what a first start adds to it, also where an older program began. */
#include "base/fault.h"
#include "model/changes.h"
#include "model/estate.h"
#include "model/fixed.h"
#include "model/guest_systems.h"
#include "model/instance_type.h"
#include "model/labels.h"
#include "model/levels.h"
#include "model/people.h"
#include "model/places.h"
#include "model/policies.h"
#include "model/template.h"

#include <string.h>

static gconstpointer
find(const View *view, const Type *type, const char *text)
{
    Id id;
    g_assert_true(id_parse(text, type->ids, &id));
    return view_find(view, type, &id);
}

static void
test_known(void)
{
    static const struct { const Type *type; const char *id, *name; } known[] = {
        { &template_type, "00000000-0000-0000-0000-000000000000", "Blank" }, { &tag_type, "00000000-0000-0000-0000-000000000000", "root" },
        { &role_type, "00000000-0000-0000-0000-000000000001", "SuperUser" }, { &role_type, "00000000-0000-0000-0001-000000000001", "UserRole" },
        { &group_type, "eee00000-0000-0000-0000-123456789eee", "Everyone" }, { &domain_type, "696E7465726E616C2D617574687A", "internal-authz" },
        { &operating_system_type, "0", "other" }, { &operating_system_type, "5", "other_linux" }, { &operating_system_type, "34", "rhel_9x64" },
        { &scheduling_policy_type, "b4ed2332-a7ac-4d5f-9596-99a439cb2812", "none" }, { &cluster_level_type, "4.7", "4.7" },
        { &mac_pool_type, "58ca604b-017d-0374-0220-00000000014e", "Default" },
        { &instance_type_type, "00000003-0003-0003-0003-0000000000be", "Tiny" }, { &instance_type_type, "0000000b-000b-000b-000b-00000000021f", "XLarge" },
        { &network_filter_type, "d2370ab4-fee3-11e9-a310-8c1645ce738e", "vdsm-no-mac-spoofing" },
    };
    Inventory *inventory = inventory_new();
    g_autoptr(View) view = inventory_view(inventory);
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        gconstpointer object = find(view, known[i].type, known[i].id);
        if (!object || g_strcmp0(object_text(object, "name"), known[i].name) != 0)
            g_error("%s %s is not '%s'", known[i].type->one, known[i].id, known[i].name);
    }
    g_assert_true(view_check(view, &error));
    g_assert_no_error(error);
    inventory_free(inventory);
}

/* SuperUser may everything there is, and no role is empty. */
static void
test_roles(void)
{
    g_autoptr(View) view = fixed_view();
    const Role *super = find(view, &role_type, PEOPLE_ROLE_SUPER_USER), *role;
    const ClusterLevel *level = find(view, &cluster_level_type, "4.7");
    g_assert_cmpuint(super->permits.count, ==, level->permits.count);
    for (ViewWalk walk = view_walk(view, &role_type); (role = view_next(&walk));) {
        g_assert_cmpuint(role->permits.count, >, 0);
        for (guint i = 0; i < role->permits.count; i++) {
            const RolePermit *permit = role->permits.items[i];
            g_assert_true(id_equal(&permit->role.id, &role->object.id));
            g_assert_true(list_find(&super->permits, &permit->object.id));
        }
    }
}

static void
check_refusal(Changes *changes, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(changes_seal(changes, &error));
    g_assert_cmpint(fault_of(error), ==, FAULT_CONFLICT);
    g_assert_nonnull(strstr(error->message, name));
}

static void
test_refused(void)
{
    Inventory *inventory = inventory_new();
    g_autoptr(View) view = inventory_view(inventory), empty = view_empty();
    g_autoptr(Changes) edit = changes_new(view, inventory), remove = changes_new(view, inventory), add = changes_new(empty, inventory);
    g_autoptr(Changes) look = changes_new(view, inventory);
    text_set(&((Template *) changes_edit(edit, &template_type, &id_null))->name, "White");
    check_refusal(edit, "'Blank'");
    changes_remove(remove, &tag_type, &id_null);
    check_refusal(remove, "'root'");
    Template *another = object_new(&template_type);
    another->name = g_strdup("Second");
    changes_add(add, another);
    check_refusal(add, "'Second'");
    g_assert_nonnull(changes_edit(look, &template_type, &id_null));
    g_assert_true(changes_seal(look, NULL));
    g_assert_true(changes_are_empty(look));
    inventory_free(inventory);
}

static void
test_blank(void)
{
    g_autoptr(View) view = fixed_view();
    const Template *blank = view_find(view, &template_type, &id_null);
    Vm *vm = object_new(&vm_type);
    vm_set_defaults(vm);
    for (const Field *row = template_type.fields; row->name; row++) {
        const Field *same = type_find(&vm_type, row->name);
        gboolean told = g_str_equal(row->name, "name") || g_str_equal(row->name, "description") || g_str_equal(row->name, "status");
        if (told || !same || same->kind != row->kind || row->kind == KIND_COLLECT || row->kind == KIND_CHILDREN)
            continue;
        Field there = *row;
        there.offset = 0;
        if (!field_equal(&there, (const char *) blank + row->offset, (const char *) vm + same->offset))
            g_error("Blank and a new VM differ in %s", row->name);
    }
    object_unref(vm);
}

/* --- the estate ----------------------------------------------------------------------------------------------------------------- */

static View *
stage(Inventory *inventory, View *head, guint64 installation, gboolean *ret_changed)
{
    const EstateHost host = { "n1", "test:///default" };
    const EstateWishes wishes = { .hosts = &host, .n_hosts = 1, .storage_path = "/nowhere", .installation = id_number(installation) };
    g_autoptr(Changes) changes = changes_new(head, inventory);
    g_autoptr(GError) error = NULL;
    estate_stage(changes, &wishes);
    g_assert_true(changes_seal(changes, &error));
    g_assert_no_error(error);
    *ret_changed = !changes_are_empty(changes);
    return changes_apply(changes);
}

/* Takes out what an older program did not write. */
static View *
as_it_was(Inventory *inventory, View *view)
{
    g_autoptr(Changes) changes = changes_new(view, inventory);
    const Object *object;
    for (ViewWalk walk = view_walk(view, &permission_type); (object = view_next(&walk));)
        changes_remove(changes, &permission_type, &object->id);
    for (ViewWalk walk = view_walk(view, &data_center_type); (object = view_next(&walk));)
        ((DataCenter *) changes_edit(changes, &data_center_type, &object->id))->mac_pool.id = id_null;
    for (ViewWalk walk = view_walk(view, &cluster_type); (object = view_next(&walk));)
        ((Cluster *) changes_edit(changes, &cluster_type, &object->id))->scheduling_policy.id = id_null;
    g_assert_true(changes_seal(changes, NULL));
    return changes_apply(changes);
}

static void
test_estate(void)
{
    Inventory *inventory = inventory_new();
    gboolean changed;
    g_autoptr(View) nothing = inventory_view(inventory);
    g_autoptr(View) first = stage(inventory, nothing, 1, &changed);
    g_autoptr(GError) error = NULL;
    g_assert_true(changed);
    g_assert_true(view_check(first, &error));
    g_assert_no_error(error);
    g_autoptr(View) second = stage(inventory, first, 2, &changed);
    g_assert_false(changed);
    Id installation = estate_installation(second), one = id_number(1);
    g_assert_true(id_equal(&installation, &one));
    g_autoptr(View) old = as_it_was(inventory, second);
    g_autoptr(View) third = stage(inventory, old, 3, &changed);
    g_assert_true(changed);
    g_assert_cmpuint(view_count(third, &permission_type), ==, 1);
    const Cluster *cluster = view_find_name(third, &cluster_type, "Default");
    g_assert_nonnull(view_find(third, &scheduling_policy_type, &cluster->scheduling_policy.id));
    installation = estate_installation(third);
    g_assert_true(id_equal(&installation, &one));
    installation = estate_installation(nothing);
    g_assert_true(id_is_null(&installation));
    inventory_free(inventory);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fixed/known", test_known);
    g_test_add_func("/fixed/roles", test_roles);
    g_test_add_func("/fixed/refused", test_refused);
    g_test_add_func("/fixed/blank", test_blank);
    g_test_add_func("/fixed/estate", test_estate);
    return g_test_run();
}
