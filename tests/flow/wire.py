# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""For tests that speak to the manager byte by byte: a manager with fake hosts, connections on which anything can be said, and a
witness who asks all the while whether others are still answered. TAP comes out."""
import argparse
import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "lab")]
import allowance  # noqa: E402
import shikirid  # noqa: E402  (beside the lab's tests)

ROOT = "/ovirt-engine/api"
SENTENCE = re.compile(r"^\[.{8,}[.?!]\]$", re.S)


class Tap:
    """What was found, as TAP. Long runs of alike cases are one line, with the failures below it."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, well, name, *why):
        self.count += 1
        self.failed += not well
        print(f"{'ok' if well else 'not ok'} {self.count} - {name}", flush=True)
        for line in why if not well else ():
            for part in str(line)[:4000].splitlines():
                print(f"  # {part}", flush=True)
        return well

    def none(self, wrong, name):
        """WRONG: what should not have been, one string each."""
        shown = wrong[:25] + ([f"… and {len(wrong) - 25} more"] if len(wrong) > 25 else [])
        return self.ok(not wrong, name, *shown)

    def say(self, text):
        print(f"# {text}", flush=True)

    def end(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


class Reply:
    def __init__(self, status, headers, body, version="HTTP/1.1"):
        self.status, self.headers, self.body, self.version = status, headers, body, version

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def detail(self):
        """Of a fault in either format, brackets and all; ''."""
        if self.body[:1] == b"{":
            try:
                body = json.loads(self.body)
            except ValueError:
                return ""
            fault = body.get("fault", body)
            return fault.get("detail", "") if isinstance(fault, dict) else ""
        found = re.search(r"<detail>(.*?)</detail>", self.text, re.S)
        return found.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&apos;", "'").replace("&#39;", "'") if found else ""

    def is_fault(self, *statuses):
        return self.status in statuses and bool(SENTENCE.match(self.detail))

    def __repr__(self):
        return f"{self.status} {self.text[:400]}"


class Wire:
    """One connection, TLS or bare, on which anything may be said."""

    def __init__(self, house, timeout=30, tls=True, receive=0, source="127.0.0.1"):
        self.house, self.left = house, b""
        self.bare = socket.socket()
        self.bare.bind((source, 0))
        if receive:
            self.bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.bare.settimeout(timeout)
        self.bare.connect(("127.0.0.1", house.port))
        self.bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = house.context.wrap_socket(self.bare, server_hostname="127.0.0.1") if tls else self.bare

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def try_send(self, data):
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def more(self):
        """FALSE at the end, or where the connection was cut."""
        try:
            got = self.socket.recv(1 << 16)
        except ConnectionError:
            got = b""
        except ssl.SSLError:
            got = b""
        self.left += got
        return bool(got)

    def reply(self, method="GET"):
        """The next reply; None where the connection ends without one."""
        while b"\r\n\r\n" not in self.left:
            if not self.more():
                return None
        head, _, self.left = self.left.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        version, status = lines[0].split(" ")[:2]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if int(status) == 100:
            return Reply(100, headers, b"", version)
        return Reply(int(status), headers, self.read_body(method, int(status), headers), version)

    def read_body(self, method, status, headers):
        if method == "HEAD" or status in (204, 304):
            return b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self.read_chunks()
        wanted = int(headers["content-length"]) if "content-length" in headers else None
        while wanted is None or len(self.left) < wanted:
            if not self.more():
                break
        wanted = len(self.left) if wanted is None else wanted
        body, self.left = self.left[:wanted], self.left[wanted:]
        return body

    def read_chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.left and self.more():
                pass
            size, _, self.left = self.left.partition(b"\r\n")
            wanted = int(size or b"0", 16)
            while len(self.left) < wanted + 2 and self.more():
                pass
            body, self.left = body + self.left[:wanted], self.left[wanted + 2:]
            if not wanted:
                return body

    def is_closed(self, seconds=5):
        """Does the other side end the connection within SECONDS?"""
        self.socket.settimeout(seconds)
        try:
            while self.more():
                pass
            return True
        except (socket.timeout, TimeoutError):
            return False
        except OSError:
            return True


def request(method, path, body=None, headers=(), token="", version="HTTP/1.1"):
    """The bytes of a request; HEADERS override what is usual, a value of None leaves it out."""
    usual = {"Host": "127.0.0.1", "Accept": "application/json", "Authorization": f"Basic {token}" if token else None}
    if body is not None:
        body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        usual["Content-Type"] = "application/xml" if body.lstrip()[:1] == b"<" else "application/json"
        usual["Content-Length"] = str(len(body))
    usual.update(dict(headers))
    path = path if path.startswith(("/ovirt-engine", "/ca.crt", "*")) else ROOT + path
    lines = [f"{method} {path} {version}"] + [f"{name}: {value}" for name, value in usual.items() if value is not None]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + (body or b"")


class House:
    """A manager with fake hosts, of the test's own."""

    def __init__(self, options, name, conf="host n1 cpus 8 memory 64G vms 3\n", more=()):
        self.folder = shikirid.folder(name)
        os.chmod(self.folder, 0o755)
        self.conf = self.folder + ".conf"
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(conf)
        self.manager = shikirid.Shikirid(options.build, self.folder, fake=self.conf, options=more)
        self.kept, self.times, self.shadow = None, allowance.times(options.build), allowance.shadow(options.build)
        self.vms = sum(int(number) for number in re.findall(r"vms (\d+)", conf))

    def __enter__(self):
        # A sanitizer's quarantine would look like growing memory.
        before = os.environ.get("ASAN_OPTIONS", "")
        os.environ["ASAN_OPTIONS"] = f"{before}:quarantine_size_mb=1:detect_leaks=1".lstrip(":")
        try:
            self.manager.start()
        finally:
            os.environ["ASAN_OPTIONS"] = before
        self.port = self.manager.port
        self.token = base64.b64encode(f"admin@internal:{self.manager.password}".encode()).decode()
        self.context = ssl.create_default_context(cafile=self.manager.ca)
        self.wait_for_hosts()
        return self

    def within(self, seconds):
        """What SECONDS are for this build."""
        return seconds * self.times

    def room(self, size):
        """What SIZE is with this build's shadow of it."""
        return size * self.shadow

    def wait_for_hosts(self):
        """Until all are up, and all their VMs are there."""
        until = time.monotonic() + self.within(60)
        while any(host["status"] != "up" for host in self.get("/hosts")["host"]) or len(self.get("/vms").get("vm", [])) < self.vms:
            if time.monotonic() > until:
                raise RuntimeError(f"the hosts do not come up: {self.manager.last_words()}")
            time.sleep(0.1)

    def __exit__(self, *_):
        if self.kept:
            self.kept.close()
        self.manager.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in (self.conf, self.folder + ".log"):
            if os.path.exists(path):
                os.unlink(path)

    def ask(self, method, path, body=None, headers=(), token=None):
        """On a connection that is kept; a fresh one where that has ended."""
        bytes_ = request(method, path, body, headers, self.token if token is None else token)
        for _ in range(2):
            self.kept = self.kept or Wire(self)
            try:
                self.kept.send(bytes_)
                reply = self.kept.reply(method)
            except OSError:
                reply = None
            if not reply or reply.headers.get("connection", "").lower() == "close":
                self.kept.close()
                self.kept = None
            if reply:
                return reply
        raise RuntimeError(f"no reply to {method} {path}: {self.manager.last_words()}")

    def get(self, path, **more):
        return json.loads(self.ask("GET", path, **more).body)

    def resident(self):
        """In KiB."""
        with open(f"/proc/{self.manager.process.pid}/status", encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s*(\d+)", status.read()).group(1))

    def lists(self):
        """Everything that must not change, as bytes."""
        names = ["vms", "disks", "templates", "clusters", "hosts", "storagedomains", "networks", "vnicprofiles", "users", "datacenters"]
        bodies = {name: self.ask("GET", f"/{name}").body for name in names}
        for vm in json.loads(bodies["vms"]).get("vm", []):
            for part in ("nics", "diskattachments", "cdroms", "snapshots"):
                bodies[f"{vm['name']}/{part}"] = self.ask("GET", f"/vms/{vm['id']}/{part}").body
        return bodies

    def stop(self):
        """(exit status, seconds until nothing of it is at work, what a sanitizer said)"""
        process, begun = self.manager.process, time.monotonic()
        process.send_signal(signal.SIGTERM)
        # When the last of its threads is joined all is done; what is left in a sanitizer's build is its look for leaks.
        while process.poll() is None and len(os.listdir(f"/proc/{process.pid}/task")) > 1 and time.monotonic() - begun < 30:
            time.sleep(0.005)
        seconds = time.monotonic() - begun
        process.wait(60)
        with open(self.manager.log, encoding="utf-8", errors="replace") as log:
            text = log.read()
        complaint = re.search(r"(ERROR: \w+Sanitizer.*|runtime error:.*|WARNING: ThreadSanitizer.*)", text)
        return self.manager.process.returncode, seconds, text[complaint.start():][:3000] if complaint else ""


class Witness:
    """Asks for the entry point of the API ten times a second on connections of its own, and keeps the longest it had to wait."""

    def __init__(self, house):
        self.house, self.slowest, self.trouble, self.asked = house, 0.0, [], 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def watch(self):
        wire = None
        while not self.stopping.wait(0.1):
            begun = time.monotonic()
            try:
                if self.asked % 10 == 0 and wire:
                    wire.close()
                    wire = None
                wire = wire or Wire(self.house)
                wire.send(request("GET", "/", token=self.house.token))
                reply = wire.reply()
                if not reply or reply.status != 200:
                    self.trouble.append(f"answered {reply}")
                    wire = None
            except OSError as error:
                self.trouble.append(repr(error))
                wire = None
            self.asked += 1
            self.slowest = max(self.slowest, time.monotonic() - begun)
        if wire:
            wire.close()

    def judge(self, tap, name, most):
        most = self.house.within(most)
        tap.none(self.trouble, f"{name}: everybody else was answered, {self.asked} times")
        tap.ok(self.slowest < most, f"{name}: within {most} s; the slowest took {self.slowest:.3f} s")


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    return options
