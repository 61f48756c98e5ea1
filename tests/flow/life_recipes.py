# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The matrix's recipes for the verbs of a VM's life, and the VMs they need: 3 is suspended, 4 stands still, both without a disk."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))
from lab import wait_for  # noqa: E402

VM = "a0000000-0000-4000-8000-00000000000{}"
SUSPENDED, PAUSED = 3, 4


CLONE = {"async": "true", "vm": {"name": "copy"}}


def order(m, lines):
    """What the fake hosts shall do wrong, or slowly, from now on."""
    with open(os.path.join(m.folder, "fake.control"), "w", encoding="utf-8") as control:
        control.write(lines)
    time.sleep(0.5)


def act(number, verb, body=None):
    return lambda m: m.post(f"/vms/{VM.format(number)}/{verb}?wait=1", body or {})


def make(m, must):
    for number in (SUSPENDED, PAUSED):
        must(m.post("/vms?wait=1", {"id": VM.format(number), "name": f"vm{number}", "memory": str(256 << 20), "nics": {"nic": [{"name": "nic1"}]},
                                    "os": {"boot": {"devices": {"device": ["network"]}}}}))
    must(act(SUSPENDED, "start")(m))
    must(act(SUSPENDED, "suspend")(m))
    must(act(PAUSED, "start", {"pause": "true"})(m))


def copies(m, job):
    """Is it at the disks, or at its end?"""
    steps = m.get(f"/jobs/{job}/steps").body.get("step", [])
    return not m.busy() or any(step["description"] == "copy the disks" and step.get("status") == "started" for step in steps)


def begin_clone(m):
    """A clone whose disk takes its time, and is being copied; the job."""
    order(m, "delay n1 volume_copy 3000\n")
    m.post(f"/vms/{VM.format(1)}/clone", CLONE)
    job = m.busy()[0]["id"]
    wait_for(lambda: copies(m, job), 5)
    time.sleep(0.1)                     # from the step's record to what it asks the host for
    return job


def cancel(m):
    try:
        reply = m.post(f"/jobs/{begin_clone(m)}/cancel?wait=1", {})
        wait_for(lambda: not m.busy(), 8)       # the clone is undone, which is what counts
        return reply
    finally:
        order(m, "heal\n")


# A manager that dies before the cancel is heard makes the clone to its end.
cancel.before = lambda m: m.post(f"/vms/{VM.format(1)}/clone?wait=1", CLONE)


def freeze_and_thaw(m):
    act(2, "freezefilesystems", {"timeout": "4"})(m)
    return act(2, "thawfilesystems")(m)


def override(m, device):
    """The XML of VM 1 with a device more, by hand."""
    path = f"/vms/{VM.format(1)}"
    shown = m.get(path + "/domainxml").body
    xml = shown["inactive"].replace("</devices>", device + "</devices>")
    return m.post(path + "/overridexml?wait=1", {"xml": xml, "version": shown["version"]})


RECIPES = {
    "vm.start": {" once": act(1, "start", {"vm": {"memory": str(512 << 20), "os": {"boot": {"devices": {"device": ["network", "hd"]}}}}}),
                 " with cloud-init": act(1, "start", {"use_cloud_init": "true", "vm": {"initialization": {"host_name": "web1", "root_password": "not to be found"}}}),
                 " of a suspended one": act(SUSPENDED, "start"), " of a paused one": act(PAUSED, "start")},
    "vm.update": {" of what a running one feels": lambda m: m.put(f"/vms/{VM.format(2)}?wait=1", {
        "memory": str(128 << 20), "description": "edited", "cpu": {"topology": {"sockets": "2"}}, "os": {"cmdline": "next"}})},
    "vm.stop": {" of a suspended one": act(SUSPENDED, "stop")},
    "vm.reboot": {"": act(2, "reboot")},
    "vm.reset": {"": act(2, "reset")},
    "vm.suspend": {"": act(2, "suspend"), " of a paused one": act(PAUSED, "suspend")},
    "vm.clone": {"": act(1, "clone", {"vm": {"name": "copy"}})},
    "job.cancel": {"": cancel},
    "vm.freezefilesystems": {"": act(2, "freezefilesystems", {"timeout": "2"})},
    "vm.thawfilesystems": {"": freeze_and_thaw, " of one that is not frozen": act(2, "thawfilesystems")},
    "vm.setpassword": {"": act(2, "setpassword", {"user_name": "root", "password": "not to be found"})},
    "vm.exec": {"": act(2, "exec", {"command": "/bin/echo", "arguments": {"argument": ["not to be found"]}})},
    "vm.domainxml": {"": lambda m: m.get(f"/vms/{VM.format(2)}/domainxml")},
    "vm.overridexml": {"": lambda m: override(m, "<watchdog model='i6300esb' action='reset'/>"),
                       " with a card": lambda m: override(m, "<interface type='network'><mac address='52:54:00:00:00:77'/><source network='default'/></interface>")},
    "vm.discardstate": {"": act(SUSPENDED, "discardstate")},
}
