#!/bin/bash
# test_full.sh - proves what bbots-inspect does when room ends: under a limit on the size of files (ulimit -f, whose signal
# would end it) import, apply, backup, compact and create name it, nothing is lost, a delete goes through, and
# with more room the same import succeeds.
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.." || exit 1
INSPECT=$(realpath "${BBOTS_INSPECT:-build/release/bbots-inspect}")
make_work
cd "$work" || exit 1
# limited KIB WORDS...: the command where no file may be longer
limited() {
    kib=$1
    shift
    (ulimit -f "$kib" && exec "$INSPECT" t.bb --quiet "$@") >stdout 2>stderr </dev/null
    is=$?
}

# full WHAT: the last command said that there is no room, and nothing worse
full() {
    if [ $is -eq 3 ] && grep -q 'SQLSTATE 53100' stderr; then
        pass
    else
        fail "$1: exit $is" "$(head -c 500 stderr)"
    fi
}

digest() { "$INSPECT" t.bb stat --json | sed 's/.*"digest"//'; }
check() {
    if "$INSPECT" t.bb check >stdout 2>&1; then pass; else fail "$1" "$(head -5 stdout)"; fi
}

awk 'BEGIN {
    print "email,name"
    for (i = 0; i < 20000; i++) printf "u%d@example.org,%s\n", i, "somebody with quite a long name"
}' >users.csv

room=3072 # KiB
limited 64 create
full "create"
"$INSPECT" t.bb create >/dev/null || exit 1
head -3000 users.csv >some.csv
limited $room import users some.csv
[ $is -eq 0 ] && pass || fail "an import with room" "$(cat stderr)"
before=$(digest)
size=$(($(stat -c %s t.bb) / 1024))
tail -n +3001 users.csv | sed '1i email,name' >more.csv
limited $room import users more.csv
full "import"
[ "$(digest)" = "$before" ] && pass || fail "an import that found no room left something"
echo '{"op":"insert","table":"users","row":{"email":"one@example.org"}}' >one.jsonl
limited $((size + 16)) apply --file one.jsonl
if grep -q 53100 stdout; then pass; else fail "apply" "$(cat stdout stderr)"; fi
limited $((size / 2)) backup copy.bb
full "backup"
[ ! -e copy.bb ] && pass || fail "a backup that found no room left a file"
limited $((size / 2)) compact
full "compact"
limited 16 export users --csv
[ $is -eq 3 ] && pass || fail "an export past the limit: exit $is" "$(cat stderr)"
[ "$(digest)" = "$before" ] && pass || fail "something was lost"
check "after all that was refused"

limited $room delete users 17
[ $is -eq 0 ] && pass || fail "delete: exit $is" "$(cat stderr)"
check "after the delete"
"$INSPECT" t.bb --quiet import users more.csv >stdout 2>&1 && pass || fail "the import with room" "$(cat stdout)"
check "after the import"

finish
