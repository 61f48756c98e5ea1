/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Small files of /sys, /proc and /etc, each read whole up to a bound. A card shows the address of the bridge it is in, since
 * that is where the kernel keeps it. Knows no libvirt. */
#include "host/local_facts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#define MOST_BYTES 65536
#define MOST_CARDS 512

/* --- files ---------------------------------------------------------------------------------------------------------------------- */

/* The file's first MOST_BYTES, stripped, valid UTF-8; NULL if it is not there or empty. */
static char *
read_file(const char *root, const char *path)
{
    g_autofree char *whole = g_strconcat(root, path, NULL);
    g_autofree char *bytes = g_malloc(MOST_BYTES + 1);
    int descriptor = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = descriptor >= 0 ? read(descriptor, bytes, MOST_BYTES) : -1;
    if (descriptor >= 0)
        close(descriptor);
    if (length <= 0)
        return NULL;
    bytes[length] = '\0';
    char *text = g_strstrip(g_utf8_make_valid(bytes, -1));
    if (text[0])
        return text;
    g_free(text);
    return NULL;
}

static char *
read_of_card(const char *root, const char *card, const char *file)
{
    g_autofree char *path = g_strdup_printf("/sys/class/net/%s/%s", card, file);
    return read_file(root, path);
}

static gboolean
card_has(const char *root, const char *card, const char *file)
{
    g_autofree char *path = g_strdup_printf("%s/sys/class/net/%s/%s", root, card, file);
    return access(path, F_OK) == 0;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
list_cards(const char *root)
{
    g_autofree char *path = g_strconcat(root, "/sys/class/net", NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GDir *folder = g_dir_open(path, 0, NULL);
    for (const char *name; folder && names->len < MOST_CARDS && (name = g_dir_read_name(folder));)
        g_ptr_array_add(names, g_strdup(name));
    if (folder)
        g_dir_close(folder);
    g_ptr_array_sort(names, compare_names);
    return names;
}

/* --- operating system, hardware ----------------------------------------------------------------------------------------------------- */

/* KEY="value" of os-release; yours. */
static char *
release_value(const char *release, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(release, "\n", 200);
    gsize length = strlen(key);
    for (guint i = 0; lines[i]; i++) {
        if (strncmp(lines[i], key, length) == 0 && lines[i][length] == '=')
            return g_shell_unquote(lines[i] + length + 1, NULL);
    }
    return NULL;
}

static void
read_system(const char *root, OperatingSystem *os)
{
    g_autofree char *here = read_file(root, "/etc/os-release");
    g_autofree char *release = here ? g_steal_pointer(&here) : read_file(root, "/usr/lib/os-release");
    if (release) {
        os->type = release_value(release, "NAME");
        os->version.full_version = release_value(release, "VERSION_ID");
    }
    if (os->version.full_version)
        os->version.major = g_ascii_strtoll(os->version.full_version, NULL, 10);
    os->reported_kernel_cmdline = read_file(root, "/proc/cmdline");
}

static void
read_hardware(const char *root, HardwareInformation *hardware)
{
    const struct { char **member; const char *file; } rows[] = {
        { &hardware->manufacturer, "sys_vendor" }, { &hardware->product_name, "product_name" }, { &hardware->family, "product_family" },
        { &hardware->serial_number, "product_serial" }, { &hardware->uuid, "product_uuid" }, { &hardware->version, "product_version" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/sys/class/dmi/id/", rows[i].file, NULL);
        if (!*rows[i].member)
            *rows[i].member = read_file(root, path);
    }
}

/* libvirt's own default is virtlogd. */
gboolean
local_facts_bounds_logs(const char *root)
{
    g_autofree char *text = read_file(root, "/etc/libvirt/qemu.conf");
    return !text || !g_regex_match_simple("^[ \\t]*stdio_handler[ \\t]*=[ \\t]*\"file\"", text, G_REGEX_MULTILINE, 0);
}

/* The program that the description FILE names is there. */
static gboolean
describes_virtiofsd(const char *root, const char *file)
{
    g_autofree char *text = read_file(root, file);
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GRegex) kind = g_regex_new("\"type\"\\s*:\\s*\"fs\"", 0, 0, NULL), program = g_regex_new("\"binary\"\\s*:\\s*\"(/[^\"\\\\]+)\"", 0, 0, NULL);
    if (!text || !g_regex_match(kind, text, 0, NULL) || !g_regex_match(program, text, 0, &match))
        return FALSE;
    g_autofree char *path = g_match_info_fetch(match, 1), *whole = g_strconcat(root, path, NULL);
    return access(whole, X_OK) == 0;
}

gboolean
local_facts_has_virtiofsd(const char *root)
{
    static const char *const folders[] = { "/etc/qemu/vhost-user", "/usr/share/qemu/vhost-user" };
    gboolean found = FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_strconcat(root, folders[i], NULL);
        GDir *folder = g_dir_open(path, 0, NULL);
        for (const char *name; folder && !found && (name = g_dir_read_name(folder));) {
            g_autofree char *file = g_build_filename(folders[i], name, NULL);
            found = g_str_has_suffix(name, ".json") && describes_virtiofsd(root, file);
        }
        if (folder)
            g_dir_close(folder);
    }
    return found;
}

/* --- network cards --------------------------------------------------------------------------------------------------------------------- */

static char *
mask_text(int prefix)
{
    guint32 bits = prefix <= 0 ? 0 : prefix >= 32 ? 0xffffffffu : ~(0xffffffffu >> prefix);
    return g_strdup_printf("%u.%u.%u.%u", bits >> 24, bits >> 16 & 255, bits >> 8 & 255, bits & 255);
}

static int
prefix_of(const struct sockaddr *mask)
{
    return mask ? __builtin_popcount(((const struct sockaddr_in *) (const void *) mask)->sin_addr.s_addr) : 32;
}

/* The first IPv4 address; else the first IPv6 one that is no link's own. */
static void
read_address(const struct ifaddrs *all, const char *name, Ip *ip)
{
    char text[INET6_ADDRSTRLEN];
    for (const struct ifaddrs *at = all; at; at = at->ifa_next) {
        int family = at->ifa_addr && strcmp(at->ifa_name, name) == 0 ? at->ifa_addr->sa_family : AF_UNSPEC;
        if (family == AF_INET) {
            text_set(&ip->address, inet_ntop(AF_INET, &((struct sockaddr_in *) (void *) at->ifa_addr)->sin_addr, text, sizeof(text)));
            g_free(ip->netmask);
            ip->netmask = mask_text(prefix_of(at->ifa_netmask));
            text_set(&ip->version, "v4");
            return;
        }
        const struct in6_addr *six = family == AF_INET6 ? &((struct sockaddr_in6 *) (void *) at->ifa_addr)->sin6_addr : NULL;
        if (six && !ip->address && !IN6_IS_ADDR_LINKLOCAL(six)) {
            text_set(&ip->address, inet_ntop(AF_INET6, six, text, sizeof(text)));
            text_set(&ip->version, "v6");
        }
    }
}

/* The bridge CARD is in; yours; NULL. */
static char *
bridge_of(const char *root, const char *card)
{
    g_autofree char *path = g_strdup_printf("%s/sys/class/net/%s/master", root, card);
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *name = target ? g_path_get_basename(target) : NULL;
    return name && card_has(root, name, "bridge") ? g_steal_pointer(&name) : NULL;
}

/* A card of hardware, a bond, or a VLAN: not what virtual machines and bridges bring. */
static gboolean
is_card(const char *root, const char *card)
{
    if (card_has(root, card, "device") || card_has(root, card, "bonding"))
        return TRUE;
    g_autofree char *about = read_of_card(root, card, "uevent");
    return about && strstr(about, "DEVTYPE=vlan") != NULL;
}

static HostNic *
read_card(const char *root, const char *card, const Id *host)
{
    HostNic *nic = object_new(&host_nic_type);
    g_autofree char *key = g_strconcat("nic:", card, NULL);
    g_autofree char *state = read_of_card(root, card, "operstate");
    g_autofree char *speed = read_of_card(root, card, "speed");
    g_autofree char *mtu = read_of_card(root, card, "mtu");
    gint64 megabits = speed ? g_ascii_strtoll(speed, NULL, 10) : 0;
    nic->object.id = id_named(host, key);
    nic->name = g_strdup(card);
    nic->status = g_strdup(g_strcmp0(state, "up") == 0 ? "up" : "down");
    nic->mac.address = read_of_card(root, card, "address");
    nic->mtu = mtu ? g_ascii_strtoll(mtu, NULL, 10) : 0;
    nic->speed = megabits > 0 && megabits < 10000000 ? megabits * 1000000 : 0;     /* -1: nobody knows */
    return nic;
}

static void
read_cards(const char *root, Host *facts)
{
    g_autoptr(GPtrArray) cards = list_cards(root);
    struct ifaddrs *addresses = NULL;
    if (!root[0] && getifaddrs(&addresses) != 0)
        addresses = NULL;
    for (guint i = 0; i < cards->len; i++) {
        const char *card = cards->pdata[i];
        if (!is_card(root, card))
            continue;
        g_autofree char *bridge = bridge_of(root, card);
        HostNic *nic = list_add(&facts->nics, read_card(root, card, &facts->object.id));
        nic->bridged = bridge != NULL;
        read_address(addresses, bridge ? bridge : card, &nic->ip);
    }
    if (addresses)
        freeifaddrs(addresses);
}

/* --- all --------------------------------------------------------------------------------------------------------------------------------- */

void
local_facts_read(const char *root, Host *facts)
{
    read_system(root, &facts->os);
    read_hardware(root, &facts->hardware_information);
    read_cards(root, facts);
    facts->boot = read_file(root, "/proc/sys/kernel/random/boot_id");
}

gint64
local_facts_memory(const char *root)
{
    g_autofree char *text = read_file(root, "/proc/meminfo");
    const char *at = text ? strstr(text, "MemTotal:") : NULL;
    gint64 kibibytes = at ? g_ascii_strtoll(at + strlen("MemTotal:"), NULL, 10) : 0;
    return kibibytes > 0 && kibibytes < G_MAXINT64 / 1024 ? kibibytes * 1024 : 0;
}

gboolean
local_facts_card_is_up(const char *root, const char *card, gboolean has_link)
{
    g_autofree char *flags = read_of_card(root, card, "flags");
    return flags ? (g_ascii_strtoull(flags, NULL, 0) & IFF_UP) != 0 : has_link;
}

/* The kernel gives nobody a disk for himself that it uses. QEMU does not take its disks so: it locks them, as other programs do. */
static gboolean
is_untouched(const char *path)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int disk = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
    if (disk < 0)
        return errno == ENOMEDIUM;
    gboolean locked = fcntl(disk, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
    close(disk);
    return !locked;
}

gboolean
local_facts_disk_is_free(const char *path)
{
    g_autofree char *name = g_path_get_basename(path), *folder = g_build_filename("/sys/class/block", name, NULL);
    g_autoptr(GDir) parts = g_dir_open(folder, 0, NULL);
    gboolean is_free = is_untouched(path);
    for (const char *part; is_free && parts && (part = g_dir_read_name(parts));) {
        g_autofree char *file = g_strconcat("/dev/", part, NULL);
        is_free = !g_str_has_prefix(part, name) || is_untouched(file);
    }
    return is_free;
}

GPtrArray *
local_facts_bridges(const char *root)
{
    g_autoptr(GPtrArray) cards = list_cards(root);
    GPtrArray *bridges = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < cards->len; i++) {
        if (card_has(root, cards->pdata[i], "bridge"))
            g_ptr_array_add(bridges, g_strdup(cards->pdata[i]));
    }
    return bridges;
}
