#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The content of real disks, with libvirtd and QEMU: up and down by the protocol, by the command line and by oVirt's Python SDK, compared
bit for bit; a VM that starts meanwhile is refused by the manager and by QEMU's own locks; a disk that is full; and nothing of a
stranger's image reaches a guest."""
import argparse
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))

import client_imageio                               # noqa: E402
import client_sdk                                   # noqa: E402
from images import MIB, Image, Transfer, add_disk, hostile, pattern, qemu_img, status    # noqa: E402
from lab import Lab, Libvirtd, Tap, wait_for        # noqa: E402
from shikirid import Shikirid                       # noqa: E402
from transfer_recipes import wait_phase             # noqa: E402

SIZE = 48 * MIB


def path(lab, disk):
    return os.path.join(lab.storage, disk)


def info(lab, disk):
    return qemu_img("info", path(lab, disk))


def make_guest(lab, form):
    """A VM that is down, with a disk whose first MiB is a pattern."""
    manager, name = lab.manager, f"guest-{form}"
    lab.expect(manager.post("/vms?wait=1", {"name": name, "memory": str(64 * MIB), "os": {"boot": {"devices": {"device": ["network"]}}}}), f"a VM with a {form} disk")
    reply = manager.post(f"/vms/{manager.vm(name)['id']}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "true", "disk": {
        "name": name, "provisioned_size": str(SIZE), "format": form}})
    disk = reply.body["id"]
    subprocess.run(["qemu-io", "-f", "qcow2" if form == "cow" else "raw", "-c", "write -P 0x5a 0 1M", path(lab, disk)], check=True, stdout=subprocess.DEVNULL)
    return name, disk


def start_beside(lab, name):
    """What virsh says; '' if it started."""
    try:
        lab.libvirtd.virsh("start", name)
    except RuntimeError as error:
        return str(error)
    lab.libvirtd.virsh("destroy", name)
    return ""


def check_guest(lab, form):
    """Up, down, and never beside a guest."""
    tap, manager = lab.tap, lab.manager
    name, disk = make_guest(lab, form)
    down = Transfer(manager, disk, "download")
    with down.image() as image:
        tap.check(down.phase == "transferring" and image.get(0, MIB).body == b"\x5a" * MIB and image.get(MIB, MIB).body == bytes(MIB), f"{form}: what a guest wrote is downloaded", down.how)
        reply = manager.action(name, "start")
        tap.check(reply.status == 409 and "Disk is locked" in reply.text, f"{form}: its VM is not started meanwhile", reply)
        beside = start_beside(lab, name)
        tap.check("lock" in beside, f"{form}: nor beside the manager: QEMU does not get the disk", beside)
    tap.check(down.end("finalize") == "finished_success" and status(manager, disk) == "ok", f"{form}: the download ends", down.body)
    wait_for(lambda: manager.status(name) == "down", 15)
    data = pattern(20 * MIB, 11)
    up = Transfer(manager, disk)
    with up.image() as image:
        for at in range(0, len(data), 3 * MIB):
            image.put(2 * MIB + at, data[at:at + 3 * MIB])
        image.patch(op="zero", offset=0, size=MIB, flush=True)
    tap.check(up.end("finalize") == "finished_success" and status(manager, disk) == "ok", f"{form}: an upload ends", up.body)
    raw = os.path.join(lab.libvirtd.folder, f"{form}.raw")
    qemu_img("convert", "-f", "qcow2" if form == "cow" else "raw", "-O", "raw", path(lab, disk), raw)
    with open(raw, "rb") as file:
        tap.check(file.read() == bytes(2 * MIB) + data + bytes(SIZE - 22 * MIB), f"{form}: and the file has those bytes", info(lab, disk))
    lab.expect(manager.action(name, "start"), f"{form}: the VM starts")
    refused = Transfer(manager, disk, "download").how
    tap.check(refused.status == 409 and name in refused.sentence, f"{form}: while it runs its disk is not moved", refused)
    lab.expect(manager.action(name, "stop"), f"{form}: it stops")


def check_hostile(lab):
    tap, manager = lab.tap, lab.manager
    disk = add_disk(manager, SIZE, "cow")
    folder = os.path.join(lab.libvirtd.folder, "images")
    os.mkdir(folder)
    for name, data, reason in hostile(folder, SIZE):
        before = manager.last_event()
        up = Transfer(manager, disk, form="cow")
        with up.image() as image:
            image.put(0, data)
        phase = up.end("finalize")
        told = " ".join(event["description"] for event in manager.events(before))
        tap.check(phase == "finished_failure" and status(manager, disk) == "illegal" and reason in told, f"an image with {name} is refused", told)
    vm = manager.post("/vms?wait=1", {"name": "victim", "memory": str(64 * MIB)}).body["id"]
    reply = manager.post(f"/vms/{vm}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "disk": {"id": disk}})
    if reply.status == 201:
        reply = manager.action("victim", "start")
    tap.check(reply.status == 409, "no guest gets such a disk", reply)
    plain = os.path.join(folder, "good.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", plain, str(SIZE))
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 0x33 5M 2M", plain], check=True, stdout=subprocess.DEVNULL)
    up = Transfer(manager, disk, form="cow")
    with up.image() as image, open(plain, "rb") as file:
        image.put(0, file.read())
    tap.check(up.end("finalize") == "finished_success" and status(manager, disk) == "ok" and os.path.getsize(path(lab, disk)) == os.path.getsize(plain),
              "a good one is taken, and its file is no longer than it", up.body)
    tap.check(subprocess.run(["qemu-img", "compare", "-q", plain, path(lab, disk)], check=False).returncode == 0 and "No errors" in qemu_img("check", path(lab, disk)),
              "with what is in it", info(lab, disk))


def check_killed(lab):
    """Death of the manager in the middle of an upload, and of the process that has the disk."""
    tap, manager = lab.tap, lab.manager
    disk, data = add_disk(manager, SIZE, "cow"), pattern(8 * MIB, 12)
    up = Transfer(manager, disk)
    with up.image() as image:
        image.put(0, data, "")
    manager.kill()
    manager.start()
    wait_for(lambda: manager.host()["status"] == "up", 15)
    tap.check(wait_phase(manager, up.id, "paused_system") == "paused_system" and status(manager, disk) == "locked", "a killed manager has paused it", up.body)
    up.act("resume")
    wait_phase(manager, up.id, "transferring")
    with up.image() as image:
        tap.check(image.get(0, len(data)).body == data, "resumed, what was flushed is there")
        image.put(len(data), data)
    tap.check(up.end("finalize") == "finished_success" and "No errors" in qemu_img("check", path(lab, disk)), "and it comes to its end whole", up.body)
    fresh = add_disk(manager, SIZE)
    gone = Transfer(manager, fresh)
    with gone.image() as image:
        image.put(0, data)
    manager.kill()
    manager.start()
    wait_for(lambda: manager.host()["status"] == "up", 15)
    wait_phase(manager, gone.id, "paused_system")
    tap.check(gone.end("cancel") == "finished_cleanup" and status(manager, fresh) == 404 and not os.path.exists(path(lab, fresh)), "cancelled after that, its new disk is gone", gone.body)


def check_extents(lab):
    """More extents than are told at once."""
    tap, manager, pieces = lab.tap, lab.manager, 20000
    disk = add_disk(manager, 192 * MIB)
    with open(path(lab, disk), "r+b") as file:
        for piece in range(pieces):
            file.seek(piece * 8192)
            file.write(b"x" * 4096)
    down = Transfer(manager, disk, "download")
    with down.image() as image:
        rows = image.extents().json
    ends = [0] + [row["start"] + row["length"] for row in rows]
    tap.check([row["start"] for row in rows] == ends[:-1] and ends[-1] == 192 * MIB and sum(not row["zero"] for row in rows) == pieces,
              "a disk of many pieces is told whole", f"{len(rows)} extents, {rows[-3:]}")
    down.end("finalize")


def on_small(manager):
    """A directory of its own, on a file system of 24 MiB that only it sees, in a mount namespace that ends with it."""
    manager.small = manager.folder + "-small"
    os.mkdir(manager.small, 0o711)
    manager.command = ["unshare", "-m", "--propagation", "private", "sh", "-c", 'mount -t tmpfs -o size=24M,mode=711 tmpfs "$1" && shift && exec "$@"', "sh",
                       manager.small, *manager.command]
    return manager


def check_full(lab, small):
    tap, manager = lab.tap, lab.manager
    reply = manager.post("/storagedomains?wait=1", {"name": "small", "storage": {"path": small}, "data_center": {"name": "Default"}, "critical_space_action_blocker": "0",
                                                    "warning_low_space_indicator": "0"})
    tap.check(reply.status == 201, "a storage domain of 24 MiB", reply)
    seen = lambda: next(one for one in manager.get("/storagedomains").body["storage_domain"] if one["name"] == "small")
    wait_for(lambda: seen().get("status") == "active", 20)
    for form in ("raw", "cow"):
        disk, data = add_disk(manager, 64 * MIB, form, storage_domain={"name": "small"}), pattern(4 * MIB, 41)
        up = Transfer(manager, disk)
        with up.image() as image:
            image.put(0, data, "")
            full = image.put(8 * MIB, pattern(40 * MIB, 42))
            tap.check(full.status == 507 and full.body.endswith(b"\n") and image.get(0, len(data)).body == data, f"{form}: a full storage is told, and what was written is there", full)
            image.patch(op="zero", offset=8 * MIB, size=40 * MIB, flush=True)
            tap.check(form == "cow" or image.put(8 * MIB, data).status == 200, f"{form}: where room was made it goes on")
        tap.check(up.end("cancel") == "finished_cleanup" and status(manager, disk) == 404, f"{form}: cancelled, it is gone", up.body)


def check_command_line(lab):
    tap, manager = lab.tap, lab.manager
    source, back = os.path.join(lab.libvirtd.folder, "source.qcow2"), os.path.join(lab.libvirtd.folder, "back.raw")
    qemu_img("create", "-q", "-f", "qcow2", source, str(SIZE))
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 0x44 10M 3M", source], check=True, stdout=subprocess.DEVNULL)
    manager.cli("upload", source, "name=by-hand")
    manager.cli("download", "disk=by-hand", back)
    tap.check(subprocess.run(["qemu-img", "compare", "-q", source, back], check=False).returncode == 0 and os.stat(back).st_blocks * 512 < 6 * MIB,
              "by the command line: up as an image, down as a guest sees it, with its holes")


def check_sdk(lab):
    tap, manager = lab.tap, lab.manager
    loaded = client_sdk.load()
    sdk, types = loaded
    if not sdk:
        tap.skip("sdk: a disk is uploaded and downloaded", types)
        return
    connection = sdk.Connection(url=f"{manager.url}/ovirt-engine/api", username="admin@internal", password=manager.password, ca_file=manager.ca)
    system = connection.system_service()
    disks, transfers = system.disks_service(), system.image_transfers_service()
    disk = disks.add(types.Disk(name="sdk", provisioned_size=SIZE, format=types.DiskFormat.COW, sparse=True, initial_size=SIZE,
                                storage_domains=[types.StorageDomain(name="data")]))
    wait_for(lambda: disks.disk_service(disk.id).get().status == types.DiskStatus.OK, 20)

    def begin(direction):
        made = transfers.add(types.ImageTransfer(disk=types.Disk(id=disk.id), direction=direction, format=types.DiskFormat.RAW, inactivity_timeout=60,
                                                 timeout_policy=types.ImageTransferTimeoutPolicy.CANCEL))
        service = transfers.image_transfer_service(made.id)
        wait_for(lambda: service.get().phase != types.ImageTransferPhase.INITIALIZING, 20)
        return service
    up = begin(types.ImageTransferDirection.UPLOAD)
    shown = up.get()
    tap.check(shown.phase == types.ImageTransferPhase.TRANSFERRING and system.hosts_service().host_service(shown.host.id).get().name and shown.image.id == disk.id,
              "sdk: an upload is begun as its examples do", shown.phase)
    data = pattern(6 * MIB, 13)
    with Image(manager, shown.transfer_url) as image:
        image.put(MIB, data)
        image.patch(op="flush")
    up.finalize()
    wait_for(lambda: up.get().phase == types.ImageTransferPhase.FINISHED_SUCCESS, 30)
    tap.check(disks.disk_service(disk.id).get().status == types.DiskStatus.OK, "sdk: finalized, its disk is ok", up.get().phase)
    down = begin(types.ImageTransferDirection.DOWNLOAD)
    with Image(manager, down.get().proxy_url) as image:
        tap.check(image.get(MIB, len(data)).body == data, "sdk: a download gives what was uploaded")
    down.finalize()
    wait_for(lambda: down.get().phase == types.ImageTransferPhase.FINISHED_SUCCESS, 30)
    cancelled = begin(types.ImageTransferDirection.UPLOAD)
    cancelled.cancel()
    wait_for(lambda: cancelled.get().phase == types.ImageTransferPhase.FINISHED_CLEANUP, 30)
    tap.check(disks.disk_service(disk.id).get().status == types.DiskStatus.OK, "sdk: cancelled before a byte came, a disk with content stays", cancelled.get().phase)
    connection.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    arguments = parser.parse_args()
    tap = Tap()
    with Libvirtd("transfer") as libvirtd, on_small(Shikirid(os.path.abspath(arguments.build), os.path.join(libvirtd.folder, "m"), uri=libvirtd.uri)) as manager:
        lab, small = Lab(tap, libvirtd, manager, arguments.build, False), manager.small
        wait_for(lambda: manager.host()["status"] == "up", 15)
        for form in ("raw", "cow"):
            check_guest(lab, form)
        check_hostile(lab)
        check_killed(lab)
        check_command_line(lab)
        check_sdk(lab)
        client_imageio.check(tap, manager, os.path.join(libvirtd.folder, "desk"))
        check_extents(lab)
        check_full(lab, small)
        tap.check(wait_for(lambda: not manager.busy(), 10), "nothing is left under way", manager.busy())
    tap.done()


if __name__ == "__main__":
    main()
