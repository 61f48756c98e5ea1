# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The works of the table: each a function that takes a Bench and adds its rows. A ratio is the median of the ratios of alternating
pairs; what stands beside it are the medians of both sides."""
import os
import shutil
import subprocess
import time

import console
import licences
import moves
from parts import (GIGABYTE, MEGABYTE, Bare, Libvirtd, Listener, Lxd, LxdMissing, Manager, Nginx, cpu, hello_guest, median, middle_half, percentile,
                   pin, resident, settle, unpin)

FAKE = "hosts 20 cpus 64 memory 512G vms {vms}\n"
START_LIMIT = 5             # %
LXD_CPU = 0.059             # s of processor for a list of 1,000, measured once; only where LXD cannot be had
DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory><vcpu>2</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os><features><acpi/></features>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/var/lib/libvirt/images/{name}.qcow2'/><target dev='vda' bus='virtio'/></disk>
<interface type='network'><source network='default'/><model type='virtio'/></interface></devices></domain>"""


def fake_manager(bench, vms):
    """A manager of VMS fake VMs, started and at rest."""
    folder = bench.folder("fake")
    file = folder + ".conf"
    with open(file, "w", encoding="ascii") as lines:
        lines.write(FAKE.format(vms=vms))
    manager = Manager(bench.build, folder, fake=file)
    manager.start()
    bench.running.callback(manager.__exit__)
    settle(manager.pid)
    shown = len(manager.ask("GET", f"/vms?max={vms + 1}")["vm"])
    if shown != vms:
        raise RuntimeError(f"the manager shows {shown} VMs of {vms}")
    settle(manager.pid)
    return manager


def spent(pid, client, url, times=1):
    """(seconds of processor of PID, bytes) of TIMES requests."""
    before = cpu(pid)
    size, _ = client.get(url, times)
    return cpu(pid) - before, size


def pin_sides(servers, clients):
    """Servers on the first processor, clients on the second."""
    for pid in servers:
        pin(pid, 0)
    for pid in clients:
        pin(pid, 1)


# --- 10,000 fake VMs -------------------------------------------------------------------------------------------------------------

def some_of(manager, vms):
    """The ids of one VM in a hundred, all over the list."""
    return [vm["id"] for vm in manager.ask("GET", "/vms")["vm"]][:vms:min(100, vms)]


def change_some(manager, ids, turn):
    """A comment of each of IDS: by the API, as people do."""
    for place in ids:
        manager.ask("PUT", f"/vms/{place}", {"comment": f"change {turn}"})
    settle(manager.pid)


def lists(bench):
    """GET /vms unchanged, and with one in a hundred changed between reads, in both formats by turns."""
    vms, pairs = bench.size(10000, 1000), bench.size(9, 2)
    manager = bench.fake
    ids = some_of(manager, vms)
    kinds = ("xml", "json")
    with Nginx(bench, manager) as nginx:
        ours = {kind: manager.client(bench.build, kind) for kind in kinds}
        theirs = {kind: manager.client(bench.build, kind) for kind in kinds}
        pin_sides((manager.pid, nginx.pid), [client.process.pid for client in (*ours.values(), *theirs.values())])
        for kind in kinds:
            ours[kind].save(manager.address("/vms"), nginx.file("vms." + kind))
            theirs[kind].get(nginx.url("vms." + kind))
        for changed, limit in ((False, 1.25), (True, 2.0)):
            got = {kind: ([], []) for kind in kinds}
            sizes = {}
            for turn in range(pairs):
                for kind in kinds:
                    if changed:
                        change_some(manager, ids, f"{turn} {kind}")
                    seconds, size = spent(manager.pid, ours[kind], manager.address("/vms"))
                    sizes[kind] = size
                    got[kind][0].append(seconds / size * GIGABYTE)
                    seconds, size = spent(nginx.pid, theirs[kind], nginx.url("vms." + kind))
                    got[kind][1].append(seconds / size * GIGABYTE)
            for kind in kinds:
                what = f"{len(ids)} of {vms} changed between reads" if changed else "nothing changed"
                bench.ratio(f"GET /vms, {vms} VMs, {kind.upper()}, {sizes[kind] / MEGABYTE:.1f} MB, {what}", "CPU s/GB", got[kind], "nginx, same bytes", limit)
        for client in (*ours.values(), *theirs.values()):
            client.__exit__()
        unpin(manager.pid)


def one(bench):
    """One VM by its id."""
    requests, pairs = bench.size(2000, 200), bench.size(9, 2)
    manager = bench.fake
    path = "/vms/" + manager.ask("GET", "/vms?max=1")["vm"][0]["id"]
    settle(manager.pid)
    with Nginx(bench, manager) as nginx:
        for kind in ("xml", "json"):
            got = ([], [])
            with manager.client(bench.build, kind) as ours, manager.client(bench.build, kind) as theirs:
                pin_sides((manager.pid, nginx.pid), (ours.process.pid, theirs.process.pid))
                size, _ = ours.save(manager.address(path), nginx.file("vm." + kind))
                theirs.get(nginx.url("vm." + kind))
                for _ in range(pairs):
                    got[0].append(spent(manager.pid, ours, manager.address(path), requests)[0] / requests * 1e6)
                    got[1].append(spent(nginx.pid, theirs, nginx.url("vm." + kind), requests)[0] / requests * 1e6)
            bench.ratio(f"GET one VM by id, {kind.upper()}, {size} bytes", "CPU us/request", got, "nginx, same bytes", 2.0)
        unpin(manager.pid)


def memory(bench):
    """Of a manager of 10,000 fake VMs: after its first start, after a start with a full store, and once lists were served in both formats."""
    vms = bench.size(10000, 1000)
    manager = bench.fake
    bench.note(f"resident, {vms} fake VMs, after what was asked and changed so far", "MB", resident(manager.pid) / MEGABYTE)
    manager.stop()
    manager.start()
    settle(manager.pid)
    time.sleep(1)
    bench.absolute(f"resident, {vms} fake VMs, after a start", "MB", resident(manager.pid) / MEGABYTE, 150)
    most = 0
    for kind in ("xml", "json") * 3:
        with manager.client(bench.build, kind) as client:
            for path in ("/vms", "/hosts", "/disks", "/events", "/clusters", "/jobs"):
                client.get(manager.address(path))
        most = max(most, resident(manager.pid))
    time.sleep(1)
    bench.absolute(f"resident, {vms} fake VMs, all lists served in both formats by turns", "MB", resident(manager.pid) / MEGABYTE, 150)
    bench.note(f"resident, {vms} fake VMs, the most seen while they were served", "MB", most / MEGABYTE)


def start(bench):
    """From exec to `ready` with a full store, and sqlite3 reading the same database."""
    vms, pairs = bench.size(10000, 1000), bench.size(11, 2)
    manager = bench.fake
    database = os.path.join(manager.folder, "shikiri.db")
    dump, query = ([], []), ([], [])
    for _ in range(pairs):
        manager.stop()
        took = manager.start()
        settle(manager.pid)
        manager.stop()
        for got, words in ((dump, ".dump"), (query, "SELECT * FROM objects; SELECT * FROM events; SELECT * FROM kept")):
            begun = time.monotonic()
            subprocess.run(["sqlite3", database, words], check=True, stdout=subprocess.DEVNULL)
            got[0].append(took * 1000)
            got[1].append((time.monotonic() - begun) * 1000)
        manager.start()
    settle(manager.pid)
    bench.ratio(f"start to ready, {vms} VMs", "ms", query, "sqlite3 SELECT of every row", 3.0)
    bench.ratio(f"start to ready, {vms} VMs", "ms", dump, "sqlite3 .dump of the same database", None)


# --- a real libvirtd -------------------------------------------------------------------------------------------------------------

def libvirtd_pid(libvirtd):
    """Of the libvirtd in the namespaces."""
    init = open(os.path.join(libvirtd.folder, "init.pid"), encoding="ascii").read().strip()
    wanted = os.readlink(f"/proc/{init}/ns/pid")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if open(f"/proc/{pid}/comm", encoding="ascii").read().strip() == "libvirtd" and os.readlink(f"/proc/{pid}/ns/pid") == wanted:
                return int(pid)
        except OSError:
            continue
    raise RuntimeError("the private libvirtd is not to be found")


def fill_libvirt(libvirtd, bare, count):
    file = os.path.join(libvirtd.folder, "domain.xml")
    for number in range(count):
        with open(file, "w", encoding="ascii") as xml:
            xml.write(DOMAIN.format(name=f"vm-{number:05}"))
        bare.call("define", file)


def list_libvirt(bare, pid, count):
    """Seconds of processor of libvirtd for the XML of all."""
    before = cpu(pid)
    if bare.list()[0] != count:
        raise RuntimeError("libvirt does not list all")
    return cpu(pid) - before


def compare_lists(bench, vms, manager, list_lxd, list_domains):
    """Each kind of ours with both peers, by turns."""
    ids = some_of(manager, vms)
    for kind in ("xml", "json"):
        same, changed, lxd, libvirt = [], [], [], []
        with manager.client(bench.build, kind) as client:
            first = spent(manager.pid, client, manager.address("/vms"))[0] * 1000
            for turn in range(bench.size(9, 2)):
                same.append(spent(manager.pid, client, manager.address("/vms"))[0] * 1000)
                libvirt.append(list_domains() * 1000)
                lxd.append(list_lxd())
                change_some(manager, ids, turn)
                changed.append(spent(manager.pid, client, manager.address("/vms"))[0] * 1000)
        name = f"list of {vms} VMs, {kind.upper()}, {{}}"
        bench.ratio(name.format("nothing changed"), "CPU ms", (same, lxd), bench.lxd_name, 0.1)
        bench.ratio(name.format("1 % changed"), "CPU ms", (changed, lxd), bench.lxd_name, 0.1)
        bench.ratio(name.format("1 % changed"), "CPU ms", (changed, libvirt), "libvirt, full XML list", None)
        bench.note(name.format("the first: each written anew"), "CPU ms", first)


def thousand(bench):
    """The list of 1,000 VMs, LXD's recursive list of as many containers, libvirt's XML of as many domains: processor time."""
    vms = bench.size(1000, 50)
    manager = fake_manager(bench, vms)
    packages = os.path.join(bench.build, "peers")
    with Libvirtd("bench-list") as libvirtd, Bare(bench.build, libvirtd.uri) as bare:
        fill_libvirt(libvirtd, bare, vms)
        pid = libvirtd_pid(libvirtd)
        list_libvirt(bare, pid, vms)
        try:
            with Lxd(packages) as lxd:
                bench.versions["LXD"], bench.lxd_name = lxd.version, "LXD, recursive list"
                lxd.fill(vms)
                lxd.list(vms)
                settle(lxd.pid)
                compare_lists(bench, vms, manager, lambda: lxd.list(vms) * 1000, lambda: list_libvirt(bare, pid, vms))
        except LxdMissing as missing:
            bench.lxd_name = "LXD, as written down*"
            bench.remark(f"{missing}. It was measured at {LXD_CPU * 1000:.0f} ms for 1,000 on another day and machine: that number stands.")
            compare_lists(bench, vms, manager, lambda: LXD_CPU * 1000, lambda: list_libvirt(bare, pid, vms))
    manager.__exit__()


def alone(bench):
    """Memory of a manager of this machine alone."""
    with Libvirtd("bench-alone") as libvirtd:
        manager = Manager(bench.build, os.path.join(libvirtd.folder, "m"), uri=libvirtd.uri)
        with manager:
            settle(manager.pid)
            time.sleep(2)
            bench.absolute("resident, this machine as only host, after the start", "MB", resident(manager.pid) / MEGABYTE, 30)
            for kind in ("xml", "json"):
                with manager.client(bench.build, kind) as client:
                    for path in ("", "/vms", "/hosts", "/disks", "/events", "/clusters", "/operatingsystems", "/networks"):
                        client.get(manager.address(path))
            time.sleep(1)
            bench.absolute("resident, this machine as only host, lists served", "MB", resident(manager.pid) / MEGABYTE, 30)


def add_guest(manager):
    """A small guest with a kernel and no disk; its id."""
    kernel, initrd = hello_guest(os.path.join(manager.folder, "storage"))
    body = {"name": "guest", "memory": 192 << 20, "cluster": {"name": "Default"}, "template": {"name": "Blank"},
            "os": {"kernel": kernel, "initrd": initrd, "cmdline": "console=ttyS0"}}
    return manager.ask("POST", "/vms", body)["id"]


def wait_status(manager, path, status):
    for _ in range(1000):
        if manager.ask("GET", path)["status"] == status:
            return
        time.sleep(0.02)
    raise RuntimeError(f"{path} did not become {status}")


def start_once(libvirtd, manager, bare, path, ours):
    """Milliseconds from the request, or from the bare client's define, to libvirt's Started; the guest is down again behind it."""
    file = os.path.join(libvirtd.folder, "guest.xml")
    with open(file, "w", encoding="utf-8") as xml:
        xml.write(libvirtd.virsh("dumpxml", "--inactive", "--security-info", "guest"))
    settle(manager.pid)
    bare.drop()
    if ours:
        begun = time.monotonic()
        manager.ask("POST", path + "/start?async=true", {})
    else:
        begun = bare.call("run", file)[0]
    took = bare.event("guest", Bare.STARTED) - begun
    wait_status(manager, path, "up")
    bare.call("destroy", "guest")
    wait_status(manager, path, "down")
    return took * 1000


def is_blurred(over):
    """Are the pairs too few for how far they lie apart? The median's own error, from the middle half, is then more than half the limit."""
    low, high = middle_half(over)
    return 0.93 * (high - low) / len(over) ** 0.5 > START_LIMIT / 2


def starts(bench):
    """From a request to libvirt's Started, and from a bare client's define + create of the same XML to the same event. QEMU's start takes
    most of both: on a machine that does other things too more pairs are needed, whatever they say so far."""
    pairs = bench.size(30, 2)
    with Libvirtd("bench-start") as libvirtd:
        manager = Manager(bench.build, os.path.join(libvirtd.folder, "m"), uri=libvirtd.uri)
        with manager, Bare(bench.build, libvirtd.uri) as bare:
            path = "/vms/" + add_guest(manager)
            got, over = ([], []), []
            for ours in (False, True):              # the first pair warms up
                start_once(libvirtd, manager, bare, path, ours)
            while len(over) < pairs or (not bench.quick and len(over) < 2 * pairs and is_blurred(over)):
                for ours in ((True, False) if len(over) % 2 else (False, True)):
                    got[not ours].append(start_once(libvirtd, manager, bare, path, ours))
                over.append((got[0][-1] / got[1][-1] - 1) * 100)
            difference = median(over)
            bench.row(f"request to libvirt's Started, over define + create, {len(over)} pairs", "ms", median(got[0]), "bare C client", median(got[1]),
                      f"{difference:+.1f} %", f"{START_LIMIT} %", difference <= START_LIMIT, got, middle_half(over))
            if is_blurred(over) and not bench.quick:
                bench.remark(f"The machine did other things meanwhile: the pairs of the start lie so far apart that their median is not known to {START_LIMIT / 2:g} %.")


def stream(bench):
    """A line of the event stream after the same event in a bare listener."""
    turns = bench.size(100, 5)
    with Libvirtd("bench-stream") as libvirtd:
        manager = Manager(bench.build, os.path.join(libvirtd.folder, "m"), uri=libvirtd.uri)
        with manager, Bare(bench.build, libvirtd.uri) as bare:
            path = "/vms/" + add_guest(manager)
            manager.ask("POST", path + "/start", {})
            wait_status(manager, path, "up")
            with Listener(os.path.join(bench.build, "tests/bench/fetch"), manager.ca, f"Authorization: Bearer {manager.token()}",
                          "Accept: text/event-stream") as lines:
                lines.send("follow " + manager.address("/events/stream?types=vm"))
                lines.take(lambda line: line)
                late = []
                for _ in range(turns):
                    for verb, event, status in (("suspend", Bare.SUSPENDED, "paused"), ("resume", Bare.RESUMED, "up")):
                        settle(manager.pid)
                        bare.drop()
                        lines.drop()
                        bare.call(verb, "guest")
                        heard = bare.event("guest", event)
                        late.append((told(lines, status) - heard) * 1000)
                manager.ask("POST", path + "/stop", {})
    bench.row(f"line on the stream after the same event in a bare C listener, p99 of {len(late)}", "ms", percentile(late, 0.99), "bare C listener", 0,
              f"median {median(late):.2f}", "5 ms", percentile(late, 0.99) <= 5, values=(late, []))


def told(lines, status):
    """When the stream said so, in seconds."""
    def wanted(line):
        word, when, text = line.split(" ", 2)
        return int(when) / 1e6 if word == "line" and f'"status":"{status}"' in text else None
    return lines.take(wanted)


# (name, function, needs the manager of many fake VMs)
# --- numbers -----------------------------------------------------------------------------------------------------------------------

def ring_files(manager):
    """name → (VMs, disks, … in it at most, bytes on disk)"""
    folder = os.path.join(manager.folder, "metrics")
    return {name: os.stat(os.path.join(folder, name)) for name in os.listdir(folder)}


def metrics(bench):
    """What sampling, keeping and showing numbers costs the manager: 10,000 fake VMs that run, each with a disk and a NIC. Every other
    fake VM is up, so there are twice as many."""
    running, seconds = bench.size(10000, 500), bench.size(120, 20)
    manager = fake_manager(bench, running * 2)
    scrape = f"https://127.0.0.1:{manager.port}/metrics"
    wait_for_numbers(manager, running)
    begun, used = time.monotonic(), cpu(manager.pid)
    time.sleep(seconds)
    share = 100 * (cpu(manager.pid) - used) / (time.monotonic() - begun)
    bench.absolute(f"numbers of {running} running fake VMs sampled and kept every 10 s: share of one core", "%", share, 5)
    files = ring_files(manager)
    full = sum(stat.st_size for stat in files.values())
    bench.absolute(f"rings of {running} VMs with a disk and a NIC each, once full (docs/metrics.md: 737 KB each)", "KB a VM", full / running / 1000, 1.02 * 737 if not bench.quick else 1e9)
    bench.note("of it written so far", "MB", sum(stat.st_blocks * 512 for stat in files.values()) / MEGABYTE)
    with manager.client(bench.build, "json") as client:
        took, size = spent(manager.pid, client, scrape)
        bench.note(f"/metrics of {running} running VMs: CPU of one scrape", "ms", took * 1000)
        bench.note(f"/metrics of {running} running VMs: size", "MB", size / MEGABYTE)


def wait_for_numbers(manager, running, seconds=180):
    """Until a step has been kept of all, and the starting is over: in one step no file became longer by a MB, and the step cost what
    the one before it did."""
    until = time.monotonic() + seconds
    sizes, cost = None, 0
    while True:
        used = cpu(manager.pid)
        time.sleep(10)
        used = cpu(manager.pid) - used
        before, sizes = sizes, {name: stat.st_size // MEGABYTE for name, stat in ring_files(manager).items()}
        if sizes == before and sum(sizes.values()) * MEGABYTE >= running * 300000 and used < 1.2 * cost:
            return
        if time.monotonic() > until:
            raise RuntimeError("no numbers were kept, or the manager did not come to rest")
        cost = used


def consoles(bench):
    """A screen's bytes and a key's round trip through the manager's WebSocket."""
    manager = fake_manager(bench, 20)
    running = next(vm["id"] for vm in manager.ask("GET", "/vms")["vm"] if vm["status"] == "up")
    console.measure(bench, manager, running)


def transfer(bench):
    """A disk's content up and down."""
    moves.measure(bench, fake_manager(bench, 20))


WORKS = (("lists", lists, True), ("one", one, True), ("memory", memory, True), ("start", start, True), ("thousand", thousand, False),
         ("alone", alone, False), ("starts", starts, False), ("stream", stream, False), ("metrics", metrics, False),
         ("console", consoles, False), ("licences", licences.measure, False), ("transfer", transfer, False))


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
