#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""NUMA nodes given by hand, by API and command line: a real guest sees as many nodes as it was given, with their memory and processors; `virsh dumpxml` agrees."""
import re

from lab import program, wait_for
from test_devices import make, start


def stop(guest):
    guest.done(guest.manager.action(guest.name, "stop"), f"{guest.name} is stopped")


def nodes_inside(guest):
    """What its kernel says: processors by node."""
    text = guest.run("for n in /sys/devices/system/node/node*; do echo $(basename $n) $(cat $n/cpulist); done")
    return dict(line.split() for line in text.splitlines() if len(line.split()) == 2)


def memory_inside(guest, index):
    """MiB that are there, the kernel's own among them."""
    zones = re.findall(r"Node (\d+), zone.*?present\s+(\d+)", guest.run("cat /proc/zoneinfo"), re.S)
    return sum(int(pages) for node, pages in zones if int(node) == index) * 4096 >> 20


def check_draft(guest):
    manager, tap = guest.manager, guest.tap
    guest.done(manager.put(guest.path + "?wait=1", {"memory": str(256 << 20), "cpu": {"topology": {"sockets": "2"}}}), "it has two processors and 256 MiB")
    body = {"index": "0", "memory": "96", "cpu": {"cores": {"core": [{"index": "0"}]}}}
    guest.done(manager.post(guest.path + "/numanodes?wait=1", body), "a node with a part of them is added")
    refused = manager.action(guest.name, "start")
    tap.check(refused.status == 409 and "96 of its 256 MiB" in refused.sentence, "it does not start divided in part", refused)
    missing = manager.post(guest.path + "/numanodes?wait=1", dict(body, index="1", memory="160", numa_node_pins={"numa_node_pin": [{"index": "7"}]}, cpu={
        "cores": {"core": [{"index": "1"}]}}))
    tap.check(missing.status == 409 and "has no such node" in missing.sentence, "a node that its host does not have is refused", missing)
    tap.check(len(guest.xml("--inactive").findall("cpu/numa/cell")) < 2, "nothing is divided yet")


def check_whole(guest):
    manager, tap = guest.manager, guest.tap
    manager.cli("add", "numanode", f"vm={guest.name}", "index=1", "memory=160", "cpu.cores=1", "numa_node_pins=0", "--wait")
    table = manager.cli("list", "numanodes", f"vm={guest.name}")
    tap.check("96" in table and "160" in table, "the rest by the command line, which lists both", table)
    start(guest)
    tap.check(nodes_inside(guest) == {"node0": "0", "node1": "1"}, "the guest's kernel has two nodes with a processor each", nodes_inside(guest))
    sizes = [memory_inside(guest, index) for index in (0, 1)]
    tap.check(94 <= sizes[0] <= 96 and 158 <= sizes[1] <= 160, "with their memory", sizes)
    for xml in (guest.xml(), guest.xml("--inactive")):
        cells = [(cell.get("id"), cell.get("cpus").split(",")[0].split("-")[0], int(cell.get("memory")) // 1024) for cell in xml.findall("cpu/numa/cell")]
        tap.check(cells == [("0", "0", 96), ("1", "1", 160)], "virsh has them", cells)
        pins = [(node.get("cellid"), node.get("mode"), node.get("nodeset")) for node in xml.findall("numatune/memnode")]
        tap.check(pins == [("1", "strict", "0")], "and where the memory of one comes from", pins)
    told = manager.get(guest.path + "/numanodes").body["vm_numa_node"]
    shown = [(node["index"], node["memory"], [core["index"] for core in node["cpu"]["cores"]["core"]]) for node in sorted(told, key=lambda node: node["index"])]
    tap.check(shown == [("0", "96", ["0"]), ("1", "160", ["1"])], "so has the API", shown)
    tap.check(manager.vm(guest.name)["next_run_configuration_exists"] == "false", "nothing waits for the next start", manager.vm(guest.name))
    fixed = manager.put(guest.path + "?wait=1", {"memory": str(512 << 20)})
    tap.check(fixed.status == 409 and "Remove its NUMA nodes first" in fixed.text, "its memory is not changed under them", fixed)


def check_gone(guest):
    manager, tap = guest.manager, guest.tap
    for node in sorted(manager.get(guest.path + "/numanodes").body["vm_numa_node"], key=lambda node: node["index"], reverse=True):
        guest.done(manager.delete(f"{guest.path}/numanodes/{node['id']}?wait=1"), f"node {node['index']} is taken away while it runs")
    tap.check(wait_for(lambda: manager.vm(guest.name)["next_run_configuration_exists"] == "true", 5), "which its next start feels")
    xml = guest.xml("--inactive")
    tap.check(xml.find("numatune") is None and len(xml.findall("cpu/numa/cell")) < 2, "virsh has none in its definition")
    stop(guest)
    start(guest)
    tap.check(list(nodes_inside(guest)) in ([], ["node0"]), "nor has the guest", nodes_inside(guest))


def run(lab):
    guest = make(lab, "divided")
    for check in (check_draft, check_whole, check_gone):
        check(guest)


if __name__ == "__main__":
    program("numa", run)
