# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Ansible's ovirt.ovirt collection, unmodified: client_ansible.yml is played against a real guest. Called by test_clients.py where the
collection, its SDK and a Python they both run on are at hand: SHIKIRI_ANSIBLE_COLLECTIONS names the folder that holds ansible_collections,
SHIKIRI_PYTHON_SDK the one that holds ovirtsdk4."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from lab import wait_for
from shikirid import USER, hello_guest

PLAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client_ansible.yml")
PATIENCE = 480
CHANGED = 17                # tasks of the play that change something


def missing():
    """Why it cannot be played here; None: it can."""
    if not shutil.which("ansible-playbook"):
        return "ansible-playbook is not here: install ansible-core"
    if not os.environ.get("SHIKIRI_ANSIBLE_COLLECTIONS"):
        return "set SHIKIRI_ANSIBLE_COLLECTIONS to a folder with ansible_collections/ovirt/ovirt: Debian's 2.4.1 does not run on Debian's Python"
    if not os.environ.get("SHIKIRI_PYTHON_SDK"):
        return "set SHIKIRI_PYTHON_SDK to the folder that holds ovirtsdk4"
    return None


def play(words, book=PLAY):
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=os.environ["SHIKIRI_ANSIBLE_COLLECTIONS"], PYTHONPATH=os.environ["SHIKIRI_PYTHON_SDK"],
                       ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="false", ANSIBLE_HOME=words["scratch"], HOME=words["scratch"],
                       LC_ALL="C.UTF-8")
    return subprocess.run(["ansible-playbook", book, "-e", json.dumps(words)], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
                          cwd=words["scratch"])


def check(tap, manager):
    why = missing()
    if why:
        tap.skip("ansible", why)
        return
    kernel, initrd = hello_guest(os.path.join(manager.folder, "storage"))
    with tempfile.TemporaryDirectory(prefix="shikiri-lab-ansible-") as scratch:
        words = {"url": f"{manager.url}/ovirt-engine/api", "username": USER, "password": manager.password, "ca": manager.ca, "scratch": scratch,
                 "kernel": kernel, "initrd": initrd, "host": manager.host()["name"]}
        run = play(words)
    said = run.stdout[-6000:] + run.stderr[-2000:]
    sums = re.search(r"ok=(\d+) +changed=(\d+) +unreachable=0 +failed=0", run.stdout)
    failed = re.findall(r"TASK \[([^\]]+)\] \**\nfatal", run.stdout)
    tap.check(run.returncode == 0 and sums, f"ansible: the play ends well{': not ' + failed[0] if failed else ''}", said)
    tap.check(sums and int(sums.group(2)) == CHANGED, f"ansible: {CHANGED} tasks changed something, no other", sums.group(0) if sums else said)
    tap.check(wait_for(lambda: manager.vm("ansible1") is None, 20), "ansible: its VM is gone")
    disks = [disk["alias"] for disk in manager.get("/disks").body.get("disk", [])]
    tap.check(not any(alias.startswith("ansible") for alias in disks), "ansible: its disks are gone", disks)


def check_storage(tap, manager, storage, vm):
    """client_ansible_storage.yml, with a storage domain in which that VM is down."""
    why = missing()
    if why:
        tap.skip("ansible takes a storage domain away and brings it back", why)
        return
    with tempfile.TemporaryDirectory(prefix="shikiri-lab-ansible-") as scratch:
        words = {"url": f"{manager.url}/ovirt-engine/api", "username": USER, "password": manager.password, "ca": manager.ca, "scratch": scratch, "storage": storage, "vm": vm}
        run = play(words, PLAY.replace(".yml", "_storage.yml"))
    said = run.stdout[-6000:] + run.stderr[-2000:]
    tap.check(run.returncode == 0 and re.search(r"unreachable=0 +failed=0", run.stdout), "ansible takes a storage domain away and brings it back with its VM", said)
