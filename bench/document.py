#!/usr/bin/env python3
"""document.py - writes the figures of docs/performance.md between its marks.

    bench/document.py --take FOLDER   first takes TSV files and plots from a benchmark's folder
    bench/document.py                 writes the document from docs/performance/*.tsv
    bench/document.py --check         exit code 1 when the document differs from what would be written

A mark is a line `<!-- figures: NAME -->`; what follows, up to `<!-- end -->`, is written here. So every
figure in a table has its run, and the run's raw figures lie beside the document.
"""
import csv
import os
import re
import shutil
import sys

import figures

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENT = os.path.join(TOP, "docs", "performance.md")
DATA = os.path.join(TOP, "docs", "performance")
FULL_N = 1000000
FULL_RUNS = 5


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def short(number):
    """Three figures or more, thousands marked."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.2f}" if number < 10 else f"{number:.1f}"


def spread(ratio):
    return "-" if ratio is None else f"{short(ratio[0])} ({short(ratio[1])} to {short(ratio[2])})"


def goals():
    with open(os.path.join(TOP, "bench", "goals.tsv"), encoding="utf-8") as file:
        return {(row["work"], row["unit"]): float(row["ratio"])
                for row in csv.DictReader(file, delimiter="\t")}


def write_run(results, growth):
    """Which run it was; plainly so when it was a small one."""
    runs = int(results.facts["runs"])
    text = (f"The figures are those of one run of {results.facts['date']}: {results.n:,} rows, "
            f"{runs} run{'s' if runs != 1 else ''}.")
    if results.n < FULL_N or runs < FULL_RUNS:
        text = (f"**{text} That is less than the comparison asks for: {FULL_N:,} rows and {FULL_RUNS} runs "
                f"on a quiet machine.**")
    sizes = ", ".join(f"{run.n:,}" for run in growth)
    return text + (f"\nGrowth was measured at {sizes} rows ({growth[0].facts['date']})." if growth else "")


def write_machine(results, _):
    names = {"build": "commit of libbbots", "flush": "flush (fdatasync, median)"}
    return table(["", ""], [[names.get(name, name), value] for name, value in results.facts.items()]
                 ).replace("--:|", "---|")


def write_ratios(results, _):
    wanted = goals()
    engines = [e for e in results.engines() if e != figures.BASE]
    rows = []
    for work, unit in results.works():
        goal = wanted.get((work, unit))
        own = results.ratio(work, unit, "bbots")
        verdict = "-" if goal is None or own is None else "yes" if own[0] >= goal else "**no**"
        rows.append([figures.title(work, unit), f"{goal:,g}" if goal else "-", verdict] +
                    [spread(results.ratio(work, unit, engine)) for engine in engines])
    for work, unit in wanted:
        if (work, unit) not in results.works():
            rows.append([figures.title(work, unit), f"{wanted[work, unit]:,g}", "not in this run"] +
                        ["-"] * len(engines))
    return table(["", "goal", "reached"] + engines, rows)


def write_rates(results, _):
    engines = results.engines()
    rows = []
    for work, unit in results.works():
        rates = [results.rate(work, unit, engine) for engine in engines]
        rows.append([figures.title(work, unit), unit] + [short(r[0]) if r else "-" for r in rates])
    return table(["a second", "unit"] + engines, rows)


def write_files(results, _):
    engines = results.engines()
    mib = lambda value, unit: "-" if value is None else f"{value / unit:,.1f}"
    rows = []
    for work in ("W1", "W1b"):
        sizes = [results.median_of("file_bytes", work, "rows", engine) for engine in engines]
        if any(sizes):
            base = sizes[engines.index(figures.BASE)]
            rows.append([f"file after {work}"] + [mib(size, 1 << 20) for size in sizes])
            rows.append(["times SQLite's"] + [f"{s / base:.2f}" if s else "-" for s in sizes])
    for work, unit in results.works():
        if work in ("W1", "W3", "W7", "W8"):
            for column, name in (("own_kib", "own"), ("peak_kib", "peak")):
                rows.append([f"{name} memory in {work}"] +
                            [mib(results.median_of(column, work, unit, e), 1 << 10) for e in engines])
    return table(["MiB"] + engines, rows)


def write_growth(_, growth):
    if not growth:
        return "No run of `make bench-growth` was taken yet."
    rows = []
    for work, unit in max((run.works() for run in growth), key=len): # a large one may have fewer works
        ratios = [run.ratio(work, unit, "bbots") for run in growth]
        if any(ratios):
            rows.append([figures.title(work, unit)] + [short(r[0]) if r else "-" for r in ratios])
    return table(["bbots, times SQLite"] + [f"{run.n:,}" for run in growth], rows)


def write_plots(_, growth):
    names = [("ratios", "Ratios to SQLite")] + ([("growth", "Rates by number of rows")] if growth else [])
    return "\n".join(f"![{title}](performance/{name}.svg)" for name, title in names
                     if os.path.exists(os.path.join(DATA, f"{name}.svg")))


def write_instructions(_, __):
    path = os.path.join(DATA, "instructions.tsv")
    if not os.path.exists(path):
        return "No run of `make bench-instructions` was taken yet."
    with open(path, encoding="utf-8") as file:
        date, *lines = list(csv.reader(file, delimiter="\t"))
    counts = {(work, engine): int(number) for _, work, engine, number in lines[1:]}
    engines = [e for e in figures.ENGINES if any(engine == e for _, engine in counts)]
    works = list(dict.fromkeys(work for work, _ in counts))
    rows = [[work] + [f"{counts[work, e]:,}" if (work, e) in counts else "-" for e in engines]
            for work in works]
    return f"{date[1]}, {int(lines[1][0]):,} rows:\n\n" + table(["instructions each"] + engines, rows)


SECTIONS = {"run": write_run, "machine": write_machine, "ratios": write_ratios, "rates": write_rates,
            "files": write_files, "growth": write_growth, "plots": write_plots, "instructions": write_instructions}


def take(folder):
    os.makedirs(DATA, exist_ok=True)
    names = [name for name in os.listdir(folder) if re.fullmatch(
        r"(results|instructions|growth-[0-9]+)\.tsv|(ratios|growth)\.svg", name)]
    for name in os.listdir(DATA): # a new growth takes the place of all of the old one
        if name.startswith("growth") and "growth.svg" in names:
            os.remove(os.path.join(DATA, name))
    for name in names:
        shutil.copy(os.path.join(folder, name), os.path.join(DATA, name))


def written(text):
    results = figures.Results(os.path.join(DATA, "results.tsv"))
    growth = figures.growth_files(DATA)

    def section(match):
        return f"{match[1]}\n{SECTIONS[match[2]](results, growth)}\n<!-- end -->"

    return re.sub(r"(<!-- figures: (\w+) -->)\n.*?<!-- end -->", section, text, flags=re.S)


def main():
    if sys.argv[1:2] == ["--take"]:
        take(sys.argv[2])
    with open(DOCUMENT, encoding="utf-8") as file:
        old = file.read()
    new = written(old)
    if sys.argv[1:2] == ["--check"]:
        sys.exit(0 if new == old else "docs/performance.md differs from its figures: run bench/document.py")
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(new)


main()
