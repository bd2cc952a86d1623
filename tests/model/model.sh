#!/bin/bash
# model.sh - runs test_model again and again, each time with a new store and the next seed, until there
# were OPERATIONS in all: model.sh PROGRAM OPERATIONS SEED
#
# A run has a million operations at most and is repeated alone by what is printed when it fails. JOBS=
# runs so many at a time (1). The stores lie in memory where that is to be had. The last line is the
# proof's.
set -u
program=$1 operations=$2 seed=$3
most=1000000
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Run $1 of so many operations, $2: what it has done when all agreed, else 0.
run_one() {
    local log=$folder/$1.log
    if BBOTS_SEED=$1 BBOTS_OPERATIONS=$2 "$program" >"$log" 2>&1; then
        sed -n 's/^\([0-9]*\) statements.*/\1/p' "$log" >"$folder/$1.done"
    else
        echo "BBOTS_SEED=$1 BBOTS_OPERATIONS=$2 $program:"
        tail -n 20 "$log"
        echo 0 >"$folder/$1.done"
    fi
    rm -f "$log"
}

export -f run_one
export program folder
for ((left = operations; left > 0; left -= most)); do
    echo "$seed $((left < most ? left : most))"
    seed=$((seed + 1))
done | xargs -n 2 -P "${JOBS:-1}" bash -c 'run_one "$0" "$1"'
cat "$folder"/*.done | awk '
    { all += $1; different += $1 == 0 }
    END {
        printf "model: %d operations in %d runs, %d differences (0) %s\n", all, NR, different, different ? "FAIL" : "ok"
        exit different != 0
    }'
