/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What one sees and types at: a serial console, a screen by VNC. */
#include "host/domain_xml_group.h"

/* --- the serial console ----------------------------------------------------------------------------------------------------------- */

#define SERIAL "<serial type='pty'>\n  <target port='0'/>\n</serial>"
#define CONSOLE "<console type='pty'>\n  <target type='serial' port='0'/>\n</console>"

static gboolean
add_serial(Build *build, GError **error)
{
    (void) error;
    if (!build->vm->console.enabled)
        return TRUE;
    build_lines(build, 2, SERIAL);
    build_lines(build, 2, CONSOLE);
    return TRUE;
}

/* One that can be opened: what goes to a file or a socket is somebody's own. */
static const ScanNode *
find_pty(const ScanDoc *doc, const ScanNode *devices, const char *name)
{
    const ScanNode *node = scan_child(doc, devices, name);
    while (node && !scan_has(doc, node, "type", "pty"))
        node = scan_next(doc, node);
    return node;
}

static void
read_serial(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    reading->vm->console.enabled = find_pty(doc, reading->devices, "serial") || find_pty(doc, reading->devices, "console");
}

/* A console is the serial port's other name; libvirt makes it anew for a port that stays. */
static gboolean
patch_serial(Patch *patch, GError **error)
{
    (void) error;
    static const char *const names[] = { "serial", "console" };
    const ScanDoc *doc = patch->now->doc;
    gboolean now = patch->now->vm->console.enabled, wished = patch->vm->console.enabled;
    for (guint i = 0; now && !wished && i < G_N_ELEMENTS(names); i++) {
        for (const ScanNode *node = scan_child(doc, patch->now->devices, names[i]); node; node = scan_next(doc, node)) {
            if (scan_has(doc, node, "type", "pty"))
                splice_remove(&patch->splices, node);
        }
    }
    if (!now && wished)
        patch_insert(patch, patch->now->devices, "serial", "<serial type='pty'/>");
    return TRUE;
}

/* --- the screen ------------------------------------------------------------------------------------------------------------------- */

/* A VNC password can be changed while the guest runs only if it was born with one: this one has expired before it begins. */
static gboolean
add_screen(Build *build, GError **error)
{
    (void) error;
    char password[DEVICE_PASSWORD_SIZE];
    device_new_password(password);
    build_format(build, 2, "<graphics type='vnc' port='-1' autoport='yes' passwd='%s' passwdValidTo='" DEVICE_FIRST_EVER "'>", password);
    build_line(build, 3, "<listen type='address' address='127.0.0.1'/>");
    build_line(build, 2, "</graphics>");
    build_lines(build, 2, build->architecture == ARCHITECTURE_X86_64 ? "<video>\n  <model type='vga' vram='16384' heads='1' primary='yes'/>\n</video>"
                                                                     : "<video>\n  <model type='virtio' heads='1' primary='yes'/>\n</video>");
    return TRUE;
}

static void
read_screens(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    Vm *vm = reading->vm;
    for (const ScanNode *node = scan_child(doc, reading->devices, "graphics"); node; node = scan_next(doc, node)) {
        g_autofree char *type = scan_get(doc, node, "type");
        gboolean vnc = g_strcmp0(type, "vnc") == 0;
        Id id = id_word(vnc ? "766e63" : "7370696365");
        if ((!vnc && g_strcmp0(type, "spice") != 0) || list_find(&vm->graphics_consoles, &id))
            continue;
        GraphicsConsole *console = object_new(&graphics_console_type);
        console->object.id = id;
        console->protocol = g_strdup(type);
        list_add(&vm->graphics_consoles, console);
        if (!reading->ours && !vm->display.type)
            vm->display.type = g_strdup(type);
    }
    /* Clients cannot read a VM whose display has no type: without a console it is what one of ours would be. */
    if (!vm->display.type)
        vm->display.type = g_strdup("vnc");
}

const DomainGroup group_serial = { .build = add_serial, .read = read_serial, .patch = patch_serial };
const DomainGroup group_screen = { .build = add_screen, .read = read_screens };
