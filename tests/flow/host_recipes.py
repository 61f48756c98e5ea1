# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The matrix's recipes for what is done to all VMs of a host. Each is left with one VM to do it to: a job that is ended in the middle of several
leaves some as they were and some as they shall be, which is right and no state the matrix knows."""
from life_recipes import PAUSED, VM


def mark(m):
    return m.put(f"/vms/{VM.format(1)}?wait=1", {"autostart": {"enabled": "true", "order": "1"}})


def alone(m):
    return m.post(f"/vms/{VM.format(PAUSED)}/stop?wait=1", {})


def of_host(verb, before):
    def recipe(m):
        reply = before(m)
        return reply if reply.status != 200 else m.post(f"/hosts/{m.host()['id']}/{verb}?wait=1", {})
    recipe.before = before
    return recipe


RECIPES = {
    "host.startvms": {"": of_host("startvms", mark)},
    "host.stopvms": {"": of_host("stopvms", alone)},
}
