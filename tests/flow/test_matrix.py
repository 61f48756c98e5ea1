#!/usr/bin/env python3
# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""Death at every point of every command, through the whole daemon. The commands are the daemon's own table, asked for at
/describe; one without a recipe fails the test. For each the daemon is told to die, or to fail once, at the first, second, …
record, effect and write of it; then it is started again, settles, and the world must be as it was before or as it is when nothing
happens, with no claim, domain or file left over. Hosts are fake, and outlive the daemon as real ones do. A line per case. Without
--full, one point of each kind for every recipe: another one for each, so that all together see them all."""
import argparse
import concurrent.futures
import difflib
import os
import re
import shutil
import time
from http.client import HTTPException

from recipes import RECIPES, Estate, Shikirid, Tap, leftovers, settle, wait_for

KINDS = ("step", "effect", "sql")
NEVER = 10 ** 9
PASSED = re.compile(r"points passed: (\d+) step, (\d+) effect, (\d+) sql")
FOLLOW = 8              # seconds in which the world must be right
DAEMONS = 4 * os.cpu_count()     # at once: they wait most of the time


def end_and_count(m):
    """Ends the manager; how many points of each kind it has passed in its life."""
    m.stop()
    with open(m.log, encoding="utf-8", errors="replace") as log:
        told = PASSED.findall(log.read())
    return dict(zip(KINDS, map(int, told[-1])))


def run_recipe(m, recipe):
    """What was answered; None where the daemon died first."""
    try:
        return recipe(m)
    except (OSError, HTTPException):
        m.process.wait(5)
    except (KeyError, IndexError):
        pass                        # what one of its orders should have made is not there: that one failed
    return None


def difference(now, expected):
    return "\n".join(line for text, name in zip(expected, ("before", "after"))
                     for line in difflib.unified_diff(text.splitlines(), now.splitlines(), name, "now", n=0, lineterm=""))[:1500]


def judge(m, expected):
    """(what has become of it, what is wrong) of a manager that serves; ends it."""
    until = time.monotonic() + FOLLOW
    now, wrong = settle(m)
    while now not in expected and time.monotonic() < until:     # sums and names follow, after a failed write when the store takes the next
        time.sleep(0.5)
        now, wrong = settle(m)
    wrong = [wrong] if wrong else []
    if now is not None and now not in expected:
        wrong.append("the world is neither as before nor as after:\n" + difference(now, expected))
    how = "done" if now == expected[1] else "as before" if now in expected else "?"
    return how, wrong + leftovers(m)


def suffer(m, recipe, where):
    """Runs RECIPE with the fault ordered: 'died', 'failed', or None where the point was not reached."""
    try:
        m.start(options=("--fail-at", where))
        wait_for(lambda: m.host()["status"] == "up", 10)
        run_recipe(m, recipe)
    except (OSError, RuntimeError, HTTPException):
        m.process.wait(5)           # before it served; one that lives on is a fault of the test
    if wait_for(lambda: m.process.poll() is not None, 0.2):
        return "died"
    with open(m.log, encoding="utf-8", errors="replace") as log:
        return "failed" if "failing on order" in log.read() else None


def one_case(estate, name, recipe, where, expected):
    """(how it ended, what is wrong); None where the point was not reached."""
    data = estate.copy(f"{name} {where}")
    m = Shikirid(estate.build, data, fake=estate.hosts)
    try:
        fate = suffer(m, recipe, where)
        # A store that fails once while the manager starts is a reason not to start, told in a sentence.
        refused = where.startswith("sql!") and m.process.returncode and m.process.returncode > 0 and "on order" in m.last_words(1)
        if fate == "died" and m.process.returncode != -9 and not refused:
            return "died", [f"it ended with {m.process.returncode} and not on order: {m.last_words()}"]
        if fate == "died":
            m.start()
        if not fate:
            return None
        how, wrong = judge(m, expected)
        return f"{fate}, {how}", wrong
    except Exception as error:
        return "?", [f"{error!r}: {m.last_words()}"]
    finally:
        m.__exit__()
        shutil.rmtree(data, ignore_errors=True)
        os.unlink(m.log)


def prepared(estate, name, recipe):
    """What a recipe makes ready beforehand are worlds of their own, one behind each thing it does."""
    if not hasattr(recipe, "before"):
        return ()
    worlds = []
    data = estate.copy(f"{name} before")
    with estate.open(data) as m:
        for make_ready in recipe.before if isinstance(recipe.before, tuple) else (recipe.before,):
            make_ready(m)
            worlds.append(settle(m)[0])
        m.stop()
    shutil.rmtree(data, ignore_errors=True)
    os.unlink(m.log)
    return tuple(worlds)


def dry_run(estate, name, recipe):
    """((before, after, what else is right), points passed of each kind, what is wrong) of RECIPE when nothing happens."""
    data = estate.copy(f"{name} dry")
    with estate.open(data, ("--fail-at", f"sql:{NEVER}")) as m:
        before, _ = settle(m)
        between = prepared(estate, name, recipe)
        reply = recipe(m)
        after, wrong = settle(m)
        wrong = ([wrong] if wrong else []) + ([] if reply.status in (200, 201, 202) else [f"the recipe is refused: {reply}"])
        counts = end_and_count(m)
        m.start()
        wrong += judge(m, (before, after))[1]
    shutil.rmtree(data, ignore_errors=True)
    os.unlink(m.log)
    return (before, after, *between), counts, wrong


def all_points(where, first, last, try_one):
    """Every point of one kind, and some more: two runs need not pass as many."""
    for number in range(first, last + 5):
        result = try_one(f"{where}:{number}")
        if not result and number > last:
            return
        if result:
            yield f"{where}:{number}", *result


def one_point(where, first, last, try_one, turn):
    """A point of one kind: TURN says which, or the next before it that is reached."""
    for number in range(first + turn % (last - first + 1), first - 1, -1):
        result = try_one(f"{where}:{number}")
        if result:
            yield f"{where}:{number}", *result
            return
    yield where, "?", ["none of its points is reached"]


def walk(estate, idle, task, full):
    """Points of one recipe: [(case, how it ended, what is wrong)]."""
    turn, (name, recipe) = task
    expected, counts, wrong = dry_run(estate, name, recipe)
    results = [(name, "undisturbed", wrong)]
    soft = [f"{kind}!" for kind in KINDS]
    for where in (*KINDS, *(soft if full else soft[turn % 3:turn % 3 + 1])):
        kind = where.rstrip("!")
        first = 1 if full and turn == 0 else idle[kind] + 1     # dying while it starts is the same for all
        if counts[kind] < first:
            results.append((f"{name}, {where}", "there is none", []))
            continue
        def try_one(point):
            return one_case(estate, name, recipe, point, expected)
        points = all_points(where, first, counts[kind], try_one) if full else one_point(where, first, counts[kind], try_one, turn)
        results += [(f"{name}, {case}", ended, wrong) for case, ended, wrong in points]
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--full", action="store_true", help="every point")
    parser.add_argument("--only", default="", help="recipes whose name begins so")
    arguments = parser.parse_args()
    tap, begun = Tap(), time.monotonic()
    estate = Estate(os.path.abspath(arguments.build), "matrix")
    try:
        for name in estate.commands:
            tap.check(name in RECIPES, f"{name} has a recipe")
        with estate.open(estate.copy("idle"), ("--fail-at", f"sql:{NEVER}")) as m:
            idle = end_and_count(m)
        tasks = [(name + case, recipe) for name in estate.commands for case, recipe in RECIPES.get(name, {}).items() if name.startswith(arguments.only)]
        with concurrent.futures.ThreadPoolExecutor(DAEMONS) as pool:
            for results in pool.map(lambda task: walk(estate, idle, task, arguments.full), enumerate(tasks)):
                for case, ended, wrong in results:
                    tap.check(not wrong, f"{case}: {ended}", "\n".join(wrong))
        tap.note(f"{time.monotonic() - begun:.0f} s")
    finally:
        estate.close()
    tap.done()


if __name__ == "__main__":
    main()
