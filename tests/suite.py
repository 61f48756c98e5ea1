# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What runs a folder of test programs, some at once where they do not measure, each with a time limit, and prints their TAP as one with
a single plan. A program that dies, hangs, or ends without a plan is a failure. What a killed run left behind is cleared before, after
and between. Used by the run.py of flow and of lab."""
import argparse
import concurrent.futures
import glob
import os
import re
import signal
import subprocess
import sys
import threading
import time

import allowance

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lab"))
import leftovers  # noqa: E402  (the lab's: it knows what a test program leaves)

# The distribution's own: it has the bindings of libvirt and of the clients that are tested, another python need not.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
RESULT = re.compile(r"(not ok|ok)\b\s*\d*\s*-?\s*(.*)")
PLAN = re.compile(r"1\.\.(\d+)\s*(#.*)?$")
# Puts the mark into its own environment, and becomes the program.
MARKED = ["sh", "-c", f'export {leftovers.MARK}="$$:$(cut -d" " -f22 /proc/$$/stat)"; exec "$@"', "sh"]


class Total:
    """One numbering over all programs. Of those under way the first speaks as it goes, the others when it has ended: the order is always
    that of their beginning."""

    def __init__(self):
        self.count = self.failed = 0
        self.lock = threading.RLock()
        self.waiting = []           # programs, those under way and those that ended before the first of them

    def begin(self, program):
        with self.lock:
            self.waiting.append(program)

    def hear(self, program, passed, text):
        """PASSED: None where TEXT is only told."""
        with self.lock:
            program.kept.append((passed, text))
            self.speak()

    def end(self, program):
        with self.lock:
            program.ended = True
            self.speak()

    def speak(self):
        while self.waiting:
            first = self.waiting[0]
            for passed, text in first.kept:
                self.why(text) if passed is None else self.say(passed, text)
            first.kept.clear()
            if not first.ended:
                return
            self.waiting.pop(0)

    def say(self, passed, name):
        self.count += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}", flush=True)

    def why(self, text):
        for line in text.strip().splitlines():
            print(f"# {line}", flush=True)

    def done(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


class Program:
    """One test program under its time limit; its lines go to the total as they come."""

    def __init__(self, total, file, options, limit):
        self.total, self.limit = total, limit
        self.name = os.path.basename(file)[len("test_"):-len(".py")]
        self.plan, self.results, self.bad, self.hung = None, 0, 0, False
        self.kept, self.ended = [], False       # the total's
        self.errors = os.path.join(leftovers.TEMP, f"shikiri-lab-data.{self.name}-{os.getpid()}-errors")
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen([*MARKED, PYTHON, file, *options], stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL, text=True,
                                            errors="replace", start_new_session=True)
        self.started = leftovers.started(self.process.pid)
        total.begin(self)

    def run(self):
        timer = threading.Timer(self.limit, self.expire)
        timer.start()
        begun = time.monotonic()
        try:
            for line in self.process.stdout:
                self.take(line.rstrip("\n"))
            status = self.process.wait()
            leftovers.end_of(self.process.pid, self.started)
            self.judge(status)
            os.unlink(self.errors)
            self.total.hear(self, None, f"{self.name}: {self.results} in {time.monotonic() - begun:.1f} s")
        finally:
            timer.cancel()
            self.total.end(self)

    def expire(self):
        """The group gets no chance to argue; what else it started carries its mark."""
        self.hung = True
        self.end()

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        leftovers.end_of(self.process.pid, self.started)

    def take(self, line):
        result, plan = RESULT.match(line), PLAN.match(line)
        if result:
            self.results += 1
            self.bad += result.group(1) != "ok"
            self.total.hear(self, result.group(1) == "ok", f"{self.name}: {result.group(2)}")
        elif plan:
            self.plan = int(plan.group(1))
            if plan.group(2):
                self.total.hear(self, True, f"{self.name}: whole program {plan.group(2)}")
        elif line.strip():
            self.total.hear(self, None, line.lstrip("# "))

    def judge(self, status):
        if self.hung:
            self.fail(f"ended by its time limit of {self.limit} s")
        elif self.plan is None:
            self.fail(f"ended without a plan, status {status}")
        elif self.plan != self.results:
            self.fail(f"planned {self.plan} results and gave {self.results}")
        elif status != 0 and not self.bad:
            self.fail(f"ended with status {status}")

    def fail(self, why):
        self.total.hear(self, False, f"{self.name}: {why}")
        with open(self.errors, encoding="utf-8", errors="replace") as errors:
            self.total.hear(self, None, "".join(errors.readlines()[-30:]))


def choose(folder, names, first):
    """The long ones FIRST: a long one that begins last keeps everybody waiting."""
    begin = [f"test_{name}.py" for name in first]

    def turn(file):
        name = os.path.basename(file)
        return begin.index(name) if name in begin else len(begin), file

    files = sorted(glob.glob(os.path.join(folder, "test_*.py")), key=turn)
    if not names:
        return files
    return [file for file in files if any(name in os.path.basename(file) for name in names)]


class Lanes:
    """Programs, NUMBER at once, each after another; what is under way when this is interrupted is ended."""

    def __init__(self, total, options, limit):
        self.total, self.options, self.limit = total, options, limit
        self.lock = threading.Lock()
        self.running, self.over = set(), False

    def run(self, files, number):
        with concurrent.futures.ThreadPoolExecutor(number) as pool:
            programs = [pool.submit(self.run_one, file) for file in files]
            try:
                for program in programs:
                    program.result()
            finally:
                self.end()

    def run_one(self, file):
        with self.lock:
            if self.over:
                return
            program = Program(self.total, file, self.options, self.limit)
            self.running.add(program)
        program.run()
        with self.lock:
            self.running.remove(program)
            leftovers.clear()

    def end(self):
        with self.lock:
            self.over = True
            for program in self.running:
                program.end()


def run(folder, limits, missing=(), lanes=1, alone=(), first=()):
    """Runs FOLDER's programs as the command line says: LIMITS are the seconds one gets, usually and with --full; MISSING gives a
    sentence for each thing without which there is no point; LANES programs run at once, but for ALONE, those that measure: they come
    last, with nothing beside them; FIRST begin first. The status to exit with."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="the slow cases too")
    parser.add_argument("names", nargs="*", help="only programs whose name holds one of these")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    total = Total()
    for sentence in missing:
        total.say(False, sentence)
    if total.failed:
        return total.done()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    given = ["--build", os.path.abspath(options.build)] + (["--full"] if options.full else [])
    limit = limits[options.full] * allowance.times(options.build)
    files = choose(folder, options.names, first)
    last = [file for file in files if os.path.basename(file) in {f"test_{name}.py" for name in alone}]
    leftovers.clear()
    try:
        Lanes(total, given, limit).run([file for file in files if file not in last], lanes)
        Lanes(total, given, limit).run(last, 1)
    finally:
        leftovers.clear()
    return total.done()
