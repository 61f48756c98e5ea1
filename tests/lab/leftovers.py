# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""What a killed test leaves behind, and how it is told from what a living one uses. Each test marks itself (environment of all its
processes, number in the names of its folders) with its process number; what bears the mark of a process that is gone is ours to
clear, unless somebody else holds a lock in it: numbers of processes mean little to who runs in another namespace, or handed its folder
on. Used by suite.py, and by lab.py to set the mark."""
import contextlib
import fcntl
import glob
import os
import re
import shutil
import signal
import subprocess
import time

TEMP = "/tmp"
MARK = "SHIKIRI_LAB"        # NUMBER:START of the test program
FOLDER = re.compile(r"/shikiri-lab(?:-data)?\.[^/]*?-(\d+)(?:-[a-z0-9_]{8}|-errors)?(?:\.\w+)?$")


def started(pid):
    """When process PID began, in clock ticks since boot; None where there is none. Number and start together name a process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def set_mark():
    """This process and all it starts belong to this test."""
    os.environ[MARK] = f"{os.getpid()}:{started(os.getpid())}"


def marked():
    """(process, number of its test, start of its test) of all that bear a mark."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/environ", "rb") as environment:
                found = re.search(rb"(?:^|\0)" + MARK.encode() + rb"=(\d+):(\d+)", environment.read())
        except OSError:
            continue
        if found:
            yield int(entry), int(found.group(1)), int(found.group(2))


def end(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def end_of(owner, start):
    """Ends what the test OWNER, begun at START, has left running."""
    for pid, number, begun in list(marked()):
        if number == owner and begun == start and pid != os.getpid():
            end(pid)


def end_orphans():
    orphans = [pid for pid, owner, begun in marked() if pid != os.getpid() and started(owner) != begun]
    for pid in orphans:
        end(pid)
    until = time.monotonic() + 5
    while any(started(pid) for pid in orphans) and time.monotonic() < until:
        time.sleep(0.05)


def hold(folder):
    """FOLDER is in use as long as this process lives."""
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    return held


def is_held(path):
    """By a test (hold), the libvirtd that lives in it, or a manager."""
    folder = re.sub(r"\.\w+$", "", path)        # a file beside it goes with it
    for place in (".", "lock", "shikiri.db.lock", "data/shikiri.db.lock"):
        try:
            probe = os.open(os.path.join(folder, place), os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(probe)
    return False


def is_abandoned(path):
    """A folder of ours (by its name) whose test is gone, and in which nobody else is."""
    name = FOLDER.search(path)
    return name is not None and started(int(name.group(1))) is None and not is_held(path)


def unmount_below(path):
    with open("/proc/mounts", encoding="utf-8", errors="replace") as mounts:
        points = [line.split()[1].replace("\\040", " ") for line in mounts]
    for point in reversed(points):
        if point.startswith(path + "/") or point == path:
            subprocess.run(["umount", "-l", point], check=False, capture_output=True)


def clear():
    """Processes first (the libvirtds among them take their QEMUs with them), then mounts, then folders."""
    end_orphans()
    for path in glob.glob(os.path.join(TEMP, "shikiri-lab*")):
        if not is_abandoned(path):
            continue
        unmount_below(path)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(FileNotFoundError):        # another run clears, too
                os.unlink(path)
