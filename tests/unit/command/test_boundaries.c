/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Licence boundaries: what they are, what they refuse of the VMs in them and keep from others, and exceptions. The host has four cores of two threads, CPU c
 * beside c + 4. */
#include "estate.h"

#include "model/licence_boundary.h"

#include <string.h>

#define BOUNDARY(rows) "<licence_boundary><name>oracle</name><product>EE</product><host><name>n1</name></host><cpu_set>0-1,4-5</cpu_set>" rows "</licence_boundary>"
#define PIN(number, set) "<vcpu_pin><vcpu>" number "</vcpu><cpu_set>" set "</cpu_set></vcpu_pin>"
#define JOIN "<vm><licence_boundary><name>oracle</name></licence_boundary></vm>"
#define LEAVE "<vm><licence_boundary id='00000000-0000-0000-0000-000000000000'/></vm>"

#define refused_add(body, part) estate_refused(estate_work(&licence_boundary_add, NULL, body), part)
#define refused_edit(body, part) estate_refused(estate_work(&licence_boundary_update, &boundary, body), part)
#define refused_vm(body, part) estate_refused(estate_work(&vm_update, &estate.hello, body), part)

static Id boundary;

static void
open_with(const char *rows)
{
    g_autofree char *body = g_strdup_printf(BOUNDARY("%s"), rows);
    estate_open();
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><cpu><topology><sockets>2</sockets></topology></cpu></vm>"));
    estate_do(estate_work(&licence_boundary_add, NULL, body));
    boundary = ((const Object *) view_find_name(estate.view, &licence_boundary_type, "oracle"))->id;
}

static void
bind(const Id *vm)
{
    estate_do(estate_work(&vm_bind, vm, NULL));
}

static void
assert_on(const Id *vm, const char *set)
{
    g_assert_cmpstr(estate_vm(vm)->cpu.cpu_tune.cpu_set, ==, set);
}

/* --- boundaries themselves ------------------------------------------------------------------------------------------------------------ */

static void
test_boundaries(void)
{
    open_with("<licences>1</licences>");
    refused_add(BOUNDARY(""), "There is a licence boundary 'oracle' already.");
    refused_add("<licence_boundary><name>a</name></licence_boundary>", "LicenceBoundary [product, cpu_set, host] required for add.");
    refused_add("<licence_boundary><name>a</name><product>EE</product><host><name>n1</name></host><cpu_set>x</cpu_set></licence_boundary>", "cannot have the CPUs 'x': that is no set of numbers.");
    refused_add("<licence_boundary><name>a</name><product>EE</product><host><name>n1</name></host><cpu_set>9</cpu_set></licence_boundary>", "cannot have CPU 9: host 'n1' has none, or it is offline.");
    refused_add("<licence_boundary><name>a</name><product>EE</product><host><name>n1</name></host><cpu_set>2</cpu_set></licence_boundary>", "without the rest of its core, which is the CPUs 2,6");
    refused_add("<licence_boundary><name>a</name><product>EE</product><host><name>n2</name></host><cpu_set>2</cpu_set></licence_boundary>", "There is no host 'n2'.");
    refused_edit("<licence_boundary><licences>-1</licences></licence_boundary>", "cannot have so many licences. | Give 0 to 1048576.");
    refused_edit("<licence_boundary><product></product></licence_boundary>", "needs a product.");
    estate_do(estate_work(&vm_update, &estate.hello, JOIN));
    estate_refused(estate_work(&licence_boundary_remove, &boundary, NULL), "Cannot remove licence boundary 'oracle': VM 'hello' is in it.");
    bind(&estate.hello);
    assert_on(&estate.hello, "0,4");
    refused_edit("<licence_boundary><cpu_set>1,5</cpu_set></licence_boundary>", "cannot become so: VM 'hello' is bound within it and would be outside.");
    estate_do(estate_work(&licence_boundary_update, &boundary, "<licence_boundary><cpu_set>4,0</cpu_set></licence_boundary>"));
    g_assert_cmpstr(((const LicenceBoundary *) estate_find(&licence_boundary_type, &boundary))->cpu_set, ==, "0,4");
    estate_do(estate_work(&vm_update, &estate.hello, LEAVE));
    estate_do(estate_work(&licence_boundary_remove, &boundary, NULL));
    estate_refused(estate_work(&licence_boundary_remove, &boundary, NULL), "There is no such licence boundary.");
    refused_edit("<licence_boundary><licences>2</licences></licence_boundary>", "There is no such licence boundary.");
    estate_close();
}

/* --- what is in them ------------------------------------------------------------------------------------------------------------------- */

static void
test_members(void)
{
    open_with("");
    estate_do(estate_work(&vm_update, &estate.hello, JOIN));           /* it is down and bound to nothing: it may not start */
    estate_refused(estate_work(&vm_start, &estate.hello, NULL), "its vCPU 0 is not bound, so that all 4 cores of host 'n1' would count, and not the 2 of the boundary (CPUs 0-1,4-5).");
    bind(&estate.hello);
    refused_vm("<vm><cpu><cpu_tune><vcpu_pins>" PIN("0", "0") PIN("1", "2") "</vcpu_pins></cpu_tune></cpu></vm>", "its vCPU 1 could run on the CPUs 2 of host 'n1'");
    refused_vm("<vm><cpu_pinning_policy>none</cpu_pinning_policy></vm>", "is not bound");
    estate_refused(estate_work(&vm_unbind, &estate.hello, NULL), "VM 'hello' has the product EE, which is licensed within licence boundary 'oracle'");
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><cpu><topology><sockets>3</sockets></topology></cpu></vm>"));       /* the third inherits the set */
    estate_refused(estate_work(&vm_unbind, &estate.hello, NULL), "is not bound");
    estate_refused(estate_work(&vm_bind, &estate.hello, "<action><cores>3</cores></action>"), "3 free cores are needed and 2 are there");
    estate_refused(estate_work(&vm_update, &estate.running, JOIN), "its vCPU 0 is not bound");
    estate_close();
}

static void
test_others(void)
{
    open_with("<keep_others_off>true</keep_others_off>");
    bind(&estate.running);
    assert_on(&estate.running, "2,6");
    estate_do(estate_work(&licence_boundary_update, &boundary, "<licence_boundary><keep_others_off>false</keep_others_off></licence_boundary>"));
    bind(&estate.running);
    assert_on(&estate.running, "0,4");
    estate_close();
}

static void
except(const char *rows)
{
    g_autofree char *body = g_strdup_printf("<action><vm><name>hello</name></vm>%s</action>", rows);
    estate_do(estate_work(&licence_boundary_except, &boundary, body));
}

static void
test_exceptions(void)
{
    open_with("");
    estate_refused(estate_work(&licence_boundary_except, &boundary, "<action><vm><name>hello</name></vm><reason>x</reason></action>"), "VM 'hello' is not in licence boundary 'oracle'.");
    estate_do(estate_work(&vm_update, &estate.hello, JOIN));
    estate_refused(estate_work(&licence_boundary_except, &boundary, "<action><vm><name>hello</name></vm></action>"), "needs a VM and a reason.");
    estate_refused(estate_work(&licence_boundary_except, &boundary, NULL), "needs a VM and a reason.");
    estate_refused(estate_work(&licence_boundary_except, &boundary, "<action><vm><name>hello</name></vm><reason>x</reason><minutes>-1</minutes></action>"), "so many minutes. | Give 0 to 44640.");
    except("<reason>the cluster is being rebuilt</reason><minutes>5</minutes>");
    estate_do(estate_work(&vm_start, &estate.hello, NULL));
    except("<reason>over</reason><minutes>0</minutes>");
    g_assert_cmpuint(((const LicenceBoundary *) estate_find(&licence_boundary_type, &boundary))->exceptions.count, ==, 0);
    estate_do(estate_work(&vm_stop, &estate.hello, NULL));
    estate_refused(estate_work(&vm_start, &estate.hello, NULL), "is not bound");
    estate_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/boundaries/boundaries", test_boundaries);
    g_test_add_func("/boundaries/members", test_members);
    g_test_add_func("/boundaries/others", test_others);
    g_test_add_func("/boundaries/exceptions", test_exceptions);
    return g_test_run();
}
