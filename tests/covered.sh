#!/bin/sh
# covered.sh BUILD TARGET PROGRAM... - runs tests of a build that counts branches, says what they took.
#
# The small run of `make coverage`: without proofs, refusals and tools, and so with a lower TARGET.
set -eu
build=$1 target=$2
shift 2
find "$build" -name '*.gcda' -delete
for program in "$@"; do
    BBOTS_ROWS=2000 "$program" > "$build/covered.log" 2>&1 || { cat "$build/covered.log"; exit 1; }
done
exec python3 tools/coverage.py "$build" "$target"
