/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every link answers; what is secret is nowhere; pages, follows and waits do what they say. Replies as such are golden. */
#include "house.h"

#include "model/fixed.h"

#include <json-c/json.h>
#include <libxml/parser.h>
#include <string.h>

/* --- every link ------------------------------------------------------------------------------------------------------------------ */

static void
check_form(const char *target, const Reply *reply)
{
    if (g_str_equal(reply->media, "application/json")) {
        struct json_object *object = json_tokener_parse(reply->text);
        if (!object)
            g_error("%s is no JSON: %s", target, reply->text);
        json_object_put(object);
        return;
    }
    xmlDoc *document = xmlReadMemory(reply->text, (int) reply->length, "reply", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
    if (!document)
        g_error("%s is no XML: %s", target, reply->text);
    xmlFreeDoc(document);
}

static guint
count_of(const char *text, const char *part)
{
    guint count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

/* Adds to QUEUE what stands between BEFORE and a quote, once each. */
static void
gather(const char *text, const char *before, GHashTable *seen, GQueue *queue)
{
    for (const char *at = strstr(text, before); at; at = strstr(at, before)) {
        at += strlen(before);
        g_autofree char *href = g_strndup(at, strcspn(at, "\""));
        if (strchr(href, '{') || g_hash_table_contains(seen, href))
            continue;
        g_queue_push_tail(queue, href);
        g_hash_table_add(seen, g_steal_pointer(&href));
    }
}

/* The text without its <actions>. */
static char *
without_actions(const char *text)
{
    GString *out = g_string_new(NULL);
    const char *start, *end;
    while ((start = strstr(text, "<actions>")) && (end = strstr(start, "</actions>"))) {
        g_string_append_len(out, text, start - text);
        text = end;
    }
    return g_string_free(g_string_append(out, text), FALSE);
}

static void
check_secrets(const char *target, const Reply *reply)
{
    static const char *const secrets[] = { "scrypt$", "<password>", "<marks>", "<claims>", "<uri>", "<machines>", "\"marks\"", "\"password\"" };
    for (guint i = 0; i < G_N_ELEMENTS(secrets); i++) {
        if (strstr(reply->text, secrets[i]))
            g_error("%s shows %s", target, secrets[i]);
    }
}

static guint
walk_links(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    GQueue queue = G_QUEUE_INIT;
    char *start = g_strdup("/ovirt-engine/api");
    g_hash_table_add(seen, start);
    g_queue_push_tail(&queue, start);
    for (const char *href; (href = g_queue_pop_head(&queue));) {
        g_auto(Reply) xml = house_get(href);
        g_auto(Reply) json = house_get_json(href);
        if (xml.status != 200 || json.status != 200)
            g_error("%s answers %d: %s", href, xml.status, xml.text);
        check_form(href, &xml);
        check_form(href, &json);
        check_secrets(href, &xml);
        check_secrets(href, &json);
        g_assert_cmpuint(count_of(xml.text, " href=\""), ==, count_of(json.text, "\"href\":\""));
        g_autofree char *text = without_actions(xml.text);
        gather(text, " href=\"", seen, &queue);
    }
    return g_hash_table_size(seen);
}

static void
test_links(void)
{
    house_open();
    house_populate();
    guint count = walk_links();
    g_test_message("%u links", count);
    g_assert_cmpuint(count, >, 1800);
    house_close();
}

/* Clients choose their readers by the root of a list: it is not always the word of the path. */
static void
test_roots(void)
{
    static const char *const lists[][2] = {
        { "affinitylabels", "affinity_labels" }, { "bookmarks", "bookmarks" }, { "clusterlevels", "cluster_levels" }, { "clusters", "clusters" },
        { "cpuprofiles", "cpu_profiles" }, { "datacenters", "data_centers" }, { "diskprofiles", "disk_profiles" }, { "disks", "disks" },
        { "domains", "domains" }, { "events", "events" }, { "groups", "groups" }, { "hosts", "hosts" }, { "icons", "icons" },
        { "imagetransfers", "image_transfers" }, { "instancetypes", "instance_types" }, { "jobs", "jobs" }, { "macpools", "mac_pools" },
        { "networkfilters", "network_filters" }, { "networks", "networks" }, { "operatingsystems", "operation_systems" },
        { "permissions", "permissions" }, { "roles", "roles" }, { "schedulingpolicies", "scheduling_policies" },
        { "schedulingpolicyunits", "scheduling_policy_units" }, { "storageconnections", "storage_connections" },
        { "storagedomains", "storage_domains" }, { "tags", "tags" }, { "templates", "templates" }, { "users", "users" },
        { "vmpools", "vm_pools" }, { "vms", "vms" }, { "vnicprofiles", "vnic_profiles" },
        { "clusterlevels/4.7/permits", "permits" }, { "clusterlevels/4.7/clusterfeatures", "cluster_features" },
        { "schedulingpolicies/b4ed2332-a7ac-4d5f-9596-99a439cb2812/filters", "filters" },
        { "schedulingpolicies/b4ed2332-a7ac-4d5f-9596-99a439cb2812/weights", "weights" },
        { "schedulingpolicies/b4ed2332-a7ac-4d5f-9596-99a439cb2812/balances", "balances" },
        { "roles/00000000-0000-0000-0000-000000000001/permits", "permits" }, { "domains/696e7465726e616c2d617574687a/users", "users" },
        { "domains/696E7465726E616C2D617574687A/groups", "groups" }, { "templates/00000000-0000-0000-0000-000000000000/diskattachments", "disk_attachments" },
    };
    house_open();
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *path = g_strconcat("/", lists[i][0], NULL), *open = g_strdup_printf("<%s>", lists[i][1]);
        g_auto(Reply) reply = house_get(path);
        if (reply.status != 200 || !g_str_has_prefix(reply.text, open))
            g_error("%s answers %d: %.200s", path, reply.status, reply.text);
    }
    house_close();
}

/* What every installation has is read and never written. */
static void
test_fixed(void)
{
    static const char *const methods[] = { "PUT", "DELETE" };
    g_autoptr(View) fixed = fixed_view();
    house_open();
    for (const Type *const *type = inventory_types; *type; type++) {
        gconstpointer object;
        for (ViewWalk walk = view_walk(fixed, *type); (object = view_next(&walk));) {
            char id[ID_TEXT_SIZE];
            g_autofree char *path = g_strdup_printf("/%s/%s", (*type)->path, id_format(&((const Object *) object)->id, (*type)->ids, id));
            for (guint m = 0; m < G_N_ELEMENTS(methods); m++) {
                g_autofree char *body = g_strdup_printf("<%s><name>other</name></%s>", (*type)->one, (*type)->one);
                g_auto(Reply) reply = house_ask(methods[m], path, NULL, m == 0 ? body : NULL);
                g_assert_cmpint(reply.status, ==, 409);
            }
            g_auto(Reply) read = house_get(path);
            g_assert_cmpint(read.status, ==, 200);
        }
    }
    house_close();
}

/* --- verbs of links ------------------------------------------------------------------------------------------------------------------ */

/* What stands between BEFORE and a quote for the first time; yours. */
static char *
first(const char *text, const char *before)
{
    const char *at = strstr(text, before);
    g_assert_nonnull(at);
    at += strlen(before);
    return g_strndup(at, strcspn(at, "\""));
}

static void
test_actions(void)
{
    house_open();
    g_auto(Reply) vms = house_get("/vms");
    g_autofree char *action = first(vms.text, "<actions><link href=\"");
    g_auto(Reply) read = house_get(action);
    g_assert_cmpint(read.status, ==, 405);
    g_assert_true(strstr(read.headers, "Allow: POST\n"));
    g_assert_true(g_str_has_prefix(read.text, "<fault>"));
    house_close();
}

/* Any path is answered with something readable, and never by mistake with success. */
static void
test_paths(void)
{
    static const char *const parts[] = { "vms", "nics", "disks", "statistics", "snapshots", "hosts", "storagedomains", "files", "events", "1", "0", "-1", "",
        "%20", "%E4%BB%95", "00000000-0000-0000-0000-000000000000", "{hello}", "{storage}", "{host}", "start", "add", "update", "remove", "options", "describe",
        "datacenters", "clusters", "operatingsystems", "766e63", "cdroms", "x=1;current", ";;;", "boot.iso", "jobs", "steps", "users", "NaN" };
    static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE" };
    house_open();
    for (guint round = 0; round < 2500; round++) {
        GString *path = g_string_new(NULL);
        char id[ID_TEXT_SIZE];
        for (gint32 i = g_test_rand_int_range(0, 7); i > 0; i--)
            g_string_append_printf(path, "/%s", parts[g_test_rand_int_range(0, G_N_ELEMENTS(parts))]);
        g_string_replace(path, "{hello}", id_format(&estate.adopted, ID_UUID, id), 0);
        g_string_replace(path, "{storage}", id_format(&estate.storage, ID_UUID, id), 0);
        g_string_replace(path, "{host}", id_format(&estate.host, ID_UUID, id), 0);
        const char *method = methods[g_test_rand_int_range(0, G_N_ELEMENTS(methods))];
        g_auto(Reply) reply = house_ask(method, path->str, NULL, NULL);
        if (reply.status >= 500 && reply.status != 501 && reply.status != 503)
            g_error("%s %s: %d %s", method, path->str, reply.status, reply.text);
        if (reply.length)
            check_form(path->str, &reply);
        g_string_free(path, TRUE);
    }
    house_close();
}

/* --- long lists ---------------------------------------------------------------------------------------------------------------------- */

static void
add_vms(guint count)
{
    const Vm *hello = estate_vm(&estate.hello);
    for (guint i = 0; i < count; i++) {
        Vm *vm = object_dup(hello);
        g_autofree char *name = g_strdup_printf("many-%04u", (i * 7919) % count);
        vm->object.id = id_random();
        text_set(&vm->name, name);
        house_put(vm);
    }
}

static void
test_long(void)
{
    house_open();
    add_vms(450);
    g_auto(Reply) whole = house_get("/vms");
    g_auto(Reply) again = house_get("/vms");
    g_auto(Reply) chosen = house_get("/vms?search=name%3D*");
    g_auto(Reply) sorted = house_get("/vms?search=name%3Dmany*+sortby+name+desc&max=2");
    g_auto(Reply) few = house_get("/vms?max=3");
    g_auto(Reply) page = house_get("/vms?search=page+5");
    g_assert_cmpuint(whole.pieces, ==, 1);
    g_assert_cmpstr(whole.text, ==, chosen.text);
    g_assert_cmpstr(whole.text, ==, again.text);
    g_assert_cmpuint(count_of(whole.text, "<vm href"), ==, 453);
    g_assert_cmpuint(count_of(page.text, "<vm href"), ==, 53);
    g_assert_cmpuint(count_of(few.text, "<vm href"), ==, 3);
    g_assert_true(strstr(few.text, "<name>busy</name>") && strstr(few.text, "<name>hello</name>") && strstr(few.text, "<name>many-0000</name>"));
    g_assert_true(strstr(sorted.text, "<name>many-0449</name>") < strstr(sorted.text, "<name>many-0448</name>"));
    house_close();
}

/* An object that changes is shown as it is at once, in lists and alone, in both formats. */
static void
test_fresh(void)
{
    house_open();
    add_vms(10);
    g_auto(Reply) xml = house_get("/vms");
    g_auto(Reply) json = house_get_json("/vms");
    g_assert_cmpint(xml.status, ==, json.status);
    Vm *vm = estate_edit(&vm_type, &estate.hello);
    vm->status = VM_UP;
    text_set(&vm->name, "renamed");
    house_put(vm);
    g_auto(Reply) xml_now = house_get("/vms");
    g_auto(Reply) json_now = house_get_json("/vms");
    g_assert_true(strstr(xml.text, "<name>hello</name>") && !strstr(xml_now.text, "<name>hello</name>") && strstr(xml_now.text, "<name>renamed</name>"));
    g_assert_true(!strstr(json_now.text, "\"name\":\"hello\"") && strstr(json_now.text, "\"name\":\"renamed\""));
    check_form("/vms", &json_now);
    house_remove(&vm_type, &estate.hello);
    g_auto(Reply) gone = house_get("/vms");
    g_assert_null(strstr(gone.text, "renamed"));
    house_close();
}

/* A reference to something that is gone has no href, also in a list that was remembered before. */
static void
test_dangling(void)
{
    house_open();
    house_populate();
    Id vm = house_id_of(&vm_type);
    g_auto(Reply) before = house_get("/events");
    house_remove(&vm_type, &vm);
    g_auto(Reply) after = house_get("/events");
    g_assert_cmpuint(count_of(before.text, "<vm href"), ==, count_of(after.text, "<vm href") + 1);
    g_assert_cmpuint(count_of(after.text, "<vm id"), ==, 1 + count_of(before.text, "<vm id"));
    house_close();
}

/* Sentences kept as code and arguments are told anew for other languages; what has none stays as it is. */
static void
test_language(void)
{
    house_open();
    Event *event = object_new(&event_type);
    g_autoptr(Message) message = message_new(MSG_API_NO_OPTION, "name", "told anew", NULL);
    event->object.id = id_number(4711);
    event->index = 4711;
    text_set(&event->description, "old words");
    event->message = message_encode(message);
    house_put(event);
    g_auto(Reply) english = house_get("/events/4711");
    g_auto(Reply) other = house_ask("GET", "/events/4711", "Accept-Language: ja", NULL);
    g_auto(Reply) listed = house_ask("GET", "/events", "Accept-Language: ja", NULL);
    g_autofree char *text = message_text(message, LANGUAGE_JA);
    g_assert_true(strstr(english.text, "old words") && !strstr(other.text, "old words") && !strstr(listed.text, "old words"));
    g_assert_true(strstr(other.text, "told anew") && strstr(listed.text, "told anew") && strstr(text, "told anew"));
    house_close();
}

/* --- following ---------------------------------------------------------------------------------------------------------------------- */

static void
test_follow(void)
{
    house_open();
    g_auto(Reply) nested = house_get("/vms?follow=disk_attachments.disk,nics.vnic_profile");
    g_assert_true(strstr(nested.text, "<disk_attachments><disk_attachment href=\"/ovirt-engine/api/vms/"));
    g_assert_true(strstr(nested.text, "<disk href=\"/ovirt-engine/api/disks/") && strstr(nested.text, "<provisioned_size>1073741824</provisioned_size>"));
    g_assert_true(strstr(nested.text, "<vnic_profile href=\"/ovirt-engine/api/vnicprofiles/") && strstr(nested.text, "<name>ovirtmgmt</name>"));
    g_assert_null(strstr(nested.text, "rel=\"nics\""));
    check_form("nested", &nested);
    g_auto(Reply) by_link = house_get("/vms?follow=diskattachments.disk,nics.vnic_profile");
    g_assert_cmpstr(nested.text, ==, by_link.text);
    g_auto(Reply) json = house_get_json("/vms?follow=disk_attachments.disk,nics,cluster");
    check_form("json", &json);
    g_auto(Reply) collected = house_get("/hosts?follow=vms");
    g_assert_true(strstr(collected.text, "<vms><vm href="));
    g_auto(Reply) numbers = house_get("/vms?follow=statistics,tags");
    g_assert_true(strstr(numbers.text, "<statistics><statistic href=") && strstr(numbers.text, "<tags></tags>"));
    g_auto(Reply) json_numbers = house_get_json("/vms?follow=statistics,tags");
    check_form("json numbers", &json_numbers);
    g_assert_true(strstr(json_numbers.text, "\"statistics\":{\"statistic\":[{") && strstr(json_numbers.text, "\"tags\":{}"));
    g_autofree char *names = g_strnfill(200, ',');
    g_autofree char *many = g_strconcat("/vms?follow=a", names, NULL);
    g_auto(Reply) refused = house_get(many);
    g_assert_cmpint(refused.status, ==, 400);
    house_close();
}

/* --- jobs ----------------------------------------------------------------------------------------------------------------------------- */

static void
test_abandon(void)
{
    house_open();
    char id[ID_TEXT_SIZE];
    g_autofree char *target = g_strdup_printf("/vms/%s/start?async=true", id_format(&estate.hello, ID_UUID, id));
    g_auto(Reply) started = house_ask("POST", target, NULL, "<action/>");
    g_assert_cmpint(started.status, ==, 202);
    g_autofree char *job = first(started.text, "<job href=\""), *abandon = g_strconcat(job, "/abandon", NULL);
    house_settle();
    g_auto(Reply) refused = house_ask("POST", abandon, NULL, "<action><reason>I looked</reason></action>");
    g_assert_cmpint(refused.status, ==, 404);
    g_assert_true(g_str_has_prefix(refused.text, "<action><fault>"));
    g_auto(Reply) shown = house_get(job);
    g_assert_true(strstr(shown.text, "<status>finished</status>"));
    house_close();
}

static void
test_body_ways(void)
{
    house_open();
    static const char xml[] = "<disk><alias>a</alias><provisioned_size>4096</provisioned_size><storage_domain><name>data</name></storage_domain></disk>";
    static const char json[] = "{\"alias\":\"b\",\"provisioned_size\":4096,\"storage_domain\":{\"name\":\"data\"}}";
    g_auto(Reply) a = house_ask("POST", "/disks", NULL, xml);
    g_auto(Reply) b = house_ask("POST", "/disks", "Accept: application/json", json);
    g_auto(Reply) c = house_ask("POST", "/disks;async=true", NULL, "<disk><alias>c</alias><provisioned_size>4096</provisioned_size><storage_domain><name>data</name></storage_domain></disk>");
    g_auto(Reply) d = house_ask("POST", "/disks?async=true", "Expect: 201-created", "<disk><alias>d</alias><provisioned_size>4096</provisioned_size><storage_domain><name>data</name></storage_domain></disk>");
    g_assert_cmpint(a.status, ==, 201);
    g_assert_cmpint(b.status, ==, 201);
    g_assert_cmpint(c.status, ==, 202);
    g_assert_cmpint(d.status, ==, 201);
    g_assert_true(strstr(a.text, "<status>ok</status>") && strstr(b.text, "\"status\":\"ok\"") && strstr(c.text, "<status>locked</status>"));
    g_autofree char *place = g_strndup(a.headers + strlen("Location: "), strcspn(a.headers + strlen("Location: "), "\n"));
    g_auto(Reply) found = house_get(strstr(place, "/ovirt-engine"));
    g_assert_cmpstr(found.text, ==, a.text);
    house_close();
}

static void
test_describe(void)
{
    house_open();
    g_auto(Reply) reply = house_get("/describe");
    struct json_object *description = json_tokener_parse(reply.text), *types = NULL;
    g_assert_true(json_object_object_get_ex(description, "types", &types));
    guint seen = 0;
    for (gsize i = 0; i < json_object_array_length(types); i++) {
        struct json_object *one = NULL;
        json_object_object_get_ex(json_object_array_get_idx(types, i), "one", &one);
        seen += g_str_equal(json_object_get_string(one), "vm") || g_str_equal(json_object_get_string(one), "nic") || g_str_equal(json_object_get_string(one), "step");
    }
    g_assert_cmpuint(seen, ==, 3);
    g_assert_cmpstr(reply.media, ==, "application/json");
    json_object_put(description);
    house_close();
}

/* What only its host knows of a VM, in both formats. */
static void
test_question(void)
{
    char id[ID_TEXT_SIZE];
    house_open();
    g_autofree char *path = g_strdup_printf("/vms/%s/domainxml", id_format(&estate.running, ID_UUID, id));
    g_auto(Reply) xml = house_get(path), json = house_get_json(path), posted = house_ask("POST", path, NULL, "<action/>");
    g_assert_cmpint(xml.status, ==, 200);
    check_form(path, &xml);
    g_assert_true(g_str_has_prefix(xml.text, "<domain_xml>") && strstr(xml.text, "<active>&lt;domain type='qemu'&gt;"));
    g_assert_cmpint(json.status, ==, 200);
    struct json_object *reply = json_tokener_parse(json.text), *active = NULL, *inactive = NULL;
    g_assert_true(json_object_object_get_ex(reply, "active", &active) && json_object_object_get_ex(reply, "inactive", &inactive));
    g_assert_true(g_str_has_prefix(json_object_get_string(active), "<domain type='qemu'>") && g_str_has_prefix(json_object_get_string(inactive), "<domain type='qemu'>"));
    g_assert_null(strstr(json.text, "passwd="));
    json_object_put(reply);
    g_assert_cmpint(posted.status, ==, 405);
    house_close();
}

/* What it printed, as text that both formats can carry; how much of it, stands in the query. */
static void
test_console_log(void)
{
    char id[ID_TEXT_SIZE];
    static const char printed[] = "first\n\033[31m<red>\033[0m \xff\0\n";
    house_open();
    estate_print(&estate.hello, printed, sizeof(printed) - 1);
    g_autofree char *path = g_strdup_printf("/vms/%s/consolelog", id_format(&estate.hello, ID_UUID, id)), *little = g_strconcat(path, "?kib=1", NULL);
    g_autofree char *none = g_strconcat(path, "?kib=0", NULL);
    g_auto(Reply) xml = house_get(path), json = house_get_json(little), refused = house_get(none);
    g_assert_cmpint(xml.status, ==, 200);
    check_form(path, &xml);
    g_assert_nonnull(strstr(xml.text, "<text>first&#10;&lt;red&gt; \xef\xbf\xbd&#10;</text>"));
    struct json_object *reply = json_tokener_parse(json.text), *text = NULL;
    g_assert_true(json_object_object_get_ex(reply, "text", &text));
    g_assert_cmpstr(json_object_get_string(text), ==, "first\n<red> \xef\xbf\xbd\n");
    json_object_put(reply);
    g_assert_cmpint(refused.status, ==, 400);
    house_close();
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/links", test_links);
    g_test_add_func("/api/roots", test_roots);
    g_test_add_func("/api/fixed", test_fixed);
    g_test_add_func("/api/actions", test_actions);
    g_test_add_func("/api/paths", test_paths);
    g_test_add_func("/api/question", test_question);
    g_test_add_func("/api/console-log", test_console_log);
    g_test_add_func("/api/lists/long", test_long);
    g_test_add_func("/api/lists/fresh", test_fresh);
    g_test_add_func("/api/lists/dangling", test_dangling);
    g_test_add_func("/api/language", test_language);
    g_test_add_func("/api/follow", test_follow);
    g_test_add_func("/api/abandon", test_abandon);
    g_test_add_func("/api/bodies", test_body_ways);
    g_test_add_func("/api/describe", test_describe);
    return g_test_run();
}
