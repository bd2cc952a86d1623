#!/usr/bin/env python3
"""plot.py - draws what a benchmark run left in a folder, with gnuplot, as SVG.

    bench/plot.py FOLDER

From results.tsv: ratios.svg. From growth-*.tsv: growth.svg. A file that is not there is no plot.
"""
import os
import shutil
import subprocess
import sys

import figures

COLOURS = {"bbots": "#1b5e9b", "bbots-threads": "#4a90c4", "bbots-cursor": "#7fb2d9", "sqlite": "#777777",
           "sqlite-covering": "#bbbbbb", "lmdb": "#3a9b5c", "duckdb": "#d99a1b"}


def gnuplot(script):
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def block(name, lines):
    return f"${name} << EOD\n" + "\n".join(lines) + "\nEOD\n"


def plot_ratios(results, path):
    """A group of bars for each work: median ratio to SQLite on a logarithmic axis."""
    engines = [engine for engine in results.engines() if engine != figures.BASE]
    lines = []
    for work, unit in results.works():
        ratios = [results.ratio(work, unit, engine) for engine in engines]
        if any(ratios):
            lines.append(f'"{figures.title(work, unit)}" ' +
                         " ".join(f"{r[0]:.4f}" if r else "NaN" for r in ratios))
    bars = ", ".join(
        f'$ratios using {i + 2}:xtic(1) title "{engine}" linecolor "{COLOURS[engine]}"'
        for i, engine in enumerate(engines))
    gnuplot(block("ratios", lines) + f"""
set terminal svg size 1100,460 font "sans,12" background "white"
set output "{path}"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set boxwidth 0.9
set logscale y
set grid ytics linecolor "#dddddd"
set ylabel "times SQLite"
set xtics nomirror rotate by -35
set key outside top center horizontal
set title "{results.n:,} rows, {results.facts['runs']} runs, {results.facts['date']}"
plot {bars}, 1 with lines linecolor "#555555" dashtype 2 notitle
""")


def plot_growth(runs, path):
    """A small plot for each work: rate by number of rows, for every engine."""
    works = max((run.works() for run in runs), key=len)  # a large one may have fewer works and engines
    engines = max((run.engines() for run in runs), key=len)
    columns = 4
    rows = -(-(len(works) + 1) // columns)  # the last cell names the engines

    def line(engine):
        return f'with linespoints pointtype 7 pointsize 0.4 linewidth 1.5 linecolor "{COLOURS[engine]}"'

    script = [f"""
set terminal svg size 1200,{rows * 230 + 40} font "sans,11" background "white"
set output "{path}"
set multiplot layout {rows},{columns} margins 0.06,0.99,0.05,0.95 spacing 0.05,0.075
set logscale xy
set format x "10^{{%L}}"
set format y "10^{{%L}}"
set grid linecolor "#dddddd"
set key off
"""]
    for number, (work, unit) in enumerate(works):
        plots = []
        for engine in engines:
            points = [(run.n, run.rate(work, unit, engine)) for run in runs]
            lines = [f"{n} {rate[0]:.3f}" for n, rate in points if rate]
            if lines:
                name = f"w{number}_{engine.replace('-', '_')}"
                script.append(block(name, lines))
                plots.append(f"${name} using 1:2 {line(engine)} notitle")
        script.append(f'set title "{figures.title(work, unit)}: {unit} a second"')
        script.append(f"set xrange [{runs[0].n / 2}:{runs[-1].n * 2}]")
        script.append("plot " + ", ".join(plots))
    script.append("unset title; unset border; unset tics; unset logscale; set key center center")
    script.append("plot [0:1] [0:1] " + ", ".join(f'2 {line(engine)} title "{engine}"' for engine in engines))
    gnuplot("\n".join(script) + "\nunset multiplot\n")


def main():
    folder = sys.argv[1]
    if shutil.which("gnuplot") is None:
        print("bench: no gnuplot, so no plots", file=sys.stderr)
        return
    results = os.path.join(folder, "results.tsv")
    if os.path.exists(results):
        plot_ratios(figures.Results(results), os.path.join(folder, "ratios.svg"))
    runs = figures.growth_files(folder)
    if runs:
        plot_growth(runs, os.path.join(folder, "growth.svg"))
    print("plots:", " ".join(os.path.join(folder, name) for name in ("ratios.svg", "growth.svg")
                             if os.path.exists(os.path.join(folder, name))))


main()
