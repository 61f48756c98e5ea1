/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Prints what a guest would read: print_seed user-data|meta-data|network-config|unattend|image, of the <vm> in XML on standard input, whose
 * `initialization` and `nics` are taken as they stand. For tests that have readers of their own. */
#include "command/initializations.h"
#include "command/seed_cloud.h"
#include "command/seed_windows.h"
#include "host/seed.h"
#include "schema/read.h"

#include <stdio.h>
#include <string.h>

static Vm *
read_vm(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    char block[4096];
    for (gsize length; (length = fread(block, 1, sizeof(block), stdin)) > 0;)
        g_string_append_len(text, block, (gssize) length);
    g_autoptr(Draft) draft = read_xml(&vm_type, text->str, text->len, (ReadOptions) { 0 }, &error);
    if (!draft || !initializations_check(draft, "vm", FALSE, &error)) {
        fprintf(stderr, "%s\n", error->message);
        return NULL;
    }
    Vm *vm = object_new(&vm_type);
    vm->object.id = id_named(&id_null, "vm");
    draft_apply(draft, vm, ADD);
    const Vm *sent = draft->record;
    for (guint i = 0; i < sent->nics.count; i++)
        list_add(&vm->nics, object_dup(sent->nics.items[i]));
    return vm;
}

static void
print_image(const char *user_data, const char *meta_data)
{
    gsize length;
    const SeedFile files[] = { { "user-data", user_data, strlen(user_data) }, { "meta-data", meta_data, strlen(meta_data) } };
    g_autoptr(GBytes) image = seed_image("cidata", files, 2);
    const char *bytes = g_bytes_get_data(image, &length);
    fwrite(bytes, 1, length, stdout);
}

int
main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    Vm *vm = read_vm();
    if (!vm)
        return 1;
    g_autofree char *user_data = seed_cloud_user_data(vm), *network = seed_cloud_network(vm);
    g_autofree char *meta_data = seed_cloud_meta_data(vm, user_data, network), *answers = seed_windows_unattend(vm);
    if (strcmp(what, "image") == 0)
        print_image(user_data, meta_data);
    else
        fputs(strcmp(what, "user-data") == 0 ? user_data : strcmp(what, "meta-data") == 0 ? meta_data : strcmp(what, "unattend") == 0 ? answers : network ? network : "", stdout);
    object_unref(vm);
    return 0;
}
