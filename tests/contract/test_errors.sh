#!/bin/bash
# test_errors.sh - every failure in lib/base/errors.txt is raised by some test: a C program compares
# with its code, or, for what only the tools raise, a test of the tools names it.
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.."

for code in $(awk '/^-/ { print $2 }' lib/base/errors.txt); do
    # It is not enough that a comment of C names it, or that its text is compared.
    files=$(grep -lE "^[^*]*\<BBOTS_$code\>" tests/*/test_*.c tests/fault/*.c 2>/dev/null |
        grep -v test_base_error)
    tools=$(grep -lE "\<$code\>" tests/cli/test_*)
    if [ -n "$files$tools" ]; then
        pass
    else
        fail "BBOTS_$code is raised by no test"
    fi
done
finish
