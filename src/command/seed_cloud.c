/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each text of a person stands in YAML as a quoted scalar of plain ASCII: whatever is in it, a reader of any age finds that and nothing else. What
 * the person wrote as cloud-config or script is a part of its own, which cloud-init merges; where both say the same key, theirs holds. */
#include "command/seed_cloud.h"

#include "base/text.h"
#include "command/initializations.h"

#include <string.h>

#define BOUNDARY "shikiri-part"
#define LINE 76

/* --- YAML ------------------------------------------------------------------------------------------------------------------- */

static void
add_character(Text *out, gunichar character)
{
    if (character == '"' || character == '\\')
        text_printf(out, "\\%c", (int) character);
    else if (character == '\n')
        text_add_literal(out, "\\n");
    else if (character == '\t')
        text_add_literal(out, "\\t");
    else if (character >= 0x20 && character < 0x7f)
        text_printf(out, "%c", (int) character);
    else
        text_printf(out, character > 0xffff ? "\\U%08x" : "\\u%04x", (guint) character);
}

static void
add_quoted(Text *out, const char *text)
{
    text_add_literal(out, "\"");
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        add_character(out, g_utf8_get_char(at));
    text_add_literal(out, "\"");
}

/* KEY holds its own indentation. */
static void
add_line(Text *out, const char *key, const char *value)
{
    text_printf(out, "%s: ", key);
    add_quoted(out, value);
    text_add_literal(out, "\n");
}

static void
add_flow(Text *out, const char *key, char *const *words)
{
    text_printf(out, "%s: [", key);
    for (guint i = 0; words[i]; i++) {
        text_add(out, i ? ", " : "");
        add_quoted(out, words[i]);
    }
    text_add_literal(out, "]\n");
}

static gboolean
is_given(const char *text)
{
    return text && *text;
}

/* --- user-data ---------------------------------------------------------------------------------------------------------------- */

/* What it is told; else the VM's own where a host may be called that; NULL. */
static const char *
host_name(const Vm *vm)
{
    const char *said = vm->initialization.host_name;
    return is_given(said) ? said : vm->name && initializations_is_host(vm->name) ? vm->name : NULL;
}

static void
add_host(Text *out, const Vm *vm)
{
    const char *name = host_name(vm), *dot = name ? strchr(name, '.') : NULL;
    g_autofree char *first = name ? g_strndup(name, dot ? (gsize) (dot - name) : strlen(name)) : NULL;
    if (name)
        add_line(out, "hostname", first);
    if (dot)
        add_line(out, "fqdn", name);
}

static void
add_keys(Text *out, const char *keys)
{
    g_auto(GStrv) lines = g_strsplit_set(keys ? keys : "", "\r\n", -1);
    gboolean any = FALSE;
    for (guint i = 0; lines[i]; i++) {
        g_strstrip(lines[i]);
        if (!*lines[i])
            continue;
        text_add(out, any ? "  - " : "ssh_authorized_keys:\n  - ");
        add_quoted(out, lines[i]);
        text_add_literal(out, "\n");
        any = TRUE;
    }
}

static void
add_user(Text *out, const Initialization *said)
{
    const char *user = is_given(said->user_name) ? said->user_name : "root";
    if (!is_given(said->user_name) && !is_given(said->root_password) && !is_given(said->authorized_ssh_keys))
        return;
    add_line(out, "user", user);
    if (g_str_equal(user, "root"))
        text_add_literal(out, "disable_root: false\n");
    add_keys(out, said->authorized_ssh_keys);
    if (!is_given(said->root_password))
        return;
    add_line(out, "password", said->root_password);
    text_add_literal(out, "chpasswd: {expire: false}\nssh_pwauth: true\n");
}

/* With its cards they stand there. */
static void
add_resolver(Text *out, const Initialization *said)
{
    g_auto(GStrv) servers = initializations_words(said->dns_servers), search = initializations_words(said->dns_search);
    if (said->nic_configurations.count > 0 || (!servers[0] && !search[0]))
        return;
    text_add_literal(out, "manage_resolv_conf: true\nresolv_conf:\n");
    if (servers[0])
        add_flow(out, "  nameservers", servers);
    if (search[0])
        add_flow(out, "  searchdomains", search);
}

static char *
own_config(const Vm *vm)
{
    const Initialization *said = &vm->initialization;
    g_auto(Text) out = TEXT_EMPTY;
    text_add_literal(&out, "#cloud-config\n");
    add_host(&out, vm);
    add_user(&out, said);
    if (is_given(said->timezone))
        add_line(&out, "timezone", said->timezone);
    if (said->regenerate_ssh_keys)
        text_add_literal(&out, "ssh_deletekeys: true\n");
    add_resolver(&out, said);
    if (out.length == strlen("#cloud-config\n"))
        text_add_literal(&out, "{}\n");
    return text_take(&out);
}

static void
add_part(Text *out, const char *type, const char *content)
{
    g_autofree char *encoded = g_base64_encode((const guchar *) content, strlen(content));
    text_printf(out, "--" BOUNDARY "\nContent-Type: %s; charset=\"utf-8\"\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n", type);
    for (const char *at = encoded; *at; at += MIN(strlen(at), LINE))
        text_printf(out, "%.*s\n", LINE, at);
}

/* Lines that name what they are begin with a hash, and cloud-init knows them; else it is cloud-config without its first line, as oVirt takes it. */
static void
add_script(Text *out, const char *script)
{
    gboolean says = *script == '#';
    g_autofree char *config = says ? NULL : g_strconcat("#cloud-config\n", script, NULL);
    add_part(out, says ? "text/plain" : "text/cloud-config", says ? script : config);
}

char *
seed_cloud_user_data(const Vm *vm)
{
    const char *script = vm->initialization.custom_script;
    g_autofree char *own = own_config(vm);
    if (!is_given(script))
        return g_steal_pointer(&own);
    g_auto(Text) out = TEXT_EMPTY;
    text_add_literal(&out, "Content-Type: multipart/mixed; boundary=\"" BOUNDARY "\"\nMIME-Version: 1.0\n\n");
    add_part(&out, "text/cloud-config", own);
    add_script(&out, script);
    text_add_literal(&out, "--" BOUNDARY "--\n");
    return text_take(&out);
}

/* --- network-config -------------------------------------------------------------------------------------------------------------- */

static const Nic *
nic_of_name(const Vm *vm, const char *name)
{
    for (guint i = 0; i < vm->nics.count; i++) {
        const Nic *nic = vm->nics.items[i];
        if (g_strcmp0(nic->name, name) == 0)
            return nic;
    }
    return NULL;
}

/* The card that is meant: the one of that name, else the one at that place. Guests name their cards as they like; by its address each is found. */
static void
add_match(Text *out, const Vm *vm, guint at, const NicConfiguration *card)
{
    const Nic *named = nic_of_name(vm, card->name), *nic = named ? named : at < vm->nics.count ? vm->nics.items[at] : NULL;
    g_autofree char *mac = nic && is_given(nic->mac.address) ? g_ascii_strdown(nic->mac.address, -1) : NULL;
    if (!mac)
        return;
    text_add_literal(out, "    match:\n");
    add_line(out, "      macaddress", mac);
    add_line(out, "    set-name", card->name);
}

typedef struct {
    const Ip *ip;
    int most;
    const char *router;
} Side;

static char *
address_of(const Side *side)
{
    return g_strdup_printf("%s/%d", side->ip->address, initialization_prefix(side->ip->netmask, side->most));
}

/* gateway4 and gateway6 are old words that all readers know; of a route to everywhere some make one to ::/64. */
static void
add_static(Text *out, const Side *sides, guint count)
{
    text_add_literal(out, "    addresses:\n");
    for (guint i = 0; i < count; i++) {
        g_autofree char *address = address_of(&sides[i]);
        text_add_literal(out, "      - ");
        add_quoted(out, address);
        text_add_literal(out, "\n");
    }
    for (guint i = 0; i < count; i++) {
        if (is_given(sides[i].ip->gateway))
            add_line(out, sides[i].router, sides[i].ip->gateway);
    }
}

static void
add_resolvers(Text *out, const Initialization *said)
{
    g_auto(GStrv) servers = initializations_words(said->dns_servers), search = initializations_words(said->dns_search);
    if (!servers[0] && !search[0])
        return;
    text_add_literal(out, "    nameservers:\n");
    if (servers[0])
        add_flow(out, "      addresses", servers);
    if (search[0])
        add_flow(out, "      search", search);
}

static void
add_card(Text *out, const Vm *vm, guint at)
{
    const NicConfiguration *card = vm->initialization.nic_configurations.items[at];
    int four = card->boot_protocol, six = card->ipv6_boot_protocol;
    Side sides[2];
    guint count = 0;
    text_add_literal(out, "  ");
    add_quoted(out, card->name);
    text_add_literal(out, ":\n");
    add_match(out, vm, at, card);
    text_printf(out, "    dhcp4: %s\n", four == BOOT_PROTOCOL_DHCP ? "true" : "false");
    text_printf(out, "    dhcp6: %s\n", six == BOOT_PROTOCOL_DHCP || six == BOOT_PROTOCOL_POLY ? "true" : "false");
    if (six == BOOT_PROTOCOL_AUTOCONF || six == BOOT_PROTOCOL_POLY)
        text_add_literal(out, "    accept-ra: true\n");
    else if (six == BOOT_PROTOCOL_STATIC)
        text_add_literal(out, "    accept-ra: false\n");
    if (four == BOOT_PROTOCOL_STATIC)
        sides[count++] = (Side) { &card->ip, 32, "    gateway4" };
    if (six == BOOT_PROTOCOL_STATIC)
        sides[count++] = (Side) { &card->ipv6, 128, "    gateway6" };
    if (count > 0)
        add_static(out, sides, count);
    add_resolvers(out, &vm->initialization);
}

char *
seed_cloud_network(const Vm *vm)
{
    const List *cards = &vm->initialization.nic_configurations;
    g_auto(Text) out = TEXT_EMPTY;
    for (guint i = 0; i < cards->count; i++) {
        const NicConfiguration *card = cards->items[i];
        if (!card->on_boot)
            continue;
        text_add(&out, out.length ? "" : "version: 2\nethernets:\n");
        add_card(&out, vm, i);
    }
    return out.length ? text_take(&out) : NULL;
}

/* --- meta-data ----------------------------------------------------------------------------------------------------------------- */

char *
seed_cloud_meta_data(const Vm *vm, const char *user_data, const char *network)
{
    char text[ID_TEXT_SIZE];
    const char *name = host_name(vm);
    g_autofree char *all = g_strconcat(user_data, "\n", network ? network : "", NULL);
    Id instance = id_named(&vm->object.id, all);
    g_auto(Text) out = TEXT_EMPTY;
    add_line(&out, "instance-id", id_format(&instance, ID_UUID, text));
    if (name)
        add_line(&out, "local-hostname", name);
    return text_take(&out);
}
