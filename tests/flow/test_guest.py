#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The guests of running VMs: nobody stays frozen, whoever forgets it or dies; commands and their ends, byte by byte; passwords, which
stand nowhere afterwards. By API and command line, with fake hosts."""
import argparse
import base64
import os
import subprocess
import time

from recipes import Estate, Tap, fixed, order, wait_for

VM = fixed("vm", 2)
PASSWORD = "Ab3-never-to-be-found"
ARGUMENT = "argument-never-to-be-found"


def act(m, verb, body=None, query="?wait=1"):
    return m.post(f"/vms/{VM}/{verb}{query}", body or {})


def until(m):
    return m.get(f"/vms/{VM}").body.get("frozen_until")


def works(m):
    """Does its agent do anything else than thaw? One that is frozen does not."""
    return act(m, "exec", {"command": "/bin/echo"}).status == 200


def command(m, *words, data=None):
    """(exit status, output, error output) of `shikiri exec`, as bytes."""
    environment = dict(os.environ, SHIKIRI_URL=m.url, SHIKIRI_CA=m.ca, SHIKIRI_PASSWORD=m.password, LANG="C")
    run = subprocess.run([m.cli_program, *words], env=environment, input=data, capture_output=True, timeout=60)
    return run.returncode, run.stdout, run.stderr


def check_freeze(estate, tap):
    with estate.open(estate.copy("freeze")) as m:
        wait_for(lambda: m.get(f"/vms/{VM}").body["status"] == "up", 10)
        reply = act(m, "freezefilesystems")
        tap.check(reply.status == 200 and until(m), "its file systems are frozen, and it is said until when", reply)
        tap.check(not works(m), "its guest does nothing else meanwhile")
        again = act(m, "freezefilesystems")
        tap.check(again.status == 409 and "frozen already" in again.sentence, "they are not frozen twice", again)
        m.cli("thaw", "vm2")
        tap.check(not until(m) and works(m), "thawed by the command line, they are not frozen any more")
        tap.check(act(m, "thawfilesystems").status == 200, "what is not frozen is thawed all the same")
        begun = time.monotonic()
        m.cli("freeze", "vm2", "2")
        tap.check(not works(m), "they are frozen for two seconds by the command line")
        tap.check(wait_for(lambda: not until(m), 8) is True and works(m) and time.monotonic() - begun > 1.5, "and thawed when that time is over")
        told = [event["description"] for event in m.events()]
        tap.check(any("were frozen by admin" in text and "2 seconds" in text for text in told) and any("are thawed" in text for text in told), "which events say", told[-6:])


def check_killed(estate, tap):
    with estate.open(estate.copy("killed")) as m:
        act(m, "freezefilesystems", {"timeout": "3600"})
        m.kill()
        m.start()
        tap.check(wait_for(lambda: not until(m), 10) is True and works(m), "what a killed manager left frozen is thawed by the next")
        act(m, "freezefilesystems", {"timeout": "3600"})
        m.stop()
        m.start()
        tap.check(wait_for(lambda: not until(m), 10) is True and works(m), "as what one left that was ended")


def check_silent(estate, tap):
    with estate.open(estate.copy("silent")) as m:
        order(m, "fault n1 thaw 1 fail\nfault n1 thaw 2 unknown\nfault n1 is_frozen 0 fail\n")
        act(m, "freezefilesystems", {"timeout": "1"})
        tap.check(wait_for(lambda: not until(m), 40) is True, "a guest that refuses to thaw is asked again until it has", until(m))
        order(m, "fault n1 freeze 2 fail\n")
        reply = act(m, "freezefilesystems")
        tap.check(reply.status >= 400 and not until(m), "a freeze that is refused leaves nothing behind", reply)
        order(m, "fault n1 thaw 0 hang\n")
        act(m, "freezefilesystems", {"timeout": "1"})
        time.sleep(2.5)
        reply = act(m, "stop")
        tap.check(reply.status == 200 and reply.seconds < 5, "a guest that hangs while it shall thaw does not keep its VM from being stopped", reply)
        tap.check(not until(m), "and then it is not frozen", until(m))


def check_commands(estate, tap):
    with estate.open(estate.copy("commands")) as m:
        reply = act(m, "exec", {"command": "/bin/echo", "arguments": {"argument": ["one", "two words"]}})
        run = reply.body.get("guest_run", {})
        tap.check(run.get("state") == "exited" and run.get("exit_code") == "0" and base64.b64decode(run["out_data"]) == b"one two words\n", "a command's output is answered", reply)
        tap.check(act(m, "exec", {"command": "/bin/false"}).body["guest_run"]["exit_code"] == "1", "and its exit code")
        reply = m.call("POST", f"/vms/{VM}/exec", "<action><command>/bin/echo</command></action>", accept="application/xml")
        tap.check("<guest_run><state>exited</state>" in reply.text and "<out_data>Cg==</out_data>" in reply.text, "in XML too", reply)
        reply = act(m, "exec", {"command": "/bin/sleep", "arguments": {"argument": ["30"]}, "timeout": "1"})
        run = reply.body.get("guest_run", {})
        tap.check(run.get("state") == "running" and run.get("exit_code") == "-1" and reply.seconds < 8, "one that takes longer is told to run on", reply)
        told = [event["description"] for event in m.events()]
        tap.check(any("ran /bin/sleep" in text and "had not ended" in text for text in told), "and so it is told", told[-3:])
        reply = act(m, "exec", {"command": "/bin/nothing"})
        tap.check(reply.status >= 400 and "no such program" in reply.sentence, "one that is not there is refused with its reason", reply)
        bytes_of_all_kinds = bytes(range(256)) * 16
        tap.check(command(m, "--stdin", "exec", "vm2", "--", "/bin/cat", data=bytes_of_all_kinds) == (0, bytes_of_all_kinds, b""), "bytes of all kinds come back as they went")
        tap.check(command(m, "exec", "vm2", "--", "/bin/false")[0] == 1, "the command line ends as the command did")
        tap.check(command(m, "exec", "vm2", "--", "/bin/echo", "a=b", "-c", "x")[1] == b"a=b -c x\n", "arguments are passed on whatever they look like")
        status, _, said = command(m, "--timeout", "1", "exec", "vm2", "--", "/bin/sleep", "9")
        tap.check(status == 10 and b"runs on" in said, "and says that it runs on", said)
        status, _, said = command(m, "exec", "vm2")
        tap.check(status == 2 and b"behind '--'" in said, "without a command it says what it needs", said)
        act(m, "exec", {"command": "/bin/echo", "arguments": {"argument": [ARGUMENT]}, "input_data": base64.b64encode(ARGUMENT.encode()).decode()})


def check_stop(estate, tap):
    """A command that is waited for holds nothing."""
    with estate.open(estate.copy("stop")) as m:
        waiting = subprocess.Popen([m.cli_program, "--timeout", "20", "exec", "vm2", "--", "/bin/sleep", "60"],
                                   env=dict(os.environ, SHIKIRI_URL=m.url, SHIKIRI_CA=m.ca, SHIKIRI_PASSWORD=m.password), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(m.busy, 5)
        reply = act(m, "stop")
        tap.check(reply.status == 200 and reply.seconds < 5, "a VM whose guest runs a command can be stopped", reply)
        tap.check(m.stop() < 8, "and a manager that waits for one can be ended")
        waiting.wait(30)


def check_passwords(estate, tap):
    data = estate.copy("passwords")
    with estate.open(data) as m:
        reply = act(m, "setpassword", {"user_name": "root", "password": PASSWORD})
        tap.check(reply.status == 200 and PASSWORD not in reply.text, "a password is set", reply)
        status, said, _ = command(m, "setpassword", "vm2", "root", data=PASSWORD.encode() + b"\n")
        tap.check(status == 0 and b"complete" in said, "and by the command line, from its input", said)
        reply = act(m, "setpassword", {"user_name": "nobody-there", "password": PASSWORD})
        tap.check(reply.status >= 400 and "no such user" in reply.sentence and PASSWORD not in reply.text, "of a user who is not there it is refused", reply)
        plan = act(m, "setpassword", {"user_name": "root", "password": PASSWORD}, "?plan=1")
        tap.check(plan.status == 200 and PASSWORD not in plan.text, "a plan does not tell it", plan)
        act(m, "exec", {"command": "/bin/echo", "arguments": {"argument": [ARGUMENT]}, "input_data": base64.b64encode(ARGUMENT.encode()).decode()})
        order(m, "fault n1 set_password 0 unknown\n")
        act(m, "setpassword", {"user_name": "root", "password": PASSWORD})
        m.kill()
        found = subprocess.run(["grep", "-rlaE", f"{PASSWORD}|{ARGUMENT}|{base64.b64encode(ARGUMENT.encode()).decode()}", data, m.log], capture_output=True, text=True, check=False).stdout
        tap.check(not found, "neither passwords nor arguments stand in any file afterwards", found)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="the same")
    arguments = parser.parse_args()
    tap = Tap()
    estate = Estate(os.path.abspath(arguments.build), "guest")
    try:
        for check in (check_freeze, check_killed, check_silent, check_commands, check_stop, check_passwords):
            check(estate, tap)
    finally:
        estate.close()
    tap.done()


if __name__ == "__main__":
    main()
