/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first view of every inventory. Made once a process: inventories share its chunks as views do. Which objects there are is
 * said where their types are; here is only the list of those places. */
#include "model/fixed.h"

#include "model/guest_systems.h"
#include "model/instance_type.h"
#include "model/labels.h"
#include "model/levels.h"
#include "model/people.h"
#include "model/policies.h"
#include "model/template.h"

static View *
make(void)
{
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func((GDestroyNotify) object_unref);
    g_autoptr(View) empty = view_empty();
    guest_systems_add_fixed(objects);
    instance_type_add_fixed(objects);
    labels_add_fixed(objects);
    levels_add_fixed(objects);
    people_add_fixed(objects);
    policies_add_fixed(objects);
    template_add_fixed(objects);
    g_autofree gboolean *remove = g_new0(gboolean, objects->len);
    return view_with(empty, objects->pdata, remove, objects->len);
}

static View *
get(void)
{
    static gsize made = 0;
    if (g_once_init_enter(&made))
        g_once_init_leave(&made, (gsize) make());
    return (View *) made;
}

View *
fixed_view(void)
{
    return view_ref(get());
}

gboolean
fixed_has(const Type *type, const Id *id)
{
    return view_find(get(), type, id) != NULL;
}
