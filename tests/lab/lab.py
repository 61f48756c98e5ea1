# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What the lab's tests share: a libvirtd of their own (private_libvirtd.sh), and results as TAP."""
import os
import subprocess
import sys
import time

import leftovers

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, "private_libvirtd.sh")
leftovers.set_mark()

# A machine without disk or network: QEMU runs its BIOS, which is all that most tests need.
DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory}</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>"""


class Libvirtd:
    """A real libvirtd in namespaces of its own; a context manager. What `with` leaves behind is nothing."""

    def __init__(self, name="link"):
        self.folder = f"/tmp/shikiri-lab.{name}-{os.getpid()}"
        self.socket = f"{self.folder}/run/libvirt/libvirt-sock"
        self.uri = f"qemu+unix:///system?socket={self.socket}"

    def __enter__(self):
        self.process = subprocess.Popen([SCRIPT, self.folder], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
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
