/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Replays each .in of tests/golden/placement: an estate as lines, then `start NAME` or `add NAME`. The answer is compared with the
 * .out beside it. Lines: cluster, host, storage, disk, vm (each NAME path=value …), `machines HOST key=value …`, `attach VM DISK`. */
#include "../lines.h"

#include "base/text.h"
#include "model/machines.h"
#include "model/storage.h"
#include "placement/capacity.h"
#include "placement/placement.h"

typedef struct {
    GPtrArray *objects;             /* owned */
    Text out;
} Case;

static gpointer
find(Case *this, const Type *type, const char *name)
{
    Id id = lines_id(name);
    for (guint i = 0; i < this->objects->len; i++) {
        Object *object = this->objects->pdata[i];
        if (object->type == type && id_equal(&object->id, &id))
            return object;
    }
    g_error("no %s %s", type->one, name);
}

static void
add_object(Case *this, const Type *type, char **words)
{
    static const char *const except[] = { "storage", NULL };
    Object *object = object_new(type);
    const char *storage = lines_get(words, "storage");
    object->id = lines_id(words[1]);
    lines_set(type, object, type == &disk_type ? "alias" : "name", words[1]);
    lines_apply(type, object, words + 2, type == &disk_type ? except : NULL);
    if (type == &disk_type && storage) {
        StorageDomainRef *in = g_new0(StorageDomainRef, 1);
        in->storage_domain.id = lines_id(storage);
        list_add(&((Disk *) object)->storage_domains, in);
    }
    g_ptr_array_add(this->objects, object);
}

static void
attach(Case *this, char **words)
{
    Vm *vm = find(this, &vm_type, words[1]);
    DiskAttachment *attachment = object_new(&disk_attachment_type);
    attachment->object.id = lines_id(words[2]);
    attachment->active = TRUE;
    list_add(&vm->disk_attachments, attachment);
}

/* What a host's QEMU can make, beside what it has. */
static void
take_machines(Case *this, char **words)
{
    Host *host = find(this, &host_type, words[1]);
    GString *packed = g_string_new(NULL);
    for (guint i = 2; words[i]; i++) {
        g_auto(GStrv) pair = g_strsplit(words[i], "=", 2);
        if (g_str_equal(pair[0], "bios_type"))
            words_add(&host->bios_types, pair[1]);
        else
            machines_add(packed, pair[0], pair[1]);
    }
    host->machines = g_string_free(packed, FALSE);
}

static View *
make_view(Case *this)
{
    g_autoptr(View) empty = view_empty();
    g_autofree gboolean *remove = g_new0(gboolean, this->objects->len + 1);
    return view_with(empty, this->objects->pdata, remove, this->objects->len);
}

static void
ask(Case *this, PlacementPurpose purpose, const char *name)
{
    g_autoptr(View) view = make_view(this);
    g_autoptr(GError) error = NULL;
    g_autoptr(PlacementChoice) choice = placement_choose(view, find(this, &vm_type, name), purpose);
    text_printf(&this->out, "%s %s\n", purpose == PLACEMENT_ADD ? "add" : "start", name);
    if (placement_check(choice, &error)) {
        Id id = lines_id(choice->name);
        g_assert_true(id_equal(&choice->host, &id));
        text_printf(&this->out, "  host %s\n", choice->name);
    } else {
        g_autofree char *text = message_text(fault_message(error), LANGUAGE_EN), *hint = message_hint(fault_message(error), LANGUAGE_EN);
        g_assert_true(id_is_null(&choice->host));
        g_assert_null(choice->name);
        text_printf(&this->out, "  %s: %s\n  %s\n  %s\n", fault_name(fault_of(error)), message_code_name(message_code(fault_message(error))), text, hint ? hint : "-");
    }
    for (guint i = 0; i < choice->refusals->len; i++) {
        const PlacementRefusal *refusal = choice->refusals->pdata[i];
        g_autofree char *why = message_text(refusal->why, LANGUAGE_EN);
        text_printf(&this->out, "  not %s: %s\n", refusal->name, why);
    }
}

static void
take_line(Case *this, char **words)
{
    if (g_str_equal(words[0], "cluster"))
        add_object(this, &cluster_type, words);
    else if (g_str_equal(words[0], "host"))
        add_object(this, &host_type, words);
    else if (g_str_equal(words[0], "storage"))
        add_object(this, &storage_domain_type, words);
    else if (g_str_equal(words[0], "disk"))
        add_object(this, &disk_type, words);
    else if (g_str_equal(words[0], "vm"))
        add_object(this, &vm_type, words);
    else if (g_str_equal(words[0], "machines"))
        take_machines(this, words);
    else if (g_str_equal(words[0], "attach"))
        attach(this, words);
    else if (g_str_equal(words[0], "start"))
        ask(this, PLACEMENT_START, words[1]);
    else if (g_str_equal(words[0], "add"))
        ask(this, PLACEMENT_ADD, words[1]);
    else
        g_error("what is '%s'?", words[0]);
}

static void
replay(gconstpointer data)
{
    const char *path = data;
    Case this = { .objects = g_ptr_array_new_with_free_func((GDestroyNotify) object_unref) };
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) words = lines_words(lines[i]);
        if (words)
            take_line(&this, words);
    }
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".in"));
    g_autofree char *answer = g_strconcat(stem, ".out", NULL);
    g_autofree char *out = text_take(&this.out);
    lines_check(answer, out);
    g_ptr_array_unref(this.objects);
}

/* --- amounts ---------------------------------------------------------------------------------------------------------------------- */

static void
amounts_never_look_alike(void)
{
    static const struct {
        gint64 available, needed;
        const char *has, *needs;
    } rows[] = {
        { 6ll << 30, 8ll << 30, "6 GiB", "8 GiB" },
        { 0, 1ll << 30, "0 GiB", "1 GiB" },
        { (8ll << 30) - 1, 8ll << 30, "7.9 GiB", "8 GiB" },
        { 8ll << 30, (8ll << 30) + 1, "8 GiB", "8.1 GiB" },
        { 1536ll << 20, 2ll << 40, "1.5 GiB", "2 TiB" },
        { 1000, 1001, "1000 bytes", "1001 bytes" },
        { G_MAXINT64 - 1, G_MAXINT64, "8388607.9 TiB", "8388608 TiB" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *has = NULL, *needs = NULL;
        capacity_tell(rows[i].available, rows[i].needed, &has, &needs);
        g_assert_cmpstr(has, ==, rows[i].has);
        g_assert_cmpstr(needs, ==, rows[i].needs);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    const char *root = g_getenv("G_TEST_SRCDIR");
    g_autofree char *folder = g_build_filename(root ? root : ".", "tests", "golden", "placement", NULL);
    g_autoptr(GPtrArray) files = lines_files(folder, ".in");
    if (files->len < 10)
        g_error("there are no cases in %s", folder);
    g_test_add_func("/placement/amounts", amounts_never_look_alike);
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *base = g_path_get_basename(files->pdata[i]);
        g_autofree char *name = g_strconcat("/placement/", base, NULL);
        g_test_add_data_func(name, files->pdata[i], replay);
    }
    return g_test_run();
}
