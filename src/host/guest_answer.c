/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bounding and understanding. Text loses what cannot be printed and everything beyond a name's length; counts are believed as far
 * as their limit; what is no MAC and no IP address is not shown as one. */
#include "host/guest_answer.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define MOST_DEVICES 32
#define MOST_ADDRESSES 16       /* of one device */
#define MOST_SESSIONS 64
#define MOST_FILE_SYSTEMS 64
#define MOST_BELOW 16           /* disks of one file system */
#define MOST_TEXT 255

/* --- words from outside ------------------------------------------------------------------------------------------------------------------ */

/* One line of valid text, not longer than a name; NULL if nothing is left. Yours. */
static char *
tame(const char *text)
{
    g_autofree char *valid = text ? g_utf8_make_valid(text, (gssize) strnlen(text, 4 * MOST_TEXT)) : NULL;
    GString *clean = g_string_new(NULL);
    for (const char *at = valid; at && *at && clean->len + 6 < MOST_TEXT; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (g_unichar_isprint(character))
            g_string_append_unichar(clean, character);
    }
    char *out = g_strstrip(g_string_free(clean, FALSE));
    if (*out)
        return out;
    g_free(out);
    return NULL;
}

static char *
text_of(const GuestAnswer *answer, const char *name)
{
    const virTypedParameter *found = virTypedParamsGet(answer->items, answer->count, name);
    return found && found->type == VIR_TYPED_PARAM_STRING ? tame(found->value.s) : NULL;
}

void
guest_answer_name(const GuestAnswer *answer, char **ret_name)
{
    *ret_name = text_of(answer, "hostname");
}

static char *
text_at(const GuestAnswer *answer, guint at, const char *what)
{
    char name[96];
    g_snprintf(name, sizeof(name), "if.%u.%s", at, what);
    return text_of(answer, name);
}

static guint
count_of(const GuestAnswer *answer, const char *name, guint most)
{
    const virTypedParameter *found = virTypedParamsGet(answer->items, answer->count, name);
    return found && found->type == VIR_TYPED_PARAM_UINT ? MIN(found->value.ui, most) : 0;
}

/* "52:54:00:…" in lower case; NULL where it is none. Yours. */
static char *
mac_of(const char *text)
{
    if (!text || !g_regex_match_simple("^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$", text, 0, 0))
        return NULL;
    return g_ascii_strdown(text, -1);
}

static Ip *
ip_of(const char *text)
{
    struct in6_addr room;
    gboolean four = text && inet_pton(AF_INET, text, &room) == 1, six = text && !four && inet_pton(AF_INET6, text, &room) == 1;
    if (!four && !six)
        return NULL;
    Ip *ip = g_new0(Ip, 1);
    ip->address = g_strdup(text);
    ip->version = g_strdup(four ? "v4" : "v6");
    return ip;
}

/* "5.10.0-26-cloud": the numbers it begins with. Takes TEXT. */
static void
put_version(Version *version, char *take)
{
    gint64 *parts[] = { &version->major, &version->minor, &version->build };
    const char *at = take;
    version->full_version = take;
    for (gsize i = 0; at && i < G_N_ELEMENTS(parts) && g_ascii_isdigit(*at); i++) {
        char *end;
        *parts[i] = (gint64) MIN(g_ascii_strtoull(at, &end, 10), G_MAXINT32);
        at = *end == '.' ? end + 1 : end;
        if (*end != '.')
            return;
    }
}

/* --- answers ------------------------------------------------------------------------------------------------------------------------------ */

/* "12 (bookworm)" → "bookworm". Yours; NULL. */
static char *
codename_of(const char *version)
{
    const char *open = version ? strchr(version, '(') : NULL, *end = open ? strchr(open, ')') : NULL;
    return end && end > open + 1 ? g_strndup(open + 1, (gsize) (end - open - 1)) : NULL;
}

void
guest_answer_system(const GuestAnswer *answer, GuestOperatingSystem *os)
{
    g_autofree char *id = text_of(answer, "os.id"), *version = text_of(answer, "os.version");
    os->distribution = text_of(answer, "os.name");
    os->architecture = text_of(answer, "os.machine");
    os->codename = codename_of(version);
    put_version(&os->version, text_of(answer, "os.version-id"));
    put_version(&os->kernel, text_of(answer, "os.kernel-release"));
    if (id)
        os->family = g_strdup(g_str_equal(id, "mswindows") ? "Windows" : "Linux");
}

static void
read_addresses(const GuestAnswer *answer, guint at, ReportedDevice *device)
{
    char name[96];
    g_snprintf(name, sizeof(name), "if.%u.addr.count", at);
    guint count = count_of(answer, name, MOST_ADDRESSES);
    for (guint i = 0; i < count; i++) {
        g_snprintf(name, sizeof(name), "addr.%u.addr", i);
        g_autofree char *text = text_at(answer, at, name);
        Ip *ip = ip_of(text);
        if (ip)
            list_add(&device->ips, ip);
    }
}

/* The same card has the same id with every answer. */
static ReportedDevice *
device_new(const Id *domain, const char *name, char *take_mac)
{
    ReportedDevice *device = object_new(&reported_device_type);
    g_autofree char *key = g_strdup_printf("%s %s", name ? name : "", take_mac ? take_mac : "");
    device->object.id = id_named(domain, key);
    device->name = g_strdup(name);
    device->type = g_strdup("network");
    device->mac.address = take_mac;
    return device;
}

static gboolean
has_device(const GuestFacts *facts, const ReportedDevice *device)
{
    return list_find(&facts->devices, &device->object.id) != NULL;
}

static void
add_device(GuestFacts *facts, ReportedDevice *take)
{
    if (has_device(facts, take))
        object_unref(take);
    else
        list_add(&facts->devices, take);
}

/* The loopback is of no use to anybody outside. */
static gboolean
is_loopback(const char *name, const char *mac)
{
    return g_strcmp0(name, "lo") == 0 || g_strcmp0(mac, "00:00:00:00:00:00") == 0;
}

void
guest_answer_devices(const GuestAnswer *answer, const Id *domain, GuestFacts *facts)
{
    guint count = count_of(answer, "if.count", MOST_DEVICES);
    for (guint i = 0; i < count; i++) {
        g_autofree char *name = text_at(answer, i, "name"), *hardware = text_at(answer, i, "hwaddr");
        if (is_loopback(name, hardware))
            continue;
        ReportedDevice *device = device_new(domain, name, mac_of(hardware));
        read_addresses(answer, i, device);
        add_device(facts, device);
    }
}

void
guest_answer_lease(const virDomainInterface *lease, const Id *domain, GuestFacts *facts)
{
    if (facts->devices.count >= MOST_DEVICES)
        return;
    ReportedDevice *device = device_new(domain, NULL, mac_of(lease->hwaddr));
    for (guint i = 0; i < MIN(lease->naddrs, MOST_ADDRESSES); i++) {
        Ip *ip = ip_of(lease->addrs[i].addr);
        if (ip)
            list_add(&device->ips, ip);
    }
    add_device(facts, device);
}

/* --- zone, users, file systems -------------------------------------------------------------------------------------------------------------- */

/* Seconds east of Greenwich as "+09:00". What is no offset of any place is none. */
static char *
offset_of(const GuestAnswer *answer)
{
    const virTypedParameter *found = virTypedParamsGet(answer->items, answer->count, "timezone.offset");
    if (!found || found->type != VIR_TYPED_PARAM_INT || found->value.i < -16 * 3600 || found->value.i > 16 * 3600)
        return NULL;
    int minutes = abs(found->value.i) / 60;
    return g_strdup_printf("%c%02d:%02d", found->value.i < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void
guest_answer_zone(const GuestAnswer *answer, TimeZone *zone)
{
    zone->name = text_of(answer, "timezone.name");
    zone->utc_offset = offset_of(answer);
}

/* "fs.3.total-bytes"; 0 if it is not said, or is beyond any disk. */
static gint64
bytes_of(const GuestAnswer *answer, const char *group, guint at, const char *what)
{
    char name[96];
    g_snprintf(name, sizeof(name), "%s.%u.%s", group, at, what);
    const virTypedParameter *found = virTypedParamsGet(answer->items, answer->count, name);
    return found && found->type == VIR_TYPED_PARAM_ULLONG && found->value.ul <= G_MAXINT64 / 1000 ? (gint64) found->value.ul : 0;
}

static char *
word_of(const GuestAnswer *answer, const char *group, guint at, const char *what)
{
    char name[96];
    g_snprintf(name, sizeof(name), "%s.%u.%s", group, at, what);
    return text_of(answer, name);
}

void
guest_answer_sessions(const GuestAnswer *answer, const Id *domain, GuestFacts *facts)
{
    guint count = count_of(answer, "user.count", MOST_SESSIONS);
    for (guint i = 0; i < count; i++) {
        char *user = word_of(answer, "user", i, "name");
        if (!user)
            continue;
        Session *session = object_new(&session_type);
        g_autofree char *key = g_strdup_printf("session %u %s", i, user);
        session->object.id = id_named(domain, key);
        session->name = user;
        session->user.user_name = g_strdup(user);
        session->user.domain = word_of(answer, "user", i, "domain");
        session->login_time = bytes_of(answer, "user", i, "login-time") * 1000;       /* from ms */
        list_add(&facts->sessions, session);
    }
}

static void
read_disks(const GuestAnswer *answer, guint at, FileSystem *system)
{
    char name[96];
    g_snprintf(name, sizeof(name), "fs.%u.disk.count", at);
    guint count = count_of(answer, name, MOST_BELOW);
    for (guint i = 0; i < count; i++) {
        g_snprintf(name, sizeof(name), "fs.%u.disk.%u.device", at, i);
        g_autofree char *device = text_of(answer, name);
        if (device)
            words_add(&system->disks, device);
    }
}

/* Two that are mounted at one place are one: the upper. */
void
guest_answer_file_systems(const GuestAnswer *answer, const Id *domain, GuestFacts *facts)
{
    guint count = count_of(answer, "fs.count", MOST_FILE_SYSTEMS);
    for (guint i = 0; i < count; i++) {
        char *place = word_of(answer, "fs", i, "mountpoint");
        if (!place)
            continue;
        FileSystem *system = object_new(&file_system_type);
        g_autofree char *key = g_strdup_printf("mount %s", place);
        system->object.id = id_named(domain, key);
        system->name = place;
        system->type = word_of(answer, "fs", i, "fstype");
        system->device = word_of(answer, "fs", i, "name");
        system->total = bytes_of(answer, "fs", i, "total-bytes");
        system->used = MIN(bytes_of(answer, "fs", i, "used-bytes"), system->total);
        read_disks(answer, i, system);
        if (list_find(&facts->file_systems, &system->object.id))
            object_unref(system);
        else
            list_add(&facts->file_systems, system);
    }
}
