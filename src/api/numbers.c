/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Statistics in oVirt's words and units. What was not sampled is not said: a VM whose QEMU hangs has its processor time and
 * its network, and no word of its memory. A disk's numbers are those of all VMs that have it attached, together. */
#include "api/numbers.h"

#include "model/places.h"
#include "model/storage.h"

typedef struct { double datum; } NumberValue;
typedef struct {
    Object object;
    char *name, *description, *kind, *type, *unit;
    List values;
    Ref vm, host, disk;
} Number;

/* clang-format off */
static const Type value_type = { .one = "value", .many = "values", .size = sizeof(NumberValue), .fields = (const Field[]) {
    REAL(NumberValue, datum, LIVE, "The number."),
    { 0 } } };

const Type numbers_type = { .one = "statistic", .many = "statistics", .path = "statistics", .size = sizeof(Number), .help = "A number sampled a moment ago.", .fields = (const Field[]) {
    TEXT(Number, name,        LIVE | SHOW, "What is counted."),
    TEXT(Number, description, LIVE,        "The same for people."),
    TEXT(Number, kind,        LIVE,        "gauge or counter."),
    TEXT(Number, type,        LIVE,        "integer or decimal."),
    TEXT(Number, unit,        LIVE | SHOW, "bytes, percent …"),
    LIST(Number, values, value_type, LIVE | SHOW, "The newest sample."),
    REF (Number, vm, vm_type, LIVE,        "Of which VM."),
    REF (Number, host, host_type, LIVE,    "Of which host."),
    REF (Number, disk, disk_type, LIVE,    "Of which disk."),
    { 0 } } };
/* clang-format on */

typedef struct {
    const char *name, *description, *kind, *type, *unit;
} Spec;

#define GAUGE(name, description, type, unit) { name, description, "gauge", type, unit }
#define COUNTER(name, description, type, unit) { name, description, "counter", type, unit }

static Number *
add(GPtrArray *numbers, const Above *above, const Spec *spec, double datum)
{
    const Object *of = above->object;
    Number *number = object_new(&numbers_type);
    NumberValue *value = g_new0(NumberValue, 1);
    number->object.id = id_named(&of->id, spec->name);
    number->name = g_strdup(spec->name);
    number->description = g_strdup(spec->description);
    number->kind = g_strdup(spec->kind);
    number->type = g_strdup(spec->type);
    number->unit = g_strdup(spec->unit);
    value->datum = datum;
    list_add(&number->values, value);
    if (of->type == &vm_type)
        number->vm.id = of->id;
    else if (of->type == &host_type)
        number->host.id = of->id;
    else if (of->type == &disk_type)
        number->disk.id = of->id;
    g_ptr_array_add(numbers, number);
    return number;
}

static GPtrArray *
new_list(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify) object_unref);
}

/* A row of a Spec, where in the numbers its value stands, and what must not be missing for it. */
typedef struct {
    Spec spec;
    gsize offset;
    enum { REAL_VALUE, WHOLE_VALUE } as;
    guint needs;                    /* Missing; of devices: any bit for a rate */
} Line;

#define G(name, description, type, unit, Struct, member, as, needs) { GAUGE(name, description, type, unit), offsetof(Struct, member), as, needs }
#define C(name, description, type, unit, Struct, member, as, needs) { COUNTER(name, description, type, unit), offsetof(Struct, member), as, needs }

static void
add_lines(GPtrArray *numbers, const Above *above, const Line *lines, gconstpointer of, guint missing)
{
    for (const Line *line = lines; line->spec.name; line++) {
        const char *at = (const char *) of + line->offset;
        if (line->needs & missing)
            continue;
        add(numbers, above, &line->spec, line->as == REAL_VALUE ? *(const double *) (gconstpointer) at : (double) *(const gint64 *) (gconstpointer) at);
    }
}

/* --- VMs ---------------------------------------------------------------------------------------------------------------------- */

/* A VM that does not run uses nothing; of one that runs and was not sampled yet only its size is known. */
static gboolean
sample(const Above *above, const Vm *vm, VmNumbers *ret)
{
    Wall when;
    *ret = (VmNumbers) { .memory_installed = vm->memory };
    return !vm_is_running(vm->status) || (above->numbers && statistics_vm(above->numbers, &vm->object.id, ret, &when));
}

/* clang-format off */
static const Line vm_lines[] = {
    G("memory.used",              "Memory used (agent)",        "integer", "bytes",            VmNumbers, memory_used,    WHOLE_VALUE, MISSING_MEMORY),
    G("memory.free",              "Memory free (agent)",        "integer", "bytes",            VmNumbers, memory_free,    WHOLE_VALUE, MISSING_MEMORY),
    G("cpu.current.guest",        "CPU used by guest",          "decimal", "percent",          VmNumbers, cpu_guest,      REAL_VALUE,  MISSING_CPU),
    G("cpu.current.total",        "Total CPU used",             "decimal", "percent",          VmNumbers, cpu_total,      REAL_VALUE,  MISSING_CPU),
    C("elapsed.time",             "Elapsed VM runtime",         "integer", "seconds",          VmNumbers, uptime,         WHOLE_VALUE, 0),
    G("data.current.rx",          "Receive data rate",          "decimal", "bytes_per_second", VmNumbers, net_rx,         WHOLE_VALUE, MISSING_NICS),
    G("data.current.tx",          "Transmit data rate",         "decimal", "bytes_per_second", VmNumbers, net_tx,         WHOLE_VALUE, MISSING_NICS),
    G("data.current.read",        "Read data rate",             "decimal", "bytes_per_second", VmNumbers, disk_read,      WHOLE_VALUE, MISSING_DISKS),
    G("data.current.write",       "Write data rate",            "decimal", "bytes_per_second", VmNumbers, disk_write,     WHOLE_VALUE, MISSING_DISKS),
    G("data.current.read_ops",    "Read operations a second",   "decimal", "count_per_second", VmNumbers, disk_read_ops,  WHOLE_VALUE, MISSING_DISKS),
    G("data.current.write_ops",   "Write operations a second",  "decimal", "count_per_second", VmNumbers, disk_write_ops, WHOLE_VALUE, MISSING_DISKS),
    { .spec = { .name = NULL } },
};

static const Line nic_lines[] = {
    G("data.current.rx",          "Receive data rate",          "decimal", "bytes_per_second", NicNumbers, rx,               REAL_VALUE,  MISSING_NICS),
    G("data.current.tx",          "Transmit data rate",         "decimal", "bytes_per_second", NicNumbers, tx,               REAL_VALUE,  MISSING_NICS),
    G("packets.current.rx",       "Packets received a second",  "decimal", "count_per_second", NicNumbers, rx_packets,       REAL_VALUE,  MISSING_NICS),
    G("packets.current.tx",       "Packets sent a second",      "decimal", "count_per_second", NicNumbers, tx_packets,       REAL_VALUE,  MISSING_NICS),
    C("data.total.rx",            "Total received data",        "integer", "bytes",            NicNumbers, rx_total,         WHOLE_VALUE, 0),
    C("data.total.tx",            "Total transmitted data",     "integer", "bytes",            NicNumbers, tx_total,         WHOLE_VALUE, 0),
    C("packets.total.rx",         "Total packets received",     "integer", "none",             NicNumbers, rx_packets_total, WHOLE_VALUE, 0),
    C("packets.total.tx",         "Total packets sent",         "integer", "none",             NicNumbers, tx_packets_total, WHOLE_VALUE, 0),
    C("drops.total.rx",           "Received packets dropped",   "integer", "none",             NicNumbers, rx_drops_total,   WHOLE_VALUE, 0),
    C("drops.total.tx",           "Packets to send dropped",    "integer", "none",             NicNumbers, tx_drops_total,   WHOLE_VALUE, 0),
    C("errors.total.rx",          "Total errors receiving",     "integer", "none",             NicNumbers, rx_errors_total,  WHOLE_VALUE, 0),
    C("errors.total.tx",          "Total errors transmitting",  "integer", "none",             NicNumbers, tx_errors_total,  WHOLE_VALUE, 0),
    { .spec = { .name = NULL } },
};

static const Line disk_lines[] = {
    G("data.current.read",        "Read data rate",             "decimal", "bytes_per_second", DiskNumbers, read,            REAL_VALUE,  MISSING_DISKS),
    G("data.current.write",       "Write data rate",            "decimal", "bytes_per_second", DiskNumbers, write,           REAL_VALUE,  MISSING_DISKS),
    G("data.current.read_ops",    "Read operations a second",   "decimal", "count_per_second", DiskNumbers, read_ops,        REAL_VALUE,  MISSING_DISKS),
    G("data.current.write_ops",   "Write operations a second",  "decimal", "count_per_second", DiskNumbers, write_ops,       REAL_VALUE,  MISSING_DISKS),
    G("disk.read.latency",        "Read latency",               "decimal", "seconds",          DiskNumbers, read_latency,    REAL_VALUE,  MISSING_DISKS),
    G("disk.write.latency",       "Write latency",              "decimal", "seconds",          DiskNumbers, write_latency,   REAL_VALUE,  MISSING_DISKS),
    C("data.total.read",          "Total data read",            "integer", "bytes",            DiskNumbers, read_total,      WHOLE_VALUE, 0),
    C("data.total.write",         "Total data written",         "integer", "bytes",            DiskNumbers, write_total,     WHOLE_VALUE, 0),
    C("data.total.read_ops",      "Total read operations",      "integer", "none",             DiskNumbers, read_ops_total,  WHOLE_VALUE, 0),
    C("data.total.write_ops",     "Total write operations",     "integer", "none",             DiskNumbers, write_ops_total, WHOLE_VALUE, 0),
    { .spec = { .name = NULL } },
};
/* clang-format on */

GPtrArray *
numbers_of_vm(const Above *above)
{
    static const Spec installed = GAUGE("memory.installed", "Total memory configured", "integer", "bytes"),
        hypervisor = GAUGE("cpu.current.hypervisor", "CPU overhead", "decimal", "percent"),
        progress = GAUGE("migration.progress", "Migration Progress", "decimal", "percent");
    const Vm *vm = above->object;
    GPtrArray *numbers = new_list();
    VmNumbers now;
    gboolean known = sample(above, vm, &now);
    add(numbers, above, &installed, (double) (now.memory_installed ? now.memory_installed : vm->memory));
    if (!known)
        return numbers;
    add_lines(numbers, above, vm_lines, &now, now.missing);
    if (!(now.missing & MISSING_CPU))
        add(numbers, above, &hypervisor, MAX(now.cpu_total - now.cpu_guest, 0));
    if (vm->status != VM_MIGRATING)
        add(numbers, above, &progress, 0);
    return numbers;
}

/* The template of a NIC uses nothing; nor does that of a VM that is down. */
GPtrArray *
numbers_of_nic(const Above *above)
{
    const Vm *vm = above->owner;
    const Nic *nic = above->object;
    GPtrArray *numbers = new_list();
    NicNumbers now = { .fresh = FALSE };
    if (!vm || vm->object.type != &vm_type)
        return numbers;
    if (!vm_is_running(vm->status) || (above->numbers && statistics_nic(above->numbers, &vm->object.id, nic->mac.address, &now)))
        add_lines(numbers, above, nic_lines, &now, now.fresh ? MISSING_NICS : 0);
    return numbers;
}

/* --- disks -------------------------------------------------------------------------------------------------------------------- */

/* Rates and totals of several VMs are sums; of latencies the longest is told. */
static void
join(DiskNumbers *all, const DiskNumbers *more)
{
    all->fresh |= more->fresh;
    all->read += more->read;
    all->write += more->write;
    all->read_ops += more->read_ops;
    all->write_ops += more->write_ops;
    all->read_latency = MAX(all->read_latency, more->read_latency);
    all->write_latency = MAX(all->write_latency, more->write_latency);
    all->read_total += more->read_total;
    all->write_total += more->write_total;
    all->read_ops_total += more->read_ops_total;
    all->write_ops_total += more->write_ops_total;
}

/* FALSE: a VM that runs has it, and nobody knows what it does there. */
static gboolean
sample_disk(const Above *above, const Id *disk, DiskNumbers *ret)
{
    const Vm *vm;
    *ret = (DiskNumbers) { .fresh = FALSE };
    for (ViewWalk walk = view_walk(above->view, &vm_type); (vm = view_next(&walk));) {
        const DiskAttachment *attachment = list_find(&vm->disk_attachments, disk);
        DiskNumbers one;
        if (!attachment || !vm_is_running(vm->status))
            continue;
        if (!above->numbers || !statistics_disk(above->numbers, &vm->object.id, attachment->target, &one))
            return FALSE;
        join(ret, &one);
    }
    return TRUE;
}

GPtrArray *
numbers_of_disk(const Above *above)
{
    GPtrArray *numbers = new_list();
    DiskNumbers now;
    if (sample_disk(above, &((const Object *) above->object)->id, &now))
        add_lines(numbers, above, disk_lines, &now, now.fresh ? MISSING_DISKS : 0);
    return numbers;
}

/* --- hosts -------------------------------------------------------------------------------------------------------------------- */

/* clang-format off */
static const Line host_lines[] = {
    G("memory.total",       "Total memory",              "integer", "bytes",            HostNumbers, memory_total, WHOLE_VALUE, 0),
    G("memory.used",        "Used memory",               "integer", "bytes",            HostNumbers, memory_used,  WHOLE_VALUE, 0),
    G("memory.free",        "Free memory",               "integer", "bytes",            HostNumbers, memory_free,  WHOLE_VALUE, 0),
    G("swap.total",         "Total swap",                "integer", "bytes",            HostNumbers, swap_total,   WHOLE_VALUE, 0),
    G("swap.used",          "Used swap",                 "integer", "bytes",            HostNumbers, swap_used,    WHOLE_VALUE, 0),
    G("cpu.current.user",   "User CPU usage",            "decimal", "percent",          HostNumbers, cpu_user,     REAL_VALUE,  0),
    G("cpu.current.system", "System CPU usage",          "decimal", "percent",          HostNumbers, cpu_system,   REAL_VALUE,  0),
    G("cpu.current.idle",   "Idle CPU usage",            "decimal", "percent",          HostNumbers, cpu_idle,     REAL_VALUE,  0),
    G("cpu.load.avg.5m",    "CPU 5 minute load average", "decimal", "percent",          HostNumbers, load,         REAL_VALUE,  0),
    G("boot.time",          "Boot time of the machine",  "integer", "none",             HostNumbers, boot_time,    WHOLE_VALUE, 0),
    G("data.current.rx",    "Receive data rate",         "decimal", "bytes_per_second", HostNumbers, net_rx,       WHOLE_VALUE, MISSING_NICS),
    G("data.current.tx",    "Transmit data rate",        "decimal", "bytes_per_second", HostNumbers, net_tx,       WHOLE_VALUE, MISSING_NICS),
    { .spec = { .name = NULL } },
};
/* clang-format on */

GPtrArray *
numbers_of_host(const Above *above)
{
    static const Spec swap_free = GAUGE("swap.free", "Free swap", "integer", "bytes");
    const Host *host = above->object;
    GPtrArray *numbers = new_list();
    HostNumbers now;
    Wall when;
    if (!above->numbers || !statistics_host(above->numbers, &host->object.id, &now, &when))
        return numbers;
    add_lines(numbers, above, host_lines, &now, now.fresh ? MISSING_NICS : 0);
    add(numbers, above, &swap_free, (double) (now.swap_total - now.swap_used));
    return numbers;
}
