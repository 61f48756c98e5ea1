# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The matrix's recipes for what a VM has beside disks, drives and cards, and the VM they need: 5 is down and has one of each."""
VM = "a0000000-0000-4000-8000-00000000000{}"
RICH = 5


def path(number, segment):
    return f"/vms/{VM.format(number)}/{segment}"


def make(m, must):
    must(m.post("/vms?wait=1", {"id": VM.format(RICH), "name": f"vm{RICH}", "memory": str(256 << 20), "nics": {"nic": [{"name": "nic1"}]},
                                "os": {"boot": {"devices": {"device": ["network"]}}}}))
    must(m.post(path(RICH, "watchdogs?wait=1"), {"model": "i6300esb", "action": "reset"}))
    must(m.put(f"/vms/{VM.format(RICH)}?wait=1", {"cpu": {"topology": {"sockets": "2"}}}))
    for index in (0, 1):
        must(m.post(path(RICH, "numanodes?wait=1"), node(index)))
    must(m.post(path(RICH, "hostdevices?wait=1"), {"name": "usb_1_1"}))
    must(m.post(path(RICH, "sharedfolders?wait=1"), {"name": "data", "path": "/nowhere/shared/data"}))
    must(m.put(f"/vms/{VM.format(RICH)}?wait=1", {"console": {"log_enabled": "true"}}))
    must(m.post("/licenceboundaries?wait=1", boundary("licensed")))
    must(m.put(f"/vms/{VM.format(RICH)}?wait=1", {"licence_boundary": {"name": "licensed"}}))
    must(m.post(path(RICH, "bind?wait=1"), {"cores": "2"}))
    for verb in ("start", "stop"):          # so that its console has printed
        must(m.post(path(RICH, f"{verb}?wait=1"), {}))


def boundary(name, **more):
    return dict({"name": name, "product": "EE", "host": {"name": "n1"}, "cpu_set": "4-5"}, **more)


def boundary_path(m):
    return "/licenceboundaries/" + m.get("/licenceboundaries").body["licence_boundary"][0]["id"]


def act(number, verb, body=None):
    return lambda m: m.post(f"/vms/{VM.format(number)}/{verb}?wait=1", body or {})


def node(index, memory=128, core=None):
    return {"index": str(index), "memory": str(memory), "cpu": {"cores": {"core": [{"index": str(index if core is None else core)}]}}}


def only(m, segment, one):
    return path(RICH, segment) + "/" + m.get(path(RICH, segment)).body[one][0]["id"] + "?wait=1"


RECIPES = {
    "watchdog.add": {"": lambda m: m.post(path(1, "watchdogs?wait=1"), {"model": "i6300esb", "action": "poweroff"}),
                     " of a running VM": lambda m: m.post(path(2, "watchdogs?wait=1"), {"action": "pause"})},
    "watchdog.update": {"": lambda m: m.put(only(m, "watchdogs", "watchdog"), {"action": "dump"})},
    "watchdog.remove": {"": lambda m: m.delete(only(m, "watchdogs", "watchdog"))},
    "vm_numa_node.add": {"": lambda m: m.post(path(1, "numanodes?wait=1"), dict(node(0, 256), numa_node_pins={"numa_node_pin": [{"index": "0"}]})),
                         " of a running VM": lambda m: m.post(path(2, "numanodes?wait=1"), node(0))},
    "vm_numa_node.update": {"": lambda m: m.put(only(m, "numanodes", "vm_numa_node"), {"numa_node_pins": {"numa_node_pin": [{"index": "0"}]}})},
    "vm_numa_node.remove": {"": lambda m: m.delete(only(m, "numanodes", "vm_numa_node"))},
    "host_device.add": {"": lambda m: m.post(path(1, "hostdevices?wait=1"), {"name": "pci_0000_41_00_0"}),
                        " of USB": lambda m: m.post(path(1, "hostdevices?wait=1"), {"name": "usb_1_2"})},
    "host_device.remove": {"": lambda m: m.delete(only(m, "hostdevices", "host_device"))},
    "shared_folder.add": {"": lambda m: m.post(path(1, "sharedfolders?wait=1"), {"name": "data", "path": "/nowhere/shared/more"})},
    "shared_folder.remove": {"": lambda m: m.delete(only(m, "sharedfolders", "shared_folder"))},
    "vm.bind": {"": act(1, "bind", {"mode": "cores"}), " of a running VM": act(2, "bind", {"guest_topology": "true"})},
    "vm.unbind": {"": lambda m: (act(1, "bind")(m), act(1, "unbind")(m))[1], " of a running VM": lambda m: (act(2, "bind")(m), act(2, "unbind")(m))[1]},
    "licence_boundary.add": {"": lambda m: m.post("/licenceboundaries?wait=1", boundary("more", cpu_set="0"))},
    "licence_boundary.update": {"": lambda m: m.put(boundary_path(m) + "?wait=1", {"licences": "3", "cpu_set": "4-6"})},
    "licence_boundary.except": {"": lambda m: m.post(boundary_path(m) + "/except?wait=1", {"vm": {"name": f"vm{RICH}"}, "reason": "moving"})},
    "licence_boundary.report": {"": lambda m: m.get(boundary_path(m) + "/report?from=20260101")},
    "licence_boundary.remove": {"": lambda m: (m.put(f"/vms/{VM.format(RICH)}?wait=1", {"licence_boundary": {"id": "00000000-0000-0000-0000-000000000000"}}),
                                               m.delete(boundary_path(m) + "?wait=1"))[1]},
    "vm.consolelog": {"": lambda m: m.get(path(RICH, "consolelog?kib=1"))},
    "vm.remove": {" with what its console printed": lambda m: m.delete(f"/vms/{VM.format(RICH)}?wait=1")},
    "vm.update": {" of its console's log": lambda m: m.put(f"/vms/{VM.format(1)}?wait=1", {"console": {"log_enabled": "true"}}),
                  " of its console's log, running": lambda m: m.put(f"/vms/{VM.format(2)}?wait=1", {"console": {"log_enabled": "true"}}),
                  " of its devices": lambda m: m.put(f"/vms/{VM.format(1)}?wait=1", {
        "usb": {"enabled": "false"}, "console": {"enabled": "false"}, "io": {"threads": "2"}, "rng_device": {"source": "hwrng", "rate": {"bytes": "512"}},
        "soundcard_enabled": "true", "virtio_scsi": {"enabled": "false"}}),
                  " of its pins, running": lambda m: m.put(f"/vms/{VM.format(2)}?wait=1", {"cpu": {"cpu_tune": {"vcpu_pins": {"vcpu_pin": [{"vcpu": "0", "cpu_set": "1-2"}]}}}})},
}
