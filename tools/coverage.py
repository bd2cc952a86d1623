#!/usr/bin/env python3
"""coverage.py BUILD TARGET [STATUS] - branches of lib/ that the tests took, a table of rooms, from gcov.

Branches that the compiler marks as made by itself (fallthrough of calls) are not counted: gcov lists
them as "call". A branch that cannot be taken is marked in the source by a comment on its line,

    /* never: REASON */

and counts as an exception, which is listed. The last line is the proof's:
`coverage: figure (target) ok|FAIL`. STATUS is what the tests ended with: branches of tests that fail
prove nothing.
"""
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile


def read(build):
    """Yields (source, line, branches taken, branches) of every line with branches."""
    notes = [str(p.resolve()) for p in pathlib.Path(build, "lib").rglob("*.gcno")]
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(["gcov", "--json-format", "--branch-probabilities", *notes],
                       cwd=place, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for path in pathlib.Path(place).glob("*.gcov.json.gz"):
            for source in json.load(gzip.open(path))["files"]:
                if source["file"].startswith("lib/"):
                    for line in source["lines"]:
                        counts = [b["count"] for b in line["branches"]]
                        if counts:
                            yield source["file"], line["line_number"], counts


def main():
    build, target = sys.argv[1], float(sys.argv[2])
    lines = {}
    for source, number, counts in read(build):
        key = source, number, len(counts)  # a header's function is in several objects, in more than one form
        lines[key] = [a + b for a, b in zip(lines.get(key, [0] * len(counts)), counts)]
    texts = {}
    rooms = collections.defaultdict(lambda: [0, 0, 0])
    for (source, number, _), counts in sorted(lines.items()):
        text = texts.setdefault(source, pathlib.Path(source).read_text().split("\n"))
        room = rooms[pathlib.Path(source).parts[1] if source.count("/") > 1 else "(above)"]
        taken = sum(count > 0 for count in counts)
        written = text[number - 1] if number <= len(text) else ""
        if "/* never:" in written:
            room[2] += len(counts) - taken
            print(f"  exception: {source}:{number}:{written.split('/* never:')[1].rstrip(' */')}")
            counts = [count for count in counts if count > 0]
        room[0] += taken
        room[1] += len(counts)
    print(f"{'room':10} {'taken':>7} {'branches':>9} {'exceptions':>11} {'percent':>8}")
    for name, (taken, branches, exceptions) in sorted(rooms.items()):
        if branches:
            print(f"{name:10} {taken:7} {branches:9} {exceptions:11} {100 * taken / branches:8.1f}")
    taken = sum(room[0] for room in rooms.values())
    branches = sum(room[1] for room in rooms.values())
    percent = 100 * taken / max(branches, 1)
    failed = sys.argv[3:] not in ([], ["0"])
    good = percent >= target and not failed
    print(f"coverage: {percent:.1f} % of {branches} branches ({target:g})"
          f"{', but tests failed' if failed else ''} {'ok' if good else 'FAIL'}")
    return not good


if __name__ == "__main__":
    sys.exit(main())
