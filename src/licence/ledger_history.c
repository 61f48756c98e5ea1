/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Records are events as history reads them, but for what only a recorder says: its own words go, topologies become those of hosts, and ids become names
 * that people know. Their bytes are canonical, so that members are taken apart by place. */
#include "licence/ledger_history.h"

#include "base/fault.h"
#include "licence/ledger_check.h"
#include "licence/ledger_line.h"
#include "licence/reader.h"

#include <string.h>

typedef struct {
    const LedgerTag *tags;
    guint n_tags;
    GHashTable *names;              /* VM's id → its last name */
    GHashTable *hosts;              /* name → its first topology, as JSON */
    GHashTable *boundaries;         /* name → as it was last, as JSON */
    GHashTable *begun;              /* hosts whose first topology was passed by */
    Text *out;
    Wall first;
    gboolean any;                   /* an event was written */
} Telling;

typedef void (*TakeLine)(Telling *telling, const LedgerLine *line);

/* --- members ---------------------------------------------------------------------------------------------------------------- */

/* Behind the string that begins at AT; END where it does not end. */
static const char *
behind_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        at += *at == '\\' && at + 1 < end;
    return at < end ? at + 1 : end;
}

/* Behind the value that begins at AT. */
static const char *
behind_value(const char *at, const char *end)
{
    guint depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = behind_string(at, end);
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == '}' || *at == ']'))
            break;
        depth += *at == '[' || *at == '{';
        depth -= *at == ']' || *at == '}';
        at++;
    }
    return at;
}

/* The next "key":value; FALSE: there is none. */
static gboolean
next_member(const char **at, const char *end, Slice *ret_key, Slice *ret_value)
{
    const char *key = *at;
    if (key >= end || (*key != '{' && *key != ',') || ++key >= end || *key != '"')
        return FALSE;
    const char *colon = behind_string(key, end);
    if (colon >= end || *colon != ':')
        return FALSE;
    const char *value = colon + 1, *behind = behind_value(value, end);
    *ret_key = (Slice) { key + 1, (gsize) (colon - key - 2) };
    *ret_value = (Slice) { value, (gsize) (behind - value) };
    *at = behind;
    return behind > value;
}

static gboolean
find_member(const LedgerLine *line, const char *name, Slice *ret_value)
{
    const char *at = line->bytes, *end = line->bytes + line->length;
    Slice key;
    while (next_member(&at, end, &key, ret_value)) {
        if (slice_is(key, name))
            return TRUE;
    }
    return FALSE;
}

/* Without its quotes; escapes stay as they are, which are the same wherever the text is written again. */
static char *
inner(Slice value)
{
    return value.length >= 2 && *value.bytes == '"' ? g_strndup(value.bytes + 1, value.length - 2) : NULL;
}

/* --- topologies --------------------------------------------------------------------------------------------------------------- */

static gboolean
is_number(const char *text)
{
    return *text && strlen(text) < 9 && strspn(text, "0123456789+") == strlen(text);
}

/* "0/0+12/0/0" */
static void
add_cpu(Text *out, const char *cpu)
{
    g_auto(GStrv) parts = g_strsplit(cpu, "/", 4);
    gboolean well = g_strv_length(parts) == 4 && is_number(parts[0]) && is_number(parts[2]) && is_number(parts[3]) && strspn(parts[1], "0123456789+") == strlen(parts[1]);
    if (!well)
        return;
    g_auto(GStrv) siblings = g_strsplit(parts[1], "+", 256);
    g_autofree char *list = g_strjoinv(",", siblings);
    gboolean first = out->length > 0 && out->bytes[out->length - 1] == '[';
    text_printf(out, "%s{\"id\":%s,\"siblings\":[%s],\"socket\":%s,\"node\":%s}", first ? "" : ",", parts[0], list, parts[2], parts[3]);
}

static void
add_cpus(Text *out, Slice cpus)
{
    const char *at = cpus.bytes + 1, *end = cpus.bytes + cpus.length;
    while (at < end && *at == '"') {
        const char *behind = behind_string(at, end);
        g_autofree char *cpu = g_strndup(at + 1, (gsize) (behind - at - 2));
        add_cpu(out, cpu);
        at = behind < end && *behind == ',' ? behind + 1 : end;
    }
}

/* Yours; NULL: the record says nothing. */
static char *
topology_of(const LedgerLine *line)
{
    static const char *const words[] = { "arch", "vendor", "model" };
    Slice cpus, word;
    g_auto(Text) out = TEXT_EMPTY;
    if (!find_member(line, "cpus", &cpus) || *cpus.bytes != '[')
        return NULL;
    text_add_literal(&out, "{\"cpus\":[");
    add_cpus(&out, cpus);
    text_add_literal(&out, "]");
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (find_member(line, words[i], &word) && *word.bytes == '"')
            text_printf(&out, ",\"%s\":%.*s", words[i], (int) word.length, word.bytes);
    }
    text_add_literal(&out, "}");
    return text_take(&out);
}

/* --- what there is -------------------------------------------------------------------------------------------------------------- */

/* Those with whose product a VM was ever tagged are what licences were bought for. */
static void
learn_boundary(Telling *telling, const LedgerLine *line)
{
    Slice name, product, host, licences;
    if (!find_member(line, "boundary", &name) || !find_member(line, "product", &product) || !find_member(line, "host", &host) || !find_member(line, "licences", &licences))
        return;
    char *key = inner(name);
    gboolean owned = !slice_is(licences, "0");
    char *json = g_strdup_printf("{\"name\":%.*s,\"product\":%.*s,\"hosts\":[%.*s]%s%.*s}", (int) name.length, name.bytes, (int) product.length, product.bytes, (int) host.length, host.bytes,
                                 owned ? ",\"licences\":" : "", owned ? (int) licences.length : 0, licences.bytes);
    if (key)
        g_hash_table_replace(telling->boundaries, key, json);
    else
        g_free(json);
}

static void
learn(Telling *telling, const LedgerLine *line)
{
    Slice vm, name, host;
    if (telling->first == 0)
        telling->first = line->t;
    g_autofree char *id = find_member(line, "vm", &vm) ? inner(vm) : NULL, *called = find_member(line, "name", &name) ? inner(name) : NULL;
    if (id && called)
        g_hash_table_replace(telling->names, g_steal_pointer(&id), g_steal_pointer(&called));
    if (g_str_equal(line->type, "boundary"))
        learn_boundary(telling, line);
    if (!g_str_equal(line->type, "topology") || !find_member(line, "host", &host))
        return;
    g_autofree char *key = inner(host);
    char *topology = key && !g_hash_table_contains(telling->hosts, key) ? topology_of(line) : NULL;
    if (topology)
        g_hash_table_insert(telling->hosts, g_steal_pointer(&key), topology);
}

/* --- events --------------------------------------------------------------------------------------------------------------------- */

static void
begin_event(Telling *telling)
{
    text_add(telling->out, telling->any ? ",\n" : "\n");
    telling->any = TRUE;
}

static void
add_vm(Telling *telling, const char *id)
{
    const char *name = g_hash_table_lookup(telling->names, id);
    text_printf(telling->out, "\"%s [%.8s]\"", name ? name : "", id);
}

/* All that history knows, as it stands. */
static void
add_members(Telling *telling, const LedgerLine *line)
{
    static const char *const own[] = { "n", "sig", "name", NULL };
    const char *at = line->bytes, *end = line->bytes + line->length;
    gboolean any = FALSE;
    Slice key, value;
    text_add_literal(telling->out, "{");
    while (next_member(&at, end, &key, &value)) {
        g_autofree char *word = slice_dup(key), *id = slice_is(key, "vm") ? inner(value) : NULL;
        if (g_strv_contains(own, word))
            continue;
        text_printf(telling->out, "%s\"%s\":", any ? "," : "", word);
        any = TRUE;
        if (id)
            add_vm(telling, id);
        else
            text_add_bytes(telling->out, value.bytes, value.length);
    }
    text_add_literal(telling->out, "}");
}

static void
change_host(Telling *telling, const LedgerLine *line)
{
    Slice host;
    char date[CLOCK_DATE_SIZE];
    g_autofree char *name = find_member(line, "host", &host) ? inner(host) : NULL, *topology = topology_of(line);
    if (!name || !topology || g_hash_table_add(telling->begun, g_strdup(name)))
        return;
    begin_event(telling);
    text_printf(telling->out, "{\"t\":\"%s\",\"type\":\"host_change\",\"host\":\"%s\",\"topology\":%s}", clock_format(line->t, date), name, topology);
}

static void
tell(Telling *telling, const LedgerLine *line)
{
    static const char *const events[] = { "start", "stop", "pin", "live_migrate", "cold_move", "observed", "gap", "tag", "untag", NULL };
    if (g_str_equal(line->type, "topology"))
        change_host(telling, line);
    if (!g_strv_contains(events, line->type))
        return;
    begin_event(telling);
    add_members(telling, line);
}

/* --- products ------------------------------------------------------------------------------------------------------------------- */

/* The id of the VM that is meant; NULL with a fault. */
static const char *
find_vm(const Telling *telling, const char *wanted, GError **error)
{
    const char *found = NULL;
    GHashTableIter iter;
    gpointer id, name;
    g_hash_table_iter_init(&iter, telling->names);
    while (g_hash_table_iter_next(&iter, &id, &name)) {
        if (g_str_equal(id, wanted))
            return id;
        if (g_strcmp0(name, wanted) != 0)
            continue;
        if (found) {
            fault_set(error, MSG_LICENCE_HISTORY_SEVERAL, "vm", wanted, NULL);
            return NULL;
        }
        found = id;
    }
    if (!found)
        fault_set(error, MSG_LICENCE_HISTORY_NO_VM, "vm", wanted, NULL);
    return found;
}

static gboolean
tell_tags(Telling *telling, GError **error)
{
    char date[CLOCK_DATE_SIZE];
    for (guint i = 0; i < telling->n_tags; i++) {
        const char *id = find_vm(telling, telling->tags[i].vm, error);
        if (!id)
            return FALSE;
        begin_event(telling);
        text_printf(telling->out, "{\"t\":\"%s\",\"type\":\"tag\",\"vm\":", clock_format(telling->first, date));
        add_vm(telling, id);
        text_add_literal(telling->out, ",\"product\":");
        text_add_json(telling->out, telling->tags[i].product);
        text_add_literal(telling->out, "}");
    }
    return TRUE;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------ */

static gboolean
walk_file(Telling *telling, const char *path, TakeLine take, GError **error)
{
    LedgerFile file = { 0 };
    gsize at = 0, length;
    const char *bytes;
    gboolean whole;
    LedgerLine line;
    if (!ledger_file_read(path, &file, error))
        return FALSE;
    while (ledger_file_next(&file, &at, &bytes, &length, &whole) && whole) {
        if (ledger_line_parse(bytes, length, &line))
            take(telling, &line);
    }
    g_free(file.bytes);
    return TRUE;
}

static gboolean
walk_all(Telling *telling, const GPtrArray *files, TakeLine take, GError **error)
{
    for (guint i = 0; i < files->len; i++) {
        if (!walk_file(telling, files->pdata[i], take, error))
            return FALSE;
    }
    return TRUE;
}

static int
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

static void
tell_hosts(const Telling *telling)
{
    GList *names = g_list_sort(g_hash_table_get_keys(telling->hosts), by_text);
    text_add_literal(telling->out, "{\"hosts\":[");
    for (const GList *name = names; name; name = name->next) {
        const char *topology = g_hash_table_lookup(telling->hosts, name->data);
        text_printf(telling->out, "%s\n{\"name\":\"%s\",\"topology\":%s}", name == names ? "" : ",", (const char *) name->data, topology);
    }
    text_add_literal(telling->out, "],");
    g_list_free(names);
}

static void
tell_boundaries(const Telling *telling)
{
    GList *names = g_list_sort(g_hash_table_get_keys(telling->boundaries), by_text);
    text_add_literal(telling->out, "\n\"boundaries\":[");
    for (const GList *name = names; name; name = name->next)
        text_printf(telling->out, "%s\n%s", name == names ? "" : ",", (const char *) g_hash_table_lookup(telling->boundaries, name->data));
    text_add_literal(telling->out, "],\n\"events\":[");
    g_list_free(names);
}

gboolean
ledger_history(char *const *paths, const LedgerTag *tags, guint count, Text *out, GError **error)
{
    g_autoptr(GPtrArray) files = ledger_check_files(paths);
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GHashTable) begun = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) boundaries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    Telling telling = { .tags = tags, .n_tags = count, .names = names, .hosts = hosts, .boundaries = boundaries, .begun = begun, .out = out };
    if (files->len == 0)
        return fault_set(error, MSG_LICENCE_NO_LEDGER, NULL);
    if (!walk_all(&telling, files, learn, error))
        return FALSE;
    tell_hosts(&telling);
    tell_boundaries(&telling);
    if (!tell_tags(&telling, error) || !walk_all(&telling, files, tell, error))
        return FALSE;
    text_add_literal(out, "\n]}\n");
    return TRUE;
}
