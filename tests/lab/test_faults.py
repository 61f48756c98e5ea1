#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The whole manager while things under it break: libvirtd killed, stopped, restarted; QEMU killed, stopped; the disk full; the
database locked; the manager itself killed in the middle of a start. Each time the state says so within seconds, everything else
keeps answering, and it mends itself."""
import argparse
import http.client
import os
import signal
import sqlite3
import subprocess
import threading
import time

from lab import Libvirtd, Tap, wait_for
from shikirid import Shikirid

SOON = 1.0              # an event of libvirt
KEEPALIVE = 20          # a libvirtd that is there and silent is found out by keepalive
PROMPT = 1.0            # any other answer meanwhile
BARE = {"memory": str(64 << 20), "os": {"boot": {"devices": {"device": ["network"]}}}}


class Lab:
    def __init__(self, tap, libvirtd, manager):
        self.tap, self.libvirtd, self.manager = tap, libvirtd, manager

    def expect(self, reply, name, status=(200, 201)):
        return self.tap.check(reply.status in (status if isinstance(status, tuple) else (status,)), name, reply)

    def prompt(self, name, times=5):
        """Reads of every kind, each answered at once."""
        slowest = max((self.manager.get(path) for _ in range(times) for path in ("/vms", "/hosts", "/events?max=5", "/jobs", "/disks")),
                      key=lambda reply: (reply.status != 200, reply.seconds))
        self.tap.check(slowest.status == 200 and slowest.seconds < PROMPT, f"{name}: everything else answers", slowest)

    def becomes(self, question, seconds, name, why=lambda: ""):
        begun = time.monotonic()
        well = wait_for(question, seconds)
        return self.tap.check(well, f"{name} within {seconds} s", f"not after {time.monotonic() - begun:.1f} s; {why()}")

    def host_is(self, up, seconds, name):
        manager = self.manager
        self.becomes(lambda: (manager.host()["status"] == "up") == up, seconds, name, manager.host)

    def settled(self, name):
        """No job left, and the claim of none."""
        self.becomes(lambda: not self.manager.busy(), 30, f"{name}: no job is left", self.manager.busy)


def add_vm(lab, name):
    """Firmware that finds nothing to boot is a running guest, and a network to boot from needs no disk."""
    reply = lab.manager.post("/vms?wait=1", {"name": name, **BARE})
    lab.expect(reply, f"{name} is added", 201)
    lab.expect(lab.manager.post(f"/vms/{reply.body['id']}/nics?wait=1", {"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}), f"{name} gets a NIC", 201)


def restart_libvirtd(lab):
    lab.libvirtd.call("start")


# --- libvirtd ----------------------------------------------------------------------------------------------------------------------

def check_libvirtd_killed(lab):
    manager, tap = lab.manager, lab.tap
    seen = manager.last_event()
    lab.libvirtd.signal("KILL")
    lab.host_is(False, 5, "libvirtd killed: the host is not up")
    tap.check([e for e in manager.events(seen) if "does not respond" in e["description"]], "an event says why", manager.events(seen))
    lab.becomes(lambda: manager.status("one") == "unknown", 5, "its running VM is unknown", manager.vms)
    lab.prompt("libvirtd killed")
    refused = manager.action("two", "start")
    tap.check(refused.status in (409, 503) and refused.seconds < 5 and "two" in refused.text, "a start is refused in a sentence", refused)
    refused = manager.post("/vms?wait=1", {"name": "three", **BARE})
    tap.check(refused.status in (409, 503) and refused.seconds < 5, "an addition too", refused)
    restart_libvirtd(lab)
    lab.host_is(True, 15, "libvirtd is back: the host is up")
    lab.becomes(lambda: manager.status("one") == "up" and manager.status("two") == "down", 5, "its VMs are as they are", manager.vms)
    lab.expect(manager.action("two", "start"), "and it works again")
    lab.expect(manager.action("two", "stop"), "wholly")
    lab.settled("libvirtd killed")


def check_libvirtd_stopped(lab):
    manager, tap = lab.manager, lab.tap
    lab.libvirtd.signal("STOP")
    replies = []
    asker = threading.Thread(target=lambda: replies.append(manager.action("two", "start", timeout=120)))
    asker.start()
    lab.prompt("libvirtd stopped, not yet found out")
    lab.host_is(False, KEEPALIVE, "libvirtd stopped: the host is not up")
    lab.prompt("libvirtd stopped")
    quick = manager.action("one", "stop", timeout=30)
    tap.check(quick.status >= 400 and quick.seconds < 10, "a stop is refused, not begun and forgotten", quick)
    lab.libvirtd.signal("CONT")
    lab.host_is(True, 30, "libvirtd goes on: the host is up")
    asker.join(120)
    tap.check(replies, "the start that was under way was answered", replies)
    lab.settled("libvirtd stopped")
    running = "two" in lab.libvirtd.virsh("list", "--name").split()
    lab.becomes(lambda: manager.status("two") == ("up" if running else "down"), 5, "its VM is what libvirt says", lambda: (running, manager.vm("two"), replies))
    if running:
        lab.expect(manager.action("two", "stop"), "it can be stopped")


def check_libvirtd_restarted(lab):
    manager = lab.manager
    lab.libvirtd.signal("TERM")
    restart_libvirtd(lab)
    lab.host_is(True, 15, "libvirtd restarted: the host is up again")
    lab.becomes(lambda: manager.status("one") == "up", 5, "its VM runs on", manager.vms)
    # And its events are heard again.
    begun = time.monotonic()
    lab.libvirtd.virsh("suspend", "one")
    lab.becomes(lambda: manager.status("one") == "paused", SOON, "its events are heard again", lambda: time.monotonic() - begun)
    lab.libvirtd.virsh("resume", "one")


# --- QEMU --------------------------------------------------------------------------------------------------------------------------

def check_qemu_stopped(lab):
    manager, tap = lab.manager, lab.tap
    lab.expect(manager.action("two", "start"), "a second VM starts")
    lab.libvirtd.signal_qemu("two", "STOP")
    time.sleep(3)
    lab.prompt("a stopped QEMU")
    lab.expect(manager.action("one", "stop", timeout=60), "a stopped QEMU: another VM can be stopped")
    lab.expect(manager.action("one", "start", timeout=60), "and started")
    tap.check(manager.host()["status"] == "up", "the host is up all the time", manager.host())
    reply = manager.action("two", "stop", timeout=90)
    lab.expect(reply, "the stopped one itself can be stopped by force")
    lab.becomes(lambda: manager.status("two") == "down", 5, "and is down", lambda: manager.vm("two"))
    lab.settled("a stopped QEMU")


def check_qemu_killed(lab):
    manager, tap = lab.manager, lab.tap
    seen = manager.last_event()
    stream = manager.stream()
    since = time.monotonic()
    lab.libvirtd.signal_qemu("one", "KILL")
    found = wait_for(lambda: stream.find(since, "vm", lambda vm: vm.get("name") == "one" and vm["status"] == "down"), 5)
    tap.check(found and found - since <= SOON, "a killed QEMU is down within a second", (found or 0) - since)
    tap.check(wait_for(lambda: [e for e in manager.events(seen) if "one" in e["description"] and "crash" in e["description"]], 3),
              "and an event says that it crashed", [e["description"] for e in manager.events(seen)])
    stream.close()
    lab.expect(manager.action("one", "start"), "it starts again")


# --- the manager's own disk -----------------------------------------------------------------------------------------------------------

def check_database_locked(lab):
    manager, tap = lab.manager, lab.tap
    locker = sqlite3.connect(os.path.join(manager.folder, "shikiri.db"), isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    replies = []
    asker = threading.Thread(target=lambda: replies.append(manager.put(f"/vms/{manager.vm('two')['id']}?wait=1", {"description": "changed"}, timeout=120)))
    asker.start()
    asker.join(30)
    tap.check(replies and replies[0].status in (503, 504, 507), "database locked: a change is refused within seconds", replies or "no answer in 30 s")
    lab.prompt("database locked")
    lab.libvirtd.virsh("suspend", "one")
    lab.becomes(lambda: manager.status("one") == "paused", 2, "database locked: facts still flow", lambda: manager.vm("one"))
    lab.libvirtd.virsh("resume", "one")
    locker.execute("ROLLBACK")
    locker.close()
    lab.becomes(lambda: manager.put(f"/vms/{manager.vm('two')['id']}?wait=1", {"description": "changed"}).status == 200, 20,
                "the database is free: a change is made")


def check_disk_full(tap, libvirtd, build):
    """A manager on a file system of its own, in a mount namespace that ends with it."""
    folder = os.path.join(libvirtd.folder, "small")
    os.makedirs(folder)
    manager = Shikirid(build, folder, uri=libvirtd.uri)
    manager.command = ["unshare", "-m", "--propagation", "private", "sh", "-c",
                       'mount -t tmpfs -o size=24M,mode=711 tmpfs "$1" && shift && exec "$@"', "sh", folder, *manager.command]
    inside = None
    try:
        inside = start_inside(manager, folder)
        lab = Lab(tap, libvirtd, manager)
        lab.host_is(True, 20, "on a small disk: the host is up")
        vm = manager.vm("one")
        fill(os.path.join(inside, "filler"))
        reply, tries = manager.put(f"/vms/{vm['id']}?wait=1", {"description": "x" * 3000}), 1
        while reply.status == 200 and tries < 200:      # what the file has room for already
            reply, tries = manager.put(f"/vms/{vm['id']}?wait=1", {"description": f"{tries} " * 900}), tries + 1
        tap.check(reply.status == 507 and reply.sentence, "disk full: a change is refused as such, in a sentence", reply)
        lab.prompt("disk full")
        libvirtd.virsh("suspend", "one")
        lab.becomes(lambda: manager.status("one") == "paused", 2, "disk full: facts still flow", lambda: manager.vm("one"))
        libvirtd.virsh("resume", "one")
        os.unlink(os.path.join(inside, "filler"))
        lab.becomes(lambda: manager.put(f"/vms/{vm['id']}?wait=1", {"description": "room again"}).status == 200, 20, "room again: a change is made")
        tap.check(manager.process.poll() is None, "the manager lived through it", manager.last_words())
    finally:
        manager.__exit__()


def start_inside(manager, folder):
    """Its files lie where only its namespace sees them: through /proc they are seen from here too."""
    inside = f"/proc/{{}}/root{folder}"
    original = manager.folder
    thread = threading.Thread(target=follow_password, args=(manager, inside))
    manager.folder = os.path.join("/nonexistent")
    manager.log = original + ".log"
    thread.start()
    try:
        manager.start()
    finally:
        thread.join()
    return inside.format(manager.process.pid)


def follow_password(manager, inside):
    """Names the folder as soon as the process is there."""
    wait_for(lambda: manager.process is not None, 10)
    manager.folder = inside.format(manager.process.pid)


def fill(path):
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                pass


# --- the manager itself ---------------------------------------------------------------------------------------------------------------

def check_killed_while_starting(lab):
    """kill -9 at moments spread over a start: afterwards the VM is up or down as libvirt says, once, with no job and no claim."""
    manager, libvirtd, tap = lab.manager, lab.libvirtd, lab.tap
    if manager.status("two") != "down":
        manager.action("two", "stop")
    vm = manager.vm("two")["id"]
    for moment in (0.0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4):
        threading.Thread(target=quietly, args=(manager.post, f"/vms/{vm}/start?wait=1"), daemon=True).start()
        time.sleep(moment)
        manager.kill()
        manager.start()
        lab.host_is(True, 20, f"killed {moment} s into a start: the host is up after the restart")
        lab.settled(f"killed {moment} s into a start")
        running = "two" in libvirtd.virsh("list", "--name").split()
        lab.becomes(lambda: manager.status("two") == ("up" if running else "down"), 10, f"killed {moment} s into a start: the VM is what libvirt says",
                    lambda: (running, manager.vm("two")))
        processes = subprocess.run(["pgrep", "-fc", f"guest=two,.*{libvirtd.folder}|{vm}"], capture_output=True, text=True, check=False).stdout.strip()
        tap.check(int(processes) == int(running), f"killed {moment} s into a start: it runs at most once", processes)
        lab.expect(manager.action("two", "stop" if running else "start"), f"killed {moment} s into a start: it obeys again")
        if not running:
            manager.action("two", "stop")


def quietly(call, *arguments):
    """A request whose manager dies under it."""
    try:
        call(*arguments)
    except (OSError, ValueError, http.client.HTTPException):
        pass


def check_killed_while_adding(lab):
    """The same for adding: afterwards there is a VM with its domain, or neither."""
    manager, libvirtd, tap = lab.manager, lab.libvirtd, lab.tap
    for number, moment in enumerate((0.0, 0.005, 0.01, 0.02)):
        name = f"late{number}"
        threading.Thread(target=quietly, args=(manager.post, "/vms?wait=1", {"name": name, **BARE}), daemon=True).start()
        time.sleep(moment)
        manager.kill()
        manager.start()
        wait_for(lambda: manager.host()["status"] == "up", 20)
        lab.settled(f"killed {moment} s into an addition")
        there = name in manager.vms()
        lab.becomes(lambda: (name in libvirtd.virsh("list", "--all", "--name").split()) == (name in manager.vms()), 5,
                    f"killed {moment} s into an addition: VM and domain, or neither", lambda: (there, manager.vm(name)))
        if there:
            lab.expect(manager.delete(f"/vms/{manager.vm(name)['id']}?wait=1"), f"killed {moment} s into an addition: it can be removed", 200)
    tap.check(sorted(libvirtd.virsh("list", "--all", "--name").split()) == ["one", "two"], "no domain is left over", libvirtd.virsh("list", "--all"))


def add_with_disk(lab, name):
    """(id of the VM, file of its disk)"""
    vm = lab.manager.post("/vms?wait=1", {"name": name, **BARE}).body["id"]
    storage = next(one["name"] for one in lab.manager.get("/storagedomains").body["storage_domain"] if one["type"] == "data")
    reply = lab.manager.post(f"/vms/{vm}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "false", "disk": {
        "name": f"{name}-disk", "provisioned_size": str(8 << 20), "format": "cow", "storage_domain": {"name": storage}}})
    lab.expect(reply, f"{name} has a disk", (201, 202))
    return vm, os.path.join(lab.manager.folder, "storage", reply.body["id"])


def check_killed_while_removing(lab):
    """The same for removing: afterwards there are VM, domain and disk, or none of them, and what is there can be removed."""
    manager, libvirtd, tap = lab.manager, lab.libvirtd, lab.tap
    for number, moment in enumerate((0.0, 0.01, 0.03, 0.06, 0.1)):
        name, said = f"gone{number}", f"killed {moment} s into a removal"
        vm, file = add_with_disk(lab, name)
        threading.Thread(target=quietly, args=(manager.delete, f"/vms/{vm}?wait=1"), daemon=True).start()
        time.sleep(moment)
        manager.kill()
        manager.start()
        lab.host_is(True, 30, f"{said}: the host is up after the restart")
        lab.settled(said)
        stand = lambda: (name in manager.vms(), name in libvirtd.virsh("list", "--all", "--name").split(), os.path.exists(file))
        lab.becomes(lambda: len(set(stand())) == 1, 10, f"{said}: VM, domain and disk, or nothing", stand)
        if name in manager.vms():
            lab.expect(manager.delete(f"/vms/{vm}?wait=1"), f"{said}: it can be removed", 200)
        lab.becomes(lambda: stand() == (False, False, False), 5, f"{said}: then nothing is left", stand)


def check_last_words(lab):
    """However it ends, the log says why: by itself where it can, else at the next start."""
    manager, tap = lab.manager, lab.tap
    manager.process.send_signal(signal.SIGQUIT)
    manager.process.wait(10)
    tap.check("ended by SIGQUIT, sent by process" in manager.last_words(), "a signal that ends it is named in its log, with who sent it", manager.last_words())
    manager.start()
    tap.check("did not end in order" in manager.last_words(), "and the next start says so", manager.last_words())
    manager.process.send_signal(signal.SIGHUP)
    manager.process.wait(10)
    tap.check(manager.process.returncode == 0 and "ending: SIGHUP" in manager.last_words(), "a closed terminal ends it in order", manager.last_words())
    manager.start()
    tap.check("did not end in order" not in manager.last_words(2), "of which the next start says nothing", manager.last_words(2))
    lab.host_is(True, 30, "after all this the host is up")


def run(tap, build):
    with Libvirtd("faults") as libvirtd:
        libvirtd.call("run", "virsh", "-q", "net-start", "default")
        with Shikirid(build, os.path.join(libvirtd.folder, "data"), uri=libvirtd.uri) as manager:
            lab = Lab(tap, libvirtd, manager)
            checks = (check_libvirtd_killed, check_libvirtd_restarted, check_libvirtd_stopped, check_qemu_stopped, check_qemu_killed,
                      check_database_locked, check_killed_while_starting, check_killed_while_adding, check_killed_while_removing, check_last_words)
            lab.host_is(True, 20, "the host is up")
            add_vm(lab, "one")
            add_vm(lab, "two")
            lab.expect(manager.action("one", "start"), "one is started")
            for check in checks:
                try:
                    check(lab)
                except Exception as error:
                    tap.check(False, f"{check.__name__} runs to its end", f"{type(error).__name__}: {error}\n{manager.last_words()}")
            tap.check(manager.process.poll() is None, "the manager still runs", manager.last_words(40))
            manager.stop()
        check_disk_full(tap, libvirtd, build)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true")
    tap = Tap()
    run(tap, parser.parse_args().build)
    tap.done()


if __name__ == "__main__":
    main()
