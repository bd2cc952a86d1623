#!/bin/bash
# test_errors.sh - every failure in lib/base/errors.txt is raised by some test, or is listed here
# with the reason why no test can. A new code without a test fails, and so does a reason for a code
# that a test raises after all.
set -u
cd "$(dirname "$0")/../.."
passed=0
failed=0

# CODE REASON
unraised='
NO_TRANSACTION raised by bbots-inspect, in its own process
NO_UNIQUE_KEY raised by bbots-inspect, in its own process
DUPLICATE_COLUMN raised by bbots-inspect, in its own process
INTERNAL a state that the library excludes
'

for code in $(awk '/^-/ { print $2 }' lib/base/errors.txt); do
    # A test compares with the code; it is not enough that a comment names it.
    files=$(grep -lE "^[^*]*\<BBOTS_$code\>" tests/*/test_*.c tests/fault/*.c 2>/dev/null)
    reason=$(echo "$unraised" | sed -n "s/^$code //p")
    if [ -n "$files" ] && [ -n "$reason" ] && ! echo "$files" | grep -qvE 'test_base_error'; then
        files= # only its name and text are tested there
    fi
    if [ -n "$files" ] || [ -n "$reason" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "BBOTS_$code is raised by no test"
    fi
done
for code in $(echo "$unraised" | awk 'NF { print $1 }'); do
    if grep -qE "^-[0-9]+ +$code " lib/base/errors.txt; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$code is listed here and is no code"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
