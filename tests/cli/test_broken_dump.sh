#!/bin/bash
# test_broken_dump.sh - a dump that is broken at row 77,777 is refused with line, table and column, and
# the store, which has rows already, is as it was: same rows, same commit, same pages in use.
#
# Forms: COPY, INSERT (pg_dump --inserts), CSV. Faults: a bad value, a value too few and one too many, a
# key that is there already, a reference that leads nowhere, a file that ends within the row.
#
#   BBOTS_INSPECT   the tool (default build/release/bbots-inspect)
#   N               the row that is broken (77777)
set -u
. "$(dirname "$0")/../support/shell.sh"
here=$(cd "$(dirname "$0")/../.." && pwd)
tool=$(realpath "${BBOTS_INSPECT:-$here/build/release/bbots-inspect}")
row=${N:-77777}
make_work
cd "$work" || exit 1

same() { [ "$1" = "$2" ] || { diff <(echo "$1") <(echo "$2") | head -5; return 1; }; }
state() { "$tool" store tables --json; "$tool" store stat | grep -E '^(used_pages|transaction|digest) '; }

# ---------------------------------------------------------------- the store and the dumps

"$tool" store create >out
echo 'id,email' >users.csv
seq 100 | sed 's/.*/&,user&@example.org/' >>users.csv
"$tool" --quiet store import users users.csv >out || exit 1
printf 'id,userId,expiresAt\nthere,1,2026-01-01\n' >sessions.csv
"$tool" --quiet store import sessions sessions.csv >out || exit 1
before=$(state)

# rows FORM FAULT: sessions from 1 to a few behind the broken one, in the form's own words.
rows() {
    awk -v form="$1" -v fault="$2" -v row="$row" '
    function line(id, user, time, more) {
        if (form == "copy") return id "\t" user "\t" time more
        if (form == "inserts") return "INSERT INTO public.sessions (id, \"userId\", \"expiresAt\") VALUES (\047" id "\047, " \
            user ", \047" time "\047" more ");"
        return id "," user "," time more
    }
    BEGIN {
        if (form == "copy") print "COPY public.sessions (id, \"userId\", \"expiresAt\") FROM stdin;"
        if (form == "csv") print "id,userId,expiresAt"
        between = form == "copy" ? "\t" : form == "csv" ? "," : ", "
        for (i = 1; i <= row + 10; i++) {
            time = "2026-01-01 00:00:00+00"
            if (i != row || fault == "none") print line("s" i, i % 100 + 1, time, "")
            else if (fault == "value") print line("s" i, 7, "2026-13-01", "")
            else if (fault == "more") print line("s" i, 7, time, between "5")
            else if (fault == "clash") print line("there", 7, time, "")
            else if (fault == "orphan") print line("s" i, 4711, time, "")
            else if (fault == "fewer") {
                if (form == "copy") print "s" i "\t7"
                else if (form == "csv") print "s" i ",7"
                else print "INSERT INTO public.sessions (id, \"userId\", \"expiresAt\") VALUES (\047s" i "\047, 7);"
            } else {
                cut = line("s" i, 7, time, "")
                printf "%s", form == "csv" ? "s" i ",7,\"2026" : substr(cut, 1, length(cut) - 12)
                exit
            }
        }
        if (form == "copy") print "\\.\n"
    }'
}

# refused FORM FAULT LINE PATTERN...
refused() {
    local form=$1 fault=$2 line=$3 pattern code name=broken.sql
    shift 3
    [ "$form" = csv ] && name=broken.csv
    rows "$form" "$fault" >"$name"
    if [ "$form" = csv ]; then
        "$tool" --quiet store import sessions "$name" >out 2>err
    else
        "$tool" --quiet store import "$name" >out 2>err
    fi
    code=$?
    expect "$form, $fault: exit code $code" [ "$code" -eq 3 ]
    for pattern in "$name${line:+, line $line:}" 'nothing was written' "$@"; do
        expect "$form, $fault: message has $pattern" grep -q -e "$pattern" err || cat err
    done
    expect "$form, $fault: the store is as it was" same "$(state)" "$before"
}

# ---------------------------------------------------------------- refusals

# The line: COPY and CSV have one before the rows.
for form in copy inserts csv; do
    line=$((row + 1))
    [ "$form" = inserts ] && line=$row
    refused "$form" value "$line" 'sessions\|expiresAt' 'column "expiresAt" = "2026-13-01"' 22008
    refused "$form" clash "$line" sessions_pkey there 23505
    refused "$form" fewer "$line" 'table "sessions"' expiresAt
    refused "$form" more "$line" 'table "sessions"' expiresAt
    refused "$form" cut "$line" 'table "sessions"'
done
refused copy orphan '' 'table "sessions", row (id)=(s'"$row"')' userId 4711 23503
refused inserts orphan '' 'table "sessions", row (id)=(s'"$row"')' userId 4711 23503
refused csv orphan $((row + 1)) 'column "userId" = "4711"' sessions_ 23503

# ---------------------------------------------------------------- and the whole one comes in

rows copy none >whole.sql
expect "the dump without a fault" "$tool" --quiet store import whole.sql >out
expect "all rows are there" same "$("$tool" store count sessions --json | tr -dc 0-9)" $((row + 11))
expect "check" "$tool" store check >check.out || cat check.out
finish
