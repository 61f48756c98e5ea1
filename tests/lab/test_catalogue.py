#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""A storage domain that carries its VMs: two managers with a libvirtd each, and one directory. What it says of itself follows every change; it is detached with
its VMs and imported into the other, empty manager; there they are registered by the command line and by oVirt's path, run from their disks, and every byte is as
it was, the variables of their firmware too. Notes that somebody tampered with are refused, and a manager that dies on the way settles it."""
import hashlib
import os
import subprocess

import client_ansible
from lab import Libvirtd, program, wait_for
from shikirid import Shikirid
from test_firmware import Serial

MIB = 1 << 20
SIZE = 8 * MIB
SAYS = b"BOOTED FROM ITS OWN DISK\r\n\0"
BOOT = bytes.fromhex("31c08ed8be157cac84c07406baf803eeebf5f4ebfd") + SAYS       # says that on the serial line, and halts


def centre(manager):
    return f"/datacenters/{manager.get('/datacenters').body['data_center'][0]['id']}/storagedomains"


def domain(manager, name):
    return next((one for one in manager.get("/storagedomains").body.get("storage_domain", []) if one["name"] == name), {})


def note(two, kind, one):
    try:
        with open(os.path.join(two, ".shikiri", f"{kind}-{one}"), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def content(path, form):
    """What a guest reads of an image, as one number."""
    raw = f"{path}.as-raw"
    subprocess.run(["qemu-img", "convert", "-U", "-f", form, "-O", "raw", path, raw], check=True)
    with open(raw, "rb") as file:
        told = hashlib.sha256(file.read()).hexdigest()
    os.unlink(raw)
    return told


def fill(path, form):
    """A boot sector, and a pattern behind it."""
    boot = f"{path}.boot"
    with open(boot, "wb") as file:
        file.write(BOOT + bytes(510 - len(BOOT)) + b"\x55\xaa")
    subprocess.run(["qemu-io", "-f", form, "-c", f"write -s {boot} 0 512", "-c", "write -P 0x5a 1M 2M", "-c", "write -P 0xa5 5M 1M", path], check=True, stdout=subprocess.DEVNULL)
    os.unlink(boot)


def add(lab, name, form, **more):
    manager = lab.manager
    lab.expect(manager.post("/vms?wait=1", dict({"name": name, "memory": str(64 * MIB), "nics": {"nic": [{"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}]}}, **more)), f"{name} is added")
    reply = manager.post(f"/vms/{manager.vm(name)['id']}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "true", "disk": {
        "name": f"{name}-root", "provisioned_size": str(SIZE), "format": form, "storage_domains": {"storage_domain": [{"name": "two"}]}}})
    lab.expect(reply, f"with a {form} disk in the storage domain")
    return manager.vm(name)["id"], reply.body["id"]


def nvram(libvirtd, uuid):
    return os.path.join(libvirtd.folder, "lib/qemu/nvram", f"{uuid}_VARS.fd")


def sha(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def make(lab, two):
    """{name: (id, disk's id, format, content)}; and the disk of nobody."""
    tap, manager = lab.tap, lab.manager
    lab.expect(manager.post("/storagedomains?wait=1", {"name": "two", "storage": {"path": two}, "data_center": {"name": "Default"}}), "a second storage domain")
    tap.check(wait_for(lambda: domain(manager, "two").get("status") == "active", 20), "is active", domain(manager, "two"))
    made = {}
    for name, form, more in (("plain", "raw", {}), ("modern", "cow", {"bios": {"type": "q35_ovmf"}})):
        vm, disk = add(lab, name, form, **more)
        image = "qcow2" if form == "cow" else "raw"
        fill(os.path.join(two, disk), image)
        made[name] = (vm, disk, image, content(os.path.join(two, disk), image))
    loose = manager.post("/disks?wait=1", {"name": "loose", "provisioned_size": str(MIB), "format": "raw", "storage_domain": {"name": "two"}})
    lab.expect(loose, "and a disk of nobody")
    lab.expect(manager.action("modern", "start", {"pause": "true"}), "the one with UEFI was started once")
    lab.expect(manager.action("modern", "stop"), "and stopped")
    path = nvram(lab.libvirtd, made["modern"][0])
    with open(path, "r+b") as file:
        file.seek(-16, os.SEEK_END)
        file.write(b"what it had kept")
    return made, loose.body["id"]


def check_follows(lab, two, made, loose):
    tap, manager = lab.tap, lab.manager
    vm = made["plain"][0]
    tap.check(wait_for(lambda: "name=plain\n" in note(two, "vm", vm) and note(two, "disk", loose), 10), "it says what lies in it", os.listdir(os.path.join(two, ".shikiri")))
    lab.expect(manager.put(f"/vms/{vm}?wait=1", {"name": "renamed", "memory": str(96 * MIB)}), "a VM is edited")
    tap.check(wait_for(lambda: "name=renamed\n" in note(two, "vm", vm), 10), "and its note follows", note(two, "vm", vm)[:300])
    lab.expect(manager.put(f"/vms/{vm}?wait=1", {"name": "plain"}), "it is called as before")
    gone = manager.post("/disks?wait=1", {"name": "gone", "provisioned_size": str(MIB), "format": "raw", "storage_domain": {"name": "two"}}).body["id"]
    tap.check(wait_for(lambda: note(two, "disk", gone), 10), "a new disk is told")
    lab.expect(manager.delete(f"/disks/{gone}?wait=1"), "and removed", 200)
    tap.check(wait_for(lambda: not note(two, "disk", gone), 10), "its note goes with it")
    manager.kill()
    os.unlink(os.path.join(two, ".shikiri", f"vm-{vm}"))
    manager.start()
    tap.check(wait_for(lambda: "name=plain\n" in note(two, "vm", vm), 30), "what is missing is written again after kill -9")


def check_refusals(lab, made):
    tap, manager = lab.tap, lab.manager
    vm = made["plain"][0]
    leave = f"{centre(manager)}/{domain(manager, 'two')['id']}?wait=1"
    reply = manager.delete(leave)
    tap.check(reply.status == 409 and "only one in maintenance can be detached" in reply.sentence, "one that is used is not detached", reply)
    first = next(one["name"] for one in manager.get("/storagedomains").body["storage_domain"] if one["type"] == "data" and one["name"] != "two")
    other = manager.post(f"/vms/{vm}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "disk": {
        "name": "elsewhere", "provisioned_size": str(MIB), "format": "raw", "storage_domains": {"storage_domain": [{"name": first}]}}})
    lab.expect(other, "a VM has another disk elsewhere")
    lab.expect(manager.put(f"/vms/{made['modern'][0]}?wait=1", {"delete_protected": "true"}), "another one is protected")
    lab.expect(manager.post(f"/storagedomains/{domain(manager, 'two')['id']}/deactivate?wait=1"), "the storage domain rests")
    reply = manager.delete(leave)
    tap.check(reply.status == 409 and "protected against removal" in reply.sentence and "modern" in reply.sentence, "who is protected does not leave", reply)
    lab.expect(manager.put(f"/vms/{made['modern'][0]}?wait=1", {"delete_protected": "false"}), "it is protected no more")
    reply = manager.delete(leave)
    tap.check(reply.status == 409 and "have others elsewhere: plain." in reply.sentence, "who is not all there does not leave", reply)
    lab.expect(manager.delete(f"/vms/{vm}/diskattachments/{other.body['id']}?wait=1&detach_only=false"), "the other disk goes", 200)


def killed(lab, leave, where):
    """The manager dies in the detaching, at WHERE; what became of it."""
    manager = lab.manager
    manager.stop()
    manager.start(options=("--fail-at", where))
    wait_for(lambda: manager.host()["status"] == "up", 15)
    try:
        manager.delete(leave)
    except OSError:
        pass
    wait_for(lambda: manager.process.poll() is not None, 3)
    manager.kill()
    manager.start()
    wait_for(lambda: manager.host()["status"] == "up" and not manager.busy(), 40)
    return domain(manager, "two")["status"]


def check_detach(lab, two, made, loose):
    tap, manager, libvirtd = lab.tap, lab.manager, lab.libvirtd
    leave = f"{centre(manager)}/{domain(manager, 'two')['id']}?wait=1"
    variables = sha(nvram(libvirtd, made["modern"][0]))
    status = killed(lab, leave, "effect:1")
    tap.check(status == "maintenance" and manager.status("plain") == "down" and manager.status("modern") == "down", "killed early, it is as before", status)
    lab.expect(manager.delete(leave), "it is detached with its VMs", 200)
    tap.check(domain(manager, "two")["status"] == "unattached" and not manager.vm("plain") and not manager.vm("modern"), "which are here no more", manager.get("/vms").text[:300])
    tap.check(libvirtd.virsh("list", "--all", "--name") == "", "nor on the host", libvirtd.virsh("list", "--all"))
    tap.check(not manager.get("/disks?search=loose").body.get("disk"), "and the disk of nobody neither")
    tap.check(all(content(os.path.join(two, disk), form) == told for _, disk, form, told in made.values()) and os.path.exists(os.path.join(two, loose)), "every disk is as it was")
    kept = os.path.join(two, ".shikiri", f"variables-vm-{made['modern'][0]}")
    tap.check(os.path.exists(kept) and sha(kept) == variables and not os.path.exists(nvram(libvirtd, made["modern"][0])), "the variables of its UEFI went along")
    told = " ".join(event["description"] for event in manager.events())
    tap.check("with it went these VMs" in told and "plain" in told, "an event says who went")
    return variables


def check_import(lab, second, two, made, loose, variables, libvirtd):
    tap = lab.tap
    lab.expect(second.post("/storagedomains?wait=1", {"import": "true", "storage": {"path": two}, "data_center": {"name": "Default"}}), "the other manager imports it")
    where = f"/storagedomains/{domain(second, 'two')['id']}"
    tap.check(wait_for(lambda: domain(second, "two").get("status") == "active", 20), "under its name", domain(second, "two"))
    listed = second.get(where + "/vms?unregistered=true").body.get("vm", [])
    tap.check(sorted(vm["name"] for vm in listed) == ["modern", "plain"] and {vm["id"] for vm in listed} == {made[name][0] for name in made}, "oVirt's clients see its VMs", listed)
    tap.check([disk["id"] for disk in second.get(where + "/disks?unregistered=true").body.get("disk", [])] == [loose], "and its disk of nobody")
    tap.check(not second.get(where + "/vms").body.get("vm"), "none of them is registered yet")
    said = second.cli("unregistered")
    tap.check(all(word in said for word in ("plain", "modern", "loose", "two")), "the command line lists them", said)
    said = second.cli("register", "vm", "plain", "--plan")
    tap.check("is registered and defined on host" in said and not second.vm("plain"), "a plan says what would be, and does nothing", said)
    said = second.cli("register", "vm", "plain", "storage_domain=two")
    tap.check("done" in said and second.status("plain") == "down", "the command line registers one", said)
    lab.expect(second.post(f"{where}/vms/{made['modern'][0]}/register?wait=1", {"cluster": {"name": "Default"}}), "oVirt's path the other", 200)
    lab.expect(second.post(f"{where}/disks?unregistered=true&wait=1", {"id": loose}), "and the disk")
    tap.check(not second.get(where + "/vms?unregistered=true").body.get("vm") and sorted(vm["name"] for vm in second.get(where + "/vms").body["vm"]) == ["modern", "plain"], "now they are registered")
    xml = libvirtd.virsh("dumpxml", "plain")
    tap.check(made["plain"][0] in xml and f"{two}/{made['plain'][1]}" in xml, "virsh agrees", xml)
    tap.check(sha(nvram(libvirtd, made["modern"][0])) == variables, "the variables are there")
    return where


def check_boots(lab, second, two, made, libvirtd):
    tap = lab.tap
    serial = Serial(libvirtd, second, "plain")
    tap.check(serial.says("BOOTED FROM ITS OWN DISK"), "it starts from its own disk", serial.text()[-300:])
    lab.expect(second.action("plain", "stop"), "and stops")
    lab.expect(second.action("modern", "start"), "so does the one with UEFI")
    lab.expect(second.action("modern", "stop"), "and stops")
    tap.check(all(content(os.path.join(two, disk), form) == told for _, disk, form, told in made.values()), "every byte of their disks is as it was")
    tap.check(wait_for(lambda: "name=plain\n" in note(two, "vm", made["plain"][0]), 10), "and the notes are the other manager's")


def check_tampered(lab, second, where, two, made):
    tap = lab.tap
    if domain(second, "two")["status"] == "active":
        lab.expect(second.post(where + "/deactivate?wait=1"), "it rests there")
    lab.expect(second.delete(f"{centre(second)}/{domain(second, 'two')['id']}?wait=1"), "and leaves", 200)
    lab.expect(second.post(centre(second) + "?wait=1", {"name": "two"}), "and comes back")
    path = os.path.join(two, ".shikiri", f"vm-{made['plain'][0]}")
    with open(path, "r+", encoding="utf-8") as file:
        text = file.read()
        file.seek(0)
        file.write(text.replace("name=plain", "name=other"))
    reply = second.post(f"{where}/vms/{made['plain'][0]}/register?wait=1")
    tap.check(reply.status == 409 and "cut short or was changed" in reply.text, "a note that was tampered with is refused", reply)
    tap.check("unreadable_note" in second.get(where + "/unregistered").text and len(second.get(where + "/vms?unregistered=true").body["vm"]) == 1, "told, and hides nothing else")
    os.rename(os.path.join(two, made["modern"][1]), os.path.join(two, "away"))
    reply = second.post(f"{where}/vms/{made['modern'][0]}/register?wait=1")
    tap.check(reply.status == 409 and "disks of it are not there: modern-root" in reply.text, "a VM whose disk is not there is refused", reply)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/etc/shadow", os.path.join(two, made["modern"][1]), str(SIZE)], check=True)
    reply = second.post(f"{where}/vms/{made['modern'][0]}/register?wait=1")
    tap.check(reply.status >= 400 and not second.vm("modern"), "a disk that stands upon a file of the host is refused", reply)
    os.rename(os.path.join(two, "away"), os.path.join(two, made["modern"][1]))
    lab.expect(second.post(f"{where}/vms/{made['modern'][0]}/register?wait=1", {"vm": {"name": "again"}}), "back in its place, it is registered under another name", 200)
    tap.check(second.status("again") == "down", "and stands there", second.get("/vms").text[:300])


def run(lab):
    two = os.path.join(lab.libvirtd.folder, "two")
    os.mkdir(two)
    os.chmod(two, 0o755)
    made, loose = make(lab, two)
    check_follows(lab, two, made, loose)
    check_refusals(lab, made)
    variables = check_detach(lab, two, made, loose)
    with Libvirtd("catalogue2") as libvirtd:
        libvirtd.call("run", "virsh", "-q", "net-start", "default")
        second = Shikirid(lab.build, os.path.join(libvirtd.folder, "data"), uri=libvirtd.uri)
        second.command = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /var/lib/libvirt && exec "$@"', os.path.join(libvirtd.folder, "lib"), *second.command]
        with second:
            lab.tap.check(wait_for(lambda: second.host()["status"] == "up", 60), "the other manager's host is up")
            where = check_import(lab, second, two, made, loose, variables, libvirtd)
            check_boots(lab, second, two, made, libvirtd)
            client_ansible.check_storage(lab.tap, second, "two", "plain")
            check_tampered(lab, second, where, two, made)
            lab.tap.check(second.process.poll() is None and "Sanitizer" not in second.last_words(200), "the other manager still runs", second.last_words(40))


if __name__ == "__main__":
    program("catalogue", run, sees=True)
