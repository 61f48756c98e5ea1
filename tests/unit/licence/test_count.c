/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Counts of histories made by chance, against a second reckoning that knows nothing of the first and keeps it simple: at each moment look at every VM. And
 * what must hold of any history: the order of the file means nothing, a stop never adds, the figures stand in their order. */
#include "licence/report.h"

#define ROUNDS 600
#define VMS 6
#define HOSTS 3
#define CORES 6                     /* of each host, two threads each */

typedef enum { START, STOP, PIN, MOVE, TAG, N_KINDS } Kind;

typedef struct {
    int hour, kind, vm, host;
    guint cores;                    /* bits; 0: not pinned */
    gboolean migratable;
} Made;

/* By hour and in the order of kinds at one hour. */
static int
compare_made(gconstpointer a, gconstpointer b)
{
    static const int ranks[N_KINDS] = { [TAG] = 0, [STOP] = 1, [MOVE] = 2, [START] = 3, [PIN] = 4 };
    const Made *one = a, *other = b;
    return one->hour != other->hour ? one->hour - other->hour : ranks[one->kind] - ranks[other->kind];
}

/* At most one event of a kind for a VM in an hour: what two would mean nobody can say. */
static GArray *
make_events(GRand *chance, guint count)
{
    GArray *events = g_array_new(FALSE, TRUE, sizeof(Made));
    g_autoptr(GHashTable) taken = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < count; i++) {
        Made made = { g_rand_int_range(chance, 0, 24), g_rand_int_range(chance, 0, N_KINDS), g_rand_int_range(chance, 0, VMS), g_rand_int_range(chance, 0, HOSTS),
            (guint) g_rand_int_range(chance, 0, 1 << CORES), g_rand_int_range(chance, 0, 12) == 0 };
        if (g_rand_int_range(chance, 0, 8) == 0)
            made.cores = 0;
        if (g_hash_table_add(taken, GINT_TO_POINTER(1 + made.hour + 24 * (made.kind + N_KINDS * made.vm))))
            g_array_append_val(events, made);
    }
    g_array_sort(events, compare_made);
    return events;
}

static void
write_pins(GString *out, guint cores)
{
    g_string_append(out, ",\"pins\":[");
    gboolean any = FALSE;
    for (guint core = 0; core < CORES; core++) {
        if (cores >> core & 1)
            g_string_append_printf(out, "%s\"%u,%u\"", any ? "," : "", core, core + CORES);
        any |= cores >> core & 1;
    }
    g_string_append(out, "]");
}

static void
write_event(GString *out, const Made *made)
{
    static const char *const types[] = { "start", "stop", "pin", "cold_move", "tag" };
    g_string_append_printf(out, "%s{\"t\":\"2026-01-05T%02d:00:00Z\",\"type\":\"%s\",\"vm\":\"v%d\"", out->str[out->len - 1] == '[' ? "" : ",", made->hour, types[made->kind], made->vm);
    if (made->kind == START)
        g_string_append_printf(out, ",\"host\":\"h%d\",\"migratable\":%s", made->host, made->migratable ? "true" : "false");
    if (made->kind == MOVE)
        g_string_append_printf(out, ",\"to\":\"h%d\"", made->host);
    if (made->kind == TAG)
        g_string_append(out, ",\"product\":\"EE\"");
    if (made->kind == START || made->kind == PIN || made->kind == MOVE)
        write_pins(out, made->cores);
    g_string_append(out, "}");
}

/* ORDER: NULL, or which event stands where. */
static char *
write_history(const GArray *events, const guint *order)
{
    GString *out = g_string_new("{\"hosts\":[");
    for (guint host = 0; host < HOSTS; host++)
        g_string_append_printf(out, "%s{\"name\":\"h%u\",\"cluster\":\"c%u\",\"cores\":%d,\"threads\":2,\"sockets\":2,\"factor\":%s}", host ? "," : "", host, host / 2, CORES, host ? "0.5" : "0.75");
    g_string_append(out, "],\"events\":[");
    for (guint i = 0; i < events->len; i++)
        write_event(out, &g_array_index(events, Made, order ? order[i] : i));
    g_string_append(out, "]}");
    return g_string_free(out, FALSE);
}

/* The report of TEXT; RET_PRODUCT: its only product's figures, zero where there is none. Yours. */
static char *
count(const char *text, gboolean ignore, CountProduct *ret_product)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Tables) tables = tables_new();
    g_autoptr(History) history = history_read(text, strlen(text), NULL, NULL, &error);
    g_assert_no_error(error);
    const CountOptions options = { .ignore_stopped = ignore, .timeline = TRUE };
    g_autoptr(Count) counted = count_run(history, tables, &options, &error);
    g_assert_no_error(error);
    g_auto(Text) out = TEXT_EMPTY;
    report_count(&out, counted, tables, TRUE);
    *ret_product = (CountProduct) { 0 };
    if (counted->products->len)
        *ret_product = g_array_index(counted->products, CountProduct, 0);
    ret_product->hosts = ret_product->clusters = ret_product->timeline = NULL;
    return text_take(&out);
}

/* --- the second reckoning ------------------------------------------------------------------------------------------------- */

typedef struct {
    gboolean known, running, tagged, open;
    int host;
    guint cores;
} Vm;

static void
apply(Vm *vm, const Made *made)
{
    guint all = (1 << CORES) - 1;
    switch ((Kind) made->kind) {
    case START:
        *vm = (Vm) { TRUE, TRUE, vm->tagged, made->migratable, made->host, made->cores };
        break;
    case STOP:
        vm->running = FALSE;
        break;
    case PIN:
        vm->cores = made->cores;
        break;
    case MOVE:
        vm->known = TRUE;
        vm->host = made->host;
        vm->cores = made->cores;
        break;
    case TAG:
        vm->tagged = TRUE;
        break;
    case N_KINDS:
    default:
        break;
    }
    vm->cores &= all;
}

static guint
bits(guint value)
{
    return (guint) __builtin_popcount(value);
}

/* A vCPU for each core of the mask, so that none at all is one vCPU that is not bound. */
static void
reckon(const GArray *events, gboolean ignore, guint64 *ret_concurrent, guint64 *ret_sum, guint64 *ret_ever)
{
    Vm vms[VMS] = { 0 };
    guint peaks[HOSTS] = { 0 }, ever[HOSTS] = { 0 };
    *ret_concurrent = *ret_sum = *ret_ever = 0;
    for (guint i = 0; i < events->len; i++) {
        const Made *made = &g_array_index(events, Made, i);
        apply(&vms[made->vm], made);
        if (i + 1 < events->len && g_array_index(events, Made, i + 1).hour == made->hour)
            continue;
        guint touched[HOSTS] = { 0 }, sum = 0;
        for (guint v = 0; v < VMS; v++) {
            if (vms[v].known && vms[v].tagged && (vms[v].running || !ignore))
                touched[vms[v].host] |= vms[v].open || !vms[v].cores ? (1u << CORES) - 1 : vms[v].cores;
        }
        for (guint h = 0; h < HOSTS; h++) {
            peaks[h] = MAX(peaks[h], bits(touched[h]));
            ever[h] |= touched[h];
            sum += bits(touched[h]);
        }
        *ret_concurrent = MAX(*ret_concurrent, sum);
    }
    for (guint h = 0; h < HOSTS; h++) {
        *ret_sum += peaks[h];
        *ret_ever += bits(ever[h]);
    }
}

static void
test_reckoning(void)
{
    g_autoptr(GRand) chance = g_rand_new_with_seed(1);
    for (guint round = 0; round < ROUNDS; round++) {
        g_autoptr(GArray) events = make_events(chance, (guint) g_rand_int_range(chance, 0, 60));
        for (int ignore = 0; ignore < 2; ignore++) {
            CountProduct product;
            guint64 concurrent, sum, ever;
            g_autofree char *text = write_history(events, NULL), *report = count(text, ignore, &product);
            reckon(events, ignore, &concurrent, &sum, &ever);
            if (product.cores.concurrent_peak != concurrent || product.cores.sum_of_host_peaks != sum || product.cores.union_ever != ever)
                g_error("%s\n%s", text, report);
            g_assert_true(concurrent <= sum && sum <= ever + sum);
            g_assert_cmpuint(product.licences_concurrent, <=, product.licences);
        }
    }
}

static void
test_order(void)
{
    g_autoptr(GRand) chance = g_rand_new_with_seed(2);
    for (guint round = 0; round < ROUNDS / 4; round++) {
        g_autoptr(GArray) events = make_events(chance, 50);
        g_autofree guint *order = g_new(guint, events->len);
        CountProduct product;
        for (guint i = 0; i < events->len; i++)
            order[i] = i;
        for (guint i = events->len; i > 1; i--) {
            guint other = (guint) g_rand_int_range(chance, 0, (gint32) i), kept = order[i - 1];
            order[i - 1] = order[other];
            order[other] = kept;
        }
        g_autofree char *sorted = write_history(events, NULL), *shuffled = write_history(events, order);
        g_autofree char *one = count(sorted, FALSE, &product), *other = count(shuffled, FALSE, &product), *again = count(sorted, FALSE, &product);
        g_assert_cmpstr(one, ==, other);
        g_assert_cmpstr(one, ==, again);
    }
}

static void
test_stop(void)
{
    g_autoptr(GRand) chance = g_rand_new_with_seed(3);
    for (guint round = 0; round < ROUNDS; round++) {
        g_autoptr(GArray) events = make_events(chance, 40);
        CountProduct before, after;
        gboolean ignore = g_rand_boolean(chance);
        g_autofree char *text = write_history(events, NULL), *one = count(text, ignore, &before);
        Made stop = { .hour = g_rand_int_range(chance, 0, 24), .kind = STOP, .vm = g_rand_int_range(chance, 0, VMS) };
        g_array_append_val(events, stop);
        g_autofree char *more = write_history(events, NULL), *other = count(more, ignore, &after);
        if (after.cores.concurrent_peak > before.cores.concurrent_peak || after.cores.sum_of_host_peaks > before.cores.sum_of_host_peaks ||
            after.cores.union_ever > before.cores.union_ever || after.licences > before.licences)
            g_error("a stop adds:\n%s\n%s\n%s", more, one, other);
    }
}

/* --- rules one by one ------------------------------------------------------------------------------------------------------ */

#define TWO_HOSTS "{\"clusters\":[{\"name\":\"c1\",\"scheduling\":\"none\"}],\"hosts\":[{\"name\":\"h1\",\"cluster\":\"c1\",\"cores\":8,\"factor\":0.5},{\"name\":\"h2\",\"cluster\":\"c1\",\"cores\":8,\"factor\":0.5%s}],%s\"events\":[{\"t\":\"2026-01-01T00:00:00Z\",\"type\":\"tag\",\"vm\":\"A\",\"product\":\"EE\"%s},{\"t\":\"2026-01-01T00:00:00Z\",\"type\":\"start\",\"vm\":\"A\",\"host\":\"h1\",\"vcpus\":2,\"pins\":[\"0\",\"1\"],\"emulator\":\"0-1\"%s}%s]}"

static char *
two_hosts(const char *host, const char *top, const char *tag, const char *start, const char *events)
{
    return g_strdup_printf(TWO_HOSTS, host, top, tag, start, events);
}

static void
assert_found(const char *report, const char *id, gboolean wanted)
{
    g_autofree char *member = g_strdup_printf("\"id\":\"%s\"", id);
    if ((strstr(report, member) != NULL) != wanted)
        g_error("%s %s in %s", id, wanted ? "is not" : "is", report);
}

/* Goes over to the spare and back, so many times, two hours each on days of their own. */
static char *
failovers(guint times)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < times; i++) {
        g_string_append_printf(out, ",{\"t\":\"2026-02-%02uT10:00:00Z\",\"type\":\"start\",\"vm\":\"A\",\"host\":\"h2\",\"vcpus\":2,\"pins\":[\"0\",\"1\"],\"emulator\":\"0-1\"}", i * 2 + 1);
        g_string_append_printf(out, ",{\"t\":\"2026-02-%02uT12:00:00Z\",\"type\":\"start\",\"vm\":\"A\",\"host\":\"h1\",\"vcpus\":2,\"pins\":[\"0\",\"1\"],\"emulator\":\"0-1\"}", i * 2 + 1);
    }
    return g_string_free(out, FALSE);
}

static void
test_failover(void)
{
    for (guint times = 9; times <= 11; times++) {
        CountProduct product;
        g_autofree char *events = failovers(times), *text = two_hosts(",\"spare\":true", "", "", "", events), *report = count(text, FALSE, &product);
        g_autofree char *wanted = g_strdup_printf("\"h2\":{\"periods\":%u,\"exempt\":%s", times, times <= 10 ? "true" : "false");
        g_assert_nonnull(strstr(report, wanted));
        g_assert_cmpuint(product.cores.sum_of_host_peaks, ==, 4);
        g_assert_cmpuint(product.licences_before, ==, 2);
        g_assert_cmpuint(product.licences, ==, times <= 10 ? 1 : 2);
        assert_found(report, "HP-06", times > 10);
    }
    CountProduct product;
    g_autofree char *events = failovers(3), *text = two_hosts(",\"spare\":true", "", ",\"failover\":false", "", events), *report = count(text, FALSE, &product);
    g_assert_nonnull(strstr(report, "\"exempt\":false"));
    g_assert_cmpuint(product.licences, ==, 2);
}

static void
test_gap(void)
{
    CountProduct product;
    g_autofree char *text = two_hosts("", "", "", "", ",{\"t\":\"2026-01-02T00:00:00Z\",\"type\":\"gap\",\"host\":\"h1\",\"until\":\"2026-01-03T00:00:00Z\"}");
    g_autofree char *report = count(text, FALSE, &product);
    g_assert_cmpuint(product.cores.sum_of_host_peaks, ==, 8);
    g_assert_false(product.proven);
    assert_found(report, "HP-17", TRUE);
    g_assert_nonnull(strstr(report, "\"A\":\"unknown\""));
}

/* A change of the host keeps cores by their first thread; what is not there any more binds nothing. */
static void
test_host_change(void)
{
    CountProduct product;
    g_autofree char *text = two_hosts("", "", "", "", ",{\"t\":\"2026-01-02T00:00:00Z\",\"type\":\"host_change\",\"host\":\"h1\",\"cores\":4}");
    g_autofree char *report = count(text, FALSE, &product);
    g_assert_cmpuint(product.cores.sum_of_host_peaks, ==, 2);
    g_assert_cmpuint(product.cores.union_ever, ==, 2);
    g_autofree char *gone = two_hosts("", "", "", "", ",{\"t\":\"2026-01-02T00:00:00Z\",\"type\":\"host_change\",\"host\":\"h1\",\"cores\":1}");
    g_autofree char *other = count(gone, FALSE, &product);
    g_assert_cmpuint(product.cores.sum_of_host_peaks, ==, 2);
    assert_found(other, "HP-02", TRUE);
}

#define AT ",{\"t\":\"2026-01-02T00:00:00Z\",\"type\":"

/* What makes each finding, and nothing but it. */
static const struct { const char *id, *host, *top, *tag, *start, *events; } findings[] = {
    { "HP-01", "", "", "", "", AT "\"live_migrate\",\"vm\":\"A\",\"from\":\"h1\",\"to\":\"h2\"}" },
    { "HP-02", "", "", "", ",\"cpuset\":null", AT "\"pin\",\"vm\":\"A\",\"pins\":[\"0\",null]}" },
    { "HP-02", "", "", "", "", AT "\"pin\",\"vm\":\"A\",\"pins\":[\"0-7\",\"1\"]}" },
    { "HP-02", "", "", "", "", AT "\"pin\",\"vm\":\"A\",\"pins\":[\"0\",\"9\"]}" },
    { "HP-04", "", "", "", "", AT "\"observed\",\"vm\":\"A\",\"pins\":[\"0\",\"5\"]}" },
    { "HP-05", "", "\"boundaries\":[{\"product\":\"EE\",\"hosts\":[\"h2\"]}],", "", "", "" },
    { "HP-07", "", "", "", ",\"migratable\":true", "" },
    { "HP-08", "", "", "", "", AT "\"pin\",\"vm\":\"A\",\"pins\":[\"0\",\"2\"]}" },
    { "HP-09", "", "", "", ",\"policy\":\"dedicated\"", "" },
    { "HP-10", "", "", "", ",\"iothreads\":[null]", "" },
    { "HP-12", "", "", "", ",\"ha\":true", "" },
    { "HP-13", "", "", "", ",\"max_vcpus\":4", "" },
    { "HP-16", "", "", "", "", "" },
    { "HP-18", "", "", "", "", "" },
};

static void
test_findings(void)
{
    CountProduct product;
    g_autofree char *plain = two_hosts("", "", "", "", ""), *nothing = count(plain, FALSE, &product);
    for (guint i = 0; i < G_N_ELEMENTS(findings); i++) {
        g_autofree char *text = two_hosts(findings[i].host, findings[i].top, findings[i].tag, findings[i].start, findings[i].events), *report = count(text, FALSE, &product);
        assert_found(report, findings[i].id, TRUE);
        assert_found(nothing, findings[i].id, g_str_equal(findings[i].id, "HP-16") || g_str_equal(findings[i].id, "HP-18"));
    }
}

/* HP-03, HP-11 and HP-15, which need machines of their own. */
static void
test_more_findings(void)
{
    static const char shared[] = "{\"clusters\":[{\"name\":\"c1\",\"scheduling\":\"evenly_distributed\"}],\"hosts\":[{\"name\":\"h1\",\"cluster\":\"c1\",\"topology\":{\"cpus\":["
                                 "{\"id\":0,\"siblings\":[0,2],\"core\":0},{\"id\":1,\"siblings\":[1,3],\"core\":0},{\"id\":2,\"siblings\":[0,2],\"core\":0},{\"id\":3,\"siblings\":[1,3],\"core\":0}]}}],"
                                 "\"events\":[{\"t\":\"2026-01-01T00:00:00Z\",\"type\":\"tag\",\"vm\":\"A\",\"product\":\"EE\"},"
                                 "{\"t\":\"2026-01-01T00:00:00Z\",\"type\":\"start\",\"vm\":\"A\",\"host\":\"h1\",\"pins\":[\"0\"]},"
                                 "{\"t\":\"2026-01-02T00:00:00Z\",\"type\":\"start\",\"vm\":\"B\",\"host\":\"h1\",\"pins\":[\"%s\"]}]}";
    CountProduct product;
    g_autofree char *sibling = g_strdup_printf(shared, "2"), *report = count(sibling, FALSE, &product), *apart = g_strdup_printf(shared, "3"), *other = count(apart, FALSE, &product);
    g_assert_cmpuint(product.cores.sum_of_host_peaks, ==, 1);
    assert_found(report, "HP-03", TRUE);
    assert_found(report, "HP-11", TRUE);
    assert_found(report, "HP-15", TRUE);
    assert_found(other, "HP-11", FALSE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/count/reckoning", test_reckoning);
    g_test_add_func("/count/order", test_order);
    g_test_add_func("/count/stop", test_stop);
    g_test_add_func("/count/failover", test_failover);
    g_test_add_func("/count/gap", test_gap);
    g_test_add_func("/count/host_change", test_host_change);
    g_test_add_func("/count/findings", test_findings);
    g_test_add_func("/count/more_findings", test_more_findings);
    return g_test_run();
}
