#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What a real guest has beside disks, drives and cards: watchdog, random numbers, sound, USB, serial console, virtio-scsi, I/O threads, memory that
grows while it runs. By API and command line; what the API says is what `virsh dumpxml` says, and what the guest's own bus shows."""
import os
import re

from lab import program, wait_for
from test_devices import make, start

# vendor and device on the guest's PCI bus
CARDS = {"watchdog": "0x8086 0x25ab", "random numbers": "0x1af4 0x1044", "sound": "0x8086 0x293e", "USB": "0x1b36 0x000d", "virtio-scsi": "0x1af4 0x1048"}
MIB = 1 << 20


def cards(guest):
    """Names of what is on the bus inside."""
    seen = set(guest.run("for d in /sys/bus/pci/devices/*; do echo $(cat $d/vendor) $(cat $d/device); done").splitlines())
    return {name for name, numbers in CARDS.items() if numbers in seen}


def memory_inside(guest):
    return int(re.search(r"MemTotal:\s+(\d+)", guest.run("cat /proc/meminfo")).group(1)) * 1024


def put(guest, body, what):
    return guest.done(guest.manager.put(guest.path + "?wait=1", body), what)


def stop(guest):
    guest.done(guest.manager.action(guest.name, "stop"), f"{guest.name} is stopped")


def shown(guest):
    return guest.manager.get(guest.path + "?all_content=true").body


def check_born(guest):
    """What a new VM has without being asked."""
    tap, xml, vm = guest.tap, guest.xml(), shown(guest)
    tap.check(cards(guest) == {"random numbers", "USB", "virtio-scsi"}, "a new guest has random numbers, USB and virtio-scsi", cards(guest))
    tap.check(vm["rng_device"]["source"] == "urandom" and xml.find("devices/rng/backend").text == "/dev/urandom", "the API and virsh agree on random numbers")
    tap.check(vm["usb"]["enabled"] == "true" and xml.find("devices/controller[@type='usb']").get("model") == "qemu-xhci", "on USB")
    tap.check(vm["console"]["enabled"] == "true" and xml.find("devices/serial").get("type") == "pty", "and on the serial console")


def check_later(guest):
    """All of it at the next start, which next_run_differences tells, and not before."""
    manager, tap = guest.manager, guest.tap
    before = guest.libvirtd.virsh("dumpxml", guest.name)
    guest.done(manager.post(guest.path + "/watchdogs?wait=1", {"model": "i6300esb", "action": "reset"}), "a watchdog is given to a guest that runs")
    put(guest, {"soundcard_enabled": "true", "io": {"threads": "2"}, "rng_device": {"source": "urandom", "rate": {"bytes": "4096", "period": "1000"}}},
        "and a sound card, I/O threads and a limit for random numbers")
    tap.check(guest.libvirtd.virsh("dumpxml", guest.name) == before, "what runs stays as it is")
    told = wait_for(lambda: manager.vm(guest.name).get("next_run_differences"), 5)
    tap.check(told and sorted(told["difference"]) == ["io", "rng_device", "soundcard_enabled", "watchdogs"], "the API tells what its next start changes", told)
    twice = manager.post(guest.path + "/watchdogs?wait=1", {"action": "none"})
    tap.check(twice.status == 409 and "it has one" in twice.sentence, "a second watchdog is refused", twice)
    stop(guest)
    start(guest)
    tap.check(cards(guest) == set(CARDS), "started again it has them all", cards(guest))
    xml = guest.xml()
    watchdog = manager.get(guest.path + "/watchdogs").body["watchdog"][0]
    there = xml.find("devices/watchdog")
    tap.check((watchdog["model"], watchdog["action"]) == (there.get("model"), there.get("action")) == ("i6300esb", "reset"), "the API and virsh agree on the watchdog", watchdog)
    rate = xml.find("devices/rng/rate")
    tap.check((rate.get("bytes"), rate.get("period")) == ("4096", "1000") and xml.find("iothreads").text == "2", "on the limit and the threads")
    tap.check(xml.find("devices/controller[@type='scsi']/driver").get("iothread") == "1", "the SCSI controller has a thread")
    tap.check(manager.vm(guest.name)["next_run_configuration_exists"] == "false", "nothing waits any more")


def check_disk_on_scsi(guest):
    """A disk on virtio-scsi comes and goes while the guest runs; its controller stays while it is needed."""
    manager, tap = guest.manager, guest.tap
    before = guest.disks_inside()
    reply = manager.post(guest.path + "/diskattachments?wait=1", {"interface": "virtio_scsi", "active": "true", "bootable": "false", "disk": {
        "name": "scsi", "provisioned_size": str(64 * MIB), "format": "raw"}})
    guest.done(reply, "a disk is plugged into virtio-scsi while the guest runs")
    targets = [node.find("target").get("bus") for node in guest.xml().findall("devices/disk[@device='disk']")]
    tap.check(targets == ["scsi"], "virsh has it there", targets)
    refused = manager.put(guest.path + "?wait=1", {"virtio_scsi": {"enabled": "false"}})
    tap.check(refused.status == 409 and "stands on it" in refused.sentence, "its controller is not taken from under it", refused)
    guest.done(manager.delete(f"{guest.path}/diskattachments/{reply.body['id']}?detach_only=false&wait=1"), "it is taken out and deleted")
    tap.check(guest.disks_inside() == before, "the guest has let go of it")


def check_memory(guest):
    """More of it while the guest runs: whole blocks at once, the rest at the next start."""
    manager, tap = guest.manager, guest.tap
    xml = guest.xml()
    tap.check(xml.find("maxMemory") is not None and xml.find("cpu/numa/cell") is not None, "its machine has room for more memory")
    guest.run("echo online > /sys/devices/system/memory/auto_online_blocks")     # a rule of udev's where there is one
    had, inside = int(manager.vm(guest.name)["memory"]), memory_inside(guest)
    put(guest, {"memory": str(had + 256 * MIB)}, "a block of memory is plugged in")
    tap.check(wait_for(lambda: memory_inside(guest) > inside + 200 * MIB, 20), f"the guest's kernel had {inside >> 20} MiB and has {memory_inside(guest) >> 20} MiB")
    live, inactive = guest.xml(), guest.xml("--inactive")
    tap.check(len(live.findall("devices/memory")) == 1 and not inactive.findall("devices/memory"), "as a module in what runs, as memory in the definition")
    sizes = [int(tree.find("memory").text) * 1024 for tree in (live, inactive)]
    tap.check(sizes == [had + 256 * MIB] * 2 and int(manager.vm(guest.name)["memory"]) == had + 256 * MIB, "API, running and inactive XML agree", sizes)
    tap.check(manager.vm(guest.name)["next_run_configuration_exists"] == "false", "nothing waits for the next start", manager.vm(guest.name))
    manager.cli("update", "vm", guest.name, f"memory={(had >> 20) + 256 + 300}MiB", "--wait")
    sizes = [int(tree.find("memory").text) * 1024 for tree in (guest.xml(), guest.xml("--inactive"))]
    tap.check(sizes == [had + 512 * MIB, had + 556 * MIB], "of 300 MiB more, by the command line, a block comes at once and the rest at the next start", sizes)
    tap.check(wait_for(lambda: manager.vm(guest.name)["next_run_configuration_exists"] == "true", 5), "which the API tells")
    put(guest, {"memory": str(1 << 42)}, "more than its machine has room for is asked for")
    sizes = [int(tree.find("memory").text) * 1024 for tree in (guest.xml(), guest.xml("--inactive"))]
    tap.check(sizes == [had + 512 * MIB, 1 << 42], "which waits for its next start", sizes)
    put(guest, {"memory": str(had)}, "it is taken back")
    stop(guest)
    start(guest)
    tap.check(not guest.xml().findall("devices/memory") and memory_inside(guest) < inside + 64 * MIB, "started again it has what it had", memory_inside(guest))


def check_bare(guest):
    """Everything taken away again, by the command line."""
    manager, tap = guest.manager, guest.tap
    stop(guest)
    tap.check("action" in manager.cli("show", "watchdog", f"vm={guest.name}"), "the command line shows the watchdog")
    manager.cli("update", "watchdog", f"vm={guest.name}", "action=pause", "--wait")
    tap.check(guest.xml("--inactive").find("devices/watchdog").get("action") == "pause", "and changes it")
    manager.cli("remove", "watchdog", manager.get(guest.path + "/watchdogs").body["watchdog"][0]["id"], f"vm={guest.name}", "--wait")
    manager.cli("update", "vm", guest.name, "usb=false", "virtio_scsi=false", "soundcard_enabled=false", "io.threads=0", "rng_device.source=", "--wait")
    start(guest)
    tap.check(not cards(guest), "a guest without any of it", cards(guest))
    xml = guest.xml()
    tap.check(xml.find("devices/rng") is None and xml.find("devices/watchdog") is None and xml.find("devices/sound") is None and xml.find("iothreads") is None,
              "virsh has none of it")
    tap.check(xml.find("devices/controller[@type='usb']").get("model") == "none" and xml.find("devices/input[@type='tablet']").get("bus") == "virtio",
              "without USB its tablet is one of virtio")
    vm = shown(guest)
    tap.check(vm["usb"]["enabled"] == vm["virtio_scsi"]["enabled"] == vm["soundcard_enabled"] == "false" and "rng_device" not in vm, "nor has the API", vm)


def check_console(guest):
    manager, tap = guest.manager, guest.tap
    stop(guest)
    put(guest, {"console": {"enabled": "false"}}, "the serial console is switched off")
    tap.check(guest.xml("--inactive").find("devices/serial") is None and guest.xml("--inactive").find("devices/console") is None, "virsh has none")
    put(guest, {"console": {"enabled": "true"}}, "and on")
    xml = guest.xml("--inactive")
    tap.check(xml.find("devices/serial").get("type") == "pty" and shown(guest)["console"]["enabled"] == "true", "virsh has one again")
    put(guest, {"custom_properties": {"custom_property": [{"name": "hugepages", "value": "2048"}]}}, "huge pages are asked for")
    page = guest.xml("--inactive").find("memoryBacking/hugepages/page")
    tap.check((page.get("size"), page.get("unit")) == ("2048", "KiB"), "virsh has them")
    refused = manager.action(guest.name, "start")
    tap.check(refused.status >= 400 and guest.name in refused.sentence or refused.status in (200, 201), "a host that has none says so", refused)
    if manager.status(guest.name) != "down":
        stop(guest)
    put(guest, {"custom_properties": {"custom_property": []}}, "and given up")
    tap.check(guest.xml("--inactive").find("memoryBacking") is None, "virsh has none")


def check_media(guest):
    """The medium of a running guest, by the command line alone."""
    manager, tap = guest.manager, guest.tap
    with open(os.path.join(guest.storage, "tools.iso"), "wb") as image:
        image.write(bytes(MIB))
    os.chmod(os.path.join(guest.storage, "tools.iso"), 0o644)
    storage = manager.get("/storagedomains").body["storage_domain"]
    wait_for(lambda: any(file["name"] == "tools.iso" for row in storage for file in manager.get(f"/storagedomains/{row['id']}/files").body.get("file", [])), 70)
    manager.cli("update", "cdrom", f"vm={guest.name}", "file=tools.iso", "current=true", "--wait")
    tap.check(guest.medium() == guest.medium("--inactive") == "tools.iso", "the command line changes the medium of a running guest", (guest.medium(), guest.medium("--inactive")))
    manager.cli("update", "cdrom", f"vm={guest.name}", "file=", "--wait")
    tap.check(guest.medium() == "tools.iso" and guest.medium("--inactive") is None, "and that of its next start alone")
    drive = manager.get(guest.path + "/cdroms").body["cdrom"][0]["id"]
    now = manager.get(f"{guest.path}/cdroms/{drive}?current=true").body["file"]["id"]
    tap.check(now and now in manager.cli("show", "cdrom", f"vm={guest.name}", "current=true", "--json") and
              now not in manager.cli("show", "cdrom", f"vm={guest.name}", "--json"), "and shows either", now)


def run(lab):
    guest = make(lab, "gadgets")
    start(guest)
    for check in (check_born, check_later, check_disk_on_scsi, check_memory, check_media, check_bare, check_console):
        check(guest)


if __name__ == "__main__":
    program("gadgets", run)
