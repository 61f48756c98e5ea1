# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""docs/bench.md out of bench.json: ratios with their spread, limits, what ran against what. Absolute numbers stand only where the limit
is one: those of a ratio's two sides depend on the machine. page.py PAGE BENCH.JSON… writes it again, of several runs with --only too: the
later one has the row."""
import json
import sys

HEAD = """# Speed and memory

Written by the bench itself (`tools/bench.sh --page docs/bench.md`); how each is measured: `tests/bench/README.md`. A ratio is the median of the ratios of alternating pairs,
ours and the peer's, in one run on one machine; in brackets the middle half of the pairs. Smaller is better for us everywhere.
"""


def found(row):
    """Ours against the peer's, or against the limit alone."""
    if row["ratio"] and row["spread"]:
        low, high = (f"{value:+.1f} %" if "%" in row["ratio"] else f"{value:.2f}" for value in row["spread"])
        return f"{row['ratio'] if '%' in row['ratio'] else format(float(row['ratio']), '.2f')} ({low} to {high})"
    return f"{row['ours']:.3g} {row['unit']}" + (f" ({row['ratio']})" if row["ratio"] else "")


def table(rows):
    lines = ["| work | against | measured | limit | met |", "|---|---|---|---|---|"]
    for row in rows:
        if row["limit"] or row["ratio"]:
            lines.append(f"| {row['work']} | {row['peer_name'] or '-'} | {found(row)} | {row['limit'] or '-'} | {({True: 'yes', False: '**no**', None: '-'})[row['met']]} |")
    return lines


def ran(runs):
    machine, last = runs[-1]["machine"], runs[-1]
    kind = "virtual" if machine["virtual"] else "physical"
    loads = [load for about in runs for load in about["load"]]
    versions = {name: version for about in runs for name, version in about["versions"].items()}
    yield f"- Day: {last['when']}." + (f" {len(runs)} runs; both sides of each row in the same." if len(runs) > 1 else "")
    yield (f"- Machine: {kind}, {machine['processors']} processors ({machine['model']}), {machine['memory'] / 2**30:.0f} GiB; {machine['system']}, kernel {machine['kernel']}. "
           f"Its load meanwhile: {min(loads):.1f} to {max(loads):.1f}{': it did other things too' if min(loads) > 2 else ''}.")
    yield "- Programs: " + ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) + "."
    yield f"- Client: {last['client']}. nginx: {last['nginx']}."
    yield "- Processor time is user and system time of the server's process, all threads."
    for name in last["failed"]:
        yield f"- Not measured this time: `{name}` (`tests/bench/README.md` says what it is)."
    for remark in dict.fromkeys(remark for about in runs for remark in about["remarks"]):
        yield "- " + remark


def joined(runs):
    """The rows of all runs, in the order of the first; of two of one name the later."""
    rows = {}
    for about in runs:
        rows.update({(row["work"], row["peer_name"]): row for row in about["rows"]})
    return list(rows.values())


def write(runs, file):
    with open(file, "w", encoding="utf-8") as out:
        out.write(HEAD + "\n" + "\n".join(table(joined(runs))) + "\n\n## What ran\n\n" + "\n".join(ran(runs)) + "\n")


def read(file):
    with open(file, encoding="utf-8") as kept:
        return json.load(kept)


if __name__ == "__main__":
    write([read(file) for file in sys.argv[2:]], sys.argv[1])
