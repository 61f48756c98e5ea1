# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The matrix's recipes for storage domains, and the ones they need: "empty" is active, "resting" is in maintenance, "loose" is attached to nothing, "lost" is on the
storage alone, held by a manager that is gone. "full" is in maintenance, with VM 6 and the floating disk 5 in it; "came" is active, and VM 7 and disk 8 lie in it unregistered."""
FREE = "/srv/shikiri-{}"
VM, DISK = "a0000000-0000-4000-8000-00000000000{}", "d0000000-0000-4000-8000-00000000000{}"


def named(m, name):
    return next(domain for domain in m.get("/storagedomains").body["storage_domain"] if domain["name"] == name)


def path(m, name, word=""):
    return f"/storagedomains/{named(m, name)['id']}{word}?wait=1"


def body(name, **more):
    return dict({"name": name, "storage": {"type": "localfs", "path": FREE.format(name)}}, **more)


def disk(number, storage):
    return {"id": DISK.format(number), "name": f"disk{number}", "provisioned_size": str(1 << 20), "format": "raw", "storage_domains": {"storage_domain": [{"name": storage}]}}


def fill(m, must, storage, vm, floating):
    """A VM with a disk of its own number, and a disk of nobody."""
    must(m.post("/vms?wait=1", {"id": VM.format(vm), "name": f"vm{vm}", "memory": str(256 << 20), "nics": {"nic": [{"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}]}}))
    must(m.post(f"/vms/{VM.format(vm)}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "true", "disk": disk(vm, storage)}))
    must(m.post("/disks?wait=1", disk(floating, storage)))
    must(m.post(path(m, storage, "/deactivate"), {}))


def make(m, must):
    for name in ("empty", "resting", "loose", "lost", "full", "came"):
        must(m.post("/storagedomains?wait=1", body(name, data_center={"name": "Default"})))
    fill(m, must, "full", 6, 5)
    fill(m, must, "came", 7, 8)
    must(m.post(path(m, "came", "/detach"), {}))
    must(m.post(path(m, "came", "/attach"), {}))
    must(m.post(path(m, "resting", "/deactivate"), {}))
    must(m.post(path(m, "loose", "/deactivate"), {}))
    must(m.post(path(m, "loose", "/detach"), {}))
    must(m.delete(path(m, "lost") + "&destroy=true"))


def centre(m, rest):
    return f"/datacenters/{m.get('/datacenters').body['data_center'][0]['id']}/storagedomains{rest}"


RECIPES = {
    "storage_domain.add": {"": lambda m: m.post("/storagedomains?wait=1", body("made")),
                           " and attach": lambda m: m.post("/storagedomains?wait=1", body("made", type="iso", data_center={"name": "Default"})),
                           " of an old one": lambda m: m.post("/storagedomains?wait=1&force=true", {
                               "import": "true", "storage": {"path": FREE.format("lost")}, "data_center": {"name": "Default"}})},
    "storage_domain.update": {"": lambda m: m.put(path(m, "resting"), {"name": "renamed", "warning_low_space_indicator": "20"})},
    "storage_domain.remove": {"": lambda m: m.delete(path(m, "loose")), " and format": lambda m: m.delete(path(m, "loose") + "&format=true"),
                              " of one in use": lambda m: m.delete(path(m, "resting") + "&destroy=true")},
    "storage_domain.attach": {"": lambda m: m.post(centre(m, "?wait=1"), {"id": named(m, "loose")["id"]})},
    "storage_domain.detach": {"": lambda m: m.delete(centre(m, f"/{named(m, 'resting')['id']}?wait=1")),
                              " with VMs": lambda m: m.delete(centre(m, f"/{named(m, 'full')['id']}?wait=1"))},
    "storage_domain.unregistered": {"": lambda m: m.get(f"/storagedomains/{named(m, 'came')['id']}/unregistered")},
    "storage_domain.registervm": {"": lambda m: m.post(path(m, "came", "/registervm"), {"id": VM.format(7)}),
                                  " as oVirt's clients do": lambda m: m.post(path(m, "came", f"/vms/{VM.format(7)}/register"), {"cluster": {"name": "Default"}})},
    "storage_domain.registerdisk": {"": lambda m: m.post(path(m, "came", "/registerdisk"), {"id": DISK.format(8)}),
                                    " as oVirt's clients do": lambda m: m.post(path(m, "came", "/disks") + "&unregistered=true", {"id": DISK.format(8)})},
    "storage_domain.activate": {"": lambda m: m.post(path(m, "resting", "/activate"), {})},
    "storage_domain.deactivate": {"": lambda m: m.post(centre(m, f"/{named(m, 'empty')['id']}/deactivate?wait=1"), {})},
}
