#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Numbers of a real guest with a disk and a NIC: as statistics, as a series out of the rings, and in a real Prometheus that scrapes
/metrics and is asked everything the Grafana dashboard asks. A kill -9 of the manager costs the step under way and no other."""
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from lab import program, wait_for
from shikirid import SOURCE, USER

PERIOD = 10
PORT = 21973
GUEST = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
<interface type='network'><mac address='52:54:00:00:77:01'/><source network='default'/><model type='virtio'/></interface></devices></domain>"""
SCRAPE = """global: {{scrape_interval: 2s, scrape_timeout: 2s}}
scrape_configs:
  - job_name: shikiri
    scheme: https
    tls_config: {{ca_file: {ca}}}
    basic_auth: {{username: {user}, password_file: {password}}}
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""


def values(manager, path):
    found = manager.get(path + "/statistics").body.get("statistic", [])
    return {number["name"]: number["values"]["value"][0]["datum"] for number in found}


def series(manager, path, metric, past=300):
    reply = manager.get(f"{path}/series?metric={metric}&from=-{past}")
    return reply.body["series"][0] if reply.status == 200 else {"average": [], "reply": repr(reply)}


def known(one):
    return [value for value in one["average"] if value is not None]


def check_numbers(tap, manager, paths):
    vm, disk, nic, host = paths
    for path, names in ((vm, {"cpu.current.total", "memory.used", "elapsed.time", "data.current.read"}),
                        (disk, {"data.current.read", "data.current.write_ops", "disk.read.latency", "data.total.read"}),
                        (nic, {"data.current.rx", "data.total.tx", "packets.total.tx", "drops.total.rx", "errors.total.tx"}),
                        (host, {"memory.used", "cpu.current.user", "cpu.load.avg.5m"})):
        tap.check(wait_for(lambda path=path, names=names: names <= set(values(manager, path)), 3 * PERIOD), f"statistics of {path}", values(manager, path))
    tap.check(values(manager, disk)["data.total.read"] > 0, "the BIOS read the disk, and the disk's statistics say so", values(manager, disk))
    for path, metric in ((vm, "cpu.total"), (vm, "memory.used"), (disk, "read"), (nic, "rx"), (host, "memory.used")):
        tap.check(wait_for(lambda path=path, metric=metric: known(series(manager, path, metric)), 4 * PERIOD), f"a series of {metric} of {path}",
                  series(manager, path, metric))


def check_killed(tap, manager, vm):
    before = known(series(manager, vm, "cpu.total", 1200))
    manager.kill()
    manager.start()
    after = series(manager, vm, "cpu.total", 1200)
    tap.check(before and set(before) <= set(known(after)), "a kill of the manager takes nothing that was kept", (before, after))
    count = len(known(after))
    tap.check(wait_for(lambda: len(known(series(manager, vm, "cpu.total", 1200))) > count, 4 * PERIOD), "and it goes on keeping")


# --- Prometheus --------------------------------------------------------------------------------------------------------------------

PEERS = os.path.join(SOURCE, "build-bench/peers/usr/bin")      # where install-deps.sh unpacks it


def tool(name):
    return shutil.which(name) or shutil.which(name, path=PEERS)


class Prometheus:
    """A real one, on loopback, with data of its own."""

    def __init__(self, manager, folder):
        self.folder = folder
        os.makedirs(folder)
        password = os.path.join(folder, "password")
        with open(password, "w", encoding="ascii") as file:
            file.write(manager.password)
        with open(os.path.join(folder, "prometheus.yml"), "w", encoding="ascii") as file:
            file.write(SCRAPE.format(ca=manager.ca, user=USER, password=password, port=manager.port))

    def __enter__(self):
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen([tool("prometheus"), f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                                             f"--web.listen-address=127.0.0.1:{PORT}"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, what, **more):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/api/v1/{what}?{urllib.parse.urlencode(more)}", timeout=5) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            return {"error": error.read().decode()}
        except OSError as error:
            return {"error": str(error)}

    def query(self, expression):
        return self.ask("query", query=expression).get("result")


def dashboard_questions():
    """Every expression of the dashboard, its variables filled in."""
    with open(os.path.join(SOURCE, "packaging/grafana/shikiri.json"), encoding="utf-8") as file:
        dashboard = json.load(file)
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m").replace("$host", ".*").replace("$vm", ".*")


def check_prometheus(tap, manager, folder):
    text = metrics_text(manager)
    lint = subprocess.run([tool("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, timeout=30, check=False)
    tap.check(lint.returncode == 0, "promtool finds nothing to say about /metrics", lint.stdout + lint.stderr)
    with Prometheus(manager, folder) as prometheus:
        up = wait_for(lambda: [one for one in prometheus.query('up{job="shikiri"}') or [] if one["value"][1] == "1"], 30)
        tap.check(up, "a real Prometheus scrapes the manager", prometheus.ask("targets"))
        rows = wait_for(lambda: prometheus.query('shikiri_vm_disk_read_bytes_total{name="guest",device="vda"}'), 10) or []
        tap.check(rows and float(rows[0]["value"][1]) > 0 and rows[0]["metric"]["host"], "it has the disk of the guest, with its labels", rows)
        tap.check(wait_for(lambda: prometheus.query("rate(shikiri_vm_cpu_seconds_total[1m]) > 0"), 3 * PERIOD), "and the rate of its processor time")
        for title, expression in dashboard_questions():
            answer = prometheus.ask("query", query=expression)
            names = re.findall(r"shikiri_[a-z0-9_]+", expression)
            tap.check("error" not in answer and all(f"# TYPE {name} " in text for name in names), f"the dashboard's '{title}' is understood", (expression, answer))


def metrics_text(manager):
    connection = manager.connect(30)
    try:
        connection.request("GET", "/metrics", headers=manager.headers("*/*"))
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def run(lab):
    tap, libvirtd, manager = lab.tap, lab.libvirtd, lab.manager
    disk = os.path.join(libvirtd.folder, "guest.raw")
    with open(disk, "wb") as file:
        file.write(b"\xeb\xfe" + bytes(508) + b"\x55\xaa")          # a boot sector that turns in a circle
        file.truncate(1 << 20)
    os.chmod(disk, 0o666)
    libvirtd.virsh("define", "/dev/stdin", data=GUEST.format(name="guest", disk=disk))
    libvirtd.virsh("start", "guest")
    tap.check(wait_for(lambda: manager.status("guest") == "up", 20), "a guest is up", manager.vms())
    vm = f"/vms/{manager.vm('guest')['id']}"
    paths = (vm, "/disks/" + manager.get(vm + "/diskattachments").body["disk_attachment"][0]["id"],
             f"{vm}/nics/" + manager.get(vm + "/nics").body["nic"][0]["id"], "/hosts/" + manager.host()["id"])
    check_numbers(tap, manager, paths)
    check_killed(tap, manager, vm)
    if tool("prometheus"):
        check_prometheus(tap, manager, libvirtd.folder + "/prometheus")
    else:
        tap.note(f"no Prometheus here (tools/install-deps.sh bench {PEERS[:-8]} unpacks one): that it scrapes was not seen")


if __name__ == "__main__":
    program("metrics", run)
