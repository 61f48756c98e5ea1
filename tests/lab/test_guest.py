#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""A real guest with the real agent, and then with one that lies: its file systems freeze and thaw, whoever forgets them or is killed; a password
is set that the guest then has; commands run in it, byte by byte, to their end or beyond ours. By API and command line; what libvirt says of
it agrees."""
import base64
import json
import os
import subprocess

from lab import program, wait_for
from shikirid import hello_guest
from test_manager import address

TIME_TO_BOOT = 90
PASSWORD = "Correct-horse 42"

# It answers libvirt's greetings, and everything else with what no agent says. libvirt may give it up for that before it has heard all.
HOSTILE = r"""#!/bin/sh
kill $(cat /run/qga.pid); sleep 1
exec 3<>/dev/virtio-ports/org.qemu.guest_agent.0
deep() { i=0; while [ $i -lt 2000 ]; do printf '{"return":'; i=$((i+1)); done; printf '\n'; }
while sleep 0.2; do while read -r line <&3; do
  id=$(echo "$line" | sed -n 's/.*"id": *\([0-9]*\).*/\1/p')
  case $line in
  *guest-sync*) printf '\377{"return":%s}\n' "$id" >&3 ;;
  *guest-get-time*) printf '{"return":1}\n' >&3 ;;
  *guest-exec-status*) printf '{"return":{"exited":true,"exitcode":"zero","out-data":[[[["\\u0000"]]]]}}\n' >&3 ;;
  *guest-exec*) printf '{"return":{"pid":77}}\n' >&3 ;;
  *guest-fsfreeze-freeze*) printf '{"return":-7}\n' >&3 ;;
  *guest-fsfreeze*) deep >&3 ;;
  *guest-set-user-password*) head -c 12000000 /dev/zero | tr '\0' 'x' >&3; printf '\n' >&3 ;;
  *) printf '{"return":[[[{"a":null}]]]}\n' >&3 ;;
  esac
done; done
"""


def act(lab, verb, body=None):
    return lab.manager.action("hello", verb, body)


def run(lab, script, **more):
    """What became of a shell script in the guest."""
    return act(lab, "exec", {"command": "/bin/sh", "arguments": {"argument": ["-c", script]}, **more}).body.get("guest_run", {})


def said(run_of):
    return base64.b64decode(run_of.get("out_data", "")).decode("utf-8", "replace")


def until(lab):
    return lab.manager.vm("hello").get("frozen_until")


def frozen(lab):
    """As libvirt hears it from the agent."""
    return json.loads(lab.libvirtd.virsh("qemu-agent-command", "hello", '{"execute":"guest-fsfreeze-status"}'))["return"]


def shell(manager, *words, data=None):
    environment = dict(os.environ, SHIKIRI_URL=manager.url, SHIKIRI_CA=manager.ca, SHIKIRI_PASSWORD=manager.password, LANG="C")
    done = subprocess.run([manager.cli_program, *words], env=environment, input=data, capture_output=True, timeout=90)
    return done.returncode, done.stdout, done.stderr


def make(lab):
    """hello, with a disk that has a file system."""
    manager = lab.manager
    kernel, initrd = hello_guest(lab.storage)
    lab.expect(manager.post("/vms?wait=1", {"name": "hello", "memory": str(192 << 20), "nics": {"nic": [{"name": "nic1", "vnic_profile": {"name": "ovirtmgmt"}}]}, "os": {
        "kernel": kernel, "initrd": initrd, "cmdline": "console=ttyS0 quiet shikiri.name=hello"}}), "a guest is made")
    vm = manager.vm("hello")["id"]
    disk = manager.post(f"/vms/{vm}/diskattachments?wait=1", {"interface": "virtio", "active": "true", "bootable": "false", "disk": {
        "name": "data1", "provisioned_size": str(32 << 20), "format": "raw"}})
    lab.expect(disk, "with a disk")
    subprocess.run(["mkfs.ext4", "-q", "-F", os.path.join(lab.storage, disk.body["id"])], check=True)
    lab.expect(act(lab, "start"), "it is started")
    lab.tap.check(wait_for(lambda: address(manager, vm), TIME_TO_BOOT), "and boots")


def check_commands(lab):
    manager, tap = lab.manager, lab.tap
    tap.check(said(run(lab, "mkdir -p /mnt && mount -t ext4 /dev/vda /mnt && echo mounted")) == "mounted\n", "a command in it mounts its disk")
    ended = run(lab, "echo out; echo err >&2; exit 7")
    tap.check(ended.get("state") == "exited" and ended.get("exit_code") == "7" and said(ended) == "out\n" and base64.b64decode(ended["err_data"]) == b"err\n",
              "its outputs and its exit code are answered", ended)
    ended = run(lab, "kill -9 $$")
    tap.check(ended.get("state") == "signalled" and ended.get("signal") == "9", "or the signal that ended it", ended)
    everything = bytes(range(256)) * 64
    tap.check(shell(manager, "--stdin", "exec", "hello", "--", "/bin/cat", data=everything) == (0, everything, b""), "bytes of all kinds come back by the command line")
    status, out, _ = shell(manager, "exec", "hello", "--", "/bin/sh", "-c", "echo $1; exit 3", "x", "a=b c")
    tap.check((status, out) == (3, b"a=b c\n"), "which ends as the command did", (status, out))
    much = run(lab, "head -c 900000 /dev/zero")
    tap.check(much.get("out_truncated") == "true" and len(base64.b64decode(much["out_data"])) == 256 << 10, "much output is cut, and said to be", much.get("out_truncated"))
    long = run(lab, "echo begun > /mnt/long; sleep 4; echo ended > /mnt/long", timeout="1")
    tap.check(long.get("state") == "running", "one that takes longer is told to run on", long)
    tap.check(wait_for(lambda: said(run(lab, "cat /mnt/long")) == "ended\n", 15), "and does")
    flood = run(lab, "head -c 6000000 /dev/zero")
    tap.check(flood.get("state") == "unknown" and said(run(lab, "echo there")) == "there\n", "of one that says more than libvirt passes on the end is not known, and its agent is still there", flood)
    absent = act(lab, "exec", {"command": "/bin/absent"})
    tap.check(absent.status >= 400 and "absent" in absent.sentence, "what is not there is refused with the guest's reason", absent)


def check_freeze(lab):
    manager, tap = lab.manager, lab.tap
    vm = manager.vm("hello")["id"]
    lab.expect(act(lab, "freezefilesystems"), "its file systems are frozen")
    tap.check(until(lab) and frozen(lab) == "frozen", "libvirt hears it from the agent, and the VM says until when", until(lab))
    lab.expect(act(lab, "thawfilesystems"), "they are thawed")
    tap.check(not until(lab) and frozen(lab) == "thawed", "and are", until(lab))
    manager.cli("freeze", "hello", "3")
    tap.check(frozen(lab) == "frozen", "frozen by the command line for three seconds")
    tap.check(wait_for(lambda: not until(lab), 15) is True and frozen(lab) == "thawed", "they are thawed when these are over", frozen(lab))
    manager.cli("freeze", "hello", "3600")
    tap.check(frozen(lab) == "frozen" and address(manager, vm), "a frozen guest keeps the address it is shown with")
    manager.kill()
    manager.start()
    tap.check(wait_for(lambda: frozen(lab) == "thawed", 30), "what a killed manager left frozen is thawed by the next", frozen(lab))
    tap.check(wait_for(lambda: not until(lab), 5) is True, "and shown so", until(lab))
    lab.libvirtd.virsh("domfsfreeze", "hello")
    second = act(lab, "freezefilesystems")
    tap.check(second.status >= 400 and frozen(lab) == "frozen" and not until(lab), "what virsh froze is not frozen again, nor thawed by that", second)
    manager.cli("thaw", "hello")
    tap.check(frozen(lab) == "thawed", "but thawed when somebody wants it")


def check_killed(lab):
    """Killed at every record and effect of a freeze: nobody stays frozen."""
    manager, wrong = lab.manager, []
    for where in ("step:1", "step:2", "effect:1"):
        manager.stop()
        manager.start(options=("--fail-at", where))
        wait_for(lambda: manager.host()["status"] == "up", 15)
        try:
            act(lab, "freezefilesystems", {"timeout": "3600"})
        except OSError:
            pass
        wait_for(lambda: manager.process.poll() is not None, 5)
        manager.kill()
        manager.start()
        if not wait_for(lambda: manager.host()["status"] == "up" and not manager.busy() and not until(lab), 60) or frozen(lab) != "thawed":
            wrong.append(f"{where}: {frozen(lab)}, {until(lab)}, {manager.busy()}")
    lab.tap.check(not wrong, "killed in every window of a freeze, nobody stays frozen", "\n".join(wrong))


def check_password(lab):
    """The guest's system is a script that keeps what the agent tells it: its busybox has no chpasswd."""
    manager, tap = lab.manager, lab.tap
    script = "#!/bin/sh\nread -r line\ncase $line in root:*) echo \"$line\" > /run/told ;; *) exit 1 ;; esac\n"
    run(lab, f"rm -f /bin/chpasswd; echo {base64.b64encode(script.encode()).decode()} | base64 -d > /usr/sbin/chpasswd; chmod +x /usr/sbin/chpasswd")
    lab.expect(act(lab, "setpassword", {"user_name": "root", "password": PASSWORD}), "a password is set")
    tap.check(said(run(lab, "cat /run/told")) == f"root:{PASSWORD}\n", "and the guest has it")
    status, out, error = shell(manager, "setpassword", "hello", "root", data=b"another one\n")
    tap.check(status == 0 and said(run(lab, "cat /run/told")) == "root:another one\n", "another by the command line", (out, error))
    nobody = act(lab, "setpassword", {"user_name": "nobody-there", "password": PASSWORD})
    tap.check(nobody.status >= 400 and PASSWORD not in nobody.text, "of a user who is not there it is refused", nobody)
    found = subprocess.run(["grep", "-rlF", PASSWORD, manager.folder, manager.log], capture_output=True, text=True, check=False).stdout
    tap.check(not found, "it stands in no file of the manager", found)


def check_hostile(lab):
    """The agent is another from now on."""
    manager, tap = lab.manager, lab.tap
    vm = manager.vm("hello")["id"]
    run(lab, f"echo {base64.b64encode(HOSTILE.encode()).decode()} | base64 -d > /hostile; setsid sh /hostile >/dev/null 2>&1 </dev/null &", timeout="2")
    tap.check(wait_for(lambda: "name='org.qemu.guest_agent.0' state='connected'" in lab.libvirtd.virsh("dumpxml", "hello"), 20),
              "another agent has taken its place")
    ended = act(lab, "exec", {"command": "/bin/true", "timeout": "3"})
    run_of = ended.body.get("guest_run", {})
    tap.note(f"exec: {ended.status} {run_of.get('state')} {ended.sentence}")
    tap.check(ended.status >= 400 or run_of.get("state") == "unknown", "an agent that lies about a command is not believed", ended)
    reply = act(lab, "setpassword", {"user_name": "root", "password": PASSWORD})
    tap.check(reply.status >= 400 and reply.seconds < 90, "one that answers without end ends nobody's patience", reply)
    reply = act(lab, "freezefilesystems", {"timeout": "2"})
    tap.note(f"freeze: {reply.status} {reply.sentence}")
    listed = manager.get("/vms")
    tap.check(listed.status == 200 and listed.seconds < 1 and manager.status("hello") == "up", "the VM is shown as ever", listed)
    stop = act(lab, "stop")
    tap.check(stop.status == 200 and stop.seconds < 30, "and can be stopped", stop)
    tap.check(wait_for(lambda: not until(lab), 15) is True and manager.status("hello") == "down", "and is not frozen any more", manager.vm("hello"))
    tap.check(manager.get(f"/vms/{vm}").status == 200, "the manager serves")


def check_all(lab):
    make(lab)
    for check in (check_commands, check_freeze, check_killed, check_password, check_hostile):
        check(lab)


if __name__ == "__main__":
    program("guest", check_all)
