#!/bin/sh
# test_performance.sh - docs/performance.md says what the figures beside it say: its tables are those
# that bench/document.py writes from docs/performance/*.tsv. Can fail: a changed figure is found.
set -u
. "$(dirname "$0")/../support/shell.sh"

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
if python3 bench/document.py --check; then pass; else fail "bench/document.py --check"; fi

make_work
mkdir "$work/docs"
cp -r bench "$work/bench"
cp -r docs/performance "$work/docs/performance"
sed 's/^| W3 |/| W3 | 9 |/' docs/performance.md >"$work/docs/performance.md"
if python3 "$work/bench/document.py" --check 2>/dev/null; then
    fail "a changed figure was not found"
else
    pass
fi
finish
