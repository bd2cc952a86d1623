#!/bin/bash
# fuzz.sh - searches targets with libFuzzer, one after the other, and says what was found.
#
#   fuzz.sh FOLDER-OF-PROGRAMS SECONDS SEED TARGET...
#
# First the canary, which has to be found: else the search is worth nothing. Each target begins with
# tests/fuzz/corpus/TARGET; what it finds goes to build/fuzz-found/TARGET, breaking inputs to
# build/fuzz-broken. The last line is the proof's.
set -u
programs=$1 seconds=$2 seed=$3
shift 3
broken=build/fuzz-broken
mkdir -p "$broken"
export ASAN_OPTIONS=allocator_may_return_null=1:handle_abort=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}

if "$programs/canary" -seed="$seed" -max_total_time=60 -artifact_prefix="$broken/canary-" \
    >"$broken/canary.log" 2>&1; then
    echo "fuzz: the canary was not found in 60 seconds (it must be) FAIL"
    exit 1
fi
rm -f "$broken"/canary*
findings=0 runs=0
for target in "$@"; do
    found=build/fuzz-found/$target
    mkdir -p "$found"
    log=$broken/$target.log
    words=tests/fuzz/$target.dict
    "$programs/$target" -seed="$seed" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 \
        -max_len="$(case $target in schema | sql | import | apply) echo 4096 ;; *) echo 1024 ;; esac)" \
        -print_final_stats=1 -artifact_prefix="$broken/$target-" \
        $([ -e "$words" ] && echo "-dict=$words") "$found" "tests/fuzz/corpus/$target" \
        >"$log" 2>&1
    status=$?
    count=$(awk '/stat::number_of_executed_units/ { print $2 }' "$log")
    runs=$((runs + ${count:-0}))
    echo "  $target: ${count:-?} inputs, $(ls "$found" | wc -l) kept, $([ $status = 0 ] && echo nothing || echo "FOUND: see $log")"
    [ $status = 0 ] || findings=$((findings + 1))
done
echo "fuzz: $runs inputs in $# targets of $seconds s, canary found, $findings findings (0)" \
    "$([ $findings = 0 ] && echo ok || echo FAIL)"
[ $findings = 0 ]
