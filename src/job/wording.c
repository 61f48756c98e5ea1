/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Gathers the arguments of a job's sentences: names of the target, its VM, its host, the user. Knows no command. */
#include "job/wording.h"

#include <string.h>

#define ABOUT "about."

static const char *
about(const Work *work, const char *argument)
{
    g_autofree char *mark = g_strconcat(ABOUT, argument, NULL);
    return work_mark(work, mark);
}

static gconstpointer
find_target(const Work *work, Changes *changes)
{
    const Type *on = work->command->on;
    if (!on->parent)
        return changes_find(changes, on, &work->target);
    gconstpointer owner = changes_find(changes, on->parent, &work->parent);
    for (const Field *row = on->parent->fields; owner && row->name; row++) {
        if (row->kind == KIND_CHILDREN && row->of == on)
            return list_find((const List *) ((const char *) owner + row->offset), &work->target);
    }
    return NULL;
}

static char *
name_of(const Work *work, gconstpointer target)
{
    g_autofree char *name = target ? object_name(target) : NULL;
    if (name && *name)
        return g_steal_pointer(&name);
    /* The parameters of an action are no object and begin with no type. */
    const char *sent = work->draft && work->draft->type->path ? object_text(work->draft->record, "name") : NULL;
    return g_strdup(sent ? sent : "");
}

void
wording_keep_names(Work *work, Changes *changes)
{
    if (!about(work, "name")) {
        g_autofree char *name = name_of(work, find_target(work, changes));
        work_set_about(work, "name", name);
    }
    const Type *owner_type = work->command->on->parent;
    gconstpointer owner = owner_type && !about(work, owner_type->one) ? changes_find(changes, owner_type, &work->parent) : NULL;
    if (owner) {
        g_autofree char *name = object_name(owner);
        work_set_about(work, owner_type->one, name);
    }
}

static const Vm *
find_vm(const Work *work, const View *view)
{
    const Id *id = work->command->on == &vm_type ? &work->target : work->command->on->parent == &vm_type ? &work->parent : NULL;
    return id ? view_find(view, &vm_type, id) : NULL;
}

static gboolean
find_host(const Work *work, const View *view, Id *ret_host)
{
    if (work_mark_id(work, "host", ret_host))
        return TRUE;
    const Vm *vm = find_vm(work, view);
    if (!vm || id_is_null(&vm->home.id))
        return FALSE;
    *ret_host = vm->home.id;
    return TRUE;
}

typedef struct {
    GPtrArray *pairs;               /* name, value, borrowed or in `owned` */
    GPtrArray *owned;
} Pairs;

static void
add_pair(Pairs *pairs, const char *name, const char *value)
{
    for (guint i = 0; i < pairs->pairs->len; i += 2) {
        if (g_str_equal(pairs->pairs->pdata[i], name))
            return;                 /* the first one given wins */
    }
    g_ptr_array_add(pairs->pairs, (gpointer) name);
    g_ptr_array_add(pairs->pairs, (gpointer) (value ? value : ""));
}

static void
add_object(Pairs *pairs, const char *name, gconstpointer object)
{
    char *text = object ? object_name(object) : NULL;
    if (text)
        g_ptr_array_add(pairs->owned, text);
    add_pair(pairs, name, text);
}

static void
add_marks(const Work *work, Pairs *pairs)
{
    GHashTableIter iter;
    gpointer name, value;
    g_hash_table_iter_init(&iter, work->marks);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (g_str_has_prefix(name, ABOUT))
            add_pair(pairs, (const char *) name + strlen(ABOUT), value);
    }
}

static void
add_user(const Work *work, const View *view, Pairs *pairs)
{
    const User *user = view_find(view, &user_type, &work->user);
    add_pair(pairs, "user", !user ? "" : user->principal ? user->principal : user->user_name ? user->user_name : user->name);
}

Message *
wording_message(const Work *work, const View *view, MessageCode code, const char *why)
{
    static const char *const always[] = { "vm", "disk", "nic", "host", "storage_domain", "template", "network" };
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(g_free);
    Pairs pairs = { list, owned };
    Id host;
    add_marks(work, &pairs);
    add_pair(&pairs, work->command->on->one, about(work, "name"));
    add_pair(&pairs, "type", work->command->on->one);
    add_pair(&pairs, "why", why);
    add_user(work, view, &pairs);
    if (find_host(work, view, &host))
        add_object(&pairs, "host", view_find(view, &host_type, &host));
    for (guint i = 0; i < G_N_ELEMENTS(always); i++)
        add_pair(&pairs, always[i], "");
    g_ptr_array_add(list, NULL);
    return message_new_pairs(code, (const char *const *) list->pdata);
}

EventAbout
wording_about(const Work *work, const View *view, AboutIds *kept)
{
    EventAbout told = { .correlation = work->correlation };
    const Vm *vm = find_vm(work, view);
    if (vm) {
        kept->vm = vm->object.id;
        kept->cluster = vm->cluster.id;
        told.vm = &kept->vm;
        told.cluster = &kept->cluster;
    }
    if (find_host(work, view, &kept->host))
        told.host = &kept->host;
    if (!id_is_null(&work->user)) {
        kept->user = work->user;
        told.user = &kept->user;
    }
    return told;
}
