#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Devices of a real guest while it runs: cards and disks come, change and go, media change, a guest that does not let go, the manager
killed in between. What the API says must be what `virsh dumpxml` says, live and inactive, and what the guest's own kernel sees."""
import base64
import json
import os
import time
import xml.etree.ElementTree as ElementTree

from lab import program, wait_for
from shikirid import hello_guest

BLANK = 64 << 20


class Guest:
    """One VM of the manager's, as everybody sees it."""

    def __init__(self, lab, name):
        self.tap, self.libvirtd, self.manager, self.storage, self.name = lab.tap, lab.libvirtd, lab.manager, lab.storage, name
        self.id = lab.manager.vm(name)["id"]
        self.path = f"/vms/{self.id}"

    def xml(self, *options):
        return ElementTree.fromstring(self.libvirtd.virsh("dumpxml", "--security-info", *options, self.name))

    def macs(self, *options):
        return sorted(node.find("mac").get("address") for node in self.xml(*options).findall("devices/interface"))

    def files(self, *options):
        return sorted(node.find("source").get("file") for node in self.xml(*options).findall("devices/disk[@device='disk']") if node.find("source") is not None)

    def link(self, mac, *options):
        for node in self.xml(*options).findall("devices/interface"):
            if node.find("mac").get("address") == mac:
                state = node.find("link")
                return "down" if state is not None and state.get("state") == "down" else "up"
        return None

    def medium(self, *options):
        source = self.xml(*options).find("devices/disk[@device='cdrom']/source")
        return os.path.basename(source.get("file")) if source is not None and source.get("file") else None

    def run(self, command):
        """What COMMAND prints in the guest, by its agent."""
        def ask(request):
            return json.loads(self.libvirtd.virsh("qemu-agent-command", "--timeout", "10", self.name, json.dumps(request)))["return"]
        pid = ask({"execute": "guest-exec", "arguments": {"path": "/bin/sh", "arg": ["-c", command], "capture-output": True}})["pid"]
        for _ in range(100):
            status = ask({"execute": "guest-exec-status", "arguments": {"pid": pid}})
            if status["exited"]:
                return base64.b64decode(status.get("out-data", "")).decode()
            time.sleep(0.1)
        return ""

    def disks_inside(self):
        return sorted(self.run("ls /sys/block").split())

    def cards_inside(self):
        return sorted(mac for mac in self.run("cat /sys/class/net/*/address").split() if mac != "00:00:00:00:00:00")

    def nics(self):
        return {nic["name"]: nic for nic in self.manager.get(self.path + "/nics").body.get("nic", [])}

    def attachments(self):
        return self.manager.get(self.path + "/diskattachments").body.get("disk_attachment", [])

    def agrees(self, what):
        """API, live and inactive XML say the same of cards and disks."""
        live, inactive = (self.macs(), self.files()), (self.macs("--inactive"), self.files("--inactive"))
        plugged = sorted(nic["mac"]["address"] for nic in self.nics().values() if nic["plugged"] == "true")
        active = sorted(row["id"] for row in self.attachments() if row["active"] == "true")
        shown = sorted(os.path.basename(file) for file in live[1])
        self.tap.check(live == inactive and plugged == live[0] and active == shown, f"{what}: API, running and inactive XML agree",
                       f"{live}\n{inactive}\n{plugged}\n{active}")
        waits = wait_for(lambda: self.manager.vm(self.name)["next_run_configuration_exists"] == "false", 3)
        self.tap.check(waits, f"{what}: nothing waits for the next start", self.manager.vm(self.name))

    def done(self, reply, what):
        return self.tap.check(reply.status in (200, 201), what, reply)


# --- a VM ---------------------------------------------------------------------------------------------------------------------------

def make(lab, name):
    tap, manager = lab.tap, lab.manager
    kernel, initrd = hello_guest(lab.storage)
    reply = manager.post("/vms?wait=1", {"name": name, "memory": str(192 << 20), "os": {
        "kernel": kernel, "initrd": initrd, "cmdline": f"console=ttyS0 quiet shikiri.name={name}"}})
    tap.check(reply.status == 201, f"{name} is added", reply)
    guest = Guest(lab, name)
    guest.done(manager.post(guest.path + "/nics?wait=1", {"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}), "with a NIC")
    return guest


def start(guest):
    guest.done(guest.manager.action(guest.name, "start"), f"{guest.name} starts")
    guest.tap.check(wait_for(lambda: answers(guest), 90), "its agent answers")


def answers(guest):
    try:
        return guest.run("echo yes") == "yes\n"
    except (RuntimeError, ValueError, KeyError):
        return False


# --- cards ---------------------------------------------------------------------------------------------------------------------------

def check_nics(guest):
    manager, tap = guest.manager, guest.tap
    reply = manager.post(guest.path + "/nics?wait=1", {"name": "second", "vnic_profile": {"name": "ovirtmgmt"}})
    guest.done(reply, "a NIC is added while the guest runs")
    mac = reply.body["mac"]["address"]
    tap.check(wait_for(lambda: mac in guest.cards_inside(), 10), "the guest's kernel has it", guest.cards_inside())
    guest.agrees("after adding a NIC")
    nic = guest.path + "/nics/" + reply.body["id"]
    guest.done(manager.put(nic + "?wait=1", {"linked": "false"}), "its cable is pulled")
    tap.check(guest.link(mac) == "down" and guest.link(mac, "--inactive") == "down", "in the running XML and in the next")
    name = guest.run(f"cd /sys/class/net; for n in *; do [ $(cat $n/address) = {mac} ] && echo $n; done").strip()
    guest.run(f"ip link set {name} up")
    tap.check(wait_for(lambda: guest.run(f"cat /sys/class/net/{name}/carrier").strip() == "0", 5), "and the guest sees no carrier")
    guest.done(manager.put(nic + "?wait=1", {"linked": "true"}), "and put in again")
    tap.check(wait_for(lambda: guest.run(f"cat /sys/class/net/{name}/carrier").strip() == "1", 5), "the guest sees its carrier")
    refused = manager.put(nic + "?wait=1", {"interface": "e1000"})
    tap.check(refused.status == 409 and "second" in refused.sentence, "its card is not changed under the guest", refused)
    guest.done(manager.post(nic + "/deactivate?wait=1", {}), "it is deactivated")
    tap.check(wait_for(lambda: mac not in guest.cards_inside(), 5), "the guest has it no more", guest.cards_inside())
    tap.check(guest.nics()["second"]["plugged"] == "false", "the VM keeps it, unplugged", guest.nics()["second"])
    guest.agrees("after deactivating it")
    guest.done(manager.post(nic + "/activate?wait=1", {}), "it is activated")
    tap.check(wait_for(lambda: mac in guest.cards_inside(), 10), "the guest has it again", guest.cards_inside())
    guest.agrees("after activating it")
    guest.done(manager.delete(nic + "?wait=1"), "it is removed")
    tap.check("second" not in guest.nics() and mac not in guest.macs(), "it is gone everywhere", guest.macs())
    guest.agrees("after removing it")


# --- disks ---------------------------------------------------------------------------------------------------------------------------

def check_disks(guest):
    manager, tap = guest.manager, guest.tap
    before = guest.disks_inside()
    reply = manager.post(guest.path + "/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "false", "disk": {
        "name": "hot", "provisioned_size": str(BLANK), "format": "cow"}})
    guest.done(reply, "a new disk is attached while the guest runs")
    disk = reply.body["id"]
    tap.check(wait_for(lambda: len(guest.disks_inside()) == len(before) + 1, 10), "the guest's kernel has it", guest.disks_inside())
    guest.agrees("after attaching a disk")
    new = (set(guest.disks_inside()) - set(before)).pop()
    tap.check(guest.run(f"echo shikiri | dd of=/dev/{new} conv=fsync 2>/dev/null; head -c 7 /dev/{new}") == "shikiri", "it takes what is written to it")
    attachment = f"{guest.path}/diskattachments/{disk}"
    refused = manager.put(attachment + "?wait=1", {"interface": "sata"})
    tap.check(refused.status == 409, "its interface is not changed under the guest", refused)
    guest.done(manager.put(attachment + "?wait=1", {"active": "false"}), "it is deactivated")
    tap.check(wait_for(lambda: guest.disks_inside() == before, 5), "the guest has let go of it", guest.disks_inside())
    guest.agrees("after deactivating it")
    guest.done(manager.put(attachment + "?wait=1", {"active": "true"}), "and activated")
    tap.check(wait_for(lambda: len(guest.disks_inside()) == len(before) + 1, 10), "the guest has it again")
    guest.agrees("after activating it")
    refused = manager.delete(f"/disks/{disk}?wait=1")
    tap.check(refused.status == 409 and os.path.exists(os.path.join(guest.storage, disk)), "a disk in use is not deleted", refused)
    refused = manager.post(guest.path + "/diskattachments?wait=1", {"interface": "sata", "active": "true", "bootable": "false", "disk": {
        "name": "cold", "provisioned_size": str(BLANK), "format": "raw"}})
    tap.check(refused.status == 409 and "hot-plug" in refused.sentence, "a SATA disk is refused before anything is made", refused)
    guest.done(manager.delete(attachment + "?detach_only=false&wait=1"), "it is detached and deleted")
    tap.check(not os.path.exists(os.path.join(guest.storage, disk)) and guest.disks_inside() == before, "its file is gone, and the guest runs on")
    guest.agrees("after deleting it")


# --- media ---------------------------------------------------------------------------------------------------------------------------

def check_media(guest):
    manager, tap = guest.manager, guest.tap
    drive = manager.get(guest.path + "/cdroms").body["cdrom"][0]["id"]
    path = f"{guest.path}/cdroms/{drive}"
    for name in ("one.iso", "two.iso"):
        with open(os.path.join(guest.storage, name), "wb") as image:
            image.write(os.urandom(1 << 20))
        os.chmod(os.path.join(guest.storage, name), 0o644)
    found = wait_for(lambda: {"one.iso", "two.iso"} <= {file["name"] for file in images(manager)}, 70)
    tap.check(found, "ISO images are seen", images(manager))
    guest.done(manager.put(path + "?wait=1", {"file": {"id": "one.iso"}}), "an image is put in for the next start")
    tap.check(guest.medium() is None and guest.medium("--inactive") == "one.iso", "only the next start has it", (guest.medium(), guest.medium("--inactive")))
    guest.done(manager.put(path + "?current=true&wait=1", {"file": {"id": "two.iso"}}), "another one is put in now")
    tap.check(guest.medium() == "two.iso" and guest.medium("--inactive") == "two.iso", "the running drive has it, and keeps it")
    shown = wait_for(lambda: manager.get(path + "?current=true").body.get("file", {}).get("id"), 5)
    tap.check(shown == manager.get(path).body["file"]["id"], "?current=true shows it", manager.get(path + "?current=true"))
    guest.done(manager.put(path + "?current=true&wait=1", {"file": {"id": ""}}), "it is ejected")
    tap.check(guest.medium() is None and guest.medium("--inactive") is None, "the drive is empty")


def images(manager):
    storage = manager.get("/storagedomains").body["storage_domain"]
    return [file for row in storage for file in manager.get(f"/storagedomains/{row['id']}/files").body.get("file", [])]


# --- guests that do not let go -------------------------------------------------------------------------------------------------------

def check_silent_guest(guest):
    """A guest whose kernel has panicked lets go of nothing, while QEMU and libvirt answer."""
    manager, tap = guest.manager, guest.tap
    reply = manager.post(guest.path + "/nics?wait=1", {"name": "held", "vnic_profile": {"name": "ovirtmgmt"}})
    guest.done(reply, "a NIC is added")
    mac = reply.body["mac"]["address"]
    guest.run("(sleep 2; echo c > /proc/sysrq-trigger) > /dev/null 2>&1 < /dev/null &")
    time.sleep(5)
    since = time.monotonic()
    asked = manager.post(f"{guest.path}/nics/{reply.body['id']}/deactivate", {})
    tap.check(asked.status == 504 and asked.body["fault"]["code"] == "job.outcome_unknown", f"who asks a guest that has panicked hears, after "
              f"{time.monotonic() - since:.0f} s, that nobody knows yet", asked)
    unknown = [job for job in manager.jobs() if job["status"] == "unknown"]
    tap.check(len(unknown) == 1 and unknown[0]["id"] in asked.body["fault"]["detail"], "and which job goes on asking", manager.jobs()[:2])
    tap.check(mac in guest.macs() and mac in guest.macs("--inactive"), "the device is still everywhere")
    manager.kill()
    manager.start()
    tap.check(wait_for(lambda: manager.busy(), 20), "killed and started again, it is still at it", manager.jobs()[:2])
    refused = manager.put(guest.path, {"memory": str(256 << 20)})
    tap.check(refused.status == 409, "the VM is claimed meanwhile", refused)
    guest.libvirtd.virsh("destroy", guest.name)
    tap.check(wait_for(lambda: not manager.busy(), 40), "the guest's end settles it", manager.jobs()[:2])
    tap.check(mac not in guest.macs("--inactive") and guest.nics()["held"]["plugged"] == "false", "as done: the definition has it no more", guest.nics())


def check_kills(guest):
    """The manager dies at each point of a plug and an unplug; afterwards it is done or as before, and everybody agrees."""
    manager, tap = guest.manager, guest.tap
    nic = guest.path + "/nics/" + guest.nics()["nic1"]["id"]
    for verb, plugged in (("deactivate", "true"), ("activate", "false")):
        for where in ("step:1", "effect:1", "step:2", "effect:2", "step:3"):
            if guest.nics()["nic1"]["plugged"] != plugged:
                guest.done(manager.post(f"{nic}/{'activate' if plugged == 'true' else 'deactivate'}?wait=1", {}), "put back")
            manager.stop()
            manager.start(options=("--fail-at", where))
            wait_for(lambda: manager.host()["status"] == "up", 20)
            try:
                manager.post(f"{nic}/{verb}?wait=1", {})
            except OSError:
                pass
            died = wait_for(lambda: manager.process.poll() is not None, 1)
            if not died:
                manager.stop()
            manager.start()
            wait_for(lambda: manager.host()["status"] == "up" and not manager.busy(), 40)
            state = "done" if guest.nics()["nic1"]["plugged"] != plugged else "as before"
            wait_for(lambda: guest.manager.vm(guest.name)["next_run_configuration_exists"] == "false", 5)
            guest.agrees(f"{verb}, {'killed' if died else 'not killed'} at {where}, {state}")


def check_cli(guest):
    manager, tap = guest.manager, guest.tap
    manager.cli("add", "nic", "fromcli", f"vm={guest.name}", "--wait")
    tap.check("fromcli" in guest.nics() and guest.nics()["fromcli"]["mac"]["address"] in guest.macs(), "the command line plugs a NIC in", guest.nics())
    manager.cli("deactivate", "nic", "fromcli", f"vm={guest.name}", "--wait")
    tap.check(guest.nics()["fromcli"]["plugged"] == "false", "and out")
    manager.cli("remove", "nic", "fromcli", f"vm={guest.name}", "--wait")
    tap.check("fromcli" not in guest.nics(), "and removes it")
    before = guest.disks_inside()
    manager.cli("add", "disk", "fromcli", f"provisioned_size={BLANK}", "storage_domains=data", "--wait")
    added = manager.cli("add", "disk_attachment", f"vm={guest.name}", "disk=fromcli", "interface=virtio", "active=true", "--wait")
    disk = added.split()[1].rstrip(":")
    tap.check(wait_for(lambda: len(guest.disks_inside()) == len(before) + 1, 10), "a disk comes by the command line", added)
    manager.cli("update", "disk_attachment", disk, f"vm={guest.name}", "active=false", "--wait")
    tap.check(wait_for(lambda: guest.disks_inside() == before, 5), "and goes", guest.disks_inside())
    manager.cli("remove", "disk_attachment", disk, f"vm={guest.name}", "--wait")
    tap.check(disk not in [row["id"] for row in guest.attachments()] and os.path.exists(os.path.join(guest.storage, disk)), "taken out, its file stays")
    guest.agrees("after the command line")


def run(lab):
    guest = make(lab, "plug")
    start(guest)
    for check in (check_nics, check_disks, check_media, check_cli, check_kills, check_silent_guest):
        check(guest)


if __name__ == "__main__":
    program("devices", run)
