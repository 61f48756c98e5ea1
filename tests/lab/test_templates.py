#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""A template of a real guest, and guests of it: thin ones, whose files stand on the template's, and whole ones; what is on their disks is what was on the first one's, bit
for bit, and what they write stays theirs. By API and command line; qemu-img agrees. Killed at any record nothing is lost, left or doubled."""
import hashlib
import json
import os
import subprocess

from lab import program, wait_for
from test_guest import said
from shikirid import hello_guest

MIB = 1 << 20


def run(lab, name, script):
    reply = lab.manager.action(name, "exec", {"command": "/bin/sh", "arguments": {"argument": ["-c", script]}})
    return said(reply.body.get("guest_run", {}))


def disks(lab, kind, name):
    found = next(one for one in lab.manager.get(f"/{kind}").body[kind[:-1]] if one["name"] == name)
    return [one["id"] for one in lab.manager.get(f"/{kind}/{found['id']}/diskattachments").body["disk_attachment"]]


def path(lab, disk):
    return os.path.join(lab.storage, disk)


def content(lab, disk):
    """What a guest would read, whatever it stands on."""
    raw = subprocess.run(["qemu-img", "convert", "-U", "-O", "raw", path(lab, disk), "/dev/stdout"], stdout=subprocess.PIPE, check=True).stdout
    return hashlib.sha256(raw).hexdigest()


def info(lab, disk):
    return json.loads(subprocess.run(["qemu-img", "info", "-U", "--output=json", path(lab, disk)], stdout=subprocess.PIPE, check=True).stdout)


def boot(lab, name):
    lab.expect(lab.manager.action(name, "start"), f"{name} is started")
    lab.tap.check(wait_for(lambda: "state='connected'" in lab.libvirtd.virsh("dumpxml", name), 90), f"{name} boots")


def make(lab):
    kernel, initrd = hello_guest(lab.storage)
    lab.expect(lab.manager.post("/vms?wait=1", {"name": "hello", "memory": str(192 * MIB), "nics": {"nic": [{"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}]}, "os": {
        "kernel": kernel, "initrd": initrd, "cmdline": "console=ttyS0 quiet shikiri.name=hello"}}), "a guest is made")
    vm = lab.manager.vm("hello")["id"]
    lab.expect(lab.manager.post(f"/vms/{vm}/diskattachments?wait=1", {"interface": "virtio", "bootable": "true", "active": "true", "disk": {
        "name": "hello_Disk1", "provisioned_size": str(64 * MIB), "format": "cow"}}), "with a disk")
    boot(lab, "hello")
    run(lab, "hello", "yes pattern | head -c 8388608 >/dev/vda; sync")
    running = lab.manager.post("/templates?wait=1", {"name": "base", "vm": {"name": "hello"}})
    lab.tap.check(running.status == 409 and "it is up" in running.sentence, "no template is made of it while it runs", running)
    lab.expect(lab.manager.action("hello", "stop"), "it is stopped")


def check_made(lab):
    manager, tap = lab.manager, lab.tap
    manager.cli("--wait", "add", "template", "name=base", "vm=hello", "description=first")
    [first], [copy] = disks(lab, "vms", "hello"), disks(lab, "templates", "base")
    template = next(one for one in manager.get("/templates").body["template"] if one["name"] == "base")
    tap.check(template["status"] == "ok" and template["version"]["version_number"] == "1", "made by the command line it is ok", template)
    tap.check(first != copy and content(lab, first) == content(lab, copy) and "backing-filename" not in info(lab, copy), "its disk is a copy that stands alone", info(lab, copy))


def check_thin(lab):
    manager, tap = lab.manager, lab.tap
    [base] = disks(lab, "templates", "base")
    before = content(lab, base)
    lab.expect(manager.post("/vms?wait=1", {"name": "thin", "template": {"name": "base"}}), "a thin VM is made of it")
    [disk] = disks(lab, "vms", "thin")
    tap.check(os.path.basename(info(lab, disk)["backing-filename"]) == base and content(lab, disk) == before, "its disk stands on the template's", info(lab, disk))
    tap.check(disk in lab.libvirtd.virsh("dumpxml", "thin") and manager.vm("thin")["template"]["id"] != manager.vm("hello")["template"]["id"], "virsh and the API agree")
    boot(lab, "thin")
    tap.check("pattern" in run(lab, "thin", "head -c 16 /dev/vda"), "its guest finds what the first one wrote")
    run(lab, "thin", "echo mine >/dev/vda; sync")
    lab.expect(manager.action("thin", "stop"), "it is stopped")
    tap.check(content(lab, base) == before and content(lab, disk) != before, "what it writes stays its own")
    refused = manager.delete(f"/templates/{manager.vm('thin')['template']['id']}?wait=1")
    tap.check(refused.status == 409 and "VM 'thin' stands on it" in refused.sentence, "the template is not removed under it", refused)


def check_whole(lab):
    manager, tap = lab.manager, lab.tap
    [base] = disks(lab, "templates", "base")
    lab.expect(manager.post("/vms?wait=1&clone=true", {"name": "whole", "template": {"name": "base"}}), "a whole VM is made of it")
    [disk] = disks(lab, "vms", "whole")
    tap.check("backing-filename" not in info(lab, disk) and content(lab, disk) == content(lab, base), "its disk stands alone")
    boot(lab, "whole")
    lab.expect(manager.action("whole", "stop"), "it is stopped")


def check_killed(lab):
    """Killed at every record and effect: a VM, or a template, is there whole or not at all, and no file is nobody's."""
    manager, tap, wrong = lab.manager, lab.tap, []
    for where in ("step:1", "step:2", "step:3", "step:4", "effect:1", "effect:2"):
        for name, ask in (("killed", lambda: manager.post("/vms?wait=1", {"name": "killed", "template": {"name": "base"}})),
                          ("second", lambda: manager.post("/templates?wait=1", {"name": "second", "vm": {"name": "hello"}}))):
            before = set(os.listdir(lab.storage))
            manager.stop()
            manager.start(options=("--fail-at", where))
            wait_for(lambda: manager.host()["status"] == "up", 15)
            try:
                ask()
            except OSError:
                pass
            wait_for(lambda: manager.process.poll() is not None, 5)
            manager.kill()
            manager.start()
            if not wait_for(lambda: manager.host()["status"] == "up" and not manager.busy(), 30):
                wrong.append(f"{where} {name}: it does not settle")
            kind = "vms" if name == "killed" else "templates"
            there = [one for one in manager.get(f"/{kind}").body.get(kind[:-1], []) if one["name"] == name]
            for one in there:
                manager.delete(f"/{kind}/{one['id']}?wait=1")
            if set(os.listdir(lab.storage)) != before:
                wrong.append(f"{where} {name}: {set(os.listdir(lab.storage)) ^ before}")
    tap.check(not wrong, "killed at any record, what is made is whole or gone", "\n".join(wrong))


def check_removed(lab):
    manager, tap = lab.manager, lab.tap
    [base] = disks(lab, "templates", "base")
    manager.cli("--wait", "remove", "vm", "thin")
    tap.check(os.path.exists(path(lab, base)), "the thin VM is removed, and not what it stood on")
    manager.cli("--wait", "remove", "template", "base")
    [whole] = disks(lab, "vms", "whole")
    tap.check(not os.path.exists(path(lab, base)) and os.path.exists(path(lab, whole)), "then the template; what stands alone stays")


def run_all(lab):
    make(lab)
    for check in (check_made, check_thin, check_whole, check_killed, check_removed):
        check(lab)


if __name__ == "__main__":
    program("templates", run_all)
