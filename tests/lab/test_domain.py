#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked of a libvirt host, on a real libvirtd and real QEMUs: test_domain.py --build DIR, as TAP. Domains live and die,
volumes are made, grown and deleted, and then QEMU, libvirtd and the storage fail in turn; each call must end at its deadline and say
what it knows. Needs root; everything it makes lies below one folder and its own mounts, and goes with it."""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid

from lab import wait_for
from shikirid import folder, hello_guest

HERE = os.path.dirname(os.path.abspath(__file__))
LIBVIRTD = os.path.join(HERE, "private_libvirtd.sh")
DOMAIN = """<domain type='qemu'><name>{name}</name><uuid>{id}</uuid><memory unit='MiB'>192</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type><kernel>{store}/hello-vmlinuz</kernel><initrd>{store}/hello-initrd.gz</initrd>
<cmdline>console=ttyS0 quiet shikiri.name={name}</cmdline></os><features><acpi/></features><cpu mode='custom'><model>qemu64</model></cpu>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{store}/{disk}'/><target dev='vda' bus='virtio'/></disk>
<interface type='network'><source network='default'/><model type='virtio'/></interface>{channel}
<serial type='pty'><log file='{folder}/{name}.log' append='off'/></serial><memballoon model='virtio'><stats period='5'/></memballoon>
</devices></domain>"""
CHANNEL = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
count = failed = 0


def say(ok, name, why=""):
    global count, failed
    count += 1
    failed += not ok
    print(f"{'ok' if ok else 'not ok'} {count} - {name}", flush=True)
    if not ok:
        print(f"  # {why}", flush=True)


class Host:
    """One host_calls: asks it, and keeps what it reports."""

    def __init__(self, build, uri, path=None):
        environment = dict(os.environ, PATH=path or os.environ["PATH"])
        self.child = subprocess.Popen([os.path.join(build, "tests/lab/host_calls"), uri], env=environment, text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.answers, self.reports, self.last = {}, [], 0
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.child.stdout:
            said = json.loads(line)
            with self.news:
                if "answer" in said:
                    self.answers[said["answer"]] = said
                else:
                    self.reports.append(said)
                self.news.notify_all()

    def begin(self, *words, seconds=20):
        self.last += 1
        self.child.stdin.write(" ".join([str(self.last), *map(str, words), str(seconds)]) + "\n")
        self.child.stdin.flush()
        return str(self.last), seconds

    def end(self, begun):
        tag, seconds = begun
        with self.news:
            if not self.news.wait_for(lambda: tag in self.answers, seconds + 5):
                return {"ok": False, "code": "no answer", "fault": "no answer", "seconds": seconds + 5, "text": "host_calls did not answer"}
            return self.answers.pop(tag)

    def ask(self, *words, seconds=20):
        return self.end(self.begin(*words, seconds=seconds))

    def wait(self, seconds, **wanted):
        """The first report, from now or kept, that has all WANTED; it and those before it are forgotten. None: it did not come."""
        def find():
            return next((i for i, said in enumerate(self.reports) if all(said.get(k) == v for k, v in wanted.items())), None)
        with self.news:
            if not self.news.wait_for(lambda: find() is not None, seconds):
                return None
            at = find()
            found = self.reports[at]
            del self.reports[:at + 1]
            return found

    def forget(self):
        with self.news:
            self.reports.clear()

    def stop(self):
        """How long stopping took; None: it did not end in time."""
        try:
            self.child.stdin.write("- quit\n")
            self.child.stdin.close()
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return None
        self.reader.join()
        return self.reports[-1]["seconds"] if self.child.returncode == 0 and self.reports else None


class Lab:
    def __init__(self, build):
        self.build = build
        self.folder = folder("domain")
        self.store = self.make_folder("store")
        self.dir = f"/tmp/shikiri-lab.domain-{os.getpid()}"
        hello_guest(self.store)
        self.daemon = subprocess.Popen([LIBVIRTD, self.dir], stdout=subprocess.PIPE, text=True)
        line = self.daemon.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError("the private libvirtd did not start")
        self.uri = f"qemu+unix:///system?socket={line.split()[1]}"
        self.libvirtd("run", "virsh", "-q", "net-start", "default")
        self.libvirtd("run", "virsh", "-q", "domcapabilities")     # a new libvirtd asks its QEMU for everything first: seconds

    def make_folder(self, name, mode=0o711):
        path = os.path.join(self.folder, name)
        os.mkdir(path)
        os.chmod(path, mode)
        return path

    def libvirtd(self, *words):
        return subprocess.run([LIBVIRTD, self.dir, *words], check=True, capture_output=True, text=True).stdout

    def signal(self, name):
        self.libvirtd("signal", name)

    def domain(self, name, channel=True):
        """(id, file of its XML, disk)"""
        id, disk = str(uuid.uuid4()), str(uuid.uuid4())
        path = os.path.join(self.folder, name + ".xml")
        with open(path, "w") as out:
            out.write(DOMAIN.format(name=name, id=id, disk=disk, store=self.store, folder=self.folder, channel=CHANNEL if channel else ""))
        return id, path, disk

    def qemu(self, name):
        """The pid of NAME's QEMU, as we see it."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as handle:
                    words = handle.read().split(b"\0")
            except OSError:
                continue
            if any(word.startswith(b"guest=" + name.encode() + b",") for word in words) and b"qemu" in words[0] and self.folder.encode() in b"".join(words):
                return int(pid)
        return None

    def close(self):
        self.daemon.kill()
        self.daemon.wait()
        subprocess.run([LIBVIRTD, self.dir, "wipe"], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def expect(answer, title, ok=True, within=None, **wanted):
    good = answer["ok"] == ok and all(answer.get(k) == v for k, v in wanted.items()) and (within is None or answer["seconds"] <= within)
    say(good, title, json.dumps(answer))
    return answer


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as handle:
            return handle.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def image(path):
    return json.loads(subprocess.run(["qemu-img", "info", "--output=json", path], check=True, capture_output=True, text=True).stdout)


MB = 1 << 20


def check_stores(lab, host):
    expect(host.ask("ready", lab.store), "a storage that QEMU reaches is ready")
    expect(host.ask("ready", lab.store + "/../store"), "a path with .. is refused", ok=False, code="storage.path_bad")
    expect(host.ask("ready", "store"), "a relative path is refused", ok=False, code="storage.path_bad")
    expect(host.ask("ready", lab.folder + "/none"), "a directory that is not there is refused, not made", ok=False, code="storage.missing")
    say(not os.path.exists(lab.folder + "/none"), "and it is still not there")
    expect(host.ask("ready", lab.store + "/hello-vmlinuz"), "a file is no storage", ok=False, code="storage.missing")
    closed = lab.make_folder("closed", 0o700)
    os.mkdir(closed + "/inside")
    answer = expect(host.ask("ready", closed + "/inside"), "one behind a closed folder is out of QEMU's reach", ok=False, code="storage.out_of_reach")
    say(f"through {closed}." in answer.get("text", ""), "and the sentence names that folder", answer.get("text"))
    open_dir = lab.make_folder("open", 0o777)
    expect(host.ask("ready", open_dir), "one that everybody may write to is refused", ok=False, code="storage.open_to_all")
    foreign = lab.make_folder("foreign")
    os.chown(foreign, 12345, 12345)
    expect(host.ask("ready", foreign), "one of a stranger is refused", ok=False, code="storage.foreign")
    report = host.wait(10, report="storage")
    files = (report or {}).get("files")
    say(bool(report) and report["reachable"] == "yes" and report["available"] > 0 and files == ["hello-initrd.gz", "hello-vmlinuz"],
        "a ready storage reports its space and the files that are no disks", str(report))


def check_volumes(lab, host):
    store = lab.store
    disk, whole = str(uuid.uuid4()), str(uuid.uuid4())
    expect(host.ask("volume", store, disk), "a disk nobody made is absent", state="absent")
    expect(host.ask("create", store, disk, "cow", 64 * MB, "sparse", "job-1"), "a sparse qcow2 is made")
    facts = expect(host.ask("volume", store, disk), "it is whole", state="whole", format="cow", size=64 * MB)
    say(facts.get("allocation", MB) < MB, "and takes hardly any room", str(facts))
    info = image(f"{store}/{disk}")
    say(info["format"] == "qcow2" and info["virtual-size"] == 64 * MB, "qemu-img agrees", str(info))
    say(os.stat(f"{store}/{disk}").st_mode & 0o777 == 0o600, "nobody but its owner may read it")
    expect(host.ask("create", store, disk, "cow", MB, "sparse", "job-1"), "it is not made over", ok=False, code="volume.there", fault="conflict")
    expect(host.ask("resize", store, disk, 96 * MB), "it grows")
    expect(host.ask("volume", store, disk), "to that size", state="whole", size=96 * MB)
    expect(host.ask("resize", store, disk, 96 * MB), "growing it to what it is changes nothing")
    expect(host.ask("resize", store, disk, 32 * MB), "it does not shrink", ok=False, code="volume.shrink")
    expect(host.ask("create", store, whole, "raw", 8 * MB, "whole", "job-2"), "a whole raw disk is made")
    expect(host.ask("volume", store, whole), "with all its room", state="whole", format="raw", size=8 * MB, allocation=8 * MB)
    expect(host.ask("resize", store, whole, 16 * MB), "it grows")
    expect(host.ask("volume", store, whole), "with all its room", size=16 * MB, allocation=16 * MB)
    for id in (disk, whole):
        expect(host.ask("delete", store, id), "a disk is deleted")
        expect(host.ask("volume", store, id), "and is absent", state="absent")
    expect(host.ask("delete", store, disk), "deleting what is absent is success")
    expect(host.ask("resize", store, disk, MB), "resizing it is not", ok=False, code="volume.no_file", fault="not_found")
    say(sorted(os.listdir(store)) == ["hello-initrd.gz", "hello-vmlinuz"], "nothing is left over", str(os.listdir(store)))


def check_odd_volumes(lab, host):
    store, disk = lab.store, str(uuid.uuid4())
    path, half = f"{store}/{disk}", f"{store}/{disk}.job-9.part"
    open(half, "w").close()
    expect(host.ask("volume", store, disk), "half a disk is told from a whole one", state="partial")
    expect(host.ask("delete", store, disk), "and can be deleted")
    say(not os.path.exists(half), "with nothing left")
    os.symlink("/etc/passwd", path)
    for verb in (["volume"], ["delete"], ["resize"]):
        words = verb + [store, disk] + (["99999999"] if verb == ["resize"] else [])
        expect(host.ask(*words), f"a symbolic link in a disk's place is left alone ({verb[0]})", ok=False, code="volume.not_plain")
    expect(host.ask("create", store, disk, "raw", MB, "sparse", "j"), "and not made over", ok=False, code="volume.there")
    os.unlink(path)
    os.mkfifo(path)
    expect(host.ask("volume", store, disk), "so is a FIFO, and nobody waits for it", ok=False, code="volume.not_plain", within=2)
    os.unlink(path)
    secret = f"{lab.folder}/secret"
    with open(secret, "wb") as out:
        out.write(b"s" * MB)
    evil = f"{lab.folder}/evil"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", evil], check=True)
    expect(host.ask("create", store, disk, "raw", MB, "sparse", "j"), "a raw disk is made")
    with open(evil, "rb") as header, open(path, "r+b") as guest:
        guest.write(header.read(512))
    expect(host.ask("volume", store, disk), "it stays raw when its guest writes a qcow2 header with a backing file", format="raw", size=MB)
    expect(host.ask("delete", store, disk), "and goes")
    shutil.copy(evil, path)
    expect(host.ask("resize", store, disk, 4 * MB), "a foreign image that names another file is not opened", ok=False, code="volume.names_files")
    with open(path, "r+b") as out:
        out.seek(20)
        out.write(b"\xff\xff\xff\xff")
    expect(host.ask("volume", store, disk), "one with a damaged header is not whole", state="partial")
    expect(host.ask("resize", store, disk, 4 * MB), "and not touched", ok=False, code="volume.broken")
    os.unlink(path)


def check_full(lab, host):
    small, disk = lab.make_folder("small"), str(uuid.uuid4())
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0711", "tmpfs", small], check=True)
    expect(host.ask("ready", small), "a storage of 1 MB is ready")
    answer = expect(host.ask("create", small, disk, "raw", 4 * MB, "whole", "j"), "a whole disk that does not fit is refused", ok=False, fault="no_space")
    say(small in answer.get("text", ""), "in a sentence that names the storage", answer.get("text"))
    expect(host.ask("create", small, disk, "raw", 900 * 1024, "whole", "j"), "one that fits is made")
    expect(host.ask("resize", small, disk, 2 * MB), "it cannot grow beyond the room", ok=False, fault="no_space")
    expect(host.ask("volume", small, disk), "and is what it was", state="whole", size=900 * 1024)
    other = str(uuid.uuid4())
    expect(host.ask("create", small, other, "cow", 64 * MB, "sparse", "j"), "a sparse one finds no room for its tables", ok=False, fault="no_space")
    expect(host.ask("volume", small, other), "and nothing of it is left", state="absent")
    say(os.listdir(small) == [disk], "but the disk that fits", str(os.listdir(small)))
    host.forget()
    subprocess.run(["umount", small], check=True)
    expect(host.ask("delete", small, disk), "with its file system away there is nothing to delete")
    os.rmdir(small)
    expect(host.ask("delete", small, disk), "with its directory away nobody knows", ok=False, code="storage.missing")
    host.ask("ready", lab.make_folder("another"))       # so that all are measured now
    report = host.wait(10, report="storage", reachable="no")
    say(bool(report) and small in report["why"], "and it is reported as out of reach", str(report))


def check_no_tool(lab):
    store, disk = lab.make_folder("bare"), str(uuid.uuid4())
    bare = Host(lab.build, lab.uri, path=store)
    expect(bare.ask("create", store, disk, "cow", MB, "sparse", "j"), "a host without qemu-img says so", ok=False, code="volume.no_tool")
    say(os.listdir(store) == [], "and leaves nothing", str(os.listdir(store)))
    say(bare.stop() is not None, "it ends")


def check_slow_storage(lab, host):
    """A qemu-img that takes its time, for a host of its own."""
    tools, store, disk = lab.make_folder("tools", 0o755), lab.make_folder("slow"), str(uuid.uuid4())
    with open(f"{tools}/qemu-img", "w") as out:
        out.write(f"#!/bin/sh\necho $$ >>{lab.folder}/pids\nexec sleep 600\n")
    os.chmod(f"{tools}/qemu-img", 0o755)
    slow = Host(lab.build, lab.uri, path=f"{tools}:{os.environ['PATH']}")
    expect(slow.ask("create", store, disk, "cow", MB, "sparse", "j", seconds=2), "storage that is too slow is told as that", ok=False, code="volume.too_slow",
           fault="timeout", within=2)
    say(os.listdir(store) == [], "and nothing is left", str(os.listdir(store)))
    slow.begin("create", store, disk, "cow", MB, "sparse", "j", seconds=60)
    time.sleep(0.5)
    expect(slow.ask("volume", store, disk), "what is being made is partial", state="partial")
    expect(slow.ask("delete", store, disk, seconds=1), "nobody else works on it meanwhile", ok=False, code="volume.busy", fault="unavailable", within=1.5)
    slow.child.kill()
    slow.child.wait()
    time.sleep(0.3)
    with open(f"{lab.folder}/pids") as handle:
        alive = [pid for pid in handle.read().split() if lives(pid)]
    say(not alive, "qemu-img dies with a manager that is killed", str(alive))
    expect(host.ask("volume", store, disk), "what it leaves is partial", state="partial")
    expect(host.ask("delete", store, disk), "and can be deleted")
    say(os.listdir(store) == [], "wholly")


def check_life(lab, host):
    id, xml, disk = lab.domain("life")
    expect(host.ask("start", id), "what is not defined does not start", ok=False, fault="not_found")
    expect(host.ask("read", id), "it reads as absent", state="absent")
    expect(host.ask("define", xml), "a domain is defined")
    expect(host.ask("read", id), "it reads as shut off", state="shutoff", name="life", disks=1)
    answer = expect(host.ask("start", id), "without its disk's file it does not start", ok=False, fault="conflict")
    say("'life'" in answer["text"] and disk in answer["text"], "and the sentence names VM and file", answer["text"])
    expect(host.ask("create", lab.store, disk, "cow", 64 * MB, "sparse", "j"), "its disk is made")
    expect(host.ask("start", id, "paused"), "it starts standing still")
    expect(host.ask("read", id), "and is paused", state="paused")
    expect(host.ask("start", id), "one that runs does not start again", ok=False, fault="conflict")
    expect(host.ask("undefine", id), "one that runs is not undefined", ok=False, code="host.undefine_running")
    expect(host.ask("delete", lab.store, disk), "a disk that QEMU has open is not deleted", ok=False, code="volume.used")
    expect(host.ask("resize", lab.store, disk, 128 * MB), "and not resized", ok=False, code="volume.used")
    expect(host.ask("destroy", id), "it is destroyed")
    expect(host.ask("destroy", id), "twice is once")
    expect(host.ask("read", id), "it is shut off", state="shutoff", reason="destroyed")
    return id, disk


def check_guest(lab, host, id):
    host.forget()
    expect(host.ask("start", id), "it starts")
    guest = host.wait(60, report="guest", id=id, fqdn="life")
    say(bool(guest) and guest["distribution"] == "Hello" and guest["kernel"], "its guest says who it is, through the agent", str(guest))
    if guest and not any("." in address for address in guest["addresses"]):
        guest = host.wait(60, report="guest", id=id)
    say(bool(guest) and any(address.startswith("192.168.") for address in guest["addresses"]), "and which address it has", str(guest))
    host.wait(15, report="numbers")
    host.wait(15, report="numbers")
    numbers = host.ask("numbers", id)
    say(numbers["known"] == "yes" and numbers["cpu_time"] > 0 and numbers["installed"] == 192 * MB and 0 < numbers["uptime"] < 300 and
        0 < numbers["memory_used"] <= 192 * MB, "its numbers come", str(numbers))
    say(numbers["host_memory"] > 0 and 0 <= numbers["host_idle"] <= 100, "and its host's", str(numbers))
    host.forget()
    expect(host.ask("shutdown", id), "it is asked to shut down, through the agent")
    say(bool(host.wait(30, report="state", id=id, state="shutoff")), "and does")


def check_end(lab, host, id, disk):
    expect(host.ask("start", id), "it starts once more")
    lab.libvirtd("run", "virsh", "-q", "managedsave", "life")
    save = f"{lab.dir}/lib/qemu/save/life.save"
    say(os.path.exists(save), "its memory is saved outside the manager")
    expect(host.ask("undefine", id), "it is undefined")
    say(not os.path.exists(save), "with its saved memory")
    expect(host.ask("read", id), "it is absent", state="absent")
    expect(host.ask("undefine", id), "undefining what is absent is success")
    expect(host.ask("destroy", id), "so is destroying it")
    expect(host.ask("delete", lab.store, disk), "its disk is deleted")


def check_mute(lab, host):
    """A guest without an agent: the power button, and what DHCP gave it."""
    id, xml, disk = lab.domain("mute", channel=False)
    host.ask("create", lab.store, disk, "cow", 64 * MB, "sparse", "j")
    host.ask("define", xml)
    expect(host.ask("start", id), "a guest without an agent starts")
    guest = host.wait(90, report="guest", id=id)
    say(bool(guest) and guest["addresses"] and guest["fqdn"] is None, "its address is known from DHCP", str(guest))
    host.forget()
    expect(host.ask("shutdown", id), "it is asked by the power button")
    say(bool(host.wait(30, report="state", id=id, state="shutoff")), "and shuts down")
    host.ask("undefine", id)
    host.ask("delete", lab.store, disk)


def type_at(lab, name, line, answer):
    """Types LINE at the guest's console; did it print ANSWER within a few seconds? QEMU reads only while somebody has it open."""
    console = lab.libvirtd("run", "virsh", "-q", "ttyconsole", name).strip()
    with open(console, "w") as out:
        out.write(f"\n{line}\n")
        out.flush()
        return wait_for(lambda: answer in open(f"{lab.folder}/{name}.log", encoding="utf-8", errors="replace").read(), 5)


def check_deaf(lab, host):
    """A guest whose agent is there and stands still: it is waited for a while, then the power button is pressed."""
    id, xml, disk = lab.domain("deaf")
    host.ask("create", lab.store, disk, "cow", 64 * MB, "sparse", "j")
    host.ask("define", xml)
    expect(host.ask("start", id), "a guest with an agent starts")
    say(bool(host.wait(60, report="guest", id=id, fqdn="deaf")), "and speaks")
    say(wait_for(lambda: type_at(lab, "deaf", "killall -STOP qemu-ga && echo it st''ands", "it stands"), 60), "its agent is stopped")
    host.forget()
    answer = expect(host.ask("shutdown", id, seconds=20), "an agent that stands still is not waited for for ever", within=12)
    say(answer["seconds"] > 4, "but asked", json.dumps(answer))
    say(bool(host.wait(30, report="state", id=id, state="shutoff")), "the power button shuts its guest down")
    host.ask("undefine", id)
    host.ask("delete", lab.store, disk)


def check_stopped_qemu(lab, host):
    id, xml, disk = lab.domain("hung")
    other, other_xml, other_disk = lab.domain("well")
    for one, file, image_id in ((id, xml, disk), (other, other_xml, other_disk)):
        host.ask("create", lab.store, image_id, "cow", 64 * MB, "sparse", "j")
        host.ask("define", file)
        host.ask("start", one)
    time.sleep(1)
    os.kill(lab.qemu("hung"), signal.SIGSTOP)
    try:
        host.wait(30, report="numbers")     # the one that may meet the stopped QEMU first
        first = host.ask("numbers", other)["when"]
        fresh = 0
        until = time.time() + 45
        while fresh < 2 and time.time() < until:
            host.wait(15, report="numbers")
            now = host.ask("numbers", other)["when"]
            fresh += now > first
            first = now
        say(fresh == 2, "numbers keep coming while a QEMU is stopped", f"{fresh} fresh samples")
        expect(host.ask("read", id, seconds=5), "it is still read", state="running", within=5)
        expect(host.ask("read", other, seconds=5), "and so are others", state="running", within=2)
        expect(host.ask("destroy", id, seconds=3), "destroying it ends at the deadline, not known to have happened", ok=False,
               fault="unknown_outcome", code="host.call_overdue", within=3.5)
        expect(host.ask("read", id, seconds=5), "while libvirtd works on, nobody says what is", ok=False, code="host.still_at_work", within=1)
        expect(host.ask("read", other, seconds=5), "others are read meanwhile", state="running", within=2)
        expect(host.ask("destroy", id, seconds=60), "with patience it is destroyed", within=40)
        expect(host.ask("read", id), "and is shut off", state="shutoff")
    finally:
        if lab.qemu("hung"):
            os.kill(lab.qemu("hung"), signal.SIGCONT)
    host.ask("undefine", id)
    host.ask("delete", lab.store, disk)
    return other, other_disk


def check_stopped_libvirtd(lab, host, id):
    expect(host.ask("destroy", id), "the other is destroyed")
    lab.signal("STOP")
    try:
        expect(host.ask("read", id, seconds=2), "while libvirtd is stopped a question ends at its deadline", ok=False, fault="unavailable", within=2.5)
        expect(host.ask("start", id, seconds=2), "and a start, not known to have happened or not begun", ok=False, within=2.5)
        expect(host.ask("volume", lab.store, str(uuid.uuid4()), seconds=2), "files are looked at all the same", state="absent", within=1)
    finally:
        lab.signal("CONT")
    until, answer = time.time() + 40, {}
    while not answer.get("ok") and time.time() < until:
        answer = host.ask("read", id, seconds=5)
        time.sleep(0.2)
    expect(answer, "once it goes on it is asked again")
    expect(host.ask("destroy", id), "and obeys")


def check_killed_libvirtd(lab, host, id):
    expect(host.ask("start", id), "it runs")
    host.ask("read", id)
    host.forget()
    lab.signal("STOP")
    begun = host.begin("destroy", id, seconds=20), host.begin("read", id, seconds=20)
    time.sleep(0.5)
    lab.signal("KILL")
    expect(host.end(begun[0]), "libvirtd is killed in the middle of a call: not known to have happened", ok=False, fault="unknown_outcome",
           code="host.lost_in_call", within=3)
    expect(host.end(begun[1]), "in the middle of a question: no answer", ok=False, fault="unavailable", within=3)
    say(bool(host.wait(10, report="lost")), "the host is lost")
    expect(host.ask("read", id, seconds=3), "and says so at once", ok=False, code="host.not_connected", within=1)
    lab.libvirtd("start")
    say(bool(host.wait(30, report="up")) and bool(host.wait(10, report="domains")), "a new libvirtd is found")
    answer = expect(host.ask("read", id), "and asked")
    say(answer.get("state") in ("running", "shutoff"), "what became of the call is known", str(answer))
    expect(host.ask("destroy", id), "and it is done again")


def check_many(lab, host, id):
    begun = [host.begin("read", id, seconds=20) for _ in range(40)]
    answers = [host.end(one) for one in begun]
    say(all(answer["ok"] for answer in answers), "forty calls at once are answered", str([a for a in answers if not a["ok"]][:1]))


def check_stop(lab, host, id):
    lab.signal("STOP")
    host.begin("start", id, seconds=60)
    time.sleep(0.3)
    took = host.stop()
    lab.signal("CONT")
    say(took is not None and took <= 2, "stopping takes less than 2 s though libvirtd hangs", str(took))


def run(lab):
    host = Host(lab.build, lab.uri)
    say(bool(host.wait(20, report="up")) and bool(host.wait(10, report="domains")), "the host comes up")
    check_stores(lab, host)
    check_volumes(lab, host)
    check_odd_volumes(lab, host)
    check_full(lab, host)
    check_no_tool(lab)
    check_slow_storage(lab, host)
    id, disk = check_life(lab, host)
    check_guest(lab, host, id)
    check_end(lab, host, id, disk)
    check_mute(lab, host)
    check_deaf(lab, host)
    id, disk = check_stopped_qemu(lab, host)
    check_stopped_libvirtd(lab, host, id)
    check_many(lab, host, id)
    check_killed_libvirtd(lab, host, id)
    check_stop(lab, host, id)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="the same")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        return 0
    if not options.inside:      # mounts of its own, that go with it
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, os.path.abspath(__file__), "--build", options.build, "--inside"])
    lab = Lab(os.path.abspath(options.build))
    try:
        run(lab)
    finally:
        lab.close()
    print(f"1..{count}")
    return 1 if failed else 0


sys.exit(main())
