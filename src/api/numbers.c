/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Statistics in oVirt's words and units. What a VM's devices do is sampled for the whole VM: where it has one device the
 * numbers are that device's; where it has several nobody can say, and nothing is said. */
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

/* --- VMs ---------------------------------------------------------------------------------------------------------------------- */

/* A VM that does not run uses nothing; of one that runs and was not sampled yet only its size is known. */
static gboolean
sample(const Above *above, const Vm *vm, VmNumbers *ret)
{
    Wall when;
    *ret = (VmNumbers) { .memory_installed = vm->memory };
    return !vm_is_running(vm->status) || (above->numbers && statistics_vm(above->numbers, &vm->object.id, ret, &when));
}

GPtrArray *
numbers_of_vm(const Above *above)
{
    static const Spec installed = GAUGE("memory.installed", "Total memory configured", "integer", "bytes"),
        used = GAUGE("memory.used", "Memory used (agent)", "integer", "bytes"), unused = GAUGE("memory.free", "Memory free (agent)", "integer", "bytes"),
        guest = GAUGE("cpu.current.guest", "CPU used by guest", "decimal", "percent"),
        hypervisor = GAUGE("cpu.current.hypervisor", "CPU overhead", "decimal", "percent"),
        total = GAUGE("cpu.current.total", "Total CPU used", "decimal", "percent"),
        progress = GAUGE("migration.progress", "Migration Progress", "decimal", "percent"),
        elapsed = COUNTER("elapsed.time", "Elapsed VM runtime", "integer", "seconds"),
        received = GAUGE("data.current.rx", "Receive data rate", "decimal", "bytes_per_second"),
        sent = GAUGE("data.current.tx", "Transmit data rate", "decimal", "bytes_per_second");
    const Vm *vm = above->object;
    GPtrArray *numbers = new_list();
    VmNumbers now;
    gboolean known = sample(above, vm, &now);
    add(numbers, above, &installed, (double) (now.memory_installed ? now.memory_installed : vm->memory));
    if (!known)
        return numbers;
    add(numbers, above, &used, (double) now.memory_used);
    add(numbers, above, &unused, (double) now.memory_free);
    add(numbers, above, &guest, now.cpu_guest);
    add(numbers, above, &hypervisor, MAX(now.cpu_total - now.cpu_guest, 0));
    add(numbers, above, &total, now.cpu_total);
    if (vm->status != VM_MIGRATING)
        add(numbers, above, &progress, 0);
    add(numbers, above, &elapsed, (double) now.uptime);
    add(numbers, above, &received, (double) now.net_rx);
    add(numbers, above, &sent, (double) now.net_tx);
    return numbers;
}

GPtrArray *
numbers_of_nic(const Above *above)
{
    static const Spec receives = GAUGE("data.current.rx", "Receive data rate", "decimal", "bytes_per_second"),
        sends = GAUGE("data.current.tx", "Transmit data rate", "decimal", "bytes_per_second"),
        received = COUNTER("data.total.rx", "Total received data", "integer", "bytes"),
        sent = COUNTER("data.total.tx", "Total transmitted data", "integer", "bytes");
    const Vm *vm = above->owner;
    GPtrArray *numbers = new_list();
    VmNumbers now;
    if (!vm || vm->object.type != &vm_type || vm->nics.count != 1 || !sample(above, vm, &now))
        return numbers;
    add(numbers, above, &receives, (double) now.net_rx);
    add(numbers, above, &sends, (double) now.net_tx);
    add(numbers, above, &received, (double) now.net_rx_total);
    add(numbers, above, &sent, (double) now.net_tx_total);
    return numbers;
}

/* --- disks -------------------------------------------------------------------------------------------------------------------- */

/* The one VM that has the disk, and no other disk; NULL. */
static const Vm *
only_user(const Above *above, const Id *disk)
{
    const Vm *vm, *found = NULL;
    for (ViewWalk walk = view_walk(above->view, &vm_type); (vm = view_next(&walk));) {
        if (!list_find(&vm->disk_attachments, disk))
            continue;
        if (found || vm->disk_attachments.count != 1)
            return NULL;
        found = vm;
    }
    return found;
}

GPtrArray *
numbers_of_disk(const Above *above)
{
    static const Spec reads = GAUGE("data.current.read", "Read data rate", "decimal", "bytes_per_second"),
        writes = GAUGE("data.current.write", "Write data rate", "decimal", "bytes_per_second"),
        read_ops = GAUGE("data.current.read_ops", "Read operations a second", "decimal", "count_per_second"),
        write_ops = GAUGE("data.current.write_ops", "Write operations a second", "decimal", "count_per_second");
    const Vm *vm = only_user(above, &((const Object *) above->object)->id);
    GPtrArray *numbers = new_list();
    VmNumbers now;
    if (!vm || !sample(above, vm, &now))
        return numbers;
    add(numbers, above, &reads, (double) now.disk_read);
    add(numbers, above, &writes, (double) now.disk_write);
    add(numbers, above, &read_ops, (double) now.disk_read_ops);
    add(numbers, above, &write_ops, (double) now.disk_write_ops);
    return numbers;
}

/* --- hosts -------------------------------------------------------------------------------------------------------------------- */

GPtrArray *
numbers_of_host(const Above *above)
{
    static const Spec memory_total = GAUGE("memory.total", "Total memory", "integer", "bytes"),
        memory_used = GAUGE("memory.used", "Used memory", "integer", "bytes"), memory_free = GAUGE("memory.free", "Free memory", "integer", "bytes"),
        swap_total = GAUGE("swap.total", "Total swap", "integer", "bytes"), swap_used = GAUGE("swap.used", "Used swap", "integer", "bytes"),
        swap_free = GAUGE("swap.free", "Free swap", "integer", "bytes"),
        user = GAUGE("cpu.current.user", "User CPU usage", "decimal", "percent"), system = GAUGE("cpu.current.system", "System CPU usage", "decimal", "percent"),
        idle = GAUGE("cpu.current.idle", "Idle CPU usage", "decimal", "percent"), load = GAUGE("cpu.load.avg.5m", "CPU 5 minute load average", "decimal", "percent"),
        boot = GAUGE("boot.time", "Boot time of the machine", "integer", "none"),
        received = GAUGE("data.current.rx", "Receive data rate", "decimal", "bytes_per_second"),
        sent = GAUGE("data.current.tx", "Transmit data rate", "decimal", "bytes_per_second");
    const Host *host = above->object;
    GPtrArray *numbers = new_list();
    HostNumbers now;
    Wall when;
    if (!above->numbers || !statistics_host(above->numbers, &host->object.id, &now, &when))
        return numbers;
    add(numbers, above, &memory_total, (double) now.memory_total);
    add(numbers, above, &memory_used, (double) now.memory_used);
    add(numbers, above, &memory_free, (double) now.memory_free);
    add(numbers, above, &swap_total, (double) now.swap_total);
    add(numbers, above, &swap_used, (double) now.swap_used);
    add(numbers, above, &swap_free, (double) (now.swap_total - now.swap_used));
    add(numbers, above, &user, now.cpu_user);
    add(numbers, above, &system, now.cpu_system);
    add(numbers, above, &idle, now.cpu_idle);
    add(numbers, above, &load, now.load);
    add(numbers, above, &boot, (double) now.boot_time);
    add(numbers, above, &received, (double) now.net_rx);
    add(numbers, above, &sent, (double) now.net_tx);
    return numbers;
}
