#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""One QEMU among twenty is stopped: lists, statistics and the other VMs keep their latency and their freshness. Latencies are
printed before, during and after."""
import time

from lab import DOMAIN, program, wait_for

VMS = 20
LOOKS = 30
PERIOD = 10         # seconds between two samples
BESIDE = 6          # and what a question that hangs may add once


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Hung:
    def __init__(self, tap, libvirtd, manager, ids):
        self.tap, self.libvirtd, self.manager, self.ids = tap, libvirtd, manager, ids
        self.slow = {}

    def measure(self, when, victim):
        """p50 and p95 in milliseconds of what people and clients ask, not of the one that is stopped."""
        others = [place for name, place in self.ids.items() if name != victim]
        asked = {"list": lambda i: "/vms", "statistics": lambda i: f"/vms/{others[i % len(others)]}/statistics", "one VM": lambda i: f"/vms/{others[i % len(others)]}",
                 "statistics of the one": lambda i: f"/vms/{self.ids[victim]}/statistics"}
        for what, path in asked.items():
            took = []
            for i in range(LOOKS):
                reply = self.manager.get(path(i))
                took.append(reply.seconds * 1000)
                if reply.status != 200:
                    self.tap.check(False, f"{path(i)} is answered", reply)
            self.slow.setdefault(what, {})[when] = percentile(took, 0.95)
            self.tap.note(f"{when:>6}: {what}: p50 {percentile(took, 0.5):.1f} ms, p95 {percentile(took, 0.95):.1f} ms")

    def act(self, when, name):
        """A verb on another VM, and how long until it is done."""
        begun = time.monotonic()
        reply = self.manager.action(name, "stop")
        stopped = time.monotonic() - begun
        self.tap.check(reply.status == 200, f"{when}: another VM is stopped", reply)
        self.tap.check(wait_for(lambda: self.manager.status(name) == "down", 5), f"{when}: and shown as down")
        begun = time.monotonic()
        reply = self.manager.action(name, "start")
        self.tap.check(reply.status == 200, f"{when}: and started", reply)
        self.tap.note(f"{when:>6}: stop {stopped * 1000:.0f} ms, start {(time.monotonic() - begun) * 1000:.0f} ms of another VM")

    def numbers(self, name):
        found = self.manager.get(f"/vms/{self.ids[name]}/statistics").body.get("statistic", [])
        return {number["name"]: number["values"]["value"][0]["datum"] for number in found}

    def freshness(self, when, names, seconds):
        """The longest a VM's elapsed time stood still."""
        seen, longest = {}, 0
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for name in names:
                elapsed = self.numbers(name).get("elapsed.time")
                if name not in seen or seen[name][0] != elapsed:
                    seen[name] = (elapsed, time.monotonic())
                longest = max(longest, time.monotonic() - seen[name][1])
            time.sleep(0.3)
        self.tap.note(f"{when:>6}: numbers of others stood still for {longest:.1f} s at most")
        return longest


def run(given):
    tap, libvirtd, manager = given.tap, given.libvirtd, given.manager
    names = [f"vm{number:02}" for number in range(VMS)]
    for name in names:
        libvirtd.virsh("define", "/dev/stdin", data=DOMAIN.format(name=name, memory=16))
        libvirtd.virsh("start", name)
    tap.check(wait_for(lambda: list(manager.vms()) and all(manager.status(name) == "up" for name in names), 30), f"{VMS} VMs are up", manager.vms())
    ids = {name: vm["id"] for name, vm in manager.vms().items()}
    lab = Hung(tap, libvirtd, manager, ids)
    tap.check(wait_for(lambda: all("cpu.current.total" in lab.numbers(name) for name in names), 30), "all have numbers")
    victim, other, watched = names[7], names[12], [names[0], names[19]]
    lab.measure("before", victim)
    lab.act("before", other)
    libvirtd.signal_qemu(victim, "STOP")
    try:
        stood = lab.freshness("during", watched, 2 * PERIOD + BESIDE)
        tap.check(stood <= PERIOD + BESIDE, f"numbers of the others are never older than {PERIOD + BESIDE} s", stood)
        lab.measure("during", victim)
        lab.act("during", other)
        stuck = lab.numbers(victim)
        tap.check("memory.used" not in stuck and "memory.installed" in stuck, "of the one what its QEMU would have to tell is left out", stuck)
        tap.check("memory.used" in lab.numbers(names[3]), "and of the others it is told")
    finally:
        libvirtd.signal_qemu(victim, "CONT")
    tap.check(wait_for(lambda: "memory.used" in lab.numbers(victim), 3 * PERIOD), "it goes on, and its numbers are whole again")
    lab.measure("after", victim)
    lab.act("after", other)
    for what, times in lab.slow.items():
        tap.check(times["during"] <= 3 * times["before"] + 20, f"{what} takes no longer meanwhile", times)


if __name__ == "__main__":
    program("hung", run)
