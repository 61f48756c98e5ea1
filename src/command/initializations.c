/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Addresses, names and texts, looked at before anything is kept. A password becomes SHA-512's hash of crypt(3), which every Linux knows: then
 * neither the store, nor a journal, nor the medium a guest reads ever holds the word. */
#include "command/initializations.h"

#include "base/text.h"
#include "command/guards.h"

#include <arpa/inet.h>
#include <crypt.h>
#include <string.h>

#define SHORT_MOST 4096
#define LONG_MOST (32 * 1024)           /* a script, keys */
#define PASSWORD_MOST 256
#define USER_MOST 64
#define CARD_MOST 15                    /* what Linux takes as the name of an interface */
#define CARDS_MOST 32
#define SALT 16

/* --- words ------------------------------------------------------------------------------------------------------------------ */

char **
initializations_words(const char *text)
{
    g_auto(GStrv) all = g_strsplit_set(text ? text : "", " ,;\t\r\n", -1);
    GPtrArray *words = g_ptr_array_new();
    for (guint i = 0; all[i]; i++) {
        if (*all[i])
            g_ptr_array_add(words, g_strdup(all[i]));
    }
    g_ptr_array_add(words, NULL);
    return (char **) g_ptr_array_free(words, FALSE);
}

static gboolean
is_label(const char *label)
{
    gsize length = strlen(label);
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isalnum(label[i]) && (label[i] != '-' || i == 0 || i == length - 1))
            return FALSE;
    }
    return length >= 1 && length <= 63;
}

gboolean
initializations_is_host(const char *host)
{
    g_auto(GStrv) labels = g_strsplit(host, ".", -1);
    for (guint i = 0; labels[i]; i++) {
        if (!is_label(labels[i]))
            return FALSE;
    }
    return labels[0] && strlen(host) <= 253;
}

static gboolean
is_address(const char *address, int family)
{
    guint8 bytes[16];
    return inet_pton(family, address, bytes) == 1;
}

static gboolean
is_given(const char *text)
{
    return text && *text;
}

/* --- texts ------------------------------------------------------------------------------------------------------------------ */

static gboolean
check_texts(const Draft *draft, const char *vm, GError **error)
{
    static const char *const longer[] = { "custom_script", "authorized_ssh_keys", NULL };
    for (const Field *row = draft->type->fields; row->name; row++) {
        gsize most = g_strv_contains(longer, row->name) ? LONG_MOST : SHORT_MOST;
        const char *text = row->kind == KIND_TEXT && draft_has_row(draft, row) ? *(char *const *) ((const char *) draft->record + row->offset) : NULL;
        g_autofree char *bytes = g_strdup_printf("%" G_GSIZE_FORMAT, most);
        if (text && !guard_is_prose(text, most))
            return fault_set(error, MSG_GUEST_TEXT, "vm", vm, "field", row->name, "most", bytes, NULL);
    }
    return TRUE;
}

static gboolean
check_names(const Initialization *sent, const char *vm, GError **error)
{
    if (is_given(sent->host_name) && !initializations_is_host(sent->host_name))
        return fault_set(error, MSG_GUEST_HOST_NAME, "vm", vm, "value", sent->host_name, NULL);
    if (is_given(sent->user_name) && (!text_is_name(sent->user_name) || strchr(sent->user_name, ':') || strlen(sent->user_name) > USER_MOST))
        return fault_set(error, MSG_GUEST_USER_NAME, "vm", vm, "value", sent->user_name, NULL);
    g_auto(GStrv) servers = initializations_words(sent->dns_servers), search = initializations_words(sent->dns_search);
    for (guint i = 0; servers[i]; i++) {
        if (!is_address(servers[i], AF_INET) && !is_address(servers[i], AF_INET6))
            return fault_set(error, MSG_GUEST_ADDRESS, "vm", vm, "field", "dns_servers", "value", servers[i], NULL);
    }
    for (guint i = 0; search[i]; i++) {
        if (!initializations_is_host(search[i]))
            return fault_set(error, MSG_GUEST_DOMAIN, "vm", vm, "value", search[i], NULL);
    }
    return TRUE;
}

/* --- cards ------------------------------------------------------------------------------------------------------------------ */

static gboolean
check_address(const char *vm, const char *card, const char *field, const Ip *ip, int family, GError **error)
{
    const char *values[] = { ip->address, ip->gateway };
    int most = family == AF_INET ? 32 : 128;
    if (!is_given(ip->address) || !is_given(ip->netmask))
        return fault_set(error, MSG_GUEST_STATIC, "vm", vm, "card", card, "field", field, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        if (is_given(values[i]) && !is_address(values[i], family))
            return fault_set(error, MSG_GUEST_ADDRESS, "vm", vm, "field", field, "value", values[i], NULL);
    }
    return initialization_prefix(ip->netmask, most) >= 0 || fault_set(error, MSG_GUEST_NETMASK, "vm", vm, "card", card, "value", ip->netmask, NULL);
}

static gboolean
is_card_name(const char *name)
{
    return is_given(name) && text_is_name(name) && !strpbrk(name, " \t:") && strlen(name) <= CARD_MOST && !g_str_equal(name, ".") && !g_str_equal(name, "..");
}

static gboolean
check_card(const NicConfiguration *card, const char *vm, GError **error)
{
    if (!is_card_name(card->name))
        return fault_set(error, MSG_GUEST_CARD_NAME, "vm", vm, "value", card->name ? card->name : "", NULL);
    if (card->boot_protocol == BOOT_PROTOCOL_STATIC && !check_address(vm, card->name, "ip", &card->ip, AF_INET, error))
        return FALSE;
    return card->ipv6_boot_protocol != BOOT_PROTOCOL_STATIC || check_address(vm, card->name, "ipv6", &card->ipv6, AF_INET6, error);
}

static gboolean
is_twice(const List *cards, guint at)
{
    const NicConfiguration *card = cards->items[at];
    for (guint i = 0; i < at; i++) {
        if (g_strcmp0(((const NicConfiguration *) cards->items[i])->name, card->name) == 0)
            return TRUE;
    }
    return FALSE;
}

/* One that its client says nothing of comes up by itself. */
static void
settle_card(Draft *draft)
{
    NicConfiguration *card = draft->record;
    card->on_boot |= !draft_has(draft, "on_boot");
    draft_mark(draft, "on_boot");
}

static gboolean
check_cards(const Draft *draft, const char *vm, GError **error)
{
    const Initialization *sent = draft->record;
    const List *cards = &sent->nic_configurations;
    const GPtrArray *drafts = draft->lists[type_index(&initialization_type, type_find(&initialization_type, "nic_configurations"))];
    for (guint i = 0; drafts && i < drafts->len; i++)
        settle_card(drafts->pdata[i]);
    for (guint i = 0; i < cards->count; i++) {
        const NicConfiguration *card = cards->items[i];
        if (i == CARDS_MOST || is_twice(cards, i))
            return fault_set(error, i == CARDS_MOST ? MSG_GUEST_CARDS_MANY : MSG_GUEST_CARD_TWICE, "vm", vm, "card", card->name ? card->name : "", NULL);
        if (!check_card(card, vm, error))
            return FALSE;
    }
    return TRUE;
}

/* --- the password ------------------------------------------------------------------------------------------------------------- */

gboolean
initializations_is_hash(const char *password)
{
    static const char *const kinds[] = { "$1$", "$2a$", "$2y$", "$5$", "$6$" };
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const char *rest = g_str_has_prefix(password, kinds[i]) ? password + strlen(kinds[i]) : "";
        const char *dollar = strchr(rest, '$');
        if (dollar && dollar > rest && dollar[1] && !strchr(password, ':'))
            return TRUE;
    }
    return FALSE;
}

static void
make_salt(char ret_salt[3 + SALT + 1])
{
    static const char letters[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    memcpy(ret_salt, "$6$", 3);
    for (guint i = 0; i < SALT; i++) {
        Id random = id_random();
        ret_salt[3 + i] = letters[random.bytes[0] & 63];
    }
    ret_salt[3 + SALT] = '\0';
}

/* Yours; NULL: this system's crypt cannot. */
static char *
hash(const char *password)
{
    char salt[3 + SALT + 1];
    struct crypt_data data = { .initialized = 0 };
    make_salt(salt);
    const char *made = crypt_r(password, salt, &data);
    char *copy = made && made[0] == '$' ? g_strdup(made) : NULL;
    explicit_bzero(&data, sizeof(data));
    return copy;
}

static gboolean
settle_password(Initialization *sent, const char *vm, gboolean windows, GError **error)
{
    char **word = &sent->root_password;
    if (!is_given(*word) || (!windows && initializations_is_hash(*word)))
        return TRUE;
    if (strlen(*word) > PASSWORD_MOST || strpbrk(*word, "\r\n"))
        return fault_set(error, MSG_GUEST_PASSWORD, "vm", vm, NULL);
    if (windows)
        return TRUE;
    char *made = hash(*word);
    if (!made)
        return fault_set(error, MSG_GUEST_PASSWORD_NO_HASH, "vm", vm, NULL);
    explicit_bzero(*word, strlen(*word));
    g_free(*word);
    *word = made;
    return TRUE;
}

gboolean
initializations_check(const Draft *draft, const char *vm, gboolean windows, GError **error)
{
    const Field *row = type_find(draft->type, "initialization");
    const Draft *group = draft_has_row(draft, row) ? draft->groups[type_index(draft->type, row)] : NULL;
    if (!group)
        return TRUE;
    Initialization *sent = group->record;
    return check_texts(group, vm, error) && check_names(sent, vm, error) && check_cards(group, vm, error) && settle_password(sent, vm, windows, error);
}
