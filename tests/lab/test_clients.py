#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that people have, unmodified, on a real manager, libvirtd and QEMU: curl, libgovirt (what remote-viewer is made of), oVirt's
Python SDK and Ansible. Each logs in, lists, starts and stops a VM; curl and the SDK add and remove one too."""
import json
import os
import re
import subprocess
import sys

import client_ansible
import client_sdk
from lab import program, wait_for
from shikirid import USER

HERE = os.path.dirname(os.path.abspath(__file__))


class Curl:
    def __init__(self, manager, *login):
        self.manager, self.login = manager, login

    def __call__(self, method, path, body=None, options=()):
        """(status, text)"""
        command = ["curl", "-sS", "--cacert", self.manager.ca, "-X", method, "-w", "\n%{http_code}", *self.login, *options]
        command += ["-H", "Content-Type: application/xml", "-d", body] if body else []
        out = subprocess.run([*command, f"{self.manager.url}/ovirt-engine/{path}"], capture_output=True, text=True, timeout=60, check=True).stdout
        text, _, status = out.rpartition("\n")
        return int(status), text


def become(manager, name, status, seconds=30):
    return wait_for(lambda: manager.status(name) in status, seconds)


def check_curl_life(tap, manager, curl, name):
    """Add, start, stop, remove, with bodies as a person types them."""
    body = f"<vm><name>{name}</name><memory>67108864</memory><cluster><name>Default</name></cluster><template><name>Blank</name></template>" \
           "<os><boot><devices><device>network</device></devices></boot></os></vm>"
    status, text = curl("POST", "api/vms", body)
    found = re.search(r'<vm [^>]*id="([0-9a-f-]{36})"', text)
    if not tap.check(status in (201, 202) and found, f"curl: {name} is added", text):
        return
    vm = f"api/vms/{found.group(1)}"
    tap.check(become(manager, name, ("down",)), f"curl: {name} is down")
    status, text = curl("POST", f"{vm}/nics", '<nic><name>nic1</name><vnic_profile><name>ovirtmgmt</name></vnic_profile></nic>')
    tap.check(status in (201, 202), f"curl: {name} gets a NIC", text)
    status, text = curl("POST", f"{vm}/start", "<action/>")
    tap.check(status in (200, 202) and "<action" in text and become(manager, name, ("up", "powering_up")), f"curl: {name} is started", text)
    status, text = curl("POST", f"{vm}/stop", "<action/>")
    tap.check(status in (200, 202) and become(manager, name, ("down",)), f"curl: {name} is stopped", text)
    status, text = curl("DELETE", vm)
    tap.check(status in (200, 202) and wait_for(lambda: manager.vm(name) is None, 30), f"curl: {name} is removed", text)


def check_curl(tap, manager):
    basic = Curl(manager, "--user", f"{USER}:{manager.password}")
    status, text = basic("GET", "api/vms")
    tap.check(status == 200 and "<name>served</name>" in text, "curl: VMs are listed by user and password", text)
    status, text = Curl(manager, "--user", f"{USER}:wrong")("GET", "api/vms")
    tap.check(status == 401 and "served" not in text, "curl: not by a wrong password", (status, text))
    check_curl_life(tap, manager, basic, "curl1")
    grant = ["--data-urlencode", "grant_type=password", "--data-urlencode", "scope=ovirt-app-api", "--data-urlencode", f"username={USER}",
             "--data-urlencode", f"password={manager.password}", "-H", "Accept: application/json"]
    status, text = Curl(manager)("POST", "sso/oauth/token", options=grant)
    token = json.loads(text).get("access_token", "") if status == 200 else ""
    if tap.check(token, "curl: a token is granted", text):
        bearer = Curl(manager, "-H", f"Authorization: Bearer {token}")
        status, text = bearer("GET", "api/vms", options=["-H", "Accept: application/json"])
        tap.check(status == 200 and any(vm["name"] == "served" for vm in json.loads(text)["vm"]), "curl: VMs are listed by it, in JSON", text)
        check_curl_life(tap, manager, bearer, "curl2")
        status, text = Curl(manager)("POST", "services/sso-logout", options=["-d", f"scope=ovirt-app-api&token={token}", "-H", "Accept: application/json"])
        tap.check(status == 200 and bearer("GET", "api/vms")[0] == 401, "curl: logged out, it is worth nothing", text)


def has_govirt():
    find = "import gi; gi.require_version('GoVirt', '1.0'); from gi.repository import GoVirt"
    return subprocess.run([sys.executable, "-c", find], capture_output=True, check=False).returncode == 0


def check_govirt(tap, manager):
    if not has_govirt():
        tap.skip("libgovirt", "its typelib (GoVirt-1.0) is not here: install gir1.2-govirt-1.0")
        return
    environment = dict(os.environ, SHIKIRI_USER=USER, SHIKIRI_PASSWORD=manager.password)
    run = subprocess.run([sys.executable, os.path.join(HERE, "client_govirt.py"), f"127.0.0.1:{manager.port}", manager.ca, "served"], env=environment,
                         capture_output=True, text=True, timeout=120, check=False)
    said = dict(line.partition(" ")[::2] for line in run.stdout.splitlines())
    why = f"status {run.returncode}\n{run.stdout}{run.stderr}"
    # Its list of types of storage domains lacks oVirt's `unmanaged`: it says so and goes on. And it says that it was refused.
    known = ("ovirt_utils_genum_get_value", "Error while running start")
    warnings = [line for line in run.stderr.splitlines() if line and not any(words in line for words in known)]
    tap.check(run.returncode == 0 and not warnings, "libgovirt: ends well, without a warning", why)
    tap.check(said.get("api") == "True" and "'served'" in said.get("vms", "") and said.get("clusters") == "['Default']", "libgovirt: logs in and lists", why)
    tap.check(said.get("found") == "served down", "libgovirt: finds a VM by search", why)
    tap.check(said.get("started") in ("up", "powering-up"), "libgovirt: starts it", why)
    tap.check("served" in said.get("refused", ""), "libgovirt: is told why it does not start twice", why)
    tap.check(said.get("stopped") == "down" and manager.status("served") == "down", "libgovirt: stops it", why)


def serve(lab):
    tap, libvirtd, manager = lab.tap, lab.libvirtd, lab.manager
    vm = manager.post("/vms?wait=1", {"name": "served", "memory": str(64 << 20), "os": {"boot": {"devices": {"device": ["network"]}}}}).body["id"]
    manager.post(f"/vms/{vm}/nics?wait=1", {"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}})
    for client, check in (("curl", check_curl), ("libgovirt", check_govirt), ("sdk", client_sdk.check), ("ansible", client_ansible.check)):
        try:
            check(tap, manager)
        except Exception as error:
            tap.check(False, f"{client}: runs to its end", f"{type(error).__name__}: {error}\n{manager.last_words()}")
    left = libvirtd.virsh("list", "--all", "--name").split()
    tap.check(left == ["served"], "no domain is left over", left)


if __name__ == "__main__":
    program("clients", serve)
