/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What serial consoles print: whose file it is, who may have one, what is shown of it, and that it goes with its VM and nothing else does. */
#include "estate.h"

#include "host/domain_xml.h"
#include "model/machines.h"

#include <string.h>

#define ON "<vm><console><log_enabled>true</log_enabled></console></vm>"
#define OFF "<vm><console><log_enabled>false</log_enabled></console></vm>"
#define FOREIGN "/var/log/somebody.log"

static Work *
edit(const Id *vm, const char *body)
{
    return estate_work(&vm_update, vm, body);
}

static char *
file_of(const Id *vm)
{
    char text[ID_TEXT_SIZE];
    return g_strdup_printf(ESTATE_LOGS "/%s.log", id_format(vm, ID_UUID, text));
}

static guint
count(const char *text, const char *part)
{
    guint found = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        found++;
    return found;
}

/* As virsh edit does: a log of somebody's own at the first port. */
static void
give_foreign_log(const Id *vm)
{
    g_auto(GStrv) halves = g_strsplit(estate_xml(vm), "<devices>", 2);
    g_autofree char *xml = g_strjoin("<devices>\n    <serial type='pty'><log file='" FOREIGN "' append='off'/><target port='0'/></serial>", halves[0], halves[1], NULL);
    estate_set_xml(vm, xml);
    Vm *known = estate_edit(&vm_type, vm);
    known->console.enabled = known->console.log_enabled = TRUE;
    text_set(&known->console.log_file, FOREIGN);
    estate_put(known);
}

/* --- switching ---------------------------------------------------------------------------------------------------------------------- */

static void
test_switched(void)
{
    estate_open();
    g_autofree char *before = g_strdup(strstr(estate_xml(&estate.hello), "<os")), *file = file_of(&estate.hello);
    g_autofree char *element = g_strdup_printf("<log file='%s' append='on'/>", file);
    estate_do(edit(&estate.hello, ON));
    g_assert_cmpuint(count(estate_xml(&estate.hello), element), ==, 2);         /* the port, and its other name */
    g_assert_cmpstr(estate_vm(&estate.hello)->console.log_file, ==, file);
    g_assert_true(estate_vm(&estate.hello)->console.log_enabled);
    estate_do(edit(&estate.hello, "<vm><name>renamed</name></vm>"));
    g_assert_cmpstr(estate_vm(&estate.hello)->console.log_file, ==, file);
    estate_do(edit(&estate.hello, "<vm><name>hello</name></vm>"));
    estate_do(edit(&estate.hello, OFF));
    g_assert_cmpstr(strstr(estate_xml(&estate.hello), "<os"), ==, before);
    g_assert_true(!estate_vm(&estate.hello)->console.log_enabled && !estate_vm(&estate.hello)->console.log_file);
    estate_close();
}

/* It goes with its console, and does not come back with it. */
static void
test_without_console(void)
{
    estate_open();
    estate_do(edit(&estate.hello, ON));
    estate_do(edit(&estate.hello, "<vm><console><enabled>false</enabled></console></vm>"));
    g_assert_null(strstr(estate_xml(&estate.hello), "<log"));
    estate_refused(edit(&estate.hello, ON), "Nothing of the serial console of VM 'hello' can be kept: it has none. | Set console.enabled too.");
    estate_do(edit(&estate.hello, "<vm><console><enabled>true</enabled></console></vm>"));
    g_assert_null(strstr(estate_xml(&estate.hello), "<log"));
    estate_do(edit(&estate.hello, "<vm><console><enabled>false</enabled></console></vm>"));
    estate_do(edit(&estate.hello, "<vm><console><enabled>true</enabled><log_enabled>true</log_enabled></console></vm>"));
    g_assert_cmpuint(count(estate_xml(&estate.hello), "<log"), ==, 1);
    estate_close();
}

static void
test_running(void)
{
    estate_open();
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    estate_do(edit(&estate.hello, ON));
    g_assert_true(estate_vm(&estate.hello)->next_run_configuration_exists);
    g_assert_cmpstr(estate_vm(&estate.hello)->next_run_differences.items[0], ==, "console");
    g_assert_null(strstr(estate_live(&estate.hello), "<log"));
    estate_close();
}

static void
test_new(void)
{
    estate_open();
    estate_do(estate_work(&vm_add, NULL, "<vm><name>new</name><console><log_enabled>true</log_enabled></console></vm>"));
    const Vm *vm = view_find_name(estate.view, &vm_type, "new");
    g_autofree char *file = file_of(&vm->object.id);
    g_assert_true(vm->console.enabled && vm->console.log_enabled);
    g_assert_cmpstr(vm->console.log_file, ==, file);
    g_assert_cmpuint(count(estate_xml(&vm->object.id), file), ==, 2);
    estate_do(estate_work(&vm_add, NULL, "<vm><name>quiet</name></vm>"));
    g_assert_false(((const Vm *) view_find_name(estate.view, &vm_type, "quiet"))->console.log_enabled);
    estate_refused(estate_work(&vm_add, NULL, "<vm><name>deaf</name><console><enabled>false</enabled><log_enabled>true</log_enabled></console></vm>"), "it has none");
    estate_close();
}

static void
test_hosts(void)
{
    estate_open();
    estate_set_machine(MACHINES_LOGS_BOUNDED, "no");
    estate_refused(edit(&estate.hello, ON), "on host 'n1' nothing would bound it");
    estate_refused(estate_work(&vm_add, NULL, "<vm><name>new</name><console><log_enabled>true</log_enabled></console></vm>"), "nothing would bound it");
    estate_set_machine(MACHINES_LOGS, NULL);
    estate_refused(edit(&estate.hello, ON), "Host 'n1' keeps nothing of what the serial console of VM 'hello' prints.");
    estate_do(edit(&estate.hello, OFF));
    estate_do(estate_work(&vm_remove, &estate.hello, NULL));
    estate_close();
}

/* --- somebody else's ----------------------------------------------------------------------------------------------------------------- */

static void
test_foreign(void)
{
    estate_open();
    give_foreign_log(&estate.adopted);
    estate_refused(edit(&estate.adopted, OFF), "goes to " FOREIGN ", which somebody else chose; the manager leaves that alone.");
    estate_do(edit(&estate.adopted, ON));
    estate_do(edit(&estate.adopted, "<vm><description>ours now</description></vm>"));
    g_assert_cmpuint(count(estate_xml(&estate.adopted), "<log file='" FOREIGN "' append='off'/>"), ==, 1);
    g_assert_cmpstr(estate_vm(&estate.adopted)->console.log_file, ==, FOREIGN);
    estate_close();
}

static void
test_clone(void)
{
    estate_open();
    estate_do(edit(&estate.hello, ON));
    estate_do(estate_work(&vm_clone, &estate.hello, "<action><vm><name>copy</name></vm></action>"));
    const Vm *clone = view_find_name(estate.view, &vm_type, "copy");
    g_autofree char *file = file_of(&clone->object.id), *other = file_of(&estate.hello);
    g_assert_cmpstr(clone->console.log_file, ==, file);
    g_assert_true(strstr(estate_xml(&clone->object.id), file) && !strstr(estate_xml(&clone->object.id), other));
    estate_close();
}

/* Two guests do not print into one file. */
static void
test_clone_of_foreign(void)
{
    estate_open();
    give_foreign_log(&estate.hello);
    estate_do(estate_work(&vm_clone, &estate.hello, "<action><vm><name>copy</name></vm></action>"));
    const Vm *clone = view_find_name(estate.view, &vm_type, "copy");
    g_autofree char *file = file_of(&clone->object.id);
    g_assert_cmpstr(clone->console.log_file, ==, file);
    g_assert_true(strstr(estate_xml(&clone->object.id), file) && !strstr(estate_xml(&clone->object.id), FOREIGN));
    g_assert_nonnull(strstr(estate_xml(&estate.hello), FOREIGN));
    estate_close();
}

/* It goes with its VM, also where it was switched off again; another's stays. */
static void
test_removed(void)
{
    estate_open();
    estate_print(&estate.hello, "x", 1);
    estate_print(&estate.running, "y", 1);
    estate_do(estate_work(&vm_remove, &estate.hello, NULL));
    g_assert_true(!estate_has_log(&estate.hello) && estate_has_log(&estate.running));
    estate_close();
}

static void
test_removed_after_crashes(void)
{
    static const WalkKind kinds[] = { WALK_CRASH_BEFORE, WALK_CRASH_AFTER, WALK_SILENT, WALK_DOES_SILENT };
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        for (int at = 0; at < 3; at++) {
            estate_open();
            estate_print(&estate.hello, "x", 1);
            if (estate_walk(estate_work(&vm_remove, &estate.hello, NULL), kinds[i], at) == ENDED_DONE)
                g_assert_false(estate_has_log(&estate.hello));
            estate_close();
        }
    }
}

/* --- looking ------------------------------------------------------------------------------------------------------------------------- */

/* "FILE TRUNCATED TEXT", or the refusal. */
static char *
look(const Id *id, const char *kib)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Work) work = estate_work(&vm_consolelog, id, NULL);
    work->answer = work_answer_new(vm_consolelog.answer);
    work->view = view_ref(estate.view);
    if (kib)
        estate_query(work, "kib", kib);
    g_autofree char *text = vm_consolelog.check(work, &error) ? vm_consolelog.plan(work, &error) : NULL;
    if (!text)
        return g_strdup(error->message);
    g_assert_cmpuint(work->claims->len, ==, 0);
    const char *record = work->answer->record;
    const Type *type = vm_consolelog.answer;
    return g_strdup_printf("%s %d %s", *(char *const *) (record + type_find(type, "file")->offset), *(const gboolean *) (record + type_find(type, "truncated")->offset),
                           *(char *const *) (record + type_find(type, "text")->offset));
}

static void
assert_seen(const Id *id, const char *kib, const char *expected)
{
    g_autofree char *seen = look(id, kib);
    g_assert_cmpstr(seen, ==, expected);
}

static void
test_shown(void)
{
    estate_open();
    g_autofree char *file = file_of(&estate.hello), *none = g_strconcat(file, " 0 ", NULL), *plain = g_strconcat(file, " 0 boot\n\xef\xbf\xbd login: ", NULL);
    assert_seen(&estate.hello, NULL, "Nothing of what the serial console of VM 'hello' prints is kept.");
    estate_do(edit(&estate.hello, ON));
    assert_seen(&estate.hello, NULL, none);
    static const char bytes[] = "\033[2J\033[1mboot\033[0m\r\n\xff login: ";
    estate_print(&estate.hello, bytes, sizeof(bytes) - 1);
    assert_seen(&estate.hello, NULL, plain);
    estate_do(edit(&estate.hello, OFF));
    assert_seen(&estate.hello, "1", plain);
    estate_close();
}

/* The end, from the beginning of a line on. */
static void
test_end(void)
{
    estate_open();
    GString *printed = g_string_new(NULL);
    for (guint i = 0; i < 1000; i++)
        g_string_append_printf(printed, "line %04u \033[0m\n", i);         /* 15 bytes: 1 KiB is 68 and a part of one */
    estate_do(edit(&estate.hello, ON));
    estate_print(&estate.hello, printed->str, printed->len);
    g_autofree char *one = look(&estate.hello, "1"), *all = look(&estate.hello, NULL), *file = file_of(&estate.hello);
    g_autofree char *begin = g_strconcat(file, " 1 line 0932 \n", NULL), *whole = g_strconcat(file, " 0 line 0000 \n", NULL);
    g_assert_true(g_str_has_prefix(one, begin) && g_str_has_suffix(one, "line 0999 \n"));
    g_assert_true(g_str_has_prefix(all, whole) && g_str_has_suffix(all, "line 0999 \n"));
    estate_close();
    g_string_free(printed, TRUE);
}

static void
test_one_long_line(void)
{
    estate_open();
    g_autofree char *line = g_strnfill(5000, 'x');
    estate_do(edit(&estate.hello, ON));
    estate_print(&estate.hello, line, 5000);
    g_autofree char *seen = look(&estate.hello, "2"), *file = file_of(&estate.hello);
    g_assert_cmpuint(strlen(seen), ==, strlen(file) + 3 + 2048);
    estate_close();
}

static void
test_not_shown(void)
{
    static const char *const bad[] = { "0", "1025", "-1", "1k", "", "99999999999999999999" };
    estate_open();
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        assert_seen(&estate.hello, bad[i], "So much of what the serial console of VM 'hello' printed cannot be shown.");
    give_foreign_log(&estate.adopted);
    assert_seen(&estate.adopted, NULL, "What the serial console of VM 'old' prints goes to " FOREIGN ", which somebody else chose; the manager does not read it.");
    estate_set_machine(MACHINES_LOGS, NULL);
    assert_seen(&estate.hello, NULL, "Host 'n1' keeps nothing of what the serial console of VM 'hello' prints.");
    estate_forget_domain(&estate.hello);
    g_autofree char *gone = look(&estate.hello, NULL);
    g_assert_nonnull(strstr(gone, "hello"));
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/console-log/switched", test_switched);
    g_test_add_func("/console-log/without-console", test_without_console);
    g_test_add_func("/console-log/running", test_running);
    g_test_add_func("/console-log/new", test_new);
    g_test_add_func("/console-log/hosts", test_hosts);
    g_test_add_func("/console-log/foreign", test_foreign);
    g_test_add_func("/console-log/clone", test_clone);
    g_test_add_func("/console-log/clone-of-foreign", test_clone_of_foreign);
    g_test_add_func("/console-log/removed", test_removed);
    g_test_add_func("/console-log/removed-after-crashes", test_removed_after_crashes);
    g_test_add_func("/console-log/shown", test_shown);
    g_test_add_func("/console-log/end", test_end);
    g_test_add_func("/console-log/one-long-line", test_one_long_line);
    g_test_add_func("/console-log/not-shown", test_not_shown);
    return g_test_run();
}
