/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What one sees and types at: a serial console, with the file in which what it prints is kept, and a screen by VNC. */
#include "host/domain_xml_group.h"

/* --- the serial console ----------------------------------------------------------------------------------------------------------- */

/* Both tell of one device: libvirt writes the log of the port into its other name too. */
#define SERIAL "<serial type='pty'>\n%s  <target port='0'/>\n</serial>"
#define CONSOLE "<console type='pty'>\n%s  <target type='serial' port='0'/>\n</console>"

/* What a run prints is put behind what the one before printed. Yours; "" without a file. */
static char *
log_element(const char *file, const char *before, const char *behind)
{
    g_auto(Text) out = TEXT_EMPTY;
    if (!file)
        return g_strdup("");
    text_printf(&out, "%s<log file='", before);
    splice_add_value(&out, file);
    text_printf(&out, "' append='on'/>%s", behind);
    return text_take(&out);
}

static gboolean
add_serial(Build *build, GError **error)
{
    (void) error;
    if (!build->vm->console.enabled)
        return TRUE;
    g_autofree char *log = log_element(build->vm->console.log_file, "  ", "\n");
    g_autofree char *serial = g_strdup_printf(SERIAL, log), *console = g_strdup_printf(CONSOLE, log);
    build_lines(build, 2, serial);
    build_lines(build, 2, console);
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

/* The line people come to: the first port, or the first console where it is none's other name. */
static const ScanNode *
find_line(const ScanDoc *doc, const ScanNode *devices)
{
    const ScanNode *serial = find_pty(doc, devices, "serial");
    return serial ? serial : find_pty(doc, devices, "console");
}

static void
read_serial(Reading *reading)
{
    const ScanDoc *doc = reading->doc;
    Console *console = &reading->vm->console;
    const ScanNode *line = find_line(doc, reading->devices);
    console->enabled = line != NULL;
    console->log_file = scan_get(doc, scan_child(doc, line, "log"), "file");
    console->log_enabled = console->log_file != NULL;
}

/* The log of one line alone, and of the other name it has: what other ports write, and where to, is somebody's own. */
static void
set_log(Patch *patch, const ScanNode *node, const char *was, const char *file)
{
    const ScanDoc *doc = patch->now->doc;
    const ScanNode *log = scan_child(doc, node, "log");
    g_autofree char *element = log_element(file, "", "");
    if (log && was && !scan_has(doc, log, "file", was))
        return;
    if (log && file)
        splice_attribute(&patch->splices, log, "file", file);
    else if (log)
        splice_remove(&patch->splices, log);
    else if (file && node)
        splice_insert(&patch->splices, node, scan_child(doc, node, "source"), element);
}

/* Where both stand, libvirt takes the port's word. */
static void
patch_log(Patch *patch)
{
    const ScanDoc *doc = patch->now->doc;
    const char *was = patch->now->vm->console.log_file, *file = patch->vm->console.log_file;
    const ScanNode *line = find_line(doc, patch->now->devices), *other = find_pty(doc, patch->now->devices, "console");
    if (g_strcmp0(was, file) == 0)
        return;
    set_log(patch, line, was, file);
    if (other != line && scan_has(doc, scan_child(doc, other, "target"), "type", "serial"))
        set_log(patch, other, was, file);
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
    if (now && wished)
        patch_log(patch);
    if (now || !wished)
        return TRUE;
    g_autofree char *log = log_element(patch->vm->console.log_file, "  ", "\n");
    g_autofree char *fragment = *log ? g_strdup_printf("<serial type='pty'>\n%s</serial>", log) : g_strdup("<serial type='pty'/>");
    patch_insert(patch, patch->now->devices, "serial", fragment);
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
