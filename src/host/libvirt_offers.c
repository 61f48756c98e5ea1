/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a host's libvirt and QEMU can make (model/machines.h): of its own architecture, and of those it can emulate. Which firmware there
 * is nobody guesses from the names of files: libvirt is asked what it would start a domain with that wants such, and says where it keeps
 * its variables, or that it finds none. */
#include "host/libvirt_parts.h"

#include "host/libvirt_xml.h"
#include "host/offers.h"
#include "model/machines.h"

#include <stdlib.h>
#include <string.h>

#define STORE "\"node-name\":\"libvirt-pflash1-storage\""
#define FILENAME "\"filename\":\""

typedef struct {
    virConnectPtr connection;
    xmlDoc *capabilities;
    xmlNode *node;              /* <arch> of the capabilities; NULL */
    const char *arch;           /* "x86_64"; NULL: not known */
    const char *type;           /* "kvm" or "qemu" */
    const char *prefix;         /* of its keys: "" or "aarch64/" */
    GString *packed;            /* of all architectures */
} Offer;

static void
add(Offer *offer, const char *key, const char *value)
{
    g_autofree char *whole = g_strconcat(offer->prefix, key, NULL);
    machines_add(offer->packed, whole, value);
}

static char *
first(const Offer *offer, const char *key)
{
    g_autofree char *whole = g_strconcat(offer->prefix, key, NULL);
    return machines_dup(offer->packed->str, whole);
}

static gboolean
is_x86(const Offer *offer)
{
    return g_strcmp0(offer->arch, "x86_64") == 0 || g_strcmp0(offer->arch, "i686") == 0;
}

/* --- machines ----------------------------------------------------------------------------------------------------------------------- */

/* The machine behind an alias; yours; NULL if the emulator has none of that name. */
static char *
machine_of(Offer *offer, const char *alias)
{
    if (!offer->node)
        return NULL;
    g_autofree char *path = g_strdup_printf("machine[.='%s']/@canonical", alias);
    char *machine = libvirt_xml_text(offer->capabilities, offer->node, path);
    g_autofree char *plain = g_strdup_printf("machine[.='%s']", alias);
    if (!machine && libvirt_xml_has(offer->capabilities, offer->node, plain))
        machine = g_strdup(alias);
    return machine;
}

/* libvirt lists the emulator's default first. */
static void
add_machines(Offer *offer)
{
    static const char *const aliases[] = { "q35", "virt", "pc", "pseries", "s390-ccw-virtio" };
    gboolean any = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++) {
        g_autofree char *machine = machine_of(offer, aliases[i]);
        add(offer, "machine", machine);
        any |= machine != NULL;
    }
    if (!any && offer->node) {
        g_autofree char *machine = libvirt_xml_text(offer->capabilities, offer->node, "machine");
        add(offer, "machine", machine);
    }
}

static char *
find_emulator(Offer *offer)
{
    if (!offer->node)
        return NULL;
    g_autofree char *own = g_strdup_printf("domain[@type='%s']/emulator", offer->type);
    char *emulator = libvirt_xml_text(offer->capabilities, offer->node, own);
    return emulator ? emulator : libvirt_xml_text(offer->capabilities, offer->node, "emulator");
}

/* --- firmware ----------------------------------------------------------------------------------------------------------------------- */

/* The folder in which a QEMU of that command line would keep its variables; NULL where it is written as nothing that is plainly a path. */
static char *
variables_of(const char *line)
{
    const char *end = strstr(line, STORE), *from = NULL;
    for (const char *at = strstr(line, FILENAME); at && end && at < end; at = strstr(at + 1, FILENAME))
        from = at + strlen(FILENAME);
    const char *path = from ? from : "";
    gsize length = strcspn(path, "\"\\");
    g_autofree char *file = *path == '/' && path[length] == '"' ? g_strndup(path, length) : NULL;
    return file ? g_path_get_dirname(file) : NULL;
}

static void
ask_for_firmware(Offer *offer, const char *kind, const char *features)
{
    g_autofree char *machine = first(offer, "machine"), *emulator = first(offer, "emulator");
    if (!machine || !emulator)
        return;
    g_autofree char *xml = g_markup_printf_escaped(
        "<domain type='%s'><name>shikiri-firmware</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os firmware='efi'><type arch='%s' machine='%s'>hvm</type>",
        offer->type, offer->arch, machine);
    g_autofree char *tail = g_markup_printf_escaped("</os><features><acpi/></features><devices><emulator>%s</emulator></devices></domain>", emulator);
    g_autofree char *whole = g_strconcat(xml, "<firmware>", features, "</firmware>", tail, NULL);
    char *line = virConnectDomainXMLToNative(offer->connection, "qemu-argv", whole, 0);
    g_autofree char *folder = line ? variables_of(line) : NULL;
    if (line)
        add(offer, "firmware", kind);
    if (line && !machines_has(offer->packed->str, "variables", folder ? folder : ""))
        machines_add(offer->packed, "variables", folder);
    free(line);
}

/* SeaBIOS is QEMU's own; libvirt names only firmware that describes itself. */
static void
add_firmware(Offer *offer)
{
    if (is_x86(offer))
        add(offer, "firmware", "bios");
    ask_for_firmware(offer, "efi", "<feature enabled='no' name='secure-boot'/>");
    if (is_x86(offer))
        ask_for_firmware(offer, "secure-boot", "<feature enabled='yes' name='enrolled-keys'/><feature enabled='yes' name='secure-boot'/>");
}

/* --- the rest ----------------------------------------------------------------------------------------------------------------------- */

static void
add_all(Offer *offer, const char *key, xmlDoc *doc, const char *path)
{
    g_autoptr(GPtrArray) nodes = libvirt_xml_nodes(doc, NULL, path);
    for (guint i = 0; i < nodes->len; i++) {
        g_autofree char *value = libvirt_xml_text(doc, nodes->pdata[i], ".");
        add(offer, key, value);
    }
}

/* A host's own TPM can be lent to one guest alone: what counts is whether it can emulate them. */
static void
add_domain_capabilities(Offer *offer)
{
    static const struct { const char *key, *path; } rows[] = {
        { "graphics", "devices/graphics[@supported='yes']/enum[@name='type']/value" },
        { "video", "devices/video[@supported='yes']/enum[@name='modelType']/value" },
        { "bus", "devices/disk[@supported='yes']/enum[@name='bus']/value" },
        { "cpu-mode", "cpu/mode[@supported='yes']/@name" },
        { "cpu-model", "cpu/mode[@name='custom']/model[@usable='yes']" },
        { "filesystem", "devices/filesystem[@supported='yes']/enum[@name='driverType']/value" },
        { "hyperv", "features/hyperv[@supported='yes']/enum[@name='features']/value" },
    };
    g_autofree char *machine = first(offer, "machine"), *emulator = first(offer, "emulator");
    char *text = virConnectGetDomainCapabilities(offer->connection, emulator, offer->arch, machine, offer->type, 0);
    g_autoptr(xmlDoc) doc = libvirt_xml_parse(text);
    free(text);
    for (gsize i = 0; doc && i < G_N_ELEMENTS(rows); i++)
        add_all(offer, rows[i].key, doc, rows[i].path);
    if (doc)
        add(offer, "tpm", libvirt_xml_has(doc, NULL, "devices/tpm[@supported='yes']/enum[@name='backendModel']/value[.='emulator']") ? "yes" : "no");
}

static void
add_architecture(Offer *offer)
{
    g_autofree char *path = g_strdup_printf("guest[os_type='hvm']/arch[@name='%s']", offer->arch ? offer->arch : "");
    g_autoptr(GPtrArray) found = libvirt_xml_nodes(offer->capabilities, NULL, path);
    offer->node = found->len > 0 ? found->pdata[0] : NULL;
    g_autofree char *emulator = find_emulator(offer);
    add(offer, "type", offer->type);
    add(offer, "emulator", emulator);
    add_machines(offer);
    add_firmware(offer);
    add_domain_capabilities(offer);
}

char *
libvirt_offers_read(virConnectPtr connection, xmlDoc *capabilities, const char *arch, const char *type)
{
    GString *packed = g_string_new(NULL);
    Offer own = { .connection = connection, .capabilities = capabilities, .arch = arch, .type = type, .prefix = "", .packed = packed };
    machines_add(packed, "arch", arch);
    add_architecture(&own);
    for (gsize i = 0; offers_foreign[i]; i++) {
        g_autofree char *path = g_strdup_printf("guest[os_type='hvm']/arch[@name='%s']/domain[@type='qemu']", offers_foreign[i]);
        if (!arch || g_str_equal(arch, offers_foreign[i]) || !libvirt_xml_has(capabilities, NULL, path))
            continue;
        g_autofree char *prefix = g_strconcat(offers_foreign[i], "/", NULL);
        Offer other = { .connection = connection, .capabilities = capabilities, .arch = offers_foreign[i], .type = "qemu", .prefix = prefix, .packed = packed };
        machines_add(packed, "guest", offers_foreign[i]);
        add_architecture(&other);
    }
    return g_string_free(packed, FALSE);
}
