/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Notes: what is written is read, the same object gives the same text, and nothing that anybody else might have put there is believed. */
#include "catalogue/note.h"

#include "base/text.h"
#include "model/places.h"
#include "schema/body.h"

#include <string.h>

static View *view;

static void
put(gpointer take)
{
    gpointer objects[] = { take };
    gboolean remove[] = { FALSE };
    View *next = view_with(view, objects, remove, 1);
    view_unref(view);
    view = next;
    object_unref(take);
}

static Disk *
make_disk(const char *word)
{
    Disk *disk = object_new(&disk_type);
    disk->object.id = id_named(&id_null, word);
    disk->alias = g_strdup(word);
    disk->status = DISK_LOCKED;
    disk->format = DISK_FORMAT_COW;
    disk->provisioned_size = 1 << 20;
    disk->actual_size = 12345;
    disk->path = g_strdup("/etc/shadow");
    StorageDomainRef *in = g_new0(StorageDomainRef, 1);
    in->storage_domain.id = id_named(&id_null, "storage");
    list_add(&disk->storage_domains, in);
    return disk;
}

static Vm *
make_vm(void)
{
    Vm *vm = object_new(&vm_type);
    vm->object.id = id_named(&id_null, "vm");
    vm->name = g_strdup("web\n\"ü\"");
    vm->memory = 1 << 30;
    vm->locked = TRUE;
    vm->home.id = id_named(&id_null, "host");
    Nic *nic = object_new(&nic_type);
    nic->object.id = id_named(&id_null, "nic");
    nic->vnic_profile.id = id_named(&id_null, "profile");
    nic->mac.address = g_strdup("52:54:00:00:00:01");
    list_add(&vm->nics, nic);
    for (guint i = 0; i < 2; i++) {
        DiskAttachment *attachment = object_new(&disk_attachment_type);
        attachment->object.id = attachment->disk.id = id_named(&id_null, i ? "data" : "root");
        attachment->interface = DISK_INTERFACE_VIRTIO;
        list_add(&vm->disk_attachments, attachment);
    }
    return vm;
}

static void
open_view(void)
{
    view = view_empty();
    Network *network = object_new(&network_type);
    network->object.id = id_named(&id_null, "network");
    network->name = g_strdup("lan");
    put(network);
    VnicProfile *profile = object_new(&vnic_profile_type);
    profile->object.id = id_named(&id_null, "profile");
    profile->name = g_strdup("fast");
    profile->network.id = id_named(&id_null, "network");
    put(profile);
    put(make_disk("root"));
    put(make_disk("data"));
}

static void
close_view(void)
{
    g_clear_pointer(&view, view_unref);
}

/* --- well ------------------------------------------------------------------------------------------------------------------------------ */

static void
test_names(void)
{
    Id id = id_random(), there;
    const Type *type;
    g_autofree char *vm = note_name(&vm_type, &id), *disk = note_name(&disk_type, &id);
    g_assert_true(note_parse_name(vm, &type, &there) && type == &vm_type && id_equal(&id, &there));
    g_assert_true(note_parse_name(disk, &type, &there) && type == &disk_type && id_equal(&id, &there));
    static const char *const bad[] = { "", "vm", "vm-", "vm-1", "domain", "nic-00000000-0000-4000-8000-000000000001", "vm.00000000-0000-4000-8000-000000000001" };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(note_parse_name(bad[i], &type, &there));
}

static void
test_vm(void)
{
    GError *error = NULL;
    g_auto(NoteVm) note = { NULL, NULL, NULL, NULL, FALSE };
    open_view();
    Vm *vm = make_vm();
    g_autofree char *text = note_write_vm(view, vm, "<domain>\n  <name>web</name>\n</domain>\n", TRUE), *again = note_write_vm(view, vm, "<domain>\n  <name>web</name>\n</domain>\n", TRUE);
    g_assert_cmpstr(text, ==, again);
    g_assert_true(note_read_vm(text, &vm->object.id, &note, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(note.vm->name, ==, vm->name);
    g_assert_cmpint(note.vm->memory, ==, vm->memory);
    g_assert_false(note.vm->locked);
    g_assert_true(id_is_null(&note.vm->home.id));
    g_assert_true(note.variables);
    g_assert_cmpstr(note.xml, ==, "<domain>\n  <name>web</name>\n</domain>\n");
    g_assert_cmpuint(note.disks->len, ==, 2);
    const Disk *root = note.disks->pdata[0];
    g_assert_cmpstr(root->alias, ==, "root");
    g_assert_null(root->path);
    g_assert_cmpint(root->status, ==, DISK_OK);
    g_assert_cmpint(root->actual_size, ==, 0);
    const NoteNic *nic = note.nics->pdata[0];
    g_assert_cmpstr(nic->network, ==, "lan");
    g_assert_cmpstr(nic->profile, ==, "fast");
    object_unref(vm);
    close_view();
}

static void
test_disk(void)
{
    GError *error = NULL;
    Disk *disk = make_disk("floating");
    g_autofree char *text = note_write_disk(disk);
    Disk *read = note_read_disk(text, &disk->object.id, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(read->alias, ==, "floating");
    g_assert_cmpint(read->format, ==, DISK_FORMAT_COW);
    g_assert_null(read->path);
    object_unref(read);
    Id other = id_random();
    g_assert_null(note_read_disk(text, &other, &error));
    g_assert_error(error, SHIKIRI_FAULT, FAULT_CONFLICT);
    g_clear_error(&error);
    object_unref(disk);
}

/* --- not well ----------------------------------------------------------------------------------------------------------------------------- */

static void
refused(const char *text, const Id *id, const char *reason)
{
    g_autoptr(GError) error = NULL;
    g_auto(NoteVm) note = { NULL, NULL, NULL, NULL, FALSE };
    g_assert_false(note_read_vm(text, id, &note, &error));
    g_assert_nonnull(error);
    if (!strstr(error->message, reason))
        g_error("refused with '%s' and not '%s'", error->message, reason);
}

static char *
sealed(const char *rest)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, rest, -1);
    return g_strconcat("# sha256 ", sum, "\n", rest, NULL);
}

/* Cut at any place, or with any byte changed, it is no note. */
static void
test_torn(void)
{
    open_view();
    Vm *vm = make_vm();
    g_autofree char *text = note_write_vm(view, vm, NULL, FALSE);
    for (gsize length = 0; length < strlen(text); length += 7) {
        g_autofree char *cut = g_strndup(text, length);
        refused(cut, &vm->object.id, "cut short or was changed");
    }
    for (gsize at = 0; at < strlen(text); at += 5) {
        g_autofree char *changed = g_strdup(text);
        changed[at] ^= 1;
        refused(changed, &vm->object.id, "cut short or was changed");
    }
    object_unref(vm);
    close_view();
}

static char *
note_of_body(const Id *id, const char *body)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *rest = g_strdup_printf("[catalogue]\nformat=1\nkind=vm\nid=%s\nbody=%s\n", id_format(id, ID_UUID, text), body);
    return sealed(rest);
}

static char *
body_of(const Vm *vm)
{
    g_auto(Text) body = TEXT_EMPTY;
    body_write(&body, &vm_type, vm);
    return g_base64_encode((const guchar *) body.bytes, body.length);
}

/* With a right checksum, and nothing else right. */
static void
test_hostile(void)
{
    Id id = id_named(&id_null, "vm"), other = id_random();
    Vm *vm = make_vm();
    g_autofree char *plain = body_of(vm), *bad_kind = sealed("[catalogue]\nformat=1\nkind=host\n"), *bad_format = sealed("[catalogue]\nformat=9\nkind=vm\n");
    g_autofree char *good = note_of_body(&id, plain), *junk = note_of_body(&id, "AAAA////"), *nothing = note_of_body(&id, "");
    refused(bad_kind, &id, "not about what its name says");
    refused(bad_format, &id, "of another format");
    refused(good, &other, "not about what its name says");
    refused(junk, &id, "no VM");
    refused(nothing, &id, "no VM");
    text_set(&vm->name, "a\001b");
    g_autofree char *control = body_of(vm), *with_control = note_of_body(&id, control);
    refused(with_control, &id, "no VM");
    text_set(&vm->name, "\xff\xfe");
    g_autofree char *binary = body_of(vm), *with_binary = note_of_body(&id, binary);
    refused(with_binary, &id, "no VM");
    text_set(&vm->name, "many");
    for (guint i = 0; i < 1000; i++)
        list_add(&vm->nics, object_new(&nic_type));
    g_autofree char *many = body_of(vm), *with_many = note_of_body(&id, many);
    refused(with_many, &id, "no VM");
    g_autofree char *blanks = g_strnfill(NOTE_MOST + 1, ' '), *long_one = sealed(blanks);
    refused(long_one, &id, "longer than 1 MiB");
    object_unref(vm);
}

/* A list nested in itself as deep as bytes allow, and lists of nothing: bounded, and refused. */
static void
test_bombs(void)
{
    Id id = id_named(&id_null, "vm");
    g_autoptr(GString) body = g_string_new(NULL);
    g_string_append_c(body, 17);
    g_string_append(body, "custom_properties");
    g_string_append_len(body, "\x80\x80\x20", 3);      /* 512 KiB of items without anything in them */
    g_string_set_size(body, body->len + (512 << 10));
    memset(body->str + body->len - (512 << 10), 0, 512 << 10);
    g_autofree char *encoded = g_base64_encode((const guchar *) body->str, body->len), *text = note_of_body(&id, encoded);
    refused(text, &id, "no VM");
}

/* Disks of another VM, or the same disk twice. */
static void
test_disks(void)
{
    open_view();
    Vm *vm = make_vm();
    g_autofree char *text = note_write_vm(view, vm, NULL, FALSE);
    char root[ID_TEXT_SIZE], data[ID_TEXT_SIZE];
    Id root_id = id_named(&id_null, "root"), data_id = id_named(&id_null, "data");
    id_format(&root_id, ID_UUID, root);
    id_format(&data_id, ID_UUID, data);
    const char *rest = strchr(text, '\n') + 1;
    g_auto(GStrv) parts = g_strsplit(rest, data, -1);
    g_autofree char *twice = g_strjoinv(root, parts), *with_twice = sealed(twice);
    refused(with_twice, &vm->object.id, "not those of the VM");
    g_autofree char *strange = g_strjoinv("00000000-0000-4000-8000-00000000000a", parts), *with_strange = sealed(strange);
    refused(with_strange, &vm->object.id, "not those of the VM");
    object_unref(vm);
    close_view();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/note/names", test_names);
    g_test_add_func("/note/vm", test_vm);
    g_test_add_func("/note/disk", test_disk);
    g_test_add_func("/note/torn", test_torn);
    g_test_add_func("/note/hostile", test_hostile);
    g_test_add_func("/note/bombs", test_bombs);
    g_test_add_func("/note/disks", test_disks);
    return g_test_run();
}
