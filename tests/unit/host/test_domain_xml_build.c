/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * New VMs: each .vm of tests/golden/domain_xml/new, a host and a VM told as lines, and the XML made of it (.xml beside it, or .refused).
 * Whatever is made must be accepted by libvirt's schema, say back the VM it was made from, and be left alone by a patch that asks
 * for nothing. REGENERATE=1 writes the answers anew.
 *
 *     host cpu.architecture=x86_64 accelerator.type=kvm      machines KEY=VALUE …      job UUID
 *     vm NAME path=value …    nic NAME …    disk ID …    cdrom [file.id=…]    watchdog path=value …    pins all=0-3;vcpu0=0;… */
#include "golden.h"

#include "../lines.h"

#include "base/text.h"
#include "model/machines.h"

typedef struct {
    Host *host;
    Vm *vm;
    GString *machines;
    char *job;
} Case;

static void
take_nic(Case *this, char **words)
{
    Nic *nic = object_new(&nic_type);
    nic->object.id = lines_id(words[1]);
    nic->name = g_strdup(words[1]);
    nic->interface = NIC_VIRTIO;
    nic->linked = nic->plugged = TRUE;
    lines_apply(&nic_type, nic, words + 2, NULL);
    list_add(&this->vm->nics, nic);
}

static void
take_disk(Case *this, char **words)
{
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    attachment->object.id = attachment->disk.id = lines_id(words[1]);
    attachment->interface = DISK_INTERFACE_VIRTIO;
    attachment->active = TRUE;
    lines_apply(&disk_attachment_type, attachment, words + 2, NULL);
    list_add(&this->vm->disk_attachments, attachment);
}

static void
take_cdrom(Case *this, char **words)
{
    Cdrom *cdrom = object_new(&cdrom_type);
    g_autofree char *name = g_strdup_printf("cdrom %u", this->vm->cdroms.count);
    cdrom->object.id = id_named(&this->vm->object.id, name);
    lines_apply(&cdrom_type, cdrom, words + 1, NULL);
    list_add(&this->vm->cdroms, cdrom);
}

static void
take_watchdog(Case *this, char **words)
{
    Watchdog *watchdog = object_new(&watchdog_type);
    watchdog->object.id = id_named(&this->vm->object.id, "watchdog");
    lines_apply(&watchdog_type, watchdog, words + 1, NULL);
    list_add(&this->vm->watchdogs, watchdog);
}

static void
take_vm(Case *this, char **words)
{
    this->vm->object.id = lines_id(words[1]);
    text_set(&this->vm->name, words[1]);
    this->vm->usb.enabled = this->vm->console.enabled = this->vm->virtio_scsi.enabled = TRUE;     /* as verbs give a new one */
    lines_apply(&vm_type, this->vm, words + 2, NULL);
    vm_set_defaults(this->vm);
}

static void
take_line(Case *this, char **words)
{
    if (g_str_equal(words[0], "host"))
        lines_apply(&host_type, this->host, words + 1, NULL);
    else if (g_str_equal(words[0], "job"))
        this->job = g_strdup(words[1]);
    else if (g_str_equal(words[0], "vm"))
        take_vm(this, words);
    else if (g_str_equal(words[0], "nic"))
        take_nic(this, words);
    else if (g_str_equal(words[0], "disk"))
        take_disk(this, words);
    else if (g_str_equal(words[0], "cdrom"))
        take_cdrom(this, words);
    else if (g_str_equal(words[0], "watchdog"))
        take_watchdog(this, words);
    else if (g_str_equal(words[0], "pins"))
        cpu_tune_read(words[1], &this->vm->cpu.cpu_tune);
    else if (!g_str_equal(words[0], "machines"))
        g_error("what is '%s'?", words[0]);
    for (guint i = 1; g_str_equal(words[0], "machines") && words[i]; i++) {
        g_auto(GStrv) pair = g_strsplit(words[i], "=", 2);
        machines_add(this->machines, pair[0], pair[1]);
    }
}

static void
case_read(Case *this, const char *path)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    *this = (Case) { object_new(&host_type), object_new(&vm_type), g_string_new(NULL), NULL };
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) words = lines_words(lines[i]);
        if (words)
            take_line(this, words);
    }
    this->host->machines = g_string_free(g_steal_pointer(&this->machines), FALSE);
}

static void
case_clear(Case *this)
{
    object_unref(this->host);
    object_unref(this->vm);
    g_free(this->job);
}

/* --- what is made ------------------------------------------------------------------------------------------------------------------ */

/* The VNC password is new each time: eight characters nobody knows. */
static char *
without_chance(const char *xml)
{
    g_autoptr(GRegex) regex = g_regex_new("passwd='[A-Za-z0-9_-]{8}'", 0, 0, NULL);
    g_assert_true(g_regex_match(regex, xml, 0, NULL));
    return g_regex_replace_literal(regex, xml, -1, 0, "passwd='CHANCE'", 0, NULL);
}

/* What libvirt's XML and our mark keep of a VM. The rest (states, snapshots, accounts) is the manager's. */
static gboolean
is_kept(const char *line)
{
    static const char *const lost[] = { "status=", "origin=", "template=", "original_template=", "snapshots[", "graphics_consoles[", "cpu.architecture=", "home=",
                                        "display.monitors=", "migration.", "auto_pinning_policy=" };
    for (guint i = 0; i < G_N_ELEMENTS(lost); i++) {
        if (g_str_has_prefix(line, lost[i]))
            return FALSE;
    }
    return !strstr(line, "].target=") && !strstr(line, "].pass_discard=") && !strstr(line, "].network=") && !strstr(line, "].source=");
}

static char *
essence(const Vm *vm)
{
    g_autofree char *text = golden_tell(&vm_type, vm);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    for (guint i = 0; lines[i]; i++) {
        if (*lines[i] && is_kept(lines[i]))
            g_ptr_array_add(kept, lines[i]);
    }
    g_ptr_array_sort(kept, lines_compare);
    g_ptr_array_add(kept, NULL);
    return g_strjoinv("\n", (char **) kept->pdata);
}

static void
check_says_it_back(const Case *this, const char *xml, const DomainWorld *world)
{
    GError *error = NULL;
    g_autoptr(DomainFacts) facts = domain_facts_new();
    domain_xml_read(xml, facts, &error);
    g_assert_no_error(error);
    g_assert_true(facts->ours);
    g_assert_cmpstr(facts->job, ==, this->job);
    g_assert_true(id_equal(&facts->id, &this->vm->object.id));
    g_autofree char *want = essence(this->vm), *have = essence(facts->config);
    if (!g_str_equal(want, have))
        g_test_message("what was wished and what is read back:\n%s\n---\n%s", want, have);
    g_assert_true(g_str_equal(want, have));
    g_autofree char *same = domain_xml_patch(xml, facts->config, world, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(same, ==, xml);
    g_autofree char *again = domain_xml_patch(xml, this->vm, world, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(again, ==, xml);
}

static void
test_new(gconstpointer path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *said = NULL;
    Case this;
    DomainWorld world;
    case_read(&this, path);
    golden_world(&world, this.host, this.job);
    g_autofree char *xml = domain_xml_build(this.vm, &world, &error);
    if (!xml) {
        g_autofree char *answer = golden_beside(path, ".vm", ".refused");
        g_autofree char *hint = message_hint(fault_message(error), LANGUAGE_EN), *line = g_strdup_printf("%s\n%s\n", error->message, hint ? hint : "");
        g_assert_true(fault_of(error) != FAULT_INTERNAL);
        lines_check(answer, line);
    } else {
        g_autofree char *answer = golden_beside(path, ".vm", ".xml"), *plain = without_chance(xml);
        lines_check(answer, plain);
        check_says_it_back(&this, xml, &world);
        if (golden_has_schema() && !golden_is_valid(xml, &said))
            g_error("libvirt's schema does not accept it: %s", said);
    }
    case_clear(&this);
}

/* Once, so that whoever reads the results sees whether the schema was asked. */
static void
test_schema(void)
{
    g_autofree char *said = NULL;
    if (!golden_has_schema()) {
        g_test_skip("libvirt's schema is not installed: nothing was checked against it");
        return;
    }
    g_assert_false(golden_is_valid("<domain type='qemu'><name>x</name><nonsense/></domain>", &said));
    g_assert_nonnull(said);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autofree char *folder = golden_folder("new");
    g_autoptr(GPtrArray) files = lines_files(folder, ".vm");
    g_assert_cmpuint(files->len, >, 8);
    g_test_add_func("/domain_xml_build/schema", test_schema);
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *name = g_path_get_basename(files->pdata[i]);
        g_autofree char *test = g_strconcat("/domain_xml_build/", name, NULL);
        g_test_add_data_func(test, files->pdata[i], test_new);
    }
    return g_test_run();
}
