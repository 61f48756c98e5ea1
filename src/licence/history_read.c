/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The file as a whole, and names. A name that is used before the list it belongs to is remembered, and missed at the end. */
#include "licence/history_parts.h"

#include "base/fault.h"

/* --- names ---------------------------------------------------------------------------------------------------------------- */

/* The name that comes, zero-terminated in NAME; its index in TABLE + 1, 0 if it is new. */
static gboolean
read_name(Reader *reader, GHashTable *table, char name[256], guint *ret_known, GError **error)
{
    Slice slice;
    if (!reader_text(reader, "a name", &slice, error))
        return FALSE;
    if (slice.length > 255 || memchr(slice.bytes, '\0', slice.length))
        return reader_refuse(reader, slice, "a name of at most 255 bytes", error);
    memcpy(name, slice.bytes, slice.length);
    name[slice.length] = '\0';
    *ret_known = GPOINTER_TO_UINT(g_hash_table_lookup(table, name));
    return *ret_known || text_is_name(name) || reader_refuse(reader, slice, "a name", error);
}

static gboolean
read_listed(Reader *reader, GHashTable *table, GPtrArray *names, guint most, int *ret_index, GError **error)
{
    char name[256];
    guint known;
    if (!read_name(reader, table, name, &known, error))
        return FALSE;
    if (!known) {
        g_autofree char *count = g_strdup_printf("%u", most);
        if (names->len >= most)
            return fault_set(error, MSG_SCHEMA_TOO_MANY, "type", reader->type, "field", "events", "most", count, NULL);
        char *kept = g_strdup(name);
        g_ptr_array_add(names, kept);
        known = names->len;
        g_hash_table_insert(table, kept, GUINT_TO_POINTER(known));
    }
    *ret_index = (int) known - 1;
    return TRUE;
}

gboolean
history_vm(Reader *reader, HistoryReading *reading, int *ret_index, GError **error)
{
    return read_listed(reader, reading->vms, reading->history->vms, HISTORY_MOST_VMS, ret_index, error);
}

gboolean
history_product(Reader *reader, HistoryReading *reading, int *ret_index, GError **error)
{
    return read_listed(reader, reading->products, reading->history->products, HISTORY_MOST_PRODUCTS, ret_index, error);
}

gboolean
history_host_named(Reader *reader, HistoryReading *reading, int *ret_index, GError **error)
{
    char name[256];
    guint known;
    GArray *hosts = reading->history->hosts;
    if (!read_name(reader, reading->hosts, name, &known, error))
        return FALSE;
    if (!known) {
        if (hosts->len >= HISTORY_MOST_HOSTS)
            return fault_set(error, MSG_SCHEMA_TOO_MANY, "type", reader->type, "field", "hosts", "most", G_STRINGIFY(HISTORY_MOST_HOSTS), NULL);
        HistoryHost host = { .name = g_strdup(name), .cluster = -1, .named_by = reading->place };
        g_array_append_val(hosts, host);
        known = hosts->len;
        g_hash_table_insert(reading->hosts, host.name, GUINT_TO_POINTER(known));
    }
    *ret_index = (int) known - 1;
    return TRUE;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------ */

static gboolean
read_clusters(Reader *reader, gpointer reading, GError **error)
{
    return reader_list(reader, history_read_cluster, reading, HISTORY_MOST_HOSTS, error);
}

static gboolean
read_hosts(Reader *reader, gpointer reading, GError **error)
{
    return reader_list(reader, history_read_host, reading, HISTORY_MOST_HOSTS, error);
}

static gboolean
read_boundaries(Reader *reader, gpointer reading, GError **error)
{
    return reader_list(reader, history_read_boundary, reading, HISTORY_MOST_HOSTS, error);
}

static gboolean
read_events(Reader *reader, gpointer record, GError **error)
{
    HistoryReading *reading = record;
    reading->place = 0;
    gboolean well = reader_list(reader, history_read_event, reading, G_MAXINT32, error);
    reading->place = HISTORY_NO_PLACE;
    return well;
}

static gboolean
read_sampling(Reader *reader, gpointer reading, GError **error)
{
    gint64 seconds;
    if (!reader_int(reader, 0, 366 * 24 * 3600, &seconds, error))
        return FALSE;
    ((HistoryReading *) reading)->history->sampling = seconds * CLOCK_SECOND;
    return TRUE;
}

static const ReaderField fields[] = {
    { "hosts", READER_VALUE, 0, 0, 0, read_hosts },
    { "events", READER_VALUE, 0, 0, 0, read_events },
    { "clusters", READER_VALUE, 0, 0, 0, read_clusters },
    { "boundaries", READER_VALUE, 0, 0, 0, read_boundaries },
    { "sampling_limit", READER_VALUE, 0, 0, 0, read_sampling },
    { NULL, 0, 0, 0, 0, NULL },
};

/* A host that is named and stands in no list. */
static gboolean
are_hosts_there(const HistoryReading *reading, GError **error)
{
    for (guint i = 0; i < reading->history->hosts->len; i++) {
        const HistoryHost *host = history_host(reading->history, i);
        if (host->declared)
            continue;
        g_autofree char *field = host->named_by == HISTORY_NO_PLACE ? g_strdup("boundaries") : g_strdup_printf("events[%u]", host->named_by);
        return fault_set(error, MSG_LICENCE_UNKNOWN_HOST, "field", field, "host", host->name, NULL);
    }
    return TRUE;
}

/* Gaps within the limit of sampling prove as much as none: both halves go. They still stand one behind the other. */
static void
drop_short_gaps(History *history)
{
    guint kept = 0;
    for (guint i = 0; i < history->events->len; i++) {
        const Event *event = history_event(history, i);
        if (event->kind == EVENT_GAP && history_event(history, i + 1)->t - event->t <= history->sampling)
            i++;
        else
            *history_event(history, kept++) = *event;
    }
    g_array_set_size(history->events, kept);
}

static GHashTable *
new_table(void)
{
    return g_hash_table_new(g_str_hash, g_str_equal);
}

History *
history_read(const char *bytes, gsize length, HistoryFile file, gpointer data, GError **error)
{
    g_autoptr(History) history = history_new();
    g_autoptr(GHashTable) vms = new_table(), products = new_table(), clusters = new_table(), hosts = new_table();
    HistoryReading reading = { history, file, data, vms, products, clusters, hosts, g_string_new(NULL), 0, HISTORY_NO_PLACE };
    g_auto(Reader) reader;
    guint64 given;
    reader_open(&reader, "history", bytes, length);
    gboolean well = reader_object(&reader, fields, &reading, &given, error) && reader_has(&reader, fields, given, 3, error) && reader_ends(&reader, error) &&
                    are_hosts_there(&reading, error);
    g_string_free(reading.key, TRUE);
    if (!well)
        return NULL;
    drop_short_gaps(history);
    history_sort(history);
    return g_steal_pointer(&history);
}
