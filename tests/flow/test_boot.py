#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""VMs that begin and end with their host: started in order with delays when it boots anew, and never because the manager does; stopped in the
reverse order, each in its own manner. With others acting between, a manager that is killed in the middle, guests that do not obey, a
start that fails. By API and command line, with fake hosts."""
import argparse
import os
import shutil
import time

from recipes import HOSTS, Shikirid, Tap, folder, order, wait_for

DELAY = 2


class House:
    """A manager with a fake host and VMs that boot from the network, marked as the test says."""

    def __init__(self, build, name, marks):
        self.base = folder("boot-" + name)
        hosts, data = os.path.join(self.base, "hosts.conf"), os.path.join(self.base, "data")
        with open(hosts, "w", encoding="utf-8") as file:
            file.write(HOSTS)
        os.mkdir(data)
        os.chmod(data, 0o711)
        self.m = Shikirid(build, data, fake=hosts)
        self.m.start()
        wait_for(self.is_up, 10)
        for vm, autostart in marks.items():
            reply = self.m.post("/vms?wait=1", {"name": vm, "memory": str(64 << 20), "nics": {"nic": [{"name": "nic1"}]},
                                                "os": {"boot": {"devices": {"device": ["network"]}}}, "autostart": autostart})
            if reply.status != 201:
                raise RuntimeError(f"{vm} is not made: {reply}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.m.__exit__()
        shutil.rmtree(self.base, ignore_errors=True)

    def is_up(self):
        return self.m.host()["status"] == "up"

    def boot(self):
        """The host boots anew; from then on, the number of the last event."""
        last = self.m.last_event()
        order(self.m, "boot n1\n")
        return last

    def told(self, since):
        return [event["description"] for event in reversed(self.m.events(since))]

    def count(self, since, part):
        return sum(part in text for text in self.told(since))

    def ended(self, since):
        return wait_for(lambda: self.count(since, "start with host n1:"), 30)

    def statuses(self):
        return {name: vm["status"] for name, vm in self.m.vms().items()}

    def action(self, verb, query="?wait=1"):
        return self.m.post(f"/hosts/{self.m.host()['id']}/{verb}{query}", {} if query else {"async": "true"})

    def start(self, *names):
        for name in names:
            self.m.action(name, "start")


def on(place=0, **more):
    return {"enabled": "true", "order": str(place), **{name: str(value) for name, value in more.items()}}


def started_at(stream, vm, since):
    return stream.find(since, "vm", lambda one: one.get("name") == vm and one.get("status") == "up")


def check_fields(build, tap):
    with House(build, "fields", {"a": {}}) as house:
        m = house.m
        tap.check("autostart" not in m.vm("a"), "a VM of which nothing is said has no such element, as oVirt's clients know it")
        m.cli("update", "vm", "a", "autostart.enabled=true", "autostart.order=3", "autostart.start_delay=20", "autostart.wait_for_agent=true", "autostart.stop_action=suspend")
        now = m.vm("a")["autostart"]
        tap.check(now == {"enabled": "true", "order": "3", "start_delay": "20", "wait_for_agent": "true", "stop_action": "suspend"}, "it is marked by the command line", now)
        m.cli("update", "vm", "a", "autostart.order=4")
        tap.check(m.vm("a")["autostart"] == {**now, "order": "4"}, "what is not said stays as it was", m.vm("a"))
        shown = m.cli("show", "vm", "a")
        tap.check("autostart.stop_action" in shown or ("autostart" in shown and "suspend" in shown), "and shown by it", shown)
        for body, part in (({"order": "-1"}, "0 to 9999"), ({"stop_delay": "90000"}, "0 to 86400"), ({"start_delay": "0"}, "without 'autostart.start_delay'"),
                           ({"stop_action": "explode"}, "stop_action")):
            reply = m.put(f"/vms/{m.vm('a')['id']}?wait=1", {"autostart": body})
            tap.check(reply.status == 400 and part in reply.sentence, f"{body} is refused in a sentence", reply)
        plan = house.action("startvms", "?plan=1")
        tap.check("VM 'a' is started" in plan.text and m.status("a") == "down", "a plan says what would be started", plan)


def check_boot(build, tap):
    marks = {"first": on(1, start_delay=DELAY), "second": on(2, start_delay=DELAY), "broken": on(2), "last": on(), "other": {}, "libvirts": on(1)}
    with House(build, "boot", marks) as house:
        m, begun = house.m, time.monotonic()
        order(m, "virsh n1 autostart libvirts\n")
        tap.check(wait_for(lambda: m.vm("libvirts").get("libvirt_autostart") == "true", 5), "what libvirt starts by itself is shown")
        house.start("other")
        order(m, "fault n1 start 3 fail\n")
        stream, last = m.stream(), house.boot()
        tap.check(house.ended(last), "the host boots, and its VMs are started", house.told(last))
        now = house.statuses()
        tap.check(now == {"first": "up", "second": "up", "broken": "down", "last": "up", "other": "down", "libvirts": "up"} or
                  now == {"first": "up", "second": "down", "broken": "up", "last": "up", "other": "down", "libvirts": "up"},
                  "those that are marked, but for the one that cannot be", now)
        lucky = "second" if now["second"] == "up" else "broken"
        at = {vm: started_at(stream, vm, begun) for vm in ("first", lucky, "last")}
        tap.check(at[lucky] - at["first"] >= DELAY - 0.3 and at["last"] >= at[lucky], "in their order, with their delays", at)
        tap.check(house.count(last, "is not started with its host:") == 1 and house.count(last, "3 started, 1 left as they were, 1 not started") == 1, "which events say", house.told(last))
        for name in ("first", lucky, "last"):
            m.action(name, "stop")
        m.kill()
        m.start()
        wait_for(house.is_up, 10)
        m.put(f"/vms/{m.vm('other')['id']}?wait=1", {"autostart": on(1)})
        m.stop()
        m.start()
        wait_for(house.is_up, 10)
        time.sleep(2)
        now = house.statuses()
        tap.check(all(now[name] == "down" for name in ("first", lucky, "last", "other")), "a manager that starts anew starts none, also not what was marked since", now)
        last = house.boot()
        tap.check(house.ended(last) and m.status("other") == "up", "the next boot does", house.statuses())
        stream.close()


def check_libvirt(build, tap):
    """libvirt is slow, or has it off for now: it is still libvirt's."""
    with House(build, "libvirt", {"a": on(1)}) as house:
        m = house.m
        order(m, "virsh n1 autostart a\n")
        wait_for(lambda: m.vm("a").get("libvirt_autostart") == "true", 5)
        last = m.last_event()
        reply = house.action("startvms")
        tap.check(reply.status == 200 and m.status("a") == "down" and house.count(last, "left to libvirt"), "what libvirt starts is left to it, and said so", house.told(last))


def check_others(build, tap):
    marks = {"first": on(1, start_delay=4), "taken": on(2), "unmarked": on(3), "last": on(4)}
    with House(build, "others", marks) as house:
        m, last = house.m, house.boot()
        wait_for(lambda: m.status("first") == "up", 10)
        m.action("first", "stop")
        house.start("taken")
        m.action("taken", "stop")
        m.put(f"/vms/{m.vm('unmarked')['id']}?wait=1", {"autostart": {"enabled": "false"}})
        tap.check(house.ended(last), "others act while they are started", house.told(last))
        now = house.statuses()
        tap.check(now == {"first": "down", "taken": "down", "unmarked": "down", "last": "up"}, "what was stopped or unmarked meanwhile stays down", now)
        tap.check(house.count(last, "somebody stopped it since") == 1, "and it is said", house.told(last))


def check_killed(build, tap):
    marks = {name: on(place, start_delay=1) for place, name in enumerate("abcde", 1)}
    with House(build, "killed", marks) as house:
        m, last = house.m, house.boot()
        for name in "abcd":
            wait_for(lambda: m.status(name) == "up", 10)
            if name == "c":
                m.action("a", "stop")
            if name == "b":
                m.stop()
                tap.check(m.process.returncode == 0, "a manager that is ended in the middle ends in order", m.last_words())
            else:
                m.kill()
            m.start()
        tap.check(house.ended(last), "a manager that is killed after each of them goes on", house.told(last))
        tap.check(house.statuses() == {**dict.fromkeys("bcde", "up"), "a": "down"}, "none is forgotten, and none that was stopped comes back", house.statuses())
        counts = [house.count(last, f"VM {name} started") + house.count(last, f"Starting VM {name}") for name in "abcde"]
        jobs = [sum(job["description"] == f"Starting VM {name}" for job in m.jobs()) for name in "abcde"]
        tap.check(jobs == [1] * 5, "each was started once", (counts, jobs))
        job = next(job for job in m.jobs() if "that start with it" in job["description"])
        tap.check(job["status"] == "finished", "and the job is at its end", job)


def check_cancelled(build, tap):
    with House(build, "cancelled", {"a": on(1, start_delay=3), "b": on(2)}) as house:
        m, last = house.m, house.boot()
        wait_for(lambda: m.status("a") == "up", 10)
        m.post(f"/jobs/{m.busy()[0]['id']}/cancel?wait=1", {})
        wait_for(lambda: not m.busy(), 5)
        time.sleep(3)
        tap.check(house.statuses() == {"a": "up", "b": "down"}, "a start that is cancelled goes no further", house.statuses())
        m.kill()
        m.start()
        wait_for(house.is_up, 10)
        time.sleep(2)
        tap.check(m.status("b") == "down" and house.count(last, "was not carried through") == 1, "and is not begun anew", house.told(last))


def check_stop(build, tap):
    marks = {"first": on(1), "second": on(2, stop_action="suspend"), "third": on(3, stop_action="stop"), "deaf": on(3, stop_delay=3), "still": on(1), "free": {}}
    with House(build, "stop", marks) as house:
        m = house.m
        house.start(*marks)
        m.action("still", "stop")
        m.action("still", "start", {"pause": "true"})
        plan = house.action("stopvms", "?plan=1")
        tap.check("after 3 s it is powered off" in plan.text and "The memory of VM 'second' is saved" in plan.text and "The memory of VM 'still' is saved" in plan.text, "a plan says how each would end", plan)
        order(m, "fault n1 shutdown 2 deaf\n")
        stream, begun, last = m.stream(), time.monotonic(), m.last_event()
        reply = house.action("stopvms", "")
        refused = m.action("free", "start")
        wait_for(lambda: m.status("free") == "down", 5)
        refused = m.action("free", "start")
        tap.check(refused.status == 409 and "are being stopped" in refused.sentence and m.host().get("stopping_vms") == "true", "meanwhile none starts, and is told why", refused)
        refused = house.action("startvms")
        tap.check(refused.status == 409 and "being stopped" in refused.sentence, "not all of them either", refused)
        refused = house.action("stopvms")
        tap.check(refused.status == 409, "it is not done twice", refused)
        tap.check(wait_for(lambda: not m.busy(), 30) is True and house.count(last, "All VMs of host n1 are stopped.") == 1, "all are stopped", (reply, house.told(last)))
        now = house.statuses()
        tap.check(now == {"first": "down", "second": "suspended", "third": "down", "deaf": "down", "still": "suspended", "free": "down"}, "each in its manner", now)
        at = {vm: stream.find(begun, "vm", lambda one, vm=vm: one.get("name") == vm and one.get("status") in ("down", "suspended")) for vm in marks}
        tap.check(at["free"] <= at["third"] <= at["deaf"] <= at["second"] <= at["first"] and at["deaf"] - at["free"] >= 2.5, "in the reverse order", at)
        tap.check(house.count(last, "has not shut down within 3 seconds: it is powered off") == 1, "the one that did not obey is told of", house.told(last))
        tap.check("stopping_vms" not in m.host() and m.action("free", "start").status == 200, "afterwards they may start again")
        m.cli("--wait", "stopvms", "host", "n1")
        tap.check(m.status("free") == "down", "and are stopped by the command line", house.statuses())
        last = house.boot()
        tap.check(house.ended(last) and house.statuses()["second"] == "up" and house.statuses()["still"] == "up", "what was suspended goes on with the next boot", house.statuses())
        stream.close()


def check_stop_killed(build, tap):
    marks = {name: on(place, stop_delay=2) for place, name in enumerate("abcd", 1)}
    with House(build, "stop-killed", marks) as house:
        m = house.m
        house.start(*marks)
        order(m, "fault n1 shutdown 0 deaf\n")
        house.action("stopvms", "")
        for name in "dcb":
            wait_for(lambda: m.status(name) == "down", 15)
            m.kill()
            m.start()
        tap.check(wait_for(lambda: house.is_up() and not m.busy(), 20) is True and set(house.statuses().values()) == {"down"}, "a manager killed in the middle stops the rest", house.statuses())
        tap.check("stopping_vms" not in m.host(), "and says so no longer", m.host())
        order(m, "heal\n")
        house.start("a", "b")
        order(m, "fault n1 shutdown 0 deaf\n")
        house.action("stopvms", "")
        time.sleep(0.7)
        job = next(job for job in m.busy() if job["description"] == "Stopping the VMs of host n1")
        tap.check(m.post(f"/jobs/{job['id']}/cancel?wait=1", {}).status == 200 and wait_for(lambda: not m.busy(), 5) is True, "it can be cancelled", m.busy())
        order(m, "heal\n")
        tap.check(m.status("a") == "up" and "stopping_vms" not in m.host(), "and leaves those it has not come to", house.statuses())
        tap.check(m.action("c", "start").status == 200, "which may start again")
        wait_for(lambda: m.status("b") != "powering_down", 40)
        order(m, "fault n1 shutdown 0 deaf\n")
        house.action("stopvms", "")
        time.sleep(0.7)
        last = house.boot()
        tap.check(house.ended(last) and m.status("a") == "up", "one that the machine's own end overtook stops nothing of the next boot", (house.statuses(), house.told(last)))
        tap.check(wait_for(lambda: not m.busy(), 10) is True and "stopping_vms" not in m.host(), "and has ended", m.busy())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--full", action="store_true", help="the same")
    arguments = parser.parse_args()
    tap, build = Tap(), os.path.abspath(arguments.build)
    for check in (check_fields, check_boot, check_libvirt, check_others, check_killed, check_cancelled, check_stop, check_stop_killed):
        if arguments.only in check.__name__:
            check(build, tap)
    tap.done()


if __name__ == "__main__":
    main()
