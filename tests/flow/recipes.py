# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""For flows that go through every command: a small estate on a fake host, one recipe or more for each row of the command table, and
the world as one text, so that two moments can be compared. A recipe gets a manager and says what it was answered."""
import json
import os
import re
import shutil
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
from lab import Tap, wait_for  # noqa: E402,F401
from shikirid import Shikirid, folder  # noqa: E402
import gadget_recipes  # noqa: E402
import host_recipes  # noqa: E402
import life_recipes  # noqa: E402
import snapshot_recipes  # noqa: E402
import storage_recipes  # noqa: E402
import template_recipes  # noqa: E402
import transfer_recipes  # noqa: E402
from life_recipes import order  # noqa: E402

SPARE = "ffffffff-ffff-4fff-bfff-ffffffffffff"     # a NIC of the running VM that is not plugged
FIXED = {"vm": "a0000000-0000-4000-8000-00000000000{}", "disk": "d0000000-0000-4000-8000-00000000000{}"}
SETTLE = 30             # seconds; a job waits half a second between two probes
MEND = 15               # a store that failed has mended itself
HOSTS = "host n1 cpus 8 memory 32G\nnetwork default\ndevices\n"
# What differs from run to run and says nothing of what became of the world.
CHANCE = {"creation_time", "date", "start_time", "stop_time", "stop_reason", "href", "link", "actions", "status_detail", "mac", "numa_node", "statistics", "original_template"}


def fixed(kind, number):
    return FIXED[kind].format(number)


# --- recipes: one for every row of the command table ------------------------------------------------------------------------------

def add_vm(m):
    return m.post("/vms?wait=1", {"id": fixed("vm", 9), "name": "made", "nics": {"nic": [{"name": "nic1"}]}})


def add_attached(m, vm=1):
    return m.post(f"/vms/{fixed('vm', vm)}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "false", "disk": {
        "id": fixed("disk", 9), "name": "made", "provisioned_size": "4096", "format": "raw"}})


def attach(m, vm=1):
    return m.post(f"/vms/{fixed('vm', vm)}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "false", "disk": {"id": fixed("disk", 3)}})


def nic_of(m, vm):
    return m.get(f"/vms/{fixed('vm', vm)}/nics").body["nic"][0]["id"]


def drive_of(m, vm):
    return m.get(f"/vms/{fixed('vm', vm)}/cdroms").body["cdrom"][0]["id"]


def doubtful_start(m):
    """A start whose outcome nobody tells and that cannot be asked about."""
    order(m, "fault n1 start 0 unknown\nfault n1 read 0 fail\n")
    m.post(f"/vms/{fixed('vm', 1)}/start", {})
    wait_for(lambda: m.unsure() or not m.busy(), 20)


def vouch(m):
    job = m.unsure()[0]
    return m.post(f"/jobs/{job['id']}/abandon?wait=1", {"proof": "it was seen running"})


def abandon(m):
    doubtful_start(m)
    try:
        return vouch(m)
    finally:
        order(m, "heal\n")


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
    "disk_attachment.add": {" of a new disk": add_attached, " of a disk": attach, " of a new disk to a running VM": lambda m: add_attached(m, 2),
                            " of a disk to a running VM": lambda m: attach(m, 2)},
    "disk_attachment.update": {" of a running VM": lambda m: m.put(f"/vms/{fixed('vm', 2)}/diskattachments/{fixed('disk', 2)}?wait=1", {"active": "false"}),
                               "": lambda m: m.put(f"/vms/{fixed('vm', 1)}/diskattachments/{fixed('disk', 1)}?wait=1", {"active": "false"}),
                               " and grow": lambda m: m.put(f"/vms/{fixed('vm', 1)}/diskattachments/{fixed('disk', 1)}?wait=1",
                                                            {"interface": "sata", "disk": {"provisioned_size": str(2 << 20)}})},
    "disk_attachment.remove": {" of a running VM": lambda m: m.delete(f"/vms/{fixed('vm', 2)}/diskattachments/{fixed('disk', 2)}?wait=1"),
                               " of a running VM and delete": lambda m: m.delete(f"/vms/{fixed('vm', 2)}/diskattachments/{fixed('disk', 2)}?wait=1&detach_only=false"),
                               "": lambda m: m.delete(f"/vms/{fixed('vm', 1)}/diskattachments/{fixed('disk', 1)}?wait=1"),
                               " and delete": lambda m: m.delete(f"/vms/{fixed('vm', 1)}/diskattachments/{fixed('disk', 1)}?wait=1&detach_only=false")},
    "nic.add": {"": lambda m: m.post(f"/vms/{fixed('vm', 1)}/nics?wait=1", {"name": "more"}),
                " of a running VM": lambda m: m.post(f"/vms/{fixed('vm', 2)}/nics?wait=1", {"name": "more"})},
    "nic.update": {" of a running VM": lambda m: m.put(f"/vms/{fixed('vm', 2)}/nics/{nic_of(m, 2)}?wait=1", {"vnic_profile": {"name": "ovirtmgmt"}}),
                   "": lambda m: m.put(f"/vms/{fixed('vm', 1)}/nics/{nic_of(m, 1)}?wait=1", {"linked": "false", "name": "renamed"})},
    "nic.activate": {" of a running VM": lambda m: m.post(f"/vms/{fixed('vm', 2)}/nics/{SPARE}/activate?wait=1", {})},
    "nic.deactivate": {"": lambda m: m.post(f"/vms/{fixed('vm', 1)}/nics/{nic_of(m, 1)}/deactivate?wait=1", {}),
                       " of a running VM": lambda m: m.post(f"/vms/{fixed('vm', 2)}/nics/{nic_of(m, 2)}/deactivate?wait=1", {})},
    "nic.remove": {" of a running VM": lambda m: m.delete(f"/vms/{fixed('vm', 2)}/nics/{nic_of(m, 2)}?wait=1"),
                   "": lambda m: m.delete(f"/vms/{fixed('vm', 1)}/nics/{nic_of(m, 1)}?wait=1")},
    "cdrom.update": {"": lambda m: m.put(f"/vms/{fixed('vm', 1)}/cdroms/{drive_of(m, 1)}?wait=1", {"file": {"id": fixed("disk", 4)}}),
                     " of a running VM": lambda m: m.put(f"/vms/{fixed('vm', 2)}/cdroms/{drive_of(m, 2)}?wait=1&current=true", {"file": {"id": fixed("disk", 4)}})},
    "event.add": {"": lambda m: m.post("/events?wait=1", {"origin": "test", "custom_id": "7", "severity": "normal", "description": "said"})},
    "job.abandon": {"": abandon},
}
for recipes in (life_recipes.RECIPES, gadget_recipes.RECIPES, host_recipes.RECIPES, storage_recipes.RECIPES, template_recipes.RECIPES, transfer_recipes.RECIPES, snapshot_recipes.RECIPES):
    for verb, more in recipes.items():
        RECIPES.setdefault(verb, {}).update(more)


# --- the world --------------------------------------------------------------------------------------------------------------------

KNOWN = {form.format(number) for form in FIXED.values() for number in range(10)}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def plain(value):
    """Without what is chance; ids that nobody could choose (of NICs, drives, …) become one word."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in sorted(value.items()) if name not in CHANCE}
    if isinstance(value, list):
        return sorted((plain(item) for item in value), key=json.dumps)
    return ID.sub(lambda found: found.group() if found.group() in KNOWN else "some", value) if isinstance(value, str) else value


def world(m):
    """What the API shows of VMs, their devices and disks, and what the hosts have, as one text."""
    vms = m.get("/vms?follow=nics,disk_attachments,cdroms,watchdogs,host_devices,numa_nodes,shared_folders,snapshots&all_content=true").body.get("vm", [])
    storage = [{word: domain.get(word) for word in ("name", "status", "type", "master", "storage", "data_center")} for domain in m.get("/storagedomains").body["storage_domain"]]
    return json.dumps({"vms": plain(vms), "disks": plain(m.get("/disks").body.get("disk", [])), "storage": plain(storage), "host": host(m),
                       "templates": plain(m.get("/templates?follow=nics,disk_attachments").body["template"]), "sizes": plain(m.get("/instancetypes").body["instance_type"])}, indent=1, sort_keys=True)


def devices(xml):
    """What a running guest has, in no order."""
    found = re.findall(r"<target dev='(\w+)' bus|<source (?:file|network)='([^']*)'|<link (state='\w+')", xml)
    return sorted("".join(words) for words in found)


def without_ids(table):
    """Rows of a table by id, where an id nobody could choose is one word."""
    return sorted(([key if key in KNOWN else "some", *row] for key, row in table.items()), key=str)


def host(m):
    """The fake hosts' own memory: the last word about each domain and volume."""
    domains, volumes, live, notes = {}, {}, {}, {}
    with open(os.path.join(m.folder, "fake"), encoding="utf-8") as state:
        for line in state:
            words = line.rstrip("\n").split("\t")
            if words[0] == "domain":
                xml = words[5]
                domains[words[2]] = [words[3], xml.count("<disk "), xml.count("<interface "), re.findall(r"<memory unit='KiB'>(\d+)", xml)]
                live[words[2]] = None if words[3].startswith("1") else devices(xml)      # until its line says otherwise
            elif words[0] == "live":
                live[words[2]] = devices(words[3])
            elif words[0] == "gone":
                domains.pop(words[2], None)
                live.pop(words[2], None)
            elif words[0] == "volume":
                volumes[os.path.basename(words[4])] = words[1:4]
            elif words[0] == "novolume":
                volumes.pop(os.path.basename(words[1]), None)
            elif words[0] == "note" and not re.search(r" (vm|disk)-", words[1]):     # the catalogue follows in its own time, and holds what is chance
                notes[words[1]] = ID.sub("some", words[2])
            elif words[0] == "nonote":
                notes.pop(words[1], None)
    return {"domains": without_ids(domains), "volumes": without_ids(volumes), "live": without_ids({key: [row] for key, row in live.items()}), "notes": notes}


MOVING = ("unknown", "powering_up", "powering_down", "wait_for_launch", "reboot_in_progress", "saving_state", "restoring_state")


def settle(m):
    """Until no job is at work, no guest is frozen and two looks agree; the world, or a sentence."""
    if not wait_for(lambda: m.host()["status"] == "up" and transfer_recipes.let_go(m) and not m.busy(), SETTLE):
        return None, f"it does not settle: {m.busy()}"
    last, since = world(m), time.monotonic()
    while time.monotonic() - since < 10:
        time.sleep(0.3)
        now = world(m)
        if now == last and not any(f'"status": "{word}"' in now for word in MOVING) and '"frozen_until"' not in now and not m.busy():
            return now, None
        last = now
    return None, f"it does not come to rest: {last}"


def once_mended(ask):
    """What ASK is answered once the store takes writes: after a failure it tries every few seconds, and must mend itself."""
    until = time.monotonic() + MEND
    while (reply := ask()).status == 503 and time.monotonic() < until:
        time.sleep(0.1)
    return reply


def still_claimed(m):
    """Claims show in this: what is claimed cannot be edited."""
    wrong = []
    for vm in m.get("/vms").body.get("vm", []):
        if vm["status"] == "suspended":         # is edited by nobody, claimed or not
            once_mended(lambda: m.post(f"/vms/{vm['id']}/discardstate?wait=1", {}))
    for path, field in (("vm", "comment"), ("disk", "description"), ("storagedomain", "description")):
        for one in m.get(f"/{path}s").body.get(path, []):
            reply = once_mended(lambda: m.put(f"/{path}s/{one['id']}?wait=1", {field: "free"}))
            if reply.status != 200:
                wrong.append(f"{path} {one['name']} is not free: {reply}")
    return wrong


def leftovers(m):
    """Claims, and the books, which are whole and hold no job that is not at its end. Ends the manager."""
    wrong = still_claimed(m) + [f"a job is not at its end: {job}" for job in m.busy()]
    m.stop()
    if m.process.returncode != 0:
        wrong.append(f"it ended with {m.process.returncode}: {m.last_words()}")
    with sqlite3.connect(os.path.join(m.folder, "shikiri.db")) as books:
        if books.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            wrong.append("the database is damaged")
    return wrong


# --- the estate ---------------------------------------------------------------------------------------------------------------------

class Estate:
    """A data directory with two VMs and some disks, made once and copied for every case."""

    def __init__(self, build, name):
        self.build = build
        self.base = folder(name)
        self.hosts = os.path.join(self.base, "hosts.conf")
        with open(self.hosts, "w", encoding="utf-8") as file:
            file.write(HOSTS)
        self.data = os.path.join(self.base, "data")
        os.mkdir(self.data)
        os.chmod(self.data, 0o711)
        with self.open(self.data) as m:
            self.make(m)
            self.commands = [row["name"] for row in m.get("/describe").body["commands"]]
            m.stop()

    def open(self, data, options=()):
        """A manager of DATA that serves, its host up; the caller ends it."""
        m = Shikirid(self.build, data, fake=self.hosts)
        try:
            m.start(options)
            wait_for(lambda: m.host()["status"] == "up", 10)
        except BaseException:
            m.__exit__()
            raise
        return Opened(m)

    def make(self, m):
        for number in (1, 2):
            self.must(m.post("/vms?wait=1", {"id": fixed("vm", number), "name": f"vm{number}", "memory": str(256 << 20), "nics": {"nic": [{"name": "nic1"}]}}))
            self.must(m.post(f"/vms/{fixed('vm', number)}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "true", "disk": {
                "id": fixed("disk", number), "name": f"disk{number}", "provisioned_size": str(1 << 20), "format": "raw"}}))
        self.must(m.post("/disks?wait=1", {"id": fixed("disk", 3), "name": "floating", "provisioned_size": str(1 << 20), "format": "raw"}))
        self.must(m.post("/disks?wait=1", {"id": fixed("disk", 4), "name": "image", "provisioned_size": str(1 << 20), "format": "raw", "content_type": "iso"}))
        with open(os.path.join(self.data, "storage", fixed("disk", 4)), "wb") as image:
            image.write(bytes(1 << 20))
        self.must(m.post(f"/vms/{fixed('vm', 2)}/nics?wait=1", {"id": SPARE, "name": "spare", "plugged": "false"}))
        self.must(m.post(f"/vms/{fixed('vm', 2)}/start?wait=1", {}))
        life_recipes.make(m, self.must)
        gadget_recipes.make(m, self.must)
        storage_recipes.make(m, self.must)
        template_recipes.make(m, self.must)

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


class Opened:
    """For `with`: ends a manager, whoever starts it."""

    def __init__(self, manager):
        self.manager = manager

    def __enter__(self):
        return self.manager

    def __exit__(self, *_):
        self.manager.__exit__()
