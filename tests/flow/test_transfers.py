#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Transfers of images with fake hosts, whose disks have content as soon as somebody moves it: the protocol to the letter, several clients
at once, clients that stand still or go away, deaths of the manager and of the process that has the disk, images that are not what they
seem, and the command line. Whatever happens, no disk is lost or half deleted, and nothing stays locked."""
import argparse
import concurrent.futures
import glob
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import time

from images import MIB, Image, Transfer, add_disk, hostile, pattern, qemu_img, status
from recipes import Estate, Tap, fixed, wait_for
from transfer_recipes import wait_phase

SIZE = 24 * MIB


def children(m):
    """Processes that serve a disk for this manager."""
    found = []
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat, encoding="utf-8", errors="replace") as file:
                name, rest = file.read().split("(", 1)[1].rsplit(") ", 1)
        except (OSError, IndexError):
            continue
        if name == "qemu-nbd" and int(rest.split()[1]) == m.process.pid:
            found.append(int(stat.split("/")[2]))
    return found


# --- the protocol -----------------------------------------------------------------------------------------------------------------------

def check_protocol(m, tap, form):
    disk = add_disk(m, SIZE, form)
    transfer = Transfer(m, disk)
    tap.check(transfer.how.status == 201 and transfer.how.body["phase"] == "initializing" and transfer.phase == "transferring", f"{form}: a transfer begins", transfer.how)
    tap.check(status(m, disk) == "locked" and transfer.body["host"]["id"] and transfer.body["image"]["id"] == disk and transfer.body["disk"]["id"] == disk,
              f"{form}: its disk is locked, and it names host, image and disk", transfer.body)
    with transfer.image() as image:
        options = image.ask("OPTIONS")
        tap.check(options.status == 200 and options.headers["allow"] == "OPTIONS,GET,PUT,PATCH" and set(options.json["features"]) == {"extents", "flush", "zero"} and
                  options.json["max_writers"] == 8 and "unix_socket" not in options.json, f"{form}: OPTIONS tells what it can", options)
        data = pattern(5 * MIB + 777, 1)
        put = image.put(3 * MIB + 5, data, "")
        tap.check(put.status == 200 and put.body == b"" and "content-type" not in put.headers, f"{form}: PUT to an odd place", put)
        got = image.get(3 * MIB + 5, len(data))
        tap.check(got.status == 206 and got.body == data and got.headers["content-range"] == f"bytes {3 * MIB + 5}-{3 * MIB + 4 + len(data)}/{SIZE}",
                  f"{form}: is read back by range", got.headers)
        zero = image.patch(op="zero", offset=4 * MIB, size=2 * MIB, flush=True)
        tap.check(zero.status == 200 and image.get(4 * MIB - 1, 2 * MIB + 2).body == data[MIB - 6:MIB - 5] + bytes(2 * MIB) + data[3 * MIB - 5:3 * MIB - 4],
                  f"{form}: PATCH zeroes those bytes and no other", zero)
        tap.check(image.patch(op="flush").status == 200, f"{form}: PATCH flushes")
        whole = image.ask("GET")
        expected = bytes(3 * MIB + 5) + data + bytes(SIZE - 3 * MIB - 5 - len(data))
        expected = expected[:4 * MIB] + bytes(2 * MIB) + expected[6 * MIB:]
        tap.check(whole.status == 200 and whole.body == expected and re.fullmatch(r"attachment; filename=disk-[0-9a-f]+\.raw", whole.headers["content-disposition"]),
                  f"{form}: GET gives all of it", whole.headers)
        rows = image.extents()
        ends = [0] + [row["start"] + row["length"] for row in rows.json]
        tap.check([row["start"] for row in rows.json] == ends[:-1] and ends[-1] == SIZE, f"{form}: extents cover it in order", rows)
        lies = [row for row in rows.json if row["zero"] and any(expected[row["start"]:row["start"] + row["length"]])]
        tap.check(not lies and sum(row["length"] for row in rows.json if row["zero"]) > SIZE / 2, f"{form}: and zeros are zeros", lies or rows)
        tap.check(image.ask("HEAD").headers["content-length"] == str(SIZE), f"{form}: HEAD tells its length")
    tap.check(transfer.end("finalize") == "finished_success" and status(m, disk) == "ok", f"{form}: it is finalized", transfer.body)
    tap.check(children(m) == [], f"{form}: nobody has the disk open any more")
    down = Transfer(m, disk, "download")
    with down.image() as image:
        tap.check(image.ask("OPTIONS").headers["allow"] == "OPTIONS,GET" and image.ask("GET").body == expected, f"{form}: a download gives the same")
        tap.check(image.put(0, b"x").status == 403, f"{form}: and takes nothing")
    tap.check(down.end("finalize") == "finished_success" and status(m, disk) == "ok", f"{form}: and ends")


def check_refusals(m, tap):
    disk = add_disk(m, SIZE)
    transfer = Transfer(m, disk)
    def ask(*words, **more):
        with transfer.image() as image:
            return image.ask(*words, **more)
    tap.check(ask("GET", None, {"Range": f"bytes={SIZE}-"}).status == 416, "a range behind the end is refused")
    answer = ask("GET", None, {"Range": f"bytes=0-{SIZE}"})
    tap.check(answer.status == 416 and answer.headers["content-range"] == f"bytes */{SIZE}" and answer.body.endswith(b"\n"), "with the size", answer)
    tap.check(ask("GET", None, {"Range": "bytes=-5"}).status == 416, "a range from the end is refused")
    tap.check(ask("GET", None, {"Range": "bytes=9-5"}).status == 400, "a range backwards is a bad one")
    tap.check(ask("PUT", b"x" * 100, {"Content-Range": f"bytes {SIZE - 50}-{SIZE + 49}/*"}).status == 416, "more than there is room for is refused before it comes")
    tap.check(ask("PUT", b"x", {"Content-Range": "bytes nonsense"}).status == 400, "a bad Content-Range is refused")
    tap.check(ask("PUT", iter([b"x"]), {"Transfer-Encoding": "chunked"}).status == 400, "a body of unknown length is refused")
    for order, text in ((b"{", "no JSON"), (b"[]", "a list"), (b'{"op":"zero"}', "no size"), (b'{"op":"zero","size":"5"}', "a word for a number"),
                        (b'{"op":"zero","size":-1}', "a size below zero"), (b'{"op":"zero","size":5,"offset":-1}', "an offset below zero"),
                        (b'{"op":"zero","size":1.5}', "half a byte"), (b'{"op":"erase"}', "an unknown word"), (b"", "nothing")):
        tap.check(ask("PATCH", order).status == 400, f"a PATCH with {text} is refused")
    tap.check(ask("PATCH", b'{"op":"zero","offset":1,"size":%d}' % SIZE).status == 416, "and one over the end")
    tap.check(ask("PATCH", b'{"op":"zero","offset":0,"size":%d}' % ((1 << 63) - 1)).status == 416, "and one over all ends")
    for word in ("bytes=0-5,10-15", "bytes=5", "bits=0-5", "bytes=a-b", "bytes=0-5x", "bytes=18446744073709551616-", "bytes=" + "9" * 400 + "-"):
        tap.check(ask("GET", None, {"Range": word}).status == 400, f"Range: {word[:30]} is refused")
    for word in ("bytes */100", "bytes -5-9/*", "bytes 5/*", "bytes 0-4/5x", "0-4/*", "bytes 99999999999999999999-/*"):
        tap.check(ask("PUT", b"x", {"Content-Range": word}).status == 400, f"Content-Range: {word} is refused")
    tap.check(ask("PUT", b"x", {"Content-Range": f"bytes {10 ** 17}-{10 ** 17}/*"}).status == 416, "a place far away is outside")
    tap.check(ask("POST", b"x").status == 405 and ask("DELETE").status == 405 and ask("HEAD", query="/extents").status == 405, "POST and DELETE are no methods of it, nor HEAD of extents")
    tap.check(ask("GET", query="/extents?context=dirty").status == 404 and ask("GET", query="/checksum").status == 404, "what is not there is not found")
    with Image(m, "https://x/images/00000000-0000-4000-8000-000000000000") as image:
        unknown = image.ask("GET")
    tap.check(unknown.status == 403 and unknown.headers.get("connection", "").lower() == "close", "an unknown ticket is refused, and its connection closed", unknown)
    with Image(m, "https://x/images/*") as image:
        tap.check("zero" in image.ask("OPTIONS").json["features"], "OPTIONS of any image needs no ticket")
    cors = ask("OPTIONS", None, {"Origin": "https://elsewhere.example"})
    tap.check(cors.headers.get("access-control-allow-origin") == "*" and "PUT" in cors.headers.get("access-control-allow-methods", ""), "a browser of elsewhere is let in", cors)
    tap.check(Transfer(m, disk, "download").how.status == 409, "a disk is transferred once at a time")
    tap.check(m.delete(f"/disks/{disk}?wait=1").status == 409, "and not removed meanwhile")
    tap.check(transfer.act("resume").status == 409, "what is not paused is not resumed")
    tap.check(transfer.end("finalize") == "finished_success", "none of it harmed the transfer", transfer.body)
    tap.check(transfer.act("cancel").status == 409 and transfer.act("finalize").status == 409, "one that is over is not ended again")
    up = fixed("disk", 2)
    refused = Transfer(m, up, "download").how
    tap.check(refused.status == 409 and "vm2" in refused.sentence, "the disk of a running VM is refused", refused)
    tap.check(m.post("/imagetransfers", {"snapshot": {"id": disk[:-1] + "0"}, "direction": "download"}).status == 404, "so is a snapshot nobody has")


def check_tickets(m, tap):
    """Each opens its own disk, while that is open, and nothing else."""
    disks = [add_disk(m, SIZE) for _ in range(2)]
    first, second = (Transfer(m, disk) for disk in disks)
    with first.image() as image, second.image() as other:
        image.put(0, b"first")
        other.put(0, b"other")
        tap.check(image.get(0, 5).body == b"first" and other.get(0, 5).body == b"other", "each ticket has its own disk")
        url = first.body["transfer_url"]
        for name, wrong in (("in capitals", url.upper().replace("HTTPS", "https").replace("IMAGES", "images")), ("shortened", url[:-1]), ("with more behind it", url + "0"),
                            ("that is a transfer's id", url.replace(url.rsplit("/", 1)[1], first.id)), ("that is a disk's id", url.replace(url.rsplit("/", 1)[1], disks[0]))):
            with Image(m, wrong) as guess:
                tap.check(guess.ask("GET").status == 403, f"a ticket {name} opens nothing")
        first.end("finalize")
        tap.check(image.get(0, 5).status == 403 and image.put(0, b"late!").status == 403, "one whose transfer is over opens nothing more")
        tap.check(other.get(0, 5).body == b"other", "the other goes on")
    second.end("finalize")


def check_browser(m, tap):
    """A page of ours moves files by itself: names are kept, and what was cut off goes on."""
    disk = add_disk(m, SIZE, "cow", name="東京 サーバ1")
    up = Transfer(m, disk)
    with up.image() as image:
        data = pattern(3 * MIB, 21)
        image.put(0, data[:2 * MIB])
        half = image.extents().json         # the page was closed; another one goes on
        kept = half[0]["length"] if not half[0]["zero"] else 0
        tap.check(kept == 2 * MIB, "extents tell how far an upload came", half)
        image.put(kept, data[kept:], "?close=y")
    with up.image() as image:
        shown = image.ask("GET", None, {"If-Range": f'"{up.id}"', "Range": "bytes=0-9"})
        tap.check(shown.status == 200 and "etag" not in shown.headers and len(shown.body) == SIZE, "what is being written has no version", shown.headers)
    up.end("finalize")
    down = Transfer(m, disk, "download")
    with down.image() as image:
        whole = image.ask("GET")
        tap.check(whole.headers["content-disposition"].endswith("filename*=UTF-8''%E6%9D%B1%E4%BA%AC%20%E3%82%B5%E3%83%BC%E3%83%901.raw") and
                  whole.headers["x-content-type-options"] == "nosniff" and whole.headers["accept-ranges"] == "bytes", "a download is named as its disk", whole.headers)
        tag = whole.headers["etag"]
        rest = image.ask("GET", None, {"If-Range": tag, "Range": f"bytes={MIB}-"})
        tap.check(rest.status == 206 and rest.body == whole.body[MIB:] and rest.headers["etag"] == tag, "one that was cut off goes on", rest.headers)
        anew = image.ask("GET", None, {"If-Range": '"something else"', "Range": f"bytes={MIB}-"})
        tap.check(anew.status == 200 and anew.body == whole.body, "of something else it begins anew", anew.headers)
    down.end("finalize")
    own = Transfer(m, disk, "download", "cow")
    with own.image() as image:
        tap.check(image.ask("HEAD").headers["content-disposition"].endswith(".qcow2"), "bytes of an image are named so")
    own.end("finalize")


# --- clients ------------------------------------------------------------------------------------------------------------------------------

def check_many(m, tap):
    """Eight clients write their parts in pieces of odd lengths, read them back, and one reads all."""
    disk = add_disk(m, SIZE, "cow")
    transfer = Transfer(m, disk)
    data = pattern(SIZE, 2)
    def client(number):
        chance = random.Random(number)
        first, last = SIZE * number // 8, SIZE * (number + 1) // 8
        with transfer.image() as image:
            at = first
            while at < last:
                count = min(chance.randrange(1, 900000), last - at)
                if image.put(at, data[at:at + count]).status != 200:
                    return f"client {number}: refused at {at}"
                at += count
            if image.patch(op="flush").status != 200:
                return f"client {number}: not flushed"
            return "" if image.get(first, last - first).body == data[first:last] else f"client {number}: other bytes"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        wrong = [text for text in pool.map(client, range(8)) if text]
    tap.check(not wrong, "eight clients at once write and read their parts", wrong)
    with transfer.image() as image:
        tap.check(image.ask("GET").body == data, "and all of it is right")
    tap.check(transfer.end("finalize") == "finished_success", "and finalized")


def raw_client(m, head):
    plain = socket.create_connection(("127.0.0.1", m.port), 20)
    client = ssl.create_default_context(cafile=m.ca).wrap_socket(plain, server_hostname="127.0.0.1")
    client.sendall(head.encode())
    return client


def check_slow(m, tap):
    disk = add_disk(m, 64 * MIB)
    transfer = Transfer(m, disk)
    with transfer.image() as image:
        path = image.path
        data = pattern(MIB, 3)
        image.put(40 * MIB, data)
        before = sum(map(float, os.times()[:2]))
        lazy = [raw_client(m, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(5)]
        half = raw_client(m, f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {8 * MIB}\r\n\r\n" + "x" * 100000)
        time.sleep(1)
        with open(f"/proc/{m.process.pid}/stat", encoding="ascii") as stat:
            spent = sum(map(int, stat.read().rsplit(") ", 1)[1].split()[11:13]))
        time.sleep(2)
        with open(f"/proc/{m.process.pid}/stat", encoding="ascii") as stat:
            spent = sum(map(int, stat.read().rsplit(") ", 1)[1].split()[11:13])) - spent
        tap.check(spent < 40, f"clients that stand still cost nothing ({spent} ticks in two seconds)", before)
        tap.check(image.get(40 * MIB, MIB).body == data and image.put(50 * MIB, data).status == 200, "and hold up nobody")
        for client in (*lazy, half):
            client.close()
        tap.check(wait_for(lambda: m.get(f"/imagetransfers/{transfer.id}").body["active"] == "false", 20), "they are forgotten when they go", transfer.body)
        tap.check(image.get(40 * MIB, MIB).body == data, "what others wrote stays")
    tap.check(transfer.end("finalize") == "finished_success", "the transfer goes on to its end")


def answer_of(client):
    """The first line of what comes."""
    data = b""
    while b"\r\n" not in data:
        more = client.recv(4096)
        if not more:
            break
        data += more
    return data.split(b"\r\n", 1)[0].decode()


def check_attacks(m, tap):
    """Requests cut off in their middle, sent in a row, or that would be something else; and two clients at one place."""
    disk = add_disk(m, SIZE)
    transfer = Transfer(m, disk)
    data = pattern(4 * MIB, 22)
    with transfer.image() as image:
        path = image.path
        cut = raw_client(m, f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {3 * MIB}\r\n\r\n")
        cut.sendall(data[:MIB + MIB // 2])
        cut.close()
        tap.check(wait_for(lambda: m.get(f"/imagetransfers/{transfer.id}").body["active"] == "false", 20) and image.get(0, 3 * MIB).body in
                  (bytes(3 * MIB), data[:MIB] + bytes(2 * MIB)), "of a body that was cut off only whole blocks are written")
        row = raw_client(m, f"GET {path} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\nPUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
        replies = b""
        while more := row.recv(65536):
            replies += more
        row.close()
        tap.check(replies.startswith(b"HTTP/1.1 206") and b"HTTP/1.1 200" in replies and image.get(0, 3).body == b"abc", "requests sent in a row are served in a row", replies[:200])
        other = raw_client(m, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nRange: bytes=0-9\r\n\r\n")
        tap.check("206" in answer_of(other), "an upgrade is none")
        other.close()
        for name, head in (("without end", "Content-Length: 999999999999999999"), ("of two lengths", "Content-Length: 5\r\nContent-Length: 6"),
                           ("of a length and in chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked"), ("of a length below zero", "Content-Length: -5")):
            client = raw_client(m, f"PUT {path} HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\nabcdef")
            line = answer_of(client)
            tap.check(" 4" in line, f"a body {name} is refused", line)
            client.close()
        def write(seed):
            with transfer.image() as mine:
                return all(mine.put(8 * MIB, pattern(4 * MIB, seed)).status == 200 for _ in range(5))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            well = all(pool.map(write, (31, 32, 33, 34)))
        said, blocks = image.get(8 * MIB, 4 * MIB).body, [pattern(4 * MIB, seed) for seed in (31, 32, 33, 34)]
        tap.check(well and all(any(said[at:at + 512] == block[at:at + 512] for block in blocks) for at in range(0, 4 * MIB, 512)),
                  "of those who write to one place one wins, sector by sector")
    tap.check(transfer.end("finalize") == "finished_success", "and the transfer comes to its end", transfer.body)


# --- phases -------------------------------------------------------------------------------------------------------------------------------

def check_phases(m, tap):
    disk = add_disk(m, SIZE)
    transfer = Transfer(m, disk)
    data = pattern(MIB, 4)
    with transfer.image() as image:
        image.put(0, data)
    transfer.act("pause")
    with transfer.image() as image:
        tap.check(transfer.phase == "paused_user" and wait_for(lambda: not children(m), 10) and image.get(0, MIB).status == 403 and status(m, disk) == "locked",
                  "paused, nobody gets at its bytes", transfer.body)
    tap.check(transfer.act("finalize").status == 409, "what is paused is not finalized")
    transfer.act("resume")
    wait_phase(m, transfer.id, "transferring")
    with transfer.image() as image:
        tap.check(image.get(0, MIB).body == data, "resumed, it goes on at the same address")
    tap.check(transfer.end("cancel") == "finished_cleanup" and status(m, disk) == 404, "cancelled, a disk made for it is deleted", status(m, disk))
    disk = add_disk(m, SIZE)
    first = Transfer(m, disk)
    with first.image() as image:
        image.put(0, data)
    first.end("finalize")
    tap.check(Transfer(m, disk).end("cancel") == "finished_cleanup" and status(m, disk) == "ok", "one with content stays, whole where nothing was written", status(m, disk))
    second = Transfer(m, disk)
    with second.image() as image:
        image.put(5, b"y")
    tap.check(second.end("cancel") == "finished_cleanup" and status(m, disk) == "illegal", "and illegal where something was", status(m, disk))
    third = Transfer(m, disk)
    with third.image() as image:
        image.put(0, data)
    tap.check(third.phase == "transferring" and third.end("finalize") == "finished_success" and status(m, disk) == "ok", "it can be uploaded anew", third.how)
    own = fixed("disk", 1)
    empty = Transfer(m, own)
    tap.check(empty.end("cancel") == "finished_cleanup" and status(m, own) == "ok", "an empty disk of a VM stays, too", status(m, own))
    job = Transfer(m, disk)
    found = next(one for one in m.busy() if "Transferring" in one["description"])
    tap.check(m.post(f"/jobs/{found['id']}/cancel", {}).status in (200, 202) and wait_phase(m, job.id, seconds=20) == "finished_failure" and status(m, disk) == "ok",
              "its job can be cancelled", job.body)


def check_idle(m, tap):
    for direction, policy, wanted in (("upload", "legacy", "paused_system"), ("download", "legacy", "finished_cleanup"), ("download", "pause", "paused_system"),
                                      ("upload", "cancel", "finished_cleanup")):
        disk = add_disk(m, SIZE)
        transfer = Transfer(m, disk, direction, timeout_policy=policy, inactivity_timeout="2")
        until = time.monotonic() + 3.5
        while time.monotonic() < until:     # somebody says that he is still there
            transfer.act("extend")
            time.sleep(0.3)
        tap.check(transfer.phase == "transferring", f"an idle {direction} ({policy}) that is extended goes on", transfer.body)
        tap.check(wait_phase(m, transfer.id, wanted, seconds=10) == wanted, f"and comes to {wanted} when nobody is there", transfer.body)
        if wanted == "paused_system":
            transfer.end("cancel")
        tap.check(status(m, disk) == ("ok" if direction == "download" else 404), "its disk is as it should be", status(m, disk))


# --- deaths ----------------------------------------------------------------------------------------------------------------------------------

def check_deaths(estate, tap):
    with estate.open(estate.copy("deaths")) as m:
        disk, data = add_disk(m, SIZE, "cow"), pattern(4 * MIB, 5)
        transfer = Transfer(m, disk)
        with transfer.image() as image:
            image.put(MIB, data, "")
        served = children(m)
        m.kill()
        tap.check(wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in served), 5) and served, "what serves the disk dies with the manager")
        m.start()
        tap.check(wait_phase(m, transfer.id, "paused_system") == "paused_system" and status(m, disk) == "locked", "the transfer is paused, and its disk locked", transfer.body)
        transfer.act("resume")
        wait_phase(m, transfer.id, "transferring")
        with transfer.image() as image:
            tap.check(image.get(MIB, len(data)).body == data, "resumed, what was flushed is there")
            os.kill(children(m)[0], signal.SIGKILL)
            tap.check(wait_phase(m, transfer.id, "paused_system") == "paused_system", "if what serves the disk dies it is paused, too", transfer.body)
        transfer.act("resume")
        wait_phase(m, transfer.id, "transferring")
        with transfer.image() as image:
            tap.check(image.get(MIB, len(data)).body == data, "and resumed")
        tap.check(transfer.end("finalize") == "finished_success" and status(m, disk) == "ok", "and finalized")
        down = Transfer(m, disk, "download")
        m.stop()
        m.start()
        tap.check(wait_phase(m, down.id, "paused_system") == "paused_system" and down.end("cancel") == "finished_cleanup" and status(m, disk) == "ok",
                  "a manager that was stopped has paused it as well; cancelled, the disk is what it was", down.body)
        tap.check(not m.busy(), "no job is left")


def check_hang(m, tap):
    """A storage that hangs looks like a process that was stopped: who gives up is not held up by it."""
    disk = add_disk(m, SIZE, "cow")
    transfer = Transfer(m, disk)
    with transfer.image() as image:
        image.put(0, pattern(MIB, 23))
        stuck = children(m)[0]
        os.kill(stuck, signal.SIGSTOP)
        clients = [raw_client(m, f"GET {image.path} HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(3)]
        begun = time.monotonic()
        tap.check(transfer.end("cancel") == "finished_cleanup" and time.monotonic() - begun < 25, "a disk that hangs is given up in time", transfer.body)
        for client in clients:
            client.close()
    tap.check(status(m, disk) == 404 and not os.path.exists(f"/proc/{stuck}"), "and goes as it would have")
    disk = add_disk(m, SIZE, "cow")
    transfer = Transfer(m, disk)
    with transfer.image() as image:
        image.put(0, pattern(MIB, 23))
        os.kill(children(m)[0], signal.SIGSTOP)
    found = next(one for one in m.busy() if "Transferring" in one["description"])
    m.post(f"/jobs/{found['id']}/cancel", {})
    tap.check(wait_phase(m, transfer.id, seconds=30) == "finished_failure" and status(m, disk) == "illegal", "so is its job", transfer.body)


def check_unsaid(estate, tap):
    """The manager dies while it closes a disk: what QEMU had in its own memory went with it, and nobody says that all is well."""
    for form, phase, state in (("cow", "finished_failure", "illegal"), ("raw", "finished_success", "ok")):
        with estate.open(estate.copy(f"unsaid {form}")) as m:
            disk, data = add_disk(m, SIZE, form), pattern(2 * MIB, 24)
            transfer = Transfer(m, disk)
            with transfer.image() as image:
                image.put(MIB, data)
                os.kill(children(m)[0], signal.SIGSTOP)
                transfer.act("finalize")
                tap.check(wait_phase(m, transfer.id, "finalizing_success") == "finalizing_success", f"{form}: a disk that hangs is being closed", transfer.body)
                m.kill()
            m.start()
            tap.check(wait_phase(m, transfer.id, seconds=30) == phase and status(m, disk) == state, f"{form}: after a death it is {state}", transfer.body)
            if state == "ok":
                down = Transfer(m, disk, "download")
                with down.image() as image:
                    tap.check(image.get(MIB, len(data)).body == data, "and has what was written")
                down.end("finalize")


# --- images ----------------------------------------------------------------------------------------------------------------------------------

def upload_own(m, disk, data):
    transfer = Transfer(m, disk, form="cow")
    with transfer.image() as image:
        image.put(0, data)
    return transfer.end("finalize"), transfer


def check_images(m, tap, folder):
    plain = os.path.join(folder, "guest.qcow2")
    raw = os.path.join(folder, "guest.raw")
    with open(raw, "wb") as file:
        file.truncate(SIZE)
        file.seek(7 * MIB)
        file.write(pattern(2 * MIB, 6))
    qemu_img("convert", "-c", "-O", "qcow2", raw, plain)
    with open(plain, "rb") as file:
        good = file.read()
    disk = add_disk(m, SIZE, "cow")
    phase, transfer = upload_own(m, disk, good)
    tap.check(phase == "finished_success" and status(m, disk) == "ok", "a plain image is uploaded as it is", transfer.body)
    down = Transfer(m, disk, "download", "cow")
    with down.image() as image:
        tap.check(image.ask("GET").body == good, "and downloaded as it is")
    down.end("finalize")
    down = Transfer(m, disk, "download", "raw")
    with down.image() as image, open(raw, "rb") as file:
        tap.check(image.ask("GET").body == file.read(), "or as its guest sees it")
    down.end("finalize")
    for name, data, reason in hostile(folder, SIZE):
        before = m.last_event()
        phase, transfer = upload_own(m, disk, data)
        told = " ".join(event["description"] for event in m.events(before))
        tap.check(phase == "finished_failure" and status(m, disk) == "illegal" and "failed" in told and reason in told, f"an image with {name} is refused with the reason", told)
    tap.check(Transfer(m, disk, "download").how.status == 409, "what came is shown to nobody")
    raw_again = Transfer(m, disk)
    tap.check(raw_again.phase == "finished_failure" and status(m, disk) == "illegal", "and opened by nobody", raw_again.body)
    phase, _ = upload_own(m, disk, good)
    tap.check(phase == "finished_success" and status(m, disk) == "ok", "a good one heals the disk")
    refused = Transfer(m, add_disk(m, SIZE, "raw"), form="cow").how
    tap.check(refused.status == 409 and "raw" in refused.sentence, "a raw disk has no bytes of an image", refused)


# --- the command line --------------------------------------------------------------------------------------------------------------------------

def check_command_line(estate, tap, folder):
    big = os.path.join(folder, "big.raw")
    with open(big, "wb") as file:
        file.truncate(200 * MIB)
        for at in (3, 90, 170):
            file.seek(at * MIB)
            file.write(pattern(20 * MIB, at))
    def here(name):
        return os.path.join(folder, name)
    with estate.open(estate.copy("command line")) as m:
        tap.check("uploaded" in m.cli("upload", big, "name=made"), "a file becomes a disk")
        tap.check("downloaded" in m.cli("download", "disk=made", here("back.raw")), "and a disk a file")
        tap.check(subprocess.run(["cmp", big, here("back.raw")], check=False).returncode == 0 and os.stat(here("back.raw")).st_blocks * 512 < 80 * MIB,
                  "with the same bytes, and holes where they were")
        said = m.cli("download", "disk=made", here("back.raw"), status=None)
        tap.check("not overwritten" in said, "no file is overwritten", said)
        for words in (("upload",), ("upload", big), ("upload", big, "disk=made", "name=x"), ("download", "disk=made"), ("upload", big, "disk=made", "format=vmdk"), ("download", big, "x", "y")):
            tap.check("It is: shikiri upload" in m.cli(*words, status=2), f"'{' '.join(words)[:40]}' is refused")
        said = m.cli("upload", big, "disk=floating", status=None)
        tap.check("larger than disk 'floating'" in said, "what is larger than its disk is refused", said)
        said = m.cli("upload", "/nowhere", "disk=made", status=None)
        tap.check("/nowhere" in said, "so is no file", said)
        shrunk = here("small.raw")
        with open(shrunk, "wb") as file:
            file.write(pattern(3 * MIB, 9))
        m.cli("upload", shrunk, "disk=made")
        m.cli("download", "disk=made", here("rest.raw"))
        with open(here("rest.raw"), "rb") as file:
            tap.check(file.read() == pattern(3 * MIB, 9) + bytes(197 * MIB), "behind a short file there is nothing of what was there before")
        environment = dict(os.environ, SHIKIRI_URL=m.url, SHIKIRI_CA=m.ca, SHIKIRI_PASSWORD=m.password)
        with subprocess.Popen([m.cli_program, "upload", big, "disk=made"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            wait_for(lambda: any(one["phase"] == "transferring" for one in m.get("/imagetransfers").body.get("image_transfer", [])), 20)
            time.sleep(0.2)
            m.kill()
            m.start()
            wait_for(lambda: m.host()["status"] == "up", 10)
            said = run.communicate(timeout=120)[1]
        m.cli("download", "disk=made", here("again.raw"))
        tap.check(run.returncode == 0 and subprocess.run(["cmp", big, here("again.raw")], check=False).returncode == 0,
                  "an upload goes on by itself after the manager was killed", said)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    arguments = parser.parse_args()
    tap = Tap()
    estate = Estate(os.path.abspath(arguments.build), "transfers")
    folder = os.path.join(estate.base, "images")
    os.mkdir(folder)
    try:
        with estate.open(estate.copy("protocol")) as m:
            wait_for(lambda: m.get(f"/vms/{fixed('vm', 2)}").body["status"] == "up", 10)
            for form in ("raw", "cow"):
                check_protocol(m, tap, form)
            check_refusals(m, tap)
            check_tickets(m, tap)
            check_browser(m, tap)
            check_many(m, tap)
            check_slow(m, tap)
            check_attacks(m, tap)
            check_phases(m, tap)
            check_idle(m, tap)
            check_images(m, tap, folder)
            check_hang(m, tap)
            tap.check(not m.busy() and not children(m), "nothing is left under way", m.busy())
            m.stop()
            tap.check(m.process.returncode == 0, "it ends in order", m.last_words())
        check_deaths(estate, tap)
        check_unsaid(estate, tap)
        check_command_line(estate, tap, folder)
    finally:
        estate.close()
    tap.done()


if __name__ == "__main__":
    main()
