#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""A real guest has a folder of its host by virtiofs: files go both ways, what may not be given is refused, links are seen at the start, and what the API says is what
`virsh dumpxml` says. A VM with one is not suspended; one that virsh gave is shown and left alone."""
import os
import xml.etree.ElementTree as ElementTree

from lab import program, wait_for
from test_life import answers, inactive, make


def path(lab, rest=""):
    return f"/vms/{lab.manager.vm('hello')['id']}/sharedfolders{rest}"


def give(lab, name, folder):
    return lab.manager.post(path(lab, "?wait=1"), {"name": name, "path": folder})


def defined(lab):
    root = ElementTree.fromstring(inactive(lab, "hello"))
    return {(one.find("target").get("dir"), one.find("source").get("dir"), one.find("driver").get("type")) for one in root.iterfind("devices/filesystem")}


def shown(lab):
    return {(one["name"], one["path"], one["driver"]) for one in lab.manager.get(path(lab)).body.get("shared_folder", [])}


def inside(lab, script):
    return lab.manager.cli("exec", "hello", "--", "/bin/sh", "-c", script)


def check_given(lab, root):
    manager, tap = lab.manager, lab.tap
    host = manager.get("/hosts?all_content=true").body["host"][0]
    tap.check(host.get("virtiofs_supported") == "true" and host["shared_folders"]["folder"] == [root], "the host says that it has virtiofsd, and which folders it gives", host)
    os.makedirs(os.path.join(root, "data"))
    lab.expect(give(lab, "data", os.path.join(root, "data")), "a folder is given")
    memory = ElementTree.fromstring(inactive(lab, "hello")).find("memoryBacking")
    tap.check(memory.find("source").get("type") == "memfd" and memory.find("access").get("mode") == "shared", "its memory can be shared with virtiofsd")
    tap.check(shown(lab) == defined(lab) == {("data", os.path.join(root, "data"), "virtiofs")}, "the API says what virsh says", f"{shown(lab)} {defined(lab)}")
    told = manager.cli("list", "sharedfolders", "vm=hello")
    tap.check("data" in told and "virtiofs" in told, "and so does the command line", told)


def check_used(lab, root):
    manager, tap = lab.manager, lab.tap
    with open(os.path.join(root, "data", "from.host"), "w", encoding="utf-8") as out:
        out.write("hello guest")
    lab.expect(manager.action("hello", "start"), "it is started")
    if not tap.check(answers(lab), "and boots"):
        return
    if not tap.check("virtiofs" in inside(lab, "mkdir -p /mnt; cat /proc/filesystems; modprobe virtiofs; cat /proc/filesystems"), "its kernel has virtiofs"):
        return
    tap.check(inside(lab, "mount -t virtiofs data /mnt && cat /mnt/from.host").strip() == "hello guest", "the guest reads what the host wrote")
    inside(lab, "echo hello host > /mnt/from.guest; sync")
    with open(os.path.join(root, "data", "from.guest"), encoding="utf-8") as text:
        tap.check(text.read() == "hello host\n", "and the host what the guest wrote")
    suspended = manager.action("hello", "suspend")
    tap.check(suspended.status == 409 and "shared folder 'data'" in suspended.text and manager.status("hello") == "up", "it is not suspended", suspended)
    late = give(lab, "late", os.path.join(root, "data"))
    tap.check(late.status == 409 and "while it is up" in late.text, "nor given another while it runs", late)
    lab.expect(manager.action("hello", "stop"), "it is stopped")


def check_refused(lab, root):
    tap, before = lab.tap, inactive(lab, "hello")
    os.symlink("/etc", os.path.join(root, "link"))
    for what, folder in {"a folder elsewhere": "/etc", "a link": os.path.join(root, "link"), "one behind a link": os.path.join(root, "link", "libvirt"), "one that is not there": os.path.join(root, "none"),
                         "one of a guest's": os.path.join(root, "data", "sub"), "one around a guest's": root, "a comma": root + "/a,b", "the way up": root + "/data/../..", "a storage domain": lab.storage}.items():
        reply = give(lab, "x", folder)
        tap.check(400 <= reply.status < 500 and "hello" in reply.text and inactive(lab, "hello") == before, f"refused: {what}: {reply.sentence}", reply)
    os.rename(os.path.join(root, "data"), os.path.join(root, "away"))
    os.symlink("/etc", os.path.join(root, "data"))
    start = lab.manager.action("hello", "start")
    tap.check(400 <= start.status < 500 and "leads elsewhere" in start.text and lab.manager.status("hello") == "down", "what became a link is not given to a guest that starts", start)
    os.unlink(os.path.join(root, "data"))
    os.rename(os.path.join(root, "away"), os.path.join(root, "data"))


def check_foreign(lab, root):
    manager, tap = lab.manager, lab.tap
    device = os.path.join(lab.libvirtd.folder, "fs.xml")
    with open(device, "w", encoding="utf-8") as out:
        out.write(f"<filesystem type='mount' accessmode='mapped'><source dir='{root}'/><target dir='theirs'/></filesystem>")
    lab.libvirtd.call("run", "virsh", "-q", "attach-device", "hello", device, "--config")
    tap.check(wait_for(lambda: ("theirs", root, "9p") in shown(lab), 40), "one that virsh gave is shown", shown(lab))
    lab.expect(manager.put(f"/vms/{manager.vm('hello')['id']}?wait=1", {"description": "edited"}), "the VM is edited")
    tap.check("accessmode='mapped'" in inactive(lab, "hello"), "and keeps it")
    for one in manager.get(path(lab)).body["shared_folder"]:
        lab.expect(manager.delete(path(lab, f"/{one['id']}?wait=1")), f"{one['name']} is taken away")
    tap.check("<filesystem" not in inactive(lab, "hello") and os.path.exists(os.path.join(root, "data", "from.guest")), "from the VM, and nothing in it")


def run(lab):
    root = os.path.join(lab.libvirtd.folder, "shared")
    make(lab)
    check_given(lab, root)
    check_used(lab, root)
    check_refused(lab, root)
    check_foreign(lab, root)


if __name__ == "__main__":
    program("shared_folders", run, options=("--shared-folder", "{folder}/shared"), prepare=lambda libvirtd: os.makedirs(os.path.join(libvirtd.folder, "shared")))
