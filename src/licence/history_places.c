/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Clusters, hosts and boundaries of a history, and the topologies of hosts: what is equal is made once. */
#include "licence/history_parts.h"

#include "base/fault.h"

#define MOST_CPUS (4u << 20)        /* in all topologies of one history */

#define NO_MORE { NULL, 0, 0, 0, 0, NULL }

static char *
take_name(Reader *reader, Slice slice, GError **error)
{
    g_autofree char *name = slice_dup(slice);
    if (text_is_name(name) && strlen(name) == slice.length)
        return g_steal_pointer(&name);
    reader_refuse(reader, slice, "a name", error);
    return NULL;
}

/* --- topologies ----------------------------------------------------------------------------------------------------------- */

static gboolean
has_room(Reader *reader, HistoryReading *reading, guint cpus, GError **error)
{
    reading->cpus += cpus;
    return reading->cpus <= MOST_CPUS || fault_set(error, MSG_SCHEMA_TOO_MANY, "type", reader->type, "field", "topology", "most", G_STRINGIFY(MOST_CPUS), NULL);
}

/* TOPOLOGY is the history's from here on. */
static const Topology *
keep(Reader *reader, HistoryReading *reading, const char *key, Topology *topology, GError **error)
{
    g_hash_table_insert(reading->history->topologies, g_strdup(key), topology);
    return has_room(reader, reading, topology->core_of_count, error) ? topology : NULL;
}

static const Topology *
read_file(Reader *reader, HistoryReading *reading, Slice name, GError **error)
{
    g_autofree char *file = slice_dup(name), *key = g_strconcat("file ", file, NULL);
    const Topology *known = g_hash_table_lookup(reading->history->topologies, key);
    gsize length = 0;
    if (known)
        return known;
    if (!reading->file || !*file) {
        reader_refuse(reader, name, "an object with \"cpus\"", error);
        return NULL;
    }
    g_autofree char *bytes = reading->file(file, &length, reading->data, error);
    Topology *topology = bytes ? topology_read(bytes, length, error) : NULL;
    return topology ? keep(reader, reading, key, topology, error) : NULL;
}

gboolean
history_topology(Reader *reader, HistoryReading *reading, HistoryShape *shape, GError **error)
{
    Slice name;
    if (reader_peek(reader) == '{') {
        Topology *topology = topology_read_object(reader, error);
        g_autofree char *key = g_strdup_printf("object %u", g_hash_table_size(reading->history->topologies));
        shape->read = topology ? keep(reader, reading, key, topology, error) : NULL;
    } else {
        shape->read = reader_text(reader, "a file's name or an object with \"cpus\"", &name, error) ? read_file(reader, reading, name, error) : NULL;
    }
    return shape->read != NULL;
}

static gboolean
is_possible(Reader *reader, const HistoryShape *shape, GError **error)
{
    const struct { const char *field; gint64 given, most; } bounds[] = {
        { "cores", shape->cores, CPUS_MOST / MAX(shape->threads, 1) },
        { "sockets", shape->sockets, shape->cores },
        { "nodes", shape->nodes, shape->cores },
    };
    for (guint i = 0; i < G_N_ELEMENTS(bounds); i++) {
        if (bounds[i].given <= bounds[i].most)
            continue;
        g_autofree char *given = g_strdup_printf("%" G_GINT64_FORMAT, bounds[i].given), *wanted = g_strdup_printf("at most %" G_GINT64_FORMAT, bounds[i].most);
        return fault_set(error, MSG_SCHEMA_WRONG_VALUE, "type", reader->type, "field", bounds[i].field, "value", given, "wanted", wanted, NULL);
    }
    return TRUE;
}

const Topology *
history_shape(Reader *reader, HistoryReading *reading, const HistoryShape *shape, GError **error)
{
    if (shape->read && shape->cores) {
        fault_set(error, MSG_LICENCE_TWO_TOPOLOGIES, "type", reader->type, NULL);
        return NULL;
    }
    if (shape->read)
        return shape->read;
    if (!shape->cores) {
        fault_set(error, MSG_LICENCE_FIELD_MISSING, "type", reader->type, "field", "cores", NULL);
        return NULL;
    }
    if (!is_possible(reader, shape, error))
        return NULL;
    guint threads = (guint) MAX(shape->threads, 1), sockets = (guint) MAX(shape->sockets, 1), nodes = (guint) (shape->nodes ? shape->nodes : sockets);
    g_autofree char *key = g_strdup_printf("even %d %u %u %u %.*s/%.*s/%.*s", (int) shape->cores, threads, sockets, nodes, (int) shape->arch.length, shape->arch.bytes,
                                           (int) shape->vendor.length, shape->vendor.bytes, (int) shape->model.length, shape->model.bytes);
    const Topology *known = g_hash_table_lookup(reading->history->topologies, key);
    if (known)
        return known;
    Topology *topology = topology_even((guint) shape->cores, threads, sockets, nodes);
    topology->arch = shape->arch.length ? slice_dup(shape->arch) : NULL;
    topology->vendor = shape->vendor.length ? slice_dup(shape->vendor) : NULL;
    topology->model = shape->model.length ? slice_dup(shape->model) : NULL;
    return keep(reader, reading, key, topology, error);
}

/* --- clusters ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    Slice name, scheduling;
    gboolean shared_storage, one_site;
} GivenCluster;

static const ReaderField cluster_fields[] = {
    { "name", READER_SLICE, offsetof(GivenCluster, name), 0, 0, NULL },
    { "scheduling", READER_SLICE, offsetof(GivenCluster, scheduling), 0, 0, NULL },
    { "shared_storage", READER_FLAG, offsetof(GivenCluster, shared_storage), 0, 0, NULL },
    { "one_site", READER_FLAG, offsetof(GivenCluster, one_site), 0, 0, NULL },
    NO_MORE,
};

/* The cluster called NAME, made where it is new. */
static int
cluster_named(HistoryReading *reading, const char *name)
{
    GArray *clusters = reading->history->clusters;
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(reading->clusters, name));
    if (!known) {
        HistoryCluster cluster = { .name = g_strdup(name), .scheduling = NULL };
        g_array_append_val(clusters, cluster);
        known = clusters->len;
        g_hash_table_insert(reading->clusters, cluster.name, GUINT_TO_POINTER(known));
    }
    return (int) known - 1;
}

gboolean
history_read_cluster(Reader *reader, gpointer record, GError **error)
{
    HistoryReading *reading = record;
    GivenCluster given = { .scheduling = { "none", 4 }, .shared_storage = TRUE, .one_site = TRUE };
    guint64 there;
    if (!reader_object(reader, cluster_fields, &given, &there, error) || !reader_has(reader, cluster_fields, there, 1, error))
        return FALSE;
    g_autofree char *name = take_name(reader, given.name, error), *scheduling = name ? take_name(reader, given.scheduling, error) : NULL;
    if (!scheduling)
        return FALSE;
    int index = cluster_named(reading, name);
    HistoryCluster *cluster = history_cluster(reading->history, (guint) index);
    if (cluster->scheduling)
        return reader_refuse(reader, given.name, "a name that no other cluster has", error);
    cluster->scheduling = g_string_chunk_insert_const(reading->history->words, scheduling);
    cluster->apart = !given.shared_storage || !given.one_site;
    return TRUE;
}

/* --- hosts ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    HistoryReading *reading;
    int host;
    Slice cluster, platform;
    gint64 factor, socket_capacity;
    gboolean spare;
    HistoryShape shape;
} GivenHost;

static gboolean
read_host_name(Reader *reader, gpointer record, GError **error)
{
    GivenHost *given = record;
    return history_host_named(reader, given->reading, &given->host, error);
}

static gboolean
read_host_topology(Reader *reader, gpointer record, GError **error)
{
    GivenHost *given = record;
    return history_topology(reader, given->reading, &given->shape, error);
}

#define SHAPE_INT(word, most) { #word, READER_INT, offsetof(GivenHost, shape.word), 1, most, NULL }
#define SHAPE_SLICE(word) { #word, READER_SLICE, offsetof(GivenHost, shape.word), 0, 0, NULL }
static const ReaderField host_fields[] = {
    { "name", READER_VALUE, 0, 0, 0, read_host_name },
    { "cluster", READER_SLICE, offsetof(GivenHost, cluster), 0, 0, NULL },
    SHAPE_INT(cores, CPUS_MOST),
    SHAPE_INT(threads, TOPOLOGY_MOST_THREADS),
    SHAPE_INT(sockets, TOPOLOGY_MOST_SOCKETS),
    SHAPE_INT(nodes, TOPOLOGY_MOST_NODES),
    SHAPE_SLICE(arch),
    SHAPE_SLICE(vendor),
    SHAPE_SLICE(model),
    { "topology", READER_VALUE, 0, 0, 0, read_host_topology },
    { "factor", READER_MICRO, offsetof(GivenHost, factor), 1, 10 * TABLES_UNIT, NULL },
    { "spare", READER_FLAG, offsetof(GivenHost, spare), 0, 0, NULL },
    { "socket_capacity", READER_INT, offsetof(GivenHost, socket_capacity), 1, TOPOLOGY_MOST_SOCKETS, NULL },
    { "platform", READER_SLICE, offsetof(GivenHost, platform), 0, 0, NULL },
    NO_MORE,
};

gboolean
history_read_host(Reader *reader, gpointer record, GError **error)
{
    HistoryReading *reading = record;
    GivenHost given = { .reading = reading, .host = -1, .cluster = { "", 0 }, .platform = { "", 0 } };
    guint64 there;
    if (!reader_object(reader, host_fields, &given, &there, error) || !reader_has(reader, host_fields, there, 1, error))
        return FALSE;
    const Topology *topology = history_shape(reader, reading, &given.shape, error);
    HistoryHost *host = history_host(reading->history, (guint) given.host);
    g_autofree char *cluster = topology && given.cluster.length ? take_name(reader, given.cluster, error) : g_strdup(host->name);
    if (!topology || !cluster)
        return FALSE;
    if (host->declared)
        return reader_refuse(reader, (Slice) { host->name, strlen(host->name) }, "a host that is listed once", error);
    host->declared = TRUE;
    host->cluster = cluster_named(reading, cluster);
    host->topology = topology;
    host->factor = given.factor;
    host->socket_capacity = given.socket_capacity ? given.socket_capacity : topology->socket_capacity;
    host->spare = given.spare;
    host->olvm = slice_is(given.platform, "olvm");
    return TRUE;
}

/* --- boundaries ----------------------------------------------------------------------------------------------------------- */

typedef struct {
    HistoryReading *reading;
    HistoryBoundary boundary;
    Slice name;
} GivenBoundary;

static gboolean
read_product(Reader *reader, gpointer record, GError **error)
{
    GivenBoundary *given = record;
    return history_product(reader, given->reading, &given->boundary.product, error);
}

static gboolean
read_host(Reader *reader, gpointer record, GError **error)
{
    GivenBoundary *given = record;
    int index;
    if (!history_host_named(reader, given->reading, &index, error))
        return FALSE;
    g_array_append_val(given->boundary.hosts, index);
    return TRUE;
}

static gboolean
read_vm(Reader *reader, gpointer record, GError **error)
{
    GivenBoundary *given = record;
    int index;
    if (!history_vm(reader, given->reading, &index, error))
        return FALSE;
    g_array_append_val(given->boundary.vms, index);
    return TRUE;
}

static gboolean
read_hosts(Reader *reader, gpointer record, GError **error)
{
    return reader_list(reader, read_host, record, HISTORY_MOST_HOSTS, error);
}

static gboolean
read_vms(Reader *reader, gpointer record, GError **error)
{
    return reader_list(reader, read_vm, record, HISTORY_MOST_VMS, error);
}

static const ReaderField boundary_fields[] = {
    { "product", READER_VALUE, 0, 0, 0, read_product },
    { "hosts", READER_VALUE, 0, 0, 0, read_hosts },
    { "name", READER_SLICE, offsetof(GivenBoundary, name), 0, 0, NULL },
    { "vms", READER_VALUE, 0, 0, 0, read_vms },
    { "licences", READER_INT, offsetof(GivenBoundary, boundary.licences), 0, 1000000000, NULL },
    NO_MORE,
};

gboolean
history_read_boundary(Reader *reader, gpointer record, GError **error)
{
    HistoryReading *reading = record;
    GivenBoundary given = { .reading = reading, .boundary = { .licences = -1 } };
    guint64 there;
    given.boundary.hosts = g_array_new(FALSE, FALSE, sizeof(int));
    given.boundary.vms = g_array_new(FALSE, FALSE, sizeof(int));
    gboolean well = reader_object(reader, boundary_fields, &given, &there, error) && reader_has(reader, boundary_fields, there, 3, error);
    given.boundary.name = well && given.name.bytes ? take_name(reader, given.name, error) : g_strdup("");
    if (!well || !given.boundary.name) {
        g_array_unref(given.boundary.hosts);
        g_array_unref(given.boundary.vms);
        g_free(given.boundary.name);
        return FALSE;
    }
    g_array_append_val(reading->history->boundaries, given.boundary);
    return TRUE;
}
