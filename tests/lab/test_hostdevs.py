#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Devices of a real host: listed as virsh lists them, refused with a sentence where this machine has no IOMMU or uses them itself, shown of a domain
that virsh defined, and taken out of it. What only a machine with an IOMMU can give, a fake host gives: libvirt must take such a definition."""
import os
import re
import xml.etree.ElementTree as ElementTree

from lab import program, wait_for
from shikirid import Shikirid

FOREIGN = """<domain type='qemu'><name>theirs</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
<emulator>/usr/bin/qemu-system-x86_64</emulator>
<hostdev mode='subsystem' type='pci' managed='yes'><driver name='vfio'/><source><address domain='0' bus='0' slot='4' function='0'/></source><rom bar='off'/></hostdev>
<hostdev mode='subsystem' type='usb'><source startupPolicy='optional'><vendor id='0x1050'/><product id='0x0407'/></source></hostdev>
</devices></domain>"""
FAKE = "host n1 cpus 8 memory 32G\nnetwork default\ndevices\n"


def done(tap, reply, what):
    return tap.check(reply.status in (200, 201), what, reply)


def refused(tap, reply, words, what):
    tap.check(reply.status == 409 and words in reply.sentence, what, reply)


def check_list(tap, libvirtd, manager):
    """What the API tells of them is what virsh tells."""
    path = f"/hosts/{manager.host()['id']}"
    devices = {device["name"]: device for device in manager.get(path + "/devices").body.get("host_device", [])}
    names = {name for kind in ("pci", "usb_device", "mdev") for name in libvirtd.virsh("nodedev-list", "--cap", kind).split()}
    tap.check(set(devices) == names and names, f"the API lists the {len(names)} devices that virsh lists", (sorted(devices), sorted(names)))
    wrong = []
    for name, device in devices.items():
        xml = ElementTree.fromstring(libvirtd.virsh("nodedev-dumpxml", name))
        capability = xml.find("capability")
        group = capability.find("iommuGroup")
        told = (device["capability"], device["vendor"]["id"], device["product"]["id"], device.get("driver"), device["parent_device"]["name"], device.get("iommu_group"))
        said = (capability.get("type"), capability.find("vendor").get("id"), capability.find("product").get("id"), xml.findtext("driver/name"),
                xml.findtext("parent"), group.get("number") if group is not None else None)
        wrong += [(told, said)] if told != said else []
    tap.check(not wrong, "with their capability, vendor, product, driver, parent and group", wrong)
    table = manager.cli("list", "devices", f"host={manager.host()['name']}")
    tap.check(all(name in table for name in names), "so does the command line", table)
    shields = manager.get(path).body["device_passthrough"]["enabled"] == "true"
    tap.check(shields == any("iommu_group" in device for device in devices.values()), "the host says whether it has an IOMMU", shields)
    return devices


def check_refusals(tap, libvirtd, manager, devices):
    done(tap, manager.post("/vms?wait=1", {"name": "wants", "memory": str(64 << 20)}), "a VM is added")
    path = manager.vm("wants")["href"].split("/api", 1)[1] + "/hostdevices"
    before = libvirtd.virsh("dumpxml", "--inactive", "wants")
    for name, device in devices.items():
        reply = manager.post(path + "?wait=1", {"name": name})
        if device.get("held_by", "").startswith("disk"):
            refused(tap, reply, f"the disk {device['held_by'].split()[1]} is on it, and the host uses it", f"{name}, the disk this machine runs from, is refused")
        elif libvirtd.virsh("nodedev-dumpxml", name).find("<class>0x06") >= 0:
            refused(tap, reply, "other devices of the host stand behind it", f"{name}, a bridge, is refused")
        elif "iommu_group" not in device:
            refused(tap, reply, "no IOMMU", f"{name} is refused without an IOMMU")
    tap.check(any(device.get("held_by", "").startswith("disk") for device in devices.values()), "the disk in use was seen", devices)
    unknown = manager.post(path + "?wait=1", {"name": "pci_0000_ff_1f_7"})
    tap.check(unknown.status == 404 and "has no device 'pci_0000_ff_1f_7'" in unknown.sentence, "so is one that is not there", unknown)
    said = manager.cli("add", "hostdevice", "vm=wants", f"name={next(iter(devices))}", status=6)
    tap.check("Cannot give" in said, "the command line says the same", said)
    tap.check(libvirtd.virsh("dumpxml", "--inactive", "wants") == before, "nothing of it was written")


def hostdevs(libvirtd, name):
    return ElementTree.fromstring(libvirtd.virsh("dumpxml", "--inactive", name)).findall("devices/hostdev")


def element(libvirtd, name):
    return re.search(r"<hostdev.*?</hostdev>", libvirtd.virsh("dumpxml", "--inactive", name), re.S).group(0)


def check_foreign(tap, libvirtd, manager):
    """Of a domain that somebody else made they are shown, and left alone by other edits."""
    libvirtd.virsh("define", "/dev/stdin", data=FOREIGN)
    tap.check(wait_for(lambda: manager.vm("theirs"), 10), "a domain that virsh defines is found")
    path = manager.vm("theirs")["href"].split("/api", 1)[1]
    def shown():
        return [(row["name"], row["capability"], row.get("driver")) for row in manager.get(path + "/hostdevices").body.get("host_device", [])]
    tap.check(wait_for(lambda: shown() == [("pci_0000_00_04_0", "pci", "virtio-pci"), ("usb_1050_0407", "usb_device", None)], 5),
              "its devices are shown, and what the host knows of them", shown())
    was = element(libvirtd, "theirs")
    done(tap, manager.put(path + "?wait=1", {"description": "edited"}), "it is edited")
    tap.check(element(libvirtd, "theirs") == was, "its device is as it was, byte for byte", element(libvirtd, "theirs"))
    started = manager.action("theirs", "start")
    tap.check(started.status >= 400 and "passthrough" in started.sentence, "its start is libvirt's to refuse", started)
    table = manager.cli("list", "hostdevices", "vm=theirs")
    tap.check("usb_1050_0407" in table and "pci_0000_00_04_0" in table, "the command line lists them", table)
    manager.cli("remove", "hostdevice", "pci_0000_00_04_0", "vm=theirs", "--wait")
    left = [(node.get("type"), node.find("source").get("startupPolicy")) for node in hostdevs(libvirtd, "theirs")]
    tap.check(left == [("usb", "optional")], "one is taken out, the other stays as it was", left)
    usb = manager.get(path + "/hostdevices").body["host_device"][0]["id"]
    done(tap, manager.delete(f"{path}/hostdevices/{usb}?wait=1"), "and the other by the API")
    tap.check(not hostdevs(libvirtd, "theirs") and not manager.get(path + "/hostdevices").body.get("host_device"), "API and virsh have none")


def check_definition(tap, libvirtd, manager):
    """A fake host has what this one lacks; what is written for it must be a definition to a real libvirt."""
    tap.check(wait_for(lambda: manager.host()["status"] == "up", 10), "a fake host is up")
    done(tap, manager.post("/vms?wait=1", {"name": "given", "memory": str(64 << 20)}), "a VM is added there")
    path = manager.vm("given")["href"].split("/api", 1)[1]
    given = ("pci_0000_41_00_0", "usb_1_1", "usb_1_2", "mdev_a297db4a_f4c2_11e6_90f6_d3b88d6c9525_0000_c1_00_0")
    for name in given:
        done(tap, manager.post(path + "/hostdevices?wait=1", {"name": name}), f"it is given {name}")
    xml = manager.get(path + "/domainxml").body["inactive"]
    xml = re.sub(r"<cpu [^>]*/>|<cpu\b[^>]*>.*?</cpu>", "", xml, flags=re.S).replace("type='kvm'", "type='qemu'")
    libvirtd.virsh("define", "--validate", "/dev/stdin", data=xml)
    types = [node.get("type") for node in hostdevs(libvirtd, "given")]
    tap.check(sorted(types) == ["mdev", "pci", "pci", "usb", "usb"], "a real libvirt takes its definition, with the GPU's sound card beside it", types)
    managed = {(node.get("type"), node.get("managed")) for node in hostdevs(libvirtd, "given")}
    tap.check({("pci", "yes"), ("mdev", "no")} <= managed, "and takes PCI devices from the host itself, at the start", managed)


def run(lab):
    tap, libvirtd, manager = lab.tap, lab.libvirtd, lab.manager
    devices = check_list(tap, libvirtd, manager)
    check_refusals(tap, libvirtd, manager, devices)
    check_foreign(tap, libvirtd, manager)
    fake = os.path.join(libvirtd.folder, "fake.conf")
    with open(fake, "w", encoding="utf-8") as file:
        file.write(FAKE)
    with Shikirid(lab.build, os.path.join(libvirtd.folder, "fake"), fake=fake) as beside:
        check_definition(tap, libvirtd, beside)


if __name__ == "__main__":
    program("hostdevs", run)
