#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Calls that the host carries out after their caller was told that nobody knows: while one is under way nothing is believed, so that
each ends as done, none is undone and done, and nothing appears that nobody asked for."""
import argparse
import os
import threading
import time

from recipes import RECIPES, Estate, Tap, fixed, order, settle, still_claimed

# (what is said of it, recipe, operation of the host that comes late, is it done at the end)
CASES = [("a definition", "vm.add", "define"), ("a start", "vm.start", "start"), ("a stop", "vm.stop", "destroy"), ("a removal", "vm.remove", "undefine"),
         ("a file being made", "disk.add", "volume_create"), ("a file being deleted", "disk.remove", "volume_delete"), ("a file that grows", "disk.update", "volume_resize"),
         ("an edit", "vm.update", "define")]


def undisturbed(estate, name):
    with estate.open(estate.copy(f"{name} undisturbed")) as m:
        RECIPES[name][""](m)
        return settle(m)[0]


def late(estate, name, operation):
    """(what is wrong, seconds)"""
    expected = undisturbed(estate, name)
    with estate.open(estate.copy(f"{name} late")) as m:
        last, begun = m.last_event(), time.monotonic()
        order(m, f"fault n1 {operation} 1 late\n")
        reply = RECIPES[name][""](m)
        now, wrong = settle(m)
        wrong = [wrong] if wrong else []
        if reply.status not in (200, 201):
            wrong.append(f"it is answered {reply}")
        if now != expected:
            wrong.append(f"the world is another: {now} and not {expected}")
        outside = [event["description"] for event in m.events(last) if "outside" in event["description"] or "adopted" in event["description"]]
        return wrong + outside + still_claimed(m), time.monotonic() - begun


def refused_meanwhile(estate):
    """A person who looks or wants something else meanwhile is told that it is busy, by name of the job."""
    with estate.open(estate.copy("meanwhile")) as m:
        order(m, "fault n1 start 1 late\n")
        starter = threading.Thread(target=m.post, args=(f"/vms/{fixed('vm', 1)}/start", {}))
        starter.start()         # it is answered only when the start is over, or after seconds of not knowing
        time.sleep(0.5)
        reply = m.put(f"/vms/{fixed('vm', 1)}?wait=1", {"memory": str(512 << 20)})
        starter.join()
        return [] if reply.status == 409 and "vm1" in reply.sentence else [repr(reply)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="the same")
    arguments = parser.parse_args()
    tap = Tap()
    estate = Estate(os.path.abspath(arguments.build), "late")
    try:
        for title, name, operation in CASES:
            wrong, seconds = late(estate, name, operation)
            tap.check(not wrong, f"{title} that comes late is found, in {seconds:.1f} s", "\n".join(wrong))
        wrong = refused_meanwhile(estate)
        tap.check(not wrong, "what is under way is busy for everybody else", "\n".join(wrong))
    finally:
        estate.close()
    tap.done()


if __name__ == "__main__":
    main()
