# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""imageio's own client, unmodified, in the hands of those who use it: the Python SDK's examples upload_disk.py and download_disk.py,
ovirt-img, and Ansible's ovirt_disk. Called by test_transfer.py where they are at hand: SHIKIRI_PYTHON_IMAGEIO names the folder that holds
ovirt_imageio, SHIKIRI_PYTHON_SDK the one that holds ovirtsdk4, SHIKIRI_SDK_EXAMPLES the SDK's examples, SHIKIRI_ANSIBLE_COLLECTIONS the
one that holds ansible_collections."""
import importlib
import json
import os
import shutil
import subprocess
import sys

from images import MIB, qemu_img
from shikirid import USER

PATIENCE = 240
SIZE = 96 * MIB
PLAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client_imageio.yml")
FOLDERS = ("SHIKIRI_PYTHON_IMAGEIO", "SHIKIRI_PYTHON_SDK")


def missing(*more):
    """Why they do not run here; None: they do."""
    for name in (*FOLDERS, *more):
        if not os.environ.get(name):
            return f"set {name}"
    for name in FOLDERS:
        sys.path.insert(0, os.environ[name])
    try:
        importlib.import_module("ovirt_imageio.client")
        importlib.import_module("ovirtsdk4")
    except ImportError as error:
        return f"they do not run here: {error}"
    return None


class Desk:
    """A home with the configuration these programs read, and images to move."""

    def __init__(self, manager, folder):
        self.manager, self.folder = manager, folder
        config = os.path.join(folder, ".config")
        os.makedirs(config)
        for name in ("ovirt.conf", "ovirt-img.conf"):       # of the examples; of ovirt-img
            with open(os.path.join(config, name), "w", encoding="utf-8") as file:
                file.write(f"[here]\nengine_url = {manager.url}\nusername = {USER}\npassword = {manager.password}\ncafile = {manager.ca}\nsecure = yes\n")
        self.environment = dict(os.environ, HOME=folder, LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1",
                                PYTHONPATH=":".join([os.environ[name] for name in FOLDERS] + [os.environ.get("SHIKIRI_SDK_EXAMPLES", "")]))

    def path(self, name):
        return os.path.join(self.folder, name)

    def image(self, name, form):
        qemu_img("create", "-q", "-f", form, self.path(name), str(SIZE))
        orders = [word for at in (0, 17, 40, 90) for word in ("-c", f"write -P {at + 1} {at}M 3M")]
        subprocess.run(["qemu-io", "-f", form, *orders, "-c", "write -z 41M 1M", self.path(name)], check=True, stdout=subprocess.DEVNULL)
        return self.path(name)

    def run(self, *command):
        return subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE, check=False)

    def same(self, one, other):
        return self.run("qemu-img", "compare", one, other).returncode == 0

    def disk(self, name):
        found = self.manager.get(f"/disks?search=name%3D%22{name}%22").body.get("disk", [])
        return found[0] if found else {}


def said(run):
    return run.stdout[-1500:] + run.stderr[-2500:]


def check_examples(tap, desk):
    folder = os.environ["SHIKIRI_SDK_EXAMPLES"]
    for form, disk_form in (("raw", "qcow2"), ("qcow2", "raw"), ("qcow2", "qcow2")):
        source = desk.image(f"example-{form}-{disk_form}", form)
        run = desk.run(sys.executable, os.path.join(folder, "upload_disk.py"), "-c", "here", "--sd-name", "data", "--disk-format", disk_form, "--disk-sparse", source)
        disk = desk.disk(f"{os.path.basename(source)}.{disk_form}")
        tap.check(run.returncode == 0 and disk.get("status") == "ok", f"imageio: upload_disk.py, {form} to {disk_form}", said(run))
        if not disk:
            continue
        for back_form in ("raw", "qcow2"):
            back = desk.path(f"back-{form}-{disk_form}.{back_form}")
            run = desk.run(sys.executable, os.path.join(folder, "download_disk.py"), "-c", "here", "-f", back_form, disk["id"], back)
            tap.check(run.returncode == 0 and desk.same(source, back), f"imageio: download_disk.py, {disk_form} to {back_form}, bit for bit", said(run))


def check_tool(tap, desk):
    def tool(*words):
        return desk.run(sys.executable, "-c", "from ovirt_imageio.client._tool import main; main()", *words)
    source, back = desk.image("by-tool", "qcow2"), desk.path("by-tool.back")
    run = tool("upload-disk", "-c", "here", "-s", "data", "--name", "by-tool", source)
    disk = desk.disk("by-tool")
    tap.check(run.returncode == 0 and disk.get("status") == "ok", "imageio: ovirt-img upload-disk", said(run))
    run = tool("download-disk", "-c", "here", disk.get("id", ""), back)
    tap.check(run.returncode == 0 and desk.same(source, back), "imageio: ovirt-img download-disk, bit for bit", said(run))


def check_ansible(tap, desk):
    why = "ansible-playbook is not here: install ansible-core" if not shutil.which("ansible-playbook") else missing("SHIKIRI_ANSIBLE_COLLECTIONS")
    if why:
        tap.skip("imageio: Ansible's ovirt_disk", why)
        return
    source, back = desk.image("by-play.qcow2", "qcow2"), desk.path("by-play.back")
    desk.environment.update(ANSIBLE_COLLECTIONS_PATH=os.environ["SHIKIRI_ANSIBLE_COLLECTIONS"], ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="false", ANSIBLE_HOME=desk.folder)
    words = {"url": f"{desk.manager.url}/ovirt-engine/api", "username": USER, "password": desk.manager.password, "ca": desk.manager.ca, "source": source, "back": back}
    run = desk.run("ansible-playbook", PLAY, "-e", json.dumps(words))
    tap.check(run.returncode == 0 and "failed=0" in run.stdout and desk.same(source, back), "imageio: Ansible's ovirt_disk uploads and downloads, bit for bit", said(run))


def check(tap, manager, folder):
    why = missing("SHIKIRI_SDK_EXAMPLES")
    if why:
        tap.skip("imageio: its client, by the SDK's examples and ovirt-img", why)
        return
    os.mkdir(folder)
    desk = Desk(manager, folder)
    check_examples(tap, desk)
    check_tool(tap, desk)
    check_ansible(tap, desk)
