/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One event. All kinds have one table of fields, and each kind a row of those it needs and those it may have: what does not belong to it is
 * refused as what nobody knows is. */
#include "licence/history_parts.h"

#include "base/fault.h"

#define MOST_IOTHREADS 4096

typedef struct {
    HistoryReading *reading;
    Event event;
    Slice type, policy;
    Wall until;
    gint64 vcpus, max_vcpus, users;
    gboolean migratable, ha, failover;
    HistoryShape shape;
} GivenEvent;

/* --- sets of CPUs --------------------------------------------------------------------------------------------------------- */

static gboolean
add_piece(Reader *reader, gpointer record, GError **error)
{
    GString *key = record;
    Slice text = { "-", 1 };
    if (key->len)
        g_string_append_c(key, ';');
    if (!reader_null(reader) && !reader_text(reader, "a list of CPUs as \"0-3,8\", or null", &text, error))
        return FALSE;
    if (memchr(text.bytes, ';', text.length) || memchr(text.bytes, '\0', text.length))
        return reader_refuse(reader, text, "a list of CPUs as \"0-3,8\"", error);
    g_string_append_len(key, text.bytes, (gssize) text.length);
    return TRUE;
}

/* KEY understood: the pieces between its semicolons. */
static CpuList *
parse_list(Reader *reader, const char *key, GError **error)
{
    g_auto(GStrv) pieces = g_strsplit(key, ";", -1);
    CpuList *list = g_new0(CpuList, 1);
    list->count = *key ? g_strv_length(pieces) : 0;
    list->sets = g_new0(Cpus, list->count);
    list->given = g_new0(gboolean, list->count);
    for (guint i = 0; i < list->count; i++) {
        const char *piece = pieces[i];
        list->given[i] = !g_str_equal(piece, "-");
        if (list->given[i] && !cpus_parse(piece, strlen(piece), &list->sets[i])) {
            reader_refuse(reader, (Slice) { piece, strlen(piece) }, "a list of CPUs below " G_STRINGIFY(CPUS_MOST) " as \"0-3,8\", not empty", error);
            for (guint done = 0; done < i; done++)
                cpus_clear(&list->sets[done]);
            g_free(list->sets);
            g_free(list->given);
            g_free(list);
            return NULL;
        }
    }
    return list;
}

/* The list of the reading's key, made where it is new. */
static const CpuList *
find_list(Reader *reader, HistoryReading *reading, GError **error)
{
    History *history = reading->history;
    CpuList *known = g_hash_table_lookup(history->lists, reading->key->str);
    if (known)
        return known;
    CpuList *list = parse_list(reader, reading->key->str, error);
    if (list) {
        list->key = g_string_chunk_insert(history->words, reading->key->str);
        g_hash_table_insert(history->lists, (gpointer) list->key, list);
    }
    return list;
}

/* A list of sets, or null: none. */
static gboolean
read_sets(Reader *reader, GivenEvent *given, guint most, const CpuList **ret_list, GError **error)
{
    HistoryReading *reading = given->reading;
    g_string_truncate(reading->key, 0);
    *ret_list = NULL;
    if (reader_null(reader))
        return TRUE;
    return reader_list(reader, add_piece, reading->key, most, error) && (*ret_list = find_list(reader, reading, error)) != NULL;
}

/* One set, or null: none. */
static gboolean
read_set(Reader *reader, GivenEvent *given, guint16 says, const CpuList **ret_list, GError **error)
{
    HistoryReading *reading = given->reading;
    g_string_truncate(reading->key, 0);
    given->event.says |= says;
    *ret_list = NULL;
    if (reader_null(reader))
        return TRUE;
    return add_piece(reader, reading->key, error) && (*ret_list = find_list(reader, reading, error)) != NULL;
}

/* --- fields --------------------------------------------------------------------------------------------------------------- */

static gboolean
take_time(Reader *reader, Wall *ret_time, GError **error)
{
    Slice text;
    char copy[64];
    if (!reader_text(reader, "a time as \"2026-01-05T00:00:00Z\"", &text, error))
        return FALSE;
    if (text.length >= sizeof(copy))
        return reader_refuse(reader, text, "a time as \"2026-01-05T00:00:00Z\"", error);
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    return clock_parse(copy, ret_time) || reader_refuse(reader, text, "a time as \"2026-01-05T00:00:00Z\"", error);
}

/* A value read by CALL into the GIVEN event. */
#define READS(name, call)                                                     \
    static gboolean name(Reader *reader, gpointer record, GError **error)     \
    {                                                                         \
        GivenEvent *given = record;                                           \
        return call;                                                          \
    }
READS(read_t, take_time(reader, &given->event.t, error))
READS(read_until, take_time(reader, &given->until, error))
READS(read_vm, history_vm(reader, given->reading, &given->event.vm, error))
READS(read_product, history_product(reader, given->reading, &given->event.product, error))
READS(read_host, history_host_named(reader, given->reading, &given->event.host, error))
READS(read_from, history_host_named(reader, given->reading, &given->event.from, error))
READS(read_topology, history_topology(reader, given->reading, &given->shape, error))
READS(read_pins, read_sets(reader, given, HISTORY_MOST_VCPUS, &given->event.pins, error))
READS(read_cpuset, read_set(reader, given, SAYS_CPUSET, &given->event.cpuset, error))
READS(read_emulator, read_set(reader, given, SAYS_EMULATOR, &given->event.emulator, error))

static gboolean
read_iothreads(Reader *reader, gpointer record, GError **error)
{
    GivenEvent *given = record;
    given->event.says |= SAYS_IOTHREADS;
    return read_sets(reader, given, MOST_IOTHREADS, &given->event.iothreads, error);
}

enum { F_TYPE, F_T, F_VM, F_HOST, F_VCPUS, F_PINS, F_CPUSET, F_EMULATOR, F_MIGRATABLE, F_FROM, F_TO, F_PRODUCT, F_USERS, F_UNTIL, F_TOPOLOGY, F_IOTHREADS, F_MAX_VCPUS, F_HA,
    F_POLICY, F_FAILOVER, F_CORES, F_THREADS, F_SOCKETS, F_NODES };

#define BY(word, function) { word, READER_VALUE, 0, 0, 0, function }
#define NUMBER(word, member, least, most) { word, READER_INT, offsetof(GivenEvent, member), least, most, NULL }
#define YES(word) { #word, READER_FLAG, offsetof(GivenEvent, word), 0, 0, NULL }
static const ReaderField fields[] = {
    [F_TYPE] = { "type", READER_SLICE, offsetof(GivenEvent, type), 0, 0, NULL },
    [F_T] = BY("t", read_t),
    [F_VM] = BY("vm", read_vm),
    [F_HOST] = BY("host", read_host),
    [F_VCPUS] = NUMBER("vcpus", vcpus, 1, HISTORY_MOST_VCPUS),
    [F_PINS] = BY("pins", read_pins),
    [F_CPUSET] = BY("cpuset", read_cpuset),
    [F_EMULATOR] = BY("emulator", read_emulator),
    [F_MIGRATABLE] = YES(migratable),
    [F_FROM] = BY("from", read_from),
    [F_TO] = BY("to", read_host),
    [F_PRODUCT] = BY("product", read_product),
    [F_USERS] = NUMBER("users", users, 0, 1000000000),
    [F_UNTIL] = BY("until", read_until),
    [F_TOPOLOGY] = BY("topology", read_topology),
    [F_IOTHREADS] = BY("iothreads", read_iothreads),
    [F_MAX_VCPUS] = NUMBER("max_vcpus", max_vcpus, 1, HISTORY_MOST_VCPUS),
    [F_HA] = YES(ha),
    [F_POLICY] = { "policy", READER_SLICE, offsetof(GivenEvent, policy), 0, 0, NULL },
    [F_FAILOVER] = YES(failover),
    [F_CORES] = NUMBER("cores", shape.cores, 1, CPUS_MOST),
    [F_THREADS] = NUMBER("threads", shape.threads, 1, TOPOLOGY_MOST_THREADS),
    [F_SOCKETS] = NUMBER("sockets", shape.sockets, 1, TOPOLOGY_MOST_SOCKETS),
    [F_NODES] = NUMBER("nodes", shape.nodes, 1, TOPOLOGY_MOST_NODES),
    { NULL, 0, 0, 0, 0, NULL },
};

/* --- kinds ---------------------------------------------------------------------------------------------------------------- */

#define F(name) ((guint64) 1 << F_##name)
#define HEAD (F(TYPE) | F(T))
#define DEFINITION (F(VCPUS) | F(PINS) | F(CPUSET) | F(EMULATOR) | F(IOTHREADS) | F(MIGRATABLE) | F(MAX_VCPUS) | F(HA) | F(POLICY))
static const struct { const char *word; EventKind kind; guint64 needs, may; } kinds[] = {
    { "start", EVENT_START, F(VM) | F(HOST), DEFINITION },
    { "stop", EVENT_STOP, F(VM), F(HOST) },
    { "pin", EVENT_PIN, F(VM), F(HOST) | DEFINITION },
    { "tag", EVENT_TAG, F(VM) | F(PRODUCT), F(USERS) | F(FAILOVER) },
    { "untag", EVENT_UNTAG, F(VM), F(PRODUCT) },
    { "live_migrate", EVENT_LIVE_MIGRATE, F(VM) | F(TO), F(FROM) | DEFINITION },
    { "cold_move", EVENT_COLD_MOVE, F(VM) | F(TO), F(FROM) | DEFINITION },
    { "gap", EVENT_GAP, F(HOST) | F(UNTIL), 0 },
    { "host_change", EVENT_HOST_CHANGE, F(HOST), F(TOPOLOGY) | F(CORES) | F(THREADS) | F(SOCKETS) | F(NODES) },
    { "observed", EVENT_OBSERVED, F(VM), F(HOST) | F(PINS) | F(EMULATOR) | F(IOTHREADS) },
    { "scan", EVENT_SCAN, F(VM), 0 },
};

static gboolean
find_kind(Reader *reader, GivenEvent *given, guint64 there, GError **error)
{
    guint row = 0;
    while (row < G_N_ELEMENTS(kinds) && !slice_is(given->type, kinds[row].word))
        row++;
    if (row == G_N_ELEMENTS(kinds))
        return reader_refuse(reader, given->type, "one of start, stop, pin, tag, untag, live_migrate, cold_move, gap, host_change, observed, scan", error);
    guint64 foreign = there & ~(HEAD | kinds[row].needs | kinds[row].may);
    if (foreign) {
        g_autofree char *event = g_strdup_printf("events[%u]", given->reading->place);
        return fault_set(error, MSG_LICENCE_FOREIGN_FIELD, "field", fields[__builtin_ctzll(foreign)].name, "event", event, "type", kinds[row].word, NULL);
    }
    given->event.kind = (guint8) kinds[row].kind;
    return reader_has(reader, fields, there, HEAD | kinds[row].needs, error);
}

static gboolean
find_policy(Reader *reader, GivenEvent *given, GError **error)
{
    static const char *const words[] = { "none", "manual", "resize_and_pin_numa", "dedicated", "isolate_threads" };
    G_STATIC_ASSERT(G_N_ELEMENTS(words) == N_POLICIES);
    for (guint i = 0; i < N_POLICIES; i++) {
        if (slice_is(given->policy, words[i])) {
            given->event.policy = (guint8) i;
            return TRUE;
        }
    }
    return reader_refuse(reader, given->policy, "one of none, manual, resize_and_pin_numa, dedicated, isolate_threads", error);
}

static void
note_what_is_said(GivenEvent *given, guint64 there)
{
    Event *event = &given->event;
    const struct { guint64 field; gboolean yes; guint16 says, is; } flags[] = {
        { F(MIGRATABLE), given->migratable, SAYS_MIGRATABLE, IS_MIGRATABLE },
        { F(HA), given->ha, SAYS_HA, IS_HA },
        { F(FAILOVER), !given->failover, 0, IS_WITHOUT_FAILOVER },
        { F(POLICY), FALSE, SAYS_POLICY, 0 },
        { F(PINS), FALSE, SAYS_PINS, 0 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (there & flags[i].field)
            event->says |= flags[i].says | (flags[i].yes ? flags[i].is : 0);
    }
    event->vcpus = there & F(VCPUS) ? (int) given->vcpus : -1;
    event->max_vcpus = there & F(MAX_VCPUS) ? (int) given->max_vcpus : -1;
    event->users = there & F(USERS) ? (int) given->users : -1;
}

/* A gap is its beginning and, right behind it, its end. */
static gboolean
add_gap(Reader *reader, GivenEvent *given, GError **error)
{
    GArray *events = given->reading->history->events;
    if (given->until < given->event.t) {
        char until[CLOCK_DATE_SIZE];
        clock_format(given->until, until);
        return reader_refuse(reader, (Slice) { until, strlen(until) }, "a gap that ends after it begins", error);
    }
    g_array_append_val(events, given->event);
    given->event.t = given->until;
    given->event.kind = EVENT_GAP_END;
    g_array_append_val(events, given->event);
    return TRUE;
}

gboolean
history_read_event(Reader *reader, gpointer record, GError **error)
{
    HistoryReading *reading = record;
    guint64 there;
    GivenEvent given = { .reading = reading, .event = { .vm = -1, .host = -1, .from = -1, .product = -1, .place = reading->place } };
    if (!reader_object(reader, fields, &given, &there, error) || !reader_has(reader, fields, there, F(TYPE), error) || !find_kind(reader, &given, there, error) ||
        (there & F(POLICY) && !find_policy(reader, &given, error)))
        return FALSE;
    note_what_is_said(&given, there);
    reading->place++;
    if (given.event.kind == EVENT_HOST_CHANGE && !(given.event.topology = history_shape(reader, reading, &given.shape, error)))
        return FALSE;
    if (given.event.kind == EVENT_GAP)
        return add_gap(reader, &given, error);
    g_array_append_val(reading->history->events, given.event);
    return TRUE;
}
