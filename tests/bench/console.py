# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What a console costs on its way through the manager: bytes of a screen by WebSocket against nginx sending a file over TLS, and the round
trip of a key on a serial line. The guests are the fake's, in the manager's own process: their work is in our numbers too."""
import os
import ssl
import socket
import struct
import sys
import time

from parts import MEGABYTE, Nginx, settle

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lab"))

from consoles import WebSocket                      # noqa: E402

SCREEN = 640 * 400 * 4      # bytes of an answer of the fake's screen
MEBIBYTE = 1 << 20
BUFFER = bytearray(1 << 20)


def ticket(manager, vm, query=""):
    return manager.ask("POST", f"/vms/{vm}/ticket{query}", {})["ticket"]["value"]


def drain(sock, count):
    """Seconds until COUNT bytes have come, and how many came."""
    begun, got = time.monotonic(), 0
    while got < count:
        part = sock.recv_into(BUFFER)
        if not part:
            raise RuntimeError("the connection ended")
        got += part
    return time.monotonic() - begun, got


def screens(manager, vm, count):
    """MiB/s of COUNT whole screens, asked for at once."""
    web = WebSocket("127.0.0.1", manager.port, "/console/graphics", manager.ca, ticket(manager, vm))
    web.read(12)
    web.send(b"RFB 003.008\n")
    web.read(2)
    web.send(b"\1")
    web.read(4)
    web.send(b"\1")
    head = web.read(24)
    web.read(struct.unpack(">I", head[20:])[0])
    ask = struct.pack(">BBHHHH", 3, 0, 0, 0, 640, 400)
    web.send(ask)               # the first warms up
    drain(web.socket, SCREEN)
    web.send(ask * count)
    seconds, got = drain(web.socket, count * SCREEN)
    web.socket.close()
    return got / MEBIBYTE / seconds


def file_by_nginx(nginx, ca, size):
    """MiB/s of one GET of a file of SIZE bytes."""
    context = ssl.create_default_context(cafile=ca)
    with context.wrap_socket(socket.create_connection(("127.0.0.1", nginx.port)), server_hostname="127.0.0.1") as sock:
        sock.sendall(b"GET /screens HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        drain(sock, 1)
        seconds, got = drain(sock, size - len(BUFFER))
        return got / MEBIBYTE / seconds


def keys(manager, vm, count):
    """Milliseconds of the round trip of each of COUNT keys on a serial line."""
    web = WebSocket("127.0.0.1", manager.port, "/console/serial", manager.ca, ticket(manager, vm, "?console=serial"))
    web.read(7)
    trips = []
    for _ in range(count):
        begun = time.monotonic()
        web.send(b"x")
        web.read(1)
        trips.append((time.monotonic() - begun) * 1000)
    web.socket.close()
    return trips


def bare_keys(count):
    """The same over a socket pair and a thread of the same interpreter, without TLS or a manager: what the client itself costs."""
    import threading
    one, other = socket.socketpair()

    def echo():
        while byte := other.recv(64):
            other.sendall(byte)
    threading.Thread(target=echo, daemon=True).start()
    trips = []
    for _ in range(count):
        begun = time.monotonic()
        one.sendall(b"x")
        one.recv(64)
        trips.append((time.monotonic() - begun) * 1000)
    one.close()
    return trips


def measure(bench, manager, vm):
    count, pairs = bench.size(512, 8), bench.size(9, 2)
    with Nginx(bench, manager) as nginx:
        with open(nginx.file("screens"), "wb") as file:
            for _ in range(count):
                file.write(bytes(SCREEN))
        got = ([], [])
        for _ in range(pairs):
            got[0].append(screens(manager, vm, count))
            got[1].append(file_by_nginx(nginx, manager.ca, count * SCREEN))
    speed = sorted(got[0])[len(got[0]) // 2]
    theirs = sorted(got[1])[len(got[1]) // 2]
    bench.row(f"a screen by WebSocket, {count * SCREEN / MEGABYTE:.0f} MB", "MiB/s", speed, "nginx, a file over TLS", theirs, f"{theirs / speed:.2f} times as long",
              "100 MiB/s", speed >= 100, got)
    settle(manager.pid)
    trips, bare = keys(manager, vm, bench.size(2000, 100)), bare_keys(bench.size(2000, 100))
    middle, client = sorted(trips)[len(trips) // 2], sorted(bare)[len(bare) // 2]
    bench.row("a key's round trip on a serial line by WebSocket, median", "ms", middle, "socket pair and thread", client, f"+{middle - client:.2f} ms", "1 ms",
              middle - client <= 1, (trips, bare))
