#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""?plan=1 on every command: what would happen is told, and nothing does: no object, domain, file, job or event comes of it."""
import argparse
import json
import os
import shutil

from life_recipes import begin_clone
from recipes import RECIPES, Estate, Tap, doubtful_start, order, settle, still_claimed, vouch, world

WAIT, PLAN = "wait=1", "plan=1"
ABANDON, CANCEL = "job.abandon", "job.cancel"       # need a job that is in doubt, and one that runs
ASKED = ("vm.domainxml", "vm.consolelog", "licence_boundary.report", "storage_domain.unregistered")            # questions: there is nothing to plan


class Planner:
    """A manager whose orders are all only planned, beginning with the first that a recipe would wait for."""

    def __init__(self, manager):
        self.manager = manager

    def __getattr__(self, name):
        return getattr(self.manager, name)

    def call(self, method, path, body):
        assert WAIT in path, f"{method} {path} would happen"
        return self.manager.call(method, path.replace(WAIT, PLAN), body)

    def post(self, path, body=None):
        return self.call("POST", path, body or {})

    def put(self, path, body):
        return self.call("PUT", path, body)

    def delete(self, path):
        return self.call("DELETE", path, None)


def records(m):
    return json.dumps([m.get("/jobs").body, m.get("/events?max=1000").body], sort_keys=True)


def plan(m, recipe):
    """(what is told, what is wrong)"""
    before = world(m), records(m)
    reply = recipe(Planner(m))
    told = reply.body.get("plan", "") if isinstance(reply.body, dict) else ""
    wrong = [] if reply.status == 200 and told else [repr(reply)]
    if (world(m), records(m)) != before:
        wrong.append("something has changed")
    return told, wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="the same")
    arguments = parser.parse_args()
    tap = Tap()
    estate = Estate(os.path.abspath(arguments.build), "plan")
    try:
        data = estate.copy("plans")
        with estate.open(data) as m:
            settle(m)
            for name in estate.commands:
                for case, recipe in RECIPES[name].items() if name not in (ABANDON, CANCEL, *ASKED) else ():
                    told, wrong = plan(m, recipe)
                    tap.check(not wrong, f"{name}{case}: {told.splitlines()[0] if told else ''}", "\n".join(wrong))
            told, wrong = plan(m, RECIPES["vm.start"][""])
            tap.check(not wrong and "n1" in told and "<domain" in told, "the plan of a start names the host and shows the domain", told)
            told, wrong = plan(m, RECIPES["vm.update"][""])
            tap.check(not wrong and "\n-" in told and "\n+" in told, "the plan of an edit shows the lines that would change", told)
            job = begin_clone(m)
            told = m.post(f"/jobs/{job}/cancel?plan=1").body.get("plan", "")
            tap.check("undone" in told and any(one["id"] == job for one in m.busy()), f"{CANCEL}: {told}", m.busy())
            reply = m.post(f"/jobs/{job}/cancel?wait=1")
            order(m, "heal\n")
            settle(m)
            tap.check(reply.status == 200 and not any(vm["name"] == "copy" for vm in m.get("/vms").body["vm"]), "a clone that is cancelled is undone", reply)
            wrong = still_claimed(m)
            tap.check(not wrong, "nothing is claimed", "\n".join(wrong))
            doubtful_start(m)
            told, wrong = plan(m, vouch)
            tap.check(not wrong and m.unsure(), f"{ABANDON}: {told}", "\n".join(wrong))
        shutil.rmtree(data, ignore_errors=True)
    finally:
        estate.close()
    tap.done()


if __name__ == "__main__":
    main()
