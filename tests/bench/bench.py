#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""make bench: runs the works of works.py, prints the table and writes it as JSON. README.md says how each is measured.

    bench.py --build DIR [--quick] [--only NAME…] [--page FILE]

The status is 1 if a limit is missed, 2 if something could not be measured. --quick is a smoke test: small numbers, limits not judged.
--page writes a whole run down for readers (page.py)."""
import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
import traceback

import page
import works
from parts import Fetch, Nginx, machine, median, middle_half, versions


class Bench:
    """What the works share: the build, the folders, the manager of many fake VMs, the rows."""

    def __init__(self, build, quick, running):
        self.build, self.quick, self.running = os.path.abspath(build), quick, running
        self.rows, self.remarks, self.made, self.lxd_name, self.versions = [], [], None, "", versions(build)

    def size(self, full, quick):
        return quick if self.quick else full

    def folder(self, name):
        folder = tempfile.mkdtemp(prefix=f"shikiri-bench-{name}-", dir="/tmp")
        for path in (folder, folder + ".log", folder + ".conf"):
            self.running.callback(lambda path=path: works.remove(path) if os.path.isdir(path) else os.path.exists(path) and os.unlink(path))
        return folder

    @property
    def fake(self):
        if not self.made:
            self.made = works.fake_manager(self, self.size(10000, 1000))
        return self.made

    # --- rows ---

    def row(self, work, unit, ours, peer_name, peer, ratio, limit, met, values=None, spread=None):
        row = {"work": work, "unit": unit, "ours": ours, "peer_name": peer_name, "peer": peer, "ratio": ratio, "limit": limit, "met": None if self.quick else met,
               "spread": spread, "values": values}
        self.rows.append(row)
        print(line_of(row), flush=True)

    def ratio(self, work, unit, values, peer_name, limit):
        """VALUES: ours and the peer's, pair by pair."""
        ratios = [ours / peer for ours, peer in zip(*values)]
        ratio = median(ratios)
        self.row(work, unit, median(values[0]), peer_name, median(values[1]), f"{ratio:.3f}", f"{limit:g} x" if limit else "",
                 ratio <= limit if limit else None, values, middle_half(ratios))

    def absolute(self, work, unit, ours, limit):
        self.row(work, unit, ours, "", None, "", f"{limit} {unit}", ours <= limit)

    def note(self, work, unit, ours):
        self.row(work, unit, ours, "", None, "", "", None)

    def remark(self, text):
        self.remarks.append(text)


HEAD = f"{'work':<86} | {'ours':>16} | {'peer':>10} | {'ratio':>12} | {'limit':>7} | met"


def number(value):
    return "" if value is None else f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def line_of(row):
    met = {None: "", True: "yes", False: "NO"}[row["met"]]
    work = row["work"] + (f" / {row['peer_name']}" if row["peer_name"] else "")
    unit = row["unit"] if len(row["unit"]) < 8 else row["unit"].split(" ", 1)[1]
    return f"{work:<86} | {number(row['ours']) + ' ' + unit:>16} | {number(row['peer']):>10} | {row['ratio']:>12} | {row['limit']:>7} | {met}"


def print_table(bench):
    print("\n" + HEAD + "\n" + "-" * len(HEAD))
    for row in bench.rows:
        print(line_of(row))
    print(f"Client: {Fetch.NAME}; nginx: {Nginx.HOW}. CPU: user + system of the server's process, all threads. Medians of alternating pairs.")
    print("Ran: " + ", ".join(f"{name} {version}" for name, version in sorted(bench.versions.items())))
    for remark in bench.remarks:
        print("* " + remark)


def write_json(bench, file, begun, failed):
    about = {"client": Fetch.NAME, "nginx": Nginx.HOW, "versions": bench.versions, "machine": machine(),
             "load": [begun[0], os.getloadavg()[0]], "when": begun[1], "quick": bench.quick, "remarks": bench.remarks,
             "failed": failed, "rows": bench.rows}
    with open(file, "w", encoding="utf-8") as out:
        json.dump(about, out, indent=1)
    return about


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--page")
    options = parser.parse_args()
    if options.page and (options.quick or options.only):
        parser.error("--page is of a whole run: without --quick and --only")
    begun = os.getloadavg()[0], time.strftime("%Y-%m-%d", time.gmtime())
    failed = []
    with contextlib.ExitStack() as running:
        bench = Bench(options.build, options.quick, running)
        print(HEAD, flush=True)
        for name, work, _ in works.WORKS:
            if options.only and name not in options.only:
                continue
            try:
                work(bench)
            except Exception:               # the other works go on; the status tells
                traceback.print_exc()
                failed.append(name)
        print_table(bench)
        about = write_json(bench, os.path.join(options.build, "bench.json"), begun, failed)
    if options.page:
        page.write([about], options.page)
    missed = [] if options.quick else [row["work"] for row in bench.rows if row["met"] is False]
    for name in failed:
        print(f"not measured: {name}")
    print(f"{len(bench.rows)} rows, {len(missed)} limits missed, {len(failed)} works not measured; {os.path.join(options.build, 'bench.json')}")
    sys.exit(2 if failed else 1 if missed else 0)


if __name__ == "__main__":
    main()
