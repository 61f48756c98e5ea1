# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The content of disks as imageio's clients move it: plain HTTP with a ticket; and images, good and hostile. Used by the tests of
transfers in flow and lab."""
import http.client
import json
import os
import random
import struct
import subprocess
from urllib.parse import urlparse

from transfer_recipes import OVER, wait_phase

MIB = 1 << 20


class Answer:
    def __init__(self, reply):
        self.status, self.headers, self.body = reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers}: {self.body[:300]!r}"


class Image:
    """One connection to the content behind a URL."""

    def __init__(self, m, url, timeout=60):
        self.path = urlparse(url).path
        self.connection = m.connect(timeout)

    def ask(self, method, body=None, headers=None, query=""):
        self.connection.request(method, self.path + query, body, headers or {})
        return Answer(self.connection.getresponse())

    def put(self, offset, data, query="?flush=n"):
        return self.ask("PUT", data, {"Content-Range": f"bytes {offset}-{offset + len(data) - 1}/*"}, query)

    def get(self, offset, count):
        return self.ask("GET", None, {"Range": f"bytes={offset}-{offset + count - 1}"})

    def patch(self, **order):
        return self.ask("PATCH", json.dumps(order), {"Content-Type": "application/json"})

    def extents(self):
        return self.ask("GET", query="/extents")

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Transfer:
    """A transfer of the API, begun; `how` is what was answered, `id` None where it was refused."""

    def __init__(self, m, disk, direction="upload", form="raw", **more):
        self.m = m
        self.how = m.post("/imagetransfers", {"disk": {"id": disk}, "direction": direction, "format": form, **more})
        self.id = self.how.body.get("id") if self.how.status == 201 else None
        if self.id:
            wait_phase(m, self.id, "transferring", "paused_system")

    @property
    def body(self):
        return self.m.get(f"/imagetransfers/{self.id}").body

    @property
    def phase(self):
        return self.body.get("phase")

    def image(self, timeout=60):
        return Image(self.m, self.body["transfer_url"], timeout)

    def act(self, verb):
        return self.m.post(f"/imagetransfers/{self.id}/{verb}", {})

    def end(self, verb, seconds=60):
        """The phase it comes to by VERB."""
        self.act(verb)
        return wait_phase(self.m, self.id, *OVER, seconds=seconds)


def add_disk(m, size, form="raw", **more):
    reply = m.post("/disks?wait=1", {"name": f"disk-{random.getrandbits(40):x}", "provisioned_size": str(size), "format": form, "sparse": "true", **more})
    if reply.status != 201:
        raise RuntimeError(f"no disk: {reply}")
    return reply.body["id"]


def status(m, disk):
    reply = m.get(f"/disks/{disk}")
    return reply.body["status"] if reply.status == 200 else reply.status


def pattern(count, seed):
    return random.Random(seed).randbytes(count)


def qemu_img(*words):
    return subprocess.run(["qemu-img", *words], check=True, capture_output=True, text=True).stdout


# --- images that are not what they seem -----------------------------------------------------------------------------------------------

def patched(path, *patches):
    """Bytes of the image at PATH with (offset, bytes) laid over them."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    for offset, value in patches:
        data[offset:offset + len(value)] = value
    return bytes(data)


def hostile(folder, size):
    """(name, bytes, part of the sentence) of images of SIZE that must not become a disk."""
    plain = os.path.join(folder, "plain.qcow2")
    backed = os.path.join(folder, "backed.qcow2")
    other = os.path.join(folder, "other.qcow2")
    data = os.path.join(folder, "data.qcow2")
    marked = os.path.join(folder, "marked.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", plain, str(size))
    qemu_img("create", "-q", "-f", "qcow2", "-u", "-b", "/etc/shadow", "-F", "raw", backed, str(size))
    qemu_img("create", "-q", "-f", "qcow2", other, str(size * 2))
    qemu_img("create", "-q", "-f", "qcow2", "-o", f"data_file={folder}/secret,data_file_raw=on", data, str(size))
    qemu_img("create", "-q", "-f", "qcow2", marked, str(size))
    qemu_img("bitmap", "--add", marked, "one")
    def read(path):
        with open(path, "rb") as file:
            return file.read()
    return [
        ("a backing file", read(backed), "names another file"),
        ("a backing file named by a URL", patched(plain, (8, struct.pack(">QI", 0x200, 18)), (0x200, b"nbd:127.0.0.1:10809")), "names another file"),
        ("a data file", read(data), "names another file"),
        ("noise", pattern(200000, 7), "no qcow2 image"),
        ("a raw image", bytes(65536), "no qcow2 image"),
        ("another size", read(other), "another size"),
        ("snapshots inside", patched(plain, (60, struct.pack(">I", 3))), "more in it than a disk"),
        ("bitmaps", read(marked), "more in it than a disk"),
        ("tables to be mended", patched(plain, (72, struct.pack(">Q", 1))), "cannot use"),
        ("encryption", patched(plain, (32, struct.pack(">I", 1))), "more in it than a disk"),
        ("a feature to come", patched(plain, (72, struct.pack(">Q", 1 << 40))), "more in it than a disk"),
        ("a huge first table", patched(plain, (36, struct.pack(">I", 0x7ffffff0))), "cannot use"),
        ("a first table behind its end", patched(plain, (40, struct.pack(">Q", 1 << 50))), "cannot use"),
        ("reference counts behind its end", patched(plain, (48, struct.pack(">QI", 1 << 62, 1 << 20))), "cannot use"),
        ("its first half", read(plain)[:80], ""),
    ]
