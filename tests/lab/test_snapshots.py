#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Snapshots of a real guest that writes: taken while it runs, with its memory and without, and while it is down; removed first, last and in the
middle, merged live and at rest; restored, previewed, committed to and undone. What the guest reads is compared with what it wrote, the files with `qemu-img info --backing-chain`, and all of it with what the API shows. By API,
command line and oVirt's Python SDK."""
import base64
import hashlib
import json
import os
import subprocess

import client_sdk
from lab import program, wait_for
from shikirid import hello_guest
from test_manager import address

MIB = 1 << 20
SIZE = 96 * MIB
TIME_TO_BOOT = 90
STEP = 4                # MiB a pattern fills


def chain(lab, disk):
    """Names of its files, from the one that is written down."""
    shown = lab.manager.get(f"/disks/{disk}").body
    name = disk if shown["image_id"] == disk else f"{disk}.{shown['image_id']}"
    told = subprocess.run(["qemu-img", "info", "-U", "--backing-chain", "--output=json", os.path.join(lab.storage, name)], check=True, capture_output=True, text=True).stdout
    return [os.path.basename(one["filename"]) for one in json.loads(told)]


def files(lab, disk):
    return sorted(name for name in os.listdir(lab.storage) if name.startswith(disk))


def named(lab, vm):
    """The files libvirt has for it, of what runs or of its definition."""
    return [os.path.basename(line.split()[-1]) for line in lab.libvirtd.virsh("domblklist", vm).splitlines() if "/" in line and line.split()[0].startswith("vd")]


def agree(lab, vm, disk, count, what):
    """Files, their chain, the domain and the manager say the same."""
    now = chain(lab, disk)
    return lab.tap.check(len(now) == count and sorted(now) == files(lab, disk) and now[0] in named(lab, vm), f"{what}: {count} image{'s'[:count != 1]}, and all agree",
                         (now, files(lab, disk), named(lab, vm)))


def run(lab, script, **more):
    reply = lab.manager.action("hello", "exec", {"command": "/bin/sh", "arguments": {"argument": ["-c", script]}, **more})
    done = reply.body.get("guest_run", {})
    return base64.b64decode(done.get("out_data", "")).decode("utf-8", "replace").strip() if done.get("exit_code") == "0" else repr(reply)


def write(lab, number, seed):
    """Pattern SEED into part NUMBER of the disk, past the guest's page cache."""
    told = run(lab, f"yes {seed} | head -c {STEP * MIB} | dd of=/dev/vda bs=1M seek={number * STEP} conv=notrunc 2>/dev/null; sync; echo 3 > /proc/sys/vm/drop_caches; echo done", timeout="60")
    return lab.tap.check(told == "done", f"the guest writes {seed}", told)


def expected(seed):
    if seed is None:
        return hashlib.md5(bytes(STEP * MIB)).hexdigest()
    line = f"{seed}\n".encode()
    return hashlib.md5((line * (STEP * MIB // len(line) + 1))[:STEP * MIB]).hexdigest()


def reads(lab, seeds, what):
    """What the guest reads of each part."""
    script = "; ".join(f"dd if=/dev/vda bs=1M skip={number * STEP} count={STEP} 2>/dev/null | md5sum | cut -d' ' -f1" for number in range(len(seeds)))
    told = run(lab, f"echo 3 > /proc/sys/vm/drop_caches; {script}", timeout="60").split()
    return lab.tap.check(told == [expected(seed) for seed in seeds], f"{what}: it reads {', '.join(str(seed) for seed in seeds)}", told)


def holds(lab, disk, seeds, what):
    """The same of a disk nobody has open, by its file."""
    out = os.path.join(lab.libvirtd.folder, "read.raw")
    top = os.path.join(lab.storage, chain(lab, disk)[0])
    subprocess.run(["qemu-img", "convert", "-f", "raw" if top.endswith(disk) and lab.manager.get(f"/disks/{disk}").body["format"] == "raw" else "qcow2", "-O", "raw", top, out], check=True)
    with open(out, "rb") as file:
        told = [hashlib.md5(file.read(STEP * MIB)).hexdigest() for _ in seeds]
    os.unlink(out)
    return lab.tap.check(told == [expected(seed) for seed in seeds], f"{what}: it holds {', '.join(str(seed) for seed in seeds)}", told)


def make(lab):
    manager = lab.manager
    kernel, initrd = hello_guest(lab.storage)
    lab.expect(manager.post("/vms?wait=1", {"name": "hello", "memory": str(192 * MIB), "nics": {"nic": [{"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}]}, "os": {
        "kernel": kernel, "initrd": initrd, "cmdline": "console=ttyS0 quiet shikiri.name=hello"}}), "a guest is made")
    vm = manager.vm("hello")["id"]
    reply = manager.post(f"/vms/{vm}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "false", "disk": {
        "name": "data1", "provisioned_size": str(SIZE), "format": "raw"}})
    lab.expect(reply, "with a raw disk")
    start(lab)
    return vm, reply.body["id"]


def answers(lab):
    try:
        return run(lab, "echo there") == "there"
    except OSError:
        return False


def start(lab):
    lab.expect(lab.manager.action("hello", "start"), "it is started")
    vm = lab.manager.vm("hello")["id"]
    lab.tap.check(wait_for(lambda: address(lab.manager, vm) and answers(lab), TIME_TO_BOOT), "and boots")


def stop(lab):
    lab.expect(lab.manager.action("hello", "stop"), "it is stopped")


def snapshots(lab, vm):
    return {one["description"]: one for one in lab.manager.get(f"/vms/{vm}/snapshots").body["snapshot"]}


def take(lab, vm, name, memory="false"):
    reply = lab.manager.post(f"/vms/{vm}/snapshots?wait=1", {"description": name, "persist_memorystate": memory}, timeout=180)
    lab.expect(reply, f"snapshot {name} is taken", (200, 201, 202))
    ok = wait_for(lambda: snapshots(lab, vm).get(name, {}).get("snapshot_status") == "ok", 120)
    lab.tap.check(ok, f"and {name} is ok", snapshots(lab, vm))
    return reply.body["id"]


def drop(lab, vm, snapshot, what, wait=True):
    reply = lab.manager.delete(f"/vms/{vm}/snapshots/{snapshot}{'?wait=1' if wait else ''}", timeout=180)
    lab.expect(reply, f"{what} is removed", (200, 202))
    if wait:
        gone = wait_for(lambda: lab.manager.get(f"/vms/{vm}/snapshots/{snapshot}").status == 404, 120)
        lab.tap.check(gone, f"and {what} is gone", lab.manager.busy())


def check_live(lab, vm, disk):
    """First, middle, last, while it writes."""
    tap = lab.tap
    write(lab, 0, "alpha")
    ids = {}
    for number, name in enumerate(("one", "two", "three")):
        ids[name] = take(lab, vm, name)
        write(lab, number + 1, f"after-{name}")
    frozen = json.loads(lab.libvirtd.virsh("qemu-agent-command", "hello", '{"execute":"guest-fsfreeze-status"}'))["return"]
    tap.check(frozen == "thawed" and not lab.manager.vm("hello").get("frozen_until"), "its file systems are thawed", frozen)
    agree(lab, "hello", disk, 4, "three live snapshots")
    shown = lab.manager.get(f"/vms/{vm}/snapshots/{ids['two']}/disks").body["disk"][0]
    tap.check(shown["id"] == disk and f"{disk}.{shown['image_id']}" in files(lab, disk), "the API shows the image of a point", shown)
    held = lab.manager.get(f"/disks/{disk}/disksnapshots").body.get("disk_snapshot", [])
    tap.check(len(held) == 3 and [one for one in held if one.get("parent", {}).get("id") == disk], "and the images of a disk, with what they stand on", held)
    all_of_it = ("alpha", "after-one", "after-two", "after-three")
    for name, count in (("two", 3), ("one", 2), ("three", 1)):
        drop(lab, vm, ids[name], name)
        agree(lab, "hello", disk, count, f"without {name}")
        reads(lab, all_of_it, f"without {name}")
    tap.check(lab.manager.get(f"/disks/{disk}").body["format"] == "raw", "it is one raw file again", lab.manager.get(f"/disks/{disk}").body)
    tap.check("snapshot" not in lab.libvirtd.virsh("snapshot-list", "--name", "hello"), "libvirt is left no snapshots")


def check_down(lab, vm, disk):
    """The same at rest; and a tree."""
    tap, manager = lab.tap, lab.manager
    first = take(lab, vm, "base")
    write(lab, 1, "branch-a")
    stop(lab)
    second = take(lab, vm, "left")
    refused = manager.delete(f"/vms/{vm}/diskattachments/{disk}?wait=1&detach_only=true")
    tap.check(refused.status == 409 and "holds it" in refused.sentence, "a disk that snapshots hold does not leave its VM", refused)
    lab.expect(manager.post(f"/vms/{vm}/snapshots/{first}/restore?wait=1", {}), "it is restored", (200, 202))
    holds(lab, disk, ("alpha", "after-one"), "restored")
    start(lab)
    reads(lab, ("alpha", "after-one", "after-two"), "restored, it runs")
    write(lab, 1, "branch-b")
    drop(lab, vm, first, "base, upon which two stand,")
    reads(lab, ("alpha", "branch-b", "after-two"), "without base")
    stop(lab)
    lab.expect(manager.post(f"/vms/{vm}/previewsnapshot?wait=1", {"snapshot": {"id": second}}), "left is previewed", (200, 202))
    tap.check(snapshots(lab, vm)["left"]["snapshot_status"] == "in_preview", "and shown so", snapshots(lab, vm))
    holds(lab, disk, ("alpha", "branch-a"), "previewed")
    start(lab)
    reads(lab, ("alpha", "branch-a"), "previewed, it runs")
    write(lab, 1, "lost")
    stop(lab)
    lab.expect(manager.action("hello", "undosnapshot"), "undone", (200, 202))
    holds(lab, disk, ("alpha", "branch-b"), "undone")
    lab.expect(manager.post(f"/vms/{vm}/previewsnapshot?wait=1", {"snapshot": {"id": second}}), "previewed again", (200, 202))
    lab.expect(manager.action("hello", "commitsnapshot"), "and committed to", (200, 202))
    holds(lab, disk, ("alpha", "branch-a"), "committed")
    drop(lab, vm, second, "left")
    agree(lab, "hello", disk, 1, "all removed at rest")
    holds(lab, disk, ("alpha", "branch-a"), "all removed")
    start(lab)


def check_memory(lab, vm, disk):
    tap, manager = lab.tap, lab.manager
    run(lab, "echo remembered > /run/word")
    write(lab, 0, "kept")
    point = take(lab, vm, "live", "true")
    tap.check(os.path.exists(os.path.join(lab.storage, f"{point}.memory")), "its memory is a file", os.listdir(lab.storage))
    run(lab, "echo forgotten > /run/word")
    write(lab, 0, "gone")
    stop(lab)
    lab.expect(manager.post(f"/vms/{vm}/snapshots/{point}/restore?wait=1", {"restore_memory": "true"}, timeout=180), "restored with its memory", (200, 202))
    tap.check(wait_for(lambda: manager.status("hello") in ("up", "powering_up") and answers(lab), 60), "it runs at once", manager.status("hello"))
    tap.check(run(lab, "cat /run/word") == "remembered", "and remembers")
    reads(lab, ("kept",), "with its memory")
    drop(lab, vm, point, "live")
    tap.check(not os.path.exists(os.path.join(lab.storage, f"{point}.memory")), "with it its memory goes")
    reads(lab, ("kept",), "merged since")


def check_command_line(lab, vm, disk):
    tap, manager = lab.tap, lab.manager
    told = manager.cli("--wait", "add", "snapshot", "vm=hello", "description=by-hand", "persist_memorystate=false")
    listed = manager.cli("list", "snapshots", "vm=hello")
    tap.check("by-hand" in listed and "Active VM" in listed, "the command line takes and lists them", (told, listed))
    point = snapshots(lab, vm)["by-hand"]["id"]
    plan = manager.delete(f"/vms/{vm}/snapshots/{point}?plan=1").body.get("plan", "")
    tap.check("is merged into" in plan and len(files(lab, disk)) == 2, "a plan tells what would be merged", plan)
    manager.cli("--wait", "remove", "snapshot", point, "vm=hello")
    agree(lab, "hello", disk, 1, "by the command line")


def check_sdk(lab, vm):
    """As people's scripts have it."""
    tap = lab.tap
    sdk, types = client_sdk.load()
    if not sdk:
        tap.skip("sdk: snapshots", types)
        return
    script = client_sdk.Script(tap, lab.manager, sdk, types)
    service = script.vms.vm_service(vm)
    points = service.snapshots_service()
    point = points.add(types.Snapshot(description="script", persist_memorystate=False))
    one = points.snapshot_service(point.id)
    tap.check(wait_for(lambda: one.get().snapshot_status == types.SnapshotStatus.OK, 60), "sdk: a snapshot is taken", one.get().snapshot_status)
    tap.check(len(one.disks_service().list()) == 1 and len(one.nics_service().list()) == 1, "sdk: with its disk and its card")
    service.stop()
    down = lambda: service.get().status == types.VmStatus.DOWN
    wait_for(down, 60)
    service.preview_snapshot(snapshot=types.Snapshot(id=point.id))
    tap.check(wait_for(lambda: one.get().snapshot_status == types.SnapshotStatus.IN_PREVIEW and down(), 60), "sdk: it is previewed", one.get().snapshot_status)
    service.undo_snapshot()
    tap.check(wait_for(lambda: one.get().snapshot_status == types.SnapshotStatus.OK and down(), 60), "sdk: undone")
    service.preview_snapshot(snapshot=types.Snapshot(id=point.id))
    wait_for(lambda: one.get().snapshot_status == types.SnapshotStatus.IN_PREVIEW and down(), 60)
    service.commit_snapshot()
    tap.check(wait_for(lambda: one.get().snapshot_status == types.SnapshotStatus.OK and down(), 60), "sdk: previewed again and committed to")
    one.restore()
    tap.check(wait_for(lambda: one.get().snapshot_status == types.SnapshotStatus.OK and down(), 60), "sdk: restored")
    one.remove()
    gone = wait_for(lambda: isinstance(client_sdk.refusal(sdk, one.get), sdk.NotFoundError), 60)
    tap.check(gone, "sdk: removed")


def check_removal(lab, vm, disk):
    take(lab, vm, "one")
    take(lab, vm, "two")
    lab.expect(lab.manager.delete(f"/vms/{vm}?wait=1"), "the VM is removed")
    lab.tap.check(not files(lab, disk), "with all images of its disk", files(lab, disk))


def run_all(lab):
    vm, disk = make(lab)
    check_live(lab, vm, disk)
    check_down(lab, vm, disk)
    check_memory(lab, vm, disk)
    check_command_line(lab, vm, disk)
    check_sdk(lab, vm)
    check_removal(lab, vm, disk)


if __name__ == "__main__":
    program("snapshots", run_all)
