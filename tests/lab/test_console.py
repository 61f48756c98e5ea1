#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Consoles of a real guest: a browser's WebSocket, a viewer, libgovirt with gtk-vnc and remote-viewer itself see its screen and type; its serial
line is shared with rules, in the terminal too; pictures; and who may not. What all of it does with fake guests is tests/flow/test_consoles.py."""
import os
import pty
import re
import select
import signal
import subprocess
import tempfile
import time

from consoles import Refused, Screen, Viewer, WebSocket
from lab import program, wait_for
from shikirid import USER, hello_guest

HERE = os.path.dirname(os.path.abspath(__file__))
RETURN = 0xff0d
SPICE = """<domain type='qemu'><name>spicy</name><memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>{graphics}</devices></domain>"""


class Room:
    def __init__(self, tap, libvirtd, manager):
        self.tap, self.libvirtd, self.manager = tap, libvirtd, manager
        self.vm = None

    def ticket(self, query="", vm=None):
        return self.manager.post(f"/vms/{vm or self.vm}/ticket{query}").body["ticket"]["value"]

    def web(self, path="graphics", ticket=None, **more):
        return WebSocket("127.0.0.1", self.manager.port, f"/console/{path}", self.manager.ca, ticket or self.ticket("?console=serial" if path == "serial" else ""), **more)

    def file(self, vm=None):
        reply = self.manager.get(f"/vms/{vm or self.vm}/graphicsconsoles/766e63", accept="application/x-virt-viewer")
        return reply, dict(line.split("=", 1) for line in reply.text.splitlines() if "=" in line)

    def refused(self, words, name, make):
        try:
            make()
        except (Refused, EOFError, OSError) as error:
            return self.tap.check(words in str(error), name, repr(error))
        return self.tap.check(False, name, "was let in")


def make_guest(room):
    manager = room.manager
    kernel, initrd = hello_guest(os.path.join(manager.folder, "storage"))
    made = manager.post("/vms?wait=1", {"name": "hello", "memory": str(192 << 20), "os": {
        "kernel": kernel, "initrd": initrd, "cmdline": "console=tty0 console=ttyS0 quiet shikiri.name=hello"}})
    room.vm = made.body["id"]
    started = manager.post(f"/vms/{room.vm}/start?wait=1")
    room.tap.check(made.status == 201 and started.status == 200, "a guest is made and started", (made, started))
    xml = room.libvirtd.virsh("dumpxml", "--security-info", "hello")
    room.tap.check(re.search(r"<graphics [^>]*passwd='[^']{8}' passwdValidTo='1970", xml) and "address='127.0.0.1'" in xml,
                   "its VNC listens on loopback, with a password that has expired from birth", xml[xml.find("<graphics"):][:300])


def serial(room):
    """The line, and by it a shell on the guest's screen."""
    tap = room.tap
    line = room.web("serial")
    end = time.monotonic() + 100
    while time.monotonic() < end and b"# " not in line.stream:
        line.send(b"\r")
        line.socket.settimeout(3)
        try:
            line.stream += line.frame()[1]
        except TimeoutError:
            pass
    line.stream.clear()
    line.send(b"echo $((6*7))-from-guest\r")
    tap.check(b"42-from-guest" in line.read_until(b"42-from-guest", 30), "the serial line has a shell that answers")
    try:
        room.libvirtd.call("run", "timeout", "3", "virsh", "console", "hello", "--safe")
        taken = False
    except subprocess.CalledProcessError as error:
        taken = "active" in (error.stderr + error.stdout).lower() or error.returncode == 1
    tap.check(taken, "libvirt keeps it from others meanwhile")
    reader = room.web("serial")
    line.send(b"echo both\r")
    tap.check(reader.read_until(b"both", 20), "a second one reads along")
    line.send(b"setsid sh </dev/tty1 >/dev/tty1 2>&1 &\r")
    line.read_until(b"# ", 20)
    reader.shut()
    terminal(room, line)
    return line


def terminal(room, line):
    """shikiri console in a terminal of its own, taking the line."""
    manager = room.manager
    environment = dict(os.environ, SHIKIRI_URL=manager.url, SHIKIRI_CA=manager.ca, SHIKIRI_PASSWORD=manager.password, SHIKIRI_USER=USER, ASAN_OPTIONS="detect_leaks=0")
    pid, tty = pty.fork()
    if pid == 0:
        os.execve(manager.cli_program, ["shikiri", "console", "hello", "force"], environment)
    seen = read_tty(tty, b"leaves", 20)
    os.write(tty, b"echo $((7*7))-by-hand\r")
    seen += read_tty(tty, b"49-by-hand", 20)
    os.write(tty, b"\x1d")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    room.tap.check(b"49-by-hand" in seen and status == 0, "shikiri console takes the line, types in it and leaves by Ctrl+]", (seen, status))
    room.tap.check(b"49-by-hand" in line.read_until(b"49-by-hand", 10) and '{"role":"reader"}' in line.notes, "the writer before sees it, and that he only reads now", line.notes)


def read_tty(tty, words, seconds):
    seen, end = b"", time.monotonic() + seconds
    while words not in seen and time.monotonic() < end:
        if select.select([tty], [], [], 0.2)[0]:
            try:
                seen += os.read(tty, 4096)
            except OSError:
                break
    return seen


def screen(room):
    tap = room.tap
    web = room.web()
    browser = Screen(web, True)
    before = browser.look()
    browser.press(*"echo pixels", RETURN)
    tap.check(wait_for(lambda: browser.look() != before, 10) and any(before), "a browser sees the screen, and what it types appears on it")
    room.refused("used", "its ticket is used", lambda: twice(room))
    reply, words = room.file()
    viewer = Viewer("127.0.0.1", int(words["port"]), room.manager.ca, words["password"])
    seen = Screen(viewer)
    tap.check(reply.status == 200 and any(seen.look()) and "hello" in seen.name, "a viewer with the connection file sees it too, beside the browser", seen.name)
    room.refused("used", "that ticket is used, too", lambda: Viewer("127.0.0.1", int(words["port"]), room.manager.ca, words["password"]))
    _, words = room.file()
    room.refused("no such ticket", "a wrong one is refused", lambda: Viewer("127.0.0.1", int(words["port"]), room.manager.ca, "wrong"))
    short = room.manager.post(f"/vms/{room.vm}/ticket", {"ticket": {"expiry": "1"}}).body["ticket"]["value"]
    time.sleep(1.1)
    room.refused("expired", "an expired one as well", lambda: Viewer("127.0.0.1", int(words["port"]), room.manager.ca, short))
    picture = room.manager.get(f"/vms/{room.vm}/screenshot")
    tap.check(picture.status == 200 and picture.headers["content-type"] == "image/png", "a screenshot is a PNG", picture)
    return web, viewer


def twice(room):
    ticket = room.ticket()
    room.web(ticket=ticket).shut()
    room.web(ticket=ticket)


def people(room):
    """libgovirt, gtk-vnc and remote-viewer under Xvfb. They trust the authority in the home that /etc/passwd names: here another one."""
    tap, manager = room.tap, room.manager
    home = tempfile.mkdtemp(prefix="home-", dir=room.libvirtd.folder)
    os.makedirs(f"{home}/.pki/CA")
    with open(manager.ca, encoding="ascii") as source, open(f"{home}/.pki/CA/cacert.pem", "w", encoding="ascii") as file:
        file.write(source.read())
    with open(f"{home}/passwd", "w", encoding="ascii") as file:
        file.write(f"root:x:0:0:root:{home}:/bin/sh\n")

    def under(command, seconds, **more):
        shell = f"mount --bind {home}/passwd /etc/passwd && HOME={home} exec timeout {seconds} xvfb-run -a \"$@\""
        return subprocess.run(["unshare", "-m", "sh", "-c", shell, "sh", *command], capture_output=True, text=True, timeout=seconds + 20, check=False, **more)
    _, words = room.file()
    run = under(["/usr/bin/python3", f"{HERE}/console_viewer.py", manager.url.replace("https://", ""), manager.ca, USER, manager.password, "hello",
                 "127.0.0.1", words["port"]], 60, env=dict(os.environ, KEYS="ls"))
    tap.check("govirt ticket" in run.stdout, "libgovirt finds the VM and gets a ticket", run.stdout + run.stderr[-1500:])
    shown = re.search(r"vnc-initialized (\d+) (\d+).*\npixels ([1-9]\d*)", run.stdout)
    tap.check(shown, "with which gtk-vnc opens the screen", run.stdout + run.stderr[-1500:])
    reply, _ = room.file()
    with open(f"{home}/console.vv", "w", encoding="ascii") as file:
        file.write(reply.text)
    since = manager.last_event()
    run = under(["remote-viewer", "--debug", f"{home}/console.vv"], 15)
    begun = [event for event in manager.events(since) if "is connected to the console" in event.get("description", "")]
    tap.check(begun and not os.path.exists(f"{home}/console.vv"), "remote-viewer opens the console from the file, and deletes it", (begun, run.stderr[-2500:]))


def adopted(room):
    """VMs made by others: without a VNC password; with SPICE alone; with nothing."""
    tap, libvirtd, manager = room.tap, room.libvirtd, room.manager
    libvirtd.virsh("define", "/dev/stdin", data=SPICE.format(graphics="<graphics type='vnc' port='-1'/><video><model type='vga'/></video>").replace("spicy", "bare"))
    libvirtd.virsh("define", "/dev/stdin", data=SPICE.format(graphics=""))
    for name in ("bare", "spicy"):
        libvirtd.virsh("start", name)
    tap.check(wait_for(lambda: manager.status("bare") == "up" and manager.status("spicy") == "up", 20), "VMs of others run")
    bare, none = manager.vm("bare")["id"], manager.vm("spicy")["id"]
    _, words = room.file(bare)
    viewer = Screen(Viewer("127.0.0.1", int(words["port"]), manager.ca, words["password"]))
    tap.check(wait_for(lambda: any(viewer.look()), 10), "one without a VNC password is shown to viewers as others are: by ticket alone")
    refused = manager.post(f"/vms/{none}/ticket")
    tap.check(refused.status == 409 and "spicy" in refused.sentence and "none" in refused.sentence, "one without graphics is refused with a sentence", refused)
    line = manager.post(f"/vms/{none}/ticket?console=serial").body["ticket"]["value"]
    room.refused("no serial console", "and one without a serial port likewise", lambda: room.web("serial", line))


def ends(room, line, web, viewer):
    tap = room.tap
    begun = time.monotonic()
    room.libvirtd.virsh("destroy", "hello")
    ended = [line.wait_end(5), web.wait_end(5)]
    viewer.socket.settimeout(5)
    try:
        while viewer.socket.recv(65536):
            pass
    except OSError:
        pass
    seconds = time.monotonic() - begun
    tap.check(seconds < 2 and all(end and end[0] == 1000 for end in ended), f"all end with the VM: {seconds:.2f} s", ended)
    last = room.web(ticket=room.ticket(vm=room.manager.vm("bare")["id"]))
    seconds = room.manager.stop()
    tap.check(seconds < 2 and last.wait_end(3)[0] == 1001, f"and with the manager: {seconds:.2f} s", last.closed)
    words = room.manager.last_words(400)
    tap.check("ERROR: " not in words and "runtime error" not in words, "no sanitizer complains", words)


def run(lab):
    room = Room(lab.tap, lab.libvirtd, lab.manager)
    make_guest(room)
    line = serial(room)
    web, viewer = screen(room)
    people(room)
    adopted(room)
    ends(room, line, web, viewer)
    lab.manager.start()


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    program("console", run, options=("--console-ports", "8750-8759"))
