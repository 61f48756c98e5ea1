# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The content of a disk up and down: `shikiri upload` and `download` with four connections and TLS, against nbdcopy over a TLS NBD
connection to a qemu-nbd with the very same files. Beside it qemu-img, which has no network between."""
import os
import shutil
import subprocess
import time

from parts import free_port, version_of

MEBIBYTE = 1 << 20
LIMIT = 1.1
CONNECTIONS = 4


def make_source(path, size, data):
    """A raw image of SIZE MiB with DATA MiB of it written, in runs of 64 MiB all over it."""
    block = os.urandom(4 * MEBIBYTE)
    runs = max(data // 64, 1)
    with open(path, "wb") as file:
        file.truncate(size * MEBIBYTE)
        for run in range(runs):
            file.seek(run * (size // runs) * MEBIBYTE)
            for part in range(min(data, 64) // 4):
                file.write(run.to_bytes(8, "big") + part.to_bytes(8, "big") + block[16:])
    subprocess.run(["sync", "-f", path], check=True)


def credentials(manager, folder):
    """The manager's certificate and CA, as qemu-nbd and nbdcopy want them."""
    server, client = os.path.join(folder, "tls-server"), os.path.join(folder, "tls-client")
    pki = os.path.dirname(manager.ca)
    for side in (server, client):
        os.mkdir(side)
        shutil.copy(manager.ca, os.path.join(side, "ca-cert.pem"))
    names = os.listdir(pki)
    shutil.copy(os.path.join(pki, next(name for name in names if "server" in name and "key" not in name)), os.path.join(server, "server-cert.pem"))
    shutil.copy(os.path.join(pki, next(name for name in names if "server" in name and "key" in name)), os.path.join(server, "server-key.pem"))
    return server, client


class Peer:
    """qemu-nbd with TLS on a file; a context manager."""

    def __init__(self, file, server, client, write):
        self.port = free_port()
        mode = ["--discard=unmap"] if write else ["--read-only"]
        self.process = subprocess.Popen(["qemu-nbd", "--persistent", f"--shared={CONNECTIONS + 1}", "--format=raw", *mode, "--bind=127.0.0.1", f"--port={self.port}",
                                         "--object", f"tls-creds-x509,id=tls0,dir={server},endpoint=server,verify-peer=no", "--tls-creds=tls0", file])
        self.url = f"nbds://127.0.0.1:{self.port}/?tls-certificates={client}"

    def __enter__(self):
        for _ in range(100):
            if subprocess.run(["nbdinfo", "--size", self.url], capture_output=True, check=False).returncode == 0:
                return self
            time.sleep(0.05)
        raise RuntimeError("the peer does not serve")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def timed(*command, **more):
    begun = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    return time.monotonic() - begun


def fresh(path, size):
    if os.path.exists(path):
        os.unlink(path)
    with open(path, "wb") as file:
        file.truncate(size * MEBIBYTE)


def same(one, other):
    return subprocess.run(["qemu-img", "compare", "-q", "-f", "raw", "-F", "raw", one, other], check=False).returncode == 0


class Sides:
    """Both ways of both sides, in seconds. What was written goes to the disk between them, not into the next one's time."""

    def __init__(self, bench, manager):
        self.size, self.data = bench.size(8192, 256), bench.size(3072, 96)
        self.manager, self.folder = manager, bench.folder("moves")
        self.source, self.target = os.path.join(self.folder, "source"), os.path.join(self.folder, "target")
        self.server, self.client = credentials(manager, self.folder)
        make_source(self.source, self.size, self.data)
        self.environment = dict(os.environ, SHIKIRI_URL=manager.url, SHIKIRI_CA=manager.ca, SHIKIRI_PASSWORD=manager.password)

    def shikiri(self, *words):
        took = timed(self.manager.cli_program, *words, env=self.environment)
        subprocess.run(["sync", "-f", self.folder], check=True)
        return took

    def drop(self, disk):
        self.manager.cli("remove", "disk", disk, "--wait")

    def upload(self):
        took = self.shikiri("upload", self.source, "name=moved")
        self.drop("moved")
        return took

    def upload_peer(self):
        fresh(self.target, self.size)
        with Peer(self.target, self.server, self.client, True) as peer:
            took = timed("nbdcopy", "--flush", f"--connections={CONNECTIONS}", self.source, peer.url)
        subprocess.run(["sync", "-f", self.folder], check=True)
        return took

    def download(self):
        if os.path.exists(self.target):
            os.unlink(self.target)
        return self.shikiri("download", "disk=kept", self.target)

    def download_peer(self):
        fresh(self.target, self.size)
        with Peer(self.source, self.server, self.client, False) as peer:
            took = timed("nbdcopy", f"--connections={CONNECTIONS}", peer.url, self.target)
        subprocess.run(["sync", "-f", self.folder], check=True)
        return took

    def convert(self):
        fresh(self.target, self.size)
        took = timed("qemu-img", "convert", "-m", "16", "-W", "-f", "raw", "-O", "raw", self.source, self.target)
        subprocess.run(["sync", "-f", self.folder], check=True)
        return took


def measure(bench, manager):
    sides, pairs = Sides(bench, manager), bench.size(3, 2)
    sides.shikiri("upload", sides.source, "name=kept")
    sides.download()                    # once each beforehand: both read from the page cache
    sides.download_peer()
    up, down, local = ([], []), ([], []), []
    for turn in range(pairs):
        for got, ours, theirs in ((up, sides.upload, sides.upload_peer), (down, sides.download, sides.download_peer)):
            for mine in ((True, False) if turn % 2 else (False, True)):
                got[not mine].append((ours if mine else theirs)())
        local.append(sides.convert())
    sides.download()
    if not same(sides.source, sides.target):
        raise RuntimeError("what was moved up and down is not what it was")
    what = f"{sides.size // 1024 or 0.25} GiB with {sides.data} MiB of data, {CONNECTIONS} connections, TLS"
    bench.ratio(f"upload of {what}", "s", up, "nbdcopy over TLS", LIMIT)
    bench.ratio(f"download of {what}", "s", down, "nbdcopy over TLS", LIMIT)
    bench.note("the same by qemu-img convert -m 16 -W, no network between", "s", sorted(local)[len(local) // 2])
    bench.versions["nbdcopy"] = version_of("nbdcopy", "--version")
