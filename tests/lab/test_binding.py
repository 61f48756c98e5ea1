#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""A VM bound to cores of its host while it runs: the kernel's word for every thread of its QEMU is what was planned, by API and command line, after a start, and
with a vCPU more; what `virsh vcpupin` does behind our back is seen; unbound, its threads may run anywhere again."""
import json
import os
import re
import time

from lab import program, wait_for
from test_devices import make, start

SEEN = 2        # seconds: behind our back, and told


def process(uuid):
    """The folder of the QEMU in /proc, however libvirtd counts it."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"qemu-system-x86_64") and uuid.encode() in words:
            return f"/proc/{name}"
    return None


def threads(uuid):
    """Name and CPUs of every thread."""
    folder, found = process(uuid), []
    for number in os.listdir(f"{folder}/task"):
        try:
            with open(f"{folder}/task/{number}/status", encoding="utf-8") as file:
                text = file.read()
        except OSError:
            continue
        found.append((re.search(r"Name:\t(.*)", text).group(1), re.search(r"Cpus_allowed_list:\t(.*)", text).group(1)))
    return found


def cpus(guest):
    return sorted({allowed for _, allowed in threads(guest.id)})


def vcpus(guest):
    return sorted(name for name, _ in threads(guest.id) if name.startswith("CPU "))


def inactive_pins(guest):
    xml = guest.xml("--inactive")
    pins = [(pin.get("vcpu"), pin.get("cpuset")) for pin in xml.findall("cputune/vcpupin")]
    return xml.find("vcpu").get("cpuset"), pins, [node.get("cpuset") for node in xml.findall("cputune/emulatorpin") + xml.findall("cputune/iothreadpin")]


def check_plan(guest, everywhere):
    manager, tap = guest.manager, guest.tap
    guest.done(manager.put(guest.path + "?wait=1", {"cpu": {"topology": {"sockets": "2"}}, "io": {"threads": "1"}}), "it has two vCPUs and a thread for I/O")
    start(guest)
    tap.check(cpus(guest) == [everywhere] and len(vcpus(guest)) == 2, "its threads may run anywhere", threads(guest.id))
    plan = manager.post(guest.path + "/bind?plan=1", {"cores": "1"})
    tap.check("is bound to cores of host" in plan.text and "vCPUs 0-1" in plan.text, "the plan shows who sits on which core", plan)
    tap.check(cpus(guest) == [everywhere], "and binds nothing", threads(guest.id))


def check_bound(guest, everywhere):
    manager, tap = guest.manager, guest.tap
    guest.done(manager.action(guest.name, "bind", {"cores": "1"}), "it is bound to one core")
    tune = manager.vm(guest.name)["cpu"]["cpu_tune"]
    core = tune["cpu_set"]
    tap.check(core != everywhere and cpus(guest) == [core], f"every thread of its QEMU may run on CPU {core} alone", threads(guest.id))
    tap.check([(pin["vcpu"], pin["cpu_set"]) for pin in tune["vcpu_pins"]["vcpu_pin"]] == [("0", core), ("1", core)], "the API says so in oVirt's words", tune)
    tap.check(inactive_pins(guest) == (core, [("0", core), ("1", core)], [core, core]), "so does its definition", inactive_pins(guest))
    shown = re.findall(r"^ *(\d+) +(\S+)", guest.libvirtd.virsh("vcpupin", guest.name), re.M)
    tap.check(shown[:2] == [("0", core), ("1", core)], "and virsh vcpupin of what runs", shown)
    tap.check(manager.vm(guest.name)["next_run_configuration_exists"] == "false", "nothing waits for the next start", manager.vm(guest.name))
    return core


def check_more(guest, core):
    manager, tap = guest.manager, guest.tap
    guest.done(manager.put(guest.path + "?wait=1", {"cpu": {"topology": {"sockets": "3"}}}), "it is given a third vCPU while it runs")
    tap.check(len(vcpus(guest)) == 3 and cpus(guest) == [core], "which is on that core too", threads(guest.id))
    guest.done(manager.action(guest.name, "stop"), "it is stopped")
    start(guest)
    tap.check(len(vcpus(guest)) == 3 and cpus(guest) == [core], "and after a start every thread is there", threads(guest.id))


def told(guest, code, after):
    return [event for event in guest.manager.events(after) if event.get("code") == code]


def check_behind(guest, core, everywhere):
    manager, tap = guest.manager, guest.tap
    before = manager.last_event()
    tap.check(manager.vm(guest.name)["next_run_configuration_exists"] == "false", "what runs is as defined", manager.vm(guest.name))
    guest.libvirtd.virsh("vcpupin", guest.name, "1", everywhere, "--live")
    since = time.monotonic()
    waits = wait_for(lambda: "cpu" in str(manager.vm(guest.name).get("next_run_differences")), 5)
    tap.check(waits and time.monotonic() - since <= SEEN, f"what virsh unpins behind our back is seen within {SEEN} s", f"{time.monotonic() - since:.2f} s; {manager.vm(guest.name)}")
    alarmed = wait_for(lambda: told(guest, "11041", before), 5)
    tap.check(alarmed and time.monotonic() - since <= SEEN, f"and told as an alarm within {SEEN} s", f"{time.monotonic() - since:.2f} s; {manager.events(before)}")
    manager.cli("--wait", "bind", "vm", guest.name, "cores=1")
    tap.check(cpus(guest) == [core], "bound again by the command line it is on its core", threads(guest.id))
    tap.check(wait_for(lambda: manager.vm(guest.name)["next_run_configuration_exists"] == "false", 3), "and as defined", manager.vm(guest.name))
    tap.check(wait_for(lambda: told(guest, "11042", before), 5), "which is told too", manager.events(before))


def check_unbound(guest, everywhere):
    manager, tap = guest.manager, guest.tap
    guest.done(manager.action(guest.name, "unbind"), "it is unbound")
    tap.check(cpus(guest) == [everywhere], "every thread may run anywhere again", threads(guest.id))
    tap.check(inactive_pins(guest) == (None, [], []), "and its definition says nothing more", inactive_pins(guest))
    guest.done(manager.action(guest.name, "stop"), "it is stopped")


def check_boundary(guest, core, everywhere):
    """A product that is licensed for one core: what would let it run elsewhere is refused, excepted with a reason, and counted."""
    manager, tap = guest.manager, guest.tap
    guest.done(manager.action(guest.name, "stop"), "it is stopped")
    host = manager.host()["name"]
    manager.cli("--wait", "add", "licenceboundary", "name=oracle", "product=EE", f"host={host}", f"cpu_set={core}", "licences=1")
    manager.cli("--wait", "update", "vm", guest.name, "licence_boundary=oracle")
    start(guest)
    refused = manager.action(guest.name, "unbind")
    tap.check(refused.status == 409 and "is not bound" in refused.sentence, "within its boundary it starts, and is not unbound", refused)
    moved = manager.put(guest.path + "?wait=1", {"cpu": {"cpu_tune": {"vcpu_pins": {"vcpu_pin": [{"vcpu": str(i), "cpu_set": everywhere} for i in range(3)]}}}})
    tap.check(moved.status == 409 and cpus(guest) == [core], "nor pinned elsewhere", moved)
    boundary = manager.get("/licenceboundaries").body["licence_boundary"][0]
    excepted = manager.post(f"/licenceboundaries/{boundary['id']}/except?wait=1", {"vm": {"id": guest.id}, "reason": "the lab", "minutes": "5"})
    guest.done(excepted, "an exception is made")
    tap.check(wait_for(lambda: {"refused", "exception", "tag", "boundary"} <= {record["type"] for record in records(manager)}, 5), "all of it stands in the ledger", records(manager)[-6:])
    report = manager.get(f"/licenceboundaries/{boundary['id']}/report").body
    tap.check(report.get("product") == "EE" and report.get("owned") == "1" and int(report["cores_ever"]) >= 1 and "cores_ever" in report["csv"], "and is counted from there", report)


def records(manager):
    with open(os.path.join(manager.folder, "ledger", "000001.ledger"), encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.endswith("\n")]


def verify(manager):
    return json.loads(manager.cli("licence", "verify", os.path.join(manager.folder, "ledger"), "--key", os.path.join(manager.folder, "ledger-key.pem.pub"), "--json"))


def check_ledger(guest, core, everywhere):
    manager, tap = guest.manager, guest.tap
    written = [record for record in records(manager) if record.get("vm") == guest.id]
    types = {record["type"] for record in written}
    tap.check({"start", "pin", "observed", "stop"} <= types, "the ledger has its starts, pins, sights and stops", types)
    sights = [record for record in written if record["type"] == "observed"]
    tap.check(any(set(record["pins"]) == {core} and record.get("emulator") == core for record in sights), "with every thread on its core", sights)
    tap.check(any(everywhere in record["pins"] for record in sights), "and the one that was elsewhere", sights)
    tap.check(any(record["type"] == "topology" and len(record["cpus"]) == os.cpu_count() for record in records(manager)), "and what the host is", records(manager)[:3])
    tap.check(verify(manager).get("valid") is True, "it verifies, with the manager's key", verify(manager))
    history = manager.cli("licence", "history", os.path.join(manager.folder, "ledger"), f"--tag={guest.name}=EE")
    with open(os.path.join(manager.folder, "history.json"), "w", encoding="utf-8") as file:
        file.write(history)
    count = json.loads(manager.cli("licence", "count", "--history", file.name, "--json"))["products"]["EE"]
    tap.check(count["concurrent_peak"] == os.cpu_count() and count["union_ever"] == os.cpu_count(), "counted from it, the time it was not bound counts whole", count)
    manager.kill()
    with open(os.path.join(manager.folder, "ledger", "000001.ledger"), "ab") as file:
        file.write(b'{"n":1')
    manager.start()
    tap.check(wait_for(lambda: [event for event in manager.events() if event.get("code") == "11045"], 10), "killed within a record, it is told that half of it was taken away")
    tap.check(wait_for(lambda: any(record["type"] == "recording" and record["tail"] == "torn" for record in records(manager)), 10), "which stands in the ledger", records(manager)[-3:])
    gaps = [record for record in records(manager) if record["type"] == "gap"]
    tap.check(gaps and verify(manager).get("valid") is True, "as does the time without a manager; it verifies", gaps)


def run(lab):
    if os.cpu_count() < 2:
        lab.tap.skip("binding", "this machine has one CPU")
        return
    with open("/sys/devices/system/cpu/online", encoding="utf-8") as file:
        everywhere = file.read().strip()
    guest = make(lab, "bound")
    check_plan(guest, everywhere)
    core = check_bound(guest, everywhere)
    check_more(guest, core)
    check_behind(guest, core, everywhere)
    check_boundary(guest, core, everywhere)
    check_unbound(guest, everywhere)
    check_ledger(guest, core, everywhere)


if __name__ == "__main__":
    program("binding", run, cgroups=True)
