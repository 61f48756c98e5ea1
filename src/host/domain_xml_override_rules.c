/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The tables. A row was let in because all its values, whatever they are, concern the guest and its share of the host's time and memory: no file,
 * program, device, socket or address of the host, nobody else's disk, and no real-time priority. The format of a disk's file is not free:
 * read as qcow2, what a guest wrote into its raw disk would name any file of the host as its base. */
#include "host/domain_xml_override_rules.h"

#include <string.h>

#define LIST(...) ((const char *const[]) { __VA_ARGS__, NULL })
#define ADDRESS "boot*", "address*", "alias", "alias@name", "acpi*"
#define CHARACTER LIST(ADDRESS, "target*", "source")
/* The name of a channel's target becomes the last part of a socket's path that root unlinks and binds; so does any source that is said. */
#define CHANNEL LIST(ADDRESS, "target", "target@type", "target@state", "source")

/* clang-format off */
static const OverrideKind kinds[] = {
    { OVERRIDE_DOMAIN, LIST("title", "title#", "description", "description#", "genid*",
        "memory*", "currentMemory*", "maxMemory*", "vcpu*", "vcpus*", "iothreads*", "iothreadids*", "defaultiothread*", "memtune*", "blkiotune", "blkiotune/weight*", "numatune*",
        "cpu", "cpu@*", "cpu/model*", "cpu/vendor*", "cpu/topology*", "cpu/feature*", "cpu/cache*", "cpu/maxphysaddr*", "cpu/numa", "cpu/numa/interconnects*",
        "cpu/numa/cell", "cpu/numa/cell@id", "cpu/numa/cell@cpus", "cpu/numa/cell@memory", "cpu/numa/cell@unit", "cpu/numa/cell/distances*", "cpu/numa/cell/cache*",
        "memoryBacking", "memoryBacking/hugepages*", "memoryBacking/nosharepages*", "memoryBacking/allocation*", "memoryBacking/discard*",
        "cputune", "cputune/shares*", "cputune/period*", "cputune/quota*", "cputune/global_period*", "cputune/global_quota*", "cputune/emulator_period*",
        "cputune/emulator_quota*", "cputune/iothread_period*", "cputune/iothread_quota*", "cputune/vcpupin*", "cputune/emulatorpin*", "cputune/iothreadpin*",
        "features*", "pm*", "clock", "clock@offset", "clock@adjustment", "clock@basis", "clock@start", "clock@timezone=%zone", "clock/timer*",
        "on_poweroff*", "on_reboot*", "on_crash",
        "sysinfo", "sysinfo/bios*", "sysinfo/system*", "sysinfo/baseBoard*", "sysinfo/chassis*", "sysinfo/oemStrings*",
        "os", "os/type", "os/type@machine=%name", "os/boot*", "os/bootmenu*", "os/bios*", "os/smbios", "os/cmdline*", "os/kernel", "os/initrd", "os/dtb"),
      LIST("os/kernel=%boot", "os/initrd=%boot", "os/dtb=%boot", "sysinfo@type=smbios", "os/smbios@mode=sysinfo", "os/smbios@mode=emulate",
        "on_crash=destroy", "on_crash=restart", "on_crash=preserve", "on_crash=rename-restart") },
    { "disk", LIST(ADDRESS, "@snapshot", "@model", "target*", "iotune*", "blockio*", "geometry*", "wwn*", "vendor*", "product*", "serial", "serial#",
        "driver", "driver@cache", "driver@error_policy", "driver@rerror_policy", "driver@io", "driver@ioeventfd", "driver@event_idx", "driver@copy_on_read",
        "driver@discard", "driver@discard_no_unref", "driver@detect_zeroes", "driver@queues", "driver@queue_size", "driver@iothread", "driver@iommu", "driver@ats",
        "driver@packed", "driver@page_per_vq", "driver/metadata_cache*", "driver/iothreads*",
        "source", "source@startupPolicy"),
      LIST("@type=file", "@device=disk", "@device=cdrom", "@device=floppy", "driver@name=qemu", "driver@type=raw", "source@file=%file", "readonly <readonly></>") },
    { "interface", LIST(ADDRESS, "mac*", "model*", "mtu*", "bandwidth*", "link*", "coalesce*", "rom", "rom@bar", "rom@enabled", "source",
        "driver", "driver@name", "driver@txmode", "driver@ioeventfd", "driver@event_idx", "driver@queues", "driver@rx_queue_size", "driver@tx_queue_size",
        "driver@iommu", "driver@ats", "driver@packed", "driver@page_per_vq", "driver/host*", "driver/guest*"),
      LIST("@type=network", "source@network=%network", "@type=bridge", "source@bridge=%network") },
    { "graphics", LIST("@port", "@autoport", "@tlsPort", "@keymap=%keymap", "@sharePolicy", "listen", "image*", "jpeg*", "zlib*", "playback*", "streaming*", "clipboard*",
        "mouse*", "filetransfer*"), NULL },
    { "video", LIST(ADDRESS, "model", "model@*", "model/resolution*", "model/acceleration", "model/acceleration@accel2d", "model/acceleration@accel3d"), LIST("") },
    { "serial", CHARACTER, LIST("@type=pty", "@type=null") },
    { "parallel", CHARACTER, LIST("@type=pty", "@type=null") },
    { "console", CHARACTER, LIST("@type=pty", "@type=null") },
    { "channel", CHANNEL, LIST("@type=pty", "@type=null", "@type=unix", "@type=spicevmc", "target@name=%name") },
    { "input", LIST(ADDRESS, "@bus", "@model", "driver*"), LIST("@type=mouse", "@type=tablet", "@type=keyboard") },
    { "rng", LIST(ADDRESS, "@model", "rate*", "driver*", "backend"),
      LIST("backend@model=random", "backend@model=builtin", "backend=/dev/urandom", "backend=/dev/random") },
    { "tpm", LIST("@model", "address*", "alias", "alias@name", "backend", "backend@version", "backend@persistent_state", "backend/active_pcr_banks*"), LIST("backend@type=emulator") },
    { "audio", LIST("@id"), LIST("@type=none", "@type=spice") },
    { "memory", LIST(ADDRESS, "@discard", "target*", "uuid*", "source", "source/pagesize*", "source/nodemask*"), LIST("@model=dimm", "@model=virtio-mem") },
    { "redirdev", LIST(ADDRESS), LIST("@bus=usb", "@type=spicevmc") },
    { "controller", LIST("*"), LIST("") },
    { "sound", LIST("*"), LIST("") },
    { "hub", LIST("*"), LIST("") },
    { "watchdog", LIST(ADDRESS, "@model", "@action=reset", "@action=shutdown", "@action=poweroff", "@action=pause", "@action=none", "@action=inject-nmi"), LIST("") },
    { "memballoon", LIST("*"), LIST("") },
    { "panic", LIST("*"), LIST("") },
    { "iommu", LIST("*"), LIST("") },
    { "redirfilter", LIST("*"), LIST("") },
};
static const OverrideKind unknown = { "", LIST(""), NULL };
/* clang-format on */

const OverrideKind *
override_kind(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_equal(kinds[i].name, name))
            return &kinds[i];
    }
    return &unknown;
}

/* --- words ---------------------------------------------------------------------------------------------------------------------------- */

#define LETTERS G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS

static gboolean
is_one_line(const char *value)
{
    while (*value && (guchar) *value >= 0x20 && *value != 0x7f)
        value++;
    return *value == '\0';
}

/* QEMU reads an initrd beside some kernels as a list of files, each up to a blank or a comma. */
static gboolean
is_one_word(const char *value)
{
    return is_one_line(value) && !strpbrk(value, " ,");
}

/* As the last part of a path it stays where it is. */
static gboolean
is_name(const char *value)
{
    gsize length = strspn(value, LETTERS "._-");
    return length > 0 && length <= 64 && *value != '.' && value[length] == '\0';
}

/* QEMU opens what it knows no keymap by as a file. */
static gboolean
is_keymap(const char *value)
{
    gsize length = strspn(value, G_CSET_a_2_z "-");
    return length >= 2 && length <= 10 && value[length] == '\0';
}

/* "Asia/Tokyo": QEMU is given it as TZ, and the C library opens files by that. */
static gboolean
is_zone(const char *value)
{
    gsize length = strspn(value, LETTERS "_+-/");
    return length > 0 && length <= 64 && *value != '/' && value[length] == '\0';
}

static const struct {
    const char *word;
    gboolean (*fits)(const char *value);
} words[] = { { OVERRIDE_FILE, is_one_line }, { OVERRIDE_BOOT, is_one_word }, { OVERRIDE_NETWORK, is_one_line }, { "%name", is_name }, { "%keymap", is_keymap }, { "%zone", is_zone } };

const char *
override_word(const char *pattern, const char *word, const char *line)
{
    gsize length = strlen(pattern) - (g_str_has_suffix(pattern, word) ? strlen(word) : 0);
    gboolean meant = g_str_has_suffix(pattern, word) && strncmp(line, pattern, length) == 0;
    for (guint i = 0; meant && i < G_N_ELEMENTS(words); i++) {
        if (g_str_equal(words[i].word, word) && words[i].fits(line + length))
            return line + length;
    }
    return NULL;
}

gboolean
override_takes(const char *const *patterns, const char *line)
{
    for (const char *const *pattern = patterns; pattern && *pattern; pattern++) {
        if (g_str_equal(*pattern, line))
            return TRUE;
        for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
            if (override_word(*pattern, words[i].word, line))
                return TRUE;
        }
    }
    return FALSE;
}

/* --- rows ----------------------------------------------------------------------------------------------------------------------------- */

gboolean
override_is_open(const OverrideKind *kind, const char *path, const char *suffix)
{
    gsize length = strlen(path);
    for (const char *const *row = kind->open; *row; row++) {
        if (**row && strncmp(*row, path, length) == 0 && g_str_equal(*row + length, suffix))
            return TRUE;
    }
    return FALSE;
}
