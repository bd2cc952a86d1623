#!/bin/sh
# aggregates.sh - what the live aggregates and the day summaries cost: W1 with the schema as it is, and with one
# that declares none, in turn.
#
#   aggregates.sh WITH WITHOUT FOLDER N RUNS      the two programs, where files go, rows, runs
#
# Prints the rates of each, medians (least to greatest), and what is left of the speed.
set -eu
with=$1 without=$2 folder=$3 n=$4 runs=$5
mkdir -p "$folder"
out=$folder/aggregates.tsv
printf 'kept\trun\trows_per_second\tfile_bytes\n' >"$out"

# run WHICH PROGRAM NUMBER
run() {
    "$2" --work W1 --engines bbots --n "$n" --runs 1 --dir "$folder/data" --tsv "$folder/one.tsv" >/dev/null
    awk -F '\t' -v OFS='\t' -v kept="$1" -v run="$3" '$2 == "W1" { print kept, run, $8, $12 }' "$folder/one.tsv" >>"$out"
}
number=1
while [ "$number" -le "$runs" ]; do
    run yes "$with" "$number"
    run no "$without" "$number"
    number=$((number + 1))
done
awk -F '\t' -v n="$n" '
function sorted(from, count,  i, j, t) {
    for (i = 1; i <= count; i++) of[i] = from[i]
    for (i = 2; i <= count; i++) for (j = i; j > 1 && of[j] < of[j - 1]; j--) { t = of[j]; of[j] = of[j - 1]; of[j - 1] = t }
}
function line(what, from, count, bytes) {
    sorted(from, count)
    printf "%-34s %9.0f rows a second (%.0f to %.0f), file %.1f MiB\n", what, of[int((count + 1) / 2)], of[1], of[count], bytes / 1048576
    return of[int((count + 1) / 2)]
}
NR > 1 && $1 == "yes" { with[++a] = $3; with_bytes = $4 }
NR > 1 && $1 == "no" { without[++b] = $3; without_bytes = $4 }
END {
    kept = line("aggregates and summaries kept", with, a, with_bytes)
    none = line("none declared", without, b, without_bytes)
    share = 100 * (1 - kept / none)
    printf "aggregates: %.1f %% of insert speed at %d rows (33.3 %% at most) %s\n", share, n, share <= 33.3 ? "ok" : "FAIL"
}' "$out"
