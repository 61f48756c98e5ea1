/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The rows, and what a mask is. What may be said, and how guests read it, is command/'s. */
#include "model/initialization.h"

#include <arpa/inet.h>
#include <string.h>

NAMES_TABLE(boot_protocol_names, BOOT_PROTOCOL);
NAMES_TABLE(cloud_init_protocol_names, CLOUD_INIT_PROTOCOL);

/* clang-format off */
const Type nic_configuration_type = { .one = "nic_configuration", .many = "nic_configurations", .size = sizeof(NicConfiguration), .fields = (const Field[]) {
    TEXT (NicConfiguration, name,          ADD | SET,             "eth0 or ens3: what the guest calls the card from then on. It is the NIC of that name, else the one at its place."),
    ENUM (NicConfiguration, boot_protocol, boot_protocol_names, ADD | SET, "IPv4: dhcp, static or none."),
    GROUP(NicConfiguration, ip, ip_type,   ADD | SET | OPT,       "Its IPv4 address, mask and router, where it is static."),
    ENUM (NicConfiguration, ipv6_boot_protocol, boot_protocol_names, ADD | SET, "IPv6: dhcp, autoconf, poly_dhcp_autoconf, static or none."),
    GROUP(NicConfiguration, ipv6, ip_type, ADD | SET | OPT,       "Its IPv6 address, length of the prefix and router, where it is static."),
    BOOL (NicConfiguration, on_boot,       ADD | SET,             "Up at each start; else the guest is told nothing of it."),
    { 0 } } };

const Type initialization_type = { .one = "initialization", .many = "initializations", .size = sizeof(Initialization), .fields = (const Field[]) {
    TEXT (Initialization, host_name,       ADD | SET,             "The guest's own name; else that of the VM."),
    TEXT (Initialization, user_name,       ADD | SET,             "The user that password and keys are for; else root, and Administrator of Windows."),
    TEXT (Initialization, root_password,   ADD | SET | SECRET,    "The user's password."),
    TEXT (Initialization, authorized_ssh_keys, ADD | SET,         "Public keys that may log in, one a line."),
    TEXT (Initialization, dns_servers,     ADD | SET,             "Addresses, with blanks between."),
    TEXT (Initialization, dns_search,      ADD | SET,             "Domains, with blanks between."),
    LIST (Initialization, nic_configurations, nic_configuration_type, ADD | SET | OPT, "Its network cards."),
    TEXT (Initialization, timezone,        ADD | SET,             "Asia/Tokyo; of Windows: Tokyo Standard Time."),
    TEXT (Initialization, custom_script,   ADD | SET,             "Cloud-config or a script of your own, beside the rest; of Windows: a whole unattend.xml, instead of it."),
    BOOL (Initialization, regenerate_ssh_keys, ADD | SET | OPT,   "New keys of its SSH server."),
    BOOL (Initialization, regenerate_ids,  ADD | SET | OPT,       "Accepted, without meaning here."),
    ENUM (Initialization, cloud_init_network_protocol, cloud_init_protocol_names, ADD | SET, "Accepted: one description serves both."),
    TEXT (Initialization, org_name,        ADD | SET,             "Windows: the organization."),
    TEXT (Initialization, domain,          ADD | SET,             "Windows: the domain it joins, in which its computer account stands ready."),
    TEXT (Initialization, active_directory_ou, ADD | SET,         "Windows: the unit of that domain."),
    TEXT (Initialization, input_locale,    ADD | SET,             "Windows: ja-JP."),
    TEXT (Initialization, system_locale,   ADD | SET,             "Windows: ja-JP."),
    TEXT (Initialization, ui_language,     ADD | SET,             "Windows: ja-JP."),
    TEXT (Initialization, user_locale,     ADD | SET,             "Windows: ja-JP."),
    TEXT (Initialization, windows_license_key, ADD | SET | SECRET, "Windows: its product key."),
    { 0 } } };
/* clang-format on */

gboolean
initialization_any(const Initialization *said)
{
    static const Initialization nothing;
    return !type_equal(&initialization_type, said, &nothing);
}

static int
dotted_prefix(const char *netmask)
{
    struct in_addr mask;
    if (inet_pton(AF_INET, netmask, &mask) != 1)
        return -1;
    guint32 bits = ntohl(mask.s_addr), holes = ~bits;
    return (holes & (holes + 1)) == 0 ? __builtin_popcount(bits) : -1;
}

int
initialization_prefix(const char *netmask, int most)
{
    gsize length = netmask ? strlen(netmask) : 0;
    if (length == 0)
        return -1;
    if (strspn(netmask, "0123456789") != length)
        return most == 32 ? dotted_prefix(netmask) : -1;
    gint64 bits = length <= 3 ? g_ascii_strtoll(netmask, NULL, 10) : -1;
    return bits <= most ? (int) bits : -1;
}
