# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The matrix's recipes for what VMs are made by, and what they need: the instance type "mine", the template "base" of VM 1."""
VM = "a0000000-0000-4000-8000-00000000000{}"
MINE = {"name": "mine", "memory": str(512 << 20), "cpu": {"topology": {"sockets": "2"}}}


def make(m, must):
    must(m.post("/instancetypes?wait=1", MINE))
    must(m.post("/templates?wait=1", {"name": "base", "vm": {"id": VM.format(1)}}))


def mine(m):
    found = next(size for size in m.get("/instancetypes").body["instance_type"] if size["name"] == "mine")
    return f"/instancetypes/{found['id']}?wait=1"


def template(m):
    found = next(one for one in m.get("/templates").body["template"] if one["name"] == "base")
    return f"/templates/{found['id']}?wait=1"


MADE = {"id": VM.format(9), "name": "made", "template": {"name": "base"}}
RECIPES = {
    "template.add": {"": lambda m: m.post("/templates?wait=1", {"name": "made", "vm": {"id": VM.format(1)}}),
                     " of a version": lambda m: m.post("/templates?wait=1", {"name": "base", "vm": {"id": VM.format(1)}, "version": {"base_template": {"name": "base"}}})},
    "template.update": {"": lambda m: m.put(template(m), {"name": "renamed", "memory": str(1 << 30)})},
    "template.remove": {"": lambda m: m.delete(template(m))},
    "vm.add": {" thin": lambda m: m.post("/vms?wait=1", MADE), " whole": lambda m: m.post("/vms?wait=1&clone=true", MADE),
              " of a size": lambda m: m.post("/vms?wait=1", {"id": VM.format(9), "name": "made", "instance_type": {"name": "mine"}})},
    "instance_type.add": {"": lambda m: m.post("/instancetypes?wait=1", dict(MINE, name="made"))},
    "instance_type.update": {"": lambda m: m.put(mine(m), {"memory": str(1 << 30)})},
    "instance_type.remove": {"": lambda m: m.delete(mine(m))},
}
