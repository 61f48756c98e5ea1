# SPDX-FileCopyrightText: The Shikiri authors
# SPDX-License-Identifier: Apache-2.0
"""docs/bench.md out of bench.json: ratios with their spread, limits, what ran against what. Absolute numbers stand only where the limit
is one: those of a ratio's two sides depend on the machine. page.py BENCH.JSON PAGE writes it again."""
import json
import sys

HEAD = """# Speed and memory

Written by `tools/bench.sh --page docs/bench.md`; how each is measured: `tests/bench/README.md`. A ratio is the median of the ratios of alternating pairs,
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


def ran(about):
    machine = about["machine"]
    kind = "virtual" if machine["virtual"] else "physical"
    yield f"- Day: {about['when']}."
    yield (f"- Machine: {kind}, {machine['processors']} processors ({machine['model']}), {machine['memory'] / 2**30:.0f} GiB; {machine['system']}, kernel {machine['kernel']}. "
           f"Load when it began and when it ended: {about['load'][0]:.1f} and {about['load'][1]:.1f}"
           f"{': it was not alone on it' if about['load'][0] > 1 else ''}.")
    yield "- Programs: " + ", ".join(f"{name} {version}" for name, version in sorted(about["versions"].items())) + "."
    yield f"- Client: {about['client']}. nginx: {about['nginx']}."
    yield "- Processor time is user and system time of the server's process, all threads."
    for remark in about["remarks"]:
        yield "- " + remark


def write(about, file):
    with open(file, "w", encoding="utf-8") as out:
        out.write(HEAD + "\n" + "\n".join(table(about["rows"])) + "\n\n## What ran\n\n" + "\n".join(ran(about)) + "\n")


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as kept:
        write(json.load(kept), sys.argv[2])
