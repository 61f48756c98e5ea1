/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * VMs that leave with their storage domain and come back with it: who may not, what is listed, what is refused, and what becomes of them. */
#include "walk_cases.h"

#include "catalogue/note.h"
#include "command/unregistered.h"

#include <string.h>

static Work *
detach(void)
{
    StorageDomain *storage = estate_edit(&storage_domain_type, &estate.storage);
    storage->maintenance = TRUE;
    storage->status = STORAGE_MAINTENANCE;
    estate_put(storage);
    return estate_work(&storage_domain_detach, &estate.storage, "<action/>");
}

static void
bring_back(void)
{
    estate_note(STORAGE_PATH, "domain", "[storage domain]\nname=data\nuse=data\nholder=\nmanager=\n");
    estate_do(detach());
    estate_do(estate_work(&storage_domain_attach, &estate.storage, "<action/>"));
}

static Work *
registering(const Command *command, const Id *id, const char *more)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *body = g_strdup_printf("<action><id>%s</id>%s</action>", id_format(id, ID_UUID, text), more);
    return estate_work(command, &estate.storage, body);
}

static void
said(Work *take, const char *part)
{
    g_autofree char *model = estate_model(), *sentence = NULL;
    g_assert_cmpint(estate_try(take, &sentence), ==, ENDED_UNDONE);
    g_autofree char *after = estate_model();
    if (!sentence || !strstr(sentence, part))
        g_error("it said '%s' and not '%s'", sentence ? sentence : "", part);
    g_assert_cmpstr(model, ==, after);
}

/* --- leaving --------------------------------------------------------------------------------------------------------------------------- */

static void
edit_hello(void (*edit)(Vm *vm))
{
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    edit(vm);
    estate_put(vm);
}

static void protect(Vm *vm) { vm->delete_protected = TRUE; }
static void unprotect(Vm *vm) { vm->delete_protected = FALSE; }
static void give_tpm(Vm *vm) { vm->tpm_enabled = TRUE; }
static void take_tpm(Vm *vm) { vm->tpm_enabled = FALSE; }
static void make_foreign(Vm *vm) { text_set(&vm->origin, "external"); }
static void make_ours(Vm *vm) { text_set(&vm->origin, "ovirt"); }
static void run(Vm *vm) { vm->status = VM_UP; }
static void halt(Vm *vm) { vm->status = VM_DOWN; }
static void preview(Vm *vm) { text_set(&((Snapshot *) vm->snapshots.items[0])->snapshot_status, "in_preview"); }
static void commit(Vm *vm) { text_set(&((Snapshot *) vm->snapshots.items[0])->snapshot_status, "ok"); }

static void
test_who_stays(void)
{
    static const struct { void (*edit)(Vm *vm), (*back)(Vm *vm); const char *said; } rows[] = {
        { protect, unprotect, "protected against removal would leave with it: hello." }, { give_tpm, take_tpm, "TPM of these VMs lies on their host and cannot go with it: hello." },
        { make_foreign, make_ours, "not made by this manager have disks in it: hello." }, { run, halt, "VM 'hello', which has a disk in it, is up." },
        { preview, commit, "these VMs preview a snapshot: hello." },
    };
    estate_open();
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        edit_hello(rows[i].edit);
        estate_refused(detach(), rows[i].said);
        edit_hello(rows[i].back);
    }
    char text[ID_TEXT_SIZE];
    g_autofree char *body = g_strdup_printf("<disk_attachment><interface>virtio</interface><active>true</active><disk id='%s'/></disk_attachment>", id_format(&estate.floating, ID_UUID, text));
    estate_do(estate_child_work(&disk_attachment_add, &estate.hello, NULL, body));
    Disk *disk = estate_edit(&disk_type, &estate.floating);
    ((StorageDomainRef *) disk->storage_domains.items[0])->storage_domain.id = estate.small;
    estate_put(disk);
    estate_refused(detach(), "VMs with disks in it have others elsewhere: hello. | Take the disks");
    estate_close();
}

/* What happens beside the manager at the last moment. */
static void
start_hello(void)
{
    estate_set_state(&estate.hello, DOMAIN_RUNNING);
}

static void
test_started_meanwhile(void)
{
    estate_open();
    estate_note(STORAGE_PATH, "domain", "[storage domain]\nname=data\nuse=data\nholder=\nmanager=\n");
    estate_meanwhile(0, start_hello);
    said(detach(), "hello");
    g_assert_nonnull(estate_vm(&estate.hello));
    estate_close();
}

static void
test_leaves(void)
{
    estate_open();
    estate_note(STORAGE_PATH, "domain", "[storage domain]\nname=data\nuse=data\nholder=\nmanager=\n");
    g_autofree char *plan = estate_plan(detach());
    g_assert_nonnull(strstr(plan, "VM 'hello' and its disks leave this manager with it"));
    estate_do(detach());
    g_assert_null(estate_vm(&estate.hello));
    g_assert_null(estate_find(&disk_type, &estate.disk));
    g_assert_null(estate_find(&disk_type, &estate.floating));
    g_assert_null(estate_xml(&estate.hello));
    g_assert_true(estate_has_volume(&estate.disk) && estate_has_volume(&estate.floating));
    g_assert_nonnull(estate_vm(&estate.running));
    g_assert_nonnull(estate_vm(&estate.adopted));
    g_autofree char *name = note_name(&vm_type, &estate.hello);
    const char *text = estate_noted(STORAGE_PATH, name), *domain = estate_noted(STORAGE_PATH, "domain");
    g_assert_true(text && strstr(text, "name=hello"));
    g_assert_true(strstr(domain, "holder=\n") && !strstr(domain, "leaving"));
    const StorageDomain *storage = estate_find(&storage_domain_type, &estate.storage);
    g_assert_cmpint(storage->status, ==, STORAGE_UNATTACHED);
    estate_close();
}

/* --- what is there ------------------------------------------------------------------------------------------------------------------------ */

static void
test_listed(void)
{
    estate_open();
    bring_back();
    estate_note(STORAGE_PATH, "vm-00000000-0000-4000-8000-00000000000b", "nonsense");
    WorkAnswer *answer = work_answer_new(&unregistered_type);
    Work *work = estate_work(&storage_domain_unregistered, &estate.storage, NULL);
    work->answer = work_answer_ref(answer);
    g_autofree char *text = estate_plan(work);
    const Unregistered *there = answer->record;
    g_assert_cmpuint(there->vms.count, ==, 1);
    g_assert_cmpuint(there->disks.count, ==, 1);
    g_assert_cmpuint(there->unreadable_notes.count, ==, 1);
    const UnregisteredVm *vm = there->unregistered_vms.items[0];
    g_assert_cmpstr(vm->name, ==, "hello");
    g_assert_cmpint(vm->memory, ==, 268435456);
    g_assert_cmpuint(vm->disks.count, ==, 1);
    g_assert_cmpstr(((const UnregisteredDisk *) there->unregistered_disks.items[0])->name, ==, "free");
    g_assert_nonnull(strstr(((const UnreadableNote *) there->unreadable_notes.items[0])->reason, "cut short or was changed"));
    work_answer_unref(answer);
    estate_close();
}

/* --- coming --------------------------------------------------------------------------------------------------------------------------------- */

static void
test_comes(void)
{
    estate_open();
    Vm *before = object_dup(estate_vm(&estate.hello));
    bring_back();
    estate_do(registering(&storage_domain_registervm, &estate.hello, ""));
    const Vm *vm = estate_vm(&estate.hello);
    g_assert_nonnull(vm);
    g_assert_cmpstr(vm->name, ==, "hello");
    g_assert_cmpint(vm->status, ==, VM_DOWN);
    g_assert_false(vm->locked);
    g_assert_cmpint(vm->memory, ==, before->memory);
    g_assert_true(id_equal(&vm->home.id, &estate.host) && id_equal(&vm->cluster.id, &estate.cluster));
    const Nic *nic = vm->nics.items[0], *nic_before = before->nics.items[0];
    g_assert_cmpstr(nic->mac.address, ==, nic_before->mac.address);
    g_assert_true(id_equal(&nic->vnic_profile.id, &estate.profile));
    g_assert_cmpstr(nic->source, ==, "network:default");
    const DiskAttachment *attachment = vm->disk_attachments.items[0], *attachment_before = before->disk_attachments.items[0];
    g_assert_true(id_equal(&attachment->object.id, &estate.disk) && attachment->bootable && attachment->active);
    g_assert_cmpstr(attachment->target, ==, attachment_before->target);
    const Disk *disk = estate_find(&disk_type, &estate.disk);
    g_assert_true(disk && disk->status == DISK_OK && disk->provisioned_size == 1073741824);
    g_assert_null(estate_find(&disk_type, &estate.floating));
    g_assert_nonnull(strstr(estate_xml(&estate.hello), STORAGE_PATH "/"));
    estate_refused(registering(&storage_domain_registervm, &estate.hello, ""), "is registered already: 'hello'");
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    g_assert_cmpint(estate_state(&estate.hello), ==, DOMAIN_RUNNING);
    object_unref(before);
    estate_close();
}

static void
test_disk_comes(void)
{
    estate_open();
    bring_back();
    estate_do(registering(&storage_domain_registerdisk, &estate.floating, ""));
    const Disk *disk = estate_find(&disk_type, &estate.floating);
    g_assert_true(disk && disk->status == DISK_OK);
    g_assert_cmpstr(disk->alias, ==, "free");
    estate_refused(registering(&storage_domain_registerdisk, &estate.floating, ""), "is registered already: 'free'");
    Id none = id_random();
    said(registering(&storage_domain_registerdisk, &none, ""), "says nothing of a disk");
    said(registering(&storage_domain_registervm, &none, ""), "says nothing of a vm");
    estate_refused(estate_work(&storage_domain_registervm, &estate.storage, "<action/>"), "must be said by its id");
    estate_refused(estate_work(&storage_domain_registervm, &estate.storage, "<action><id>../../etc</id></action>"), "must be said by its id");
    estate_close();
}

static void
test_clashes(void)
{
    estate_open();
    g_autofree char *mac = g_strdup(((const Nic *) estate_vm(&estate.hello)->nics.items[0])->mac.address);
    bring_back();
    g_autofree char *body = g_strdup_printf("<vm><name>hello</name><cluster><name>Default</name></cluster><nics><nic><name>n</name><mac><address>%s</address></mac></nic></nics></vm>", mac);
    estate_do(estate_work(&vm_add, NULL, body));
    said(registering(&storage_domain_registervm, &estate.hello, ""), "is in use by VM 'hello'");
    said(registering(&storage_domain_registervm, &estate.hello, "<reassign_bad_macs>true</reassign_bad_macs>"), "The VM name is already in use");
    estate_refused(registering(&storage_domain_registervm, &estate.hello, "<vm><name>a/b</name></vm>"), "cannot be 'a/b'");
    estate_do(registering(&storage_domain_registervm, &estate.hello, "<reassign_bad_macs>true</reassign_bad_macs><vm><name>second</name></vm>"));
    const Vm *vm = estate_vm(&estate.hello);
    g_assert_cmpstr(vm->name, ==, "second");
    g_assert_cmpstr(((const Nic *) vm->nics.items[0])->mac.address, !=, mac);
    estate_close();
}

/* Its disk is gone. */
static void
test_partial(void)
{
    GError *error = NULL;
    estate_open();
    bring_back();
    HostVolume volume = { { estate.storage, (char *) STORAGE_PATH, FALSE }, estate.disk, estate.disk };
    g_assert_true(estate.link->ops->volume_delete(estate.link, &volume, clock_tick() + CLOCK_SECOND, &error));
    said(registering(&storage_domain_registervm, &estate.hello, ""), "disks of it are not there");
    g_assert_null(estate_xml(&estate.hello));
    estate_do(registering(&storage_domain_registervm, &estate.hello, "<allow_partial_import>true</allow_partial_import>"));
    g_assert_cmpuint(estate_vm(&estate.hello)->disk_attachments.count, ==, 0);
    g_assert_nonnull(estate_vm(&estate.hello));
    estate_close();
}

/* A domain of its id that nobody told of, and a note that was tampered with. */
static void
test_strange(void)
{
    char text[ID_TEXT_SIZE];
    estate_open();
    g_autofree char *xml = g_strdup(estate_xml(&estate.hello));
    bring_back();
    estate_put_domain(&estate.hello, xml);
    said(registering(&storage_domain_registervm, &estate.hello, ""), "the host has a domain with its id");
    estate_forget_domain(&estate.hello);
    g_autofree char *name = note_name(&vm_type, &estate.hello), *note = g_strdup(estate_noted(STORAGE_PATH, name));
    estate_note(STORAGE_PATH, name, "# sha256 no\n[catalogue]\n");
    said(registering(&storage_domain_registervm, &estate.hello, ""), "it is cut short or was changed");
    g_autofree char *other = note_name(&vm_type, &estate.floating);
    estate_note(STORAGE_PATH, other, note);
    said(registering(&storage_domain_registervm, &estate.floating, ""), "it is not about what its name says");
    g_assert_nonnull(id_format(&estate.hello, ID_UUID, text));
    estate_close();
}

/* Twice: under another id, while the disk is not in use. */
static void
test_clone(void)
{
    estate_open();
    bring_back();
    estate_do(registering(&storage_domain_registervm, &estate.hello, "<clone>true</clone><vm><name>other</name></vm>"));
    g_assert_null(estate_vm(&estate.hello));
    said(registering(&storage_domain_registervm, &estate.hello, ""), "VM 'other' has it, and it is not shareable");
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/registration/who stays", test_who_stays);
    g_test_add_func("/registration/started meanwhile", test_started_meanwhile);
    g_test_add_func("/registration/leaves", test_leaves);
    g_test_add_func("/registration/listed", test_listed);
    g_test_add_func("/registration/comes", test_comes);
    g_test_add_func("/registration/disk comes", test_disk_comes);
    g_test_add_func("/registration/clashes", test_clashes);
    g_test_add_func("/registration/partial", test_partial);
    g_test_add_func("/registration/strange", test_strange);
    g_test_add_func("/registration/clone", test_clone);
    return g_test_run();
}
