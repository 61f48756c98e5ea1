#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Another program that holds the database: a start waits for it, for a bounded time, and says so; while the manager runs, the
state says so, everything that writes nothing goes on, and it mends itself. A backup and a machine that has nothing yet."""
import argparse
import os
import sqlite3
import subprocess
import threading
import time

from recipes import Estate, Opened, Shikirid, Tap, fixed, wait_for

MOMENT, FOR_EVER = 5, 60


class Holder:
    """Holds the database as a careless program would, for some seconds or until the end of `with`."""

    def __init__(self, data, seconds):
        self.books = sqlite3.connect(os.path.join(data, "shikiri.db"), isolation_level=None, check_same_thread=False)
        self.timer = threading.Timer(seconds, self.leave)

    def __enter__(self):
        self.books.execute("BEGIN EXCLUSIVE")
        self.timer.start()
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        self.timer.join()
        self.leave()

    def leave(self):
        self.books.close()


def start_held(estate, tap):
    data = estate.copy("held")
    with Holder(data, MOMENT), Opened(Shikirid(estate.build, data, fake=estate.hosts)) as m:
        begun = time.monotonic()
        m.start()
        waited = time.monotonic() - begun
        tap.check(MOMENT - 1 < waited < MOMENT + 10, f"a start waits for a program that holds the database for {MOMENT} s, and serves after {waited:.1f} s")
        tap.check("locked" in m.last_words(30) and "waits" in m.last_words(30), "the log says what it waits for", m.last_words(30))
        m.stop()


def start_refused(estate, tap):
    data = estate.copy("held for ever")
    with Holder(data, FOR_EVER), Opened(Shikirid(estate.build, data, fake=estate.hosts)) as m:
        begun = time.monotonic()
        try:
            m.start()
            tap.check(False, "a database held for ever is refused")
        except RuntimeError as error:
            tap.check(m.process.returncode == 8 and "locked" in str(error) and time.monotonic() - begun < 45,
                      f"a database held for ever is refused after {time.monotonic() - begun:.0f} s with a sentence", str(error))


def held_while_running(estate, tap):
    data = estate.copy("held later")
    edit = {"description": "written"}
    with estate.open(data) as m:
        with Holder(data, FOR_EVER):
            reply = m.put(f"/vms/{fixed('vm', 1)}?wait=1", edit)
            tap.check(reply.status == 503 and "locked" in reply.sentence, "an edit is refused with the reason while another program holds the database", repr(reply))
            tap.check(m.get("/vms").status == 200, "reading goes on")
        reply = wait_for(lambda: (lambda one: one if one.status == 200 else None)(m.put(f"/vms/{fixed('vm', 1)}?wait=1", edit)), 15)
        tap.check(reply, "it mends itself")
        m.stop()
        tap.check(m.process.returncode == 0, "it ends well", m.last_words())


def restore_on_a_new_machine(estate, tap):
    data, backup = estate.copy("backed-up"), os.path.join(estate.base, "backup")
    new = os.path.join(estate.base, "new", "data")
    program = os.path.join(estate.build, "shikirid")
    subprocess.run([program, "--data-dir", data, "--backup", backup], check=True, capture_output=True)
    run = subprocess.run([program, "--data-dir", new, "--restore", backup], capture_output=True, text=True)
    tap.check(run.returncode == 0 and os.path.exists(os.path.join(new, "shikiri.db")), "a backup is restored where there was no data directory", run.stderr)
    tap.check("pki" in run.stdout, "and it is said what no backup holds", run.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="also what takes half a minute")
    arguments = parser.parse_args()
    tap = Tap()
    estate = Estate(os.path.abspath(arguments.build), "store")
    try:
        start_held(estate, tap)
        held_while_running(estate, tap)
        restore_on_a_new_machine(estate, tap)
        if arguments.full:
            start_refused(estate, tap)
    finally:
        estate.close()
    tap.done()


if __name__ == "__main__":
    main()
