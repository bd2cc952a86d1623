#!/usr/bin/env python3
"""import.py - how fast a dump of PostgreSQL comes in, beside the store's own bulk load.

    bench/import.py BUILD FOLDER N...

For each N: a store of N calls and what they belong to is made, and exported as PostgreSQL's COPY. Then the dump
is imported, into a store that is there and into a new one, and the library's bulk load (work W1b
of the benchmark) loads as many calls. Printed: rows a second (of all rows of the dump; of the calls),
the ratio of the two, and the import's own memory at its peak (RssAnon, looked at 100 times a second). The
dump brings the summaries of days along, which the bulk load works out from the calls.
"""

import os
import re
import subprocess
import sys
import time


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def watched(*command):
    """Runs a command; returns its seconds and the largest RssAnon in MiB."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                found = re.search(r"RssAnon:\s+(\d+)", status.read())
            peak = max(peak, int(found[1]) if found else 0)
        except OSError:
            pass
        time.sleep(0.01)
    if process.returncode != 0:
        sys.exit(f"import.py: {' '.join(command)} failed")
    return time.monotonic() - start, peak / 1024


def stat(tool, store, name):
    lines = subprocess.run([tool, store, "stat"], check=True, capture_output=True, text=True).stdout
    return re.search(rf"^{name} +(\S+)", lines, re.MULTILINE)[1]


def remove(store):
    for path in (store, store + "-lock"):
        if os.path.exists(path):
            os.remove(path)


def bulk_load_rate(build, folder, calls):
    table = f"{folder}/w1b.tsv"
    run(f"{build}/bbots-bench", "--n", str(calls), "--runs", "1", "--work", "W1b", "--engines", "bbots",
        "--dir", f"{folder}/data", "--tsv", table)
    with open(table, encoding="utf-8") as lines:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            if len(cells) > 6 and cells[1] == "W1b":
                return float(cells[5]) / float(cells[6])
    sys.exit("import.py: the benchmark gave no W1b")


def measure(build, folder, calls):
    tool, sample = f"{build}/bbots-inspect", f"{build}/bbots-sample"
    made, dump, store = f"{folder}/made.bbots", f"{folder}/dump.sql", f"{folder}/import.bbots"
    remove(made)
    run(tool, made, "create")
    with subprocess.Popen([sample, "rows", "--calls", str(calls)], stdout=subprocess.PIPE) as rows:
        subprocess.run([tool, made, "apply"], stdin=rows.stdout, check=True, stdout=subprocess.DEVNULL)
    with open(dump, "wb") as out:
        subprocess.run([tool, made, "export", "--format", "pg", "--data-only"], check=True, stdout=out)
    rows, digest = int(stat(tool, made, "rows")), stat(tool, made, "digest")
    load = bulk_load_rate(build, folder, calls)
    print(f"{calls} calls, {rows} rows, {os.path.getsize(dump) / 2**20:.0f} MiB of COPY")
    print(f"  bulk load           {load:12,.0f} rows/s")
    for what in ([], ["--create"]):
        remove(store)
        if not what:
            run(tool, store, "create")
        seconds, peak = watched(tool, "--quiet", store, "import", dump, *what)
        if stat(tool, store, "digest") != digest:
            sys.exit("import.py: the import's digest is another")
        size = os.path.getsize(store) / 2**20
        print(f"  import {what[0] if what else '':9}    {rows / seconds:12,.0f} rows/s   {rows / seconds / load:.2f} of the bulk load,"
              f" memory {peak:.0f} MiB, file {size:.0f} MiB")
    for path in (made, store):
        remove(path)
    os.remove(dump)


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    build, folder = sys.argv[1:3]
    os.makedirs(folder, exist_ok=True)
    for calls in sys.argv[3:]:
        measure(build, folder, int(calls))


main()
