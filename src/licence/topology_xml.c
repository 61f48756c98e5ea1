/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * `virsh capabilities` to CPUs. By GLib's small parser, which knows no DTD, no entities beyond XML's own five and no network, and so needs
 * no guarding against them; a DOCTYPE is refused all the same. CPUs that are offline stand there as a number and nothing else. */
#include "licence/topology.h"

#include "base/fault.h"

#include <string.h>

#define DEPTH 32

typedef struct {
    GArray *cpus;                   /* TopologyCpu */
    GString *path;                  /* "/capabilities/host/…" */
    guint depth;
    gint64 node;                    /* of the cell it is in */
    char *arch, *vendor, *model;
    gboolean seen;                  /* the topology of the host */
} Reading;

static gboolean
wrong(const char *field, const char *value, const char *wanted, GError **error)
{
    g_autofree char *shown = g_utf8_substring(value, 0, MIN(g_utf8_strlen(value, -1), 60));
    return fault_set(error, MSG_SCHEMA_WRONG_VALUE, "type", "topology", "field", field, "value", shown, "wanted", wanted, NULL);
}

static gboolean
whole_number(const char *field, const char *text, gint64 most, gint64 *ret_number, GError **error)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(text, 10, 0, (guint64) most, &number, NULL))
        return wrong(field, text, "a number", error);
    *ret_number = (gint64) number;
    return TRUE;
}

static gboolean
take_attribute(TopologyCpu *cpu, const char *name, const char *value, GError **error)
{
    if (g_str_equal(name, "id"))
        return whole_number("cpu.id", value, CPUS_MOST - 1, &cpu->id, error);
    if (g_str_equal(name, "siblings")) {
        cpu->online = TRUE;
        return cpus_parse(value, strlen(value), &cpu->siblings) || wrong("cpu.siblings", value, "a list of CPUs as \"0,12\"", error);
    }
    const struct { const char *name; gint64 *member; } numbers[] = {
        { "socket_id", &cpu->socket }, { "die_id", &cpu->die }, { "cluster_id", &cpu->cluster }, { "core_id", &cpu->core },
    };
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (g_str_equal(name, numbers[i].name) && !g_str_has_prefix(value, "-"))       /* -1: firmware says none */
            return whole_number(name, value, G_MAXINT32, numbers[i].member, error);
    }
    return TRUE;
}

static gboolean
read_cpu(Reading *reading, const char **names, const char **values, GError **error)
{
    TopologyCpu cpu = { .id = -1, .core = -1, .node = reading->node };
    gboolean well = TRUE;
    for (guint i = 0; names[i] && well; i++)
        well = take_attribute(&cpu, names[i], values[i], error);
    if (well && cpu.id < 0)
        well = fault_set(error, MSG_LICENCE_FIELD_MISSING, "type", "topology", "field", "cpu.id", NULL);
    if (well && reading->cpus->len >= CPUS_MOST)
        well = fault_set(error, MSG_SCHEMA_TOO_MANY, "type", "topology", "field", "cpus", "most", G_STRINGIFY(CPUS_MOST), NULL);
    if (well)
        g_array_append_val(reading->cpus, cpu);
    else
        cpus_clear(&cpu.siblings);
    return well;
}

static gboolean
read_cell(Reading *reading, const char **names, const char **values, GError **error)
{
    for (guint i = 0; names[i]; i++) {
        if (g_str_equal(names[i], "id"))
            return whole_number("cell.id", values[i], G_MAXINT32, &reading->node, error);
    }
    return fault_set(error, MSG_LICENCE_FIELD_MISSING, "type", "topology", "field", "cell.id", NULL);
}

static void
begin(GMarkupParseContext *context, const char *element, const char **names, const char **values, gpointer data, GError **error)
{
    Reading *reading = data;
    if (++reading->depth > DEPTH) {
        fault_set(error, MSG_SCHEMA_TOO_DEEP, "type", "topology", NULL);
        return;
    }
    g_string_append_printf(reading->path, "/%.64s", element);
    if (reading->depth == 1 && !g_str_equal(element, "capabilities"))
        fault_set(error, MSG_SCHEMA_WRONG_ROOT, "type", "capabilities", "given", element, NULL);
    else if (g_str_equal(reading->path->str, "/capabilities/host/topology/cells"))
        reading->seen = TRUE;
    else if (g_str_equal(reading->path->str, "/capabilities/host/topology/cells/cell"))
        read_cell(reading, names, values, error);
    else if (g_str_equal(reading->path->str, "/capabilities/host/topology/cells/cell/cpus/cpu"))
        read_cpu(reading, names, values, error);
}

static void
end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
    Reading *reading = data;
    g_string_truncate(reading->path, (gsize) (strrchr(reading->path->str, '/') - reading->path->str));
    reading->depth--;
}

static void
text(GMarkupParseContext *context, const char *bytes, gsize length, gpointer data, GError **error)
{
    Reading *reading = data;
    const struct { const char *path; char **member; } wanted[] = {
        { "/capabilities/host/cpu/arch", &reading->arch },
        { "/capabilities/host/cpu/vendor", &reading->vendor },
        { "/capabilities/host/cpu/model", &reading->model },
    };
    for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (!*wanted[i].member && length <= 255 && g_str_equal(reading->path->str, wanted[i].path))
            *wanted[i].member = g_strndup(bytes, length);
    }
}

/* Comments, processing instructions, CDATA and whatever begins with "<!". */
static void
other(GMarkupParseContext *context, const char *bytes, gsize length, gpointer data, GError **error)
{
    if (length > 2 && bytes[1] == '!' && !g_str_has_prefix(bytes, "<!--") && !g_str_has_prefix(bytes, "<![CDATA["))
        fault_set(error, MSG_SCHEMA_DOCTYPE, "type", "topology", NULL);
}

/* Bulldozer's kin: the kernel calls the two integer cores of a module siblings. */
static gboolean
has_modules(const Topology *topology)
{
    static const char *const models[] = { "Opteron_G4", "Opteron_G5", NULL };
    gboolean threads = FALSE;
    for (guint i = 0; i < topology->n_cores; i++)
        threads |= topology->cores[i].n_threads > 1;
    return threads && topology->model && g_strv_contains(models, topology->model);
}

static void
clear_cpu(gpointer cpu)
{
    cpus_clear(&((TopologyCpu *) cpu)->siblings);
}

static gboolean
parse(Reading *reading, const char *bytes, gsize length, GError **error)
{
    static const GMarkupParser parser = { begin, end, text, other, NULL };
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, reading, NULL);
    g_autoptr(GError) reason = NULL;
    const char *body = bytes;
    while (length && g_ascii_isspace(*body)) {      /* the parser takes nothing before the first '<' */
        body++;
        length--;
    }
    if (g_markup_parse_context_parse(context, body, (gssize) length, &reason) && g_markup_parse_context_end_parse(context, &reason))
        return reading->seen || fault_set(error, MSG_LICENCE_FIELD_MISSING, "type", "topology", "field", "host.topology.cells", NULL);
    if (reason->domain == SHIKIRI_FAULT) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    g_autofree char *valid = g_utf8_make_valid(reason->message, -1);
    g_autofree char *said = g_utf8_substring(valid, 0, MIN(g_utf8_strlen(valid, -1), 160));
    return fault_set(error, MSG_SCHEMA_MALFORMED, "type", "topology", "format", "XML", "reason", said, NULL);
}

Topology *
topology_read_xml(const char *bytes, gsize length, GError **error)
{
    Reading reading = { .cpus = g_array_new(FALSE, TRUE, sizeof(TopologyCpu)), .path = g_string_new(NULL) };
    g_array_set_clear_func(reading.cpus, clear_cpu);
    gboolean well = parse(&reading, bytes, length, error);
    Topology *topology = well ? topology_build(g_array_ref(reading.cpus), error) : NULL;
    g_array_unref(reading.cpus);
    g_string_free(reading.path, TRUE);
    if (topology) {
        topology->arch = g_steal_pointer(&reading.arch);
        topology->vendor = g_steal_pointer(&reading.vendor);
        topology->model = g_steal_pointer(&reading.model);
        topology->doubts |= has_modules(topology) ? TOPOLOGY_MODULES : 0;
    }
    g_free(reading.arch);
    g_free(reading.vendor);
    g_free(reading.model);
    return topology;
}
