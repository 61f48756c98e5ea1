# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""A shikirid of a test's own, and the plainest client of it: JSON over one TLS connection a call, its event stream in a thread.
Used by the tests of the whole manager; lab.py has the libvirtd it manages."""
import base64
import glob
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time

import leftovers

ROOT = "/ovirt-engine/api"
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
USER = "admin@internal"
READY = re.compile(r"^shikirid: ready (https://(\S+):(\d+))", re.M)
KEPT_GUEST = "/var/cache/shikiri-lab"


class Reply:
    """What came back: status, body (parsed where it is JSON, else text), headers with lower-case names, seconds it took."""

    def __init__(self, status, body, headers, seconds):
        self.status, self.headers, self.seconds = status, headers, seconds
        self.text = body.decode("utf-8", "replace")
        try:
            self.body = json.loads(self.text) if self.text else {}
        except ValueError:
            self.body = self.text

    @property
    def sentence(self):
        """The detail of a fault, or ''."""
        body = self.body if isinstance(self.body, dict) else {}
        fault = body.get("fault") or (body if "detail" in body else {})
        return fault.get("detail", "") if isinstance(fault, dict) else ""

    def __repr__(self):
        return f"{self.status} in {self.seconds:.3f} s: {self.text[:600]}"


class Shikirid:
    """The daemon under test. `folder` must be somewhere QEMU's user reaches; a context manager that ends it."""

    def __init__(self, build, folder, uri=None, fake=None, options=()):
        self.program = os.path.join(build, "shikirid")
        self.cli_program = os.path.join(build, "shikiri")
        self.folder = folder
        self.command = [self.program, "--data-dir", folder, *options]
        self.command += ["--libvirt", uri] if uri else []
        self.command += ["--fake", fake] if fake else []
        self.port = 0
        self.process = None
        self.log = folder.rstrip("/") + ".log"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def start(self, options=(), seconds=60):
        """Until it serves; the second start takes the port of the first."""
        begun = time.monotonic()
        before = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.command, "--listen", f"127.0.0.1:{self.port}", *options], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        while time.monotonic() - begun < seconds:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                log.seek(before)
                ready = READY.search(log.read())
            if ready:
                self.port = int(ready.group(3))
                self.password = open(os.path.join(self.folder, "admin-password"), encoding="utf-8").readline().strip()
                return time.monotonic() - begun
            if self.process.poll() is not None:
                raise RuntimeError(f"shikirid ended with {self.process.returncode}: {self.last_words()}")
            time.sleep(0.01)
        raise RuntimeError(f"shikirid was not ready within {seconds} s: {self.last_words()}")

    def last_words(self, lines=15):
        """The end of its log; of a sanitizer's report its beginning, which says where."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            said = log.readlines()
        report = next((number for number, line in enumerate(said) if "ERROR: " in line and "Sanitizer" in line), None)
        return "".join(said[-lines:] if report is None else said[report:report + 60])

    def stop(self, seconds=10):
        """By SIGTERM; how long that took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(seconds)
        return time.monotonic() - begun

    def kill(self):
        self.process.kill()
        self.process.wait()

    # --- HTTP ---

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca(self):
        return os.path.join(self.folder, "pki", "ca.pem")

    def connect(self, timeout=60):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=ssl.create_default_context(cafile=self.ca))

    def headers(self, accept="application/json"):
        token = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {token}", "Accept": accept, "Version": "4"}

    def call(self, method, path, body=None, timeout=60, accept="application/json"):
        headers = self.headers(accept)
        data = None
        if body is not None:
            data = body if isinstance(body, (str, bytes)) else json.dumps(body)
            headers["Content-Type"] = "application/json" if not isinstance(body, str) else "application/xml"
        begun = time.monotonic()
        connection = self.connect(timeout)
        try:
            connection.request(method, path if path.startswith("/ovirt-engine") else ROOT + path, data, headers)
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        return Reply(reply.status, content, {name.lower(): value for name, value in reply.getheaders()}, time.monotonic() - begun)

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, {} if body is None else body, **more)

    def put(self, path, body, **more):
        return self.call("PUT", path, body, **more)

    def delete(self, path, **more):
        return self.call("DELETE", path, **more)

    # --- what tests ask often ---

    def vms(self):
        return {vm["name"]: vm for vm in self.get("/vms").body.get("vm", [])}

    def vm(self, name):
        return self.vms().get(name)

    def status(self, name):
        vm = self.vm(name)
        return vm["status"] if vm else None

    def action(self, name, verb, body=None, wait=True, **more):
        return self.post(f"/vms/{self.vm(name)['id']}/{verb}{'?wait=1' if wait else ''}", body, **more)

    def host(self):
        return self.get("/hosts").body["host"][0]

    def events(self, since=0):
        return self.get(f"/events?from={since}&max=200").body.get("event", [])

    def last_event(self):
        return max([int(event["id"]) for event in self.get("/events?max=1").body.get("event", [])], default=0)

    def jobs(self):
        return self.get("/jobs").body.get("job", [])

    def busy(self):
        return [job for job in self.jobs() if job.get("status") in ("started", "unknown") and not job.get("end_time")]

    def unsure(self):
        return [job for job in self.busy() if job["status"] == "unknown"]

    def stream(self, query=""):
        return Stream(self, query)

    def cli(self, *words, status=0):
        environment = dict(os.environ, SHIKIRI_URL=self.url, SHIKIRI_CA=self.ca, SHIKIRI_PASSWORD=self.password, SHIKIRI_USER=USER)
        run = subprocess.run([self.cli_program, *words], env=environment, capture_output=True, text=True, timeout=60)
        if status is not None and run.returncode != status:
            raise RuntimeError(f"shikiri {' '.join(words)}: status {run.returncode}\n{run.stdout}{run.stderr}")
        return run.stdout if status == 0 else run.stderr


class Stream:
    """The event stream, followed in a thread: `changes` are (seconds of the monotonic clock, object of the line)."""

    def __init__(self, manager, query=""):
        self.changes = []
        self.connection = manager.connect(timeout=None)
        self.connection.request("GET", ROOT + "/events/stream" + query, headers=manager.headers("text/event-stream"))
        self.reply = self.connection.getresponse()
        self.socket = self.connection.sock
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            for line in self.reply:
                if line.startswith(b"data: "):
                    self.changes.append((time.monotonic(), json.loads(line[6:])))
        except (OSError, ValueError, AttributeError, http.client.HTTPException):   # closed under its feet
            pass

    def find(self, after, kind, wanted):
        """Of the first change of an object of KIND since AFTER that WANTED says yes to: when it came; None."""
        for at, change in list(self.changes):
            if at >= after and change.get("type") == kind and wanted(change.get("object", {})):
                return at
        return None

    def close(self):
        try:
            self.reply.close()
            self.connection.close()
        except OSError:
            pass


def hello_guest(storage):
    """Kernel and initial RAM disk of the small real guest in STORAGE: (kernel, initrd). Made once a machine."""
    subprocess.run([os.path.join(SOURCE, "tools/hello-guest.sh"), KEPT_GUEST], check=True, timeout=300, stdout=subprocess.DEVNULL)
    os.makedirs(storage, exist_ok=True)
    paths = [os.path.join(storage, name) for name in ("hello-vmlinuz", "hello-initrd.gz")]
    for path in paths:
        if not os.path.exists(path):
            shutil.copy(os.path.join(KEPT_GUEST, os.path.basename(path)), path)
            os.chmod(path, 0o644)
    return paths


def folder(name):
    """A fresh data directory for a manager without a libvirtd of its own; remove_folder() takes it away."""
    path = tempfile.mkdtemp(prefix=f"shikiri-lab-data.{name}-{os.getpid()}-", dir="/tmp")
    os.chmod(path, 0o711)
    leftovers.hold(path)
    return path


def remove_folder(path):
    """With the log beside it."""
    shutil.rmtree(path, ignore_errors=True)
    for beside in glob.glob(glob.escape(path) + ".*"):
        os.unlink(beside)
