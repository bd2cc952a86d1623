"""figures.py - what a benchmark run left (results.tsv), read and brought to medians and ratios.

A ratio to SQLite is taken inside each run, and of these the median, the least and the greatest. A
live sum is held against SQLite's sum by reading rows.
"""
import os
import statistics

BASE = "sqlite"
ENGINES = ["bbots", "bbots-threads", "bbots-cursor", "sqlite", "sqlite-covering", "lmdb", "duckdb"]
NUMBERS = ("n", "run", "operations", "file_bytes", "peak_kib", "own_kib")


class Results:
    """One run of bbots-bench: facts (in the order of the file) and rows."""

    def __init__(self, path):
        self.facts = {}
        self.rows = []
        names = None
        with open(path, encoding="utf-8") as file:
            for line in file:
                cells = line.rstrip("\n").split("\t")
                if line.startswith("# "):
                    self.facts[cells[0][2:]] = cells[1]
                elif names is None:
                    names = cells
                else:
                    self.rows.append(self.row(dict(zip(names, cells))))
        self.n = self.rows[0]["n"] if self.rows else 0

    @staticmethod
    def row(cells):
        for name in NUMBERS:
            cells[name] = int(cells[name])
        cells["per_second"] = float(cells["per_second"])
        return cells

    def works(self):
        """(work, unit) in the order of the file, each once."""
        return list(dict.fromkeys((row["work"], row["unit"]) for row in self.rows))

    def engines(self):
        there = {row["engine"] for row in self.rows}
        return [engine for engine in ENGINES if engine in there]

    def of(self, work, unit, engine):
        """Rows of one measure by run."""
        return {row["run"]: row for row in self.rows
                if (row["work"], row["unit"], row["engine"]) == (work, unit, engine)}

    def rate(self, work, unit, engine):
        """Median, least, greatest a second; None when the engine did not do the work."""
        rates = [row["per_second"] for row in self.of(work, unit, engine).values()]
        return (statistics.median(rates), min(rates), max(rates)) if rates else None

    def ratio(self, work, unit, engine):
        """Median, least and greatest ratio to SQLite; None when there is none."""
        base = self.of(work.split("/live")[0], unit, BASE)
        ratios = [row["per_second"] / base[run]["per_second"]
                  for run, row in self.of(work, unit, engine).items() if run in base]
        return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None

    def median_of(self, column, work, unit, engine):
        """Median of a column, such as file_bytes."""
        values = [row[column] for row in self.of(work, unit, engine).values()]
        return statistics.median(values) if values else None


def title(work, unit):
    return f"{work} {unit}" if work == "W10" else work


def growth_files(folder):
    """The runs of `make bench-growth`, from few rows to many."""
    runs = [Results(os.path.join(folder, name)) for name in os.listdir(folder)
            if name.startswith("growth-") and name.endswith(".tsv")]
    return sorted((run for run in runs if run.rows), key=lambda run: run.n)
