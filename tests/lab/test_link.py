#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The libvirt link against a real libvirtd and QEMU: what it reports, how soon, and that nothing hangs it."""
import argparse
import atexit
import os
import statistics
import subprocess
import threading
import time

from lab import DOMAIN, Libvirtd, Tap, wait_for

MANY = 10       # libvirt may start a QEMU for each definition


class Link:
    """tests/lab/host_link under way. Its reports are dictionaries, in order; `at` is when they were read here."""

    def __init__(self, build, uri, bare=None):
        self.reports = []
        command = [os.path.join(build, "tests/lab/host_link"), uri] + ([bare] if bare else [])
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.errors = []
        atexit.register(self.process.kill)
        self.readers = [threading.Thread(target=self.read, daemon=True), threading.Thread(target=self.read_errors, daemon=True)]
        for reader in self.readers:
            reader.start()

    def read(self):
        for line in self.process.stdout:
            report = dict(pair.split("=", 1) for pair in line.rstrip("\n").split("\t"))
            report["at"] = time.monotonic()
            self.reports.append(report)

    def read_errors(self):
        self.errors.extend(self.process.stderr)

    def mark(self):
        return len(self.reports)

    def since(self, mark, kind, **wanted):
        return [r for r in self.reports[mark:] if r["report"] == kind and all(r.get(k) == v for k, v in wanted.items())]

    def wait(self, mark, seconds, kind, **wanted):
        found = wait_for(lambda: self.since(mark, kind, **wanted), seconds)
        return found[0] if found else None

    def say(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        """Seconds that stopping took, and the exit status: a leak or an error of memory shows there."""
        self.say("stop")
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for reader in self.readers:
            reader.join()
        self.process.stdin.close()
        stopped = self.since(0, "stopped")
        last = self.reports[-1]["report"] if self.reports else ""
        fine = self.process.returncode == 0 and last == "stopped"
        return (int(stopped[0]["took"]) / 1e6 if stopped else 99), fine, "".join(self.errors[-60:])


def comes_up(tap, link):
    up = link.wait(0, 30, "up")
    tap.check(up, "comes up", link.reports)
    listed = link.wait(0, 5, "domains")
    tap.check(listed and listed["count"] == "0", "and lists no domain", listed)
    order = [r["report"] for r in link.reports if r["report"] != "bare"]
    tap.check(order[:2] == ["up", "domains"], "in that order, and was never lost before", order)
    return up or {}


def facts(tap, up):
    flags = open("/proc/cpuinfo", encoding="utf-8").read().split()
    usable = ("vmx" in flags or "svm" in flags) and os.path.exists("/dev/kvm")
    tap.check(up.get("accelerator") == ("kvm" if usable else "qemu"), "the accelerator is one that works", up)
    tap.check(up.get("why", "").endswith("."), "and a sentence says why", up)
    tap.check(int(up.get("cpus", 0)) == os.cpu_count(), "every CPU is a unit", up)
    tap.check(int(up.get("cores", 0)) >= 1 and int(up.get("nodes", 0)) >= 1, "in cores and cells", up)
    tap.check(up.get("machine", "").startswith("pc-q35-") and "qemu" in up.get("emulator", ""), "machines, the newest q35 first", up)
    tap.check(up.get("qemu", "").count(".") == 2 and up.get("libvirt", "").count(".") == 2, "versions of QEMU and libvirt", up)
    memory = int(next(l for l in open("/proc/meminfo", encoding="utf-8") if l.startswith("MemTotal")).split()[1]) * 1024
    tap.check(abs(int(up.get("memory", 0)) - memory) < memory / 50, "memory", up)
    tap.check(int(up.get("nics", 0)) >= 1 or not os.path.exists("/sys/class/net/eth0"), "network cards", up)


def networks(tap, lab, link):
    mark = link.mark()
    lab.virsh("net-start", "default")
    tap.check(link.wait(mark, 5, "up", sources="network:default"), "a network that is started is told", link.reports[mark:])
    mark = link.mark()
    lab.virsh("net-destroy", "default")
    tap.check(link.wait(mark, 5, "up", sources=""), "and one that is stopped", link.reports[mark:])


def configuration(tap, lab, link):
    mark = link.mark()
    uuid = lab.define("one")
    seen = link.wait(mark, 2, "domain", id=uuid)
    tap.check(seen and seen["event"] == "defined:added" and seen["name"] == "one" and seen["state"] == "shutoff", "define", seen)
    mark = link.mark()
    lab.virsh("desc", "one", "--config", "hello there")
    tap.check(link.wait(mark, 2, "domain", id=uuid, description="hello there"), "a description", link.reports[mark:])
    mark = link.mark()
    lab.virsh("define", "/dev/stdin", data=lab.virsh("dumpxml", "--inactive", "one").replace("<vcpu", "<title>t</title><vcpu"))
    tap.check(link.wait(mark, 2, "domain", id=uuid, event="defined:updated"), "an edit", link.reports[mark:])
    return uuid


def life(tap, lab, link, uuid):
    for verb, event, state in (("start", "started:booted", "running"), ("suspend", "suspended:paused", "paused"),
                               ("resume", "resumed:unpaused", "running"), ("destroy", "stopped:destroyed", "shutoff")):
        mark, began = link.mark(), time.monotonic()
        lab.virsh(verb, "one")
        seen = link.wait(mark, 5, "state", id=uuid, event=event)
        tap.check(seen and seen["state"] == state, f"{verb}: {event}", link.reports[mark:])
        read = link.wait(mark, 5, "domain", id=uuid, state=state)
        tap.check(read and read["name"] == "one", "and it is read again", link.reports[mark:])
        if verb == "destroy" and seen:
            tap.check(seen["at"] - began < 1, "within a second", seen["at"] - began)


def soon(tap, lab, link, uuid):
    mark = link.mark()
    for _ in range(10):
        lab.virsh("start", "one", "--paused")
        lab.virsh("destroy", "one")
    numbers = {"2": "started", "4": "resumed", "3": "suspended", "5": "stopped", "6": "shutdown"}
    time.sleep(0.5)
    heard = [(numbers[r["number"]], int(r["tick"])) for r in link.since(mark, "bare", id=uuid) if r["number"] in numbers]
    told = [(r["event"].split(":")[0], int(r["tick"])) for r in link.since(mark, "state", id=uuid)]
    tap.check([h[0] for h in heard] == [t[0] for t in told] and len(heard) >= 20, "every event a plain client hears, in its order", (heard, told))
    late = sorted((t[1] - h[1]) / 1000 for h, t in zip(heard, told))
    tap.note(f"behind a plain client: median {statistics.median(late):.3f} ms, worst {late[-1]:.3f} ms of {len(late)}")
    tap.check(statistics.median(late) < 1, "within a millisecond", late)


def unannounced(tap, lab, link, uuid):
    other = lab.define("two")
    lab.virsh("start", "one")
    link.wait(0, 5, "domain", id=uuid, state="running")
    time.sleep(1)
    mark = link.mark()
    lab.virsh("setmaxmem", "one", "65536", "--config")
    lab.virsh("autostart", "two")
    changed = link.wait(mark, 40, "domain", id=uuid, memory="67108864")
    tap.check(changed and changed["differs"] == "1", "an edit that no event announces is found, and that it waits for the next run", link.reports[mark:])
    tap.check(link.wait(mark, 5, "domain", id=other, autostart="1"), "and autostart", link.reports[mark:])
    lab.virsh("undefine", "two")
    tap.check(link.wait(mark, 2, "gone", id=other, event="undefined:removed"), "undefine", link.reports[mark:])


def qemu_hangs(tap, lab, link, uuid):
    lab.signal_qemu("one", "STOP")
    mark = link.mark()
    lab.virsh("desc", "one", "--config", "while it hangs")
    tap.check(link.wait(mark, 3, "domain", id=uuid, description="while it hangs"), "a stopped QEMU does not stop the link", link.reports[mark:])
    link.say("refresh")
    listed = link.wait(mark, 5, "domains", domains="one:running")
    tap.check(listed, "and the list is read beside it", link.reports[mark:])
    time.sleep(6)
    tap.check(not link.since(mark, "lost"), "and the host is not lost by it", link.reports[mark:])
    lab.signal_qemu("one", "CONT")


def libvirtd_hangs(tap, lab, link):
    mark, began = link.mark(), time.monotonic()
    lab.signal("STOP")
    lost = link.wait(mark, 15, "lost")
    tap.check(lost and lost["code"] == "host.silent" and lost["why"].endswith("."), "a stopped libvirtd is noticed", link.reports[mark:])
    took = lost["at"] - began if lost else 99
    tap.check(took < 8, "within seconds", took)
    again = link.wait(mark, 15, "lost", code="host.libvirtd_silent")
    tap.check(again, "a new connection to it does not hang either", link.reports[mark:])
    mark, began = link.mark(), time.monotonic()
    lab.signal("CONT")
    up = link.wait(mark, 20, "up")
    tap.check(up and link.wait(mark, 5, "domains", domains="one:running"), "it comes back with libvirtd", link.reports[mark:])
    tap.note(f"lost after {took:.1f} s, back after {up['at'] - began if up else 99:.1f} s")


def libvirtd_dies(tap, lab, link, uuid):
    files = link.files()
    for round_ in range(3):
        mark, began = link.mark(), time.monotonic()
        lab.signal("KILL")
        lost = link.wait(mark, 5, "lost", code="host.closed")
        tap.check(lost and lost["at"] - began < 2, "a killed libvirtd is noticed at once", link.reports[mark:])
        tap.check(link.wait(mark, 5, "lost", code="host.libvirtd_down"), "then that none runs", link.reports[mark:])
        if round_ == 1:
            lab.signal_qemu("one", "KILL")
        mark = link.mark()
        lab.call("start")
        up = link.wait(mark, 20, "up")
        state = "shutoff" if round_ >= 1 else "running"
        tap.check(up and link.wait(mark, 5, "domains", domains=f"one:{state}"), f"a restarted one is found, with what happened meanwhile: {state}", link.reports[mark:])
    generations = [int(r["generation"]) for r in link.reports if r["report"] == "up"]
    tap.check(generations == sorted(generations) and generations[-1] > generations[0] + 2, "each connection has a generation", generations)
    mark = link.mark()
    lab.virsh("start", "one")
    tap.check(link.wait(mark, 5, "state", id=uuid, event="started:booted"), "and its events are heard", link.reports[mark:])
    lab.virsh("destroy", "one")
    tap.check(wait_for(lambda: link.files() <= files, 5), "no descriptor was left behind", (files, link.files()))


def many(tap, lab, link):
    mark, script = link.mark(), []
    for number in range(MANY):
        path = f"{lab.folder}/d{number}.xml"
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(DOMAIN.format(name=f"m{number}", memory=16))
        script.append(f"define {path}")
    lab.virsh(" ; ".join(script))
    seen = lambda: {r["name"] for r in link.since(mark, "domain")} >= {f"m{n}" for n in range(MANY)}
    tap.check(wait_for(seen, 10), "domains defined at once are all seen", [r["name"] for r in link.since(mark, "domain")])
    link.say("refresh")
    tap.check(link.wait(mark, 10, "domains", count=str(MANY + 1)), "and listed", link.since(mark, "domains"))
    lab.virsh(" ; ".join(f"undefine m{n}" for n in range(MANY)))
    tap.check(wait_for(lambda: len(link.since(mark, "gone")) == MANY, 10), "and gone", link.since(mark, "gone"))


def check_stop(tap, link, name):
    took, fine, errors = link.stop()
    tap.check(took < 2, f"stops within 2 s {name}", took)
    tap.check(fine, "cleanly, and is silent afterwards", errors or link.reports[-3:])


def nowhere(tap, build):
    for uri, code in (("qemu+ssh://far.example/system", "host.uri_not_built"), ("no uri", "host.bad_uri"),
                      ("qemu+unix:///system?socket=/tmp/shikiri-nothing-here", "host.libvirtd_down")):
        link = Link(build, uri)
        tap.check(link.wait(0, 5, "lost", code=code), f"{uri}: {code}", link.reports)
        time.sleep(1)
        tap.check(len(link.since(0, "lost")) == 1, "told once", link.reports)
        check_stop(tap, link, "where nothing is")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="the same")
    build = parser.parse_args().build
    tap = Tap()
    nowhere(tap, build)
    with Libvirtd("link") as lab:
        link = Link(build, lab.uri, lab.socket)
        facts(tap, comes_up(tap, link))
        networks(tap, lab, link)
        uuid = configuration(tap, lab, link)
        life(tap, lab, link, uuid)
        soon(tap, lab, link, uuid)
        unannounced(tap, lab, link, uuid)
        qemu_hangs(tap, lab, link, uuid)
        many(tap, lab, link)
        check_stop(tap, link, "beside a libvirtd that answers")
        link = Link(build, lab.uri)
        link.wait(0, 30, "domains")
        libvirtd_hangs(tap, lab, link)
        libvirtd_dies(tap, lab, link, uuid)
        lab.signal("STOP")
        check_stop(tap, link, "beside a libvirtd that has just been stopped")
        link = Link(build, lab.uri)
        time.sleep(1)
        check_stop(tap, link, "while it connects to a stopped libvirtd")
        lab.signal("CONT")
    tap.done()


main()
