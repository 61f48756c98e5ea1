#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Merges of images beneath a real guest at the worst moments: the manager, libvirtd and QEMU are killed in the middle of one; somebody puts an image
upon ours, or takes a snapshot with virsh. What the guest wrote is what it reads afterwards, and nothing is left over."""
import os
import signal
import subprocess
import time

from lab import program, wait_for
from test_snapshots import SIZE, agree, chain, drop, holds, make, reads, start, take, write


def hold(lab):
    """The manager stands still while QEMU merges: it has begun, and nobody ends it."""
    manager = lab.manager

    def begun():
        try:
            return "Commit" in lab.libvirtd.virsh("blockjob", "hello", "vda", "--raw")
        except RuntimeError:
            return False
    found = wait_for(begun, 30)
    os.kill(manager.process.pid, signal.SIGSTOP)
    return found and begun()


def merged(lab, vm, snapshot):
    return wait_for(lambda: lab.manager.host()["status"] == "up" and not lab.manager.busy() and lab.manager.get(f"/vms/{vm}/snapshots/{snapshot}").status == 404, 120)


def check_killed(lab, vm, disk):
    tap, manager = lab.tap, lab.manager
    for who in ("the manager", "libvirtd", "QEMU"):
        for part in range(3):
            write(lab, part, f"before-{part}-{who.split()[-1]}")
        point = take(lab, vm, f"kill {who}")
        for part in range(3):
            write(lab, part, f"merged-{part}-{who.split()[-1]}")
        seeds = [f"merged-{part}-{who.split()[-1]}" for part in range(3)]
        drop(lab, vm, point, f"kill {who}", wait=False)
        tap.check(hold(lab), f"a merge is under way when {who} is killed")
        if who == "the manager":
            manager.kill()
            manager.start()
        elif who == "libvirtd":
            lab.libvirtd.signal("KILL")
            time.sleep(1)
            lab.libvirtd.call("start")
        else:
            lab.libvirtd.signal_qemu("hello", "KILL")
        if who != "the manager":
            os.kill(manager.process.pid, signal.SIGCONT)
        tap.check(merged(lab, vm, point), f"{who} killed: it is merged all the same", (manager.busy(), manager.last_words(5)))
        agree(lab, "hello", disk, 1, f"{who} killed")
        if who == "QEMU":
            holds(lab, disk, seeds, f"{who} killed")
            start(lab)
        reads(lab, seeds, f"{who} killed")


def check_astray(lab, vm, disk):
    """Somebody acts beside the manager."""
    tap, manager = lab.tap, lab.manager
    point = take(lab, vm, "watched")
    image = chain(lab, disk)[0]
    stranger = os.path.join(lab.storage, "stranger.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-u", "-F", "qcow2", "-b", image, stranger, str(SIZE)], check=True)
    reply = manager.delete(f"/vms/{vm}/snapshots/{point}?wait=1")
    tap.check(reply.status == 409 and "Something stands upon" in reply.sentence, "what stands upon an image without the manager's knowledge is not destroyed", reply)
    os.unlink(stranger)
    lab.libvirtd.virsh("snapshot-create-as", "hello", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={os.path.join(lab.storage, 'by-hand')}")
    reply = manager.delete(f"/vms/{vm}/snapshots/{point}?wait=1")
    tap.check(reply.status == 409 and "by-hand" in reply.sentence, "nor is a snapshot of virsh's", reply)
    lab.libvirtd.virsh("blockcommit", "hello", "vda", "--active", "--pivot", "--shallow", "--wait")
    os.unlink(os.path.join(lab.storage, "by-hand"))
    drop(lab, vm, point, "undone by hand, watched")
    agree(lab, "hello", disk, 1, "undone by hand")


def run(lab):
    vm, disk = make(lab)
    check_killed(lab, vm, disk)
    check_astray(lab, vm, disk)


if __name__ == "__main__":
    program("merges", run)
