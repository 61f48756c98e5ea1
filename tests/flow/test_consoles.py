#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Consoles over the wire, with fake guests at them: who gets in and who does not, by browser and by viewer; what is against the protocols; one
writer at a serial line; clients that do not read; and that every console ends with its VM, its session and the manager."""
import json
import os
import re
import socket
import struct
import sys
import time
import urllib.parse

from wire import House, Tap, Wire, arguments, request
from consoles import BINARY, PING, PONG, TEXT, Refused, Screen, Viewer, WebSocket, response

ESTATE = "host n1 cpus 8 memory 64G vms 8\n"
GRAPHICS, SERIAL = "/console/graphics", "/console/serial"
RESIDENT = 6 * 1024          # KiB


class Consoles:
    """The house, and what is asked of it here."""

    def __init__(self, house, tap):
        self.house, self.tap = house, tap
        vms = house.get("/vms")["vm"]
        self.up = [vm for vm in vms if vm["status"] == "up"]
        self.down = [vm for vm in vms if vm["status"] == "down"]
        self.tickets = []

    def ask(self, vm, query="", body=None, path="ticket", **more):
        return self.house.ask("POST", f"/vms/{vm['id']}/{path}{query}", {} if body is None else body, **more) if isinstance(body, str) else \
            self.house.ask("POST", f"/vms/{vm['id']}/{path}{query}", json.dumps(body or {}), **more)

    def ticket(self, vm, query="", **more):
        value = json.loads(self.ask(vm, query, **more).body)["ticket"]["value"]
        self.tickets.append(value)
        return value

    def file(self, vm, token=None):
        reply = self.house.ask("GET", f"/vms/{vm['id']}/graphicsconsoles/766e63", headers={"Accept": "application/x-virt-viewer"}, token=token)
        words = dict(line.split("=", 1) for line in reply.text.splitlines() if "=" in line)
        self.tickets.append(words.get("password", ""))
        return reply, words

    def web(self, path, ticket, **more):
        return WebSocket("127.0.0.1", self.house.port, path, self.house.manager.ca, ticket, **more)

    def view(self, words, password=None):
        return Viewer("127.0.0.1", int(words["port"]), self.house.manager.ca, password or words["password"])

    def refused(self, words, name, make):
        """MAKE must be refused, with all WORDS in why."""
        try:
            make()
        except (Refused, EOFError, OSError) as error:
            return self.tap.ok(all(word in str(error) for word in words), name, repr(error))
        return self.tap.ok(False, name, "was let in")

    def line(self, vm, query="", **more):
        return self.web(SERIAL, self.ticket(vm, "?console=serial" + query), **more)


def until(question, seconds=3):
    end = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.05)
    return answer


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", int(port)), timeout=2).close()
        return True
    except OSError:
        return False


# --- tickets --------------------------------------------------------------------------------------------------------------------------

def tickets(room):
    tap, vm = room.tap, room.up[0]
    xml = room.ask(vm, body="<action><ticket><expiry>30</expiry></ticket></action>", headers={"Accept": "application/xml"})
    found = re.fullmatch(r"<action><status>complete</status><ticket><expiry>30</expiry><value>[\w-]{24}</value></ticket></action>", xml.text)
    tap.ok(xml.status == 200 and found, "a ticket in XML has value and expiry", xml)
    usual = json.loads(room.ask(vm).body)
    tap.ok(usual["ticket"]["expiry"] == "120" and usual["status"] == "complete", "120 s are usual", usual)
    most = json.loads(room.ask(vm, body={"ticket": {"expiry": "86400"}}).body)
    tap.ok(most["ticket"]["expiry"] == "600", "600 s are the most, and the answer says so", most)
    by_console = room.ask(vm, path="graphicsconsoles/766e63/ticket")
    tap.ok(by_console.status == 200, "the console itself gives tickets too", by_console)
    file = room.ask(vm, path="graphicsconsoles/766e63/remoteviewerconnectionfile")
    text = json.loads(file.body).get("remote_viewer_connection_file", "")
    tap.ok(text.startswith("[virt-viewer]\ntype=vnc\nhost=127.0.0.1\nport=") and "delete-this-file=1" in text, "and a connection file in an action", file)
    xml = room.ask(vm, path="graphicsconsoles/766e63/remoteviewerconnectionfile", body="<action/>", headers={"Accept": "application/xml"})
    tap.ok("<remote_viewer_connection_file>[virt-viewer]" in xml.text, "in XML as well", xml)
    reply, words = room.file(vm)
    tap.ok(reply.headers.get("content-type") == "application/x-virt-viewer" and set(words) >= {"type", "host", "port", "password", "title", "ca", "host-subject"},
           "GET gives it as a file", reply)
    for name, body, query, status, said in (
            ("a chosen value", {"ticket": {"value": "secret"}}, "", 400, "made by the manager"), ("no time at all", {"ticket": {"expiry": "0"}}, "", 400, "expire"),
            ("a negative time", {"ticket": {"expiry": "-5"}}, "", 400, "expire"), ("another kind", {}, "?console=spice", 400, "spice")):
        wrong = room.ask(vm, query, body)
        tap.ok(wrong.is_fault(status) and said in wrong.detail, f"{name} is refused", wrong)
    still = room.ask(room.down[0])
    tap.ok(still.is_fault(409) and room.down[0]["name"] in still.detail, "a VM that does not run has no console", still)
    tap.ok(room.house.ask("POST", f"/vms/{vm['id']}/ticket", "{}", token="").status == 401, "strangers get no ticket")
    tap.ok(room.house.ask("GET", f"/vms/{vm['id']}/ticket").status == 405, "GET is no way to a ticket")


def handshakes(room):
    tap, house, vm = room.tap, room.house, room.up[0]
    good = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    for name, change in (("no Upgrade", {"Upgrade": None}), ("another protocol", {"Upgrade": "h2c"}), ("no Connection", {"Connection": "keep-alive"}),
                         ("an old version", {"Sec-WebSocket-Version": "8"}), ("no key", {"Sec-WebSocket-Key": None}), ("a short key", {"Sec-WebSocket-Key": "c2hvcnQ="})):
        ticket = room.ticket(vm, "?console=browser")
        with Wire(house) as wire:
            wire.send(request("GET", "*", headers={**good, **change}).replace(b"GET *", f"GET {GRAPHICS}?ticket={ticket}".encode()))
            reply = wire.reply()
        tap.ok(reply.is_fault(400), f"a WebSocket with {name} is refused", reply)
        room.web(GRAPHICS, ticket).shut()
    room.refused(("401",), "without a ticket nobody comes in", lambda: room.web(GRAPHICS, None))
    room.refused(("403", "no such ticket"), "nor with a wrong one", lambda: room.web(GRAPHICS, "A" * 24))
    room.refused(("403", "no such ticket"), "nor with one that is too short", lambda: room.web(GRAPHICS, "A"))
    room.refused(("403", "no such ticket"), "a serial line's ticket opens no screen", lambda: room.web(GRAPHICS, room.ticket(vm, "?console=serial")))
    room.refused(("403", "no such ticket"), "and a screen's no serial line", lambda: room.web(SERIAL, room.ticket(vm)))
    ticket = room.ticket(vm)
    room.web(GRAPHICS, ticket).shut()
    room.refused(("403", "used"), "a ticket opens one console", lambda: room.web(GRAPHICS, ticket))
    ticket = json.loads(room.ask(vm, body={"ticket": {"expiry": "1"}}).body)["ticket"]["value"]
    time.sleep(1.1)
    room.refused(("403", "expired"), "and none when it has expired", lambda: room.web(GRAPHICS, ticket))
    by_query = room.web(f"{GRAPHICS}?ticket={room.ticket(vm)}", None, protocols=())
    tap.ok(Screen(by_query, True).name == "fake" and "sec-websocket-protocol" not in by_query.head.lower(), "a ticket in the query is as good")
    by_query.shut()


# --- viewers --------------------------------------------------------------------------------------------------------------------------

def plain(port, version, kind=None):
    """What a viewer without VeNCrypt hears."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
        wire.recv(12, socket.MSG_WAITALL)
        wire.sendall(version)
        heard = wire.recv(2 if kind else 500, socket.MSG_WAITALL if kind else 0)
        if kind:
            wire.sendall(kind)
            heard = wire.recv(500)
        more = wire.recv(500)
        return heard + more


def viewers(room):
    tap, vm = room.tap, room.up[0]
    _, words = room.file(vm)
    viewer = room.view(words)
    tap.ok(viewer.greeting == b"RFB 003.008\n" and viewer.kinds == [19] and viewer.subkinds == (261,), "a viewer is offered VeNCrypt X509Vnc and nothing else")
    screen = Screen(viewer)
    before = screen.look()
    screen.press("a")
    tap.ok(screen.look() != before and screen.name == "fake", "it is let in, sees pixels, and they change with a key")
    room.refused(("used",), "the ticket is used", lambda: room.view(words))
    _, words = room.file(vm)
    room.refused(("no such ticket",), "a wrong password is refused, and why is said", lambda: room.view(words, "password"))
    port = int(words["port"])
    tap.ok(b"VeNCrypt alone" in plain(port, b"RFB 003.008\n", b"\2"), "plain VNC is refused, for a ticket must not travel so")
    tap.ok(b"3.7 and 3.8" in plain(port, b"RFB 003.003\n"), "RFB 3.3 is refused")
    tap.ok(plain(port, b"GET / HTTP/1") == b"", "what is no viewer hears nothing")
    room.view(words).shut()
    short = json.loads(room.ask(vm, body={"ticket": {"expiry": "1"}}).body)["ticket"]["value"]
    _, words = room.file(vm)
    time.sleep(1.1)
    room.refused(("expired",), "an expired ticket is refused", lambda: room.view(words, short))
    tap.ok(until(lambda: listens(port)), "the port listens while a ticket lives")
    room.view(words).shut()


def doors(options, tap):
    """A manager of its own, so that no other ticket keeps its port open."""
    with House(options, "console-doors", ESTATE, more=("--console-ports", "8710-8712")) as house:
        room = Consoles(house, tap)
        tap.ok(not any(listens(port) for port in range(8710, 8713)), "no port listens before there is a ticket")
        room.ticket(room.up[0], "?console=browser")
        room.ticket(room.up[0], "?console=serial")
        tap.ok(not any(listens(port) for port in range(8710, 8713)), "nor for browsers")
        _, words = room.file(room.up[0])
        tap.ok(words["port"] == "8710" and listens(8710), "it listens once there is one", words)
        viewer = room.view(words)
        tap.ok(until(lambda: not listens(8710)), "and no more when it is used")
        tap.ok(Screen(viewer).look(), "while the viewer that came in by it goes on")
        json.loads(room.ask(room.up[0], body={"ticket": {"expiry": "1"}}).body)
        tap.ok(listens(8710) and until(lambda: not listens(8710), 4), "nor when it has expired")
        taken = [socket.create_server(("127.0.0.1", port)) for port in (8710, 8711, 8712)]
        full = room.ask(room.up[0])
        tap.ok(full.is_fault(503) and "8710-8712" in full.detail, "no free port is said", full)
        tap.ok(room.ask(room.up[0], "?console=browser").status == 200, "a browser needs none")
        for door in taken:
            door.close()
        _, words = room.file(room.up[0])
        for _ in range(10):
            room.refused(("no such ticket",), "a wrong ticket", lambda: room.view(words, "nonsense"))
        room.refused(("",), "after ten of them the address waits", lambda: room.view(words))
        waiting = [room.ask(room.up[0]).status for _ in range(40)]
        tap.ok(503 in waiting and waiting.index(503) > 20, "tickets that wait to be used are counted", waiting)
        crowd = [socket.create_connection(("127.0.0.1", int(words["port"]))) for _ in range(80)]
        time.sleep(0.3)
        tap.ok(house.ask("GET", "/").status == 200, "a crowd at the door disturbs nobody")
        for caller in crowd:
            caller.close()
        status, seconds, complaint = house.stop()
        tap.ok(status == 0 and not complaint and seconds < 2, f"it ends well within 2 s: {seconds:.2f} s", complaint)
        try:
            viewer.socket.settimeout(2)
            tap.ok(viewer.socket.recv(1) == b"", "and the viewer's console with it")
        except OSError as error:
            tap.ok(not isinstance(error, TimeoutError), "and the viewer's console with it", repr(error))


# --- WebSockets -------------------------------------------------------------------------------------------------------------------------

def frames(room):
    tap, vm = room.tap, room.up[1]

    def fresh():
        return room.web(GRAPHICS, room.ticket(vm, "?console=browser"))
    web = fresh()
    screen = Screen(web, True)
    before = screen.look()
    web.send(b"beat", PING)
    code, payload = web.frame()
    tap.ok((code, payload) == (PONG, b"beat"), "a ping is answered", (code, payload))
    key = struct.pack(">BBxxI", 4, 1, ord("k"))
    for i, byte in enumerate(key):
        web.send(bytes([byte]), BINARY if i == 0 else 0, fin=i == len(key) - 1)
        if i == 3:
            web.send(b"", PING)
            tap.ok(web.frame()[0] == PONG, "also between the parts of a message")
    tap.ok(screen.look() != before, "a message in eight frames is one key")
    web.send(struct.pack(">BxxxI", 6, 65535)[:6] + b"\xff\xff" + b"c" * 65535)
    tap.ok(len(screen.look()) == screen.width * screen.height * 4, "a long message goes through")
    web.send(struct.pack(">H", 1000) + b"bye", 8)
    tap.ok(web.wait_end(3) == (1000, ""), "a goodbye is answered", web.closed)
    for name, data, why in (
            ("unmasked frames", b"\x82\x01x", 1002), ("reserved bits", b"\xf2\x80\0\0\0\0", 1002), ("unknown codes", b"\x83\x80\0\0\0\0", 1002),
            ("a continuation of nothing", b"\x80\x80\0\0\0\0", 1002), ("long control frames", b"\x89\xfe\0\x7e\0\0\0\0", 1002),
            ("control frames in parts", b"\x09\x80\0\0\0\0", 1002), ("lengths longer than needed", b"\x82\xfe\0\x05\0\0\0\0hello", 1002),
            ("impossible lengths", b"\x82\xff" + b"\xff" * 8 + b"\0\0\0\0", 1002), ("text for a screen", b"\x81\x82\0\0\0\0hi", 1003)):
        web = fresh()
        web.socket.sendall(data)
        end = web.wait_end(3)
        tap.ok(end and end[0] == why, f"{name} end it with {why}", end)
    web = fresh()
    web.socket.sendall(b"\x82")
    web.shut()
    web = fresh()
    try:
        web.socket.unwrap()
    except OSError:
        pass                                # what the guest said is still on its way
    tap.ok(room.house.ask("GET", "/").status == 200, "half frames and half closed connections are taken as they are")
    web.shut()


def lines(room):
    tap, vm = room.tap, room.up[1]
    first = room.line(vm)
    first.read_until(b"login: ")
    first.send(b"first\r")
    tap.ok(first.read_until(b"first\r\nlogin: ") and first.notes == ['{"role":"writer"}'], "a serial line echoes to its writer", first.notes)
    second = room.line(vm)
    first.send(b"seen\r")
    tap.ok(second.read_until(b"seen\r\n") and second.notes == ['{"role":"reader"}'], "a second one reads along", second.notes)
    second.send(b"unheard\r")
    first.send(b"next\r")
    tap.ok(b"unheard" not in first.read_until(b"next\r\n"), "and writes nothing")
    third = room.line(vm, "&force=true")
    third.send("über".encode(), TEXT)
    third.send(b"\r")
    tap.ok(third.read_until("über\r\n".encode()) and '{"role":"writer"}' in third.notes, "who forces it writes, in text frames too")
    tap.ok(first.read_until("über\r\n".encode()) and first.notes[-1] == '{"role":"reader"}', "the first hears that it reads from now on", first.notes)
    looks = room.line(vm, "&look=true")
    looks.frame()
    tap.ok(looks.notes == ['{"role":"reader"}'], "who only wants to look does", looks.notes)
    more = []
    for _ in range(5):
        more.append(room.line(vm))
        more[-1].frame()
    tap.ok(more[-1].wait_end(3)[0] == 1008, "eight are at a line at most", more[-1].closed)
    for web in (first, second, third, looks, *more):
        web.shut()
    again = until(lambda: room.line(vm).read_until(b"login: "))
    tap.ok(again, "when all have gone it can be opened anew")


# --- who does not read -------------------------------------------------------------------------------------------------------------------

def stalled(room):
    """Screens are asked for and never taken."""
    tap, house = room.tap, room.house
    before = house.resident()
    webs = []
    for _ in range(8):
        web = room.web(GRAPHICS, room.ticket(room.up[2], "?console=browser"))
        screen = Screen(web, True)
        for _ in range(20):
            screen.ask()
        webs.append(web)
    reader = Screen(room.web(GRAPHICS, room.ticket(room.up[2], "?console=browser")), True)
    begun = time.monotonic()
    reader.look()
    took = time.monotonic() - begun
    grown = house.resident() - before
    tap.ok(took < house.within(2), f"beside eight who read nothing another is served: {took:.2f} s")
    # The fake guests keep one screen each (1 MiB and a quarter at most, growing by halves).
    tap.ok(grown < house.room(8 * 4 * 1024 + RESIDENT), f"and they cost {grown} KiB")
    line, slow = room.line(room.up[2]), room.line(room.up[2])
    for _ in range(300):
        line.send(b"x" * 30000)
        line.socket.settimeout(10)
        got = 0
        while got < 30000:
            got += len(line.frame()[1])
    end = slow.wait_end(10)
    tap.ok(end and end[0] == 1008 and "slowly" in end[1], "one that only looks at a line and falls behind is sent away, told why", end)
    for web in webs + [line]:
        web.shut()


def repeat(room, times):
    tap, house, sizes = room.tap, room.house, []
    for _ in range(times):
        for vm in room.up[:3]:
            for _ in range(5):
                Screen(room.web(GRAPHICS, room.ticket(vm, "?console=browser")), True).wire.shut()
                room.line(vm).shut()
        sizes.append(house.resident())
    tap.say("resident after each round, KiB: " + " ".join(map(str, sizes)))
    tap.ok(sizes[-1] - sizes[2] < RESIDENT, f"after {times * 30} consoles it has grown by {sizes[-1] - sizes[2]} KiB since the third round")


# --- ends --------------------------------------------------------------------------------------------------------------------------------

def ends_with_vm(room):
    tap, vm = room.tap, room.up[3]
    web, line = room.web(GRAPHICS, room.ticket(vm)), room.line(vm)
    viewer = room.view(room.file(vm)[1])
    late = room.ticket(vm)
    begun = time.monotonic()
    room.house.ask("POST", f"/vms/{vm['id']}/stop", "{}")
    ends = [web.wait_end(5), line.wait_end(5)]
    viewer.socket.settimeout(5)
    try:
        rest = viewer.socket.recv(1)
    except OSError:
        rest = b""
    seconds = time.monotonic() - begun
    tap.ok(seconds < 2 and not rest and all(end and end[0] == 1000 and "ended" in end[1] for end in ends), f"all consoles of a VM end with it within 2 s: {seconds:.2f} s", ends)
    room.refused(("409", "does not run"), "a ticket made before opens nothing then", lambda: room.web(GRAPHICS, late))


def token_of(room):
    body = urllib.parse.urlencode({"grant_type": "password", "scope": "ovirt-app-api", "username": "admin@internal", "password": room.house.manager.password})
    reply = room.house.ask("POST", "/ovirt-engine/sso/oauth/token", body, headers={"Content-Type": "application/x-www-form-urlencoded"}, token="")
    return json.loads(reply.body)["access_token"]


def ends_with_session(room):
    tap, vm = room.tap, room.up[0]
    token = token_of(room)
    with Wire(room.house) as wire:
        def asked(path):
            wire.send(request("POST", path, "{}", headers={"Authorization": f"Bearer {token}"}))
            return json.loads(wire.reply("POST").body)["ticket"]["value"]
        web = room.web(GRAPHICS, asked(f"/vms/{vm['id']}/ticket"))
        other = room.web(GRAPHICS, room.ticket(vm))
        Screen(web, True), Screen(other, True)
        time.sleep(2.2)
        tap.ok(len(web.stream) == 0 and web.closed is None, "it goes on while its session does")
        begun = time.monotonic()
        room.house.ask("POST", "/ovirt-engine/services/sso-logout", f"token={token}", headers={"Content-Type": "application/x-www-form-urlencoded"}, token="")
        end = web.wait_end(5)
        seconds = time.monotonic() - begun
    tap.ok(seconds < 2 and end and end[0] == 1008 and "session" in end[1], f"a console ends with the session it was opened in within 2 s: {seconds:.2f} s", end)
    other.send(b"still", PING)
    tap.ok(other.frame() == (PONG, b"still"), "and others do not")
    other.shut()


def ends_with_manager(room):
    tap, house = room.tap, room.house
    webs = [room.web(GRAPHICS, room.ticket(room.up[0])), room.line(room.up[0])]
    status, seconds, complaint = house.stop()
    tap.ok(status == 0 and not complaint, f"the manager ends well, with status {status}", complaint)
    tap.ok(seconds < 2, f"within 2 s: {seconds:.2f} s")
    ends = [web.wait_end(3) for web in webs]
    tap.ok(all(end and end[0] == 1001 and "stopping" in end[1] for end in ends), "and tells every console", ends)


def pictures(room):
    tap, house = room.tap, room.house
    reply = house.ask("GET", f"/vms/{room.up[0]['id']}/screenshot", headers={"Accept": "application/json"})
    sides = struct.unpack(">II", reply.body[16:24])
    tap.ok(reply.status == 200 and reply.body[:8] == b"\x89PNG\r\n\x1a\n" and sides == (640, 400), "a screenshot is a PNG", reply.status, sides)
    tap.ok(house.ask("GET", f"/vms/{room.down[0]['id']}/screenshot").is_fault(409), "of a VM that runs")
    tap.ok(house.ask("POST", f"/vms/{room.up[0]['id']}/screenshot", "{}").status == 405, "and got by GET")


def main():
    options, tap = arguments(), Tap()
    doors(options, tap)
    with House(options, "consoles", ESTATE, more=("--console-ports", "8720-8729")) as house:
        room = Consoles(house, tap)
        tickets(room)
        handshakes(room)
        pictures(room)
        viewers(room)
        frames(room)
        lines(room)
        ends_with_vm(room)
        ends_with_session(room)
        stalled(room)
        repeat(room, 20 if options.full else 6)
        ends_with_manager(room)
        with open(house.manager.log, encoding="utf-8", errors="replace") as log:
            text = log.read()
        tap.ok(not any(value and value in text for value in room.tickets), f"none of {len(room.tickets)} tickets stands in the log")
    return tap.end()


sys.exit(main())
