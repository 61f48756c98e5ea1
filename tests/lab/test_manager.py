#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The whole manager on a real libvirtd: it adopts what is there without touching it, makes, starts, shuts down and removes a
real guest with real disks, and sees within a second what virsh does beside it."""
import difflib
import json
import os
import re
import subprocess
import time

from lab import DOMAIN, SOON, UNTOLD, program, wait_for
from shikirid import hello_guest

# A machine of another manager, with things nobody here models.
FOREIGN = """<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>foreign</name>
  <title>Somebody else's</title>
  <metadata><other:instance xmlns:other="http://other.example/1"><other:owner>mike &amp; co</other:owner></other:instance></metadata>
  <memory unit='MiB'>64</memory>
  <vcpu placement='static'>2</vcpu>
  <sysinfo type='smbios'><system><entry name='manufacturer'>Other</entry></system></sysinfo>
  <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/><bootmenu enable='yes' timeout='3000'/><smbios mode='sysinfo'/></os>
  <features><acpi/><apic/><pmu state='off'/><vmport state='off'/></features>
  <clock offset='variable' adjustment='3600' basis='utc'><timer name='rtc' tickpolicy='catchup'/></clock>
  <on_crash>preserve</on_crash>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='raw' cache='writeback' error_policy='report'/><source file='{disk}'/>
      <target dev='hda' bus='ide'/><serial>OTHER-1</serial></disk>
    <channel type='unix'><target type='virtio' name='org.example.other.0'/></channel>
    <watchdog model='i6300esb' action='pause'/>
    <rng model='virtio'><rate bytes='1234' period='2000'/><backend model='random'>/dev/urandom</backend></rng>
  </devices>
  <qemu:commandline><qemu:arg value='-name'/><qemu:arg value='foreign,debug-threads=on'/></qemu:commandline>
</domain>"""


def inactive(lab, name):
    return lab.libvirtd.virsh("dumpxml", "--inactive", "--security-info", name)


def changed_lines(before, after):
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


# --- what was there before us ---------------------------------------------------------------------------------------------------

def prepare_foreign(libvirtd):
    disk = os.path.join(libvirtd.folder, "foreign.raw")
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    os.chmod(disk, 0o666)
    libvirtd.virsh("define", "/dev/stdin", data=FOREIGN.format(disk=disk))
    libvirtd.define("plain")
    libvirtd.virsh("start", "plain")
    libvirtd.foreign = disk, libvirtd.virsh("dumpxml", "--inactive", "--security-info", "foreign")


def check_adoption(lab, before, disk):
    manager, tap = lab.manager, lab.tap
    tap.check(wait_for(lambda: {"foreign", "plain"} <= set(manager.vms()), 10), "domains that were there are shown as VMs", list(manager.vms()))
    tap.check(manager.status("plain") == "up" and manager.status("foreign") == "down", "with their states")
    tap.check(inactive(lab, "foreign") == before, "adoption changes no byte of a definition")
    vm = manager.vm("foreign")
    tap.check(vm["delete_protected"] == "true" and vm["origin"] == "external", "an adopted VM is protected", vm)
    refused = manager.delete(f"/vms/{vm['id']}")
    tap.check(refused.status == 409 and "foreign" in refused.sentence, "it is not removed, and the sentence names it", refused)
    tap.check("foreign" in lab.libvirtd.virsh("list", "--all", "--name").split(), "it is still defined")
    disks = manager.get(f"/vms/{vm['id']}/diskattachments").body.get("disk_attachment", [])
    tap.check(len(disks) == 1, "its disk is shown", disks)


def check_foreign_edit(lab, before):
    manager, tap = lab.manager, lab.tap
    vm = manager.vm("foreign")
    plan = manager.put(f"/vms/{vm['id']}?plan=1", {"memory": str(96 << 20)})
    tap.check(plan.status == 200 and "memory" in plan.text and inactive(lab, "foreign") == before, "a plan of an edit tells and changes nothing", plan)
    lab.expect(manager.put(f"/vms/{vm['id']}?wait=1", {"memory": str(96 << 20)}), "a foreign VM's memory is edited")
    after = inactive(lab, "foreign")
    lines = changed_lines(before, after)
    strange = [line for line in lines if not re.search(r"<(memory|currentMemory|maxMemory)\b|</?metadata>|shikiri", line)]
    tap.check("98304" in after and not strange, "nothing but its memory and our mark changed in its XML", "\n".join(lines))
    tap.check("mike &amp; co" in after and "debug-threads=on" in after, "what nobody here models is still there")
    # The other way round, and only our mark may be left.
    lab.expect(manager.put(f"/vms/{vm['id']}?wait=1", {"memory": str(64 << 20)}), "and edited back")
    left = [line for line in changed_lines(before, inactive(lab, "foreign")) if not re.search(r"</?metadata>|shikiri|maxMemory", line)]
    tap.check(not left, "then only our mark is left", "\n".join(left))


def check_foreign_disk(lab, disk):
    """It is detached at most; its file is somebody else's."""
    manager, tap = lab.manager, lab.tap
    vm = manager.vm("foreign")["id"]
    attached = manager.get(f"/vms/{vm}/diskattachments").body["disk_attachment"][0]["id"]
    for path in (f"/vms/{vm}/diskattachments/{attached}?detach_only=false&wait=1", f"/disks/{attached}?wait=1"):
        reply = manager.delete(path)
        tap.check(os.path.exists(disk), "the file of an adopted disk is never deleted", reply)
    tap.check(os.path.getsize(disk) == 1 << 20, "nor written to")


# --- a life of our own -----------------------------------------------------------------------------------------------------------

def add_hello(lab):
    manager = lab.manager
    kernel, initrd = hello_guest(lab.storage)
    reply = manager.post("/vms?wait=1", {"name": "hello", "memory": str(192 << 20), "os": {
        "kernel": kernel, "initrd": initrd, "cmdline": "console=ttyS0 quiet shikiri.name=hello"}})
    lab.expect(reply, "a VM is added", 201)
    vm = reply.body["id"]
    lab.expect(manager.post(f"/vms/{vm}/nics?wait=1", {"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}), "a NIC", 201)
    for number, image in enumerate(("cow", "raw")):
        body = {"interface": "virtio", "active": "true", "bootable": "false", "disk": {
            "name": f"hello-{image}", "provisioned_size": str(64 << 20), "format": image, "sparse": "true",
            "storage_domain": {"name": manager.get("/storagedomains").body["storage_domain"][0]["name"]}}}
        lab.expect(manager.post(f"/vms/{vm}/diskattachments?wait=1", body), f"a {image} disk", 201)
        tell = json.loads(subprocess.run(["qemu-img", "info", "--output=json", disk_file(lab, f"hello-{image}")], capture_output=True, check=True).stdout)
        lab.tap.check(tell["virtual-size"] == 64 << 20 and tell["format"] == ("qcow2" if image == "cow" else "raw"), f"file {number + 1} is what was asked for", tell)
    return vm


def disk_file(lab, alias):
    for disk in lab.manager.get("/disks").body["disk"]:
        if disk.get("alias") == alias:
            return os.path.join(lab.storage, disk["id"])
    return None


def check_outside_paths(lab):
    for path in ("/etc/shadow", lab.storage + "/../shikiri.db", "/vmlinuz"):
        reply = lab.manager.post("/vms?wait=1", {"name": "thief", "os": {"kernel": path}})
        lab.tap.check(reply.status in (400, 409) and path in reply.sentence.replace("&amp;", "&"), f"the kernel {path[-24:]} is refused", reply)
    os.symlink("/etc/shadow", os.path.join(lab.storage, "innocent"))
    reply = lab.manager.post("/vms?wait=1", {"name": "thief", "os": {"kernel": lab.storage + "/innocent"}})
    lab.tap.check(reply.status >= 400 and lab.manager.vm("thief") is None, "a link that leads out of the storage domain is refused", reply)
    os.unlink(os.path.join(lab.storage, "innocent"))


def address(manager, vm):
    """As the guest's agent says: a lease alone may be of an earlier run, and tells no name."""
    found = re.search(r'"(192\.168\.122\.\d+)"', manager.get(f"/vms/{vm}/reporteddevices").text)
    return found and manager.get(f"/vms/{vm}").body.get("fqdn") and found.group(1)


def check_life(lab):
    manager, tap = lab.manager, lab.tap
    vm = add_hello(lab)
    files = [disk_file(lab, "hello-cow"), disk_file(lab, "hello-raw")]
    seen = manager.last_event()
    lab.expect(manager.action("hello", "start"), "it is started")
    tap.check("hello" in lab.libvirtd.virsh("list", "--name").split(), "libvirt runs it")
    tap.check(wait_for(lambda: address(manager, vm), 90), "its agent reports its address", manager.get(f"/vms/{vm}/reporteddevices"))
    tap.check(wait_for(lambda: manager.status("hello") == "up", 5), "it is up", manager.status("hello"))
    table = manager.cli("list", "vms")
    tap.check(re.search(r"^hello .*\bup\b.*192\.168\.122\.\d+", table, re.M), "the command line shows it up with its address", table)
    lab.event(seen, ["hello", "started"], "an event says who started it")
    again = manager.action("hello", "start")
    tap.check(again.status == 409 and "hello" in again.text, "a second start is refused", again)
    tap.check(manager.delete(f"/vms/{vm}").status == 409, "a running VM is not removed")
    edit_beside_us(lab)
    lab.expect(manager.action("hello", "shutdown"), "it is asked to shut down")
    tap.check(wait_for(lambda: manager.status("hello") == "down", 60), "its guest shuts down", manager.status("hello"))
    lab.expect(manager.action("hello", "start"), "it starts again")
    lab.expect(manager.action("hello", "stop"), "it is stopped")
    tap.check(manager.status("hello") == "down", "it is down", manager.status("hello"))
    lab.expect(manager.delete(f"/vms/{vm}?wait=1"), "it is removed", 200)
    tap.check("hello" not in lab.libvirtd.virsh("list", "--all", "--name").split(), "its domain is gone")
    tap.check(not any(os.path.exists(file) for file in files), "its disks are gone", files)
    tap.check(not manager.busy(), "no job is left", manager.busy())


def edit_beside_us(lab):
    """virsh destroy, start, suspend of a VM of ours."""
    manager, libvirtd = lab.manager, lab.libvirtd
    seen, since = manager.last_event(), time.monotonic()
    libvirtd.virsh("destroy", "hello")
    lab.shows(since, "hello", lambda vm: vm["status"] == "down", "virsh destroy shows as down")
    lab.event(seen, ["hello", "destroyed"], "and an event says why")
    vm = manager.vm("hello")["id"]
    lab.tap.check(not address(manager, vm), "what its agent said is forgotten")
    since = time.monotonic()
    libvirtd.virsh("start", "hello")
    lab.shows_after(since, "hello", lambda vm: vm["status"] in ("up", "powering_up"), "virsh start shows")
    lab.event(seen, ["hello", "started"], "and an event says so")
    since = time.monotonic()
    libvirtd.virsh("suspend", "hello")
    lab.shows(since, "hello", lambda vm: vm["status"] == "paused", "virsh suspend shows as paused")
    since = time.monotonic()
    libvirtd.virsh("resume", "hello")
    lab.shows(since, "hello", lambda vm: vm["status"] in ("up", "powering_up"), "virsh resume shows")
    lab.tap.check(wait_for(lambda: address(manager, vm), 90), "its agent is heard again")


def check_names(lab):
    """A new name reaches the domain, and comes from it."""
    manager, libvirtd, tap = lab.manager, lab.libvirtd, lab.tap
    vm = manager.post("/vms?wait=1", {"name": "first", "memory": str(64 << 20), "os": {"boot": {"devices": {"device": ["network"]}}}}).body["id"]
    before = libvirtd.virsh("domuuid", "first").strip()
    reply = manager.put(f"/vms/{vm}?wait=1", {"name": "二番目", "comment": "with another edit"})
    tap.check(reply.status == 200 and libvirtd.virsh("domuuid", "二番目").strip() == before, "a VM that is down is renamed, its domain too", reply)
    tap.check("first" not in libvirtd.virsh("list", "--all", "--name").split(), "the old name is free")
    seen, since = manager.last_event(), time.monotonic()
    libvirtd.virsh("domrename", "二番目", "third")
    lab.shows(since, "third", lambda shown: shown["id"] == vm and shown["comment"] == "with another edit", "virsh domrename shows, as the same VM")
    reply = manager.put(f"/vms/{vm}?wait=1", {"name": "foreign"})
    tap.check(reply.status == 409 and libvirtd.virsh("domuuid", "third").strip() == before, "a name that is taken is refused", reply)
    reply = manager.delete(f"/vms/{vm}?wait=1")
    tap.check(reply.status in (200, 202) and wait_for(lambda: manager.vm("third") is None, 20), "it is removed under its new name", reply)


# --- what virsh does beside us ----------------------------------------------------------------------------------------------------

def check_virsh(lab):
    libvirtd, manager, tap = lab.libvirtd, lab.manager, lab.tap
    seen, since = manager.last_event(), time.monotonic()
    libvirtd.virsh("define", "/dev/stdin", data=DOMAIN.format(name="beside", memory=32))
    lab.shows(since, "beside", lambda vm: vm["status"] == "down", "virsh define shows")
    lab.event(seen, ["beside", "adopted"], "and an event says so")
    since = time.monotonic()
    libvirtd.virsh("start", "beside")
    lab.shows_after(since, "beside", lambda vm: vm["status"] in ("up", "powering_up"), "virsh start shows")
    libvirtd.virsh("destroy", "beside")
    seen, since = manager.last_event(), time.monotonic()
    xml = libvirtd.virsh("dumpxml", "--inactive", "beside").replace("32768", "40960")
    libvirtd.virsh("define", "/dev/stdin", data=xml)
    lab.shows(since, "beside", lambda vm: vm["memory"] == str(40 << 20), "virsh edit shows")
    lab.event(seen, ["beside", "changed"], "and an event says so")
    since = time.monotonic()
    libvirtd.virsh("setmaxmem", "beside", "48M", "--config")
    lab.shows(since, "beside", lambda vm: vm["memory"] == str(48 << 20), "a change that libvirt tells nobody about shows", seconds=UNTOLD)
    seen, since = manager.last_event(), time.monotonic()
    libvirtd.virsh("undefine", "beside")
    tap.check(wait_for(lambda: manager.vm("beside") is None, SOON), "virsh undefine shows within a second")
    lab.event(seen, ["beside", "gone"], "and an event says so")


def check_twins(lab):
    """Two domains with one MAC are shown, not hidden."""
    nic = "<interface type='user'><mac address='52:54:00:aa:aa:01'/></interface></devices>"
    for name in ("twin-a", "twin-b"):
        lab.libvirtd.virsh("define", "/dev/stdin", data=DOMAIN.format(name=name, memory=32).replace("</devices>", nic))
    lab.tap.check(wait_for(lambda: {"twin-a", "twin-b"} <= set(lab.manager.vms()), 3), "two VMs of one MAC are both shown")
    lab.tap.check(wait_for(lambda: [e for e in lab.manager.events() if "twin-" in e.get("description", "") and "same" in e["description"]], 3),
                  "and an event says what they share")
    for name in ("twin-a", "twin-b"):
        lab.libvirtd.virsh("undefine", name)


def check_restart(lab):
    """What the manager knows outlives it, and it sees what happened meanwhile."""
    manager, libvirtd, tap = lab.manager, lab.libvirtd, lab.tap
    libvirtd.define("while-away")
    lab.stream.close()
    ids = {name: vm["id"] for name, vm in manager.vms().items()}
    seconds = manager.stop()
    tap.check(manager.process.returncode == 0 and seconds < 2, "SIGTERM ends it within 2 s", f"{seconds:.2f} s, status {manager.process.returncode}")
    libvirtd.virsh("destroy", "plain")
    manager.start()
    tap.check(wait_for(lambda: manager.host()["status"] == "up" and manager.status("plain") == "down", 20),
              "after a restart it sees what happened meanwhile", manager.status("plain"))
    tap.check({name: vm["id"] for name, vm in manager.vms().items() if name in ids} == ids, "and every VM kept its id")
    libvirtd.virsh("undefine", "while-away")


def run(lab):
    disk, before = lab.libvirtd.foreign
    check_adoption(lab, before, disk)
    check_foreign_edit(lab, before)
    check_foreign_disk(lab, disk)
    lab.stream = lab.manager.stream()
    check_outside_paths(lab)
    check_life(lab)
    check_names(lab)
    check_virsh(lab)
    check_twins(lab)
    check_restart(lab)


if __name__ == "__main__":
    program("manager", run, prepare=prepare_foreign)
