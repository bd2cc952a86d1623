# shell.sh - what shell tests share; sourced, not run.
#
#   make_work               makes the test's own folder, $work, which goes when the test ends
#   pass                    one thing more that holds
#   fail WHAT [LINE...]     one that does not: says so, and below it the lines
#   check WHAT COMMAND...   the command succeeds; what it says is in $work/log, and shown when it does not
#   expect WHAT COMMAND...  the same of a command that is heard as it speaks; fails when it does
#   finish                  the last line, by which tests are counted; fails when anything did
#
#     . "$(dirname "$0")/../support/shell.sh"

passed=0
failed=0

make_work() {
    work=$(mktemp -d) || exit 1
    trap 'rm -rf "$work"' EXIT
}

pass() { passed=$((passed + 1)); }

fail() {
    failed=$((failed + 1))
    printf 'FAILED: %s\n' "$1"
    shift
    [ $# -eq 0 ] || printf '    %s\n' "$@"
}

check() {
    local what=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        pass
    else
        fail "$what"
        head -c 2000 "$work/log"
    fi
}

expect() {
    local what=$1
    shift
    if "$@"; then pass; else fail "$what"; return 1; fi
}

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
