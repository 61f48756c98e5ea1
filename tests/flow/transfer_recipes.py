# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Recipes for transfers of images: each opens a disk, does its verb and ends it. A manager that died has paused it: `let_go` cancels
what is paused, as a person would."""
import time

OVER = ("finished_success", "finished_failure", "finished_cleanup")
DISK, EMPTY = "d0000000-0000-4000-8000-000000000001", "d0000000-0000-4000-8000-000000000003"    # of a VM; of nobody


def phase(m, transfer):
    reply = m.get(f"/imagetransfers/{transfer}")
    return reply.body["phase"] if reply.status == 200 else None


def wait_phase(m, transfer, *wanted, seconds=20):
    """The phase it came to: one of WANTED, or an end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        now = phase(m, transfer)
        if now in wanted or now in OVER or now is None:
            return now
        time.sleep(0.05)
    return phase(m, transfer)


def begin(m, disk=DISK, direction="download", **more):
    """(what was answered, the transfer's id, once it moves bytes or is over)."""
    reply = m.post("/imagetransfers", {"disk": {"id": disk}, "direction": direction, "format": "raw", **more})
    if reply.status not in (200, 201, 202):
        return reply, None
    wait_phase(m, reply.body["id"], "transferring", "paused_system")
    return reply, reply.body["id"]


def act(m, transfer, verb, *wanted):
    reply = m.post(f"/imagetransfers/{transfer}/{verb}", {})
    wait_phase(m, transfer, *wanted)
    return reply


def whole(disk, direction, *verbs):
    """A recipe: begun, each verb, finalized or cancelled by the last of them. The answer is the first verb's."""
    def recipe(m):
        reply, transfer = begin(m, disk, direction)
        answers = [act(m, transfer, *verb) for verb in verbs] if transfer else [reply]
        return answers[0]
    return recipe


def upload(*verbs):
    """The same onto a disk that is empty: it goes with an upload that is cancelled, whoever does it."""
    recipe = whole(EMPTY, "upload", *verbs)
    recipe.before = lambda m: m.delete(f"/disks/{EMPTY}?wait=1")
    return recipe


FINALIZE, CANCEL = ("finalize",), ("cancel",)
RECIPES = {
    "image_transfer.add": {"": whole(DISK, "download", FINALIZE), " of an upload": upload(FINALIZE)},
    "image_transfer.finalize": {"": whole(DISK, "download", FINALIZE)},
    "image_transfer.cancel": {"": whole(DISK, "download", CANCEL), " of an upload": upload(CANCEL)},
    "image_transfer.pause": {"": upload(("pause", "paused_user"), CANCEL)},
    "image_transfer.resume": {"": upload(("pause", "paused_user"), ("resume", "transferring"), FINALIZE)},
    "image_transfer.extend": {"": whole(DISK, "download", ("extend", "transferring"), FINALIZE)},
}


def let_go(m):
    """TRUE: nothing had to be cancelled."""
    left = [one for one in m.get("/imagetransfers").body.get("image_transfer", []) if one["phase"] not in OVER]
    for one in left:
        m.post(f"/imagetransfers/{one['id']}/cancel", {})
    return not left
