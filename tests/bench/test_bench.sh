#!/bin/sh
# test_bench.sh - the benchmark on few rows: every work of every engine runs, and all give the same
# answers (bbots-bench fails otherwise, and ends writing works with each engine's whole check). And it
# can fail: a falsified answer is found. N= and SEED= choose other rows.
set -eu
. "$(dirname "$0")/../support/shell.sh"

bench=$BBOTS_BENCH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
n=${N:-300}
seed=${SEED:-$(date +%s)}
echo "seed $seed"

check() {
    if [ "$2" = "$3" ]; then
        pass
    else
        fail "$1: expected '$3', got '$2'"
    fi
}

run() {
    status=0
    "$bench" --n "$n" --runs 1 --users 40 --executions 200 --seconds 1 --seed "$seed" \
        --dir "$folder/data" --tsv "$folder/results.tsv" "$@" >"$folder/out" 2>&1 || status=$?
}

run
check "exit status" $status 0
check "answers" "$(grep '^answers: ' "$folder/out")" "answers: equal"
[ $status = 0 ] || cat "$folder/out"

# Every work has figures of the three engines that do all.
for engine in bbots sqlite lmdb; do
    for work in $("$bench" --list | awk '{ print $1 }' | grep -v -e live -e W1b); do
        lines=$(awk -F '\t' -v w="$work" -v e=$engine '$2 == w && $3 == e' "$folder/results.tsv" | wc -l)
        check "$work of $engine" "$lines" "$([ "$work" = W10 ] && echo 2 || echo 1)"
    done
done
for work in W5/live W6/live W7/live; do
    check "$work" "$(awk -F '\t' -v w=$work '$2 == w { print $3 }' "$folder/results.tsv" | xargs)" bbots
done
check "bulk loads" "$(awk -F '\t' '$2 == "W1b" && $3 != "bbots" { print $3 }' "$folder/results.tsv" | sort | xargs)" \
    "lmdb sqlite"
check "left behind" "$(ls "$folder/data")" ""

run --work W3 --canary
check "canary's exit status" $status 1
check "canary's answers" "$(grep -c 'answers: DIFFERENT' "$folder/out")" 1

# Which question is how fast is no matter here, only that each is asked at each size.
"$(dirname "$bench")/bench-questions" "$folder" 2000/20 3000/30 > "$folder/out" || true
check "questions with two medians and a ratio" "$(grep -c ' [0-9.]* *[0-9.]* *[0-9]*\.[0-9][0-9]$' "$folder/out")" 24
check "questions' last line" "$(tail -n 1 "$folder/out" | grep -c '^questions: .* \(ok\|FAIL\)$')" 1

finish
