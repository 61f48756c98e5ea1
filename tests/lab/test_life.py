#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The life of a real guest: its XML is shown, it reboots, is reset, suspended and goes on where it was, runs once with other settings while its definition stays as
it is to the byte, and is edited while it runs. A machine without an operating system does not obey and is told of. By API and command
line; what is shown agrees with virsh."""
import re

from lab import program, wait_for
from shikirid import hello_guest
from test_manager import address

TIME_TO_BOOT = 90


def inactive(lab, name):
    return lab.libvirtd.virsh("dumpxml", "--inactive", "--security-info", name)


def live(lab, name):
    return lab.libvirtd.virsh("dumpxml", "--security-info", name)


def make(lab):
    """hello, a guest with an agent; stone, which boots nothing and hears nobody."""
    kernel, initrd = hello_guest(lab.storage)
    lab.expect(lab.manager.post("/vms?wait=1", {"name": "hello", "memory": str(192 << 20), "nics": {"nic": [{"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}]}, "os": {
        "kernel": kernel, "initrd": initrd, "cmdline": "console=ttyS0 quiet shikiri.name=hello"}}), "a guest is made")
    lab.expect(lab.manager.post("/vms?wait=1", {"name": "stone", "memory": str(64 << 20), "nics": {"nic": [{"name": "nic1"}]},
                                                "os": {"boot": {"devices": {"device": ["network"]}}}}), "and a machine without an operating system")


def booted(lab):
    vm = lab.manager.vm("hello")["id"]
    return wait_for(lambda: address(lab.manager, vm), TIME_TO_BOOT)


def answers(lab):
    """Its agent is there. What an agent of an earlier run has told is still known."""
    return wait_for(lambda: "name='org.qemu.guest_agent.0' state='connected'" in lab.libvirtd.virsh("dumpxml", "hello"), TIME_TO_BOOT)


def boots(lab):
    """How often libvirt saw its processor start anew: the log of the serial console is not kept, the event log is."""
    return sum("rebooted" in event["description"] for event in lab.manager.events(0))


def check_xml(lab):
    manager, tap, libvirtd = lab.manager, lab.tap, lab.libvirtd
    password = re.search(" passwd='([^']+)'", inactive(lab, "stone")).group(1)
    path = f"/vms/{manager.vm('stone')['id']}/domainxml"
    seen = manager.get(path)
    tap.check(seen.status == 200 and seen.body.get("inactive") == libvirtd.virsh("dumpxml", "--inactive", "stone").rstrip() + "\n" and "active" not in seen.body and password not in seen.text,
              "its XML is shown as virsh shows it, without the password", seen.text[:2000])
    lab.expect(manager.action("stone", "start"), "it is started")
    seen = manager.get(path)
    tap.check(seen.body.get("active") == libvirtd.virsh("dumpxml", "stone").rstrip() + "\n" and password not in seen.text, "so is that by which it runs", seen.text[:2000])
    tap.check(manager.cli("xml", "stone").rstrip() == libvirtd.virsh("dumpxml", "stone").rstrip(), "and by the command line")
    tap.check(manager.cli("xml", "stone", "inactive").rstrip() == libvirtd.virsh("dumpxml", "--inactive", "stone").rstrip(), "which shows that of its next start, too")
    lab.expect(manager.action("stone", "stop"), "it is stopped")


def check_reboot(lab):
    manager, tap = lab.manager, lab.tap
    lab.expect(manager.action("hello", "start"), "it is started")
    tap.check(booted(lab), "it boots")
    lab.expect(manager.action("hello", "reboot"), "its guest is asked to reboot")
    tap.check(wait_for(lambda: boots(lab), 60), "and reboots, which an event says", manager.events(0)[-3:])
    tap.check(wait_for(lambda: manager.status("hello") == "up", 5), "it is up again", manager.status("hello"))
    tap.check(booted(lab), "it has booted again")
    manager.cli("--wait", "reset", "vm", "hello")
    tap.check(manager.status("hello") == "up", "reset by the command line, it is up", manager.status("hello"))
    tap.check(booted(lab), "and boots once more")


def check_suspend(lab):
    manager, tap, libvirtd = lab.manager, lab.tap, lab.libvirtd
    vm = manager.vm("hello")["id"]
    lab.expect(manager.action("hello", "suspend"), "it is suspended")
    tap.check(manager.status("hello") == "suspended", "and shown so", manager.status("hello"))
    tap.check("yes" in re.search(r"Managed save:.*", libvirtd.virsh("dominfo", "hello")).group(), "libvirt has its memory")
    before = inactive(lab, "hello")
    edit = manager.put(f"/vms/{vm}?wait=1", {"memory": str(256 << 20)})
    tap.check(edit.status == 409 and "discardstate" in edit.text and inactive(lab, "hello") == before, "it is not edited, and told why", edit)
    lab.expect(manager.action("hello", "start"), "it is started")
    tap.check(manager.status("hello") == "up" and "restored" in libvirtd.virsh("domstate", "--reason", "hello"), "and goes on from there",
              libvirtd.virsh("domstate", "--reason", "hello"))
    manager.cli("--wait", "suspend", "vm", "hello")
    lab.expect(manager.action("hello", "start", {"pause": "true"}), "it is started standing still")
    tap.check(manager.status("hello") == "paused" and "paused" in libvirtd.virsh("domstate", "hello"), "and stands still", manager.status("hello"))
    lab.expect(manager.action("hello", "start"), "it is started again")
    tap.check(manager.status("hello") == "up" and "running" in libvirtd.virsh("domstate", "hello"), "and goes on", manager.status("hello"))
    manager.cli("--wait", "suspend", "vm", "hello")
    manager.cli("--wait", "discardstate", "vm", "hello")
    tap.check(manager.status("hello") == "down" and "no" in re.search(r"Managed save:.*", libvirtd.virsh("dominfo", "hello")).group(),
              "suspended and its state discarded by the command line, it is down", manager.status("hello"))
    lab.expect(manager.action("hello", "start"), "it is started once more")
    lab.expect(manager.action("hello", "suspend"), "and suspended")
    lab.expect(manager.action("hello", "stop"), "stopped while suspended")
    tap.check(manager.status("hello") == "down" and "no" in re.search(r"Managed save:.*", libvirtd.virsh("dominfo", "hello")).group(), "it has no state left")


def check_once(lab):
    manager, tap = lab.manager, lab.tap
    before = inactive(lab, "hello")
    once = {"vm": {"memory": str(256 << 20), "os": {"cmdline": "console=ttyS0 once"}}}
    lab.expect(manager.action("hello", "start", once), "it is started with other settings for one run")
    runs = live(lab, "hello")
    tap.check("<memory unit='KiB'>262144</memory>" in runs and "console=ttyS0 once" in runs, "it runs by them", runs[:1500])
    tap.check(inactive(lab, "hello") == before, "its definition is the same to the byte")
    tap.check(wait_for(lambda: manager.vm("hello").get("run_once") == "true", 5), "and it is shown as running once", manager.vm("hello"))
    manager.kill()
    manager.start()
    tap.check(wait_for(lambda: manager.status("hello") == "up" and manager.vm("hello").get("run_once") == "true", 15),
              "a manager that was killed knows it again", manager.vm("hello"))
    lab.expect(manager.action("hello", "stop"), "it is stopped")
    tap.check(inactive(lab, "hello") == before and manager.vm("hello").get("run_once") != "true", "its definition is still the same to the byte")
    bad = manager.action("hello", "start", {"vm": {"custom_emulated_machine": "pc-q35-99.9"}})
    tap.check(bad.status >= 400 and inactive(lab, "hello") == before and manager.status("hello") == "down", "a start that fails leaves it so too", bad)


def check_once_killed(lab):
    """Killed at every record and effect of a run once: the definition is as before."""
    manager, tap = lab.manager, lab.tap
    before, wrong = inactive(lab, "hello"), []
    for where in ("step:1", "step:2", "step:3", "effect:1"):
        manager.stop()
        manager.start(options=("--fail-at", where))
        wait_for(lambda: manager.host()["status"] == "up", 15)
        try:
            manager.action("hello", "start", {"vm": {"memory": str(256 << 20)}})
        except OSError:
            pass
        wait_for(lambda: manager.process.poll() is not None, 5)
        manager.kill()
        manager.start()
        if not wait_for(lambda: manager.host()["status"] == "up" and not manager.busy() and manager.status("hello") in ("up", "down"), 20):
            wrong.append(f"{where}: it does not settle")
        if inactive(lab, "hello") != before:
            wrong.append(f"{where}: its definition has changed")
        lab.libvirtd.virsh("destroy", "hello") if manager.status("hello") == "up" else None
        wait_for(lambda: manager.status("hello") == "down", 10)
    tap.check(not wrong, "killed in every window of a run once, its definition is as before", "\n".join(wrong))


def check_live(lab):
    manager, tap, libvirtd = lab.manager, lab.tap, lab.libvirtd
    vm = manager.vm("hello")["id"]
    lab.expect(manager.action("hello", "start"), "it is started to be edited")
    booted(lab)
    lab.expect(manager.put(f"/vms/{vm}?wait=1", {"description": "edited while it runs", "cpu": {"topology": {"sockets": "2"}}}), "its processors and description are edited", 200)
    counts = dict(re.findall(r"^(\w+ +\w+) +(\d+)$", libvirtd.virsh("vcpucount", "hello"), re.M))
    counts = {" ".join(key.split()): value for key, value in counts.items()}
    tap.check(counts.get("current live") == "2" and counts.get("current config") == "2" and counts.get("maximum live") == "8", "it has them at once and next time", counts)
    tap.check("edited while it runs" in live(lab, "hello") and "edited while it runs" in inactive(lab, "hello"), "and the description")
    tap.check(manager.vm("hello").get("next_run_configuration_exists") == "false", "nothing is left for its next start", manager.vm("hello"))
    lab.expect(manager.put(f"/vms/{vm}?wait=1", {"memory": str(320 << 20), "os": {"cmdline": "console=ttyS0 next"}}), "memory and kernel arguments are edited", 200)
    tap.check("console=ttyS0 next" in inactive(lab, "hello") and "console=ttyS0 next" not in live(lab, "hello"), "they are the next run's")
    shown = manager.get(f"/vms/{vm};next_run").body
    tap.check(shown["next_run_configuration_exists"] == "true" and sorted(shown["next_run_differences"]["difference"]) == ["memory", "os"], "which is shown, with what differs",
              shown.get("next_run_differences"))
    name = manager.put(f"/vms/{vm}?wait=1", {"name": "other"})
    tap.check(name.status == 409 and "name" in name.text, "its name is not changed while it runs", name)
    lab.expect(manager.action("hello", "stop"), "it is stopped")
    lab.expect(manager.action("hello", "start"), "and started")
    tap.check("console=ttyS0 next" in live(lab, "hello") and "327680</memory>" in live(lab, "hello"), "with what waited for it")
    tap.check(wait_for(lambda: manager.vm("hello")["next_run_configuration_exists"] == "false", 5), "nothing waits any more", manager.vm("hello"))
    lab.expect(manager.action("hello", "stop"), "it is stopped again")


def check_deaf(lab, full):
    manager, tap = lab.manager, lab.tap
    lab.expect(manager.action("stone", "start"), "a machine that hears nobody is started")
    lab.expect(manager.action("stone", "shutdown"), "it is asked to shut down")
    tap.check(manager.status("stone") == "powering_down", "which it is thought to do", manager.status("stone"))
    if full:
        tap.check(wait_for(lambda: any("has not done so in its time" in event["description"] for event in manager.events(0)), 200), "in time an event says that it has not")
        tap.check(manager.status("stone") == "up", "and it is shown as up", manager.status("stone"))
        lab.expect(manager.action("stone", "shutdown"), "it is asked again")
    lab.expect(manager.action("stone", "shutdown", {"force": "true"}), "and by force")
    tap.check(manager.status("stone") == "down" and "shut off" in lab.libvirtd.virsh("domstate", "stone"), "it is down", manager.status("stone"))


def run(lab):
    make(lab)
    check_xml(lab)
    check_reboot(lab)
    check_suspend(lab)
    check_once(lab)
    check_once_killed(lab)
    check_live(lab)
    check_deaf(lab, lab.full)


if __name__ == "__main__":
    program("life", run)
