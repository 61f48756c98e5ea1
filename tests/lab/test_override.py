#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""A real guest's definition written by hand, by API, command line and editor: it is what virsh prints, starts, and is told as the deed of who did it. What could
open the host is refused, also what libvirt alone knows to be nonsense; an edit by virsh meanwhile is not overwritten; killed in any window it is as before or done."""
import os
import re

from lab import program, wait_for
from test_life import booted, inactive, make

END = "  </devices>"
WATCHDOG = "    <watchdog model='i6300esb' action='reset'/>\n" + END
BY_HAND, OUTSIDE = "was written by hand by", "outside the manager"


def path(lab):
    return f"/vms/{lab.manager.vm('hello')['id']}"


def shown(lab):
    return lab.manager.get(path(lab) + "/domainxml").body


def write(lab, xml, version=None, plan=False):
    body = {"xml": xml, **({"version": version} if version else {})}
    return lab.manager.post(f"{path(lab)}/overridexml?{'plan=1' if plan else 'wait=1'}", body)


def events(lab, words, since=0):
    return [event["description"] for event in lab.manager.events(since) if words in event["description"]]


def agrees(lab):
    return shown(lab)["inactive"].rstrip() == lab.libvirtd.virsh("dumpxml", "--inactive", "hello").rstrip()


def starts(lab, word):
    lab.expect(lab.manager.action("hello", "start"), f"{word}, it is started")
    lab.tap.check(booted(lab), "and boots")
    lab.expect(lab.manager.action("hello", "stop"), "it is stopped")


def check_api(lab):
    manager, tap = lab.manager, lab.tap
    before, password, see = inactive(lab, "hello"), re.search(" passwd='([^']+)'", inactive(lab, "hello")).group(1), shown(lab)
    xml = see["inactive"].replace(END, WATCHDOG).replace("196608", "262144")
    plan = write(lab, xml, see["version"], plan=True)
    tap.check(plan.status == 200 and "+    <watchdog" in plan.body["plan"] and password not in plan.text and inactive(lab, "hello") == before, "the plan shows what would be written, and writes nothing", plan)
    lab.expect(write(lab, xml, see["version"]), "a watchdog and memory are written by hand")
    after = inactive(lab, "hello")
    tap.check("<watchdog model='i6300esb' action='reset'>" in after and "262144</memory>" in after, "libvirt has them", after)
    tap.check(f" passwd='{password}'" in after, "and the password that was not shown")
    tap.check(agrees(lab), "what is shown is what virsh prints", shown(lab))
    vm = manager.get(path(lab) + "?all_content=true").body
    tap.check(vm["memory"] == str(256 << 20) and len(manager.get(path(lab) + "/watchdogs").body.get("watchdog", [])) == 1, "and what the VM is shown with", vm)
    tap.check(wait_for(lambda: len(events(lab, BY_HAND)) == 1, 5) and "admin" in events(lab, BY_HAND)[0], "an event says who did it", events(lab, BY_HAND))
    stale = write(lab, see["inactive"], see["version"])
    tap.check(stale.status == 409 and "has changed since" in stale.text and inactive(lab, "hello") == after, "an XML made from an older one is refused", stale)
    starts(lab, "written by hand")


def check_cli(lab):
    manager, tap = lab.manager, lab.tap
    file = os.path.join(lab.libvirtd.folder, "hello.xml")
    with open(file, "w", encoding="utf-8") as out:
        out.write(manager.cli("xml", "hello", "inactive").replace("cmdline>console=ttyS0", "cmdline>console=ttyS0 by.hand"))
    told = manager.cli("xml", "hello", "set", file, "--plan")
    tap.check("by.hand" in told and "by.hand" not in inactive(lab, "hello"), "by the command line it is planned", told)
    told = manager.cli("xml", "hello", "set", file, "version=" + shown(lab)["version"])
    tap.check("complete" in told and "by.hand" in inactive(lab, "hello") and agrees(lab), "and written", told)
    os.environ["EDITOR"] = "sed -i 's/by.hand/by.editor/'"
    told = manager.cli("xml", "hello", "edit")
    tap.check("complete" in told and "by.editor" in inactive(lab, "hello"), "it is edited as by virsh edit", told)
    os.environ["EDITOR"] = "true"
    version = shown(lab)["version"]
    manager.cli("xml", "hello", "edit")
    tap.check(shown(lab)["version"] == version, "an editor that changes nothing writes nothing")
    os.environ["EDITOR"] = "sed -i 's|<emulator>.*|<emulator>/bin/sh</emulator>|'"
    told = manager.cli("xml", "hello", "edit", status=4)
    kept = re.search(r"kept in (\S+\.xml)", told)
    tap.check("devices/emulator must stay" in told and kept and "/bin/sh" in open(kept.group(1), encoding="utf-8").read(), "what is refused is kept for who wrote it", told)
    os.unlink(kept.group(1))
    starts(lab, "written by the command line")


def check_refused(lab):
    manager, tap = lab.manager, lab.tap
    before, see = inactive(lab, "hello"), shown(lab)["inactive"]
    os.symlink("/etc/shadow", os.path.join(lab.storage, "innocent"))
    disk = "<disk type='file' device='disk'><source file='%s'/><target dev='vdx' bus='virtio'/></disk>"
    attacks = {
        "another emulator": see.replace("<emulator>", "<emulator>/bin/sh</emulator><emulator>"),
        "an argument of QEMU's": see.replace("</domain>", "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-daemonize'/></q:commandline></domain>"),
        "a file of the host": see.replace(END, disk % "/etc/shadow" + END),
        "a link to one": see.replace(END, disk % os.path.join(lab.storage, "innocent") + END),
        "the manager's own database": see.replace(END, disk % os.path.join(lab.storage, "..", "shikiri.db") + END),
        "a file by an entity": "<!DOCTYPE domain [<!ENTITY e SYSTEM 'file:///etc/shadow'>]>" + see.replace("</domain>", "<description>&e;</description></domain>"),
        "a file by an inclusion": see.replace("</domain>", "<description><x:include xmlns:x='http://www.w3.org/2001/XInclude' href='/etc/passwd'/></description></domain>"),
        "a folder of the host": see.replace(END, "<filesystem type='mount'><source dir='/etc'/><target dir='x'/></filesystem>" + END),
        "a screen for everybody": see.replace("listen='127.0.0.1'", "listen='0.0.0.0'").replace("address='127.0.0.1'", "address='0.0.0.0'"),
        "what libvirt does not know": see.replace(END, "<controller type='usb' index='7'><novelty/></controller>" + END),
        "what libvirt cannot make": see.replace("hvm</type>", "hvm</type>").replace(" machine='", " machine='no-such-"),
        "no XML": see[:-20],
    }
    for name, xml in attacks.items():
        reply = write(lab, xml)
        tap.check(xml != see and 400 <= reply.status < 500 and "hello" in reply.text and inactive(lab, "hello") == before, f"refused: {name}: {reply.sentence}", reply)
    huge = write(lab, see.replace("</domain>", "<description>" + "x" * (3 << 20) + "</description></domain>"))
    tap.check(huge.status in (400, 413) and inactive(lab, "hello") == before, f"refused: three megabytes: {huge.sentence}", huge)
    os.unlink(os.path.join(lab.storage, "innocent"))
    manager.action("hello", "start")
    running = write(lab, see)
    tap.check(running.status == 409 and "Stop it first" in running.text and inactive(lab, "hello") == before, "refused while it runs", running)
    manager.action("hello", "suspend")
    saved = write(lab, see)
    tap.check(saved.status == 409 and "suspended" in saved.text and inactive(lab, "hello") == before, "refused while it is suspended", saved)
    manager.action("hello", "stop")


def check_beside(lab):
    """virsh is quicker than the person: the version tells, and the edit of both is seen as whose it is."""
    tap, see = lab.tap, shown(lab)
    lab.libvirtd.virsh("desc", "hello", "--config", "by virsh")
    late = write(lab, see["inactive"].replace(END, WATCHDOG), see["version"])
    tap.check(late.status == 409 and "by virsh" in inactive(lab, "hello"), "what virsh wrote meanwhile is not overwritten", late)
    tap.check(wait_for(lambda: events(lab, OUTSIDE), 50), "and is told as an edit outside the manager", events(lab, ""))
    count = len(events(lab, OUTSIDE))
    lab.expect(write(lab, shown(lab)["inactive"].replace("by virsh", "by hand")), "written upon that")
    tap.check(not wait_for(lambda: len(events(lab, OUTSIDE)) > count, 35), "that is told as nobody else's deed, also after the host was read again", events(lab, OUTSIDE))


def check_killed(lab):
    manager, tap, wrong = lab.manager, lab.tap, []
    for number, where in enumerate(("step:1", "step:2", "step:3", "effect:1")):
        before, word = inactive(lab, "hello"), f"killed.{number}"
        xml = re.sub(r"console=ttyS0( killed\.\d)?", "console=ttyS0 " + word, shown(lab)["inactive"])
        manager.stop()
        manager.start(options=("--fail-at", where))
        wait_for(lambda: manager.host()["status"] == "up", 15)
        try:
            write(lab, xml)
        except OSError:
            pass
        wait_for(lambda: manager.process.poll() is not None, 5)
        manager.kill()
        manager.start()
        if not wait_for(lambda: manager.host()["status"] == "up" and not manager.busy(), 30):
            wrong.append(f"{where}: it does not settle")
        after = inactive(lab, "hello")
        if after != before and word not in after:
            wrong.append(f"{where}: it is neither as before nor done")
        if not wait_for(lambda: (word in manager.vm("hello")["os"]["cmdline"]) == (word in after), 5):
            wrong.append(f"{where}: the VM is shown otherwise than its definition")
        tap.note(f"{where}: {'done' if after != before else 'as before'}")
    tap.check(not wrong and not events(lab, "os,"), "killed in every window, it is done or as before", "\n".join(wrong))
    starts(lab, "after all that")


def run(lab):
    make(lab)
    check_api(lab)
    check_cli(lab)
    check_refused(lab)
    check_beside(lab)
    check_killed(lab)


if __name__ == "__main__":
    program("override", run)
