#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Bodies that are wrong: each is refused with a sentence that names what was wrong, changes nothing, and leaves nothing behind in memory.
The field-level cases are made from the manager's own description of its types, so a new field is covered when it appears."""
import json
import os
import sys
import time

from wire import House, Tap, Witness, arguments

FIELDS = 400             # of one type: a description that loops would never end
RESIDENT = 6 << 10       # KiB the manager may have grown after everything was repeated


# --- cases: (name, method, path, body, statuses, words of which the sentence must have one each) ---------------------------------

OBJECT, LIST = {"a": {}}, [[]]
WRONG_JSON = {
    "text": [OBJECT, LIST, "\0", "\ud800", "\udc00x"],
    "bool": ["maybe", 2, -1, "", OBJECT, LIST, "\0"],
    "int": ["abc", "1.5", 1.5, 1e30, 10 ** 30, -10 ** 30, "0x10", True, "", " 5", OBJECT, LIST],
    "real": ["abc", "nan", "inf", "1e999", True, "", OBJECT, LIST],
    "time": ["yesterday", "2026-13-45T00:00:00Z", True, OBJECT, LIST, 10 ** 30],
    "enum": ["nonsense", 5, True, OBJECT, LIST],
    "ref": ["text", 5, True, LIST, {"id": "no id"}, {"id": {}}, {"id": []}, {"name": {}}, {"name": "\0"}],
    "group": ["text", 5, True, LIST],
    "list": ["text", 5, True, [5], ["text"], [[]]],
    "words": ["text", 5, True, [{}], [[]]],
    "children": ["text", 5, True, [5], ["text"], [[]]],
}
INSIDE = "<a><b/></a>"
WRONG_XML = {
    "text": [INSIDE, "\x01", "&nothing;", "&#0;", "&#xD800;"],
    "bool": ["maybe", "2", "-1", "", INSIDE],
    "int": ["abc", "1.5", "1e3", "1" + "0" * 30, "-1" + "0" * 30, "0x10", "", INSIDE, "5 5"],
    "real": ["abc", "nan", "inf", "1e999", "", INSIDE],
    "time": ["yesterday", "2026-13-45T00:00:00Z", INSIDE],
    "enum": ["nonsense", "5", INSIDE],
    "ref": ["text", "<id>no id</id>", "<id><a/></id>", "<name><a/></name>"],
    "group": ["text", "5"],
    "list": ["text", "5"],
    "words": ["text", "5"],
    "children": ["text", "5"],
}


def fields(rows, above=()):
    """(path of names, row) of every field, groups' own fields too."""
    for row in rows:
        if row["kind"] == "collect":
            continue
        yield (*above, row["name"]), row
        if row["kind"] == "group" and len(above) < 4:
            yield from fields(row["fields"], (*above, row["name"]))


def nest_json(names, value):
    for name in reversed(names):
        value = {name: value}
    return value


def nest_xml(names, text):
    for name in reversed(names):
        text = f"<{name}>{text}</{name}>"
    return text


def field_cases(kind, path, least):
    """Every field of a type with every wrong value of its kind. LEAST: what the body needs beside."""
    one = kind["one"]
    for names, row in list(fields(kind["fields"]))[:FIELDS]:
        label, word = f"{one}.{'.'.join(names)}", names[-1]
        if not {"add", "set"} & set(row["flags"]):
            word = "|".join((word, one, *LACKS.get(one, ())))   # a body may bring it along, and where it is not read at all the sentence is about something else
        owner = "|".join((one, *LACKS.get(one, ()), *(above[1]["item"] for above in fields(kind["fields"]) if above[0] == names[:-1])))
        for value in WRONG_JSON[row["kind"]]:
            body = {name: given for name, given in least.items() if name != names[0]}
            body.update(nest_json(names, value))
            yield f"{label} = {json.dumps(value)[:40]}", "POST", path, json.dumps(body), (400,), (owner, word)
        for text in WRONG_XML[row["kind"]]:
            rest = "".join(nest_xml((name,), given) for name, given in least.items() if name != names[0] and isinstance(given, str))
            yield f"{label} = {text!r}", "POST", path, f"<{one}>{rest}{nest_xml(names, text)}</{one}>", (400,), (owner, word)


def addable(house):
    """(type, path of its collection) of all types to which something can be added: what is not built says so whatever the body is."""
    vm = next(one["id"] for one in house.get("/vms")["vm"] if one["status"] == "down")
    kinds = {kind["one"]: kind for kind in house.get("/describe")["types"]}
    places = [(kind, f"/{kind['path']}") for kind in kinds.values() if kind.get("path")]
    places += [(kinds[row["of"]], f"/vms/{vm}/{row['path']}") for row in kinds["vm"]["fields"] if row["kind"] == "children"]
    found = []
    for kind, path in places:
        if house.ask("POST", path, "{").status == 400:
            found.append((kind, path))
    return found


# What a body lacks in which only a field stood that is not read.
LACKS = {"disk_attachment": ("Disk [",)}
LEAST = {
    "vm": {"name": "wrong", "cluster": {"name": "Default"}, "template": {"name": "Blank"}},
    "disk": {"name": "wrong", "format": "raw", "provisioned_size": "1048576", "storage_domains": {"storage_domain": [{"name": "data"}]}},
    "nic": {"name": "wrong"},
}


# --- cases that a person thought of -------------------------------------------------------------------------------------------------

def laughs():
    entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(12))
    return f"<?xml version='1.0'?><!DOCTYPE vm [{entities}]><vm><name>&l11;</name></vm>"


def document_cases():
    deep_json, deep_xml = '{"cpu":' * 5000 + "1" + "}" * 5000, "<vm>" + "<cpu>" * 5000 + "</cpu>" * 5000 + "</vm>"
    many = "".join(f' a{i}=""' for i in range(200000))
    texts = {
        "nothing": "", "a blank": " ", "half of it": '{"name":"w', "half an element": "<vm><name>w</na", "no end": "<vm><name>w</name>",
        "more behind": '{"name":"w"}{}', "two roots": "<vm/><vm/>", "another root": "<disk><name>w</name></disk>", "a number": "5", "a list": '[{"name":"w"}]',
        "a word": "vm", "deep JSON": deep_json, "deep XML": deep_xml, "deep lists": '{"nics":' + "[" * 100000,
        "deep in the unknown": '{"zzz":' + "[" * 100000 + "]" * 100000 + "}", "deep in the unknown, XML": "<vm><zzz>" + "<a>" * 3000 + "</a>" * 3000 + "</zzz></vm>",
        "DOCTYPE": '<!DOCTYPE vm><vm><name>w</name></vm>', "an entity": '<!DOCTYPE vm [<!ENTITY a "w">]><vm><name>&a;</name></vm>',
        "an entity from a file": '<!DOCTYPE vm [<!ENTITY a SYSTEM "file:///etc/passwd">]><vm><name>&a;</name></vm>',
        "an entity from the net": '<!DOCTYPE vm SYSTEM "http://127.0.0.1:1/a.dtd"><vm><name>&a;</name></vm>', "billion laughs": laughs(),
        "parameter entities": '<!DOCTYPE vm [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><vm/>',
        "a key twice": '{"name":"w","name":"v"}', "an element twice": "<vm><name>w</name><name>v</name></vm>",
        "a group twice": '{"cpu":{"topology":{"cores":1}},"cpu":{}}', "a group's element twice": "<vm><cpu><name>a</name><name>b</name></cpu></vm>",
        "many &amp;": "<vm><name>" + "&amp;" * 700000 + "</name></vm>", "many comments": "<vm>" + "<!---->" * 500000, "many instructions": "<vm>" + "<?a?>" * 500000,
        "many unknown elements": "<vm>" + "".join(f"<a{i}/>" for i in range(300000)), "many unknown keys": "{" + "".join(f'"{i}":1,' for i in range(300000)),
        "quotes in a comment": f"<!--'--><vm{many}/><!--'-->", "attributes behind >": f"<vm a='>'{many}/>", "UTF-7": "<?xml version='1.0' encoding='UTF-7'?>+ADw-vm/+AD4-",
        "200,000 attributes": f"<vm{many}><name>w</name></vm>", "an attribute twice": '<vm id="a" id="b"/>', "a bare &": "<vm><name>a & b</name></vm>",
        "not UTF-8": b'{"name":"\xff\xfe"}', "not UTF-8, XML": b"<vm><name>\xff\xfe</name></vm>", "UTF-16 that is not": b"\xff\xfe<\x00v\x00",
        "overlong UTF-8": b'{"name":"\xc0\xaf"}', "a surrogate in bytes": b'{"name":"\xed\xa0\x80"}', "a zero byte": b'{"name":"a\x00b"}',
        "a zero byte, XML": b"<vm><name>a\x00b</name></vm>", "single quotes": "{'name':'w'}", "no quotes": "{name:1}", "a comma too much": '{"name":"w",}',
        "a comment": '{"name":"w"/**/}', "a control character": '{"name":"a\tb"}', "00": '{"memory":00}', "a sign": '{"memory":+1}', "hex": '{"memory":0x1}',
        "NaN": '{"memory":NaN}', "a number without an end": '{"memory":1e}',
    }
    for name, text in texts.items():
        json_expected = {"Content-Type": "application/json"} if not isinstance(text, bytes) and not text.strip() else {}
        yield name, "POST", "/vms", text, (400,), ("vm|of a cpu",), json_expected
    yield "300,000 NICs", "POST", "/vms", '{"name":"w","cluster":{"name":"Default"},"template":{"name":"Blank"},"nics":{"nic":[' + ",".join(["{}"] * 300000) + "]}}", (400,), ("vm", "nics"), {}
    yield "200,000 NICs, XML", "POST", "/vms", "<vm><name>w</name><nics>" + "<nic/>" * 200000 + "</nics></vm>", (400,), ("vm", "nics"), {}
    yield "500,000 words", "POST", "/vms", '{"name":"w","os":{"boot":{"devices":{"device":[' + ",".join(['"hd"'] * 500000) + "]}}}}", (400,), ("boot", "devices"), {}
    yield "a long text", "POST", "/vms", json.dumps({**LEAST["vm"], "description": "x" * 3000000}), (400,), ("vm", "description"), {}
    yield "a name of 3 MB", "POST", "/vms", json.dumps({**LEAST["vm"], "name": "x" * 3000000}), (400,), ("vm", "name"), {}
    yield "5 MiB", "POST", "/vms", json.dumps({"description": "x" * (5 << 20)}), (413,), ("body", "4 MiB"), {}
    yield "an unknown field, strictly", "POST", "/vms", '{"name":"w","colour":"red"}', (400,), ("vm", "colour"), {"Prefer": "handling=strict"}
    yield "an unknown field of a group, strictly", "POST", "/vms", '{"name":"w","cpu":{"colour":1}}', (400,), ("cpu", "colour"), {"Prefer": "handling=strict"}
    yield "an unknown element, strictly", "POST", "/vms", "<vm><name>w</name><colour/></vm>", (400,), ("vm", "colour"), {"Prefer": "handling=strict"}
    yield "no Content-Type", "POST", "/vms", '{"name":"w"}', (415,), ("Content-Type",), {"Content-Type": None}
    yield "another Content-Type", "POST", "/vms", '{"name":"w"}', (415,), ("text/csv",), {"Content-Type": "text/csv"}
    yield "XML called JSON", "POST", "/vms", "<vm><name>w</name></vm>", (400,), ("vm", "JSON"), {"Content-Type": "application/json"}
    yield "JSON called XML", "POST", "/vms", '{"name":"w"}', (400,), ("vm", "XML"), {"Content-Type": "application/xml"}


BAD_NAMES = [" ", "a/b", "..", ".", "a\nb", "a\tb", "\x7f", "a\x1bb", "\u0085", "\u2028", "a\u200fb", "\ufeff", "\ufffe", "x" * 256, "-a b/", "a\\b/c", " a", "a "]
GOOD_NAMES = ["\U0001f600 \U00020000", "日本語の名前", "名前-1.é_x", "a+b@c"]


def vm(**more):
    return json.dumps({**LEAST["vm"], **more})


def value_cases(house):
    storage = [domain for domain in house.get("/storagedomains")["storage_domain"] if domain["type"] == "data"][0]["storage"]["path"]
    for name in BAD_NAMES:
        yield f"the name {name[:20]!r}", "POST", "/vms", vm(name=name), (400, 409), ("name",), {}
        yield f"the disk name {name[:20]!r}", "POST", "/disks", json.dumps({**LEAST["disk"], "name": name}), (400, 409), ("name|alias", "disk"), {}
    for memory in (-1, 0, 1, 1023, 2 ** 63 - 1, -2 ** 63, 2 ** 62):
        yield f"{memory} bytes of memory", "POST", "/vms", vm(memory=str(memory)), (400, 409), ("emory",), {}
    for cores in (-1, 10 ** 9, 2 ** 31, 2 ** 32 + 1, 2 ** 63 - 1, 100000):
        for part in ("cores", "sockets", "threads"):
            yield f"{cores} {part}", "POST", "/vms", vm(cpu={"topology": {part: str(cores)}}), (400, 409), (part,), {}
    yield "a product of cores beyond all", "POST", "/vms", vm(cpu={"topology": {"cores": 65536, "sockets": 65536, "threads": 65536}}), (400, 409), ("sockets",), {}
    yield "a product of cores too many", "POST", "/vms", vm(cpu={"topology": {"cores": 500, "sockets": 500, "threads": 2}}), (400, 409), ("cores",), {}
    for size in (-1, 0, 2 ** 63 - 1, -2 ** 63):
        yield f"a disk of {size} bytes", "POST", "/disks", json.dumps({**LEAST["disk"], "provisioned_size": str(size)}), (400, 409), ("wrong", "bytes|size"), {}
    for path in ("/etc/passwd", f"{storage}/../../etc/passwd", f"{storage}/link-out", f"{storage}/inner/link-out/passwd", "etc/passwd", f"{storage}", "/proc/self/environ", "/dev/sda",
                 f"{storage}/a\nb", f"{storage}/link-to-disk", "//etc//passwd", f"{storage}-not/x", "iso://../../etc/passwd", "../../etc/passwd"):
        for part in ("kernel", "initrd"):
            boot = {"kernel": f"{storage}/vmlinuz", part: path}
            yield f"{part} {path!r}", "POST", "/vms", vm(os=boot), (400, 404, 409), (f"{part}|{path}",), {}
    for cdrom in ("/etc/passwd", f"{storage}/../../etc/passwd", f"{storage}/link-out", "../../../etc/passwd"):
        machine = house.get("/vms")["vm"][0]["id"]
        place = house.get(f"/vms/{machine}/cdroms").get("cdrom", [{"id": "00000000-0000-0000-0000-000000000000"}])[0]["id"]
        yield f"the ISO {cdrom!r}", "PUT", f"/vms/{machine}/cdroms/{place}", json.dumps({"file": {"id": cdrom}}), (400, 404, 409), (), {}
    for disk_path in ("/etc/passwd", f"{storage}/../../etc/passwd", f"{storage}/link-out"):
        body = {**LEAST["disk"], "storage_type": "image", "path": disk_path, "image_path": disk_path, "lun_storage": {"path": disk_path}}
        yield f"a disk at {disk_path!r}, strictly", "POST", "/disks", json.dumps(body), (400, 409), ("disk",), {"Prefer": "handling=strict"}


# --- judging ----------------------------------------------------------------------------------------------------------------------

def judge(house, case):
    """What is wrong with the answer; ''."""
    name, method, path, body, statuses, words = case[:6]
    headers = case[6] if len(case) > 6 else {}
    begun = time.monotonic()
    try:
        reply = house.ask(method, path, body, headers)
    except RuntimeError as error:
        return f"{name}: {error}"
    spent = time.monotonic() - begun
    missing = [word for word in words if not any(one in reply.detail for one in word.split("|"))]
    if not reply.is_fault(*statuses):
        return f"{name}: {reply!r:.300}"
    if missing:
        return f"{name}: the sentence lacks {missing}: {reply.detail:.300}"
    return f"{name}: took {spent:.1f} s" if spent > house.within(5) else ""


def difference(before, after):
    """Where they part."""
    at = len(os.path.commonprefix([before, after]))
    return f"…{before[max(0, at - 60):at + 60]!r} → …{after[max(0, at - 60):at + 60]!r}"


def run(house, tap, cases, name):
    before = house.lists()
    wrong = [line for line in (judge(house, case) for case in cases) if line]
    tap.none(wrong, f"{name}: {len(cases)} are refused with a sentence that names object and field")
    after = house.lists()
    changed = [f"/{path}: {difference(before.get(path, b''), body)}" for path, body in after.items() if before.get(path) != body]
    tap.none(changed, f"{name}: nothing has changed")


def good_names(house, tap):
    """Names of people who write otherwise are no bad input."""
    wrong = []
    for name in GOOD_NAMES:
        made = house.ask("POST", "/vms", vm(name=name))
        shown = json.loads(made.body).get("name") if made.status in (201, 202) else None
        if shown != name:
            wrong.append(f"{name}: {made!r}")
            continue
        path = f"/vms/{json.loads(made.body)['id']}"
        text = house.ask("GET", path, headers={"Accept": "application/xml"}).text
        if f"<name>{name}</name>" not in text:
            wrong.append(f"{name}: {text[:200]}")
        removed = house.ask("DELETE", path + "?wait=1")
        if removed.status != 200:
            wrong.append(f"{name}: {removed!r}")
    tap.none(wrong, "names in any script are taken and given back as they were")


def repeat(house, tap, cases, times):
    """All of it again and again: memory must not grow. The first rounds fill what is bounded (caches, arenas, events)."""
    sizes = []
    for _ in range(times):
        for name, method, path, body, *rest in cases:
            house.ask(method, path, body, rest[2] if len(rest) > 2 else {})
        sizes.append(house.resident())
    settled = sizes[max(0, min(4, times - 2))]
    tap.say("resident after each round, KiB: " + " ".join(str(size) for size in sizes))
    tap.ok(sizes[-1] - settled <= RESIDENT, f"after {times} rounds of {len(cases)} wrong bodies the manager has grown by {sizes[-1] - settled} KiB since the fifth")


def prepare(house):
    """Ways out of the storage domain, a file that may be used, a VM that is down."""
    storage = [domain for domain in house.get("/storagedomains")["storage_domain"] if domain["type"] == "data"][0]["storage"]["path"]
    os.makedirs(f"{storage}/inner", exist_ok=True)
    os.symlink("/etc/passwd", f"{storage}/link-out")
    os.symlink("/etc", f"{storage}/inner/link-out")
    disk = json.loads(house.ask("POST", "/disks?wait=1", json.dumps({**LEAST["disk"], "name": "spare"})).body)["id"]
    with open(f"{storage}/{disk}", "wb") as file:
        file.write(b"secrets")      # which a fake host does not make
    os.symlink(disk, f"{storage}/link-to-disk")
    with open(f"{storage}/vmlinuz", "wb") as file:
        file.write(b"kernel")
    made = house.ask("POST", "/vms?wait=1", vm(name="spare"))       # of which devices may be changed
    if made.status != 201:
        raise RuntimeError(f"the spare VM is not made: {made}")


def main():
    options, tap = arguments(), Tap()
    with House(options, "bad-input") as house:
        prepare(house)
        places = addable(house)
        made = [case for kind, path in places for case in field_cases(kind, path, LEAST.get(kind["one"], {}))]
        tap.ok({"vm", "disk", "nic", "disk_attachment"} <= {kind["one"] for kind, _ in places}, "types that can be added to are found: " +
               ", ".join(f"{kind['one']} ({path.split('/')[-1]})" for kind, path in places))
        documents, values = list(document_cases()), list(value_cases(house))
        with Witness(house) as witness:
            run(house, tap, made, "wrong values of every field")
            run(house, tap, documents, "bodies that are none")
            run(house, tap, values, "values out of bounds")
        witness.judge(tap, "during all of it", 2)
        good_names(house, tap)
        repeat(house, tap, [case for case in made + documents + values if len(case[3]) < 100000], 20 if options.full else 8)
        status, seconds, complaint = house.stop()
        tap.ok(status == 0 and not complaint, f"it ends well, with status {status}", complaint)
        tap.ok(seconds < house.within(2), f"it ends within {house.within(2)} s: {seconds:.2f} s")
    return tap.end()


sys.exit(main())
