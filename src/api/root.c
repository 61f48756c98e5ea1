/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * <api>. Names and versions are what oVirt's clients decide by (4.5: their newest); links are in oVirt's order. */
#include "api/root.h"

#include "api/links.h"
#include "model/estate.h"
#include "model/labels.h"
#include "model/places.h"
#include "model/storage.h"
#include "model/template.h"
#include "model/vm.h"

typedef struct { gint64 active, total; } Count;
typedef struct { Count hosts, storage_domains, users, vms; } Summary;
typedef struct { gint64 build, major, minor, revision; char *full_version; } ProductVersion;
typedef struct { char *instance_id, *name, *vendor; ProductVersion version; } ProductInfo;
typedef struct { Ref blank_template, root_tag; } SpecialObjects;
typedef struct {
    ProductInfo product_info;
    SpecialObjects special_objects;
    Summary summary;
    gint64 time;
    Ref authenticated_user, effective_user;
} Document;

/* clang-format off */
static const Type count_type = { .one = "count", .many = "counts", .size = sizeof(Count), .fields = (const Field[]) {
    INT(Count, active, LIVE, "That work."),
    INT(Count, total,  LIVE, "All."),
    { 0 } } };

static const Type summary_type = { .one = "summary", .many = "summaries", .size = sizeof(Summary), .fields = (const Field[]) {
    GROUP(Summary, hosts,           count_type, LIVE, "Hosts."),
    GROUP(Summary, storage_domains, count_type, LIVE, "Storage domains."),
    GROUP(Summary, users,           count_type, LIVE, "Users."),
    GROUP(Summary, vms,             count_type, LIVE, "VMs."),
    { 0 } } };

static const Type product_version_type = { .one = "version", .many = "versions", .size = sizeof(ProductVersion), .fields = (const Field[]) {
    INT (ProductVersion, build,        0, "Third number."),
    TEXT(ProductVersion, full_version, 0, "All of it."),
    INT (ProductVersion, major,        0, "First number."),
    INT (ProductVersion, minor,        0, "Second number."),
    INT (ProductVersion, revision,     0, "Fourth number."),
    { 0 } } };

static const Type product_info_type = { .one = "product_info", .many = "product_infos", .size = sizeof(ProductInfo), .fields = (const Field[]) {
    TEXT (ProductInfo, instance_id, 0, "Of this installation."),
    TEXT (ProductInfo, name,        0, "What clients take it for."),
    TEXT (ProductInfo, vendor,      0, "Whose API it is."),
    GROUP(ProductInfo, version, product_version_type, 0, "Of the API."),
    { 0 } } };

/* NEED: the Blank template and the root of tags have the null id, and are said all the same. */
static const Type special_objects_type = { .one = "special_objects", .many = "special_objects", .size = sizeof(SpecialObjects), .fields = (const Field[]) {
    REF(SpecialObjects, blank_template, template_type, NEED, "What VMs are made from that are made from nothing."),
    REF(SpecialObjects, root_tag,       tag_type,      NEED, "The tag above all."),
    { 0 } } };

static const Type document_type = { .one = "api", .many = "apis", .size = sizeof(Document), .fields = (const Field[]) {
    GROUP(Document, product_info, product_info_type, 0,       "What this is."),
    GROUP(Document, special_objects, special_objects_type, 0, "Objects every client knows."),
    GROUP(Document, summary, summary_type, LIVE,              "How many there are."),
    TIME (Document, time, LIVE,                               "Now."),
    REF  (Document, authenticated_user, user_type, 0,         "Who asks."),
    REF  (Document, effective_user, user_type, 0,             "For whom."),
    { 0 } } };

static const struct { const char *rel; gboolean searched; } links[] = {
    { "clusters", TRUE }, { "datacenters", TRUE }, { "events", TRUE }, { "hosts", TRUE }, { "networks", TRUE }, { "roles", FALSE },
    { "storagedomains", TRUE }, { "tags", FALSE }, { "bookmarks", FALSE }, { "icons", FALSE }, { "templates", TRUE }, { "instancetypes", TRUE },
    { "users", TRUE }, { "groups", TRUE }, { "domains", FALSE }, { "vmpools", TRUE }, { "vms", TRUE }, { "disks", TRUE }, { "jobs", FALSE },
    { "storageconnections", FALSE }, { "vnicprofiles", FALSE }, { "diskprofiles", FALSE }, { "cpuprofiles", FALSE },
    { "schedulingpolicyunits", FALSE }, { "schedulingpolicies", FALSE }, { "permissions", FALSE }, { "macpools", FALSE },
    { "networkfilters", FALSE }, { "operatingsystems", FALSE }, { "externalhostproviders", FALSE }, { "openstackimageproviders", FALSE },
    { "openstackvolumeproviders", FALSE }, { "openstacknetworkproviders", FALSE }, { "katelloerrata", FALSE }, { "affinitylabels", FALSE },
    { "clusterlevels", FALSE }, { "imagetransfers", FALSE }, { "options", FALSE }, { "licenceboundaries", TRUE },
};
/* clang-format on */

/* --- what there is ------------------------------------------------------------------------------------------------------------ */

static gboolean
is_active(const Object *object)
{
    if (object->type == &host_type)
        return ((const Host *) object)->status == HOST_UP;
    if (object->type == &storage_domain_type)
        return ((const StorageDomain *) object)->status == STORAGE_ACTIVE;
    if (object->type == &vm_type)
        return vm_is_running((VmStatus) ((const Vm *) object)->status);
    return TRUE;
}

static Count
count(const View *view, const Type *type)
{
    Count counted = { 0, view_count(view, type) };
    const Object *object;
    for (ViewWalk walk = view_walk(view, type); (object = view_next(&walk));)
        counted.active += is_active(object);
    return counted;
}

/* Yours. */
static char *
instance_id(const View *view)
{
    char text[ID_TEXT_SIZE];
    Id id = estate_installation(view);
    return g_strdup(id_format(&id, ID_UUID, text));
}

static void
fill(Document *document, const Exchange *exchange, const View *view)
{
    *document = (Document) {
        .product_info = { instance_id(view), "oVirt Engine", "ovirt.org", { 7, 4, 5, 0, "4.5.7-1.shikiri" } },
        .summary = { count(view, &host_type), count(view, &storage_domain_type), count(view, &user_type), count(view, &vm_type) },
        .time = clock_wall(),
        .authenticated_user.id = exchange->user,
        .effective_user.id = exchange->user,
    };
}

/* --- links -------------------------------------------------------------------------------------------------------------------- */

static void
add_link(Text *out, Format format, const char *rel, const char *href)
{
    if (format == FORMAT_JSON)
        text_printf(out, "%s{\"href\":\"%s%s\",\"rel\":\"%s\"}", out->bytes[out->length - 1] == '[' ? "" : ",", LINKS_ROOT, href, rel);
    else
        text_printf(out, "<link href=\"%s%s\" rel=\"%s\"/>", LINKS_ROOT, href, rel);
}

static void
each_link(void (*say)(gpointer data, const char *rel, const char *href), gpointer data)
{
    for (guint i = 0; i < G_N_ELEMENTS(links); i++) {
        const char *rel = links[i].rel;
        g_autofree char *href = g_strconcat("/", rel, NULL), *search = g_strconcat(rel, "/search", NULL);
        g_autofree char *searched = g_strconcat("/", rel, g_str_equal(rel, "events") ? ";from={event_id}" : "", "?search={query}", NULL);
        say(data, rel, href);
        if (links[i].searched)
            say(data, search, searched);
    }
}

static void
say_element(gpointer data, const char *rel, const char *href)
{
    Exchange *exchange = data;
    add_link(exchange->reply, exchange->format, rel, href);
}

static void
say_header(gpointer data, const char *rel, const char *href)
{
    Text *out = data;
    text_printf(out, "%s<%s%s>; rel=%s", out->length ? "," : "", LINKS_ROOT, href, rel);
}

void
root_get(Exchange *exchange)
{
    g_autoptr(View) view = inventory_view(engine_inventory(exchange->engine));
    gboolean json = exchange->format == FORMAT_JSON;
    Links names = { .view = view };
    Write write = links_write(&names, exchange->reply, exchange->format, FALSE);
    Document document;
    fill(&document, exchange, view);
    text_add(exchange->reply, json ? "{" : "<api>");
    write_fields(&write, &document_type, &document);
    text_add(exchange->reply, json ? ",\"link\":[" : "");
    each_link(say_element, exchange);
    text_add(exchange->reply, json ? "]}" : "</api>");
    g_free(document.product_info.instance_id);
    if (exchange->method == METHOD_HEAD) {
        g_auto(Text) header = TEXT_EMPTY;
        each_link(say_header, &header);
        text_add_bytes(&header, "", 1);
        exchange_reply_header(exchange, "Link", header.bytes);
    }
    exchange_end(exchange);
}

void
root_get_options(Exchange *exchange)
{
    g_autoptr(GError) error = NULL;
    const char *name = exchange->local + strlen("/options");
    if (*name && name[1]) {
        fault_set(&error, MSG_API_NO_OPTION, "name", name + 1, NULL);
        exchange_end_fault(exchange, error);
        return;
    }
    text_add(exchange->reply, exchange->format == FORMAT_JSON ? "{}" : "<system_options></system_options>");
    exchange_end(exchange);
}
