#!/bin/bash
# test_scenes.sh - every function that the library exports is called by some scene of tests/refusal:
# its name stands in an object of theirs. (Descriptors of tables are data; all of them are read by the
# scene "all tables".)
set -u
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C
nm -D --defined-only "$BUILD/libbbots.so" | awk '$2 == "T" { print $3 }' | sort >"$work/exported"
for scenes in tests/refusal/*.c; do
    nm -u "$BUILD/${scenes%.c}.o" | awk '{ print $NF }'
done | sort -u >"$work/called"
comm -23 "$work/exported" "$work/called" >"$work/missing"
if [ "$(wc -l <"$work/exported")" -gt 100 ] && [ ! -s "$work/missing" ]; then
    echo "1 passed, 0 failed"
else
    echo "no scene calls:"
    cat "$work/missing"
    echo "0 passed, 1 failed"
    exit 1
fi
