#!/bin/sh
# instructions.sh - counts the instructions of each work on each engine with callgrind. Unlike times,
# these are the same on a busy machine; unlike times, they know nothing of caches and disks.
#
#   bench/instructions.sh PROGRAM FOLDER N      writes FOLDER/instructions.tsv: n, work, engine, per
#                                               operation; and callgrind's files: FOLDER/callgrind/
#
# Only the engine's function is counted, with its warm-up; nothing of opening, loading or comparing. W1b
# counts the making of rows, some hundred instructions each.
set -eu

program=$1
folder=$2
n=$3
out=$folder/callgrind
rm -rf "$out"
mkdir -p "$out"
table=$folder/instructions.tsv
printf '# date\t%s\nn\twork\tengine\tinstructions\n' "$(date -u '+%Y-%m-%d')" >"$table"

# count WORK FUNCTION WARM_UP ENGINE...: WARM_UP is what is done before the clock, to what is done after.
count() {
    work=$1 function=$2 warm_up=$3
    shift 3
    for engine in "$@"; do
        name=$(echo "$work-$engine" | tr / _)
        BBOTS_BENCH_MAP_MIB=512 valgrind --tool=callgrind --callgrind-out-file="$out/$name.%p" \
            --toggle-collect="$function" "$program" --n "$n" --users 200 --executions 2000 --runs 1 --work "$work" \
            --engines "$engine" --dir "$folder/data" --tsv "$out/$name.tsv" >"$out/$name.log" 2>&1
        total=$(sed -n 's/^\(summary\|totals\): //p' "$out/$name".[0-9]* | sort -n | tail -1)
        awk -F '\t' -v OFS='\t' -v n="$n" -v total="$total" -v warm_up="$warm_up" -v work="$work" \
            '$2 == work && NF > 6 { print n, $2, $3, int(total / ($6 * (1 + warm_up)) + 0.5) }' \
            "$out/$name.tsv" | tee -a "$table"
    done
}

count W1 insert_calls 0 bbots sqlite lmdb
count W1b bulk_load 0 bbots sqlite
count W1b lmdb_call_bulk_load 0 lmdb
count W3 read_calls 0.1 bbots sqlite lmdb
count W4 find_users 0.1 bbots sqlite lmdb
count W5 sum_windows 0.1 bbots sqlite lmdb
count W6 sum_models 1 bbots sqlite lmdb
count W6 cursor_models 1 bbots-cursor
count W7 sum_days 1 bbots sqlite lmdb
count W7 cursor_days 1 bbots-cursor
count W8 delete_users 0 bbots sqlite lmdb
count W9 update_calls 0 bbots sqlite lmdb
