#!/bin/sh
# run.sh - runs the benchmark and draws its plots, all into one folder.
#
#   bench/run.sh PROGRAM FOLDER N RUNS                  results.tsv and its plots
#   bench/run.sh PROGRAM FOLDER growth RUNS SIZE...     growth-SIZE.tsv for each, and theirs
#
# DuckDB takes part where npm's registry can be reached (duckdb.sh says why it does not).
set -eu

program=$1
folder=$2
what=$3
runs=$4
shift 4
mkdir -p "$folder"
duckdb=$(bench/duckdb.sh "$folder/duckdb")
build=$(git describe --always --dirty 2>/dev/null || echo unknown)

# measure N TSV
measure() {
    "$program" --n "$1" --runs "$runs" --dir "$folder/data" --tsv "$2" --note "$build" \
        ${duckdb:+--duckdb "$duckdb"}
}

if [ "$what" = growth ]; then
    for size in "$@"; do
        measure "$size" "$folder/growth-$size.tsv"
    done
else
    measure "$what" "$folder/results.tsv"
fi
python3 bench/plot.py "$folder"
