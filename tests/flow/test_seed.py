#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What guests are told, read by readers that are not ours: a YAML parser, a MIME parser, cloud-init's own schema, and an ISO 9660 reader where there
is one. Each text of a person is found again as it was, whatever is in it."""
import argparse
import email
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))
from lab import Tap  # noqa: E402

ODD = ["plain", "two words", "colon: here", "# no comment", "- no item", "'single'", '"double"', "back\\slash", "{flow: [1, 2]}", "yes", "null", "0123", "1e3", "~", "&a *b !!int",
       "%directive", "--- # start", "...", "tab\there", "日本語の説明", "😀 emoji", "line\nbreak", " leading and trailing ", "\\x41", "\u2028\u2029\u0085\ufeff", "$6$no:hash", "%s %n", "a" * 3000]

CARDS = """<nic_configurations>
<nic_configuration><name>eth0</name><boot_protocol>static</boot_protocol><ip><address>10.0.0.2</address><netmask>255.255.255.0</netmask><gateway>10.0.0.1</gateway></ip>
<ipv6_boot_protocol>static</ipv6_boot_protocol><ipv6><address>2001:db8::2</address><netmask>64</netmask><gateway>2001:db8::1</gateway></ipv6></nic_configuration>
<nic_configuration><name>nic2</name><boot_protocol>dhcp</boot_protocol><ipv6_boot_protocol>autoconf</ipv6_boot_protocol></nic_configuration>
<nic_configuration><name>eth2</name><boot_protocol>dhcp</boot_protocol></nic_configuration>
<nic_configuration><name>eth3</name><boot_protocol>dhcp</boot_protocol><on_boot>false</on_boot></nic_configuration>
</nic_configurations>"""
NICS = "".join(f"<nic><name>nic{n}</name><mac><address>52:54:00:AA:00:0{n}</address></mac></nic>" for n in (1, 2))


def element(name, text):
    node = ET.Element(name)
    node.text = text
    return ET.tostring(node, encoding="unicode")


def vm(rows="", name="web1", more=""):
    return f"<vm>{element('name', name)}<initialization>{rows}</initialization>{more}</vm>"


class Seed:
    def __init__(self, build):
        self.build, self.program = build, os.path.join(build, "tests/unit/command/print_seed")

    def get(self, what, body):
        return subprocess.run([self.program, what], input=body.encode(), stdout=subprocess.PIPE, check=True).stdout

    def yaml(self, what, body):
        return yaml.safe_load(self.get(what, body))


def check_texts(seed, tap):
    wrong = []
    for text in ODD:
        told = seed.yaml("user-data", vm(element("timezone", text) + element("authorized_ssh_keys", text)))
        keys = [line.strip(" \t") for line in text.split("\n") if line.strip(" \t")]
        if told["timezone"] != text or (told.get("ssh_authorized_keys") or [])[:1] != keys[:1]:
            wrong.append((text, told))
    tap.check(not wrong, "a YAML parser finds each odd text as it was", wrong[:3])
    tap.check(all(byte < 127 for byte in seed.get("user-data", vm(element("timezone", "".join(ODD))))), "in a file of plain ASCII")


def check_user(seed, tap):
    told = seed.yaml("user-data", vm("<host_name>web1.example.com</host_name><user_name>ops</user_name><root_password>secret word</root_password>"
                                     "<dns_servers>10.0.0.53, 10.0.0.54</dns_servers><dns_search>example.com</dns_search><regenerate_ssh_keys>true</regenerate_ssh_keys>"))
    tap.check((told["hostname"], told["fqdn"], told["user"]) == ("web1", "web1.example.com", "ops") and "disable_root" not in told, "names and user are said", told)
    tap.check(told["password"].startswith("$6$") and told["chpasswd"] == {"expire": False} and told["ssh_pwauth"] is True, "the password as a hash", told)
    tap.check(told["resolv_conf"] == {"nameservers": ["10.0.0.53", "10.0.0.54"], "searchdomains": ["example.com"]} and told["ssh_deletekeys"] is True, "and the resolver", told)
    tap.check(seed.yaml("user-data", vm("<root_password>x</root_password>"))["disable_root"] is False, "without a user it is root, who may log in")
    tap.check(seed.yaml("user-data", vm(name="no host name")) == {}, "nothing to tell is an empty map")
    tap.check(seed.yaml("user-data", vm())["hostname"] == "web1", "a VM whose name can be one gives its guest that name")


def parts(seed, script):
    message = email.message_from_bytes(seed.get("user-data", vm(element("custom_script", script))))
    return [(part.get_content_type(), part.get_payload(decode=True).decode()) for part in message.get_payload()]


def check_scripts(seed, tap):
    for script, kind in (("#!/bin/sh\necho '😀' \"$HOME\"\n", "text/plain"), ("#cloud-config\nruncmd: [date]\n", "text/plain")):
        found = parts(seed, script)
        tap.check(found[0][0] == "text/cloud-config" and yaml.safe_load(found[0][1])["hostname"] == "web1" and found[1] == (kind, script), "a script is a part of its own", found)
    found = parts(seed, "runcmd:\n- [echo, 'a: b']\n")
    tap.check(found[1] == ("text/cloud-config", "#cloud-config\nruncmd:\n- [echo, 'a: b']\n"), "bare cloud-config gets its first line", found)


def check_network(seed, tap):
    told = seed.yaml("network-config", vm(CARDS + "<dns_servers>10.0.0.53</dns_servers>", more=f"<nics>{NICS}</nics>"))
    first, second, third = (told["ethernets"].get(name) for name in ("eth0", "nic2", "eth2"))
    tap.check(told["version"] == 2 and len(told["ethernets"]) == 3, "a card that shall not come up is left out", told)
    tap.check(first["addresses"] == ["10.0.0.2/24", "2001:db8::2/64"] and first["dhcp4"] is False and first["accept-ra"] is False, "static addresses of both kinds", first)
    tap.check((first["gateway4"], first["gateway6"]) == ("10.0.0.1", "2001:db8::1"), "with their routers", first)
    tap.check(first["match"] == {"macaddress": "52:54:00:aa:00:01"} and first["set-name"] == "eth0", "the card at its place is found by its address, and named", first)
    tap.check(second["match"] == {"macaddress": "52:54:00:aa:00:02"} and second["dhcp4"] and second["accept-ra"], "one of a NIC's name is that NIC", second)
    tap.check("match" not in third and third["dhcp4"] and first["nameservers"] == {"addresses": ["10.0.0.53"]}, "one the VM has not is meant by name", third)
    tap.check(seed.get("network-config", vm()) == b"", "nothing of cards, no file")


def check_instance(seed, tap):
    one, same, other = (seed.yaml("meta-data", vm(f"<timezone>{zone}</timezone>")) for zone in ("UTC", "UTC", "Asia/Tokyo"))
    tap.check(one == same and one["instance-id"] != other["instance-id"] and one["local-hostname"] == "web1", "its instance is the same as long as all it is told is", (one, other))


def check_unattend(seed, tap):
    space = "{urn:schemas-microsoft-com:unattend}"
    for text in ODD:
        if any(character in text for character in "\n\t\x85\u2028\u2029\ufeff"):
            continue
        root = ET.fromstring(seed.get("unattend", vm(element("org_name", text))))
        if root.find(f".//{space}RegisteredOrganization").text != text:
            tap.check(False, "unattend.xml says what was said", text)
            return
    tap.check(True, "unattend.xml says what was said")
    own = "<?xml version='1.0'?><unattend/>"
    tap.check(seed.get("unattend", vm(element("custom_script", own))).decode() == own, "a person's own stands instead")


def tool(*words):
    try:
        return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    except FileNotFoundError:
        return None


READER = """
import json, sys, yaml
from cloudinit import helpers, user_data
from cloudinit.distros import rhel
from cloudinit.net import eni, network_state, sysconfig
folder = sys.argv[1]
with open(folder + "/user-data", "rb") as file:
    message = user_data.UserDataProcessor(helpers.Paths({"cloud_dir": folder, "run_dir": folder})).process(file.read())
with open(folder + "/network-config") as file:
    state = network_state.parse_net_config_data(yaml.safe_load(file))
red_hat = sysconfig.Renderer(rhel.Distro.renderer_configs["sysconfig"])
print(json.dumps({"parts": [[part.get_content_type(), part.get_payload(decode=True).decode()] for part in message.walk() if part.get_content_maintype() != "multipart"],
                  "eni": eni.Renderer()._render_interfaces(state), "sysconfig": red_hat._render_sysconfig("", state, red_hat.flavor, templates=red_hat.templates)}))
"""


class CloudInit:
    """The distribution's own, unpacked and not installed: installed it would begin to work at the machine's next start."""
    PACKAGES = ("cloud-init python3-configobj python3-jinja2 python3-jsonpatch python3-jsonschema python3-oauthlib python3-requests python3-markupsafe python3-json-pointer "
                "python3-attr python3-pyrsistent python3-netifaces python3-urllib3 python3-chardet python3-certifi python3-idna python3-yaml").split()

    def __init__(self, build):
        self.root = os.path.join(os.path.abspath(build), "cloud-init")
        if not os.path.isdir(os.path.join(self.root, "usr")):
            self.unpack()
        self.there = os.path.isdir(os.path.join(self.root, "usr/lib/python3/dist-packages/cloudinit"))

    def unpack(self):
        os.makedirs(self.root, exist_ok=True)
        for package in self.PACKAGES:
            quiet = {"cwd": self.root, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
            try:
                subprocess.run(["apt-get", "download", "-qq", package], **quiet)
            except FileNotFoundError:
                return
        for name in os.listdir(self.root):
            if name.endswith(".deb"):
                subprocess.run(["dpkg", "-x", name, "."], cwd=self.root, check=False)

    def run(self, *words):
        path = os.path.join(self.root, "usr/lib/python3/dist-packages")
        return subprocess.run(["/usr/bin/python3", *words], env=dict(os.environ, PYTHONPATH=path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def check_cloud_init(seed, tap):
    """What cloud-init itself makes of it: its schema, its parts, and what it would write for the network of Debian's and Red Hat's kind."""
    init, script = CloudInit(seed.build), "#!/bin/sh\necho '😀'\n"
    if not init.there:
        tap.skip("cloud-init itself reads it", "there is no cloud-init here")
        return
    rows = ("<host_name>web1.example.com</host_name><user_name>ops</user_name><root_password>secret</root_password><authorized_ssh_keys>ssh-ed25519 AAAA x</authorized_ssh_keys>"
            "<timezone>Asia/Tokyo</timezone><dns_servers>10.0.0.53</dns_servers><dns_search>example.com</dns_search><regenerate_ssh_keys>true</regenerate_ssh_keys>")
    with tempfile.TemporaryDirectory() as folder:
        for name, body in (("alone", vm(rows)), ("user-data", vm(rows + element("custom_script", script))), ("network-config", vm(CARDS + rows, more=f"<nics>{NICS}</nics>"))):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(seed.get("user-data" if name == "alone" else name, body))
        said = init.run("-m", "cloudinit.cmd.main", "schema", "--config-file", os.path.join(folder, "alone"))
        tap.check(said.returncode == 0 and "Valid cloud-config" in said.stdout, "cloud-init's own schema has nothing against it", said.stdout)
        read = init.run("-c", READER, folder)
    tap.check(read.returncode == 0, "cloud-init itself reads it", read.stdout[-2000:])
    found = json.loads(read.stdout.splitlines()[-1]) if read.returncode == 0 else {"parts": [], "eni": "", "sysconfig": {}}
    tap.check([part[0] for part in found["parts"]] == ["text/cloud-config", "text/x-shellscript"] and found["parts"][1][1] == script, "in parts, the script as it was", found["parts"])
    first = next((text for name, text in found["sysconfig"].items() if name.endswith("ifcfg-eth0")), "")
    tap.check(all(line in first.splitlines() for line in ("HWADDR=52:54:00:aa:00:01", "IPADDR=10.0.0.2", "GATEWAY=10.0.0.1", "IPV6ADDR=2001:db8::2/64", "IPV6_DEFAULTGW=2001:db8::1", "DNS1=10.0.0.53")),
              "it would write the addresses where Red Hat's kind looks for them", first)
    tap.check("gateway 10.0.0.1" in found["eni"] and "gateway 2001:db8::1" in found["eni"] and "iface eth2 inet dhcp" in found["eni"], "and where Debian's does", found["eni"])


def check_image(seed, tap):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "seed.iso")
        with open(path, "wb") as file:
            file.write(seed.get("image", vm()))
        label = tool("blkid", "-p", "-o", "value", "-s", "LABEL", path)
        kind = tool("blkid", "-p", "-o", "value", "-s", "TYPE", path)
        tap.check(label and (label.stdout.strip(), kind.stdout.strip()) == ("cidata", "iso9660"), "blkid knows the image and its label", label and label.stdout + kind.stdout)
        listed = tool("xorriso", "-osirrox", "on", "-indev", path, "-extract", "/", folder + "/out")
        if not listed:
            tap.skip("xorriso reads it", "there is no xorriso here")
            return
        with open(folder + "/out/user-data", "rb") as file:
            tap.check(file.read() == seed.get("user-data", vm()), "xorriso reads it", listed.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true")
    seed_, tap_ = Seed(parser.parse_args().build), Tap()
    for check in (check_texts, check_user, check_scripts, check_network, check_instance, check_unattend, check_cloud_init, check_image):
        check(seed_, tap_)
    tap_.done()
