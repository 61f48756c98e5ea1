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

/* With a firmware that libvirt chooses the file follows the domain's name, in a directory only libvirt knows. */
static gboolean
hides_variables(const ScanDoc *doc)
{
    const ScanNode *os = scan_child(doc, doc->root, "os");
    return scan_has(doc, os, "firmware", "efi") && !scan_child(doc, os, "nvram");
}

static void
twin_variables(Splices *splices, const ScanDoc *doc, const Id *id, DomainTwin *twin)
{
    char text[ID_TEXT_SIZE];
    const ScanNode *node = scan_path(doc, doc->root, "os/nvram"), *source = scan_child(doc, node, "source");
    g_autofree char *path = source ? scan_get(doc, source, "file") : scan_text(doc, node);
    if (!path || *g_strstrip(path) != '/')
        return;
    g_autofree char *folder = g_path_get_dirname(path);
    twin->copy = g_strdup_printf("%s/%s_VARS.fd", folder, id_format(id, ID_UUID, text));
    twin->variables = g_steal_pointer(&path);
    if (source)
        splice_attribute(splices, source, "file", twin->copy);
    else
        splice_text(splices, node, twin->copy);
}

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
    g_autoptr(ScanDoc) doc = scan_new(text, error);
    if (!doc)
        return FALSE;
    if (scan_path(doc, doc->root, "devices/tpm"))
        return fault_set(error, MSG_CLONE_TPM, "vm", name, NULL);
    if (hides_variables(doc))
        return fault_set(error, MSG_CLONE_VARIABLES, "vm", name, NULL);
    *ret = (DomainTwin) { 0 };
    const Id *id = &g_array_index(ids, DomainTwinId, 0).to;
    splice_begin(&splices, doc);
    twin_variables(&splices, doc, id, ret);
    twin_generation(&splices, doc, id);
    twin_passwords(&splices, doc);
    ret->xml = splice_apply(&splices);
    return TRUE;
}
