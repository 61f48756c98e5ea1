/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every verb with steps, through every step, in every way it can go wrong: afterwards host and model are as if it had been done,
 * or as if it had never been asked for. Nothing between. The cases are rows; a verb of the table without one fails. */
#include "estate.h"

#include <string.h>

typedef struct {
    const char *name;
    const Command *command;
    Work *(*make)(void);
} Case;

static Work *
add_vm(void)
{
    return estate_work(&vm_add, NULL, "<vm id='a0000000-0000-4000-8000-000000000001'><name>new</name><cluster><name>Default</name></cluster>"
                       "<memory>1073741824</memory><cpu><topology><sockets>2</sockets></topology></cpu>"
                       "<nics><nic><name>nic1</name></nic></nics></vm>");
}

static Work *
add_vm_with_disk(void)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *body = g_strdup_printf("<vm id='a0000000-0000-4000-8000-000000000001'><name>new</name><cluster><name>Default</name></cluster>"
                                            "<disk_attachments><disk_attachment><bootable>true</bootable><disk id='%s'/></disk_attachment></disk_attachments></vm>",
                                            id_format(&estate.floating, ID_UUID, text));
    return estate_work(&vm_add, NULL, body);
}

static Work *
edit_vm(void)
{
    return estate_work(&vm_update, &estate.hello, "<vm><memory>536870912</memory><description>changed</description></vm>");
}

static Work *
edit_adopted(void)
{
    return estate_work(&vm_update, &estate.adopted, "<vm><memory>2147483648</memory><delete_protected>false</delete_protected></vm>");
}

static Work *
edit_running(void)
{
    return estate_work(&vm_update, &estate.running, "<vm><description>still running</description></vm>");
}

static Work *
edit_nothing(void)
{
    return estate_work(&vm_update, &estate.hello, "<vm><memory>268435456</memory></vm>");
}

static Work *
remove_vm(void)
{
    return estate_work(&vm_remove, &estate.hello, NULL);
}

static Work *
remove_vm_alone(void)
{
    Work *work = estate_work(&vm_remove, &estate.hello, NULL);
    estate_query(work, "detach_only", "true");
    return work;
}

static Work *
start(void)
{
    return estate_work(&vm_start, &estate.hello, "<action/>");
}

static Work *
start_paused(void)
{
    return estate_work(&vm_start, &estate.hello, "<action><pause>true</pause></action>");
}

static void
set_status(const Id *id, VmStatus status, DomainState state)
{
    Vm *vm = estate_edit(&vm_type, id);
    vm->status = status;
    estate_put(vm);
    estate_set_state(id, state);
    estate_set_saved(id, status == VM_SUSPENDED);
}

static Work *
go_on(void)
{
    set_status(&estate.hello, VM_SUSPENDED, DOMAIN_SHUTOFF);
    return start();
}

static Work *
start_once(void)
{
    return estate_work(&vm_start, &estate.hello, "<action><pause>true</pause><vm><memory>536870912</memory><os><boot><devices><device>cdrom</device></devices></boot>"
                       "<cmdline>once</cmdline></os><cdroms><cdrom><file id='boot.iso'/></cdrom></cdroms></vm></action>");
}

static Work *
edit_felt(void)
{
    return estate_work(&vm_update, &estate.running, "<vm><memory>134217728</memory><cpu><topology><sockets>2</sockets></topology></cpu><description>new</description></vm>");
}

static Work *
edit_next_run(void)
{
    Work *work = estate_work(&vm_update, &estate.running, "<vm><memory>536870912</memory></vm>");
    estate_query(work, "next_run", "true");
    return work;
}

static Work *
resume(void)
{
    set_status(&estate.running, VM_PAUSED, DOMAIN_PAUSED);
    return estate_work(&vm_start, &estate.running, NULL);
}

static Work *
reboot(void)
{
    return estate_work(&vm_reboot, &estate.running, "<action><reason>for the test</reason></action>");
}

static Work *
reset(void)
{
    return estate_work(&vm_reset, &estate.running, NULL);
}

static Work *
reboot_again(void)
{
    set_status(&estate.running, VM_REBOOT_IN_PROGRESS, DOMAIN_RUNNING);
    return estate_work(&vm_reboot, &estate.running, "<action><force>true</force></action>");
}

static Work *
suspend(void)
{
    return estate_work(&vm_suspend, &estate.running, NULL);
}

static Work *
discard_state(void)
{
    set_status(&estate.hello, VM_SUSPENDED, DOMAIN_SHUTOFF);
    return estate_work(&vm_discardstate, &estate.hello, NULL);
}

static Work *
stop_suspended(void)
{
    set_status(&estate.hello, VM_SUSPENDED, DOMAIN_SHUTOFF);
    return estate_work(&vm_stop, &estate.hello, NULL);
}

static Work *
clone_vm(void)
{
    return estate_work(&vm_clone, &estate.hello, "<action><vm><name>copy</name><description>of hello</description></vm></action>");
}

static Work *
stop(void)
{
    return estate_work(&vm_stop, &estate.running, "<action><reason>for the test</reason></action>");
}

static Work *
shut_down(void)
{
    return estate_work(&vm_shutdown, &estate.running, NULL);
}

static Work *
shut_down_again(void)
{
    set_status(&estate.running, VM_POWERING_DOWN, DOMAIN_RUNNING);
    return estate_work(&vm_shutdown, &estate.running, "<action><force>true</force></action>");
}

static Work *
add_disk(void)
{
    return estate_work(&disk_add, NULL, "<disk id='d0000000-0000-4000-8000-000000000001'><alias>d</alias><provisioned_size>1000</provisioned_size>"
                       "<format>raw</format><storage_domains><storage_domain><name>data</name></storage_domain></storage_domains></disk>");
}

static Work *
grow_disk(void)
{
    return estate_work(&disk_update, &estate.disk, "<disk><provisioned_size>2147483648</provisioned_size><alias>bigger</alias></disk>");
}

static Work *
name_disk(void)
{
    return estate_work(&disk_update, &estate.floating, "<disk><name>called</name></disk>");
}

static Work *
remove_disk(void)
{
    return estate_work(&disk_remove, &estate.floating, NULL);
}

static Work *
remove_attached_disk(void)
{
    return estate_work(&disk_remove, &estate.disk, NULL);
}

static Work *
attach_new(void)
{
    return estate_child_work(&disk_attachment_add, &estate.hello, NULL,
                             "<disk_attachment><interface>sata</interface><disk id='d0000000-0000-4000-8000-000000000002'><alias>second</alias>"
                             "<provisioned_size>4096</provisioned_size></disk></disk_attachment>");
}

static Work *
attach_existing(void)
{
    return estate_child_work(&disk_attachment_add, &estate.hello, NULL, "<disk_attachment><disk><name>free</name></disk></disk_attachment>");
}

static Work *
edit_attachment(void)
{
    return estate_child_work(&disk_attachment_update, &estate.hello, &estate.disk,
                             "<disk_attachment><interface>virtio_scsi</interface><disk><provisioned_size>2147483648</provisioned_size></disk></disk_attachment>");
}

static Work *
unplug_attachment(void)
{
    return estate_child_work(&disk_attachment_update, &estate.hello, &estate.disk, "<disk_attachment><active>false</active></disk_attachment>");
}

static Work *
detach(void)
{
    return estate_child_work(&disk_attachment_remove, &estate.hello, &estate.disk, NULL);
}

static Work *
detach_and_delete(void)
{
    Work *work = detach();
    estate_query(work, "detach_only", "false");
    return work;
}

static Work *
detach_foreign(void)
{
    return estate_child_work(&disk_attachment_remove, &estate.adopted, &estate.foreign, NULL);
}

static const Id *
only_nic(void)
{
    const Nic *nic = estate_vm(&estate.hello)->nics.items[0];
    return &nic->object.id;
}

static Work *
add_nic(void)
{
    return estate_child_work(&nic_add, &estate.hello, NULL, "<nic><name>nic2</name><interface>e1000</interface><network><name>ovirtmgmt</name></network></nic>");
}

static Work *
edit_nic(void)
{
    return estate_child_work(&nic_update, &estate.hello, only_nic(), "<nic><mac><address>56:6F:00:00:00:01</address></mac><linked>false</linked></nic>");
}

static Work *
unplug_nic(void)
{
    return estate_child_work(&nic_update, &estate.hello, only_nic(), "<nic><plugged>false</plugged></nic>");
}

static Work *
remove_nic(void)
{
    return estate_child_work(&nic_remove, &estate.hello, only_nic(), NULL);
}

static Work *
change_cd(void)
{
    const Cdrom *cdrom = estate_vm(&estate.hello)->cdroms.items[0];
    Id id = cdrom->object.id;
    Work *work = estate_child_work(&cdrom_update, &estate.hello, &id, "<cdrom><file/></cdrom>");
    Cdrom *sent = work->draft->record;
    text_set(&sent->file.id, "boot.iso");
    draft_mark(work->draft, "file.id");
    return work;
}

static const Case cases[] = {
    { "add", &vm_add, add_vm },
    { "add with disk", &vm_add, add_vm_with_disk },
    { "edit", &vm_update, edit_vm },
    { "edit adopted", &vm_update, edit_adopted },
    { "edit running", &vm_update, edit_running },
    { "edit nothing", &vm_update, edit_nothing },
    { "remove", &vm_remove, remove_vm },
    { "remove alone", &vm_remove, remove_vm_alone },
    { "start", &vm_start, start },
    { "start paused", &vm_start, start_paused },
    { "start suspended", &vm_start, go_on },
    { "stop", &vm_stop, stop },
    { "shut down", &vm_shutdown, shut_down },
    { "shut down by force", &vm_shutdown, shut_down_again },
    { "start once", &vm_start, start_once },
    { "edit felt", &vm_update, edit_felt },
    { "edit next run", &vm_update, edit_next_run },
    { "resume", &vm_start, resume },
    { "reboot", &vm_reboot, reboot },
    { "reboot by force", &vm_reboot, reboot_again },
    { "reset", &vm_reset, reset },
    { "suspend", &vm_suspend, suspend },
    { "discard state", &vm_discardstate, discard_state },
    { "clone", &vm_clone, clone_vm },
    { "stop suspended", &vm_stop, stop_suspended },
    { "add disk", &disk_add, add_disk },
    { "grow disk", &disk_update, grow_disk },
    { "name disk", &disk_update, name_disk },
    { "remove disk", &disk_remove, remove_disk },
    { "remove attached disk", &disk_remove, remove_attached_disk },
    { "attach new", &disk_attachment_add, attach_new },
    { "attach existing", &disk_attachment_add, attach_existing },
    { "edit attachment", &disk_attachment_update, edit_attachment },
    { "unplug attachment", &disk_attachment_update, unplug_attachment },
    { "detach and delete", &disk_attachment_remove, detach_and_delete },
    { "detach", &disk_attachment_remove, detach },
    { "detach foreign", &disk_attachment_remove, detach_foreign },
    { "add nic", &nic_add, add_nic },
    { "edit nic", &nic_update, edit_nic },
    { "unplug nic", &nic_update, unplug_nic },
    { "remove nic", &nic_remove, remove_nic },
    { "change cd", &cdrom_update, change_cd },
};

/* --- the matrix ---------------------------------------------------------------------------------------------------------------- */

/* Words that differ from run to run: the job's id in the mark, the time something was made, MACs that follow random ids. */
static char *
without_chance(char *take)
{
    static const char *const patterns[] = { "job='[^']*'", "created='[^']*'" };
    for (guint i = 0; i < G_N_ELEMENTS(patterns); i++) {
        g_autoptr(GRegex) regex = g_regex_new(patterns[i], 0, 0, NULL);
        char *next = g_regex_replace_literal(regex, take, -1, 0, "", 0, NULL);
        g_free(take);
        take = next;
    }
    return take;
}

static int
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Takes TEXT. */
static char *
sorted(GString *take)
{
    g_auto(GStrv) lines = g_strsplit(take->str, "\n", -1);
    g_string_free(take, TRUE);
    qsort(lines, g_strv_length(lines), sizeof(char *), by_text);
    return g_strjoinv("\n", lines);
}

/* How many devices and objects there are, whose ids are random. */
static char *
shape(void)
{
    GString *text = g_string_new(NULL);
    ViewWalk walk = view_walk(estate.view, &vm_type);
    for (const Vm *vm; (vm = view_next(&walk));)
        g_string_append_printf(text, "%s status %d locked %d memory %" G_GINT64_FORMAT " nics %u disks %u adopted %d protected %d\n", vm->name, vm->status,
                               vm->locked, vm->memory, vm->nics.count, vm->disk_attachments.count, vm->adopted, vm->delete_protected);
    walk = view_walk(estate.view, &disk_type);
    for (const Disk *disk; (disk = view_next(&walk));)
        g_string_append_printf(text, "%s %d %" G_GINT64_FORMAT "\n", disk->alias, disk->status, disk->provisioned_size);
    return sorted(text);
}

typedef struct {
    guint domains, volumes;
    char *shape;
} Outcome;

static guint
count_of(const char *picture, const char *part)
{
    guint count = 0;
    for (const char *at = picture; (at = strstr(at, part)); at++)
        count++;
    return count;
}

static Outcome
outcome(void)
{
    g_autofree char *picture = estate_picture();
    return (Outcome) { count_of(picture, "<domain "), count_of(picture, "\n" STORAGE_PATH) + g_str_has_prefix(picture, STORAGE_PATH), shape() };
}

static Outcome
do_well(const Case *one)
{
    estate_open();
    estate_do(one->make());
    Outcome well = outcome();
    estate_close();
    return well;
}

static void
walk_one(const Case *one, WalkKind kind, int at, const Outcome *well)
{
    estate_open();
    Work *work = one->make();
    g_autofree char *picture = without_chance(estate_picture());
    g_autofree char *model = estate_model();
    WalkEnd ending = estate_walk(work, kind, at);
    g_test_message("%s: %s at step %d: %s", one->name, estate_kinds[kind], at, ending == ENDED_DONE ? "done" : "undone");
    if (ending == ENDED_DONE) {
        Outcome now = outcome();
        g_assert_cmpuint(now.domains, ==, well->domains);
        g_assert_cmpuint(now.volumes, ==, well->volumes);
        g_assert_cmpstr(now.shape, ==, well->shape);
        g_free(now.shape);
    } else {
        g_autofree char *picture_after = without_chance(estate_picture());
        g_autofree char *model_after = estate_model();
        g_assert_cmpstr(picture, ==, picture_after);
        g_assert_cmpstr(model, ==, model_after);
    }
    estate_close();
}

static void
test_case(gconstpointer data)
{
    const Case *one = data;
    Outcome well = do_well(one);
    for (int at = 0; one->command->steps[at].name; at++) {
        if (!one->command->steps[at].probe) {
            walk_one(one, WALK_SILENT, at, &well);
            continue;
        }
        for (WalkKind kind = WALK_REFUSED; kind <= WALK_DOES_SILENT; kind++)
            walk_one(one, kind, at, &well);
    }
    g_free(well.shape);
}

/* What would be done is told, and nothing is. */
static void
test_plan(gconstpointer data)
{
    const Case *one = data;
    estate_open();
    Work *work = one->make();
    g_autofree char *text = estate_plan(work);
    g_test_message("%s", text);
    g_assert_true(g_utf8_validate(text, -1, NULL) && strlen(text) > 10 && g_str_has_suffix(text, "\n"));
    g_assert_null(strchr(text, '{'));
    estate_close();
}

static void
test_every_verb_has_a_case(void)
{
    for (const Command *const *row = command_registry; *row; row++) {
        gboolean found = !(*row)->steps;
        for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
            found |= cases[i].command == *row;
        g_assert_true(found);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/walks/every_verb_has_a_case", test_every_verb_has_a_case);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/walks/", cases[i].name, NULL);
        g_strdelimit(path, " ", '_');
        g_test_add_data_func(path, &cases[i], test_case);
        g_autofree char *plan = g_strconcat("/plans/", cases[i].name, NULL);
        g_strdelimit(plan, " ", '_');
        g_test_add_data_func(plan, &cases[i], test_plan);
    }
    return g_test_run();
}
