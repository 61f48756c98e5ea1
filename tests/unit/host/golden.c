/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The shared half of the golden tests of domain_xml. */
#include "golden.h"

#include "base/text.h"

#include <libxml/relaxng.h>
#include <string.h>

#define SCHEMA "/usr/share/libvirt/schemas/domain.rng"

/* --- files ------------------------------------------------------------------------------------------------------------------------ */

char *
golden_folder(const char *below)
{
    const char *root = g_getenv("G_TEST_SRCDIR");
    return g_build_filename(root ? root : ".", "tests/golden/domain_xml", below, NULL);
}

char *
golden_beside(const char *path, const char *from, const char *to)
{
    g_assert_true(g_str_has_suffix(path, from));
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(from));
    return g_strconcat(stem, to, NULL);
}

char *
golden_text(const char *path)
{
    char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

DomainFacts *
golden_read(const char *xml)
{
    GError *error = NULL;
    DomainFacts *facts = domain_facts_new();
    domain_xml_read(xml, facts, &error);
    g_assert_no_error(error);
    return facts;
}

void
golden_check_unmoved(const char *xml, const DomainWorld *world)
{
    GError *error = NULL;
    g_autoptr(DomainFacts) facts = golden_read(xml);
    g_autofree char *same = domain_xml_patch(xml, facts->config, world, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(same, ==, xml);
}

/* --- the world -------------------------------------------------------------------------------------------------------------------- */

static gboolean
find_disk(gpointer data, const Id *disk, char **ret_path, int *ret_format, gboolean *ret_shareable, GError **error)
{
    (void) data;
    (void) error;
    char text[ID_TEXT_SIZE];
    id_format(disk, ID_UUID, text);
    *ret_shareable = g_str_has_prefix(text, "5a");
    *ret_format = *ret_shareable || g_str_has_prefix(text, "a") ? DISK_FORMAT_RAW : DISK_FORMAT_COW;
    *ret_path = g_strconcat(g_str_has_prefix(text, "b10c") ? "/dev/vg0/" : "/srv/store/", text, NULL);
    return TRUE;
}

static char *
find_iso(gpointer data, const char *file, GError **error)
{
    (void) data;
    (void) error;
    return g_strconcat("/srv/iso/", file, NULL);
}

static const char *
find_source(gpointer data, const Nic *nic)
{
    (void) data;
    Id network, bridge;
    id_parse(GOLDEN_NETWORK, ID_UUID, &network);
    id_parse(GOLDEN_BRIDGE, ID_UUID, &bridge);
    if (nic->source)
        return nic->source;
    return id_equal(&nic->vnic_profile.id, &network) ? "network:default" : id_equal(&nic->vnic_profile.id, &bridge) ? "bridge:br9" : NULL;
}

void
golden_world(DomainWorld *ret_world, const Host *host, const char *job)
{
    *ret_world = (DomainWorld) { host, job, find_disk, find_iso, find_source, NULL };
}

/* --- telling a VM ------------------------------------------------------------------------------------------------------------------ */

static void tell_rows(Text *out, const char *prefix, const Type *type, gconstpointer record);

static void
tell_list(Text *out, const char *prefix, const Field *row, const List *list)
{
    for (guint i = 0; i < list->count; i++) {
        char text[ID_TEXT_SIZE] = "";
        const Type *type = row->of;
        if (row->kind == KIND_CHILDREN)
            id_format(&((const Object *) list->items[i])->id, type->ids, text);
        g_autofree char *path = g_strdup_printf("%s%s[%s].", prefix, row->name, text);
        tell_rows(out, path, type, list->items[i]);
    }
}

/* Line ends as \n, so that each value stays on its line. */
static char *
one_line(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    return g_strjoinv("\\n", lines);
}

static char *
join(const Words *words)
{
    g_auto(Text) out = TEXT_EMPTY;
    for (guint i = 0; i < words->count; i++)
        text_printf(&out, "%s%s", i > 0 ? "," : "", words->items[i]);
    return text_take(&out);
}

static char *
value_text(const Field *row, gconstpointer member)
{
    char text[ID_TEXT_SIZE];
    switch (row->kind) {
    case KIND_TEXT:
        return one_line(*(char *const *) member);
    case KIND_BOOL:
        return g_strdup("true");
    case KIND_INT:
    case KIND_TIME:
        return g_strdup_printf("%" G_GINT64_FORMAT, *(const gint64 *) member);
    case KIND_REAL:
        return g_strdup_printf("%g", *(const double *) member);
    case KIND_ENUM:
        return g_strdup(names_get(row->of, *(const int *) member));
    case KIND_REF:
        return g_strdup(id_format(&((const Ref *) member)->id, ID_UUID, text));
    case KIND_WORDS:
        return join(member);
    case KIND_GROUP:
    case KIND_LIST:
    case KIND_CHILDREN:
    case KIND_COLLECT:
        break;
    }
    g_assert_not_reached();
}

static void
tell_rows(Text *out, const char *prefix, const Type *type, gconstpointer record)
{
    for (const Field *row = type->fields; row->name; row++) {
        gconstpointer member = (const char *) record + row->offset;
        g_autofree char *path = g_strconcat(prefix, row->name, ".", NULL);
        if (row->kind == KIND_COLLECT || field_is_absent(row, record))
            continue;
        if (row->kind == KIND_GROUP) {
            tell_rows(out, path, row->of, member);
        } else if (row->kind == KIND_LIST || row->kind == KIND_CHILDREN) {
            tell_list(out, prefix, row, member);
        } else {
            g_autofree char *value = value_text(row, member);
            text_printf(out, "%s%s=%s\n", prefix, row->name, value);
        }
    }
}

char *
golden_tell(const Type *type, gconstpointer object)
{
    g_auto(Text) out = TEXT_EMPTY;
    tell_rows(&out, "", type, object);
    text_add_literal(&out, "");
    return text_take(&out);
}

char *
golden_tell_facts(const DomainFacts *facts)
{
    g_auto(Text) out = TEXT_EMPTY;
    char id[ID_TEXT_SIZE];
    g_autofree char *vm = golden_tell(&vm_type, facts->config);
    text_printf(&out, "id=%s\n%s%s", id_format(&facts->id, ID_UUID, id), facts->ours ? "ours\n" : "", vm);
    if (facts->job)
        text_printf(&out, "job=%s\n", facts->job);
    for (guint i = 0; i < facts->disks.count; i++) {
        const DomainDisk *disk = facts->disks.items[i];
        text_printf(&out, "file %s %s %s %s%s%s %s%s%s\n", disk->device, disk->target ? disk->target : "-", disk->driver ? disk->driver : "-",
                    names_get(&disk_interface_names, disk->interface), disk->read_only ? " read_only" : "", disk->shareable ? " shareable" : "",
                    disk->path ? disk->path : "-", id_is_null(&disk->disk) ? "" : " ", id_is_null(&disk->disk) ? "" : id_format(&disk->disk, ID_UUID, id));
    }
    return text_take(&out);
}

/* --- differences ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    char *text;                         /* a piece of markup and the text behind it; or white space alone */
    char *path;                         /* of the element it opens, closes or stands in; NULL for white space */
} Tag;

static void
clear_tag(gpointer data)
{
    g_free(((Tag *) data)->text);
    g_free(((Tag *) data)->path);
}

/* Where a piece of markup ends: comments, CDATA and instructions are one piece whatever stands in them. */
static gsize
piece_length(const char *at)
{
    static const struct {
        const char *start, *end;
    } wholes[] = { { "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" } };
    const char *from = at + 1;
    for (guint i = 0; i < G_N_ELEMENTS(wholes); i++) {
        if (g_str_has_prefix(at, wholes[i].start))
            from = strstr(at, wholes[i].end);
    }
    const char *next = strchr(from, '<');
    return next ? (gsize) (next - at) : strlen(at);
}

static char *
path_of(GPtrArray *open, const char *piece)
{
    g_autofree char *name = g_strndup(piece + 1, strcspn(piece + 1, " \t\r\n/>="));
    const char *end = strchr(piece, '>');
    gboolean is_tag = g_ascii_isalpha(*name);
    if (is_tag)
        g_ptr_array_add(open, g_steal_pointer(&name));
    g_ptr_array_add(open, NULL);
    char *path = g_strjoinv("/", (char **) open->pdata);
    g_ptr_array_remove_index(open, open->len - 1);
    gboolean closes = piece[1] == '/' || (is_tag && end && end[-1] == '/');
    if (closes)
        g_ptr_array_remove_index(open, open->len - 1);
    return path;
}

static void
add_tag(GArray *tags, char *take_text, char *take_path)
{
    Tag tag = { take_text, take_path };
    g_array_append_val(tags, tag);
}

static GArray *
tags_of(const char *xml)
{
    GArray *tags = g_array_new(FALSE, TRUE, sizeof(Tag));
    g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func(g_free);
    g_array_set_clear_func(tags, clear_tag);
    for (const char *at = strchr(xml, '<'); at && *at; at += piece_length(at)) {
        gsize whole = piece_length(at), length = whole;
        while (g_ascii_isspace(at[length - 1]))
            length--;
        g_autofree char *piece = g_strndup(at, length);
        add_tag(tags, g_strdup(piece), path_of(open, piece));
        if (length < whole)
            add_tag(tags, g_strndup(at + length, whole - length), NULL);
    }
    return tags;
}

static gboolean
lies_in(const char *path, const char *may)
{
    g_auto(GStrv) places = g_strsplit(may, " ", -1);
    for (guint i = 0; places[i]; i++) {
        gsize length = strlen(places[i]);
        if (g_str_equal(path, places[i]) || (*places[i] == '=' && g_str_equal(path, places[i] + 1)))
            return TRUE;
        if (length > 0 && strncmp(path, places[i], length) == 0 && path[length] == '/')
            return TRUE;
    }
    return FALSE;
}

/* A run of one sign, broken where its line ends are, which are shown. */
typedef struct {
    Text *out;
    Text run;
    char sign;
} Telling;

static void
end_run(Telling *telling)
{
    if (telling->run.length == 0)
        return;
    g_autofree char *text = text_take(&telling->run);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        if (i > 0 || *lines[i])
            text_printf(telling->out, "%c%s%s\n", telling->sign, i > 0 ? "\\n" : "", lines[i]);
    }
}

static void
tell_tag(Telling *telling, char sign, const Tag *tag)
{
    if (sign != telling->sign)
        end_run(telling);
    telling->sign = sign;
    text_add(&telling->run, tag->text);
}

/* The longest run of tags both have, by the table everybody knows. */
static guint *
table_of(const GArray *a, const GArray *b)
{
    guint width = b->len + 1;
    guint *table = g_new0(guint, (gsize) (a->len + 1) * width);
    for (guint i = a->len; i-- > 0;) {
        for (guint j = b->len; j-- > 0;) {
            gboolean same = g_str_equal(g_array_index(a, Tag, i).text, g_array_index(b, Tag, j).text);
            guint skip = MAX(table[(i + 1) * width + j], table[i * width + j + 1]);
            table[i * width + j] = same ? table[(i + 1) * width + j + 1] + 1 : skip;
        }
    }
    return table;
}

char *
golden_differences(const char *before, const char *after, const char *may)
{
    g_autoptr(GArray) a = tags_of(before), b = tags_of(after);
    g_autofree guint *table = table_of(a, b);
    g_auto(Text) out = TEXT_EMPTY;
    Telling telling = { &out, TEXT_EMPTY, ' ' };
    guint width = b->len + 1, i = 0, j = 0;
    while (i < a->len || j < b->len) {
        const Tag *old = i < a->len ? &g_array_index(a, Tag, i) : NULL, *new = j < b->len ? &g_array_index(b, Tag, j) : NULL;
        if (old && new && g_str_equal(old->text, new->text)) {
            end_run(&telling);
            i++;
            j++;
        } else if (old && (!new || table[(i + 1) * width + j] >= table[i * width + j + 1])) {
            if (old->path && !lies_in(old->path, may))
                g_error("%s: %s changed, which only %s may", old->path, old->text, may);
            tell_tag(&telling, '-', old);
            i++;
        } else {
            tell_tag(&telling, '+', new);
            j++;
        }
    }
    end_run(&telling);
    text_add_literal(&out, "");
    return text_take(&out);
}

/* --- the schema ------------------------------------------------------------------------------------------------------------------- */

gboolean
golden_has_schema(void)
{
    return g_file_test(SCHEMA, G_FILE_TEST_EXISTS);
}

static void
keep_first(void *data, const char *format, ...)
{
    char **said = data;
    va_list arguments;
    va_start(arguments, format);
    char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (*said)
        g_free(line);
    else
        *said = line;
}

gboolean
golden_is_valid(const char *xml, char **ret_said)
{
    static xmlRelaxNG *schema;
    char *said = NULL;
    if (!schema) {
        xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(SCHEMA);
        schema = xmlRelaxNGParse(parser);
        xmlRelaxNGFreeParserCtxt(parser);
        g_assert_nonnull(schema);
    }
    xmlDoc *doc = xmlReadMemory(xml, (int) strlen(xml), "domain.xml", NULL, XML_PARSE_NONET);
    g_assert_nonnull(doc);
    xmlRelaxNGValidCtxt *judge = xmlRelaxNGNewValidCtxt(schema);
    xmlRelaxNGSetValidErrors(judge, keep_first, keep_first, &said);
    gboolean valid = xmlRelaxNGValidateDoc(judge, doc) == 0;
    xmlRelaxNGFreeValidCtxt(judge);
    xmlFreeDoc(doc);
    *ret_said = said;
    return valid;
}

/* --- an edit ----------------------------------------------------------------------------------------------------------------------- */

static void
add_host_device(Vm *vm, const char *capability, const char *source)
{
    HostDevice *added = object_new(&vm_device_type);
    added->object.id = host_device_id(source);
    added->name = g_strdelimit(g_strdup(source), ":.@-", '_');
    added->capability = g_strdup(capability);
    added->source = g_strdup(source);
    list_add(&vm->host_devices, added);
}

gboolean
golden_host_devices(Vm *vm)
{
    if (vm->host_devices.count > 0) {
        Id first = ((const Object *) vm->host_devices.items[0])->id;
        list_remove(&vm->host_devices, &vm_device_type, &first);
    }
    add_host_device(vm, DEVICE_PCI, "pci:0000:41:00.1");
    add_host_device(vm, DEVICE_USB, "usb:0403:6001@1.3");
    add_host_device(vm, DEVICE_USB, "usb:1050:0408");
    add_host_device(vm, DEVICE_MDEV, "mdev:a297db4a-f4c2-11e6-90f6-d3b88d6c9525");
    return TRUE;
}

gboolean
golden_numa_nodes(Vm *vm)
{
    gint64 half = (vm->memory >> 20) / 2, last = vm_cpus(vm) - 1;
    if (last < 1 || half << 21 != vm->memory)
        return FALSE;
    while (vm->numa_nodes.count > 0) {
        Id id = ((const Object *) vm->numa_nodes.items[0])->id;
        list_remove(&vm->numa_nodes, &virtual_node_type, &id);
    }
    g_autofree char *text = g_strdup_printf("0:%" G_GINT64_FORMAT ":0::;1:%" G_GINT64_FORMAT ":1:0,1:preferred", half, half);
    virtual_nodes_read(text, &vm->object.id, &vm->numa_nodes);
    VirtualNode *first = vm->numa_nodes.items[0];
    for (gint64 core = 2; core <= last; core++)
        virtual_node_add(&first->cpu.cores, core);
    return TRUE;
}

/* There is one where there was none, and none where there was one. */
gboolean
golden_console_log(Vm *vm)
{
    gboolean had = vm->console.log_file != NULL;
    vm->console.log_enabled = vm->console.enabled && !had;
    text_set(&vm->console.log_file, vm->console.log_enabled ? "/srv/console/a & 'b'.log" : NULL);
    return vm->console.enabled;
}

gboolean
golden_other_console_log(Vm *vm)
{
    gboolean had = vm->console.log_file != NULL;
    text_set(&vm->console.log_file, had ? "/srv/console/other.log" : NULL);
    return had;
}

gboolean
golden_bind(Vm *vm)
{
    CpuTune *tune = &vm->cpu.cpu_tune;
    cpu_tune_clear(tune);
    for (gint64 vcpu = 0; vcpu < vm_cpus(vm); vcpu++) {
        g_autofree char *set = g_strdup_printf("%" G_GINT64_FORMAT, vcpu + 4);
        cpu_tune_pin_vcpu(tune, vcpu, set);
    }
    for (gint64 thread = 1; thread <= vm->io.threads; thread++)
        cpu_tune_pin_io_thread(tune, thread, "4-7");
    tune->cpu_set = g_strdup("4-7");
    tune->emulator_cpu_set = g_strdup("4-7");
    tune->memory_node_set = g_strdup("1");
    text_set(&vm->cpu_pinning_policy, "manual");
    return TRUE;
}

gboolean
golden_unbind(Vm *vm)
{
    gboolean was = !cpu_tune_is_empty(&vm->cpu.cpu_tune);
    cpu_tune_clear(&vm->cpu.cpu_tune);
    text_set(&vm->cpu_pinning_policy, was ? "none" : vm->cpu_pinning_policy);
    return was;
}

gboolean
golden_room_for_memory(Vm *vm)
{
    vm->memory_policy.max = vm->memory / LIVE_MEMORY_BLOCK * LIVE_MEMORY_BLOCK + 4 * LIVE_MEMORY_BLOCK;
    return TRUE;
}

gboolean
golden_shared_folders(Vm *vm)
{
    if (vm->shared_folders.count > 0) {
        Id first = ((const Object *) vm->shared_folders.items[0])->id;
        list_remove(&vm->shared_folders, &shared_folder_type, &first);
    }
    SharedFolder *folder = object_new(&shared_folder_type);
    folder->object.id = shared_folder_id(&vm->object.id, "more");
    folder->name = g_strdup("more");
    folder->path = g_strdup("/srv/a & 'b'");
    folder->driver = g_strdup(SHARED_VIRTIOFS);
    list_add(&vm->shared_folders, folder);
    return TRUE;
}
