# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Clients of consoles, as small as they can be and of the standard library alone: a WebSocket as a browser speaks it, a VNC viewer that
enters by VeNCrypt X509Vnc, and what both do in RFB."""
import base64
import hashlib
import os
import socket
import ssl
import struct
import subprocess

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """The other side said no, and why."""


def connect(host, port, ca, timeout=20):
    context = ssl.create_default_context(cafile=ca)
    raw = socket.create_connection((host, port), timeout=timeout)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return context.wrap_socket(raw, server_hostname=host)


class WebSocket:
    """What comes as binary is read as a stream, which is what RFB and serial lines are; texts are kept in `notes`."""

    def __init__(self, host, port, path, ca, ticket=None, protocols=("binary",), timeout=20):
        self.socket = connect(host, port, ca, timeout)
        key = base64.b64encode(os.urandom(16))
        words = list(protocols) + ([f"ticket.{ticket}"] if ticket else [])
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            f"Sec-WebSocket-Key: {key.decode()}\r\nSec-WebSocket-Protocol: {', '.join(words)}\r\nOrigin: https://elsewhere.example\r\n\r\n".encode())
        self.raw, self.stream, self.notes, self.closed, self.offset = bytearray(), bytearray(), [], None, 0
        while b"\r\n\r\n" not in self.raw:
            part = self.socket.recv(65536)
            if not part:
                raise Refused("the connection was closed")
            self.raw += part
        head, _, rest = bytes(self.raw).partition(b"\r\n\r\n")
        self.head = head.decode()
        if not head.startswith(b"HTTP/1.1 101"):
            raise Refused(f"{self.head.splitlines()[0]} {rest.decode(errors='replace')}")
        self.raw = bytearray(rest)
        answer = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        if f"sec-websocket-accept: {answer}".lower() not in self.head.lower():
            raise Refused("the answer to the key is wrong")

    def send(self, data, code=BINARY, fin=True):
        mask = os.urandom(4)
        size = len(data)
        head = bytes([(0x80 if fin else 0) | code])
        head += bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack(">H", size) if size < 65536 else bytes([0x80 | 127]) + struct.pack(">Q", size)
        wide = int.from_bytes(data, "little") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "little")
        self.socket.sendall(head + mask + wide.to_bytes(size, "little"))

    def _fill(self, count):
        while len(self.raw) - self.offset < count:
            part = self.socket.recv(1 << 18)
            if not part:
                raise EOFError("the connection ended")
            self.raw += part

    def frame(self):
        """One frame (code, payload); control frames are answered."""
        self._fill(2)
        size, head = self.raw[self.offset + 1] & 127, 2
        if size > 125:
            head = 4 if size == 126 else 10
            self._fill(head)
            size = int.from_bytes(self.raw[self.offset + 2:self.offset + head], "big")
        self._fill(head + size)
        code = self.raw[self.offset] & 15
        payload = bytes(memoryview(self.raw)[self.offset + head:self.offset + head + size])
        self.offset += head + size
        if self.offset > 1 << 20 or self.offset == len(self.raw):
            del self.raw[:self.offset]
            self.offset = 0
        if code == PING:
            self.send(payload, PONG)
        elif code == CLOSE:
            self.closed = (int.from_bytes(payload[:2], "big"), payload[2:].decode())
        elif code == TEXT:
            self.notes.append(payload.decode())
        return code, payload

    def read(self, count):
        while len(self.stream) < count:
            code, payload = self.frame()
            if code == BINARY:
                self.stream += payload
            elif code == CLOSE:
                raise EOFError(f"closed: {self.closed}")
        data = bytes(self.stream[:count])
        del self.stream[:count]
        return data

    def read_until(self, words, seconds=20):
        """What comes on a serial line, until it holds WORDS."""
        self.socket.settimeout(seconds)
        while words not in self.stream:
            code, payload = self.frame()
            if code == BINARY:
                self.stream += payload
            elif code == CLOSE:
                raise EOFError(f"closed: {self.closed}; so far {bytes(self.stream[-300:])}")
        at = self.stream.index(words) + len(words)
        data = bytes(self.stream[:at])
        del self.stream[:at]
        return data

    def wait_end(self, seconds):
        """How it ended: (code, reason), or None where the connection just broke."""
        self.socket.settimeout(seconds)
        try:
            while self.closed is None:
                self.frame()
        except (EOFError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
        return self.closed

    def shut(self):
        self.socket.close()


def response(password, challenge):
    """DES by OpenSSL's triple one with three equal keys, bits turned as VNC wants it."""
    key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in password.encode()[:8].ljust(8, b"\0")).hex()
    return subprocess.run(["openssl", "enc", "-des-ede3", "-nopad", "-K", key * 3], input=challenge, stdout=subprocess.PIPE, check=True).stdout


class Viewer:
    """A VNC viewer: RFB 3.8, VeNCrypt 0.2, X509Vnc."""

    def __init__(self, host, port, ca, password, timeout=20, server_name=None):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.greeting = self.read(12)
        self.socket.sendall(b"RFB 003.008\n")
        self.kinds = list(self.read(self.read(1)[0]))
        if 19 not in self.kinds:
            raise Refused(f"no VeNCrypt but {self.kinds}")
        self.socket.sendall(b"\x13")
        if self.read(2) != b"\0\2":
            raise Refused("not VeNCrypt 0.2")
        self.socket.sendall(b"\0\2")
        if self.read(1) != b"\0":
            raise Refused("VeNCrypt 0.2 is refused")
        self.subkinds = struct.unpack(f">{(count := self.read(1)[0])}I", self.read(4 * count))
        self.socket.sendall(struct.pack(">I", 261))
        if self.read(1) != b"\1":
            raise Refused("X509Vnc is refused")
        self.socket = ssl.create_default_context(cafile=ca).wrap_socket(self.socket, server_hostname=server_name or host)
        self.socket.sendall(response(password, self.read(16)))
        if self.read(4) != b"\0\0\0\0":
            size = struct.unpack(">I", self.read(4))[0]
            raise Refused(self.read(size).decode())

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise EOFError("the connection ended")
            data += part
        return data

    def send(self, data):
        self.socket.sendall(data)

    def shut(self):
        self.socket.close()


class Screen:
    """RFB behind its security, over a WebSocket or a Viewer: raw pixels of 32 bits."""

    def __init__(self, wire, greet=False):
        self.wire = wire
        if greet:
            assert wire.read(12).startswith(b"RFB 003.00")
            wire.send(b"RFB 003.008\n")
            kinds = wire.read(wire.read(1)[0])
            assert 1 in kinds, kinds
            wire.send(b"\1")
            assert wire.read(4) == b"\0\0\0\0"
        wire.send(b"\1")
        self.width, self.height = struct.unpack(">HH", wire.read(4))
        wire.read(16)
        self.name = wire.read(struct.unpack(">I", wire.read(4))[0]).decode()
        wire.send(struct.pack(">BxxxBBBBHHHBBBxxx", 0, 32, 24, 0, 1, 255, 255, 255, 16, 8, 0))
        wire.send(struct.pack(">BxHii", 2, 2, 0, -223))
        self.pixels = bytearray(self.width * self.height * 4)

    def ask(self, incremental=False):
        self.wire.send(struct.pack(">BBHHHH", 3, incremental, 0, 0, self.width, self.height))

    def update(self):
        """The next update into `pixels`; the count of its bytes."""
        total = 0
        while True:
            kind = self.wire.read(1)[0]
            if kind == 2:
                continue
            if kind == 3:
                self.wire.read(struct.unpack(">xxxI", self.wire.read(7))[0])
                continue
            assert kind == 0, kind
            for _ in range(struct.unpack(">xH", self.wire.read(3))[0]):
                total += self._rectangle()
            return total

    def _rectangle(self):
        x, y, width, height, encoding = struct.unpack(">HHHHi", self.wire.read(12))
        if encoding == -223:
            self.width, self.height = width, height
            self.pixels = bytearray(width * height * 4)
            return 0
        assert encoding == 0, encoding
        data = self.wire.read(width * height * 4)
        if (x, y, width, height) == (0, 0, self.width, self.height):
            self.pixels[:] = data
            return len(data)
        for line in range(height):
            at = ((y + line) * self.width + x) * 4
            self.pixels[at:at + width * 4] = data[line * width * 4:(line + 1) * width * 4]
        return len(data)

    def look(self):
        self.ask()
        self.update()
        return bytes(self.pixels)

    def press(self, *keys):
        for key in keys:
            symbol = ord(key) if isinstance(key, str) else key
            self.wire.send(struct.pack(">BBxxI", 4, 1, symbol) + struct.pack(">BBxxI", 4, 0, symbol))
