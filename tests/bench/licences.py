# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""A year of history, 50 hosts and 500 VMs, counted by the command line: what it costs against a program that only reads the same JSON."""
import datetime
import json
import os
import random
import resource
import subprocess
import sys

from parts import MEGABYTE, median

BEGIN = datetime.datetime(2025, 1, 1)
READER = "import json, sys\nwith open(sys.argv[1], encoding='ascii') as file:\n    json.load(file)\n"


def moment(day, second):
    return (BEGIN + datetime.timedelta(days=day, seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def events(hosts, vms, days):
    """Each VM starts and stops once a day and is bound anew once a week; every second one has the product."""
    chance = random.Random(1)
    for vm in range(vms):
        name, cores = f"vm{vm:03d}", range(vm // hosts % 16 * 4, vm // hosts % 16 * 4 + 4)
        pins = [str(cpu) for core in cores for cpu in (core, core + 64)]
        if vm % 2 == 0:
            yield 0, 0, {"type": "tag", "vm": name, "product": "EE", "users": 30}
        for day in range(days):
            second = chance.randrange(3600, 40000)
            yield day, second, {"type": "start", "vm": name, "host": f"h{vm % hosts:02d}", "vcpus": 8, "pins": pins, "cpuset": None, "emulator": ",".join(pins), "migratable": False}
            if day % 7 == 0:
                yield day, second + 50, {"type": "pin", "vm": name, "pins": pins[::-1]}
            yield day, second + 40000, {"type": "stop", "vm": name}


def write_history(file, hosts, vms, days):
    """Returns how many events."""
    rows = sorted(events(hosts, vms, days), key=lambda row: row[:2])
    history = {"clusters": [{"name": f"c{number}", "scheduling": "none"} for number in range(hosts // 5)],
               "hosts": [{"name": f"h{number:02d}", "cluster": f"c{number // 5}", "cores": 64, "threads": 2, "sockets": 2, "nodes": 4, "factor": 0.5} for number in range(hosts)],
               "events": [dict(event, t=moment(day, second)) for day, second, event in rows]}
    with open(file, "w", encoding="ascii") as out:
        json.dump(history, out)
    return len(rows)


def spent(command):
    """Seconds of processor of COMMAND."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(bench):
    folder = bench.folder("licences")
    file = os.path.join(folder, "year.json")
    count = write_history(file, 50, bench.size(500, 50), 365)
    values = [], []
    for _ in range(bench.size(7, 2)):
        values[0].append(spent([os.path.join(bench.build, "shikiri"), "licence", "count", "--history", file, "--json"]))
        values[1].append(spent([sys.executable, "-c", READER, file]))
    size = os.path.getsize(file) / MEGABYTE
    bench.ratio(f"a year of licences counted, 50 hosts, 500 VMs, {count} events, {size:.0f} MB", "s", values, "python3's json only reading it", 0)
    bench.absolute(f"a year of licences counted, 50 hosts, 500 VMs, {count} events", "s", median(values[0]), 1)
