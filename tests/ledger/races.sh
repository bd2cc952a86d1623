#!/bin/sh
# races.sh - two want the last of something; in every round exactly one gets it.
#
#   races.sh ROUNDS PROGRAM...
#
# Of each program the tests run whose names begin with one_of_two (tests/support/race.h): once with two
# threads, once with two processes. The last line is `races: figure (target) ok|FAIL`.
set -u
rounds=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
races=0
verdict=ok
for program in "$@"; do
    if BBOTS_ROUNDS=$rounds BBOTS_TEST='one_of_two_*' "$program" > "$log" 2>&1; then
        races=$((races + $(grep -c '^\[       OK \]' "$log")))
    else
        cat "$log"
        verdict=FAIL
    fi
    grep '^\[       OK \]' "$log"
done
[ $races = $((2 * $#)) ] || verdict=FAIL
echo "races: $races races of $rounds rounds, exactly one won each (0 others) $verdict"
[ $verdict = ok ]
