#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The command line as a newcomer types it, wrong words first: each must be refused with its reason and change nothing."""
import argparse
import json
import os
import shutil

from recipes import Estate, Tap, fixed, settle, world

BAD, MISSING, CONFLICT = 2, 5, 6

# words, exit status, what the sentence must say
REFUSED = [
    ("lits vms", BAD, "has no verb 'lits'"),
    ("lits vms", BAD, "list, show, add, update, remove, start"),
    ("strat vm vm1", BAD, "has no verb 'strat'"),
    ("list vmz", BAD, "no type 'vmz'"),
    ("update vm vm1 memory 2GiB", BAD, "'memory' is not understood behind 'update vm'"),
    ("add vm new memory", BAD, "'memory' is not understood"),
    ("update vm vm1 memory =2GiB", BAD, "'memory' is not understood"),
    ("update vm vm1", BAD, "Nothing was given to change"),
    ("list vms vm=vm1", BAD, "'vm=vm1' is not understood"),
    ("list vms up", BAD, "'up' is not understood"),
    ("remove vm vm1 now=true", BAD, "'now=true' is not understood"),
    ("add vm new memory=512MB", BAD, "512MiB or 2GiB"),
    ("add vm new memory=2.5", BAD, "no whole number for 'memory'"),
    ("add numanode vm=vm1 index=0 memory=100KiB cpu.cores=0", BAD, "'100KiB' is no whole number of MiB"),
    ("add vm new cpu.topology.cores=two", BAD, "no whole number for 'cpu.topology.cores'"),
    ("add vm new cpu=2", BAD, "cpu.topology"),
    ("add vm new mem=1GiB", BAD, "shikiri describe vm"),
    ("show cdrom nope vm=vm1", MISSING, "shikiri list cdroms vm=vm1"),
    ("list nics", BAD, "vm=NAME"),
    ("update cdrom vm=vm1 file= current=perhaps", BAD, "'perhaps' is neither yes nor no for 'current'"),
    ("update vm vm1 detach_only=true", BAD, "has no field 'detach_only'"),
    ("update vm vm1 next_run=true", BAD, "Nothing was given to change"),
    ("remove vm vm1 current=true", BAD, "'current=true' is not understood"),
    ("add hostdevice vm=vm1 name=pci_0000_05_00_0", CONFLICT, "no IOMMU of the host"),
    ("add hostdevice vm=vm2 name=usb_1_1", CONFLICT, "Shut it down first"),
    ("remove hostdevice usb_1_9 vm=vm1", MISSING, "shikiri list host_devices vm=vm1"),
    ("bind vm vm1 mode=some", BAD, "It is threads"),
    ("bind vm vm1 cores=9", CONFLICT, "9 free cores are needed and 8 are there"),
    ("xml", BAD, "name"),
    ("xml vm1 actve", BAD, "shikiri xml VM [inactive|edit]"),
    ("xml vm1 set", BAD, "xml VM set FILE"),
    ("xml vm1 set /dev/null stray", BAD, "xml VM set FILE"),
    ("xml vm1 set /nowhere", BAD, "The file '/nowhere' cannot be read"),
    ("xml vm1 set /dev/null", BAD, "must hold the whole domain XML"),
    ("xml vm1 set /etc/hostname", BAD, "cannot be read: line 1"),
    ("xml vm2 set /etc/hostname", 6, "Cannot write the XML of VM 'vm2'"),
    ("xml nope", MISSING, "nope"),
]

# words, what is printed
DONE = [
    ("add vm new memory=512MiB usb=true", "vm new: "),
    ("add disk more provisioned_size=1MiB storage_domains=data", "disk more: "),
    ("add disk_attachment vm=new disk=more interface=virtio --wait", "disk_attachment "),
    ("xml vm1", "<name>vm1</name>"),
    ("xml vm2", "<alias name="),
    ("xml vm2 inactive", "<name>vm2</name>"),
    ("--xml show vm vm1", "<name>vm1</name>"),
    ("--xml list nics vm=vm2", "<nics>"),
    ("--xml xml vm1", "<inactive>&lt;domain"),
    ("--xml freeze vm2", "<status>complete</status>"),
    ("--xml thaw vm2", "<status>complete</status>"),
    ("--json xml vm1", '{"inactive":"<domain'),
    ("describe vm", "cpu.topology.cores"),
    ("update vm vm1 custom_properties=hugepages=2048 --wait", "vm vm1: "),
    ("show vm vm1", "hugepages"),
    ("update vm vm1 custom_properties= --wait", "vm vm1: "),
    ("describe vm", "Verbs: start"),
    ("describe cdrom", "update: current=true"),
    ("describe cdrom", "show: current=true"),
    ("show vm vm1 all_content=true", "console"),
    ("show cdrom vm=vm2 current=true", "id: "),
    ("list hostdevices host=n1", "pci_0000_81_02_1"),
    ("show hostdevice pci_0000_81_02_1 host=n1", "pci_0000_81_00_0"),
    ("add hostdevice vm=new name=pci_0000_41_00_0 --wait", "host_device pci_0000_41_00_0: "),
    ("list hostdevices vm=new", "pci_0000_41_00_1"),
    ("show hostdevice pci_0000_41_00_1 vm=new", "TU104 HD Audio Controller"),
    ("xml new inactive", "<address domain='0x0000' bus='0x41' slot='0x00' function='0x1'/>"),
    ("remove hostdevice pci_0000_41_00_0 vm=new --wait", "host_device pci_0000_41_00_0: "),
    ("add numanode vm=new index=0 memory=0.25GiB cpu.cores=0 --wait", "vm_numa_node "),
    ("--json list numanodes vm=new", '"memory":"256"'),
    ("--plan bind vm vm1 cores=2", "is bound to cores of host 'n1'; cores: 2."),
    ("--plan --lang ja bind vm vm1", "ホスト「n1」の 1 コアに固定します"),
    ("help nic", "It belongs to a vm: vm=NAME"),
    ("remove vm new --plan", "Disk 'more' and its file are deleted."),
]


def type_at(manager, words, status=0):
    return manager.cli(*words.split(), status=status)


def put_in_image(m):
    """By what the tables show alone: a drive has no name, and is called by the id in its row."""
    drive = type_at(m, "list cdroms vm=new").splitlines()[1].split()[0]
    type_at(m, f"update cdrom {drive} vm=new file={fixed('disk', 4)} --wait")
    return drive, type_at(m, "list cdroms vm=new")


def change_running(m):
    """The medium of a running guest, now: its drive is the only one and need not be named."""
    type_at(m, f"update cdrom vm=vm2 file={fixed('disk', 4)} current=true --wait")
    now = type_at(m, "show cdrom vm=vm2 current=true")
    type_at(m, "update cdrom vm=vm2 file= --wait")
    return fixed("disk", 4) in now and fixed("disk", 4) in type_at(m, "show cdrom vm=vm2 current=true"), now


def keep_disks(m):
    """A VM goes and its disk stays, by a word behind no field."""
    type_at(m, "add vm goes memory=64MiB")
    type_at(m, "add disk stays provisioned_size=1MiB storage_domains=data --wait")
    type_at(m, "add disk_attachment vm=goes disk=stays interface=virtio --wait")
    type_at(m, "remove vm goes detach_only=true --wait")
    return type_at(m, "list disks")


def write_xml(m):
    """A definition from a file: planned, written, and refused where it was made from an older one."""
    file = os.path.join(m.folder, "vm1.xml")
    shown = json.loads(type_at(m, "--json xml vm1"))
    with open(file, "w", encoding="utf-8") as out:
        out.write(shown["inactive"].replace("</devices>", "<watchdog model='i6300esb' action='reset'/></devices>"))
    plan = type_at(m, f"xml vm1 set {file} --plan")
    done = type_at(m, f"xml vm1 set {file} version={shown['version']}")
    late = type_at(m, f"xml vm1 set {file} version={shown['version']}", 6)
    return "<watchdog" in plan and "vm vm1: complete" in done and "has changed since" in late and "<watchdog" in type_at(m, "xml vm1"), plan + done + late


def newest_first(m):
    times = [line.split()[-1] for line in type_at(m, "list jobs").splitlines()[1:]]
    return len(times) > 3 and times == sorted(times, reverse=True)


def check(tap, m):
    settle(m)
    before = world(m)
    for words, status, sentence in REFUSED:
        said = type_at(m, words, status)
        tap.check(sentence in said, f"refused: {words}", said)
    tap.check(world(m) == before, "what was refused changed nothing")
    for words, printed in DONE:
        said = type_at(m, words)
        tap.check(printed in said, words, said)
    drive, table = put_in_image(m)
    tap.check(drive in table and table.startswith("ID"), "a drive is called by the id its table shows", table)
    changed, said = change_running(m)
    tap.check(changed, "the medium of a running guest is changed now, and for its next start", said)
    written, said = write_xml(m)
    tap.check(written, "a VM's XML is written from a file", said)
    tap.check("stays" in keep_disks(m), "a VM is removed and its disk kept")
    tap.check(newest_first(m), "the newest job stands on top")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="the same")
    arguments = parser.parse_args()
    tap = Tap()
    estate = Estate(os.path.abspath(arguments.build), "cli")
    try:
        data = estate.copy("cli")
        with estate.open(data) as m:
            check(tap, m)
        shutil.rmtree(data, ignore_errors=True)
    finally:
        estate.close()
    tap.done()


if __name__ == "__main__":
    main()
