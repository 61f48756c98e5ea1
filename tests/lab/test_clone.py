#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Clones of a real VM: disks and firmware variables are copied to the byte, nothing that has an id is shared, both run beside each other; a
clone that is killed or cancelled at any moment leaves nothing behind. By API and command line; what is shown agrees with virsh."""
import difflib
import filecmp
import os
import re
import signal
import subprocess
import time

from lab import program, wait_for

MIB = 1 << 20


def xml(lab, name):
    return lab.libvirtd.virsh("dumpxml", "--inactive", "--security-info", name)


def path(lab, disk):
    return os.path.join(lab.storage, disk["id"])


def disks(lab, name):
    manager = lab.manager
    rows = manager.get(f"/vms/{manager.vm(name)['id']}/diskattachments").body["disk_attachment"]
    return sorted((manager.get(f"/disks/{row['id']}").body for row in rows), key=lambda disk: disk["name"])


def make(lab):
    manager = lab.manager
    lab.expect(manager.post("/vms?wait=1", {"name": "first", "memory": str(64 * MIB), "description": "the original", "nics": {"nic": [
        {"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}]}, "os": {"boot": {"devices": {"device": ["network"]}}}}), "a VM is made")
    vm = manager.vm("first")["id"]
    for name, form, bootable in (("first_a", "raw", "true"), ("first_b", "cow", "false")):
        lab.expect(manager.post(f"/vms/{vm}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": bootable, "disk": {
            "name": name, "provisioned_size": str(128 * MIB), "format": form}}), f"with a {form} disk")
    raw, cow = disks(lab, "first")
    with open(path(lab, raw), "r+b") as file:
        for _ in range(96):
            file.write(os.urandom(MIB))
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 0x5a 1M 3M", path(lab, cow)], check=True, stdout=subprocess.DEVNULL)


def same(one, other, form):
    return subprocess.run(["qemu-img", "compare", "-q", "-f", form, "-F", form, one, other], check=False).returncode == 0


def check_whole(lab, name, how):
    tap, manager = lab.tap, lab.manager
    tap.check(manager.status(name) == "down", f"{how}, a clone is there", manager.status(name))
    pairs = list(zip(disks(lab, "first"), disks(lab, name)))
    tap.check(len(pairs) == 2 and all(same(path(lab, old), path(lab, new), {"raw": "raw", "cow": "qcow2"}[old["format"]]) for old, new in pairs), "its disks hold the same")
    was, now = xml(lab, "first"), xml(lab, name)
    ids = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
    shared = set(ids.findall(was)) & set(ids.findall(now)) - set(re.findall(r"""(?:cluster|template|profile|network)=['"]([^'"]*)""", was))
    tap.check(not shared, "it shares no id and no MAC with its original", shared)
    plain = [re.sub(r""" (?:job|created|passwd)=['"][^'"]*['"]""", "", ids.sub("", text)).replace(f"<name>{name}<", "<name>first<") for text in (was, now)]
    tap.check(plain[0] == plain[1], "and is the same machine otherwise", "\n".join(difflib.unified_diff(*(text.splitlines() for text in plain), n=0, lineterm="")))
    passwords = [re.findall(r" passwd='([^']*)'", text) for text in (was, now)]
    tap.check(len(passwords[0]) == 1 and passwords[0] != passwords[1], "but for its console's password", passwords)


def check_clone(lab):
    manager, tap = lab.manager, lab.tap
    plan = manager.post(f"/vms/{manager.vm('first')['id']}/clone?plan=1", {"vm": {"name": "second"}}).body.get("plan", "")
    tap.check("first_a" in plan and "+" in plan and manager.get("/vms?search=name%3Dsecond").body.get("vm", []) == [], "a plan tells, and makes nothing", plan)
    lab.expect(manager.action("first", "clone", {"vm": {"name": "second"}}), "it is cloned")
    check_whole(lab, "second", "by the API")
    manager.cli("--wait", "clone", "vm", "first", "vm.name=third")
    check_whole(lab, "third", "by the command line")
    for name in ("first", "second"):
        lab.expect(manager.action(name, "start"), f"{name} is started")
    tap.check(all(manager.status(name) in ("up", "powering_up") for name in ("first", "second")), "both run beside each other")
    reply = manager.action("first", "clone", {"vm": {"name": "fourth"}})
    tap.check(reply.status == 409 and "Cannot clone VM 'first'" in reply.text, "one that runs is not cloned, and told why", reply)
    for name in ("first", "second"):
        lab.expect(manager.action(name, "stop"), f"{name} is stopped")
    check_removal(lab)


def check_removal(lab):
    """What it deletes is said beforehand and afterwards."""
    manager, tap = lab.manager, lab.tap
    gone = [path(lab, disk) for disk in disks(lab, "third")]
    plan = manager.cli("--plan", "remove", "vm", "third")
    tap.check(all(f"Disk 'third_{letter}' and its file are deleted." in plan for letter in "ab") and all(map(os.path.exists, gone)), "a plan says that disks are deleted", plan)
    told = manager.cli("--wait", "remove", "vm", "third")
    event = manager.get("/events?max=1").body["event"][0]["description"]
    tap.check("Its disks third_a, third_b were deleted." in event and not any(map(os.path.exists, gone)), "so does the event", (told, event))
    kept = [path(lab, disk) for disk in disks(lab, "second")]
    manager.delete(f"/vms/{manager.vm('second')['id']}?wait=1&detach_only=true")
    event = manager.get("/events?max=1").body["event"][0]["description"]
    tap.check("Its disks second_a, second_b were only detached." in event and all(map(os.path.exists, kept)), "or that they are only detached", event)


def footprint(lab):
    return sorted(os.listdir(lab.storage)), lab.libvirtd.virsh("list", "--all", "--uuid").split()


def child_of(pid):
    """The qemu-img of the manager; None."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        mine = file.read().split()
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                mine += file.read().split()
        except OSError:
            continue
    for child in mine:
        try:
            with open(f"/proc/{child}/cmdline", "rb") as file:
                if b"convert" in file.read():
                    return int(child)
        except OSError:
            continue
    return None


def hold_copy(lab):
    """A clone whose copying stands still; qemu-img's id."""
    manager = lab.manager
    manager.action("first", "clone", {"async": "true", "vm": {"name": "fourth"}}, wait=False)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        child = child_of(manager.process.pid)
        if child:
            os.kill(child, signal.SIGSTOP)
            return child
    return None


def check_ended_early(lab):
    manager, tap = lab.manager, lab.tap
    before = footprint(lab)
    child = hold_copy(lab)
    tap.check(child is not None and any(name.endswith(".part") for name in os.listdir(lab.storage)), "a clone whose copying stands still")
    tap.check([manager.status(name) for name in ("first", "fourth")] == ["image_locked"] * 2, "both are shown as locked", manager.status("first"))
    reply = manager.action("fourth", "start")
    tap.check(reply.status == 409 and "VM is locked" in reply.text, "is not started by anybody", reply)
    job = manager.busy()[0]
    manager.cli("cancel", "job", job["id"])
    tap.check(wait_for(lambda: not manager.busy(), 20), "cancelled by the command line, it ends", manager.busy())
    tap.check(footprint(lab) == before and not os.path.exists(f"/proc/{child}"), "and leaves no file, domain or process", footprint(lab))
    child = hold_copy(lab)
    manager.kill()
    tap.check(child is not None and wait_for(lambda: not os.path.exists(f"/proc/{child}"), 5), "with a killed manager the copying ends")
    manager.start()
    tap.check(wait_for(lambda: manager.host()["status"] == "up" and not manager.busy() and footprint(lab) == before, 30), "and the next one undoes it", footprint(lab))


def end_with(lab, where, name):
    """The manager dies in a clone of NAME, and the next one settles it; the clone, if it is whole, is removed."""
    manager = lab.manager
    manager.stop()
    manager.start(options=("--fail-at", where))
    wait_for(lambda: manager.host()["status"] == "up", 15)
    try:
        manager.action(name, "clone", {"vm": {"name": "fourth"}})
    except OSError:
        pass
    wait_for(lambda: manager.process.poll() is not None, 5)
    manager.kill()
    manager.start()
    settled = wait_for(lambda: manager.host()["status"] == "up" and not manager.busy() and manager.status("fourth") in (None, "down"), 30)
    for vm in manager.get("/vms").body["vm"]:
        if vm["name"] == "fourth":
            lab.expect(manager.delete(f"/vms/{vm['id']}?wait=1"), f"killed at {where}, it was whole and is removed", 200)
    return settled and manager.status(name) == "down"


def check_killed(lab):
    manager, tap, wrong = lab.manager, lab.tap, []
    before = footprint(lab)
    for where in ("step:1", "step:2", "step:3", "step:4", "step:5", "effect:1", "effect:2", "effect:3"):
        if not end_with(lab, where, "first"):
            wrong.append(f"{where}: it does not settle")
        if footprint(lab) != before:
            wrong.append(f"{where}: {footprint(lab)}")
    tap.check(not wrong, "killed in every window, it is whole or not there", "\n".join(wrong))


def variables(text):
    found = re.search(r"<nvram[^>]*>([^<]+)</nvram>", text) or re.search(r"<nvram.*?file='([^']+)'", text, re.S)
    return found and found.group(1)


def nvram(lab, path):
    """A file below libvirtd's own /var/lib/libvirt, seen from outside."""
    return path.replace("/var/lib/libvirt", os.path.join(lab.libvirtd.folder, "lib"))


def check_runs(lab, name, was, now):
    """The clone has its own copy, runs with it, and takes it with it."""
    tap, manager = lab.tap, lab.manager
    tap.check(was != now and filecmp.cmp(was, now, shallow=False), "its variables are copied to the byte", (was, now))
    lab.expect(manager.action(name, "start"), "the clone starts")
    text = lab.libvirtd.virsh("dumpxml", name)
    tap.check(nvram(lab, variables(text)) == now, "with the file that is its own", text)
    lab.expect(manager.action(name, "stop"), "and stops")
    manager.delete(f"/vms/{manager.vm(name)['id']}?wait=1")
    tap.check(os.path.exists(was) and not os.path.exists(now), "removed, it takes its own variables with it", (was, now))


def check_never_started(lab):
    tap, manager = lab.tap, lab.manager
    lab.expect(manager.action("efi", "clone", {"vm": {"name": "efi0"}}), "it is cloned before it was ever started")
    now = nvram(lab, variables(xml(lab, "efi0")))
    tap.check(not os.path.exists(now), "there are no variables to copy yet", now)
    lab.expect(manager.action("efi0", "start"), "the clone starts")
    tap.check(os.path.exists(now), "which makes its own", now)
    lab.expect(manager.action("efi0", "stop"), "and stops")
    manager.delete(f"/vms/{manager.vm('efi0')['id']}?wait=1")


def check_by_id(lab):
    manager = lab.manager
    lab.expect(manager.action("efi", "start"), "it is started, which makes the variables that are called by its id")
    lab.expect(manager.action("efi", "stop"), "and stopped")
    lab.expect(manager.action("efi", "clone", {"vm": {"name": "efi3"}}), "and cloned")
    lab.tap.check(manager.vm("efi3")["id"] in variables(xml(lab, "efi3")), "the clone's are called by the clone's", xml(lab, "efi3"))
    check_runs(lab, "efi3", nvram(lab, variables(xml(lab, "efi"))), nvram(lab, variables(xml(lab, "efi3"))))


def check_unnamed(lab):
    """libvirt chose the file, and the definition does not say which: so those of older VMs."""
    tap, manager = lab.tap, lab.manager
    lab.libvirtd.virsh("define", "/dev/stdin", data=re.sub(r"\s*<nvram>.*?</nvram>", "", xml(lab, "efi")))
    lab.expect(manager.action("efi", "start"), "it is started, which makes its variables")
    was = nvram(lab, variables(lab.libvirtd.virsh("dumpxml", "efi")))
    lab.expect(manager.action("efi", "stop"), "and stopped")
    with open(was, "r+b") as file:
        file.seek(4096)
        file.write(b"what its guest has written there")
    tap.check(variables(xml(lab, "efi")) is None, "its definition does not say where its variables are", xml(lab, "efi"))
    folder = os.path.dirname(was)
    before = sorted(os.listdir(folder))
    for where in ("step:3", "effect:2", "step:4", "effect:3"):
        end_with(lab, where, "efi")
        tap.check(sorted(os.listdir(folder)) == before, f"killed at {where}, a clone leaves no variables behind", os.listdir(folder))
    manager.cli("--wait", "clone", "vm", "efi", "vm.name=efi1")
    check_runs(lab, "efi1", was, nvram(lab, variables(xml(lab, "efi1"))))


def check_named(lab):
    manager = lab.manager
    named = re.sub(r"<os firmware='efi'>", f"<os><loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader><nvram template='/usr/share/OVMF/OVMF_VARS.fd'>"
                   f"{lab.storage}/efi_VARS.fd</nvram>", re.sub(r"<firmware>.*?</firmware>", "", xml(lab, "efi"), flags=re.S))
    lab.libvirtd.virsh("define", "/dev/stdin", data=named)
    lab.expect(manager.action("efi", "start"), "it is started with variables whose file is named")
    lab.expect(manager.action("efi", "stop"), "and stopped")
    lab.expect(manager.action("efi", "clone", {"vm": {"name": "efi2"}}), "and cloned")
    check_runs(lab, "efi2", variables(xml(lab, "efi")), variables(xml(lab, "efi2")))


def check_firmware(lab):
    manager, tap = lab.manager, lab.tap
    lab.expect(manager.post("/vms?wait=1", {"name": "efi", "memory": str(128 * MIB), "bios": {"type": "q35_ovmf"}, "nics": {"nic": [{"name": "nic1"}]}, "os": {
        "boot": {"devices": {"device": ["network"]}}}}), "a VM with UEFI is made")
    check_never_started(lab)
    check_by_id(lab)
    check_unnamed(lab)
    check_named(lab)


def run(lab):
    make(lab)
    check_clone(lab)
    check_ended_early(lab)
    check_killed(lab)
    check_firmware(lab)


if __name__ == "__main__":
    program("clone", run, sees=True)
