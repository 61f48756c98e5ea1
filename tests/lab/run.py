#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the lab's tests: run.py --build DIR [--full] [NAME…]. A tool that is missing is a failure, too. Called by tools/check.sh."""
import importlib.util
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from suite import PYTHON, run  # noqa: E402

LIMIT, LIMIT_FULL = 300, 900
LANES = 3               # each program has a libvirtd, folders and namespaces of its own, and waits much of the time
ALONE = ("hung", "link")       # they measure how long things take
FIRST = ("firmware", "devices", "domain", "gadgets", "override", "clone", "manager", "life")
TOOLS = ("libvirtd", "virtlogd", "virsh", "qemu-system-x86_64", "qemu-img", "dnsmasq", "ip", "unshare", "nsenter", "setpriv", "flock", "mount",
         "busybox", "cpio", "curl", "sqlite3", "pgrep", "openssl")
MODULES = ("libvirt", "gi")


def missing():
    """What the lab needs and this machine lacks, a sentence each."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for tool in TOOLS:
        if not shutil.which(tool, path=path):
            yield f"The program '{tool}' is missing: run tools/install-deps.sh test."
    for module in MODULES:
        found = subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0
        if not found and not (PYTHON == sys.executable and importlib.util.find_spec(module)):
            yield f"{PYTHON} has no module '{module}': run tools/install-deps.sh test."
    if os.geteuid() != 0:
        yield "The lab needs root: it makes namespaces and starts a libvirtd of its own."


if __name__ == "__main__":
    sys.exit(run(HERE, (LIMIT, LIMIT_FULL), missing(), LANES, ALONE, FIRST))
