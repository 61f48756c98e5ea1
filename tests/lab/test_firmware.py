#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Firmware of real guests: UEFI to its shell, Secure Boot, a TPM 2.0 that the guest's own kernel sees, Windows' kind of machine, an aarch64
machine; and what they leave on the host: variables and TPM state go with a VM of ours and stay when somebody else's domain is removed. By
API and CLI; `virsh dumpxml` agrees."""
import os
import re
import shutil
import time
import xml.etree.ElementTree as ElementTree

from lab import program, wait_for
from test_devices import make, start

PATIENCE = 150
DRIVERS = "virtio-win-0.1.262.iso"
ARM = "/usr/lib/debian-installer/images/12/arm64/text/debian-installer/arm64"     # a kernel and a busybox of that architecture


class Serial:
    """What a guest says on its serial line from its first moment on: it is started standing still and let go when somebody listens."""

    def __init__(self, libvirtd, manager, name):
        self.libvirtd, self.name = libvirtd, name
        self.file = os.path.join(libvirtd.folder, f"{name}.serial")
        reply = manager.action(name, "start", {"pause": "true"})
        if reply.status not in (200, 201):
            raise RuntimeError(f"{name} does not start: {reply}")
        xml = ElementTree.fromstring(libvirtd.virsh("dumpxml", name))
        self.line = xml.find("devices/serial/source").get("path")
        libvirtd.call("run", "sh", "-c", f"setsid cat {self.line} > {self.file} 2>/dev/null < /dev/null & sleep 0.5")
        libvirtd.virsh("resume", name)

    def text(self):
        with open(self.file, "rb") as file:
            return re.sub(rb"\x1b\[[0-9;?=]*[A-Za-z]", b"", file.read()).decode("utf-8", "replace")

    def type(self, words):
        self.libvirtd.call("run", "sh", "-c", f"echo '{words}' > {self.line}")

    def says(self, pattern):
        return wait_for(lambda: re.search(pattern, self.text()), PATIENCE)


def kept(libvirtd, uuid, secure=False):
    """(variables, TPM state) on the host."""
    return (os.path.exists(os.path.join(libvirtd.folder, "lib/qemu/nvram", f"{uuid}{'_SECURE' if secure else ''}_VARS.fd")),
            os.path.isdir(os.path.join(libvirtd.folder, "lib/swtpm", uuid)))


def variables(libvirtd):
    folder = os.path.join(libvirtd.folder, "lib/qemu/nvram")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def dump(libvirtd, name, *options):
    return ElementTree.fromstring(libvirtd.virsh("dumpxml", *options, name))


def give_disk(tap, manager, vm, name):
    disk = manager.post(f"/vms/{vm}/diskattachments?wait=1", {"active": "true", "bootable": "true", "disk": {
        "name": f"{name}-blank", "provisioned_size": str(1 << 20), "format": "raw"}})
    tap.check(disk.status == 201, "with an empty disk, which nothing can boot from", disk)
    return disk.body


def add(tap, manager, name, **more):
    reply = manager.post("/vms?wait=1", {"name": name, "memory": str(256 << 20), **more})
    if not tap.check(reply.status == 201, f"{name} is added", reply):
        raise RuntimeError(f"no {name}")
    vm = reply.body["id"]
    give_disk(tap, manager, vm, name)
    return vm


def remove(tap, manager, name):
    manager.action(name, "stop")
    reply = manager.delete(f"/vms/{manager.vm(name)['id']}?wait=1")
    tap.check(reply.status == 200, f"{name} is removed", reply)


def check_host(tap, manager):
    host = manager.host()
    types = host.get("bios_types", {}).get("bios_type", [])
    tap.check({"q35_sea_bios", "q35_ovmf", "q35_secure_boot"} <= set(types), "the host says which firmware it has", host)
    tap.check(host.get("tpm_supported") == "true", "and that it can emulate a TPM", host)


def check_shell(tap, libvirtd, manager):
    manager.cli("--wait", "add", "vm", "shell", f"memory={256 << 20}", "bios.type=q35_ovmf", "os.type=ol_9x64", "tpm_enabled=true")
    vm = manager.vm("shell")["id"]
    give_disk(tap, manager, vm, "shell")
    serial = Serial(libvirtd, manager, "shell")
    tap.check(serial.says(r"UEFI Interactive Shell|Shell>"), "OVMF comes to its shell", serial.text()[-500:])
    xml = dump(libvirtd, "shell")
    tap.check(xml.find("os/loader").get("type") == "pflash" and xml.find("os/nvram").text.endswith(f"/{vm}_VARS.fd"), "libvirt chose the firmware; its variables are called by the VM's id")
    tap.check(xml.find("devices/tpm/backend").get("version") == "2.0", "it has a TPM 2.0")
    shown = manager.get(f"/vms/{vm}").body
    tap.check(shown["bios"]["type"] == "q35_ovmf" and shown["tpm_enabled"] == "true", "the VM says so", shown)
    tap.check(kept(libvirtd, vm) == (True, True), "its variables and its TPM's state lie on the host", kept(libvirtd, vm))
    manager.action("shell", "stop")
    reply = manager.put(f"/vms/{vm}?wait=1", {"bios": {"type": "q35_sea_bios"}})
    tap.check(reply.status == 409 and "a TPM needs UEFI" in reply.sentence, "with a TPM it keeps UEFI", reply)
    remove(tap, manager, "shell")
    tap.check(kept(libvirtd, vm) == (False, False), "variables and state go with it", kept(libvirtd, vm))


def check_secure_boot(tap, libvirtd, manager):
    vm = add(tap, manager, "secure", bios={"type": "q35_secure_boot"})
    serial = Serial(libvirtd, manager, "secure")
    tap.check(serial.says(r"BdsDxe"), "OVMF with Secure Boot boots", serial.text()[-500:])
    xml = dump(libvirtd, "secure")
    smm = xml.find("features/smm")
    tap.check(xml.find("os/loader").get("secure") == "yes" and smm is not None and smm.get("state") == "on", "its variables are out of the guest's reach")
    tap.check(manager.get(f"/vms/{vm}").body["bios"]["type"] == "q35_secure_boot", "the VM says so")
    manager.action("secure", "stop")
    manager.cli("--wait", "update", "vm", "secure", "bios.type=q35_ovmf")
    inactive = dump(libvirtd, "secure", "--inactive")
    feature = inactive.find("os/firmware/feature[@name='secure-boot']")
    tap.check(feature is not None and feature.get("enabled") == "no", "its firmware is changed while it is down")
    tap.check(inactive.find("os/nvram").text.endswith(f"/{vm}_VARS.fd"), "and gets variables of its own")
    serial = Serial(libvirtd, manager, "secure")
    tap.check(serial.says(r"UEFI Interactive Shell|Shell>|BdsDxe"), "the other firmware boots", serial.text()[-500:])
    tap.check(dump(libvirtd, "secure").find("os/loader").get("secure") != "yes", "and checks no signatures")
    remove(tap, manager, "secure")
    tap.check(not [file for file in variables(libvirtd) if vm in file], "the variables of both go with it", variables(libvirtd))


def check_tpm(lab):
    tap, libvirtd, manager = lab.tap, lab.libvirtd, lab.manager
    guest = make(lab, "measured")
    reply = manager.put(guest.path + "?wait=1", {"tpm_enabled": "true", "bios": {"type": "q35_ovmf"}, "os": {"type": "ol_9x64"}})
    tap.check(reply.status == 200, "a VM gets a TPM and UEFI", reply)
    start(guest)
    tap.check("tpm0" in guest.run("ls /sys/class/tpm"), "the guest's kernel has the TPM", guest.run("ls /sys/class/tpm"))
    tap.check(guest.run("cat /sys/class/tpm/tpm0/tpm_version_major").strip() == "2", "it is a TPM 2.0")
    tap.check("efi" in guest.run("ls /sys/firmware"), "and it was started by UEFI")
    remove(tap, manager, "measured")


def check_windows(tap, libvirtd, manager, storage):
    with open(os.path.join(storage, DRIVERS), "wb") as file:
        file.truncate(1 << 20)
    data = manager.get("/storagedomains").body["storage_domain"]
    domain = next(row["id"] for row in data if row["name"] == "data")
    listed = wait_for(lambda: DRIVERS in manager.get(f"/storagedomains/{domain}/files").text, 90)
    tap.check(listed, "the virtio drivers' CD is listed")
    vm = add(tap, manager, "win", os={"type": "windows_11"})
    shown = manager.get(f"/vms/{vm}").body
    tap.check(shown["bios"]["type"] == "q35_secure_boot" and shown["tpm_enabled"] == "true", "Windows 11 gets Secure Boot and a TPM by itself", shown)
    xml = dump(libvirtd, "win", "--inactive")
    media = [os.path.basename(source.get("file")) for source in xml.findall("devices/disk[@device='cdrom']/source") if source.get("file")]
    tap.check(media == [DRIVERS], "and the drivers' CD in a second drive", media)
    tap.check(xml.find("clock").get("offset") in ("localtime", "timezone"), "its clock is local time")
    tap.check(xml.find("devices/input[@type='tablet']") is not None, "it has a tablet")
    serial = Serial(libvirtd, manager, "win")
    tap.check(serial.says(r"BdsDxe|Shell>"), "its firmware boots", serial.text()[-500:])
    picture = manager.get(f"/vms/{vm}").body["status"]
    tap.check(picture in ("up", "powering_up"), "it runs", picture)
    tap.check(kept(libvirtd, vm, secure=True) == (True, True), "variables and TPM state are kept", kept(libvirtd, vm, secure=True))
    remove(tap, manager, "win")
    tap.check(kept(libvirtd, vm, secure=True) == (False, False), "and go with it")


FOREIGN = """<domain type='qemu'><name>theirs</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features><devices>
<emulator>/usr/bin/qemu-system-x86_64</emulator><tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm></devices></domain>"""


def check_foreign(tap, libvirtd, manager):
    libvirtd.virsh("define", "/dev/stdin", data=FOREIGN)
    uuid = libvirtd.virsh("domuuid", "theirs")
    libvirtd.virsh("start", "theirs")
    time.sleep(1)
    libvirtd.virsh("destroy", "theirs")
    state = ("theirs_VARS.fd" in variables(libvirtd), kept(libvirtd, uuid)[1])
    tap.check(state == (True, True), "somebody else's domain has variables and TPM state", state)
    wait_for(lambda: manager.status("theirs") == "down", 5)
    manager.put(f"/vms/{uuid}?wait=1", {"delete_protected": "false"})
    reply = manager.delete(f"/vms/{uuid}?wait=1")
    tap.check(reply.status == 200 and "theirs" not in libvirtd.virsh("list", "--all", "--name").split(), "it is removed by a person's wish", reply)
    state = ("theirs_VARS.fd" in variables(libvirtd), kept(libvirtd, uuid)[1])
    tap.check(state == (True, True), "its variables and TPM state are not the manager's to delete", state)


def check_arm(tap, libvirtd, manager):
    tap.check("aarch64" in manager.host().get("guest_architectures", {}).get("guest_architecture", []), "the host says that it emulates aarch64", manager.host())
    vm = add(tap, manager, "arm", os={"type": "other_linux_aarch64"})
    tap.check(manager.get(f"/vms/{vm}").body["cpu"]["architecture"] == "aarch64", "its system says what it runs on")
    serial = Serial(libvirtd, manager, "arm")
    tap.check(serial.says(r"UEFI Interactive Shell|Shell>|BdsDxe"), "an aarch64 guest boots its firmware", serial.text()[-500:])
    xml = dump(libvirtd, "arm")
    tap.check(xml.find("os/type").get("arch") == "aarch64" and xml.find("os/type").get("machine").startswith("virt"), "on a virt machine")
    tap.check(xml.find("devices/video/model").get("type") == "virtio" and xml.find("devices/input[@type='keyboard'][@bus='usb']") is not None,
              "with a virtio screen and a USB keyboard")
    manager.action("arm", "stop")
    reply = manager.put(f"/vms/{vm}?wait=1", {"memory": str(512 << 20)})
    tap.check(reply.status == 200 and manager.get(f"/vms/{vm}").body["cpu"]["architecture"] == "aarch64", "it is edited like any other", reply)
    reply = manager.put(f"/vms/{vm}?wait=1", {"bios": {"type": "q35_ovmf"}})
    tap.check(reply.status == 400 and "UEFI of its own" in reply.sentence, "it has no firmware of other machines", reply)
    remove(tap, manager, "arm")
    tap.check(not kept(libvirtd, vm)[0], "its variables go with it")


def check_arm_kernel(tap, libvirtd, manager, storage):
    """A Linux of another architecture, up to its shell, under direct boot."""
    if not os.path.exists(f"{ARM}/linux"):
        tap.skip("a kernel on aarch64", "debian-installer-12-netboot-arm64 is not installed (make check-full installs it)")
        return
    for file in ("linux", "initrd.gz"):
        shutil.copy(f"{ARM}/{file}", f"{storage}/arm-{file}")
    add(tap, manager, "armlinux", memory=str(512 << 20), os={"type": "other_linux_aarch64", "kernel": f"{storage}/arm-linux", "initrd": f"{storage}/arm-initrd.gz",
                                                            "cmdline": "console=ttyAMA0 rdinit=/bin/sh"})
    serial = Serial(libvirtd, manager, "armlinux")
    tap.check(serial.says(r"Booting Linux on physical CPU"), "an aarch64 guest boots its kernel", serial.text()[-500:])
    tap.check(serial.says(r"built-in shell"), "and its programs run", serial.text()[-500:])
    serial.type("echo it is $(uname -m)")
    tap.check(serial.says(r"it is aarch64"), "its shell says what it runs on", serial.text()[-300:])
    tap.check(dump(libvirtd, "armlinux").findtext("os/kernel") == f"{storage}/arm-linux", "virsh shows its kernel")
    manager.action("armlinux", "stop")
    remove(tap, manager, "armlinux")
    tap.check(os.path.exists(f"{storage}/arm-linux"), "its kernel is a file of the person's and stays")


def run(lab):
    tap, libvirtd, manager = lab.tap, lab.libvirtd, lab.manager
    check_host(tap, manager)
    check_shell(tap, libvirtd, manager)
    check_secure_boot(tap, libvirtd, manager)
    check_tpm(lab)
    check_windows(tap, libvirtd, manager, lab.storage)
    check_foreign(tap, libvirtd, manager)
    if shutil.which("qemu-system-aarch64"):
        check_arm(tap, libvirtd, manager)
        check_arm_kernel(tap, libvirtd, manager, lab.storage)
    else:
        tap.skip("aarch64", "no qemu-system-aarch64")


if __name__ == "__main__":
    if shutil.which("swtpm") and os.path.isdir("/usr/share/OVMF"):
        program("firmware", run, sees=True)
    else:
        print("1..0 # SKIP no swtpm or OVMF")
