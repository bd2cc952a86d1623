#!/bin/sh
# reliability.sh - runs proofs and collects the line in which each says what it reached.
#
#   reliability.sh FILE PROOF...
#
# A proof prints `name: figure (target) ok|FAIL` as its last line. The lines go to FILE and are
# printed together at the end; the exit status says whether all were ok. BUILD names the build,
# N_<proof> a size (N_crash_states of crash-states, N_refusals of all in which calls fail), SEED the
# seed. Without them it takes many hours.
set -u
build=${BUILD:-build/release}
seed=${SEED:-1}
file=$1
shift
mkdir -p "$(dirname "$file")"
: > "$file"

run() {
    case $1 in
    crash-states) "$build"/crash-states lie 10000 "$seed" && "$build"/crash-states "${N_crash_states:-1000000}" "$seed" ;;
    corrupt) "$build"/corrupt damage "${N_corrupt:-100000}" "$seed" ;;
    bitflip) "$build"/corrupt bitflip 0 "$seed" small && "$build"/corrupt bitflip "${N_bitflip:-1000000}" "$seed" ;;
    oom | ioerr | lmdberr | flipped | cut | lost) "$build"/refusal "$1" "${N_refusals:-0}" "$seed" ;;
    fuzz) tests/fuzz/fuzz.sh build/fuzz-clang/fuzz "${N_fuzz:-1200}" "$seed" \
        row key json schema pages file import apply sql ;;
    kill9) "$build"/kill9 "${N_kill9:-100000}" "$seed" ;;
    serial) "$build"/serial "${N_serial:-1000000}" "$seed" ;;
    model) tests/model/model.sh "$build"/tests/model/test_model "${N_model:-100000000}" "$seed" ;;
    sanitize | coverage) make "$1" SEED="$seed" ;;
    *) echo "$1: there is no such proof FAIL" ;;
    esac
}

for proof in "$@"; do
    run "$proof" | tee "$file.$proof" | tail -n 1 >> "$file"
done
cat "$file"
! grep -q 'FAIL$' "$file"
