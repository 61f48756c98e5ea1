# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What the benches measure with: processor time and memory of a process, the bare clients (fetch.c, bare.c), nginx, and a shikirid
whose start is timed. Nothing here decides what is measured: that is works.py."""
import glob
import http.client
import json
import os
import platform
import queue
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))

from lab import Libvirtd                            # noqa: E402,F401
from shikirid import USER, Shikirid, hello_guest    # noqa: E402,F401

MEGABYTE = 1e6
GIGABYTE = 1e9
KEPT_SECONDS = 10           # an idle connection is closed by the server some time: one that was left so long is not used again


def cpu(pid):
    """Seconds of processor PID has used, user and system, all threads, ended ones too: /proc/PID/stat's utime and stime, in
    nanoseconds instead of ticks."""
    return time.clock_gettime((~pid << 3) | 2)


def settle(pid, quiet=0.002, seconds=30):
    """Waits until PID hardly works any more: less than QUIET seconds of processor in a tenth of a second."""
    until = time.monotonic() + seconds
    before = cpu(pid)
    while time.monotonic() < until:
        time.sleep(0.1)
        now = cpu(pid)
        if now - before < quiet:
            return
        before = now
    raise RuntimeError(f"process {pid} did not come to rest within {seconds} s")


def pin(pid, place):
    """All threads of PID to the PLACEth of the processors there are: where a client and a server meet decides half of what a short request
    costs, and the scheduler's choice must not."""
    processors = sorted(os.sched_getaffinity(0))
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), {processors[place % len(processors)]})


def unpin(pid):
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), os.sched_getaffinity(0))


def resident(pid):
    """Bytes of PID that are in memory now."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def free_port():
    """One below the range the kernel gives to clients."""
    for port in range(21400, 21499):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no port between 21400 and 21499 is free")


def version_of(*command):
    """The first number with a dot that COMMAND says; "?" if it says none."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "?"
    found = re.search(r"\d+\.\d[\w.]*", run.stdout + run.stderr)
    return found.group() if found else "?"


def versions(build):
    """Of what is on every machine that can run the bench; a work adds its peer's when it has run."""
    return {"shikirid": version_of(os.path.join(build, "shikirid"), "--version"), "sqlite3": version_of("sqlite3", "--version"),
            "libvirt": version_of("libvirtd", "--version"), "QEMU": version_of("qemu-system-x86_64", "--version")}


def machine():
    """What kind it is, not which."""
    def found(file, pattern):
        with open(file, encoding="utf-8") as text:
            match = re.search(pattern, text.read(), re.M)
            return match.group(1).strip() if match else "?"
    return {"processors": os.cpu_count(), "model": found("/proc/cpuinfo", r"^model name\s*: (.*)"), "virtual": bool(
        re.search(r"^flags.*\bhypervisor\b", open("/proc/cpuinfo", encoding="utf-8").read(), re.M)),
            "memory": int(found("/proc/meminfo", r"^MemTotal:\s*(\d+)")) * 1024, "kernel": platform.release().split("-")[0],
            "system": found("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)')}


def peer_environment(packages):
    """For a program unpacked into PACKAGES: its libraries that the machine lacks lie beside it."""
    libraries = glob.glob(os.path.join(packages, "usr/lib/*-linux-gnu")) + [os.path.join(packages, "usr/lib64")]
    return dict(os.environ, LD_LIBRARY_PATH=":".join(libraries), PATH=f"{packages}/usr/bin:{packages}/usr/sbin:{os.environ['PATH']}:/usr/sbin")


class Child:
    """A program that takes lines and says lines; a context manager."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def send(self, line):
        self.process.stdin.write(line + "\n")

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{os.path.basename(self.process.args[0])} ended")
        return line.split()


class Fetch(Child):
    """The HTTP client, the same for both sides; one connection to a server."""

    NAME = "libcurl, 1 keep-alive connection, TLS 1.3 AES-256-GCM"

    def __init__(self, build, ca, *headers):
        super().__init__(os.path.join(build, "tests/bench/fetch"), ca, *headers)

    def got(self, line):
        self.send(line)
        word, status, size, seconds, opened = self.read()
        if word != "got" or status != "200":
            raise RuntimeError(f"{line}: status {status}")
        self.opened = int(opened)
        return int(size), float(seconds)

    def get(self, url, times=1):
        return self.got(f"get {times} {url}")

    def save(self, url, file):
        return self.got(f"save {file} {url}")


class Listener(Child):
    """A child whose lines are read as they come: `take` waits for one that is wanted."""

    def __init__(self, *command):
        super().__init__(*command)
        self.lines = queue.Queue()
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        try:
            for line in self.process.stdout:
                self.lines.put(line.rstrip("\n"))
        except ValueError:              # closed under its feet
            pass
        self.lines.put(None)

    def take(self, wanted, seconds=20):
        """The first line that WANTED returns something for, and what; those before it are dropped."""
        until = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.001, until - time.monotonic()))
            except queue.Empty:
                raise RuntimeError(f"{os.path.basename(self.process.args[0])} said nothing of what was waited for") from None
            if line is None:
                raise RuntimeError(f"{os.path.basename(self.process.args[0])} ended")
            found = wanted(line)
            if found is not None:
                return found

    def drop(self):
        while not self.lines.empty():
            self.lines.get()


class Bare(Listener):
    """The bare client of libvirt: calls, and events on a connection of its own."""

    STARTED, SUSPENDED, RESUMED, STOPPED = 2, 3, 4, 5

    def __init__(self, build, uri):
        super().__init__(os.path.join(build, "tests/bench/bare"), uri)
        self.take(lambda line: True if line == "ready" else None)

    def call(self, *words):
        """When the call began and ended, in seconds; events before its end stay to be taken."""
        self.send(" ".join(words))
        kept = []
        while True:
            line = self.take(lambda line: line)
            if line.startswith("did "):
                break
            kept.append(line)
        for one in kept:
            self.lines.put(one)
        return tuple(int(word) / 1e6 for word in line.split()[1:])

    def event(self, name, number):
        """When the next such event was heard, in seconds."""
        def wanted(line):
            words = line.split()
            return int(words[1]) / 1e6 if words[0] == "event" and words[2] == name and int(words[3]) == number else None
        return self.take(wanted)

    def list(self):
        self.send("list")
        return self.take(lambda line: tuple(map(int, line.split()[1:])) if line.startswith("listed ") else None)


class Nginx:
    """nginx with one worker serving the files of a folder over TLS, with the certificate of a manager."""

    HOW = "1 worker, sendfile, as packaged, from the page cache, our certificate"
    CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/xml;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    server {{
        listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.3; ssl_certificate {pki}/server.pem; ssl_certificate_key {pki}/server.key;
        root {folder}/www;
    }}
}}
"""

    def __init__(self, bench, manager):
        self.program, self.environment = self.find(bench.build), peer_environment(os.path.join(bench.build, "peers"))
        bench.versions["nginx"] = version_of("env", "LD_LIBRARY_PATH=" + self.environment["LD_LIBRARY_PATH"], self.program, "-v")
        self.folder = tempfile.mkdtemp(prefix="shikiri-bench-nginx-")
        self.port = free_port()
        os.mkdir(os.path.join(self.folder, "www"))
        with open(os.path.join(self.folder, "conf"), "w", encoding="ascii") as file:
            file.write(self.CONFIGURATION.format(folder=self.folder, port=self.port, pki=os.path.join(manager.folder, "pki")))

    def __enter__(self):
        self.process = subprocess.Popen([self.program, "-p", self.folder, "-c", os.path.join(self.folder, "conf"), "-e",
                                         os.path.join(self.folder, "error.log")], env=self.environment, stdin=subprocess.DEVNULL)
        self.pid = self.process.pid
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        self.__exit__()
        raise RuntimeError("nginx did not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)

    def file(self, name):
        return os.path.join(self.folder, "www", name)

    def url(self, name):
        return f"https://127.0.0.1:{self.port}/{name}"

    @staticmethod
    def find(build):
        """The unpacked one, else the machine's."""
        unpacked = os.path.join(build, "peers/usr/sbin/nginx")
        program = unpacked if os.path.exists(unpacked) else shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        if not program:
            raise RuntimeError("there is no nginx, and tools/install-deps.sh bench could not fetch one: install it")
        return program


class LxdMissing(RuntimeError):
    """Another number must stand for it."""


class Lxd:
    """An LXD in namespaces of its own, without a network, out of packages unpacked into a folder (tools/install-deps.sh fetches them)."""

    INSIDE = """mount --make-rprivate /; mount -t tmpfs none /var/log; mount -t tmpfs none /var/cache; mkdir /var/log/lxd /var/cache/lxd
ip link set lo up; exec lxd --group root"""

    def __init__(self, packages):
        self.packages = packages

    def __enter__(self):
        if not os.path.exists(os.path.join(self.packages, "usr/bin/lxd")):
            raise LxdMissing("LXD's packages are not to be had here")
        self.folder = tempfile.mkdtemp(prefix="shikiri-bench-lxd-")
        environment = dict(peer_environment(self.packages), LXD_DIR=self.folder)
        log = os.path.join(self.folder, "said")
        with open(log, "wb") as said:
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "-m", "-n", "-p", "--fork", "--kill-child=KILL",
                                             "--mount-proc", "bash", "-c", self.INSIDE], env=environment, stdin=subprocess.DEVNULL,
                                            stdout=said, stderr=said)
        self.connection = http.client.HTTPConnection("lxd", timeout=60)
        for _ in range(200):
            try:
                self.connection.sock = socket.socket(socket.AF_UNIX)
                self.connection.sock.connect(os.path.join(self.folder, "unix.socket"))
                self.version = json.loads(self.ask("GET", "/1.0"))["metadata"]["environment"]["server_version"]
                break
            except (OSError, http.client.HTTPException):
                self.connection.close()
                time.sleep(0.1)
        else:
            with open(log, encoding="utf-8", errors="replace") as said:
                words = said.read().strip().splitlines()[-1:]
            self.__exit__()
            raise LxdMissing("LXD did not start here: " + "".join(words))
        children = open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii").read().split()
        self.pid = int(children[0])
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.process.kill()
        self.process.wait()
        time.sleep(0.2)                 # what was in the namespaces ends with it
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        reply = self.connection.getresponse()
        text = reply.read()
        if reply.status >= 300:
            raise RuntimeError(f"LXD: {method} {path}: {reply.status} {text[:300]}")
        return text

    def fill(self, count):
        """COUNT empty containers."""
        self.ask("POST", "/1.0/storage-pools", {"name": "default", "driver": "dir"})
        for number in range(count):
            made = json.loads(self.ask("POST", "/1.0/instances", {
                "name": f"vm-{number:05}", "type": "container", "source": {"type": "none"},
                "devices": {"root": {"type": "disk", "path": "/", "pool": "default"}}}))
            self.ask("GET", made["operation"] + "/wait")

    def list(self, count):
        """Seconds of processor of the recursive list of all."""
        before = cpu(self.pid)
        text = self.ask("GET", "/1.0/instances?recursion=1")
        if len(json.loads(text)["metadata"]) != count:
            raise RuntimeError("LXD does not list all")
        return cpu(self.pid) - before


class Manager(Shikirid):
    """A shikirid of the release build: its start is timed to the line `ready`, its calls share one connection."""

    def start(self, options=(), seconds=60):
        self.port = self.port or free_port()
        begun = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.command, "--listen", f"127.0.0.1:{self.port}", *options], stdout=subprocess.PIPE,
                                            stderr=log, stdin=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        took = time.monotonic() - begun
        if not line.startswith(b"shikirid: ready "):
            raise RuntimeError(f"shikirid did not start: {self.last_words()}")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.pid = self.process.pid
        self.password = open(os.path.join(self.folder, "admin-password"), encoding="utf-8").readline().strip()
        self.kept = None
        return took

    def stop(self, seconds=20):
        self.kept = None
        return super().stop(seconds)

    def token(self):
        query = f"grant_type=password&scope=ovirt-app-api&username={USER}&password={self.password}"
        connection = self.connect()
        connection.request("POST", "/ovirt-engine/sso/oauth/token", query,
                           {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"})
        reply = json.loads(connection.getresponse().read())
        connection.close()
        return reply["access_token"]

    def ask(self, method, path, body=None):
        """Over one kept connection; the parsed reply, of any status below 300."""
        if self.kept and time.monotonic() - self.asked > KEPT_SECONDS:
            self.kept.close()
            self.kept = None
        self.asked = time.monotonic()
        if not self.kept:
            self.kept = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=ssl.create_default_context(cafile=self.ca))
            self.bearer = {"Authorization": f"Bearer {self.token()}", "Accept": "application/json", "Content-Type": "application/json"}
        self.kept.request(method, "/ovirt-engine/api" + path, json.dumps(body) if body is not None else None, self.bearer)
        reply = self.kept.getresponse()
        text = reply.read()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {text[:500]}")
        return json.loads(text)

    def address(self, path):
        return f"https://127.0.0.1:{self.port}/ovirt-engine/api{path}"

    def client(self, build, kind):
        return Fetch(build, self.ca, f"Authorization: Bearer {self.token()}", f"Accept: application/{kind}", "Version: 4")


def median(values):
    return statistics.median(values)


def middle_half(values):
    """The quartiles: how far pairs lie apart."""
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return [first, third]


def percentile(values, share):
    """The value that SHARE of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1))]
