/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first XML of a VM made here: a modern machine with room to plug devices in later, tuned to what the host can do. Only
 * new VMs: every later change is a patch of what libvirt made of this. */
#include "host/domain_xml_build.h"

#include "host/domain_xml_firmware.h"
#include "host/domain_xml_group.h"
#include "model/machines.h"

#include <string.h>

/* --- words into XML ------------------------------------------------------------------------------------------------------------- */

void
build_line(Build *build, guint level, const char *line)
{
    for (guint i = 0; i < level; i++)
        text_add_literal(&build->out, "  ");
    text_add(&build->out, line);
    text_add_literal(&build->out, "\n");
}

void
build_lines(Build *build, guint level, const char *fragment)
{
    g_auto(GStrv) lines = g_strsplit(fragment, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        build_line(build, level, lines[i]);
}

void
build_format(Build *build, guint level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    build_line(build, level, line);
}

void
build_element(Build *build, guint level, const char *name, const char *value)
{
    g_auto(Text) line = TEXT_EMPTY;
    if (!value || !*value)
        return;
    text_printf(&line, "<%s>", name);
    splice_add_value(&line, value);
    text_printf(&line, "</%s>", name);
    g_autofree char *text = text_take(&line);
    build_line(build, level, text);
}

/* --- what kind of machine ------------------------------------------------------------------------------------------------------- */

static gboolean
wants_uefi(const Build *build)
{
    if (build->architecture == ARCHITECTURE_AARCH64)
        return !build->vm->os.kernel || !*build->vm->os.kernel;
    return firmware_is_uefi(build->vm->bios.type);
}

/* What the host's facts call KEY for guests of this architecture. */
static char *
key_of(const Build *build, const char *key)
{
    const Host *host = build->world->host;
    return machines_key(host ? host->machines : NULL, names_get(&architecture_names, (int) build->architecture), key);
}

/* The host's own name of the newest machine of that family, as it stands in its capabilities; else the family's alias. */
static char *
choose_machine(const Build *build)
{
    const char *family = build->architecture == ARCHITECTURE_AARCH64 ? "virt" : build->vm->bios.type == BIOS_I440FX_SEA_BIOS ? "i440fx" : "q35";
    const Host *host = build->world->host;
    if (build->vm->custom_emulated_machine && *build->vm->custom_emulated_machine)
        return g_strdup(build->vm->custom_emulated_machine);
    g_autofree char *key = key_of(build, "machine");
    g_auto(GStrv) machines = machines_dup_all(host ? host->machines : NULL, key);
    for (guint i = 0; machines[i]; i++) {
        if (strstr(machines[i], family))
            return g_strdup(machines[i]);
    }
    return g_strdup(g_str_equal(family, "i440fx") ? "pc" : family);
}

static Architecture
choose_architecture(const Vm *vm, const Host *host)
{
    int wished = vm->cpu.architecture, has = host ? host->cpu.architecture : 0;
    if (wished && wished != ARCHITECTURE_UNDEFINED)
        return wished;
    return has && has != ARCHITECTURE_UNDEFINED ? (Architecture) has : ARCHITECTURE_X86_64;
}

static gboolean
can_accelerate(const Build *build)
{
    const Host *host = build->world->host;
    return host && g_strcmp0(host->accelerator.type, "kvm") == 0 && (host->cpu.architecture == 0 || host->cpu.architecture == (int) build->architecture);
}

static void
settle(Build *build)
{
    build->architecture = choose_architecture(build->vm, build->world->host);
    build->kvm = can_accelerate(build);
    build->windows = build->vm->os.type && g_str_has_prefix(build->vm->os.type, "windows");
    build->uefi = wants_uefi(build);
    build->machine = choose_machine(build);
    build->marks = g_array_new(FALSE, FALSE, sizeof(MarkDevice));
    g_array_set_clear_func(build->marks, mark_device_clear);
    device_shop_open(&build->shop, build->vm, build->world, build->machine);
}

/* --- the whole -------------------------------------------------------------------------------------------------------------------- */

static gboolean
add_devices(Build *build, GError **error)
{
    const Host *host = build->world->host;
    g_autofree char *key = key_of(build, "emulator");
    g_autofree char *emulator = host ? machines_dup(host->machines, key) : NULL;
    build_line(build, 1, "<devices>");
    build_element(build, 2, "emulator", emulator);
    for (guint i = 0; domain_groups[i]; i++) {
        if (domain_groups[i]->build && !domain_groups[i]->build(build, error))
            return FALSE;
    }
    build_line(build, 1, "</devices>");
    return TRUE;
}

static gboolean
build_all(Build *build, GError **error)
{
    char id[ID_TEXT_SIZE];
    Text devices = TEXT_EMPTY;
    if (!add_devices(build, error))
        return FALSE;
    devices = build->out;               /* the mark knows only now what the devices are called */
    build->out = (Text) TEXT_EMPTY;
    build_format(build, 0, "<domain type='%s'>", build->kvm ? "kvm" : "qemu");
    build_element(build, 1, "name", build->vm->name);
    build_element(build, 1, "uuid", id_format(&build->vm->object.id, ID_UUID, id));
    build_element(build, 1, "description", build->vm->description);
    g_autofree char *mark = mark_make(build->vm, &build->vm->object.id, build->world->job, build->marks);
    build_line(build, 1, "<metadata>");
    build_lines(build, 2, mark);
    build_line(build, 1, "</metadata>");
    build_machine(build);
    text_add_bytes(&build->out, devices.bytes, devices.length);
    text_clear(&devices);
    build_line(build, 0, "</domain>");
    return TRUE;
}

static void
build_clear(Build *build)
{
    text_clear(&build->out);
    device_shop_close(&build->shop);
    g_free(build->machine);
    g_array_unref(build->marks);
    g_array_unref(build->plan.devices);
}

char *
domain_xml_build(const Vm *vm, const DomainWorld *world, GError **error)
{
    Build build = { .vm = vm, .world = world };
    settle(&build);
    build_plan(&build);
    g_autoptr(GError) why = NULL;
    g_autofree char *text = build_all(&build, error) ? text_take(&build.out) : NULL;
    g_autoptr(ScanDoc) readable = text ? scan_new(text, &why) : NULL;
    build_clear(&build);
    if (readable)
        return g_steal_pointer(&text);
    if (why) {
        const char *reason = message_argument(fault_message(why), "reason");
        fault_set(error, MSG_DOMAIN_XML_CHARACTER, "vm", vm->name, "reason", reason ? reason : why->message, NULL);
    }
    return NULL;
}
