#!/bin/bash
# replay.sh - runs what the searches found once more, each target in its own process: replay.sh
# FOLDER-OF-PROGRAMS [plain]. The programs are those with replay.c. plain: no sanitizer is in them.
set -u
passed=0 failed=0
for corpus in tests/fuzz/corpus/*/; do
    target=$(basename "$corpus")
    if out=$("$1/$target" "$corpus" 2>&1); then
        passed=$((passed + ${out%% passed*}))
    else
        failed=$((failed + 1))
        echo "$target: $(echo "$out" | tail -n 20)"
    fi
done
# The canary is found, or the sanitizer is not there.
bird=${TMPDIR:-/tmp}/canary.$$
printf 'bird' >"$bird"
if [ "${2:-}" = plain ] || ! "$1/canary" "$bird" >/dev/null 2>&1; then
    passed=$((passed + 1))
else
    failed=$((failed + 1))
    echo "the canary is not found"
fi
rm -f "$bird"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
