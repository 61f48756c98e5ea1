#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What a real guest prints at its serial console is kept by virtlogd: from the next start on, appended to, bounded, shown by API and command line without what a terminal
would obey, the clone's apart, and gone with its VM. A log of somebody else's is shown and left alone. What the API says is what `virsh dumpxml` says."""
import os
import re
import xml.etree.ElementTree as ElementTree

from lab import program, wait_for
from test_life import answers, inactive, make

BOUND = 4 * (256 << 10)     # as private_libvirtd.sh tells virtlogd: 256 KiB, and three pieces behind it


def vm(lab, name="hello"):
    return lab.manager.get(f"/vms/{lab.manager.vm(name)['id']}?all_content=true").body


def file_of(lab, name="hello"):
    return os.path.join(lab.libvirtd.folder, "data", "console", lab.manager.vm(name)["id"] + ".log")


def pieces(lab, name="hello"):
    folder, stem = os.path.split(file_of(lab, name))
    return [os.path.join(folder, entry) for entry in os.listdir(folder) if entry.startswith(stem)]


def ask(lab, name="hello", query=""):
    return lab.manager.get(f"/vms/{lab.manager.vm(name)['id']}/consolelog{query}")


def logs(xml):
    return {log.get("file") for log in ElementTree.fromstring(xml).iterfind("devices/*/log")}


def keep(lab, wish, name="hello"):
    return lab.manager.put(f"/vms/{lab.manager.vm(name)['id']}?wait=1", {"console": {"log_enabled": wish}})


def say(lab, script):
    """What a shell of the guest's prints goes to its serial line."""
    lab.manager.cli("exec", "hello", "--", "/bin/sh", "-c", f"({script}) >/dev/ttyS0 2>&1 </dev/null")


def start(lab):
    lab.expect(lab.manager.action("hello", "start"), "it is started")
    lab.tap.check(answers(lab), "and boots")


def stop(lab):
    lab.expect(lab.manager.action("hello", "stop"), "it is stopped")


def check_switched(lab):
    manager, tap = lab.manager, lab.tap
    off = ask(lab)
    tap.check(off.status == 409 and "is kept" in off.text, "as it is made nothing is kept", off)
    start(lab)
    lab.expect(keep(lab, "true"), "switched on while it runs")
    tap.check(wait_for(lambda: "console" in manager.vm("hello").get("next_run_differences", {}).get("difference", []), 5), "its next start will have it")
    tap.check(not logs(lab.libvirtd.virsh("dumpxml", "hello")) and logs(inactive(lab, "hello")) == {file_of(lab)}, "as virsh says")
    stop(lab)
    start(lab)
    tap.check(logs(lab.libvirtd.virsh("dumpxml", "hello")) == {file_of(lab)} and vm(lab)["console"]["log_file"] == file_of(lab), "it runs with it, and the API says which file")
    say(lab, "printf '\\r\\n\\033[1mit is here\\033[0m\\r\\n'")         # behind the prompt of the shell that sits there
    told = wait_for(lambda: "\nit is here\n" in ask(lab).body.get("text", "") and ask(lab).body["text"], 20)
    tap.check(told and "\x1b" not in told and "\r" not in told, "what it printed is shown", told or ask(lab))
    printed = manager.cli("log", "hello", "1")
    tap.check(printed and len(printed) <= 1024 and printed.strip() in ask(lab).body["text"], "the command line shows the end of the same", printed)
    size = sum(os.path.getsize(piece) for piece in pieces(lab))
    stop(lab)
    start(lab)
    say(lab, "echo once more")
    tap.check("it is here" in ask(lab).body["text"] and wait_for(lambda: sum(os.path.getsize(piece) for piece in pieces(lab)) > size, 20), "another run is put behind it")


def check_bounded(lab):
    """Root of a guest prints as fast as it can, escape sequences and bytes that are no text among it."""
    tap = lab.tap
    say(lab, "while :; do printf '\\033[2J\\033]0;owned\\007\\377\\000'; head -c 60000 /dev/zero | tr '\\0' x; echo; done &")
    tap.check(wait_for(lambda: len(pieces(lab)) == 4, 120), "a guest that prints without end fills pieces", pieces(lab))
    wait_for(lambda: False, 10)
    size = sum(os.path.getsize(piece) for piece in pieces(lab))
    tap.check(len(pieces(lab)) == 4 and size <= BOUND + (64 << 10), "and no more than virtlogd keeps", f"{pieces(lab)} {size}")
    told = ask(lab, query="?kib=512").body           # three pieces hold more
    tap.check(told["truncated"] == "true" and not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", told["text"]) and "owned" not in told["text"], "what is shown is text", told["text"][:200])
    stop(lab)


def check_clone(lab):
    manager, tap = lab.manager, lab.tap
    lab.expect(manager.action("hello", "clone", {"vm": {"name": "twin"}}), "it is cloned")
    tap.check(logs(inactive(lab, "twin")) == {file_of(lab, "twin")} != {file_of(lab)}, "the clone has a file of its own", inactive(lab, "twin"))
    lab.expect(manager.put(f"/vms/{manager.vm('twin')['id']}?wait=1", {"name": "renamed"}), "it is renamed")
    tap.check(logs(inactive(lab, "renamed")) == {file_of(lab, "renamed")}, "which changes nothing of it")
    lab.expect(manager.delete(f"/vms/{manager.vm('renamed')['id']}?wait=1"), "it is removed")
    tap.check(len(pieces(lab)) == 4, "and its original's stay")


def check_foreign(lab):
    manager, tap = lab.manager, lab.tap
    foreign = "/var/log/libvirt/qemu/somebody.log"
    xml = inactive(lab, "hello").replace(file_of(lab), foreign)
    path = os.path.join(lab.libvirtd.folder, "foreign.xml")
    with open(path, "w", encoding="utf-8") as out:
        out.write(xml)
    lab.libvirtd.call("run", "virsh", "-q", "define", path)
    tap.check(wait_for(lambda: vm(lab)["console"].get("log_file") == foreign, 40), "virsh gives it another log, and the API says so", vm(lab)["console"])
    read, off = ask(lab), keep(lab, "false")
    tap.check(read.status == 409 and off.status == 409 and foreign in read.text and foreign in off.text, "it is neither read nor taken away", f"{read} {off}")
    written = manager.post(f"/vms/{manager.vm('hello')['id']}/overridexml?wait=1", {"xml": inactive(lab, "hello").replace(foreign, "/etc/cron.d/x")})
    tap.check(written.status == 403 and logs(inactive(lab, "hello")) == {foreign}, "nor named otherwise by hand", written)
    with open(path, "w", encoding="utf-8") as out:
        out.write(inactive(lab, "hello").replace(foreign, file_of(lab)))
    lab.libvirtd.call("run", "virsh", "-q", "define", path)
    tap.check(wait_for(lambda: vm(lab)["console"].get("log_file") == file_of(lab), 40), "and back")


def check_removed(lab):
    manager, tap = lab.manager, lab.tap
    other = os.path.join(os.path.dirname(file_of(lab)), "somebody.log")
    with open(other, "w", encoding="utf-8") as out:
        out.write("x")
    lab.expect(keep(lab, "false"), "it is switched off")
    tap.check(not logs(inactive(lab, "hello")) and ask(lab).status == 200, "what was kept is still shown")
    files = pieces(lab)
    lab.expect(manager.delete(f"/vms/{manager.vm('hello')['id']}?wait=1"), "the VM is removed")
    tap.check(files and not any(os.path.exists(file) for file in files) and os.path.exists(other), "its files are gone, and nothing else is", files)


def run(lab):
    make(lab)
    check_switched(lab)
    check_bounded(lab)
    check_clone(lab)
    check_foreign(lab)
    check_removed(lab)


if __name__ == "__main__":
    program("console_log", run)
