#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Death at every point of every command, through the whole daemon. The commands are the daemon's own table, asked for at
/describe; one without a recipe here fails the test. For each: the daemon is told to die (or to fail once) at the first, second, …
record, effect and write; then it is started again, settles, and the world must be as it was before or as it is when nothing
happens. Hosts are fake, and outlive the daemon as real ones do. A line per case."""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
from lab import Tap, wait_for  # noqa: E402
from shikirid import Shikirid, folder  # noqa: E402

WHERES = ("step", "effect", "sql")
FIXED = {"vm": "a0000000-0000-4000-8000-00000000000{}", "disk": "d0000000-0000-4000-8000-00000000000{}"}
SETTLE = 30             # seconds; a job waits half a second between two probes
HOSTS = "host n1 cpus 8 memory 32G\nnetwork default\n"
# What differs from run to run and says nothing of what became of the world.
CHANCE = {"creation_time", "start_time", "stop_time", "stop_reason", "href", "link", "actions", "status_detail", "mac", "numa_node", "statistics", "original_template"}


def fixed(kind, number):
    return FIXED[kind].format(number)


# --- recipes: one for every row of the command table ------------------------------------------------------------------------------

def add_vm(m):
    return m.post("/vms?wait=1", {"id": fixed("vm", 9), "name": "made", "nics": {"nic": [{"name": "nic1"}]}})


def add_attached(m):
    return m.post(f"/vms/{fixed('vm', 1)}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "false", "disk": {
        "id": fixed("disk", 9), "name": "made", "provisioned_size": "4096", "format": "raw"}})


def attach(m, vm=1):
    return m.post(f"/vms/{fixed('vm', vm)}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "false", "disk": {"id": fixed("disk", 3)}})


def nic_of(m, vm):
    return m.get(f"/vms/{fixed('vm', vm)}/nics").body["nic"][0]["id"]


def drive_of(m, vm):
    return m.get(f"/vms/{fixed('vm', vm)}/cdroms").body["cdrom"][0]["id"]


def abandon(m):
    """A start whose outcome nobody tells and that cannot be asked about: a person vouches for it."""
    order(m, "fault n1 start 0 unknown\nfault n1 read 0 fail\n")
    m.post(f"/vms/{fixed('vm', 1)}/start", {})
    job = wait_for(lambda: next((job["id"] for job in m.jobs() if job["status"] == "unknown"), None), 20)
    return m.post(f"/jobs/{job}/abandon", {"proof": "it was seen running"})


RECIPES = {
    "vm.add": {"": add_vm},
    "vm.update": {"": lambda m: m.put(f"/vms/{fixed('vm', 1)}?wait=1", {"memory": str(512 << 20), "description": "edited"}),
                  " of a running one": lambda m: m.put(f"/vms/{fixed('vm', 2)}?wait=1", {"description": "edited"})},
    "vm.remove": {"": lambda m: m.delete(f"/vms/{fixed('vm', 1)}?wait=1"),
                  " keeping its disks": lambda m: m.delete(f"/vms/{fixed('vm', 1)}?wait=1&detach_only=true")},
    "vm.start": {"": lambda m: m.post(f"/vms/{fixed('vm', 1)}/start?wait=1", {}),
                 " paused": lambda m: m.post(f"/vms/{fixed('vm', 1)}/start?wait=1", {"pause": "true"})},
    "vm.stop": {"": lambda m: m.post(f"/vms/{fixed('vm', 2)}/stop?wait=1", {})},
    "vm.shutdown": {"": lambda m: m.post(f"/vms/{fixed('vm', 2)}/shutdown?wait=1", {})},
    "disk.add": {"": lambda m: m.post("/disks?wait=1", {"id": fixed("disk", 9), "name": "made", "provisioned_size": "4096", "format": "raw"})},
    "disk.update": {"": lambda m: m.put(f"/disks/{fixed('disk', 3)}?wait=1", {"name": "renamed", "provisioned_size": str(2 << 20)})},
    "disk.remove": {"": lambda m: m.delete(f"/disks/{fixed('disk', 3)}?wait=1"),
                    " of an attached one": lambda m: m.delete(f"/disks/{fixed('disk', 1)}?wait=1")},
    "disk_attachment.add": {" of a new disk": add_attached, " of a disk": attach},
    "disk_attachment.update": {"": lambda m: m.put(f"/vms/{fixed('vm', 1)}/diskattachments/{fixed('disk', 1)}?wait=1", {"active": "false"}),
                               " and grow": lambda m: m.put(f"/vms/{fixed('vm', 1)}/diskattachments/{fixed('disk', 1)}?wait=1",
                                                            {"interface": "sata", "disk": {"provisioned_size": str(2 << 20)}})},
    "disk_attachment.remove": {"": lambda m: m.delete(f"/vms/{fixed('vm', 1)}/diskattachments/{fixed('disk', 1)}?wait=1"),
                               " and delete": lambda m: m.delete(f"/vms/{fixed('vm', 1)}/diskattachments/{fixed('disk', 1)}?wait=1&detach_only=false")},
    "nic.add": {"": lambda m: m.post(f"/vms/{fixed('vm', 1)}/nics?wait=1", {"name": "more"})},
    "nic.update": {"": lambda m: m.put(f"/vms/{fixed('vm', 1)}/nics/{nic_of(m, 1)}?wait=1", {"linked": "false", "name": "renamed"})},
    "nic.remove": {"": lambda m: m.delete(f"/vms/{fixed('vm', 1)}/nics/{nic_of(m, 1)}?wait=1")},
    "cdrom.update": {"": lambda m: m.put(f"/vms/{fixed('vm', 1)}/cdroms/{drive_of(m, 1)}?wait=1", {"file": {"id": fixed("disk", 4)}})},
    "event.add": {"": lambda m: m.post("/events?wait=1", {"origin": "test", "custom_id": "7", "severity": "normal", "description": "said"})},
    "job.abandon": {"": abandon},
}


def order(m, lines):
    with open(os.path.join(m.folder, "fake.control"), "w", encoding="utf-8") as control:
        control.write(lines)
    time.sleep(0.5)


# --- the world --------------------------------------------------------------------------------------------------------------------

def plain(value):
    if isinstance(value, dict):
        return {name: plain(item) for name, item in sorted(value.items()) if name not in CHANCE}
    if isinstance(value, list):
        return sorted((plain(item) for item in value), key=json.dumps)
    return value


def without_ids(text, known):
    """Ids nobody could choose (of NICs, drives, …) become one word."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", lambda m: m.group() if m.group() in known else "some", text)


def world(m):
    """What the API shows of VMs, their devices and disks, and what the hosts have, as one text."""
    vms = m.get("/vms?follow=nics,disk_attachments,cdroms&all_content=true").body.get("vm", [])
    disks = m.get("/disks").body.get("disk", [])
    known = {fixed(kind, number) for kind in FIXED for number in range(10)}
    text = json.dumps({"vms": plain(vms), "disks": plain(disks), "host": host(m)}, indent=1, sort_keys=True)
    return without_ids(text, known)


def host(m):
    """The fake hosts' own memory: the last word about each domain and volume."""
    domains, volumes = {}, {}
    with open(os.path.join(m.folder, "fake"), encoding="utf-8") as state:
        for line in state:
            words = line.rstrip("\n").split("\t")
            if words[0] == "domain":
                xml = words[5]
                domains[words[2]] = [words[3], xml.count("<disk "), xml.count("<interface "), re.findall(r"<memory unit='KiB'>(\d+)", xml)]
            elif words[0] == "gone":
                domains.pop(words[2], None)
            elif words[0] == "volume":
                volumes[os.path.basename(words[4])] = words[1:4]
            elif words[0] == "novolume":
                volumes.pop(os.path.basename(words[1]), None)
    return {"domains": domains, "volumes": volumes}


def settle(m):
    """Until no job is at work and two looks agree; the world, or a sentence."""
    if not wait_for(lambda: m.host()["status"] == "up" and not m.busy(), SETTLE):
        return None, f"it does not settle: {m.jobs()}"
    last, since = world(m), time.monotonic()
    while time.monotonic() - since < 10:
        time.sleep(0.3)
        now = world(m)
        if now == last and "powering" not in now and "wait_for_launch" not in now and not m.busy():
            return now, None
        last = now
    return None, "it does not come to rest"


def leftovers(m):
    """Claims: everything can still be worked on. Books: whole, and no journal of a job that ended."""
    wrong = []
    for number in (1, 2):
        reply = m.put(f"/vms/{fixed('vm', number)}?wait=1", {"comment": "free"})
        if reply.status not in (200, 404):
            wrong.append(f"VM {number} is not free: {reply}")
    for number in (1, 3):
        reply = m.put(f"/disks/{fixed('disk', number)}?wait=1", {"description": "free"})
        if reply.status not in (200, 404):
            wrong.append(f"disk {number} is not free: {reply}")
    m.stop()
    if m.process.returncode != 0:
        wrong.append(f"it ended with {m.process.returncode}: {m.last_words()}")
    with sqlite3.connect(os.path.join(m.folder, "shikiri.db")) as books:
        if books.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            wrong.append("the database is damaged")
    return wrong


# --- cases ------------------------------------------------------------------------------------------------------------------------

class Estate:
    """A data directory with two VMs and some disks, made once and copied for every case."""

    def __init__(self, build):
        self.build = build
        self.base = folder("matrix")
        self.hosts = os.path.join(self.base, "hosts.conf")
        with open(self.hosts, "w", encoding="utf-8") as file:
            file.write(HOSTS)
        self.data = os.path.join(self.base, "data")
        os.mkdir(self.data)
        os.chmod(self.data, 0o711)
        with Shikirid(build, self.data, fake=self.hosts) as m:
            wait_for(lambda: m.host()["status"] == "up", 10)
            self.make(m)
            self.first = dict.fromkeys(WHERES, 1)
            self.commands = [row["name"] for row in m.get("/describe").body["commands"]]
            m.stop()

    def skip_start(self):
        """Dying while it starts is the same for every command: all but one recipe begin where it serves."""
        for number in range(1, 40):
            data = self.copy(f"start {number}")
            m = Shikirid(self.build, data, fake=self.hosts)
            try:
                m.start(options=("--fail-at", f"sql:{number}"))
                served = wait_for(lambda: m.host()["status"] == "up", 10) and not wait_for(lambda: m.process.poll() is not None, 0.5)
            except Exception:
                served = False
            m.kill()
            if served:
                self.first["sql"] = max(1, number - 1)
                return

    def make(self, m):
        for number in (1, 2):
            self.must(m.post("/vms?wait=1", {"id": fixed("vm", number), "name": f"vm{number}", "memory": str(256 << 20), "nics": {"nic": [{"name": "nic1"}]}}))
            self.must(m.post(f"/vms/{fixed('vm', number)}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "true", "disk": {
                "id": fixed("disk", number), "name": f"disk{number}", "provisioned_size": str(1 << 20), "format": "raw"}}))
        self.must(m.post("/disks?wait=1", {"id": fixed("disk", 3), "name": "floating", "provisioned_size": str(1 << 20), "format": "raw"}))
        self.must(m.post("/disks?wait=1", {"id": fixed("disk", 4), "name": "image", "provisioned_size": str(1 << 20), "format": "raw", "content_type": "iso"}))
        with open(os.path.join(self.data, "storage", fixed("disk", 4)), "wb") as image:
            image.write(bytes(1 << 20))
        self.must(m.post(f"/vms/{fixed('vm', 2)}/start?wait=1", {}))

    @staticmethod
    def must(reply):
        if reply.status not in (200, 201):
            raise RuntimeError(f"the estate cannot be made: {reply}")

    def copy(self, name):
        to = os.path.join(self.base, re.sub(r"\W+", "-", name))
        shutil.copytree(self.data, to)
        os.chmod(to, 0o711)
        for file in ("shikiri.db.lock", "url"):
            if os.path.exists(os.path.join(to, file)):
                os.unlink(os.path.join(to, file))
        return to

    def close(self):
        shutil.rmtree(self.base, ignore_errors=True)


def run_recipe(m, recipe):
    """What was answered; None where the daemon died first."""
    try:
        return recipe(m)
    except Exception:
        if m.process.poll() is None:
            try:
                m.process.wait(5)
            except Exception:
                raise
        return None


def one_case(estate, name, recipe, where, expected):
    """(ended how, what is wrong). Ended: 'died', 'failed' softly, or 'done' without reaching the point: the last of its kind."""
    data = estate.copy(f"{name} {where}")
    m = Shikirid(estate.build, data, fake=estate.hosts)
    try:
        try:
            m.start(options=("--fail-at", where))
            wait_for(lambda: m.host()["status"] == "up", 10)
            reply = run_recipe(m, recipe)
        except Exception:
            reply = None
        wait_for(lambda: m.process.poll() is not None, 0.05 if reply is not None else 5)
        died = m.process.poll() is not None
        if died and m.process.returncode != -9:
            return "died", [f"it ended with {m.process.returncode} and not on order: {m.last_words()}"]
        fell = "failing on order" in open(m.log, encoding="utf-8", errors="replace").read()
        if not died and reply is None:
            return "died", ["the recipe failed though the daemon lives"]
        if not died:                # what is asked from here on must not reach the point
            m.stop()
        m.start()
        now, wrong = settle(m)
        wrong = [wrong] if wrong else []
        if now is not None and now not in expected:
            wrong.append("the world is neither as before nor as after:\n" + difference(now, expected))
        wrong += leftovers(m)
        ended = "died" if died else "failed" if fell else "done"
        how = "done" if now == expected[1] else "as before" if now == expected[0] else "?"
        return f"{ended}, {how}", wrong
    finally:
        if m.process and m.process.poll() is None:
            m.kill()
        shutil.rmtree(data, ignore_errors=True)
        if os.path.exists(m.log):
            os.unlink(m.log)


def difference(now, expected):
    import difflib
    return "\n".join(line for text, name in zip(expected, ("before", "after"))
                     for line in difflib.unified_diff(text.splitlines(), now.splitlines(), name, "now", n=0, lineterm=""))[:1500]


def dry_run(estate, name, recipe):
    data = estate.copy(f"{name} dry")
    with Shikirid(estate.build, data, fake=estate.hosts) as m:
        wait_for(lambda: m.host()["status"] == "up", 10)
        before, _ = settle(m)
        reply = recipe(m)
        after, wrong = settle(m)
        wrong = ([wrong] if wrong else []) + ([] if reply.status in (200, 201, 202) else [f"the recipe is refused: {reply}"]) + leftovers(m)
    shutil.rmtree(data, ignore_errors=True)
    os.unlink(m.log)
    return (before, after), wrong


def walk(estate, name, recipe, wheres):
    """Every point of one recipe: [(case, how it ended, what is wrong)]."""
    expected, wrong = dry_run(estate, name, recipe)
    results = [(name, "undisturbed", wrong)]
    for where in wheres:
        for number in range(1 if name == "vm.add" else estate.first[where.rstrip("!")], 60):
            ended, wrong = one_case(estate, name, recipe, f"{where}:{number}", expected)
            results.append((f"{name}, {where}:{number}", ended, wrong))
            if ended.startswith("done"):
                break
        else:
            results.append((f"{name}, {where}", "?", ["it passes points without end"]))
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="also every soft failure")
    parser.add_argument("--only", default="", help="recipes whose name begins so")
    arguments = parser.parse_args()
    tap, begun = Tap(), time.monotonic()
    estate = Estate(os.path.abspath(arguments.build))
    wheres = WHERES + tuple(f"{where}!" for where in WHERES) if arguments.full else WHERES + ("effect!",)
    try:
        for name in estate.commands:
            tap.check(name in RECIPES, f"{name} has a recipe")
        tasks = [(name + case, recipe) for name in estate.commands for case, recipe in RECIPES.get(name, {}).items() if name.startswith(arguments.only)]
        estate.skip_start()
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for results in pool.map(lambda task: walk(estate, task[0], task[1], wheres), tasks):
                for case, ended, wrong in results:
                    tap.check(not wrong, f"{case}: {ended}", "\n".join(wrong))
        tap.note(f"{time.monotonic() - begun:.0f} s")
    finally:
        estate.close()
    tap.done()


if __name__ == "__main__":
    main()
