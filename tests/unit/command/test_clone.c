/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Clones: what is refused, what a clone shares with its original (nothing that has an id) and what it keeps (all the rest). That each
 * ends as done or as before is test_walks's. */
#include "estate.h"

#include "host/domain_xml.h"
#include "host/domain_xml_twin.h"

#include <string.h>

#define CLONE "<action><vm><name>copy</name></vm></action>"
#define refused(id, body, part) estate_refused(estate_work(&vm_clone, &estate.id, body), part)

static void
test_refused(void)
{
    estate_open();
    refused(running, CLONE, "Cannot clone VM 'busy': it is up, and disks that are written to cannot be copied. | Stop it first.");
    refused(hello, NULL, "A clone of VM 'hello' needs a name: vm.name.");
    refused(hello, "<action/>", "A clone of VM 'hello' needs a name: vm.name.");
    refused(hello, "<action><vm><name>a/b</name></vm></action>", "The name of a VM cannot be 'a/b'.");
    refused(hello, "<action><vm><name>hello</name></vm></action>", "The VM name is already in use, please choose a unique name and try again.");
    refused(adopted, CLONE, "lies outside all storage domains, where the manager makes no files. | Move the disk into a storage domain, or take it out first.");
    refused(hello, "<action><vm><name>copy</name></vm><storage_domain><name>small</name></storage_domain></action>",
            "lies in 'data', and copies lie beside their originals. | Leave storage_domain out.");
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->tpm_enabled = TRUE;
    estate_put(vm);
    refused(hello, CLONE, "it has a TPM, whose secrets cannot be copied");
    estate_close();
}

static void
test_room(void)
{
    estate_open();
    Disk *disk = estate_edit(&disk_type, &estate.disk);
    disk->actual_size = (gint64) 1 << 50;
    estate_put(disk);
    refused(hello, CLONE, "Low disk space on Storage Domain data");
    estate_close();
}

/* No id, MAC or file of the original's is the clone's; whatever the manager does not model is. */
static void
test_shares_nothing(void)
{
    estate_open();
    char text[ID_TEXT_SIZE];
    g_auto(GStrv) halves = g_strsplit(estate_xml(&estate.hello), "<devices>", 2);
    g_autofree char *odd = g_strjoin("<devices>\n    <!-- by hand -->\n    <watchdog model='i6300esb' action='pause'/>", halves[0], halves[1], NULL);
    estate_set_xml(&estate.hello, odd);
    estate_do(estate_work(&vm_clone, &estate.hello, "<action><vm><name>copy</name><description>second</description></vm></action>"));
    const Vm *clone = view_find_name(estate.view, &vm_type, "copy"), *vm = estate_vm(&estate.hello);
    g_assert_true(clone && clone->status == VM_DOWN && !clone->locked);
    g_assert_cmpstr(clone->description, ==, "second");
    const char *xml = estate_xml(&clone->object.id);
    const Nic *nic = clone->nics.items[0], *old_nic = vm->nics.items[0];
    const DiskAttachment *attachment = clone->disk_attachments.items[0];
    const Disk *disk = estate_find(&disk_type, &attachment->object.id), *old = estate_find(&disk_type, &estate.disk);
    g_assert_true(disk && disk->status == DISK_OK && old->status == DISK_OK && estate_has_volume(&disk->object.id));
    g_assert_true(g_str_has_prefix(disk->alias, "copy"));
    g_assert_cmpstr(nic->mac.address, !=, old_nic->mac.address);
    g_assert_nonnull(strstr(xml, nic->mac.address));
    g_assert_null(strstr(xml, old_nic->mac.address));
    g_assert_nonnull(strstr(xml, id_format(&disk->object.id, ID_UUID, text)));
    const Id *theirs[] = { &vm->object.id, &old->object.id, &old_nic->object.id };
    for (guint i = 0; i < G_N_ELEMENTS(theirs); i++)
        g_assert_null(strstr(xml, id_format(theirs[i], ID_UUID, text)));
    g_assert_nonnull(strstr(xml, "<!-- by hand -->"));
    g_assert_nonnull(strstr(xml, "<watchdog model='i6300esb' action='pause'/>"));
    g_assert_nonnull(strstr(xml, "<name>copy</name>"));
    estate_close();
}

/* What the host has is read again as what the model says, so that nothing looks like an edit made outside. */
static void
test_is_read_as_made(void)
{
    estate_open();
    estate_do(estate_work(&vm_clone, &estate.hello, CLONE));
    const Vm *clone = view_find_name(estate.view, &vm_type, "copy");
    g_autoptr(DomainFacts) facts = domain_facts_new();
    g_assert_true(domain_xml_read(estate_xml(&clone->object.id), facts, NULL) && facts->ours);
    g_assert_true(list_find(&facts->config->nics, &((const Nic *) clone->nics.items[0])->object.id));
    g_assert_true(list_find(&facts->config->disk_attachments, &((const DiskAttachment *) clone->disk_attachments.items[0])->object.id));
    g_assert_cmpstr(facts->config->name, ==, "copy");
    Id id = clone->object.id;
    estate_do(estate_work(&vm_clone, &id, "<action><vm><name>third</name></vm></action>"));
    estate_do(estate_work(&vm_start, &id, NULL));
    estate_close();
}

static void
start_outside(void)
{
    estate_set_state(&estate.hello, DOMAIN_RUNNING);
}

/* Started outside the manager while its disks are copied: what was copied is nothing anybody can trust. */
static void
test_started_meanwhile(void)
{
    estate_open();
    g_autofree char *said = NULL;
    estate_meanwhile(2, start_outside);
    g_assert_cmpint(estate_try(estate_work(&vm_clone, &estate.hello, CLONE), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "VM 'hello' runs: somebody started it outside the manager."));
    g_assert_null(view_find_name(estate.view, &vm_type, "copy"));
    estate_close();
}

static void
give_uefi(const char *variables)
{
    g_auto(GStrv) halves = g_strsplit(estate_xml(&estate.hello), "<os>", 2);
    g_autofree char *os = g_strdup_printf("<os firmware='efi'>%s", variables);
    g_autofree char *xml = g_strjoinv(os, halves);
    estate_set_xml(&estate.hello, xml);
}

static const Id *
clone_id(void)
{
    return &((const Object *) view_find_name(estate.view, &vm_type, "copy"))->id;
}

static char *
variables_of_clone(void)
{
    char text[ID_TEXT_SIZE];
    return g_strdup_printf(ESTATE_VARIABLES "/%s_VARS.fd", id_format(clone_id(), ID_UUID, text));
}

/* Its own file, which goes with it; its original's stays. */
static void
test_copies_variables(void)
{
    static const char *const forms[] = { "", "<nvram>" ESTATE_VARIABLES "/hello_VARS.fd</nvram>" };
    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        estate_open();
        give_uefi(forms[i]);
        estate_put_variables(ESTATE_VARIABLES "/hello_VARS.fd");
        estate_do(estate_work(&vm_clone, &estate.hello, CLONE));
        g_autofree char *path = variables_of_clone();
        Id id = *clone_id();
        g_assert_true(estate_has_variables(path) && strstr(estate_xml(&id), path));
        estate_do(estate_work(&vm_remove, &id, NULL));
        g_assert_true(!estate_has_variables(path) && estate_has_variables(ESTATE_VARIABLES "/hello_VARS.fd"));
        estate_close();
    }
}

/* A VM that was never started has none yet; its clone's will be where they are its own. */
static void
test_no_variables_yet(void)
{
    estate_open();
    give_uefi("");
    estate_do(estate_work(&vm_clone, &estate.hello, CLONE));
    g_autofree char *path = variables_of_clone();
    g_assert_true(!estate_has_variables(path) && strstr(estate_xml(clone_id()), path));
    estate_close();
}

/* It ran, so they are somewhere: a clone without them would not find what it boots from. */
static void
test_lost_variables(void)
{
    estate_open();
    g_autofree char *said = NULL;
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->stop_time = 1;
    estate_put(vm);
    give_uefi("");
    g_assert_cmpint(estate_try(estate_work(&vm_clone, &estate.hello, CLONE), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "the variables of its UEFI are not in " ESTATE_VARIABLES "/hello_VARS.fd"));
    estate_close();
}

static void
rename_outside(void)
{
    g_auto(GStrv) halves = g_strsplit(estate_xml(&estate.hello), "<name>hello</name>", 2);
    g_autofree char *xml = g_strjoinv("<name>called</name>", halves);
    estate_set_xml(&estate.hello, xml);
}

static void
test_edited_meanwhile(void)
{
    estate_open();
    g_autofree char *said = NULL;
    estate_meanwhile(2, rename_outside);
    g_assert_cmpint(estate_try(estate_work(&vm_clone, &estate.hello, CLONE), &said), ==, ENDED_UNDONE);
    g_assert_nonnull(strstr(said, "VM 'hello'"));
    g_assert_null(view_find_name(estate.view, &vm_type, "copy"));
    estate_close();
}

static void
look_at_both(void)
{
    const Vm *vm = estate_vm(&estate.hello), *clone = view_find_name(estate.view, &vm_type, "copy");
    g_assert_true(vm->status == VM_IMAGE_LOCKED && vm->locked && clone->status == VM_IMAGE_LOCKED && clone->locked);
    refused(hello, "<action><vm><name>third</name></vm></action>", "VM 'hello' is being made, copied or removed. VM is locked.");
}

static void
test_shown_as_locked(void)
{
    estate_open();
    g_autofree char *said = NULL;
    estate_meanwhile(1, look_at_both);
    g_assert_cmpint(estate_try(estate_work(&vm_clone, &estate.hello, CLONE), &said), ==, ENDED_DONE);
    const Vm *vm = estate_vm(&estate.hello), *clone = view_find_name(estate.view, &vm_type, "copy");
    g_assert_true(vm->status == VM_DOWN && !vm->locked && clone->status == VM_DOWN && !clone->locked);
    estate_close();
}

/* --- XML ------------------------------------------------------------------------------------------------------------------------ */

#define OLD "5ca1ab1e-0000-4000-8000-000000000001"
#define NEW "5ca1ab1e-0000-4000-8000-000000000002"

static gboolean
twin(const char *xml, DomainTwin *ret, GError **error)
{
    DomainTwinId id;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(DomainTwinId));
    g_assert_true(id_parse(OLD, ID_UUID, &id.from) && id_parse(NEW, ID_UUID, &id.to));
    g_array_append_val(ids, id);
    return domain_xml_twin(xml, "vm", ids, ret, error);
}

/* A file that is called by the VM's id: so are those of Secure Boot. */
static void
test_variables_by_id(void)
{
    static const char *const files[][2] = { { "/nv/" OLD "_VARS.fd", "/nv/" NEW "_VARS.fd" }, { "/nv/" OLD "_SECURE_VARS.fd", "/nv/" NEW "_SECURE_VARS.fd" },
                                            { "/" OLD "/vm.fd", "/" OLD "/" NEW "_VARS.fd" } };
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_auto(DomainTwin) made = { 0 };
        g_autofree char *xml = g_strdup_printf("<domain><name>vm</name><uuid>" OLD "</uuid><os><nvram>%s</nvram></os><devices/></domain>", files[i][0]);
        g_assert_true(twin(xml, &made, NULL));
        g_assert_cmpstr(made.variables, ==, files[i][0]);
        g_assert_cmpstr(made.copy, ==, files[i][1]);
        g_assert_nonnull(strstr(made.xml, files[i][1]));
    }
}

static void
test_variables(void)
{
    static const char *const forms[] = { "<nvram template='/usr/V.fd'>/nv/vm_VARS.fd</nvram>", "<nvram type='file'><source file='/nv/vm_VARS.fd'/></nvram>" };
    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_auto(DomainTwin) made = { 0 };
        g_autofree char *xml = g_strdup_printf("<domain><name>vm</name><uuid>" OLD "</uuid><genid>" OLD "</genid><os>%s</os><devices/></domain>", forms[i]);
        g_assert_true(twin(xml, &made, NULL));
        g_assert_cmpstr(made.variables, ==, "/nv/vm_VARS.fd");
        g_assert_cmpstr(made.copy, ==, "/nv/" NEW "_VARS.fd");
        g_assert_nonnull(strstr(made.xml, "/nv/" NEW "_VARS.fd"));
        g_assert_null(strstr(made.xml, "/nv/vm_VARS.fd"));
        g_assert_nonnull(strstr(made.xml, "<uuid>" NEW "</uuid>"));
        g_assert_null(strstr(made.xml, "<genid>" NEW "</genid>"));
        g_assert_null(strstr(made.xml, OLD));
    }
}

static void
test_tpm(void)
{
    g_autoptr(GError) error = NULL;
    g_auto(DomainTwin) made = { 0 };
    g_assert_false(twin("<domain><uuid>" OLD "</uuid><devices><tpm model='tpm-crb'/></devices></domain>", &made, &error));
    g_assert_nonnull(strstr(error->message, "it has a TPM"));
}

/* Only their host knows where they are: it is asked, with no more than it needs for that, and the twin's are named. */
static void
test_hidden_variables(void)
{
    g_autofree char *name = NULL;
    g_auto(DomainTwin) made = { .variables = g_strdup("/nv/a & b_VARS.fd") }, none = { 0 };
    const char *xml = "<domain type='kvm'><name>a &amp; b</name><uuid>" OLD "</uuid><memory>1</memory><vcpu>4</vcpu><os firmware='efi'><type>hvm</type></os>"
                      "<features><acpi/></features><devices><emulator>/q</emulator><disk/></devices></domain>";
    g_autofree char *bare = domain_xml_twin_firmware(xml, &name, NULL);
    g_assert_cmpstr(name, ==, "a & b");
    g_assert_cmpstr(bare, ==, "<domain type='kvm'><name>a &amp; b</name><uuid>" OLD "</uuid><memory>1</memory><os firmware='efi'><type>hvm</type></os>"
                              "<features><acpi/></features><devices><emulator>/q</emulator></devices></domain>");
    g_assert_true(domain_xml_twin_hides_variables(xml) && twin(xml, &made, NULL) && !domain_xml_twin_hides_variables(made.xml));
    g_assert_cmpstr(made.copy, ==, "/nv/" NEW "_VARS.fd");
    g_assert_nonnull(strstr(made.xml, "<nvram>/nv/" NEW "_VARS.fd</nvram>"));
    g_assert_true(twin(xml, &none, NULL) && !none.copy && !strstr(none.xml, "<nvram>"));      /* a firmware that keeps nothing */
}

/* What two would write to. */
static void
test_shared_variables(void)
{
    static const char *const forms[] = { "<nvram type='block'><source dev='/dev/v'/></nvram>", "<nvram type='network'><source protocol='iscsi' name='v'/></nvram>", "<nvram/>",
                                         "<loader type='pflash' readonly='no'>/f.fd</loader>", "<loader type='pflash'>/f.fd</loader><nvram>/v.fd</nvram>" };
    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(DomainTwin) made = { 0 };
        g_autofree char *xml = g_strdup_printf("<domain><name>vm</name><uuid>" OLD "</uuid><os>%s</os><devices/></domain>", forms[i]);
        g_assert_false(twin(xml, &made, &error));
        g_assert_nonnull(strstr(error->message, "lie in no plain file of their own"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clone/refused", test_refused);
    g_test_add_func("/clone/room", test_room);
    g_test_add_func("/clone/shares-nothing", test_shares_nothing);
    g_test_add_func("/clone/is-read-as-made", test_is_read_as_made);
    g_test_add_func("/clone/started-meanwhile", test_started_meanwhile);
    g_test_add_func("/clone/variables_by_id", test_variables_by_id);
    g_test_add_func("/clone/variables", test_variables);
    g_test_add_func("/clone/hidden-variables", test_hidden_variables);
    g_test_add_func("/clone/shared-variables", test_shared_variables);
    g_test_add_func("/clone/copies-variables", test_copies_variables);
    g_test_add_func("/clone/no-variables-yet", test_no_variables_yet);
    g_test_add_func("/clone/lost-variables", test_lost_variables);
    g_test_add_func("/clone/edited-meanwhile", test_edited_meanwhile);
    g_test_add_func("/clone/shown-as-locked", test_shown_as_locked);
    g_test_add_func("/clone/tpm", test_tpm);
    return g_test_run();
}
