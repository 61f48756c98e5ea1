/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * An id is a UUID, in libvirt's spelling and ours: no other text can look like it by chance, so it is replaced wherever it
 * stands. What a twin must not share and no id names are the firmware's variables, the generation id and the console's
 * password. */
#include "host/domain_xml_twin.h"

#include "host/domain_xml_device.h"
#include "host/domain_xml_scan.h"
#include "host/domain_xml_splice.h"

#include <string.h>

void
domain_twin_clear(DomainTwin *twin)
{
    g_clear_pointer(&twin->xml, g_free);
    g_clear_pointer(&twin->variables, g_free);
    g_clear_pointer(&twin->copy, g_free);
}

/* Takes TEXT. */
static char *
replace(char *take, const DomainTwinId *id)
{
    char from[ID_TEXT_SIZE], to[ID_TEXT_SIZE];
    g_autofree char *text = take;
    g_auto(GStrv) parts = g_strsplit(text, id_format(&id->from, ID_UUID, from), -1);
    return g_strjoinv(id_format(&id->to, ID_UUID, to), parts);
}

/* --- the firmware's variables ------------------------------------------------------------------------------------------------- */

static gboolean
is_flash(const ScanDoc *doc, const ScanNode *os)
{
    return scan_has(doc, os, "firmware", "efi") || scan_has(doc, scan_child(doc, os, "loader"), "type", "pflash");
}

static gboolean
hides_variables(const ScanDoc *doc, const ScanNode *os)
{
    return is_flash(doc, os) && !scan_child(doc, os, "nvram");
}

gboolean
domain_xml_twin_hides_variables(const char *xml)
{
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL);
    return doc && hides_variables(doc, scan_child(doc, doc->root, "os"));
}

static void
keep_only(Splices *splices, const ScanDoc *doc, const ScanNode *parent, const char *const *names)
{
    for (const ScanNode *node = parent ? parent->first : NULL; node; node = node->next) {
        gboolean kept = FALSE;
        for (guint i = 0; names[i]; i++)
            kept |= scan_is(doc, node, names[i]);
        if (!kept)
            splice_remove(splices, node);
    }
}

char *
domain_xml_twin_firmware(const char *xml, char **ret_name, GError **error)
{
    static const char *const kept[] = { "name", "uuid", "memory", "os", "features", "clock", "devices", NULL }, *const devices[] = { "emulator", NULL };
    g_auto(Splices) splices = { 0 };
    g_autoptr(ScanDoc) doc = scan_new(xml, error);
    if (!doc)
        return NULL;
    splice_begin(&splices, doc);
    keep_only(&splices, doc, doc->root, kept);
    keep_only(&splices, doc, scan_child(doc, doc->root, "devices"), devices);
    *ret_name = scan_text(doc, scan_child(doc, doc->root, "name"));
    return splice_apply(&splices);
}

/* Where they are; yours; NULL: nowhere that is known. */
static char *
variables_of(const ScanDoc *doc, const ScanNode *os)
{
    const ScanNode *node = scan_child(doc, os, "nvram"), *source = scan_child(doc, node, "source");
    char *path = source ? scan_get(doc, source, "file") : scan_text(doc, node);
    return path ? g_strstrip(path) : NULL;
}

/* Code and variables in one file that may be written to, or variables on a block device or in the network. */
static gboolean
may_be_copied(const ScanDoc *doc, const ScanNode *os)
{
    const ScanNode *loader = scan_child(doc, os, "loader");
    g_autofree char *path = variables_of(doc, os);
    if (scan_has(doc, loader, "type", "pflash") && !scan_has(doc, loader, "readonly", "yes"))
        return FALSE;
    return path ? *path == '/' : !scan_child(doc, os, "nvram");
}

static void
add_file(Splices *splices, const ScanDoc *doc, const ScanNode *os, const char *path)
{
    g_auto(Text) fragment = TEXT_EMPTY;
    text_add(&fragment, "<nvram>");
    splice_add_value(&fragment, path);
    text_add(&fragment, "</nvram>");
    g_autofree char *element = text_take(&fragment);
    splice_insert(splices, os, scan_child(doc, os, "type"), element);
}

/* A file that is called by the VM's id is called by the twin's in DOC already. */
static char *
copy_of(const ScanDoc *doc, const ScanNode *os, const char *variables, const Id *id)
{
    char text[ID_TEXT_SIZE];
    g_autofree char *renamed = variables_of(doc, os), *folder = g_path_get_dirname(variables);
    g_autofree char *there = renamed ? g_path_get_dirname(renamed) : NULL;
    if (there && g_str_equal(there, folder) && !g_str_equal(renamed, variables))
        return g_steal_pointer(&renamed);
    return g_strdup_printf("%s/%s_VARS.fd", folder, id_format(id, ID_UUID, text));
}

static void
twin_variables(Splices *splices, const ScanDoc *doc, const ScanDoc *before, const Id *id, DomainTwin *twin)
{
    const ScanNode *os = scan_child(doc, doc->root, "os"), *node = scan_child(doc, os, "nvram"), *source = scan_child(doc, node, "source");
    if (node) {
        g_free(twin->variables);
        twin->variables = variables_of(before, scan_child(before, before->root, "os"));
    }
    if (!twin->variables)
        return;
    twin->copy = copy_of(doc, os, twin->variables, id);
    if (source)
        splice_attribute(splices, source, "file", twin->copy);
    else if (node)
        splice_text(splices, node, twin->copy);
    else
        add_file(splices, doc, os, twin->copy);
}

/* --- what else no id names ------------------------------------------------------------------------------------------------------ */

/* By it a guest learns that it is not who it was. */
static void
twin_generation(Splices *splices, const ScanDoc *doc, const Id *id)
{
    char text[ID_TEXT_SIZE];
    const ScanNode *node = scan_child(doc, doc->root, "genid");
    Id generation = id_named(id, "generation");
    if (node && node->first == NULL && !node->empty)
        splice_text(splices, node, id_format(&generation, ID_UUID, text));
}

/* Who may look at the one may not look at the other. */
static void
twin_passwords(Splices *splices, const ScanDoc *doc)
{
    const ScanNode *node = scan_child(doc, scan_child(doc, doc->root, "devices"), "graphics");
    for (; node; node = scan_next(doc, node)) {
        char password[DEVICE_PASSWORD_SIZE];
        device_new_password(password);
        if (scan_has(doc, node, "passwdValidTo", DEVICE_FIRST_EVER))
            splice_attribute(splices, node, "passwd", password);
    }
}

gboolean
domain_xml_twin(const char *xml, const char *name, const GArray *ids, DomainTwin *ret, GError **error)
{
    g_auto(Splices) splices = { 0 };
    g_autofree char *text = g_strdup(xml);
    for (guint i = 0; i < ids->len; i++)
        text = replace(text, &g_array_index(ids, DomainTwinId, i));
    g_autoptr(ScanDoc) before = scan_new(xml, error), doc = before ? scan_new(text, error) : NULL;
    if (!doc)
        return FALSE;
    if (scan_path(doc, doc->root, "devices/tpm"))
        return fault_set(error, MSG_CLONE_TPM, "vm", name, NULL);
    if (!may_be_copied(doc, scan_child(doc, doc->root, "os")))
        return fault_set(error, MSG_CLONE_VARIABLES, "vm", name, NULL);
    const Id *id = &g_array_index(ids, DomainTwinId, 0).to;
    splice_begin(&splices, doc);
    twin_variables(&splices, doc, before, id, ret);
    twin_generation(&splices, doc, id);
    twin_passwords(&splices, doc);
    ret->xml = splice_apply(&splices);
    return TRUE;
}
