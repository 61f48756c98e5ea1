#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Storage domains in real directories, with a real libvirtd and QEMU: added, attached, rested, taken over by another manager, and lost: a file
system that is not mounted, or another in its place, is no storage domain, and nothing is read or written there."""
import argparse
import os
import shutil

from lab import Libvirtd, Tap, wait_for
from shikirid import Shikirid

MIB = 1 << 20


def done(tap, reply, what):
    return tap.check(reply.status in (200, 201), what, reply)


def refused(tap, reply, words, what, status=409):
    tap.check(reply.status == status and words in reply.sentence, what, reply)


def domain(manager, name):
    return next((one for one in manager.get("/storagedomains").body.get("storage_domain", []) if one["name"] == name), {})


def path(manager, name, verb=""):
    return f"/storagedomains/{domain(manager, name)['id']}{verb}?wait=1"


def centre(manager):
    return f"/datacenters/{manager.get('/datacenters').body['data_center'][0]['id']}/storagedomains"


def make_dir(libvirtd, name):
    where = os.path.join(libvirtd.folder, name)
    os.makedirs(where)
    os.chmod(where, 0o755)
    return where


def check_adding(tap, libvirtd, manager):
    two = make_dir(libvirtd, "two")
    tap.check(wait_for(lambda: os.path.exists(os.path.join(manager.folder, "storage", ".shikiri", "id")), 20), "the first storage domain carries its id")
    refused(tap, manager.post("/storagedomains?wait=1", {"name": "x", "storage": {"path": two + "/none"}}), "cannot be used on host", "a directory that is not there is refused")
    os.chmod(two, 0o777)
    refused(tap, manager.post("/storagedomains?wait=1", {"name": "x", "storage": {"path": two}}), "everybody may write", "so is one that is open to everybody")
    os.chmod(two, 0o755)
    said = manager.cli("add", "storagedomain", "name=two", f"storage.path={two}")
    tap.check("unattached" in said, "the command line adds one", said)
    tap.check(open(os.path.join(two, ".shikiri", "id"), encoding="utf-8").read().strip() == domain(manager, "two").get("id"), "its directory carries its id")
    done(tap, manager.post(centre(manager) + "?wait=1", {"name": "two"}), "it is attached as oVirt's clients do it")
    tap.check(wait_for(lambda: domain(manager, "two").get("status") == "active" and int(domain(manager, "two")["available"]) > 0, 20), "it is active and says its room",
              domain(manager, "two"))
    inside = manager.get(f"{centre(manager)}/{domain(manager, 'two')['id']}")
    tap.check(inside.status == 200 and inside.body["status"] == "active", "also below its data center", inside)
    refused(tap, manager.post("/storagedomains?wait=1", {"name": "x", "storage": {"path": two}}), "lies in, or around", "its directory is taken")
    return two


def add_vm(tap, manager):
    done(tap, manager.post("/vms?wait=1", {"name": "web", "memory": str(64 * MIB)}), "a VM is added")
    done(tap, manager.post(f"/vms/{manager.vm('web')['id']}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "true", "disk": {
        "name": "web", "format": "cow", "provisioned_size": str(16 * MIB), "storage_domains": {"storage_domain": [{"name": "two"}]}}}), "with a disk in the second storage domain")
    return manager.get("/disks?search=web").body["disk"][0]["id"]


def check_rest(tap, libvirtd, manager, two, disk):
    tap.check(f"{two}/{disk}" in libvirtd.virsh("dumpxml", "web"), "virsh sees it there")
    done(tap, manager.action("web", "start"), "the VM starts")
    refused(tap, manager.post(path(manager, "two", "/deactivate")), "VM 'web' is", "what a running VM uses does not rest")
    done(tap, manager.action("web", "stop"), "the VM stops")
    said = manager.cli("deactivate", "storagedomain", "two", "--plan")
    tap.check(two in said and domain(manager, "two")["status"] == "active", "a plan says what would be, and does nothing", said)
    done(tap, manager.post(f"{centre(manager)}/{domain(manager, 'two')['id']}/deactivate?wait=1"), "then it rests")
    refused(tap, manager.action("web", "start"), "storage domain 'two', which has a disk or a CD of it, is maintenance", "the VM does not start from it")
    said = manager.delete(f"{centre(manager)}/{domain(manager, 'two')['id']}?plan=1").text
    tap.check("leave this manager with it" in said and manager.status("web") == "down", "a plan of detaching it says that the VM would go with it", said)
    manager.kill()
    manager.start()
    tap.check(wait_for(lambda: manager.host()["status"] == "up", 20) and domain(manager, "two")["status"] == "maintenance", "it rests after kill -9 too", domain(manager, "two"))
    done(tap, manager.post(path(manager, "two", "/activate")), "it is activated")
    done(tap, manager.action("web", "start"), "and the VM starts")
    done(tap, manager.action("web", "stop"), "and stops")


def check_loss(tap, manager, two, disk):
    """What an unmounted file system leaves: the empty directory below it."""
    os.rename(two, two + ".away")
    os.mkdir(two, 0o755)
    tap.check(wait_for(lambda: domain(manager, "two")["status"] == "inactive", 30), "an empty directory in its place is no storage domain", domain(manager, "two"))
    told = [event["description"] for event in manager.events() if "does not carry its id" in event["description"]]
    tap.check(told, "an event says why", manager.events()[:3])
    refused(tap, manager.post("/disks?wait=1", {"name": "lost", "provisioned_size": str(MIB), "storage_domains": {"storage_domain": [{"name": "two"}]}}), "is inactive",
            "nothing is made in it")
    reply = manager.delete(f"/disks/{disk}?wait=1")
    tap.check(reply.status >= 400 and os.path.exists(f"{two}.away/{disk}") and not os.listdir(two), "no disk is believed to be deleted", reply)
    os.mkdir(f"{two}/.shikiri", 0o700)
    with open(f"{two}/.shikiri/id", "w", encoding="utf-8") as mark:
        mark.write("11111111-2222-4333-8444-555555555555\n")
    tap.check(wait_for(lambda: any("is another storage domain: 11111111" in event["description"] for event in manager.events()) or
                       manager.action("web", "start").status >= 400, 30), "another storage domain in its place is not taken for it")
    shutil.rmtree(two)
    os.rename(two + ".away", two)
    tap.check(wait_for(lambda: domain(manager, "two")["status"] == "active", 30), "it is used again as soon as it is back", domain(manager, "two"))
    done(tap, manager.action("web", "start"), "with the VM's disk as it was")
    done(tap, manager.action("web", "stop"), "the VM stops")


def check_handing_over(tap, build, libvirtd, manager):
    three = make_dir(libvirtd, "three")
    done(tap, manager.post("/storagedomains?wait=1", {"name": "isos", "type": "iso", "storage": {"path": three}, "data_center": {"name": "Default"}}), "a library is added and attached at once")
    with open(os.path.join(three, "small.iso"), "wb") as image:
        image.write(bytes(MIB))
    tap.check(wait_for(lambda: "small.iso" in manager.get(f"/storagedomains/{domain(manager, 'isos')['id']}/files").text, 30), "its images are listed")
    other = os.path.join(libvirtd.folder, "other")
    with Shikirid(build, other, uri=libvirtd.uri) as second:
        wait_for(lambda: second.host()["status"] == "up", 20)
        wish = {"import": "true", "storage": {"path": three}, "data_center": {"name": "Default"}}
        refused(tap, second.post("/storagedomains?wait=1", wish), "is held by another manager", "what one manager holds another does not take")
        done(tap, manager.post(path(manager, "isos", "/deactivate")), "the first lets it rest")
        done(tap, manager.delete(f"{centre(manager)}/{domain(manager, 'isos')['id']}?wait=1"), "and detaches it")
        tap.check(domain(manager, "isos")["status"] == "unattached", "it is unattached", domain(manager, "isos"))
        done(tap, second.post("/storagedomains?wait=1", wish), "then the other imports it")
        tap.check(domain(second, "isos").get("id") == domain(manager, "isos")["id"], "under its own name and id", domain(second, "isos"))
        refused(tap, manager.post(path(manager, "isos", "/attach")), "is held by another manager", "and the first does not get it back")
        done(tap, second.post(path(second, "isos", "/deactivate")), "the other lets it rest")
        done(tap, second.delete(f"{centre(second)}/{domain(second, 'isos')['id']}?wait=1"), "and detaches it")
        second.stop()
    done(tap, manager.delete(path(manager, "isos") + "&format=true"), "it is formatted")
    tap.check(os.listdir(three) == ["small.iso"], "which leaves every file of people's", os.listdir(three))


def run(tap, build):
    with Libvirtd("storages") as libvirtd:
        try:
            with Shikirid(build, os.path.join(libvirtd.folder, "data"), uri=libvirtd.uri) as manager:
                tap.check(wait_for(lambda: manager.host()["status"] == "up", 20), "the host is up")
                two = check_adding(tap, libvirtd, manager)
                disk = add_vm(tap, manager)
                check_rest(tap, libvirtd, manager, two, disk)
                check_loss(tap, manager, two, disk)
                check_handing_over(tap, build, libvirtd, manager)
                tap.check(manager.process.poll() is None, "the manager still runs", manager.last_words(40))
                tap.check(manager.stop() < 5, "and ends in time")
        except Exception as error:
            tap.check(False, "the test runs to its end", f"{type(error).__name__}: {error}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true")
    tap = Tap()
    run(tap, parser.parse_args().build)
    tap.done()


if __name__ == "__main__":
    main()
