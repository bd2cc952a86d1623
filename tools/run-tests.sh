#!/bin/bash
# run-tests.sh - runs test programs and scripts and adds up what they report.
#
#   run-tests.sh [-j N] [-l FOLDER] TEST...
#
# A test is a cmocka program, or a program whose last line is `N passed, N failed` (`, N skipped`
# may follow). Exit status 77 means skipped. Lines `skipped: why` are shown. The output of each goes to a file
# in the log folder; that of a failed one is shown. The last line is the sum of all.
set -u
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$PWD/tests/leaks.txt:print_suppressions=0}

jobs=2
logs=build/test-logs
while getopts j:l: option; do
    case $option in
    j) jobs=$OPTARG ;;
    l) logs=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
rm -rf "$logs"
mkdir -p "$logs"

run_one() {
    local test=$1 log="$logs/$(echo "$1" | tr '/ ' '__').log" start status
    start=$EPOCHREALTIME
    timeout -k 10 "${SECONDS_MAX:-900}" $test >"$log" 2>&1
    status=$?
    printf '%s\n' "exit status $status" >>"$log"
    printf '  %-6s %6.1fs  %s\n' \
        "$(case $status in 0) echo ok ;; 77) echo skip ;; *) echo FAIL ;; esac)" \
        "$(awk "BEGIN { print $EPOCHREALTIME - $start }")" "$test"
    if [ $status = 0 ] || [ $status = 77 ]; then
        grep '^skipped: ' "$log" | sed 's/^/           /'
    else
        tail -n 40 "$log" | sed 's/^/           | /'
    fi
}

# Counts of one log: passed failed skipped
count_one() {
    awk '
        /^\[==========\] .*[0-9]+ test\(s\) run\./ { for (i = 1; i <= NF; i++) if ($i ~ /^test\(s\)/) run += $(i - 1) }
        /^\[  FAILED  \] [0-9]+ test\(s\)/ || /^ [0-9]+ FAILED TEST\(S\)/ { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9]+$/) { bad = $i; break } }
        /^\[  SKIPPED \] [0-9]+ test\(s\)/ { skip = $4 }
        /^([A-Za-z_]+: )?[0-9]+ passed, [0-9]+ failed/ { line = $0 }
        /^exit status / { status = $3 }
        END {
            if (line != "") {
                gsub(/^[A-Za-z_]+: /, "", line); gsub(/,/, "", line); split(line, w, " ")
                p = w[1]; f = w[3]; s = w[5] + 0
            } else if (run > 0) { f = bad; p = run - bad - skip; s = skip + 0 }
            else if (status == 77) { s = 1 }
            else { p = status == 0 }
            if (status != 0 && status != 77 && f == 0) f = 1
            print p + 0, f + 0, s + 0
        }' "$1"
}

export -f run_one
export logs
printf '%s\0' "$@" | xargs -0 -n 1 -P "$jobs" bash -c 'run_one "$0"'
passed=0 failed=0 skipped=0
for log in "$logs"/*.log; do
    read -r p f s < <(count_one "$log")
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
if [ "$skipped" != 0 ] && [ "${CI:-}" = true ]; then
    echo "run-tests: CI must not skip tests"
    failed=$((failed + 1))
fi
if [ "$skipped" != 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ]
