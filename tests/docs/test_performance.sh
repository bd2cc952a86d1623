#!/bin/sh
# test_performance.sh - docs/performance.md says what the figures beside it say: its tables are those
# that bench/document.py writes from docs/performance/*.tsv. Can fail: a changed figure is found.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
if python3 bench/document.py --check; then passed=1 failed=0; else passed=0 failed=1; fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/docs"
cp -r bench "$work/bench"
cp -r docs/performance "$work/docs/performance"
sed 's/^| W3 |/| W3 | 9 |/' docs/performance.md >"$work/docs/performance.md"
if python3 "$work/bench/document.py" --check 2>/dev/null; then
    failed=$((failed + 1))
    echo "FAILED: a changed figure was not found"
else
    passed=$((passed + 1))
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
