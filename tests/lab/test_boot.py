#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Real guests that begin and end with their host: in order, with delays and by the word of an agent, as libvirt's own events show; a manager that is
killed in the middle; a machine that hears nobody and loses its power. That the machine has booted is what the manager's store says of
the last boot: it is given another one between two runs. libvirt's own autostart is left to libvirt."""
import os
import re
import sqlite3
import subprocess
import time

from lab import program, wait_for
from shikirid import hello_guest
from test_manager import address

DELAY = 4
STOP_DELAY = 6
TIME_TO_BOOT = 90
EVENT = re.compile(r"^(\d+-\d+-\d+ \d+:\d+:\d+\.\d+)\+\d+: event 'lifecycle' for domain '?(\w+)'?: (\w+) (\w+)", re.M)


class Witness:
    """What libvirt tells of lives, by virsh."""

    def __init__(self, uri, file):
        self.file = file
        self.out = open(file, "w", encoding="utf-8")
        self.process = subprocess.Popen(["virsh", "-q", "-c", uri, "event", "--event", "lifecycle", "--loop", "--timestamp"], stdout=self.out, stdin=subprocess.DEVNULL)
        time.sleep(0.5)

    def seen(self):
        """[(seconds, domain, what)] in their order."""
        with open(self.file, encoding="utf-8") as told:
            return [(time.mktime(time.strptime(when[:19], "%Y-%m-%d %H:%M:%S")) + float("0" + when[19:]), name, what)
                    for when, name, what, _ in EVENT.findall(told.read())]

    def of(self, what):
        return [(at, name) for at, name, seen in self.seen() if seen == what]

    def forget(self):
        self.out.truncate(0)
        self.out.seek(0)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.out.close()


def make(lab):
    """hello has an agent; first, stone and last boot nothing and hear nobody."""
    manager = lab.manager
    kernel, initrd = hello_guest(lab.storage)
    lab.expect(manager.post("/vms?wait=1", {"name": "hello", "memory": str(192 << 20), "nics": {"nic": [{"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}]},
                                            "os": {"kernel": kernel, "initrd": initrd, "cmdline": "console=ttyS0 quiet shikiri.name=hello"},
                                            "autostart": {"enabled": "true", "order": "2", "start_delay": "600", "wait_for_agent": "true"}}), "a guest with an agent is made")
    for name in ("first", "stone", "libvirts"):
        lab.expect(manager.post("/vms?wait=1", {"name": name, "memory": str(64 << 20), "nics": {"nic": [{"name": "nic1"}]},
                                                "os": {"boot": {"devices": {"device": ["network"]}}}}), f"a machine without an operating system, {name}")
    manager.cli("--wait", "update", "vm", "first", "autostart.enabled=true", "autostart.order=1", f"autostart.start_delay={DELAY}", "autostart.stop_action=suspend")
    manager.cli("--wait", "update", "vm", "stone", "autostart.enabled=true", "autostart.order=3", f"autostart.stop_delay={STOP_DELAY}")
    manager.cli("--wait", "update", "vm", "libvirts", "autostart.enabled=true", "autostart.order=1")
    lab.libvirtd.virsh("autostart", "libvirts")
    lab.tap.check(wait_for(lambda: manager.vm("libvirts").get("libvirt_autostart") == "true", 40), "libvirt's own autostart is shown", manager.vm("libvirts"))


def boot(lab):
    """The manager ends, and finds another boot when it comes back."""
    manager = lab.manager
    manager.stop()
    now = open("/proc/sys/kernel/random/boot_id", encoding="ascii").read().strip().encode()
    other = b"0" * len(now)
    with sqlite3.connect(os.path.join(manager.folder, "shikiri.db")) as books:
        rows = books.execute("SELECT id, body FROM objects WHERE type = 'host'").fetchall()
        changed = [(body.replace(now, other), host) for host, body in rows if now in body]
        books.executemany("UPDATE objects SET body = ? WHERE type = 'host' AND id = ?", changed)
    lab.tap.check(changed, "the store says which boot was seen last")
    manager.start()


def names(pairs):
    return [name for _, name in pairs]


def check_start(lab, witness):
    manager, tap = lab.manager, lab.tap
    boot(lab)
    wait_for(lambda: manager.status("first") == "up", 20)
    manager.kill()
    manager.start()
    tap.check(wait_for(lambda: "hello" in names(witness.of("Started")), 30), "the machine boots, and its VMs are started, by a manager that is killed behind the first one", witness.seen())
    vm = manager.vm("hello")["id"]
    tap.check(manager.status("stone") == "down", "what follows waits for the agent of hello")
    tap.check(wait_for(lambda: address(manager, vm), TIME_TO_BOOT), "which answers")
    tap.check(wait_for(lambda: not manager.busy() and manager.status("stone") == "up", 15), "and then it is started", manager.events(0)[:5])
    started = witness.of("Started")
    tap.check(names(started) == ["first", "hello", "stone"], "libvirt saw each start once, in their order", started)
    tap.check(started[1][0] - started[0][0] >= DELAY - 0.2, "with its delay", started)
    told = [event["description"] for event in manager.events(0)]
    tap.check(any("VM libvirts is left to libvirt" in text for text in told) and manager.status("libvirts") == "down", "what libvirt starts by itself is left to it", told[:8])
    manager.stop()
    manager.start()
    wait_for(lambda: manager.host()["status"] == "up", 20)
    time.sleep(2)
    tap.check(len(witness.of("Started")) == 3, "a manager that starts anew starts nothing", witness.seen())


def check_stop(lab, witness):
    manager, tap = lab.manager, lab.tap
    reply = manager.post(f"/hosts/{manager.host()['id']}/stopvms", {"async": "true"})
    wait_for(lambda: manager.status("stone") == "powering_down", 10)
    refused = manager.action("libvirts", "start")
    tap.check(reply.status in (200, 202) and refused.status == 409 and "are being stopped" in refused.sentence, "all are stopped, and meanwhile none starts", (reply, refused))
    manager.kill()
    manager.start()
    tap.check(wait_for(lambda: manager.host()["status"] == "up" and not manager.busy(), 120) is True, "a manager that is killed meanwhile goes on with it", manager.busy())
    tap.check([manager.status(name) for name in ("first", "hello", "stone")] == ["suspended", "down", "down"], "each has ended in its manner", manager.vms())
    stopped = witness.of("Stopped")
    ends = [(at, name) for at, name, what in witness.seen() if what in ("Stopped", "Shutdown")]
    order = list(dict.fromkeys(names(ends)))
    tap.check(order == ["stone", "hello", "first"] and len(stopped) == 3, "in the reverse order, as libvirt saw it", witness.seen())
    tap.check("no" in lab.libvirtd.virsh("dominfo", "hello").split("Managed save:")[1] and "yes" in lab.libvirtd.virsh("dominfo", "first").split("Managed save:")[1],
              "the memory of the one that is suspended is kept")
    told = [event["description"] for event in manager.events(0)]
    tap.check(any(f"VM stone has not shut down within {STOP_DELAY} seconds: it is powered off" in text for text in told), "the one that hears nobody is told of", told[:12])
    tap.check(any("hello" in text and "shut down" in text for text in told), "hello obeyed", told[:12])
    boot(lab)
    tap.check(wait_for(lambda: manager.status("first") == "up", 20) and "restored" in lab.libvirtd.virsh("domstate", "--reason", "first"), "with the next boot the suspended one goes on where it was")
    job = wait_for(manager.busy, 5)
    manager.cli("cancel", "job", job[0]["id"])
    wait_for(lambda: not manager.busy(), 10)
    manager.cli("--wait", "stopvms", "host", manager.host()["name"])
    tap.check(not lab.libvirtd.virsh("list", "--name"), "the start is cancelled, and the command line stops what runs", lab.libvirtd.virsh("list", "--all"))


def run(lab):
    witness = Witness(lab.libvirtd.uri, os.path.join(lab.libvirtd.folder, "witness"))
    try:
        make(lab)
        check_start(lab, witness)
        check_stop(lab, witness)
    finally:
        witness.close()


if __name__ == "__main__":
    program("boot", run)
