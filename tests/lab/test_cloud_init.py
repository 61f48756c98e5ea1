#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What a real guest is told at its start: it mounts the disk and finds it, by API and command line. Its definition stays as it is to the byte, the file is there
for root and QEMU alone, and is gone with the run, whoever died meanwhile; while its memory is saved it stays."""
import glob
import os
import stat

from lab import program, wait_for
from test_guest import run, said
from test_life import answers, inactive
from shikirid import hello_guest

WORD = "not to be found 42"
TOLD = {"host_name": "web1", "user_name": "ops", "root_password": WORD, "custom_script": "#!/bin/sh\necho 'own: 😀'\n",
        "nic_configurations": {"nic_configuration": [{"name": "eth0", "boot_protocol": "dhcp"}]}}
MOUNT = "mkdir -p /seed; mount -t iso9660 -o ro /dev/{} /seed && cd /seed && "


def make(lab):
    kernel, initrd = hello_guest(lab.storage)
    lab.expect(lab.manager.post("/vms?wait=1", {"name": "hello", "memory": str(192 << 20), "nics": {"nic": [{"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}]}, "os": {
        "kernel": kernel, "initrd": initrd, "cmdline": "console=ttyS0 quiet shikiri.name=hello"}, "initialization": TOLD}), "a guest is made, with what it shall be told")


def seeds(lab):
    return glob.glob(os.path.join(lab.manager.folder, "seeds", "*", "*.seed"))


def read(lab, name):
    """A file of the medium, as the guest finds it."""
    return said(run(lab, MOUNT.format("vda") + f"cat {name}; cd /; umount /seed"))


def leaked(lab):
    """Files of the manager that hold the password's word."""
    found = []
    for folder, _, files in os.walk(lab.manager.folder):
        for name in files:
            path = os.path.join(folder, name)
            try:
                with open(path, "rb") as file:
                    found += [path] if WORD.encode() in file.read() else []
            except OSError:
                pass
    return found


def check_first(lab):
    manager, tap = lab.manager, lab.tap
    before = inactive(lab, "hello")
    plan = manager.post(f"/vms/{manager.vm('hello')['id']}/start?plan=1", {})
    tap.check("root_password ***" in plan.text and WORD not in plan.text and not seeds(lab), "a plan says what it is told, without the password", plan)
    lab.expect(manager.action("hello", "start"), "it is started for the first time")
    tap.check(answers(lab), "it boots")
    found = seeds(lab)
    mode = os.stat(found[0]) if found else None
    tap.check(len(found) == 1 and stat.S_IMODE(mode.st_mode) == 0o600, "its medium is a file that nobody else reads", (found, mode))
    user_data = read(lab, "user-data")
    tap.check("multipart/mixed" in user_data, "the guest finds what it is told, in parts", user_data)
    tap.check('local-hostname: "web1"' in read(lab, "meta-data") and "macaddress" in read(lab, "network-config"), "its name and its card")
    tap.check(inactive(lab, "hello") == before, "its definition is the same to the byte")
    shown = manager.get(f"/vms/{manager.vm('hello')['id']}?all_content=true")
    tap.check(shown.body["initialization"]["host_name"] == "web1" and "root_password" not in shown.text, "the API shows it without the password", shown.text[:500])
    tap.check(not leaked(lab), "the password's word is in no file", leaked(lab))


def check_gone(lab):
    manager, tap = lab.manager, lab.tap
    manager.cli("--wait", "suspend", "vm", "hello")
    tap.check(len(seeds(lab)) == 1, "suspended, it keeps its medium")
    lab.expect(manager.action("hello", "start"), "it goes on")
    lab.expect(manager.action("hello", "stop"), "and is stopped")
    tap.check(wait_for(lambda: not seeds(lab), 10), "the medium is gone with the run", seeds(lab))
    lab.expect(manager.action("hello", "start"), "started again")
    tap.check(not seeds(lab), "it is told nothing more")
    lab.expect(manager.action("hello", "stop"), "it is stopped")


def check_asked(lab):
    manager, tap, libvirtd = lab.manager, lab.tap, lab.libvirtd
    manager.cli("--wait", "start", "vm", "hello", "use_cloud_init=true", "vm.initialization.host_name=web2", "vm.initialization.custom_script=")
    tap.check(answers(lab), "asked to by the command line, it is told again")
    tap.check('hostname: "web2"' in read(lab, "user-data"), "what was sent for this run", read(lab, "user-data"))
    manager.kill()
    libvirtd.virsh("destroy", "hello")
    tap.check(len(seeds(lab)) == 1, "its manager killed, nobody takes the medium away")
    manager.start()
    tap.check(wait_for(lambda: manager.status("hello") == "down" and not seeds(lab), 20), "the next one does", seeds(lab))


def check_windows(lab):
    """No Windows here, and no driver for its drives in this guest: what its setup would look for is there."""
    manager, tap = lab.manager, lab.tap
    path = f"/vms/{manager.vm('hello')['id']}"
    lab.expect(manager.put(path + "?wait=1", {"os": {"type": "windows_2022"}, "initialization": {"host_name": "win1", "root_password": WORD, "custom_script": ""}}), "its system is Windows")
    lab.expect(manager.action("hello", "start", {"use_sysprep": "true"}), "it is started with sysprep")
    [path] = seeds(lab)
    with open(path, "rb") as file:
        answers_file = file.read()
    xml = lab.libvirtd.virsh("dumpxml", "hello")
    tap.check(b"Autounattend.xml" in answers_file and b"<ComputerName>win1</ComputerName>" in answers_file and WORD.encode() not in answers_file, "its answers are there, without the word itself")
    tap.check(f"<source file='{path}'" in xml and "<alias name='ua-seed'/>" in xml and xml.count("device='cdrom'") == 2, "on a CD in a drive of its own", xml)
    lab.expect(manager.action("hello", "stop"), "it is stopped")
    tap.check(wait_for(lambda: not seeds(lab), 10), "and the CD gone")


def check_killed(lab):
    """Killed at every record and effect: the definition is as before, and no medium outlives its run."""
    manager, tap = lab.manager, lab.tap
    before, wrong = inactive(lab, "hello"), []
    for where in ("step:1", "step:2", "step:3", "effect:1"):
        manager.stop()
        manager.start(options=("--fail-at", where))
        wait_for(lambda: manager.host()["status"] == "up", 15)
        try:
            manager.action("hello", "start", {"use_cloud_init": "true"})
        except OSError:
            pass
        wait_for(lambda: manager.process.poll() is not None, 5)
        manager.kill()
        manager.start()
        if not wait_for(lambda: manager.host()["status"] == "up" and not manager.busy() and manager.status("hello") in ("up", "down"), 20):
            wrong.append(f"{where}: it does not settle")
        if manager.status("hello") == "up":
            manager.action("hello", "stop")
        if not wait_for(lambda: not seeds(lab), 15) or inactive(lab, "hello") != before:
            wrong.append(f"{where}: {seeds(lab)}")
    tap.check(not wrong, "killed at any record of such a start, definition and folder are as before", "\n".join(wrong))


def run_all(lab):
    make(lab)
    for check in (check_first, check_gone, check_asked, check_windows, check_killed):
        check(lab)


if __name__ == "__main__":
    program("cloud_init", run_all)
