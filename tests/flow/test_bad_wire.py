#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Clients that are slow, half gone, or speak no HTTP: each is refused or waited for within bounds, everybody else is served meanwhile, nothing
grows, and the manager ends in time with all of them still there."""
import concurrent.futures
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

from wire import ROOT, House, Tap, Wire, Witness, arguments, request

RESIDENT = 6 << 10          # KiB the manager may have grown after everything was repeated
PATIENCE = 10               # seconds; the manager waits longer for the rest of a request
ESTATE = "hosts 4 cpus 64 memory 512G vms 2500\n"


def head(line, *headers, host=True):
    return ("\r\n".join([line] + (["Host: a"] if host else []) + list(headers)) + "\r\n\r\n").encode("latin-1")


# --- what is no request, or no good one -------------------------------------------------------------------------------------------------

def raw_cases(house):
    """(name, bytes, statuses; None: cut without a word is well too)"""
    who = f"Authorization: Basic {house.token}"
    get, json_type = f"GET {ROOT} HTTP/1.1", "Content-Type: application/json"

    def post(*headers, body=b""):
        return head(f"POST {ROOT}/vms HTTP/1.1", who, json_type, *headers) + body
    deep = "/" + "/".join(["vms"] * 600)
    yield "garbage", bytes(range(256)) * 8, (400, 505, None)
    yield "a blank line and garbage", b"\r\n\r\n\0\0\0\0\r\n\r\n", (400, None)
    yield "zero bytes", b"\0" * 5000, (400, None)
    yield "no version", b"GET /\r\n\r\n", (400, None)
    yield "HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)
    yield "HTTP/9.9", head(f"GET {ROOT} HTTP/9.9", who), (400, 505, None)
    yield "HTTQ", head(f"GET {ROOT} HTTQ/1.1", who), (400, 505, None)
    yield "a method in small letters", head(f"get {ROOT} HTTP/1.1", who), (405,)
    yield "a method of 9 KB", head("A" * 9000 + f" {ROOT} HTTP/1.1", who), (400, 405, 414, 431, 501)
    yield "no Host", head(get, who, host=False), (400, 200)
    yield "a bad Host", head(get, who, "Host: a b/c", host=False), (400,)
    yield "a Host of 300 letters", head(get, who, "Host: " + "a" * 300, host=False), (400,)
    yield "a header without a colon", head(get, "nothing", who), (400, 401, 200)
    yield "a header with a zero byte", head(get, who, "A: b\0c"), (400, 200, None)
    yield "150 headers", head(get, who, *(f"A{i}: b" for i in range(150))), (400, 431)
    yield "a header of 40 KB", head(get, who, "A: " + "b" * 40000), (400, 413, 431)
    yield "headers of 400 KB", head(get, who, *("A: " + "b" * 4000 for _ in range(100))), (400, 413, 431)
    yield "a path of 9 KB", head(f"GET {ROOT}/{'a' * 9000} HTTP/1.1", who), (414,)
    yield "a path of 3 KB", head(f"GET {ROOT}{deep} HTTP/1.1", who), (400, 414)
    yield "a path of 60 KB", head(f"GET {ROOT}/{'a' * 60000} HTTP/1.1", who), (414, 431)
    yield "a path with %", head(f"GET {ROOT}/vms/%zz HTTP/1.1", who), (400,)
    yield "a path with %00", head(f"GET {ROOT}/vms/a%00b HTTP/1.1", who), (400,)
    yield "a path with %2F", head(f"GET {ROOT}/vms/a%2fb HTTP/1.1", who), (400,)
    yield "a path that is not UTF-8", head(f"GET {ROOT}/vms/%ff%fe HTTP/1.1", who), (400,)
    yield "a path with bare bytes", head(f"GET {ROOT}/vms/\xff\xfe HTTP/1.1", who), (400,)
    yield "a path with ..", head(f"GET {ROOT}/../../etc/passwd HTTP/1.1", who), (404,)
    yield "a path with %2e%2e", head(f"GET {ROOT}/vms/%2e%2e/hosts HTTP/1.1", who), (404,)
    yield "a target without /", head("GET vms HTTP/1.1", who), (400,)
    yield "the target *", head("GET * HTTP/1.1", who), (400, 404)
    yield "65 parameters", head(f"GET {ROOT}/vms?{'&'.join(f'a{i}=1' for i in range(65))} HTTP/1.1", who), (400,)
    yield "65 matrix parameters", head(f"GET {ROOT}/vms;{';'.join(f'a{i}=1' for i in range(65))} HTTP/1.1", who), (400,)
    yield "a query with %", head(f"GET {ROOT}/vms?search=%z HTTP/1.1", who), (400,)
    yield "a search of 5 KB", head(f"GET {ROOT}/vms?search=name%3D{'a' * 5000} HTTP/1.1", who), (400,)
    yield "a search that is none", head(f"GET {ROOT}/vms?search=%3D%3D HTTP/1.1", who), (400,)
    yield "max=abc", head(f"GET {ROOT}/vms?max=abc HTTP/1.1", who), (400, 200)
    yield "max beyond all numbers", head(f"GET {ROOT}/vms;max={'9' * 40} HTTP/1.1", who), (400, 200)
    yield "a follow that is none, strictly", head(f"GET {ROOT}/vms?follow=nothing HTTP/1.1", who, "Prefer: handling=strict"), (400,)
    yield "Version 3", head(get, who, "Version: 3"), (400,)
    yield "v3 in the path", head(f"GET {ROOT}/v3/vms HTTP/1.1", who), (400, 404)
    yield "Accept: image/png", head(get, who, "Accept: image/png"), (406,)
    yield "Content-Length: -1", post("Content-Length: -1", body=b"{}"), (400, None)
    yield "Content-Length: abc", post("Content-Length: abc", body=b"{}"), (400, None)
    yield "Content-Length: 10^30", post("Content-Length: 1" + "0" * 30, body=b"{}"), (400, 413, None)
    yield "Content-Length: 2^64+2", post(f"Content-Length: {2 ** 64 + 2}", body=b"{}"), (400, 413, None)
    yield "Content-Length: +2", post("Content-Length: +2", body=b"{}"), (400, None)
    yield "two lengths", post("Content-Length: 2", "Content-Length: 40", body=b"{}" + b" " * 38), (400, None)
    yield "a length and chunks", post("Content-Length: 4", "Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n"), (400, None)
    yield "a length of 5 MB", post("Content-Length: 5242880"), (413,)
    yield "a length of 5 MB that waits", post("Content-Length: 5242880", "Expect: 100-continue"), (413,)
    yield "chunks of no size", post("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"), (400, None)
    yield "a chunk too large for any number", post("Transfer-Encoding: chunked", body=b"F" * 30 + b"\r\n{}"), (400, 413, None)
    yield "a chunk without its end", post("Transfer-Encoding: chunked", body=b"2\r\n{}XX0\r\n\r\n"), (400, None)
    yield "a negative chunk", post("Transfer-Encoding: chunked", body=b"-2\r\n{}\r\n0\r\n\r\n"), (400, None)
    yield "Transfer-Encoding: gzip", post("Transfer-Encoding: gzip", body=b"\x1f\x8b\x08"), (400, 411, 501, None)
    yield "Transfer-Encoding: chunked twice", post("Transfer-Encoding: chunked, chunked", body=b"2\r\n{}\r\n0\r\n\r\n"), (400, 501, None)
    for who_else in ("Bearer nothing", "Bearer " + "x" * 5000, "Bearer", "Basic", "Basic ====", "Basic Zm9v", "Basic " + "QUFB" * 2000, "Digest a=b", "Negotiate abc", "", "\xff\xfe"):
        yield f"Authorization: {who_else[:12]}", head(get, f"Authorization: {who_else}"), (401,)
    yield "a cookie of nobody", head(get, "Cookie: JSESSIONID=abc", "Prefer: persistent-auth"), (401,)
    yield "a cookie of 8 KB", head(get, "Cookie: JSESSIONID=" + "a" * 8000, "Prefer: persistent-auth"), (401,)


def say_raw(house, case):
    name, data, statuses = case
    with Wire(house, timeout=20) as wire:
        wire.try_send(data)
        try:
            reply = wire.reply()
        except (OSError, ValueError) as error:
            return f"{name}: {error!r}"
        if reply is None:
            return "" if None in statuses else f"{name}: cut without a reply"
        if reply.status == 200 and 200 in statuses:
            return ""
        return "" if reply.is_fault(*(one for one in statuses if one)) else f"{name}: {reply!r}"


def say_all(house, cases):
    """By four at once: [(case, what is wrong, seconds)]."""
    def say(case):
        begun = time.monotonic()
        return case, say_raw(house, case), time.monotonic() - begun
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(say, cases))


# --- well-formed, but seldom -------------------------------------------------------------------------------------------------------------

def methods(house, tap):
    wrong = []
    vm = house.get("/vms?max=1")["vm"][0]["id"]
    allowed = {"/": "GET", "/vms": "GET, POST", f"/vms/{vm}": "GET, PUT, DELETE", f"/vms/{vm}/start": "POST", "/describe": "GET", "/ovirt-engine/services/health": "GET",
               "/ca.crt": "GET", "/ovirt-engine/sso/oauth/token": "GET, POST", "/events/stream": "GET"}
    for path, methods_ in allowed.items():
        may = set(methods_.split(", ")) | {"HEAD", "OPTIONS"}
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "FOO", "get"):
            if method in may:
                continue
            reply = house.ask(method, path)
            told = {word.strip() for word in reply.headers.get("allow", "").split(",")}
            if not reply.is_fault(405) or not set(methods_.split(", ")) <= told or method in told:
                wrong.append(f"{method} {path}: Allow: {reply.headers.get('allow')}; {reply!r}")
    tap.none(wrong, "a wrong method is 405 with what is allowed")
    asked, given = house.ask("HEAD", "/vms?max=3"), house.ask("GET", "/vms?max=3")
    tap.ok(asked.status == 200 and asked.headers.get("content-length") == str(len(given.body)), "HEAD says the length of what GET gives, and gives nothing", asked.headers)
    reply = house.ask("OPTIONS", "/vms")
    tap.ok(reply.status == 200 and "POST" in reply.headers.get("allow", ""), "OPTIONS says what is allowed", reply)


def versions(house, tap):
    with Wire(house) as wire:
        wire.send(request("GET", "/", token=house.token, version="HTTP/1.0"))
        reply = wire.reply()
        tap.ok(reply and reply.status == 200 and wire.is_closed(), "HTTP/1.0 is answered, and its connection closed", reply)
    with Wire(house) as wire:
        wire.send(request("GET", "/", token=house.token, version="HTTP/1.0", headers={"Connection": "Keep-Alive"}))
        first = wire.reply()
        wire.send(request("GET", "/", token=house.token))
        tap.ok(first and first.status == 200 and wire.reply().status == 200, "HTTP/1.0 with Keep-Alive is kept")
    with Wire(house) as wire:
        wire.send(request("GET", f"https://elsewhere:1{ROOT}/vms?max=1".replace("https", " https").strip(), token=house.token).replace(f"{ROOT}https".encode(), b"https"))
        reply = wire.reply()
        tap.ok(reply and reply.status == 200, "a target with its authority is a target", reply)


def pipeline(house, tap):
    with Wire(house) as wire:
        paths = ["/", "/vms?max=2", "/clusters", "/nothing", "/hosts"] * 10
        wire.send(b"".join(request("HEAD" if i % 7 == 3 else "GET", path, token=house.token, headers={"Correlation-Id": f"c-{i}"}) for i, path in enumerate(paths)))
        replies = [wire.reply("HEAD" if i % 7 == 3 else "GET") for i in range(len(paths))]
    order = [reply.headers.get("correlation-id") if reply else None for reply in replies]
    tap.ok(order == [f"c-{i}" for i in range(len(paths))], "50 requests in one go are answered in their order", order)
    with Wire(house) as wire:
        wire.send(request("POST", "/vms", "{}", token=house.token, headers={"Content-Length": "1"}) + request("GET", "/", token=house.token))
        first = wire.reply()
        second = wire.reply()
        tap.ok(first.is_fault(400) and (second is None or second.status in (400, 405)), "a body longer than its length is no second request", first, second)


def chunks(house, tap):
    headers = {"Transfer-Encoding": "chunked", "Content-Length": None}
    with Wire(house) as wire:
        wire.send(request("POST", "/vms", '{"a":"b"}', token=house.token, headers=headers)[:-len('{"a":"b"}')])
        for letter in b'{"memory":-1}':
            wire.send(b"1;ext=\"a\"\r\n" + bytes([letter]) + b"\r\n")
        wire.send(b"0\r\nTrailer: b\r\n\r\n")
        reply = wire.reply()
        tap.ok(reply.is_fault(400) and "name" in reply.detail, "a body may come in chunks of one byte", reply)
    with Wire(house) as wire:
        wire.send(request("POST", "/vms", "", token=house.token, headers={**headers, "Content-Type": "application/json"}))
        for _ in range(80):
            if not wire.try_send(b"10000\r\n" + b" " * 65536 + b"\r\n"):
                break
        wire.try_send(b"0\r\n\r\n")
        reply = wire.reply()
        tap.ok(reply and reply.is_fault(413), "5 MB in chunks are too much", reply)


# --- slow, half, gone --------------------------------------------------------------------------------------------------------------------

def slowly(house, tap):
    """All kinds of slow clients at once, each from an address of its own."""
    heads = [Wire(house, source="127.0.0.5") for _ in range(50)]
    bodies = [Wire(house, source="127.0.0.6") for _ in range(20)]
    silent = [Wire(house, tls=False, source="127.0.0.7") for _ in range(50)]
    readers = [Wire(house, source="127.0.0.8", receive=4096) for _ in range(30)]
    for wire in bodies:
        wire.send(request("POST", "/vms", "{" + " " * 1000, token=house.token)[:-990])
    for wire in readers:
        wire.send(request("GET", "/vms", token=house.token))
    line, begun = request("GET", "/", token=house.token), time.monotonic()
    with Witness(house) as witness:
        for i in range(60):
            for wire in heads:
                wire.try_send(line[i:i + 1])
            time.sleep(0.3)
        tap.none([str(i) for i, wire in enumerate(heads) if not wire.is_closed(1)], "50 clients that send a letter each 0.3 s are cut after 15 s")
        tap.none([str(i) for i, wire in enumerate(silent) if not wire.is_closed(1)], "50 clients that never begin TLS are cut")
        resident = house.resident()
        time.sleep(max(0, 23 - (time.monotonic() - begun)))
        tap.none([str(i) for i, wire in enumerate(bodies) if not wire.is_closed(3)], "20 clients whose body stops coming are cut after 20 s")
        stuck = [str(i) for i, wire in enumerate(readers) if not drained(house, wire)]
        tap.none(stuck, "30 clients that do not read a list of all VMs are cut after 20 s")
    witness.judge(tap, "with 150 slow clients", 2)
    tap.say(f"resident with them: {resident} KiB, without: {house.resident()} KiB")
    for wire in heads + bodies + silent + readers:
        wire.close()


def drained(house, wire):
    """Reads what was sent: less than all, then the end. Its seconds began when the list was written."""
    wire.socket.settimeout(house.within(5))
    got = 0
    try:
        while True:
            part = wire.socket.recv(1 << 16)
            if not part:
                return got < 30_000_000
            got += len(part)
    except (socket.timeout, TimeoutError):
        return False
    except (ssl.SSLError, OSError):
        return got < 30_000_000


def goodbye(house, data):
    """Sends DATA and TLS's last word in one go; what came back."""
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    session, text = house.context.wrap_bio(inward, outward, server_hostname="127.0.0.1"), b""
    with socket.create_connection(("127.0.0.1", house.port), timeout=10) as bare:
        def turn(deed):
            while True:
                try:
                    return deed()
                except ssl.SSLWantReadError:
                    bare.sendall(outward.read())
                    got = bare.recv(1 << 16)
                    inward.write(got) if got else inward.write_eof()
        turn(session.do_handshake)
        session.write(data)
        try:
            session.unwrap()
        except ssl.SSLWantReadError:
            pass
        try:
            while part := turn(lambda: session.read(1 << 16)):
                text += part
        except (ssl.SSLError, OSError):
            pass
    return text


def half(house, tap):
    text = goodbye(house, request("GET", "/vms?max=5", token=house.token, headers={"Accept": "application/xml"}))
    tap.ok(b"200 OK" in text and text.count(b"<vm ") == 5, "who says goodbye with the request still gets the reply", text[:300])
    wrong = []
    for data in (b"", b"GET", request("GET", "/vms", token=house.token), request("POST", "/vms", '{"name":"half"}', token=house.token)[:-3],
                 request("GET", "/events/stream", token=house.token, headers={"Accept": "text/event-stream"})):
        for _ in range(20):
            wire = Wire(house)
            wire.send(data) if data else None
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            wire.close()
        if house.ask("GET", "/").status != 200:
            wrong.append(repr(data[:40]))
    tap.none(wrong, "clients that vanish at any point leave the others alone")


def tls(house, tap):
    wrong = []
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x42" * 60
    for name, data in {"noise": os.urandom(5000), "HTTP without TLS": request("GET", "/"), "half a hello": hello, "a record too large": b"\x16\x03\x01\xff\xff" + b"a" * 70000,
                       "an alert": b"\x15\x03\x01\x00\x02\x02\x28", "data before the handshake": b"\x17\x03\x03\x00\x05hello", "SSLv2": b"\x80\x2e\x01\x00\x02" + b"a" * 44}.items():
        with Wire(house, tls=False, timeout=15) as wire:
            wire.try_send(data)
            if not wire.is_closed(14):
                wrong.append(f"{name}: still open after 14 s")
    tap.none(wrong, "what is no TLS is cut")
    with Wire(house) as wire:
        wire.send(request("GET", "/", token=house.token))
        first = wire.reply()
        raw = socket.socket(fileno=os.dup(wire.socket.fileno()))
        raw.sendall(b"\x17\x03\x03\x40\x00" + os.urandom(0x4000))
        tap.ok(first.status == 200 and wire.is_closed(), "a record that cannot be decrypted ends the connection")
        raw.close()
    if not shutil.which("openssl"):
        tap.ok(False, "openssl's command is needed")
        return
    for version, letter, well in (("-tls1_2", b"R\n", False), ("-tls1_3", b"K\n", True)):
        child = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{house.port}", version], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        time.sleep(0.5)
        child.stdin.write(letter)
        child.stdin.flush()
        time.sleep(0.5)
        try:
            child.stdin.write(b"GET /ca.crt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            child.stdin.flush()
            child.wait(10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            child.kill()
        text = child.stdout.read()
        child.wait()
        tap.ok((b"200 OK" in text) == well, "keys may be renewed" if well else "TLS 1.2 is not renegotiated", text[-600:].decode("latin-1"))
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            context.minimum_version = context.maximum_version = version
            with socket.create_connection(("127.0.0.1", house.port), timeout=5) as bare:
                context.wrap_socket(bare).close()
                tap.ok(False, f"{version.name} is refused")
        except (ssl.SSLError, ValueError, ConnectionError):
            tap.ok(True, f"{version.name} is refused")


def crowd(house, tap):
    for most, sources in ((500, ("127.0.0.11", "127.0.0.12")), (400, ("127.0.0.13",))):
        wires, answered = [], 0
        for i in range(500):
            try:
                wires.append(Wire(house, timeout=20, source=sources[i % len(sources)]))
                wires[-1].send(request("GET", "/clusters", token=house.token))
            except OSError:
                pass
        for wire in wires:
            try:
                reply = wire.reply()
                answered += bool(reply and reply.status == 200)
            except OSError:
                pass
        for wire in wires:
            wire.close()
        tap.ok(answered == most, f"of 500 connections at once from {len(sources)} address(es) {answered} are answered: {most} should be")


# --- the end -------------------------------------------------------------------------------------------------------------------------------

def repeat(house, tap, cases, times):
    sizes = []
    for _ in range(times):
        say_all(house, cases)
        sizes.append(house.resident())
    settled = sizes[max(0, min(4, times - 2))]
    tap.say("resident after each round, KiB: " + " ".join(str(size) for size in sizes))
    tap.ok(sizes[-1] - settled <= RESIDENT, f"after {times} rounds of {len(cases)} wrong requests the manager has grown by {sizes[-1] - settled} KiB since the fifth")


def end(house, tap):
    """SIGTERM while streams are followed, bodies come, lists go, passwords are checked."""
    open_ = [Wire(house) for _ in range(40)]
    for i, wire in enumerate(open_):
        data = (request("GET", "/events/stream", token=house.token, headers={"Accept": "text/event-stream"}), request("POST", "/vms", "{" + " " * 5000, token=house.token)[:-100],
                request("GET", "/vms", token=house.token), request("GET", "/", token="YTpi"), b"GET /")[i % 5]
        wire.send(data)
    silent = [Wire(house, tls=False) for _ in range(10)]
    guessing = [Wire(house, source="127.0.0.14") for _ in range(60)]        # each is a tenth of a second of work
    for wire in guessing:
        wire.send(request("GET", "/", token="YTpi"))
    time.sleep(0.5)
    status, seconds, complaint = house.stop()
    tap.ok(status == 0 and not complaint, f"it ends well, with status {status}", complaint)
    tap.ok(seconds < house.within(2), f"it ends within {house.within(2)} s with 110 clients of all kinds there: {seconds:.2f} s")
    for wire in open_ + silent + guessing:
        wire.close()


def main():
    options, tap = arguments(), Tap()
    with House(options, "bad-wire", ESTATE) as house:
        cases, before = list(raw_cases(house)), house.ask("GET", "/vms").body
        tap.say(f"the list of all VMs has {len(before)} bytes")
        with Witness(house) as witness:
            said = say_all(house, cases)
            tap.none([wrong for _, wrong, _ in said if wrong], f"{len(cases)} requests that are none, or no good ones, are refused with a sentence")
            for part in (methods, versions, pipeline, chunks, half, tls, crowd):
                part(house, tap)
        witness.judge(tap, "during all of it", 2)
        slowly(house, tap)
        # Those that the manager waits for until its patience ends are said again only where there is time for it.
        repeat(house, tap, [case for case, _, seconds in said if options.full or seconds < PATIENCE], 20 if options.full else 8)
        after = house.ask("GET", "/vms").body
        at = len(os.path.commonprefix([before, after]))
        tap.ok(after == before, "nothing has changed", before[max(0, at - 100):at + 60], after[max(0, at - 100):at + 60])
        end(house, tap)
    return tap.end()


sys.exit(main())
