#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a program can see, as TAP: arrows between folders, forbidden names, sizes, file heads,
words that must not be in the tree, catalogue rows that nobody uses."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MOST_FILE, MOST_FUNCTION = 600, 60
# What only one place may name: (pattern, where it is allowed).
FORBIDDEN = [
    (r"#include <sqlite3\.h>|\bsqlite3_", r"^src/store/"),
    (r"#include <libvirt/|\bvir(Domain|Connect|Storage|Event|Network|Node)[A-Z]", r"^src/host/|^tests/(lab|bench|unit/host)/"),
    (r"#include <microhttpd\.h>|\bMHD_", r"^src/api/server\.[ch]$"),
    (r"\bg_(mutex|cond|rw_lock|rec_mutex|thread_pool|thread)_", r"^src/base/"),
    (r"\bg(_)?atomic_?ref_?count", r"^$"),
    (r"\bgoto\b", r"^$"),
    (r"\b(sprintf|strcpy|strcat|gets)\s*\(", r"^$"),
]
DRAWERS = re.compile(r"(^|/)(util|utils|common|misc|helpers?|manager)\.[ch]$")
results = []


def say(ok, name, why=""):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}")
    for line in why.splitlines():
        print(f"  # {line}")


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [f for f in out.stdout.splitlines() if os.path.isfile(os.path.join(ROOT, f))]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as handle:
        return handle.read()


def layers():
    allowed = {}
    for line in read("src/LAYERS").splitlines():
        if line and not line.startswith("#"):
            folder, _, below = line.partition(":")
            allowed[folder] = set(below.split()) | {folder}
    return allowed


def arrows(files):
    allowed, wrong = layers(), []
    for path in files:
        match = re.match(r"src/(\w+)/.*\.[ch]$", path)
        if not match:
            continue
        folder = match.group(1)
        if folder not in allowed:
            wrong.append(f"{path}: folder {folder} is not in src/LAYERS")
            continue
        for included in re.findall(r'^#include "(\w+)/', read(path), re.M):
            if included not in allowed[folder]:
                wrong.append(f"{path}: {folder} must not include {included}")
    say(not wrong, "arrows point one way", "\n".join(wrong))


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)


def forbidden(files):
    wrong = []
    for path in files:
        if not re.match(r"(src|tests)/.*\.[ch]$", path):
            continue
        code = re.sub(r'"(\\.|[^"\\\n])*"', '""', without_comments(read(path)))
        includes = "\n".join(re.findall(r"^#include.*$", read(path), re.M))
        for pattern, where in FORBIDDEN:
            if path.startswith("src/") and not re.search(where, path) and re.search(pattern, code + includes):
                wrong.append(f"{path}: {re.search(pattern, code + includes).group(0)} belongs to {where}")
        if DRAWERS.search(path):
            wrong.append(f"{path}: a drawer; name it after what is in it")
    say(not wrong, "names stay in their rooms", "\n".join(wrong))


def functions(text):
    """(name, lines) of each function: a name at column 0 whose body opens with { at column 0 and closes at column 0."""
    lines, name, start = text.split("\n"), None, None
    for number, line in enumerate(lines):
        head = re.match(r"^(\w+)\(", line)
        if head:
            name = head.group(1)
        if line == "{" and name:
            start = number
        elif line == "}" and start is not None:
            yield name, number - start + 1
            name, start = None, None


def exceptions():
    allowed = {}
    for line in read("tests/style/exceptions").splitlines():
        if line.strip() and not line.startswith("#"):
            what, _, reason = line.partition(" ")
            allowed[what] = reason.strip()
    return allowed


def sizes(files):
    allowed, wrong, used = exceptions(), [], set()
    for path in files:
        if not re.match(r"(src|tests)/.*\.(c|h|py)$", path):
            continue
        text = read(path)
        count = text.count("\n")
        found = [(path, f"{path}: {count} lines")] if count > MOST_FILE else []
        if path.endswith(".c") and path.startswith("src/"):
            found += [(f"{path}:{name}", f"{path}: {name}() has {length} lines") for name, length in functions(text) if length > MOST_FUNCTION]
        for key, sentence in found:
            used.add(key)
            if not allowed.get(key):
                wrong.append(sentence)
    wrong += [f"tests/style/exceptions: {key} is not needed any more" for key in allowed if key not in used and not key.endswith(":unused")]
    say(not wrong, f"files have at most {MOST_FILE} lines, functions {MOST_FUNCTION}, or a reason", "\n".join(wrong))


def heads(files):
    wrong = []
    for path in files:
        if re.match(r"(src|tests)/.*\.(c|h|py|sh)$|tools/", path) and "SPDX-License-Identifier: Apache-2.0" not in read(path)[:400]:
            wrong.append(f"{path}: no SPDX lines")
        if re.match(r"src/.*\.[ch]$", path):
            head = read(path)[:1200]
            if len(re.sub(r"\s", "", head.split("*/")[0])) < 60:
                wrong.append(f"{path}: opens without a paragraph on what it is for")
    say(not wrong, "every file says its licence and what it is for", "\n".join(wrong))


def readmes():
    wanted = ["What it is", "What it must not know", "The one function to read first", "How data gets in and out", "How it is tested"]
    wrong = []
    for folder in sorted(layers()):
        if os.path.isdir(os.path.join(ROOT, "src", folder)):
            path = f"src/{folder}/README.md"
            if not os.path.exists(os.path.join(ROOT, path)):
                wrong.append(f"{path} is missing")
            else:
                wrong += [f"{path}: no heading '{word}'" for word in wanted if word not in read(path)]
    say(not wrong, "every folder of src has a README with the five headings", "\n".join(wrong))


def catalogue(files):
    rows = {}
    for path in files:
        if path.startswith("src/base/catalogue/") and path.endswith(".def"):
            for name in re.findall(r"^MESSAGE\((\w+),", read(path), re.M):
                rows[name] = path
    used = set()
    for path in files:
        if re.match(r"src/.*\.[ch]$", path):
            used |= set(re.findall(r"\bMSG_(\w+)", read(path)))
    allowed = exceptions()
    wrong = [f"{path}: MSG_{name} is used nowhere" for name, path in sorted(rows.items())
             if name not in used and name != "FOREIGN" and not allowed.get(f"{path}:unused")]
    say(not wrong, "every sentence of the catalogue is used", "\n".join(wrong))


def main():
    files = tracked()
    for check in (arrows, forbidden, sizes, heads, catalogue):
        check(files)
    readmes()
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


sys.exit(main())
