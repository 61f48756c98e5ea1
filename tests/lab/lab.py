# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What the lab's tests share: a libvirtd of their own (private_libvirtd.sh), results as TAP, and the frame of most programs."""
import argparse
import os
import subprocess
import sys
import time

import leftovers
from shikirid import Shikirid

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "private_libvirtd.sh")
leftovers.set_mark()

SOON = 1.0          # seconds in which an event of libvirt must show
UNTOLD = 45         # and a change that libvirt tells nobody about

# A machine without disk or network: QEMU runs its BIOS, which is all that most tests need.
DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory}</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>"""


class Libvirtd:
    """A real libvirtd in namespaces of its own; a context manager. What `with` leaves behind is nothing."""

    def __init__(self, name="link", cgroups=False):
        self.environment = dict(os.environ, **({"SHIKIRI_LAB_CGROUPS": "1"} if cgroups else {}))
        self.folder = f"/tmp/shikiri-lab.{name}-{os.getpid()}"
        self.socket = f"{self.folder}/run/libvirt/libvirt-sock"
        self.uri = f"qemu+unix:///system?socket={self.socket}"

    def __enter__(self):
        self.process = subprocess.Popen([SCRIPT, self.folder], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=self.environment)
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            self.__exit__()
            raise RuntimeError("the private libvirtd did not start")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.call("wipe")

    def call(self, *arguments):
        return subprocess.run([SCRIPT, self.folder, *arguments], check=True, capture_output=True, text=True, timeout=60).stdout

    def signal(self, name):
        self.call("signal", name)

    def virsh(self, *arguments, data=None):
        run = subprocess.run(["virsh", "-q", "-c", self.uri, *arguments], input=data, capture_output=True, text=True, timeout=60)
        if run.returncode:
            raise RuntimeError(f"virsh {' '.join(arguments)}: {run.stderr.strip()}")
        return run.stdout.strip()

    def define(self, name, memory=32):
        self.virsh("define", "/dev/stdin", data=DOMAIN.format(name=name, memory=memory))
        return self.virsh("domuuid", name)

    def signal_qemu(self, name, signal):
        """To the QEMU of a running domain, whether libvirtd answers or not."""
        self.call("run", "sh", "-c", f"kill -{signal} $(cat /run/libvirt/qemu/{name}.pid)")


class Tap:
    """One check a line; `done` ends the program with the status that says whether all passed."""

    def __init__(self):
        self.count = self.failed = 0

    def check(self, passed, name, why=""):
        self.count += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.count} - {name}", flush=True)
        for line in str(why).splitlines() if not passed else []:
            print(f"# {line}", flush=True)
        return passed

    def skip(self, name, why):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}", flush=True)

    def note(self, text):
        print(f"# {text}", flush=True)

    def done(self):
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed else 0)


def wait_for(question, seconds):
    """The first true answer within SECONDS, else the last one."""
    until = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() > until:
            return answer
        time.sleep(0.02)


class Lab:
    """The libvirtd, the manager on it and the results; BUILD and FULL as the program was told."""

    def __init__(self, tap, libvirtd, manager, build, full):
        self.tap, self.libvirtd, self.manager, self.build, self.full = tap, libvirtd, manager, build, full
        self.storage = os.path.join(manager.folder, "storage")
        self.stream = None

    def expect(self, reply, name, status=(200, 201)):
        wanted = status if isinstance(status, tuple) else (status,)
        return self.tap.check(reply.status in wanted, name, reply)

    def shows(self, since, name, wanted, what, seconds=SOON):
        """A line of the stream about VM NAME, within SECONDS of SINCE."""
        def asked():
            return self.stream.find(since, "vm", lambda vm: vm.get("name") == name and wanted(vm))
        at = wait_for(asked, seconds + 5)
        told = f"after {at - since:.3f} s" if at else "never"
        return self.tap.check(at is not None and at - since <= seconds, f"{what} within {SOON if seconds != UNTOLD else seconds} s", f"{told}; now {self.manager.status(name)}")

    def shows_after(self, since, name, wanted, what):
        """The same for what takes libvirt itself a while: from when virsh has come back."""
        self.shows(since, name, wanted, what, seconds=time.monotonic() - since + SOON)

    def event(self, since, words, what):
        """An event younger than number SINCE whose sentence holds all WORDS."""
        def asked():
            return [e for e in self.manager.events(since) if all(word in e.get("description", "") for word in words)]
        return self.tap.check(wait_for(asked, 3), what, [e.get("description") for e in self.manager.events(since)])


def program(name, run, options=(), prepare=None, sees=False, cgroups=False):
    """The whole of a program: a libvirtd of this NAME with its network, PREPARE(libvirtd) before anybody manages it, a manager with OPTIONS (whose {folder} is
    libvirtd's), and RUN(lab) once the host is up. What goes wrong there is a failed check, and the manager must live to see the end. SEES: what libvirtd calls
    /var/lib/libvirt is that for the manager too. CGROUPS: libvirtd has those that keep threads on CPUs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="with what takes long, where there is such a thing")
    given, tap = parser.parse_args(), Tap()
    with Libvirtd(name, cgroups) as libvirtd:
        libvirtd.call("run", "virsh", "-q", "net-start", "default")
        if prepare:
            prepare(libvirtd)
        manager = Shikirid(given.build, os.path.join(libvirtd.folder, "data"), uri=libvirtd.uri, options=[option.format(folder=libvirtd.folder) for option in options])
        if sees:
            manager.command = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /var/lib/libvirt && exec "$@"', os.path.join(libvirtd.folder, "lib"), *manager.command]
        with manager:
            try:
                tap.check(wait_for(lambda: manager.host()["status"] == "up", 60), "the host is up", manager.host())
                run(Lab(tap, libvirtd, manager, given.build, given.full))
            except Exception as error:
                tap.check(False, "the test runs to its end", f"{type(error).__name__}: {error}\n{manager.last_words()}")
            tap.check(manager.process.poll() is None and "Sanitizer" not in manager.last_words(200), "the manager still runs", manager.last_words(40))
    tap.done()
